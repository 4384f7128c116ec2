"""What a person may do to jobs: pause, resume, cancel, try again, delete and take back, end to end on a real store."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from application.kit import (
    CANCELLED,
    COMPLETED,
    FAILED,
    MAKE,
    PAUSED,
    QUEUED,
    RUNNING,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    assert_clean,
    exported,
    hits,
    job_of,
    start_until,
    statuses,
    wait_for,
    work,
    write_files,
)
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import NotFoundError, StateTransitionError
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import Failed, LookItem, Message, SegmentTask

ALL = JobSelector(everything=True)


def only(app: FakeApp | App, path: Path) -> JobSelector:
    return JobSelector(job_ids=(job_of(app, path).id,))


def test_pausing_jobs_one_by_one(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "b.txt": "b"})
    fake.service.submit([str(docs)])
    fake.service.pause(only(fake, docs / "a.txt"))
    work(fake)
    assert statuses(fake) == {"a.txt": PAUSED, "b.txt": COMPLETED}
    fake.service.resume(only(fake, docs / "a.txt"))
    work(fake)
    assert statuses(fake)["a.txt"] is COMPLETED


@pytest.mark.parametrize("scope", ["batch", "kb", "app"])
def test_a_paused_group_holds_what_comes_later_and_outlives_a_restart(
    make_fake: MAKE, docs: Path, tmp_path: Path, scope: str
) -> None:
    fake = make_fake()
    write_files(docs, {"one/a.txt": "a", "one/own.txt": "own", "two/b.txt": "b"})
    made = fake.service.submit([str(docs / "one")])
    group = {
        "batch": JobSelector(batch_id=made.batch.batch_id),
        "kb": JobSelector(kb_id="library"),
        "app": ALL,
    }[scope]
    fake.service.pause(only(fake, docs / "one" / "own.txt"))
    fake.service.pause(group)
    fake.service.submit([str(docs / "two")])
    fake.close()
    again = make_fake()
    work(again)
    later = COMPLETED if scope == "batch" else PAUSED
    assert statuses(again) == {"a.txt": PAUSED, "own.txt": PAUSED, "b.txt": later}
    assert again.service.app_paused() is again.service.status().app_paused is (scope == "app")
    again.service.resume(group)
    work(again)
    assert statuses(again) == {"a.txt": COMPLETED, "own.txt": PAUSED, "b.txt": COMPLETED}
    assert_clean(again)


def test_pausing_a_running_document_keeps_its_finished_segments(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(40))})
    start_until(fake, docs, script.hang_once(3, of=8))
    store = fake.contents.of("library")
    plan = fake.lifecycle.crew.scheduler.active()[0]  # type: ignore[union-attr]
    assert plan.plan is not None
    sha256 = plan.plan.sha256
    wait_for(lambda: len(store.state(sha256, plan.recipe, job_id="1", segments=8).segments_done) == 3, "three stored")
    fake.service.pause(only(fake, docs / "long.txt"))
    assert fake.lifecycle.drain(30)
    assert statuses(fake) == {"long.txt": PAUSED} and hits(fake, "line1") == []
    read_before = len(script.read)
    fake.service.resume(only(fake, docs / "long.txt"))
    work(fake)
    job = job_of(fake, docs / "long.txt")
    assert job.receipt is not None and job.receipt.segments_reused == 3
    assert sorted(number for _, number in script.read[read_before:]) == [3, 4, 5, 6, 7]
    assert len(exported(fake)) == 40
    assert_clean(fake)


def test_a_running_job_is_cancelled_within_two_seconds(real: App, docs: Path) -> None:
    """A real child, kept busy by a big text."""
    (docs / "big.txt").write_text("\n".join(f"{n} the quick brown fox jumps over it" for n in range(1_500_000)))
    real.service.submit([str(docs)])
    real.service.start()
    wait_for(lambda: statuses(real)["big.txt"] is RUNNING, "it runs")
    began = time.monotonic()
    result = real.service.cancel(only(real, docs / "big.txt"))
    assert result.changed == 1
    crew = real.lifecycle.crew
    assert crew is not None
    wait_for(lambda: not crew.scheduler.active() and all(p._in_hand is None for p in crew.producers), "let go of")  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2.0
    assert statuses(real)["big.txt"] is CANCELLED and hits(real, "fox") == []
    assert_clean(real)


def test_failed_and_cancelled_jobs_are_tried_again(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"bad.txt": "bad", "worse.txt": "worse", "off.txt": "off"})

    def fail(_child: FakeChild, item: LookItem) -> list[Message] | None:
        code = {"bad.txt": "source_malformed", "worse.txt": "source_encrypted"}.get(Path(item.path).name)
        return [Failed(item.key, code, "No.")] if code else None

    script.before_file = fail
    fake.service.submit([str(docs)])
    fake.service.cancel(only(fake, docs / "off.txt"))
    work(fake)
    assert statuses(fake) == {"bad.txt": FAILED, "worse.txt": FAILED, "off.txt": CANCELLED}
    assert fake.service.counts().failures == {"source_malformed": 1, "source_encrypted": 1}
    script.before_file = lambda _child, _item: None
    assert fake.service.retry_failures("source_malformed").changed == 1
    assert fake.service.retry_failures("no_such_code").changed == 0
    fake.service.retry(only(fake, docs / "off.txt"))
    work(fake)
    assert statuses(fake) == {"bad.txt": COMPLETED, "worse.txt": FAILED, "off.txt": COMPLETED}
    job = job_of(fake, docs / "bad.txt")
    assert (job.error_code, job.error_message, job.attempts) == (None, None, 1)
    assert_clean(fake)


def test_trouble_that_may_pass_is_tried_again_later(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "text"})
    failures = [1, 2]

    def fail(_child: FakeChild, item: LookItem) -> list[Message] | None:
        return [Failed(item.key, "source_unreadable", "Locked.")] if failures and failures.pop() else None

    script.before_file = fail
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "a.txt")
    assert (job.status, job.attempts, job.error_code) == (COMPLETED, 3, None)
    moves = [(entry.to_status, entry.reason) for entry in fake.service.history(job.id)]
    assert moves.count((QUEUED, "source_unreadable")) == 2


def test_each_step_has_a_reason_whoever_asked_for_it(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    batch = JobSelector(batch_id=fake.service.submit([str(docs)]).batch.batch_id)
    job = only(fake, docs / "a.txt")
    steps = ((fake.service.pause, fake.service.resume, batch), (fake.service.cancel, fake.service.retry, job))
    for away, back, selector in steps:
        assert away(selector).changed == back(selector).changed == 1
    fake.service.pause(JobSelector(everything=True))
    history = fake.service.history(job.job_ids[0])
    assert [entry.reason for entry in history if entry.from_status is not None] == [
        "asked for, with its batch",
        "resumed, with its batch",
        "asked for",
        "tried again",
        "asked for, with all others",
    ]


def test_what_the_table_does_not_allow_is_refused(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "b.txt": "b"})
    fake.service.submit([str(docs)])
    work(fake)
    a = only(fake, docs / "a.txt")
    for action in (fake.service.pause, fake.service.resume, fake.service.cancel, fake.service.retry):
        result = action(a)
        assert (result.changed, len(result.refused)) == (0, 1)
        with pytest.raises(StateTransitionError, match="completed"):
            action(a, all_or_nothing=True)
    with pytest.raises(NotFoundError):
        fake.service.cancel(JobSelector(job_ids=("999",)))
    assert set(statuses(fake).values()) == {COMPLETED}


def test_deleting_takes_out_of_search_and_undo_brings_back(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "alpha text", "b.txt": "beta text"})
    fake.service.submit([str(docs)])
    work(fake)
    result = fake.service.delete(only(fake, docs / "a.txt"))
    assert result.undo_token and hits(fake, "text") == ["b.txt"]
    assert_clean(fake)
    fake.service.undo(result.undo_token)
    assert hits(fake, "text") == ["a.txt", "b.txt"]
    with pytest.raises(NotFoundError):
        fake.service.undo(result.undo_token)
    assert_clean(fake)


def test_a_purge_leaves_no_orphan(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake(undo_days=0)
    write_files(docs, {"a.txt": "alpha text", "twin.txt": "alpha text", "b.txt": "beta text"})
    fake.service.submit([str(docs)])
    work(fake)
    kept = [job.id for job in all_jobs(fake) if job.outcome is Outcome.DUPLICATE]
    first = next(job for job in all_jobs(fake) if job.outcome is Outcome.INGESTED and job.chunk_count)
    fake.lifecycle.stop(10)  # its steward would keep house, too
    fake.service.delete(JobSelector(job_ids=(first.id, job_of(fake, docs / "b.txt").id)))
    wait_for(lambda: fake.repository.purge_candidates(datetime.now(UTC)) == 2)
    fake.housekeeping.run()
    assert hits(fake, "text") == [Path(fake.service.job(kept[0]).source_path).name]
    assert len(all_jobs(fake)) == 1 and all_jobs(fake, deleted=True) == []
    with fake.contents.of("library").engine.connect() as connection:
        tables = ("documents", "versions", "paths", "segments", "chunks")
        rows = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]
    assert rows == [1, 1, 1, 1, 1]
    assert_clean(fake)


def test_what_was_deleted_can_be_added_again(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake(undo_days=0)
    write_files(docs, {"a.txt": "alpha text"})
    for _ in range(3):
        fake.service.submit([str(docs)])
        work(fake)
        assert hits(fake, "alpha") == ["a.txt"]
        assert_clean(fake)
        fake.service.delete(ALL)
        assert hits(fake, "alpha") == []
    fake.housekeeping.run()
    fake.service.submit([str(docs)])
    work(fake)
    fake.housekeeping.run()
    assert hits(fake, "alpha") == ["a.txt"]
    assert_clean(fake)


def test_housekeeping_does_not_sweep_what_is_half_read(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(undo_days=0)
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(10))})
    script.segments_of = lambda _path: 2
    second = threading.Event()

    def sweep(_child: FakeChild, task: SegmentTask) -> None:
        if task.number == 1 and not second.is_set():
            second.set()
            store = fake.contents.of("library")
            wait_for(lambda: _segments(fake) == 1, "the first one is stored")
            fake.housekeeping.run()
            assert store is fake.contents.of("library")

    script.before_segment = sweep
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "long.txt")
    assert second.is_set() and (job.status, job.attempts) == (COMPLETED, 1)
    assert_clean(fake)


def _segments(app: FakeApp) -> int:
    with app.contents.of("library").engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM segments").scalar_one())


def test_a_deleted_running_job_is_let_go_of(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "alpha"})
    start_until(fake, docs, script.hang())
    token = fake.service.delete(ALL).undo_token
    assert fake.lifecycle.drain(30) and token
    script.before_file = lambda _child, _item: None
    fake.service.undo(token)
    work(fake)
    assert hits(fake, "alpha") == ["a.txt"]
    assert_clean(fake)
