"""Files that were gone, locked or not permitted: they are looked at now and then, and read again once they are back.

A thread of its own does it, so that a network path that hangs holds up nobody: what is asked of a file is asked by a
further thread, and a process for it, which are left behind when there is no answer. No more than a few can be at once.
"""

import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Final, Protocol

from ingest_desktop.domain.enums import Actor, JobEvent
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.repository import OutOfReach, Repository
from ingest_desktop.domain.models import JobSelector

_log = logging.getLogger(__name__)

PART: Final = 200  # files looked at in one round
FIRST_SECONDS, LONGEST_SECONDS = 2.0, 60.0  # between two rounds; it doubles while nothing is found
NEXT_SECONDS: Final = 0.2  # after a round that found something: a drive has come back, perhaps
AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 60.0, 3600.0  # until a file that failed again though it was there is tried again
PATIENCE_SECONDS: Final = 2.0  # for one answer of a file system
FIRST_LOOK_SECONDS: Final = 2.0  # for a look at all of them that somebody waits for,
HASTY_SECONDS: Final = 0.4  # and for one answer then, so that some that hang leave time for those that do not
MOST_STUCK: Final = 4  # questions that may hang at once
_PLACE_PARTS: Final = 4  # "/", "media", "anna", "disk": what is behind one of them is taken to hang together
_MOUNTS: Final = "/proc/self/mountinfo"  # of Linux
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_REMEMBERED: Final = 10_000
REASON: Final = "its file can be read again"


class Probe(Protocol):
    """Asks a file system. A thread that waits for it must not keep the program from ending."""

    def can_be_read(self, path: str) -> bool:
        """Whether there is a regular file that we may read. May hang where the file system does."""
        ...

    def close(self) -> None:
        """Let go of it. Not while it hangs."""
        ...


