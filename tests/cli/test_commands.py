"""The command line as the design's table tells it: exit codes, stable fields, messages."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from application.kit import real_app, write_files

from ingest_desktop.cli import main
from ingest_desktop.cli_output import size_text
from ingest_desktop.cli_working import _wait_for
from ingest_desktop.config.settings import load_settings
from ingest_desktop.config.settings_checks import save_changes
from ingest_desktop.domain.errors import IngestError, InvalidRequestError
from ingest_desktop.infrastructure.database import open_engine

ROOT = Path(__file__).parents[2]
JOB_FIELDS = (
    "id kb_id batch_id source_path original_filename byte_size mime_type checksum status phase outcome progress priority "
    "attempts error_code error_message message document_id created_at updated_at started_at completed_at deleted_at receipt gaps"
).split()
CHUNK_FIELDS = "chunk_id document_id kb_id source_path ordinal text location".split()
LOCATION_FIELDS = set("page line_start line_end heading_path sheet row_start row_end slide part".split())


class Door:
    """Calls ``ingest`` in this process."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self.capsys = data, capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        try:
            code = main(["--data-dir", str(self.data), *arguments])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        assert self(*arguments, "--json") == code, self.err
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORKERS": "1", "RETRY_BASE_SECONDS": "0.02", "COMMIT_SECONDS": "0.05"}.items():
        monkeypatch.setenv(f"INGESTION_{name}", value)
    monkeypatch.setenv("INGESTION_CONSUMER_POLL_INTERVAL", "0.05")


@pytest.fixture
def ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Door:
    return Door(tmp_path / "data", capsys)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "docs", {"guide.md": "# Harbour\n\nThe old lighthouse.\n", "b.txt": "tides\n\nand waves\n"}
    )


@pytest.fixture
def filled(ingest: Door, docs: Path) -> Door:
    assert ingest("add", "--wait", str(docs)) == 0, ingest.err
    return ingest


# --- add and run ---------------------------------------------------------------------------------


def test_add_and_wait_prints_every_job(ingest: Door, docs: Path) -> None:
    jobs = ingest.json("add", "--wait", "--priority", "7", str(docs))
    assert [list(job) for job in jobs] == [JOB_FIELDS, JOB_FIELDS]
    for job in jobs:
        assert (job["status"], job["outcome"], job["progress"], job["priority"]) == ("completed", "ingested", 1.0, 7)
        assert isinstance(job["id"], str) and isinstance(job["batch_id"], str) and isinstance(job["byte_size"], int)
        assert job["created_at"].endswith("Z") and job["receipt"]["chunks_stored"] > 0
    assert {Path(job["source_path"]).name for job in jobs} == {"guide.md", "b.txt"}


def test_add_without_waiting_then_run(ingest: Door, docs: Path) -> None:
    assert ingest("add", str(docs)) == 0
    assert "2 added" in ingest.out
    assert {job["status"] for job in ingest.json("jobs")} == {"queued"}
    (counts,) = ingest.json("run")
    assert counts["counts"]["completed"] == 2 and counts["counts"]["queued"] == 0
    assert ingest("run") == 0 and "2 completed" in ingest.out


def test_run_searches_on_where_a_crash_cut_a_drop_short(ingest: Door, docs: Path) -> None:
    app = real_app(ingest.data)
    app.repository.create_batch("library", [str(docs)], origin="command", priority=0, label="docs")
    app.close()  # the batch is durable, not a file was looked for
    assert ingest("run") == 0 and "2 completed" in ingest.out
    assert ingest("run") == 0 and len(ingest.json("jobs")) == 2


def test_run_ends_with_an_error_when_the_workers_give_up(ingest: Door, docs: Path) -> None:
    """It must not wait for ever for workers that are gone."""
    app = real_app(ingest.data)
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


def test_add_says_what_was_left_out(ingest: Door, docs: Path) -> None:
    (docs / ".hidden").write_text("x")
    assert ingest("add", "--wait", str(docs)) == 0
    assert "skipped: 1 hidden" in ingest.out
    assert ingest("add", str(docs)) == 0
    assert "2 unchanged" in ingest.out


