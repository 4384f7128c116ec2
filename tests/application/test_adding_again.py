"""Adding again what was read and has no text, or gaps: nothing that was mended stays in need of a person, and taking the newer
drop back takes no text away that an older one brought.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from application.kit import (
    COMPLETED,
    QUEUED,
    FakeApp,
    Script,
    all_jobs,
    assert_clean,
    hits,
    work,
    write_files,
)
from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.models import Job, JobSelector

from .test_retrying import Pages

TORN = ((1, "torn"), (2, "torn"), (3, "torn"))


@pytest.fixture
def pages(script: Script) -> Pages:
    return Pages(script)


@pytest.fixture
def stamps() -> Iterator[int]:
    return iter(range(10**18, 2 * 10**18, 10**9))


def add(app: FakeApp, docs: Path, stamps: Iterator[int], bytes_: str = "bytes") -> str:
    """Add a file that looks changed, so that it is read whatever is known of it; its batch."""
    write_files(docs, {"a.txt": bytes_})
    stamp = next(stamps)
    os.utime(docs / "a.txt", ns=(stamp, stamp))
    made = app.service.submit([str(docs / "a.txt")])
    work(app)
    return made.batch.batch_id


def take_back(app: FakeApp, batch_id: str) -> str:
    token = app.service.delete(JobSelector(batch_id=batch_id)).undo_token
    assert token is not None
    return token


def ended(app: FakeApp) -> list[tuple[str, str | None, int]]:
    jobs = sorted(all_jobs(app), key=lambda job: int(job.id))
    assert all(job.status is COMPLETED for job in jobs)
    return [(job.id, job.outcome, job.gaps) for job in jobs]


def needing(app: FakeApp) -> int:
    found = sum(app.service.counts().attention.values())
    assert found == sum(map(needs, all_jobs(app))) == sum(app.repository.causes().values())
    return found


def needs(job: Job) -> bool:
    return job.needs_attention


def test_a_scan_that_has_text_now_needs_nobody(fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int]) -> None:
    pages.text, pages.failed = "", ()
    add(fake, docs, stamps)
    assert (ended(fake), needing(fake)) == ([("1", Outcome.EMPTY, 0)], 1)
    pages.text, pages.shape = "heron", "ocr=eng"
    newer = add(fake, docs, stamps)
    assert (ended(fake), needing(fake)) == ([("1", Outcome.UPDATED, 0)], 0)
    assert hits(fake, "heron") == ["a.txt"]
    token = take_back(fake, newer)
    assert (all_jobs(fake), hits(fake, "heron")) == ([], [])
    fake.service.undo(token)
    assert hits(fake, "heron") == ["a.txt"]
    assert_clean(fake)


def test_a_scan_that_stays_without_text_has_one_row(
    fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int]
) -> None:
    pages.text, pages.failed = "", ()
    for _ in range(3):
        newer = add(fake, docs, stamps)
    assert (ended(fake), needing(fake)) == ([("1", Outcome.EMPTY, 0)], 1)
    assert fake.service.job("1").batch_id == newer
    assert_clean(fake)


def test_taking_back_what_took_an_empty_job_up_leaves_the_text_of_others(
    fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int]
) -> None:
    pages.text, pages.failed = "heron", ()
    add(fake, docs, stamps)
    pages.text = ""
    add(fake, docs, stamps, "other bytes")
    assert (ended(fake), needing(fake)) == ([("1", Outcome.INGESTED, 0), ("2", Outcome.EMPTY, 0)], 1)
    pages.text = "heron"
    newer = add(fake, docs, stamps)  # as it was at first
    assert needing(fake) == 0
    take_back(fake, newer)
    assert (ended(fake), hits(fake, "heron")) == ([("1", Outcome.INGESTED, 0)], ["a.txt"])
    assert_clean(fake)


def test_an_empty_job_waits_in_the_newer_drop_and_goes_with_it(
    fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int]
) -> None:
    pages.text, pages.failed = "", ()
    older = add(fake, docs, stamps)
    fake.lifecycle.stop(10)
    newer = fake.service.submit([str(docs)]).batch.batch_id
    assert [(job.id, job.status, job.batch_id) for job in all_jobs(fake)] == [("1", QUEUED, newer)]
    assert fake.service.batch_counts(older).by_status == {}
    fake.service.undo(take_back(fake, newer))
    work(fake)
    assert (ended(fake), needing(fake)) == ([("1", Outcome.EMPTY, 0)], 1)
    assert_clean(fake)


@pytest.mark.parametrize("left", [0, 1])
def test_a_file_read_with_fewer_gaps_is_counted_once(
    fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int], left: int
) -> None:
    pages.failed = TORN
    older = add(fake, docs, stamps)
    pages.failed, pages.shape = TORN[:left], "better"
    newer = add(fake, docs, stamps)
    assert ended(fake) == [("1", Outcome.INGESTED, 0), ("2", Outcome.UPDATED, left)]
    assert needing(fake) == left
    receipt = fake.service.job("1").receipt
    assert receipt is not None and receipt.units_failed == TORN  # what it found is told still
    assert_clean(fake)
    token = take_back(fake, newer)  # the older one brought that document, and stands for its text as it is now
    assert (ended(fake), hits(fake, "first")) == ([("1", Outcome.INGESTED, left)], ["a.txt"])
    assert needing(fake) == left
    assert_clean(fake)
    fake.service.undo(token)
    assert ended(fake) == [("1", Outcome.INGESTED, 0), ("2", Outcome.UPDATED, left)]
    take_back(fake, older)
    assert (ended(fake), hits(fake, "first")) == ([("2", Outcome.UPDATED, left)], ["a.txt"])
    assert_clean(fake)


def test_more_gaps_than_before_are_told_of_both(fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int]) -> None:
    pages.failed = TORN[:1]
    add(fake, docs, stamps)
    pages.failed, pages.shape = TORN, "worse"
    add(fake, docs, stamps)
    assert ended(fake) == [("1", Outcome.INGESTED, 1), ("2", Outcome.UPDATED, 3)]


def test_gaps_of_a_text_that_was_replaced_are_gone(
    fake: FakeApp, pages: Pages, docs: Path, stamps: Iterator[int]
) -> None:
    pages.failed = TORN
    add(fake, docs, stamps)
    pages.failed, pages.text = (), "egret"
    newer = add(fake, docs, stamps, "other bytes")
    assert (ended(fake), needing(fake)) == ([("1", Outcome.INGESTED, 0), ("2", Outcome.UPDATED, 0)], 0)
    pages.failed, pages.text = TORN, "first words"
    add(fake, docs, stamps)  # as it was at first
    assert [gaps for _, _, gaps in ended(fake)] == [0, 0, 3]
    assert_clean(fake)
    take_back(fake, newer)
    assert hits(fake, "first") == ["a.txt"]
    assert_clean(fake)
