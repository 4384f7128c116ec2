"""Repair: what can be read of a damaged file is put into a fresh one, and what is missing is read again.

The ledger is filled from five places, best first: the damaged file itself, as far as its tables can be followed; its
single pages (``ledger_pages``); the newest sound copy in ``backups/`` (both only for the rows that the damaged file should
have and does not give); the indexes and the snapshot of what was unfinished; and what the knowledge bases know of the
paths they hold. A knowledge base keeps the segments that are whole; documents
that lack one wait in the ledger to be read again. Nothing is deleted: see ``swapping``.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome
from ingest_desktop.domain.errors import StoreDamaged, StoreError, StoreFull
from ingest_desktop.domain.interfaces.checks import Mended, Unsaved
from ingest_desktop.infrastructure.backups import newest_sound, open_copy
from ingest_desktop.infrastructure.content_fixes import mend_content
from ingest_desktop.infrastructure.content_schema import MIGRATIONS, PAGE_BYTES, SEGMENT_SHIFT
from ingest_desktop.infrastructure.database import (
    make_private_folder,
    open_engine,
    open_read_only,
    writing,
)
from ingest_desktop.infrastructure.ledger import BACKUPS_FOLDER, LEDGER_FILE
from ingest_desktop.infrastructure.ledger_fixes import fix_ledger
from ingest_desktop.infrastructure.ledger_pages import Told, fill_from_pages, unsaved_jobs
from ingest_desktop.infrastructure.ledger_rescue import (
    fill_from_contents,
    fill_from_entries,
    fill_from_indexes,
    fill_from_snapshot,
)
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS
from ingest_desktop.infrastructure.migrations import Migration, migrate, refuse_newer, stored_version
from ingest_desktop.infrastructure.salvage import Salvaged, columns_of, copy_table, read_rows
from ingest_desktop.infrastructure.shapes import wrong_shapes
from ingest_desktop.infrastructure.store_errors import translated_errors
from ingest_desktop.infrastructure.swapping import alone_with, repairing_name, swap_in

Progress = Callable[[str], None]  # told a sentence at each step, in the thread that repairs

_DERIVED: Final = (
    "counters",
    "failure_counters",
    "workers",
    "schema_migrations",
    "job_names",
    "chunks_fts",
    "chunks_terms",
)
_CONTENT_TABLES: Final = ("documents", "versions", "segments", "paths", "chunks")


def problem_of(path: Path) -> str | None:
    """What is wrong with a database's file; None when it is sound. Reads all of it.

    Raises:
        StoreBusy, StoreReadOnly, StoreError: It cannot be asked.
    """
    if path.is_dir():
        return "it is a folder"
    if not path.exists() or path.stat().st_size == 0:
        return "it is empty" if path.exists() else "it is not there"
    try:
        with closing(open_read_only(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return str(error)
        with translated_errors(path):
            raise
        raise
    return _strange_table(path) if found == ["ok"] else str(found[0])


def _strange_table(path: Path) -> str | None:
    """A table that is not as this version of the program makes it, in a file that says that it is of this version."""
    of_ledger = path.name.startswith(LEDGER_FILE)
    try:
        if stored_version(path) != (LEDGER_MIGRATIONS if of_ledger else MIGRATIONS)[-1].version:
            return None
    except StoreDamaged as error:
        return str(error)
    with translated_errors(path), closing(open_read_only(path)) as connection:
        shapes = wrong_shapes(connection.execute, of_ledger=of_ledger)
    return next((str(shape) for shape in shapes if not shape.can_be_made), None)


# --- the ledger ----------------------------------------------------------------------------------


def repair_ledger(root: Path, tell: Progress) -> tuple[list[Mended], Unsaved | None]:
    """Make a sound ledger out of what there is; what was done, and what could not be saved. The damaged file is kept.

    Raises:
        StoreBusy: Somebody has the store open.
        StoreTooNew: It was written by a newer version.
        StoreFull, StoreError: The new file cannot be made; the damaged one is as it was.
    """
    path = root / LEDGER_FILE
    with alone_with(path):
        _refuse_newer(path, LEDGER_MIGRATIONS)
        made = _fresh(path, LEDGER_MIGRATIONS, 4096)
        tell("Reading what is left of the list of jobs.")
        try:
            with translated_errors(made), closing(sqlite3.connect(made, isolation_level=None)) as target:
                target.execute("BEGIN")
                done, unsaved = _fill_ledger(root, path, target, tell)
                target.execute("COMMIT")
            _settle_ledger(made)
        except DBAPIError as error:
            raise StoreError(f"The list of jobs could not be put together again ({error}).") from error
        kept = swap_in(path)
    end = f"the damaged file is kept as {kept}" if kept.exists() else "its file was lost, and is made anew"
    return [*done, Mended("ledger_damaged", "ledger", end)], unsaved


def _fill_ledger(
    root: Path, path: Path, target: sqlite3.Connection, tell: Progress
) -> tuple[list[Mended], Unsaved | None]:
    for table in ("knowledge_bases", "counters"):
        target.execute(f"DELETE FROM {table}")
    tables = _tables(target)
    whole = Salvaged(gaps=[(0, 2**63 - 1)])
    found = dict.fromkeys(tables, whole)
    done, active = [], set[int]()
    with _Reader(path) as source:
        if source is not None:
            found = {table: copy_table(source, target, table) for table in tables}
            _copy_state(source, target)
        pages = Told()
        if any(part.gaps for part in found.values()):
            tell("Looking at single pages of the list of jobs.")
            pages = fill_from_pages(path, target, tables, found)
            active |= fill_from_entries(target)
        if source is not None:
            # A sound row of a table hangs on others: a gap anywhere means that jobs may be missing only if theirs has one.
            active |= fill_from_indexes(source, target)
        if source is not None or pages.rows:
            done.append(_told("jobs read out of the damaged file", target))
    copy = newest_sound(path, root / BACKUPS_FOLDER) if any(part.gaps for part in found.values()) else None
    if copy is not None:
        tell(f"Taking what is missing from {copy.name}.")
        with closing(open_copy(copy)) as older:
            for table in tables:
                _fill_gaps(older, target, table, found[table])
            _copy_state(older, target)
        done.append(_told(f"jobs with those of {copy.name}", target))
    jobs = found.get("ingest_jobs", whole)
    tell("Comparing with the knowledge bases.")
    fill_from_contents(root / "knowledge_bases", target, jobs, active)
    fill_from_snapshot(root, target, jobs)
    _drop_nonsense(target)
    done.append(_told("jobs in all", target))
    return done, unsaved_jobs(target, pages, jobs) if jobs.gaps else None


def _told(what: str, target: sqlite3.Connection) -> Mended:
    (number,) = target.execute("SELECT count(*) FROM ingest_jobs").fetchone()
    return Mended("ledger_damaged", "ledger", f"{number} {what}")


def _tables(target: sqlite3.Connection) -> list[str]:
    """The tables that hold what cannot be derived, those that others refer to first."""
    rows = target.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
    return [
        name
        for name, sql in rows
        if not name.startswith("sqlite_") and not name.startswith(_DERIVED) and "WITHOUT ROWID" not in sql
    ]


def _copy_state(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Numbers of the program's state: the higher one, because what was given out is not given out again."""
    for key, value in read_rows(source, "SELECT key, value FROM app_state"):
        known = target.execute("SELECT value FROM app_state WHERE key = ?", (key,)).fetchone()
        if known is None or (isinstance(value, int) and abs(value) > abs(known[0] or 0)):
            target.execute("INSERT OR REPLACE INTO app_state (key, value) VALUES (?, ?)", (key, value))


