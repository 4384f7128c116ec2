"""Presentations, workbooks, OpenDocument, RTF and the old formats: structure, places, and what odd or hostile files do."""

import datetime
import io
import json
import os
import random
import struct
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation
from pptx.chart import data as chart_data
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest_desktop.domain.errors import (
    LimitExceeded,
    ReaderCrashed,
    SourceEncrypted,
    SourceError,
    SourceMalformed,
    UnsupportedFormat,
)
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.host import ChildProcess
from ingest_desktop.extraction.packages import Package
from ingest_desktop.extraction.readers import legacy
from ingest_desktop.extraction.readers.grid import find_header, grid_blocks, shown
from ingest_desktop.extraction.readers.rtf_parser import RtfParser
from ingest_desktop.extraction.readers.sheet_parts import StreamedBook, areas_of, widest_area
from ingest_desktop.extraction.registry import Registry

from .conftest import CORPUS, memory
from .conftest import read as read_file
from .ole_maker import ole as ole_file

OPTIONS = ExtractOptions()
REGISTRY = Registry(())
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = (
    " ".join(f'xmlns:{name}="{OFFICE}{name}:1.0"' for name in ("office", "text", "table", "presentation"))
    + f' xmlns:draw="{OFFICE}drawing:1.0"'
)


class Read:
    """All that a file gave."""

    def __init__(self, data: bytes, name: str = "a", options: ExtractOptions = OPTIONS) -> None:
        source = memory(data, name)
        reader = REGISTRY.choose(source)
        self.plan: ReaderPlan = reader.plan(source, options)
        self.notes: list[SegmentNotes] = []
        self.rows: list[ChunkRow] = []
        for segment in self.plan.segments:
            notes = SegmentNotes()
            self.rows += chunk_blocks(reader.read(source, self.plan, segment, options, notes), options, self.plan.title)
            self.notes.append(notes)

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    def place(self, phrase: str) -> dict[str, Any]:
        import json

        found: dict[str, Any] = json.loads(next(row.extra or "{}" for row in self.rows if phrase in row.text))
        return found

    def heading(self, phrase: str) -> str | None:
        return next(row.heading for row in self.rows if phrase in row.text)


