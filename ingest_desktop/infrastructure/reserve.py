"""Room that is kept for the list of jobs: a file that is given up when the disk is full, and made again later.

Other programs may fill the disk below what we leave free. Then nothing can be stored, but what becomes of the jobs must
still be written: that one is paused, cancelled, or waits for room.
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

NAME: Final = "reserve"
LAST_BYTES: Final = 1024 * 1024  # free on the disk: with less the next state might not be written
_PART: Final = bytes(256 * 1024)


class Reserve:
    """The file. Any thread, any process: who finds it gone finds the room instead."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        """``size_bytes`` 0 keeps nothing."""
        self.path = folder / NAME
        self.size_bytes = size_bytes

    def keep(self, min_free_bytes: int) -> bool:
        """Make the file, when there is room for it besides what is to stay free; whether it is there."""
        if not self.size_bytes:
            self.give_up()
            return False
        with suppress(OSError):
            if self.path.stat().st_size == self.size_bytes:
                return True
        with suppress(OSError):
            if shutil.disk_usage(self.path.parent).free < min_free_bytes + 2 * self.size_bytes + LAST_BYTES:
                return self.path.exists()
            return self._make()
        return False

    def _make(self) -> bool:
        part = self.path.with_name(f"{NAME}.{os.getpid()}.new")
        try:
            with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
                _take_room(stream, self.size_bytes)
            os.replace(part, self.path)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        return True

    def give_up(self) -> bool:
        """Remove the file; whether it was there."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True

    def give_up_if_needed(self) -> None:
        """Remove the file when there is hardly any room beside it."""
        with suppress(OSError):
            if self.size_bytes and shutil.disk_usage(self.path.parent).free < LAST_BYTES:
                self.give_up()


def _take_room(stream: BinaryIO, size_bytes: int) -> None:
    """Let a new file take up room. A file of holes would keep nothing. Not synced: a loss of power may take it."""
    if hasattr(os, "posix_fallocate"):  # not on Windows and macOS
        try:
            os.posix_fallocate(stream.fileno(), 0, size_bytes)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        else:
            return
    for start in range(0, size_bytes, len(_PART)):
        stream.write(_PART[: size_bytes - start])
