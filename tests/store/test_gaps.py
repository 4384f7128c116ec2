"""Jobs with gaps in the ledger: counted, found, taken up again."""

import pytest
from ledger_kit import files, found

from ingest_desktop.domain.causes import NOT_RECOGNISED, Tool
from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, Outcome
from ingest_desktop.domain.errors import StateTransitionError
from ingest_desktop.domain.interfaces.repository import Ending, SameContent
from ingest_desktop.domain.models import JobQuery, JobSelector, Receipt
from ingest_desktop.infrastructure.ledger import Ledger

KB = "library"
ENDINGS = (
    {"outcome": Outcome.INGESTED, "gaps": 2, "receipt": Receipt(unit="page", units_failed=((1, "x"), (2, "y")))},
    {"outcome": Outcome.INGESTED},
    {"outcome": Outcome.EMPTY, "gaps": 1},
    {"error_code": "source_malformed", "error_message": "No."},
)


@pytest.fixture
def ended(ledger: Ledger) -> list[str]:
    """Ids of a job with gaps, one without, an empty one that could not be read in part, and a failed one."""
    batch = ledger.create_batch(KB, ["/docs"], origin="window", priority=0, label="docs").batch_id
    ledger.add_jobs(batch, files(len(ENDINGS)), known={})
    ledger.finish_discovery(batch, {})
    claims = ledger.claim(ledger.register_worker("test"), limit=10, max_bytes=10**12)
    with ledger.ending([Ending(claim, **how) for claim, how in zip(claims, ENDINGS, strict=True)]):  # type: ignore[arg-type]
        pass
    return [str(claim.job_id) for claim in claims]


def listed(ledger: Ledger, query: JobQuery) -> set[str]:
    return {job.id for job in ledger.jobs_page(query, limit=100)}


def test_gaps_are_told_counted_and_found(ledger: Ledger, ended: list[str]) -> None:
    jobs = [ledger.job(job_id) for job_id in ended]
    assert [(job.gaps, job.has_gaps, job.needs_attention) for job in jobs] == [
        (2, True, True),
        (0, False, False),
        (1, False, True),
        (0, False, True),
    ]
    counts = ledger.counts()
    assert (counts.gaps, counts.attention, counts.of(JobStatus.COMPLETED)) == ({KB: 1}, {KB: 3}, 3)
    assert ledger.batch_counts(jobs[0].batch_id).gaps == {KB: 1}
    assert listed(ledger, JobQuery(gaps=True)) == {ended[0]}
    assert listed(ledger, JobQuery(empty=True)) == {ended[2]}
    assert listed(ledger, JobQuery(attention=True)) == {ended[0], ended[2], ended[3]}


def test_gaps_that_wait_for_text_recognition_are_known(ledger: Ledger) -> None:
    batch = ledger.create_batch(KB, ["/docs"], origin="window", priority=0, label="docs").batch_id
    ledger.add_jobs(batch, files(3), known={})
    ledger.finish_discovery(batch, {})
    claims = ledger.claim(ledger.register_worker("test"), limit=10, max_bytes=10**12)
    with ledger.ending(
        [
            Ending(
                claim,
                outcome=Outcome.INGESTED,
                gaps=1,
                media_type="application/pdf",
                receipt=Receipt(units_failed=((2, why),), recipe=recipe),
            )
            for claim, why, recipe in zip(
                claims,
                (NOT_RECOGNISED, "The page is damaged.", NOT_RECOGNISED),
                ("pdf/6 seg=64", "pdf/6 seg=64", "pdf/6 seg=64 ocr=eng"),
                strict=True,
            )
        ]
    ):
        pass
    assert ledger.readable_with(Tool.RECOGNITION) == [claims[0].job_id]


def test_only_what_can_be_bettered_is_read_again(ledger: Ledger, ended: list[str]) -> None:
    def retry(selector: JobSelector, **how: bool) -> tuple[str, ...]:
        return ledger.act(selector, JobEvent.RETRY, actor=Actor.WINDOW, **how).job_ids

    with pytest.raises(StateTransitionError):
        retry(JobSelector(job_ids=(ended[1],)), all_or_nothing=True)
    refused = ledger.act(JobSelector(job_ids=(ended[1],)), JobEvent.RETRY, actor=Actor.WINDOW).refused
    assert [refusal.job_id for refusal in refused] == [ended[1]]
    assert retry(JobSelector(everything=True)) == (ended[0], ended[2], ended[3])
    assert (ledger.counts().gaps, ledger.counts().attention) == ({}, {})
    again = ledger.job(ended[0])
    assert (again.status, again.outcome, again.gaps) == (JobStatus.QUEUED, None, 0)


def test_a_deleted_job_is_not_counted(ledger: Ledger, ended: list[str]) -> None:
    token = ledger.delete(JobSelector(job_ids=(ended[0],)), actor=Actor.WINDOW).undo_token
    assert (ledger.counts().gaps, ledger.counts().attention) == ({}, {KB: 2})
    ledger.undo_delete(str(token))
    assert (ledger.counts().gaps, ledger.counts().attention) == ({KB: 1}, {KB: 3})


def test_an_unchanged_file_still_has_its_gaps(ledger: Ledger) -> None:
    batch = ledger.create_batch(KB, ["/docs"], origin="window", priority=0, label="docs").batch_id
    known = {"/docs/a": SameContent("d_1", chunks=4, gaps=3), "/docs/b": SameContent("d_2", chunks=4)}
    assert ledger.add_jobs(batch, found(*known), known=known).unchanged == 2
    assert (ledger.counts().gaps, ledger.counts().attention) == ({KB: 1}, {KB: 1})
    assert [job.gaps for job in ledger.jobs_page(JobQuery(gaps=True))] == [3]


def test_what_may_be_tried_again_is_counted_as_it_is_tried(ledger: Ledger, ended: list[str]) -> None:
    ids = list(map(int, ended))
    assert ledger.count_retryable(ids) == sum(ledger.job(job_id).may_retry for job_id in ended) == 3
    ledger.delete(JobSelector(job_ids=(ended[0],)), actor=Actor.WINDOW)
    assert ledger.count_retryable(ids) == 2


def test_what_turned_out_to_be_no_document_is_counted(ledger: Ledger) -> None:
    batch = ledger.create_batch(KB, ["/docs"], origin="window", priority=0, label="docs").batch_id
    ledger.add_jobs(batch, files(3), known={})
    claims = ledger.claim(ledger.register_worker("test"), limit=10, max_bytes=10**12)
    with ledger.ending(
        [Ending(claims[0], outcome=Outcome.LEFT_OUT), *(Ending(one, outcome=Outcome.INGESTED) for one in claims[1:])]
    ):
        pass
    assert ledger.count_left_out() == 1
    ledger.delete(JobSelector(job_ids=(str(claims[0].job_id),)), actor=Actor.WINDOW)
    assert ledger.count_left_out() == 0
