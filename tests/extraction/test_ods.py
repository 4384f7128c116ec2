"""OpenDocument spreadsheets of many rows: read in stretches, each of which gives the same on its own."""

import io
import zipfile

import pytest

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers import odf_sheets
from ingest_desktop.extraction.readers.odf import OdfReader

OPTIONS = ExtractOptions()
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odf_sheets, "_SEGMENT_CELLS", 1000)


def row(*cells: str) -> str:
    found = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table-row>{found}</table:table-row>"


def sheet(name: str, rows: str) -> str:
    blank = '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row>'
    return f'<table:table table:name="{name}">{rows}{blank}</table:table>'


def book(*sheets: str, end: str = "</office:spreadsheet></office:body></office:document-content>") -> SourceFile:
    packed = io.BytesIO()
    content = f"<office:document-content {SPACES}><office:body><office:spreadsheet>{''.join(sheets)}{end}"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        package.writestr("content.xml", content)
    data = packed.getvalue()
    return SourceFile("a.ods", len(data), data[:65536], data, inner=True)


def read(reader: OdfReader, source: SourceFile, plan: ReaderPlan, number: int) -> tuple[list[Block], SegmentNotes]:
    notes = SegmentNotes()
    return list(reader.read(source, plan, plan.segments[number], OPTIONS, notes)), notes


def long_sheet(count: int) -> str:
    remark = "<office:annotation><text:p>look here</text:p></office:annotation>"
    last = f"<table:table-row><table:table-cell>{remark}<text:p>the end</text:p></table:table-cell></table:table-row>"
    return row("name", "town", "number") + "".join(row(f"k{n}", "x", str(n)) for n in range(2, count)) + last


def test_a_large_sheet_is_cut_into_rows_each_under_its_header() -> None:
    source = book(
        sheet("Small", row("a", "b") + row("c", "d")), sheet("Long", long_sheet(700)), sheet("After", row("z"))
    )
    reader = OdfReader()
    plan = reader.plan(source, OPTIONS)
    assert (plan.unit, plan.units) == ("sheet", 3)
    assert [(one.start, one.stop, one.first_line > 1) for one in plan.segments] == [
        (1, 2, False),
        (2, 3, False),
        (2, 3, True),
        (2, 3, True),
        (3, 4, False),
    ]
    told = [read(reader, source, plan, number) for number in range(5)]
    assert [notes.units_seen for _, notes in told] == [1, 1, 0, 0, 1]
    assert [notes.units_with_text for _, notes in told] == [1, 1, 0, 0, 1]
    rows = [line for blocks, _ in told[1:4] for block in blocks for line in block.text.split("\n") if line[0] == "k"]
    assert rows == [f"k{n}\tx\t{n}" for n in range(2, 700)]
    assert all(block.text.startswith("name\ttown\tnumber\n") for block in told[2][0])
    assert told[3][0][-1].text == "Row 700: look here"
    assert told[4][0][0].text == "z"


def test_a_stretch_gives_the_same_to_a_reader_that_begins_with_it() -> None:
    source = book(sheet("Long", long_sheet(700)))
    reader = OdfReader()
    plan = reader.plan(source, OPTIONS)
    in_turn = [read(reader, source, plan, number)[0] for number in range(len(plan.segments))]
    assert len(in_turn) == 3
    for number in (2, 0, 1):
        assert read(OdfReader(), source, plan, number)[0] == in_turn[number]
    for number in (1, 1, 0):
        assert read(reader, source, plan, number)[0] == in_turn[number]


def test_damage_in_a_later_stretch_keeps_what_stands_before() -> None:
    source = book(sheet("Long", long_sheet(700)), end="<table:table table:name='Broken'><oops")
    reader = OdfReader()
    plan = reader.plan(source, OPTIONS)
    told = [read(reader, source, plan, number) for number in range(len(plan.segments))]
    rows = [line for blocks, _ in told for block in blocks for line in block.text.split("\n") if line[0] == "k"]
    assert len(rows) == 698
    assert [bool(notes.units_failed) for _, notes in told] == [False] * (len(told) - 1) + [True]
