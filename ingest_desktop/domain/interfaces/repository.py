"""The ledger (the truth about jobs) and the content store (the truth about what was read).

A long room, as one Protocol cannot be split: whoever writes another store finds here all that it owes.
"""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from ingest_desktop.domain.causes import Cause, Tool
from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.models import (
    ActionResult,
    Batch,
    Chunk,
    Counts,
    Document,
    HistoryEntry,
    IngestionState,
    Job,
    JobQuery,
    JobRuntime,
    JobSelector,
    KnowledgeBase,
    QueueMove,
    Receipt,
    Source,
)
from ingest_desktop.domain.wire import ChunkRow, DocumentPlan, FileSignature, SegmentResult


class FoundFile(NamedTuple):
    """A file that discovery found."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


class SameContent(NamedTuple):
    """What a file that has not changed since it was read is known to be."""

    document_id: str
    checksum: str | None = None
    media_type: str | None = None
    chunks: int = 0
    gaps: int = 0


class Added(NamedTuple):
    """What adding files did. ``already`` holds ids of jobs that were in the list, at most 1,000."""

    added: int
    already_listed: int
    unchanged: int
    already: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of this worker. ``token`` fences off late writes of whoever had it before."""

    job_id: int
    token: int
    kb_id: str
    batch_id: str
    path: str
    size: int
    attempts: int
    crashes: int = 0  # processes that died over the file since it last made headway
    named: bool = False  # by the person, itself: when it is a link it is followed; one that a search found is not


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claimed job ends. ``outcome`` for a completion, else ``error_code``; ``retry_at`` sends it back to wait."""

    claim: Claim
    outcome: Outcome | None = None
    error_code: str | None = None
    error_message: str | None = None
    message: str | None = None
    retry_at: datetime | None = None
    document_id: str | None = None
    media_type: str | None = None
    checksum: str | None = None
    units: int = 0
    unit: str = "byte"
    size: int | None = None  # bytes, as it was read; None: not read
    gaps: int = 0  # units that could not be read
    receipt: Receipt | None = None


class Progressed(NamedTuple):
    """How far the stored segments of a claimed job have come. ``total`` 0: not known yet."""

    job_id: int
    token: int
    phase: str  # a ``JobPhase``
    done: int
    total: int
    unit: str


class OthersAtWork(NamedTuple):
    """What other workers have in hand.

    ``labels`` say what they are. ``is_unsure``: one of them was not seen to extend its lease lately. It may be dead, and
    then its jobs will be taken from it.
    """

    jobs: int = 0
    labels: tuple[str, ...] = ()
    is_unsure: bool = False


class OutOfReach(NamedTuple):
    """A job that failed because its file was not there, or might not be read."""

    job_id: int
    path: str


class OutboxEntry(NamedTuple):
    """What the content store has yet to be told. ``op``: "hide", "show" or "purge" a path, "drop" a knowledge base."""

    entry_id: int
    kb_id: str
    op: str
    path: str


class Repository(Protocol):
    """The ledger. Any thread; every write is one durable transaction.

    Raises from every method: ``StoreBusy``, ``StoreFull``, ``StoreDamaged``; ``NotFoundError`` for
    an unknown id; ``InvalidRequestError`` for a value that cannot be.
    """

    # knowledge bases -----------------------------------------------------------------------
    def knowledge_bases(self, *, deleted: bool = False) -> list[KnowledgeBase]:
        """Those in use (or, with ``deleted``, those in the trash), by name. A fresh store has "Library"."""
        ...

    def create_knowledge_base(self, name: str) -> KnowledgeBase: ...

    def rename_knowledge_base(self, kb_id: str, name: str) -> None: ...

    def delete_knowledge_base(self, kb_id: str, *, actor: Actor) -> None:
        """Into the trash, with its jobs: running ones are stopped first."""
        ...

    def restore_knowledge_base(self, kb_id: str) -> None: ...

    # adding --------------------------------------------------------------------------------
    def create_batch(
        self,
        kb_id: str,
        roots: Sequence[str],
        *,
        origin: str,
        priority: int,
        label: str,
        without: Sequence[str] = (),
    ) -> Batch:
        """Make a batch and its sources durable, before a file is looked for. ``without``: kinds that are left out."""
        ...

    def room(self) -> int:
        """How many more jobs may be added before the queue is full; 0 or more."""
        ...

    def listed_paths(self, kb_id: str, paths: Sequence[str]) -> set[str]:
        """Those of the paths that would not be added again, as a job of this knowledge base has them in hand."""
        ...

    def add_jobs(self, batch_id: str, files: Sequence[FoundFile], *, known: dict[str, SameContent]) -> Added:
        """Make jobs of files. A path that is active in this knowledge base is not added again.

        ``known`` maps a path to its unchanged content: its job is completed at once.

        Raises:
            QueueFullError: The queue limit would be passed; nothing of ``files`` was added.
        """
        ...

    def finish_discovery(self, batch_id: str, skipped: dict[str, int]) -> None: ...

    def sources(self, batch_id: str) -> list[Source]:
        """Where the files of a batch come from. Raises ``NotFoundError`` for one that is not there."""
        ...

    def unfinished_discoveries(self) -> list[tuple[Batch, list[Source]]]:
        """Batches whose search for files was cut short."""
        ...

    # working -------------------------------------------------------------------------------
    def register_worker(self, label: str) -> str:
        """Enter this process as a worker and recover the jobs of dead ones. Returns its id."""
        ...

    def heartbeat(self, worker_id: str) -> int:
        """Extend the lease, recover jobs of workers whose lease ran out; how many were recovered."""
        ...

    def others_at_work(self, worker_id: str) -> OthersAtWork:
        """Which jobs other workers have in hand, and whether these workers answer, by what ``heartbeat`` saw."""
        ...

    def unregister_worker(self, worker_id: str) -> None: ...

    def claim(
        self, worker_id: str, *, limit: int, max_bytes: int, batch_id: str | None = None, paused_ok: bool = False
    ) -> list[Claim]:
        """Take the most urgent due jobs: by priority, then fair share among batches, then queue order."""
        ...

    def note_in_hand(self, worker_id: str, seat: int, claim: Claim | None) -> None:
        """What a reader (counted from 0) has begun, or None: should this process be killed now, that file is suspect.

        Any thread; at once; not durable against a loss of power, after which nothing is suspected.
        """
        ...

    def blame(self, claim: Claim) -> None:
        """A process died over this file: count it. Headway (a further segment stored) clears the count."""
        ...

    def still_mine(self, claims: Sequence[Claim]) -> set[int]:
        """Job ids of those that nobody took away."""
        ...

    def ending(self, endings: Sequence[Ending]) -> AbstractContextManager[set[int]]:
        """End jobs in one transaction, with the ledger locked so that nobody takes them away meanwhile.

        Yields the ids that are still ours. Inside the ``with``: make their content live. Leaving it commits, an
        exception rolls back. Late endings are left out, not raised. ``endings`` is read when the ``with`` is left,
        so a list may hold mere claims at first and be filled inside, once the outcomes are known.
        """
        ...

    def release(self, claims: Sequence[Claim], *, reason: str, attempt_counts: bool) -> None:
        """Give jobs back to the queue."""
        ...

    def note_progress(self, rows: Sequence[Progressed]) -> None:
        """Write down how far jobs have come, also those that were just paused or taken away; not those that are
        completed or in other hands. What is not stored does not count: a restart could not go on from it. One that
        came further is suspect no more."""
        ...

    # acting --------------------------------------------------------------------------------
    def act(
        self,
        selector: JobSelector,
        event: JobEvent,
        *,
        actor: Actor,
        reason: str | None = None,
        scope: PauseScope = PauseScope.JOB,
        all_or_nothing: bool = False,
    ) -> ActionResult:
        """Move jobs along the transition table. Named jobs that may not are refused and left as they are; with
        ``all_or_nothing`` the first such raises ``StateTransitionError`` and nothing is changed."""
        ...

    def delete(self, selector: JobSelector, *, actor: Actor) -> ActionResult:
        """Soft-delete jobs; running ones are stopped. The result's token takes it back."""
        ...

    def undo_delete(self, token: str) -> ActionResult: ...

    def outbox(self, limit: int = 1_000) -> list[OutboxEntry]:
        """What the content store has yet to be told, oldest first."""
        ...

    def outbox_targets(self) -> dict[str, bool]:
        """Knowledge bases that have something to be told; True when it is that they are dropped."""
        ...

    def outbox_done(self, ids: Sequence[int]) -> None:
        """The content store was told."""
        ...

    def outbox_work(self, kb_id: str, limit: int = 1_000) -> AbstractContextManager[list[OutboxEntry]]:
        """As ``outbox`` for one knowledge base, with the ledger locked: tell the content store inside the ``with``; leaving it strikes the
        entries off. No job can end meanwhile, so what was just read again is never hidden."""
        ...

    def purge_candidates(self, before: datetime) -> int:
        """How many jobs were deleted before a time and are still kept."""
        ...

    def trusted_time(self) -> datetime:
        """Now, or the time of an earlier look as long as the clock may have leapt forward by mistake: for an hour after
        it was found days ahead of where it stood before. What is removed for good when it is old enough goes by this.
        """
        ...

    def purge(self, before: datetime, *, limit: int = 5_000) -> int:
        """Remove for good jobs deleted before a time; how many. Call it again while it returns ``limit``."""
        ...

    def hold_base(self, kb_id: str, code: str = "store_damaged") -> bool:
        """Pause a knowledge base that cannot be used, for the error with this code; False when it was paused already.

        With the code "store_damaged" until it is repaired; "store_too_new": until this version can read it;
        "store_forbidden": until it may be written.
        """
        ...

    def move(self, job_ids: Sequence[str], where: QueueMove) -> int: ...

    def set_priority(self, selector: JobSelector, priority: int) -> int: ...

    def set_paused(self, scope: PauseScope, scope_id: str | None, paused: bool) -> None:
        """Remember that a scope is paused, so that what comes into it later waits too."""
        ...

    def app_paused(self) -> bool: ...

    # reading -------------------------------------------------------------------------------
    def job(self, job_id: str) -> Job:
        """One job, with its receipt."""
        ...

    def runtime(self, job_id: str) -> JobRuntime | None:
        """Who works on a job and until when the lease runs; None when nobody does."""
        ...

    def jobs_by_ids(self, job_ids: Sequence[int]) -> list[Job]:
        """Those that exist, in the order asked for, without receipts."""
        ...

    def with_receipts(self, jobs: Sequence[Job]) -> list[Job]:
        """The same jobs with the receipts that they have."""
        ...

    def count_statuses(self, job_ids: Sequence[int]) -> dict[JobStatus, int]:
        """How many of these jobs are in each status; those that were deleted are not counted."""
        ...

    def jobs_page(self, query: JobQuery, *, after: str | None = None, limit: int = 200) -> list[Job]:
        """A keyset page in the query's order; ``after`` is the id of the last job seen."""
        ...

    def job_ids(self, query: JobQuery, *, part: int = 20_000) -> Iterator["array[int]"]:
        """All ids that answer a query, in its order, in parts."""
        ...

    def changed_since(self, revision: int, *, limit: int = 2_000) -> tuple[int, list[int]]:
        """The newest revision covered, and the ids of jobs changed after ``revision``, oldest change first."""
        ...

    def revision(self) -> int: ...

    def counts(self) -> Counts: ...

    def batch_counts(self, batch_id: str) -> Counts: ...

    def batch(self, batch_id: str) -> Batch: ...

    def batches(self, *, limit: int = 100) -> list[Batch]:
        """Newest first."""
        ...

    def history(self, job_id: str) -> list[HistoryEntry]: ...

    def queue_place(self, job_id: str) -> int | None:
        """1-based place among the waiting, or None when it does not wait."""
        ...

    def causes(self, kb_id: str | None = None) -> dict[Cause, int]:
        """How many jobs need a person, by cause."""
        ...

    def count_retryable(self, job_ids: Sequence[int]) -> int:
        """How many of these jobs may be tried again; those that were deleted are not counted."""
        ...

    def count_left_out(self) -> int:
        """How many completed jobs turned out to be no documents; those that were deleted are not counted."""
        ...

    def readable_with(self, tool: Tool, kb_id: str | None = None) -> list[int]:
        """Ids of jobs that ended without text because a program was not there that could have read them."""
        ...

    def out_of_reach(self, *, after: int = 0, limit: int = 200) -> list[OutOfReach]:
        """Failed jobs whose file could not be reached, by their ids, those behind ``after``."""
        ...

    def next_due(self) -> datetime | None:
        """When the next waiting retry may be claimed."""
        ...


