"""The breaking machine itself: it sees what it is there to see, and keeps what it saw."""

import functools
import importlib
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from faults.__main__ import shares
from faults.fault import Fault, Verdict, draw_of, find_faults
from faults.judge import Calm, compare
from faults.kills import POINTS, PURGE_POINTS
from faults.poller import Poller
from faults.recorder import BLOCK, SECTOR, Disk, Step, _Reading
from faults.results import BEGIN, END, PAGE, RECORD, keep, stretch_of, table
from faults.upgrades import UPGRADE_POINTS

CHUNKS = tuple((f"c{number}", "d", number, f"text {number}", "/a") for number in range(3))
CALM = Calm(CHUNKS, Counter({("/a", "completed", None): 1}))


class Dummy:
    group = "kill"
    most_rounds: int | None = None

    def __init__(self, name: str, most_rounds: int | None = None) -> None:
        self.name = name
        self.most_rounds = most_rounds

    def prepare(self, work: Path, seed: int) -> None: ...

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        return Verdict()


# --- judging ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "counts"),
    [
        (CHUNKS[:2], (1, 0, 0)),
        ((*CHUNKS, ("c9", "d", 3, "more", "/a")), (0, 1, 0)),
        ((*CHUNKS, CHUNKS[0]), (0, 1, 0)),
        ((*CHUNKS[:2], ("c2", "d", 2, "of another version", "/a")), (0, 0, 1)),
        (CHUNKS[::-1], (0, 0, 0)),
    ],
)
def test_a_difference_between_stores_is_counted(chunks: tuple, counts: tuple[int, int, int]) -> None:
    verdict = Verdict()
    compare(replace(CALM, chunks=chunks), CALM, verdict)
    assert (verdict.lost, verdict.doubled, verdict.mixed) == counts
    assert not verdict.holds


@pytest.mark.parametrize(
    ("endings", "counts"),
    [
        ({}, (1, 0)),
        ({("/a", "completed", None): 2}, (0, 1)),
        ({("/a", "failed", "ingest"): 1}, (1, 0)),
    ],
)
def test_a_difference_between_jobs_is_counted(
    endings: dict[tuple[str, str, str | None], int], counts: tuple[int, int]
) -> None:
    verdict = Verdict()
    compare(replace(CALM, endings=Counter(endings)), CALM, verdict)
    assert (verdict.lost, verdict.doubled) == counts
    assert not verdict.holds


def test_equal_stores_hold() -> None:
    verdict = Verdict()
    compare(CALM, CALM, verdict)
    assert verdict.holds


@pytest.mark.parametrize(
    ("seen", "word"),
    [((), "a gap"), (("a1", "b2"), "a mix"), (("a1",), "a mix"), (("a1", "a2", "b1"), "a mix")],
)
def test_the_reader_tells_a_mix_and_a_gap(tmp_path: Path, seen: tuple[str, ...], word: str) -> None:
    poller = Poller(tmp_path, {"/a": (frozenset({"a1", "a2"}), frozenset({"b1", "b2"}))})
    poller.look({("/a", chunk) for chunk in seen}, len(seen))
    assert poller.mixed.total() == 1 and word in next(iter(poller.mixed))


def test_the_reader_is_content_with_either_version(tmp_path: Path) -> None:
    poller = Poller(tmp_path, {"/a": (frozenset({"a1", "a2"}), frozenset({"b1", "b2"}))})
    for version in "ab":
        poller.look({("/a", f"{version}1"), ("/a", f"{version}2")}, 2)
    assert not poller.mixed and poller.looks == 2


# --- losing power ----------------------------------------------------------------------------------


def image(tmp_path: Path, steps: list[Step], share: float, *, follow: bool = False) -> dict[str, bytes]:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    (before / "old").write_bytes(b"old")
    disk = Disk(before)
    for step in steps:
        disk.do(step, names_follow_files=follow)
    disk.image(after, random.Random(1), share)
    return {str(path.relative_to(after)): path.read_bytes() for path in after.rglob("*") if path.is_file()}


def write(path: str, data: bytes, offset: int = 0) -> Step:
    return Step("write", path, offset=offset, data=data)


def synced(path: str) -> list[Step]:
    return [Step("sync", path), Step("synced", path)]


def test_what_was_not_synced_is_gone(tmp_path: Path) -> None:
    steps = [write("old", b"new"), *synced("old"), write("old", b"later"), Step("create", "more"), write("more", b"x")]
    assert image(tmp_path, steps, 0.0) == {"old": b"new"}


def test_all_may_be_there(tmp_path: Path) -> None:
    steps = [write("old", b"newer"), Step("create", "more"), write("more", b"x", 2), Step("unlink", "old")]
    assert image(tmp_path, steps, 1.0) == {"more": b"\0\0x"}


def test_a_sync_covers_only_what_came_before_it_began(tmp_path: Path) -> None:
    steps = [write("old", b"abc"), Step("sync", "old"), write("old", b"xyz"), Step("synced", "old")]
    assert image(tmp_path, steps, 0.0) == {"old": b"abc"}


@pytest.mark.parametrize(("follow", "found"), [(True, {"new": b"x", "old": b"old"}), (False, {"old": b"old"})])
def test_a_name_is_synced_with_its_folder(tmp_path: Path, follow: bool, found: dict[str, bytes]) -> None:
    steps = [Step("create", "new"), write("new", b"x"), *synced("new")]
    assert image(tmp_path, steps, 0.0, follow=follow) == found


def test_a_folder_syncs_the_names_in_it(tmp_path: Path) -> None:
    steps = [Step("create", "new"), write("new", b"x"), *synced("new"), *synced(".")]
    assert image(tmp_path, steps, 0.0) == {"new": b"x", "old": b"old"}


