"""Reading again what is empty, has gaps or failed: what was found before answers until something better is there."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from application.kit import (
    CANCELLED,
    COMPLETED,
    FAILED,
    QUEUED,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    assert_clean,
    hits,
    job_of,
    statuses,
    wait_for,
    work,
    write_files,
)
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import (
    ChunkRow,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    Message,
    SegmentResult,
    SegmentTask,
    recipe_of,
)

from .kit import plan_file


class Pages:
    """A reader that cannot read page 2, or no page at all; its recipe tells with which program it read."""

    def __init__(self, script: Script) -> None:
        self.shape = ""
        self.text = "first words"
        self.failed: tuple[tuple[int, str], ...] = ((2, "its picture is damaged"),)
        self.fails_with = ""
        self.read = 0
        script.before_file = self.look

    def look(self, _child: FakeChild, item: LookItem) -> list[Message]:
        if self.fails_with:
            return [Failed(item.key, self.fails_with, "No.")]
        plan = replace(plan_file(item.path, 1), shape=self.shape)
        recipe = recipe_of("fake", 1, ExtractOptions(), plan.unit, plan.shape)
        if (plan.sha256, recipe) == (item.known_sha256, item.known_recipe):
            return [Looked(item.key, plan, unchanged=True)]
        self.read += 1
        rows = [ChunkRow(self.text)] if self.text else []
        result = SegmentResult(0, rows, 2, int(bool(rows)), units_failed=self.failed, chars=len(self.text))
        return [Looked(item.key, plan, result)]


@pytest.fixture
def pages(script: Script) -> Pages:
    return Pages(script)


@pytest.fixture
def holed(fake: FakeApp, pages: Pages, docs: Path) -> FakeApp:
    """An engine with one file that was read with a gap."""
    write_files(docs, {"a.txt": "bytes"})
    fake.service.submit([str(docs)])
    work(fake)
    job = job_of(fake, docs / "a.txt")
    assert (job.status, job.gaps, job.has_gaps) == (COMPLETED, 1, True)
    return fake


def all_of_it(app: FakeApp) -> JobSelector:
    return JobSelector(job_ids=tuple(job.id for job in all_jobs(app)))


def told(app: FakeApp, path: Path) -> dict[str, object]:
    job = job_of(app, path)
    assert job.receipt is not None
    receipt = json.loads(job.receipt.model_dump_json(exclude={"seconds", "segments_reused"}))
    return {"outcome": job.outcome, "gaps": job.gaps, "message": job.message, "units": job.units_total, **receipt}


@pytest.mark.parametrize("text", ["first words", ""])
def test_the_same_recipe_ends_at_once_as_it_was(holed: FakeApp, pages: Pages, docs: Path, text: str) -> None:
    pages.text = text
    write_files(docs, {"b.txt": "others"})
    holed.service.submit([str(docs / "b.txt")])
    work(holed)
    before = {name: told(holed, docs / name) for name in ("a.txt", "b.txt")}
    read = pages.read
    assert holed.service.retry(all_of_it(holed)).changed == 2
    assert hits(holed, "first")  # it answers while it waits
    work(holed)
    assert pages.read == read
    assert {name: told(holed, docs / name) for name in ("a.txt", "b.txt")} == before
    assert_clean(holed)


def test_another_recipe_reads_anew(holed: FakeApp, pages: Pages, docs: Path) -> None:
    pages.shape, pages.text, pages.failed = "ocr=eng", "second words", ()
    holed.service.retry(all_of_it(holed))
    assert (hits(holed, "first"), hits(holed, "second")) == (["a.txt"], [])
    work(holed)
    job = job_of(holed, docs / "a.txt")
    assert (job.status, job.outcome, job.gaps, job.message) == (COMPLETED, Outcome.UPDATED, 0, None)
    assert (hits(holed, "first"), hits(holed, "second")) == ([], ["a.txt"])
    assert holed.service.counts().attention == {}
    assert_clean(holed)


def test_a_cancelled_try_hides_nothing(holed: FakeApp, docs: Path) -> None:
    holed.service.retry(all_of_it(holed))
    holed.service.cancel(all_of_it(holed))
    assert statuses(holed) == {"a.txt": CANCELLED}
    assert hits(holed, "first") == ["a.txt"]
    assert holed.service.chunks_of(job_of(holed, docs / "a.txt").id)
    assert_clean(holed)


def test_a_failed_try_hides_nothing_and_another_ends_as_it_was(holed: FakeApp, pages: Pages, docs: Path) -> None:
    before = told(holed, docs / "a.txt")
    pages.fails_with = "source_encrypted"
    (docs / "a.txt").write_text("other bytes")
    holed.service.retry(all_of_it(holed))
    work(holed)
    assert statuses(holed) == {"a.txt": FAILED}
    assert hits(holed, "first") == ["a.txt"]
    assert_clean(holed)
    pages.fails_with = ""
    (docs / "a.txt").write_text("bytes")
    holed.service.retry(all_of_it(holed))
    work(holed)
    assert told(holed, docs / "a.txt") == before
    assert_clean(holed)


@pytest.mark.parametrize("how_far", ["waiting", "cancelled", "failed", "running"])
def test_deleting_during_a_try_takes_all_of_it_out(
    holed: FakeApp, script: Script, pages: Pages, docs: Path, how_far: str
) -> None:
    if how_far == "running":
        script.before_file = lambda child, _item: child.hang()
    elif how_far == "failed":
        pages.fails_with = "source_malformed"
    else:
        holed.lifecycle.stop(5)
    holed.service.retry(all_of_it(holed))
    if how_far == "cancelled":
        holed.service.cancel(all_of_it(holed))
    wanted = {"running": JobStatus.RUNNING, "failed": FAILED, "cancelled": CANCELLED}.get(how_far, QUEUED)
    wait_for(lambda: statuses(holed) == {"a.txt": wanted}, how_far)
    token = holed.service.delete(all_of_it(holed)).undo_token
    assert hits(holed, "first") == []
    assert_clean(holed)
    script.before_file, pages.fails_with = pages.look, ""
    holed.service.undo(str(token))
    assert hits(holed, "first") == ["a.txt"]
    work(holed)
    assert_clean(holed)


def test_what_was_deleted_during_a_try_is_gone_for_good_in_the_end(
    make_fake: Callable[..., FakeApp], script: Script, docs: Path
) -> None:
    app = make_fake(undo_days=0)
    Pages(script)
    write_files(docs, {"a.txt": "bytes"})
    app.service.submit([str(docs)])
    work(app)
    app.lifecycle.stop(5)
    app.service.retry(all_of_it(app))
    app.service.delete(all_of_it(app))
    app.housekeeping.run()
    assert all_jobs(app, deleted=True) == []
    assert app.contents.of("library").documents() == []
    assert_clean(app)


def test_a_twin_keeps_what_a_try_shares_with_it(fake: FakeApp, pages: Pages, docs: Path) -> None:
    write_files(docs, {"a.txt": "bytes", "b.txt": "bytes"})
    fake.service.submit([str(docs)])
    work(fake)
    pages.shape, pages.text, pages.failed = "ocr=eng", "second words", ()
    a = JobSelector(job_ids=(job_of(fake, docs / "a.txt").id,))
    fake.service.retry(a)
    work(fake)
    assert hits(fake, "second") == ["a.txt"]  # one content, one version, told by its first path
    fake.service.delete(a)
    assert hits(fake, "second") == ["b.txt"]
    assert_clean(fake)


def test_a_try_that_was_cut_short_goes_on_after_a_restart(
    holed: FakeApp, make_fake: Callable[..., FakeApp], pages: Pages, docs: Path
) -> None:
    holed.lifecycle.stop(5)
    pages.shape, pages.text = "ocr=eng", "second words"
    holed.service.retry(all_of_it(holed))
    holed.close()
    app = make_fake()
    assert hits(app, "first") == ["a.txt"]
    work(app)
    assert (hits(app, "first"), hits(app, "second")) == ([], ["a.txt"])
    assert_clean(app)


def test_added_again_after_a_failed_try_it_keeps_answering(holed: FakeApp, pages: Pages, docs: Path) -> None:
    pages.fails_with = "source_malformed"
    holed.service.retry(all_of_it(holed))
    work(holed)
    holed.lifecycle.stop(5)
    pages.fails_with = ""
    holed.service.submit([str(docs)])
    assert hits(holed, "first") == ["a.txt"]
    assert_clean(holed)
    work(holed)
    assert {job.status for job in all_jobs(holed)} <= {COMPLETED, FAILED}
    assert_clean(holed)


# --- by itself, later ----------------------------------------------------------------------------


def test_a_retry_that_is_due_later_survives_a_restart_with_its_time(
    make_fake: Callable[..., FakeApp], pages: Pages, docs: Path
) -> None:
    app = make_fake(retry_base_seconds=3600.0, retry_cap_seconds=7200.0)
    pages.fails_with = "source_changed"  # at least the base: the file is to become quiet
    write_files(docs, {"a.txt": "bytes"})
    app.service.submit([str(docs)])
    app.service.start()
    due = wait_for(lambda: job_of(app, docs / "a.txt").due_at)
    before = job_of(app, docs / "a.txt")
    assert (before.status, before.attempts, before.error_code) == (QUEUED, 1, "source_changed")
    app.close()
    again = make_fake(retry_base_seconds=3600.0, retry_cap_seconds=7200.0)
    again.service.start()
    after = job_of(again, docs / "a.txt")
    assert (after.status, after.attempts, after.due_at, again.repository.next_due()) == (QUEUED, 1, due, due)


def test_finished_segments_are_kept_over_retries(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"long.txt": "\n".join(f"line{number}" for number in range(9))})
    script.segments_of = lambda _path: 3
    failures = [True]

    def fail_once(_child: FakeChild, task: SegmentTask) -> list[Message] | None:
        return (
            [Failed(task.key, "source_unreadable", "Locked.")]
            if task.number == 2 and failures and failures.pop()
            else None
        )

    script.before_segment = fail_once
    fake.service.submit([str(docs)])
    work(fake)
    assert statuses(fake) == {"long.txt": COMPLETED}
    assert sorted(number for _, number in script.read) == [0, 1, 2]
    assert_clean(fake)


def test_ends_from_outside_use_up_no_tries(make_fake: Callable[..., FakeApp], pages: Pages, docs: Path) -> None:
    """As after a kill: the worker's lock is free, its jobs are recovered by the next one."""
    write_files(docs, {"a.txt": "bytes"})
    app = make_fake(max_attempts=2)
    app.service.submit([str(docs)])
    for _ in range(5):
        worker = app.repository.register_worker("killed")
        (claim,) = app.repository.claim(worker, limit=1, max_bytes=10**9)
        assert claim.attempts == 1
        app.repository.worker_locks.pop(worker).release()  # what the system does for a process that is gone
    work(app)
    job = job_of(app, docs / "a.txt")
    assert (job.status, job.attempts) == (COMPLETED, 1)
    reasons = [entry.reason for entry in app.service.history(job.id) if entry.actor == "recovery"]
    assert len(reasons) == 5 and set(reasons) == {"its worker died"}
    assert_clean(app)
