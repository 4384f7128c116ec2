"""What a person does with jobs: pause, retry, move; and which of them it meets."""

import pytest
from ledger_acts import EVERYTHING, complete, end, make_batch, one, take
from ledger_kit import files, found

from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, PauseScope
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError
from ingest_desktop.domain.models import JobOrder, JobQuery, JobSelector, QueueMove
from ingest_desktop.infrastructure.ledger import Ledger


def queue(ledger: Ledger) -> list[str]:
    query = JobQuery(order=JobOrder.QUEUE, statuses=frozenset({JobStatus.QUEUED}))
    return [job.id for job in ledger.jobs_page(query, limit=100)]


def test_unknown_jobs_change_nothing(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    for bad in ("99", "x", "-1", "1" * 30):
        with pytest.raises(NotFoundError):
            ledger.act(JobSelector(job_ids=("1", bad)), JobEvent.CANCEL, actor=Actor.WINDOW)
    assert ledger.job("1").status is JobStatus.QUEUED


def test_a_selector_selects_in_one_way(ledger: Ledger) -> None:
    for bad in (
        JobSelector(),
        JobSelector(everything=True, batch_id="1"),
        JobSelector(job_ids=("1",), everything=True),
    ):
        with pytest.raises(InvalidRequestError):
            ledger.act(bad, JobEvent.CANCEL, actor=Actor.WINDOW)
    with pytest.raises(InvalidRequestError):
        ledger.act(EVERYTHING, JobEvent.COMPLETE, actor=Actor.WINDOW)


def test_resuming_everything_leaves_what_a_person_paused(ledger: Ledger) -> None:
    make_batch(ledger, 3)
    ledger.act(one(1), JobEvent.PAUSE, actor=Actor.WINDOW)
    ledger.act(EVERYTHING, JobEvent.PAUSE, actor=Actor.WINDOW, scope=PauseScope.APP)
    assert ledger.act(EVERYTHING, JobEvent.RESUME, actor=Actor.WINDOW, scope=PauseScope.APP).changed == 2
    assert ledger.act(EVERYTHING, JobEvent.RESUME, actor=Actor.COMMAND).changed == 1


def two_failures_of_one_path(ledger: Ledger) -> str:
    """Jobs 1 and 2 failed: the first was deleted before its file was added again, and was brought back."""
    batch = make_batch(ledger, 1)
    end(ledger, take(ledger, 1), error_code="source_malformed")
    token = ledger.delete(one(1), actor=Actor.WINDOW).undo_token
    assert token is not None
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    end(ledger, take(ledger, 1), error_code="source_malformed")
    ledger.undo_delete(token)
    return batch


def test_a_file_that_is_in_the_list_again_is_not_retried_beside_itself(ledger: Ledger) -> None:
    batch = two_failures_of_one_path(ledger)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    result = ledger.act(JobSelector(job_ids=("1", "2")), JobEvent.RETRY, actor=Actor.WINDOW)
    assert (result.changed, {refusal.job_id for refusal in result.refused}) == (0, {"1", "2"})


def test_of_two_failures_of_a_file_one_is_retried(ledger: Ledger) -> None:
    two_failures_of_one_path(ledger)
    result = ledger.act(EVERYTHING, JobEvent.RETRY, actor=Actor.WINDOW)
    assert (result.job_ids, ledger.job("2").status) == (("1",), JobStatus.FAILED)


def test_adding_what_failed_takes_its_job_up_again(ledger: Ledger) -> None:
    old = make_batch(ledger, 2)
    end(ledger, take(ledger, 2), error_code="source_encrypted")
    new = ledger.create_batch("library", ["/docs"], origin="command", priority=3, label="docs").batch_id
    mended = found("/docs/f0000.pdf", size=77)
    added = ledger.add_jobs(new, [*mended, *mended, *files(3, "/docs/g")], known={})
    assert (added.added, added.already_listed, added.already) == (4, 1, ("1",))
    job = ledger.job("1")
    assert (job.status, job.batch_id, job.byte_size, job.priority) == (JobStatus.QUEUED, new, 77, 3)
    assert (job.error_code, job.attempts, job.completed_at) == (None, 0, None)
    last = ledger.history("1")[-1]
    assert (last.from_status, last.to_status, last.reason) == (JobStatus.FAILED, JobStatus.QUEUED, "added again")
    assert ledger.batch_counts(old).by_status == {("library", JobStatus.FAILED): 1}
    assert ledger.batch_counts(new).by_status == {("library", JobStatus.QUEUED): 4}
    assert sum(ledger.counts().attention.values()) == 1
    assert queue(ledger)[0] == "1"
    complete(ledger)
    assert ledger.counts().failures == {"source_encrypted": 1}


def test_what_failed_and_comes_into_a_paused_program_waits(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    end(ledger, take(ledger, 1), error_code="source_encrypted")
    ledger.set_paused(PauseScope.APP, None, True)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    assert (ledger.job("1").status, ledger.job("1").pause_scope) == (JobStatus.PAUSED, PauseScope.APP)
    steps = [(entry.from_status, entry.to_status) for entry in ledger.history("1")][-2:]
    assert steps == [(JobStatus.FAILED, JobStatus.QUEUED), (JobStatus.QUEUED, JobStatus.PAUSED)]


def test_a_failure_in_another_knowledge_base_is_left_alone(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    end(ledger, take(ledger, 1), error_code="source_encrypted")
    other = ledger.create_knowledge_base("Other").kb_id
    make_batch(ledger, 1, kb=other)
    assert (ledger.job("1").status, ledger.job("2").status) == (JobStatus.FAILED, JobStatus.QUEUED)


def test_what_came_back_otherwise_stays_deleted(ledger: Ledger) -> None:
    batch = make_batch(ledger, 2)
    token = ledger.delete(EVERYTHING, actor=Actor.WINDOW).undo_token
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    assert token is not None
    result = ledger.undo_delete(token)
    assert (result.job_ids, [refusal.job_id for refusal in result.refused]) == (("2",), ["1"])
    ledger.act(one(3), JobEvent.CANCEL, actor=Actor.WINDOW)
    assert ledger.undo_delete(token).job_ids == ("1",)


def test_moving(ledger: Ledger) -> None:
    make_batch(ledger, 3, prefix="/a")
    make_batch(ledger, 2, priority=5, prefix="/b")
    assert queue(ledger) == ["4", "5", "1", "2", "3"]
    assert ledger.move(["2", "3"], QueueMove.TOP) == 2
    assert queue(ledger) == ["2", "3", "4", "5", "1"]
    assert [ledger.queue_place(job) for job in queue(ledger)] == [1, 2, 3, 4, 5]
    assert ledger.move(["4"], QueueMove.BOTTOM) == 1
    assert ledger.move(["2", "3"], QueueMove.UP) == 0
    assert ledger.move(["3", "5"], QueueMove.UP) == 2
    assert queue(ledger) == ["3", "5", "2", "1", "4"]
    assert ledger.move(["1", "4", "5"], QueueMove.DOWN) == 1
    assert queue(ledger) == ["3", "2", "5", "1", "4"]
    assert [claim.job_id for claim in take(ledger, 1)] == [3]
    assert ledger.move(["3"], QueueMove.UP) == 0
    assert ledger.queue_place("3") is None


def test_priorities(ledger: Ledger) -> None:
    batch = make_batch(ledger, 2)
    complete(ledger, 1)
    assert ledger.set_priority(JobSelector(batch_id=batch), 9) == 1
    ledger.add_jobs(batch, found("/later"), known={})
    assert [job.priority for job in ledger.jobs_by_ids([1, 2, 3])] == [0, 9, 9]