def _fill_gaps(older: sqlite3.Connection, target: sqlite3.Connection, table: str, found: Salvaged) -> None:
    """Rows of an older copy whose ids lie where the damaged file could not be read."""
    mine = set(columns_of(target, table))
    columns = ["rowid", *(name for name in columns_of(older, table) if name in mine)]
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    for first, last in found.gaps:
        rows = older.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE rowid BETWEEN ? AND ?", (first, last))
        for row in rows:
            with suppress(sqlite3.IntegrityError):
                target.execute(insert, row)


def _drop_nonsense(target: sqlite3.Connection) -> None:
    """Rows of a page that reads and yet is wrong: what no job can be goes; the files of such jobs are found otherwise."""
    for column, kind in (("status", JobStatus), ("phase", JobPhase), ("outcome", Outcome)):
        words = ", ".join(f"'{word.value}'" for word in kind)
        target.execute(f"DELETE FROM ingest_jobs WHERE {column} IS NOT NULL AND {column} NOT IN ({words})")
    target.execute(
        "DELETE FROM ingest_jobs WHERE typeof(created_at) <> 'integer' OR typeof(batch_id) <> 'integer' "
        "OR typeof(source_path) NOT IN ('text', 'blob') OR typeof(kb_id) <> 'text'"
    )
    target.execute("DELETE FROM job_receipts WHERE NOT json_valid(json)")
    target.execute("UPDATE ingest_batches SET skipped = '{}' WHERE NOT json_valid(skipped)")


