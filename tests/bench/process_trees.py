"""Runs commands and says what their whole process tree used: processor seconds, time, memory.

For Linux: the memory of a tree is read from /proc, and what a dead process leaves behind is adopted and counted.
"""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_SECONDS = 0.05
PR_SET_CHILD_SUBREAPER = 36
ORPHAN_SECONDS = 10.0
KIB = 1024


@dataclass(frozen=True, slots=True)
class Use:
    """What a tree used. ``orphans``: processes that their parent never waited for; their seconds are in ``cpu_seconds``."""

    code: int
    wall_seconds: float
    cpu_seconds: float
    orphans: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The peaks of a tree, in bytes: shared pages counted once (PSS), or once for each process (RSS)."""

    pss_bytes: int
    rss_bytes: int
    samples: int
    processes: int
    wall_seconds: float
    code: int


def environment(**extra: str) -> dict[str, str]:
    """The environment of what is measured: this checkout's package, and none of the person's own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INGESTION_")}
    settled = {"INGESTION_SETTLE_SECONDS": "0"}  # a corpus that was just made has held still
    return {**clean, **settled, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **extra}


def ingest(data_dir: Path, *arguments: str) -> list[str]:
    """The ``ingest`` command on a store, with this Python and this checkout."""
    return [sys.executable, "-P", "-m", "ingest_desktop.cli", arguments[0], "--data-dir", str(data_dir), *arguments[1:]]


def adopt_orphans() -> bool:
    """Make this process the parent of what measured processes leave behind; False where that cannot be."""
    if not sys.platform.startswith("linux"):
        return False
    return ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def run(command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> Use:
    """Run a command to its end and count its whole tree. This process must have no other children meanwhile."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env or environment()
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    count, seconds = _reap_orphans()
    return Use(process.returncode, wall, used.ru_utime + used.ru_stime + seconds, count)


def _reap_orphans() -> tuple[int, float]:
    """Wait for adopted processes; how many there were and their processor seconds."""
    count, seconds, end = 0, 0.0, time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < end:
        try:
            pid, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            count, seconds = count + 1, seconds + used.ru_utime + used.ru_stime
        else:
            time.sleep(0.01)
    return count, seconds


def peak_memory(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    finished: Callable[[], bool] | None = None,
) -> Memory:
    """Run a command and sample the memory of its tree every 50 ms.

    Args:
        finished: Asked every half second; once true, the command is asked to end (SIGTERM).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    pss = rss = samples = most = 0
    began = asked = time.monotonic()
    with open(log, "wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env or environment()
        )
        while process.poll() is None:
            now = time.monotonic()
            tree = list(descendants(process.pid))
            sizes = [size for pid in tree if (size := _sizes(pid))]
            pss, rss = max(pss, sum(size[0] for size in sizes)), max(rss, sum(size[1] for size in sizes))
            samples, most = samples + 1, max(most, len(sizes))
            if finished is not None and now - asked > 0.5:
                asked = now
                if finished():
                    process.send_signal(signal.SIGTERM)
                    finished = None
            time.sleep(max(0.0, SAMPLE_SECONDS - (time.monotonic() - now)))
    return Memory(pss, rss, samples, most, time.monotonic() - began, process.returncode)


def descendants(pid: int) -> Iterator[int]:
    """A process and all that it started, as far as they live."""
    yield pid
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as stream:
                for child in stream.read().split():
                    yield from descendants(int(child))


def _sizes(pid: int) -> tuple[int, int] | None:
    """PSS and RSS of a process in bytes; None when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as stream:
            fields = dict(line.split()[:2] for line in stream.readlines()[1:])
    except (OSError, ValueError):
        return None
    if "Pss:" not in fields:
        return None
    return int(fields["Pss:"]) * KIB, int(fields["Rss:"]) * KIB


class Others:
    """How busy the rest of the machine is while we measure: what tells a quiet machine from a loud one."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy_seconds(), _own_seconds()

    def share(self) -> float | None:
        """Part of all cores that other programs took since the start, 0..1; None where the system does not tell."""
        busy = _busy_seconds()
        if self._busy is None or busy is None:
            return None
        others = (busy - self._busy) - (_own_seconds() - self._own)
        return max(0.0, others / ((time.monotonic() - self._began) * (os.cpu_count() or 1)))


def _busy_seconds() -> float | None:
    """Seconds that all cores have worked, for anybody."""
    try:
        with open("/proc/stat") as stream:
            user, nice, system, _, _, irq, softirq, *_ = map(int, stream.readline().split()[1:])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Seconds of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
