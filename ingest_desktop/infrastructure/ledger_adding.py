"""The register of knowledge bases, and how batches and their jobs come into the ledger."""

import json
import os
import secrets
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError, QueueFullError
from ingest_desktop.domain.interfaces.repository import Added, FoundFile, SameContent
from ingest_desktop.domain.models import Batch, KnowledgeBase, Source
from ingest_desktop.infrastructure.database import from_db_path, readable_name, reading, to_db_path, writing
from ingest_desktop.infrastructure.ledger_again import ended_before, take_up
from ingest_desktop.infrastructure.ledger_base import (
    BATCH_COLUMNS,
    KB_COLUMNS,
    LedgerBase,
    batch_of,
    job_number,
    knowledge_base_of,
    next_revision,
    settle_batches,
    step,
)
from ingest_desktop.infrastructure.ledger_outbox import tell_confirmed
from ingest_desktop.infrastructure.ledger_schema import ACTIVE_SQL

ALREADY_LIMIT: Final = 1_000
NAME_LIMIT: Final = 200

_INSERT: Final = (
    "INSERT INTO ingest_jobs (id, kb_id, batch_id, source_path, original_filename, byte_size, mtime_ns, inode, "
    "ctime_ns, status, priority, queue_position, revision, created_at, updated_at, pause_scope, active) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) "
    f"ON CONFLICT (kb_id, source_path) WHERE {ACTIVE_SQL} DO NOTHING"
)
_INSERT_UNCHANGED: Final = (
    "INSERT INTO ingest_jobs (id, kb_id, batch_id, source_path, original_filename, byte_size, mtime_ns, inode, "
    "ctime_ns, status, priority, queue_position, revision, created_at, updated_at, document_id, completed_at, "
    "phase, outcome, checksum, mime_type, chunk_count, gaps, progress) "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, 1.0 "
    f"WHERE NOT EXISTS (SELECT 1 FROM ingest_jobs WHERE kb_id = ?2 AND source_path = ?4 AND {ACTIVE_SQL})"
)
_UNENDED: Final = "SELECT coalesce(sum(open + paused), 0) FROM counters WHERE scope >= 'kb:' AND scope < 'kb;'"


