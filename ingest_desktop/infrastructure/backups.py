"""Copies of databases that are in use: made a bit at a time, looked through before they count, the oldest removed.

``backups/ledger-20300101T120000Z.db`` is a copy of the ledger. A knowledge base can be read again from its originals, so
it is copied only when the settings ask for it: ``backups/<kb_id>/kb-20300101T120000Z.db``.
"""

import re
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ingest_desktop.domain.errors import StoreDamaged, StoreError
from ingest_desktop.infrastructure.copying import whole_copy

EVERY: Final = timedelta(days=1)
STEP_PAGES: Final = 512  # copied in one go; then others get a turn
PAUSE_SECONDS: Final = 0.002
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"(?P<stem>.+)-(?P<stamp>\d{8}T\d{6}Z)\.db")


class Stopped(Exception):
    """Somebody asked to stop before the copy was whole."""


def backups_of(path: Path, folder: Path) -> list[tuple[datetime, Path]]:
    """(when, file) of the copies of a database in a folder, newest first."""
    found = []
    with suppress(OSError):
        for file in folder.iterdir():
            match = _NAME.fullmatch(file.name)
            if match and match["stem"] == path.stem:
                found.append((datetime.strptime(match["stamp"], _STAMP).replace(tzinfo=UTC), file))
    return sorted(found, reverse=True)


def back_up_if_due(
    path: Path,
    folder: Path,
    *,
    keep: int,
    min_free_bytes: int,
    now: datetime | None = None,
    stop: threading.Event | None = None,
) -> Path | None:
    """Copy a database when the newest copy is a day old and something has changed since; then remove the oldest copies.

    Copies that are dated later than now were made before the clock was set back, or it is wrong now. They make no other
    copy needless, and push none out.

    Writers are not held up: the copy is what was committed at one moment, read from the write-ahead log's snapshot.

    Args:
        keep: How many copies stay. 0 makes none, and removes none.
        min_free_bytes: Left free on the disk; with less no copy is made.
        now: The time, aware.

    Returns:
        The new copy; None when none is due, or the disk is too full.

    Raises:
        StoreDamaged: The database cannot be read whole: there is no new copy, and the older ones stay.
        StoreBusy, StoreFull, StoreError: The copy could not be made; there is none then.
        Stopped: ``stop`` was set.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    known = [(when, file) for when, file in backups_of(path, folder) if when <= moment]
    if keep < 1 or not path.exists() or (known and moment < known[0][0] + EVERY):
        return None
    if known and not _changed_since(path, known[0][1]):
        return None
    size = sum(side.stat().st_size for side in _sides(path) if side.exists())
    if shutil.disk_usage(path.parent).free - size < min_free_bytes:
        return None
    target = folder / f"{path.stem}-{moment.strftime(_STAMP)}.db"
    copy_checked(path, target, stop=stop)
    for _, old in [(moment, target), *known][keep:]:
        with suppress(OSError):
            old.unlink()
    return target


def copy_checked(path: Path, target: Path, *, stop: threading.Event | None = None) -> None:
    """Copy a database that may be in use; ``target`` appears whole, looked through and on the disk, or not at all.

    Raises:
        As ``back_up_if_due``.
    """
    with whole_copy(path, target) as (source, copy):
        _pour(source, copy, stop)
        problem = first_problem(copy, stop)
        if problem is not None:
            raise StoreDamaged(f"{path} cannot be copied whole ({problem}).")


def newest_sound(path: Path, folder: Path) -> Path | None:
    """The newest copy of a database that can be read whole, also of those made before a migration.

    Which of a ledger's copies is the newest is told by its own count of changes: the clock may have been set meanwhile.
    """
    dated = [file for _, file in backups_of(path, folder)]
    with suppress(OSError):
        others = sorted(folder.glob(f"{path.stem}-before-v*.db"), key=lambda file: file.stat().st_mtime, reverse=True)
        dated += others
    for file in sorted(dated, key=_revision_of, reverse=True):  # the others, which count nothing, stay as they are
        with suppress(sqlite3.Error, StoreError, OSError), closing(open_copy(file)) as copy:
            if first_problem(copy) is None:
                return file
    return None


def _revision_of(file: Path) -> int:
    """How often a copied ledger had been changed; 0 when it does not tell, as it is damaged or no ledger."""
    with suppress(sqlite3.Error, ValueError, TypeError), closing(open_copy(file)) as copy:
        return int(copy.execute("SELECT value FROM app_state WHERE key = 'revision'").fetchone()[0])
    return 0


def open_copy(file: Path) -> sqlite3.Connection:
    """A copy, for reading. Nobody ever writes it, so nothing has to be put beside it."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def first_problem(connection: sqlite3.Connection, stop: threading.Event | None = None) -> str | None:
    """What a look through all pages finds first; None when the database is sound. Indexes are not compared with rows.

    Raises:
        Stopped: ``stop`` was set meanwhile.
    """
    if stop is not None:
        connection.set_progress_handler(lambda: int(stop.is_set()), 20_000)
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if stop is not None and stop.is_set():
            raise Stopped from error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        return str(error)
    finally:
        connection.set_progress_handler(None, 0)
    return None if found == "ok" else str(found)


def _pour(source: sqlite3.Connection, copy: sqlite3.Connection, stop: threading.Event | None) -> None:
    def look(_status: int, _remaining: int, _total: int) -> None:
        if stop is not None and stop.is_set():
            raise Stopped

    # A reader's transaction that stays open pins its snapshot: without it every commit of another connection makes
    # SQLite begin the copy anew, which under steady work never ends.
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchone()
    source.backup(copy, pages=STEP_PAGES, progress=look, sleep=PAUSE_SECONDS)
    source.execute("COMMIT")


def _changed_since(path: Path, copy: Path) -> bool:
    """Whether the database was written after the copy was."""
    try:
        made = copy.stat().st_mtime_ns
        return any(side.stat().st_mtime_ns > made for side in _sides(path) if side.exists())
    except OSError:
        return True


def _sides(path: Path) -> tuple[Path, Path]:
    return path, path.with_name(path.name + "-wal")
