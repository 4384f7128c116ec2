"""Names and numbers in sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.text import counted, one_line, storable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.txt", "plain name.txt"),
        ("Grüße 東京\u3000都 🙂 a\u00a0b", "Grüße 東京\u3000都 🙂 a\u00a0b"),
        ("👨\u200d👩\u200d👧.txt", "👨\u200d👩\u200d👧.txt"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("caf\udce9", "caf\\xe9"),
        ("\u202egnp.txt\u200f", "\\u202egnp.txt\\u200f"),
        ("a\u2028b\x85", "a\\u2028b\\x85"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_odd_names(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_any_name_is_one_line_that_can_be_written(text: str) -> None:
    for found in (one_line(text), one_line(one_line(text))):
        assert found == one_line(text)
        assert len(found.splitlines()) <= 1 and "\x1b" not in found
        found.encode()


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_stored_differs_only_where_it_must(text: str) -> None:
    storable(text).encode()
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert storable(text) == text


def test_numbers_have_their_nouns() -> None:
    assert [counted(n, "document") for n in (0, 1, 2, 1234)] == [
        "0 documents",
        "1 document",
        "2 documents",
        "1,234 documents",
    ]
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]
