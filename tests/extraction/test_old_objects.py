"""Documents in workbooks and presentations of before 2007, and the copy of a storage as a file of its own."""

import io
import json
import struct
import zlib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Union

import olefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import SourceError, SourceMalformed
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.old_objects import BookObjects
from ingest_desktop.extraction.ole_copy import storage_file

from .conftest import memory
from .office_kit import DECK, Read, packaged, paragraph, word, zipped
from .ole_maker import ole
from .test_book_parts import book

Tree = Mapping[str, Union[bytes, "Tree"]]


def copied(tree: Tree, path: tuple[str, ...] = ("inside",), most: int = 10**9) -> dict[str, bytes]:
    """What stands in the copy of a storage, by its paths."""
    with olefile.OleFileIO(io.BytesIO(ole(tree))) as one:
        data = storage_file(one, path, most)
    with olefile.OleFileIO(io.BytesIO(data)) as two:
        assert not two.parsing_issues
        return {"/".join(name): two.openstream(name).read() for name in two.listdir()}


def test_a_copy_holds_what_the_storage_holds() -> None:
    inside: Tree = {"a": b"x" * 5000, "b": b"", "c": b"y" * 70, "more": {"d": b"z" * 4096, "e": {"f": b"w"}}}
    found = copied({"inside": inside, "a": b"another"})
    assert found == {"a": b"x" * 5000, "b": b"", "c": b"y" * 70, "more/d": b"z" * 4096, "more/e/f": b"w"}


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text("abcdefghiJKL\x01é", min_size=1, max_size=30), st.integers(0, 9000), max_size=20))
def test_a_copy_of_any_streams_is_whole(sizes: dict[str, int]) -> None:
    sizes = {name: size for name, size in sizes.items() if sum(name.upper() == other.upper() for other in sizes) == 1}
    streams = {name: bytes([number % 256]) * size for number, (name, size) in enumerate(sizes.items())}
    assert copied({"inside": streams}) == streams


class Large:
    """A file with one storage that is larger than the maker of small ones can make it."""

    def __init__(self, streams: dict[str, bytes]) -> None:
        self._streams = streams
        kids = [SimpleNamespace(name=name, entry_type=2, size=len(data), kids=[]) for name, data in streams.items()]
        self.root = SimpleNamespace(kids=[SimpleNamespace(name="inside", entry_type=1, size=0, kids=kids)])

    def openstream(self, path: list[str]) -> io.BytesIO:
        return io.BytesIO(self._streams[path[-1]])


