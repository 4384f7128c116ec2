"""Ingest Desktop: a local, durable ingestion queue with a window and a command line."""

from typing import Final

__version__: Final = "0.1.0"
