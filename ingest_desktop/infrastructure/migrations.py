"""Numbered, added-only changes of a database's shape, and the runner that applies them.

The ledger and the content store each have their list. A released migration is never edited: a new one follows it.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.errors import StoreDamaged, StoreTooNew
from ingest_desktop.infrastructure.copying import copy_database
from ingest_desktop.infrastructure.database import open_read_only, writing
from ingest_desktop.infrastructure.store_errors import translated_errors

NOTES_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TEXT NOT NULL
)
"""

_FIRST_TABLES: Final = frozenset({"ingest_jobs", "documents"})  # of a list of jobs, of a knowledge base


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. ``statements`` run in order, then ``apply``, all in one transaction."""

    version: int
    name: str
    statements: Sequence[str] = ()
    apply: Callable[[Connection], None] | None = None


def stored_version(path: Path) -> int:
    """The newest migration a file has seen; 0 for a missing, empty or foreign file. Does not change the file.

    Raises:
        StoreBusy, StoreDamaged, StoreError: It cannot be read, or holds our tables and does not tell its version.
    """
    with suppress(OSError):  # where we may not look, the error is that of opening it
        if not path.exists() or path.stat().st_size == 0:
            return 0
    with translated_errors(path), closing(open_read_only(path)) as connection:
        return _newest(connection)


def migrate(engine: Engine, path: Path, migrations: Sequence[Migration], backup_dir: Path) -> None:
    """Bring a file up to date. Any number of processes may call it at once; each migration is applied once.

    Args:
        engine: Made by ``open_engine`` for ``path`` and not used yet.
        backup_dir: Where an older store is copied before its first change.

    Raises:
        StoreTooNew: The file knows a migration that we do not; it was not touched.
        StoreBusy, StoreFull, StoreDamaged, StoreError: It could not be read, copied or changed.
    """
    latest = migrations[-1].version
    found = stored_version(path)
    refuse_newer(path, found, latest)
    for migration in migrations:
        if migration.version > found:
            _apply(engine, path, migration, latest, backup_dir, found)


def _apply(engine: Engine, path: Path, migration: Migration, latest: int, backup_dir: Path, found: int) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql(NOTES_TABLE)
        current = connection.exec_driver_sql("SELECT coalesce(max(version), 0) FROM schema_migrations").scalar_one()
        refuse_newer(path, current, latest)  # another process may have been faster, and newer
        if current >= migration.version:
            return
        if current and current == found:  # once, as it was found; a store that is being made is no older one
            # Our lock keeps writers out, and a reader sees what was committed: the store as it was.
            copy_database(path, backup_dir / f"{path.stem}-before-v{migration.version}.db")
        try:
            for statement in migration.statements:
                connection.exec_driver_sql(statement)
            if migration.apply is not None:
                migration.apply(connection)
        except DBAPIError as error:  # it is not of the version that it tells
            raise StoreDamaged(f"The store cannot be brought up to date ({error.orig}): {path}.") from error
        row = (migration.version, migration.name, datetime.now(UTC).isoformat(timespec="seconds"))
        connection.exec_driver_sql("INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)", row)


def _newest(connection: sqlite3.Connection) -> int:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    version = 0
    if "schema_migrations" in tables:
        (version,) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_migrations").fetchone()
    if not version and not tables.isdisjoint(_FIRST_TABLES):  # nothing may be made anew over rows that are there
        raise StoreDamaged("The store does not tell its version any more.")
    return int(version)


def refuse_newer(path: Path, found: int, latest: int) -> None:
    """Raise ``StoreTooNew`` for a file that knows a migration later than ours."""
    if found > latest:
        raise StoreTooNew(
            f"{path} was written by a newer version of the program (store version {found}; this one knows {latest})."
        )
