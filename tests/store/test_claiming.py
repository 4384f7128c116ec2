"""Who gets which job, and how it ends."""

from datetime import timedelta

import pytest
from ledger_acts import MANY, end, make_batch, one, take
from ledger_kit import Clock, found

from ingest_desktop.domain.enums import Actor, JobEvent, JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import NotFoundError
from ingest_desktop.domain.interfaces.repository import Ending, Progressed
from ingest_desktop.domain.models import Receipt
from ingest_desktop.infrastructure.ledger import Ledger


def test_batches_take_turns_within_a_priority(ledger: Ledger) -> None:
    big, small, urgent = (
        make_batch(ledger, 50, prefix="/a"),
        make_batch(ledger, 3, prefix="/b"),
        make_batch(ledger, 2, priority=1, prefix="/c"),
    )
    claims = take(ledger, 10)
    assert [claim.batch_id for claim in claims] == [urgent] * 2 + [big, small] * 3 + [big] * 2
    assert [claim.path for claim in claims if claim.batch_id == big] == [f"/a{n:04d}.pdf" for n in range(5)]
    assert {claim.batch_id for claim in take(ledger, 2, batch_id=big)} == {big}


def test_single_claims_go_round_the_batches(ledger: Ledger) -> None:
    batches = [make_batch(ledger, 3, prefix=f"/{name}") for name in "abc"]
    assert [take(ledger, 1)[0].batch_id for _ in range(6)] == batches * 2


def test_sizes_bound_a_claim_but_one_always_comes(ledger: Ledger) -> None:
    batch = make_batch(ledger)
    ledger.add_jobs(batch, [*found("/1", size=100), *found("/2", "/3", "/4", size=4)], known={})
    assert [claim.path for claim in take(ledger, 9, max_bytes=9)] == ["/1"]
    assert [claim.path for claim in take(ledger, 9, max_bytes=9)] == ["/2", "/3"]


