"""What a person sees when something is wrong: a damaged knowledge base, a full disk, a trash, a query with a minus."""

import shutil
import threading
from pathlib import Path

import pytest
from application.kit import write_files

from cli.door import Door
from ingest_desktop.bootstrap import build_app
from ingest_desktop.cli_output import TroubleTeller
from ingest_desktop.config.settings import load_settings
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.models import JobSelector


def damage(data: Path, kb_id: str) -> None:
    folder = data / "knowledge_bases" / kb_id
    for side in ("kb.db-wal", "kb.db-shm"):
        (folder / side).unlink(missing_ok=True)
    with open(folder / "kb.db", "r+b") as stream:
        stream.write(b"not a database at all " * 400)


def test_a_damaged_knowledge_base_leaves_the_others_alone(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "harbour light", "b.txt": "harbour wall", "c.txt": "harbour pier"})
    (made,) = door.json("kb", "create", "Two")
    assert door("add", str(docs / "a.txt"), "--kb", "Two", "--wait") == 0
    damage(tmp_path / "data", made["kb_id"])
    assert door("add", str(docs / "b.txt"), "--kb", "Two") == 0
    assert door("add", str(docs / "c.txt"), "--kb", "Library") == 0
    assert door("run") == 5 and f"Two ({made['kb_id']}) is paused: the knowledge base is damaged." in door.err
    status = {job["original_filename"]: (job["status"], job["error_code"]) for job in door.json("jobs")}
    assert status["c.txt"] == ("completed", None)
    assert status["b.txt"] == ("paused", None)  # it waits for the repair
    assert [Path(hit["source_path"]).name for hit in door.json("search", "harbour")] == ["c.txt"]
    assert made["kb_id"] in door.err
    assert {base["name"]: base["documents"] for base in door.json("kb", "list")} == {"Library": 1, "Two": None}
    assert door.json("stats")[0]["unreadable"] == ["Two"]
    assert door("check") == 5
    assert door("search", "harbour", "--kb", "Two") == 1


def test_nothing_is_begun_on_a_full_disk_and_the_reason_is_told(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "words"})
    assert door("add", str(docs)) == 0
    monkeypatch.setenv("INGESTION_MIN_FREE_BYTES", str(shutil.disk_usage(tmp_path).total * 2))
    app = build_app(load_settings(tmp_path / "data"), actor=Actor.COMMAND, label="test")
    app.events.subscribe(TroubleTeller())
    app.service.start()
    assert not app.lifecycle.drain(1.5, give_up=threading.Event())  # there is work, and it is held
    assert app.service.counts().of(JobStatus.QUEUED) == 1
    app.service.cancel(JobSelector(everything=True))
    assert app.lifecycle.drain(10)  # there is no work any more
    app.close()
    assert "nearly full" in door.capsys.readouterr().err


def test_a_deleted_knowledge_base_comes_back(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "harbour"})
    door.json("kb", "create", "Two")
    assert door("add", str(docs), "--kb", "Two", "--wait") == 0
    assert door("kb", "delete", "Two") == 0
    assert "ingest kb restore Two" in door.out
    assert door.json("search", "harbour") == []
    assert door("kb", "restore", "two") == 0
    assert len(door.json("search", "harbour")) == 1
    assert door("kb", "restore", "Two") == 2


def test_a_query_may_begin_with_a_minus_and_a_limit_is_at_least_one(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "harbour light", "b.txt": "harbour wall"})
    assert door("add", str(docs), "--wait") == 0
    (hit,) = door.json("search", "-wall harbour")
    assert Path(hit["source_path"]).name == "a.txt"
    assert door("search", "-foo") == 0
    assert door("search", "harbour", "--limit", "0") == 2
    assert door("jobs", "--limit", "-1") == 2


def test_every_ended_job_has_a_receipt(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "harbour", "c.txt": "later"})
    (docs / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert door("add", str(docs), "--wait") == 3
    assert door("add", str(docs / "a.txt"), "--wait") == 0
    write_files(docs, {"d.txt": "never read"})
    assert door("add", str(docs / "d.txt")) == 0
    assert door("cancel", "--all") == 0
    jobs = door.json("jobs")
    assert {job["outcome"] or job["status"] for job in jobs} == {"ingested", "unchanged", "failed", "cancelled"}
    assert all(job["receipt"] for job in jobs)


def test_our_own_data_and_caches_are_no_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "harbour"})
    (docs / "__pycache__").mkdir()
    (docs / "__pycache__" / "a.pyc").write_bytes(b"\0" * 40)
    door = Door(docs / "data", capsys)
    assert door("add", str(docs), "--wait") == 0
    assert "1 added; skipped: 1 system, 1 temporary" in door.out