def zipped(members: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def changed(data: bytes, changes: dict[str, bytes | None]) -> bytes:
    """A package with some members replaced, added or (None) left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    members.update(changes)
    return zipped({name: value for name, value in members.items() if value is not None})


# --- presentations -------------------------------------------------------------------------------


def deck() -> bytes:
    show = Presentation()
    show.core_properties.title = "Orchard"
    first = show.slides.add_slide(show.slide_layouts[0])
    first.shapes.title.text = "Harvest report"
    first.placeholders[1].text = "the year of the pear"
    first.notes_slide.notes_text_frame.text = "greet everyone"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Figures"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Fruit", "Tons"), ("Pears", "12"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_group_shape().shapes.add_textbox(0, 0, 1, 1).text_frame.text = "deep in two groups"
    make_chart: Any = chart_data.CategoryChartData
    chart = make_chart()
    chart.categories = ["2023", "2024"]
    chart.add_series("Plums", (3, 4))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(2), Inches(2), chart)
    third = show.slides.add_slide(show.slide_layouts[6])
    third.shapes.add_textbox(0, 0, 1, 1).text_frame.text = "no title here"
    target = io.BytesIO()
    show.save(target)
    return target.getvalue()


DECK = deck()


def test_slides_give_titles_tables_groups_charts_and_notes_in_their_places() -> None:
    read = Read(DECK)
    assert (read.plan.unit, read.plan.units) == ("slide", 3)
    assert read.place("year of the pear") == {"slide": 1}
    assert read.heading("year of the pear") == "Orchard › Harvest report"
    assert read.heading("greet everyone") == "Orchard › Harvest report › Notes"
    assert "Fruit\tTons\nPears\t12" in read.text
    assert read.place("deep in two groups") == {"slide": 2}
    assert "Plums: 2023 = 3; 2024 = 4" in read.text
    assert read.heading("no title here") == "Orchard"
    (notes,) = read.notes
    assert (notes.units_seen, notes.units_with_text, notes.units_failed) == (3, 3, [])


def test_slides_need_neither_types_nor_a_theme() -> None:
    bare = changed(DECK, {"[Content_Types].xml": b"<Types xmlns='x'/>", "ppt/theme/theme1.xml": None})
    assert Read(bare, "a.pptx").text == Read(DECK).text


def test_slides_without_their_list_are_taken_by_number() -> None:
    read = Read(changed(DECK, {"ppt/presentation.xml": b"<broken"}), "a.pptx")
    assert read.place("no title here") == {"slide": 3}


def test_one_broken_slide_does_not_lose_the_others() -> None:
    read = Read(changed(DECK, {"ppt/slides/slide2.xml": b"<p:sld"}), "a.pptx")
    assert [number for number, _ in read.notes[0].units_failed] == [2]
    assert "year of the pear" in read.text
    assert "no title here" in read.text


def test_what_of_a_slide_cannot_be_read_is_a_gap() -> None:
    with zipfile.ZipFile(io.BytesIO(DECK)) as archive:
        notes = next(name for name in archive.namelist() if "notesSlides/notesSlide" in name and name.endswith(".xml"))
        chart = next(name for name in archive.namelist() if "charts/chart" in name and name.endswith(".xml"))
    for name, what in ((notes, "its notes"), (chart, "a chart or drawing")):
        read = Read(changed(DECK, {name: b"<broken"}), "a.pptx")
        assert "year of the pear" in read.text
        ((_, why),) = read.notes[0].units_failed
        assert why.lower().startswith(what) and not read.notes[0].warnings
    made, target = Presentation(), io.BytesIO()
    slide = made.slides.add_slide(made.slide_layouts[0])
    slide.shapes.title.text, slide.notes_slide.notes_text_frame.text = "alone", "softly"
    made.save(target)
    read = Read(changed(target.getvalue(), {notes: b"<broken"}), "a.pptx")
    assert (read.text, [number for number, _ in read.notes[0].units_failed]) == ("alone", [1])


# --- Word documents ------------------------------------------------------------------------------

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def word(body: str, **parts: str) -> bytes:
    """A document with this body; each part is named after what its relation says, a number behind it."""
    related = "".join(
        f'<Relationship Id="r{name}" Type="{RELATED}/{name.rstrip("0123456789")}" Target="{name}.xml"/>'
        for name in parts
    )
    opening = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        "_rels/.rels": f'{opening}<Relationship Id="r" Type="{RELATED}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/_rels/document.xml.rels": f"{opening}{related}</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    for name, content in parts.items():
        members[f"word/{name}.xml"] = f'<w:{name.rstrip("0123456789")} xmlns:w="{WORD}">{content}</w:x>'.replace(
            "</w:x>", f"</w:{name.rstrip('0123456789')}>"
        )
    return zipped(members)


def paragraph(*runs: str) -> str:
    return "<w:p>" + "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs) + "</w:p>"


def with_members(data: bytes, members: dict[str, bytes]) -> bytes:
    """The same package with more in it."""
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return stream.getvalue()


def packaged(name: str, content: bytes) -> bytes:
    """An object that holds any file, as Word makes it of one that was dropped on a page."""
    native = b"\2\0" + name.encode() + b"\0C:\\x\\" + name.encode() + b"\0\0\0\3\0" + struct.pack("<I", 3) + b"t\0\0"
    native += struct.pack("<I", len(content)) + content
    return ole_file({"\x01Ole10Native": struct.pack("<I", len(native)) + native})


def test_documents_in_documents_are_read_and_never_lost_in_silence() -> None:
    members = {
        "word/embeddings/Letter.docx": word(paragraph("quince in the letter")),
        "word/embeddings/broken.xlsx": b"PK\3\4 and no more",
        "word/embeddings/oleObject1.bin": packaged("notes.txt", b"medlar in the notes"),
        "word/embeddings/oleObject2.bin": ole_file({"Package": word(paragraph("sloe in the package"))}),
        "word/embeddings/oleObject3.bin": ole_file({"Equation Native": b"x" * 90}),
    }
    read = Read(with_members(word(paragraph("The body of the letter")), members), "a.docx")
    parts = {text: json.loads(row.extra or "{}").get("part") for row in read.rows for text in row.text.split("\n")}
    assert parts["The body of the letter"] is None
    assert parts["quince in the letter"] == "Letter.docx"
    assert parts["medlar in the notes"] == "notes.txt"
    assert parts["sloe in the package"] == "oleObject2.bin"
    (gap,) = read.notes[0].units_failed
    assert gap[0] == 1 and gap[1].startswith("broken.xlsx: ")
    assert any("Embedded objects of other programs (1)" in said for said in read.notes[0].warnings)
    assert read.plan.shape.startswith("inner=")
    assert not Read(word(paragraph("alone")), "a.docx").plan.shape


def test_documents_on_slides_and_sheets_are_read_and_figures_of_charts_are_not() -> None:
    deck = Presentation()
    for title in ("One", "Two"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    figures = chart_data.CategoryChartData()
    figures.categories = ["East"]
    figures.add_series("Sold", (7,))
    slide = deck.slides[1]
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(3), Inches(3), figures)
    inner = io.BytesIO(word(paragraph("quince in the letter")))
    slide.shapes.add_ole_object(inner, "Word.Document.12", 0, 0, Inches(1), Inches(1), icon_file=io.BytesIO(DOT))
    slide.shapes.add_ole_object(
        io.BytesIO(b"PK\3\4"), "Word.Document.12", 0, 0, Inches(1), Inches(1), icon_file=io.BytesIO(DOT)
    )
    stream = io.BytesIO()
    deck.save(stream)
    read = Read(stream.getvalue(), "a.pptx")
    parts = [json.loads(row.extra)["part"] for row in read.rows if row.extra and "part" in row.extra]
    assert parts == ["oleObject1.bin"] and "quince" in read.rows[-1].text
    assert [number for number, _ in read.notes[0].units_failed] == [2]

    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as made:
        made.add_worksheet("Prices").write(0, 0, "plum")
    read = Read(with_members(book.getvalue(), {"xl/embeddings/a.docx": word(paragraph("quince in a sheet"))}), "a.xlsx")
    assert [row.extra for row in read.rows if "quince" in row.text] == ['{"lines": "paragraph", "part": "a.docx"}']


def flat(kind: str, body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {NAMES} xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'office:mimetype="application/vnd.oasis.opendocument.{kind}"><office:meta><dc:title>Fruit</dc:title></office:meta>'
        f"<office:styles><text:p>never shown</text:p></office:styles><office:body>{body}</office:body></office:document>"
    ).encode()


def test_flat_open_documents_are_read_as_packed_ones() -> None:
    read = Read(
        flat("text", "<office:text><text:h text:outline-level='1'>Quince</text:h><text:p>medlar</text:p></office:text>")
    )
    assert (read.plan.title, read.plan.media_type) == ("Fruit", "application/vnd.oasis.opendocument.text")
    assert read.text == "Quince\nmedlar" and read.heading("medlar") == "Quince"
    cells = "".join(
        f"<table:table-row><table:table-cell><text:p>{a}</text:p></table:table-cell></table:table-row>"
        for a in ("plum", "sloe")
    )
    body = f'<office:spreadsheet><table:table table:name="Prices">{cells}</table:table></office:spreadsheet>'
    read = Read(flat("spreadsheet", body), "a.fods")
    assert read.plan.unit == "sheet" and read.place("sloe")["sheet"] == "Prices"
    with pytest.raises(SourceError):
        Read(flat("text", "").replace(b"office:body", b"office:x"))
    with pytest.raises(LimitExceeded):
        Read(flat("text", ""), options=ExtractOptions(max_expanded_bytes=10))


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
        "mass volume",
    ]


def test_a_row_of_a_word_table_is_a_line() -> None:
    def cell(*inside: str) -> str:
        return f"<w:tc>{''.join(inside)}</w:tc>"

    rows = (
        cell(paragraph("Fruit")) + cell(paragraph("Tons")) + cell(paragraph("Year")),
        cell(paragraph("Pears")) + cell(paragraph("12"), paragraph("about")) + cell(paragraph("2024")),
    )
    table = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    assert Read(word(table), "a.docx").text.split("\n") == ["Fruit | Tons | Year", "Pears | 12 about | 2024"]


# --- workbooks -----------------------------------------------------------------------------------


def workbook(fill: Any) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        fill(book)
    return target.getvalue()


def test_rows_stand_below_their_header_with_dates_and_numbers_as_people_see_them() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Budget")
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, ["Budget of the club"])
        sheet.write_row(2, 0, ["Day", "What", "Sum", "Paid"])
        for row in range(200):
            sheet.write_datetime(3 + row, 0, datetime.datetime(2024, 5, 1) + datetime.timedelta(days=row), day)
            sheet.write_row(3 + row, 1, [f"thing number {row}", row + 0.1 + 0.2, row % 2 == 0])
        sheet.write_comment(4, 1, "who bought this")
        sheet.insert_textbox(1, 8, "a box on the sheet")
        hidden = book.add_worksheet("Secret")
        hidden.write_row(0, 0, ["unseen", 7.0])
        hidden.hide()
        book.add_worksheet("Empty")

    read = Read(workbook(fill), "a.xlsx")
    assert (read.plan.unit, read.plan.units) == ("sheet", 3)
    rows = [row for row in read.rows if "thing number" in row.text]
    assert len(rows) > 5
    assert all("Day\tWhat\tSum\tPaid" in row.text for row in rows)
    assert "2024-05-01\tthing number 0\t0.3\tTRUE" in read.text
    assert read.place("thing number 100\t")["sheet"] == "Budget"
    place = read.place("thing number 100\t")
    assert place["row_start"] <= 104 <= place["row_end"]
    assert read.heading("unseen\t7") == "Secret"
    assert "who bought this" in read.text
    assert read.place("a box on the sheet") == {"sheet": "Budget"}
    assert [(notes.units_seen, notes.units_with_text) for notes in read.notes] == [(3, 2)]


def test_a_long_sheet_is_cut_and_no_row_is_lost() -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("Small").write_row(0, 0, ["one", "two"])
        sheet = book.add_worksheet("Long")
        sheet.write_row(0, 0, ["Key", "Value"])
        for row in range(1, 120_001):
            sheet.write_row(row, 0, [f"k{row}", row])
        book.add_worksheet("After").write(0, 0, "the end")

    read = Read(workbook(fill), "a.xlsx")
    assert [(found.start, found.first_line) for found in read.plan.segments] == [
        (1, 1), (2, 1), (2, 50_001), (2, 100_001), (3, 1)
    ]  # fmt: skip
    assert sum(notes.units_seen for notes in read.notes) == 3
    found = [line for row in read.rows for line in row.text.split("\n") if line.startswith("k")]
    assert found == [f"k{row}\t{row}" for row in range(1, 120_001)]
    assert all(row.text.startswith("Key\tValue") for row in read.rows if "\nk" in row.text)


def test_the_last_row_may_be_the_first_of_a_segment() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Long")
        for row in range(100_001):
            sheet.write_row(row, 0, [f"k{row}", row])

    read = Read(workbook(fill), "a.xlsx")
    assert [found.first_line for found in read.plan.segments] == [1, 50_001, 100_001]
    assert read.place("k100000") == {"sheet": "Long", "row_start": 100_001, "row_end": 100_001}


def test_two_cells_at_opposite_ends_do_not_fill_the_memory() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Wide")
        sheet.write(0, 0, "top left")
        sheet.write(1_048_575, 16_383, "bottom right")

    read = Read(workbook(fill), "a.xlsx")
    assert "top left" in read.text
    assert read.place("bottom right") == {"sheet": "Wide", "row_start": 1_048_576, "row_end": 1_048_576}


def test_damage_to_one_sheet_keeps_the_others() -> None:
    def fill(book: Any) -> None:
        for name in ("First", "Second"):
            book.add_worksheet(name).write_row(0, 0, [f"text of {name}", 1])

    data = workbook(fill)
    read = Read(changed(data, {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"}), "a.xlsx")
    assert "text of Second" in read.text
    assert [number for notes in read.notes for number, _ in notes.units_failed] == [1]
    lost = Read(changed(data, {"xl/_rels/workbook.xml.rels": None}), "a.xlsx")
    assert "text of First" in lost.text
    assert lost.place("text of Second")["sheet"] == "Sheet2"


def test_sheets_whose_cells_lost_their_texts_are_gaps() -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("Words").write_row(0, 0, ["quince", 1])
        book.add_worksheet("Numbers").write_row(0, 0, [4711, 2])

    data, strings = workbook(fill), "xl/sharedStrings.xml"
    whole = Read(data, "a.xlsx")
    assert "quince" in whole.text and not whole.notes[0].units_failed
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        said, place = archive.read(strings), archive.getinfo(strings)
    for name, broken in {
        "gone": changed(data, {strings: None}),
        "cut": changed(data, {strings: said[: said.index(b"quince")]}),
        "packed badly": bytearray(data),
    }.items():
        if isinstance(broken, bytearray):
            start = place.header_offset + 30 + len(strings) + 5
            broken[start : start + 8] = b"\xff" * 8
        read = Read(bytes(broken), "a.xlsx")
        assert "4711" in read.text, name
        assert [number for number, _ in read.notes[0].units_failed] == [1], name
        assert "texts" in read.notes[0].units_failed[0][1], name


def test_a_sheet_that_its_workbook_has_lost_is_a_gap() -> None:
    def fill(book: Any) -> None:
        for name in ("First", "Second"):
            book.add_worksheet(name).write_row(0, 0, [f"text of {name}", 1])

    read = Read(changed(workbook(fill), {"xl/worksheets/sheet2.xml": None}), "a.xlsx")
    assert "text of First" in read.text
    assert [number for number, _ in read.notes[0].units_failed] == [2]
    assert "is missing" in read.notes[0].units_failed[0][1]


def test_a_package_of_which_nothing_can_be_read_is_damaged() -> None:
    data = workbook(lambda book: book.add_worksheet("Only").write(0, 0, "text"))
    broken = {"xl/worksheets/sheet1.xml": b"<worksheet"}
    with pytest.raises(SourceMalformed, match="None of its sheets"):
        Read(changed(data, dict(broken)), "a.xlsx")
    with pytest.raises(SourceMalformed, match="None of its slides"):
        Read(changed(DECK, {f"ppt/slides/slide{number}.xml": b"<p:sld" for number in (1, 2, 3)}), "a.pptx")


def test_a_binary_sheet_tells_how_far_it_reaches() -> None:
    def record(kind: int, *numbers: int) -> bytes:
        body = b"".join(number.to_bytes(4, "little") for number in numbers)
        return bytes((kind, len(body))) + body

    sheet = record(0, 10) + record(2, 3, 0, 0) + b"\x94\x01\x02ab" + record(0, 1_000_000) + record(7, 16_000, 0, 0)
    with Package(memory(zipped({"xl/worksheets/sheet1.bin": sheet})), OPTIONS, "a workbook") as package:
        assert widest_area(areas_of(package)) == (1_000_000 - 10 + 1) * (16_000 - 3 + 1)


def odd_values(book: Any) -> None:
    sheet = book.add_worksheet("Odd")
    for row, (value, code) in enumerate(
        (
            (45413, "yyyy-mm-dd"),
            (45413.5, "d/m/yy h:mm"),
            (0.25, "h:mm"),
            (1.5, "[h]:mm"),
            (7, '"day" 0'),
        )
    ):
        sheet.write_number(row, 2, value, book.add_format({"num_format": code}))
    sheet.write(7, 1, "  blanks  ")
    sheet.write_rich_string(8, 3, "rich ", book.add_format({"bold": True}), "string")
    sheet.write_boolean(9, 0, False)


def test_streamed_rows_are_those_of_the_library() -> None:
    samples = [
        workbook(odd_values),
        *(path.read_bytes() for path in sorted((CORPUS / "files" / "office").glob("s*.xlsx"))),
    ]
    for data in samples:
        with Package(memory(data), OPTIONS, "a workbook") as package:
            book = StreamedBook(package)
            streamed = [list(book.rows(index)) for index in range(1, len(book.names) + 1)]
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as other:
            assert book.names == other.sheet_names
            for index, rows in enumerate(streamed):
                sheet = other.get_sheet_by_index(index)
                left = (sheet.start or (0, 0))[1]
                expected = [(at, [shown(cell) for cell in row]) for at, row in enumerate(sheet.iter_rows(), 1)]
                trimmed = [(at, row[left:] + [""] * (sheet.width - len(row[left:]))) for at, row in rows if any(row)]
                assert trimmed == [(at, row) for at, row in expected if any(row)]


def test_shares_are_shown_as_percents() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Shares")
        sheet.write_row(1, 1, ["what", "share", "plain"])
        for number, (form, value) in enumerate([("0.0%", 0.125), ("0%", 0.07), ("0.00%", 1.0)], 2):
            sheet.write_row(number, 1, ["x"])
            sheet.write_number(number, 2, value, book.add_format({"num_format": form}))
            sheet.write_number(number, 3, value)

    data = workbook(fill)
    with Package(memory(data), OPTIONS, "a workbook") as package:
        streamed = [[cell for cell in cells if cell] for _, cells in StreamedBook(package).rows(1)]
    assert streamed[1:] == [["x", "12.5%", "0.125"], ["x", "7%", "0.07"], ["x", "100%", "1"]]
    assert "x\t12.5%\t0.125\nx\t7%\t0.07\nx\t100%\t1" in Read(data).text


def test_a_workbook_that_the_library_refuses_is_streamed() -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("Kept").write_row(0, 0, ["kept", datetime.date(2024, 5, 1)])

    data = changed(workbook(fill), {"xl/styles.xml": b"<broken"})
    with pytest.raises(python_calamine.CalamineError):
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    assert "kept" in Read(data, "a.xlsx").text


@given(st.lists(st.lists(st.text(max_size=30).map(shown), max_size=20), max_size=40), st.integers(60, 900))
def test_every_filled_cell_is_in_the_block_of_its_row(cells: list[list[str]], limit: int) -> None:
    rows = list(enumerate(cells, 1))
    blocks = list(grid_blocks(rows, find_header(rows), limit, (("sheet", "S"),), ("S",)))
    place = [dict(block.extra) for block in blocks]
    assert place == sorted(place, key=lambda found: int(found["row_start"]))
    for number, row in rows:
        for cell in filter(None, row):
            assert any(
                int(found["row_start"]) <= number <= int(found["row_end"]) and cell in block.text
                for found, block in zip(place, blocks, strict=True)
            )


def test_values_are_shown_as_people_write_them() -> None:
    values = [3.0, 0.1 + 0.2, 1e300, True, None, " a\n b ", datetime.datetime(2024, 5, 1), datetime.time(5, 6)]
    assert [shown(value) for value in values] == ["3", "0.3", "1e+300", "TRUE", "", "a b", "2024-05-01", "05:06"]
    assert shown(datetime.datetime(2024, 5, 1, 13, 45)) == "2024-05-01 13:45"
    assert shown(datetime.timedelta(hours=30, minutes=5)) == "30:05:00"


# --- OpenDocument --------------------------------------------------------------------------------


def odf(kind: str, body: str, **members: str) -> bytes:
    content = f'<?xml version="1.0"?><office:document-content {NAMES}><office:body>{body}</office:body></office:document-content>'
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return zipped(
        {"mimetype": mimetype, "content.xml": content, **{f"{name}.xml": text for name, text in members.items()}}
    )


def test_text_document_gives_headings_lists_tables_notes_and_boxes() -> None:
    read = Read(
        odf(
            "text",
            """<office:text>
            <text:tracked-changes><text:p>was deleted</text:p></text:tracked-changes>
            <text:h text:outline-level="1">Garden</text:h>
            <text:p>Peas<text:s text:c="2"/>and <text:span>beans</text:span>.<text:note><text:note-citation>1</text:note-citation>
              <text:note-body><text:p>sown in May</text:p></text:note-body></text:note> Done.</text:p>
            <text:h text:outline-level="2">Tools</text:h>
            <text:list><text:list-item><text:p>spade</text:p><text:list><text:list-item><text:p>small spade</text:p>
              </text:list-item></text:list></text:list-item></text:list>
            <table:table><table:table-row><table:table-cell><text:p>left</text:p></table:table-cell>
              <table:table-cell><text:p>right</text:p></table:table-cell></table:table-row></table:table>
            <text:p><draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame></text:p>
            </office:text>""",
            styles=f"<s {NAMES} xmlns:style='{OFFICE}style:1.0'><style:header><text:p>running head</text:p></style:header>"
            "<style:header><text:p>running head</text:p></style:header></s>",
        ),
        "a.odt",
    )
    assert "Peas  and beans. Done." in read.text
    assert "[1] sown in May" in read.text
    assert read.heading("small spade") == "Garden › Tools"
    assert "left\tright" in read.text
    assert "in a box" in read.text
    assert read.text.count("running head") == 1
    assert "was deleted" not in read.text


def test_presentation_gives_slides_with_notes() -> None:
    page = (
        "<draw:page><draw:frame><draw:text-box><text:p>body {0}</text:p></draw:text-box></draw:frame>"
        '<draw:frame presentation:class="title"><draw:text-box><text:p>Title {0}</text:p></draw:text-box></draw:frame>'
        "<draw:g><draw:custom-shape><text:p>grouped {0}</text:p></draw:custom-shape></draw:g>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>say {0}</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
    )
    body = "".join(page.format(number) for number in (1, 2))
    read = Read(odf("presentation", f"<office:presentation>{body}</office:presentation>"), "a.odp")
    assert (read.plan.unit, read.plan.units) == ("slide", 2)
    assert read.heading("body 2") == read.heading("grouped 2") == "Title 2"
    assert read.heading("say 2") == "Title 2 › Notes"
    assert read.place("say 2") == {"slide": 2}


def test_spreadsheet_shows_what_cells_show_and_bears_endless_repeats() -> None:
    row = "<table:table-row{0}>{1}</table:table-row>"
    cell = "<table:table-cell{0}><text:p>{1}</text:p></table:table-cell>"
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    body = (
        '<office:spreadsheet><table:table table:name="Ducks">'
        + row.format("", cell.format("", "Year") + cell.format("", "Sum") + empty)
        + row.format(' table:number-rows-repeated="1000"', empty)
        + row.format("", cell.format("", "2024") + cell.format(' office:value="0.5"', "50 %"))
        + row.format(
            ' table:number-rows-repeated="1048000"', cell.format(' table:number-columns-repeated="16000"', "x")
        )
        + "</table:table></office:spreadsheet>"
    )
    began = time.monotonic()
    endless = Read(odf("spreadsheet", body), "a.ods")
    assert len(endless.notes[0].warnings) == 1
    assert len(endless.text) < 10_000_000
    assert time.monotonic() - began < 20
    read = Read(odf("spreadsheet", body.replace("16000", "2").replace("1048000", "3")), "a.ods")
    assert read.heading("50 %") == "Ducks"
    place = read.place("2024\t50 %")
    assert place["row_start"] <= 1002 <= place["row_end"]


def test_damage_in_the_middle_keeps_what_stands_before_it() -> None:
    good = odf("text", "<office:text><text:p>before</text:p><text:p>after</text:p></office:text>")
    read = Read(changed(good, {"content.xml": zipfile.ZipFile(io.BytesIO(good)).read("content.xml")[:-60]}), "a.odt")
    assert "before" in read.text
    assert read.notes[0].warnings
    assert read.notes[0].units_failed


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_encrypted_packages_ask_for_a_password(kind: str) -> None:
    data = changed(odf(kind, ""), {"META-INF/manifest.xml": b"<m><encryption-data/></m>", "content.xml": b"\x99\x01"})
    with pytest.raises(SourceEncrypted):
        Read(data, "a.odt")


@pytest.mark.parametrize(
    "declared",
    ["<!DOCTYPE d [<!ENTITY x 'y'>]>", "<!DOCTYPE d SYSTEM 'file:///etc/passwd' [<!ENTITY % x SYSTEM 'http://h/'>]>"],
)
def test_entities_are_refused(declared: str) -> None:
    with pytest.raises(SourceMalformed, match="entities"):
        Read(zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": declared + "<d>&x;</d>"}))


# --- packages ------------------------------------------------------------------------------------


def test_bombs_are_stopped_by_what_the_directory_claims() -> None:
    zeros = bytes(64 * 1024 * 1024)
    bomb = zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": zeros})
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_RATIO"):
        Read(bomb)
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        Read(bomb, options=ExtractOptions(max_expanded_bytes=1024 * 1024))
    many = zipped(
        {"mimetype": "application/vnd.oasis.opendocument.text", **{f"m{number}": "" for number in range(200)}}
    )
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_MEMBERS"):
        Read(many, options=ExtractOptions(max_members=100))


def test_a_directory_that_lies_is_found_out() -> None:
    data = bytearray(zipped({"a": b"x" * 3_000_000}))
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # the size it claims
    with Package(memory(bytes(data)), ExtractOptions(max_expanded_bytes=1_000_000), "a package") as package:
        with pytest.raises(LimitExceeded):
            package.verify()
        with pytest.raises(SourceMalformed):
            package.read("a")


def test_names_are_found_as_sloppy_producers_write_them() -> None:
    with Package(memory(zipped({"Word\\Document.XML": "x"})), OPTIONS, "a package") as package:
        assert package.read("word/document.xml") == b"x"
        assert "word/other.xml" not in package


# --- RTF -----------------------------------------------------------------------------------------


def rtf(body: str) -> list[Block]:
    return list(RtfParser().blocks(io.BytesIO(body.encode("latin-1"))))


def texts(body: str) -> list[str]:
    return [block.text for block in rtf(body)]


FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset238 Arial CE;}{\f2\fcharset204 Cyr;}{\f3\fcharset128 Gothic;}}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"{\rtf1\ansi plain\par second}", ["plain", "second"]),
        (r"{\rtf1\ansi\ansicpg1250 \'e8esky}", ["česky"]),
        (r"{\rtf1\ansi\deff0" + FONTS + r"\f1 \'e8\f2 \'e8\f3 \'93\'fa\'96\'7b\f0 \'e8}", ["čи日本è"]),
        (r"{\rtf1\ansi\uc1 it\u8217\'92s \u8364?5}", ["it’s €5"]),
        (r"{\rtf1\ansi\uc2\u26085??{\uc0\u26412}}", ["日本"]),
        (r"{\rtf1 \u-10179?\u-8704? smile}", ["😀 smile"]),
        (r"{\rtf1 a\tab b\line c\~d\emdash e\{\\\}}", ["a\tb\nc\xa0d—e{\\}"]),
        (r"{\rtf1{\*\generator Word;}{\field{\*\fldinst HYPERLINK x}{\fldrslt link}} text}", ["link text"]),
        (r"{\rtf1 shown {\v hidden}{\deleted gone}too}", ["shown too"]),
        (r"{\rtf1\trowd\intbl one\cell two\cell\row\trowd\intbl 3\cell 4\cell\row\pard after\par}", ["one\ttwo\n3\t4", "after"]),
        (r"{\rtf1 word{\footnote a note} goes on\par}", ["word goes on", "a note"]),
        (r"{\rtf1{\header\pard top\par}{\header top\par}body\par}", ["body", "top"]),
        (r"{\rtf1{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt boxed\par}}}body\par}", ["body", "boxed"]),
        ("{\\rtf1 a{\\pict\\pngblip 89504e47\n0d0a}b{\\bin5 {{{}}c}}", ["abc"]),
        (r"{\rtf1 unbalanced}}}\par more", ["unbalanced", "more"]),
    ],
)  # fmt: skip
def test_rtf_text(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


def test_rtf_headings_come_from_styles_and_outline_levels() -> None:
    blocks = rtf(
        r"{\rtf1{\stylesheet{\s0 Normal;}{\s3 heading 2;}{\s4\outlinelevel0 Chapter;}}"
        r"\pard\s4 One\par\pard\s3 Two\par\pard\s0 text\par\pard\outlinelevel2 Three\par}"
    )
    assert [(block.text, block.level) for block in blocks] == [("One", 1), ("Two", 2), ("text", 0), ("Three", 3)]


def test_rtf_facts_are_metadata() -> None:
    read = Read(rb"{\rtf1\ansi{\info{\title The tale}{\author Ana}{\creatim\yr2024}}text\par}")
    assert read.plan.title == "The tale"
    assert read.plan.metadata["creator"] == "Ana"
    assert read.text == "text"


def test_a_big_picture_streams_by() -> None:
    class Long(io.RawIOBase):
        """A picture of 64 MiB that is never all there."""

        left = 256

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            if self.left == 255:
                return b"{\\rtf1 before\\par{\\pict\\pngblip "
            return b"" if self.left < 0 else b"} after\\par}" if self.left == 0 else b"89504e47" * (size // 8)

    stream: Any = Long()
    import tracemalloc

    tracemalloc.start()
    try:
        assert [block.text for block in RtfParser().blocks(stream)] == ["before", "after"]
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


@given(
    st.lists(
        st.sampled_from(
            [r"\u8217?", r"\'e8", "{", "}", r"\par ", r"\bin3 ", r"\*", r"\pict ", "text", r"\f9", r"\uc3", "\\"]
        )
    )
)
def test_rtf_of_any_making_ends(parts: list[str]) -> None:
    whole = "{\\rtf1 " + "".join(parts)
    assert all(isinstance(block, Block) for block in rtf(whole))


def test_rtf_reads_alike_however_its_bytes_come() -> None:
    class Drip(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(7, size or 7))

    data = (CORPUS / "files" / "text" / "czech.rtf").read_bytes()
    assert list(RtfParser().blocks(Drip(data))) == list(RtfParser().blocks(io.BytesIO(data)))


# --- DOC and PPT ---------------------------------------------------------------------------------


def ole(stream: str) -> bytes:
    """An OLE file with one empty stream."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (0).to_bytes(4, "little")
    header[76:] = b"\xff" * (512 - 76)
    name = stream.encode("utf-16-le") + b"\0\0"
    return bytes(header) + (name.ljust(64, b"\0") + len(name).to_bytes(2, "little")).ljust(512, b"\0")


FAKE = """#!{python}
import os, sys, time
what = {what!r}
if what == "hang":
    if os.fork() == 0:
        open({mark!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    time.sleep(600)
out = sys.argv[sys.argv.index("--outdir") + 1]
into = sys.argv[sys.argv.index("--convert-to") + 1]
assert any(word.startswith("-env:UserInstallation=file:///") for word in sys.argv)
assert "--headless" in sys.argv
assert open(sys.argv[-1], "rb").read(4) == b"\\xd0\\xcf\\x11\\xe0"
if what == "works":
    os.mkdir(out)
    open(os.path.join(out, "document." + into), "wb").write(open({sample!r}, "rb").read())
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program named soffice on the path that does as it is told."""

    def install(what: str, sample: bytes = b"") -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        (tmp_path / "sample").write_bytes(sample)
        program = folder / "soffice"
        mark, made = str(tmp_path / "mark"), str(tmp_path / "sample")
        program.write_text(FAKE.format(python=sys.executable, what=what, mark=mark, sample=made), "utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return tmp_path / "mark"

    return install


def test_old_formats_say_what_they_need(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(legacy, "_USUAL", ())
    for stream, name in (("WordDocument", "Word 97-2003"), ("PowerPoint Document", "PowerPoint 97-2003")):
        with pytest.raises(UnsupportedFormat, match=f"{name}.*LibreOffice.*Install"):
            Read(ole(stream))


def test_old_formats_behind_a_password_say_so() -> None:
    word = ole("WordDocument") + (b"\xec\xa5" + bytes(8) + (0x0100).to_bytes(2, "little")).ljust(512, b"\0")
    with pytest.raises(SourceEncrypted):
        Read(word, "a.doc")
    slides = bytearray(ole("PowerPoint Document"))
    name = "EncryptedSummary".encode("utf-16-le") + b"\0\0"
    slides[512 + 128 : 512 + 128 + 66] = name.ljust(64, b"\0") + len(name).to_bytes(2, "little")
    with pytest.raises(SourceEncrypted):
        Read(bytes(slides), "a.ppt")


def test_old_formats_are_converted_and_read(office: Any) -> None:
    office("works", DECK)
    read = Read(ole("PowerPoint Document"), "a.ppt")
    assert read.place("no title here") == {"slide": 3}
    assert read.plan.media_type == "application/vnd.ms-powerpoint"


def test_a_document_that_the_office_cannot_read_is_damaged(office: Any) -> None:
    office("nothing")
    with pytest.raises(SourceMalformed):
        Read(ole("WordDocument"), "a.doc")


def test_an_office_that_hangs_is_ended_with_its_children(office: Any) -> None:
    mark: Path = office("hang")
    with pytest.raises(LimitExceeded, match="INGESTION_OFFICE_SECONDS"):
        Read(ole("WordDocument"), "a.doc", ExtractOptions(office_seconds=2.0))
    child = int(mark.read_text("ascii"))
    deadline = time.monotonic() + 10
    while running(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_an_office_ends_and_leaves_nothing_when_the_reading_process_is_killed(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark: Path = office("hang")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}/bin{os.pathsep}/usr/bin")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    path = tmp_path / "a.doc"
    path.write_bytes(ole("WordDocument"))
    process = ChildProcess(wall_seconds=60, cpu_seconds=30)

    def reads() -> None:
        with pytest.raises(ReaderCrashed):
            read_file(process, path)

    reading = threading.Thread(target=reads)
    reading.start()
    deadline = time.monotonic() + 30
    while not (mark.exists() and mark.read_text("ascii")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert list(temporary.iterdir())
    process.kill()
    reading.join(30)
    while running(int(mark.read_text("ascii"))) or list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_folders_that_were_left_behind_are_removed(tmp_path: Path) -> None:
    for name, age in (("ingest-office-old", 7 * 3600), ("ingest-office-new", 60), ("other", 7 * 3600)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "document.doc").write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    legacy._sweep(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"ingest-office-new", "other"}


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- damage of any kind --------------------------------------------------------------------------

MUTATED = (
    "office/slides.pptx",
    "office/simple.xlsx",
    "office/text.odt",
    "office/table.ods",
    "office/slides.odp",
    "text/simple.rtf",
)


def mutations(data: bytes, seed: int) -> bytes:
    """Cut short, bytes changed, or (in packages) one member changed or gone."""
    chance = random.Random(seed)

    def scratch(original: bytes) -> bytes:
        changing = bytearray(original)
        for _ in range(chance.choice((1, 4, 30))):
            changing[chance.randrange(len(changing))] = chance.randrange(256)
        return bytes(changing)

    if seed % 3 == 0:
        return data[: chance.randrange(1, len(data))]
    if seed % 3 == 1 or not data.startswith(b"PK"):
        return scratch(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = chance.choice(archive.namelist())
        member = archive.read(name)
    return changed(data, {name: scratch(member) if member and chance.random() < 0.8 else None})


@pytest.mark.parametrize("name", MUTATED)
def test_damaged_files_end_in_errors_of_ours(name: str) -> None:
    data = (CORPUS / "files" / name).read_bytes()
    ends = set()
    for seed in range(24):
        try:
            Read(mutations(data, seed), name)
            ends.add("read")
        except SourceError:
            ends.add("refused")
    assert ends == {"read", "refused"} or name.endswith(".rtf")


def test_a_large_file_is_read_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "deck.pptx"
    path.write_bytes(DECK)
    source = SourceFile(str(path), len(DECK), DECK[:65536])
    reader = REGISTRY.choose(source)
    plan = reader.plan(source, OPTIONS)
    blocks = list(reader.read(source, plan, plan.segments[0], OPTIONS, SegmentNotes()))
    assert "no title here" in {block.text for block in blocks}
