"""Archives that were cut, damaged or made by chance: what can be read is kept."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import tars, zip_directory

from .archive_kit import AES_256, OLD, REGISTRY, RIGHT, TWO, got, slack_export, tarred, zipped


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


_KEYS = st.text(st.characters(codec="ascii", exclude_characters="=\0\n"), min_size=1)


@given(st.dictionaries(_KEYS.filter(lambda key: not key.startswith("GNU.sparse.")), st.text()))
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
