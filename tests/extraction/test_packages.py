"""The packages that office documents are: what their directories claim is not believed."""

import pytest

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.packages import Package

from .conftest import memory
from .office_kit import OPTIONS, Read, zipped


def test_bombs_are_stopped_by_what_the_directory_claims() -> None:
    zeros = bytes(64 * 1024 * 1024)
    bomb = zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": zeros})
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_RATIO"):
        Read(bomb)
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        Read(bomb, options=ExtractOptions(max_expanded_bytes=1024 * 1024))
    many = zipped(
        {"mimetype": "application/vnd.oasis.opendocument.text", **{f"m{number}": "" for number in range(200)}}
    )
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_MEMBERS"):
        Read(many, options=ExtractOptions(max_members=100))


def test_a_directory_that_lies_is_found_out() -> None:
    data = bytearray(zipped({"a": b"x" * 3_000_000}))
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # the size it claims
    with Package(memory(bytes(data)), ExtractOptions(max_expanded_bytes=1_000_000), "a package") as package:
        with pytest.raises(LimitExceeded):
            package.verify()
        with pytest.raises(SourceMalformed):
            package.read("a")


def test_names_are_found_as_sloppy_producers_write_them() -> None:
    with Package(memory(zipped({"Word\\Document.XML": "x"})), OPTIONS, "a package") as package:
        assert package.read("word/document.xml") == b"x"
        assert "word/other.xml" not in package
