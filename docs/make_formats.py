"""Reads every file of the corpus, and the hostile ones made beside it, and writes docs/formats.md: what ``make formats`` runs.

    docs/make_formats.py [--corpus FOLDER]

The files are read as the program reads them, by a child process with limits. There are no times on the page, so it comes
out the same wherever ``tesseract`` and its English are installed; a test reads all files again and compares.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ingest_desktop.domain.wire import (  # noqa: E402
    ChunkRow,
    DocumentPlan,
    Extracted,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    LookLot,
    Message,
    SegmentResult,
    SegmentTask,
)
from ingest_desktop.extraction.host import ChildProcess  # noqa: E402

PAGE = Path(__file__).with_name("formats.md")
CORPUS = Path(os.environ.get("INGEST_CORPUS") or ROOT.parent / "shared" / "corpus")
OPTIONS = ExtractOptions()
OUTCOMES = {"source_encrypted": "encrypted", "source_malformed": "corrupt", "limit_exceeded": "limit"}

# Kind, formats of the corpus, what is read, with what. A test holds the kinds to those that the program tells apart.
FORMATS: tuple[tuple[str, str, str, str, str], ...] = (
    ("PDF", "pdf", "pdf", "text in reading order, outline, form fields, remarks, facts", "PDFium; pypdf for a page that fails"),
    ("Scans, pictures (PNG, JPEG, TIFF, WebP, GIF, BMP, JP2, PNM)", "image", "jpg scan", "the text in the picture", "tesseract, where installed"),
    ("Word (DOCX)", "docx", "docx", "body, lists, tables, text boxes, what pictures show, content controls, notes, headers", "our own, with lxml"),
    ("PowerPoint (PPTX)", "pptx", "pptx", "titles, text, numbers of lists, tables, charts, what pictures show, notes", "our own, with lxml"),
    ("Excel (XLSX, XLSB, XLS)", "xlsx xlsb xls", "xlsx", "rows below their header", "calamine; our own for long sheets"),
    ("Word, PowerPoint, Excel behind a password", "locked", "", "as the document inside, once a password is given", "msoffcrypto, then as above"),
    ("OpenDocument text (ODT)", "odt", "odt", "headings, lists and their numbers, tables, notes, boxes, charts, formulas", "our own, with lxml"),
    ("OpenDocument spreadsheet (ODS)", "ods", "ods", "rows below their header", "our own, with lxml"),
    ("OpenDocument presentation (ODP)", "odp", "odp", "slides with tables, charts, numbers of lists, notes", "our own, with lxml"),
    ("RTF", "rtf", "rtf", "text, numbers of lists, tables, notes, headings by style", "our own"),
    ("Word and PowerPoint 97-2003 (DOC, PPT)", "doc ppt", "", "as the newer formats", "LibreOffice, where installed"),
    ("EPUB", "epub", "epub", "chapters in reading order below their titles", "selectolax (Lexbor)"),
    ("HTML", "html", "html", "text without navigation, scripts and styles", "selectolax (Lexbor)"),
    ("Saved web pages (MHTML)", "mhtml", "", "the page in it", "our own, with selectolax"),
    ("Markdown", "markdown", "md", "text below its headings", "our own"),
    ("reStructuredText", "rst", "", "text below its titles", "our own"),
    ("LaTeX", "latex", "", "text below its sections", "our own"),
    ("AsciiDoc", "asciidoc", "", "text below its titles", "our own"),
    ("CSV, TSV", "csv", "csv", "rows with the names of their columns", "our own"),
    ("JSON", "json", "json", "values with their keys", "Python's json"),
    ("JSON lines", "jsonl", "jsonl", "one record for each line", "Python's json"),
    ("XML", "xml", "", "text and attributes with their names", "Expat, without entities"),
    ("YAML", "yaml", "", "lines below their top-level keys", "our own"),
    ("Jupyter notebooks", "notebook", "ipynb", "sources and text outputs, cell by cell", "Python's json"),
    ("Mail (EML)", "eml", "eml", "header lines, best body, attachments", "our own"),
    ("Mailboxes (MBOX)", "mbox", "mbox", "each message as mail", "our own"),
    ("Outlook messages (MSG)", "msg", "msg", "header lines, body, attachments", "olefile and our own"),
    ("Outlook packets (winmail.dat)", "tnef", "", "header lines, body, attachments", "our own"),
    ("Subtitles (SRT, WebVTT)", "subtitles", "srt vtt", "what is said, with time and speaker", "our own"),
    ("Calendars and address cards (ICS, VCF)", "cards", "", "lines, with folded ones whole", "our own"),
    ("WhatsApp", "whatsapp", "whatsapp", "messages with time and speaker", "our own"),
    ("ChatGPT", "chatgpt", "chatgpt", "conversations with their roles, other branches below", "Python's json"),
    ("Slack exports", "", "slack", "messages with channel, time and speaker", "Python's json"),
    ("Source code", "code", "py", "blocks along functions and classes", "our own"),
    ("Plain text", "text", "txt", "lines, in any common encoding", "our own; chardet for the encoding"),
    ("ZIP", "zip", "zip", "each member by its own reader", "our own"),
    ("TAR", "tar", "", "each member by its own reader", "our own"),
    ("7-Zip, RAR", "7z rar", "", "each member by its own reader", "the system's libarchive, where installed"),
    ("GZ, BZ2, XZ, with or without TAR", "compressed", "gz tar.gz", "what is packed, by its own reader", "Python's own"),
    ("Signed files and mail (P7M)", "signed", "", "what was signed, by its own reader", "our own"),
)  # fmt: skip

# A small file of each format that the corpus has none of, which shows the places that it gives.
SAMPLES: dict[str, tuple[str, str]] = {
    "Saved web pages (MHTML)": (
        "a.mhtml",
        "From: <Saved by Blink>\nSubject: Tea\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=c\n\n"
        "--c\nContent-Type: text/html\n\n<h1>Green</h1><p>leaves\n--c--\n",
    ),
    "reStructuredText": ("a.rst", "Tea\n===\n\nleaves\n"),
    "LaTeX": ("a.tex", "\\documentclass{article}\n\\begin{document}\n\\section{Tea}\nleaves\n\\end{document}\n"),
    "AsciiDoc": ("a.adoc", "= Tea\n\n== Green\n\nleaves\n"),
    "JSON": ("a.json", '{"orders": [' + ", ".join(f'{{"id": {n}, "said": "{"leaf " * 60}"}}' for n in range(9)) + "]}"),
    "XML": ("a.xml", "<?xml version='1.0'?><tea><title>Green</title><leaf>picked</leaf></tea>"),
    "YAML": ("a.yaml", "tea:\n  green: leaves\nwater:\n  hot: yes\n"),
}

# Why a file differs from what is expected of it. Kept by hand; a test holds its names to the files that do.
EXPLAINED: dict[str, str] = {
    "records.jsonl": "The line that is no JSON is kept as plain text and named, and so the job is completed with gaps; the records "
    "around it are read.",
}


@dataclass
class Reading:
    """All that a file gave: a failure, or a plan and what its segments gave."""

    failed: Failed | None = None
    plan: DocumentPlan | None = None
    results: list[SegmentResult] = field(default_factory=list)

    @property
    def chunks(self) -> list[ChunkRow]:
        return [row for result in self.results for row in result.chunks]

    @property
    def by_ocr(self) -> int:
        return sum(result.units_by_ocr for result in self.results)

    def outcome(self) -> str:
        """What became of it, in the words of the corpus."""
        if self.failed is not None:
            return OUTCOMES.get(self.failed.code, self.failed.code)
        if not any(row.text.strip() for row in self.chunks):
            return "empty" if self.plan is not None and not self.plan.signature.size else "ok_empty"
        if any(result.units_failed for result in self.results):
            return "partial"
        return "ok, by OCR" if self.by_ocr else "ok"


@dataclass(frozen=True)
class Row:
    """One file: what was expected of it and what it gave."""

    name: str
    facts: dict[str, Any]
    reading: Reading
    found: int  # facts
    asked: int
    phrases_found: int
    phrases_asked: int

    @property
    def places(self) -> set[str]:
        """The words of the places that its chunks have."""
        words: set[str] = set()
        for row in self.reading.chunks:
            words |= {"page"} if row.page is not None else set()
            words |= {"heading"} if row.heading else set()
            extra = json.loads(row.extra) if row.extra else {}
            counted = extra.pop("lines", "lines")  # what a line is, where it is none
            words |= {counted} if row.line_start is not None else set()
            words |= set(extra)
        return words

    @property
    def as_expected(self) -> bool:
        """Whether the outcome is one of those that were expected, and all facts were found."""
        return self.outcome_fits and self.found == self.asked

    @property
    def outcome_fits(self) -> bool:
        got, wanted = self.reading.outcome(), self.facts["outcome"]
        if wanted == "ok_empty":
            return got in ("ok_empty", "ok, by OCR")
        allowed = set(wanted.split("_or_"))
        if "ok" in allowed:  # what is broken in it is named, and the rest is kept
            allowed |= {"ok_empty", "ok, by OCR"} | (
                {"partial"} if allowed & {"corrupt", "limit", "timeout"} else set()
            )
        return got in allowed or (got == "limit" and "timeout" in allowed)


def read(child: ChildProcess, path: Path) -> Reading:
    """Look at a file and read all its segments, as the program does."""
    found: list[Message] = []
    child.run(LookLot((LookItem(1, str(path)),), OPTIONS), found.append)
    last = found[-1]
    if isinstance(last, Failed):
        return Reading(failed=last)
    assert isinstance(last, Looked)
    reading = Reading(plan=last.plan, results=[last.result] if last.result is not None else [])
    for segment in last.plan.segments if last.result is None else ():
        child.run(SegmentTask(1, str(path), last.plan, segment.number, OPTIONS), found.append)
        message = found[-1]
        if isinstance(message, Failed):
            return Reading(failed=message)
        assert isinstance(message, Extracted)
        reading.results.append(message.result)
    return reading


def solid(text: str) -> str:
    """Without white space: engines differ in where they see it."""
    return "".join(text.split())


def judged(name: str, facts: dict[str, Any], reading: Reading) -> Row:
    """Count the facts that hold."""
    text = "\n".join(row.text for row in reading.chunks)
    bare = solid(text)
    phrases = [*facts.get("must_contain", ()), *facts.get("ocr_must_contain", ())]
    hits = sum(solid(phrase) in bare for phrase in phrases)
    holds = list(_further_facts(facts, reading, text))
    return Row(name, facts, reading, hits + sum(holds), len(phrases) + len(holds), hits, len(phrases))


def _further_facts(facts: dict[str, Any], reading: Reading, text: str) -> Iterator[bool]:
    headings = {name for row in reading.chunks for name in (row.heading or "").split(" › ")}
    yield from (heading in headings for heading in facts.get("headings", ()))
    yield from (heading not in headings for heading in facts.get("must_not_be_heading", ()))
    yield from (phrase not in text for phrase in facts.get("must_not_contain", ()))
    for phrase, line in facts.get("lines", {}).items():
        rows = [row for row in reading.chunks if phrase in row.text]
        yield any((row.line_start or 0) + row.text[: row.text.index(phrase)].count("\n") == line for row in rows)
    plan = reading.plan
    if plan is None:
        return
    for unit in ("page", "slide", "sheet", "member", "message"):
        if f"{unit}s" in facts:
            yield plan.unit == unit and plan.units == facts[f"{unit}s"]
    if "encoding" in facts:
        yield plan.encoding == facts["encoding"]


def measured(corpus: Path) -> tuple[list[Row], list[Row]]:
    """All files of the corpus, and the hostile ones."""
    child = ChildProcess(wall_seconds=300, cpu_seconds=60)
    try:
        with tempfile.TemporaryDirectory() as made:
            command = [sys.executable, str(corpus / "make_hostile.py"), made]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return rows(child, corpus, corpus / "files"), rows(child, Path(made), Path(made))
    finally:
        child.close()


def rows(child: ChildProcess, listed: Path, folder: Path) -> list[Row]:
    """The files that an ``expected.json`` lists, in its order."""
    facts: dict[str, dict[str, Any]] = json.loads((listed / "expected.json").read_text("utf-8"))
    return [judged(name, fact, read(child, folder / name)) for name, fact in facts.items()]


def sampled() -> dict[str, set[str]]:
    """The places that the samples give, by the names of their formats."""
    child = ChildProcess(wall_seconds=60, cpu_seconds=60)
    found = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for format_name, (name, text) in SAMPLES.items():
                path = Path(folder, name)
                path.write_text(text, "utf-8", newline="\n")
                found[format_name] = Row(name, {}, read(child, path), 0, 0, 0, 0).places
    finally:
        child.close()
    return found


def page(stored: list[Row], hostile: list[Row]) -> str:
    """The whole page."""
    every, places = [*stored, *hostile], sampled()
    phrases, hits = sum(row.phrases_asked for row in every), sum(row.phrases_found for row in every)
    return "\n".join(
        [
            "# Formats",
            "",
            "<!-- Written by make formats (docs/make_formats.py), which reads every file anew. Do not edit. -->",
            "",
            f"{len(stored)} real files and {len(hostile)} made ones, most of them hostile, were read as the program reads them: by a child",
            "process with limits. A fact is a phrase that must be found, a heading, a line, a count of pages, slides, sheets, members or",
            f"messages, an encoding, or a phrase that must not be there. {hits} of {phrases} phrases were found, and "
            f"{sum(row.as_expected for row in every)} of {len(every)}",
            "files ended as expected.",
            "",
            "## By format",
            "",
            "Recall is the share of expected phrases that were found; phrases in pictures count where tesseract is installed. Places",
            "are those that the files below gave, and for a format with no such place among them those of a small sample.",
            "",
            "| format | what is read | place | read with | phrases found | files |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_format(entry, every, places.get(entry[0], set())) for entry in FORMATS),
            "",
            "## Each file",
            "",
            "`a_or_b`: either is right. `ok_empty`: a picture of text, which has none of its own; where tesseract is installed it is",
            "read (`ok, by OCR`). `partial`: what could not be read is named, and the rest is kept.",
            "",
            *_table(stored),
            "",
            "## Each hostile file",
            "",
            *_table(hostile),
            "",
            "## Those that differ",
            "",
            *(_differences(every) or ["None."]),
        ]
    ) + "\n"  # fmt: skip


def formats_of(row: Row) -> str:
    """The format that a file counts for: a scan is one of a picture, whatever it is wrapped in."""
    return "scan" if "ocr_must_contain" in row.facts and row.facts["format"] == "pdf" else row.facts["format"]


def _format(entry: tuple[str, str, str, str, str], every: list[Row], sample: set[str]) -> str:
    name, _, formats, what, engine = entry
    mine = [row for row in every if formats_of(row) in formats.split()]
    asked, found = sum(row.phrases_asked for row in mine), sum(row.phrases_found for row in mine)
    recall = f"{found} of {asked} ({found / asked:.0%})" if asked else "-"
    places = ", ".join(sorted(set().union(*(row.places for row in mine)) or sample)) or "-"
    return _cells(name, what, places, engine, recall, str(len(mine) or "-"))


def _table(found: list[Row]) -> Iterator[str]:
    yield "| file | expected | got | units | facts | note |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in found:
        plan = row.reading.plan
        units = (
            f"{plan.units:,} {plan.unit}{'' if plan.units == 1 else 's'}"
            if plan and plan.unit not in ("byte", "whole")
            else "-"
        )
        facts = f"{row.found} of {row.asked}" if row.asked else "-"
        yield _cells(row.name, row.facts["outcome"], row.reading.outcome(), units, facts, _note(row))


def _note(row: Row) -> str:
    """What the corpus says of the file, and what the program does."""
    said = [str(row.facts["note"]).rstrip(".") + "."] if "note" in row.facts else []
    failed = row.reading.failed
    if failed is not None:
        return " ".join([*said, f"“{failed.message}”"])
    gaps = [why for result in row.reading.results for _, why in result.units_failed]
    if gaps:
        said.append(f"“{gaps[0]}”" + (f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""))
    return " ".join(said)


def _differences(every: Iterable[Row]) -> list[str]:
    return [f"- `{row.name}`: {EXPLAINED.get(row.name, 'not explained yet.')}" for row in every if not row.as_expected]


def _cells(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes docs/formats.md.")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="the folder with expected.json and make_hostile.py")
    stored, hostile = measured(parser.parse_args().corpus)
    PAGE.write_text(page(stored, hostile), "utf-8", newline="\n")
    strange = [row.name for row in (*stored, *hostile) if not row.as_expected and row.name not in EXPLAINED]
    print(
        f"{PAGE.name}: {len(stored)} + {len(hostile)} files" + "".join(f"\nnot explained: {name}" for name in strange)
    )
    return int(bool(strange))


if __name__ == "__main__":
    sys.exit(main())
