"""Steps that tests of the ledger take again and again: fill it, claim, end, select."""

from ledger_kit import files

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.interfaces.repository import Claim, Ending
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.ledger import Ledger

MANY = 10**12


def make_batch(
    ledger: Ledger, count: int = 0, *, kb: str = "library", priority: int = 0, prefix: str = "/docs/f"
) -> str:
    batch = ledger.create_batch(kb, ["/docs"], origin="window", priority=priority, label="docs").batch_id
    ledger.add_jobs(batch, files(count, prefix), known={})
    ledger.finish_discovery(batch, {})
    return batch


def take(ledger: Ledger, limit: int, **more: object) -> list[Claim]:
    worker = next(iter(ledger.worker_locks), None) or ledger.register_worker("test")
    return ledger.claim(worker, limit=limit, max_bytes=more.pop("max_bytes", MANY), **more)  # type: ignore[arg-type]


def end(ledger: Ledger, claims: list[Claim], **how: object) -> set[int]:
    with ledger.ending([Ending(claim, **how) for claim in claims]) as mine:  # type: ignore[arg-type]
        return mine


def complete(ledger: Ledger, limit: int = 1000) -> None:
    end(ledger, take(ledger, limit), outcome=Outcome.INGESTED)


def one(job_id: int | str) -> JobSelector:
    return JobSelector(job_ids=(str(job_id),))


EVERYTHING = JobSelector(everything=True)
