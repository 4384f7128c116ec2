"""What is kept of what a document says of itself."""

import pytest

from ingest_desktop.domain.facts import MOST_CHARS, facts_of


def test_a_pdf_and_an_office_document_tell_the_same_facts() -> None:
    pdf = {
        "Title": " Tides \n of 2024",
        "Author": "Ana",
        "Creator": "Writer 7",
        "CreationDate": "D:20240305101112+01'00'",
    }
    office = {"title": "Tides of 2024", "creator": "Ana", "created": "2024-03-05T10:11:12Z", "delimiter": ";"}
    assert facts_of(pdf) == facts_of(office) == {"title": "Tides of 2024", "author": "Ana", "created": "2024-03-05"}


def test_facts_stand_in_one_order_and_are_short() -> None:
    found = facts_of({"Keywords": "b", "Subject": "x" * 5_000, "Title": "c", "ModDate": "20231224"})
    assert list(found) == ["title", "subject", "keywords", "changed"]
    assert len(found["subject"]) == MOST_CHARS and found["changed"] == "2023-12-24"


@pytest.mark.parametrize("metadata", [{}, {"Title": "  "}, {"CreationDate": "yesterday"}, {"Producer": "a program"}])
def test_what_tells_nothing_is_no_fact(metadata: dict[str, str]) -> None:
    assert facts_of(metadata) == {}
