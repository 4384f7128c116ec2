"""What the errors of SQLite and of its driver mean, as errors of ours: busy, full, damaged, faulty, gone, read-only.

One table, so that an error means the same whichever file it tells of.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ingest_desktop.domain.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFaulty,
    StoreFull,
    StoreGone,
    StoreReadOnly,
)

_MEANING: Final[dict[int, tuple[type[StoreError], str]]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, "Another program holds the store locked"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "The store is locked"),
    sqlite3.SQLITE_FULL: (StoreFull, "There is no room left on the disk that holds the store"),
    sqlite3.SQLITE_CORRUPT: (StoreDamaged, "The store's file is damaged"),
    sqlite3.SQLITE_NOTADB: (StoreDamaged, "The store's file is not a database"),
    sqlite3.SQLITE_IOERR: (StoreFaulty, "The disk that holds the store reports an error"),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "The store may not be written"),
    sqlite3.SQLITE_PERM: (StoreError, "The store may not be used"),
    sqlite3.SQLITE_CANTOPEN: (StoreFaulty, "The store cannot be opened"),
    sqlite3.SQLITE_AUTH: (StoreError, "The store may not be used"),
}
_NO_ROOM: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_PUT: Final = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE)
_LEAST_ROOM_BYTES: Final = 2 * 1024 * 1024  # with less even a small transaction may not fit


def store_error(
    error: BaseException,
    path: Path | None = None,
    damaged: type[StoreDamaged] = StoreDamaged,
    floor_bytes: int = 0,
) -> StoreError | None:
    """What an error of the driver means, or None when it tells of a mistake of ours (bad SQL, a constraint).

    Args:
        path: The file, to be named.
        damaged: What to raise when it is none or no sound database.
        floor_bytes: So much must be free before it is written again.
    """
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, PoolTimeout):
        return StoreBusy("Too much of the program uses the store at once.")
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return None
        if code == sqlite3.SQLITE_IOERR_SHMSIZE:  # the index of the log cannot grow
            code = sqlite3.SQLITE_FULL
        if code in _PUT and path is not None and _has_no_room(path):  # SQLite tells a quota from an error by no code
            code = sqlite3.SQLITE_FULL
        kind, meaning = _MEANING.get(code & 0xFF, (None, ""))
        if kind is None:
            return None
        if kind in (StoreError, StoreFaulty) and path is not None and not path.exists():
            return StoreGone(f"The store is not there any more: {path}.")
        where = "" if path is None else f": {path}"
        if kind is StoreFull and path is not None:
            return StoreFull(f"{meaning}{where}. {_room_wanted(path, floor_bytes)}")
        return (damaged if kind is StoreDamaged else kind)(f"{meaning}{where} ({error}).")
    return None


def _has_no_room(path: Path) -> bool:
    """Whether it is for want of room that nothing can be written beside a file."""
    probe = path.with_name(f"{path.name}.room")
    try:
        handle = os.open(probe, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        try:
            os.write(handle, bytes(64 * 1024))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        return error.errno in _NO_ROOM
    finally:
        with suppress(OSError):
            probe.unlink()
    return False


def _room_wanted(path: Path, floor_bytes: int) -> str:
    with suppress(OSError):
        missing = max(floor_bytes, _LEAST_ROOM_BYTES) - shutil.disk_usage(path.parent).free
        if missing > 0:
            return f"{missing // (1024 * 1024) + 1} MB more are needed to go on."
    return "A quota may be used up: what you may store there is limited."


@contextmanager
def translated_errors(path: Path | None = None) -> Iterator[None]:
    """Raise ``StoreBusy``, ``StoreFull``, ``StoreDamaged`` or ``StoreError`` for what the driver raises inside.

    Engines of ``open_engine`` do so by themselves; this is for bare ``sqlite3`` connections.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError, PoolTimeout) as error:
        found = store_error(error, path)
        if found is None:
            raise
        raise found from error
