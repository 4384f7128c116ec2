"""Jobs and what groups them."""

from datetime import datetime
from pathlib import PurePath
from typing import Any

from pydantic import Field

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome, PauseScope, may_retry
from ingest_desktop.domain.models.base import Frozen, iso
from ingest_desktop.domain.models.content import Receipt

JOB_JSON_FIELDS = (
    "id kb_id batch_id source_path original_filename byte_size mime_type checksum status phase outcome progress "
    "priority attempts error_code error_message message document_id created_at updated_at started_at completed_at "
    "deleted_at receipt gaps"
).split()


class Job(Frozen):
    """The ingestion of one file into one knowledge base, as one row of the ledger.

    ``progress`` runs from 0 to 1 and never backwards within a run. ``units_done`` and ``units_total``
    count pages or bytes (``unit``); a total of 0 is not known yet. Times are aware, in UTC.
    """

    id: str
    kb_id: str
    batch_id: str
    source_path: str
    original_filename: str
    byte_size: int
    mime_type: str | None = None
    checksum: str | None = None  # sha256 of the content, hex
    status: JobStatus
    phase: JobPhase = JobPhase.WAITING
    outcome: Outcome | None = None
    progress: float = 0.0
    unit: str = "byte"
    units_done: int = 0
    units_total: int = 0
    priority: int = 0
    attempts: int = 0
    error_code: str | None = None
    error_message: str | None = None
    message: str | None = None
    document_id: str | None = None
    pause_scope: PauseScope | None = None
    due_at: datetime | None = None  # not to be claimed before
    dead_lettered: bool = False
    chunk_count: int = 0
    gaps: int = 0  # units of a completed job that could not be read
    crashes: int = 0  # processes that died over the file
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    receipt: Receipt | None = None
    revision: int = 0  # grows with every change of any job in the store

    @property
    def needs_attention(self) -> bool:
        """True when a person should look: failed, empty, or completed with gaps."""
        return self.status is JobStatus.FAILED or self.outcome is Outcome.EMPTY or self.has_gaps

    @property
    def has_gaps(self) -> bool:
        """True when it is completed, with text, and a part of it could not be read: "Completed with gaps"."""
        return self.status is JobStatus.COMPLETED and self.gaps > 0 and self.outcome is not Outcome.EMPTY

    @property
    def may_retry(self) -> bool:
        """True when a person may have the file read again."""
        return may_retry(self.status, self.outcome, self.gaps)

    def to_json(self) -> dict[str, Any]:
        """The stable fields, as the command line prints them."""
        found = self.model_dump(mode="json", include=set(JOB_JSON_FIELDS))
        for name in ("created_at", "updated_at", "started_at", "completed_at", "deleted_at"):
            found[name] = iso(getattr(self, name))
        return {name: found[name] for name in JOB_JSON_FIELDS}


class KnowledgeBase(Frozen):
    """A named collection: the scope of search, pause and export."""

    kb_id: str
    name: str
    paused: bool = False
    created_at: datetime
    deleted_at: datetime | None = None


class Source(Frozen):
    """Where files come from. ``kind`` is "file" or "folder"; ``path`` is absolute.

    With the kind "without" it is what does not come from there: ``path`` is a kind of file (a lower-case ending) that
    the person left out.
    """

    source_id: str
    batch_id: str
    kind: str
    path: str


class Batch(Frozen):
    """One act of adding. ``skipped`` counts by reason what discovery left out."""

    batch_id: str
    kb_id: str
    label: str
    origin: str  # "window" or "command"
    priority: int = 0
    paused: bool = False
    discovering: bool = True
    found: int = 0
    already_listed: int = 0
    unchanged: int = 0
    skipped: dict[str, int] = Field(default_factory=dict)
    created_at: datetime
    finished_at: datetime | None = None
    deleted_at: datetime | None = None


class HistoryEntry(Frozen):
    """One transition of a job."""

    at: datetime
    from_status: JobStatus | None
    to_status: JobStatus
    actor: str
    reason: str | None = None


class IngestionState(Frozen):
    """The checkpoint of a job: what is done, what is next, under which recipe."""

    job_id: str
    version_key: str | None = None  # content hash and recipe of the version being built
    recipe: str = ""
    segments_total: int = 0
    segments_done: tuple[int, ...] = ()

    @property
    def next_segments(self) -> tuple[int, ...]:
        """Numbers of the segments that are still missing, in order."""
        done = set(self.segments_done)
        return tuple(n for n in range(self.segments_total) if n not in done)


class JobRuntime(Frozen):
    """What is known of a running job and not worth storing: its worker, lease and rates."""

    job_id: str
    worker_id: str
    lease_until: datetime
    units_per_second: float | None = None
    seconds_left: float | None = None


def filename_of(path: str) -> str:
    """The last part of a path as a person reads it."""
    return PurePath(path).name or path
