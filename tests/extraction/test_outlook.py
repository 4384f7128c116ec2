"""Outlook messages, and the compressed RTF in them."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceMalformed
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.lzfu import decompress
from ingest_desktop.extraction.readers.msg import MsgReader

from .blocks_kit import tell, texts
from .conftest import CORPUS, memory
from .mail_kit import packed_rtf, part_of, raw, text
from .ole_maker import ole, small_values


def old_text(number: int, value: str, page: str) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}001E", value.encode(page)


SENT = 133_000_000_000_000_000  # 2022-06-18


def test_outlook_message_gives_people_date_text_and_attachments() -> None:
    made: dict[str, Any] = dict(
        [text(0x0037, "Größe"), text(0x0C1A, "Ana"), text(0x5D01, "ana@example.org"), text(0x1000, "Come at five.")]
    )
    made["__properties_version1.0"] = small_values(32, p0039=(0x40, SENT))
    made["__recip_version1.0_#00000000"] = dict(
        [text(0x3001, "Ben"), text(0x39FE, "ben@example.org")],
        **{"__properties_version1.0": small_values(8, p0C15=(3, 1))},
    )
    made["__attach_version1.0_#00000000"] = dict([text(0x3707, "a.txt"), raw(0x3701, b"in the file")])
    made["__attach_version1.0_#00000001"] = dict([text(0x3707, "logo.png"), text(0x3712, "x@y"), raw(0x3701, b"\x89")])
    made["__attach_version1.0_#00000002"] = {
        **dict([text(0x3001, "The old one")]),
        "__substg1.0_3701000D": dict([text(0x0037, "The old one"), text(0x001A, "IPM.Note"), text(0x1000, "Look.")]),
    }
    data = ole(made)
    assert detect.kind_of(memory(data, "a.msg")) == kinds.MSG
    plan, blocks, notes = tell(MsgReader(), data, "a.msg")

    assert plan.title == "Größe"
    assert texts(blocks)[:3] == [
        "Größe",
        "From: Ana <ana@example.org>\nTo: Ben <ben@example.org>\nDate: Sat, 18 Jun 2022 04:26:40 +0000\n"
        "Attachments: a.txt, The old one.eml",
        "Come at five.",
    ]
    assert [block.text for block in blocks if part_of(block) == "a.txt" and block.text] == ["in the file"]
    assert [block.text for block in blocks if part_of(block) == "The old one.eml" and block.text][-1] == "Look."
    assert (notes.units_seen, notes.units_failed, notes.warnings) == (1, [], [])


def test_outlook_texts_are_in_the_code_page_they_name() -> None:
    made: dict[str, Any] = dict([old_text(0x0037, "格式測試", "cp950"), old_text(0x1000, "中文測試", "cp950")])
    made["__properties_version1.0"] = small_values(32, p3FFD=(3, 950))
    plan, blocks, _ = tell(MsgReader(), ole(made), "a.msg")
    assert plan.title == "格式測試"
    assert texts(blocks)[-1] == "中文測試"


def test_outlook_html_is_read_where_there_is_no_plain_text() -> None:
    made: dict[str, Any] = dict([text(0x0037, "x"), raw(0x1013, "<p>Привет <b>всем</b>".encode("cp1251"))])
    made["__properties_version1.0"] = small_values(32, p3FDE=(3, 1251))
    assert texts(tell(MsgReader(), ole(made), "a.msg")[1])[-1] == "Привет всем"


def test_outlook_rtf_is_read_where_there_is_nothing_else() -> None:
    plain = b"{\\rtf1\\ansi\\ansicpg1252 Come at \\b five\\b0 .\\par Bye}"
    page = (
        b"{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Come at five."
        b"{\\*\\htmltag72 </p>}\\htmlrtf\\par}\\htmlrtf0 }"
    )
    for body in (plain, page):
        data = ole(dict([text(0x0037, "x"), raw(0x1009, packed_rtf(body))]))
        _, blocks, notes = tell(MsgReader(), data, "a.msg")
        assert texts(blocks)[1].startswith("Come at five")
        assert notes.warnings == []


def test_outlook_message_that_is_damaged() -> None:
    data = (CORPUS / "files" / "mail" / "chinese.msg").read_bytes()
    for length in range(600, len(data), 4099):
        try:
            tell(MsgReader(), data[:length], "a.msg")
        except IngestError:
            continue
    with pytest.raises(SourceMalformed):
        tell(MsgReader(), data[:520], "a.msg")


def test_compressed_rtf_is_unpacked() -> None:
    example = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompress(example, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress(struct.pack("<II4sI", 17, 5, b"MELA", 0) + b"hello", 1000) == b"hello"
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        decompress(struct.pack("<II4sI", 17, 5000, b"LZFu", 0), 1000)


@given(st.binary(max_size=300), st.integers(0, 5000))
def test_compressed_rtf_takes_any_bytes(data: bytes, size: int) -> None:
    packed = struct.pack("<II4sI", len(data), size, b"LZFu", 0) + data
    assert len(decompress(packed, 5000)) <= size
    assert decompress(packed_rtf(data), 5000) == data