class LedgerAdding(LedgerBase):
    """Knowledge bases, batches, jobs: what comes in."""

    # knowledge bases -----------------------------------------------------------------------

    def knowledge_bases(self, *, deleted: bool = False) -> list[KnowledgeBase]:
        """See ``Repository``."""
        condition = "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL"
        sql = f"SELECT {KB_COLUMNS} FROM knowledge_bases WHERE {condition} ORDER BY name_key, kb_id"
        with reading(self.engine) as connection:
            return [knowledge_base_of(row) for row in connection.exec_driver_sql(sql)]

    def create_knowledge_base(self, name: str) -> KnowledgeBase:
        """Make a knowledge base.

        Raises:
            InvalidRequestError: The name is empty, too long, or taken (whatever its case).
        """
        clean = _clean_name(name)
        kb_id = f"kb_{secrets.token_hex(6)}"
        with writing(self.engine) as connection:
            _refuse_taken_name(connection, clean, kb_id)
            connection.exec_driver_sql(
                "INSERT INTO knowledge_bases (kb_id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
                (kb_id, clean, clean.casefold(), self._now()),
            )
            next_revision(connection)
            return knowledge_base_of(_kb_row(connection, kb_id))

    def rename_knowledge_base(self, kb_id: str, name: str) -> None:
        """Give a knowledge base another name. Raises as ``create_knowledge_base``."""
        clean = _clean_name(name)
        with writing(self.engine) as connection:
            live_kb(connection, kb_id)
            _refuse_taken_name(connection, clean, kb_id)
            connection.exec_driver_sql(
                "UPDATE knowledge_bases SET name = ?, name_key = ? WHERE kb_id = ?", (clean, clean.casefold(), kb_id)
            )
            next_revision(connection)

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
        """See ``Repository``. Roots are absolute paths; whether one is a folder is looked up now."""
        sources = [("folder" if os.path.isdir(root) else "file", to_db_path(root)) for root in roots]
        sources += [("without", to_db_path(kind)) for kind in without]
        with writing(self.engine) as connection:
            live_kb(connection, kb_id)
            row = connection.exec_driver_sql(
                "INSERT INTO ingest_batches (kb_id, label, origin, priority, created_at) VALUES (?, ?, ?, ?, ?) "
                f"RETURNING {BATCH_COLUMNS}",
                (kb_id, readable_name(label), origin, priority, self._now()),
            ).one()
            batch = batch_of(row)
            if sources:
                connection.exec_driver_sql(
                    "INSERT INTO ingest_sources (batch_id, kind, path) VALUES (?, ?, ?)",
                    [(int(batch.batch_id), kind, path) for kind, path in sources],
                )
            next_revision(connection)
            return batch

    def add_jobs(self, batch_id: str, files: Sequence[FoundFile], *, known: dict[str, SameContent]) -> Added:
        """See ``Repository``. All of ``files`` in one transaction: hand over some thousands at a time."""
        number = job_number(batch_id)
        if not files:
            return Added(0, 0, 0, ())
        fresh = [file for file in files if file.path not in known]
        unchanged = [file for file in files if file.path in known]
        with writing(self.engine) as connection:
            intake = _Intake(connection, number, self._now(), len(files))
            again = intake.take_up_again(fresh)
            added = again + intake.insert_waiting([file for file in fresh if file not in intake.taken_up])
            confirmed = intake.insert_unchanged(unchanged, known)
            if added:
                self._refuse_above_limit(connection, added)
            intake.index_names()
            already = len(files) - added - confirmed
            connection.exec_driver_sql(
                "UPDATE ingest_batches SET found = found + ?, already_listed = already_listed + ?, "
                "unchanged = unchanged + ?, finished_at = CASE WHEN ? THEN NULL ELSE finished_at END WHERE id = ?",
                (len(files), already, confirmed, added > 0, number),
            )
            return Added(added, already, confirmed, intake.already_listed(files) if already else ())

    def listed_paths(self, kb_id: str, paths: Sequence[str]) -> set[str]:
        """See ``Repository``."""
        keys = [to_db_path(path) for path in paths]
        plain = json.dumps([key for key in keys if isinstance(key, str)])
        find = f"SELECT source_path FROM ingest_jobs WHERE kb_id = ? AND {ACTIVE_SQL} AND source_path"
        with reading(self.engine) as connection:
            sql = f"{find} IN (SELECT value FROM json_each(?))"
            found = set(connection.exec_driver_sql(sql, (kb_id, plain)).scalars())
            for key in keys:
                if isinstance(key, bytes):  # not UTF-8: does not fit in JSON
                    found.update(connection.exec_driver_sql(f"{find} = ?", (kb_id, key)).scalars())
        return {from_db_path(key) for key in found}

    def room(self) -> int:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            return max(0, self.queue_limit - int(connection.exec_driver_sql(_UNENDED).scalar_one()))

    def _refuse_above_limit(self, connection: Connection, added: int) -> None:
        waiting = connection.exec_driver_sql(_UNENDED).scalar_one()
        if waiting > self.queue_limit:
            raise QueueFullError(
                f"{added:,} more files would make {waiting:,} waiting jobs; the queue limit is {self.queue_limit:,}."
            )

    def finish_discovery(self, batch_id: str, skipped: dict[str, int]) -> None:
        """Note that every file of a batch was found, and by reason how many were left out."""
        number = job_number(batch_id)
        with writing(self.engine) as connection:
            changed = connection.exec_driver_sql(
                "UPDATE ingest_batches SET discovering = 0, skipped = ? WHERE id = ?",
                (json.dumps(skipped, sort_keys=True), number),
            ).rowcount
            if not changed:
                raise NotFoundError(f"There is no batch {batch_id}.")
            settle_batches(connection, [number], self._now())
            next_revision(connection)

    def sources(self, batch_id: str) -> list[Source]:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            found = _sources(connection, job_number(batch_id))
        if not found:
            raise NotFoundError(f"There is no batch {batch_id}.")
        return found

    def unfinished_discoveries(self) -> list[tuple[Batch, list[Source]]]:
        """See ``Repository``. Oldest first."""
        sql = f"SELECT {BATCH_COLUMNS} FROM ingest_batches WHERE discovering = 1 AND deleted_at IS NULL ORDER BY id"
        with reading(self.engine) as connection:
            batches = [batch_of(row) for row in connection.exec_driver_sql(sql)]
            return [(batch, _sources(connection, int(batch.batch_id))) for batch in batches]


