"""Hosts a worker on a plain thread: what the command line and servers use."""

import threading

from ingest_desktop.domain.interfaces.workers import Worker


class ThreadHost:
    """One worker in one daemon thread: a thread that hangs cannot keep the process from ending."""

    def __init__(self, worker: Worker) -> None:
        self._thread = threading.Thread(target=worker.run, name=worker.name, daemon=True)

    def start(self) -> None:
        """Start the thread. Once."""
        self._thread.start()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread to end; True if it did."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()
