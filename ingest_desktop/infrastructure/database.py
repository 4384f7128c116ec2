"""How every SQLite file of ours is opened, written and read.

Both databases (the ledger and a knowledge base's content) go through here, so locking and durability are the same
everywhere; what its errors mean is told by ``store_errors``. Imports SQLAlchemy Core only: the ORM costs start-up time.
"""

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext

from ingest_desktop.domain.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly
from ingest_desktop.infrastructure.reserve import Reserve
from ingest_desktop.infrastructure.rights import may_write
from ingest_desktop.infrastructure.store_errors import store_error, translated_errors

Synchronous = Literal["FULL", "NORMAL"]

_WRITING: Final = "ingest_writing"
_LOCK: Final = "ingest_write_lock"
_WRITER: Final = "ingest_writer"
_SYNCHRONOUS: Final = "ingest_synchronous"
_TIMEOUT: Final = "ingest_busy_timeout_seconds"
_READ_ONLY: Final = "ingest_read_only"
_RESERVE: Final = "ingest_reserve"
_FLOOR: Final = "ingest_floor_bytes"


# --- files ---------------------------------------------------------------------------------------


def make_private_folder(folder: Path) -> None:
    """Create a folder, and those above it, that only its owner may enter (on Windows: as its parent says)."""
    missing = [folder, *folder.parents]
    for part in reversed(missing):
        if not part.exists():
            with suppress(FileExistsError):
                part.mkdir(mode=0o700)
                sync_folder(part.parent)


def make_private_file(path: Path) -> None:
    """Create an empty file that only its owner may read, unless it exists. SQLite's side files take its mode."""
    make_private_folder(path.parent)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that a loss of power does not take away the names of files that were just made in a folder.

    SQLite sees to the content of its files and to the names of its logs only. Where a folder cannot be synced (Windows,
    some network drives) the system sees to names by itself, or nobody can.
    """
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def to_db_path(path: str) -> str | bytes:
    """A path as it is stored: text, or the very bytes when its name is not valid Unicode."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def from_db_path(stored: str | bytes) -> str:
    """The path that ``to_db_path`` stored."""
    return stored if isinstance(stored, str) else os.fsdecode(stored)