class _Intake:
    """The rows of one ``add_jobs``: their numbers are given out beforehand, so that one statement inserts them all."""

    def __init__(self, connection: Connection, batch_id: int, now: int, count: int) -> None:
        row = connection.exec_driver_sql(
            "SELECT b.kb_id, b.priority, b.paused, k.paused, b.origin, k.deleted_at IS NOT NULL OR "
            "b.deleted_at IS NOT NULL, (SELECT value FROM app_state WHERE key = 'app_paused') "
            "FROM ingest_batches b JOIN knowledge_bases k USING (kb_id) WHERE b.id = ?",
            (batch_id,),
        ).one_or_none()
        if row is None or row[5]:
            raise NotFoundError(f"There is no batch {batch_id}, or it was deleted.")
        self.kb_id, self.priority, self.origin = str(row[0]), int(row[1]), str(row[4])
        # The widest scope: resuming it wakes these, resuming a narrower one inside it does not.
        self.scope = (
            PauseScope.APP if row[6] else PauseScope.KNOWLEDGE_BASE if row[3] else PauseScope.BATCH if row[2] else None
        )
        self.connection, self.batch_id, self.now = connection, batch_id, now
        self.revision = next_revision(connection)
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'ingest_jobs'").scalar()
        self.first_id = self.next_id = int(last or 0) + 1
        self.position = step(connection, "back", count) - count
        self.taken_up: dict[FoundFile, int] = {}

    def take_up_again(self, files: Sequence[FoundFile]) -> int:
        """Let jobs wait again that failed or found no text; how many. Their files get no second row."""
        ended = ended_before(self.connection, self.kb_id, [to_db_path(file.path) for file in files])
        chosen: dict[int, FoundFile] = {}
        jobs: dict[int, JobStatus] = {}
        for file in files if ended else ():
            job_id, status = ended.get(to_db_path(file.path), (None, None))
            if job_id is not None and status is not None:
                chosen.setdefault(job_id, file)
                jobs[job_id] = status
        if not chosen:
            return 0
        self.taken_up = {file: job_id for job_id, file in chosen.items()}
        heads = []
        for file in chosen.values():
            self.position += 1
            times = (file.size, file.mtime_ns, _signed(file.inode), file.ctime_ns)
            heads.append((self.batch_id, *times, self.priority, self.position))
        take_up(
            self.connection,
            jobs,
            heads,
            scope=self.scope,
            origin=self.origin,
            revision=self.revision,
            now=self.now,
        )
        return len(chosen)

    def insert_waiting(self, files: Sequence[FoundFile]) -> int:
        """Insert queued (or paused) jobs; how many were not in the list yet."""
        if not files:
            return 0
        status = (JobStatus.PAUSED if self.scope else JobStatus.QUEUED).value
        tail = (self.now, self.now, self.scope.value if self.scope else None)
        first = self.next_id
        rows = [(*self._head(file, status), *tail) for file in files]
        inserted = self.connection.exec_driver_sql(_INSERT, rows).rowcount
        self._count("paused" if self.scope else "open", inserted)
        if self.scope:
            self._note(first, JobStatus.PAUSED, f"paused: {self.scope.value}")
        return inserted

    def insert_unchanged(self, files: Sequence[FoundFile], known: dict[str, SameContent]) -> int:
        """Insert jobs that are completed at once; how many were."""
        if not files:
            return 0
        first, done = self.next_id, (JobPhase.FINALISING.value, Outcome.UNCHANGED.value)
        rows = []
        for file in files:
            document_id, checksum, media_type, chunks, gaps = known[file.path]
            head = self._head(file, JobStatus.COMPLETED.value)
            rows.append(
                (*head, self.now, self.now, document_id, self.now, *done, checksum, media_type, chunks, gaps),
            )
        inserted = self.connection.exec_driver_sql(_INSERT_UNCHANGED, rows).rowcount
        self._count("completed", inserted)
        if any(known[file.path].gaps for file in files):
            holed = "SELECT count(*) FROM ingest_jobs WHERE id >= ? AND gaps > 0 AND outcome IS NOT 'empty'"
            counted = self.connection.exec_driver_sql(holed, (first,)).scalar_one()
            self._count("gaps", counted)
            self._count("attention", counted)
        self._note(first, JobStatus.COMPLETED, Outcome.UNCHANGED.value)
        tell_confirmed(self.connection, first, self.now)
        return inserted

    def index_names(self) -> None:
        """Enter the names of the new jobs into the index of names."""
        self.connection.exec_driver_sql(
            "INSERT INTO job_names (rowid, original_filename) SELECT id, original_filename FROM ingest_jobs WHERE id >= ?",
            (self.first_id,),
        )

    def already_listed(self, files: Sequence[FoundFile]) -> tuple[str, ...]:
        """Ids of the jobs that stood in the way, at most ``ALREADY_LIMIT``."""
        find = f"SELECT id FROM ingest_jobs WHERE kb_id = ? AND source_path = ? AND {ACTIVE_SQL}"
        found: dict[int, None] = {}
        seen: set[str] = set()
        for file in files:
            job_id = self.connection.exec_driver_sql(find, (self.kb_id, to_db_path(file.path))).scalar()
            was_there = job_id is not None and job_id < self.first_id and self.taken_up.get(file) != job_id
            if job_id is not None and (was_there or file.path in seen):
                found[job_id] = None
            seen.add(file.path)
            if len(found) == ALREADY_LIMIT:
                break
        return tuple(str(job_id) for job_id in found)

    def _count(self, column: str, inserted: int) -> None:
        """Count new jobs; all later changes of theirs are counted by triggers."""
        self.connection.exec_driver_sql(
            f"UPDATE counters SET {column} = {column} + ? WHERE scope IN (?, ?)",
            (inserted, f"kb:{self.kb_id}", f"batch:{self.batch_id}"),
        )

    def _head(self, file: FoundFile, status: str) -> tuple[Any, ...]:
        job_id = self.next_id
        self.next_id = job_id + 1
        self.position += 1
        return (
            job_id,
            self.kb_id,
            self.batch_id,
            to_db_path(file.path),
            readable_name(os.path.basename(file.path) or file.path),
            file.size,
            file.mtime_ns,
            _signed(file.inode),
            file.ctime_ns,
            status,
            self.priority,
            self.position,
            self.revision,
        )

    def _note(self, first_id: int, status: JobStatus, reason: str) -> None:
        # A job that begins queued needs no row: `history` tells of it from the job itself.
        self.connection.exec_driver_sql(
            "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) "
            "SELECT id, created_at, NULL, status, ?, ? FROM ingest_jobs WHERE id >= ? AND status = ?",
            (self.origin, reason, first_id, status.value),
        )


