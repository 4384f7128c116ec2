"""Checks of the project itself: which way imports run, what is locked, that generated pages are current."""
