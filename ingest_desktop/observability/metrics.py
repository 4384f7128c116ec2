"""Counting and timing the work: cheap on the hot path, Prometheus names on demand.

Workers bump plain numbers under one lock. The Prometheus objects are built from them when somebody
collects; ``prometheus_client`` is imported then, because it costs start-up time that most runs never use.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

SERIES_SECONDS: Final = 300
SUCCEEDED: Final = frozenset({"ingested", "updated", "unchanged", "duplicate", "empty", "left_out"})
"""Outcomes of completed jobs; any other word given to ``job_ended`` is an error code or ``cancelled``."""
CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """The numbers since the process started, as they stood at one moment.

    ``series`` holds (second since the epoch, jobs ended in it, bytes of those jobs), oldest first, for each
    of the last 300 whole seconds, idle ones included. ``seconds`` are of wall time, summed over workers.
    """

    series: tuple[tuple[int, int, int], ...] = ()
    queue_depth: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    phase_seconds: dict[str, float] = field(default_factory=dict)
    chunks: int = 0
    documents: int = 0
    bytes: int = 0
    jobs: dict[str, int] = field(default_factory=dict)  # ended jobs: completed, failed, cancelled


class Metrics:
    """The counters of one process. Every method may be called from any thread.

    Args:
        enabled: False makes every recording call a no-op and every reading empty.
        clock: Seconds since the epoch; for tests.
    """

    def __init__(self, *, enabled: bool = True, clock: Callable[[], float] = time.time) -> None:
        self.enabled = enabled
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._phase_seconds: dict[str, float] = {}
        self._chunks = self._documents = self._bytes = self._queue_depth = 0
        # A ring by second: where a slot's stamp is not the second asked for, the slot is out of date.
        self._stamp = [0] * SERIES_SECONDS
        self._ring_files = [0] * SERIES_SECONDS
        self._ring_bytes = [0] * SERIES_SECONDS
        self._counts_by_status: Callable[[], Mapping[str, int]] | None = None

    def job_ended(
        self,
        outcome_or_code: str,
        bytes: int = 0,
        seconds_by_phase: Mapping[str, float] | None = None,
        chunks: int = 0,
    ) -> None:
        """Count a job that ended.

        Args:
            outcome_or_code: The outcome of a completed job, ``cancelled``, or the error code of a failed one.
            bytes: Size of its file.
            seconds_by_phase: Seconds spent, by ``JobPhase`` value.
            chunks: Chunks stored by it.
        """
        if not self.enabled:
            return
        second = int(self._clock())
        slot = second % SERIES_SECONDS
        with self._lock:
            if outcome_or_code in SUCCEEDED:
                self._jobs["completed"] += 1
                self._documents += outcome_or_code in ("ingested", "updated", "empty")
            elif outcome_or_code == CANCELLED:
                self._jobs["cancelled"] += 1
            else:
                self._jobs["failed"] += 1
                self._failures[outcome_or_code] += 1
            self._chunks += chunks
            self._bytes += bytes
            if self._stamp[slot] != second:
                self._stamp[slot], self._ring_files[slot], self._ring_bytes[slot] = second, 0, 0
            self._ring_files[slot] += 1
            self._ring_bytes[slot] += bytes
            if seconds_by_phase:
                seconds = self._phase_seconds
                for phase, spent in seconds_by_phase.items():
                    seconds[phase] = seconds.get(phase, 0.0) + spent

    def phase_took(self, phase: str, seconds: float) -> None:
        """Add time to a phase for work that is no job's own, such as a shared commit."""
        if self.enabled:
            with self._lock:
                self._phase_seconds[phase] = self._phase_seconds.get(phase, 0.0) + seconds

    def queue_depth(self, depth: int) -> None:
        """Note how many results wait between the readers and the writer."""
        if self.enabled:
            self._queue_depth = depth  # one store: needs no lock

    def count_jobs_with(self, counts_by_status: Callable[[], Mapping[str, int]]) -> None:
        """Say where the number of jobs by status can be asked; asked only when Prometheus collects."""
        self._counts_by_status = counts_by_status

    def snapshot(self) -> MetricsSnapshot:
        """The numbers now."""
        if not self.enabled:
            return MetricsSnapshot()
        now = int(self._clock())
        with self._lock:
            series = tuple(
                (second, self._ring_files[slot], self._ring_bytes[slot])
                if self._stamp[slot := second % SERIES_SECONDS] == second
                else (second, 0, 0)
                for second in range(now - SERIES_SECONDS + 1, now + 1)
            )
            return MetricsSnapshot(
                series=series,
                queue_depth=self._queue_depth,
                failures=dict(self._failures),
                phase_seconds=dict(self._phase_seconds),
                chunks=self._chunks,
                documents=self._documents,
                bytes=self._bytes,
                jobs=dict(self._jobs),
            )

    def registry(self) -> "CollectorRegistry":
        """A registry of its own whose one collector reads this object. Imports ``prometheus_client``."""
        from prometheus_client import CollectorRegistry

        registry = CollectorRegistry()
        registry.register(_Collector(self))
        return registry

    def exposition(self) -> bytes:
        """The Prometheus text format, version 0.0.4."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry())

    def jobs_by_status(self) -> dict[str, int]:
        """Jobs in the store by status where ``count_jobs_with`` was called, else those this process ended."""
        if not self.enabled:
            return {}
        if self._counts_by_status is not None:
            return dict(self._counts_by_status())
        return self.snapshot().jobs


class _Collector:
    """Makes Prometheus metrics of the plain counters, each time somebody collects."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable["Metric"]:
        """Nothing, so that registering does not collect."""
        return ()

    def collect(self) -> Iterable["Metric"]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        if not self._metrics.enabled:
            return
        now = self._metrics.snapshot()
        jobs = GaugeMetricFamily("ingest_jobs", "Jobs by status.", labels=["status"])
        for status, count in sorted(self._metrics.jobs_by_status().items()):
            jobs.add_metric([status], count)
        yield jobs
        yield GaugeMetricFamily("ingest_queue_depth", "Results waiting to be stored.", value=now.queue_depth)
        yield CounterMetricFamily("ingest_chunks", "Chunks stored.", value=now.chunks)
        yield CounterMetricFamily("ingest_documents", "Documents stored.", value=now.documents)
        yield CounterMetricFamily("ingest_bytes", "Bytes of the files of ended jobs.", value=now.bytes)
        seconds = CounterMetricFamily("ingest_phase_seconds", "Seconds spent by phase.", labels=["phase"])
        for phase, spent in sorted(now.phase_seconds.items()):
            seconds.add_metric([phase], spent)
        yield seconds
        failures = CounterMetricFamily("ingest_failures", "Failed jobs by error code.", labels=["code"])
        for code, count in sorted(now.failures.items()):
            failures.add_metric([code], count)
        yield failures
