"""JSON of Facebook and Instagram, whose escapes are the bytes of UTF-8 and not signs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.extraction.readers.json_data import JsonReader
from ingest_desktop.extraction.readers.twice_encoded import decoded_once

from .data_kit import given_by


def handed_out(value: object) -> str:
    """As Facebook writes it."""
    return json.dumps(json.loads(json.dumps(value, ensure_ascii=False).encode().decode("latin-1")))


def test_what_people_wrote_is_read_as_they_wrote_it() -> None:
    messages = [{"sender_name": "J\u00fcrgen", "content": 'Sch\u00f6ne Gr\u00fc\u00dfe \U0001f600 \u6f6e \\ "'}]
    text = handed_out({"messages": messages})
    assert "\\u00c3\\u00bc" in text
    found = given_by(JsonReader(), text)
    assert "J\u00fcrgen" in found.text and "Sch\u00f6ne Gr\u00fc\u00dfe \U0001f600 \u6f6e" in found.text


@pytest.mark.parametrize(
    "text",
    [
        r'["J\u00fcrgen"]',
        r'["J\u00c3\u00bcrgen", "caf\u00e9"]',
        r'["J\u00c3\u00bcrgen", "\u6f6e"]',
        r'["J\\u00c3\u00bc"]',
        '["J\\u00c3\\u00bc \u00e9"]',
        '["none"]',
    ],
)
def test_all_other_text_stays(text: str) -> None:
    assert decoded_once(text) == text


@given(st.recursive(st.text(max_size=20), lambda inner: st.lists(inner, max_size=4), max_leaves=8))
def test_any_text_comes_back(value: object) -> None:
    assert json.loads(decoded_once(handed_out(value)), strict=False) == value
