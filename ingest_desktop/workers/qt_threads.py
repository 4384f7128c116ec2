"""Hosts a worker on a QThread: what the window uses. The worker itself knows nothing of Qt."""

from PySide6.QtCore import QThread

from ingest_desktop.domain.interfaces.workers import Worker


class _WorkerThread(QThread):
    """A pure loop: nobody sends it signals, so ``run`` alone is enough."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self.setObjectName(worker.name)

    def run(self) -> None:
        """Runs in the new thread."""
        self._worker.run()


class QtHost:
    """One worker in one QThread. Create, start and join from one thread."""

    def __init__(self, worker: Worker) -> None:
        self._thread = _WorkerThread(worker)

    def start(self) -> None:
        """Start the thread. Once."""
        self._thread.start()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread to end; True if it did."""
        return bool(self._thread.wait(max(0, int(timeout_seconds * 1000))))

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return bool(self._thread.isRunning())