def test_exit_3_when_something_failed(ingest: Door, docs: Path) -> None:
    (docs / "blob.pdf").write_bytes(bytes(range(256)))
    assert ingest("add", "--wait", str(docs)) == 3
    assert "blob.pdf: failed: unsupported_format" in ingest.out
    assert {job["error_code"] for job in ingest.json("jobs", "--status", "failed")} == {"unsupported_format"}


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
def test_exit_2_for_wrong_use(ingest: Door, docs: Path, arguments: list[str], message: str) -> None:
    assert ingest(*(argument.format(docs=docs) for argument in arguments)) == 2
    assert message in ingest.err and ingest.out == ""
    assert "Traceback" not in ingest.err


def test_exit_4_for_a_wrong_state_and_nothing_is_changed(ingest: Door, docs: Path) -> None:
    ingest("add", str(docs))
    one, two = (job["id"] for job in ingest.json("jobs"))
    assert ingest("cancel", one) == 0 and "1 job cancelled" in ingest.out
    assert ingest("pause", two, one) == 4
    assert "cancelled" in ingest.err and one in ingest.err
    assert {job["id"]: job["status"] for job in ingest.json("jobs")} == {one: "cancelled", two: "queued"}


def test_the_life_of_jobs(ingest: Door, docs: Path) -> None:
    ingest("add", str(docs))
    one, two = (job["id"] for job in ingest.json("jobs"))
    assert ingest.json("pause", one) == [{"changed": 1, "job_ids": [one]}]
    assert ingest("run") == 0
    assert {job["status"] for job in ingest.json("jobs")} == {"paused", "completed"}
    assert ingest("resume", one) == 0 and ingest("cancel", one) == 0 and ingest("retry", one) == 0
    assert ingest("run") == 0
    assert {job["status"] for job in ingest.json("jobs")} == {"completed"}
    (deleted,) = ingest.json("delete", one, two)
    assert deleted["changed"] == 2 and ingest.json("jobs") == [] and len(ingest.json("jobs", "--deleted")) == 2
    assert ingest.json("search", "tides OR lighthouse") == []
    assert ingest("undo", deleted["undo_token"]) == 0
    assert len(ingest.json("search", "tides OR lighthouse")) == 2
    assert len(ingest.json("search", "tides", "OR", "lighthouse")) == 2  # without quotes it is the same
    assert ingest("check") == 0


@pytest.mark.parametrize("group", [["--all"], ["--kb", "library"], ["--batch", "1"]])
def test_groups(ingest: Door, docs: Path, group: list[str]) -> None:
    ingest("add", str(docs))
    assert ingest("pause", *group) == 0 and "2 jobs paused" in ingest.out
    assert ingest("run") == 0
    assert {job["status"] for job in ingest.json("jobs", "--batch", "1")} == {"paused"}
    assert ingest("resume", *group) == 0 and ingest("run") == 0
    assert {job["status"] for job in ingest.json("jobs")} == {"completed"}


# --- reading -------------------------------------------------------------------------------------


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


# --- keeping -------------------------------------------------------------------------------------


def test_knowledge_bases(ingest: Door, docs: Path) -> None:
    (made,) = ingest.json("kb", "create", "Work")
    assert made["name"] == "Work"
    assert ingest("add", "--wait", "--kb", "work", str(docs)) == 0
    listed = {base["name"]: base for base in ingest.json("kb", "list")}
    assert (listed["Work"]["documents"], listed["Work"]["jobs"], listed["Library"]["documents"]) == (2, 2, 0)
    assert ingest("kb", "rename", "Work", "Play") == 0 and "Play" in ingest.out
    assert len(ingest.json("search", "tides", "--kb", "play")) == 1
    assert ingest.json("search", "tides", "--kb", "Library") == []
    assert ingest("kb", "delete", "Play") == 0 and "trash" in ingest.out
    assert ingest.json("search", "tides") == []
    assert ingest("check") == 0
    for words, name in (
        (("restore", "Play"), "Play"),
        (("rename", "Play", "Work"), "Work"),
        (("delete", "Work"), "Work"),
    ):
        assert ingest.json("kb", *words) == [{"kb_id": made["kb_id"], "name": name}]


def test_what_is_not_there_is_not_an_empty_list(ingest: Door, docs: Path) -> None:
    assert ingest("jobs", "--batch", "77") == 2
    assert "no batch 77" in ingest.err
    assert ingest("jobs", "--limit", "x") == 2
    assert "whole number" in ingest.err


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


def test_exit_1_for_a_store_that_is_none(ingest: Door) -> None:
    ingest.data.mkdir()
    (ingest.data / "ledger.db").write_bytes(b"this is no database at all, but it is long enough" * 50)
    assert ingest("jobs") == 1
    assert "ingest: " in ingest.err and "Traceback" not in ingest.err


