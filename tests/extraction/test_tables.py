"""What is made of tables: their dialects, their headers, rows that stay whole."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.tables import CsvReader, dialect_of

from .conftest import memory
from .data_kit import given_by, on_disk


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
