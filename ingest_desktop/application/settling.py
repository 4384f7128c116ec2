"""Files that were changed a moment ago: they are set aside, and looked at again when they had time to settle."""

import heapq
import time
from itertools import count
from typing import Final

from ingest_desktop.application.work import ActiveJob
from ingest_desktop.domain.wire import FileSignature

MOST_ASIDE: Final = 1000  # at once; whoever comes after these has settled meanwhile


class Settling:
    """Those of one process. Guarded by the scheduler's lock.

    Args:
        longest_seconds: No file waits longer for one look.
    """

    def __init__(self, longest_seconds: float) -> None:
        self._longest_seconds = longest_seconds
        self._heap: list[tuple[float, int, ActiveJob]] = []  # when to look again (ticks), which came first, what
        self._numbers = count()

    def put(self, job: ActiveJob, seen: FileSignature, wait_seconds: float) -> bool:
        """Set a file aside, which must be the same when it is looked at again. True when it is the next one."""
        job.seen = seen
        due = time.monotonic() + min(wait_seconds, self._longest_seconds)
        heapq.heappush(self._heap, (due, next(self._numbers), job))
        return self._heap[0][2] is job

    def take(self) -> list[ActiveJob]:
        """Those whose time has come."""
        if not self._heap:
            return []
        now = time.monotonic()
        jobs: list[ActiveJob] = []
        while self._heap and self._heap[0][0] <= now:
            jobs.append(heapq.heappop(self._heap)[2])
        return jobs

    def until_next(self, most_seconds: float) -> float:
        """How long to wait at most: no longer than until the next file has settled."""
        if not self._heap:
            return most_seconds
        return min(most_seconds, max(0.0, self._heap[0][0] - time.monotonic()))

    @property
    def is_full(self) -> bool:
        """Whether no more should be set aside."""
        return len(self._heap) >= MOST_ASIDE