def test_blocks_are_kept_in_part_and_torn_at_sectors(tmp_path: Path) -> None:
    steps = [Step("truncate", "old"), *synced("old"), write("old", b"x" * BLOCK * 200)]
    content = image(tmp_path, steps, 0.5)["old"]
    states = Counter(content[start : start + BLOCK].count(b"x") for start in range(0, len(content), BLOCK))
    assert states[0] > 50 and states[BLOCK] > 50 and len(states) > 2
    assert all(count % SECTOR == 0 for count in states)


def test_calls_become_steps() -> None:
    def hexed(text: str) -> str:
        return "".join(f"\\x{byte:02x}" for byte in text.encode())

    reading = _Reading("/data")
    file, beside = f"5<{hexed('/data/a')}>", hexed("/elsewhere/a")
    calls = {
        ("openat", f'AT_FDCWD<{hexed("/x")}>, "{hexed("/data/a")}", O_RDWR|O_CREAT, 0600) = {file}'): ("create", "a"),
        ("openat", f'AT_FDCWD<{hexed("/x")}>, "{beside}", O_RDWR|O_CREAT, 0600) = 6<{beside}>'): None,
        ("pwrite64", f'{file}, "{hexed("hello")}", 5, 4096) = 5'): ("write", "a"),
        ("pwrite64", f'{file}, "{hexed("hello")}", 5, 4096) = -1 ENOSPC (No space left on device)'): None,
        ("ftruncate", f"{file}, 12) = 0"): ("truncate", "a"),
        ("unlinkat", f'7<{hexed("/data/b")}>, "{hexed("c")}", 0) = 0'): ("unlink", "b/c"),
        ("rename", f'"{hexed("/data/a.part")}", "{hexed("/data/a")}") = 0'): ("rename", "a.part"),
    }
    for (call, rest), wanted in calls.items():
        found = [(step.kind, step.path) for step in reading.steps(call, rest, begun=False)]
        assert found == ([wanted] if wanted else []), call
    (step,) = reading.steps("pwrite64", f'{file}, "{hexed("hello")}", 5, 4096) = 5', begun=False)
    assert (step.offset, step.data) == (4096, b"hello")


# --- running and keeping ---------------------------------------------------------------------------


def test_a_group_shares_its_rounds() -> None:
    faults: list[Fault] = [Dummy("a"), Dummy("b", most_rounds=1), Dummy("c")]
    assert shares(faults, 8) == {0: 4, 1: 1, 2: 3}


def test_a_round_is_drawn_from_its_seed_alone() -> None:
    assert draw_of(7, Dummy("a"), 3).random() == draw_of(7, Dummy("a"), 3).random()
    assert draw_of(7, Dummy("a"), 3).random() != draw_of(8, Dummy("a"), 3).random()


def test_faults_have_names_of_their_own() -> None:
    faults = find_faults()
    assert len({(fault.group, fault.name) for fault in faults}) == len(faults) > 20
    assert {fault.group for fault in faults} >= {"kill", "power", "recovery"}


def test_stretches_add_up_and_words_by_hand_stay(tmp_path: Path) -> None:
    record, page = tmp_path / "r.json", tmp_path / "r.md"
    page.write_text(f"# Above\n{BEGIN}\noutdated\n{END}\nbelow\n")
    good, bad = Verdict(recovery_seconds=[0.5], hits=3), Verdict(lost=2, wrong=["two are lost"])
    keep(Dummy("a"), stretch_of([good, good], seed=1, first=1), record=record, page=page)
    keep(Dummy("a"), stretch_of([good, bad], seed=2, first=1), record=record, page=page)
    text = page.read_text()
    assert text.startswith("# Above\n") and text.endswith(f"{END}\nbelow\n") and "outdated" not in text
    assert "| kill: a | 4 | 10 | **2** | 0 | 0 | 0 | 0.50 s, 0.50 s |" in text
    assert "4 rounds, of which 1 do not hold" in text and "two are lost" in text
    keep(Dummy("a"), stretch_of([good], seed=2, first=1), record=record, page=page)  # mended, and run again
    assert "| kill: a | 3 | 9 | 0 |" in page.read_text()
    keep(Dummy("a"), stretch_of([good], seed=9, first=1), fresh=True, record=record, page=page)
    assert len(json.loads(record.read_text())["rows"][0]["stretches"]) == 1


def test_every_point_names_a_function_that_is_there() -> None:
    for where, _ in [*POINTS.values(), *PURGE_POINTS.values(), *UPGRADE_POINTS.values()]:
        module, dotted, _ = where.split(":")
        assert callable(functools.reduce(getattr, dotted.split("."), importlib.import_module(module)))


def test_the_page_shows_what_was_recorded() -> None:
    assert table(json.loads(RECORD.read_text("utf-8"))) in PAGE.read_text("utf-8")


def test_a_damaged_store_does_not_hold(tmp_path: Path) -> None:
    from faults.judge import calm_of, judge, opened
    from ingest_desktop.domain.models import JobSelector

    data, docs = tmp_path / "data", tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("some words")
    with opened(data) as app:
        app.service.submit([str(docs)])
        app.service.start()
        assert app.lifecycle.drain(60)
    calm = calm_of(data)
    assert judge(data, calm).holds
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.execute("UPDATE job_history SET to_status = 'completed', from_status = 'completed' WHERE id = 1")
        ledger.commit()
    assert not judge(data, calm).holds
    with opened(data) as app:
        app.service.delete(JobSelector(everything=True))
    verdict = judge(data, calm)
    assert verdict.lost == 2 and not verdict.holds  # its job and its chunk
