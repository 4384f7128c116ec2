"""The list of jobs is locked by another program as a command begins."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from application.kit import FakeApp, Script, real_app

from cli.door import Door
from ingest_desktop import cli_turn
from ingest_desktop.application import ingestion_service
from ingest_desktop.domain.errors import StoreBusy


@pytest.fixture
def other(filled: Door) -> Iterator[sqlite3.Connection]:
    """Another program, which holds the lock."""
    path = filled.data / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def let_go_when_told(other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    tell = cli_turn.out

    def told(*words: str, **how: object) -> None:
        tell(*words, **how)
        other.execute("ROLLBACK")

    monkeypatch.setattr(cli_turn, "out", told)
    monkeypatch.setattr(cli_turn, "TELL_SECONDS", 0.05)


@pytest.mark.parametrize("command", ["add", "run"])
def test_it_says_so_and_waits(
    filled: Door, docs: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    let_go_when_told(other, monkeypatch)
    (docs / "new.txt").write_text("a new buoy")
    assert filled(*(("add", "--wait", str(docs)) if command == "add" else ("run",))) == 0
    assert "Waiting until it lets go" in filled.err


def test_who_stops_waiting_changes_nothing(
    filled: Door, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_turn, "TELL_SECONDS", 0.05)
    app = real_app(filled.data, busy_timeout=0.1)
    stop = threading.Event()
    stop.set()
    with closing(app), pytest.raises(KeyboardInterrupt):
        cli_turn.await_turn(app, stop)


def test_nobody_waits_for_a_list_that_is_gone_and_none_is_made(filled: Door) -> None:
    app = real_app(filled.data)
    with closing(app):
        (filled.data / "ledger.db").rename(filled.data / "away.db")
        assert not app.repository.is_locked(0.01)
        assert not (filled.data / "ledger.db").exists()
        (filled.data / "away.db").rename(filled.data / "ledger.db")


class Troubles:
    """Hears of trouble only, and lets the lock go then."""

    def __init__(self, other: sqlite3.Connection | None) -> None:
        self._other = other
        self.codes: list[str] = []

    def trouble(self, code: str, message: str, hint: str) -> None:
        self.codes.append(code)
        if code and self._other is not None:
            self._other.execute("ROLLBACK")

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


def test_work_begins_once_it_is_free(filled: Door, other: sqlite3.Connection, tmp_path: Path) -> None:
    app = FakeApp(filled.data, Script(), busy_timeout=0.1)
    heard = Troubles(other)
    app.events.subscribe(heard)
    with closing(app):
        app.service.start()
        assert app.lifecycle.is_working
        assert app.lifecycle.stop(30) == []
    assert heard.codes == [StoreBusy.code, ""]


def test_the_waiting_ends(filled: Door, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion_service, "START_TRIES", 2)
    app = FakeApp(filled.data, Script(), busy_timeout=0.1)
    with closing(app), pytest.raises(StoreBusy):
        app.service.start()
