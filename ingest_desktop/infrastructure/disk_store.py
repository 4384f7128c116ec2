"""Blobs on the local disk: state snapshots and staged content, each whole or not there, durable when written."""

import errno
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError, StoreBusy, StoreError, StoreFull, StoreGone
from ingest_desktop.infrastructure.database import make_private_folder

_PART: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_TEMPORARY: Final = ".new-"  # no key begins with a dot, so a leftover is never taken for a blob
_COPY_BYTES: Final = 1024 * 1024
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} if hasattr(errno, "EDQUOT") else {errno.ENOSPC, errno.EFBIG}
_BUSY: Final = {errno.EBUSY, errno.EAGAIN}
# Names that Windows keeps for devices, whatever follows the first dot.
_DEVICES: Final = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}


class DiskStore:
    """Fulfils ``PersistenceStore`` with one file for each key below ``root``. Any thread, any process."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, key: str, data: bytes) -> None:
        """See ``PersistenceStore``."""

        def pour(target: BinaryIO) -> None:
            target.write(data)

        self._replace(key, pour)

    def write_from(self, key: str, stream: BinaryIO) -> int:
        """See ``PersistenceStore``. An error of the stream itself is raised as it is; the old blob stands."""
        written = 0

        def pour(target: BinaryIO) -> None:
            nonlocal written
            while part := stream.read(_COPY_BYTES):
                with _translated(key):
                    target.write(part)
                written += len(part)

        self._replace(key, pour)
        return written

    def read(self, key: str) -> bytes:
        """See ``PersistenceStore``."""
        with self.open(key) as stream, _translated(key):
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        """See ``PersistenceStore``. The caller closes it."""
        path = self._path(key)
        with _translated(key):
            return open(path, "rb")

    def delete(self, key: str) -> bool:
        """See ``PersistenceStore``. Folders that became empty go as well."""
        path = self._path(key)
        try:
            with _translated(key):
                path.unlink()
        except NotFoundError:
            return False
        folder = path.parent
        with suppress(OSError):  # another blob is in it, or was just put there
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent
        _sync_folder(folder)
        return True

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See ``PersistenceStore``."""
        found = []
        for folder, _, names in os.walk(self.root):
            below = Path(folder).relative_to(self.root)
            found += [(below / name).as_posix() for name in names if not name.startswith(".")]
        return iter(sorted(key for key in found if key.startswith(prefix)))

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        for part in parts:
            device = part.split(".")[0].lower() in _DEVICES
            if not _PART.fullmatch(part) or part.endswith(".") or device:
                raise InvalidRequestError(f"{key!r} is no key: use letters, digits, '.', '_' and '-', parted by '/'.")
        return self.root.joinpath(*parts)

    def _replace(self, key: str, pour: Callable[[BinaryIO], None]) -> None:
        """Write a temporary file beside the target, make it durable, and put it in the target's place."""
        path = self._path(key)
        temporary: Path | None = None
        try:
            if not self.root.parent.exists():
                raise StoreGone(f"The data folder {self.root.parent} is not there any more.")
            with _translated(key):
                make_private_folder(path.parent)
                descriptor, name = mkstemp(prefix=_TEMPORARY, dir=path.parent)  # 0600
                temporary = Path(name)
            with open(descriptor, "wb") as target:
                pour(target)
                with _translated(key):
                    target.flush()
                    os.fsync(target.fileno())
            with _translated(key):
                os.replace(temporary, path)
            temporary = None
            _sync_folder(path.parent)
        finally:
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink()

    def free_bytes(self) -> int:
        """Room left on the disk."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows has no such call and journals its renames."""
    if sys.platform == "win32":
        return
    with _translated(str(folder)):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"There is nothing stored as {key}.") from error
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(f"There is no room left to store {key} ({error}).") from error
        if error.errno in _BUSY or (sys.platform == "win32" and isinstance(error, PermissionError)):
            raise StoreBusy(f"Another program holds {key} ({error}).") from error
        raise StoreError(f"{key} cannot be stored or read ({error}).") from error
