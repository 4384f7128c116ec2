"""Workbooks: rows below their headers, values as people see them, and sheets that reach far."""

import datetime
import io
import zipfile
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package
from ingest_desktop.extraction.readers.grid import find_header, grid_blocks, shown
from ingest_desktop.extraction.readers.sheet_parts import StreamedBook, areas_of, widest_area

from .conftest import CORPUS, memory
from .office_kit import DECK, OPTIONS, Read, changed, zipped


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
