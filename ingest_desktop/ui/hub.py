"""What the views share: the engine once it is built, the threads that talk to it, and the pulse of its state.

The hub lives in the UI thread. Nothing here blocks: each call on the engine is handed to a service
thread and answered later.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.interfaces.checks import RepairReport
from ingest_desktop.domain.models import Counts, DiscoveryReport, JobOrder, JobQuery, KnowledgeBase
from ingest_desktop.ui.backend import Backend, MetricsView, Service, StatusView
from ingest_desktop.workers.bridge import EventBridge
from ingest_desktop.workers.service_thread import CallPool, Calls

PULSE_MS = 1_000
EVENT_PULSE_MS = 500  # after events, so that counts follow quickly but never flood: each look keeps the UI some ms
STORE_SIZE_SECONDS = 5.0
CHANGES_IN_SLICE = 2_000
SEARCH_END_MS = 5_000
RATE_SECONDS = 8
SLOW_SECONDS = 60  # where few files end in the last seconds
LEAST_ENDED = 10  # files, for a word on the time that is left
DROPS_AT_ONCE = 4
T = TypeVar("T")
Mend = Callable[[Callable[[str], None]], RepairReport]


@dataclass(frozen=True, slots=True)
class Pulse:
    """One look at the engine."""

    status: StatusView
    revision: int
    touched: tuple[int, ...]
    metrics: MetricsView
    store_bytes: int
    batch_id: str | None = None
    batch_counts: Counts | None = None
    front: tuple[int, ...] = ()  # the first of the waiting, in their order
    moving: int = 0  # running jobs that someone has looked into
    held: int = 0  # files that wait to be added, as the list is full
    left_out: int = 0  # completed jobs that turned out to be no documents; counted while nothing waits or runs

    @property
    def files_per_second(self) -> float:
        """Measured over the last seconds, 0 when nothing ended in them."""
        return self._ended_within(RATE_SECONDS) / RATE_SECONDS

    def _ended_within(self, seconds: int) -> int:
        since = time.time() - seconds
        return sum(files for at, files, _ in self.metrics.series if at >= since)

    @property
    def seconds_left(self) -> float | None:
        """Of all that waits and runs, by the measured rate; None while too few have ended to tell one.

        From one file that ended in eight seconds hours would be foretold, and minutes a moment later.
        """
        counts = self.status.counts
        left = counts.of(JobStatus.QUEUED) + counts.of(JobStatus.RUNNING) + self.held
        if not left or self.status.app_paused:
            return None
        for seconds in (RATE_SECONDS, SLOW_SECONDS):
            ended = self._ended_within(seconds)
            if ended >= min(LEAST_ENDED, left):
                return left * seconds / ended
        return None


def is_structural(query: JobQuery, before: Counts | None, after: Counts) -> bool:
    """Whether a change of counts may change which rows a query has, or their order."""
    if before is None or before.total(query.kb_id) != after.total(query.kb_id):
        return True
    if query.order not in (JobOrder.ADDED, JobOrder.NAME, JobOrder.SIZE):
        return True
    if query.attention:
        return (before.attention, before.gaps, before.failures) != (after.attention, after.gaps, after.failures)
    if query.gaps:
        return before.gaps != after.gaps
    return any(before.of(status, query.kb_id) != after.of(status, query.kb_id) for status in query.statuses)


def always() -> bool:
    """What does not fit into the queue waits for room for as long as the window is open."""
    return True


class Hub(QObject):
    """The engine, its threads and its news.

    Signals:
        ready: The engine is built and runs.
        broken: It could not be built. arg: the exception.
        pulsed: A new look at the engine. arg: a Pulse.
        bases_changed: The knowledge bases. arg: a list of KnowledgeBase.
        failed: A call raised. arg: the exception.
    """

    ready = Signal()
    broken = Signal(object)
    pulsed = Signal(object)
    bases_changed = Signal(object)
    failed = Signal(object)

    def __init__(
        self, build: Callable[[], Backend], parent: QObject | None = None, *, mend: Mend | None = None
    ) -> None:
        """``mend`` repairs a store that cannot be opened; called in a thread of its own, and told where to tell its steps."""
        super().__init__(parent)
        self._build = build
        self.mend = mend
        self.damaged: tuple[str, ...] = ()  # knowledge bases that wait for a repair
        self.backend: Backend | None = None
        self.bridge = EventBridge(self)
        self.reads = Calls("reads", self)
        self.rows = Calls("rows", self)  # of their own, so that a long reading of ids or counts keeps no row waiting
        self.commands = Calls("commands", self)
        self.adding = CallPool("adding", DROPS_AT_ONCE, self)
        self.finding = Calls("finding", self)
        self.repairing = CallPool("repairing", 1, self)
        self._resuming = Calls("resuming", self)
        for calls in self._all_calls():
            calls.failed.connect(self.failed)
        self.bases: list[KnowledgeBase] = []
        self.pulse: Pulse | None = None
        self.watched_batch: str | None = None
        self._revision = 0
        self._store_bytes = 0
        self._store_at = float("-inf")
        self._asked = False
        self._held: dict[str, int] = {}  # by batch
        self._left_out, self._left_out_at = 0, -1  # how many, at which revision
        self.stop_adding = threading.Event()  # set at the end: searches for files are cut short and go on next time
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)
        self.bridge.changed.connect(self._on_news)
        self.bridge.added.connect(self._on_news)
        self.bridge.discovery.connect(self._on_discovery)
        self.bridge.finished.connect(self._on_finished)
        self.bridge.store.connect(self._on_store)

    def _all_calls(self) -> tuple[Calls | CallPool, ...]:
        return (self._resuming, self.repairing, self.adding, self.finding, self.rows, self.reads, self.commands)

    def open(self) -> None:
        """Build the engine in the command thread; ``ready`` or ``broken`` follows."""
        self.commands.ask(self._open, self._on_open, failed=self.broken.emit)

    def _open(self) -> Backend:
        backend = self._build()
        backend.events.subscribe(self.bridge)
        return backend

    def _on_open(self, backend: Backend) -> None:
        self.backend = backend
        self.reload_bases()
        self.ready.emit()
        self.commands.ask(backend.service.start)
        self._resuming.ask(lambda: backend.service.resume_discoveries(self.stop_adding, hold=always))
        self._look()

    @property
    def engine(self) -> Backend:
        """The engine. Only after ``ready``."""
        if self.backend is None:
            raise RuntimeError("The engine is not there yet.")
        return self.backend

    def do(
        self,
        call: Callable[[Backend], T],
        done: Callable[[T], None] | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run a command, in order; then look at what changed. Nothing happens before ``ready``."""
        if self.backend is None:
            return
        backend = self.backend

        def after(result: T) -> None:
            if done is not None:
                done(result)
            self.look_soon(0)

        self.commands.ask(lambda: call(backend), after, failed=failed)

    def read(
        self,
        call: Callable[[Backend], T],
        done: Callable[[T], None],
        *,
        key: str | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run a read, in order. Nothing happens before ``ready``."""
        if self.backend is not None:
            backend = self.backend
            self.reads.ask(lambda: call(backend), done, key=key, failed=failed)

    def reload_bases(self) -> None:
        """Read the knowledge bases anew."""
        self.read(lambda backend: backend.service.knowledge_bases(), self._on_bases, key="bases")

    def _on_bases(self, bases: list[KnowledgeBase]) -> None:
        if bases != self.bases:
            self.bases = bases
            self.bases_changed.emit(bases)

    def base_name(self, kb_id: str) -> str:
        """The name of a knowledge base, or its id while it is not known."""
        return next((base.name for base in self.bases if base.kb_id == kb_id), kb_id)

    # the pulse -----------------------------------------------------------------------------

    def look_soon(self, delay_ms: int = EVENT_PULSE_MS) -> None:
        """Look at the engine before the next beat."""
        if not self._timer.isActive() or self._timer.remainingTime() > delay_ms:
            self._timer.start(delay_ms)

    @Slot()
    def _on_news(self, *_: object) -> None:
        self.look_soon()

    @Slot(object)
    def _on_discovery(self, report: DiscoveryReport) -> None:
        if report.held:
            self._held[report.batch_id] = report.held
        else:
            self._held.pop(report.batch_id, None)

    @Slot(str)
    def _on_finished(self, _: str) -> None:
        """A batch is done: the next look counts the store's size anew, however fresh the last figure is."""
        self._store_at = float("-inf")
        self.look_soon()

    @Slot()
    def _on_store(self) -> None:
        self.reload_bases()
        self.look_soon()

    @Slot()
    def _look(self) -> None:
        if self._asked:
            return
        self._asked = True
        self.read(self._take, self._on_pulse, failed=self._on_no_pulse)

    def _take(self, backend: Backend) -> Pulse:
        """Runs in the reader thread."""
        service, touched, revision = backend.service, list[int](), self._revision
        if service.revision() != revision:
            revision, touched = service.changed_since(revision)
            if len(touched) >= CHANGES_IN_SLICE:  # a flood, or the first look: rows are read anew as they are shown
                revision = service.revision()
        if time.monotonic() - self._store_at > STORE_SIZE_SECONDS:
            self._store_at, self._store_bytes = time.monotonic(), backend.store_bytes()
        batch, status = self.watched_batch, service.status()
        return Pulse(
            status=status,
            revision=revision,
            touched=tuple(touched),
            metrics=backend.metrics.snapshot(),
            store_bytes=self._store_bytes,
            batch_id=batch,
            batch_counts=service.batch_counts(batch) if batch else None,
            front=tuple(service.next_in_line()) if status.counts.of(JobStatus.QUEUED) else (),
            moving=len(backend.progress.latest()),
            left_out=self._count_left_out(service, status.counts, revision),
        )

    def _count_left_out(self, service: Service, counts: Counts, revision: int) -> int:
        """Runs in the reader thread; asks only when the work is over, and once."""
        if counts.of(JobStatus.QUEUED) + counts.of(JobStatus.RUNNING):
            return 0
        if revision != self._left_out_at:
            self._left_out, self._left_out_at = service.count_left_out(), revision
        return self._left_out

    def _on_pulse(self, pulse: Pulse) -> None:
        self._asked = False
        self._revision = pulse.revision
        if self._held:
            pulse = replace(pulse, held=sum(self._held.values()))
        self.pulse = pulse
        self.pulsed.emit(pulse)
        self.look_soon(PULSE_MS)

    def _on_no_pulse(self, error: Exception) -> None:
        self._asked = False
        self.failed.emit(error)
        self._timer.start(5 * PULSE_MS)

    # the end -------------------------------------------------------------------------------

    def close(self, timeout_ms: int = 15_000) -> None:
        """Stop looking, close the engine, end the threads. Blocks; the last thing the window does.

        Searches for files end first, as they write to the store that is closed next. One that hangs on a dead
        network folder is left behind: its batch is durable and searched on at the next start.
        """
        self._timer.stop()
        self.stop_adding.set()
        until = time.monotonic() + timeout_ms / 1000
        for searching in (self.repairing, self.adding, self._resuming):  # a repair that is cut off goes on next time
            searching.close(min(SEARCH_END_MS, timeout_ms // 2))
        if self.backend is not None:
            self.commands.ask(self.backend.close)
            self.backend = None
        for calls in (self.finding, self.rows, self.reads, self.commands):
            calls.close(max(0, round((until - time.monotonic()) * 1000)))
