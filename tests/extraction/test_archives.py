"""Archives: their members are read in place, each by the reader of its kind."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import allowance
from ingest_desktop.extraction.registry import Registry

from .archive_kit import REGISTRY, TWO, got, tarred, zipped
from .conftest import memory


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
