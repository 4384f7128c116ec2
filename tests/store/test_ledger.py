"""The ledger's rules, one by one."""

from array import array
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_kit import Clock, files, found

from ingest_desktop.domain.enums import Actor, JobEvent, JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError, QueueFullError
from ingest_desktop.domain.interfaces.repository import Claim, Ending, Progressed, SameContent
from ingest_desktop.domain.models import Job, JobOrder, JobQuery, JobSelector, QueueMove, Receipt
from ingest_desktop.infrastructure.database import reading
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_listing import Listing, name_condition

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


def queue(ledger: Ledger) -> list[str]:
    query = JobQuery(order=JobOrder.QUEUE, statuses=frozenset({JobStatus.QUEUED}))
    return [job.id for job in ledger.jobs_page(query, limit=100)]


def one(job_id: int | str) -> JobSelector:
    return JobSelector(job_ids=(str(job_id),))


EVERYTHING = JobSelector(everything=True)


# --- knowledge bases -----------------------------------------------------------------------------


def test_names_are_unique_whatever_their_case(ledger: Ledger) -> None:
    kb = ledger.create_knowledge_base("  Straße   9 ")
    assert (kb.name, kb.kb_id[:3], len(kb.kb_id)) == ("Straße 9", "kb_", 15)
    for name in ("STRASSE 9", "library", "", " ", "x" * 201):
        with pytest.raises(InvalidRequestError):
            ledger.create_knowledge_base(name)
    ledger.rename_knowledge_base(kb.kb_id, "straße 9")
    with pytest.raises(InvalidRequestError):
        ledger.rename_knowledge_base(kb.kb_id, "LIBRARY")
    with pytest.raises(NotFoundError):
        ledger.rename_knowledge_base("kb_0", "x")


def test_a_knowledge_base_goes_and_comes_back_with_its_jobs(ledger: Ledger) -> None:
    with pytest.raises(InvalidRequestError):
        ledger.delete_knowledge_base("library", actor=Actor.WINDOW)
    kb = ledger.create_knowledge_base("Work").kb_id
    batch = make_batch(ledger, 3, kb=kb)
    end(ledger, take(ledger, 1), outcome=Outcome.INGESTED)
    (running,) = take(ledger, 1)
    ledger.delete_knowledge_base(kb, actor=Actor.WINDOW)
    assert [found.kb_id for found in ledger.knowledge_bases(deleted=True)] == [kb]
    assert ledger.counts().total() == 0
    assert end(ledger, [running], outcome=Outcome.INGESTED) == set()
    assert take(ledger, 9) == []
    with pytest.raises(NotFoundError):
        ledger.add_jobs(batch, files(1, "/new"), known={})
    hidden = {(entry.op, entry.path) for entry in ledger.outbox()}
    assert hidden == {("hide", "/docs/f0000.pdf"), ("hide", "/docs/f0001.pdf")}  # also what was just being read
    ledger.restore_knowledge_base(kb)
    assert ledger.counts().of(JobStatus.QUEUED, kb) == 2
    told = [(entry.op, entry.path) for entry in ledger.outbox()]
    assert told == [("hide", "/docs/f0001.pdf"), ("show", "/docs/f0000.pdf")]
    with pytest.raises(NotFoundError):
        ledger.restore_knowledge_base(kb)


def test_a_name_taken_meanwhile_keeps_the_old_one_in_the_trash(ledger: Ledger) -> None:
    kb = ledger.create_knowledge_base("Work").kb_id
    ledger.delete_knowledge_base(kb, actor=Actor.WINDOW)
    ledger.create_knowledge_base("work")
    with pytest.raises(InvalidRequestError):
        ledger.restore_knowledge_base(kb)
    assert [found.kb_id for found in ledger.knowledge_bases(deleted=True)] == [kb]


# --- adding --------------------------------------------------------------------------------------


def test_a_path_is_active_once(ledger: Ledger) -> None:
    batch = make_batch(ledger, 3)
    other = ledger.create_knowledge_base("Other").kb_id
    again = ledger.add_jobs(batch, files(5, "/docs/f"), known={})
    assert (again.added, again.already_listed, again.already) == (2, 3, ("1", "2", "3"))
    assert ledger.add_jobs(make_batch(ledger, kb=other), files(3, "/docs/f"), known={}).added == 3
    complete(ledger)
    assert ledger.add_jobs(batch, files(3, "/docs/f"), known={}).added == 3
    ours = ledger.batch(batch)
    assert (ours.found, ours.already_listed, ours.finished_at) == (11, 3, None)


