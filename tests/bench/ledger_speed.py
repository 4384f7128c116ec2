"""How much processor time the ledger takes, small and with a million jobs. Run: python -m tests.bench.ledger_speed"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.interfaces.repository import Ending, FoundFile, SameContent
from ingest_desktop.domain.models import JobOrder, JobQuery, JobSelector, Receipt
from ingest_desktop.infrastructure.ledger import Ledger

CLAIM_LOT = 50
ENDING_GROUP = 500
MANY = 10**12


def files(first: int, count: int) -> list[FoundFile]:
    folder = "/home/someone/Documents/projects/archive"
    return [
        FoundFile(f"{folder}/{n // 100:05d}/report {n:07d} final.html", 4_000 + n % 9_000, 10**18 + n, n, 10**18)
        for n in range(first, first + count)
    ]


def best(work: Callable[[], object], rounds: int = 5) -> float:
    """Processor seconds of the fastest round."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def told(what: str, seconds: float, goal: float) -> bool:
    print(f"{what:<58}{seconds * 1000:10.2f} ms   goal {goal * 1000:8.1f} ms   {seconds / goal:5.2f}x")
    return seconds <= goal


def end_all(ledger: Ledger, worker: str, receipt: Receipt) -> int:
    """Claim and end everything, as the workers do."""
    held: list[Ending] = []
    ended = 0
    while claims := ledger.claim(worker, limit=CLAIM_LOT, max_bytes=MANY):
        held += [
            Ending(claim, outcome=Outcome.INGESTED, document_id=f"d{claim.job_id}", receipt=receipt, units=9)
            for claim in claims
        ]
        if len(held) >= ENDING_GROUP:
            with ledger.ending(held) as mine:
                ended += len(mine)
            held = []
    if held:
        with ledger.ending(held) as mine:
            ended += len(mine)
    return ended


def small(folder: Path) -> list[bool]:
    count = 10_000
    ledger = Ledger(folder)
    batch = ledger.create_batch("library", ["/home"], origin="command", priority=0, label="speed")
    found = files(0, count)
    start = time.process_time()
    for first in range(0, count, 2_000):
        ledger.add_jobs(batch.batch_id, found[first : first + 2_000], known={})
    added = time.process_time() - start
    ledger.finish_discovery(batch.batch_id, {})
    worker = ledger.register_worker("bench")
    receipt = Receipt(
        unit="byte", units_seen=9, units_with_text=9, chars=9_000, chunks_stored=12, reader="html", recipe="x"
    )
    start = time.process_time()
    assert end_all(ledger, worker, receipt) == count
    ended = time.process_time() - start
    again = ledger.create_batch("library", ["/home"], origin="command", priority=0, label="again")
    known = {file.path: SameContent("d1", "0" * 64, "text/html", 12) for file in found}
    start = time.process_time()
    assert ledger.add_jobs(again.batch_id, found, known=known).unchanged == count
    unchanged = time.process_time() - start
    ledger.close()
    return [
        told("add 10,000 jobs", added, 0.35),
        told("claim and end 10,000 jobs", ended, 0.60),
        told("add 10,000 unchanged", unchanged, 0.50),
    ]


def large(folder: Path, count: int) -> list[bool]:
    ledger = Ledger(folder, queue_limit=10 * count)
    start = time.process_time()
    for part in range(0, count, 20_000):
        batch = ledger.create_batch("library", ["/home"], origin="command", priority=0, label=f"part {part}")
        ledger.add_jobs(batch.batch_id, files(part, 20_000), known={})
        ledger.finish_discovery(batch.batch_id, {})
    print(f"{count:,} jobs added in {time.process_time() - start:.1f} s; {ledger.path.stat().st_size / 1e6:.0f} MB")
    worker = ledger.register_worker("bench")
    middle = str(count // 2)
    good = []
    queued, several = frozenset({JobStatus.QUEUED}), frozenset({JobStatus.QUEUED, JobStatus.FAILED})
    anything = frozenset[JobStatus]()
    pages = [(JobOrder.ADDED, anything), (JobOrder.ADDED, queued), (JobOrder.ADDED, several)]
    pages += [(JobOrder.QUEUE, anything), (JobOrder.QUEUE, queued), (JobOrder.UPDATED, anything)]
    for order, statuses in pages:
        query = JobQuery(order=order, statuses=statuses)
        name = f"page of 50, {order.value}, {'+'.join(sorted(statuses)) or 'any'}"
        good.append(told(name, best(lambda q=query: ledger.jobs_page(q, after=middle, limit=50)), 0.001))
    good.append(told("claim 50", best(lambda: ledger.claim(worker, limit=50, max_bytes=MANY)), 0.005))
    good.append(told("counts", best(ledger.counts), 0.001))
    for order in (JobOrder.ADDED, JobOrder.QUEUE):
        query = JobQuery(order=order)
        good.append(told(f"first 20,000 ids, {order.value}", best(lambda q=query: next(ledger.job_ids(q))), 0.030))
    query = JobQuery(name_contains="0423456")
    good.append(told("ids by name, 7 letters", best(lambda: list(ledger.job_ids(query))), 0.030))
    good.append(told("place in the queue", best(lambda: ledger.queue_place(middle)), 0.060))
    good.append(told("what changed", best(lambda: ledger.changed_since(ledger.revision() - 1)), 0.002))
    group = JobSelector(batch_id="3")
    pause = best(lambda: ledger.act(group, JobEvent.PAUSE, actor=Actor.WINDOW, scope=PauseScope.BATCH), 1)
    good.append(told("pause a batch of 20,000", pause, 1.0))
    ledger.purge_candidates(datetime.now(UTC))
    ledger.close()
    return good


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        good = small(Path(folder) / "small")
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
        if count:
            good += large(Path(folder) / "large", count)
    print("all goals reached" if all(good) else f"{good.count(False)} goals missed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
