"""What stands in XLS and XLSB workbooks beside the values: percents, comments, names, passwords."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import SourceEncrypted
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.ole import stream_names
from ingest_desktop.extraction.packages import Package
from ingest_desktop.extraction.readers.binary_rows import BinaryBook, small_number, streamed_book
from ingest_desktop.extraction.readers.cell_formats import column_letters, column_number
from ingest_desktop.extraction.readers.legacy import LegacyReader
from ingest_desktop.extraction.readers.old_book_parts import SheetParts, is_locked, parts_of, well_named
from ingest_desktop.extraction.readers.sheet_beside import PackageBeside
from ingest_desktop.extraction.readers.sheet_parts import areas_of

from .conftest import memory
from .ole_maker import ole


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def begin(kind: int, version: int = 0x0600) -> bytes:
    return record(0x0809, struct.pack("<HH", version, kind) + bytes(12))


def short(text: str) -> bytes:
    return bytes([len(text), 0]) + text.encode("latin-1")


def sheet() -> bytes:
    def number(row: int, style: int) -> bytes:
        return record(0x0203, struct.pack("<HHHd", row, 0, style, 0.25))

    def drawn(key: int, kind: int, pieces: tuple[bytes, ...], length: int) -> bytes:
        told = record(0x5D, struct.pack("<HHHH", 0x15, 0x12, kind, key) + bytes(14))
        return told + record(0x01B6, struct.pack("<10xHHI", length, 8, 0)) + b"".join(record(0x3C, p) for p in pieces)

    several = struct.pack("<HH", 4, 2) + struct.pack("<HIHI", 1, 2, 0, 6) + struct.pack("<H", 3)
    parts = (
        number(0, 0) + number(1, 1) + number(2, 2) + record(0xBD, several),
        drawn(7, 0x19, (b"\1" + "Bob: ché".encode("utf-16-le"), b"\0ck it"), 13),
        drawn(8, 0x06, (b"\0drawn\nbox",), 9),
        record(0x1C, struct.pack("<HHHH", 2, 27, 0, 7) + short("Bob")),
        begin(0x20) + record(0x100D, b"\0\0" + short("Sales by year")) + record(0x0A),
    )
    return begin(0x10) + b"".join(parts) + record(0x0A)


def book(extra: bytes = b"") -> bytes:
    own = record(0x041E, struct.pack("<HHB", 170, 5, 0) + b"0.00%")
    styles = b"".join(record(0xE0, struct.pack("<HH16x", 0, number)) for number in (0, 170, 9))
    at = len(begin(5) + extra + own + styles) + 4 + 6 + len(short("Quince")) + 4
    listed = record(0x85, struct.pack("<IH", at, 0) + short("Quince"))
    return begin(5) + extra + own + styles + listed + record(0x0A) + sheet()


def test_an_old_workbook_tells_percents_comments_and_drawn_text() -> None:
    found = parts_of(memory(ole({"Workbook": book()})))
    assert found == {
        "Quince": SheetParts(
            cells=5,
            percents={(2, 1), (3, 1), (5, 3)},
            remarks=["Sales by year", "AB3: Bob: chéck it", "drawn box"],
        )
    }


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_old_workbook_tells_less_and_no_more(chance: st.DataObject) -> None:
    data = bytearray(book())
    for _ in range(chance.draw(st.integers(1, 6))):
        data[chance.draw(st.integers(0, len(data) - 1))] = chance.draw(st.integers(0, 255))
    for found in parts_of(memory(ole({"Workbook": bytes(data[: chance.draw(st.integers(0, len(data)))])}))).values():
        assert found.cells < 50


def test_a_locked_old_workbook_is_known_and_one_in_capitals_is_read() -> None:
    assert is_locked(memory(ole({"Workbook": book(record(0x2F, bytes(6)))})))
    assert not is_locked(memory(ole({"Workbook": book()})))
    for name in ("WORKBOOK", "BOOK"):
        source = memory(ole({name: book()}))
        assert detect.kind_of(source) == kinds.XLS
        assert name.capitalize() in stream_names(well_named(source))
        assert "Quince" in parts_of(well_named(source))


def test_what_is_put_into_a_workbook_does_not_tell_what_it_is() -> None:
    inside = {"WordDocument": b"\xec\xa5" + bytes(600), "EncryptedPackage": b"x", "__substg1.0_0037001F": b""}
    for outer, kind in (("Workbook", kinds.XLS), ("PowerPoint Document", kinds.PPT), ("WordDocument", kinds.DOC)):
        assert detect.kind_of(memory(ole({"MBD0001": inside, "A": b"a", outer: book()}))) == kind


def long(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def piece(kind: int, body: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def relation(key: str, kind: str, target: str) -> str:
    return f'<Relation Id="{key}" Type="http://a/{kind}" Target="{target}"/>'


def test_a_binary_workbook_tells_percents_and_comments() -> None:
    members: dict[str, str | bytes] = {
        "_rels/.rels": f"<R>{relation('a', 'officeDocument', 'xl/workbook.bin')}</R>",
        "xl/_rels/workbook.bin.rels": f"<R>{relation('r1', 'worksheet', 'worksheets/sheet1.bin')}"
        f"{relation('r2', 'styles', 'styles.bin')}</R>",
        "xl/worksheets/_rels/sheet1.bin.rels": f"<R>{relation('c', 'comments', '../comments1.bin')}</R>",
        "xl/workbook.bin": piece(156, bytes(8) + long("r1") + long("Quince")),
        "xl/styles.bin": piece(44, struct.pack("<H", 170) + long("0.0%"))
        + piece(617)
        + b"".join(piece(47, struct.pack("<HH12x", 0, number)) for number in (0, 170, 10))
        + piece(618),
        "xl/worksheets/sheet1.bin": piece(0, struct.pack("<I13x", 4))
        + b"".join(piece(5, struct.pack("<IId", column, column, 0.5)) for column in range(3)),
        "xl/comments1.bin": piece(635, struct.pack("<IIIII", 0, 4, 4, 1, 1)) + piece(637, b"\0" + long("check\nthis")),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with Package(memory(packed.getvalue()), ExtractOptions(), "a workbook") as package:
        beside = PackageBeside(package, ["Quince"], areas_of(package))
        assert (beside.cells(1), beside.percents(1), beside.remarks(1)) == (3, {(5, 2), (5, 3)}, ["B5: check this"])
        assert PackageBeside(package, ["other"], {}).percents(1) == set()
        assert list(streamed_book(package).rows(1)) == [(5, ["0.5", "50%", "50%"])]


@pytest.mark.parametrize(("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_columns_have_letters(number: int, letters: str) -> None:
    assert (column_letters(number), column_number(letters)) == (letters, number)


def test_a_binary_workbook_is_read_row_by_row_when_it_must_be() -> None:
    def cell(kind: int, column: int, body: bytes, style: int = 0) -> bytes:
        return piece(kind, struct.pack("<II", column, style) + body)

    members: dict[str, str | bytes] = {
        "_rels/.rels": f"<R>{relation('a', 'officeDocument', 'xl/workbook.bin')}</R>",
        "xl/_rels/workbook.bin.rels": f"<R>{relation('r1', 'worksheet', 'macrosheets/sheet1.bin')}"
        f"{relation('r2', 'sharedStrings', 'sharedStrings.bin')}</R>",
        "xl/workbook.bin": piece(156, bytes(8) + long("r1") + long("Quince")),
        "xl/sharedStrings.bin": piece(19, b"\0" + long("first")) + piece(19, b"\0" + long("second")),
        "xl/macrosheets/sheet1.bin": piece(0, struct.pack("<I", 1))
        + cell(7, 0, struct.pack("<I", 1))
        + cell(6, 2, long("own text"))
        + cell(4, 3, b"\1")
        + piece(0, struct.pack("<I", 8))
        + cell(2, 1, struct.pack("<I", (1234 << 2) | 3))
        + cell(7, 3, struct.pack("<I", 99))
        + cell(9, 4, struct.pack("<d", 1.5)),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with Package(memory(packed.getvalue()), ExtractOptions(), "a workbook") as package:
        book = streamed_book(package)
        assert isinstance(book, BinaryBook) and book.names == ["Quince"]
        assert list(book.rows(1)) == [(2, ["second", "", "own text", "TRUE"]), (9, ["", "12.34", "", "", "1.5"])]


@pytest.mark.parametrize(
    ("value", "number"),
    [(0x3FF00000, 1.0), (0x40590001, 1.0), (7 << 2 | 2, 7.0), ((-7 << 2 | 2) & 0xFFFFFFFF, -7.0)],
)
def test_small_numbers_are_what_they_mean(value: int, number: float) -> None:
    assert small_number(value) == number


def test_slides_may_be_locked_without_saying_so_by_a_stream() -> None:
    user = struct.pack("<HHIII", 0, 0x0FF6, 40, 0x14, 0xF3D1C4DF) + bytes(40)
    slides = memory(ole({"PowerPoint Document": bytes(600), "Current User": user}))
    with pytest.raises(SourceEncrypted):
        LegacyReader().plan(slides, ExtractOptions())
