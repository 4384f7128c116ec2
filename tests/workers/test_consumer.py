"""The consumer at work: what it cannot store fails alone, what it is slow with is bounded, and nothing is lost on the way."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from application.kit import (
    COMPLETED,
    FAILED,
    MAKE,
    TEN,
    FakeApp,
    FakeChild,
    Script,
    assert_clean,
    hits,
    job_of,
    result_of,
    start_until,
    statuses,
    wait_for,
    work,
    write_files,
)

from ingest_desktop.application.work import ResultQueue
from ingest_desktop.domain.errors import (
    QueueEmptyError,
    QueueFullError,
)
from ingest_desktop.domain.interfaces.repository import Ending
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import LookItem, Message, SegmentTask

LONG = {"long.txt": "\n".join(f"line{n} of it" for n in range(12))}


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
    start_until(fake, docs, began)
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