def live_kb(connection: Connection, kb_id: str) -> None:
    """Raise ``NotFoundError`` unless the knowledge base is in use."""
    if _kb_row(connection, kb_id)[4] is not None:
        raise NotFoundError(f"The knowledge base {kb_id} was deleted.")


def _kb_row(connection: Connection, kb_id: str) -> Any:
    row = connection.exec_driver_sql(f"SELECT {KB_COLUMNS} FROM knowledge_bases WHERE kb_id = ?", (kb_id,)).first()
    if row is None:
        raise NotFoundError(f"There is no knowledge base {kb_id}.")
    return row


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise InvalidRequestError("A knowledge base needs a name.")
    if len(clean) > NAME_LIMIT:
        raise InvalidRequestError(f"The name is longer than {NAME_LIMIT} characters.")
    return clean


def _refuse_taken_name(connection: Connection, name: str, kb_id: str) -> None:
    taken = connection.exec_driver_sql(
        "SELECT name FROM knowledge_bases WHERE name_key = ? AND kb_id <> ? AND deleted_at IS NULL",
        (name.casefold(), kb_id),
    ).scalar()
    if taken is not None:
        raise InvalidRequestError(f"There is a knowledge base named {taken!r} already.")


def _sources(connection: Connection, batch_id: int) -> list[Source]:
    rows = connection.exec_driver_sql(
        "SELECT id, kind, path FROM ingest_sources WHERE batch_id = ? ORDER BY id", (batch_id,)
    )
    return [
        Source(source_id=str(number), batch_id=str(batch_id), kind=kind, path=from_db_path(path))
        for number, kind, path in rows
    ]


def _signed(number: int) -> int:
    """A file number folded into SQLite's 64 signed bits: Windows has larger ones."""
    return (number + 2**63) % 2**64 - 2**63


__all__ = ["LedgerAdding", "live_kb"]
