"""What the parts of the ledger share: its engine and clock, the revision, and rows made into models."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import LedgerDamaged, NotFoundError
from ingest_desktop.domain.models import Batch, Job, KnowledgeBase
from ingest_desktop.infrastructure.database import from_db_path
from ingest_desktop.infrastructure.hands import Hands
from ingest_desktop.infrastructure.locks import LockFile

CHUNK_ROWS: Final = 2_000  # rows a revision is shared by at most, and ids handed to one statement

P = ParamSpec("P")
T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970, as the ledger stores times."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(micros: int) -> datetime:
    """The time that ``to_micros`` stored."""
    return _EPOCH + timedelta(microseconds=micros)


def to_moment_or_none(micros: int | None) -> datetime | None:
    """As ``to_moment``; None stays None."""
    return None if micros is None else to_moment(micros)


def parts_of(items: Iterable[Any], size: int = CHUNK_ROWS) -> Iterator[list[Any]]:
    """The items in lists of at most ``size``."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part


def as_json(ids: Sequence[Any]) -> str:
    """Ids as the JSON list that ``json_each`` reads: one parameter for any number of them."""
    return json.dumps(ids, separators=(",", ":"))


def job_number(job_id: str) -> int:
    """The row number of a job or batch id.

    Raises:
        NotFoundError: No id of ours looks like that.
    """
    if job_id.isascii() and job_id.isdigit() and len(job_id) < 19:
        return int(job_id)
    raise NotFoundError(f"There is no job or batch {job_id!r}: they have numbers.")


@dataclass(slots=True)
class WatchedLease:
    """Another worker's lease as this process saw it last.

    Attributes:
        looked: When that was, by our own ticks.
        silent_seconds: For how long we have seen it unchanged.
        answered: Whether we ever saw it change.
    """

    lease: int
    looked: float
    silent_seconds: float = 0.0
    answered: bool = False


class LedgerBase:
    """The open store and the helpers of every part. ``Ledger`` is the parts together."""

    engine: Engine
    root: Path
    clock: Callable[[], datetime]
    lease_seconds: float
    queue_limit: int
    worker_locks: dict[str, LockFile]
    worker_hands: dict[str, Hands]
    worker_labels: dict[str, str]  # of this process; a worker that was given up for dead enters itself again
    seen_leases: dict[str, WatchedLease]
    ticks: Callable[[], float]
    longest_wait_seconds: float

    def _now(self) -> int:
        return to_micros(self.clock())


def next_revision(connection: Connection) -> int:
    """Count the store's revision up. What this transaction changes is found by it."""
    return step(connection, "revision", 1)


def step(connection: Connection, key: str, by: int) -> int:
    """Add to a number of ``app_state`` and return the new value."""
    sql = "UPDATE app_state SET value = value + ? WHERE key = ? RETURNING value"
    return state_number(connection.exec_driver_sql(sql, (by, key)).scalar())


def settle_batches(connection: Connection, batch_ids: Iterable[int], now: int) -> None:
    """Note which of these batches have now ended, and which have work again."""
    rows = [(now, batch_id, f"batch:{batch_id}") for batch_id in batch_ids]
    if rows:
        connection.exec_driver_sql(
            "UPDATE ingest_batches SET finished_at = CASE WHEN discovering = 0 AND "
            "(SELECT open + paused FROM counters WHERE scope = 'batch:' || ingest_batches.id) = 0 "
            "THEN coalesce(finished_at, ?) END WHERE id = ? "
            "AND (finished_at IS NULL) = (SELECT open + paused = 0 FROM counters WHERE scope = ?)",
            rows,
        )


# --- rows ----------------------------------------------------------------------------------------


def from_row(make: Callable[P, T]) -> Callable[P, T]:
    """For what makes models of rows: a row that holds what no row of ours can hold is damage, and told as such."""

    @wraps(make)
    def made(*args: P.args, **named: P.kwargs) -> T:
        try:
            return make(*args, **named)
        except (KeyError, ValueError, TypeError, OverflowError) as error:  # pydantic's and JSON's are ValueErrors
            what = " ".join(str(error).split())[:120]
            text = f"The list of jobs holds a value that it cannot hold ({what}): 'ingest check --fix' mends that."
            raise LedgerDamaged(text) from error

    return made


