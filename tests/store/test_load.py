"""Many jobs added while as many run: none lost, none taken twice, and the counters stay right."""

import threading
import time
from itertools import chain
from pathlib import Path

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.interfaces.repository import Ending, FoundFile
from ingest_desktop.infrastructure.ledger import Ledger

SLICE = 1000


def add(ledger: Ledger, name: str, count: int) -> None:
    batch = ledger.create_batch("library", ["/docs"], origin="window", priority=0, label=name).batch_id
    for first in range(0, count, SLICE):
        found = [FoundFile(f"/docs/{name}/{n}.txt", 10, 1, n, 1) for n in range(first, min(count, first + SLICE))]
        ledger.add_jobs(batch, found, known={})
    ledger.finish_discovery(batch, {})


def pour(root: Path, count: int, workers: int = 2) -> dict[str, float]:
    """Add ``count`` jobs, and then as many again while these run; seconds of each part."""
    ledgers = [Ledger(root, busy_timeout_seconds=60.0) for _ in range(workers + 1)]
    began = time.monotonic()
    add(ledgers[-1], "first", count)
    added = time.monotonic()
    taken: list[list[int]] = [[] for _ in range(workers)]
    all_added = threading.Event()

    def run(ledger: Ledger, mine: list[int]) -> None:
        worker = ledger.register_worker("load")
        while True:
            over = all_added.is_set()
            claims = ledger.claim(worker, limit=200, max_bytes=2**40)
            if not claims and over:
                return
            mine += [claim.job_id for claim in claims]
            with ledger.ending([Ending(claim, outcome=Outcome.INGESTED) for claim in claims]) as ours:
                assert len(ours) == len(claims)

    threads = [threading.Thread(target=run, args=pair) for pair in zip(ledgers, taken, strict=False)]
    for thread in threads:
        thread.start()
    add(ledgers[-1], "second", count)
    poured = time.monotonic()
    all_added.set()
    for thread in threads:
        thread.join()
    done = time.monotonic()
    counts = ledgers[-1].counts()
    assert sorted(chain.from_iterable(taken)) == list(range(1, 2 * count + 1))  # each once
    assert counts.of(JobStatus.COMPLETED) == counts.total() == 2 * count
    for ledger in ledgers:
        ledger.close()
    return {"added": added - began, "added while others run": poured - added, "all": done - began}


def test_jobs_are_added_while_as_many_run(tmp_path: Path) -> None:
    seconds = pour(tmp_path, 3_000)
    assert seconds["all"] < 60
