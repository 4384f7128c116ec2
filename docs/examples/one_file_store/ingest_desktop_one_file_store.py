"""A persistence store in one SQLite file: handy where many small files are slow, or to carry along."""

import io
import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError, StoreBusy, StoreError, StoreFull

FILE = "staged.sqlite"
PART_BYTES = 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def open_store(data_root: Path) -> "OneFileStore":
    """What the entry point names."""
    return OneFileStore(data_root / FILE)


class OneFileStore:
    """Fulfils ``PersistenceStore`` by its shape. Blobs are kept in parts, so that none has to fit in memory.

    One connection behind a lock serves every thread. ``synchronous=FULL`` with a rollback journal makes
    a write durable when the call returns, and whole or not at all.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # its owner's alone, like all of the store
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        with self._transaction():
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS parts (key TEXT, number INTEGER, data BLOB NOT NULL,"
                " PRIMARY KEY (key, number)) WITHOUT ROWID"
            )

    def write(self, key: str, data: bytes) -> None:
        """Store a blob, replacing what was there."""
        self.write_from(key, io.BytesIO(data))

    def write_from(self, key: str, stream: BinaryIO) -> int:
        """Store a blob from a stream, a part at a time. An error of the stream undoes all of it."""
        _check(key)
        size = 0
        with self._transaction():
            self._db.execute("DELETE FROM parts WHERE key = ?", (key,))
            number = 0
            while (data := stream.read(PART_BYTES)) or number == 0:  # an empty blob has one empty part
                self._db.execute("INSERT INTO parts VALUES (?, ?, ?)", (key, number, data))
                size += len(data)
                number += 1
        return size

    def read(self, key: str) -> bytes:
        """The blob."""
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        """The blob as a stream: a copy, in memory while small, so that a later write does not change it."""
        _check(key)
        copy = tempfile.SpooledTemporaryFile(max_size=4 * PART_BYTES)  # noqa: SIM115 - the caller closes it
        with self._transaction():
            for (data,) in self._db.execute("SELECT data FROM parts WHERE key = ? ORDER BY number", (key,)):
                copy.write(data)
            known = copy.tell() or self._db.execute("SELECT 1 FROM parts WHERE key = ?", (key,)).fetchone()
        if not known:
            copy.close()
            raise NotFoundError(f"Nothing is stored as {key}.")
        copy.seek(0)
        return copy  # type: ignore[return-value]

    def delete(self, key: str) -> bool:
        """Remove a blob; False when there was none."""
        _check(key)
        with self._transaction():
            return self._db.execute("DELETE FROM parts WHERE key = ?", (key,)).rowcount > 0

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key that begins with a prefix, sorted."""
        with self._transaction():
            rows = self._db.execute(
                "SELECT DISTINCT key FROM parts WHERE substr(key, 1, ?) = ? ORDER BY key", (len(prefix), prefix)
            ).fetchall()
        return iter([key for (key,) in rows])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One call is one transaction; the driver's errors become ours."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:
                    if self._db.in_transaction:  # a full disk has rolled back by itself
                        self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                kind = {sqlite3.SQLITE_BUSY: StoreBusy, sqlite3.SQLITE_FULL: StoreFull}
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                raise kind.get(code, StoreError)(f"The store of staged content: {error}.") from error


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise InvalidRequestError(f"{key!r} is no key.")
