"""Sparse files in tar archives, in all forms of GNU tar: read as they were, or told as gaps."""

import gzip
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import tars

from .archive_kit import got

WORDS = b"".join(b"line %d of a letter to Anna\n" % number for number in range(500))
HOLE = 4096
WHOLE = WORDS + bytes(HOLE) + b"the stork came at noon\n" + bytes(100)
REGIONS = ((0, len(WORDS)), (len(WORDS) + HOLE, 23), (len(WHOLE), 0))
FORMS = ("old", "0.0", "0.1", "1.0")
Regions = Sequence[tuple[int, int]]


def member(form: str, regions: Regions = REGIONS, size: int = len(WHOLE), data: bytes | None = None) -> bytes:
    """A sparse file as GNU tar writes it, without the end of the archive."""
    data = b"".join(WHOLE[at : at + length] for at, length in regions) if data is None else data
    numbers = [str(number) for region in regions for number in region]
    if form == "old":
        return old_member(regions, size, data)
    if form == "1.0":
        told = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(size)}
        lines = "".join(f"{line}\n" for line in (str(len(regions)), *numbers)).encode()
        data = lines + bytes(-len(lines) % 512) + data
    else:
        told = {"GNU.sparse.size": str(size), "GNU.sparse.numblocks": str(len(regions))}
        told["GNU.sparse.map"] = ",".join(numbers)
    info = tarfile.TarInfo("GNUSparseFile.0/letter.txt")
    info.size, info.pax_headers = len(data), {**told, "GNU.sparse.name": "letter.txt"}
    head = info.tobuf(tarfile.PAX_FORMAT)
    if form == "0.0":
        head = as_pairs(head, numbers)
    return head + data + bytes(-len(data) % 512)


def as_pairs(head: bytes, numbers: Sequence[str]) -> bytes:
    """The same header with an attribute for each number, as the first of these forms had it."""
    attributes = tars.attributes(head[512:-512].rstrip(b"\0"))
    del attributes["GNU.sparse.map"]
    records = [record(key, value) for key, value in attributes.items()]
    for place, number in enumerate(numbers):
        records.append(record("GNU.sparse.numbytes" if place % 2 else "GNU.sparse.offset", number))
    body = b"".join(records)
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512) + head[-512:]


def record(key: str, value: str) -> bytes:
    length = len(key) + len(value) + 3
    while length != len(key) + len(value) + 3 + len(str(length)):
        length = len(key) + len(value) + 3 + len(str(length))
    return f"{length} {key}={value}\n".encode()


def old_member(regions: Regions, size: int, data: bytes) -> bytes:
    info = tarfile.TarInfo("letter.txt")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, len(data)
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    pairs = [b"%011o\0%011o\0" % region for region in regions]
    head[386:482] = b"".join(pairs[:4]).ljust(96, b"\0")
    more, pairs = b"", pairs[4:]
    head[482] = bool(pairs)
    while pairs:
        block, pairs = b"".join(pairs[:21]).ljust(504, b"\0"), pairs[21:]
        more += block + bytes([bool(pairs)]) + bytes(7)
    head[483:495] = b"%011o\0" % size
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + more + data + bytes(-len(data) % 512)


def archive(*members: bytes) -> bytes:
    info = tarfile.TarInfo("after.txt")
    info.size = 3
    return b"".join(members) + info.tobuf() + b"owl" + bytes(509) + bytes(1024)


def unfolded(data: bytes) -> dict[str, bytes]:
    """What the files of an archive hold."""

    class Stream(io.BytesIO):
        def skip(self, count: int) -> int:
            return self.seek(self.tell() + count) and count

    found = {}
    walk = tars.Walk(Stream(data), ExtractOptions())
    for entry in walk.entries():
        content = tars.Unfolded(walk, entry) if entry.regions is not None else walk
        found[entry.name] = b"".join(iter(lambda content=content: content.read(1000), b""))  # type: ignore[misc]
        assert len(found[entry.name]) == entry.size
    assert walk.troubles == []
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_sparse_file_is_read_as_it_was(form: str, pack: type[bytes]) -> None:
    data = archive(member(form))
    assert unfolded(data) == {"letter.txt": WHOLE, "after.txt": b"owl"}
    found = got(pack(data))
    assert "line 499 of a letter to Anna" in found.text and "the stork came at noon" in found.text
    assert "owl" in found.text and found.seen == 2
    assert found.failed == found.warnings == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40)), max_size=60), st.sampled_from(FORMS))
def test_any_map_is_unfolded(parts: list[tuple[int, int]], form: str) -> None:
    whole, regions = b"", []
    for hole, length in parts:
        whole += bytes(hole)
        regions.append((len(whole), length))
        whole += bytes(1 + number % 255 for number in range(length))
    data = b"".join(whole[at : at + length] for at, length in regions)
    assert unfolded(archive(member(form, regions, len(whole) + 7, data)))["letter.txt"] == whole + bytes(7)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("regions", "size"),
    [
        (((0, 10), (5, 10)), 100),  # one over the other
        (((50, 10), (0, 10)), 100),  # backwards
        (((0, 10), (95, 10)), 100),  # beyond the end
        (((0, 1 << 30),), 1 << 30),  # more than is stored
    ],
)
def test_a_map_that_makes_no_sense_is_a_gap(form: str, regions: Regions, size: int) -> None:
    found = got(archive(member(form, regions, size, b"x" * 20)))
    assert found.gaps == [(1, f"letter.txt: {tars.NO_MAP}")]
    assert "owl" in found.text and found.seen == 2


def test_a_form_that_is_not_known_is_a_gap() -> None:
    data = member("1.0").replace(b"GNU.sparse.minor=0", b"GNU.sparse.minor=7")
    assert got(archive(data)).gaps == [(1, f"letter.txt: {tars.NO_MAP}")]


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_that_ends_in_a_sparse_file_keeps_what_is_there(form: str) -> None:
    data = archive(member(form))
    found = got(data[: data.index(b"line 400 of")])
    assert "line 399 of a letter" in found.text and "owl" not in found.text
    assert len(found.failed) == 1 and "ends in the middle" in found.failed[0]


def test_a_hole_is_no_bomb() -> None:
    large = member("1.0", ((0, 4),), 300 << 20, b"word")
    found = got(archive(large))
    assert "owl" in found.text
    (why,) = found.failed
    assert why.startswith("letter.txt: It has more than 268,435,456 bytes")
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        got(archive(*[member("1.0", ((0, 4),), 200 << 20, b"word")] * 3))
    small = ExtractOptions(max_expanded_bytes=1 << 20)
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        got(gzip.compress(archive(*[member("old", ((0, 4),), 500_000, b"word")] * 3)), options=small)


def test_a_map_that_goes_on_behind_its_header(tmp_path: Path) -> None:
    regions = [(number * 8192, 4096) for number in range(30)]
    whole = b"".join((b"%04d egrets\n" % number).ljust(4096, b".") + bytes(4096) for number in range(30))[:-4096]
    data = b"".join(whole[at : at + length] for at, length in regions)
    (tmp_path / "birds.tar").write_bytes(archive(old_member(regions, len(whole), data)))
    with tarfile.open(tmp_path / "birds.tar") as other:  # Python's own reader agrees with ours
        held = other.extractfile("letter.txt")
        assert held is not None and held.read() == whole
    assert unfolded((tmp_path / "birds.tar").read_bytes())["letter.txt"] == whole
