"""What is made of JSON, line by line or whole, damaged or too large for memory."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.json_data import JsonLinesReader, JsonReader, records
from ingest_desktop.extraction.readers.twice_encoded import decoded_once

from .data_kit import given_by, on_disk


def test_records_are_lines_of_keys_and_values() -> None:
    value = {"user": {"name": "Ana", "tags": ["a", "b"]}, "items": [{"x": 1.50}, {"x": None}], "ok": True, "none": []}

    assert given_by(JsonReader(), json.dumps(value)).text == (
        "user.name: Ana\nuser.tags: a, b\nitems[1].x: 1.5\nitems[2].x: null\nok: true\nnone:"
    )


def test_items_of_a_list_have_their_numbers() -> None:
    found = given_by(JsonReader(), json.dumps([{"id": number, "text": "word " * 50} for number in range(1, 30)]))

    assert found.extras[0] == {"row_start": 1, "row_end": 3}
    assert found.extras[-1]["row_end"] == 29


def test_a_key_that_comes_twice_keeps_all_its_values() -> None:
    text = '{"a": "one", "b": {"x": "two", "x": "three"}, "a": "four", "a": {"y": "five"}}'

    assert given_by(JsonReader(), text).text == "a: one\nb.x: two\nb.x: three\na: four\na.y: five"
    assert given_by(JsonLinesReader(), text + "\n" + text).text.count("three") == 2


def test_a_key_that_is_first_and_last_stands_once_in_the_place() -> None:
    assert {row.heading for row in given_by(JsonReader(), '{"a": 1, "a": 2}').rows} == {"a"}


def test_the_path_of_keys_is_the_place() -> None:
    orders = [{"id": number, "items": [{"name": "word " * 20 + str(item)} for item in range(30)]} for number in (1, 2)]
    value = {"shop": "Tea", "city": "Köln", "orders": orders, "about": "long " * 300}
    rows = given_by(JsonReader(), json.dumps(value)).rows

    assert rows[0] == ("shop: Tea\ncity: Köln", "shop … city", None, None, None, None, None)
    place = next(row.heading for row in rows if "orders[2].items[30].name" in row.text)
    assert place and place.startswith("orders[2].items[") and place.endswith("] … [30]")
    assert {row.heading for row in rows if "long long" in row.text} == {"about"}
    assert {row.heading for row in rows if "orders[1].id" in row.text} == {"orders[1].id"}

    found = given_by(JsonReader(), json.dumps([{"id": 7}, *orders]))
    place, extra = next((row.heading, row.extra) for row in found.rows if "items[30].name" in row.text)
    assert place and place.startswith("[2].items[") and json.loads(extra or "") == {"row_start": 2, "row_end": 2}
    assert (found.rows[0].heading, found.extras[0]) == (None, {"row_start": 1, "row_end": 1})


@pytest.mark.parametrize("sign", ["[", '{"a":', '[{"k": ['])
def test_deep_nesting_is_read_as_text(sign: str) -> None:
    found = given_by(JsonReader(), sign * 200_000)

    assert found.notes[0].warnings
    assert found.rows


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('[{"a": "one"}, {"b": "two"}, {"c": "thr', ["a: one", "b: two", "thr"]),
        ('{"a": "one", "list": [{"b": "two"}, {"c": ', ["a: one", "list.b: two"]),
        ('{"a": "one",} // said', ["a: one", "said"]),
        ('{"a": "one"}{"b": "two"}', ["a: one", "b: two"]),
        ("{'a': 'one'}", ["'one'"]),
        ('{"n": ' + "9" * 5000 + "}", ["999"]),
        ('{"s": "\\ud800 lone"}', ["lone"]),
    ],
)
def test_what_is_whole_in_damaged_json_is_read(text: str, kept: list[str]) -> None:
    found = given_by(JsonReader(), text)

    for phrase in kept:
        assert phrase in found.text
    found.text.encode()


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("wrapped", [False, True])
def test_large_json_is_read_in_stretches(tmp_path: Path, indent: int | None, wrapped: bool) -> None:
    items = [{"id": number, "text": f'said }},{{"{number}', "deep": {"list": [1, 2]}} for number in range(3000)]
    value = {"features": items, "end": "yes"} if wrapped else items
    source = on_disk(tmp_path / "a.json", json.dumps(value, indent=indent).encode())

    found = given_by(JsonReader(), source, ExtractOptions(segment_bytes=8192))

    assert len(found.plan.segments) > 10
    for number in range(3000):
        assert f'said }},{{"{number}\n' in found.text
    assert found.text.count("list: 1, 2") + found.text.count("[1]: 1") >= (2900 if indent is None else 2000)


def split_json(indent: int | None) -> bytes:
    orders = [{"id": number, "lines": [{"sku": f"s{number}"}]} for number in range(900)]
    people = [{"id": number, "name": 'said }, {"in a string' + "x" * 40} for number in range(900)]
    value = {
        "shop": {"name": "Tea", "orders": orders, "people": {"list": people}},
        "pairs": [[1, 2]] * 900,
        "end": "yes",
    }
    return json.dumps(value, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 1])
def test_stretches_of_large_json_know_the_keys_around_them(tmp_path: Path, indent: int | None) -> None:
    source = on_disk(tmp_path / "a.json", split_json(indent))
    options = ExtractOptions(segment_bytes=8192)

    found = given_by(JsonReader(), source, options)

    assert len(found.plan.segments) > 5
    for row in found.rows:
        heading = row.heading or ""
        if "sku: s" in row.text:
            assert heading.startswith("shop.orders")
        if "name: said" in row.text:
            assert heading == "shop.people.list"
    assert {row.heading for row in found.rows if row.text.startswith("end: yes")} == {"end"}


def test_a_stretch_of_large_json_reads_alike_on_its_own(tmp_path: Path) -> None:
    damaged = split_json(None).replace(b'"id": 500,', b'"id": 5 00,').replace(b'"id": 700,', b'"id": [,')
    source = on_disk(tmp_path / "a.json", damaged)
    options = ExtractOptions(segment_bytes=8192)
    reader = JsonReader()
    plan = reader.plan(source, options)

    for segment in plan.segments:
        in_turn = list(reader.read(source, plan, segment, options, SegmentNotes()))
        assert list(JsonReader().read(source, plan, segment, options, SegmentNotes())) == in_turn


@given(st.text(alphabet='{}[]",: \\ntrue1e.-\n', max_size=200))
def test_any_text_gives_records(text: str) -> None:
    list(records(text))


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_all_that_json_says_is_in_the_text(value: object) -> None:
    def said(inner: object) -> Iterator[str]:
        if isinstance(inner, dict):
            for key, item in inner.items():
                yield key
                yield from said(item)
        elif isinstance(inner, list):
            for item in inner:
                yield from said(item)
        elif isinstance(inner, str):
            yield inner

    text = json.dumps(value)
    assume(decoded_once(text) == text)  # what was made bytes of twice says something else
    found = "".join(given_by(JsonReader(), text).text.split())
    texts = list(said(value))
    assume(sum(map(len, texts)) + 2 * len(texts) <= 200)  # of a longer path the end alone is shown

    for text in texts:
        for word in text.replace("\0", " ").replace("\xad", "").encode("utf-8", "replace").decode().split():
            if len(word) < 100:
                assert word in found


def test_a_bad_line_does_not_lose_the_others() -> None:
    found = given_by(JsonLinesReader(), '{"a": "first"}\n\n{broken\n{"a": "third"}\n')

    assert found.text == "a: first\n\n{broken\n\na: third"
    assert found.extras == [{"row_start": 1, "row_end": 4}]
    (notes,) = found.notes
    assert (notes.units_seen, notes.units_with_text) == (3, 2)
    assert [number for number, _ in notes.units_failed] == [3]


def test_thousands_of_bad_lines_are_not_all_named() -> None:
    found = given_by(JsonLinesReader(), '{"a": 1}\n' + "{bad\n" * 5000)

    assert len(found.notes[0].units_failed) == 50
    assert "4,950 more lines" in found.notes[0].warnings[0]
