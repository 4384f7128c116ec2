"""Start, drain, stop, and what is told of threads that do not end; the executor; retries; progress; events."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.kit import (
    MAKE,
    FakeApp,
    FakeChild,
    Script,
    assert_clean,
    quick_settings,
    start_until,
    statuses,
    wait_for,
    work,
    write_files,
)
from ingest_desktop.application.events import EventHub
from ingest_desktop.application.executor import AsyncExecutor
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.retries import error_class, retry_at
from ingest_desktop.domain.enums import JobPhase, JobStatus
from ingest_desktop.domain.errors import IngestError, SourceChanged, by_code
from ingest_desktop.domain.wire import LookItem

# --- lifecycle -----------------------------------------------------------------------------------


def test_drained_is_a_checked_condition(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    go_on, reading = threading.Event(), threading.Event()

    def hold(_child: FakeChild, _item: LookItem) -> None:
        reading.set()
        wait_for(go_on.is_set)

    script.before_file = hold
    fake.service.submit([str(docs)])
    assert not fake.lifecycle.drain(0.01) and not fake.lifecycle.is_working  # nothing was started
    fake.service.start()
    assert reading.wait(30)
    assert not fake.lifecycle.drain(0.05)
    go_on.set()
    assert fake.lifecycle.drain(30)
    assert statuses(fake) == {"a.txt": JobStatus.COMPLETED}  # committed, not only read
    assert fake.lifecycle.drain(0.5)


def test_draining_can_be_given_up(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    give_up = threading.Event()
    script.before_file = lambda child, _item: give_up.set() or child.hang()
    fake.service.submit([str(docs)])
    fake.service.start()
    assert not fake.lifecycle.drain(give_up=give_up)
    assert fake.lifecycle.cancel(5) == []


def test_starting_twice_starts_once_and_stopping_twice_is_quiet(fake: FakeApp, script: Script) -> None:
    fake.service.start()
    crew = fake.lifecycle.crew
    fake.service.start()
    assert fake.lifecycle.crew is crew and fake.lifecycle.is_working
    wait_for(lambda: len(script.children) == 1)
    assert fake.lifecycle.stop(10) == [] and fake.lifecycle.stop(10) == []
    assert fake.lifecycle.crew is None and not fake.lifecycle.is_working
    assert all(child.closed for child in script.children)
    assert fake.repository.workers() == []


def test_stopping_finishes_what_is_in_hand_and_gives_back_the_rest(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(batch_size=1)
    write_files(docs, {f"{n}.txt": f"text {n}" for n in range(6)})
    begun, go_on = script.hold()
    start_until(fake, docs, begun)
    stopper = threading.Thread(target=fake.lifecycle.stop, args=(20,))
    stopper.start()
    wait_for(lambda: fake.lifecycle.crew is None)
    go_on.set()
    stopper.join(30)
    found = statuses(fake)
    assert found.pop("0.txt") is JobStatus.COMPLETED
    assert set(found.values()) == {JobStatus.QUEUED}
    work(fake)
    assert set(statuses(fake).values()) == {JobStatus.COMPLETED}
    assert_clean(fake)


def test_cancelling_gives_up_what_is_in_hand(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "b.txt": "b"})
    start_until(fake, docs, script.hang())
    assert fake.lifecycle.cancel(10) == []
    assert script.kills == 1
    assert set(statuses(fake).values()) == {JobStatus.QUEUED}
    script.before_file = lambda _child, _item: None
    work(fake)
    assert set(statuses(fake).values()) == {JobStatus.COMPLETED}
    assert_clean(fake)


def test_a_child_that_is_too_slow_to_stop_is_killed(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    start_until(fake, docs, script.hang())
    assert fake.lifecycle.stop(0.4) == []
    assert script.kills == 1 and statuses(fake) == {"a.txt": JobStatus.QUEUED}


def test_threads_that_do_not_end_in_time_are_named(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    begun, go_on = script.hold()
    start_until(fake, docs, begun)
    late = fake.lifecycle.stop(0.2)
    go_on.set()
    assert late == ["producer-1"]
    assert statuses(fake) == {"a.txt": JobStatus.QUEUED}
    wait_for(lambda: not any(thread.name == "producer-1" for thread in threading.enumerate()))
    assert_clean(fake)


def test_a_process_can_be_restricted_to_one_batch(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a/a.txt": "a", "b/b.txt": "b"})
    fake.service.submit([str(docs / "a")])
    made = fake.service.submit([str(docs / "b")])
    fake.service.start(batch_id=made.batch.batch_id)
    assert fake.lifecycle.drain(30)
    assert statuses(fake) == {"a.txt": JobStatus.QUEUED, "b.txt": JobStatus.COMPLETED}


def test_two_engines_on_one_store_never_do_a_job_twice(make_fake: MAKE, script: Script, docs: Path) -> None:
    write_files(docs, {f"{n:02d}.txt": f"text {n}" for n in range(60)})
    one, two = make_fake(batch_size=3), make_fake(batch_size=2)
    one.service.submit([str(docs)])
    one.service.start()
    two.service.start()
    wait_for(lambda: set(statuses(one).values()) == {JobStatus.COMPLETED})
    assert len(script.looked) == 60 == len(set(script.looked))
    assert_clean(one)


# --- the executor --------------------------------------------------------------------------------


@pytest.fixture
def executor() -> Iterator[AsyncExecutor]:
    executor = AsyncExecutor()
    yield executor
    assert executor.close()


async def loop_id() -> int:
    await asyncio.sleep(0)
    return id(asyncio.get_running_loop())


def test_one_loop_serves_every_thread(executor: AsyncExecutor) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(executor.run(loop_id()))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20 and len(set(found)) == 1


def test_it_works_from_inside_a_running_loop(executor: AsyncExecutor) -> None:
    async def outer() -> tuple[int, int, int]:
        return executor.run(loop_id()), await executor.submit(loop_id()), await loop_id()

    inner, submitted, own = asyncio.run(outer())
    assert inner == submitted != own


def test_its_own_thread_may_await_but_not_wait(executor: AsyncExecutor) -> None:
    async def waits() -> int:
        return executor.run(loop_id())

    async def awaits() -> int:
        return await executor.submit(loop_id())

    with pytest.raises(RuntimeError, match="await"):
        executor.run(waits())
    assert executor.run(awaits()) == executor.run(loop_id())


def test_errors_and_results_come_back(executor: AsyncExecutor) -> None:
    async def fails() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        executor.run(fails())


def test_a_timeout_cancels(executor: AsyncExecutor) -> None:
    cancelled = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError):
        executor.run(endless(), timeout_seconds=0.05)
    assert cancelled.wait(30)


def test_closing_cancels_what_runs_and_refuses_more() -> None:
    executor = AsyncExecutor()
    assert executor.close()  # never used
    executor = AsyncExecutor()
    started, ended = threading.Event(), threading.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caught: list[BaseException] = []

    def call() -> None:
        try:
            executor.run(endless())
        except BaseException as error:  # noqa: BLE001
            caught.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert started.wait(30)
    assert executor.close() and executor.close()
    caller.join(30)
    assert ended.is_set() and len(caught) == 1
    with pytest.raises(RuntimeError, match="closed"):
        executor.run(loop_id())


# --- retries -------------------------------------------------------------------------------------

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RETRYABLE = sorted(code for code, error in by_code().items() if error.retryable)
FINAL = sorted(code for code, error in by_code().items() if not error.retryable)


@given(
    code=st.sampled_from(RETRYABLE),
    attempts=st.integers(1, 99),
    draw=st.floats(0, 1),
    base=st.floats(0.01, 3600),
    cap=st.floats(0.01, 86_400),
)
def test_waits_double_up_to_a_cap(
    tmp_path_factory: pytest.TempPathFactory, code: str, attempts: int, draw: float, base: float, cap: float
) -> None:
    settings = quick_settings(Path("unused"), max_attempts=100, retry_base_seconds=base, retry_cap_seconds=cap)
    due = retry_at(code, attempts, NOW, settings, lambda: draw)
    assert due is not None
    wait = (due - NOW).total_seconds()
    bound = min(cap, base * 2 ** (attempts - 1))
    least = base if error_class(code) is SourceChanged else 0.0
    assert least - 1e-6 <= wait <= max(bound, least) + 1e-6
    if draw == 1.0:
        assert wait == pytest.approx(max(bound, least), abs=1e-5)


@given(code=st.sampled_from(RETRYABLE), limit=st.integers(1, 100), beyond=st.integers(0, 50))
def test_spent_tries_are_spent(code: str, limit: int, beyond: int) -> None:
    settings = quick_settings(Path("unused"), max_attempts=limit, changing_attempts=1)
    assert retry_at(code, limit + beyond, NOW, settings) is None
    if limit > 1:
        assert retry_at(code, limit - 1, NOW, settings) is not None


def test_a_file_that_is_still_being_written_has_more_tries() -> None:
    settings = quick_settings(Path("unused"), max_attempts=2, changing_attempts=9)
    assert retry_at("source_changed", 8, NOW, settings) is not None
    assert retry_at("source_changed", 9, NOW, settings) is None
    assert retry_at("source_gone", 2, NOW, settings) is None


@pytest.mark.parametrize("code", [*FINAL, "of_somebody_else"])
def test_what_a_retry_cannot_help_is_not_tried_again(code: str) -> None:
    assert retry_at(code, 1, NOW, quick_settings(Path("unused"))) is None


def test_unknown_codes_have_a_hint_all_the_same() -> None:
    assert error_class("of_somebody_else") is IngestError and IngestError.hint


# --- progress and events -------------------------------------------------------------------------


def test_progress_never_goes_back_within_a_phase() -> None:
    board = ProgressBoard()
    board.post(1, JobPhase.HASHING, 50, 100, "byte")
    board.post(1, JobPhase.HASHING, 20, 100, "byte")
    assert board.latest()[1].done == 50
    board.post(1, JobPhase.EXTRACTING, 2, 10, "page")
    newest = board.latest()[1]
    assert (newest.phase, newest.done, newest.total, newest.unit) == (JobPhase.EXTRACTING, 2, 10, "page")
    board.forget({1, 2})
    assert board.latest() == {}


def test_a_listener_that_raises_hurts_nobody_else() -> None:
    hub, heard = EventHub(), []

    class Broken:
        def store_changed(self) -> None:
            raise ValueError("bug")

    class Fine:
        def store_changed(self) -> None:
            heard.append("store")

    broken, fine = Broken(), Fine()
    assert not hub.has_listeners
    hub.subscribe(broken)  # type: ignore[arg-type]
    hub.subscribe(fine)  # type: ignore[arg-type]
    hub.store_changed()
    assert heard == ["store"] and hub.has_listeners
