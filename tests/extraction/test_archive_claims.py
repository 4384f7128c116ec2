"""Nothing that an archive claims is believed: sizes, sums, places, and how much it holds."""

import bz2
import gzip
import lzma
import struct
import zipfile

import pytest

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted
from ingest_desktop.domain.wire import ExtractOptions

from .archive_kit import TWO, got, tarred, zipped

SMALL = ExtractOptions(max_expanded_bytes=4096)


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
