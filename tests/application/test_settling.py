"""Files that are still being written: left alone until they hold still, never half a file, and nobody else waits for them."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from application.kit import (
    COMPLETED,
    MAKE,
    QUEUED,
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
from ingest_desktop.application import settling as rooms
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.errors import SourceChanged
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import (
    ExtractOptions,
    FileSignature,
    Looked,
    LookItem,
    Message,
    Unsettled,
    signature_of,
)
from ingest_desktop.extraction.look import NotSettled, look
from ingest_desktop.extraction.registry import Registry

SETTLE = 2.0


# --- what the child sees -------------------------------------------------------------------------


def looked_at(path: Path, seen: FileSignature | None = None, settle_seconds: float = SETTLE) -> Looked:
    options = ExtractOptions(settle_seconds=settle_seconds)
    return look(LookItem(1, str(path), seen=seen), options, Registry([]), lambda *_: None)


def aged(path: Path, seconds: float) -> Path:
    path.write_text("some words", "utf-8")
    moment = time.time() - seconds
    os.utime(path, (moment, moment))
    return path


@pytest.mark.parametrize(
    ("age", "least", "most"),
    [(0.0, 1.0, 2.0), (1.0, 0.1, 1.0), (-1.0, 2.0, 2.0), (-1e9, 2.0, 2.0)],
    ids=["now", "a second ago", "a clock that is ahead", "the far future"],
)
def test_a_young_file_is_not_read_yet(tmp_path: Path, age: float, least: float, most: float) -> None:
    path = aged(tmp_path / "a.txt", age)
    with pytest.raises(NotSettled) as young:
        looked_at(path)
    assert least <= young.value.wait_seconds <= most
    assert young.value.signature == signature_of(os.stat(path))
    assert looked_at(path, young.value.signature).result is not None  # it held still, whatever its clock says


@pytest.mark.parametrize(("age", "settle_seconds"), [(2.1, SETTLE), (1e9, SETTLE), (0.0, 0.0), (-1e9, 0.0)])
def test_a_settled_file_is_read_at_once(tmp_path: Path, age: float, settle_seconds: float) -> None:
    assert looked_at(aged(tmp_path / "a.txt", age), settle_seconds=settle_seconds).result is not None


def test_a_file_that_did_not_hold_still_has_changed(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.txt", 0)
    seen = signature_of(os.stat(path))
    with path.open("a") as file:
        file.write("more")
    with pytest.raises(SourceChanged):
        looked_at(path, seen)
    aged(path, 60)  # also when it claims to be old
    with pytest.raises(SourceChanged):
        looked_at(path, seen)


# --- who waits -----------------------------------------------------------------------------------


class Young:
    """Children that find some files too young at their first look."""

    def __init__(self, script: Script, names: set[str], wait_seconds: float) -> None:
        self.names, self.wait_seconds = names, wait_seconds
        self.first: dict[str, float] = {}
        self.again: dict[str, float] = {}
        self.at_once = 0
        self.most_at_once = 0
        script.before_file = self.look

    def look(self, _child: FakeChild, item: LookItem) -> list[Message] | None:
        name = Path(item.path).name
        if name not in self.names:
            return None
        signature = signature_of(os.stat(item.path))
        if item.seen is not None:
            assert item.seen == signature
            self.again[name] = time.monotonic()
            self.at_once -= 1
            return None
        self.first[name] = time.monotonic()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        return [Unsettled(item.key, signature, self.wait_seconds)]


def test_only_the_young_one_waits(make_fake: MAKE, script: Script, docs: Path) -> None:
    young = Young(script, {"3.txt"}, 0.5)
    fake = make_fake(settle_seconds=5)
    write_files(docs, {f"{n}.txt": f"word{n}" for n in range(6)})
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: list(statuses(fake).values()).count(COMPLETED) == 5)
    assert not young.again
    work(fake)
    assert young.again["3.txt"] - young.first["3.txt"] >= 0.5
    job = job_of(fake, docs / "3.txt")
    assert (job.outcome, job.attempts) == (Outcome.INGESTED, 1)
    assert_clean(fake)


def test_nobody_waits_longer_than_the_setting_says(make_fake: MAKE, script: Script, docs: Path) -> None:
    Young(script, {"a.txt"}, 1e9)
    fake = make_fake(settle_seconds=0.1, consumer_poll_interval=30)
    write_files(docs, {"a.txt": "albatross"})
    fake.service.submit([str(docs)])
    work(fake)
    assert hits(fake, "albatross") == ["a.txt"]


def test_no_more_than_some_are_held_back(
    make_fake: MAKE, script: Script, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "MOST_ASIDE", 10)
    names = {f"{n}.txt" for n in range(60)}
    young = Young(script, names, 0.2)
    fake = make_fake(settle_seconds=5, batch_size=5)  # claims are of ten
    write_files(docs, dict.fromkeys(names, "word"))
    fake.service.submit([str(docs)])
    work(fake)
    assert set(young.again) == names
    assert young.most_at_once <= 20
    assert_clean(fake)


def test_what_is_taken_away_meanwhile_is_not_read(make_fake: MAKE, script: Script, docs: Path) -> None:
    young = Young(script, {"a.txt"}, 0.3)
    fake = make_fake(settle_seconds=5)
    write_files(docs, {"a.txt": "albatross"})
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: young.first)
    fake.service.cancel(JobSelector(job_ids=(job_of(fake, docs / "a.txt").id,)))
    work(fake)
    assert statuses(fake) == {"a.txt": JobStatus.CANCELLED}
    assert not young.again


def test_a_program_that_ends_meanwhile_has_completed_nothing(make_fake: MAKE, script: Script, docs: Path) -> None:
    young = Young(script, {"a.txt"}, 60)
    fake = make_fake(settle_seconds=60)
    write_files(docs, {"a.txt": "albatross"})
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: young.first)
    assert fake.lifecycle.stop(5) == []
    assert statuses(fake) == {"a.txt": QUEUED}
    assert hits(fake, "albatross") == []
    young.names.clear()
    work(fake)
    assert statuses(fake) == {"a.txt": COMPLETED}


# --- from end to end -----------------------------------------------------------------------------


def test_a_growing_file_is_read_when_it_stops_growing(make_real: Callable[..., App], docs: Path) -> None:
    app = make_real(settle_seconds=1.0, retry_base_seconds=0.1)
    path = docs / "growing.txt"
    path.write_text("line0\n")
    written: list[float] = []

    def write() -> None:
        for number in range(1, 8):
            threading.Event().wait(0.3)
            with path.open("a") as file:
                file.write(f"line{number}\n")
            written.append(time.monotonic())

    writer = threading.Thread(target=write)
    writer.start()
    aged(docs / "old.txt", 3600)
    app.service.submit([str(docs)])
    app.service.start()
    wait_for(lambda: statuses(app).get("old.txt") is COMPLETED)
    assert len(written) < 7  # the other one did not wait for it
    work(app)
    writer.join()
    assert len(written) == 7
    assert time.monotonic() - written[-1] >= 0.9
    job = job_of(app, path)
    history = app.service.history(job.id)
    assert [entry.to_status for entry in history].count(COMPLETED) == 1
    assert job.attempts > 1
    assert hits(app, "line7") == hits(app, "line0") == ["growing.txt"]
    assert_clean(app)


def test_fresh_files_cost_one_wait_together(make_real: Callable[..., App], docs: Path) -> None:
    app = make_real(settle_seconds=1.0)
    write_files(docs, {f"{n}.txt": f"word{n}" for n in range(300)})
    began = time.monotonic()
    app.service.submit([str(docs)])
    work(app)
    assert time.monotonic() - began < 1.0 + 9.0
    assert {job.attempts for job in all_jobs(app)} == {1}
    assert set(statuses(app).values()) == {COMPLETED}
    assert_clean(app)
