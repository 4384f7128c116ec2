"""A store that may only be read, one that is damaged, one that vanishes."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from application.kit import real_app, wait_for, write_files

from cli.door import Door
from ingest_desktop.cli_output import TroubleTeller
from ingest_desktop.infrastructure import content_registry, database
from ingest_desktop.infrastructure.database import open_engine, open_read_only, reading
from ingest_desktop.infrastructure.rights import may_write
from ingest_desktop.observability.logs import close_logging, setup_logging


@pytest.fixture
def filled(door: Door, tmp_path: Path) -> Door:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron", "b.txt": "egret"})
    door.json("kb", "create", "Empty")
    assert door("add", "--wait", str(docs)) == 0
    return door


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a store. The log is ours to lose: lines go nowhere where it cannot be written."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "logs"
    }


def forbid_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a person without the right to write; whoever runs the tests may be root, who always has it."""
    for module in (database, content_registry):
        monkeypatch.setattr(module, "may_write", lambda _path: False)


def told(door: Door) -> str:
    """What was printed, but for the size of the store, in which side files of SQLite come and go."""
    return "\n".join(line for line in door.out.splitlines() if not line.startswith("Data folder"))


READING = (["jobs"], ["show", "1"], ["search", "heron"], ["stats"], ["export"], ["check"], ["kb", "list"])
WRITING = (
    ["pause", "--all"],
    ["add", "{docs}"],
    ["run"],
    ["delete", "1"],
    ["kb", "create", "X"],
    ["kb", "delete", "X"],
)