class KnownPath(NamedTuple):
    """What a knowledge base has for a path."""

    path: str
    document_id: str
    sha256: str
    recipe: str  # by which this file is read; empty: it is to be read anew
    signature: FileSignature
    chunks: int  # 0: nothing of it can be found
    first_job: int  # the job that brought the path
    job: int  # the job that last made or confirmed what it has
    visible: bool  # False: in the trash
    twin_path: str | None = None  # a visible path that brought this content before; told by ``known`` only
    media_type: str | None = None
    gaps: int = 0  # units that could not be read
    stored_recipe: str = ""  # of what is stored, which a twin of another kind may have brought


@dataclass(slots=True)
class LiveVersion:
    """What became of a version that was finished; counts are those of its receipt."""

    document_id: str
    outcome: Outcome
    chunk_count: int
    twin_path: str | None = None
    segments: int = 0
    units_seen: int = 0
    units_with_text: int = 0
    units_by_ocr: int = 0
    chars: int = 0
    units_failed: tuple[tuple[int, str], ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0  # of reading in all, with the two that follow
    recognising_seconds: float = 0.0
    chunking_seconds: float = 0.0
    language: str = ""  # a guess (ISO 639-1); empty: not clear


class SegmentIn(NamedTuple):
    """A segment to store."""

    plan: DocumentPlan
    recipe: str
    result: SegmentResult


class Finished(NamedTuple):
    """A complete version to make live for a path."""

    path: str
    job_id: int
    plan: DocumentPlan
    recipe: str


class Confirmed(NamedTuple):
    """A path that still has the content it had."""

    path: str
    job_id: int
    signature: FileSignature


class ContentEditor(Protocol):
    """An open transaction that changes which paths answer. ``commit`` ends it; leaving without it rolls back."""

    def hide_paths(self, paths: Sequence[str], hidden: bool) -> None:
        """Take paths out of search, or back."""
        ...

    def purge_paths(self, paths: Sequence[str]) -> None:
        """Remove paths for good."""
        ...

    def commit(self) -> None:
        """Keep what was done."""
        ...


class ContentStore(Protocol):
    """The content of one knowledge base: documents, versions, segments, chunks, full text.

    Reading is for any thread. Writing is for the consumer thread only, inside one open transaction
    that ``commit`` ends; a crash loses the open transaction and no more.
    """

    def known_paths(self, folder: str | None = None) -> dict[str, KnownPath]:
        """What is known of the visible paths below a folder (or of all)."""
        ...

    def known(self, paths: Sequence[str]) -> dict[str, KnownPath]:
        """What is known of these paths."""
        ...

    def state(self, sha256: str, recipe: str, *, job_id: str, segments: int) -> IngestionState:
        """The checkpoint of a version: which of its segments are stored."""
        ...

    def has_document(self, sha256: str, recipe: str) -> bool:
        """Whether a complete version with this content and recipe stands: a file like it is a duplicate."""
        ...

    def add_segments(self, items: Sequence[SegmentIn]) -> int:
        """Store segments' chunks and full text; those stored before are left alone. How many were new."""
        ...

    def finish(self, items: Sequence[Finished]) -> list[LiveVersion]:
        """Make complete versions answer for their paths, in the open transaction; old ones stop answering."""
        ...

    def confirm(self, items: Sequence[Confirmed]) -> set[str]:
        """Note that paths still have the content they had. Those that the store knows no more are returned."""
        ...

    def commit(self) -> None:
        """End the open transaction; the disk has it when this returns."""
        ...

    def rollback(self) -> None:
        """Forget the open transaction."""
        ...

    def begin(self) -> None:
        """Take the write lock now, if it is not held: content is always locked before the ledger."""
        ...

    def editing(self) -> AbstractContextManager["ContentEditor"]:
        """A write transaction of its own, for any thread, that takes paths out or back."""
        ...

    def sweep(self, *, unfinished_before: datetime, limit: int = 64) -> int:
        """Delete a part of what no document has any more; how many segments went."""
        ...

    def documents(self, *, after: str | None = None, limit: int = 200) -> list[Document]: ...

    def document(self, document_id: str) -> Document: ...

    def chunks(self, document_id: str | None = None) -> Iterator[Chunk]:
        """Chunks of complete documents, by source path and ordinal."""
        ...

    def close(self) -> None: ...


__all__ = [
    "Added",
    "ChunkRow",
    "Claim",
    "ContentStore",
    "Ending",
    "FoundFile",
    "KnownPath",
    "LiveVersion",
    "OutboxEntry",
    "Repository",
]
