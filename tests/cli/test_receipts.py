"""What the command line says of documents that were not read wholly, and where hits stand."""

import json
import zipfile
from pathlib import Path

import pytest
from application.kit import write_files
from pypdf import PdfWriter

from cli.door import Door
from ingest_desktop.application.endings import partly_read
from ingest_desktop.cli_receipt import MOST_LINES, place_text, receipt_lines
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.models import Location, Receipt


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """One file that is well, one with a gap, one without text, and one that is damaged."""
    docs = write_files(tmp_path / "docs", {"good.txt": "The heron stood in the reeds and it was not seen by them."})
    with zipfile.ZipFile(docs / "gaps.zip", "w") as archive:
        archive.writestr("inner.txt", "an egret")
        archive.writestr("broken.pdf", "%PDF-1.7\nnothing of use\n" * 9)
    (docs / "nothing.txt").write_bytes(b"")
    (docs / "alone.pdf").write_bytes(b"%PDF-1.7\nnothing of use\n" * 9)
    return docs


def test_gaps_are_told_wherever_a_status_is(door: Door, mixed: Path) -> None:
    assert door("add", "--wait", str(mixed)) == 3
    assert "gaps.zip: completed with gaps. 1 of 2 files could not be read; the rest can be found.\n" in door.out
    assert "nothing.txt: completed: empty. " in door.out
    assert door.out.endswith("1 done, 1 with gaps, 1 without text, 1 failed.\n")
    assert door("jobs", "--gaps") == 0
    assert [line.split()[-1] for line in door.out.splitlines()[1:]] == ["gaps.zip"]
    assert "completed with gaps" in door.out
    assert [Path(job["source_path"]).name for job in door.json("jobs", "--empty")] == ["nothing.txt"]
    assert len(door.json("jobs", "--attention")) == 3
    assert [job["gaps"] for job in door.json("jobs", "--gaps")] == [1]
    assert door("stats") == 0
    assert "3 completed (1 with gaps, 1 without text)" in door.out
    assert "Attention: 3 jobs." in door.out
    (stats,) = door.json("stats")
    assert (stats["ingest_gaps"], stats["ingest_empty"], stats["ingest_attention"]) == (1, 1, 3)


def test_show_tells_the_receipt_in_words(door: Door, mixed: Path) -> None:
    door("add", "--wait", str(mixed))
    (job,) = door.json("jobs", "--gaps")
    assert door("show", job["id"]) == 0
    assert "    2 files seen: 1 with text, 0 without text, 1 could not be read\n" in door.out
    assert "    1 chunk can be found, 8 characters\n" in door.out
    assert "    Could not be read:\n      broken.pdf: " in door.out
    assert "    Time: " in door.out
    good = next(one for one in door.json("jobs") if one["source_path"].endswith("good.txt"))
    assert good["receipt"]["language"] == "en"
    assert door("show", good["id"]) == 0 and "    Language: English (a guess)\n" in door.out


def test_show_tells_what_a_document_says_of_itself(door: Door, tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "Tides", "/Author": "Ana\nBell", "/CreationDate": "D:20240305101112Z"})
    writer.write(tmp_path / "a.pdf")
    for _ in range(2):  # the second time nothing is read anew
        door("add", "--wait", str(tmp_path / "a.pdf"))
    for job in door.json("jobs"):
        assert job["receipt"]["facts"] == {"title": "Tides", "author": "Ana Bell", "created": "2024-03-05"}
        assert door("show", job["id"]) == 0
        assert "    Title: Tides\n    Author: Ana Bell\n    Created: 2024-03-05\n" in door.out


def test_many_gaps_are_named_in_part_and_counted_whole() -> None:
    failed = tuple((number, "damaged") for number in range(1, 1_001))
    lines = list(receipt_lines(Receipt(unit="page", units_seen=2_000, units_failed=failed)))
    assert lines[0] == "2,000 pages seen: 0 with text, 0 without text, 1,000 could not be read"
    assert lines[lines.index("Could not be read:") + 1] == "  Page 1: damaged"
    assert lines[-1] == f"  and {1_000 - MOST_LINES} more"


def test_what_was_not_counted_is_not_told_as_none() -> None:
    lines = list(receipt_lines(Receipt(unit="page", units_seen=12, chunks_stored=4, chunks_indexed=4)))
    assert lines == ["12 pages seen", "4 chunks can be found"]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (Location(), ""),
        (Location(page=3), ", page 3"),
        (Location(line_start=4, line_end=9), ", lines 4-9"),
        (Location(line_start=4, line_end=9, lines="paragraph"), ", paragraphs 4-9"),
        (Location(line_start=4, line_end=4, heading_path=("One", "Two")), ", line 4, One › Two"),
        (
            Location(sheet="Budget", row_start=2, row_end=40, heading_path=("Book", "Budget")),
            ", Budget, rows 2-40, Book",
        ),
        (Location(slide=7), ", slide 7"),
        (Location(time="00:01:23"), ", at 00:01:23"),
        (
            Location(message=12, part="a/notes.pdf", page=2, heading_path=("notes.pdf",)),
            "/a/notes.pdf, message 12, page 2",
        ),
        (Location(chapter=3, heading_path=("Book",)), ", chapter 3, Book"),
        (Location(chapter=3, heading_path=("Book", "Chapter 2")), ", Book › Chapter 2"),
    ],
)
def test_places_in_words(location: Location, said: str) -> None:
    assert place_text(location) == said


def test_a_search_says_where(door: Door, tmp_path: Path) -> None:
    cue = "1\n00:01:23,000 --> 00:01:25,000\nA heron speaks.\n"
    docs = write_files(tmp_path / "docs", {"talk.srt": cue})
    cells = [
        {"cell_type": "markdown", "source": "intro"},
        {"cell_type": "code", "source": "x = 'egret'", "outputs": []},
    ]
    (docs / "work.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    assert door("add", "--wait", str(docs)) == 0, door.out
    assert door("search", "heron") == 0 and "talk.srt, at 00:01:23\n" in door.out
    assert door("search", "egret") == 0 and "work.ipynb, cell 2\n" in door.out


def test_a_limit_is_named_as_the_window_titles_it(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = write_files(tmp_path / "docs", {"large.txt": "word " * 2_000})
    monkeypatch.setenv("INGESTION_MAX_FILE_BYTES", "4000")
    assert door("add", "--wait", str(docs)) == 3
    assert door("jobs", "--json") == 0
    job = json.loads(door.out.splitlines()[0])["id"]
    assert door("show", job) == 0
    title = Settings.model_fields["max_file_bytes"].title
    assert title and f"  The setting is “{title}”; raise it, then retry.\n" in door.out


def test_a_file_of_a_kind_that_nobody_reads_takes_one_clause(door: Door, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "words"})
    (docs / "novel.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(64))
    assert door("add", "--wait", str(docs / "novel.mobi")) == 3
    assert "Kindle books (MOBI) are not supported. The guide lists what can be read." in door.out


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        (1, "1 of 2 files could not be read; the rest can be found."),
        (2, "2 of 2 files could not be read whole; what could be read can be found."),
    ],
)
def test_there_is_no_rest_when_every_file_has_a_gap(failed: int, said: str) -> None:
    assert partly_read(failed, 2, "member") == said
