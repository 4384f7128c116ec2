"""The command line as the design's table tells it: exit codes, stable fields, messages."""

import json
import threading
from pathlib import Path

import pytest
from application.kit import real_app

from cli.door import Door
from ingest_desktop.cli_working import _wait_for
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.infrastructure.database import open_engine

JOB_FIELDS = (
    "id kb_id batch_id source_path original_filename byte_size mime_type checksum status phase outcome progress priority "
    "attempts error_code error_message message document_id created_at updated_at started_at completed_at deleted_at receipt gaps"
).split()
CHUNK_FIELDS = "chunk_id document_id kb_id source_path ordinal text location".split()
LOCATION_FIELDS = set("page line_start line_end heading_path sheet row_start row_end slide part".split())


def test_add_and_wait_prints_every_job(door: Door, docs: Path) -> None:
    jobs = door.json("add", "--wait", "--priority", "7", str(docs))
    assert [list(job) for job in jobs] == [JOB_FIELDS, JOB_FIELDS]
    for job in jobs:
        assert (job["status"], job["outcome"], job["progress"], job["priority"]) == ("completed", "ingested", 1.0, 7)
        assert isinstance(job["id"], str) and isinstance(job["batch_id"], str) and isinstance(job["byte_size"], int)
        assert job["created_at"].endswith("Z") and job["receipt"]["chunks_stored"] > 0
    assert {Path(job["source_path"]).name for job in jobs} == {"guide.md", "b.txt"}


def test_add_without_waiting_then_run(door: Door, docs: Path) -> None:
    assert door("add", str(docs)) == 0
    assert "2 added" in door.out
    assert {job["status"] for job in door.json("jobs")} == {"queued"}
    (counts,) = door.json("run")
    assert counts["counts"]["completed"] == 2 and counts["counts"]["queued"] == 0
    assert door("run") == 0 and "2 completed" in door.out


def test_run_searches_on_where_a_crash_cut_a_drop_short(door: Door, docs: Path) -> None:
    app = real_app(door.data)
    app.repository.create_batch("library", [str(docs)], origin="command", priority=0, label="docs")
    app.close()  # the batch is durable, not a file was looked for
    assert door("run") == 0 and "2 completed" in door.out
    assert door("run") == 0 and len(door.json("jobs")) == 2


def test_run_ends_with_an_error_when_the_workers_give_up(door: Door, docs: Path) -> None:
    """It must not wait for ever for workers that are gone."""
    app = real_app(door.data)
    try:
        app.service.submit([str(docs)])
        app.service.start()
        crew = app.lifecycle.crew
        assert crew is not None and app.lifecycle.is_working
        crew.scheduler.stop()
        assert not app.lifecycle.is_working and not app.lifecycle.drain(5)
        with pytest.raises(IngestError, match="stopped before"):
            _wait_for(app, "1", [], threading.Event(), quiet=True)
    finally:
        app.close()


def test_add_says_what_was_left_out(door: Door, docs: Path) -> None:
    (docs / ".hidden").write_text("x")
    assert door("add", "--wait", str(docs)) == 0
    assert "skipped: 1 hidden" in door.out
    assert door("add", str(docs)) == 0
    assert "2 unchanged" in door.out


def test_exit_3_when_something_failed(door: Door, docs: Path) -> None:
    (docs / "blob.pdf").write_bytes(bytes(range(256)))
    assert door("add", "--wait", str(docs)) == 3
    assert "blob.pdf: failed: unsupported_format" in door.out
    assert {job["error_code"] for job in door.json("jobs", "--status", "failed")} == {"unsupported_format"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "/no/such/file"], "There is no /no/such/file"),
        (["add", "{docs}", "--kb", "Nowhere"], "'Nowhere'"),
        (["show", "999"], "999"),
        (["show", "abc"], "abc"),
        (["cancel", "999"], "999"),
        (["cancel"], "Name jobs"),
        (["cancel", "1", "--all"], "Name jobs"),
        (["pause", "--kb", "Nowhere"], "'Nowhere'"),
        (["pause", "--batch", "999"], "999"),
        (["search", "x", "--kb", "Nowhere"], "'Nowhere'"),
        (["export", "--kb", "Nowhere"], "'Nowhere'"),
        (["export", "-o", "/no/such/folder/x.jsonl"], "cannot be written"),
        (["undo", "nothing"], "cannot be taken back"),
        (["kb", "create", "  "], "needs a name"),
        (["kb", "create", "library"], "already"),
        (["kb", "rename", "Nowhere", "x"], "'Nowhere'"),
        (["kb", "delete", "Library"], "last"),
        (["jobs", "--status", "odd"], "invalid choice"),
        (["jobs", "--kb", "Nowhere"], "'Nowhere'"),
        (["frobnicate"], "invalid choice"),
        ([], "COMMAND"),
        (["add"], "PATH"),
        (["add", "{docs}", "--priority", "high"], "whole number"),
        (["add", "{docs}", "--priority", "-" + "9" * 20], "whole number"),
        (["search", "x", "--limit", "0"], "1 or more"),
    ],
)
def test_exit_2_for_wrong_use(door: Door, docs: Path, arguments: list[str], message: str) -> None:
    assert door(*(argument.format(docs=docs) for argument in arguments)) == 2
    assert message in door.err and door.out == ""
    assert "Traceback" not in door.err


