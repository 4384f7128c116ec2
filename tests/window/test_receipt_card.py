"""The receipt as a card, the places of hits and the names of units: what is said of a document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ingest_desktop.domain import languages
from ingest_desktop.domain import units as domain_units
from ingest_desktop.domain.causes import NOT_RECOGNISED
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Job, Location, Receipt
from ingest_desktop.ui import formats, theme, units
from ingest_desktop.ui.detail_panel import wants_recognition
from ingest_desktop.ui.language_names import language_name
from ingest_desktop.ui.places import citation, place_of
from ingest_desktop.ui.receipt_card import MOST_LINES, Figure, card_of, html_of
from ingest_desktop.ui.receipt_view import ReceiptView

from .fake_service import job


def done(receipt: Receipt, outcome: Outcome = Outcome.INGESTED) -> Job:
    return job(1, JobStatus.COMPLETED, outcome=outcome, receipt=receipt, gaps=len(receipt.units_failed))


def figures(receipt: Receipt, outcome: Outcome = Outcome.INGESTED) -> list[tuple[str, str]]:
    return [(one.value, one.caption) for one in card_of(done(receipt, outcome), "Library").figures]


def test_a_receipt_tells_what_was_seen_and_what_became_of_it() -> None:
    found = Receipt(
        unit="slide",
        units_seen=12,
        units_with_text=8,
        units_by_ocr=3,
        units_empty=2,
        units_failed=((3, "damaged"), (9, "damaged")),
        chunks_stored=40,
        chunks_indexed=40,
        chars=12_345,
    )
    assert figures(found) == [
        ("12 slides", "seen"),
        ("8", "with text"),
        ("3", "by text recognition"),
        ("2", "without text"),
        ("2", "could not be read"),
        ("40 passages", "can be found"),
        ("12,345", "characters"),
    ]
    assert card_of(done(found), "Library").gaps == ("Slide 3: damaged", "Slide 9: damaged")


def test_what_a_document_says_of_itself_is_told() -> None:
    found = Receipt(facts={"title": "Tides of 2024", "author": "<b>Ana</b>", "created": "2024-03-05", "odd": "x"})
    card = card_of(done(found), "Library")
    assert card.facts[:3] == (("Title", "Tides of 2024"), ("Author", "<b>Ana</b>"), ("Created", "2024-03-05"))
    laid_out = html_of(card, theme.LIGHT)
    assert "<b>Ana" not in laid_out and "odd" not in laid_out


def test_what_was_not_counted_is_not_told_as_none() -> None:
    """Of a file that is as it was, nothing is read: how many of its pages have text is not known."""
    found = Receipt(unit="page", units_seen=12, chunks_stored=40, chunks_indexed=40)
    assert figures(found, Outcome.UNCHANGED) == [("12 pages", "seen"), ("40 passages", "can be found")]


def test_gaps_of_a_file_that_is_as_it_was_are_counted_and_sought_where_they_are_named() -> None:
    found = Receipt(chunks_stored=1, chunks_indexed=1)
    again = job(1, JobStatus.COMPLETED, outcome=Outcome.UNCHANGED, receipt=found, gaps=2)
    card = card_of(again, "Library")
    assert card.figures[0] == Figure("2 parts", "could not be read", True)
    assert card.gaps == (
        "It had not changed and was not read again. An earlier job of this file names what is missing.",
    )


def test_a_text_has_no_units() -> None:
    found = Receipt(unit="byte", units_seen=3, units_with_text=3, chunks_stored=1, chunks_indexed=1, chars=20)
    assert figures(found) == [("1 passage", "can be found"), ("20", "characters")]


def test_zero_text_stands_out() -> None:
    empty = Receipt(unit="page", units_seen=4, units_empty=4)
    needy = [one for one in card_of(done(empty, Outcome.EMPTY), "Library").figures if one.needy]
    assert needy == [Figure("0 passages", "can be found", True)]


def test_many_gaps_are_named_in_part_and_counted_whole() -> None:
    failed = tuple((number, f"a{number}.pdf: password needed") for number in range(1, 1_001))
    gaps = card_of(done(Receipt(unit="member", units_seen=2_000, units_failed=failed)), "Library").gaps
    assert gaps[0] == "a1.pdf: password needed"
    assert len(gaps) == MOST_LINES + 1
    assert gaps[-1] == f"and {1_000 - MOST_LINES} more"


def test_facts_of_a_reading() -> None:
    found = Receipt(
        reader="pdf/3", language="de", encoding="utf-8", chars=9, seconds={"hashing": 0.001, "extracting": 1.5}
    )
    facts = dict(card_of(done(found), "Library").facts)
    assert facts["Language"] == "German (a guess)"
    assert facts["Reader"] == "pdf, version 3"
    assert facts["Time"] == "Reading 1.50 s"
    assert facts["Knowledge base"] == "Library"


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.QUEUED])
def test_a_job_that_came_to_nothing_says_so(status: JobStatus) -> None:
    card = card_of(job(1, status), "Library")
    assert card.lead
    assert not card.figures


@given(st.text(alphabet="ab<>&'\"/ \n", min_size=1, max_size=30))
def test_nothing_of_a_document_becomes_markup(text: str) -> None:
    found = Receipt(unit="page", units_seen=1, units_failed=((1, text),), warnings=(text,), duplicate_path=text)
    document = QTextDocument()
    document.setHtml(html_of(card_of(done(found), text), theme.LIGHT))
    shown = document.toPlainText()
    for piece in text.split():
        assert shown.count(piece) >= 3


def test_the_window_names_units_as_the_command_line_does() -> None:
    for unit in [*domain_units.NAMES, "something new"]:
        for number in (1, 2, 12_345):
            assert units.amount(number, unit) == domain_units.amount(number, unit)
        assert units.numbered(3, unit).lower() == f"{domain_units.one(unit)} 3"
    for unit in filter(domain_units.is_paced, [*domain_units.NAMES, "something new"]):
        assert formats.rate(12, unit) == f"12 {domain_units.many(unit)}/s"


def test_the_window_names_languages_as_the_command_line_does() -> None:
    assert {code: language_name(code) for code in languages.NAMES} == dict(languages.NAMES)
    assert language_name("xx") == "xx"


def test_amounts_of_units() -> None:
    assert formats.units(3, 12, "slide") == "3/12"
    assert formats.units(12, 12, "slide") == "12 slides"
    assert formats.units(12, 12, "page") == "12 pages"
    assert formats.units(4_096, 8_192, "row") == ""  # bytes, while it is read
    assert formats.units(1, 1, "whole") == ""
    assert formats.rate(2_000_000, "row") == "2.0 MB/s"
    assert formats.rate(1, "whole") == ""


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (Location(page=3), "Page 3"),
        (Location(page=3, page_end=4), "Pages 3–4"),
        (Location(line_start=10, line_end=24), "Lines 10–24"),
        (Location(line_start=10, line_end=24, lines="paragraph"), "Paragraphs 10–24"),
        (Location(slide=7), "Slide 7"),
        (Location(chapter=3), "Chapter 3"),
        (Location(cell=5), "Cell 5"),
        (Location(sheet="Budget", row_start=2, row_end=40), "Budget, rows 2–40"),
        (Location(row_start=2, row_end=2), "Row 2"),
        (Location(message=12, part="notes.pdf", page=2), "notes.pdf, message 12, page 2"),
        (Location(time="00:01:23"), "At 00:01:23"),
        (Location(part="dir/b.pdf", page=3), "dir/b.pdf, page 3"),
    ],
)
def test_places_in_words(location: Location, said: str) -> None:
    assert place_of(location) == said


def test_citations() -> None:
    assert citation("/docs/a.pdf", Location(page=3)) == "a.pdf, page 3 (/docs/a.pdf)"
    assert citation("/docs/a.txt", Location()) == "a.txt (/docs/a.txt)"
    assert citation("/docs/a\n\u202eb.txt", Location()) == "a\\n\\u202eb.txt (/docs/a\\n\\u202eb.txt)"
    assert citation("/docs/a.zip", Location(part="dir/b.pdf", page=3)) == "a.zip/dir/b.pdf, page 3 (/docs/a.zip)"
    sheet = Location(sheet="Budget", row_start=2, row_end=40)
    assert citation("/docs/a.xlsx", sheet) == "a.xlsx, Budget, rows 2–40 (/docs/a.xlsx)"


def test_places_follow_the_locale() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    assert place_of(Location(row_start=1_200, row_end=1_300)) == "Rows 1.200–1.300"


def test_a_scan_that_nobody_looked_at_wants_recognition() -> None:
    unread = Receipt(unit="page", units_seen=1, reader="pdf/3", recipe="pdf/3 seg=64")
    looked_at = Receipt(unit="page", units_seen=1, reader="pdf/3", recipe="pdf/3 seg=64 ocr=eng")
    assert wants_recognition(done(unread, Outcome.EMPTY))
    assert not wants_recognition(done(looked_at, Outcome.EMPTY))
    assert not wants_recognition(done(Receipt(reader="text/1"), Outcome.EMPTY))
    mixed = unread.model_copy(update={"units_failed": ((1, NOT_RECOGNISED),)})
    damaged = unread.model_copy(update={"units_failed": ((1, "The page is damaged."),)})
    assert wants_recognition(done(mixed)) and not wants_recognition(done(damaged))


def test_large_figures_take_a_second_line_in_a_narrow_window(qtbot: QtBot) -> None:
    found = Receipt(
        unit="page",
        units_seen=20_000,
        units_with_text=20_000,
        chunks_stored=20_000,
        chunks_indexed=20_000,
        chars=240_000_000,
    )
    view = ReceiptView()
    qtbot.addWidget(view)
    view.resize(1_400, 300)
    view.show()
    view.show_card(card_of(done(found), "Library"))
    wide = view.toHtml().count("<tr>")
    for width in (700, 420):
        view.resize(width, 300)
        QApplication.processEvents()
        assert view.toHtml().count("<tr>") > wide
        assert view.horizontalScrollBar().maximum() == 0
    view.resize(1_400, 300)
    QApplication.processEvents()
    assert view.toHtml().count("<tr>") == wide


def test_the_same_receipt_keeps_what_is_marked(qtbot: QtBot) -> None:
    view = ReceiptView()
    qtbot.addWidget(view)
    card = card_of(done(Receipt(unit="page", units_seen=3, units_with_text=3)), "Library")
    view.show_card(card)
    view.selectAll()
    view.show_card(card_of(done(Receipt(unit="page", units_seen=3, units_with_text=3)), "Library"))
    assert view.textCursor().hasSelection()
    view.forget()
    assert view.toPlainText() == ""