def test_names_that_are_no_unicode_are_kept(ledger: Ledger) -> None:
    batch = make_batch(ledger)
    path = "/docs/\udce4.txt"
    ledger.add_jobs(batch, found(path), known={})
    (job,) = ledger.jobs_page(JobQuery())
    assert (job.source_path, job.original_filename) == (path, "\ufffd.txt")
    assert take(ledger, 1)[0].path == path
    assert ledger.add_jobs(batch, found(path), known={}).already == (job.id,)


def test_unchanged_files_are_completed_at_once(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    same = {path.path: SameContent("doc", "5ha", "text/plain", 7) for path in files(2, "/docs/f")}
    added = ledger.add_jobs(batch, files(3, "/docs/f"), known=same)
    assert (added.added, added.unchanged, added.already_listed) == (1, 1, 1)
    (job,) = ledger.jobs_page(JobQuery(statuses=frozenset({JobStatus.COMPLETED})))
    assert (job.outcome, job.document_id, job.progress, job.chunk_count) == (Outcome.UNCHANGED, "doc", 1.0, 7)
    assert (job.checksum, job.mime_type) == ("5ha", "text/plain")
    assert job.completed_at is not None
    assert [(step.from_status, step.to_status) for step in ledger.history(job.id)] == [(None, JobStatus.COMPLETED)]


def test_the_queue_limit_adds_nothing(ledger: Ledger) -> None:
    ledger.queue_limit = 5
    batch = make_batch(ledger, 4)
    with pytest.raises(QueueFullError):
        ledger.add_jobs(batch, files(2, "/new"), known={})
    assert ledger.counts().total() == 4
    assert ledger.batch(batch).found == 4
    assert ledger.add_jobs(batch, files(4, "/docs/f"), known={}).already_listed == 4


@pytest.mark.parametrize("scope", [PauseScope.BATCH, PauseScope.KNOWLEDGE_BASE, PauseScope.APP])
def test_what_comes_into_a_paused_scope_waits(ledger: Ledger, scope: PauseScope) -> None:
    batch = make_batch(ledger)
    scope_id = {PauseScope.BATCH: batch, PauseScope.KNOWLEDGE_BASE: "library"}.get(scope)
    ledger.set_paused(scope, scope_id, True)
    ledger.add_jobs(batch, files(1), known={})
    (job,) = ledger.jobs_page(JobQuery())
    assert (job.status, job.pause_scope) == (JobStatus.PAUSED, scope)
    assert take(ledger, 1) == []
    ledger.set_paused(scope, scope_id, False)
    ledger.act(EVERYTHING, JobEvent.RESUME, actor=Actor.WINDOW, scope=scope)
    assert len(take(ledger, 1)) == 1


def test_a_search_for_files_that_was_cut_short_is_found_again(ledger: Ledger) -> None:
    batch = ledger.create_batch(
        "library", ["/docs", "/x\udcff"], origin="command", priority=0, label="a", without=["", "md"]
    ).batch_id
    make_batch(ledger)
    ((unfinished, sources),) = ledger.unfinished_discoveries()
    assert unfinished.batch_id == batch
    assert [source.path for source in sources] == ["/docs", "/x\udcff", "", "md"]
    assert [source.kind for source in sources] == ["file", "file", "without", "without"]
    ledger.finish_discovery(batch, {"hidden": 3})
    assert ledger.unfinished_discoveries() == []
    assert ledger.batch(batch).skipped == {"hidden": 3}
    assert ledger.batch(batch).finished_at is not None


# --- claiming and ending -------------------------------------------------------------------------


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


# --- acting --------------------------------------------------------------------------------------


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


# --- deleting ------------------------------------------------------------------------------------


def test_a_path_is_hidden_with_its_last_completed_job(ledger: Ledger, clock: Clock) -> None:
    batch = make_batch(ledger, 1)
    complete(ledger)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    complete(ledger)
    ledger.delete(one(1), actor=Actor.WINDOW)
    assert ledger.outbox() == []
    token = ledger.delete(one(2), actor=Actor.WINDOW).undo_token
    (hide,) = ledger.outbox()
    assert (hide.op, hide.path, hide.kb_id) == ("hide", "/docs/f0000.pdf", "library")
    ledger.outbox_done([hide.entry_id])
    assert token is not None
    ledger.undo_delete(token)
    with ledger.outbox_work("library") as entries:
        assert [entry.op for entry in entries] == ["show"]
    assert ledger.outbox() == []
    with pytest.raises(NotFoundError):
        ledger.undo_delete(token)


def test_reading_again_outlives_an_older_deletion(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    complete(ledger)
    ledger.delete(one(1), actor=Actor.WINDOW)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    complete(ledger)
    assert ledger.outbox() == []


def test_a_purge_leaves_nothing(ledger: Ledger, clock: Clock) -> None:
    kb = ledger.create_knowledge_base("Work").kb_id
    make_batch(ledger, 3, kb=kb, prefix="/w")
    end(ledger, take(ledger, 2), outcome=Outcome.INGESTED, receipt=Receipt())
    ledger.delete_knowledge_base(kb, actor=Actor.WINDOW)
    assert ledger.purge(clock()) == 0
    clock.pass_seconds(1)
    assert ledger.purge_candidates(clock()) == 3
    assert ledger.purge(clock(), limit=2) == 2
    assert ledger.purge(clock(), limit=2) == 1
    assert [(entry.op, entry.kb_id) for entry in ledger.outbox()] == [("drop", kb)]
    with reading(ledger.engine) as connection:
        for table in ("ingest_jobs", "ingest_batches", "ingest_sources", "job_history", "job_receipts", "deletions"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
        assert connection.exec_driver_sql("SELECT count(*) FROM counters").scalar() == 1
        names = "SELECT count(*) FROM job_names WHERE job_names MATCH 'pdf'"
        assert connection.exec_driver_sql(names).scalar() == 0


# --- reading -------------------------------------------------------------------------------------


def everything_listed(ledger: Ledger, query: JobQuery) -> list[int]:
    pages, after = list[int](), None
    while page := ledger.jobs_page(query, after=after, limit=2):
        pages += [int(job.id) for job in page]
        after = page[-1].id
    parts = array("q")
    for part in ledger.job_ids(query, part=3):
        parts.extend(part)
    assert list(parts) == pages
    return pages


def test_a_row_makes_the_model_that_validation_would(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    complete(ledger, 1)
    for job in ledger.jobs_page(JobQuery()):
        assert job == Job.model_validate(job.model_dump())
        assert job.model_copy(update={"message": "x"}).to_json()["message"] == "x"
        assert hash(job.id)


def test_every_order_pages_through_everything_once(ledger: Ledger) -> None:
    make_batch(ledger, 5, prefix="/docs/b")
    make_batch(ledger, 4, prefix="/docs/A", priority=1)
    end(ledger, take(ledger, 2), outcome=Outcome.EMPTY)
    end(ledger, take(ledger, 2), error_code="source_malformed")
    some = [frozenset[JobStatus](), frozenset({JobStatus.QUEUED}), frozenset({JobStatus.FAILED, JobStatus.COMPLETED})]
    for statuses in some:
        expected = {job.id for job in ledger.jobs_by_ids(range(1, 10)) if not statuses or job.status in statuses}
        for order in JobOrder:
            up = everything_listed(ledger, JobQuery(order=order, statuses=statuses))
            down = everything_listed(ledger, JobQuery(order=order, statuses=statuses, descending=True))
            assert {str(job) for job in up} == expected
            assert down == up[::-1]
    assert everything_listed(ledger, JobQuery()) == [6, 7, 8, 9, 1, 2, 3, 4, 5]
    assert everything_listed(ledger, JobQuery(order=JobOrder.NAME))[:5] == [6, 7, 8, 9, 1]


def test_filters(ledger: Ledger) -> None:
    kb = ledger.create_knowledge_base("Work").kb_id
    batch = make_batch(ledger, 2, kb=kb, prefix="/w/report_")
    make_batch(ledger, 3, prefix="/l/100% sure ")
    end(ledger, take(ledger, 1, batch_id=batch), outcome=Outcome.EMPTY)
    end(ledger, take(ledger, 1, batch_id=batch), error_code="source_malformed")
    ledger.delete(one(5), actor=Actor.WINDOW)
    expected = {
        JobQuery(kb_id=kb): [1, 2],
        JobQuery(batch_id=batch): [1, 2],
        JobQuery(kb_id="none"): [],
        JobQuery(attention=True): [1, 2],
        JobQuery(error_code="source_malformed"): [2],
        JobQuery(deleted=True): [5],
        JobQuery(name_contains="REPORT"): [1, 2],
        JobQuery(name_contains="port_0001"): [2],
        JobQuery(name_contains='re" OR "'): [],
        JobQuery(name_contains="0% s"): [3, 4],
        JobQuery(name_contains="%"): [3, 4],
        JobQuery(name_contains="_", kb_id="library"): [],
        JobQuery(name_contains="t_", statuses=frozenset({JobStatus.FAILED})): [2],
    }
    assert {query: sorted(everything_listed(ledger, query)) for query in expected} == expected


@given(st.text(min_size=1, max_size=8))
def test_any_needle_is_valid(needle: str) -> None:
    condition, value = name_condition(needle)
    assert condition.count("?") == 1
    assert needle.replace('"', "") in value.replace('"', "") or "\\" in value


def test_changes_are_told_in_order_and_revisions_never_split(ledger: Ledger) -> None:
    batch = make_batch(ledger, 5)
    assert ledger.changed_since(0, limit=2) == (ledger.jobs_page(JobQuery())[0].revision, [1, 2, 3, 4, 5])
    seen = ledger.revision()
    assert ledger.changed_since(seen) == (seen, [])
    ledger.act(one(4), JobEvent.PAUSE, actor=Actor.WINDOW)
    ledger.delete(one(2), actor=Actor.WINDOW)
    newest, changed = ledger.changed_since(seen)
    assert (newest, changed) == (ledger.revision(), [4, 2])
    ledger.set_paused(PauseScope.BATCH, batch, True)
    assert ledger.revision() > newest


PLANS = {
    JobQuery(): "ix_added",
    JobQuery(descending=True): "ix_added",
    JobQuery(kb_id="library"): "ix_added",
    JobQuery(statuses=frozenset({JobStatus.QUEUED})): "ix_status",
    JobQuery(attention=True): "ix_attention",
    JobQuery(order=JobOrder.QUEUE): "ix_order",
    JobQuery(order=JobOrder.QUEUE, statuses=frozenset({JobStatus.QUEUED})): "ix_waiting",
    JobQuery(order=JobOrder.UPDATED): "ix_revision",
    JobQuery(order=JobOrder.UPDATED, descending=True): "ix_revision",
}


@pytest.mark.parametrize("query", PLANS, ids=str)
def test_the_lists_that_matter_walk_an_index(ledger: Ledger, query: JobQuery) -> None:
    listing = Listing(query)
    for condition, values in [("", ()), *listing._behind((1, 1, 1)[: len(listing._keys)])]:
        sql, parameters = listing._statement(condition, values)
        with reading(ledger.engine) as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters))]
        assert PLANS[query] in plan[0]
        assert not any("TEMP B-TREE FOR ORDER" in step or "USE TEMP B-TREE" in step for step in plan)


def test_a_running_job_has_a_worker_and_a_lease_and_no_other_has(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    claim = take(ledger, 1)[0]
    runtime = ledger.runtime(str(claim.job_id))
    assert runtime is not None
    assert runtime.worker_id in ledger.worker_locks
    assert runtime.lease_until > ledger.clock()
    assert ledger.runtime("2") is None
    end(ledger, [claim], outcome=Outcome.INGESTED)
    assert ledger.runtime(str(claim.job_id)) is None


def test_what_is_in_hand_would_not_be_added_again(ledger: Ledger) -> None:
    batch = make_batch(ledger)
    ledger.add_jobs(batch, [*files(2), *files(1, "/x\udcff")], known={})
    (done,) = take(ledger, 1)
    paths = [file.path for file in (*files(3), *files(2, "/x\udcff"))]
    listed = ledger.listed_paths("library", paths)
    assert listed == {file.path for file in (*files(2), *files(1, "/x\udcff"))} and done.path in listed
    assert ledger.listed_paths("other", paths) == set() == ledger.listed_paths("library", [])
