"""Word documents: comments, headers, tables, notes and diagrams, and damage beside the text."""

import io
import zipfile

import pytest

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.docx import DocxReader

from .conftest import memory
from .office_kit import Read, changed, paragraph, word, zipped

OPTIONS = ExtractOptions()


def test_headers_stand_once_and_comments_apart() -> None:
    data = word(
        paragraph("The body of the letter"),
        header1=paragraph("Orchard ", "Society"),
        header2=paragraph("Orchard Society"),
        footer1=paragraph("strictly private") + paragraph("12"),
        comments=f'<w:comment w:id="0" w:author="Bob">{paragraph("please check this")}</w:comment>',
    )
    read = Read(data, "a.docx")
    assert read.text.split("\n") == [
        "The body of the letter",
        "please check this",
        "Orchard Society",
        "strictly private",
    ]
    assert read.heading("please check") == "Comments"
    assert read.heading("strictly private") == "Headers and footers"


def test_damage_beside_the_body_keeps_it_and_is_told() -> None:
    data = changed(word(paragraph("The body"), comments=""), {"word/comments.xml": b"<w:comments"})
    read = Read(data, "a.docx")
    assert read.text == "The body"
    assert "comments could not be read" in read.notes[0].units_failed[0][1]
    data = changed(word(paragraph("The body"), header1=""), {"word/header1.xml": b"<w:header"})
    read = Read(data, "a.docx")
    assert read.text == "The body"
    assert "header could not be read" in read.notes[0].units_failed[0][1]
    cut = word("".join(paragraph(f"number {count}") for count in range(9)))
    with zipfile.ZipFile(io.BytesIO(cut)) as archive:
        document = archive.read("word/document.xml")
    read = Read(changed(cut, {"word/document.xml": document[: document.index(b"number 5")]}), "a.docx")
    assert read.text.split("\n")[-1] == "number 4"
    assert "its text ends early" in read.notes[0].units_failed[0][1]


def test_text_in_fields_formulas_ruby_and_turned_runs_is_read() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>".format
    body = (
        f"<w:p>{run('Dear ')}<w:fldSimple w:instr='MERGEFIELD Name'>{run('Mrs Quince')}</w:fldSimple>{run(', hello')}</w:p>"
        f"<w:p><w:dir w:val='rtl'>{run('turned')}</w:dir> <w:bdo w:val='rtl'>{run(' over')}</w:bdo></w:p>"
        f"<w:p><w:r><w:ruby><w:rt>{run('reading')}</w:rt><w:rubyBase>{run('character')}</w:rubyBase></w:ruby></w:r></w:p>"
        "<w:p><m:oMath xmlns:m='urn:m'><m:f><m:num><m:r><m:rPr><m:sty m:val='p'/></m:rPr><m:t>mass</m:t></m:r></m:num>"
        "<m:den><m:r><m:t> volume</m:t></m:r></m:den></m:f></m:oMath></w:p>"
    )
    assert Read(word(body), "a.docx").text.split("\n") == [
        "Dear Mrs Quince, hello",
        "turned over",
        "character",
        "mass/ volume",
    ]


def test_a_raised_number_is_no_part_of_the_word_before_it() -> None:
    def run(text: str, place: str = "superscript") -> str:
        return f"<w:r><w:rPr><w:vertAlign w:val='{place}'/></w:rPr><w:t>{text}</w:t></w:r>"

    def plain(text: str) -> str:
        return f"<w:r><w:t>{text}</w:t></w:r>"

    read = Read(
        word(
            f"<w:p>{plain('Lamps')}{run('12')}{plain(' burn on 5 km')}{run('2')}{plain(' with CO')}{run('2', 'subscript')}"
            f"{plain(' of the year')}{plain('2024')}{plain(' or Oil')}{run('th')}</w:p>"
        )
    )
    assert read.text == "Lamps 12 burn on 5 km2 with CO2 of the year2024 or Oilth"


def test_the_parts_of_formulas_do_not_grow_together() -> None:
    def part(name: str, text: str) -> str:
        return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"

    read = Read(
        word(
            "<w:p><m:oMath xmlns:m='urn:m'><m:f>" + part("num", "mass") + part("den", "volume") + "</m:f><m:m><m:mr>"
            + part("e", "first") + "</m:mr><m:mr>" + part("e", "second") + "</m:mr></m:m></m:oMath></w:p>"
        )
    )  # fmt: skip
    assert read.text == "mass/volume first second"


def test_a_row_of_a_word_table_is_a_line() -> None:
    def cell(*inside: str) -> str:
        return f"<w:tc>{''.join(inside)}</w:tc>"

    rows = (
        cell(paragraph("Fruit")) + cell(paragraph("Tons")) + cell(paragraph("Year")),
        cell(paragraph("Pears")) + cell(paragraph("12"), paragraph("about")) + cell(paragraph("2024")),
    )
    table = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    assert Read(word(table), "a.docx").text.split("\n") == ["Fruit | Tons | Year", "Pears | 12 about | 2024"]


def test_docx_bombs_and_wrecks_are_refused_before_they_are_unpacked() -> None:
    reader = DocxReader()
    bomb = memory(zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"\0" * 2_000_000}), "b.docx")
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        reader.plan(bomb, ExtractOptions(max_expanded_bytes=1_000_000))
    plan = reader.plan(bomb, OPTIONS)
    with pytest.raises(SourceMalformed):
        list(reader.read(bomb, plan, plan.segments[0], OPTIONS, SegmentNotes()))


def test_zip_that_asks_for_a_password_is_encrypted() -> None:
    data = bytearray(zipped({"[Content_Types].xml": b"x", "word/document.xml": b"x"}))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 1)
    with pytest.raises(SourceEncrypted):
        DocxReader().plan(memory(bytes(data), "x.docx"), OPTIONS)
