"""Migrations that fail midway, stores of newer versions, stores that others hold locked, data folders that come back."""

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from application.kit import quick_settings, real_app, wait_for, work, write_files
from cli.test_store_trouble import contents
from sqlalchemy import Connection

from damage.kit import spoil_pages
from damage.test_care import Troubles
from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.cli import main
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import LedgerDamaged, StoreGone, StoreTooNew
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.database import open_engine
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.migrations import Migration, migrate, stored_version
from ingest_desktop.infrastructure.repair import problem_of
from ingest_desktop.repairing import repair

FIRST = Migration(1, "first", ("CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1), (2)"))


def versions_and_rows(path: Path) -> tuple[int, list[int], list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        rows = [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]
    return stored_version(path), rows, tables


def test_a_migration_that_fails_midway_changes_nothing_and_is_tried_again(tmp_path: Path) -> None:
    path, backups = tmp_path / "x.db", tmp_path / "backups"
    engine = open_engine(path, synchronous="FULL")
    migrate(engine, path, [FIRST], backups)
    engine.dispose()
    before = versions_and_rows(path)
    fails = [True]

    def apply(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE t SET n = n * 10")
        if fails[0]:
            raise RuntimeError("power cut")

    steps = [FIRST, Migration(2, "more", ("CREATE TABLE u (n INTEGER)", "DELETE FROM t WHERE n = 2"), apply)]
    for _ in range(2):
        engine = open_engine(path, synchronous="FULL")
        with pytest.raises(RuntimeError, match="power cut"):
            migrate(engine, path, steps, backups)
        engine.dispose()
        assert versions_and_rows(path) == before
        assert versions_and_rows(backups / "x-before-v2.db") == before  # made before anything was changed
    fails[0] = False
    engine = open_engine(path, synchronous="FULL")
    migrate(engine, path, steps, backups)
    engine.dispose()
    version, rows, tables = versions_and_rows(path)
    assert (version, rows) == (2, [10]) and "u" in tables
    assert versions_and_rows(backups / "x-before-v2.db") == before


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ingest_desktop.infrastructure.database import open_engine
from ingest_desktop.infrastructure.migrations import Migration, migrate
path = Path(sys.argv[2])
def die(connection):
    connection.exec_driver_sql("UPDATE t SET n = n * 10")
    os.kill(os.getpid(), 9)
first = Migration(1, "first", ())
migrate(open_engine(path, synchronous="FULL"), path, [first, Migration(2, "more", ("DELETE FROM t WHERE n = 2",), die)], path.parent)
"""


def test_a_migration_that_is_killed_midway_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = open_engine(path, synchronous="FULL")
    migrate(engine, path, [FIRST], tmp_path)
    engine.dispose()
    before = versions_and_rows(path)
    package = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", KILLED, package, str(path)], capture_output=True, timeout=60)
    assert done.returncode not in (0, 1), done.stderr
    assert versions_and_rows(path) == before


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    write_files(tmp_path / "docs", {f"d{n}.txt": f"heron {n}" for n in range(5)})
    found = real_app(tmp_path / "data", busy_timeout=0.2)
    found.service.submit([str(tmp_path / "docs")])
    work(found)
    found.lifecycle.stop(10)
    yield found
    found.close()


def databases(root: Path) -> dict[str, tuple[int, bytes]]:
    """The files themselves: side files of SQLite come and go with whoever reads."""
    return {name: what for name, what in contents(root).items() if name.endswith(".db")}


@pytest.mark.parametrize("file", ["ledger.db", "knowledge_bases/library/kb.db"])
def test_a_newer_store_is_refused_and_not_touched_also_by_a_repair(app: App, file: str) -> None:
    app.close()
    root = app.settings.data_root
    with closing(sqlite3.connect(root / file)) as connection, connection:
        connection.execute("INSERT INTO schema_migrations VALUES (999, 'future', '')")
    before = databases(root)
    with pytest.raises(StoreTooNew):
        late = build_app(app.settings, actor=Actor.COMMAND, label="test")
        try:
            late.contents.of("library")
        finally:
            late.close()
    if file == "ledger.db":
        with pytest.raises(StoreTooNew):
            repair(app.settings)
        assert databases(root) == before
    assert not list(root.rglob("*.damaged-*"))


@pytest.mark.parametrize("file", ["ledger.db", "knowledge_bases/library/kb.db"])
def test_while_another_holds_the_store_locked_work_waits_and_says_so(app: App, tmp_path: Path, file: str) -> None:
    troubles = Troubles()
    app.events.subscribe(troubles)  # type: ignore[arg-type]
    write_files(tmp_path / "more", {f"m{n}.txt": f"egret {n}" for n in range(5)})
    made = app.service.submit([str(tmp_path / "more")])
    with closing(sqlite3.connect(app.settings.data_root / file, isolation_level=None)) as other:
        if file != "ledger.db":
            other.execute("BEGIN IMMEDIATE")
        app.service.start()
        if file == "ledger.db":
            wait_for(lambda: app.lifecycle.crew is not None and app.lifecycle.crew.scheduler.active())
            other.execute("PRAGMA busy_timeout = 5000")
            other.execute("BEGIN IMMEDIATE")
        wait_for(lambda: "store_busy" in [code for code, _ in troubles.told] or done(app, made.batch.batch_id) == 5)
        if file != "ledger.db":
            assert troubles.told[-1][0] == "store_busy" and done(app, made.batch.batch_id) == 0
        other.execute("ROLLBACK")
    assert app.lifecycle.drain(30)
    wait_for(lambda: done(app, made.batch.batch_id) == 5)
    app.lifecycle.stop(10)
    assert app.check() == []


def done(app: App, batch_id: str) -> int:
    return app.service.batch_counts(batch_id).of(JobStatus.COMPLETED)


@pytest.mark.parametrize("is_lost", [False, True])
def test_an_emptied_or_lost_ledger_is_no_new_store(app: App, is_lost: bool) -> None:
    app.close()
    path = app.settings.data_root / "ledger.db"
    if is_lost:
        path.unlink()
    else:
        path.write_bytes(b"")
    with pytest.raises(LedgerDamaged, match="not there" if is_lost else "empty"):
        build_app(app.settings, actor=Actor.COMMAND, label="test")
    assert path.exists() is not is_lost and (is_lost or path.stat().st_size == 0)
    assert repair(app.settings).left == ()
    again = build_app(app.settings, actor=Actor.COMMAND, label="test")
    assert len(again.service.list(JobQuery())) == 5
    again.close()


@pytest.mark.parametrize("file", ["ledger.db", "knowledge_bases/library/kb.db"])
def test_a_folder_in_the_place_of_a_file_is_told_and_moved_aside(
    app: App, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app.close()
    root = app.settings.data_root
    (root / file).unlink()
    (root / file).mkdir()
    (root / file / "mine.txt").write_text("kept")
    assert main(["--data-dir", str(root), "check"]) == 5
    assert "is a folder" in capsys.readouterr().out
    assert repair(app.settings).left == ()
    assert [path.read_text() for path in root.rglob("*.damaged-*/mine.txt")] == ["kept"]
    assert main(["--data-dir", str(root), "check", "--sample", "0"]) == 0


@pytest.mark.parametrize("page", range(1, 12))
def test_a_check_of_a_damaged_list_says_so_whichever_page_is_hit(app: App, page: int) -> None:
    app.close()
    path = app.settings.data_root / "ledger.db"
    spoil_pages(path, [page], random.Random(page))
    if problem_of(path) is not None:
        assert main(["--data-dir", str(app.settings.data_root), "check", "--sample", "0"]) == 5


def test_a_file_of_no_bytes_without_traces_is_a_store_that_was_never_made(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.db").touch()
    build_app(quick_settings(tmp_path / "data"), actor=Actor.COMMAND, label="test").close()
    assert stored_version(tmp_path / "data" / "ledger.db") > 0


def test_a_data_folder_that_comes_back_is_gone_on_with(app: App, tmp_path: Path) -> None:
    troubles = Troubles()
    app.events.subscribe(troubles)  # type: ignore[arg-type]
    root, away = app.settings.data_root, tmp_path / "away"
    app.service.start()
    root.rename(away)
    wait_for(lambda: not app.lifecycle.is_working)
    assert troubles.told[-1][0] == "store_gone"
    assert not app.go_on_if_back() and not root.exists()
    shutil.copytree(away, root)  # the same store, as a drive brings it: other file numbers
    assert app.go_on_if_back()
    assert troubles.told[-1][0] == ""
    write_files(tmp_path / "more", {"m.txt": "ostrich"})
    app.service.submit([str(tmp_path / "more")])
    work(app)
    assert app.search.search("ostrich").hits and app.search.search("heron").hits
    assert not app.go_on_if_back()  # it never went
    app.lifecycle.stop(10)
    assert app.check() == []
    with closing(sqlite3.connect(away / "ledger.db")) as old:
        assert old.execute("SELECT count(*) FROM ingest_jobs").fetchone() == (5,)


def test_an_empty_folder_in_its_place_is_left_empty_and_is_no_loss(app: App, tmp_path: Path) -> None:
    """As where a disk was mounted."""
    root, away = app.settings.data_root, tmp_path / "away"
    app.contents.close()
    root.rename(away)
    root.mkdir()
    assert Caretaker(app.repository, app.contents).care(app.settings, threading.Event()) == []
    assert app.contents.lost(["library"]) == []
    for kb_id in ("library", "another"):
        with pytest.raises(StoreGone):
            app.contents.of(kb_id)
        assert app.contents.forbidden(kb_id) is None
    assert not list(root.iterdir())
    root.rmdir()
    away.rename(root)
    assert not any(base.paused for base in app.service.knowledge_bases())


def test_another_store_in_its_place_is_not_taken_for_it(app: App, tmp_path: Path) -> None:
    root = app.settings.data_root
    app.service.start()
    root.rename(tmp_path / "away")
    wait_for(lambda: not app.lifecycle.is_working)
    Ledger(root).close()
    assert not app.go_on_if_back()
    with closing(sqlite3.connect(root / "ledger.db")) as other:
        assert other.execute("SELECT count(*) FROM workers").fetchone() == (0,)
