"""Archives: their members are read in place, and nothing that an archive claims is believed."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.bootstrap import recipe_is_current
from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, recipe_of
from ingest_desktop.extraction import allowance, nested, tars, zip_directory
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.extraction.versions import VERSIONS

from .conftest import memory

REGISTRY = Registry([])
SMALL = ExtractOptions(max_expanded_bytes=4096)


class Got:
    """All that a file in memory gave."""

    def __init__(self, data: bytes, name: str, options: ExtractOptions, passwords: tuple[str, ...]) -> None:
        source = replace(memory(data, name), passwords=passwords)
        reader = REGISTRY.choose(source)
        self.plan = reader.plan(source, options)
        self.notes: list[SegmentNotes] = []
        self.blocks: list[Block] = []
        for segment in self.plan.segments:
            notes = SegmentNotes()
            self.blocks += [block for block in reader.read(source, self.plan, segment, options, notes) if block.text]
            self.notes.append(notes)

    @property
    def parts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for block in self.blocks:
            part = str(dict(block.extra)["part"])
            found[part] = found.get(part, "") + block.text
        return found

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)

    @property
    def failed(self) -> list[str]:
        return [why for notes in self.notes for _, why in notes.units_failed]

    @property
    def gaps(self) -> list[tuple[int, str]]:
        return [gap for notes in self.notes for gap in notes.units_failed]

    @property
    def warnings(self) -> list[str]:
        return [*self.plan.warnings, *(said for notes in self.notes for said in notes.warnings)]

    @property
    def seen(self) -> int:
        return sum(notes.units_seen for notes in self.notes)


def got(
    data: bytes,
    name: str = "a.zip",
    options: ExtractOptions = ExtractOptions(),  # noqa: B008  frozen
    passwords: tuple[str, ...] = (),
) -> Got:
    return Got(data, name, options, passwords)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def tarred(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")
TWO = (("one.txt", b"the first text"), ("folder/two.md", b"# Two\n\nthe second text\n"))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_members_are_read_by_their_kind(method: int) -> None:
    found = got(zipped(*TWO, method=method))
    assert found.plan.unit == "member"
    assert found.plan.units == found.seen == 2
    assert found.parts["one.txt"] == "the first text"
    assert "the second text" in found.parts["folder/two.md"]
    assert found.failed == found.warnings == []


def packed_as(method: int, packed: bytes, plain: bytes) -> bytes:
    """A ZIP archive of one member that another program has packed."""
    body = bytearray(zipped(("a.txt", packed), method=zipfile.ZIP_STORED))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = body.rindex(mark) + at
        struct.pack_into("<H4xIII", body, place, method, zlib.crc32(plain), len(packed), len(plain))
    return bytes(body)


@pytest.mark.parametrize("plain", [b"some text", b"word after word " * 60_000])
def test_zip_members_as_other_programs_pack_them(plain: bytes) -> None:
    """LZMA without a mark at its end, as 7-Zip writes it, and XZ."""
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}]
    properties = lzma.compress(plain, lzma.FORMAT_ALONE, filters=filters)[:5]
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters)
    unmarked = (packer.compress(plain) + packer.flush())[:-5]
    for method, packed in ((14, b"\x10\x02\x05\0" + properties + unmarked), (95, lzma.compress(plain))):
        found = got(packed_as(method, packed, plain))
        assert found.text.split() == plain.decode().split()
        assert found.failed == found.warnings == []


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("name", ["a.txt", "x" * 90 + "/" + "y" * 95 + ".txt", "ж/ü.txt"])
def test_tar_names_of_all_forms(form: int, name: str) -> None:
    found = got(tarred((name, b"some text"), ("b.txt", b"more"), form=form), "a.tar")
    assert found.parts == {name: "some text", "b.txt": "more"}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_and_packed_tar_archives(pack: object) -> None:
    assert callable(pack)
    ending = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]  # type: ignore[index]
    assert got(pack(b"a single text"), f"notes.txt.{ending}").parts == {"notes.txt": "a single text"}
    assert got(pack(tarred(*TWO)), f"all.tar.{ending}").parts.keys() == {"one.txt", "folder/two.md"}
    twice = pack(b"first, ") + pack(b"second")
    assert got(twice, f"twice.{ending}").parts == {"twice": "first, second"}


def test_the_forerunner_of_xz_is_read_too() -> None:
    alone = lzma.compress(b"a single text", lzma.FORMAT_ALONE)
    assert got(alone, "notes.txt.lzma").parts == {"notes.txt": "a single text"}
    packed = lzma.compress(tarred(*TWO), lzma.FORMAT_ALONE)
    assert got(packed, "all.tlz").parts.keys() == {"one.txt", "folder/two.md"}


def test_a_place_deep_inside_is_told_from_the_outermost_on() -> None:
    inner = zipped(("docs/leaf.txt", b"leaf"))
    found = got(gzip.compress(tarred(("in.zip", inner))), "out.tgz")
    assert found.parts == {"in.zip/docs/leaf.txt": "leaf"}


def test_headings_of_a_member_stand_below_its_name() -> None:
    source = memory(zipped(*TWO), "a.zip")
    reader = REGISTRY.choose(source)
    plan = reader.plan(source, ExtractOptions())
    blocks = list(reader.read(source, plan, plan.segments[0], ExtractOptions(), SegmentNotes()))
    assert [block.path for block in blocks if block.path] == [("one.txt",), ("two.md",)]
    assert [(block.level, block.text) for block in blocks if block.level] == [(2, "Two")]


def test_what_systems_leave_behind_is_skipped_quietly() -> None:
    found = got(
        zipped(
            ("__MACOSX/._one.txt", b"fork"), ("._two.txt", b"fork"), (".DS_Store", b"\0"), ("d/", b""), ("x.txt", b"x")
        )
    )
    assert found.plan.units == found.seen == 1
    assert found.warnings == found.failed == []


def test_kinds_that_nobody_reads_are_counted_in_one_warning() -> None:
    found = got(zipped(("a.mp3", b"ID3\4" + bytes(50)), ("b.mp3", b"ID3\3" + bytes(50)), ("c.txt", b"text")))
    assert found.seen == 3
    assert found.failed == []
    assert found.warnings == ["Left out, because nobody reads them: MP3 audio files (2)."]


def test_media_under_the_names_of_documents_are_left_out_and_no_gaps() -> None:
    film = b"\0\0\0\x20ftypisom\0\0\2\0" + bytes(50)
    icon = b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0" + bytes(50)
    members = (
        ("film.pdf", film),
        ("long.pdf", film + bytes(2 << 20)),
        ("icon.png", icon),
        ("x.ttf", b"OTTO\0" + bytes(50)),
    )
    found = got(zipped(*members, ("c.txt", b"text")))
    assert found.parts == {"c.txt": "text"} and found.seen == 5
    assert found.failed == []
    assert found.warnings == ["Left out, because nobody reads them: MP4 videos (2), ICO files (1), OTF files (1)."]


@pytest.mark.parametrize("more", [0, 2 << 20])
def test_a_document_that_nobody_reads_is_a_gap(more: int) -> None:
    book = bytes(60) + b"BOOKMOBI" + bytes(50 + more)
    found = got(zipped(("novel.mobi", book), ("c.txt", b"text")))
    assert found.parts == {"c.txt": "text"} and found.seen == 2 and found.warnings == []
    assert found.gaps == [(1, "novel.mobi: Kindle books (MOBI) are not supported. The guide lists what can be read.")]


def test_long_archives_are_cut_into_runs_of_members() -> None:
    found = got(zipped(*((f"{number:04}.txt", b"text %d" % number) for number in range(600))))
    assert [(segment.start, segment.stop) for segment in found.plan.segments] == [(0, 250), (250, 500), (500, 600)]
    assert list(found.parts.values()) == [f"text {number}" for number in range(600)]


def test_links_and_devices_are_left_out_and_counted() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("null", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("a.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"text"))
    found = got(stream.getvalue(), "a.tar")
    assert found.parts == {"a.txt": "text"}
    assert found.warnings == ["Left out: links (2), devices and the like (1)."]


def test_a_name_in_an_archive_is_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(b"%PDF-1.4 secret")
    found = got(zipped((str(secret), b"%PDF-1.4 broken"), ("../up.txt", b"up")))
    assert any("secret.pdf" in why for why in found.failed)
    assert found.parts == {"../up.txt": "up"}
    assert os.listdir(tmp_path) == ["secret.pdf"]


def test_one_bad_member_does_not_lose_the_others() -> None:
    found = got(zipped(("bad.pdf", b"%PDF-1.7 nothing"), ("bad.docx", b"PK\x03\x04" + bytes(60)), ("ok.txt", b"fine")))
    assert found.parts == {"ok.txt": "fine"}
    assert len(found.failed) == 2
    assert all(why.endswith(".") for why in found.failed)


def test_tar_archives_from_before_ustar() -> None:
    data = bytearray(tarred(("a.txt", b"old text"), form=tarfile.USTAR_FORMAT))
    data[257:512] = bytes(255)
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    assert got(bytes(data), "a.tar").parts == {"a.txt": "old text"}


def test_a_member_with_too_much_text_does_not_lose_the_others() -> None:
    found = got(
        zipped(("long.txt", b"word " * 1000), ("b.txt", b"second")), options=ExtractOptions(max_output_chars=900)
    )
    assert found.parts == {"b.txt": "second"}
    assert "INGESTION_MAX_OUTPUT_CHARS" in found.failed[0]


def test_a_packed_text_that_is_too_large_gives_its_beginning() -> None:
    limit = ExtractOptions(max_expanded_bytes=2_000_000)
    found = got(gzip.compress(log(120_000)), "log.gz", limit)
    assert found.text.startswith("line 0 of the log\nline 1 of the log\n")
    assert 1_500_000 < len(found.text) <= 2_000_000
    assert found.gaps == [(1, f"log: {allowance.too_much(limit)} Only its beginning was read.")]


def log(lines: int) -> bytes:
    return b"".join([b"line %d of the log\n" % number for number in range(lines)])


def test_a_long_packed_log_is_read_in_stretches() -> None:
    data = log(1_500_000)
    packed = gzip.compress(data, 1)
    found = got(packed, "log.gz")
    assert len(found.plan.segments) == 3
    assert (found.plan.unit, found.plan.units) == ("byte", len(data))
    assert found.text.encode() == data
    assert [block.line_start for block in found.blocks if block.line_start] == [
        segment.first_line for segment in found.plan.segments
    ]
    assert {dict(block.extra)["part"] for block in found.blocks} == {"log"}
    assert (found.gaps, found.warnings) == ([], [])
    source = memory(packed, "log.gz")
    for number in (2, 0):  # each alone, whatever was read before
        segment = found.plan.segments[number]
        reader = Registry([]).choose(source)
        text = "".join(
            block.text for block in reader.read(source, found.plan, segment, ExtractOptions(), SegmentNotes())
        )
        assert text.encode() == data[segment.start : segment.stop]


def test_a_packed_tar_archive_is_read_in_runs_of_members() -> None:
    members = [(f"{number:04}.txt", b"text %d" % number) for number in range(4100)]
    data = gzip.compress(tarred(*members, form=tarfile.USTAR_FORMAT), 1)
    found = got(data, "a.tar.gz")
    assert [(segment.start, segment.stop) for segment in found.plan.segments] == [(0, 2000), (2000, 4000), (4000, 4100)]
    assert found.plan.units == found.seen == 4100
    assert list(found.parts.values()) == [f"text {number}" for number in range(4100)]
    source = memory(data, "a.tar.gz")
    for number in (1, 0, 2):
        reader, segment = REGISTRY.choose(source), found.plan.segments[number]
        notes = SegmentNotes()
        blocks = [block for block in reader.read(source, found.plan, segment, ExtractOptions(), notes) if block.text]
        assert [block.text for block in blocks] == [f"text {n}" for n in range(segment.start, segment.stop)]
        assert notes.units_seen == segment.stop - segment.start


def test_links_in_a_zip_are_left_out_and_counted() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", "text")
    found = got(stream.getvalue())
    assert found.parts == {"a.txt": "text"}
    assert found.warnings == ["Left out: links (1)."]


# --- claims ------------------------------------------------------------------------------------


def test_a_wrong_checksum_is_noted_and_the_text_kept() -> None:
    data = zipped(("a.txt", b"first text"), ("b.txt", b"second"), method=zipfile.ZIP_STORED)
    found = got(data.replace(b"first text", b"other text"))
    assert found.parts == {"a.txt": "other text", "b.txt": "second"}
    assert found.failed == ["a.txt: It is damaged: its checksum does not fit."]


def test_damaged_packing_keeps_what_stands_before_it() -> None:
    body = b"".join(b"line %d of the text\n" % number for number in range(20_000))
    data = bytearray(zipped(("a.txt", body), ("b.txt", b"second")))
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    found = got(bytes(data))
    assert "line 10 of the text" in found.parts["a.txt"]
    assert found.parts["b.txt"] == "second"
    assert len(found.failed) == 1


def test_a_member_that_claims_too_little_is_counted_while_it_is_unpacked() -> None:
    data = zipped(("bomb.txt", bytes(100_000)), ("b.txt", b"second"))
    liar = data.replace(struct.pack("<I", 100_000), struct.pack("<I", 10))
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        got(liar, options=SMALL)


def test_a_member_that_is_too_large_is_noted_and_the_rest_kept() -> None:
    found = got(zipped(("big.txt", b"x" * 3000), ("b.txt", b"second")), options=SMALL)
    assert found.parts == {"b.txt": "second"}
    assert "INGESTION_MAX_EXPANDED_BYTES" in found.failed[0]


@pytest.mark.parametrize("pack", ["zip", "gz"])
def test_too_much_in_all_is_refused(pack: str) -> None:
    members = [(f"{number}.txt", b"x" * 1500) for number in range(5)]
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        got(zipped(*members) if pack == "zip" else gzip.compress(tarred(*members)), "a." + pack, SMALL)


@pytest.mark.parametrize("pack", ["zip", "gz", "bz2", "xz"])
def test_what_grows_too_much_is_refused(pack: str) -> None:
    zeros = bytes(40 * 1024 * 1024)
    packed = {
        "zip": lambda: zipped(("zeros.txt", zeros)),
        "gz": lambda: gzip.compress(zeros),
        "bz2": lambda: bz2.compress(zeros),
        "xz": lambda: lzma.compress(zeros),
    }
    data = packed[pack]()
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_RATIO"):
        got(data, f"bomb.{pack}")


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_too_many_members_are_refused(form: str) -> None:
    members = [(f"{number}.txt", b"x") for number in range(30)]
    data = {"zip": zipped, "tar": tarred, "tar.gz": lambda *given: gzip.compress(tarred(*given))}[form](*members)
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_MEMBERS"):
        got(data, f"a.{form}", ExtractOptions(max_members=20))


def test_members_of_inner_archives_count_too() -> None:
    inner = zipped(*((f"{number}.txt", b"x") for number in range(15)))
    found = got(zipped(("a.zip", inner), ("b.zip", inner), *TWO), options=ExtractOptions(max_members=25))
    assert list(found.parts) == [*(f"a.zip/{n}.txt" for n in range(15)), *(f"b.zip/{n}.txt" for n in range(8))]
    assert found.gaps == [
        (2, "b.zip/8.txt: It holds more than 25 files (INGESTION_MAX_MEMBERS)."),
        (
            3,
            "one.txt and 1 more after it: not looked at. It holds more than 25 files (INGESTION_MAX_MEMBERS).",
        ),
    ]
    assert found.warnings == []


def test_too_deep_is_refused() -> None:
    data = b"leaf"
    for level in range(4):
        data = zipped((f"{level}.zip" if level else "leaf.txt", data))
    assert got(data, options=ExtractOptions(max_depth=4)).parts == {"3.zip/2.zip/1.zip/leaf.txt": "leaf"}
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_DEPTH"):
        got(data, options=ExtractOptions(max_depth=3))
    assert got(zipped(*TWO)).seen == 2  # nothing of the refusal is left behind


def test_overlapping_members_are_refused_one_by_one() -> None:
    data = zipped(("a.txt", b"the text of a"), ("b.txt", b"the text of b"), method=zipfile.ZIP_STORED)
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    liar = data[: second + 42] + struct.pack("<I", 5) + data[second + 46 :]
    found = got(liar)
    assert found.parts == {"a.txt": "the text of a"}
    assert found.failed == ["b.txt: It claims bytes that belong to another member."]


def test_a_member_that_claims_more_than_there_is_reaches_to_the_next_one() -> None:
    data = bytearray(zipped(("a.txt", b"the text of a"), ("b.txt", b"the text of b")))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<II", data, entry + 20, 1 << 31, 1 << 31)
    found = got(bytes(data))
    assert (found.parts, found.gaps) == ({"a.txt": "the text of a", "b.txt": "the text of b"}, [])


def encrypted(data: bytes, only: bytes | None = None) -> bytes:
    """The archive with its members marked as encrypted, in the directory and before each."""
    found = bytearray(data)
    for mark, flags, name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        at = data.find(mark)
        while at >= 0:
            if only is None or data[at + name :].startswith(only):
                found[at + flags] |= 1
            at = data.find(mark, at + 1)
    return bytes(found)


def test_encrypted_members_are_noted_and_an_archive_of_nothing_else_is_encrypted() -> None:
    found = got(encrypted(zipped(*TWO), b"one.txt"))
    assert found.parts.keys() == {"folder/two.md"}
    assert found.failed == ["one.txt: It asks for a password."]
    with pytest.raises(SourceEncrypted):
        got(encrypted(zipped(*TWO)))


# --- passwords ---------------------------------------------------------------------------------

# Made by other programs (Info-ZIP, pyzipper) with the password "open sesame".
OLD = base64.b64decode(
    "UEsDBBQACQAIANNjdl1i6Hj4KAAAAEUAAAAFAAAAYS50eHQFfYs5+34HXPuvza7DxsQncoFoMshDkkrTfH7DHEXfeop/jNdFHS6cUEsHCGLoePgo"
    "AAAARQAAAFBLAwQKAAkAAADTY3ZdODQpnRMAAAAHAAAABQAAAGIudHh0eNiENAlb3ZQLgOqqM29iiA63glBLBwg4NCmdEwAAAAcAAABQSwECHgMU"
    "AAkACADTY3ZdYuh4+CgAAABFAAAABQAAAAAAAAABAAAApIEAAAAAYS50eHRQSwECHgMKAAkAAADTY3ZdODQpnRMAAAAHAAAABQAAAAAAAAABAAAA"
    "pIFbAAAAYi50eHRQSwUGAAAAAAIAAgBmAAAAoQAAAAAA"
)
AES_128_STORED = base64.b64decode(
    "UEsDBBQAAQBjANNjdl0AAAAAOAAAACQAAAAFAAsAYS50eHQBmQcAAgBBRQEAAPK2O29qLPepEmRnjxFqLNBX2iO3zipbI6Gn68l9A0CAdTsQ9kjM"
    "cSsS4ouDupGZi2eavRWMRVPLUEsBAhQDFAABAGMA02N2XQAAAAA4AAAAJAAAAAUACwAAAAAAAAAAAIABAAAAAGEudHh0AZkHAAIAQUUBAABQSwUG"
    "AAAAAAEAAQA+AAAAZgAAAAAA"
)
AES_256 = base64.b64decode(
    "UEsDBBQAAQBjANNjdl0AAAAALQAAACQAAAAFAAsAYS50eHQBmQcAAgBBRQMIAHqzCGIpBSlCUIQFeELSfYd4DvY1dRY8h0md6XPpMnDm1h5M5jxY"
    "9P4+pSpSjVBLAQIUAxQAAQBjANNjdl0AAAAALQAAACQAAAAFAAsAAAAAAAAAAACAAQAAAABhLnR4dAGZBwACAEFFAwgAUEsFBgAAAAABAAEAPgAA"
    "AFsAAAAAAA=="
)
RIGHT = ("wrong", "open sesame")
NO_OCR = ExtractOptions(ocr=False)


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (OLD, {"a.txt": "behind the old cipher, " * 3, "b.txt": "another"}),
        (AES_128_STORED, {"a.txt": "behind AES, " * 3}),
        (AES_256, {"a.txt": "behind AES, " * 3}),
    ],
)
def test_members_behind_a_password_are_opened_with_it(data: bytes, parts: dict[str, str]) -> None:
    found = got(data, options=NO_OCR, passwords=RIGHT)
    assert found.parts == parts
    assert found.gaps == []
    assert found.plan.shape == f"{nested.shape(NO_OCR)} unlocked={len(parts)}"
    for passwords in ((), ("wrong",), ("wrong", "Open Sesame", "")):
        with pytest.raises(SourceEncrypted) as raised:
            got(data, passwords=passwords)
        assert not any(password in str(raised.value) for password in filter(None, passwords))


@pytest.mark.parametrize("data", [OLD, AES_128_STORED, AES_256])
def test_a_password_opens_what_is_nested_too(data: bytes) -> None:
    outer = zipped(("in.zip", data), *TWO)
    shut = got(outer, options=NO_OCR)
    assert shut.gaps == [(1, "in.zip: It asks for a password.")]
    assert shut.plan.shape == got(outer, options=NO_OCR, passwords=("wrong",)).plan.shape == nested.shape(NO_OCR)
    for packed, name in ((outer, "a.zip"), (tarred(("in.zip", data), *TWO), "a.tar")):
        found = got(packed, name, NO_OCR, RIGHT)
        assert found.gaps == []
        assert "in.zip/a.txt" in found.parts
        assert found.plan.shape.startswith(f"{nested.shape(NO_OCR)} unlocked=")
    with pytest.raises(SourceEncrypted):
        got(zipped(("in.zip", data)))


def test_a_damaged_member_behind_a_password_is_damaged() -> None:
    for data, at in ((AES_256, 65), (OLD, 70)):
        bad = bytearray(data)
        bad[at] ^= 1
        gaps = got(zipped(("in.zip", bytes(bad)), *TWO), passwords=("open sesame",)).gaps
        assert [number for number, _ in gaps] == [1]
    ((_, why),) = got(zipped(("in.zip", AES_256[:65] + b"!" + AES_256[66:]), *TWO), passwords=("open sesame",)).gaps
    assert why.startswith("in.zip/a.txt: It is damaged")


def test_the_directory_is_found_where_a_larger_one_is_announced_that_is_not_needed() -> None:
    data = zipped(("a.txt", b"text"))
    end = data.index(b"PK\x05\x06")
    length, offset = struct.unpack_from("<II", data, end + 12)
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, offset)
    found = got(data[:end] + wide + struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1) + data[end:])
    assert (found.parts, found.gaps) == ({"a.txt": "text"}, [])


# --- gaps --------------------------------------------------------------------------------------


def test_gaps_have_the_number_of_the_member_in_the_whole_archive_and_each_is_told_once() -> None:
    members = [(f"{number:03}.txt", b"text") for number in range(260)]
    inner = zipped(("ok.txt", b"fine"), ("bad.pdf", b"%PDF-1.7 nothing"), ("bad.docx", b"PK\x03\x04" + bytes(60)))
    members[1:1] = [("in.zip", inner)]
    members[256:256] = [("late.pdf", b"%PDF-1.7 nothing")]
    found = got(zipped(*members))
    assert [number for number, _ in found.gaps] == [2, 257]
    assert found.gaps[0][1].startswith("in.zip/bad.pdf: ")
    assert " in.zip/bad.docx: " in found.gaps[0][1]
    assert found.gaps[1][1].startswith("late.pdf: ")
    assert found.warnings == []
    assert found.parts["in.zip/ok.txt"] == "fine"


def test_what_is_said_of_many_files_is_one_warning() -> None:
    found = got(zipped(*((f"{n}.png", PNG) for n in range(30)), ("a.txt", b"text")), options=ExtractOptions(ocr=False))
    assert found.gaps == []
    (warning,) = found.warnings
    assert warning.startswith("0.png and 29 more: ")
    assert "INGESTION_OCR" in warning


def test_a_member_that_goes_over_a_limit_of_its_own_does_not_lose_the_others() -> None:
    bomb = zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(20 * 1024 * 1024)))
    found = got(zipped(("bomb.docx", bomb), ("zeros.zip", zipped(("0.txt", bytes(40 << 20)))), *TWO))
    assert found.parts.keys() == {"one.txt", "folder/two.md"}
    assert [number for number, _ in found.gaps] == [1, 2]
    assert all("(INGESTION_MAX_RATIO)" in why for _, why in found.gaps)


def test_a_gap_tells_of_a_few_files_and_counts_the_others() -> None:
    inner = zipped(*((f"{number:03}.pdf", b"%PDF-1.7 nothing") for number in range(100)), ("ok.txt", b"fine"))
    ((number, why),) = got(zipped(("in.zip", inner))).gaps
    assert number == 1
    assert len(why) < 2500
    assert why.endswith(" more.")


def test_segments_share_what_the_archive_may_take() -> None:
    bomb = zipped(*((f"{number}.txt", b"x" * 100_000) for number in range(10)))
    members = [(f"{number:04}.zip", bomb) for number in range(1000)]
    found = got(zipped(*members), options=ExtractOptions(max_expanded_bytes=40_000_000, max_members=100_000))
    assert len(found.plan.segments) == 4
    assert 20 < len({part.partition("/")[0] for part in found.parts}) <= 40
    assert len(found.gaps) == 8  # in each segment: the one that was too much, and all after it
    assert all("its share" in why and "INGESTION_MAX_EXPANDED_BYTES" in why for _, why in found.gaps)


def test_dense_packages_in_an_archive_count() -> None:
    package = zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(7 * 1024 * 1024)))
    found = got(
        zipped(*TWO, *((f"{number}.docx", package) for number in range(9)), method=zipfile.ZIP_STORED),
        options=ExtractOptions(max_expanded_bytes=20_000_000, max_ratio=10_000),
    )
    assert "not looked at" in found.gaps[-1][1]
    assert "INGESTION_MAX_EXPANDED_BYTES" in found.gaps[-1][1]


def test_the_recipe_changes_with_what_shapes_the_text_of_members() -> None:
    plain = ExtractOptions(ocr=False)
    found = got(zipped(*TWO), options=plain).plan.shape
    assert found == nested.shape(plain) == got(gzip.compress(b"text"), "a.gz", plain).plan.shape
    for change in ("max_members", "max_expanded_bytes", "max_depth", "max_ratio", "max_pages", "max_output_chars"):
        other = replace(plain, **{change: getattr(plain, change) + 1})
        assert got(zipped(*TWO), options=other).plan.shape != found
    assert got(zipped(*TWO), options=replace(plain, chunk_chars=500)).plan.shape == found


def test_a_stored_recipe_of_an_archive_is_current_until_what_shapes_its_members_changes() -> None:
    recipe = recipe_of("zip", VERSIONS["zip"], NO_OCR, "member", got(OLD, options=NO_OCR, passwords=RIGHT).plan.shape)
    assert "unlocked=2" in recipe
    assert recipe_is_current(recipe, NO_OCR)
    assert not recipe_is_current(recipe, replace(NO_OCR, max_depth=2))


# --- damage ------------------------------------------------------------------------------------


def test_a_truncated_zip_keeps_what_can_be_read_and_says_so() -> None:
    data = zipped(*((f"{number}.txt", b"text %d " % number + os.urandom(200).hex().encode()) for number in range(20)))
    found = got(data[: len(data) // 2])
    assert found.parts["0.txt"].startswith("text 0")
    assert 3 < found.seen < 20
    assert "no directory" in found.gaps[-1][1]
    assert found.gaps[-1][0] == found.seen + 1


def test_a_truncated_zip_whose_sizes_follow_the_data() -> None:
    stream = io.BytesIO()

    class Unseekable(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return stream.write(bytes(data))  # type: ignore[call-overload]

    with zipfile.ZipFile(Unseekable(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in TWO:
            archive.writestr(name, body)
    data = stream.getvalue()
    assert got(data).parts.keys() == {"one.txt", "folder/two.md"}
    assert got(data[: data.index(b"PK\x01\x02")]).parts.keys() == {"one.txt", "folder/two.md"}


@pytest.mark.parametrize("packed", [False, True])
def test_a_truncated_tar_keeps_what_can_be_read_and_says_so(packed: bool) -> None:
    data = tarred(("a.txt", b"whole"), ("b.txt", b"beginning " * 400))[:4000]
    if packed:
        data = gzip.compress(data + os.urandom(4000))[:-4000]
    found = got(data, "a.tar.gz" if packed else "a.tar")
    assert found.parts["a.txt"] == "whole"
    assert "beginning" in found.parts["b.txt"]
    assert found.failed


def test_a_damaged_tar_header_loses_one_member_only() -> None:
    data = bytearray(tarred(*((f"{number}.txt", b"text") for number in range(3)), form=tarfile.USTAR_FORMAT))
    data[1024 + 10] ^= 0x55
    found = got(bytes(data), "a.tar")
    assert found.parts.keys() == {"0.txt", "2.txt"}
    assert found.gaps == [(3, tars.DAMAGED)]
    assert found.warnings == []


def test_empty_archives() -> None:
    assert got(zipped()).blocks == []
    with pytest.raises(SourceMalformed):
        got(b"PK\x03\x04 and no more")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.gz"])
def test_large_archives_are_read_from_the_disk(name: str, tmp_path: Path) -> None:
    data = {"a.zip": zipped(*TWO), "a.tar": tarred(*TWO), "a.gz": gzip.compress(tarred(*TWO))}[name]
    path = tmp_path / name
    path.write_bytes(data)
    source = SourceFile(str(path), len(data), data[:65536])
    reader = REGISTRY.choose(source)
    plan = reader.plan(source, ExtractOptions())
    blocks = list(reader.read(source, plan, plan.segments[0], ExtractOptions(), SegmentNotes()))
    assert {dict(block.extra)["part"] for block in blocks} == {"one.txt", "folder/two.md"}


# --- Slack -------------------------------------------------------------------------------------


def slack_export(**days: object) -> bytes:
    users = [{"id": "U1", "name": "ana", "profile": {"display_name": "Ana B."}}, {"id": "U2", "name": "ben"}]
    members = [
        ("channels.json", json.dumps([{"id": "C1", "name": "general"}]).encode()),
        ("users.json", json.dumps(users).encode()),
        *((f"general/{day}.json", json.dumps(said).encode()) for day, said in days.items()),
    ]
    return zipped(*members)


def test_slack_messages_have_speaker_time_and_channel() -> None:
    first = [
        {
            "type": "message",
            "user": "U1",
            "text": "Hi <@U2>, see <https://a.org|the page> &amp; go",
            "ts": "1715500000.1",
        },
        {"type": "message", "subtype": "channel_join", "user": "U2", "text": "has joined"},
    ]
    second = [{"type": "message", "user": "U9", "text": "", "files": [{"name": "plan.pdf"}], "ts": "x"}, 7]
    found = got(slack_export(**{"2024-05-12": first, "2024-05-13": second, "2024-05-14": {"no": "list"}}))
    assert found.plan.unit == "message"
    assert found.plan.units == found.seen == 2
    assert [block.text for block in found.blocks] == [
        "Ana B. (2024-05-12 07:46 UTC): Hi @ben, see the page (https://a.org) & go",
        "U9: plan.pdf",
    ]
    assert {block.path for block in found.blocks} == {("#general",)}
    assert found.gaps == [(3, "general/2024-05-14.json: It is damaged: its messages are missing.")]
    assert found.warnings == []


def test_slack_messages_of_blocks_alone_give_their_words() -> None:
    typed = [
        {"type": "text", "text": "ask "},
        {"type": "user", "user_id": "U2"},
        {"type": "link", "url": "https://a.org"},
    ]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Build failed"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "by <@U2>"},
            "fields": [{"type": "mrkdwn", "text": "3 tests"}],
        },
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": typed}, {"type": "x", "elements": 7}],
        },
    ]
    said = [{"bot_id": "B1", "username": "builder", "text": "", "blocks": blocks, "ts": "1715500000"}]
    said += [{"user": "U1", "text": "typed", "blocks": [{"type": "section", "text": {"text": "typed"}}]}]
    said += [{"user": "U1", "text": "", "attachments": [{"blocks": blocks[:1]}]}]
    found = got(slack_export(**{"2024-05-12": said}))
    assert [block.text for block in found.blocks] == [
        "builder (2024-05-12 07:46 UTC): Build failed\nby @ben\n3 tests\nask @benhttps://a.org",
        "Ana B.: typed",
        "Ana B.: Build failed",
    ]


def test_slack_exports_are_cut_between_days() -> None:
    day = [{"type": "message", "user": "U1", "text": f"number {number}"} for number in range(1500)]
    found = got(slack_export(**{f"2024-05-{number}": day for number in range(10, 15)}))
    assert found.plan.units == found.seen == len(found.blocks) == 7500
    assert [(segment.start, segment.stop) for segment in found.plan.segments] == [(0, 6000), (6000, 7500)]


# --- whatever comes ----------------------------------------------------------------------------

SEEDS = {
    "old.zip": OLD,
    "aes.zip": AES_256,
    "a.zip": zipped(*TWO, ("in.zip", zipped(*TWO)), method=zipfile.ZIP_DEFLATED),
    "b.zip": zipped(*TWO, method=zipfile.ZIP_LZMA),
    "a.tar": tarred(*TWO, ("x" * 150, b"long name"), form=tarfile.GNU_FORMAT),
    "b.tar": tarred(*TWO, ("ü" * 150, b"long name")),
    "a.tar.gz": gzip.compress(tarred(*TWO)),
    "a.txt.bz2": bz2.compress(b"some text " * 50),
    "a.tar.xz": lzma.compress(tarred(*TWO)),
    "slack.zip": slack_export(**{"2024-05-12": [{"user": "U1", "text": "hello", "ts": "1715500000"}]}),
}


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(SEEDS)))
    data = bytearray(SEEDS[name])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
        if not data:
            break
    stop = draw(st.one_of(st.none(), st.integers(1, max(1, len(data)))))
    return name, bytes(data[:stop])


@given(mutated())
@settings(max_examples=250, deadline=None)
def test_mutated_archives_end_in_text_or_in_one_of_our_errors(case: tuple[str, bytes]) -> None:
    name, data = case
    try:
        found = got(data, name, passwords=RIGHT)
    except IngestError as error:
        assert str(error).endswith(".")
        return
    assert all(why.endswith(".") for why in found.failed)


@given(st.binary(max_size=2000), st.booleans())
@settings(max_examples=200, deadline=None)
def test_listings_end_on_any_bytes(data: bytes, led: bool) -> None:
    body = b"PK\x03\x04" + data if led else data
    for member in zip_directory.listing(io.BytesIO(body), len(body), ExtractOptions()).members:
        assert member.start <= len(body)
    walk = tars.Walk(_Memory(data), ExtractOptions())
    assert len(list(walk.entries())) <= len(data) // 512


class _Memory:
    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, count: int) -> bytes:
        return self._stream.read(count)

    def skip(self, count: int) -> int:
        return len(self._stream.read(count))


@given(st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="=\0\n"), min_size=1), st.text()))
def test_pax_attributes_come_back(given_attributes: dict[str, str]) -> None:
    def record(key: str, value: str) -> bytes:
        body = f" {key}={value}\n".encode()
        length = len(body)
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        return str(length).encode() + body

    wanted = {key: value.replace("\0", "") for key, value in given_attributes.items()}
    assert tars.attributes(b"".join(record(key, value) for key, value in wanted.items())) == wanted


@given(st.integers(0, 1 << 60))
def test_tar_numbers(value: int) -> None:
    assert tars.number(b"\x80" + value.to_bytes(11, "big")) == value
    octal = b"%o" % value
    assert tars.number(octal + b"\0") == tars.number(b" " + octal + b" ") == value
