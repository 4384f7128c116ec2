"""What cannot be done is said in one line, with the next step in another, and with the exit code that the guide names."""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from application.kit import write_files

from cli.door import Door
from ingest_desktop import cli_turn

COMMANDS = ("jobs --json", "show 1", "search heron", "stats", "export", "check --sample 0", "run", "retry 1", "repair")


@pytest.fixture
def door(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setenv("INGESTION_BUSY_TIMEOUT", "0.1")
    docs = write_files(tmp_path / "docs", {"a.txt": "heron"})
    assert door("add", "--wait", str(docs)) == 0
    return door


def told(door: Door, code: int, *arguments: str) -> list[str]:
    assert door(*arguments) == code
    assert door.out == ""
    return [line for line in door.err.splitlines() if not line.startswith(("Looking at", "Checking the"))]


@pytest.mark.parametrize(
    ("arguments", "message", "step"),
    [
        ("show 9", "There is no job 9.", "'ingest jobs' lists them by number."),
        ("show x", "There is no job or batch 'x': they have numbers.", "'ingest jobs' lists them by number."),
        ("cancel --batch 9", "There is no batch 9.", "'ingest jobs --json' names the batch of each job."),
        ("add . --kb No", "There is no knowledge base 'No'.", "'ingest kb list' names them."),
        ("repair --kb No", "There is no knowledge base 'No'.", "'ingest kb list' names them."),
        (
            "kb restore No",
            "There is no knowledge base 'No' in the trash.",
            "'ingest kb list' names those that are not.",
        ),
        (
            "undo d_1",
            "There is no such deletion, or it cannot be taken back any more.",
            "'ingest jobs --deleted' lists",
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_names_it(door: Door, arguments: str, message: str, step: str) -> None:
    first, second = told(door, 2, *arguments.split())
    assert first == f"ingest: {message}" and second.startswith(step)


@pytest.mark.parametrize(
    ("verb", "rule"),
    [
        ("pause", "Jobs that wait or run"),
        ("resume", "Paused jobs"),
        ("cancel", "not ended"),
        ("retry", "failed or were"),
    ],
)
@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_a_wrong_state_is_told_with_what_the_command_is_for(
    door: Door, verb: str, rule: str, extra: tuple[str, ...]
) -> None:
    first, second = told(door, 4, verb, "1", *extra)
    assert first.startswith("ingest: Job 1 is completed and cannot become ")
    assert second.startswith("Nothing was changed. 'ingest show 1' tells where it stands. ") and rule in second


def locked(data: Path) -> Callable[[], None]:
    bare = sqlite3.connect(data / "ledger.db", isolation_level=None)
    bare.execute("BEGIN IMMEDIATE")
    return bare.close


def newer(data: Path) -> Callable[[], None]:
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as bare:
        bare.execute("INSERT INTO schema_migrations VALUES (999, 'later', '2030-01-01')")
    return lambda: None


def damaged(data: Path) -> Callable[[], None]:
    (data / "ledger.db").write_bytes(random.Random(1).randbytes(50_000))
    os.utime(data / "ledger.db", (1, 1))
    return lambda: None


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize(
    ("make", "step"),
    [
        (locked, "Nothing was changed. Try again; close other programs"),
        (newer, "Install the newer version of Ingest Desktop, or name another data folder with --data-dir."),
        (damaged, "The documents themselves are untouched"),
    ],
)
def test_trouble_with_the_store_is_one_line_and_a_step(
    door: Door,
    tmp_path: Path,
    make: Callable[[Path], Callable[[], None]],
    step: str,
    arguments: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_turn, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(cli_turn, "PATIENCE_SECONDS", 0.0)
    over = make(tmp_path / "data")
    try:
        if make is locked and arguments.split()[0] in ("jobs", "show", "search", "stats", "export"):
            assert door(*arguments.split()) == 0 and door.err == ""  # readers wait for nobody
        elif make is damaged and arguments == "repair":
            assert door("repair") == 5 and "may be missing" in door.out
        elif make is damaged and arguments.startswith("check"):
            assert door(*arguments.split()) == 5 and "ledger_damaged: " in door.out and door.err.startswith(step)
        else:
            *waited, first, second = told(door, 1, *arguments.split())
            assert bool(waited) == (make is locked and arguments.split()[0] in ("add", "run"))
            assert first.startswith("ingest: ") and "ledger.db" in first and second.startswith(step)
    finally:
        over()


def test_a_knowledge_base_that_cannot_be_asked_is_no_finding(door: Door, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data/knowledge_bases/library/kb.db", isolation_level=None)) as bare:
        bare.execute("BEGIN IMMEDIATE")
        first, second = told(door, 1, "check", "--sample", "0")
    assert "holds the store locked" in first and second.startswith("Nothing was changed. Try again;")


def test_a_knowledge_base_of_a_newer_version_is_not_for_a_repair(door: Door, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data/knowledge_bases/library/kb.db", isolation_level=None)) as bare:
        bare.execute("INSERT INTO schema_migrations VALUES (999, 'later', '2030-01-01')")
    assert door("check", "--sample", "0") == 5
    assert door.out.startswith("store_too_new: ") and "repair" not in door.err


@pytest.mark.parametrize("target", ["/dev/full", "{folder}"])
def test_an_output_that_cannot_be_written_is_no_matter_of_the_log(door: Door, tmp_path: Path, target: str) -> None:
    if not os.path.exists(target) and target.startswith("/dev"):
        target = "{folder}"  # other systems have no such device
    first, second = told(door, 1, "export", "-o", target.format(folder=tmp_path))
    assert "cannot be written" in first and second == "Free some space there, or write to another place."


def test_a_path_without_a_name_is_told_as_such(door: Door) -> None:
    assert told(door, 2, "add", "") == ["ingest: There is no ''. Nothing was added."]


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who owns nothing, for whom rights count; who is no superuser is one already."""
    is_super = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_super:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_super:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_data_folder_that_may_not_be_entered(door: Door, tmp_path: Path, arguments: str) -> None:
    data = tmp_path / "data"
    data.chmod(0o000)
    try:
        with nobody():
            (line,) = told(door, 1, *arguments.split())
    finally:
        data.chmod(0o700)
    assert (
        line.startswith(f"ingest: The data folder {data} cannot be read: Permission denied. ") and "--data-dir" in line
    )
