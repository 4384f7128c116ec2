"""Metrics add up, cost little, and come out under their Prometheus names."""

import subprocess
import sys
import threading
import time

from prometheus_client.parser import text_string_to_metric_families

from ingest_desktop.observability.metrics import SERIES_SECONDS, Metrics, MetricsSnapshot


class Clock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def exposed(metrics: Metrics) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_ended_jobs_add_up() -> None:
    metrics = Metrics()
    metrics.job_ended("ingested", 1000, {"extracting": 0.5, "indexing": 0.25}, 12)
    metrics.job_ended("unchanged", 500)
    metrics.job_ended("source_encrypted", 70, {"extracting": 0.5})
    metrics.job_ended("cancelled", 30)
    metrics.phase_took("indexing", 0.75)
    now = metrics.snapshot()
    assert now.jobs == {"completed": 2, "failed": 1, "cancelled": 1}
    assert now.failures == {"source_encrypted": 1}
    assert (now.documents, now.chunks, now.bytes) == (1, 12, 1600)
    assert now.phase_seconds == {"extracting": 1.0, "indexing": 1.0}


def test_series_is_by_second_with_gaps_as_zeros_and_forgets_after_five_minutes() -> None:
    clock = Clock()
    metrics = Metrics(clock=clock)
    metrics.job_ended("ingested", 10)
    metrics.job_ended("ingested", 20)
    clock.now += 2
    metrics.job_ended("ingested", 5)
    series = metrics.snapshot().series
    assert len(series) == SERIES_SECONDS
    assert series[-3:] == ((1_000_000, 2, 30), (1_000_001, 0, 0), (1_000_002, 1, 5))
    clock.now += SERIES_SECONDS - 1
    assert metrics.snapshot().series[0] == (1_000_002, 1, 5)
    clock.now += 1
    assert sum(files for _, files, _ in metrics.snapshot().series) == 0
    metrics.job_ended("ingested", 7)
    assert metrics.snapshot().series[-1][1:] == (1, 7)


def test_names_are_those_promised() -> None:
    metrics = Metrics()
    metrics.job_ended("ingested", 1000, {"extracting": 0.5}, 12)
    metrics.job_ended("source_malformed", 1)
    metrics.queue_depth(3)
    assert exposed(metrics) == {
        ("ingest_jobs", "completed"): 1,
        ("ingest_jobs", "failed"): 1,
        ("ingest_queue_depth", ""): 3,
        ("ingest_chunks_total", ""): 12,
        ("ingest_documents_total", ""): 1,
        ("ingest_bytes_total", ""): 1001,
        ("ingest_phase_seconds_total", "extracting"): 0.5,
        ("ingest_failures_total", "source_malformed"): 1,
    }


def test_jobs_by_status_come_from_the_store_where_it_can_be_asked() -> None:
    metrics = Metrics()
    metrics.count_jobs_with(lambda: {"queued": 9, "running": 2})
    assert exposed(metrics)["ingest_jobs", "queued"] == 9


def test_switched_off_records_and_shows_nothing() -> None:
    metrics = Metrics(enabled=False)
    metrics.job_ended("ingested", 1, {"hashing": 1.0}, 1)
    metrics.phase_took("hashing", 1.0)
    metrics.queue_depth(4)
    assert metrics.snapshot() == MetricsSnapshot()
    assert exposed(metrics) == {}


def test_threads_lose_no_count() -> None:
    metrics = Metrics()

    def work() -> None:
        for _ in range(5_000):
            metrics.job_ended("ingested", 2, {"extracting": 1.0}, 3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = metrics.snapshot()
    assert (now.documents, now.bytes, now.chunks, now.phase_seconds["extracting"]) == (20_000, 40_000, 60_000, 20_000.0)


def test_a_job_costs_microseconds() -> None:
    """About 1.5 µs of cpu on the machine it was written on; the bound leaves room for slow and busy ones."""
    metrics = Metrics()
    phases = {"hashing": 0.1, "extracting": 0.2, "indexing": 0.3}
    best = float("inf")
    for _ in range(5):
        start = time.thread_time()
        for _ in range(5_000):
            metrics.job_ended("ingested", 100, phases, 5)
        best = min(best, (time.thread_time() - start) / 5_000)
    assert best < 20e-6


def test_prometheus_is_not_imported_until_somebody_collects() -> None:
    code = (
        "import sys; from ingest_desktop.observability.metrics import Metrics; m = Metrics();"
        "m.job_ended('ingested', 1); m.snapshot(); assert 'prometheus_client' not in sys.modules;"
        "m.exposition(); assert 'prometheus_client' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
