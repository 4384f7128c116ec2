"""Every file of the shared corpus ends as its facts say."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ingest_desktop.extraction import detect, kinds, ocr
from ingest_desktop.extraction.host import ChildProcess

from .conftest import CORPUS, OPTIONS, READ_NOW, Reading, expected, memory, read

STORED = expected(CORPUS) if CORPUS.is_dir() else {}
READ_AS_TEXT = frozenset({"json", "jsonl", "csv", "ipynb", "srt", "vtt", "whatsapp", "chatgpt"})
KINDS = {
    "jpg": kinds.IMAGE,
    "txt": kinds.TEXT,
    "srt": kinds.SUBTITLES,
    "vtt": kinds.SUBTITLES,
    "ipynb": kinds.NOTEBOOK,
    "gz": kinds.COMPRESSED,
}
FAILURES = {
    "encrypted": {"source_encrypted"},
    "corrupt": {"source_malformed"},
    "limit": {"limit_exceeded"},
    "timeout": {"limit_exceeded"},
}


def solid(text: str) -> str:
    """Without white space: engines differ in where they see it."""
    return "".join(text.split())


def check(facts: dict[str, Any], reading: Reading) -> None:
    allowed = facts["outcome"].split("_or_") if facts["outcome"] != "ok_empty" else ["ok_empty"]
    if reading.failed is not None:
        codes = set().union(*(FAILURES.get(outcome, set()) for outcome in allowed))
        assert reading.failed.code in codes, reading.failed
        assert reading.failed.message.endswith(".")
        return
    assert {"ok", "ok_empty", "empty", "partial"} & set(allowed), f"was read, but should be {facts['outcome']}"
    assert reading.plan is not None
    if "partial" in allowed:
        assert any(result.units_failed for result in reading.results)
        assert reading.text
    elif "ocr_must_contain" in facts:
        check_recognised(facts["ocr_must_contain"], reading)
    elif "ok" not in allowed:
        assert reading.text == ""
    for phrase in facts.get("must_contain", ()):
        assert solid(phrase) in solid(reading.text)
    for phrase in facts.get("must_not_contain", ()):
        assert phrase not in reading.text
    if "pages" in facts:
        assert reading.plan.units == facts["pages"]
        assert sum(result.units_seen for result in reading.results) == facts["pages"]
    for unit in ("members", "messages"):
        if unit in facts and reading.plan.unit == unit[:-1]:
            assert sum(result.units_seen for result in reading.results) == facts[unit]
    for heading in facts.get("headings", ()):
        assert heading in reading.headings
    for heading in facts.get("must_not_be_heading", ()):
        assert heading not in reading.headings
    for phrase, line in facts.get("lines", {}).items():
        row = next(row for row in reading.chunks if phrase in row.text)
        assert row.line_start is not None
        assert row.line_start + row.text[: row.text.index(phrase)].count("\n") == line
    if "encoding" in facts:
        assert reading.plan.encoding == facts["encoding"]


def check_recognised(phrases: list[str], reading: Reading) -> None:
    """With tesseract a picture gives its text; without, it says what is missing. Both hold wherever this runs."""
    assert reading.plan is not None
    (result,) = reading.results
    if ocr.recogniser(OPTIONS) is not None:
        assert reading.plan.shape.startswith("ocr=eng ")
        assert (result.units_by_ocr, result.units_with_text) == (1, 1)
        for phrase in phrases:
            assert solid(phrase) in solid(reading.text)
        return
    assert reading.plan.shape == ""
    assert (result.units_by_ocr, result.units_with_text, reading.text) == (0, 0, "")
    assert "install tesseract" in result.warnings[0]


def check_unread(facts: dict[str, Any], reading: Reading) -> None:
    if facts["format"] in READ_AS_TEXT:
        assert reading.plan is not None
        assert reading.plan.media_type == "text/plain"
        return
    assert reading.failed is not None
    if reading.failed.code == "source_encrypted":
        assert facts["outcome"] == "encrypted"
        return
    assert reading.failed.code == "unsupported_format"
    assert reading.failed.message.endswith(" are not supported. The guide lists what can be read.")


@pytest.mark.parametrize("name", STORED)
def test_stored_file_gives_its_facts(name: str, child: ChildProcess) -> None:
    facts, path = STORED[name], CORPUS / "files" / name
    reading = read(child, path)
    if facts["format"] not in READ_NOW:
        check_unread(facts, reading)
        return
    check(facts, reading)
    if reading.plan is not None:
        assert reading.plan.sha256 == facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert reading.plan.signature.size == facts["bytes"]


def test_made_files_give_their_facts(hostile: Path, child: ChildProcess) -> None:
    wrong = []
    for name, facts in expected(hostile).items():
        reading = read(child, hostile / name)
        try:
            (check if facts["format"] in READ_NOW else check_unread)(facts, reading)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []


def test_outline_of_a_pdf_becomes_heading_paths(child: ChildProcess) -> None:
    reading = read(child, CORPUS / "files" / "pdf" / "bookmarks.pdf")
    assert reading.plan is not None
    assert len(reading.plan.outline) > 3
    titles = {title for _, _, title in reading.plan.outline}
    assert len(titles & reading.headings) > 3
    assert {row.page for row in reading.chunks} == {1, 2, 3}


def test_pages_that_cannot_be_read_are_named_and_the_rest_is_kept(child: ChildProcess) -> None:
    reading = read(child, CORPUS / "files" / "hostile" / "wrong_page_count.pdf")
    (result,) = reading.results
    assert [page for page, _ in result.units_failed] == list(range(2, 10))
    assert result.units_with_text == 1
    assert [row.page for row in result.chunks] == [1]


@pytest.mark.parametrize("name", sorted(STORED))
def test_each_file_of_the_corpus_is_what_it_is(name: str) -> None:
    data = (CORPUS / "files" / name).read_bytes()
    expected = STORED[name]["format"]
    kind = detect.kind_of(memory(data, name))
    if kind == kinds.LOCKED:
        assert (STORED[name]["outcome"], expected in ("docx", "xlsx")) == ("encrypted", True)
    else:
        assert kind == KINDS.get(expected, expected)
