"""What is selected, counted by status, and the selector that acts on it."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ingest_desktop.domain.enums import JobEvent, JobStatus, sources_of
from ingest_desktop.domain.models import Job, JobQuery, JobSelector
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_table import JobTable

COUNTED = 2_000  # the statuses in a larger selection are counted by the store
SLICE = 500
SETTLE_MS = 40


@dataclass(frozen=True, slots=True)
class Selected:
    """A selection. ``statuses`` is None while nobody has counted it."""

    total: int = 0
    statuses: Counter[JobStatus] | None = field(default_factory=Counter)
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    group: JobSelector | None = None  # when it is all of a knowledge base, or all there is
    retryable: int = 0  # of completed ones only those are that are empty or have gaps

    def count(self, event: JobEvent) -> int:
        """How many of the jobs may take this event; none while nobody has counted."""
        if event is JobEvent.RETRY:
            return self.retryable
        return self.among(sources_of(event))

    def among(self, statuses: frozenset[JobStatus]) -> int:
        """How many of the jobs are in one of these statuses; none while nobody has counted."""
        return sum(n for status, n in (self.statuses or {}).items() if status in statuses)

    def selector(self, event: JobEvent | None = None) -> JobSelector:
        """These jobs; with ``event``, a group is narrowed to those that may take it."""
        if self.group is not None:
            statuses = self.group.statuses
            if event is not None:
                statuses = (statuses & sources_of(event)) if statuses else sources_of(event)
            return self.group.model_copy(update={"statuses": statuses})
        return JobSelector(job_ids=tuple(map(str, self.ids)))


def group_of(query: JobQuery) -> JobSelector | None:
    """The selector that means every job of a query, where there is one."""
    if (
        query.name_contains
        or query.attention
        or query.gaps
        or query.empty
        or query.left_out
        or query.cause
        or query.error_code
        or query.deleted
    ):
        return None
    if query.batch_id is not None:
        return JobSelector(batch_id=query.batch_id, statuses=query.statuses) if query.kb_id is None else None
    if query.kb_id is not None:
        return JobSelector(kb_id=query.kb_id, statuses=query.statuses)
    return JobSelector(everything=True, statuses=query.statuses)


class SelectionWatcher(QObject):
    """Keeps the count of the selection up to date, off the UI thread where rows are not in hand.

    Signals:
        changed: The selection or the statuses in it changed. arg: Selected.
    """

    changed = Signal(object)

    def __init__(self, hub: Hub, model: JobModel, table: JobTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hub, self._model, self._table = hub, model, table
        self.now = Selected()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._count)
        table.selection_moved.connect(self._timer.start)
        model.modelReset.connect(self._timer.start)
        model.dataChanged.connect(self._on_data)
        hub.pulsed.connect(self._on_pulse)

    @Slot()
    def _on_data(self, *_: object) -> None:
        if self.now.total and not self._timer.isActive():
            self._timer.start()

    @Slot(object)
    def _on_pulse(self, _: object) -> None:
        if self.now.total:
            self._timer.start()

    @Slot()
    def _count(self) -> None:
        total = self._table.selected_count()
        group = group_of(self._model.query) if total and self._table.all_selected else None
        statuses = self._group_statuses() if group is not None and total > SLICE else None
        if statuses is not None:
            self._set(Selected(total, statuses, array("q"), group, self._group_retryable(statuses)))
            return
        ids = self._table.selected_ids()
        if total > COUNTED:
            if self.now.total != total:
                self._set(Selected(total, None, ids))
            self._hub.read(
                lambda backend: (backend.service.count_statuses(ids), backend.service.count_retryable(ids)),
                lambda found: self._set(Selected(total, Counter(found[0]), ids, retryable=found[1])),
                key="selection",
            )
            return
        found: Counter[JobStatus] = Counter()
        unknown, retryable = [], 0
        for job_id in ids:
            job = self._model.cached(job_id)
            if job is None:
                unknown.append(job_id)
            else:
                found[job.status] += 1
                retryable += job.may_retry
        if not unknown:
            self._set(Selected(total, found, ids, retryable=retryable))
        else:
            self._hub.read(
                lambda backend: [
                    job
                    for at in range(0, len(unknown), SLICE)
                    for job in backend.service.jobs_by_ids(unknown[at : at + SLICE])
                ],
                lambda jobs: self._on_read(total, found, ids, jobs, retryable),
                key="selection",
            )

    def _on_read(
        self, total: int, found: Counter[JobStatus], ids: "array[int]", jobs: list[Job], retryable: int
    ) -> None:
        found.update(job.status for job in jobs)
        self._set(Selected(total, found, ids, retryable=retryable + sum(job.may_retry for job in jobs)))

    def _group_retryable(self, statuses: Counter[JobStatus]) -> int:
        found = statuses[JobStatus.FAILED] + statuses[JobStatus.CANCELLED]
        if self._hub.pulse is None or JobStatus.COMPLETED not in statuses:
            return found
        counts, base = self._hub.pulse.status.counts, self._model.query.kb_id
        needy = sum(n for kb, n in counts.attention.items() if base in (None, kb))
        return found + max(0, needy - counts.of(JobStatus.FAILED, base))

    def _group_statuses(self) -> Counter[JobStatus] | None:
        if self._hub.pulse is None:
            return None
        counts, query = self._hub.pulse.status.counts, self._model.query
        if query.batch_id is not None:
            return None
        wanted = query.statuses or frozenset(JobStatus)
        return Counter({status: counts.of(status, query.kb_id) for status in wanted})

    def _set(self, selected: Selected) -> None:
        if selected != self.now:
            self.now = selected
            self.changed.emit(selected)
