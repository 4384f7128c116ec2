"""Single messages: header fields, the body that is chosen, attachments, and what they may not do."""

import base64
import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.interfaces.extraction import Block, SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import detect, kinds, mime, nested
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.readers.mail import MailReader, unflowed
from ingest_desktop.extraction.readers.mbox import MboxReader

from .archive_kit import AES_256
from .blocks_kit import OPTIONS, tell, texts
from .conftest import memory
from .mail_kit import HEAD, PAGE, PLAIN, mail, multi, part_of


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


def test_files_of_the_same_name_are_told_apart() -> None:
    owls, elks = "line\n" * 9 + "the owl", "line\n" * 2 + "the elk"
    file = "Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\n"
    parts = [file + text for text in (owls, elks)]
    _, blocks, _ = mail(HEAD + multi("mixed", PLAIN.format("Body."), *parts))
    rows = [row for row in chunk_blocks(blocks, OPTIONS, None) if "notes.txt" in (row.extra or "")]
    assert [(row.line_start, row.line_end, row.text[-3:]) for row in rows] == [(1, 10, "owl"), (1, 3, "elk")]


def test_encrypted_text_is_said_and_signatures_are_not() -> None:
    sealed = 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\n\nMIAG'
    _, blocks, notes = mail(HEAD + sealed)
    assert texts(blocks)[0] == "Tea"
    assert notes.units_failed == [(1, "Its text is encrypted.")]
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA7\n=x\n-----END PGP MESSAGE-----\n"
    for text, left in ((armour, []), (f"Before.\n{armour}After.", ["Before.\n\nAfter."]), (armour[:40], [])):
        _, blocks, notes = mail(HEAD + PLAIN.format(text))
        assert texts(blocks)[2:] == left
        assert notes.units_failed == [(1, "Its text is encrypted.")]
    _, blocks, notes = mail(HEAD + PLAIN.format("It begins with -----BEGIN PGP MESSAGE----- and goes on."))
    assert (texts(blocks)[2][-8:], notes.units_failed) == ("goes on.", [])
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


INVITATION = (
    "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n"
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tea with Ben\nLOCATION:The old mill\nEND:VEVENT\nEND:VCALENDAR\n"
)


def test_an_invitation_that_stands_for_the_text_is_read() -> None:
    _, blocks, notes = mail(HEAD + multi("alternative", PLAIN, PAGE, INVITATION))
    assert notes.units_failed == []
    assert any("The old mill" in block.text and part_of(block) == "invitation.ics" for block in blocks)


def test_an_invitation_that_came_as_a_file_besides_is_read_once() -> None:
    attached = INVITATION.replace("\n\n", '\nContent-Disposition: attachment; filename="invite.ics"\n\n', 1)
    inner = multi("alternative", PLAIN, INVITATION, boundary="inner")
    _, blocks, _ = mail(HEAD + multi("mixed", inner, attached))
    assert sum("The old mill" in block.text for block in blocks) == 1