def readable_name(name: str) -> str:
    """A name for people: what is not valid Unicode becomes U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not _is_clean(name) else name


def _is_clean(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


# --- engines -------------------------------------------------------------------------------------


def open_engine(
    path: Path,
    *,
    synchronous: Synchronous,
    busy_timeout_seconds: float = 30.0,
    create: bool = True,
    wal_autocheckpoint_pages: int = 1000,
    cache_bytes: int = 8 * 1024 * 1024,
    writer_cache_bytes: int = 0,
    mmap_bytes: int = 0,
    page_bytes: int = 4096,
    read_only_ok: bool = False,
    damaged: type[StoreDamaged] = StoreDamaged,
    reserve: Reserve | None = None,
    floor_bytes: int = 0,
) -> Engine:
    """An engine for one SQLite file. Nothing is opened or written before its first use, so ``migrate`` can refuse first.

    All writing of the process goes through one connection of its own: SQLite throws away the page cache of every
    connection but the one that wrote.

    Args:
        path: The file. Its folders are made (0700) and it is created (0600) unless ``create`` is False.
        synchronous: FULL survives power loss; NORMAL survives the death of the program.
        busy_timeout_seconds: How long a reader or writer waits for others before ``StoreBusy``.
        wal_autocheckpoint_pages: Pages in the log before a commit moves them into the file. 0: never by itself.
        cache_bytes: Page cache of each connection.
        writer_cache_bytes: Page cache of the one that writes; 0: as the others. A page that does not fit until its
            commit and changes again makes SQLite read back and sum up all that it logged since.
        mmap_bytes: How much of the file is mapped for reading; 0 maps nothing.
        page_bytes: Page size of a file that is made anew; an existing file keeps its own.
        read_only_ok: Whether an existing file that we may not write is good enough: ``writing`` is refused then, and
            nothing is written beside it.
        damaged: What is raised when the file is no sound database.
        reserve: Given up when a transaction of this engine finds the disk full, or nearly.
        floor_bytes: With less room on the disk ``writing`` is refused, so that what is left stays for others.

    Raises:
        StoreReadOnly: We may not write the file, and that is not good enough.
        StoreError: The file does not exist and ``create`` is False, or it cannot be made.
    """
    read_only = os.path.exists(path) and not may_write(path)
    if read_only and not read_only_ok:
        raise StoreReadOnly(f"The store may be read, but not written: {path}.")
    try:
        if read_only:
            pass
        elif create:
            make_private_file(path)
        elif not path.exists():
            raise StoreError(f"There is no store at {path}.")
    except OSError as error:
        raise StoreError(f"The store {path} cannot be created: {error.strerror}.") from error

    def make(size: int, more: int, cache: int, **options: Any) -> Engine:
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=lambda: (
                open_read_only(path, busy_timeout_seconds=busy_timeout_seconds)
                if read_only
                else _connect(
                    path, synchronous, busy_timeout_seconds, wal_autocheckpoint_pages, cache, mmap_bytes, page_bytes
                )
            ),
            poolclass=_pool_class(),
            pool_size=size,
            max_overflow=more,
            pool_timeout=busy_timeout_seconds,
            execution_options=options,
        )
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", partial(_handle_error, path, damaged, floor_bytes))
        return engine

    writer = make(1, 0, writer_cache_bytes or cache_bytes, **{_WRITING: True})
    options = {_WRITER: writer, _LOCK: threading.Lock(), _SYNCHRONOUS: synchronous, _TIMEOUT: busy_timeout_seconds}
    options |= {_READ_ONLY: path if read_only else None, _RESERVE: reserve, _FLOOR: (path, floor_bytes)}
    engine = make(8, 24, cache_bytes, **options)
    event.listen(engine, "engine_disposed", lambda _: writer.dispose())
    return engine


@contextmanager
def writing(engine: Engine, *, durable: bool = True) -> Iterator[Connection]:
    """One write transaction: the lock is taken at its start, leaving the block commits, an exception rolls back.

    Without ``durable`` even a FULL engine does not wait for the disk: a loss of power may undo it, together with
    all that came after and was not durable either. The death of the program undoes nothing.

    Writers of one process queue up here rather than in SQLite, which would let them sleep and poll. Not
    reentrant: a second ``writing`` inside the first, in the same thread, ends in ``StoreBusy``.

    Raises:
        StoreBusy: Others held the lock for longer than the engine's busy timeout.
        StoreFull: There is no room, or less than this file leaves to others.
        StoreReadOnly: We may only read.
    """
    options = engine.get_execution_options()
    reserve: Reserve | None = options[_RESERVE]
    if reserve is not None:
        reserve.give_up_if_needed()
    _refuse_below(*options[_FLOOR])
    if is_read_only(engine):
        raise StoreReadOnly(f"The store may be read, but not written: {options[_READ_ONLY]}.")
    lock: threading.Lock = options[_LOCK]
    if not lock.acquire(timeout=options[_TIMEOUT]):
        raise StoreBusy("Another part of the program holds the store locked.")
    try:
        with (
            options[_WRITER].connect() as connection,
            _relaxed(connection, options[_FLOOR][0], options[_SYNCHRONOUS], durable),
            connection.begin(),
        ):
            yield connection
    except StoreFull:
        if reserve is not None:
            reserve.give_up()  # whoever tries again finds room
        raise
    finally:
        lock.release()


def _refuse_below(path: Path, floor_bytes: int) -> None:
    if not floor_bytes:
        return
    with suppress(OSError):
        free = shutil.disk_usage(path.parent).free
        if free < floor_bytes:
            need = (floor_bytes - free) // (1024 * 1024) + 1
            raise StoreFull(f"The disk of the store is full: {need} MB more are needed to go on.")


def is_read_only(engine: Engine) -> bool:
    """Whether we may not write this file."""
    return engine.get_execution_options().get(_READ_ONLY) is not None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: everything inside sees the same moment. Writers go on meanwhile."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def _relaxed(connection: Connection, path: Path, synchronous: Synchronous, durable: bool) -> Iterator[None]:
    if durable or synchronous == "NORMAL":
        yield
        return
    # On the driver's own connection: SQLite changes this outside of transactions only, and SQLAlchemy begins one.
    driver: Any = connection.connection.driver_connection
    with translated_errors(path):
        driver.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        try:
            driver.execute(f"PRAGMA synchronous={synchronous}")
        except sqlite3.Error:  # it may have to look at the file, which the disk may not give
            connection.invalidate()  # a new one begins as it should


def _pool_class() -> Any:
    from sqlalchemy.pool import QueuePool

    return QueuePool


def _connect(
    path: Path,
    synchronous: Synchronous,
    busy_timeout_seconds: float,
    wal_autocheckpoint_pages: int,
    cache_bytes: int,
    mmap_bytes: int,
    page_bytes: int,
) -> sqlite3.Connection:
    """A connection in driver autocommit: transactions are begun by ``_begin`` alone."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",  # not made anew, should it be gone
        uri=True,
        timeout=busy_timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        connection.execute(f"PRAGMA page_size={int(page_bytes)}")
        _use_wal(connection, busy_timeout_seconds)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={int(wal_autocheckpoint_pages)}")
        connection.execute(f"PRAGMA cache_size={-(cache_bytes // 1024)}")
        connection.execute(
            "PRAGMA secure_delete=ON"
        )  # what was deleted is not to be found in the file, whatever the build
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA mmap_size={int(mmap_bytes)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection, timeout_seconds: float) -> None:
    """Switch to the write-ahead log. SQLite does not wait for the lock that the switch needs, so we do."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            if mode != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another writer came between,
    # whatever the timeout; so writers take the lock first.
    writes = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _handle_error(path: Path, damaged: type[StoreDamaged], floor_bytes: int, context: ExceptionContext) -> None:
    found = store_error(context.original_exception, path, damaged, floor_bytes)
    if found is not None:
        raise found from context.original_exception


# --- looking at a file ---------------------------------------------------------------------------


def has_full_text() -> bool:
    """Whether this Python's SQLite has FTS5 with the trigram tokenizer."""
    try:
        with closing(sqlite3.connect(":memory:")) as probe:
            probe.execute("CREATE VIRTUAL TABLE probe USING fts5(text, tokenize='trigram')")
    except sqlite3.Error:
        return False
    return True


def open_read_only(path: Path, *, busy_timeout_seconds: float = 5.0) -> sqlite3.Connection:
    """A bare connection that cannot change the file, not even its journal mode. Errors are the driver's.

    Where we may not write, nothing is put beside the file either. A file without a log is read as it is then: nobody has
    it open. With a log, its index must be there, too.
    """

    def connect(more: str) -> sqlite3.Connection:
        uri = f"{path.absolute().as_uri()}?mode=ro{more}"
        return sqlite3.connect(
            uri, uri=True, timeout=busy_timeout_seconds, isolation_level=None, check_same_thread=False
        )

    if may_write(path):
        return connect("")
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    if not log.exists() or not log.stat().st_size:
        return connect("&immutable=1")
    if not index.exists():
        raise StoreReadOnly(f"The store was not closed: it must be opened once by someone who may write it: {path}.")
    return connect("&readonly_shm=1")
