"""What the readers make of mail messages, mailboxes, Outlook messages and saved pages."""

import base64
import io
import struct
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, Reader, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.models import Location
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import detect, kinds, mime, nested
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.lzfu import decompress
from ingest_desktop.extraction.readers.mail import MailReader, unflowed
from ingest_desktop.extraction.readers.mbox import MboxReader, message_starts
from ingest_desktop.extraction.readers.mhtml import MhtmlReader
from ingest_desktop.extraction.readers.msg import MsgReader

from .conftest import CORPUS, memory
from .ole_maker import ole, small_values
from .test_archives import AES_256

OPTIONS = ExtractOptions()


def tell(
    reader: Reader, data: bytes, name: str = "a.eml", options: ExtractOptions = OPTIONS
) -> tuple[ReaderPlan, list[Block], SegmentNotes]:
    """All that a reader says of a file in memory, its segments one after the other."""
    source = memory(data, name)
    plan = reader.plan(source, options)
    blocks: list[Block] = []
    notes = SegmentNotes(units_seen=0, units_with_text=0)
    for segment in plan.segments:
        one = SegmentNotes()
        blocks += reader.read(source, plan, segment, options, one)
        notes.units_seen += one.units_seen
        notes.units_with_text = (notes.units_with_text or 0) + (one.units_with_text or 0)
        notes.units_failed += one.units_failed
        notes.warnings += one.warnings
    return plan, blocks, notes


def mail(text: str, options: ExtractOptions = OPTIONS) -> tuple[ReaderPlan, list[Block], SegmentNotes]:
    return tell(MailReader(), text.encode("utf-8", "surrogateescape"), options=options)


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks if block.text]


def part_of(block: Block) -> object:
    return dict(block.extra).get("part")


def multi(kind: str, *parts: str, boundary: str = "cut") -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\npreamble\n{inner}--{boundary}--\nepilogue\n'


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n{}"
PAGE = "Content-Type: text/html; charset=utf-8\n\n{}"
HEAD = "From: Ana <ana@example.org>\nTo: ben@example.org\nDate: Sun, 12 May 2024 09:14:00 +0000\nSubject: Tea\n"


def test_message_gives_its_subject_its_header_lines_and_its_text() -> None:
    plan, blocks, notes = mail(HEAD + "Received: from somewhere\n\nCome at five.\n")

    assert (plan.unit, plan.units, plan.title) == ("message", 1, "Tea")
    assert plan.metadata["from"] == "Ana <ana@example.org>"
    assert blocks[0] == Block("Tea", 1)
    assert texts(blocks[1:]) == [
        "From: Ana <ana@example.org>\nTo: ben@example.org\nDate: Sun, 12 May 2024 09:14:00 +0000",
        "Come at five.",
    ]
    assert (notes.units_seen, notes.units_with_text, notes.units_failed) == (1, 1, [])


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("=?utf-8?B?WndlaXRlciBCcmllZg==?=", "Zweiter Brief"),
        ("=?utf-8?Q?Gr=C3=BC=C3?=\n =?UTF-8?Q?=9Fe?= dahin", "Grüße dahin"),  # a character cut in two
        ("=?iso-8859-1?q?Caf=E9_au_lait?=", "Café au lait"),
        ("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"),
        ("=?gb2312?B?uN/Qyw==?=", "高兴"),
        ("=?nonsense?Q?abc?=", "abc"),
        ("=?utf-8?B?SGVs bG8?= you", "Hello you"),
        ("=?utf-8*en?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("Grüße aus Köln", "Grüße aus Köln"),  # as it must not be, but is
        ("folded\n\tover lines", "folded over lines"),
        ("tab\x07bell", "tab bell"),
    ],
)
def test_subjects_are_decoded(raw: str, shown: str) -> None:
    plan, _, _ = mail(f"Subject: {raw}\nFrom: a\n\n")
    assert plan.title == shown


def test_subject_in_an_old_code_page_is_guessed() -> None:
    data = "Subject: Привет, как ваши дела сегодня?\nFrom: a\n\nx".encode("cp1251")
    plan, _, _ = tell(MailReader(), data)
    assert plan.title == "Привет, как ваши дела сегодня?"


