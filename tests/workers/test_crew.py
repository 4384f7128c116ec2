"""Producers, consumer and steward at work: what one file does must not harm its neighbours, and nothing is lost on the way."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from application.kit import (
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    assert_clean,
    hits,
    job_of,
    result_of,
    statuses,
    wait_for,
    work,
    write_files,
)

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.work import ResultQueue
from ingest_desktop.domain.enums import JobEvent, JobStatus, Outcome
from ingest_desktop.domain.errors import (
    IngestError,
    LedgerDamaged,
    LimitExceeded,
    QueueEmptyError,
    QueueFullError,
    ReaderCrashed,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFaulty,
    StoreGone,
    StoreReadOnly,
)
from ingest_desktop.domain.interfaces.repository import Claim, Ending
from ingest_desktop.domain.models import Job, JobSelector
from ingest_desktop.domain.wire import Failed, LookItem, Message, SegmentTask
from ingest_desktop.workers.steward import Steward

MAKE = Callable[..., FakeApp]
COMPLETED, FAILED, QUEUED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.QUEUED
TEN = {f"{n}.txt": f"word{n} text" for n in range(10)}
LONG = {"long.txt": "\n".join(f"line{n} of it" for n in range(12))}


# --- producers -----------------------------------------------------------------------------------


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

    def die(_child: FakeChild, item: LookItem) -> None:
        if item.path.endswith("3.txt"):
            raise ReaderCrashed("It died.")

    script.before_file = die
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

    def stall(_child: FakeChild, item: LookItem) -> None:
        if item.path.endswith("3.txt"):
            raise LimitExceeded("It took too long.")

    script.before_file = stall
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


# --- jobs that are taken away --------------------------------------------------------------------


def test_a_job_cancelled_while_it_is_read_is_let_go_of(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, TEN)
    reading = threading.Event()

    def hang(child: FakeChild, item: LookItem) -> None:
        if item.path.endswith("3.txt"):
            reading.set()
            child.hang()

    script.before_file = hang
    fake.service.submit([str(docs)])
    fake.service.start()
    assert reading.wait(30)
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
    fake.service.submit([str(docs)])
    fake.service.start()
    assert first.wait(30)
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
    reading, go_on = threading.Event(), threading.Event()

    def hold(_child: FakeChild, _item: LookItem) -> None:
        reading.set()
        wait_for(go_on.is_set)

    script.before_file = hold
    fake.service.submit([str(docs / "0.txt")])
    fake.service.start()
    assert reading.wait(30)
    made = fake.service.submit([str(docs / f"{n}.txt") for n in range(1, 10)])
    fake.service.cancel(JobSelector(batch_id=made.batch.batch_id))
    go_on.set()
    assert fake.lifecycle.drain(30)
    assert script.looked == [str(docs / "0.txt")]
    assert sum(s is JobStatus.CANCELLED for s in statuses(fake).values()) == 9


# --- the consumer --------------------------------------------------------------------------------


def test_text_that_no_store_takes_fails_its_file_and_no_other(fake: FakeApp, script: Script, docs: Path) -> None:
    """A reader of somebody else's making gives half a character; the rest of the group is stored all the same."""
    write_files(docs, TEN)

    def poison(child: FakeChild, item: LookItem) -> list[Message] | None:
        if not item.path.endswith("3.txt"):
            return None
        looked = child._look(item)
        chunks = looked.result.chunks  # type: ignore[union-attr]
        chunks[0] = chunks[0]._replace(text="half \ud83d of it")
        return [looked]

    script.before_file = poison
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "3.txt")
    assert (job.status, job.error_code) == (FAILED, "ingest") and "UnicodeEncodeError" in str(job.error_message)
    assert sum(s is COMPLETED for s in statuses(fake).values()) == 9
    assert fake.lifecycle.is_working
    assert_clean(fake)


def test_a_lost_segment_fails_its_document_honestly(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, LONG)
    script.segments_of = lambda _path: 4

    def poison(child: FakeChild, task: SegmentTask) -> list[Message] | None:
        if task.number != 1:
            return None
        result = result_of(task.path, 1, 4)
        result.chunks[0] = result.chunks[0]._replace(text="\udc00")
        extracted = child._segment(task)
        return [type(extracted)(task.key, result)]  # type: ignore[call-arg]

    script.before_segment = poison
    fake.service.submit([str(docs)])
    work(fake)
    assert job_of(fake, docs / "long.txt").status is FAILED
    script.before_segment = lambda _child, _task: None
    fake.service.retry(JobSelector(everything=True))
    work(fake)
    assert job_of(fake, docs / "long.txt").status is COMPLETED
    assert_clean(fake)


