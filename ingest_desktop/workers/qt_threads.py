"""Hosts a worker on a QThread: what the window uses. The worker itself knows nothing of Qt."""

import os
import sys
import threading

from PySide6.QtCore import QThread

from ingest_desktop.domain.interfaces.workers import Worker

STEPS_BACK = frozenset({"consumer"})  # not producers: a child process would be as much further back as its thread is
NICE = 5


class _WorkerThread(QThread):
    """A pure loop: nobody sends it signals, so ``run`` alone is enough."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self.setObjectName(worker.name)

    def run(self) -> None:
        """Runs in the new thread."""
        if self._worker.name in STEPS_BACK:
            _step_back()
        self._worker.run()


def _step_back() -> None:
    """Let the UI thread go first where both want the processor. Each thread has a niceness of its own on Linux only."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    else:
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)


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
