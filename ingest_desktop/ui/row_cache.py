"""Rows of the job list that were read, and the reading of those that are wanted next.

What is on the screen is read first, in one short call; then, in small lots, some screens around it, so that
turning the page finds its rows at hand. Small lots keep the reading thread from holding the interpreter for
long, and let a jump elsewhere be answered at once.
"""

from array import array
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ingest_desktop.domain.models import Job
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_rows import Row

SCREEN_LOT = 96  # rows of one call for the screen; a tall screen takes two
AHEAD_LOT = 32
SCREENS_AROUND = 3
CACHED_ROWS = 6_000


class RowCache(QObject):
    """Rows by job id, the newest read last. Lives in the UI thread; the disk is read by the row thread.

    Signals:
        arrived: Rows on the screen were read.
    """

    arrived = Signal()

    def __init__(self, hub: Hub, ids: "Callable[[], array[int]]", parent: QObject | None = None) -> None:
        """``ids`` gives the ids of all rows, in order."""
        super().__init__(parent)
        self._hub, self._ids = hub, ids
        self.rows: dict[int, Row] = {}
        self.visible = (0, -1)
        self._absent: set[int] = set()  # ids that the engine does not know any more
        self._reading = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._fetch)

    def shown(self) -> "array[int]":
        """The ids of the rows on the screen."""
        first, last = self.visible
        return self._ids()[max(0, first) : last + 1]

    def want(self) -> None:
        """Read soon what is missing on the screen and around it."""
        if not self._reading and not self._timer.isActive():
            self._timer.start()

    def look_at(self, first: int, last: int) -> None:
        """These rows are on the screen now."""
        if (first, last) != self.visible:
            self.visible = (first, last)
            self.want()

    def forget_absent(self) -> None:
        """Ask again for ids that could not be found: the list is another one."""
        self._absent.clear()

    def _missing(self, numbers: Iterator[int] | range, limit: int) -> list[int]:
        ids, rows, absent = self._ids(), self.rows, self._absent
        found: list[int] = []
        for number in numbers:
            job_id = ids[number]
            if job_id not in rows and job_id not in absent:
                found.append(job_id)
                if len(found) == limit:
                    break
        return found

    def _around(self) -> Iterator[int]:
        """Row numbers below and above the screen, nearest first; downwards is where people go."""
        first, last = self.visible
        reach, end = SCREENS_AROUND * (last - first + 1), len(self._ids())
        yield from range(last + 1, min(end, last + 1 + reach))
        yield from range(first - 1, max(-1, first - 1 - reach), -1)

    @Slot()
    def _fetch(self) -> None:
        first, last = max(0, self.visible[0]), min(self.visible[1], len(self._ids()) - 1)
        if self._reading or first > last or self._hub.backend is None:
            return
        ids = self._missing(range(first, last + 1), SCREEN_LOT) or self._missing(self._around(), AHEAD_LOT)
        if ids:
            self._reading = True
            self._hub.rows.ask(
                lambda backend=self._hub.backend: backend.service.jobs_by_ids(ids),  # type: ignore[misc]
                lambda jobs: self._on_read(ids, jobs),
                failed=self._on_failed,
            )

    def _on_read(self, ids: list[int], jobs: list[Job]) -> None:
        self._reading = False
        rows = self.rows
        for job in jobs:
            rows[int(job.id)] = Row(job)
        if len(jobs) < len(ids):
            self._absent.update(job_id for job_id in ids if job_id not in rows)
        self._evict()
        if not self._fresh_on_screen(ids):
            self.want()
            return
        self.arrived.emit()
        self.want()

    def _fresh_on_screen(self, ids: list[int]) -> bool:
        return not set(self.shown()).isdisjoint(ids)

    def _on_failed(self, error: Exception) -> None:
        self._reading = False
        self._hub.failed.emit(error)

    def _evict(self) -> None:
        """Forget what was read longest ago and is not on the screen, a good part at once."""
        if len(self.rows) <= CACHED_ROWS:
            return
        shown = set(self.shown())
        surplus = [job_id for job_id in self.rows if job_id not in shown][: CACHED_ROWS // 4]
        for job_id in surplus:
            del self.rows[job_id]
