"""Members behind a password, in both ciphers of ZIP."""

import base64
import struct

import pytest

from ingest_desktop.domain.errors import SourceEncrypted
from ingest_desktop.extraction import nested

from .archive_kit import AES_256, NO_OCR, OLD, RIGHT, TWO, got, tarred, zipped

AES_128_STORED = base64.b64decode(
    "UEsDBBQAAQBjANNjdl0AAAAAOAAAACQAAAAFAAsAYS50eHQBmQcAAgBBRQEAAPK2O29qLPepEmRnjxFqLNBX2iO3zipbI6Gn68l9A0CAdTsQ9kjM"
    "cSsS4ouDupGZi2eavRWMRVPLUEsBAhQDFAABAGMA02N2XQAAAAA4AAAAJAAAAAUACwAAAAAAAAAAAIABAAAAAGEudHh0AZkHAAIAQUUBAABQSwUG"
    "AAAAAAEAAQA+AAAAZgAAAAAA"
)


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
