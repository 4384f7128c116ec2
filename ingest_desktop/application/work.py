"""What producers and the consumer hand to each other, and the bounded queue between them."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from ingest_desktop.domain.enums import JobPhase
from ingest_desktop.domain.errors import QueueEmptyError, QueueError, QueueFullError
from ingest_desktop.domain.interfaces.repository import Claim, KnownPath, Progressed
from ingest_desktop.domain.wire import DocumentPlan, FileSignature, SegmentResult


@dataclass(slots=True, eq=False)
class ActiveJob:
    """A claimed job in this process, from claim to committed ending. Guarded by the scheduler's lock."""

    claim: Claim
    known: KnownPath | None = None
    plan: DocumentPlan | None = None
    recipe: str = ""
    seen: FileSignature | None = None  # how it was when it had just been changed
    missing: set[int] = field(default_factory=set)  # segments not stored yet
    most_readers: int = 0  # children that may have it open at the same time; 0: any number
    readers: dict[str, float] = field(default_factory=dict)  # who has it open, and since when on the last segment
    reused: int = 0  # segments found stored
    done_units: int = 0  # of segments that are stored, or will be with the group in hand
    stored_units: int = 0  # of segments that are on the disk: where a restart goes on
    deaths: int = 0  # of children over the whole file, in this run
    segment_deaths: dict[int, int] = field(default_factory=dict)  # the same over one segment
    alone: bool = False  # its lot broke a child: no neighbours next time
    suspect: bool = False  # a process died over it and it made no headway since: nothing else is read meanwhile
    dropped: bool = False  # taken away: what is still in hand of it is thrown away
    started: float = field(default_factory=time.monotonic)
    indexing_seconds: float = 0.0  # in this run

    def __post_init__(self) -> None:
        self.suspect = self.claim.crashes > 0

    @property
    def total_units(self) -> int:
        """The length of the document in its unit; 0 before it was looked at."""
        return sum(segment.stop - segment.start for segment in self.plan.segments) if self.plan is not None else 0

    def stored(self, number: int, seconds: float) -> None:
        """A segment is on the disk; ``seconds`` it took to store."""
        self.indexing_seconds += seconds
        if self.plan is not None:
            segment = self.plan.segments[number]
            self.stored_units += segment.stop - segment.start

    def progressed(self, phase: JobPhase) -> Progressed:
        """What the ledger should know of it."""
        unit = self.plan.unit if self.plan is not None and self.plan.unit == "page" else "byte"
        claim = self.claim
        return Progressed(claim.job_id, claim.token, phase.value, self.stored_units, self.total_units, unit)


@dataclass(frozen=True, slots=True)
class Stored:
    """A segment to store. ``job`` goes live when it was the last one missing."""

    job: ActiveJob
    result: SegmentResult


@dataclass(frozen=True, slots=True)
class Complete:
    """Nothing is left to extract: all segments are stored already, or the content has a twin."""

    job: ActiveJob


@dataclass(frozen=True, slots=True)
class Same:
    """The file still has the content that its path is known for."""

    job: ActiveJob
    plan: DocumentPlan


@dataclass(frozen=True, slots=True)
class Fault:
    """The file could not be read."""

    job: ActiveJob
    code: str
    message: str
    final: bool = False  # trying again is of no use
    reason: str = ""  # of what is left out: one of ``media.REASONS``


Result = Stored | Complete | Same | Fault


class ResultQueueClosed(QueueError, RuntimeError):
    """Nobody takes results any more: what is handed in now is read again at the next start."""


class ResultQueue:
    """The bounded queue between producers and the consumer: a full queue holds producers back.

    One entry is the list of results that a producer gathered from one task. Closes in order: after ``close`` no
    ``put`` is taken, and ``get`` gives what is left, then None.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: deque[list[Result]] = deque()
        self._closed = False
        self._condition = threading.Condition()

    def put(self, results: list[Result], timeout_seconds: float | None = None) -> None:
        """Wait for room and add.

        Raises:
            QueueFullError: There was no room in time; without a limit it waits on.
            ResultQueueClosed: A producer outlived its consumer.
        """
        with self._condition:
            if not self._condition.wait_for(self._has_room, timeout_seconds):
                raise QueueFullError(f"{self._capacity} results wait to be stored already.")
            if self._closed:
                raise ResultQueueClosed("The result queue is closed.")
            self._entries.append(results)
            self._condition.notify_all()

    def _has_room(self) -> bool:
        return self._closed or len(self._entries) < self._capacity

    def get(self, timeout_seconds: float) -> list[Result] | None:
        """The next entry; None when the queue is closed and drained.

        Raises:
            QueueEmptyError: None came in time; more may come.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: self._entries or self._closed, timeout_seconds):
                raise QueueEmptyError("No result came in time.")
            if not self._entries:
                return None
            entry = self._entries.popleft()
            self._condition.notify_all()
            return entry

    def close(self) -> None:
        """Take no more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def __len__(self) -> int:
        return len(self._entries)
