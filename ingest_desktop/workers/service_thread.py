"""A thread that runs blocking calls one after another and hands the answers back by signals."""

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QThread, Signal, Slot

from ingest_desktop.domain.errors import IngestError

T = TypeVar("T")
log = logging.getLogger(__name__)
_late: list[QThread] = []


class ServiceThread(QThread):
    """Runs calls in the order they were asked for.

    Signals:
        answered: A call returned. args: its ticket, its result.
        refused: A call raised. args: its ticket, the exception.
    """

    answered = Signal(object, object)
    refused = Signal(object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._calls: queue.SimpleQueue[tuple[int, Callable[[], Any]] | None] = queue.SimpleQueue()
        self._dropped: set[int] = set()
        self._lock = threading.Lock()

    def put(self, ticket: int, call: Callable[[], Any]) -> None:
        """Line up a call. Any thread."""
        self._calls.put((ticket, call))

    def drop(self, ticket: int) -> None:
        """Leave out a call that has not begun; it gets no answer. Any thread."""
        with self._lock:
            self._dropped.add(ticket)

    def stop(self) -> None:
        """End after the calls that are lined up. Any thread."""
        self._calls.put(None)

    def run(self) -> None:
        """The loop. What a call raises is handed back, and the next call runs."""
        threading.current_thread().name = self.objectName()
        while (item := self._calls.get()) is not None:
            ticket, call = item
            with self._lock:
                if ticket in self._dropped:
                    self._dropped.discard(ticket)
                    continue
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 - whatever it is, it goes to whoever asked
                self.refused.emit(ticket, error)
            else:
                self.answered.emit(ticket, result)


class Calls(QObject):
    """Asks a service thread from the UI thread; answers arrive in the UI thread, in order.

    Signals:
        failed: A call raised and nobody else took its error. arg: the exception.
    """

    failed = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ServiceThread(name)
        self._tickets = itertools.count(1)
        self._waiting: dict[int, tuple[Callable[[Any], None] | None, Callable[[Exception], None] | None]] = {}
        self._keyed: dict[str, int] = {}
        self._thread.answered.connect(self._on_answered)
        self._thread.refused.connect(self._on_refused)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Calls without an answer yet."""
        return len(self._waiting)

    def ask(
        self,
        call: Callable[[], T],
        done: Callable[[T], None] | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
        key: str | None = None,
    ) -> None:
        """Run ``call`` in the thread, then ``done`` (or ``failed``) in the UI thread.

        Args:
            key: A newer call with the same key replaces this one: whichever comes late is not answered.
        """
        ticket = next(self._tickets)
        if key is not None:
            self.forget(key)
            self._keyed[key] = ticket
        self._waiting[ticket] = (done, failed)
        self._thread.put(ticket, call)

    def forget(self, key: str) -> None:
        """Drop the call under ``key``; an answer that is on its way is not delivered."""
        ticket = self._keyed.pop(key, None)
        if ticket is not None and self._waiting.pop(ticket, None) is not None:
            self._thread.drop(ticket)

    @Slot(object, object)
    def _on_answered(self, ticket: int, result: Any) -> None:
        done, _ = self._waiting.pop(ticket, (None, None))
        if done is not None:
            done(result)

    @Slot(object, object)
    def _on_refused(self, ticket: int, error: Exception) -> None:
        if ticket not in self._waiting:
            return
        _, failed = self._waiting.pop(ticket)
        if failed is not None:
            failed(error)
            return
        log.warning(
            "call failed", extra={"cause": str(error)}, exc_info=None if isinstance(error, IngestError) else error
        )
        self.failed.emit(error)

    def end_soon(self) -> None:
        """Let the thread end after what is lined up."""
        self._thread.stop()

    def close(self, timeout_ms: int = 5_000) -> bool:
        """Run what is lined up, then end the thread; True if it did in time."""
        self.end_soon()
        if self._thread.wait(timeout_ms):
            return True
        _late.append(self._thread)  # destroying a thread that runs ends the process
        return False


class CallPool(QObject):
    """Asks several service threads, so that one slow call holds up no other. Lives in the UI thread.

    Answers arrive in the UI thread, in any order. Threads are made when they are needed.

    Signals:
        failed: A call raised and nobody else took its error. arg: the exception.
    """

    failed = Signal(object)

    def __init__(self, name: str, size: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name, self._size = name, size
        self._members: list[Calls] = []

    @property
    def pending(self) -> int:
        """Calls without an answer yet."""
        return sum(member.pending for member in self._members)

    def ask(
        self,
        call: Callable[[], T],
        done: Callable[[T], None] | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run ``call`` in the thread with the least to do, then ``done`` (or ``failed``) in the UI thread."""
        member = min(self._members, key=lambda one: one.pending, default=None)
        if member is None or (member.pending and len(self._members) < self._size):
            member = Calls(f"{self._name}-{len(self._members) + 1}", self)
            member.failed.connect(self.failed)
            self._members.append(member)
        member.ask(call, done, failed=failed)

    def close(self, timeout_ms: int = 5_000) -> bool:
        """Run what is lined up, then end the threads; True if all did in time."""
        for member in self._members:
            member.end_soon()
        until = time.monotonic() + timeout_ms / 1000
        in_time = True
        for member in self._members:
            in_time &= member.close(max(0, round((until - time.monotonic()) * 1000)))
        return in_time
