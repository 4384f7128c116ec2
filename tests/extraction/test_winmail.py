"""Outlook's packets (TNEF, ``winmail.dat``): as files of their own, and in mail."""

import base64
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import LimitExceeded, SourceError, SourceMalformed
from ingest_desktop.domain.media import reason_of_head
from ingest_desktop.extraction import detect, kinds, tnef
from ingest_desktop.extraction.readers.mail import MailReader
from ingest_desktop.extraction.readers.winmail import WinmailReader
from ingest_desktop.extraction.registry import Registry

from . import tnef_maker as made
from .blocks_kit import OPTIONS, tell, texts
from .conftest import memory
from .mail_kit import HEAD, PLAIN, multi, packed_rtf, part_of

NAMED = made.wide(0x3707, "Minutes of the spring meeting.txt")
LETTER = made.packet(
    made.code_page(1252),
    made.subject("Tea in Köln"),
    made.attribute(1, 0x00038005, struct.pack("<7H", 2024, 5, 12, 9, 14, 0, 0)),
    made.message(made.named("ignored"), made.wide(0x0042, "Ana"), made.wide(0x0065, "ana@example.org")),
    made.people((made.wide(0x3001, "Ben"), made.wide(0x3003, "ben@example.org"), made.small(0x0C15, 1))),
    made.body("The kettle is on.\r\n"),
    made.attached("MINUTE~1.TXT", b"The meeting began at nine.", NAMED),
    made.attached("TABLE.CSV", b"leaf,price\ngreen,3\n"),
)


def attachment(data: bytes, kind: str = "application/ms-tnef", name: str = "winmail.dat") -> str:
    packed = base64.encodebytes(data).decode()
    return (
        f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n{packed}"
    )


def in_mail(data: bytes, *others: str, kind: str = "application/ms-tnef", name: str = "winmail.dat") -> bytes:
    return (HEAD + multi("mixed", *others, attachment(data, kind, name))).encode()


def test_packet_is_told_as_the_mail_it_was_made_from() -> None:
    assert detect.kind_of(memory(LETTER, "winmail.dat")) == kinds.TNEF
    assert Registry().choose(memory(LETTER, "winmail.dat")).name == "winmail"
    plan, blocks, notes = tell(WinmailReader(), LETTER, "winmail.dat")
    assert (plan.title, plan.unit, plan.units) == ("Tea in Köln", "message", 1)
    assert plan.metadata["from"] == "Ana <ana@example.org>"
    assert plan.shape
    said = "\n".join(texts(blocks))
    assert "To: Ben <ben@example.org>\nDate: Sun, 12 May 2024 09:14:00 +0000" in said
    assert "The kettle is on." in said
    assert "The meeting began at nine." in said
    assert {part_of(block) for block in blocks} == {None, "Minutes of the spring meeting.txt", "TABLE.CSV"}
    assert not notes.units_failed


def test_what_lies_in_a_packet_stands_as_if_it_were_the_mails() -> None:
    for kind, name in (("application/ms-tnef", "part.bin"), ("application/octet-stream", "WINMAIL.DAT")):
        data = in_mail(LETTER, PLAIN.format("The kettle was on."), kind=kind, name=name)
        _, blocks, notes = tell(MailReader(), data)
        said = "\n".join(texts(blocks))
        assert "Attachments: Minutes of the spring meeting.txt, TABLE.CSV" in said
        assert {part_of(block) for block in blocks} == {None, "Minutes of the spring meeting.txt", "TABLE.CSV"}
        assert "The kettle was on." in said
        assert "The kettle is on." not in said
        assert not notes.units_failed


def test_mail_without_a_text_of_its_own_takes_that_of_the_packet() -> None:
    _, blocks, _ = tell(MailReader(), in_mail(LETTER, PLAIN.format("\n")))
    assert "The kettle is on." in texts(blocks)
    alone = (HEAD + attachment(LETTER)).encode()
    assert "The kettle is on." in texts(tell(MailReader(), alone)[1])


def test_text_that_is_html_or_compressed_rtf_is_read() -> None:
    page = made.packet(made.message(made.raw(0x1013, b"<p>green <b>leaves</b></p>")))
    assert texts(tell(WinmailReader(), page)[1])[-1] == "green leaves"
    rtf = made.packet(made.message(made.raw(0x1009, packed_rtf(rb"{\rtf1\ansi black leaves\par}"))))
    assert "black leaves" in texts(tell(WinmailReader(), rtf)[1])[-1]