@from_row
def state_number(value: Any) -> int:
    """A number of ``app_state``, which has a row for it from the first day."""
    return int(value)


@from_row
def status_of(value: Any) -> JobStatus:
    """The status that a row holds."""
    return JobStatus(value)


@from_row
def outcome_of(value: Any) -> Outcome | None:
    """The outcome that a row holds, or None."""
    return None if value is None else Outcome(value)


JOB_COLUMNS: Final = (
    "id, kb_id, batch_id, source_path, original_filename, byte_size, mime_type, checksum, status, phase, outcome, "
    "progress, unit, units_done, units_total, priority, attempts, error_code, error_message, message, document_id, "
    "pause_scope, due_at, dead_lettered, chunk_count, gaps, crashes, created_at, updated_at, started_at, completed_at, deleted_at, "
    "revision"
)
_JOB_FIELDS: Final = tuple(JOB_COLUMNS.split(", "))
_STATUS: Final = {status.value: status for status in JobStatus}
_PHASE: Final = {phase.value: phase for phase in JobPhase}
_OUTCOME: Final[dict[str | None, Outcome | None]] = {None: None, **{outcome.value: outcome for outcome in Outcome}}
_SCOPE: Final[dict[str | None, PauseScope | None]] = {None: None, **{scope.value: scope for scope in PauseScope}}


@from_row
def job_of(row: Sequence[Any]) -> Job:
    """The model of a row of ``JOB_COLUMNS``. Not validated again: the table's writers are ours, and pages must be fast."""
    found: dict[str, Any] = dict(zip(_JOB_FIELDS, row, strict=True))
    found["id"] = str(found["id"])
    found["batch_id"] = str(found["batch_id"])
    found["source_path"] = from_db_path(found["source_path"])
    found["status"] = _STATUS[found["status"]]
    found["phase"] = _PHASE[found["phase"]]
    found["outcome"] = _OUTCOME[found["outcome"]]
    found["pause_scope"] = _SCOPE[found["pause_scope"]]
    found["dead_lettered"] = bool(found["dead_lettered"])
    found["created_at"] = to_moment(found["created_at"])
    found["updated_at"] = to_moment(found["updated_at"])
    for name in ("due_at", "started_at", "completed_at", "deleted_at"):
        found[name] = to_moment_or_none(found[name])
    # What `model_construct` does, without its walk over the fields, all of which are here but the receipt: a third of
    # the time of a page went there.
    found["receipt"] = None
    job = Job.__new__(Job)
    object.__setattr__(job, "__dict__", found)
    object.__setattr__(job, "__pydantic_fields_set__", set(_JOB_FIELDS))
    object.__setattr__(job, "__pydantic_extra__", None)
    object.__setattr__(job, "__pydantic_private__", None)
    return job


KB_COLUMNS: Final = "kb_id, name, paused, created_at, deleted_at"


@from_row
def knowledge_base_of(row: Sequence[Any]) -> KnowledgeBase:
    """The model of a row of ``KB_COLUMNS``."""
    kb_id, name, paused, created_at, deleted_at = row
    return KnowledgeBase(
        kb_id=kb_id,
        name=name,
        paused=bool(paused),
        created_at=to_moment(created_at),
        deleted_at=to_moment_or_none(deleted_at),
    )


BATCH_COLUMNS: Final = (
    "id, kb_id, label, origin, priority, paused, discovering, found, already_listed, unchanged, skipped, created_at, "
    "finished_at, deleted_at"
)
_BATCH_FIELDS: Final = ("batch_id", *BATCH_COLUMNS.split(", ")[1:])


@from_row
def batch_of(row: Sequence[Any]) -> Batch:
    """The model of a row of ``BATCH_COLUMNS``."""
    found: dict[str, Any] = dict(zip(_BATCH_FIELDS, row, strict=True))
    found["batch_id"] = str(found["batch_id"])
    found["skipped"] = json.loads(found["skipped"])
    found["created_at"] = to_moment(found["created_at"])
    for name in ("finished_at", "deleted_at"):
        found[name] = to_moment_or_none(found[name])
    return Batch(**found)
