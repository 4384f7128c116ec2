"""What did not go well, on the command line: by cause, tried again by cause, as a list."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from cli.door import Door
from ingest_desktop.cli import CAUSES
from ingest_desktop.domain.causes import NEXT_STEPS, TITLES, Cause


@pytest.fixture
def troubled(door: Door, tmp_path: Path) -> Door:
    """One file of each kind of trouble, and one that is fine."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "fine.txt").write_text("heron")
    (docs / "empty.txt").write_text("")
    (docs / "=1+1.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(100))
    (docs / "odd\udcff.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(90))
    (docs / "large.txt").write_text("a" * 5000)
    os.environ["INGESTION_MAX_FILE_BYTES"] = "4000"
    try:
        assert door("add", str(docs), "--wait") == 3
    finally:
        del os.environ["INGESTION_MAX_FILE_BYTES"]
    return door


def test_the_names_are_those_of_the_causes() -> None:
    assert [cause.value for cause in Cause] == CAUSES
    assert set(TITLES) == set(NEXT_STEPS) == set(Cause)


def test_causes_are_told_with_what_to_do(troubled: Door) -> None:
    found = {line["cause"]: (line["count"], line["next_step"]) for line in troubled.json("attention")}
    assert {cause: count for cause, (count, _) in found.items()} == {"unsupported": 2, "recognition": 1, "too_large": 1}
    assert found["too_large"][1] == NEXT_STEPS[Cause.TOO_LARGE]
    assert troubled("attention") == 0
    assert "unsupported" in troubled.out and NEXT_STEPS[Cause.UNSUPPORTED] in troubled.out


def test_nothing_to_tell(door: Door) -> None:
    assert door("attention") == 0 and "Nothing needs attention." in door.out


def test_jobs_are_listed_by_cause(troubled: Door) -> None:
    names = [job["original_filename"] for job in troubled.json("jobs", "--cause", "too_large")]
    assert names == ["large.txt"]
    assert len(troubled.json("jobs", "--attention")) == 4
    assert [job["original_filename"] for job in troubled.json("jobs", "--cause", "recognition")] == ["empty.txt"]
    assert troubled.json("jobs", "--cause", "other") == []


def test_a_cause_is_tried_again(troubled: Door) -> None:
    assert troubled.json("retry", "--cause", "too_large")[0]["changed"] == 1
    assert troubled.json("retry", "--cause", "password")[0]["changed"] == 0
    assert troubled("retry", "--cause", "too_large", "--all") == 2
    assert troubled("run") == 0
    assert "too_large" not in {line["cause"] for line in troubled.json("attention")}
    assert troubled("check") == 0


def test_an_empty_one_is_tried_again_and_one_with_text_is_not(troubled: Door) -> None:
    (empty,) = troubled.json("jobs", "--cause", "recognition")
    (fine,) = troubled.json("jobs", "--name", "fine")
    assert troubled.json("retry", empty["id"])[0]["changed"] == 1
    assert troubled("retry", fine["id"]) == 4
    assert troubled("run") == 0
    assert troubled.json("show", empty["id"])[0]["outcome"] == "empty"


def test_the_list_is_a_table_that_no_spreadsheet_runs(troubled: Door, tmp_path: Path) -> None:
    assert troubled("export-failures", "-o", str(tmp_path / "list.csv")) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "list.csv").read_text("utf-8"))))
    by_name = {Path(row["path"]).name: row for row in rows}
    assert len(rows) == 4 and {"=1+1.mobi", "empty.txt", "large.txt"} <= set(by_name)
    large = by_name["large.txt"]
    assert (large["cause"], large["code"], large["attempts"]) == ("too_large", "source_too_large", "1")
    assert "5,000 bytes" in large["sentence"] and large["completed_at"].endswith("Z")


def test_a_name_that_looks_like_a_formula_is_quoted() -> None:
    from ingest_desktop.application.failure_list import write_records

    stream = io.StringIO()
    assert write_records(stream, [{"path": "=cmd|' /C calc'!A1", "attempts": 1}], "csv") == 1
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert row == {"path": "'=cmd|' /C calc'!A1", "attempts": "1"}


