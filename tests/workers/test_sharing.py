"""Who reads the segments of long documents."""

import threading
from pathlib import Path

import pytest
from application.kit import MAKE, FakeChild, Script, assert_clean, statuses, wait_for, work, write_files
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.application import sharing
from ingest_desktop.application.sharing import PAGES_HELD, Segments, most_readers
from ingest_desktop.application.work import ActiveJob
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import ReaderCrashed
from ingest_desktop.domain.interfaces.repository import Claim
from ingest_desktop.domain.wire import DocumentPlan, ExtractOptions, FileSignature, LookItem, SegmentSpec, SegmentTask

OPTIONS = ExtractOptions(segment_pages=64)


def plan(pages: int, step: int = 64, unit: str = "page") -> DocumentPlan:
    starts = range(1, pages + 1, step)
    segments = tuple(SegmentSpec(n, first, min(first + step, pages + 1)) for n, first in enumerate(starts))
    return DocumentPlan("0" * 64, FileSignature(1, 1, 1, 1), "application/pdf", "pdf", 1, unit, pages, segments)


def dealt(segments: Segments, job_id: int, pages: int, reader: str) -> ActiveJob:
    job = ActiveJob(Claim(job_id, 1, "kb", "batch", f"/{job_id}.pdf", 1, 0))
    job.plan = plan(pages)
    job.missing = {segment.number for segment in job.plan.segments}
    segments.deal(job, reader, OPTIONS)
    return job


@given(st.integers(1, 200_000))
def test_children_together_hold_only_so_many_pages(pages: int) -> None:
    most = most_readers(plan(pages, step=max(64, pages // 50)), OPTIONS)
    assert most * pages <= PAGES_HELD or most == 1 or pages < 64
    assert (most + 1) * pages > PAGES_HELD or pages < 64


def test_pages_that_are_recognised_and_files_without_pages_are_for_all() -> None:
    assert most_readers(plan(100_000, step=4), OPTIONS) == 0
    assert most_readers(plan(100_000, unit="byte"), OPTIONS) == 0


def test_who_has_the_document_open_goes_on_and_others_read_what_else_there_is() -> None:
    segments = Segments()
    long = dealt(segments, 1, PAGES_HELD, "a")
    short = dealt(segments, 2, 128, "a")
    assert segments.take("b") == (short, 0)
    assert segments.take("a") == (long, 0)
    assert segments.take("b") == (short, 1)
    assert segments.take("b") is None
    assert segments.take("a") == (long, 1)


def test_a_reader_that_went_away_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    segments = Segments()
    long = dealt(segments, 1, PAGES_HELD, "a")
    assert segments.take("b") is None
    monkeypatch.setattr(sharing, "GONE_SECONDS", -1.0)
    assert segments.take("b") == (long, 0)
    monkeypatch.setattr(sharing, "GONE_SECONDS", 60.0)
    assert segments.take("a") is None
    assert segments.take("b") == (long, 1)


def test_half_as_many_pages_are_for_two() -> None:
    segments = Segments()
    dealt(segments, 1, PAGES_HELD // 2, "a")
    assert [reader for reader in "bcabc" if segments.take(reader)] == ["b", "a", "b"]


def test_a_document_that_is_dropped_is_not_read() -> None:
    segments = Segments()
    dealt(segments, 1, PAGES_HELD, "a")
    dropped, last = dealt(segments, 2, 64, "a"), dealt(segments, 3, 64, "a")
    dropped.dropped = True
    assert segments.take("b") == (last, 0)


def test_a_very_long_document_is_read_by_one_child_and_others_go_on(
    make_fake: MAKE, script: Script, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "most_readers", lambda _plan, _options: 1)
    fake = make_fake(workers=3)
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(40)), "short.txt": "short"})
    script.segments_of = lambda path: 40 if path.endswith("long.txt") else 1
    readers: list[FakeChild] = []
    short_read = threading.Event()

    def note(child: FakeChild, task: SegmentTask) -> None:
        if task.number == 20 and len(readers) == 20:
            readers.append(child)
            raise ReaderCrashed("once")  # another process takes its place, in the same hands
        readers.append(child)
        if task.number == 39:
            wait_for(short_read.is_set)

    def looked(_child: FakeChild, item: LookItem) -> None:
        if item.path.endswith("short.txt"):
            short_read.set()

    script.before_segment, script.before_file = note, looked
    fake.service.submit([str(docs / "long.txt")])
    fake.service.start()
    wait_for(lambda: readers)
    fake.service.submit([str(docs / "short.txt")])
    work(fake)
    assert set(statuses(fake).values()) == {JobStatus.COMPLETED}
    assert len(readers) == 41 and len(set(map(id, readers))) == 1
    assert_clean(fake)
