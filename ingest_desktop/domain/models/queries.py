"""What is asked of the store and the service, and what they answer."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from ingest_desktop.domain.causes import Cause
from ingest_desktop.domain.enums import JobPhase, JobStatus
from ingest_desktop.domain.models.base import Frozen
from ingest_desktop.domain.models.content import Hit
from ingest_desktop.domain.models.jobs import Batch


class JobOrder(StrEnum):
    """A column to sort the job list by."""

    ADDED = "added"  # newest batch first, within it in the order found
    QUEUE = "queue"  # the order in which jobs are taken
    NAME = "name"
    STATUS = "status"
    SIZE = "size"
    PROGRESS = "progress"
    UPDATED = "updated"


class JobQuery(Frozen):
    """Which jobs, in which order.

    ``attention`` keeps those only that failed, are empty or have gaps; ``gaps`` and ``empty`` one of the latter two;
    ``left_out`` those that were found to be no documents when they were read.
    """

    kb_id: str | None = None
    batch_id: str | None = None
    statuses: frozenset[JobStatus] = frozenset()  # none: any
    attention: bool = False
    gaps: bool = False
    empty: bool = False
    left_out: bool = False
    error_code: str | None = None
    cause: Cause | None = None  # of those that need a person
    name_contains: str = ""
    deleted: bool = False
    order: JobOrder = JobOrder.ADDED
    descending: bool = False


class JobSelector(Frozen):
    """Which jobs an action is for: these ids, or a batch, or a knowledge base, or all.

    Exactly one of the four is set. ``statuses`` narrows a group further (none: any).
    """

    job_ids: tuple[str, ...] = ()
    batch_id: str | None = None
    kb_id: str | None = None
    everything: bool = False
    statuses: frozenset[JobStatus] = frozenset()


class Refusal(Frozen):
    """A job that was left as it was, and why."""

    job_id: str
    status: JobStatus
    message: str


class ActionResult(Frozen):
    """What an action did. ``undo_token`` names a deletion that can be taken back."""

    changed: int = 0
    job_ids: tuple[str, ...] = ()  # at most the first 10,000
    refused: tuple[Refusal, ...] = ()
    undo_token: str | None = None


class DiscoveryReport(Frozen):
    """How far the search for files of a batch has come."""

    batch_id: str
    found: int = 0  # files seen that can become jobs
    added: int = 0
    already_listed: int = 0
    unchanged: int = 0
    skipped: dict[str, int] = Field(default_factory=dict)  # reason to count
    held: int = 0  # files that wait to be added, as the queue is full
    finished: bool = False


class Submission(Frozen):
    """What a submit made."""

    batch: Batch
    report: DiscoveryReport
    already_listed: tuple[str, ...] = ()  # ids of jobs that were in the list before, at most 1,000


class QueueMove(StrEnum):
    """Where to move waiting jobs."""

    UP = "up"
    DOWN = "down"
    TOP = "top"
    BOTTOM = "bottom"


class Counts(Frozen):
    """Live counts of jobs that are not deleted, by (kb_id, status), and of those that need a person, by kb_id.

    Of ``attention`` some failed; ``gaps`` are completed with gaps; the others are empty.
    """

    by_status: dict[tuple[str, JobStatus], int] = Field(default_factory=dict)
    attention: dict[str, int] = Field(default_factory=dict)
    gaps: dict[str, int] = Field(default_factory=dict)
    failures: dict[str, int] = Field(default_factory=dict)  # by error code
    left_out: dict[str, int] = Field(
        default_factory=dict
    )  # of one batch: completed as no documents, by ``media.REASONS``

    def of(self, status: JobStatus, kb_id: str | None = None) -> int:
        """Jobs in a status, in one knowledge base or all."""
        return sum(n for (kb, s), n in self.by_status.items() if s is status and kb_id in (None, kb))

    def total(self, kb_id: str | None = None) -> int:
        """Jobs in any status."""
        return sum(n for (kb, _), n in self.by_status.items() if kb_id in (None, kb))


class Progress(Frozen):
    """The newest known progress of a running job; held in memory only."""

    phase: JobPhase
    done: int = 0
    total: int = 0  # 0: not known yet
    unit: str = "byte"
    started_at: datetime | None = None
    units_per_second: float | None = None

    @property
    def fraction(self) -> float | None:
        """0..1, or None while no total is known."""
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """From the measured rate, or None."""
        if not self.units_per_second or not self.total:
            return None
        return max(0.0, (self.total - self.done) / self.units_per_second)


class SearchPage(Frozen):
    """Ranked hits. ``interpreted`` says how the words were read: "query" or, when it was not valid syntax, "words"."""

    hits: tuple[Hit, ...] = ()
    more: bool = False
    interpreted: Literal["query", "words", "prefix"] = "query"
    unreadable: tuple[str, ...] = ()  # knowledge bases that could not be asked; the others were
    searched_documents: int = 0
    total_documents: int = 0
    seconds: float = 0.0
