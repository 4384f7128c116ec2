"""Deleting, taking it back, and removing for good. What the content store is told of it: ``ledger_outbox``."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError
from ingest_desktop.domain.interfaces.repository import OutboxEntry
from ingest_desktop.domain.models import ActionResult, JobSelector, Refusal
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger_actions import IDS_TOLD, group_condition, named_rows, write_history
from ingest_desktop.infrastructure.ledger_adding import live_kb
from ingest_desktop.infrastructure.ledger_base import (
    LedgerBase,
    as_json,
    job_number,
    next_revision,
    parts_of,
    settle_batches,
    status_of,
    to_micros,
    to_moment,
)
from ingest_desktop.infrastructure.ledger_gaps import hand_over, take_back
from ingest_desktop.infrastructure.ledger_outbox import outbox_rows, tell_hidden, tell_purged, tell_shown

_IN: Final = "IN (SELECT value FROM json_each(?))"

# What is deleted can be taken back for so many days, and a clock that leaps forward must not end them.
_SEEN: Final = "clock_seen"  # the time at the last look
_DOUBTED: Final = "clock_doubted"  # and at the first one after a leap
_NOTED_EVERY: Final = 3_600 * 1_000_000  # microseconds, as all of these
_LEAP: Final = 3 * 86_400 * 1_000_000  # further than from one night to the next, or over a weekend
_BELIEVED_AFTER: Final = 3_600 * 1_000_000


class LedgerDeleting(LedgerBase):
    """The trash."""

    def delete(self, selector: JobSelector, *, actor: Actor) -> ActionResult:
        """See ``Repository``. Jobs that were deleted before are refused when named, else left out."""
        with writing(self.engine) as connection:
            batch_id: int | None = None
            refused: list[Refusal] = []
            if selector.job_ids:
                named = named_rows(connection, selector)
                rows = [row for row in named if row[3] is None]
                refused = [_refusal(row, "was deleted already") for row in named if row[3] is not None]
            else:
                where, values = group_condition(connection, selector)
                rows = _live_rows(connection, where, values)
                if selector.batch_id is not None and not selector.statuses:
                    batch_id = job_number(selector.batch_id)
            deletion = self._new_deletion(connection, actor, batch_id=batch_id)
            if batch_id is not None:
                sql = "UPDATE ingest_batches SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL"
                connection.exec_driver_sql(sql, (deletion.at, batch_id))
            deletion.take(rows)
            return ActionResult(
                changed=len(rows),
                job_ids=tuple(str(row[0]) for row in rows[:IDS_TOLD]),
                refused=tuple(refused),
                undo_token=deletion.token,
            )

    def undo_delete(self, token: str) -> ActionResult:
        """Take a deletion back. A job whose file is in the list again meanwhile stays deleted and is told of.

        Raises:
            NotFoundError: There is no such deletion, or it was purged or taken back before.
        """
        with writing(self.engine) as connection:
            return self._undo(connection, token)

    def delete_knowledge_base(self, kb_id: str, *, actor: Actor) -> None:
        """See ``Repository``.

        Raises:
            InvalidRequestError: It is the last one.
        """
        with writing(self.engine) as connection:
            live_kb(connection, kb_id)
            left = connection.exec_driver_sql(
                "SELECT count(*) FROM knowledge_bases WHERE deleted_at IS NULL"
            ).scalar_one()
            if left < 2:
                raise InvalidRequestError("The last knowledge base cannot be deleted.")
            deletion = self._new_deletion(connection, actor, kb_id=kb_id)
            deletion.take(_live_rows(connection, "kb_id = ?", (kb_id,)))
            connection.exec_driver_sql(
                "UPDATE knowledge_bases SET deleted_at = ?, deletion_id = ? WHERE kb_id = ?",
                (deletion.at, deletion.number, kb_id),
            )

    def restore_knowledge_base(self, kb_id: str) -> None:
        """Out of the trash, with the jobs that went with it.

        Raises:
            NotFoundError: It is not in the trash.
            InvalidRequestError: Its name was given to another one meanwhile.
        """
        with writing(self.engine) as connection:
            token = connection.exec_driver_sql(
                "SELECT d.token FROM knowledge_bases k JOIN deletions d ON d.id = k.deletion_id WHERE k.kb_id = ?",
                (kb_id,),
            ).scalar()
            if token is None:
                raise NotFoundError(f"There is no knowledge base {kb_id} in the trash.")
            self._undo(connection, token)

    def _new_deletion(
        self, connection: Connection, actor: Actor, *, kb_id: str | None = None, batch_id: int | None = None
    ) -> "_Deletion":
        token, now = f"d_{secrets.token_hex(8)}", self._now()
        number = connection.exec_driver_sql(
            "INSERT INTO deletions (token, at, actor, kb_id, batch_id) VALUES (?, ?, ?, ?, ?) RETURNING id",
            (token, now, actor.value, kb_id, batch_id),
        ).scalar_one()
        next_revision(connection)
        return _Deletion(connection, int(number), token, now, actor)

    def _undo(self, connection: Connection, token: str) -> ActionResult:
        found = connection.exec_driver_sql(
            "SELECT id, kb_id, batch_id FROM deletions WHERE token = ?", (token,)
        ).first()
        if found is None:
            raise NotFoundError("There is no such deletion, or it cannot be taken back any more.")
        number, kb_id, batch_id = found
        now, back, refused = self._now(), list[int](), list[Refusal]()
        _restore_groups(connection, kb_id, batch_id)
        rows = connection.exec_driver_sql(
            "SELECT id, status, batch_id FROM ingest_jobs WHERE deletion_id = ? ORDER BY id", (number,)
        ).fetchall()
        for part in parts_of(rows):
            changed = set(
                connection.exec_driver_sql(
                    "UPDATE OR IGNORE ingest_jobs SET deleted_at = NULL, deletion_id = NULL, revision = ?, "
                    f"updated_at = ? WHERE id {_IN} RETURNING id",
                    (next_revision(connection), now, as_json([row[0] for row in part])),
                ).scalars()
            )
            back += [row[0] for row in part if row[0] in changed]
            refused += [_refusal(row, "is in the list again already") for row in part if row[0] not in changed]
            tell_shown(connection, sorted(changed), now)
            take_back(connection, sorted(changed), next_revision(connection))
        next_revision(connection)
        if not refused:
            connection.exec_driver_sql("DELETE FROM deletions WHERE id = ?", (number,))
        settle_batches(connection, {row[2] for row in rows}, now)
        told = tuple(str(job) for job in back[:IDS_TOLD])
        return ActionResult(changed=len(back), job_ids=told, refused=tuple(refused[:IDS_TOLD]))

    # what the content store is told ---------------------------------------------------------

    def outbox(self, limit: int = 1_000) -> list[OutboxEntry]:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            return outbox_rows(connection, limit)

    def outbox_targets(self) -> dict[str, bool]:
        """See ``Repository``."""
        sql = "SELECT kb_id, max(op = 'drop') FROM outbox GROUP BY kb_id"
        with reading(self.engine) as connection:
            return {str(kb_id): bool(drop) for kb_id, drop in connection.exec_driver_sql(sql)}

    def outbox_done(self, ids: Sequence[int]) -> None:
        """See ``Repository``."""
        if ids:
            with writing(self.engine) as connection:
                connection.exec_driver_sql(f"DELETE FROM outbox WHERE id {_IN}", (as_json(ids),))

    @contextmanager
    def outbox_work(self, kb_id: str, limit: int = 1_000) -> Iterator[list[OutboxEntry]]:
        """See ``Repository``."""
        with writing(self.engine) as connection:
            entries = outbox_rows(connection, limit, kb_id)
            yield entries
            ids = as_json([entry.entry_id for entry in entries])
            connection.exec_driver_sql(f"DELETE FROM outbox WHERE id {_IN}", (ids,))

    # for good ------------------------------------------------------------------------------

    def purge_candidates(self, before: datetime) -> int:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            return int(
                connection.exec_driver_sql(
                    "SELECT count(*) FROM ingest_jobs WHERE deleted_at IS NOT NULL AND deleted_at < ?",
                    (to_micros(before),),
                ).scalar_one()
            )

    def trusted_time(self) -> datetime:
        """See ``Repository``. A leap is believed when the clock was seen after it twice, some time apart."""
        now = self._now()
        with reading(self.engine) as connection:
            rows = connection.exec_driver_sql("SELECT key, value FROM app_state WHERE key IN (?, ?)", (_SEEN, _DOUBTED))
            state = {str(key): int(value) for key, value in rows}
        seen, doubted = state.get(_SEEN, now), state.get(_DOUBTED)
        if now <= seen + _LEAP or (doubted is not None and now >= doubted + _BELIEVED_AFTER):
            if not seen <= now < seen + _NOTED_EVERY or _SEEN not in state or doubted is not None:
                self._note_time(now, None)
            return to_moment(now)
        if doubted is None or now < doubted:
            self._note_time(seen, now)
        return to_moment(seen)

    def _note_time(self, seen: int, doubted: int | None) -> None:
        with writing(self.engine, durable=False) as connection:
            connection.exec_driver_sql("DELETE FROM app_state WHERE key = ?", (_DOUBTED,))
            rows = [(_SEEN, seen)] + ([] if doubted is None else [(_DOUBTED, doubted)])
            connection.exec_driver_sql("INSERT OR REPLACE INTO app_state (key, value) VALUES (?, ?)", rows)

    def purge(self, before: datetime, *, limit: int = 5_000) -> int:
        """See ``Repository``."""
        cut, now = to_micros(before), self._now()
        with writing(self.engine) as connection:
            rows = list(
                connection.exec_driver_sql(
                    "SELECT id FROM ingest_jobs WHERE deleted_at IS NOT NULL AND deleted_at < ? "
                    "ORDER BY deleted_at LIMIT ?",
                    (cut, limit),
                ).scalars()
            )
            for part in parts_of(rows):
                tell_purged(connection, part, now, next_revision(connection))
                ids = as_json(part)
                for sql in (
                    "INSERT INTO job_names (job_names, rowid, original_filename) "
                    f"SELECT 'delete', id, original_filename FROM ingest_jobs WHERE id {_IN}",
                    f"DELETE FROM job_receipts WHERE job_id {_IN}",
                    f"DELETE FROM job_history WHERE job_id {_IN}",
                    f"DELETE FROM ingest_jobs WHERE id {_IN}",
                ):
                    connection.exec_driver_sql(sql, (ids,))
            if len(rows) < limit:
                _purge_groups(connection, cut, now)
            if rows:
                next_revision(connection)
            return len(rows)


class _Deletion:
    """One deletion under way."""

    def __init__(self, connection: Connection, number: int, token: str, at: int, actor: Actor) -> None:
        self.connection, self.number, self.token, self.at, self.actor = connection, number, token, at, actor

    def take(self, rows: Sequence[Sequence[Any]]) -> None:
        """Put rows of (id, status, batch id, ...) into the trash; running ones are stopped first."""
        running = JobStatus.RUNNING.value
        for part in parts_of(rows):
            ids = as_json([row[0] for row in part])
            stopped = {row[0]: row[1] for row in part if row[1] == running}
            write_history(
                self.connection, list(stopped), stopped, JobStatus.QUEUED, self.at, self.actor, "deleted while running"
            )
            self.connection.exec_driver_sql(
                "UPDATE ingest_jobs SET deleted_at = ?, deletion_id = ?, worker_id = NULL, token = NULL, "
                "phase = CASE status WHEN 'running' THEN 'waiting' ELSE phase END, "
                f"status = CASE status WHEN 'running' THEN 'queued' ELSE status END, revision = ?, updated_at = ? WHERE id {_IN}",
                (self.at, self.number, next_revision(self.connection), self.at, ids),
            )
            tell_hidden(self.connection, [row[0] for row in part], self.at)
            hand_over(self.connection, [row[0] for row in part], next_revision(self.connection))
        settle_batches(self.connection, {row[2] for row in rows}, self.at)


def _purge_groups(connection: Connection, cut: int, now: int) -> None:
    """Deletions that cannot be taken back any more, and knowledge bases that nothing is left of."""
    connection.exec_driver_sql(
        "DELETE FROM deletions WHERE at < ? AND id NOT IN "
        "(SELECT deletion_id FROM ingest_jobs WHERE deletion_id IS NOT NULL)",
        (cut,),
    )
    gone = connection.exec_driver_sql(
        "SELECT kb_id FROM knowledge_bases k WHERE deleted_at IS NOT NULL AND deleted_at < ? AND NOT EXISTS "
        "(SELECT 1 FROM ingest_jobs j JOIN ingest_batches b ON b.id = j.batch_id WHERE b.kb_id = k.kb_id)",
        (cut,),
    ).scalars()
    for kb_id in gone.all():
        own = "(SELECT id FROM ingest_batches WHERE kb_id = ?)"
        for sql in (
            "DELETE FROM outbox WHERE kb_id = ?",
            "DELETE FROM counters WHERE scope IN (SELECT 'batch:' || id FROM ingest_batches WHERE kb_id = ?)",
            f"DELETE FROM ingest_sources WHERE batch_id IN {own}",
            "DELETE FROM ingest_batches WHERE kb_id = ?",
            "DELETE FROM counters WHERE scope = 'kb:' || ?",
            "DELETE FROM app_state WHERE instr(key, ':') AND substr(key, instr(key, ':') + 1) = ?",
            "DELETE FROM knowledge_bases WHERE kb_id = ?",
        ):
            connection.exec_driver_sql(sql, (kb_id,))
        connection.exec_driver_sql("INSERT INTO outbox (kb_id, op, path, at) VALUES (?, 'drop', '', ?)", (kb_id, now))


def _restore_groups(connection: Connection, kb_id: str | None, batch_id: int | None) -> None:
    if batch_id is not None:
        connection.exec_driver_sql("UPDATE ingest_batches SET deleted_at = NULL WHERE id = ?", (batch_id,))
    if kb_id is not None:
        try:
            connection.exec_driver_sql(
                "UPDATE knowledge_bases SET deleted_at = NULL, deletion_id = NULL WHERE kb_id = ?", (kb_id,)
            )
        except IntegrityError:
            raise InvalidRequestError("Another knowledge base has its name now: rename that one first.") from None


def _live_rows(connection: Connection, where: str, values: tuple[Any, ...]) -> list[Any]:
    sql = f"SELECT id, status, batch_id, deleted_at FROM ingest_jobs WHERE {where} AND deleted_at IS NULL ORDER BY id"
    return list(connection.exec_driver_sql(sql, values).fetchall())


def _refusal(row: Sequence[Any], what: str) -> Refusal:
    return Refusal(job_id=str(row[0]), status=status_of(row[1]), message=f"Job {row[0]} {what}.")
