"""What is made of XML, YAML, notebooks, calendars and address cards."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.detect import kind_of
from ingest_desktop.extraction.readers.cards import CardReader
from ingest_desktop.extraction.readers.notebook import NotebookReader
from ingest_desktop.extraction.readers.xml_data import XmlReader, xml_blocks
from ingest_desktop.extraction.readers.yaml_data import YamlReader

from .conftest import memory
from .data_kit import DOCBOOK, given_by, notebook


def test_docbook_gives_headings_and_expands_nothing() -> None:
    found = given_by(XmlReader(), DOCBOOK)

    assert [row.heading for row in found.rows] == ["Garden Book › Of Spring", "Garden Book › Of Spring › Frost"]
    assert "Sow the beans &secret; &lol2; é." in found.text
    assert "if cold:\n    wait" in found.text
    assert found.rows[1].line_start == 8
    assert found.notes[0].warnings == []


def test_data_gives_names_and_values() -> None:
    found = given_by(
        XmlReader(), '<shop xmlns="urn:x"><book id="b1"><title>Gärten</title><price cur="EUR">3</price></book></shop>'
    )

    assert found.text == "book id=b1\ntitle: Gärten\nprice cur=EUR\nprice: 3"
    assert found.rows[0].heading == "shop › book"


def test_the_declared_encoding_counts() -> None:
    data = "<?xml version='1.0' encoding='windows-1251'?><a><b>Привет, мир</b></a>".encode("cp1251")

    assert "Привет, мир" in given_by(XmlReader(), data).text
    assert "naïve" in given_by(XmlReader(), "<?xml version='1.0'?><a>naïve</a>".encode("utf-16")).text


def test_text_of_several_lines_is_cited_by_its_own_line() -> None:
    text = "<a>\n  <b>\n\n  first\n  and more\n  </b>\n  <b>second</b>\n  third\n  <c/>\n</a>"
    blocks, why = xml_blocks(text)

    assert why is None
    assert [(block.text, block.line_start) for block in blocks] == [
        ("b: first and more", 4),
        ("b: second", 7),
        ("a: third", 8),
    ]


@pytest.mark.parametrize(
    "text", ["<a><b>kept</a> more", "<a>kept &nbsp; more", "<a>kept</a><c>more</c>", "<a b>kept more</a>"]
)
def test_malformed_xml_is_read_without_its_tags(text: str) -> None:
    found = given_by(XmlReader(), text)

    assert "kept" in found.text
    assert "<" not in found.text
    assert "no well-formed XML (line 1" in found.notes[0].warnings[0]


def test_deep_xml_ends() -> None:
    assert "core" in given_by(XmlReader(), "<a>" * 100_000 + "core" + "</a>" * 100_000).text


def test_top_level_keys_of_yaml_are_headings() -> None:
    long = "".join(f"  service{number}:\n    image: thing\n" for number in range(30))
    found = given_by(YamlReader(), f"# note\nversion: 1\nname: x\nservices:\n{long}after: 2\n")

    assert [row.heading for row in found.rows] == [None, "services", None]
    assert (found.rows[1].line_start, found.rows[-1].line_start) == (4, 65)
    assert found.rows[-1].text == "after: 2"


@given(st.text(alphabet="ab:- \n#'\"", max_size=300), st.integers(0, 100))
def test_nothing_of_yaml_is_lost(text: str, join: int) -> None:
    from ingest_desktop.extraction.readers.yaml_data import yaml_blocks

    blocks = list(yaml_blocks(text, 1, join))

    assert "".join(block.text for block in blocks) == text
    line = 1
    for block in blocks:
        assert block.line_start == line
        line += block.text.count("\n")


def test_cells_with_what_they_wrote() -> None:
    data = notebook(
        {"cell_type": "markdown", "source": ["# Weather\n", "\n", "Rain and sun."]},
        {
            "cell_type": "code",
            "source": "print(1)",
            "outputs": [
                {"output_type": "stream", "text": ["\x1b[31mred\x1b[0m\n"]},
                {"output_type": "execute_result", "data": {"text/html": "<b>no</b>", "text/plain": ["42"]}},
                {"output_type": "display_data", "data": {"text/html": "<p>only page</p>", "image/png": "iVBOR"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["\x1b[0m"]},
            ],
        },
        {"cell_type": "code", "source": "", "outputs": []},
    )

    found = given_by(NotebookReader(), data)

    assert found.plan.unit == "cell"
    assert found.plan.units == 3
    assert found.extras == [{"cell": 1}, {"cell": 2}]
    assert found.rows[1].text == "print(1)\nred\n42\nonly page\nValueError: bad"
    assert {row.heading for row in found.rows} == {"Weather"}
    assert (found.notes[0].units_seen, found.notes[0].units_with_text) == (3, 2)


def test_old_notebooks_have_worksheets() -> None:
    sheet = {
        "cells": [{"cell_type": "heading", "level": 2, "source": ["Old"]}, {"cell_type": "code", "input": ["x = 1"]}]
    }

    found = given_by(NotebookReader(), json.dumps({"worksheets": [sheet], "nbformat": 3}))

    assert found.rows[-1].text == "x = 1"
    assert found.rows[-1].heading == "Old"


def test_a_notebook_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    data = notebook(*({"cell_type": "code", "source": f"value = {number}"} for number in range(20)))

    found = given_by(NotebookReader(), data[:400])

    assert "value = 3" in found.text
    assert found.notes[0].warnings


def test_no_notebook_is_told() -> None:
    with pytest.raises(SourceMalformed):
        given_by(NotebookReader(), "[1]")
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        given_by(NotebookReader(), "{}" * 10, ExtractOptions(max_expanded_bytes=10))


def test_folded_lines_are_whole_and_keep_their_places() -> None:
    text = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Tea at the har\r\n bour\\, with\r\n\t cake\r\nDESCRIPTION:One\\ntwo\r\n"
        "LOCATION:Pier\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    found = given_by(CardReader(), text)

    assert "SUMMARY:Tea at the harbour, with cake\n" in found.text
    assert "DESCRIPTION:One two\nLOCATION:Pier\n" in found.text
    assert found.rows[0].line_start == 1 and found.rows[-1].line_end == 9
    source = memory(text.encode(), "a.ics")
    plan = CardReader().plan(source, ExtractOptions())
    blocks = list(CardReader().read(source, plan, plan.segments[0], ExtractOptions(), SegmentNotes()))
    assert [block.line_start for block in blocks] == [1, 6]


def test_cards_are_told_by_their_beginning() -> None:
    assert kind_of(memory(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ana\r\nEND:VCARD\r\n", "a.vcf")) == kinds.CARDS
    assert kind_of(memory(b"BEGIN:VCARD is how a card begins.\n", "a.txt")) == kinds.TEXT
