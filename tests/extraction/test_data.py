"""What the readers make of tables, JSON, XML, YAML, notebooks, subtitles and chats."""

import csv
import io
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import LimitExceeded, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Reader, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.detect import kind_of
from ingest_desktop.extraction.readers.cards import CardReader
from ingest_desktop.extraction.readers.chats import ChatGptReader, WhatsAppReader
from ingest_desktop.extraction.readers.json_data import JsonLinesReader, JsonReader, records
from ingest_desktop.extraction.readers.notebook import NotebookReader
from ingest_desktop.extraction.readers.subtitles import SubtitleReader
from ingest_desktop.extraction.readers.tables import CsvReader, dialect_of
from ingest_desktop.extraction.readers.xml_data import XmlReader, xml_blocks
from ingest_desktop.extraction.readers.yaml_data import YamlReader

from .conftest import CHAT_TIMES, memory

OPTIONS = ExtractOptions()


@dataclass
class Given:
    """All that a reader gave."""

    plan: ReaderPlan
    rows: list[ChunkRow]
    notes: list[SegmentNotes]

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    @property
    def extras(self) -> list[dict[str, object]]:
        return [json.loads(row.extra or "{}") for row in self.rows]


def given_by(reader: Reader, source: SourceFile | bytes | str, options: ExtractOptions = OPTIONS) -> Given:
    if isinstance(source, str):
        source = source.encode()
    if isinstance(source, bytes):
        source = memory(source)
    plan = reader.plan(source, options)
    found = Given(plan, [], [])
    for segment in plan.segments:
        notes = SegmentNotes()
        found.rows += chunk_blocks(reader.read(source, plan, segment, options, notes), options, plan.title)
        found.notes.append(notes)
    return found


def on_disk(path: Path, data: bytes) -> SourceFile:
    """A file that is too large to be in memory."""
    path.write_bytes(data)
    return SourceFile(str(path), len(data), data[:65536])


# --- tables --------------------------------------------------------------------------------------


def test_each_block_of_a_table_has_its_header_and_its_rows() -> None:
    table = "name,city\n" + "".join(f"person {number},town {number}\n" for number in range(2, 200))

    found = given_by(CsvReader(), table)

    assert found.plan.unit == "row"
    assert found.plan.units == 199
    assert len(found.rows) > 3
    assert all(row.text.startswith("name | city\n") for row in found.rows)
    assert found.extras[0]["row_start"] == 2
    for row, extra in zip(found.rows, found.extras, strict=True):
        assert f"\nperson {extra['row_start']} | town" in row.text
        assert row.text.rstrip().endswith(f"town {extra['row_end']}")


def test_wide_rows_name_each_cell() -> None:
    header = [f"measured quantity {number}" for number in range(40)]
    rows = [[f"value {row}.{number}" if number != 7 else "" for number in range(40)] for row in range(3)]
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *rows])

    found = given_by(CsvReader(), stream.getvalue())

    assert "measured quantity 3: value 1.3\n" in found.text
    assert "measured quantity 7:" not in found.text


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("a;b;c\n1,5;2,5;3\n2,5;3,5;4\n", ";", ("a", "b", "c")),
        ("a\tb\n1, 2\t3\n", "\t", ("a", "b")),
        ("sep=;\na;b\n1;2\n", ";", ("a", "b")),
        ("1,2\n3,4\n", ",", ()),
        ("a|b\n1|2\n", "|", ("a", "b")),
        ("Report of May\n\nname,sum\nAna,3\nBen,4\n", ",", ("name", "sum")),
        ('"x, y",b\n"1, 2",3\n', ",", ("x, y", "b")),
        ("", ",", ()),
    ],
)
def test_the_way_a_table_is_written_is_found(text: str, delimiter: str, header: tuple[str, ...]) -> None:
    dialect = dialect_of(text)

    assert (dialect.delimiter, dialect.header) == (delimiter, header)


def test_lines_above_a_header_are_kept() -> None:
    found = given_by(CsvReader(), "Report of May\n\nname,sum\nAna,3\nBen,4\n")

    assert [row.text for row in found.rows] == ["Report of May", "name | sum\nAna | 3\nBen | 4"]
    assert found.extras == [{"row_start": 1, "row_end": 1}, {"row_start": 4, "row_end": 5}]


