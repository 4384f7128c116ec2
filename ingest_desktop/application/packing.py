"""How claimed jobs become tasks: small files travel to a child together."""

from collections.abc import Iterable, Sequence

from ingest_desktop.application.passwords import PasswordBook
from ingest_desktop.application.work import ActiveJob
from ingest_desktop.domain.wire import ExtractOptions, LookItem, LookLot


def pack(jobs: Iterable[ActiveJob], *, most_bytes: int, most_files: int) -> list[list[ActiveJob]]:
    """Lots of files. A large one, or one whose lot broke a child, goes alone.

    Args:
        most_bytes: Of a lot, and of a file that is not large.
        most_files: Of a lot, 1 or more.
    """
    lots: list[list[ActiveJob]] = []
    lot: list[ActiveJob] = []
    size = 0
    for job in jobs:
        if job.alone or job.claim.size > most_bytes:
            lots.append([job])
            continue
        if lot and (len(lot) >= most_files or size + job.claim.size > most_bytes):
            lots.append(lot)
            lot, size = [], 0
        lot.append(job)
        size += job.claim.size
    if lot:
        lots.append(lot)
    return lots


def lot_task(jobs: Sequence[ActiveJob], passwords: PasswordBook, options: ExtractOptions) -> LookLot:
    """The task to look at these files, with what is known of them."""
    return LookLot(
        tuple(
            LookItem(
                key=job.claim.job_id,
                path=job.claim.path,
                known_sha256=job.known.sha256 if job.known else None,
                known_recipe=job.known.recipe if job.known else None,
                secrets=passwords.for_claim(job.claim),
                seen=job.seen,
                follow=job.claim.named,
            )
            for job in jobs
        ),
        options,
    )