# --- the store that is meant ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        ["--data-dir", "{d}", "kb", "list"],
        ["kb", "--data-dir", "{d}", "list"],
        ["kb", "list", "--data-dir", "{d}"],
        ["jobs", "--data-dir={d}"],
        ["--data-dir", "/nowhere/else", "jobs", "--data-dir", "{d}"],
    ],
)
def test_the_store_is_named_before_or_after_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    data = tmp_path / "named"
    assert main([part.format(d=data) for part in form]) == 0
    assert (data / "ledger.db").exists()


def test_the_store_is_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INGESTION_DATA_ROOT", str(tmp_path / "env"))
    assert main(["jobs"]) == 0
    assert (tmp_path / "env" / "ledger.db").exists()
    assert main(["--data-dir", str(tmp_path / "option"), "jobs"]) == 0
    assert (tmp_path / "option" / "ledger.db").exists()


# --- settings ------------------------------------------------------------------------------------


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(tmp_path).chunk_chars == 900
    save_changes(load_settings(tmp_path), {"chunk_chars": 500})
    assert load_settings(tmp_path).chunk_chars == 500
    monkeypatch.setenv("INGESTION_CHUNK_CHARS", "700")
    assert load_settings(tmp_path).chunk_chars == 700
    monkeypatch.setenv("INGESTION_CHUNK_CHARS", "")
    assert load_settings(tmp_path).chunk_chars == 500


def test_a_bad_value_is_named(ingest: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INGESTION_CHUNK_CHARS", "many")
    assert ingest("jobs") == 2
    assert "INGESTION_CHUNK_CHARS" in ingest.err and "'many'" in ingest.err
    monkeypatch.delenv("INGESTION_CHUNK_CHARS")
    with pytest.raises(InvalidRequestError, match="chunk_chars"):
        save_changes(load_settings(tmp_path), {"chunk_chars": 1})
    assert not (tmp_path / "settings.json").exists()
    ingest.data.mkdir(exist_ok=True)
    (ingest.data / "settings.json").write_text("{ this is none")
    assert ingest("jobs") == 2 and "settings.json" in ingest.err


# --- what may come ---------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not have")
def test_names_with_line_breaks_and_escape_sequences_do_no_harm(ingest: Door, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    for name in (b"a\nb.txt", b"\x1b[31mred.txt", b"caf\xe9.txt", "\u202egnp.txt".encode()):
        with open(os.path.join(folder, name), "w") as stream:
            stream.write(f"needle {name!r}\x1b[2J")
    assert ingest("add", "--wait", str(tmp_path / "odd")) == 0, ingest.err
    for command in (["jobs"], ["search", "needle"], ["show", "1"], ["kb", "list"]):
        assert ingest(*command) == 0
        assert "\x1b" not in ingest.out and "\u202e" not in ingest.out
    assert len(ingest.json("search", "needle")) == 4
    paths = {os.fsencode(job["source_path"]) for job in ingest.json("jobs")}
    assert os.path.join(folder, b"caf\xe9.txt") in paths and os.path.join(folder, b"a\nb.txt") in paths
    assert ingest("export") == 0
    assert ingest("jobs") == 0 and len(ingest.out.splitlines()) == 5


def test_sizes() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 2_500_000, 5 * 10**12)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 MB",
        "5.0 TB",
    ]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(tmp_path / "data"), *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_reader_that_has_had_enough_is_no_error(
    ingest: Door, tmp_path: Path, spawn: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    write_files(tmp_path / "docs", {"long.txt": "\n\n".join(f"{n} " + "word " * 150 for n in range(600))})
    assert ingest("add", "--wait", str(tmp_path / "docs")) == 0
    process = spawn("export")
    assert process.stdout is not None and process.stderr is not None
    with closing(process.stdout):
        assert process.stdout.readline().startswith(b"{")
    errors = process.stderr.read()
    assert (process.wait(30), errors) == (0, b"")


def test_a_name_that_is_no_setting_is_told_once(ingest: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGESTION_CHUNK_CHAR", "500")
    assert ingest("check") == 0
    assert ingest.err.count("INGESTION_CHUNK_CHAR ") == 1
    assert "Did you mean INGESTION_CHUNK_CHARS?" in ingest.err
    assert "INGESTION_CHUNK_CHAR " in (ingest.data / "logs" / "ingest.log").read_text()