def test_a_table_of_nothing_but_its_header_gives_it() -> None:
    assert given_by(CsvReader(), "name,city\n").text == "name | city"


def test_inches_are_no_quotes_that_swallow_the_rest() -> None:
    table = "size\titem\n" + '5" pipe\tsteel\n7 pipe\tiron\n' * 3 + '"\n'

    found = given_by(CsvReader(), table)

    assert found.text.count("iron") == 3
    assert len(found.text.splitlines()) >= 7


@given(
    st.lists(st.lists(st.text(alphabet='ab",\n é', max_size=30), min_size=2, max_size=4), min_size=1, max_size=60),
    st.integers(40, 300),
)
def test_segments_of_a_table_begin_with_rows(rows: list[list[str]], size: int) -> None:
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x"] * 3, *rows])
    data = stream.getvalue().encode()
    options = ExtractOptions(segment_bytes=size)
    reader, source = CsvReader(), memory(data)
    plan = reader.plan(source, options)

    assert plan.segments[0].start == 0
    assert plan.segments[-1].stop == len(data)
    for before, after in zip(plan.segments, plan.segments[1:], strict=False):
        assert before.stop == after.start
    found = given_by(reader, data, options)
    for cell in (cell for row in rows for cell in row):
        for word in cell.replace('"', " ").replace(",", " ").split():
            assert word in found.text


def test_a_large_table_is_read_in_stretches_that_know_their_rows(tmp_path: Path) -> None:
    lines = ["number,note"] + [f'{number},"two\nlines, ""quoted"" {number}"' for number in range(2, 3000)]
    source = on_disk(tmp_path / "a.csv", ("\n".join(lines) + "\n").encode())

    found = given_by(CsvReader(), source, ExtractOptions(segment_bytes=4096))

    assert len(found.plan.segments) > 10
    assert found.plan.units == 2999
    assert sum(notes.units_seen for notes in found.notes) == 2999
    for row, extra in zip(found.rows, found.extras, strict=True):
        assert row.text.startswith(f"number | note\n{extra['row_start']} | two lines")


# --- JSON ----------------------------------------------------------------------------------------


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


def test_the_path_of_keys_is_the_place() -> None:
    orders = [{"id": number, "items": [{"name": "word " * 20 + str(item)} for item in range(30)]} for number in (1, 2)]
    value = {"shop": "Tea", "city": "Köln", "orders": orders, "about": "long " * 300}
    rows = given_by(JsonReader(), json.dumps(value)).rows

    assert rows[0] == ("shop: Tea\ncity: Köln", None, None, None, None, None, None)
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

    found = "".join(given_by(JsonReader(), json.dumps(value)).text.split())

    for text in said(value):
        for word in text.replace("\0", " ").encode("utf-8", "replace").decode().split():
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


# --- XML and YAML --------------------------------------------------------------------------------

_DOCBOOK = """<?xml version="1.0"?>
<!DOCTYPE book SYSTEM "http://example.org/docbook.dtd" [<!ENTITY secret SYSTEM "file:///etc/passwd">
<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<book><title>Garden Book</title>
<chapter><title>Of <emphasis>Spring</emphasis></title>
<para>Sow the
beans &secret; &lol2; &eacute;.</para>
<section><title>Frost</title><programlisting>if cold:
    wait</programlisting></section></chapter></book>"""


def test_docbook_gives_headings_and_expands_nothing() -> None:
    found = given_by(XmlReader(), _DOCBOOK)

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


# --- notebooks -----------------------------------------------------------------------------------


