"""7-Zip and RAR archives: read where the system has libarchive, and a clear sentence where it has not."""

import base64
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, UnsupportedFormat
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import rar_heads, seven_keys, system_archives
from ingest_desktop.extraction.nested import LOCKED
from ingest_desktop.extraction.system_archives import Sealed

from .archive_kit import Got, got, zipped

# Made by 7-Zip: a member in the clear, and one (or the whole directory) behind a password.
MIXED = base64.b64decode(
    "N3q8ryccAAQUohMlvQAAAAAAAAAiAAAAAAAAAKPiPdoBAA9maXJzdCB0ZXh0IGhlcmUKAAwaydUxvsLz6goK5tpgE92IUrgezUu8FG6+bmj68RRY"
    "AACBMweuMZmWtaOA8hqWYzvagmlFYokPXL1GKkVLuS3nJJjQSr389eLR7qeC6uG4EZg9x1b8hSG0VVhQqVONk/5FkV0gz3zgCt6Jr8emWNyFTlwt"
    "1dRdr+gDWGk3zDUzzwB+IpZmHHdsdYdd+z3eg1oZpvMVo9xc+rbWIN+mjQSO+0AJUVQAAAAXBjQBCYCJAAcLAQABIwMBAQVdABAAAAyAngoBtK3B"
    "mwAA"
)
SEALED = base64.b64decode(
    "N3q8ryccAASWQqwLuQAAAAAAAAAiAAAAAAAAAIjH2njVXLy7cUc4bHVqUAPHgYzPeS3qVGiY65DHoLOsW0oEsSFfBiI3KJb+i8tS5Jt4XlcAAIEz"
    "B64P0QDUPKCKabDjxAD69FhUvhiipCUcG3AdymR+obOh2VBHOd6TMQSS6oqctwVgLiIWpmNtkz5VWhWPbAb6OTUhHmrvhpJvYsa4XRrCdUulljYN"
    "4g8RGSlzHe+kxfo7rJNSnjxRo4GPES53lzDNdUsZagM+Xon0FK4VnnSFz5l8AAAAABcGMAEJgIkABwsBAAEjAwEBBV0AEAAADICeCgHgGJYiAAA="
)
SEALED_DIRECTORY = base64.b64decode(
    "N3q8ryccAATD8IozkAAAAAAAAAAuAAAAAAAAANvcaisrFRXuvwenusqSIOQ6HR6KTik9hey/bzQMjzpwYxn9qZP8vIVqeqyOJtqsnzjouD9xZ4vQ"
    "s7u7I5AGCcOzgVF/1EAXa2f0fW7SMTVtFy5HiDfBskCQngLNE9ZUGgU5UVfGF4wkoZuBzOMCzXnn11fj9pP/ccf2rDV+9lRXJFg5LWkuJi+OFblM"
    "Ebz4zcwSHmsXBiABCXAABwsBAAEkBvEHARJTD3hRZcn7PVCJONN275g3yM4MagoBHzH4bwAA"
)


def rar(*members: tuple[str, bytes]) -> bytes:
    """A RAR archive of the fourth format whose members are stored as they are."""

    def block(body: bytes) -> bytes:
        return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body

    found = b"Rar!\x1a\x07\0" + block(struct.pack("<BHH6x", 0x73, 0, 13))
    for name, data in members:
        raw = name.encode()
        fields = struct.pack("<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0, 20, 0x30, len(raw), 0o100644)
        found += block(struct.pack("<BHH", 0x74, 0x8000, 7 + len(fields) + len(raw)) + fields + raw) + data
    return found + block(struct.pack("<BHH", 0x7B, 0x4000, 7))


def read(data: bytes, name: str, options: ExtractOptions = ExtractOptions()) -> Got | None:  # noqa: B008  frozen
    """What an archive gives; None where the library is missing, which it then says."""
    if system_archives.is_there():
        return got(data, name, options)
    with pytest.raises(UnsupportedFormat, match="libarchive"):
        got(data, name, options)
    return None


def test_members_of_a_7z_archive_are_read_and_encrypted_ones_are_gaps() -> None:
    found = read(MIXED, "a.7z")
    if found is not None:
        assert (found.plan.unit, found.plan.units, found.seen) == ("member", 2, 2)
        assert found.parts == {"d/one.txt": "first text here\n"}
        assert found.gaps == [(2, f"d/zwei-ü.md: {LOCKED}")]


@pytest.mark.parametrize("data", [MIXED, SEALED, SEALED_DIRECTORY])
def test_a_password_opens_a_7z_archive_of_all_forms_also_inside_others(data: bytes) -> None:
    if system_archives.is_there():
        found = got(data, "a.7z", passwords=("wrong", "secret"))
        assert {"d/one.txt", "d/zwei-ü.md"} & set(found.parts)
        assert found.gaps == []
        assert "unlocked=1" in found.plan.shape
        outer = got(zipped(("in.7z", data)), passwords=("secret",))
        assert len(outer.parts) == len(found.parts)
        assert outer.gaps == []
        assert "unlocked=1" in outer.plan.shape


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=6), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_damaged_archive_is_opened_or_not_but_nothing_else_happens(at: int, more: bytes, cut: bool) -> None:
    at = 8 + at % (len(SEALED) - 8)
    data = SEALED[:at] + more + (b"" if cut else SEALED[at + len(more) :])
    opened = seven_keys.without_cipher(data, ("secret",))
    assert opened is None or opened.startswith(seven_keys.MARK)


def test_members_of_a_rar_archive_are_read_also_inside_others() -> None:
    data = rar(("docs/one.txt", b"the first"), ("two.md", b"# Two\n\nthe second\n"))
    found, outer = read(data, "a.rar"), read(data, "a.rar") and got(zipped(("in.rar", data)))
    if found is not None and outer is not None:
        assert found.parts["docs/one.txt"] == "the first"
        assert "the second" in found.parts["two.md"]
        assert outer.parts["in.rar/docs/one.txt"] == "the first"
        assert found.gaps == outer.gaps == []