@pytest.mark.parametrize(
    ("header", "body", "shown"),
    [
        ("text/plain; charset=iso-8859-1", b"caf\xe9 \x93quoted\x94", "café “quoted”"),
        ("text/plain; charset=us-ascii", "naïve".encode(), "naïve"),
        ("text/plain; charset=utf-8", "Die Straße nach Köln ist für Fußgänger gesperrt".encode("cp1252"), "Fußgänger"),
        ("text/plain; charset=idna", b"plain", "plain"),
        ("text/plain; charset=hex", b"plain", "plain"),
        ("text/plain; charset=ks_c_5601-1987", "한국어".encode("cp949"), "한국어"),
        ('text/plain; charset="koi8-r', "Привет".encode("koi8-r"), "Привет"),
        ("text/plain", "日本語".encode("iso2022_jp"), "日本語"),
        ("text/html", "<meta charset=windows-1251><p>Привет всем".encode("cp1251"), "Привет всем"),
        ("text/html; charset=utf-8", "<meta charset=windows-1251><p>Привет".encode(), "Привет"),
        ("nonsense", b"plain", "plain"),
    ],
)
def test_bodies_are_decoded_whatever_they_say(header: str, body: bytes, shown: str) -> None:
    _, blocks, _ = tell(MailReader(), f"Subject: x\nFrom: a\nContent-Type: {header}\n\n".encode() + body)
    assert shown in texts(blocks)[-1]


@pytest.mark.parametrize(
    ("encoding", "body", "shown"),
    [
        ("quoted-printable", "caf=C3=A9 and so=\n on =ZZ", "café and so on =ZZ"),
        ("base64", "SGVs\n bG8=\nIQ==\n-- \nfooter of a list", "Hello!"),
        (" BASE64 (as they say)", "SGVsbG8", "Hello"),
        ("x-uuencode", "begin 644 a.txt\n%:&5L;&\\\n`\nend\n", "hello"),
        ("8bit", "straße", "straße"),
        ("unknown", "as it is", "as it is"),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, body: str, shown: str) -> None:
    _, blocks, _ = mail(f"Subject: x\nFrom: a\nContent-Transfer-Encoding: {encoding}\n\n{body}")
    assert texts(blocks)[-1].startswith(shown)


def test_plain_text_is_taken_of_alternatives_and_html_when_it_says_more() -> None:
    both = multi("alternative", PLAIN.format("Come at five."), PAGE.format("<b>Come at five.</b>"))
    assert texts(mail(HEAD + both)[1])[2:] == ["Come at five."]
    long = "word " * 300
    stub = multi("alternative", PLAIN.format("Your program cannot show this."), PAGE.format(f"<h1>News</h1>{long}"))
    blocks = mail(HEAD + stub)[1]
    assert texts(blocks)[2:] == ["News", long.strip()]
    assert [block.level for block in blocks][-2:] == [2, 0]
    empty = multi("alternative", PLAIN.format(" \n"), PAGE.format("Only here"))
    assert texts(mail(HEAD + empty)[1])[2:] == ["Only here"]


def test_attachments_are_read_under_their_names_and_pictures_of_the_text_are_not() -> None:
    notes_file = 'Content-Type: text/plain; name="a.txt"\nContent-Disposition: attachment\n\nin the file'
    cyrillic = (
        "Content-Type: application/octet-stream\nContent-Disposition: attachment;\n"
        " filename*0*=utf-8''%D0%BE%D1%82%D1;\n filename*1*=%87%D0%B5%D1%82.csv\n"
        "Content-Transfer-Encoding: base64\n\n" + base64.b64encode(b"a,b\n1,2\n").decode()
    )
    picture = "Content-Type: image/png\nContent-ID: <p1>\n\n\x89PNG"
    page = multi("related", PAGE.format('See <img src="cid:p1">here'), picture, boundary="in")
    plan, blocks, notes = mail(HEAD + multi("mixed", page, notes_file, cyrillic))

    assert plan.units == 1
    assert "Attachments: a.txt, отчет.csv" in texts(blocks)[1]
    assert "See here" in texts(blocks)[2]
    assert [block.text for block in blocks if part_of(block) == "a.txt" and block.text] == ["in the file"]
    assert any("1" in block.text for block in blocks if part_of(block) == "отчет.csv")
    headings = {row.heading for row in chunk_blocks(blocks, OPTIONS, plan.title)}
    assert headings == {"Tea", "Tea › a.txt", "Tea › отчет.csv"}
    assert notes.warnings == []
    assert (notes.units_seen, notes.units_with_text) == (1, 1)


def test_attached_messages_are_read_with_their_subjects() -> None:
    inner = "Content-Type: message/rfc822\n\nX-Odd: 1\nSubject: The old one\nFrom: c@d\n\nLook at this."
    _, blocks, _ = mail(HEAD + multi("mixed", PLAIN.format("As attached."), inner))
    assert [block.text for block in blocks if part_of(block) == "The old one.eml" and block.text] == [
        "The old one",
        "From: c@d",
        "Look at this.",
    ]


def test_trouble_with_an_attachment_leaves_the_rest() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 3_000_000)
        archive.writestr("[Content_Types].xml", b"")
    bomb, broken = stream.getvalue(), stream.getvalue()[:300]
    parts = [
        f'Content-Type: application/x; name="{name}"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(data).decode()
        for name, data in (("bomb.docx", bomb), ("broken.docx", broken))
    ]
    parts.append('Content-Type: text/plain; name="b.txt"\nContent-Disposition: attachment\n\nthe last')
    options = ExtractOptions(max_expanded_bytes=1_000_000)
    _, blocks, notes = mail(HEAD + multi("mixed", PLAIN.format("Body."), *parts), options)

    assert "Body." in texts(blocks)
    assert "the last" in texts(blocks)
    ((number, why),) = notes.units_failed
    assert number == 1
    assert "bomb.docx" in why
    assert "broken.docx" in why