def _notebook(*cells: Mapping[str, object]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def test_cells_with_what_they_wrote() -> None:
    data = _notebook(
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
    data = _notebook(*({"cell_type": "code", "source": f"value = {number}"} for number in range(20)))

    found = given_by(NotebookReader(), data[:400])

    assert "value = 3" in found.text
    assert found.notes[0].warnings


def test_no_notebook_is_told() -> None:
    with pytest.raises(SourceMalformed):
        given_by(NotebookReader(), "[1]")
    with pytest.raises(LimitExceeded, match="INGESTION_MAX_EXPANDED_BYTES"):
        given_by(NotebookReader(), "{}" * 10, ExtractOptions(max_expanded_bytes=10))


# --- subtitles and chats -------------------------------------------------------------------------


def test_cues_have_times_and_speakers_and_no_styles() -> None:
    found = given_by(
        SubtitleReader(),
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n1\n00:01.000 --> 00:02.000 align:start\n<v.loud Ana B>Hello <c.x>there</c>"
        "\n\n2\n01:00:03.500 --> 01:00:04.000\nTom &amp; Ben\n2024\n\n01:00:05.000 --> 01:00:06.000\nTom &amp; Ben\n2024\n",
    )

    assert found.text == "[00:00:01] Ana B: Hello there\n[01:00:03] Tom & Ben 2024"
    assert found.extras == [{"time": "00:00:01"}]
    assert found.plan.units == 3


def test_what_a_player_does_not_show_is_left_out() -> None:
    found = given_by(
        SubtitleReader(),
        "WEBVTT - A film\nKind: captions\n\nNOTE by Ana\nof two lines\n\nREGION\nid:a\n\nopening\n00:01.000 --> 00:02.000\n"
        "Hello\nREGION is said\n\nNOTE\nnot for viewers\n\nsecond cue\n00:03.000 --> 00:04.000\n \nthere\n\nNOTE the end\n",
    )

    assert found.text == "[00:00:01] Hello REGION is said\n[00:00:03] there"


def test_cues_are_whole_across_segments() -> None:
    cues = "".join(f"name {n}\n00:{n:02}.000 --> 00:{n:02}.500\nsaid {n}\n\nNOTE no\n\n" for n in range(1, 40))
    found = given_by(SubtitleReader(), "WEBVTT\n\n" + cues, ExtractOptions(segment_bytes=150))

    assert len(found.plan.segments) > 5
    assert not [n for n in range(1, 40) if f"said {n}\n" not in found.text + "\n"]


def test_text_that_only_begins_like_subtitles_is_kept() -> None:
    assert "WEBVTT is a format" in given_by(SubtitleReader(), "WEBVTT is a format.\n\nNOTE begins a remark.\n").text


def test_cues_of_srt() -> None:
    found = given_by(
        SubtitleReader(),
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<i>One</i>\r\ntwo\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n\r\n",
    )

    assert found.text == "[00:00:01] One two"
    assert (found.notes[0].units_seen, found.notes[0].units_with_text) == (2, 1)


@pytest.mark.parametrize("time", CHAT_TIMES)
def test_messages_of_a_chat(time: str) -> None:
    found = given_by(WhatsAppReader(), f"{time}Ana: Hello\nand more\n{time}Ben: Hi\n")

    assert found.plan.unit == "message"
    assert found.plan.units == 2
    assert "Ana: Hello\nand more\n" in found.text
    assert not {"\u200e", "\u200f"} & set(found.text)
    assert found.extras[0]["time"]
    assert (found.rows[0].line_start, found.rows[-1].line_end) == (1, 3)


def test_a_long_chat_keeps_its_lines(tmp_path: Path) -> None:
    lines = [f"12/05/2024, 09:14 - Ana: line {number}" if number % 3 else f"more {number}" for number in range(1, 2000)]
    source = on_disk(tmp_path / "chat.txt", "\n".join(lines).encode())

    found = given_by(WhatsAppReader(), source, ExtractOptions(segment_bytes=8192))

    assert found.plan.units == sum(number % 3 > 0 for number in range(1, 2000))
    assert sum(notes.units_seen for notes in found.notes) == found.plan.units
    for row in found.rows:
        assert row.line_start is not None
        assert row.text.splitlines()[0] == lines[row.line_start - 1]


def _conversation(title: str, *said: tuple[str, str], current: str | None = "last") -> dict[str, object]:
    mapping: dict[str, object] = {"root": {"id": "root", "message": None, "parent": None, "children": []}}
    parent = "root"
    for number, (role, text) in enumerate(said):
        name = "last" if number == len(said) - 1 else f"n{number}"
        message = {"author": {"role": role}, "create_time": 1.7e9, "content": {"content_type": "text", "parts": [text]}}
        mapping[name] = {"id": name, "message": message, "parent": parent}
        parent = name
    return {"title": title, "create_time": 1.7e9, "mapping": mapping, "current_node": current}


def test_conversations_follow_the_branch_that_was_shown_and_tell_the_others_below() -> None:
    value = _conversation("Monads", ("system", ""), ("user", "What is it?"), ("assistant", "A monoid."))
    mapping = value["mapping"]
    assert isinstance(mapping, dict)
    mapping["other"] = {
        "message": {"author": {"role": "assistant"}, "content": {"parts": ["Dropped."]}},
        "parent": "n1",
    }

    mapping["hidden"] = {
        "message": {
            "author": {"role": "user"},
            "content": {"parts": ["Not seen."]},
            "metadata": {"is_visually_hidden_from_conversation": True},
        }
    }

    found = given_by(ChatGptReader(), json.dumps([value, _conversation("Second", ("user", "Bye."))]))

    assert found.plan.units == 4
    assert [row.heading for row in found.rows] == [
        *["Monads"] * 2,
        *["Monads › Other branches"] * 2,
        *["Second"] * 2,
    ]
    assert found.rows[1].text == "User: What is it?\n\nAssistant: A monoid."
    assert found.rows[3].text == "Assistant: Dropped."
    assert "Not seen." not in found.text
    assert found.extras[1] == {"time": "2023-11-14 22:13 UTC"}


def test_odd_conversations_are_survived() -> None:
    loop = {"title": None, "mapping": {"a": {"parent": "b", "message": {}}, "b": {"parent": "a"}}, "current_node": "a"}
    odd = {"title": 7, "mapping": {"x": 3}, "current_node": ["x"]}

    found = given_by(
        ChatGptReader(),
        json.dumps([loop, odd, 5, {"mapping": []}, _conversation("Last", ("user", "Here."), current=None)]),
    )

    assert "User: Here." in found.text


def test_a_large_export_is_cut_between_conversations(tmp_path: Path) -> None:
    value = [
        _conversation(f"Talk {number}", ("user", f'Say }},{{"title": {number}'), ("assistant", "Yes."))
        for number in range(300)
    ]
    source = on_disk(tmp_path / "conversations.json", json.dumps(value).encode())

    found = given_by(ChatGptReader(), source, ExtractOptions(segment_bytes=8192))

    assert len(found.plan.segments) > 5
    assert found.plan.units == 600
    assert {row.heading for row in found.rows} == {f"Talk {number}" for number in range(300)}


# --- all of them ---------------------------------------------------------------------------------

_SAMPLES: list[tuple[Reader, bytes]] = [
    (CsvReader(), b'a;b\n1;"x\ny"\n2;z\n'),
    (JsonReader(), b'{"a": [1, {"b": "text"}], "c": null}'),
    (JsonLinesReader(), b'{"a": 1}\n[2]\n"x"\n'),
    (XmlReader(), _DOCBOOK.encode()),
    (YamlReader(), b"a: 1\nb:\n  - x\n"),
    (
        NotebookReader(),
        _notebook({"cell_type": "code", "source": "x", "outputs": [{"output_type": "stream", "text": "y"}]}),
    ),
    (SubtitleReader(), b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"),
    (WhatsAppReader(), b"12/05/2024, 09:14 - Ana: Hello\nmore\n"),
    (ChatGptReader(), json.dumps([_conversation("T", ("user", "Hi"))]).encode()),
]


@pytest.mark.parametrize("number", range(len(_SAMPLES)))
def test_damaged_files_end_in_text_or_in_one_of_our_errors(number: int) -> None:
    reader, sample = _SAMPLES[number]
    dice = random.Random(number)
    for attempt in range(150):
        data = bytearray(sample)
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(data))
            data[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
            data = data or bytearray(b"x")
        if attempt % 3 == 0:
            del data[dice.randrange(len(data)) :]
        options = ExtractOptions(segment_bytes=dice.choice((16, 64, 4096)))
        try:
            given_by(reader, bytes(data), options)
        except SourceError:
            pass


# --- calendars and address cards -----------------------------------------------------------------


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