def test_the_list_as_lines_of_json(troubled: Door) -> None:
    assert troubled("export-failures", "--format", "jsonl", "--cause", "unsupported") == 0
    records = [json.loads(line) for line in troubled.out.splitlines()]
    assert {record["cause"] for record in records} == {"unsupported"} and len(records) == 2
    assert any("\udcff" in record["path"] for record in records)


# --- a drop that does not fit, and what is left out of it -------------------------------------------


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """More files than the queue takes."""
    monkeypatch.setenv("INGESTION_QUEUE_LIMIT", "80")
    docs = tmp_path / "many"
    docs.mkdir()
    for number in range(200):
        (docs / f"{number:03}.txt").write_text(f"text {number}")
    return docs


def test_a_full_queue_is_told_and_the_next_run_adds_the_rest(door: Door, many: Path) -> None:
    assert door("add", str(many)) == 6
    assert "queue limit is 80" in door.err and "ingest run" in door.err
    assert door("run") == 0
    assert len(door.json("jobs", "--status", "completed")) == 200
    assert door("check") == 0


def test_who_waits_makes_room(door: Door, many: Path) -> None:
    assert door("add", str(many), "--wait") == 0, door.err
    assert len(door.json("jobs", "--status", "completed")) == 200


def test_a_queue_that_is_full_of_paused_jobs_does_not_hang(door: Door, many: Path) -> None:
    assert door("add", str(many)) == 6
    assert door("pause", "--all") == 0
    assert door("add", str(many), "--wait") == 6
    assert door("run") == 0


def test_what_is_left_out_is_one_line(door: Door, tmp_path: Path) -> None:
    docs = tmp_path / "mixed"
    docs.mkdir()
    for name in ("a.mp3", "b.mp3", "c.mp4", "d.ttf", ".hidden", "letter.txt"):
        (docs / name).write_bytes(b"x" if name == "letter.txt" else b"\0\1")
    assert door("add", str(docs), "--show-skipped") == 0
    assert "1 added; 4 files left out: 2 audio, 1 video, 1 font; skipped: 1 hidden." in door.out
    assert f"skipped (audio): {docs / 'a.mp3'}" in door.err


def test_what_is_left_out_when_it_is_read_is_counted_and_nothing_failed(door: Door, tmp_path: Path) -> None:
    docs = tmp_path / "lying"
    docs.mkdir()
    (docs / "letter.txt").write_text("heron")
    (docs / "film.pdf").write_bytes(b"\0\0\0\x20ftypisom\0\0\2\0" + bytes(80))
    (docs / "song.txt").write_bytes(b"ID3\4\0\0" + bytes(80))
    (docs / "hymn.txt").write_bytes(b"ID3\4\0\0" + bytes(90))
    assert door("add", str(docs), "--wait") == 0
    assert "1 done, 3 left out (2 audio, 1 video)." in door.out and "film.pdf" not in door.out
    assert door.json("attention") == []
    assert {job["outcome"] for job in door.json("jobs", "--status", "completed")} == {"ingested", "left_out"}
    assert door("jobs") == 0 and "completed: left out" in door.out
    (film,) = door.json("jobs", "--name", "film")
    assert door("retry", film["id"]) == 4
    assert door("check") == 0


def test_run_reads_what_came_back(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGESTION_MAX_ATTEMPTS", "1")
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("back.txt", "lost.txt"):
        (docs / name).write_text(name)
    assert door("add", str(docs)) == 0
    for name in ("back.txt", "lost.txt"):
        (docs / name).rename(tmp_path / name)
    assert door("run") == 0
    assert len(door.json("jobs", "--cause", "gone")) == 2
    (tmp_path / "back.txt").rename(docs / "back.txt")
    assert door("run") == 0
    (job,) = door.json("jobs", "--status", "completed")
    assert job["original_filename"] == "back.txt"
    history = door.json("show", job["id"])[0]["history"]
    assert [(entry["actor"], entry["reason"]) for entry in history if entry["actor"] == "recovery"] == [
        ("recovery", "its file can be read again")
    ]
    assert len(door.json("jobs", "--cause", "gone")) == 1
