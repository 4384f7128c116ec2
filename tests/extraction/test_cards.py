"""Address cards of phones and of Outlook (vCard 2.1), pictures in cards, and files in events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction.readers.cards import CardReader

from .conftest import memory
from .office_kit import Read

PHOTO = "".join(f" {'iVBORw0KGgoAAAANSUhEUgAAAEAAAAB' * 2}\r\n" for _ in range(20))
PHONE = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9F=D0=B5=D1=82=D1=80=D0=BE=D0=B2;=D0=\r\n=90=D0=BD=D0=BD=D0=B0\r\n"
    "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Caf=E9 =\r\nat noon=0D=0Aor later=\r\nEND:VCARD\r\n"
)


def test_quoted_names_of_phones_are_found() -> None:
    read = Read(PHONE.encode(), "a.vcf")
    assert "N:Петров;Анна\n" in read.text and "NOTE:Café at noon or later\n" in read.text
    assert "END:VCARD" in read.text
    assert read.rows[0].line_start == 1


@pytest.mark.parametrize(
    "photo",
    [
        "PHOTO;ENCODING=b;TYPE=JPEG:iVBORw0KGgo\r\n" + PHOTO,
        'PHOTO;TYPE="jpeg";ENCODING=BASE64:\r\n' + PHOTO + "\r\n",
        "LOGO;BASE64;PNG:iVBORw0KGgo=\r\n" + PHOTO.replace(" ", "") + "\r\n",
        "item1.PHOTO:data:image/jpeg;base64,iVBORw0KGgo\r\n" + PHOTO,
    ],
)
def test_pictures_of_people_are_no_text(photo: str) -> None:
    read = Read(f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ana\r\n{photo}TEL:+49 89\r\nEND:VCARD\r\n".encode(), "a.vcf")
    assert "iVBOR" not in read.text and "FN:Ana" in read.text and "TEL:+49 89\nEND:VCARD" in read.text
    assert read.rows[-1].line_end == 5 + photo.count("\n")
    assert read.notes[0].units_failed == []


def test_addresses_of_pictures_and_names_that_look_packed_stay() -> None:
    read = Read(b"BEGIN:VCARD\nVERSION:4.0\nPHOTO;VALUE=uri:http://a/b.jpg\nNOTE:a;BASE64:b\nEND:VCARD\n", "a.vcf")
    assert "http://a/b.jpg" in read.text and "a;BASE64:b" in read.text


@pytest.mark.parametrize("end", [b"\r\n ", b"\n\t"])
@pytest.mark.parametrize("width", [75, 74, 7])
def test_lines_that_were_folded_within_a_character_are_whole(width: int, end: bytes) -> None:
    said = "SUMMARY:Frühstück mit Jürgen 潮の満ち引き \U0001f600 " * 5
    raw = said.encode()
    folded = end.join(raw[at : at + width] for at in range(0, len(raw), width))
    read = Read(b"BEGIN:VCALENDAR\n" + folded + b"\nEND:VCALENDAR\n", "a.ics")
    assert said in read.text and read.rows[-1].line_end == 3 + folded.count(b"\n")


def test_cards_in_another_code_page_stay_in_it() -> None:
    read = Read("BEGIN:VCARD\nFN:Jürgen Müller\nNOTE:Schöne\n  Grüße\nEND:VCARD\n".encode("cp1252"), "a.vcf")
    assert "Jürgen Müller" in read.text and "Schöne Grüße" in read.text


def test_a_file_in_an_event_is_a_gap() -> None:
    event = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\n"
        'ATTACH;FMTTYPE="a:b";X-FILENAME="list of: tea.txt";ENCODING=BASE64;VALUE=BINARY:\r\n aGVsbG8=\r\nATTACH;FMTTYPE=a/b:http://a/tea.pdf\r\n'
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    read = Read(event.replace("list of: ", "").encode(), "a.ics")
    assert read.notes[0].units_failed == [(1, "tea.txt: Files that are packed into an event are not read.")]
    assert "http://a/tea.pdf" in read.text and "aGVsbG8" not in read.text
    assert Read(event.encode(), "a.ics").notes[0].units_failed[0][1].startswith("list of")


def test_a_picture_that_goes_on_from_the_stretch_before_is_no_text() -> None:
    data = (f"BEGIN:VCARD\r\nPHOTO;ENCODING=b:iVBO\r\n{PHOTO}FN:Ana\r\nEND:VCARD\r\n").encode()
    reader, source, cut = CardReader(), memory(data, "a.vcf"), data.index(b"iVBORw0", 400) - 1
    plan = reader.plan(source, ExtractOptions())
    segment = SegmentSpec(1, cut, len(data), 9)
    (block,) = reader.read(source, plan, segment, ExtractOptions(), SegmentNotes())
    assert block.text.startswith("FN:Ana")
    assert block.line_start == 9 + data[cut : data.index(b"FN:")].count(b"\n")


LINES = st.lists(
    st.sampled_from(
        [
            "A;B:c",
            " more",
            "X;ENCODING=b:QUJD",
            " QUJDRA==",
            "",
            "N;QUOTED-PRINTABLE:=C3=A9=",
            "=41",
            'P;A="x:y";B:z',
            "END:VCARD",
            "\\n\\,",
            "ATTACH;BASE64:",
            "é",
        ]
    ),
    max_size=30,
)


@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_lines_stay_in_their_places(lines: list[str], end: str) -> None:
    data = end.join(["BEGIN:VCARD", *lines, "TEL:last"]).encode()
    read = Read(data, "a.vcf")
    swallowed = any(line.endswith("=") for line in lines)
    assert swallowed or read.rows[-1].line_end == len(lines) + 2
    assert read.rows[0].line_start == 1
    assert swallowed or "TEL:last" in read.text
