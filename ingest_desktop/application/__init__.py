"""Use cases. Knows Protocols only: no Qt, no SQL, no parsers."""
