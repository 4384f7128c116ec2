"""Copies of a database that may be in use: each appears whole or not at all."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ingest_desktop.domain.errors import StoreError, StoreFull
from ingest_desktop.infrastructure.database import (
    make_private_file,
    make_private_folder,
    open_read_only,
    sync_folder,
)
from ingest_desktop.infrastructure.store_errors import translated_errors


@contextmanager
def whole_copy(path: Path, target: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """A database, for reading, and a new file for its copy, which is called ``target`` once it is on the disk.

    Raises:
        StoreFull, StoreError: The copy could not be written; there is no ``target`` then. Nor is there one when what is
            done with the two raises.
    """
    partial = target.with_name(target.name + ".part")
    try:
        make_private_folder(target.parent)
        partial.unlink(missing_ok=True)
        make_private_file(partial)
        with (
            translated_errors(path),
            closing(open_read_only(path)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            yield source, copy
        with open(partial, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(partial, target)
        sync_folder(target.parent)
    except OSError as error:
        kind = StoreFull if error.errno == errno.ENOSPC else StoreError
        raise kind(f"The copy {target} cannot be written ({error}).") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def copy_database(path: Path, target: Path) -> None:
    """Copy a database as it is at one moment.

    Raises:
        As ``whole_copy``.
    """
    with whole_copy(path, target) as (source, copy):
        source.backup(copy)
