"""What can be asked of the list of jobs. Nothing here changes anything.

Every call may block on the disk. No Qt, no SQL: Protocols only.
"""

import builtins
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.domain.models import (
    Batch,
    Chunk,
    Counts,
    HistoryEntry,
    Job,
    JobOrder,
    JobQuery,
    JobRuntime,
)


class Asking:
    """The asking half of ``IngestionService``. Any thread."""

    def __init__(self, repository: Repository, contents: ContentStores, board: ProgressBoard) -> None:
        self._repository = repository
        self._contents = contents
        self._board = board

    def app_paused(self) -> bool:
        """Whether everything is paused."""
        return self._repository.app_paused()

    def counts(self) -> Counts:
        """Live counts."""
        return self._repository.counts()

    def list(self, query: JobQuery, *, after: str | None = None, limit: int = 200) -> builtins.list[Job]:
        """A keyset page of jobs; ``after`` is the last id seen."""
        return self._repository.jobs_page(query, after=after, limit=limit)

    def job(self, job_id: str) -> Job:
        """One job with its receipt. Raises ``NotFoundError``."""
        return self._repository.job(job_id)

    def jobs_by_ids(self, job_ids: Sequence[int]) -> builtins.list[Job]:
        """Those that exist, in the order asked for, without receipts."""
        return self._repository.jobs_by_ids(job_ids)

    def count_statuses(self, job_ids: Sequence[int]) -> dict[JobStatus, int]:
        """How many of these jobs are in each status."""
        return self._repository.count_statuses(job_ids)

    def count_retryable(self, job_ids: Sequence[int]) -> int:
        """How many of these jobs may be tried again."""
        return self._repository.count_retryable(job_ids)

    def count_left_out(self) -> int:
        """How many completed jobs turned out to be no documents."""
        return self._repository.count_left_out()

    def job_ids(self, query: JobQuery) -> "Iterator[array[int]]":
        """All ids that answer a query, in its order, in parts."""
        return self._repository.job_ids(query)

    def history(self, job_id: str) -> builtins.list[HistoryEntry]:
        """Every transition of a job, oldest first."""
        return self._repository.history(job_id)

    def chunks_of(self, job_id: str, limit: int = 100) -> builtins.list[Chunk]:
        """The first chunks of what a job brought; none before it is complete."""
        job = self._repository.job(job_id)
        if job.document_id is None:
            return []
        found: builtins.list[Chunk] = []
        for chunk in self._contents.of(job.kb_id).chunks(job.document_id):
            found.append(chunk)
            if len(found) >= limit:
                break
        return found

    def runtime(self, job_id: str) -> JobRuntime | None:
        """Worker, lease and, when it runs in this process, rates of a running job; None when nobody works on it."""
        found = self._repository.runtime(job_id)
        progress = self._board.latest().get(int(job_id)) if found is not None else None
        if found is None or progress is None:
            return found
        rates = {"units_per_second": progress.units_per_second, "seconds_left": progress.seconds_left}
        return found.model_copy(update=rates)

    def queue_place(self, job_id: str) -> int | None:
        """1-based place among the waiting, or None."""
        return self._repository.queue_place(job_id)

    def next_in_line(self, limit: int = 20) -> builtins.list[int]:
        """Ids of the first of the waiting that are due, in the queue's order; one seek, whatever waits behind them."""
        now = datetime.now(UTC)
        query = JobQuery(statuses=frozenset({JobStatus.QUEUED}), order=JobOrder.QUEUE)
        front = self._repository.jobs_page(query, limit=limit)
        return [int(job.id) for job in front if job.due_at is None or job.due_at <= now]

    def batch(self, batch_id: str) -> Batch:
        """One batch. Raises ``NotFoundError``."""
        return self._repository.batch(batch_id)

    def is_in_trash(self, batch_id: str) -> bool:
        """Whether a batch's knowledge base was deleted."""
        kb_id = self._repository.batch(batch_id).kb_id
        return all(kb.kb_id != kb_id for kb in self._repository.knowledge_bases())

    def batches(self, *, limit: int = 100) -> builtins.list[Batch]:
        """Newest first."""
        return self._repository.batches(limit=limit)

    def batch_counts(self, batch_id: str) -> Counts:
        """Live counts of one batch."""
        return self._repository.batch_counts(batch_id)

    def revision(self) -> int:
        """Grows with every change of any job, whoever made it."""
        return self._repository.revision()

    def changed_since(self, revision: int) -> tuple[int, builtins.list[int]]:
        """The newest revision covered, and the jobs changed after ``revision``."""
        return self._repository.changed_since(revision)
