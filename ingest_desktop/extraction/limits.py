"""The limits a reading process lives under. What a system cannot enforce, the parent's wall clock does."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType

from ingest_desktop.domain.errors import LimitExceeded

if sys.platform != "win32":
    import resource

_GRACE_SECONDS = 2  # between asking a file to stop and ending the process
_M_ARENA_MAX = -8
_PR_SET_PDEATHSIG = 1
_OPEN_FILES = 256
_WRITTEN_BYTES = 1024 * 1024 * 1024  # of one file: readers write none, helper programs small ones


class OutOfTime(LimitExceeded):
    """The processor time of a task is used up: whatever is in hand ends, a file inside another one takes all with it."""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child is told in its first frame. Sizes are bytes, times seconds; see ``Settings`` for each."""

    memory_bytes: int = 2048 * 1024 * 1024
    cpu_seconds: float = 60.0
    nice: int = 10
    parent_pid: int = 0


class Limiter:
    """Applies the limits to this process."""

    def __init__(self, limits: ChildLimits) -> None:
        self._limits = limits
        self._in_hand = False

    def settle(self) -> None:
        """Once at the start: memory, priority, no core files, and no life without the parent."""
        watch_parent(self._limits.parent_pid)
        if sys.platform == "win32":
            return
        with contextlib.suppress(OSError):
            os.nice(self._limits.nice)
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
        _lower(resource.RLIMIT_FSIZE, _WRITTEN_BYTES)
        if sys.platform != "darwin":  # there the limit is not kept, and lowering it can stop the process
            _lower(resource.RLIMIT_AS, self._limits.memory_bytes)
        signal.signal(signal.SIGPROF, self._out_of_time)

    def begin_file(self) -> None:
        """Give the file that comes next its share of processor time.

        A handler raises ``LimitExceeded`` as soon as Python code runs; a parser that never returns to Python is
        ended by the system a little later, with SIGXCPU.
        """
        if sys.platform == "win32":
            return
        seconds = self._limits.cpu_seconds
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(time.process_time() + seconds) + _GRACE_SECONDS + 1
        if hard == resource.RLIM_INFINITY or soft < hard:
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
        self._in_hand = True
        signal.setitimer(signal.ITIMER_PROF, seconds)

    def end_file(self) -> None:
        """No file is in hand."""
        self._in_hand = False
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _out_of_time(self, _number: int, _frame: FrameType | None) -> None:
        if self._in_hand:  # a signal may come late
            self._in_hand = False
            raise OutOfTime(cpu_message(self._limits.cpu_seconds))


def cpu_message(seconds: float) -> str:
    """The sentence for a file that took more processor time than it may."""
    return f"Reading took more than {seconds:g} seconds of processor time (INGESTION_CHILD_CPU_SECONDS)."


def memory_message() -> str:
    """The sentence for a file that needed more memory than a reading process may have."""
    return "Reading needs more memory than a file may take (INGESTION_CHILD_MEMORY_BYTES)."


def peak_bytes() -> int:
    """The peak resident memory of this process so far; 0 where the system does not tell."""
    if sys.platform == "win32":
        return _windows_peak_bytes()
    if sys.platform == "linux":
        # getrusage would tell the memory of whoever started us, if that was more: it is handed down by fork and exec
        with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/status", "rb") as status:
            return int(status.read().split(b"VmHWM:", 1)[1].split(None, 1)[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def taken_bytes(pid: int) -> int:
    """The address space that another process has now; 0 where the system does not tell, or keeps no limit of it."""
    if sys.platform != "linux":
        return 0
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm", "rb") as status:
        return int(status.read().split()[0]) * resource.getpagesize()
    return 0


def watch_parent(parent_pid: int) -> None:
    """See to it that this process ends when its parent does. A closed pipe alone does not end a long parse."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            # Else glibc sets aside 64 MiB of addresses or more for the thread below, or does not when the limit is
            # there first: what is left to a file would depend on which of the two was faster.
            library.mallopt(_M_ARENA_MAX, 1)
        if parent_pid and os.getppid() != parent_pid:  # it died before we asked
            os._exit(0)
        # The signal comes when the *thread* that started us ends, which the host sees to; so look as well.
    if parent_pid:
        threading.Thread(target=_watch, args=(parent_pid,), name="watchdog", daemon=True).start()


def _watch(parent_pid: int) -> None:
    while _parent_lives(parent_pid):
        time.sleep(2.0)
    os._exit(0)


def _parent_lives(parent_pid: int) -> bool:
    if sys.platform != "win32":
        return os.getppid() == parent_pid
    kernel = ctypes.windll.kernel32
    handle = kernel.OpenProcess(0x00100000, False, parent_pid)  # SYNCHRONIZE
    if not handle:
        return False
    ended: int = kernel.WaitForSingleObject(handle, 0)
    kernel.CloseHandle(handle)
    return ended != 0


def _lower(kind: int, value: int) -> None:
    """Lower a soft limit; a hard limit that is lower still wins."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, hard))


def _windows_peak_bytes() -> int:
    if sys.platform != "win32":
        return 0

    class Counters(ctypes.Structure):
        _fields_ = [("cb", ctypes.c_ulong), ("faults", ctypes.c_ulong)] + [(f"s{i}", ctypes.c_size_t) for i in range(8)]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel = ctypes.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong]
    ok = kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return int(counters.s0) if ok else 0
