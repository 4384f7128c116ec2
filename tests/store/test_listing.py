"""The ids of a list, read in parts: whatever the order and the size of a part, they are those of the list's jobs."""

import itertools

import pytest
from ledger_kit import found

from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus
from ingest_desktop.domain.models import JobOrder, JobQuery, JobSelector
from ingest_desktop.infrastructure.ledger import Ledger

NAMES = ("Äpfel", "apple", "Berg", "berg", "zebra", "Zoo", "01", "10", "2")


@pytest.fixture
def listed(ledger: Ledger) -> Ledger:
    """Two batches of jobs, some paused, some cancelled, with names and sizes that repeat."""
    for number in range(2):
        batch = ledger.create_batch("library", ["/docs"], origin="window", priority=number, label="docs").batch_id
        for size, name in itertools.product((5, 700), NAMES):
            ledger.add_jobs(batch, found(f"/docs/{number}/{size}/{name}.pdf", size=size), known={})
    ids = [str(job_id) for part in ledger.job_ids(JobQuery()) for job_id in part]
    ledger.act(JobSelector(job_ids=tuple(ids[::3])), JobEvent.PAUSE, actor=Actor.WINDOW)
    ledger.act(JobSelector(job_ids=tuple(ids[1::3])), JobEvent.CANCEL, actor=Actor.WINDOW)
    return ledger


@pytest.mark.parametrize("order", list(JobOrder))
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "statuses", [frozenset(), frozenset({JobStatus.PAUSED}), frozenset({JobStatus.QUEUED, JobStatus.CANCELLED})]
)
def test_ids_in_parts_are_the_ids_of_the_pages(
    listed: Ledger, order: JobOrder, descending: bool, statuses: frozenset[JobStatus]
) -> None:
    query = JobQuery(order=order, descending=descending, statuses=statuses)
    expected = [int(job.id) for job in listed.jobs_page(query, limit=1_000)]
    assert len(expected) == (36 if not statuses else 12 * len(statuses))
    for part in (1, 5, 12, 36, 1_000):
        parts = list(listed.job_ids(query, part=part))
        assert [job_id for ids in parts for job_id in ids] == expected
        assert all(len(ids) <= part for ids in parts)
