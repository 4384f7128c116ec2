"""PDF: spaces that Ghostscript writes as two letters far apart. Helvetica of 10 points: a space is 2.8 points wide."""

import pypdfium2.raw as raw
import pytest

from ingest_desktop.extraction.readers.pdf_pages import Page
from ingest_desktop.extraction.readers.pdfium_spaces import missing_spaces

from .pdf_kit import assert_same_places, first_page, made_by


def apart(text: str, points: float = 2.8) -> str:
    """Commands for letters with room between them, but none after the last."""
    return f"{points} Tc ({text}) Tj 0 Tc [{points * 100}] TJ"


SENTENCES = (
    f"BT /F1 10 Tf 50 700 Td (Open the archive) Tj {apart(',a')} (nd read it) Tj {apart('.T')} (his will be invoke) Tj "
    f"{apart('db')} (y you.) Tj ET"
)


PLAIN = "Open the archive,and read it.This will be invokedby you."  # as PDFium reads it


def page(drawing: str, producer: str = "GPL Ghostscript 9.55.0") -> Page:
    return first_page(made_by(producer, drawing))


@pytest.mark.parametrize(
    "producer", ["GPL Ghostscript 9.55.0", "iText 2.0.2 (by lowagie.com)", "Adlib PDF Enterprise 5.1"]
)
def test_words_that_stand_apart_are_words_of_their_own(producer: str) -> None:
    assert page(SENTENCES, producer).text == "Open the archive, and read it. This will be invoked by you."


def test_other_programs_are_taken_at_their_word() -> None:
    assert page(SENTENCES, "Another 1.0").text == PLAIN


def test_what_follows_is_found_in_its_place() -> None:
    spaced, plain = page(SENTENCES), page(SENTENCES, "Another 1.0")
    assert_same_places(spaced, plain, ("Open", "read", "his will", "invoke", "by you."))


def test_a_word_of_one_letter_is_told_from_the_next() -> None:
    sentence = f"BT /F1 10 Tf 50 700 Td (There is) Tj 5.6 0 Td {apart(' ac', 5)} (larinet about it) Tj ET"
    assert " a clarinet about it" in page(sentence).text


def test_letters_that_are_spaced_make_one_word() -> None:
    drawing = SENTENCES + f" BT /F1 10 Tf 50 600 Td {apart('Spaced')} ET BT /F1 10 Tf 50 500 Td {apart('AWAY', 2.2)} ET"
    assert page(drawing).text.split("\n")[1:] == ["Spaced", "AWAY"]


@pytest.mark.parametrize("letter", ["\u05d0", "\u0627", "\u6f22", "\u3042", "\u0e01"])
def test_scripts_without_spaces_and_from_the_right_stay_as_they_are(letter: str) -> None:
    data = made_by("GPL Ghostscript 9.55.0", SENTENCES)
    handle = raw.FPDF_LoadMemDocument64(data, len(data), None)
    opened = raw.FPDF_LoadPage(handle, 0)
    textpage = raw.FPDFText_LoadPage(opened)
    try:
        assert len(missing_spaces(textpage, PLAIN)) == 3
        assert missing_spaces(textpage, PLAIN.replace("invokedby", letter * 9)) == missing_spaces(textpage, PLAIN)[:2]
    finally:
        raw.FPDFText_ClosePage(textpage)
        raw.FPDF_ClosePage(opened)
        raw.FPDF_CloseDocument(handle)
