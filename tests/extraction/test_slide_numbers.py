"""The numbers of lists on slides, which are not in their text."""

import io
from typing import Any

import pytest
from lxml import etree
from pptx import Presentation

from ingest_desktop.extraction.readers.drawing_numbers import numbered_paragraphs

from .office_kit import Read

A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def shape(paragraphs: str, styles: str = "") -> Any:
    return etree.fromstring(
        f'<sp xmlns="{A}"><txBody><bodyPr/><lstStyle>{styles}</lstStyle>{paragraphs}</txBody></sp>'.encode()
    )


def paragraph(text: str, sign: str = "", level: int = 0) -> str:
    return f'<p><pPr lvl="{level}">{sign}</pPr><r><t>{text}</t></r></p>'


def numbered(scheme: str, start: str = "") -> str:
    return f'<buAutoNum type="{scheme}"{start}/>'


def test_a_list_goes_on_over_deeper_paragraphs_and_ends_at_others() -> None:
    digits, letters = numbered("arabicPeriod"), numbered("alphaLcParenR")
    found = numbered_paragraphs(
        shape(
            paragraph("Pick", digits)
            + paragraph("Red", letters, 1)
            + paragraph("Green", letters, 1)
            + paragraph("", digits)
            + paragraph("Wash", digits)
            + paragraph("Cold", letters, 1)
            + paragraph("A remark", "<buNone/>")
            + paragraph("Dry", digits)
            + paragraph("With a dot", '<buChar char="x"/>')
            + "<p><r><t>Plain</t></r></p>"
        )
    )
    assert found == [
        "1. Pick", "a) Red", "b) Green", "2. Wash", "a) Cold", "A remark", "1. Dry", "With a dot", "Plain",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "label"),
    [
        (numbered("romanUcPeriod", ' startAt="4"'), "IV."),
        (numbered("alphaUcParenBoth", ' startAt="27"'), "(AA)"),
        (numbered("arabicPlain", ' startAt="7"'), "7"),
        (numbered("circleNumWdBlackPlain"), "①"),
        (numbered("ea1JpnChsDbPeriod", ' startAt="12"'), "十二."),
        (numbered("somethingNew", ' startAt="many"'), "1"),
        ("<buAutoNum/>", "1."),
    ],
)
def test_schemes_are_written_as_people_see_them(sign: str, label: str) -> None:
    assert numbered_paragraphs(shape(paragraph("text", sign))) == [f"{label} text"]


def test_a_shape_may_number_all_its_paragraphs() -> None:
    styles = f"<lvl1pPr>{numbered('arabicPeriod')}</lvl1pPr><lvl2pPr><buNone/></lvl2pPr>"
    found = numbered_paragraphs(
        shape("<p><r><t>one</t></r></p>" + paragraph("below", level=1) + paragraph("two"), styles)
    )
    assert found == ["1. one", "below", "2. two"]


def test_a_raised_number_is_no_part_of_the_word_before_it() -> None:
    def run(text: str, baseline: str) -> str:
        return f'<r><rPr baseline="{baseline}"/><t>{text}</t></r>'

    text = (
        run("Lamps", "0") + run("1", "30000") + run(" H", "0") + run("2", "-25000") + run(" Oil", "0") + run("2", "0")
    )
    assert numbered_paragraphs(shape(f"<p>{text}</p>")) == ["Lamps 1 H2 Oil2"]


def test_slides_and_their_notes_show_numbers_and_titles_none() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    for frame, text in (
        (slide.shapes.title.text_frame, "Steps"),
        (slide.placeholders[1].text_frame, "First step"),
        (slide.notes_slide.notes_text_frame, "First word"),
    ):
        frame.text = text
        etree.SubElement(frame.paragraphs[0]._p.get_or_add_pPr(), f"{{{A}}}buAutoNum").set("type", "arabicPeriod")
    stream = io.BytesIO()
    deck.save(stream)
    read = Read(stream.getvalue(), "a.pptx")
    assert read.text == "Steps\n1. First step\n1. First word"
    assert read.heading("First step") == "Steps"
