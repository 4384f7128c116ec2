"""What the readers of a process have in hand right now, in a small file that outlives a kill of that process.

Written for every file that is begun, so it is no table: a few bytes in the system's memory, never waited for. What
a loss of power takes of it is not missed, because then nothing that was read is to blame. A kill, also one for want
of memory that takes the program together with its child, leaves it to whoever recovers the jobs.
"""

import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

_SEAT: Final = struct.Struct("<qq")  # job, token; 0 for an empty hand
_BOOT_BYTES: Final = 36
_MOST_SEATS: Final = 1_000


class Hands:
    """The file of one worker. Any thread; nothing raises, because work must not end for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("wb", buffering=0)
        self._file.write(_boot())

    def put(self, seat: int, job_id: int, token: int) -> None:
        """Note what a reader has begun; a job of 0 for nothing.

        Args:
            seat: The reader, counted from 0.
        """
        with self._lock, suppress(OSError, ValueError):  # a full disk, or a reader that ends late
            self._file.seek(_BOOT_BYTES + seat * _SEAT.size)
            self._file.write(_SEAT.pack(job_id, token))

    def close(self, *, remove: bool = True) -> None:
        """Nothing is in hand any more; the file goes."""
        with self._lock, suppress(OSError):
            self._file.close()
        if remove:
            forget(self._path)


def in_hand(path: Path) -> list[tuple[int, int]]:
    """(job, token) of what a worker had in hand when it was killed; nothing when the system was started anew since."""
    try:
        with path.open("rb") as file:
            found = file.read(_BOOT_BYTES + _MOST_SEATS * _SEAT.size)
    except OSError:
        return []
    if found[:_BOOT_BYTES] != _boot():
        return []
    seats = found[_BOOT_BYTES:]
    whole = len(seats) - len(seats) % _SEAT.size
    return sorted({(job, token) for job, token in _SEAT.iter_unpack(seats[:whole]) if job > 0})


def forget(path: Path) -> None:
    """Remove the file, if it is there."""
    with suppress(OSError):
        path.unlink()


def _boot() -> bytes:
    """What tells one run of the system from another, where it says so."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_bytes()[:_BOOT_BYTES].ljust(_BOOT_BYTES)
    return b" " * _BOOT_BYTES
