"""Puts a mended database in the place of a damaged one: nobody else may have it open, and no kill leaves half of it.

The new file is made beside the old one as ``NAME.repairing``. Once it is whole and on the disk it is called
``NAME.repaired-STAMP``: from then on the swap is only renames, and whoever opens the store next finishes it. The damaged
file stays as ``NAME.damaged-STAMP``, with its log; nothing ever deletes it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ingest_desktop.domain.errors import StoreBusy, StoreDamaged, StoreError
from ingest_desktop.infrastructure.locks import LockFile

_REPAIRED: Final = ".repaired-"
_DAMAGED: Final = ".damaged-"
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510  # the bytes of a file that every open SQLite connection holds locked


def repairing_name(path: Path) -> Path:
    """Where the new file is made."""
    return path.with_name(path.name + ".repairing")


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Keep everybody else away from a database until the block ends.

    Raises:
        StoreBusy: Somebody has it open, or repairs it already.
        StoreError: The lock cannot be made.
    """
    try:
        lock = LockFile.take(_lock_of(path))
    except OSError as error:
        raise StoreError(f"{path} cannot be locked ({error}).") from error
    if lock is None:
        raise StoreBusy(f"{path.name} is being repaired already.")
    try:
        with _no_connection(path):
            yield
    finally:
        lock.release()


def finish_swap(path: Path) -> bool:
    """Finish the swap of a repair that was killed in the middle of it; whether there was one. Called before a file is opened.

    Raises:
        StoreBusy: A repair is at work.
        StoreError: The files cannot be renamed.
    """
    if not _lock_of(path).exists() and not _repaired(path):
        return False
    try:
        lock = LockFile.take(_lock_of(path))
    except OSError:  # we may not write here: it is for somebody who may
        return False
    if lock is None:
        raise StoreBusy(f"{path.name} is being repaired. Try again when that is done.")
    try:
        repaired = _repaired(path)
        if repaired is not None:
            _swap(path, repaired)
        return repaired is not None
    finally:
        lock.release()


def refuse_emptied(path: Path, damaged: type[StoreDamaged], *, has_traces: bool) -> None:
    """Raise for a file of no bytes that was a store: it would be taken for a new one, and all of it for gone.

    Args:
        has_traces: Whether something else tells that there was a store. Without, a file of no bytes is what a kill in
            the moment of its making leaves.
    """
    try:
        emptied = has_traces and path.stat().st_size == 0
    except OSError:
        return
    if emptied:
        raise damaged(f"The store's file is empty: {path}.")


def swap_in(path: Path) -> Path:
    """Put the finished new file into the place of the damaged one; where the damaged one is kept. Only in ``alone_with``.

    Raises:
        StoreError: The files cannot be renamed; whoever opens the store next tries again.
    """
    made = repairing_name(path)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    while (kept := path.with_name(f"{path.name}{_DAMAGED}{stamp}")).exists():
        stamp += "x"
    try:
        with open(made, "rb+") as stream:
            os.fsync(stream.fileno())
        repaired = path.with_name(f"{path.name}{_REPAIRED}{stamp}")
        os.replace(made, repaired)
        for side in ("-wal", "-shm"):  # empty by now
            made.with_name(made.name + side).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The mended file {made} cannot be put in place ({error}).") from error
    _sync(path.parent)
    _swap(path, repaired)
    return kept


def _swap(path: Path, repaired: Path) -> None:
    """Each step may have been done before a kill: a log without its file goes aside first, or it would be taken for ours."""
    kept = path.with_name(f"{path.name}{_DAMAGED}{repaired.name.rpartition(_REPAIRED)[2]}")
    try:
        for side in ("", "-wal"):
            old, new = path.with_name(path.name + side), kept.with_name(kept.name + side)
            if old.exists() and not new.exists():
                os.rename(old, new)
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        os.replace(repaired, path)
    except OSError as error:
        raise StoreError(f"The mended file {repaired} cannot be put in place ({error}).") from error
    _sync(path.parent)


def _repaired(path: Path) -> Path | None:
    return next(iter(sorted(path.parent.glob(f"{path.name}{_REPAIRED}*"))), None)


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".repair-lock")


@contextmanager
def _no_connection(path: Path) -> Iterator[None]:
    """SQLite lets every open connection hold a shared lock; an exclusive one on the same bytes proves that there is none.

    On Windows a file that is open cannot be renamed, which says the same a little later.
    """
    if sys.platform == "win32" or not path.is_file():
        yield
        return
    import fcntl

    with open(path, "rb+") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        except OSError as error:
            raise StoreBusy(f"Another program has {path} open. Close it and try again.") from error
        finally:
            # Not kept: this process reads the file itself now, and closing one of two handles frees both their locks.
            with suppress(OSError):
                fcntl.lockf(stream, fcntl.LOCK_UN, _SHARED_SIZE, _SHARED_FIRST)
    yield


def _sync(folder: Path) -> None:
    """Make renames durable. Windows has no such call and journals its renames."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