def test_exit_4_for_a_wrong_state_and_nothing_is_changed(door: Door, docs: Path) -> None:
    door("add", str(docs))
    one, two = (job["id"] for job in door.json("jobs"))
    assert door("cancel", one) == 0 and "1 job cancelled" in door.out
    assert door("pause", two, one) == 4
    assert "cancelled" in door.err and one in door.err
    assert {job["id"]: job["status"] for job in door.json("jobs")} == {one: "cancelled", two: "queued"}


def test_the_life_of_jobs(door: Door, docs: Path) -> None:
    door("add", str(docs))
    one, two = (job["id"] for job in door.json("jobs"))
    assert door.json("pause", one) == [{"changed": 1, "job_ids": [one]}]
    assert door("run") == 0
    assert {job["status"] for job in door.json("jobs")} == {"paused", "completed"}
    assert door("resume", one) == 0 and door("cancel", one) == 0 and door("retry", one) == 0
    assert door("run") == 0
    assert {job["status"] for job in door.json("jobs")} == {"completed"}
    (deleted,) = door.json("delete", one, two)
    assert deleted["changed"] == 2 and door.json("jobs") == [] and len(door.json("jobs", "--deleted")) == 2
    assert door.json("search", "tides OR lighthouse") == []
    assert door("undo", deleted["undo_token"]) == 0
    assert len(door.json("search", "tides OR lighthouse")) == 2
    assert len(door.json("search", "tides", "OR", "lighthouse")) == 2  # without quotes it is the same
    assert door("check") == 0


@pytest.mark.parametrize("group", [["--all"], ["--kb", "library"], ["--batch", "1"]])
def test_groups(door: Door, docs: Path, group: list[str]) -> None:
    door("add", str(docs))
    assert door("pause", *group) == 0 and "2 jobs paused" in door.out
    assert door("run") == 0
    assert {job["status"] for job in door.json("jobs", "--batch", "1")} == {"paused"}
    assert door("resume", *group) == 0 and door("run") == 0
    assert {job["status"] for job in door.json("jobs")} == {"completed"}


def test_jobs_in_pages_and_one_job(filled: Door) -> None:
    first = filled.json("jobs", "--limit", "1")
    rest = filled.json("jobs", "--after", first[0]["id"])
    assert len(first) == len(rest) == 1 and first[0]["id"] != rest[0]["id"]
    assert [job["original_filename"] for job in filled.json("jobs", "--name", "guid")] == ["guide.md"]
    assert filled.json("jobs", "--status", "failed") == []
    (job,) = filled.json("show", first[0]["id"])
    assert list(job) == [*JOB_FIELDS, "history"]
    assert [entry["to_status"] for entry in job["history"]] == ["queued", "running", "completed"]
    assert filled("show", first[0]["id"]) == 0 and "Receipt:" in filled.out and "History:" in filled.out
    assert filled("jobs") == 0 and "completed: ingested" in filled.out


def test_search_prints_hits_with_their_place(filled: Door) -> None:
    (hit,) = filled.json("search", "lighthouses")
    assert set(hit) == {*CHUNK_FIELDS, "score", "snippet"}
    assert hit["location"]["heading_path"] == ["Harbour"] and set(hit["location"]) <= LOCATION_FIELDS
    assert "lighthouse" in hit["snippet"] and "\x02" not in hit["snippet"]
    assert filled("search", "lighthouses") == 0
    assert "guide.md, line" in filled.out and "[lighthouse]" in filled.out and "1 hit in 2 documents" in filled.out
    assert filled("search", "tides OR lighthouse", "--limit", "1") == 0 and "more with --limit" in filled.out
    assert filled("search", "nothing-of-the-kind") == 0 and "0 hits" in filled.out
    assert filled("search", '"open quote AND (') == 0


