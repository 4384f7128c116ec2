"""Lock files that the operating system frees when their holder dies, however it dies."""

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        # flock, not lockf: it belongs to this open file, so a second ledger in the same process is kept out too.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class LockFile:
    """A held lock. It ends with ``release`` or with the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path) -> "LockFile | None":
        """Take the lock without waiting, making its file when there is none; None while someone holds it.

        Raises:
            OSError: The file cannot be made or opened.
        """
        path.parent.mkdir(mode=0o700, exist_ok=True)  # not its parents: where the data folder is gone, nothing is made
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if _try_lock(descriptor):
            return cls(path, descriptor)
        os.close(descriptor)
        return None

    def release(self, *, remove: bool = True) -> None:
        """Let go of the lock and remove its file. A second call does nothing. Nothing raises: a file that stays holds nobody up."""
        if self._descriptor is None:
            return
        if remove and sys.platform != "win32":
            with suppress(OSError):  # its disk may have turned read-only
                self.path.unlink(missing_ok=True)  # while it is still ours, so that we never remove another's
        os.close(self._descriptor)
        self._descriptor = None
        if remove and sys.platform == "win32":
            with suppress(OSError):  # Windows removes no open file; whoever opened it meanwhile keeps it
                self.path.unlink(missing_ok=True)
