"""Counting named jobs by status, as a large selection in the window needs it."""

from ledger_kit import files

from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus
from ingest_desktop.domain.models import JobQuery, JobSelector
from ingest_desktop.infrastructure.ledger import Ledger


def test_named_jobs_are_counted_by_status(ledger: Ledger) -> None:
    batch = ledger.create_batch("library", ["/docs"], origin="window", priority=0, label="docs").batch_id
    ledger.add_jobs(batch, files(5_000, "/docs/f"), known={})
    ids = [job_id for part in ledger.job_ids(JobQuery()) for job_id in part]
    ledger.act(JobSelector(job_ids=tuple(map(str, ids[:7]))), JobEvent.PAUSE, actor=Actor.WINDOW)
    ledger.delete(JobSelector(job_ids=(str(ids[-1]),)), actor=Actor.WINDOW)
    assert ledger.count_statuses(ids) == {JobStatus.PAUSED: 7, JobStatus.QUEUED: 4_992}
    assert ledger.count_statuses(ids[:3]) == {JobStatus.PAUSED: 3}
    assert ledger.count_statuses([]) == {}
