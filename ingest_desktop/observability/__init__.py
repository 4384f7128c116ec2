"""Logs with ids on every line, and metrics."""
