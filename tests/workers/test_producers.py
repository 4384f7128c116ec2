"""Producers at work: what one file does harms no neighbour, and a job that is taken away is let go of."""

import threading
from pathlib import Path

import pytest
from application.kit import (
    COMPLETED,
    FAILED,
    MAKE,
    QUEUED,
    TEN,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    assert_clean,
    hits,
    job_of,
    start_until,
    statuses,
    wait_for,
    work,
    write_files,
)

from ingest_desktop.domain.enums import JobEvent, JobStatus, Outcome
from ingest_desktop.domain.errors import (
    LimitExceeded,
    ReaderCrashed,
)
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import Failed, LookItem, Message, SegmentTask

LONG = {"long.txt": "\n".join(f"line{n} of it" for n in range(12))}


def test_a_slow_lot_whose_first_files_are_done_is_not_given_up(fake: FakeApp, script: Script, docs: Path) -> None:
    """Jobs that ended are no longer ours either, but that is no reason to kill the child that reads their neighbours."""
    write_files(docs, TEN)
    fake.service.submit([str(docs)])

    def slowly(child: FakeChild, item: LookItem) -> None:
        if item.path.endswith("5.txt"):
            wait_for(lambda: statuses(fake)["0.txt"] is COMPLETED, "first file stored")
            producer = fake.lifecycle.crew.producers[0]  # type: ignore[union-attr]
            producer.abort_if_useless(0.0)  # type: ignore[attr-defined]
            child._alive()

    script.before_file = slowly
    work_in_slices(fake, script)
    assert script.kills == 0
    assert set(statuses(fake).values()) == {COMPLETED}


def work_in_slices(app: FakeApp, script: Script) -> None:
    """Work, with a pause before the last file of a slice that is longer than results are held back."""
    before = script.before_file

    def pausing(child: FakeChild, item: LookItem) -> list[Message] | None:
        if item.path.endswith("4.txt"):
            threading.Event().wait(0.3)  # longer than FLUSH_SECONDS: what is gathered is handed over
        return before(child, item)

    script.before_file = pausing
    work(app)


def test_a_file_that_breaks_its_reader_fails_alone(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    script.fail("3.txt", ReaderCrashed("It died."))
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "3.txt")
    assert (job.status, job.error_code, job.attempts, job.dead_lettered) == (FAILED, "quarantined", 1, False)
    assert "It died." in (job.error_message or "") and job.message
    assert sum(s is COMPLETED for s in statuses(fake).values()) == 9
    assert {j.crashes for j in all_jobs(fake) if j.id != job.id} == {0} and job.crashes == 2
    alone = [task for task in script.tasks if [item.path for item in task.items] == [str(docs / "3.txt")]]  # type: ignore[union-attr]
    assert len(alone) == 1  # dead once among others and once alone
    assert_clean(fake)


def test_a_file_that_goes_over_a_limit_fails_alone_and_at_once(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    script.fail("3.txt", LimitExceeded("It took too long."))
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "3.txt")
    assert (job.status, job.error_code, job.attempts) == (FAILED, "limit_exceeded", 1)
    assert sum(s is COMPLETED for s in statuses(fake).values()) == 9


def test_a_bug_in_the_host_of_a_child_does_not_end_the_producer(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    failures = iter([OSError("no more processes"), RuntimeError("a bug")])

    def fail(_child: FakeChild, _item: LookItem) -> None:
        if (error := next(failures, None)) is not None:
            raise error

    script.before_file = fail
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_a_segment_whose_reader_died_once_is_read_again(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, LONG)
    script.segments_of = lambda _path: 4
    deaths = iter([ReaderCrashed("once")])

    def die(_child: FakeChild, task: SegmentTask) -> None:
        if task.number == 2 and (error := next(deaths, None)) is not None:
            raise error

    script.before_segment = die
    fake.service.submit([str(docs)])
    work(fake)
    assert statuses(fake) == {"long.txt": COMPLETED}
    assert sorted(script.read) == [(str(docs / "long.txt"), n) for n in range(4)]
    assert_clean(fake)


@pytest.mark.parametrize("faults", [{1}, {0, 1, 2, 3}, {3}])
def test_a_fault_while_other_segments_are_in_flight_is_told_once(
    make_fake: MAKE, script: Script, docs: Path, faults: set[int]
) -> None:
    fake = make_fake(workers=2, commit_seconds=0.3)
    write_files(docs, {**LONG, "short.txt": "a short one"})
    script.segments_of = lambda path: 4 if path.endswith("long.txt") else 1

    def fault(_child: FakeChild, task: SegmentTask) -> list[Message] | None:
        return [Failed(task.key, "source_malformed", "Broken.")] if task.number in faults else None

    script.before_segment = fault
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "long.txt")
    assert (job.status, job.error_code, job.error_message) == (FAILED, "source_malformed", "Broken.")
    assert [entry.to_status for entry in fake.service.history(job.id)] == [QUEUED, JobStatus.RUNNING, FAILED]
    assert statuses(fake)["short.txt"] is COMPLETED and hits(fake, "line1") == []
    script.before_segment = lambda _child, _task: None
    read_before = len(script.read)
    fake.service.retry(JobSelector(job_ids=(job.id,)))
    work(fake)
    done = job_of(fake, docs / "long.txt")
    assert done.status is COMPLETED and done.receipt is not None
    assert done.receipt.segments_reused == 4 - (len(script.read) - read_before)
    assert hits(fake, "line1") == ["long.txt"]
    assert_clean(fake)


