"""Claiming jobs, ending them, giving them back: the path that every file of a million takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Actor, JobPhase, JobStatus
from ingest_desktop.domain.errors import NotFoundError, by_code
from ingest_desktop.domain.interfaces.repository import Claim, Ending, Progressed
from ingest_desktop.infrastructure.database import from_db_path, reading, writing
from ingest_desktop.infrastructure.ledger_base import (
    CHUNK_ROWS,
    LedgerBase,
    as_json,
    job_number,
    next_revision,
    parts_of,
    settle_batches,
    to_micros,
    to_moment_or_none,
)
from ingest_desktop.infrastructure.ledger_gaps import supersede
from ingest_desktop.infrastructure.ledger_picking import Picker
from ingest_desktop.infrastructure.ledger_schema import CLAIMABLE_SQL, QUEUED_SQL

TAKEN_UP_BY: Final = "taken up by "  # and the worker's label: window, ingest run

_PROMOTE: Final = (
    "UPDATE ingest_jobs SET due_at = NULL, revision = ?, updated_at = ? WHERE id IN "
    f"(SELECT id FROM ingest_jobs INDEXED BY ix_due WHERE {QUEUED_SQL} AND due_at IS NOT NULL AND (due_at <= ? OR due_at > ?) "
    "ORDER BY due_at LIMIT ?)"
)
_TAKE: Final = (
    "UPDATE ingest_jobs SET status = 'running', phase = 'hashing', worker_id = ?, token = ?, attempts = attempts + 1, "
    "started_at = coalesce(started_at, ?), updated_at = ?, revision = ? WHERE id = ? AND status = 'queued'"
)
_HISTORY: Final = (
    "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) VALUES (?, ?, ?, ?, ?, ?)"
)
_GUARD: Final = "WHERE id = ? AND token = ? AND status = 'running'"
_COMPLETE: Final = (
    "UPDATE ingest_jobs SET status = 'completed', active = NULL, phase = 'finalising', outcome = ?, progress = 1.0, unit = ?, "
    "units_done = ?, units_total = ?, document_id = coalesce(?, document_id), mime_type = coalesce(?, mime_type), "
    "checksum = coalesce(?, checksum), byte_size = coalesce(?, byte_size), message = ?, chunk_count = ?, gaps = ?, crashes = 0, "
    "error_code = NULL, error_message = NULL, "
    f"worker_id = NULL, token = NULL, updated_at = ?, completed_at = ?, revision = ? {_GUARD}"
)
_FAIL: Final = (
    "UPDATE ingest_jobs SET status = 'failed', active = NULL, error_code = ?, error_message = ?, message = ?, dead_lettered = ?, "
    # What a job brought before it was tried again is still found: its hash stays that of what it stands for.
    "mime_type = coalesce(?, mime_type), checksum = iif(document_id IS NULL, coalesce(?, checksum), checksum), "
    "byte_size = coalesce(?, byte_size), worker_id = NULL, token = NULL, "
    f"updated_at = ?, completed_at = ?, revision = ? {_GUARD}"
)
_WAIT: Final = (
    "UPDATE ingest_jobs SET status = 'queued', phase = 'waiting', error_code = ?, error_message = ?, message = ?, "
    f"due_at = ?, worker_id = NULL, token = NULL, updated_at = ?, revision = ? {_GUARD}"
)
_RELEASE: Final = (
    "UPDATE ingest_jobs SET status = 'queued', phase = 'waiting', attempts = max(0, attempts - ?), worker_id = NULL, "
    f"token = NULL, updated_at = ?, revision = ? {_GUARD}"
)
_PROGRESS: Final = (
    "UPDATE ingest_jobs SET phase = CASE WHEN token IS NULL THEN phase ELSE ? END, progress = ?, units_done = ?, "
    "units_total = ?, unit = ?, crashes = CASE WHEN ? > units_done THEN 0 ELSE crashes END, "  # headway clears it
    "revision = CASE WHEN token IS NULL THEN ? ELSE revision END "
    "WHERE id = ? AND coalesce(token = ?, 1) AND status <> 'completed'"
)


class LedgerQueue(LedgerBase):
    """The queue as workers see it."""

    _last_batch: int = 0  # where the turn of the batches goes on
    _idle: bool = True  # the last claim found nothing
    _last_named: tuple[int, frozenset[object]] = (0, frozenset())  # of the batch that was asked for last

    def claim(
        self, worker_id: str, *, limit: int, max_bytes: int, batch_id: str | None = None, paused_ok: bool = False
    ) -> list[Claim]:
        """Take the most urgent due jobs: by priority, then those moved to the front by hand, then batches in turn.

        Args:
            worker_id: From ``register_worker``.
            limit: Most jobs to take.
            max_bytes: The sizes together stay within this, unless the first job alone is larger.
            batch_id: Take from this batch only.
            paused_ok: Take also what belongs to a paused batch, knowledge base or program but is queued itself.
        """
        only = None if batch_id is None else job_number(batch_id)
        if limit < 1 or (self._idle and not self._has_claimable()):
            return []
        # Not durable: after a loss of power no worker lives, and a job that waits again is what recovery would make of it.
        with writing(self.engine, durable=False) as connection:
            now = self._now()
            label = connection.exec_driver_sql("SELECT label FROM workers WHERE id = ?", (worker_id,)).scalar()
            if label is None:
                raise NotFoundError(f"There is no worker {worker_id}.")
            revision = next_revision(connection)
            promoted = connection.exec_driver_sql(
                _PROMOTE, (revision, now, now, now + self._longest_wait, CHUNK_ROWS)
            ).rowcount
            picker = Picker(connection, limit, max_bytes, only, paused_ok, self._last_batch)
            rows = [] if picker.app_paused() and not paused_ok else picker.pick()
            self._last_batch, self._idle = picker.last_batch, not rows
            if not rows:
                transaction = connection.get_transaction()
                if not promoted and transaction is not None:
                    transaction.rollback()  # nothing happened: no revision, no wait for the disk
                return []
            # The revision also fences: whoever had the job before holds a smaller one.
            connection.exec_driver_sql(_TAKE, [(worker_id, revision, now, now, revision, row[0]) for row in rows])
            running, queued = JobStatus.RUNNING.value, JobStatus.QUEUED.value
            step = (now, queued, running, Actor.WORKER.value, f"{TAKEN_UP_BY}{label}")
            connection.exec_driver_sql(_HISTORY, [(row[0], *step) for row in rows])
            named = {batch: self._named(connection, batch) for batch in {row[2] for row in rows}}
            return [
                Claim(
                    row[0], revision, row[1], str(row[2]), from_db_path(row[3]), row[4], row[5] + 1, row[6],
                    not named[row[2]] or row[3] in named[row[2]],
                )
                for row in rows
            ]  # fmt: skip

    def _named(self, connection: Connection, batch: int) -> frozenset[object]:
        """What a person named for a batch, as it is stored; nothing for a batch that came of no search, as a repair makes.

        It is written with the batch and never changed, so it is not asked for again while one batch is worked on.
        """
        last, found = self._last_named
        if last != batch:
            sql = "SELECT path FROM ingest_sources WHERE batch_id = ? AND kind <> 'without'"
            found = frozenset(connection.exec_driver_sql(sql, (batch,)).scalars())
            self._last_named = (batch, found)
        return found

    def _has_claimable(self) -> bool:
        """Whether it is worth taking the write lock: idle workers must not write."""
        sql = (
            f"SELECT EXISTS (SELECT 1 FROM ingest_jobs INDEXED BY ix_claim WHERE {CLAIMABLE_SQL}) OR EXISTS "
            f"(SELECT 1 FROM ingest_jobs INDEXED BY ix_due WHERE {QUEUED_SQL} AND due_at IS NOT NULL AND (due_at <= ? OR due_at > ?))"
        )
        now = self._now()
        with reading(self.engine) as connection:
            return bool(connection.exec_driver_sql(sql, (now, now + self._longest_wait)).scalar())

    def still_mine(self, claims: Sequence[Claim]) -> set[int]:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            return _mine(connection, claims)

    @contextmanager
    def ending(self, endings: Sequence[Ending]) -> Iterator[set[int]]:
        """See ``Repository``. An exception inside the ``with`` leaves the jobs running and ours.

        An ending that holds no more than its claim when the ``with`` is left leaves its job running and ours too.
        """
        with writing(self.engine) as connection:
            mine = _mine(connection, [ending.claim for ending in endings])
            yield mine
            ours = [ending for ending in endings if ending.claim.job_id in mine and _is_decided(ending)]
            if ours:
                _write_endings(connection, ours, self._now())

    def release(self, claims: Sequence[Claim], *, reason: str, attempt_counts: bool) -> None:
        """Give jobs back to the queue; those that are ours no more are left alone."""
        if not claims:
            return
        with writing(self.engine) as connection:
            mine = _mine(connection, claims)
            now, revision, back = self._now(), next_revision(connection), int(not attempt_counts)
            ours = [claim for claim in claims if claim.job_id in mine]
            if not ours:
                return
            rows = [(back, now, revision, claim.job_id, claim.token) for claim in ours]
            connection.exec_driver_sql(_RELEASE, rows)
            running, queued = JobStatus.RUNNING.value, JobStatus.QUEUED.value
            history = [(claim.job_id, now, running, queued, Actor.WORKER.value, reason) for claim in ours]
            connection.exec_driver_sql(_HISTORY, history)

    def note_progress(self, rows: Sequence[Progressed]) -> None:
        """See ``Repository``. Of running jobs it changes no revision: their progress is shown from memory."""
        if not rows:
            return
        with writing(self.engine, durable=False) as connection:
            sql = "SELECT 1 FROM ingest_jobs WHERE id IN (SELECT value FROM json_each(?)) AND token IS NULL LIMIT 1"
            taken = connection.exec_driver_sql(sql, (as_json([row.job_id for row in rows]),)).scalar()
            revision = next_revision(connection) if taken else 0
            connection.exec_driver_sql(
                _PROGRESS,
                [
                    (
                        JobPhase(row.phase).value,
                        _fraction(row),
                        row.done,
                        row.total,
                        row.unit,
                        row.done,
                        revision,
                        row.job_id,
                        row.token,
                    )
                    for row in rows
                ],
            )

    def next_due(self) -> datetime | None:
        """See ``Repository``."""
        due = f"FROM ingest_jobs INDEXED BY ix_due WHERE {QUEUED_SQL} AND due_at IS NOT NULL"
        sql = f"SELECT (SELECT min(due_at) {due}), EXISTS (SELECT 1 {due} AND due_at > ?)"
        now = self._now()
        with reading(self.engine) as connection:
            first, waits_too_long = connection.exec_driver_sql(sql, (now + self._longest_wait,)).one()
        return to_moment_or_none(min(first, now) if waits_too_long else first)

    @property
    def _longest_wait(self) -> int:
        """Microseconds. What is due later was put off before the clock was set back."""
        return int(self.longest_wait_seconds * 1_000_000)


def _fraction(row: Progressed) -> float:
    """Never quite 1 before the job has ended."""
    return 0.99 * min(1.0, row.done / row.total) if row.total else 0.0


def _is_decided(ending: Ending) -> bool:
    return ending.outcome is not None or ending.error_code is not None or ending.retry_at is not None


def _mine(connection: Connection, claims: Sequence[Claim]) -> set[int]:
    """Ids of those that still run under the token of the claim."""
    mine: set[int] = set()
    for part in parts_of(claims):
        tokens = {claim.job_id: claim.token for claim in part}
        rows = connection.exec_driver_sql(
            "SELECT id, token FROM ingest_jobs WHERE id IN (SELECT value FROM json_each(?)) AND status = 'running'",
            (as_json(list(tokens)),),
        )
        mine.update(job_id for job_id, token in rows if tokens[job_id] == token)
    return mine


def _write_endings(connection: Connection, endings: Sequence[Ending], now: int) -> None:
    """Rows, history and receipts of jobs that are known to be ours."""
    revision, codes = next_revision(connection), by_code()
    complete: list[tuple[Any, ...]] = []
    fail: list[tuple[Any, ...]] = []
    wait: list[tuple[Any, ...]] = []
    history: list[tuple[Any, ...]] = []
    receipts: list[tuple[int, str]] = []
    for ending in endings:
        claim, error, text = ending.claim, ending.error_code, ending.error_message
        guard = (revision, claim.job_id, claim.token)
        if ending.retry_at is not None:
            target, reason = JobStatus.QUEUED, error or "retry"
            wait.append((error, text, ending.message, to_micros(ending.retry_at), now, *guard))
        elif ending.outcome is not None:
            target, reason = JobStatus.COMPLETED, ending.outcome.value
            complete.append((*_result(ending), now, now, *guard))
        else:
            target, reason = JobStatus.FAILED, error or "ingest"
            found = codes.get(reason)
            dead = found is not None and found.retryable
            seen = (ending.media_type, ending.checksum, ending.size)
            fail.append((reason, text, ending.message, dead, *seen, now, now, *guard))
        history.append((claim.job_id, now, JobStatus.RUNNING.value, target.value, Actor.WORKER.value, reason))
        if ending.receipt is not None:
            receipts.append((claim.job_id, ending.receipt.model_dump_json(exclude_defaults=True)))
    for sql, rows in ((_COMPLETE, complete), (_FAIL, fail), (_WAIT, wait), (_HISTORY, history)):
        if rows:
            connection.exec_driver_sql(sql, rows)
    if receipts:
        connection.exec_driver_sql("INSERT OR REPLACE INTO job_receipts (job_id, json) VALUES (?, ?)", receipts)
    if complete:
        _forget_hiding(connection, [ending.claim.job_id for ending in endings if ending.outcome is not None])
        supersede(connection, endings, revision)
    settle_batches(connection, {int(ending.claim.batch_id) for ending in endings}, now)


def _result(ending: Ending) -> tuple[Any, ...]:
    assert ending.outcome is not None
    chunks = ending.receipt.chunks_stored if ending.receipt else 0
    units = (ending.unit, ending.units, ending.units)
    content = (ending.document_id, ending.media_type, ending.checksum, ending.size)
    return (ending.outcome.value, *units, *content, ending.message, chunks, ending.gaps)


def _forget_hiding(connection: Connection, completed: Sequence[int]) -> None:
    """A path that was just read again must not be hidden by a deletion that came before."""
    if connection.exec_driver_sql("SELECT EXISTS (SELECT 1 FROM outbox)").scalar():
        connection.exec_driver_sql(
            "DELETE FROM outbox WHERE op IN ('hide', 'purge') AND EXISTS (SELECT 1 FROM ingest_jobs j "
            "WHERE j.id IN (SELECT value FROM json_each(?)) AND j.kb_id = outbox.kb_id AND j.source_path = outbox.path)",
            (as_json(completed),),
        )
