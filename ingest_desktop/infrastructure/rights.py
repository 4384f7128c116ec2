"""Whether we may write a file of the store, and what keeps us from it. Opens no file: see ``why_forbidden``."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def may_write(path: Path) -> bool:
    """Whether we may write a file and, as SQLite must, put others beside it; of a missing one, whether we may make it."""
    return _withheld(path) is None


def may_look(path: Path) -> bool:
    """Whether we can tell if there is a file: of one in a folder that we may not enter nobody knows."""
    return os.access(_nearest_folder(path), os.X_OK)


def _nearest_folder(path: Path) -> Path:
    """Its folder, or the nearest that is there. ``Path.exists`` would raise where we may not look."""
    return next(folder for folder in path.parents if os.path.exists(folder))


def _withheld(path: Path) -> Path | None:
    """What of a file, its folder (or the nearest that is there) and what SQLite keeps beside it we may not write."""
    folder = _nearest_folder(path)
    if not os.access(folder, os.W_OK | os.X_OK):
        return folder
    files = (path.with_name(path.name + end) for end in ("", "-wal", "-shm"))
    return next((file for file in files if os.path.exists(file) and not os.access(file, os.R_OK | os.W_OK)), None)


def why_forbidden(path: Path) -> str | None:
    """What keeps us from writing a database, as a sentence; None when nothing does, or it is no matter of permission.

    Where the system tells of no hindrance SQLite is asked for the lock of a writer, which writes nothing. No file is opened
    otherwise: closing it again would take SQLite's locks on it away from the whole process.
    """
    withheld = _withheld(path)
    if withheld is not None:
        return f"It may not be written: {withheld}."
    if not path.exists():
        return None
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as probe:
            probe.execute("BEGIN IMMEDIATE")
            probe.execute("ROLLBACK")
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
            return f"It may not be written: {path} ({error})."
    return None