def test_a_document_without_segments_is_malformed(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    script.segments_of = lambda path: 0 if path.endswith("3.txt") else 1
    fake.service.submit([str(docs)])
    work(fake)
    assert job_of(fake, docs / "3.txt").error_code == "source_malformed"
    assert sum(s is COMPLETED for s in statuses(fake).values()) == 9


def test_a_job_cancelled_while_it_is_read_is_let_go_of(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    start_until(fake, docs, script.hang("3.txt"))
    job = job_of(fake, docs / "3.txt")
    fake.service.cancel(JobSelector(job_ids=(job.id,)))
    assert fake.lifecycle.drain(30)
    assert script.kills == 1
    assert job_of(fake, docs / "3.txt").status is JobStatus.CANCELLED
    assert sum(s is COMPLETED for s in statuses(fake).values()) == 9
    assert job_of(fake, docs / "4.txt").attempts == 1  # its neighbour is not to blame
    assert_clean(fake)


def test_a_job_that_comes_back_while_its_former_claim_is_in_flight(make_fake: MAKE, script: Script, docs: Path) -> None:
    """Cancelled and queued again at once: the late result of the former claim neither ends it nor hides it from us."""
    fake = make_fake(workers=2, consumer_poll_interval=5.0)
    write_files(docs, {"a.txt": "alpha text"})
    first, second, go_on = threading.Event(), threading.Event(), threading.Event()

    def hold(child: FakeChild, _item: LookItem) -> None:
        if not first.is_set():
            first.set()
            wait_for(second.is_set, "read a second time")
        else:
            second.set()
            wait_for(go_on.is_set, "told to go on")

    script.before_file = hold
    start_until(fake, docs, first)
    job = job_of(fake, docs / "a.txt")
    # As another process does it, so that this one does not hear of it before it claims the job again.
    selector, actor = JobSelector(job_ids=(job.id,)), fake.service._actor
    fake.repository.act(selector, JobEvent.CANCEL, actor=actor)
    fake.repository.act(selector, JobEvent.RETRY, actor=actor)
    fake.lifecycle.wake()
    assert second.wait(30)
    crew = fake.lifecycle.crew
    assert crew is not None
    wait_for(lambda: len(crew.queue) == 0 and threading.Event().wait(0.3) is False, "late result handled")
    assert [active.claim.job_id for active in crew.scheduler.active()] == [int(job.id)]
    assert job_of(fake, docs / "a.txt").status is JobStatus.RUNNING
    assert not crew.scheduler.wait_until_drained(0.05)
    go_on.set()
    assert fake.lifecycle.drain(30)
    assert job_of(fake, docs / "a.txt").outcome is Outcome.INGESTED
    statuses_seen = [entry.to_status for entry in fake.service.history(job.id)]
    assert statuses_seen.count(COMPLETED) == 1
    assert_clean(fake)


def test_jobs_dropped_in_the_queue_are_not_read(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    begun, go_on = script.hold()
    start_until(fake, docs / "0.txt", begun)
    made = fake.service.submit([str(docs / f"{n}.txt") for n in range(1, 10)])
    fake.service.cancel(JobSelector(batch_id=made.batch.batch_id))
    go_on.set()
    assert fake.lifecycle.drain(30)
    assert script.looked == [str(docs / "0.txt")]
    assert sum(s is JobStatus.CANCELLED for s in statuses(fake).values()) == 9