def test_packet_that_says_nothing_gives_no_text() -> None:
    assert texts(tell(WinmailReader(), made.packet(made.code_page(1252)))[1]) == []


def test_message_in_a_packet_is_a_file_of_it() -> None:
    inner = made.packet(made.message(made.wide(0x0037, "Older letter"), made.wide(0x1000, "The leaves are dry.")))
    outer = made.packet(
        made.subject("Fw"),
        made.attached("old", b"", made.wide(0x3001, "Older letter"), made.obj(0x3701, made.IS_MESSAGE + inner)),
        made.attached("drawing", b"", made.obj(0x3701, bytes(40))),
    )
    _, blocks, notes = tell(WinmailReader(), outer)
    assert [part_of(block) for block in blocks if "dry" in block.text] == ["Older letter.eml"]
    assert not notes.units_failed
    _, blocks, notes = tell(WinmailReader(), outer, options=replace(OPTIONS, max_depth=0))
    assert "dry" not in "".join(texts(blocks))
    assert "INGESTION_MAX_DEPTH" in notes.units_failed[0][1]


def test_names_are_data() -> None:
    climbing = made.packet(made.attached("..\\..\\etc\\x.txt", b"climbed", made.wide(0x3707, "../../etc/\x07x.txt")))
    _, blocks, _ = tell(WinmailReader(), climbing)
    assert {part_of(block) for block in blocks if block.text == "climbed"} == {"../../etc/\ufffdx.txt"}


def test_packet_that_ends_early_keeps_what_stands_before() -> None:
    cut = LETTER[: LETTER.index(b"leaf,price") + 4]
    _, blocks, notes = tell(WinmailReader(), cut)
    assert "The meeting began at nine." in texts(blocks)
    assert [why for _, why in notes.units_failed] == [tnef.CUT]
    _, blocks, notes = tell(MailReader(), in_mail(cut, PLAIN.format("Hello")))
    assert "The meeting began at nine." in texts(blocks)
    assert [why for _, why in notes.units_failed] == [f"winmail.dat: {tnef.CUT}"]


def test_packet_with_nothing_in_it_is_damaged() -> None:
    with pytest.raises(SourceMalformed, match=r"winmail\.dat"):
        tell(WinmailReader(), made.packet())
    _, blocks, notes = tell(MailReader(), in_mail(made.packet(), PLAIN.format("Hello")))
    assert "Hello" in texts(blocks)
    assert notes.units_failed[0][1].startswith("winmail.dat: The file begins like an Outlook packet")


def test_counts_are_bounded() -> None:
    many = made.packet(*[made.attached("a.txt", b"a")] * 5)
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_MEMBERS"):
        tell(WinmailReader(), many, options=replace(OPTIONS, max_members=4))
    endless = made.attribute(1, 0x00069003, struct.pack("<IHHI", 1, 0x1001, 1, 0xFFFFFFFF))  # values of no width
    with pytest.raises(SourceMalformed, match="1,000,000"):
        tell(WinmailReader(), made.packet(made.subject("a"), endless))
    lying = made.attribute(1, 0x00069003, struct.pack("<IHHII", 0xFFFFFFFF, 0x1F, 0x37, 1, 0xFFFFFFFF))
    _, _, notes = tell(WinmailReader(), made.packet(made.subject("a"), lying))
    assert "damaged" in notes.units_failed[0][1]


@settings(deadline=None)  # the first one loads what guesses encodings
@given(st.data())
def test_damage_ends_in_one_of_our_errors(data: st.DataObject) -> None:
    spoilt = bytearray(LETTER)
    for _ in range(data.draw(st.integers(1, 6))):
        spoilt[data.draw(st.integers(4, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    try:
        tell(WinmailReader(), bytes(spoilt[: data.draw(st.integers(4, len(spoilt)))]), "winmail.dat")
    except SourceError as error:
        assert str(error)


@given(st.binary(max_size=400))
def test_anything_behind_the_mark_ends_in_one_of_our_errors(rest: bytes) -> None:
    troubles: list[str] = []
    try:
        tnef.parse(tnef.MARK + b"\1\0" + rest, troubles, max_files=9, max_depth=3)
    except SourceError as error:
        assert str(error)


def test_packet_is_no_binary_that_a_search_passes_over() -> None:
    assert reason_of_head("winmail.dat", LETTER) is None