def _settle_ledger(made: Path) -> None:
    """Nobody works on it yet; knowledge bases, batches, histories, counters and names agree with the jobs."""
    engine = open_engine(made, synchronous="FULL", create=False)
    try:
        with writing(engine) as connection:
            run = connection.exec_driver_sql
            run("DELETE FROM workers")
            run("UPDATE ingest_jobs SET worker_id = NULL, token = NULL WHERE worker_id IS NOT NULL")
            run(
                "UPDATE app_state SET value = max(value, (SELECT coalesce(max(revision), 0) FROM ingest_jobs)) + 1 "
                "WHERE key = 'revision'"
            )
            run(
                "UPDATE app_state SET value = max(value, (SELECT coalesce(max(queue_position), 0) FROM ingest_jobs)) "
                "WHERE key = 'back'"
            )
            run(
                "UPDATE app_state SET value = min(value, (SELECT coalesce(min(queue_position), 0) FROM ingest_jobs)) "
                "WHERE key = 'front'"
            )
            run(
                "UPDATE ingest_batches SET discovering = 0 WHERE discovering = 1 AND id NOT IN "
                "(SELECT batch_id FROM ingest_sources)"
            )
            fix_ledger(connection)
            run("INSERT INTO job_names (job_names) VALUES ('rebuild')")
    finally:
        engine.dispose()
    problem = problem_of(made)
    if problem is not None:
        raise StoreError(f"The mended list of jobs is not sound ({problem}).")


# --- a knowledge base ----------------------------------------------------------------------------


def repair_content(path: Path, tell: Progress) -> list[Mended]:
    """Make a sound ``kb.db`` out of what can be read of a damaged one; what was done. The damaged file is kept.

    What is missing then has to be queued again: see ``content_fixes.jobs_to_read_again``.

    Raises:
        As ``repair_ledger``.
    """
    where = path.parent.name
    make_private_folder(path.parent)  # it may have gone with the file
    with alone_with(path):
        _refuse_newer(path, MIGRATIONS)
        made = _fresh(path, MIGRATIONS, PAGE_BYTES)
        tell("Reading what is left of the knowledge base.")
        with translated_errors(made), closing(sqlite3.connect(made, isolation_level=None)) as target:
            target.execute("BEGIN")
            with _Reader(path) as source:
                if source is not None:
                    for table in _CONTENT_TABLES:
                        copy_table(source, target, table, _last_chunk(target) if table == "chunks" else None)
            target.execute("COMMIT")
        tell("Making the full text anew.")
        engine = open_engine(made, synchronous="FULL", create=False, page_bytes=PAGE_BYTES)
        try:
            with writing(engine) as connection:
                connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
                mend_content(connection)
                connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
                documents, chunks = connection.exec_driver_sql(
                    "SELECT count(*), coalesce(sum(chunks), 0) FROM versions WHERE document IS NOT NULL"
                ).one()
        finally:
            engine.dispose()
        kept = swap_in(path)
    if not kept.exists():
        return [Mended("store_damaged", where, "its file was lost, and is made anew")]
    text = f"{documents} documents with {chunks} chunks were read out of the damaged file"
    return [Mended("store_damaged", where, text), Mended("store_damaged", where, f"the damaged file is kept as {kept}")]


def _last_chunk(target: sqlite3.Connection) -> int:
    (last,) = target.execute("SELECT coalesce(max(id), 0) FROM segments").fetchone()
    return ((int(last) + 1) << SEGMENT_SHIFT) - 1


# --- both ----------------------------------------------------------------------------------------


class _Reader:
    """The damaged file, for reading; None when it is no database any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection | None:
        if not self._path.is_file() or not self._path.stat().st_size:
            return None
        connection = open_read_only(self._path)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError:
            connection.close()
            return None
        self._connection = connection
        return connection

    def __exit__(self, *_: Any) -> None:
        if self._connection is not None:
            self._connection.close()


def _refuse_newer(path: Path, migrations: Sequence[Migration]) -> None:
    found = 0
    with suppress(StoreError):  # it cannot be told: it is damaged
        found = stored_version(path)
    refuse_newer(path, found, migrations[-1].version)


def _fresh(path: Path, migrations: Sequence[Migration], page_bytes: int) -> Path:
    """An empty store of today's shape, beside the damaged one."""
    made = repairing_name(path)
    for old in _files(made):
        old.unlink(missing_ok=True)
    size = path.stat().st_size if path.exists() else 0
    if shutil.disk_usage(path.parent).free < size:
        raise StoreFull(f"There is no room for a repair: {size // 2**20 + 1} MB are needed beside {path}.")
    engine = open_engine(made, synchronous="FULL", page_bytes=page_bytes)
    try:
        migrate(engine, made, migrations, path.parent)
    finally:
        engine.dispose()
    return made


def _files(path: Path) -> Iterator[Path]:
    return (path.with_name(path.name + side) for side in ("", "-wal", "-shm", "-journal"))
