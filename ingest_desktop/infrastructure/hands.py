"""What the readers of a process have in hand right now, in a small file that outlives a kill of that process.

Written for every file that is begun, so it is no table: a few bytes in the system's memory, never waited for. They
are mapped, because a call of the system would let go of the interpreter's lock for each file and wait for its turn.
What a loss of power takes of them is not missed, because then nothing that was read is to blame. A kill, also one for
want of memory that takes the program together with its child, leaves them to whoever recovers the jobs.
"""

import mmap
import os
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

_SEAT: Final = struct.Struct("<qq")  # job, token; 0 for an empty hand
_BOOT_BYTES: Final = 36
_SEATS: Final = 250  # 4 KiB; readers are counted by processors


class Hands:
    """The file of one worker. Any thread.

    Args:
        path: Where; the folder exists.

    Raises:
        OSError: There is no room for it. Its whole length is written first, so that no later note needs room.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "r+b") as file:
            file.write(_boot() + bytes(_SEATS * _SEAT.size))
            file.flush()
            self._map = mmap.mmap(file.fileno(), 0)

    def put(self, seat: int, job_id: int, token: int) -> None:
        """Note what a reader has begun; a job of 0 for nothing. Nothing raises, because work must not end for it.

        Args:
            seat: The reader, counted from 0.
        """
        with self._lock, suppress(ValueError, struct.error):  # a reader that ends late; more readers than seats
            _SEAT.pack_into(self._map, _BOOT_BYTES + seat * _SEAT.size, job_id, token)

    def close(self, *, remove: bool = True) -> None:
        """Nothing is in hand any more; the file goes."""
        with self._lock:
            self._map.close()
        if remove:
            forget(self._path)


def in_hand(path: Path) -> list[tuple[int, int]]:
    """(job, token) of what a worker had in hand when it was killed; nothing when the system was started anew since."""
    try:
        with path.open("rb") as file:
            found = file.read(_BOOT_BYTES + _SEATS * _SEAT.size)
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
