"""The newest progress of each running job, in memory only. Written by workers, pulled by whoever shows it."""

import threading
import time
from datetime import UTC, datetime

from ingest_desktop.domain.enums import JobPhase
from ingest_desktop.domain.models import Progress

_RATE_AFTER_SECONDS = 1.0  # a rate from less would jump about


class _Track:
    """One job's progress and when its measured phase began."""

    __slots__ = ("done", "first", "phase", "started", "started_at", "total", "unit")

    def __init__(self, phase: JobPhase, now: float) -> None:
        self.phase, self.done, self.total, self.unit = phase, 0, 0, "byte"
        self.first, self.started = 0, now
        self.started_at = datetime.now(UTC)


class ProgressBoard:
    """A lock-guarded table. ``post`` is cheap enough for every page; ``latest`` for ten times a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tracks: dict[int, _Track] = {}

    def post(self, job_id: int, phase: JobPhase, done: int, total: int, unit: str) -> None:
        """Overwrite a job's newest value. Within a phase ``done`` never goes back."""
        now = time.monotonic()
        with self._lock:
            track = self._tracks.get(job_id)
            if track is None:
                track = self._tracks[job_id] = _Track(phase, now)
            if track.phase is not phase or track.unit != unit:
                track.phase, track.unit = phase, unit
                track.done, track.first, track.started = done, done, now
            track.done = max(track.done, done)
            track.total = total

    def forget(self, job_ids: set[int]) -> None:
        """These jobs run no longer."""
        with self._lock:
            for job_id in job_ids:
                self._tracks.pop(job_id, None)

    def latest(self) -> dict[int, Progress]:
        """The newest value of each running job that has one, by integer job id."""
        now = time.monotonic()
        with self._lock:
            rows = [
                (key, t.phase, t.done, t.total, t.unit, t.first, t.started, t.started_at)
                for key, t in self._tracks.items()
            ]
        found: dict[int, Progress] = {}
        for key, phase, done, total, unit, first, started, started_at in rows:
            seconds = now - started
            rate = (done - first) / seconds if seconds >= _RATE_AFTER_SECONDS and done > first else None
            found[key] = Progress(
                phase=phase, done=done, total=total, unit=unit, started_at=started_at, units_per_second=rate
            )
        return found