def test_encrypted_text_is_said_and_signatures_are_not() -> None:
    sealed = 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\n\nMIAG'
    _, blocks, notes = mail(HEAD + sealed)
    assert texts(blocks)[0] == "Tea"
    assert notes.units_failed == [(1, "Its text is encrypted.")]
    signed = multi("signed", PLAIN.format("Signed."), 'Content-Type: application/pgp-signature; name="s.asc"\n\nxx')
    _, blocks, notes = mail(HEAD + signed)
    assert texts(blocks)[2:] == ["Signed."]
    assert (notes.units_failed, notes.warnings) == ([], [])


def attached(*files: tuple[str, bytes]) -> str:
    """A message with these files."""
    parts = [
        f'Content-Type: application/octet-stream\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(data).decode()}"
        for name, data in files
    ]
    head = 'Subject: Files\nFrom: a@example.org\nContent-Type: multipart/mixed; boundary="cut"\n\n'
    return head + "".join(f"--cut\n{part}\n" for part in ("\nSee below.\n", *parts)) + "--cut--\n"


def test_attachments_that_cannot_be_read_are_gaps_of_their_message_by_name() -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("bad.pdf", b"%PDF-1.7 nothing")
        archive.writestr("ok.txt", b"fine")
    files = [("broken.pdf", b"%PDF-1.7 nothing"), ("song.mp3", b"ID3\4" + bytes(50)), ("in.zip", inner.getvalue())]
    _, blocks, notes = mail(attached(*files))
    assert "fine" in texts(blocks)
    ((number, why),) = notes.units_failed
    assert number == 1
    assert why.startswith("broken.pdf: ")
    assert " in.zip/bad.pdf: " in why
    assert notes.warnings == ["Left out, because nobody reads them: MP3 audio files (1)."]


