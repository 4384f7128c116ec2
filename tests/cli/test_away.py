"""A data folder that vanishes while a command works: it waits, and goes on once the folder is back."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from application.kit import PATIENCE, wait_for, write_files

from cli.door import Door
from ingest_desktop import cli_away
from ingest_desktop.bootstrap import App
from ingest_desktop.infrastructure.database import open_read_only

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows moves no folder in which files are open")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set once the program has looked whether the folder is back."""
    found, look = threading.Event(), App.go_on_if_back

    def go_on_if_back(app: App) -> bool:
        is_back = look(app)
        found.set()
        return is_back

    monkeypatch.setattr(App, "go_on_if_back", go_on_if_back)
    monkeypatch.setattr(cli_away, "LOOK_SECONDS", 0.05)
    yield found


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Do something beside a command."""
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join(PATIENCE)


def completed(data: Path) -> int:
    try:
        with closing(open_read_only(data / "ledger.db")) as ledger:
            return int(ledger.execute("SELECT count(*) FROM ingest_jobs WHERE status = 'completed'").fetchone()[0])
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize("leaves_a_folder", [False, True])
@pytest.mark.parametrize("command", ["add", "run"])
def test_it_waits_and_goes_on(
    door: Door,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: threading.Event,
    command: str,
    leaves_a_folder: bool,
) -> None:
    monkeypatch.setenv("INGESTION_COMMIT_SECONDS", "0.01")
    docs = write_files(tmp_path / "docs", {f"{n:03}.txt": f"heron {n}" for n in range(600)})
    if command == "run":
        assert door("add", str(docs)) == 0

    left: list[Path] = []

    def move() -> None:
        wait_for(lambda: completed(door.data) > 10, "it works")
        door.data.rename(tmp_path / "away")
        if leaves_a_folder:
            door.data.mkdir()
        assert asked.wait(PATIENCE)
        if leaves_a_folder:
            left.extend(door.data.iterdir())
            shutil.rmtree(door.data)
        (tmp_path / "away").rename(door.data)

    with meanwhile(move):
        assert door(*(["add", "--wait", str(docs)] if command == "add" else ["run"])) == 0
    assert "The data folder is not there any more" in door.err and "Work goes on." in door.err
    assert "600" in door.out and {path.name for path in left} <= {"logs"}
    assert door("check") == 0