def test_a_store_that_may_only_be_read_answers_and_stays_as_it_is(
    filled: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {tuple(command): (filled(*command), told(filled)) for command in READING}
    assert filled("kb", "rename", "Empty", "Bare") == 0
    (filled.data / "knowledge_bases" / filled.json("kb", "list")[0]["kb_id"] / "kb.db").unlink()  # never added to
    before = contents(filled.data)
    forbid_writing(monkeypatch)
    for command in READING:
        code = filled(*command)
        assert (code, told(filled).replace("Bare", "Empty")) == expected[tuple(command)]
    assert filled("search", "heron", "--kb", "Bare") == 0 and "0 hits in 0 documents." in filled.out
    assert filled("check") == 0 and "was not looked at" in filled.err
    for command in WRITING:
        assert filled(*(part.format(docs=tmp_path / "docs") for part in command)) == 1
        assert "may be read, but not written" in filled.err and "right to write there" in filled.err
    assert contents(filled.data) == before


def test_what_a_killed_program_left_in_its_log_is_read_without_writing(
    filled: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = real_app(filled.data)
    app.service.create_knowledge_base("Late")
    copy = tmp_path / "copy"
    shutil.copytree(filled.data, copy)  # as it is on the disk with the program still there
    app.close()
    assert (copy / "ledger.db-wal").stat().st_size
    before = contents(copy)
    forbid_writing(monkeypatch)
    filled.data = copy
    assert [base["name"] for base in filled.json("kb", "list")] == ["Empty", "Late", "Library"]
    assert contents(copy) == before
    (copy / "ledger.db-shm").unlink()
    assert filled("kb", "list") == 1 and "opened once by someone who may write it" in filled.err
    assert sorted(contents(copy)) == sorted(name for name in before if name != "ledger.db-shm")


def test_the_right_to_write_is_looked_for_in_file_and_folder(tmp_path: Path) -> None:
    assert may_write(tmp_path / "none" / "deeper" / "x.db")
    (tmp_path / "x.db").touch()
    assert may_write(tmp_path / "x.db")


def test_a_file_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "odd ?#%41" / "x.db"
    engine = open_engine(path, synchronous="FULL")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()
    assert [file.name for file in path.parent.iterdir()] == ["x.db"]
    with closing(open_read_only(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    path.unlink()
    with pytest.raises(database.StoreError, match="is not there any more: "), reading(engine):
        pass
    with pytest.raises(sqlite3.OperationalError):
        open_read_only(path).execute("PRAGMA schema_version")
    assert not path.exists()


def break_file(path: Path) -> None:
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.write_bytes(b"not a database at all " * 400)


def test_a_damaged_knowledge_base_is_named_and_the_way_out_works(filled: Door, tmp_path: Path) -> None:
    (made,) = filled.json("kb", "create", "Two")
    assert filled("add", "--wait", "--kb", "Two", str(tmp_path / "docs")) == 0
    path = filled.data / "knowledge_bases" / made["kb_id"] / "kb.db"
    break_file(path)
    assert filled("search", "heron") == 0 and "1 hit" in filled.out
    assert f"The knowledge base Two ({made['kb_id']}) could not be searched" in filled.err
    assert filled("search", "heron", "--kb", "Two") == 1
    assert str(path) in filled.err and "ingest repair" in filled.err and "backups" not in filled.err
    assert str(path) in filled.json("check", code=5)[-1]["message"]
    # What the hint says:
    assert filled("repair") == 0, filled.err
    assert filled("run") == 0
    assert filled("search", "heron") == 0 and "could not" not in filled.err
    assert filled("check") == 0


def test_a_damaged_list_of_jobs_is_named(filled: Door) -> None:
    break_file(filled.data / "ledger.db")
    assert filled("jobs") == 1
    assert str(filled.data / "ledger.db") in filled.err
    assert "ingest repair" in filled.err and "knowledge_bases" in filled.err
    with pytest.raises(database.StoreError) as caught:
        real_app(filled.data)
    assert caught.value.code == "ledger_damaged"


class Troubles:
    """Remembers what held work up."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def trouble(self, code: str, message: str, hint: str) -> None:
        assert not code or (message and hint)
        self.codes.append(code)

    def __getattr__(self, name: str) -> object:
        return lambda *_args: None


@pytest.fixture
def logging_to(tmp_path: Path) -> Iterator[None]:
    class To:
        data_root, log_level, log_bytes, log_files = tmp_path / "data", "DEBUG", 1_000_000, 1

    setup_logging(To(), console=False)
    yield
    close_logging()


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no files that are open")
@pytest.mark.usefixtures("logging_to")
def test_where_the_data_folder_vanished_nothing_is_made_anew(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron", "b.txt": "egret"})
    app = real_app(tmp_path / "data")
    troubles = Troubles()
    app.events.subscribe(troubles)  # type: ignore[arg-type]
    app.service.submit([str(docs / "a.txt")])
    app.service.start()
    assert app.lifecycle.drain(30)
    shutil.rmtree(tmp_path / "data")
    wait_for(lambda: not app.lifecycle.is_working)
    assert troubles.codes == ["store_gone"]
    with pytest.raises(database.StoreError, match="not there any more"):
        app.contents.of("another")
    with pytest.raises(database.StoreError, match="not there any more"):
        app.persistence.write("queue/x", b"1")
    with pytest.raises(database.StoreError):
        app.repository.register_worker("late")
    app.close()
    assert not (tmp_path / "data").exists()


def test_a_deletion_that_the_content_has_not_followed_yet_says_so(
    filled: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGESTION_BUSY_TIMEOUT", "0.1")
    path = filled.data / "knowledge_bases" / "library" / "kb.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert filled("delete", "1") == 0 and "1 job deleted" in filled.out
        assert "The knowledge base Library (library) could not be changed now" in filled.err
        with closing(sqlite3.connect(filled.data / "ledger.db", isolation_level=None)) as also:
            also.execute("BEGIN IMMEDIATE")
            assert filled("delete", "2") == 1
            assert "Nothing was changed. Try again" in filled.err and "by itself" not in filled.err
        other.execute("ROLLBACK")
    assert filled("run") == 0
    assert filled.json("search", "heron") == [] and len(filled.json("search", "egret")) == 1
    assert filled("check") == 0


def test_one_trouble_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    teller = TroubleTeller()
    for code in ("", "store_busy", "store_busy", "store_full", "", ""):
        teller.trouble(code, f"{code}.", "Hint.")
    assert capsys.readouterr().err.split("\n\n") == ["\nstore_busy. Hint.", "store_full. Hint.", "Work goes on.\n"]