def test_a_message_that_ends_in_the_middle_of_a_file_says_so() -> None:
    whole = attached(("a.bin", bytes(range(256)) * 40))
    at = next(
        at
        for at in range(len(whole) // 2, len(whole))
        if len("".join(whole[whole.index("base64") + 6 : at].split())) % 4
    )
    assert mail(whole)[2].units_failed == []
    assert mail(whole[:at])[2].units_failed == [
        (1, "a.bin: The message ends in the middle; what should follow is missing.")
    ]


def test_a_password_opens_an_attachment() -> None:
    source = memory(attached(("in.zip", AES_256), ("a.txt", b"text")).encode(), "a.eml")
    for passwords, shape, failed in (
        ((), nested.shape(OPTIONS), [(1, "in.zip: It asks for a password.")]),
        (("open sesame",), f"{nested.shape(replace(OPTIONS, ocr=False))} unlocked=1", []),
    ):
        options = replace(OPTIONS, ocr=not passwords)
        given, notes = replace(source, passwords=passwords), SegmentNotes()
        plan = MailReader().plan(given, options)
        blocks = list(MailReader().read(given, plan, plan.segments[0], options, notes))
        assert (plan.shape, notes.units_failed) == (shape, failed)
        assert ("behind AES, " * 3 in texts(blocks)) == bool(passwords)


def test_a_message_of_a_mailbox_that_goes_over_a_limit_does_not_lose_the_others() -> None:
    many = attached(*((f"{number}.txt", b"text %d" % number) for number in range(30)))
    box = "".join(
        f"From a@b Mon Jan  1 10:00:00 2024\n{text}\n" for text in (PLAIN.format("One."), many, PLAIN.format("Two."))
    )
    _, blocks, notes = tell(MboxReader(), box.encode(), "a.mbox", ExtractOptions(max_members=20))
    assert {"One.", "Two."} <= set(texts(blocks))
    ((number, why),) = notes.units_failed
    assert (number, "INGESTION_MAX_MEMBERS" in why) == (2, True)


def test_a_mail_with_five_hundred_attachments() -> None:
    files = [(f"{number}.txt", b"the text of %d" % number) for number in range(500)]
    files[7:7] = [("broken.pdf", b"%PDF-1.7 nothing")]
    _, blocks, notes = mail(attached(*files))
    assert {f"the text of {number}" for number in range(500)} <= set(texts(blocks))
    assert (notes.units_seen, notes.units_with_text, len(notes.units_failed)) == (1, 1, 1)


def test_the_recipe_of_a_mail_depends_on_its_attachments_only_if_it_may_have_some() -> None:
    assert mail("Subject: a\n\nPlain text.")[0].shape == ""
    shape = mail(attached(("a.txt", b"text")))[0].shape
    assert shape == nested.shape(OPTIONS)
    assert mail(attached(("a.txt", b"text")), ExtractOptions(max_depth=3))[0].shape != shape
    box = f"From a@b Mon Jan  1 10:00:00 2024\n{PLAIN.format('One.')}"
    assert tell(MboxReader(), box.encode())[0].shape == f"segment={OPTIONS.segment_bytes} {shape}"


def test_parts_that_were_never_closed_and_boundaries_that_lie_inside_each_other() -> None:
    inner = 'Content-Type: multipart/alternative; boundary="cut-in"\n\n--cut-in\n' + PLAIN.format("Inside.")
    text = HEAD + f'Content-Type: multipart/mixed; boundary="cut"\n\n--cut\n{inner}\n--cut\n' + PLAIN.format("Outside.")
    assert texts(mail(text)[1])[2:] == ["Inside.", "Outside."]
    none = HEAD + 'Content-Type: multipart/mixed; boundary="never"\n\nStill readable.'
    assert texts(mail(none)[1])[2:] == ["Still readable."]


def test_a_bounce_keeps_what_it_says() -> None:
    status = "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822;a@b\nStatus: 5.1.1"
    returned = "Content-Type: message/rfc822\n\nSubject: Lost letter\nFrom: x@y\n\nNever arrived."
    _, blocks, _ = mail(HEAD + multi("report", PLAIN.format("Could not be delivered."), status, returned))
    said = "\n".join(texts(blocks))
    assert all(words in said for words in ("Could not be delivered", "Status: 5.1.1", "Never arrived"))


def test_files_that_stand_in_the_text_as_they_once_did() -> None:
    text = HEAD + "\nHere it is:\nbegin 644 old.txt\n%:&5L;&\\\n`\nend\nBye.\n"
    _, blocks, _ = mail(text)
    assert texts(blocks)[1].endswith("Attachments: old.txt")
    assert "begin 644" not in "\n".join(texts(blocks))
    assert [block.text for block in blocks if part_of(block) == "old.txt" and block.text] == ["hello"]


def test_apple_mail_writes_a_length_before_and_a_list_behind() -> None:
    message = (HEAD + "\nCome at five.\n").encode()
    data = b"%d      \n" % len(message) + message + b"<?xml version='1.0'?><plist>flags</plist>"
    assert detect.kind_of(memory(data, "1.emlx")) == kinds.EML
    plan, blocks, _ = tell(MailReader(), data, "1.emlx")
    assert plan.title == "Tea"
    assert texts(blocks)[-1] == "Come at five."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_messages_that_an_editor_saved_anew(encoding: str) -> None:
    for before in ("", "\r\n\r\n"):
        data = (before + HEAD + "\nCafé at five.\n").encode(encoding)
        assert detect.kind_of(memory(data, "a.eml")) == kinds.EML
        plan, blocks, _ = tell(MailReader(), data)
        assert plan.title == "Tea"
        assert texts(blocks)[-1] == "Café at five."


def test_lines_that_were_broken_for_sending_are_whole_again() -> None:
    assert unflowed("one \ntwo\nthree\n> four \n> five\n-- \nme") == "one two\nthree\n> four five\n-- \nme"
    assert unflowed("日本 \n語", delete_blank=True) == "日本語"


def test_limits_are_named() -> None:
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_MEMBERS"):
        mail(HEAD + multi("mixed", *[PLAIN.format("x")] * 30), ExtractOptions(max_members=20))
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        mail(HEAD + "\nlong", ExtractOptions(max_expanded_bytes=10))


def test_multiparts_nested_without_end_are_read_as_far_as_sense_goes() -> None:
    text = PLAIN.format("deep")
    for number in range(200):
        text = multi("mixed", text, boundary=f"b{number}x")
    _, blocks, _ = mail(HEAD + text)
    assert "deep" in texts(blocks)[-1]


@given(st.binary(max_size=400), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "7bit"]))
def test_decoding_takes_any_bytes(data: bytes, encoding: str) -> None:
    assert isinstance(mime.decoded(data, encoding), bytes)
    assert "\0" not in mime.text_of(data, "utf-16")


