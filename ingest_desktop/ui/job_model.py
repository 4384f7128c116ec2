"""The job list: an array of ids, and rows read by pages when they are shown.

The model holds 8 bytes for each row and a few thousand rows' content; it asks no disk. Rows that are
not read yet show as placeholders for a moment.
"""

import time
from array import array
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Job, JobQuery, KnowledgeBase
from ingest_desktop.ui.hub import Hub, Pulse, is_structural
from ingest_desktop.ui.job_rows import (
    ALIGNMENT,
    LEFT,
    NUMERIC,
    RIGHT,
    SERVED,
    TOOL_TIP,
    Column,
    Row,
    heading,
    texts_of,
    tip_of,
    titles,
)
from ingest_desktop.ui.row_cache import RowCache
from ingest_desktop.ui.row_ids import IdReading, Step
from ingest_desktop.ui.waiting import WaitingLine

PROGRESS_MS = 100
REFRESH_MS = 150
REFRESH_SHARE = 4  # rest this many times as long as the last reading took: at most 20 % of the time
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class JobModel(QAbstractTableModel):
    """The jobs that answer a query.

    Signals:
        rows_moved: Rows were replaced as a whole. arg: new rows of ids that were to be kept.
        loaded: A reading has ended; the rows are all there.
    """

    rows_moved = Signal(object)
    loaded = Signal()

    def __init__(self, hub: Hub, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self.query = JobQuery()
        self._ids: array[int] = array("q")
        self._cache = RowCache(hub, lambda: self._ids, self)
        self._rows = self._cache.rows
        self._line = WaitingLine()
        self._cache.arrived.connect(lambda: self._repaint(None))
        self._stale = False
        self._reading: IdReading | None = None
        self._again = False
        self._rest_until = 0.0
        self._second = 0
        self.keep: Callable[[], frozenset[int]] = frozenset
        self._refresh_timer = self._timer(self._refresh_now, REFRESH_MS)
        self._progress_timer = QTimer(self)
        self._progress_timer.timeout.connect(self._on_tick)
        hub.ready.connect(self._on_ready)
        hub.pulsed.connect(self._on_pulse)
        hub.bases_changed.connect(self._on_bases)
        hub.bridge.changed.connect(self.update_jobs)
        hub.bridge.added.connect(self._on_added)
        hub.bridge.troubled.connect(self._on_trouble)
        self._counts_before: Any = None

    def _timer(self, slot: Callable[[], None], interval_ms: int) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    # what Qt asks --------------------------------------------------------------------------

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = 0) -> Any:
        if role != 0:
            return self._other(index, role) if role in SERVED else None
        row = self._rows.get(self._ids[index.row()])
        if row is None:
            self._cache.want()
            return "…" if index.column() == 0 else ""
        return self.texts(row)[index.column()]

    def _other(self, index: Index, role: int) -> Any:
        column = index.column()
        if role == ALIGNMENT:
            return RIGHT if column in NUMERIC else LEFT
        row = self._rows.get(self._ids[index.row()])
        if row is None:
            return None
        text = self.texts(row)[column]
        if role == TOOL_TIP:
            return tip_of(row.job, Column(column), text)
        return f"{titles()[column]}: {text}" if text else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == ALIGNMENT:
            return RIGHT if section in NUMERIC else LEFT
        if role != 0:
            return None
        return heading(Column(section), self.query)

    def texts(self, row: Row) -> tuple[str, ...]:
        """What stands in a row's columns."""
        return row.texts or self._format(row)

    def want_rows(self) -> None:
        """Read soon what is missing on the screen."""
        self._cache.want()

    def _format(self, row: Row) -> tuple[str, ...]:
        job = row.job
        place, held = None, ""
        if job.status is JobStatus.QUEUED:
            place, held = self._line.place(job), self._line.held(job)
        row.texts = texts_of(row, self._hub.base_name(job.kb_id), place=place, held=held)
        return row.texts

    def held(self, job: Job) -> str:
        """What holds a waiting job up whatever its place; "" when nothing does."""
        return self._line.held(job) if job.status is JobStatus.QUEUED else ""

    def _waits_otherwise(self, concerned: set[int] | None) -> None:
        """Say anew why jobs wait; None means all of them."""
        rows = self._rows
        changed = rows.keys() if concerned is None else concerned & rows.keys()
        for job_id in changed:
            if rows[job_id].job.status is JobStatus.QUEUED:
                rows[job_id].texts = ()
        if changed:
            self._repaint(None if concerned is None else set(changed), Column.STATUS, Column.STATUS)

    @Slot(str, str, str)
    def _on_trouble(self, code: str, _: str, __: str) -> None:
        self._line.set_trouble(code)
        self._waits_otherwise(None)

    # rows, by number or id -----------------------------------------------------------------

    def row(self, number: int) -> Row | None:
        """The row with this number, when it is read."""
        return self._rows.get(self._ids[number]) if 0 <= number < len(self._ids) else None

    def job_id(self, number: int) -> int:
        """The id of the job in a row."""
        return self._ids[number]

    def ids(self, first: int, last: int) -> "array[int]":
        """The ids of rows ``first`` to ``last``, inclusive."""
        return self._ids[first : last + 1]

    def cached(self, job_id: int) -> Job | None:
        """A job, when it is read."""
        row = self._rows.get(job_id)
        return row.job if row else None

    def find(self, job_id: int) -> int:
        """The row of a job, or -1. Looks at all rows: for single ids."""
        try:
            return self._ids.index(job_id)
        except ValueError:
            return -1

    # reading pages -------------------------------------------------------------------------

    def set_visible(self, first: int, last: int) -> None:
        """Which rows are on the screen."""
        self._cache.look_at(first, last)

    def _repaint(self, changed: set[int] | None, left: Column = Column.NAME, right: Column = Column.FOLDER) -> None:
        """Tell the view of changed rows on the screen; None means all of them."""
        first, last = max(0, self._cache.visible[0]), min(self._cache.visible[1], len(self._ids) - 1)
        if changed is None:
            self._tell(range(first, last + 1), left, right)
        elif found := [number for number in range(first, last + 1) if self._ids[number] in changed]:
            self._tell(range(found[0], found[-1] + 1), left, right)

    def _tell(self, numbers: range, left: Column, right: Column) -> None:
        """One signal for a stretch of rows: each costs more than to paint the few that did not change."""
        if numbers:
            self.dataChanged.emit(self.index(numbers[0], left), self.index(numbers[-1], right))

    # news ----------------------------------------------------------------------------------

    @Slot(object)
    def update_jobs(self, jobs: Iterable[Job]) -> None:
        """Take jobs as they are now; those that are not in hand are read when they are shown."""
        rows, changed = self._rows, set()
        for job in jobs:
            job_id = int(job.id)
            old = rows.get(job_id)
            if old is not None and job.revision >= old.job.revision:
                fresh = Row(job)
                same_run = old.job.status is JobStatus.RUNNING and old.job.attempts == job.attempts
                if job.status is JobStatus.RUNNING and same_run:
                    fresh.progress, fresh.fraction = old.progress, old.fraction
                rows[job_id] = fresh
                changed.add(job_id)
        if changed:
            self._repaint(changed)

    @Slot(str, int)
    def _on_added(self, *_: object) -> None:
        self.refresh()

    @Slot(object)
    def _on_bases(self, bases: list[KnowledgeBase]) -> None:
        self._line.set_bases(bases)
        for row in self._rows.values():
            row.texts = ()
        self._repaint(None)

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        self._waits_otherwise(self._line.follow(pulse))
        if is_structural(self.query, self._counts_before, pulse.status.counts):
            self.refresh()
        self._counts_before = pulse.status.counts
        rows = self._rows
        touched = [job_id for job_id in pulse.touched if job_id in rows]
        if not touched:
            return
        shown = set(self._cache.shown())
        again = [job_id for job_id in touched if job_id in shown]
        for job_id in touched:
            if job_id not in shown:
                del rows[job_id]
        if again:
            self._hub.read(lambda backend: backend.service.jobs_by_ids(again), self.update_jobs, key="touched")

    @Slot()
    def _on_ready(self) -> None:
        self._progress_timer.start(PROGRESS_MS)
        self.set_query(self.query)

    @Slot()
    def _on_tick(self) -> None:
        """Pull progress for the rows on the screen; move stripes and count-downs."""
        backend = self._hub.backend
        first, last = max(0, self._cache.visible[0]), min(self._cache.visible[1], len(self._ids) - 1)
        if backend is None or first > last:
            return
        latest, now = backend.progress.latest(), int(time.monotonic())
        new_second, self._second = now != self._second, now
        moment = datetime.now(UTC)
        moved: list[int] = []
        for number in range(first, last + 1):
            job_id = self._ids[number]
            row = self._rows.get(job_id)
            if row is None:
                continue
            status = row.job.status
            if status is JobStatus.RUNNING:
                progress = latest.get(job_id)
                if (progress is not None and row.follow(progress)) or (row.fraction is None and not row.is_up_next):
                    moved.append(number)
            elif new_second and status is JobStatus.QUEUED and row.job.due_at is not None and row.job.due_at > moment:
                row.texts = ()
                moved.append(number)
        if moved:
            self._tell(range(moved[0], moved[-1] + 1), Column.STATUS, Column.LEFT)

    # which rows ----------------------------------------------------------------------------

    @property
    def is_settled(self) -> bool:
        """True when no reading of ids goes on."""
        return self._reading is None

    def set_query(self, query: JobQuery) -> None:
        """Show other jobs, or in another order; rows appear as they are read.

        Until the first of them are there the old rows stay, so that the list does not flash at every letter typed.
        """
        self.query = query
        self._again = False
        self._refresh_timer.stop()
        self._stale = True
        self._read(fresh=True)

    def refresh(self) -> None:
        """Find out soon which rows there are; calls in the meantime count as one."""
        if self._reading is not None:
            self._again = True
        elif not self._refresh_timer.isActive():
            rest_ms = round((self._rest_until - time.monotonic()) * 1000)
            self._refresh_timer.start(max(0, rest_ms))

    @Slot()
    def _refresh_now(self) -> None:
        self._read(fresh=False)

    def _read(self, *, fresh: bool) -> None:
        backend, query = self._hub.backend, self.query
        if backend is None:
            return
        self._reading = IdReading(
            lambda: backend.service.job_ids(query),
            None if fresh else self._ids,
            frozenset() if fresh else self.keep(),
        )
        self._next_step(self._reading)

    def _next_step(self, reading: IdReading) -> None:
        self._hub.reads.ask(
            reading.step,
            lambda step: self._on_step(reading, step),
            failed=lambda error: self._on_no_ids(reading, error),
            key="ids",
        )

    def _on_no_ids(self, reading: IdReading, error: Exception) -> None:
        if reading is self._reading:
            self._reading = None
            self._hub.failed.emit(error)

    def _on_step(self, reading: IdReading, step: Step) -> None:
        if reading is not self._reading:
            return
        if reading.is_fresh:
            if self._stale:
                self._start_anew(step.ids)
            else:
                self._append(step.ids)
        elif step.done:
            self._replace(step)
        if not step.done:
            self._next_step(reading)
            return
        self._reading = None
        self._rest_until = time.monotonic() + max(step.seconds * REFRESH_SHARE, REFRESH_MS / 1000)
        self.loaded.emit()
        if self._again:
            self._again = False
            self.refresh()

    def _start_anew(self, ids: "array[int]") -> None:
        self._stale = False
        self._cache.forget_absent()
        self.beginResetModel()
        self._ids = ids
        self.endResetModel()

    def _append(self, ids: "array[int]") -> None:
        if ids:
            start = len(self._ids)
            self.beginInsertRows(ROOT, start, start + len(ids) - 1)
            self._ids.extend(ids)
            self.endInsertRows()

    def _replace(self, step: Step) -> None:
        """Show what a rereading found: nothing, a stretch put in or taken out, or all anew."""
        self._cache.forget_absent()
        old, new = len(self._ids), len(step.ids)
        gone, come = old - step.prefix - step.suffix, new - step.prefix - step.suffix
        if not gone and not come:
            return
        if not gone:
            self.beginInsertRows(ROOT, step.prefix, step.prefix + come - 1)
            self._ids = step.ids
            self.endInsertRows()
        elif not come:
            self.beginRemoveRows(ROOT, step.prefix, step.prefix + gone - 1)
            self._ids = step.ids
            self.endRemoveRows()
        else:
            self.beginResetModel()
            self._ids = step.ids
            self.endResetModel()
            self.rows_moved.emit(step.rows)
