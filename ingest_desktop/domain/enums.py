"""Statuses, phases, outcomes, and the one table of allowed status changes."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ingest_desktop.domain.errors import StateTransitionError


class JobStatus(StrEnum):
    """Where a job stands. Stored and shown by these values."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """True when nothing more happens to the job unless a person asks for it."""
        return self in TERMINAL


class JobPhase(StrEnum):
    """What is being done for a job right now."""

    WAITING = "waiting"
    HASHING = "hashing"
    EXTRACTING = "extracting"
    RECOGNISING = "recognising"
    CHUNKING = "chunking"
    INDEXING = "indexing"
    EMBEDDING = "embedding"
    FINALISING = "finalising"


class Outcome(StrEnum):
    """How a completed job ended."""

    INGESTED = "ingested"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    LEFT_OUT = "left_out"  # no document: sound, film, a font, a program; nothing of it is stored


class JobEvent(StrEnum):
    """What moves a job from one status to another."""

    CLAIM = "claim"  # a worker takes it under a lease
    COMPLETE = "complete"
    FAIL = "fail"
    RELEASE = "release"  # a worker gives it back: shutdown, or a retry that is due later
    RECOVER = "recover"  # its worker died or its lease ran out
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"


class PauseScope(StrEnum):
    """Who paused a job: resuming a scope wakes only what that scope put to sleep."""

    JOB = "job"
    BATCH = "batch"
    KNOWLEDGE_BASE = "kb"
    APP = "app"


class Actor(StrEnum):
    """Who asked for a transition; kept in the history."""

    WINDOW = "window"
    COMMAND = "command"
    WORKER = "worker"
    RECOVERY = "recovery"


TERMINAL: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
ACTIVE: Final = frozenset({JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED})

TRANSITIONS: Final[Mapping[tuple[JobStatus, JobEvent], JobStatus]] = MappingProxyType(
    {
        (JobStatus.QUEUED, JobEvent.CLAIM): JobStatus.RUNNING,
        (JobStatus.QUEUED, JobEvent.PAUSE): JobStatus.PAUSED,
        (JobStatus.QUEUED, JobEvent.CANCEL): JobStatus.CANCELLED,
        (JobStatus.RUNNING, JobEvent.COMPLETE): JobStatus.COMPLETED,
        (JobStatus.RUNNING, JobEvent.FAIL): JobStatus.FAILED,
        (JobStatus.RUNNING, JobEvent.RELEASE): JobStatus.QUEUED,
        (JobStatus.RUNNING, JobEvent.RECOVER): JobStatus.QUEUED,
        (JobStatus.RUNNING, JobEvent.PAUSE): JobStatus.PAUSED,
        (JobStatus.RUNNING, JobEvent.CANCEL): JobStatus.CANCELLED,
        (JobStatus.PAUSED, JobEvent.RESUME): JobStatus.QUEUED,
        (JobStatus.PAUSED, JobEvent.CANCEL): JobStatus.CANCELLED,
        (JobStatus.FAILED, JobEvent.RETRY): JobStatus.QUEUED,
        (JobStatus.CANCELLED, JobEvent.RETRY): JobStatus.QUEUED,
        (JobStatus.COMPLETED, JobEvent.RETRY): JobStatus.QUEUED,  # only where `may_retry` says so
    }
)
"""The truth about status changes. Buttons, the store's guard, the docs and the tests read it."""


def sources_of(event: JobEvent) -> frozenset[JobStatus]:
    """The statuses from which ``event`` is allowed."""
    return frozenset(status for (status, known) in TRANSITIONS if known is event)


def target_of(event: JobEvent) -> JobStatus:
    """The status that ``event`` leads to; the same from everywhere it is allowed."""
    (target,) = {to for (_, known), to in TRANSITIONS.items() if known is event}
    return target


def may_retry(status: JobStatus, outcome: Outcome | None, gaps: int) -> bool:
    """Whether reading a job's file again can be of use: a completed one without text, or with gaps, may be read anew.

    Args:
        gaps: Units that could not be read, 0 or more.
    """
    if status is JobStatus.COMPLETED:
        return outcome is Outcome.EMPTY or gaps > 0
    return can(status, JobEvent.RETRY)


def can(status: JobStatus, event: JobEvent) -> bool:
    """Whether the table has this pair."""
    return (status, event) in TRANSITIONS


def transition_or_raise(current: JobStatus, target: JobStatus, *, job_id: str = "") -> JobStatus:
    """Return ``target`` when some event leads from ``current`` to it.

    Raises:
        StateTransitionError: No event does. The error names both states and the job.
    """
    if any(source is current and to is target for (source, _), to in TRANSITIONS.items()):
        return target
    raise StateTransitionError(job_id=job_id, current=current.value, target=target.value)


def apply_or_raise(current: JobStatus, event: JobEvent, *, job_id: str = "") -> JobStatus:
    """Return the status after ``event``.

    Raises:
        StateTransitionError: The table lacks the pair.
    """
    try:
        return TRANSITIONS[current, event]
    except KeyError:
        target = target_of(event)
        raise StateTransitionError(job_id=job_id, current=current.value, target=target.value) from None