@given(st.binary(max_size=300))
def test_base64_gives_back_what_went_in(data: bytes) -> None:
    assert mime.from_base64(base64.encodebytes(data)) == data


@given(st.text(max_size=200))
def test_header_fields_take_any_text(value: str) -> None:
    mime.field_text(value).encode("utf-8")
    mime.field_text(f"=?utf-8?q?{value}?=").encode("utf-8")


# --- mailboxes -------------------------------------------------------------------------------------

LETTERS = [
    f"From a@b Sun May 12 09:{number % 60:02}:00 2024\nFrom: a@b\nSubject: Letter {number}\n\n"
    f"Text of {number}.\n>From here quoted.\n\nFrom now on it is a paragraph.\n\n"
    for number in range(1, 41)
]


def test_mailbox_gives_each_message_with_its_number() -> None:
    data = "".join(LETTERS).encode()
    plan, blocks, notes = tell(MboxReader(), data, "a.mbox", ExtractOptions(segment_bytes=1000))

    assert (plan.unit, plan.units) == ("message", 40)
    assert len(plan.segments) == 5
    assert plan.segments[-1].stop == len(data)
    assert [block.text for block in blocks if block.level] == [f"Letter {number}" for number in range(1, 41)]
    assert [dict(block.extra)["message"] for block in blocks if block.level] == list(range(1, 41))
    assert texts(blocks)[2] == "Text of 1.\nFrom here quoted.\n\nFrom now on it is a paragraph."
    assert (notes.units_seen, notes.units_with_text) == (40, 40)
    assert Location(**dict(blocks[-1].extra)).message == 40


