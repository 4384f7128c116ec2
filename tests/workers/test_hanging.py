"""File systems that do not answer: the files there fail as out of reach, and hold up no others."""

import threading
from pathlib import Path

import pytest
from application.kit import (
    COMPLETED,
    FAILED,
    MAKE,
    FakeChild,
    Here,
    Script,
    all_jobs,
    assert_clean,
    statuses,
    wait_for,
    work,
    write_files,
)

from ingest_desktop.application import reach as rooms
from ingest_desktop.application.reach import Prober, Reach
from ingest_desktop.domain.interfaces.extraction import TookTooLong
from ingest_desktop.domain.wire import LookItem, SegmentTask
from ingest_desktop.workers.producer import NO_ANSWER


class Share:
    """A network folder, and how often a reading process was lost in it."""

    def __init__(self) -> None:
        self.answers, self.lost = threading.Event(), 0

    def probe(self, path: str) -> bool:
        return "share" not in path or self.answers.wait(30)

    def read(self, _child: FakeChild, item: LookItem | SegmentTask) -> None:
        if "share" in item.path and not self.answers.is_set():
            self.lost += 1
            raise TookTooLong("It took too long.")


@pytest.fixture
def share(script: Script, docs: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    """Five files on a network folder that does not answer, and three elsewhere."""
    monkeypatch.setattr(rooms, "_PLACE_PARTS", len(docs.parts) + 1)
    monkeypatch.setattr(rooms, "_MOUNTS", "")  # where the tests are may be mounted as a whole
    share = Share()
    script.before_file = script.before_segment = share.read  # type: ignore[assignment]
    (docs / "share").mkdir()
    (docs / "disk").mkdir()
    write_files(docs / "share", {f"{name}.txt": name for name in "abcde"})
    write_files(docs / "disk", {f"{name}.txt": name for name in "xyz"})
    return share


def test_files_behind_one_that_hangs_are_not_waited_for(make_fake: MAKE, share: Share, docs: Path) -> None:
    fake = make_fake(max_attempts=1)
    fake.prober = Prober(lambda: Here(share.probe), patience_seconds=0.05)
    fake.service.submit([str(docs)])
    work(fake)
    assert statuses(fake) == dict.fromkeys(("x.txt", "y.txt", "z.txt"), COMPLETED) | {
        f"{name}.txt": FAILED for name in "abcde"
    }
    told = {(job.error_code, job.error_message) for job in all_jobs(fake) if job.status is FAILED}
    assert told == {("source_unreadable", NO_ANSWER)}
    assert share.lost == 1
    share.answers.set()
    watch = Reach(fake.repository, fake.service.on_retried, fake.prober)
    wait_for(watch.round)
    wait_for(lambda: set(statuses(fake).values()) == {COMPLETED})
    assert_clean(fake)
    fake.prober.close()


def test_a_file_that_takes_too_long_where_others_answer_is_over_a_limit(
    make_fake: MAKE, share: Share, docs: Path
) -> None:
    fake = make_fake()
    fake.prober = Prober(lambda: Here(lambda _path: True))
    fake.service.submit([str(docs / "share" / "a.txt")])
    work(fake)
    assert [job.error_code for job in all_jobs(fake)] == ["limit_exceeded"]
    fake.prober.close()
