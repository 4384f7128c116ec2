"""Fuzzing: broken and twisted files of every kind end in text or in one of our errors. See docs/extending.md."""