def test_segments_of_a_mailbox_are_the_same_however_it_is_cut_into_reads() -> None:
    data = "".join(LETTERS).encode()
    whole = list(message_starts(io.BytesIO(data)))
    assert len(whole) == 40
    assert all(data.startswith(b"From a@b", place) for place in whole)
    assert list(message_starts(io.BytesIO(data), whole[7], whole[11])) == whole[7:11]


def test_a_long_message_has_a_segment_of_its_own() -> None:
    long = LETTERS[1].replace("Text of", "x" * 5000 + " Text of")
    data = (LETTERS[0] + long + LETTERS[2] + LETTERS[3]).encode()
    plan, blocks, _ = tell(MboxReader(), data, "a.mbox", ExtractOptions(segment_bytes=2000))
    assert [segment.first_line for segment in plan.segments] == [1, 2, 3]
    assert [dict(block.extra)["message"] for block in blocks if block.level] == [1, 2, 3, 4]


def test_mailboxes_of_other_programs() -> None:
    thunderbird = (
        b"From - Mon Jan 01 10:00:00 2024\r\nX-Mozilla-Status: 0001\r\nSubject: One\r\n\r\nFirst\r\n"
        b"From - Mon Jan 01 10:00:01 2024\r\nX-Mozilla-Status: 0001\r\nSubject: Two\r\n\r\n"
        b"From the start: this is text.\r\n"
    )
    plan, blocks, _ = tell(MboxReader(), thunderbird, "Inbox")
    assert plan.units == 2
    assert texts(blocks)[-1] == "From the start: this is text."


def test_trouble_with_a_message_is_noted_under_its_number() -> None:
    sealed = "From a@b Sun May 12 09:14:00 2024\nFrom: a\nSubject: S\nContent-Type: application/pkcs7-mime\n\nx\n\n"
    _, _, notes = tell(MboxReader(), (LETTERS[0] + sealed + LETTERS[1]).encode(), "a.mbox")
    assert notes.units_failed == [(2, "Its text is encrypted.")]
    assert notes.units_seen == 3
    options = ExtractOptions(max_expanded_bytes=300)
    long = LETTERS[1].replace("Text of", "x" * 500)
    _, blocks, notes = tell(MboxReader(), (LETTERS[0] + long + LETTERS[2]).encode(), "a.mbox", options)
    assert [number for number, _ in notes.units_failed] == [2]
    assert [block.text for block in blocks if block.level] == ["Letter 1", "Letter 3"]


def test_memory_does_not_grow_with_the_mailbox(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    with path.open("w", encoding="utf-8", newline="") as stream:
        for number in range(3000):
            stream.write(LETTERS[number % 40].replace("Text of", "long line of words " * 500))
    source = SourceFile(str(path), path.stat().st_size, path.read_bytes()[:65536])
    reader, options = MboxReader(), ExtractOptions(segment_bytes=256 * 1024)
    tracemalloc.start()
    try:
        plan = reader.plan(source, options)
        for _ in reader.read(source, plan, plan.segments[-1], options, SegmentNotes()):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert plan.units == 3000
    assert source.size > 25_000_000
    assert peak < 8_000_000


# --- Outlook ---------------------------------------------------------------------------------------


def text(number: int, value: str) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")


def old_text(number: int, value: str, page: str) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}001E", value.encode(page)


def raw(number: int, value: bytes) -> tuple[str, bytes]:
    return f"__substg1.0_{number:04X}0102", value


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


def packed_rtf(body: bytes) -> bytes:
    """Compressed RTF without anything repeated."""
    runs = b"".join(b"\0" + body[at : at + 8] for at in range(0, len(body), 8))
    return struct.pack("<II4sI", len(runs) + 12, len(body), b"LZFu", 0) + runs


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


# --- saved pages -----------------------------------------------------------------------------------