class Prober:
    """Asks about files without ever hanging itself. Any thread; one waits for the other.

    Args:
        make_probe: Makes one; it blocks until that is ready, and may raise ``OSError``.
        patience_seconds: The longest wait for an answer.
    """

    def __init__(self, make_probe: Callable[[], Probe], *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._make_probe = make_probe
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._asker: _Asker | None = None
        self._stuck: dict[tuple[str, ...], _Asker] = {}

    def ask(self, path: str, most_seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether the file can be read; False also where there is no answer in time."""
        with self._lock:
            place = _place(path)
            if self._hangs(place) or len(self._stuck) >= MOST_STUCK:
                return False
            if self._asker is None:
                self._asker = _Asker(self._make_probe())
            answer = self._asker.ask(path, min(most_seconds, self._patience_seconds))
            if answer is None:
                _log.warning("file system does not answer", extra={"cause": os.path.join(*place)})
                self._stuck[place], self._asker = self._asker, None
            return bool(answer)

    def hangs(self, path: str) -> bool:
        """Whether there was no answer about a file near this one, and there is none yet. Asks nobody."""
        with self._lock:
            return self._hangs(_place(path))

    @property
    def is_stuck(self) -> bool:
        """Whether something may hang at all. Costs next to nothing."""
        return bool(self._stuck)

    def _hangs(self, place: tuple[str, ...]) -> bool:
        self._stuck = {known: asker for known, asker in self._stuck.items() if asker.is_asking}
        return place in self._stuck

    def close(self) -> None:
        """End the thread, unless it hangs."""
        with self._lock:
            if self._asker is not None:
                self._asker.end()
                self._asker = None


def _place(path: str) -> tuple[str, ...]:
    """What hangs together with a file: all that is mounted where it is, or the folders above it where nobody tells."""
    return _mount_point(path) or PurePath(path).parts[:_PLACE_PARTS]


def _mount_point(path: str) -> tuple[str, ...]:
    """Where the file system of a file is mounted, when it is not the root. Asks the system's list, and not the file system."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as table:
            mounted = [_unescaped(line.split(" ", 5)[4]) for line in table]
    except (OSError, IndexError):
        return ()
    around = [point for point in mounted if point != "/" and path.startswith(f"{point}/")]
    return (max(around, key=len),) if around else ()


def _unescaped(point: str) -> str:
    """Blanks and the like stand as octal numbers there."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), point)


class _Asker:
    """One thread that asks. It is a daemon: where it hangs it ends with the process."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._paths: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.is_asking = False
        threading.Thread(target=self._run, name="reach-asking", daemon=True).start()

    def ask(self, path: str, patience_seconds: float) -> bool | None:
        """The answer, or None when there is none in time: then this asker is to be asked no more, and ends in the end."""
        self.is_asking = True
        self._paths.put(path)
        try:
            return self._answers.get(timeout=patience_seconds)
        except queue.Empty:
            self.end()
            return None

    def end(self) -> None:
        """End after what is being asked."""
        self._paths.put(None)

    def _run(self) -> None:
        while (path := self._paths.get()) is not None:
            answer = self._probe.can_be_read(path)
            self.is_asking = False
            self._answers.put(answer)
        self._probe.close()


class Reach:
    """Watches the files of jobs that could not be reached.

    Any thread may start and stop it; ``round`` is for one thread at a time.
    """

    def __init__(
        self,
        repository: Repository,
        on_retried: Callable[[list[str]], None],
        prober: Prober,
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_retried`` hears which jobs wait again, in this thread."""
        self._repository = repository
        self._on_retried = on_retried
        self._prober = prober
        self._ticks = ticks
        self._stop = threading.Event()
        self._looked = threading.Event()  # at all of them, once
        self._thread: threading.Thread | None = None
        self._after = 0
        self._nothing_since: int | None = None  # the revision at which no file was out of reach
        self._tried: dict[int, tuple[int, float]] = {}  # job: how often, and not before

    def start(self) -> None:
        """Begin to watch. A second call does nothing."""
        self._begin(at_once=False)

    def look_first(self, timeout_seconds: float = FIRST_LOOK_SECONDS) -> bool:
        """Begin to watch with a look at all that is out of reach, and wait for it; False when it takes longer.

        It goes on then. To be called instead of ``start``, or before it.
        """
        self._begin(at_once=True)
        return self._looked.wait(timeout_seconds)

    def _begin(self, *, at_once: bool) -> None:
        if self._thread is None:
            self._stop.clear()
            self._looked.clear()
            self._thread = threading.Thread(target=self._run, args=(at_once,), name="reach", daemon=True)
            self._thread.start()

    def stop(self, timeout_seconds: float = 2 * PATIENCE_SECONDS) -> bool:
        """End the watch; True when its thread has ended."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout_seconds)
        return thread is None or not thread.is_alive()

    def _run(self, at_once: bool) -> None:
        if at_once:
            self._safe_round(HASTY_SECONDS)
            while self._after and not self._stop.is_set():
                self._safe_round(HASTY_SECONDS)
            self._looked.set()
        wait = FIRST_SECONDS
        while not self._stop.wait(wait):
            found = self._safe_round(PATIENCE_SECONDS)
            wait = NEXT_SECONDS if found else min(LONGEST_SECONDS, max(FIRST_SECONDS, wait * 2))
        self._prober.close()

    def _safe_round(self, patience_seconds: float) -> int:
        try:
            return self.round(patience_seconds)
        except IngestError as error:
            _log.warning("files not looked at", extra={"code": error.code, "cause": str(error)})
        except Exception:  # noqa: BLE001 - one bad round must not end the watch
            _log.exception("files not looked at")
        self._after = 0
        return 0

    def round(self, patience_seconds: float = PATIENCE_SECONDS) -> int:
        """Look at the next files that are out of reach, and queue again those that are back; how many.

        Raises:
            StoreError: The ledger cannot be asked.
        """
        revision = self._repository.revision()
        if revision == self._nothing_since:
            return 0
        lost = self._repository.out_of_reach(after=self._after, limit=PART)
        self._nothing_since = revision if not lost and not self._after else None
        self._after = lost[-1].job_id if len(lost) == PART else 0
        back = [job for job in lost if self._is_back(job, patience_seconds)]
        if not back or self._stop.is_set():
            return 0
        selector = JobSelector(job_ids=tuple(str(job.job_id) for job in back))
        done = self._repository.act(selector, JobEvent.RETRY, actor=Actor.RECOVERY, reason=REASON)
        self._remember(back)
        if done.changed:
            self._on_retried(list(done.job_ids))
        return done.changed

    def _is_back(self, job: OutOfReach, patience_seconds: float) -> bool:
        if self._stop.is_set() or self._ticks() < self._tried.get(job.job_id, (0, 0.0))[1]:
            return False
        return self._prober.ask(job.path, patience_seconds)

    def _remember(self, jobs: list[OutOfReach]) -> None:
        """One that fails again though it is there is not tried at once: less and less often."""
        for job in jobs:
            often = self._tried.pop(job.job_id, (0, 0.0))[0]
            pause = min(LONGEST_AGAIN_SECONDS, AGAIN_SECONDS * 2 ** min(often, 10))
            self._tried[job.job_id] = (often + 1, self._ticks() + pause)
        for job_id in list(self._tried)[: max(0, len(self._tried) - _REMEMBERED)]:
            del self._tried[job_id]
