"""Files that come back are read again by themselves; file systems that hang hold up nobody."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from application.kit import (
    COMPLETED,
    FAILED,
    FakeApp,
    Here,
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
from ingest_desktop.application import reach as rooms
from ingest_desktop.application.reach import MOST_STUCK, REASON, Prober, Reach
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.wire import Failed
from ingest_desktop.extraction.probe import can_be_read
from ingest_desktop.extraction.probing import ProbeProcess, command


class Ticks:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """A file system where nothing is; keeps the names that it was asked for."""

    def __init__(self) -> None:
        self.names = ""

    def __call__(self, path: str) -> bool:
        self.names += Path(path).stem
        return False


@pytest.fixture
def lost(real: App, docs: Path) -> App:
    """Two files that went before they were read."""
    write_files(docs, {"a.txt": "albatross", "b.txt": "bittern"})
    real.service.submit([str(docs)])
    for name in ("a.txt", "b.txt"):
        (docs / name).rename(docs.parent / name)
    real.lifecycle.start()
    assert real.lifecycle.drain(30)
    assert {job.error_code for job in all_jobs(real)} == {"source_gone"}
    return real


def test_a_file_that_is_back_is_read_by_itself(lost: App, docs: Path) -> None:
    watch = Reach(lost.repository, lost.service.on_retried, Prober(ProbeProcess))
    assert watch.round() == 0
    (docs.parent / "a.txt").rename(docs / "a.txt")
    assert watch.round() == 1
    wait_for(lambda: statuses(lost) == {"a.txt": COMPLETED, "b.txt": FAILED})
    again = [entry for entry in lost.service.history(job_of(lost, docs / "a.txt").id) if entry.reason == REASON]
    assert [entry.actor for entry in again] == [Actor.RECOVERY]
    assert hits(lost, "albatross") == ["a.txt"]
    assert_clean(lost)


def test_the_running_engine_watches(lost: App, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "FIRST_SECONDS", 0.01)
    lost.service.start()
    (docs.parent / "b.txt").rename(docs / "b.txt")
    wait_for(lambda: statuses(lost)["b.txt"] is COMPLETED)
    assert lost.reach.stop()


def test_what_may_not_be_read_waits_for_the_right(tmp_path: Path) -> None:
    fine = tmp_path / "fine.txt"
    fine.write_text("x")
    os.mkfifo(tmp_path / "pipe")
    assert can_be_read(str(fine))
    assert not any(can_be_read(str(tmp_path / name)) for name in ("pipe", "none", "fine.txt/below", "nul\0"))
    assert not can_be_read(str(tmp_path))


def test_the_process_that_is_asked_answers_like_us_and_ends(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + "/a\nline \u202e".encode() + b"\xff.txt"
    with open(odd, "wb"):
        pass
    probe = ProbeProcess()
    assert probe.can_be_read(os.fsdecode(odd))
    assert not any(probe.can_be_read(path) for path in (str(tmp_path), str(tmp_path / "none"), "nul\0"))
    assert probe.can_be_read(os.fsdecode(odd))
    probe.close()
    assert probe._process.returncode == 0
    assert not probe.can_be_read(os.fsdecode(odd))  # it is not there any more


def test_a_frozen_build_asks_by_its_one_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    asked = subprocess.run(
        [sys.executable, "-m", "ingest_desktop.extraction.child", *command()[1:]], input=b"2f\n", capture_output=True
    )
    assert asked.stdout == b"10"


def test_one_that_fails_again_is_tried_less_and_less_often(fake: FakeApp, script: Script, docs: Path) -> None:
    script.before_file = lambda _child, item: [Failed(item.key, "source_unreadable", "The disk gives errors.")]
    write_files(docs, {"a.txt": "a"})
    fake.service.submit([str(docs)])
    ticks = Ticks()
    watch = Reach(fake.repository, fake.service.on_retried, Prober(lambda: Here(can_be_read)), ticks=ticks)
    tried = []
    for minute in range(200):
        ticks.now = 1_000.0 + 60 * minute
        work(fake)
        if watch.round():
            tried.append(minute)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]


def test_nothing_is_asked_of_the_disk_while_nothing_is_lost(fake: FakeApp, docs: Path) -> None:
    asked = Asked()
    watch = Reach(fake.repository, lambda _ids: None, Prober(lambda: Here(asked)))
    assert (watch.round(), watch.round(), asked.names) == (0, 0, "")


def test_many_lost_files_are_looked_at_in_turn(
    fake: FakeApp, script: Script, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "PART", 2)
    script.before_file = lambda _child, item: [Failed(item.key, "source_forbidden", "No.")]
    write_files(docs, {f"{name}.txt": name for name in "abcde"})
    fake.service.submit([str(docs)])
    work(fake)
    asked = Asked()
    watch = Reach(fake.repository, lambda _ids: None, Prober(lambda: Here(asked)))
    for _ in range(4):
        watch.round()
    assert asked.names == "abcdeab"


def test_a_file_system_that_hangs_is_left_alone_until_it_answers() -> None:
    answer, asked = threading.Event(), list[str]()

    def probe(path: str) -> bool:
        asked.append(path)
        return answer.wait(30) if "/dead" in path else True

    prober = Prober(lambda: Here(probe), patience_seconds=0.05)
    assert not prober.ask("/mnt/dead/share/a")
    assert not prober.ask("/mnt/dead/share/b")
    assert prober.ask("/home/anna/docs/c")
    assert asked == ["/mnt/dead/share/a", "/home/anna/docs/c"]
    answer.set()
    wait_for(lambda: prober.ask("/mnt/dead/share/b"))
    prober.close()


def test_what_is_mounted_there_hangs_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "22 21 0:5 / /home/anna/my\\040server rw - fuse.sshfs server: rw\n"
        "23 22 0:6 / /home/anna/my\\040server/deep rw - fuse.sshfs other: rw\n"
    )
    monkeypatch.setattr(rooms, "_MOUNTS", str(table))
    answer = threading.Event()
    prober = Prober(lambda: Here(lambda _path: answer.wait(30)), patience_seconds=0.01)
    assert not prober.ask("/home/anna/my server/a/b.txt")
    assert prober.hangs("/home/anna/my server/c.txt")
    others = ("/home/anna/letter.txt", "/home/anna/my server 2/c.txt", "/home/anna/my server/deep/d.txt")
    assert not any(map(prober.hangs, others))
    answer.set()
    prober.close()


def test_no_more_than_a_few_questions_hang_at_once() -> None:
    answer, asked = threading.Event(), list[str]()

    def probe(path: str) -> bool:
        asked.append(path)
        return answer.wait(30)

    prober = Prober(lambda: Here(probe), patience_seconds=0.01)
    assert not any(prober.ask(f"/mnt/dead/share{number}/a") for number in range(3 * MOST_STUCK))
    assert len(asked) == MOST_STUCK
    answer.set()
    wait_for(lambda: prober.ask("/mnt/dead/share9/a"))
    prober.close()


def test_it_ends_though_a_file_system_hangs(make_fake: Callable[..., FakeApp], script: Script, docs: Path) -> None:
    app = make_fake()
    script.before_file = lambda _child, item: [Failed(item.key, "source_gone", "No.")]
    write_files(docs, {"a.txt": "a"})
    app.service.submit([str(docs)])
    work(app)
    asked, never = threading.Event(), threading.Event()

    def hang(_path: str) -> bool:
        asked.set()
        return never.wait(30)

    watch = Reach(app.repository, lambda _ids: None, Prober(lambda: Here(hang), patience_seconds=0.1))
    watch.start()
    assert asked.wait(30)
    assert watch.stop()
    never.set()


def test_a_look_at_all_is_waited_for_though_some_hang(lost: App, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "PART", 1)
    never = threading.Event()

    def probe(path: str) -> bool:
        return never.wait(30) if path.endswith("a.txt") else can_be_read(path)

    lost.lifecycle.stop(5)
    (docs.parent / "b.txt").rename(docs / "b.txt")
    watch = Reach(lost.repository, lost.service.on_retried, Prober(lambda: Here(probe)))
    monkeypatch.setattr(rooms, "_MOUNTS", "")
    monkeypatch.setattr(rooms, "_PLACE_PARTS", 20)  # else both are in one place, which hangs
    assert watch.look_first(30)
    assert statuses(lost) == {"a.txt": FAILED, "b.txt": JobStatus.QUEUED}
    watch.start()  # it watches already
    never.set()
    assert watch.stop()


def test_nobody_waits_long_for_a_first_look(lost: App) -> None:
    never = threading.Event()
    watch = Reach(lost.repository, lost.service.on_retried, Prober(lambda: Here(lambda _path: never.wait(30))))
    assert not watch.look_first(0.05)
    never.set()
    assert watch.stop()
