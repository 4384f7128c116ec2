"""Pages that Safari saved."""

import plistlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, SourceMalformed

from .office_kit import Read


def resource(page: str, encoding: str = "utf-8", kind: str = "text/html") -> dict[str, Any]:
    return {
        "WebResourceData": page.encode(encoding),
        "WebResourceMIMEType": kind,
        "WebResourceTextEncodingName": encoding,
        "WebResourceURL": "https://example.org/tea",
    }


def archive(page: str, *frames: str, encoding: str = "utf-8", kind: str = "text/html") -> bytes:
    held: dict[str, Any] = {"WebMainResource": resource(page, encoding, kind)}
    held["WebSubframeArchives"] = [{"WebMainResource": resource(frame)} for frame in frames]
    held["WebSubresources"] = [resource("body {}", kind="text/css")]
    return plistlib.dumps(held, fmt=plistlib.FMT_BINARY)


PAGE = "<title>Tea</title><h1>Green</h1><p>Grüne Blätter</p>"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_the_page_is_read_and_its_address_kept(encoding: str) -> None:
    read = Read(archive(PAGE, encoding=encoding), "Tea.webarchive")
    assert read.text == "Green\nGrüne Blätter"
    assert (read.plan.title, read.plan.metadata) == ("Tea", {"url": "https://example.org/tea"})


def test_frames_are_read_when_the_page_is_only_a_set_of_them() -> None:
    assert Read(archive("<title>Tea</title>", "<p>leaves", "<p>water"), "a").text == "leaves\nwater"
    assert "leaves" not in Read(archive(f"<p>{'word ' * 90}", "<p>leaves"), "a").text


def test_without_a_page_it_is_damaged() -> None:
    with pytest.raises(SourceMalformed, match="holds no page"):
        Read(archive("x", kind="image/png"), "a.webarchive")
    with pytest.raises(SourceMalformed, match="damaged"):
        Read(archive(PAGE)[:-40], "a.webarchive")


def test_more_objects_than_bytes_are_refused_at_once() -> None:
    whole = archive(PAGE)
    with pytest.raises(SourceMalformed, match="damaged"):
        Read(whole[:-24] + (1 << 40).to_bytes(8, "big") + whole[-16:], "a.webarchive")


@settings(deadline=None)
@given(st.data())
def test_damage_ends_in_an_error_of_ours(data: st.DataObject) -> None:
    whole = bytearray(archive(PAGE, "<p>leaves"))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        Read(bytes(whole), "a.webarchive")
    except IngestError:
        pass