@pytest.mark.parametrize("data", [SEALED, SEALED_DIRECTORY])
def test_an_archive_that_is_all_encrypted_says_so(data: bytes) -> None:
    if system_archives.is_there():
        with pytest.raises(SourceEncrypted, match=r"The archive is protected by a password\.$"):
            got(data, "a.7z")
        with pytest.raises(SourceEncrypted, match=r"the given password does not open it\.$"):
            got(data, "a.7z", passwords=("wrong",))


def test_nobody_is_asked_for_the_password_of_a_rar_archive() -> None:
    if system_archives.is_there():
        data = rar(("one.txt", b"some text"))
        flags = data.index(struct.pack("<BHH", 0x74, 0x8000, 7 + 25 + 7))
        sealed = bytearray(data)
        struct.pack_into("<H", sealed, flags + 1, 0x8004)
        struct.pack_into("<H", sealed, flags - 2, zlib.crc32(sealed[flags : flags + 39 - 2]) & 0xFFFF)
        with pytest.raises(UnsupportedFormat, match="cannot be opened here"):
            got(bytes(sealed), "a.rar", passwords=("secret",))
        assert got(zipped(("in.rar", bytes(sealed)), ("a.txt", b"text"))).gaps == [(1, f"in.rar: {Sealed()}")]


def number(value: int) -> bytes:
    """A number as RAR 5 writes it."""
    return bytes((value,)) if value < 128 else bytes((value & 127 | 128,)) + number(value >> 7)


def rar5(*bodies: bytes) -> bytes:
    """A RAR archive of the fifth format with these blocks."""
    found = b"Rar!\x1a\x07\x01\0"
    for body in bodies:
        sized = number(len(body)) + body
        found += struct.pack("<I", zlib.crc32(sized)) + sized
    return found


FILE = number(4) + number(0x20) + number(0) + number(1) + b"a"
LOCKED_FILE = b"\2\1" + number(4) + FILE + b"\3\1\0\0"


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (rar5(b"\1\0\0", b"\2\0" + FILE), rar_heads.Told()),
        (rar5(b"\1\0\1", b"\2\0" + FILE), rar_heads.Told(in_parts=True)),
        (rar5(b"\1\0\0", LOCKED_FILE), rar_heads.Told(locked=True)),
        (rar5(b"\4\0\0\0"), rar_heads.Told(locked=True)),
        (rar(("a", b"b")), rar_heads.Told()),
        (b"Rar!\x1a\x07\0" + struct.pack("<HBHH6x", 0, 0x73, 0x89, 13), rar_heads.Told(True, True, True)),
        (b"7z\xbc\xaf", rar_heads.Told()),
    ],
)
def test_a_rar_archive_tells_why_not_all_of_it_can_be_read(head: bytes, told: rar_heads.Told) -> None:
    assert rar_heads.told(head) == told
    for cut in range(len(head)):
        rar_heads.told(head[:cut])


def test_what_is_one_part_of_several_or_encrypted_is_not_called_damaged() -> None:
    if system_archives.is_there():
        data = bytearray(rar(("one.txt", b"the first"), ("two.txt", b"the second " * 100)))
        struct.pack_into("<H", data, 10, 1)
        struct.pack_into("<H", data, 7, zlib.crc32(data[9:20]) & 0xFFFF)
        found = got(bytes(data[:-500]), "a.part1.rar")
        assert found.parts["one.txt"] == "the first"
        assert rar_heads.IN_PARTS in found.gaps[0][1]
        with pytest.raises(UnsupportedFormat, match="cannot be opened here"):
            got(rar5(b"\1\0\0", LOCKED_FILE), "a.rar")


def test_too_many_members_are_refused() -> None:
    if system_archives.is_there():
        with pytest.raises(LimitExceeded, match="INGESTION_MAX_MEMBERS"):
            got(rar(*((f"{number}.txt", b"x") for number in range(30))), "a.rar", ExtractOptions(max_members=20))


def test_a_truncated_archive_keeps_what_can_be_read_and_says_so() -> None:
    data = rar(("one.txt", b"the first"), ("two.txt", b"the second " * 100))
    found = read(data[:-500], "a.rar")
    if found is not None:
        assert found.parts["one.txt"] == "the first"
        assert found.gaps[0][0] == 2


def test_without_the_library_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_archives, "_library", lambda: None)
    with pytest.raises(UnsupportedFormat, match=r"libarchive, which is .*\.$"):
        got(MIXED, "a.7z")
    found = got(zipped(("in.7z", MIXED), ("more.7z", MIXED), ("a.txt", b"text")))
    assert [number for number, _ in found.gaps] == [1, 2] and found.warnings == []
    assert found.failed[0].startswith("in.7z: 7-Zip and RAR archives are read with the library libarchive")


@given(st.sampled_from(["a.7z", "a.rar"]), st.integers(0, 10_000), st.binary(min_size=1, max_size=6), st.booleans())
@settings(max_examples=100, deadline=None)
def test_mutated_archives_end_in_text_or_in_one_of_our_errors(name: str, at: int, more: bytes, cut: bool) -> None:
    seed = MIXED if name == "a.7z" else rar(("one.txt", b"the first"), ("two.txt", b"the second " * 50))
    at = 8 + at % (len(seed) - 8)
    data = seed[:at] + more + (b"" if cut else seed[at + len(more) :])
    try:
        found = got(data, name)
    except IngestError as error:
        assert str(error).endswith(".")
        return
    assert all(why.endswith(".") for why in found.failed)
