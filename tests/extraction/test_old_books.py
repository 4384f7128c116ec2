"""Old workbooks that would make their reader take memory without end are refused before it sees them."""

import struct
import zipfile
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.host import ChildProcess
from ingest_desktop.extraction.readers.old_books import check_old_book

from .conftest import memory, read
from .ole_maker import ole

_HEAD = struct.pack("<HH", 0x0809, 16) + struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)
_END = struct.pack("<HH", 0x0A, 0)


def book(*records: tuple[int, bytes], size: int = 5000) -> bytes:
    """An OLE file whose workbook has these records, filled up with zeros."""
    body = b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)
    return ole({"Workbook": (_HEAD + body + _END).ljust(size, b"\0")})


def strings(count: int) -> tuple[int, bytes]:
    return 0xFC, struct.pack("<II", count, count) + struct.pack("<HB", 4, 0) + b"word"


def cell(column: int) -> tuple[int, bytes]:
    return 0x0203, struct.pack("<HHHd", 0, column, 0, 1.0)


def endless() -> bytes:
    """The first sector of the workbook is followed by itself."""
    data = bytearray(book(strings(1)))
    (table,) = struct.unpack_from("<I", data, 76)
    for number in range(128):
        at = (table + 1) * 512 + 4 * number
        if struct.unpack_from("<I", data, at)[0] == number + 1:
            struct.pack_into("<I", data, at, number)
            return bytes(data)
    raise AssertionError("no chain")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (endless(), "a chain of its sectors has no end"),
        (book(strings(0x7FFFFFFF)), "more strings than it can hold"),
        (book(strings(1), cell(60_000)), "outside of its sheet"),
    ],
)
def test_what_takes_memory_without_end_is_damaged(data: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        check_old_book(memory(data))


@pytest.mark.parametrize(
    "data",
    [
        book(strings(1), cell(255)),
        book((0x2F, bytes(6)), strings(0x7FFFFFFF)),  # protected: what follows is not as it looks
        ole({"Workbook": b"small"}),
        b"no such file",
        book(strings(1))[:700],
    ],
)
def test_what_is_sound_or_damaged_otherwise_is_left_to_its_reader(data: bytes) -> None:
    check_old_book(memory(data))


def test_in_an_archive_only_that_member_is_a_gap(tmp_path: Path, child: ChildProcess) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bad.xls", endless())
        archive.writestr("good.txt", "words that stay")
    before = child.pid
    found = read(child, path)
    assert "words that stay" in found.text
    assert [why for result in found.results for _, why in result.units_failed] == [
        "bad.xls: The workbook is damaged: a chain of its sectors has no end."
    ]
    assert before in (None, child.pid)