def saved(*parts: str, root: str = "") -> bytes:
    head = (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://example.org/tea\nSubject: Tea\n"
        f'Date: Sun, 12 May 2024 09:14:00 -0000\nMIME-Version: 1.0\nContent-Type: multipart/related;{root}\n boundary="c"'
    )
    return (head + "\n\n" + "".join(f"--c\n{part}\n" for part in parts) + "--c--\n").encode()


def test_saved_page_gives_its_page_and_where_it_came_from() -> None:
    page = (
        "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<title>All of tea</title><nav>menu</nav><h1>Green</h1><p>caf=C3=A9" + " words" * 80
    )
    style = "Content-Type: text/css\n\nbody {}"
    data = saved(style, page, "Content-Type: text/html\n\n<p>frame of a stranger")
    assert detect.kind_of(memory(data, "a.mhtml")) == kinds.MHTML
    plan, blocks, _ = tell(MhtmlReader(), data, "a.mhtml")
    assert plan.title == "All of tea"
    assert plan.metadata["url"] == "https://example.org/tea"
    assert texts(blocks)[0] == "Green"
    assert texts(blocks)[1].startswith("café words")
    assert len(texts(blocks)) == 2
    assert {row.heading for row in chunk_blocks(blocks, OPTIONS, plan.title)} == {"Tea › All of tea › Green"}


def test_saved_page_names_its_root_or_is_a_set_of_frames() -> None:
    first, second = PAGE.format("<p>first"), "Content-ID: <r@x>\n" + PAGE.format("<p>second" + " words" * 80)
    assert texts(tell(MhtmlReader(), saved(first, second, root=' start="<r@x>";'))[1])[0].startswith("second")
    assert [words[:6] for words in texts(tell(MhtmlReader(), saved(first, second))[1])] == ["first", "second"]
    with pytest.raises(SourceMalformed):
        tell(MhtmlReader(), saved("Content-Type: image/png\n\nx"))


def test_a_letter_with_pictures_is_no_saved_page() -> None:
    letter = HEAD.replace("To: ben@example.org\n", "") + multi("related", PAGE.format("x"))
    assert detect.kind_of(memory(letter.encode(), "a.eml")) == kinds.EML


@pytest.mark.parametrize("name", ["1715.M1P2.host:2,S", "Inbox", "note.txt"])
def test_mail_is_known_under_names_that_promise_nothing(name: str) -> None:
    assert detect.kind_of(memory((HEAD + "\nx").encode(), name)) == kinds.EML


# --- hostile ---------------------------------------------------------------------------------------

SEEDS: list[tuple[Reader, bytes]] = [
    (
        MailReader(),
        (HEAD + multi("mixed", PLAIN.format("x"), multi("related", PAGE.format("y"), boundary="b"))).encode(),
    ),
    (MboxReader(), "".join(LETTERS[:5]).encode()),
    (MhtmlReader(), saved(PAGE.format("x"))),
    (MsgReader(), ole(dict([text(0x0037, "x"), raw(0x1009, packed_rtf(b"{\\rtf1 x}"))]))),
]


@given(st.sampled_from(SEEDS), st.data())
def test_mutated_files_end_in_text_or_in_one_of_our_errors(seed: tuple[Reader, bytes], data: st.DataObject) -> None:
    reader, good = seed
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(bad)))
        bad[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        tell(reader, bytes(bad), "a")
    except IngestError as error:
        assert str(error).endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        'Content-Type: multipart/mixed; boundary="-"\n\n' + "-" * 3_000_000,
        "Content-Type: text/plain; " + "name*0*=a; " * 100_000 + "\n\nx",
        "\n" + "begin 644 x\n" * 100_000 + "end\n",
        "Content-Type: text/html\n\n" + "<img src=cid:y>" * 100_000,
    ],
    ids=["boundary", "parameters", "uuencoded", "pictures"],
)
def test_time_grows_with_the_length_only(body: str) -> None:
    began = time.process_time()
    mail(HEAD + body)
    assert time.process_time() - began < 3