def test_export_writes_every_chunk_whole_or_not_at_all(filled: Door, tmp_path: Path) -> None:
    assert filled("export") == 0
    printed = [json.loads(line) for line in filled.out.splitlines()]
    assert all(set(chunk) == set(CHUNK_FIELDS) and set(chunk["location"]) <= LOCATION_FIELDS for chunk in printed)
    file = tmp_path / "out.jsonl"
    file.write_text("what was there")
    assert filled("export", "--format", "jsonl", "-o", str(file)) == 0
    assert [json.loads(line) for line in file.read_text("utf-8").splitlines()] == printed
    assert "chunks written" in filled.err
    folder = tmp_path / "folder"
    folder.mkdir()
    before = sorted(tmp_path.iterdir())
    assert filled("export", "-o", str(folder)) == 1 and "cannot be written" in filled.err
    assert sorted(tmp_path.iterdir()) == before  # no remains


def test_knowledge_bases(door: Door, docs: Path) -> None:
    (made,) = door.json("kb", "create", "Work")
    assert made["name"] == "Work"
    assert door("add", "--wait", "--kb", "work", str(docs)) == 0
    listed = {base["name"]: base for base in door.json("kb", "list")}
    assert (listed["Work"]["documents"], listed["Work"]["jobs"], listed["Library"]["documents"]) == (2, 2, 0)
    assert door("kb", "rename", "Work", "Play") == 0 and "Play" in door.out
    assert len(door.json("search", "tides", "--kb", "play")) == 1
    assert door.json("search", "tides", "--kb", "Library") == []
    assert door("kb", "delete", "Play") == 0 and "trash" in door.out
    assert door.json("search", "tides") == []
    assert door("check") == 0
    for words, name in (
        (("restore", "Play"), "Play"),
        (("rename", "Play", "Work"), "Work"),
        (("delete", "Work"), "Work"),
    ):
        assert door.json("kb", *words) == [{"kb_id": made["kb_id"], "name": name}]


def test_what_is_not_there_is_not_an_empty_list(door: Door, docs: Path) -> None:
    assert door("jobs", "--batch", "77") == 2
    assert "no batch 77" in door.err
    assert door("jobs", "--limit", "x") == 2
    assert "whole number" in door.err


def test_more_than_any_number_is_all_there_is(filled: Door) -> None:
    many = "9" * 30
    assert filled("check", "--sample", many) == 0 and "clean" in filled.out
    assert filled("jobs", "--limit", many) == 0 and filled.err == ""


def test_stats(filled: Door) -> None:
    (stats,) = filled.json("stats")
    assert stats["ingest_jobs"]["completed"] == 2 and stats["ingest_documents"] == 2 and stats["ingest_chunks"] >= 2
    assert stats["ingest_store_bytes"] > 0 and stats["ingest_failures"] == {} and stats["app_paused"] is False
    assert filled("stats") == 0 and "2 documents" in filled.out


BREAKS = {
    "chunks_missing": "DELETE FROM chunks WHERE id = (SELECT min(id) FROM chunks)",
    "chunk_without_segment": "DELETE FROM segments",
    "document_without_path": "DELETE FROM paths WHERE id = 1",
    "live_differs_from_paths": "UPDATE versions SET live = 0",
    "version_counts_wrong": "UPDATE versions SET chunks = chunks + 1",
    "full_text_differs": "UPDATE chunks SET text = 'something else'",
}


@pytest.mark.parametrize("code", BREAKS)
def test_exit_5_for_a_store_that_was_tampered_with(filled: Door, code: str) -> None:
    assert filled("check") == 0 and "clean" in filled.out
    engine = open_engine(filled.data / "knowledge_bases" / "library" / "kb.db", synchronous="FULL")
    with engine.begin() as connection:
        connection.exec_driver_sql(BREAKS[code])
    engine.dispose()
    findings = filled.json("check", code=5)
    assert code in {finding["code"] for finding in findings}
    assert all(list(finding) == ["code", "where", "message"] for finding in findings)
    assert filled("check") == 5 and code in filled.out


def test_exit_1_for_a_store_that_is_none(door: Door) -> None:
    door.data.mkdir()
    (door.data / "ledger.db").write_bytes(b"this is no database at all, but it is long enough" * 50)
    assert door("jobs") == 1
    assert "ingest: " in door.err and "Traceback" not in door.err