class Grumbling:
    """A ledger whose endings, or claims, fail a few times."""

    def __init__(self, app: FakeApp, *, endings: Sequence[Exception] = (), claims: Sequence[Exception] = ()) -> None:
        self._ending, self._claim = app.repository.ending, app.repository.claim
        self.endings, self.claims = list(endings), list(claims)
        app.repository.ending = self.ending  # type: ignore[method-assign]
        app.repository.claim = self.claim  # type: ignore[method-assign]

    def ending(self, endings: Sequence[Ending]) -> AbstractContextManager[set[int]]:
        if self.endings:
            raise self.endings.pop(0)
        return self._ending(endings)

    def claim(self, *args: object, **options: object) -> list[Claim]:
        if self.claims:
            raise self.claims.pop(0)
        return self._claim(*args, **options)  # type: ignore[arg-type]


class Listener:
    """Notes down what it hears of trouble."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.finished: list[str] = []

    def trouble(self, code: str, message: str, hint: str) -> None:
        self.troubles.append(code)

    def jobs_changed(self, jobs: Sequence[Job]) -> None: ...
    def jobs_added(self, batch_id: str, count: int) -> None: ...
    def discovery_changed(self, report: object) -> None: ...
    def store_changed(self) -> None: ...
    def batch_finished(self, batch_id: str) -> None:
        self.finished.append(batch_id)


def test_a_busy_store_is_waited_for_and_told_of(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    Grumbling(fake, endings=[StoreBusy("busy")])
    made = fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}
    assert {job.attempts for job in all_jobs(fake)} == {1}
    assert listener.troubles == ["store_busy", ""]
    assert listener.finished == [made.batch.batch_id]
    assert_clean(fake)


@pytest.mark.parametrize("error", [StoreFaulty, StoreReadOnly, StoreGone])
def test_a_disk_that_reports_errors_delays_and_fails_nothing(
    fake: FakeApp, docs: Path, error: type[StoreError]
) -> None:
    write_files(docs, TEN)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    Grumbling(fake, endings=[error("input/output error")])
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}
    wait_for(lambda: listener.troubles == [error.code, ""], "its end is told, just after the jobs have ended")
    assert_clean(fake)


def test_jobs_that_are_paused_meanwhile_hold_up_no_others_on_a_faulty_disk(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    grumbling = Grumbling(fake, endings=[StoreFaulty("input/output error")] * 1_000)
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: bool(listener.troubles), "trouble")
    fake.service.pause(JobSelector(everything=True))
    wait_for(lambda: listener.troubles[-1] == "", "the group is let go")
    assert grumbling.endings
    grumbling.endings.clear()
    fake.service.resume(JobSelector(everything=True))
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_a_page_that_was_unreadable_for_a_moment_is_no_damage(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    Grumbling(fake, endings=[StoreDamaged("malformed")] * 2)
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_damage_is_told_again_when_other_trouble_ends() -> None:
    hub, listener = EventHub(), Listener()
    hub.subscribe(listener)  # type: ignore[arg-type]
    hub.stand([("store_damaged", "It is damaged.", "Repair it.")])
    hub.trouble("store_full", "It is full.", "Free some space.")
    hub.trouble("", "", "")
    hub.stand(())
    assert listener.troubles == ["store_damaged", "store_full", "store_damaged", ""]


def test_it_is_told_that_no_job_can_be_taken_from_the_list(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    grumbling = Grumbling(fake, claims=[StoreFaulty("input/output error")] * 1_000)
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: listener.troubles == ["store_faulty"], "trouble")
    grumbling.claims.clear()
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_an_error_that_stays_fails_the_jobs_with_its_code(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "b.txt": "b"})
    Grumbling(fake, endings=[LedgerDamaged("not a database")])
    fake.service.submit([str(docs)])
    work(fake)
    assert {job_of(fake, docs / name).error_code for name in ("a.txt", "b.txt")} == {"ledger_damaged"}


def test_a_claim_that_fails_is_tried_again_and_nothing_is_taken_for_drained(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    Grumbling(fake, claims=[StoreBusy("busy"), RuntimeError("a bug"), IngestError("odd")])
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_a_slow_consumer_holds_producers_back(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(queue_capacity=1, batch_size=1, commit_chunks=1)
    write_files(docs, TEN)
    go_on, began = threading.Event(), threading.Event()
    ending = fake.repository.ending

    def slow(endings: Sequence[Ending]) -> AbstractContextManager[set[int]]:
        began.set()
        wait_for(go_on.is_set, "told to go on")
        return ending(endings)

    fake.repository.ending = slow  # type: ignore[method-assign]
    fake.service.submit([str(docs)])
    fake.service.start()
    assert began.wait(30)
    crew = fake.lifecycle.crew
    assert crew is not None
    wait_for(lambda: len(crew.queue) == 1, "the queue is full")
    threading.Event().wait(0.2)  # time enough to run away, if it could
    assert len(crew.queue) == 1 and len(script.looked) < 10
    go_on.set()
    assert fake.lifecycle.drain(30)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_the_result_queue_closes_in_order() -> None:
    queue = ResultQueue(2)
    with pytest.raises(QueueEmptyError):
        queue.get(0.0)
    queue.put([])
    queue.put([])
    with pytest.raises(QueueFullError, match="2 results"):
        queue.put([], timeout_seconds=0.0)
    queue.close()
    assert [queue.get(0.0), queue.get(0.0), queue.get(0.0)] == [[], [], None]
    with pytest.raises(RuntimeError, match="closed"):
        queue.put([])


def test_holds_have_reasons(fake: FakeApp, docs: Path) -> None:
    """A store that is well again does not end the wait for room on the disk."""
    write_files(docs, {"a.txt": "a"})
    fake.service.start()
    crew = fake.lifecycle.crew
    assert crew is not None
    crew.scheduler.hold(True, "low disk")
    crew.scheduler.hold(True, "store")
    fake.service.submit([str(docs)])
    crew.scheduler.hold(False, "store")
    assert not fake.lifecycle.drain(0.3)
    assert statuses(fake) == {"a.txt": QUEUED}
    crew.scheduler.hold(False, "low disk")
    assert fake.lifecycle.drain(30)
    assert statuses(fake) == {"a.txt": COMPLETED}


def test_work_pauses_while_the_disk_is_nearly_full(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake(min_free_bytes=2**50)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    fake.service.start()
    wait_for(lambda: listener.troubles == ["store_full"])
    write_files(docs, {"a.txt": "a"})
    fake.service.submit([str(docs)])
    assert not fake.lifecycle.drain(0.2)
    assert statuses(fake) == {"a.txt": QUEUED}


def test_a_disk_that_cannot_be_asked_is_asked_again(fake: FakeApp, tmp_path: Path) -> None:
    nothing: Any = None
    settings = fake.settings.model_copy(update={"data_root": tmp_path / ("x" * 300)})  # an error, and not absence
    steward = Steward(nothing, list, nothing, nothing, settings, nothing, nothing, worker_id="w")
    steward.watch_disk()
    assert not steward.store_is_gone


def test_content_that_was_swept_meanwhile_is_read_again(make_fake: MAKE, script: Script, docs: Path) -> None:
    """A document found complete at first sight, gone when its job was to end."""
    fake = make_fake()
    write_files(docs, LONG)
    script.segments_of = lambda _path: 3
    store = fake.contents.of("library")
    finish, calls = store.finish, []

    def sweep_first(items: Sequence[object]) -> object:
        if items and not calls:
            calls.append(items)
            connection = store._begin()
            connection.exec_driver_sql("DELETE FROM segments")
            connection.exec_driver_sql(
                "INSERT INTO chunks_fts (chunks_fts, rowid, heading, text, cjk) SELECT 'delete', id, heading, text, cjk FROM chunks"
            )
            connection.exec_driver_sql("DELETE FROM chunks")
            store.commit()
            store.begin()
        return finish(items)  # type: ignore[arg-type]

    store.finish = sweep_first  # type: ignore[method-assign, assignment]
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "long.txt")
    assert (job.status, job.attempts) == (COMPLETED, 2)
    assert hits(fake, "line1") == ["long.txt"]
    assert_clean(fake)


def test_a_consumer_ten_times_slower_keeps_what_is_in_hand_bounded(make_fake: MAKE, script: Script, docs: Path) -> None:
    """However many jobs wait, what is claimed, read and held grows with the settings and not with the queue."""
    fake = make_fake(workers=2, queue_capacity=2, batch_size=5, commit_chunks=1)
    write_files(docs, {f"{number:03}.txt": f"words of {number}" for number in range(400)})
    ending, most_active, most_queued = fake.repository.ending, 0, 0
    one_at_a_time = threading.Lock()

    def slow(endings: Sequence[Ending]) -> AbstractContextManager[set[int]]:
        nonlocal most_active, most_queued
        crew = fake.lifecycle.crew
        if crew is not None:
            with one_at_a_time:
                most_active = max(most_active, crew.scheduler.active_count())
                most_queued = max(most_queued, len(crew.queue))
                threading.Event().wait(0.005)  # reading a lot of these takes a tenth of that
        return ending(endings)

    fake.repository.ending = slow  # type: ignore[method-assign]
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}
    claimed_at_once = 5 * 2 * 2
    in_hand = 5 * (2 + 2 + 1)  # lots with the producers, in the queue, with the consumer
    assert 0 < most_active <= claimed_at_once + in_hand and most_queued <= 2
