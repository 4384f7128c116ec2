"""What a file is told to be, kind by kind, and which reader takes it: ours, or one of another package."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import SourceError, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.kinds import contradiction
from ingest_desktop.extraction.registry import Registry

from .conftest import CHAT_TIMES, memory
from .office_kit import zipped


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "a.txt", kinds.IMAGE),
        (b"<!-- c --><!DOCTYPE HTML><p>", "a.txt", kinds.HTML),
        ("\ufeff<html>".encode("utf-16-le"), "a.bin", kinds.HTML),
        (b"<p>fragment", "a.html", kinds.HTML),
        (b"<p>fragment", "a.md", kinds.MARKDOWN),
        (b"print(1)", "a.py", kinds.CODE),
        (b"print(1)", "a.unknown", kinds.TEXT),
        (b"#!/bin/sh\n", "run", kinds.CODE),
        (b"%PDF-1.4", "a.txt", kinds.PDF),
        (b"junk\n%PDF-1.4", "a", kinds.PDF),
        (b'{"a": 1}', "a.json", kinds.JSON),
        (b"", "a.docx", kinds.TEXT),
        (b"{\\rtf1", "a.txt", kinds.RTF),
        (b"From: a\nTo: b\nSubject: c\n\nbody", "a.eml", kinds.EML),
        (b"From: a\nTo: b\nSubject: c\n\nbody", "a.txt", kinds.TEXT),
        (b"RIFF....WEBP", "a", kinds.IMAGE),
        (b"\0\0\0\x18ftypisom", "a", "MP4 videos"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "packed_mimetype.odt", kinds.ODT),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.bin": b""}), "a.xlsb", kinds.XLSB),
        (zipped({"a.txt": b"", "word/b.txt": b""}), "a.docx", kinds.ZIP),
        (b"ustar".rjust(262, b"\0") + b"\0" * 250, "a", kinds.TAR),
        (b'{"a": 1}', "a.txt", kinds.JSON),
        (b"{this is no JSON}", "a.txt", kinds.TEXT),
        (b"{this is no JSON}", "a.json", kinds.TEXT),
        (b"[1] a footnote", "a.txt", kinds.TEXT),
        (b"[1, 2]", "a.json", kinds.JSON),
        (b'{"a": 1}\n{"a": 2}\n', "a.jsonl", kinds.JSONL),
        (b'{"a": 1}\n{"a": 2}\n', "a.json", kinds.JSONL),
        (b'{"cells": [], "nbformat": 4}', "a.json", kinds.NOTEBOOK),
        (b'[{"title": "T", "mapping": {}}]', "conversations.json", kinds.CHATGPT),
        (b"a,b\n1,2\n", "a.csv", kinds.CSV),
        (b"only words\nin lines\n", "a.csv", kinds.TEXT),
        (b"name\tage\nAna\t7\n", "a.xls", kinds.CSV),
        ("name\tage\nAna\t7\n".encode("utf-16"), "a.xls", kinds.CSV),
        (b"name;age\nAna;7\n", "a.xlsx", kinds.CSV),
        (b"<TABLE><tr><td>Ana</table>", "a.xls", kinds.HTML),
        (b"<?xml version='1.0'?><Workbook><Table/></Workbook>", "a.xls", kinds.XML),
        (b"a note, and no table\nat all\nin it", "a.xls", kinds.TEXT),
        (b"name: value\n", "a.yaml", kinds.YAML),
        (b"<?xml version='1.0'?><a/>", "a", kinds.XML),
        (b"<note>x</note>", "a.xml", kinds.XML),
        (b"<grin> said the cat", "a.txt", kinds.TEXT),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "a.txt", kinds.SUBTITLES),
        (b"00:00:01,000 --> 00:00:02,000\nHello\n", "a.srt", kinds.SUBTITLES),  # without numbers
        (b"WEBVTT\n\n", "a", kinds.SUBTITLES),
        (b"12/05/2024, 09:14 - Ana: Hello\n12/05/2024, 09:15 - Ben: Hi\n", "chat.txt", kinds.WHATSAPP),
        (b"[12.05.24, 09:14:33] Ana: Hello\n[12.05.24, 09:14:40] Ben: Hi\n", "_chat.txt", kinds.WHATSAPP),
        *((f"{time}Ana: Hello\n{time}Ben: Hi\n".encode(), "chat.txt", kinds.WHATSAPP) for time in CHAT_TIMES),
        (b"2024-05-12 09:14:33 INFO - started\n2024-05-12 09:14:34 INFO - ready\n", "a.txt", kinds.TEXT),
        (b"12/05/2024 is a date\nand this is prose\n", "a.txt", kinds.TEXT),
        (b"From ana@example.org Sun May 12\nFrom: a\nSubject: b\n\nx", "a.mbox", kinds.MBOX),
        (b"From here on it is prose.\n", "a.txt", kinds.TEXT),
        (b"From: a\nSubject: b\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\n", "a.mht", kinds.MHTML),
        (b"\\documentclass{article}\n", "paper", kinds.LATEX),
        (b"text", "a.tex", kinds.LATEX),
        (b"Title\n=====\n", "a.rst", kinds.RST),
        (b"= Title\n", "a.adoc", kinds.ASCIIDOC),
        (b"soft\x0bbreak\x0bof Word\r\n", "a.txt", kinds.TEXT),
        # what only tells of a format is not of it
        (b"ID3 tags are told of here.\n", "id3.rst", kinds.RST),
        (b"BZh is how such a file begins.\n", "a.txt", kinds.TEXT),
        (b"GIF8 or GIF9, who knows?\n", "a.txt", kinds.TEXT),
        (b"HEAD = b'%PDF-1.4'\n", "maker.py", kinds.CODE),
        (b"\xef\xbb\xbf%PDF-1.4\n", "a.bin", kinds.PDF),
        (b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n", "a.bin", kinds.PDF),
        (b'{"type": "object", "required": ["metadata", "nbformat"], "properties": {}}', "schema.json", kinds.JSON),
        (b'{"cells": [], "nbformat": 4}', "a.json", kinds.NOTEBOOK),
        # data under a name that does not promise it
        (b'{"log": {"version": "1.2", "entries": []}}', "a.har", kinds.JSON),
        (b'\xef\xbb\xbf\n{"a": 1}\n', "a.dat", kinds.JSON),
        (b'[{"a": 1}, {"a": 2}]', "a.txt", kinds.JSON),
        ('{"name": "Zoë"}'.encode("utf-16"), "a.log", kinds.JSON),
        (b'{"a": 1}\n{"a": 2}\n', "server.log", kinds.JSONL),
        (b'{"a": 1}\n{"a": 2}\nTraceback\n', "server.log", kinds.TEXT),
        (b'{"a": 1}\n' * 9_000 + b"Traceback\n", "server.log", kinds.TEXT),
        (b'{"a": 1}\n' * 9_000, "server.log", kinds.JSONL),
        (b'{"a": 1, "b": "2 < 3"}', "a.html", kinds.JSON),
        (b'{\n"a": 1,\n"b": [1,\n2,\n3]}', "a.csv", kinds.JSON),
        (b'{"a": 1}', "a.md", kinds.JSON),
        (b'{"cells": [], "nbformat": 4}', "a.dat", kinds.NOTEBOOK),
        (b'{"list": [' + b'"word", ' * 20_000 + b'"last"]}', "a.dat", kinds.JSON),
        (b'{"long": "' + b"word \\n " * 20_000 + b'"}', "a.dat", kinds.JSON),
        (b'{"a": 1} is how an object is written', "a.log", kinds.TEXT),
        (b'{"a": 1, b}' + b" word" * 20_000, "a.log", kinds.TEXT),
        (b"[1]", "a.log", kinds.TEXT),
        (b"[section]\nkey = 1\n", "a.cfg", kinds.TEXT),
        (b"[" * 60_000, "a.dat", kinds.TEXT),
        (b'{"a": 1}', "a.js", kinds.CODE),
        (b"<?xml version='1.0'?><a>x</a>", "a.md", kinds.XML),
        (b'<rss version="2.0"><channel/></rss>\n', "feed", kinds.XML),
        (b'<p:note xmlns:p="urn:x"><b>x</b></p:note>', "a.dat", kinds.XML),
        (b'<p:note xmlns:p="urn:x"><b>x</b></p:note> is XML', "a.txt", kinds.TEXT),
        (b"<project> is a word", "a.txt", kinds.TEXT),
        (b"<?xml version='1.0'?><!-- page --><html><body>x</body></html>", "a.html", kinds.HTML),
        (b"%YAML 1.2\n---\na: 1\n", "a.conf", kinds.YAML),
    ],
)
def test_kind_comes_from_the_content(data: bytes, name: str, kind: str) -> None:
    assert detect.kind_of(memory(data, name)) == kind


@pytest.mark.parametrize(
    ("suffix", "kind", "said"),
    [
        (".docx", kinds.PDF, "It is named .docx but is a PDF document; it was read as that."),
        (".pdf", kinds.TEXT, "It is named .pdf but is plain text; it was read as that."),
        (".pdf", kinds.PDF, None),
        (".txt", kinds.WHATSAPP, None),
        (".csv", kinds.XLSX, "It is named .csv but is an Excel workbook; it was read as that."),
        (".json", kinds.TEXT, "It is named .json but is plain text; it was read as that."),
        (".xls", kinds.CSV, "It is named .xls but is a table of separated values; it was read as that."),
        (".md", kinds.DOCX, "It is named .md but is a Word document; it was read as that."),
        (".py", kinds.PDF, "It is named .py but is a PDF document; it was read as that."),
        (".txt", kinds.JSON, "It is named .txt but is JSON; it was read as that."),
        (".log", kinds.XML, "It is named .log but is XML; it was read as that."),
        (".log", kinds.JSONL, None),
        (".csv", kinds.TEXT, None),
        (".json", kinds.JSONL, None),
        (".jsonl", kinds.JSON, None),
        (".php", kinds.HTML, None),
        (".svg", kinds.XML, None),
        (".odd", kinds.PDF, None),
    ],
)
def test_a_name_that_promises_something_else_is_told(suffix: str, kind: str, said: str | None) -> None:
    assert contradiction(suffix, kind) == said


def test_no_sample_in_our_own_code_is_taken_for_something_else() -> None:
    for path in Path(detect.__file__).parent.glob("*.py"):
        try:
            assert detect.kind_of(memory(path.read_bytes(), path.name)) == kinds.CODE
        except SourceError as error:  # pragma: no cover
            raise AssertionError(path) from error


def test_noise_is_no_text() -> None:
    import random

    noise = random.Random(7).randbytes(20_000)
    with pytest.raises(UnsupportedFormat, match=r"are not supported\. The guide lists"):
        Registry([]).choose(memory(b"\x91" + noise, "a.txt"))


class Guest:
    """A reader that another package brings."""

    name = "guest"
    version = 3

    def __init__(self, claim: float) -> None:
        self.claim = claim

    def accepts(self, source: SourceFile) -> float:
        return self.claim

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        return ReaderPlan("whole", 1, (SegmentSpec(0, 0, 1),), "text/x-guest")

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        yield Block("guest")


def test_a_guest_wins_when_it_is_surer() -> None:
    book, text = memory(bytes(60) + b"BOOKMOBI" + bytes(100)), memory(b"plain words")
    assert Registry([Guest(0.3)]).choose(book).name == "guest"
    assert Registry([Guest(0.3)]).choose(text).name == "text"
    assert Registry([Guest(0.7)]).choose(text).name == "guest"
    assert Registry([Guest(0.7)]).named("guest").version == 3
    with pytest.raises(UnsupportedFormat):
        Registry([Guest(0.0)]).choose(book)
    with pytest.raises(UnsupportedFormat, match="not installed"):
        Registry([]).named("guest")
