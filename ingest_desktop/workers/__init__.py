"""Producer and consumer loops, the threads that host them, and the bridge from events to signals."""