def test_a_claim_marks_the_job(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    (claim,) = take(ledger, 1)
    job = ledger.job("1")
    assert (job.status, job.phase, job.attempts, claim.attempts) == (JobStatus.RUNNING, JobPhase.HASHING, 1, 1)
    assert job.started_at is not None
    step = ledger.history("1")[-1]
    (label,) = (label for _, label in ledger.workers())
    assert (step.to_status, step.actor, step.reason) == (JobStatus.RUNNING, Actor.WORKER, f"taken up by {label}")
    assert take(ledger, 1) == []
    with pytest.raises(NotFoundError):
        ledger.job("2")


def test_only_registered_workers_may_claim(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    with pytest.raises(NotFoundError):
        ledger.claim("w_unknown", limit=1, max_bytes=1)
    assert ledger.job("1").status is JobStatus.QUEUED


def test_an_idle_claim_writes_nothing(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    ledger.set_paused(PauseScope.APP, None, True)
    before = ledger.revision()
    for _ in range(3):
        assert take(ledger, 1) == []
    assert ledger.revision() == before


def test_a_retry_waits_for_its_time(ledger: Ledger, clock: Clock) -> None:
    make_batch(ledger, 1)
    due = clock() + timedelta(seconds=5)
    end(ledger, take(ledger, 1), error_code="source_unreadable", error_message="locked", retry_at=due)
    job = ledger.job("1")
    assert (job.status, job.due_at, job.error_code, job.error_message) == (
        JobStatus.QUEUED,
        due,
        "source_unreadable",
        "locked",
    )
    assert (take(ledger, 1), ledger.next_due()) == ([], due)
    clock.pass_seconds(5)
    (claim,) = take(ledger, 1)
    assert (claim.attempts, ledger.next_due()) == (2, None)
    end(ledger, [claim], error_code="source_unreadable", error_message="locked")
    job = ledger.job("1")
    assert (job.status, job.dead_lettered, job.needs_attention) == (JobStatus.FAILED, True, True)
    ledger.act(one(1), JobEvent.RETRY, actor=Actor.WINDOW)
    job = ledger.job("1")
    assert (job.attempts, job.error_code, job.dead_lettered, job.due_at) == (0, None, False, None)


def test_what_a_retry_cannot_help_is_not_dead_lettered(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    end(ledger, take(ledger, 1), error_code="source_malformed")
    assert not ledger.job("1").dead_lettered


def test_a_completed_job_has_its_receipt(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    receipt = Receipt(chunks_stored=7, units_failed=((3, "bad page"),), seconds={"extracting": 0.5})
    how = {"document_id": "d", "checksum": "ff", "media_type": "text/html", "units": 9, "unit": "page", "message": "m"}
    end(ledger, take(ledger, 1), outcome=Outcome.UPDATED, receipt=receipt, **how)
    job = ledger.job("1")
    assert (job.receipt, job.chunk_count, job.progress) == (receipt, 7, 1.0)
    assert (job.document_id, job.checksum, job.mime_type, job.units_done, job.unit, job.message) == (
        "d",
        "ff",
        "text/html",
        9,
        "page",
        "m",
    )
    assert ledger.jobs_by_ids([5, 1])[0].receipt is None
    assert ledger.batch(batch).finished_at is not None


def test_an_ending_may_be_filled_in_late_or_left_open(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    first, second = take(ledger, 2)
    endings = [Ending(first), Ending(second)]
    with ledger.ending(endings) as mine:
        assert mine == {1, 2}
        endings[0] = Ending(first, outcome=Outcome.INGESTED)
    assert (ledger.job("1").status, ledger.job("2").status) == (JobStatus.COMPLETED, JobStatus.RUNNING)
    assert ledger.still_mine([first, second]) == {2}


def test_a_late_ending_is_left_out(ledger: Ledger, clock: Clock) -> None:
    make_batch(ledger, 1)
    late = take(ledger, 1)
    ledger.act(one(1), JobEvent.PAUSE, actor=Actor.WINDOW)
    ledger.act(one(1), JobEvent.RESUME, actor=Actor.WINDOW)
    (new,) = take(ledger, 1)
    assert end(ledger, late, outcome=Outcome.INGESTED) == set()
    ledger.release(late, reason="late", attempt_counts=True)
    assert ledger.still_mine([*late, new]) == {1}
    assert ledger.job("1").status is JobStatus.RUNNING


def test_a_released_attempt_may_not_count(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    ledger.release(take(ledger, 1), reason="shutdown", attempt_counts=False)
    assert ledger.job("1").attempts == 0
    ledger.release(take(ledger, 1), reason="shutdown", attempt_counts=True)
    assert ledger.job("1").attempts == 1


def test_a_worker_that_overslept_goes_on_unless_its_jobs_were_taken(ledger: Ledger, clock: Clock) -> None:
    make_batch(ledger, 2)
    sleeper, other = ledger.register_worker("a"), ledger.register_worker("b")
    (first,) = ledger.claim(sleeper, limit=1, max_bytes=MANY)
    clock.pass_seconds(31)
    assert ledger.heartbeat(sleeper) == 0
    assert ledger.heartbeat(other) == 0  # it sees that the sleeper woke up
    assert ledger.still_mine([first]) == {1}
    for _ in range(3):
        clock.pass_seconds(10)
        assert ledger.heartbeat(other) == 0
    clock.pass_seconds(1)
    assert ledger.heartbeat(other) == 1
    assert ledger.still_mine([first]) == set()
    assert ledger.job("1").attempts == 0  # a start that ended from outside is no try
    ledger.heartbeat(sleeper)
    assert len(ledger.claim(sleeper, limit=2, max_bytes=MANY)) == 2
    assert ledger.history("1")[-1].reason == "taken up by a"  # it is known by its name still
    ledger.unregister_worker(sleeper)
    assert ledger.counts().of(JobStatus.QUEUED) == 2
    assert [found[0] for found in ledger.workers()] == [other]


def test_progress_is_that_of_the_claim_that_has_the_job(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    (claim,) = take(ledger, 1)
    before = ledger.revision()

    def note(phase: str, done: int, token: int = claim.token, job: int = 1) -> tuple[JobPhase, float, int, int]:
        ledger.note_progress([Progressed(job, token, phase, done, 10, "page")])
        found = ledger.job(str(job))
        return found.phase, found.progress, found.units_done, found.units_total

    assert note("extracting", 5) == (JobPhase.EXTRACTING, 0.99 * 0.5, 5, 10)
    assert note("extracting", 8, token=claim.token - 1) == (JobPhase.EXTRACTING, 0.99 * 0.5, 5, 10)  # too late
    assert ledger.revision() == before
    ledger.act(one(1), JobEvent.PAUSE, actor=Actor.WINDOW)
    paused = ledger.revision()
    assert note("extracting", 7) == (JobPhase.WAITING, 0.99 * 0.7, 7, 10)  # stored just before it was let go of
    assert ledger.changed_since(paused) == (paused + 1, [1])
    ledger.act(one(1), JobEvent.RESUME, actor=Actor.WINDOW)
    end(ledger, take(ledger, 1), outcome=Outcome.INGESTED)
    assert note("extracting", 7)[1] == 1.0


def test_an_ending_tells_the_size_that_was_read(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    first, second = take(ledger, 2)
    end(ledger, [first], outcome=Outcome.INGESTED, size=4711)
    end(ledger, [second], error_code="source_malformed", size=12)
    assert [job.byte_size for job in ledger.jobs_by_ids([1, 2])] == [4711, 12]