@pytest.mark.parametrize("size", [109 * 128 * 512 - 9000, 8 * 1024 * 1024, 16 * 1024 * 1024])
def test_a_large_copy_goes_on_beyond_what_its_head_can_list(size: int) -> None:
    streams = {"big": bytes(range(256)) * (size // 256), "next": b"q" * 9000}
    with olefile.OleFileIO(io.BytesIO(storage_file(Large(streams), ("inside",), 10**9))) as two:
        assert not two.parsing_issues
        assert {name[0]: two.openstream(name).read() for name in two.listdir()} == streams


def test_a_storage_that_claims_too_much_or_is_not_there_is_damaged() -> None:
    with pytest.raises(SourceMalformed):
        copied({"inside": {"a": b"x" * 5000}}, most=4000)
    with pytest.raises(SourceMalformed):
        copied({"inside": {}}, ("elsewhere",))


def workbook(objects: Tree) -> bytes:
    return ole({**objects, "Workbook": book()})


def test_documents_in_old_workbooks_are_read_or_told() -> None:
    with olefile.OleFileIO(io.BytesIO(packaged("list.txt", b"medlar in the list"))) as native:
        as_it_is = native.openstream("\x01Ole10Native").read()
    objects: Tree = {
        "MBD0001": {"Package": word(paragraph("quince in the letter")), "\x01Ole": b"x"},
        "MBD0002": {"\x01Ole10Native": as_it_is},
        "MBD0003": {"Workbook": book()},
        "MBD0004": {"Equation Native": b"x" * 5000},
        "MBD0005": {"Package": word("<w:p>")[:300]},
        "LNK0006": {"Package": word(paragraph("a link has no text of its own"))},
    }
    read = Read(workbook(objects), "a.xls")
    assert read.place("quince in the letter")["part"] == "MBD0001.docx"
    assert read.place("medlar in the list")["part"] == "list.txt"
    assert any("MBD0003.xls" in (row.extra or "") for row in read.rows)
    assert "a link has" not in read.text
    assert any("Embedded objects of other programs (1)" in said for said in read.notes[0].warnings)
    assert [why[:7] for _, why in read.notes[0].units_failed] == ["MBD0005"]
    assert read.plan.shape.startswith("inner=") and not Read(workbook({}), "a.xls").plan.shape


def test_documents_in_a_workbook_in_an_archive_are_told_with_the_way_to_them() -> None:
    inside = workbook({"MBD0001": {"Package": word(paragraph("quince in the letter"))}})
    read = Read(zipped({"books/a.xls": inside}), "a.zip")
    assert read.place("quince")["part"] == "books/a.xls/MBD0001.docx"


def test_damage_to_an_object_keeps_the_workbook() -> None:
    good = workbook({"MBD0001": {"Package": word(paragraph("quince in the letter")), "\x01Ole": b"x"}})
    name = "Package".encode("utf-16-le")
    at = good.index(name)
    bad = bytearray(good)
    struct.pack_into("<Q", bad, at + 120, 1 << 30)  # it claims a gigabyte
    read = Read(bytes(bad), "a.xls")
    assert [row for row in read.rows if "0.25" in row.text or "25" in row.text]
    assert [why for _, why in read.notes[0].units_failed if why.startswith("MBD0001: ")]


def stored(data: bytes, *, packed: bool = True) -> bytes:
    """An object as a presentation keeps it."""
    body = struct.pack("<I", len(data)) + zlib.compress(data) if packed else data
    return struct.pack("<HHI", 0x10 if packed else 0, 0x1011, len(body)) + body


def slides(*records: bytes) -> bytes:
    other = struct.pack("<HHI", 0xF, 0x3E8, 4) + b"abcd"
    return ole({"PowerPoint Document": other.join(records) + other, "Current User": b"x" * 40})


def test_files_on_old_slides_are_read_though_the_office_drops_them(office: Any) -> None:
    office("works", DECK)
    records = (
        stored(packaged("list.txt", b"medlar in the list")),
        stored(packaged("plain.txt", b"quince, not packed"), packed=False),
        stored(ole({"Workbook": book()})),  # the office hands that on
        stored(b"no object at all"),
        struct.pack("<HHI", 0x10, 0x1011, 50) + bytes(50),
    )
    read = Read(slides(*records), "a.ppt")
    assert read.place("no title here") == {"slide": 3}
    assert read.place("medlar in the list")["part"] == "list.txt"
    assert read.place("quince, not packed")["part"] == "plain.txt"
    assert sorted({part for row in read.rows if (part := json.loads(row.extra or "{}").get("part"))}) == [
        "list.txt",
        "plain.txt",
    ]


def test_objects_on_old_slides_that_unpack_to_too_much_are_a_gap(office: Any) -> None:
    office("works", DECK)
    data = slides(stored(packaged("list.txt", b"x" * 10_000_000)))
    read = Read(data, "a.ppt", ExtractOptions(max_expanded_bytes=5_000_000))
    assert [why for _, why in read.notes[0].units_failed if "INGESTION_MAX_EXPANDED_BYTES" in why]
    assert read.place("no title here") == {"slide": 3}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_objects_end_in_errors_of_ours(chance: st.DataObject) -> None:
    data = bytearray(
        workbook({"MBD0001": {"Package": b"x" * 5000, "more": {"a": b"y"}}, "MBD0002": {"CONTENTS": b"z"}})
    )
    for _ in range(chance.draw(st.integers(1, 9))):
        data[chance.draw(st.integers(0, len(data) - 1))] = chance.draw(st.integers(0, 255))
    found = BookObjects(memory(bytes(data)))
    for name in found.names:
        try:
            found.read(name)
        except SourceError:
            continue
