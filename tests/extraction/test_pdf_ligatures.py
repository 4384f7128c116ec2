"""PDF: letters that are written as one shape, whose name alone tells which they are."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.extraction.readers.pdf_ligatures import named_letters
from ingest_desktop.extraction.readers.pdf_pages import Page

from .pdf_kit import assert_same_places, first_page, made_by

NAMES = "/Differences [27 /f_i /f_f_i.alt /f_f 65 /A]"
TEXT = "BT /F9 10 Tf 50 700 Td (de\\033ne what di\\035ers, o\\034ce and all) Tj ET"


def page(names: str = NAMES, producer: str = "pdfTeX") -> Page:
    more = f"900 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding {names} >> >>\nendobj\n"
    data = made_by(producer, TEXT, more).replace(b"/Font << /F1 3 0 R >>", b"/Font << /F9 900 0 R >>")
    return first_page(data)


def test_the_name_of_a_shape_tells_its_letters() -> None:
    assert page().text == "define what differs, office and all"


def test_a_name_that_tells_nothing_changes_nothing() -> None:
    assert page("/Differences [27 /g1 /g2 /g3]").text == "de\x1bne what di\x1ders, o\x1cce and all"


def test_what_follows_is_found_in_its_place() -> None:
    mended, plain = page(), page("/Differences [27 /g1 /g2 /g3]")
    assert_same_places(mended, plain, ("de", "ne what", "ers", "ce and all"))


def test_spaces_and_letters_are_mended_together() -> None:
    assert page(producer="GPL Ghostscript 9").text == "define what differs, office and all"


def packed(text: bytes) -> bytes:
    return b"5 0 obj\n<< /Type /ObjStm /N 1 /First 4 >>\nstream\r\n" + zlib.compress(text) + b"\nendstream"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"/Differences [27/f_i/f_f_i 33/exclam 40 /T_h]", {27: "fi", 28: "ffi", 40: "Th"}),
        (packed(b"/Differences[27/f_l]"), {27: "fl"}),
        (b"/Differences[27/f_i] /Differences[27/f_l 28/f_f]", {28: "ff"}),  # fonts that do not agree
        (b"/Differences[27/fi/uni0041/a_bc/_/f_1]", {}),
        (b"/ObjStm stream\nno such thing", {}),
        (b"/ObjStm", {}),
        (b"/Differences [27 /f_i", {}),
    ],
)
def test_names_are_found_wherever_they_stand(data: bytes, found: dict[int, str]) -> None:
    assert named_letters(data) == found


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_no_bytes_are_too_odd(data: bytes, more: bytes) -> None:
    for odd in (data, packed(data), b"/Differences [" + data + b"]", packed(data)[:-40] + more):
        assert all(0 <= code < 2000 and letters.isalpha() for code, letters in named_letters(odd).items())
