"""CSV and its kin: rows with their header in each block, so that a hit makes sense. Read in stretches of bytes."""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.encoding import decode
from ingest_desktop.extraction.readers.records import Piece, packed, rows
from ingest_desktop.extraction.readers.text import TextReader, old_mac, segment_bytes, segment_text
from ingest_desktop.extraction.versions import VERSIONS

_DELIMITERS = ",\t;|"
_SAMPLE_ROWS = 60
_PREAMBLE_ROWS = 20  # lines that may stand above the header
_CELL = " | "
_RUNAWAY = 64 * 1024  # a cell of this length is no cell: a quote was never closed
_FAR = 1024 * 1024  # how far a row may reach into the next stretch
_QUOTED = re.compile(rb'"[^"]*"')
_ROW_END = re.compile(rb'"[^"\n]*+(?:"[^"]*+"[^"\n]*+)*+\n')
_NUMBER = re.compile(r"(?=[-+.,:/ %$€£]*+\d)[-+]?[\d.,:/ %$€£-]++(?:[eE][-+]?\d+)?")
_SEP = re.compile(r"\Asep=(.)[ \t]*\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: Between two cells.
        quoted: Whether double quotes enclose cells.
        header: The names of the columns; empty when there are none.
        header_row: The number of the header's row, 0 when there is none.
        skip: Rows before this number say how the table is written, and nothing else.
    """

    delimiter: str = ","
    quoted: bool = True
    header: tuple[str, ...] = ()
    header_row: int = 0
    skip: int = 1


class CsvReader(TextReader):
    """Reads tables of separated values."""

    name = "csv"
    version = VERSIONS["csv"]
    reads = frozenset({kinds.CSV})
    media_type = "text/csv"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        dialect = dialect_of(_head(source, plan))
        segments, count = _by_rows(source, plan, dialect)
        media_type = "text/tab-separated-values" if dialect.delimiter == "\t" else self.media_type
        return replace(
            plan,
            unit="row",
            units=count,
            segments=segments,
            media_type=media_type,
            metadata={"delimiter": {"\t": "tab"}.get(dialect.delimiter, dialect.delimiter)},
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        dialect = dialect_of(_head(source, plan))
        text = segment_text(source, plan, segment)
        if segment.start == 0:
            text = _SEP.sub("\n", text)
        found = _cells(text, dialect)
        if dialect.quoted and any(len(cell) > _RUNAWAY for cells in found for cell in cells):
            notes.warnings.append("A quotation mark in the table is never closed; its rows were read line by line.")
            found = _cells(text, replace(dialect, quoted=False))
        notes.units_seen = sum(map(bool, found))
        notes.units_with_text = sum(any(map(str.strip, cells)) for cells in found)
        yield from table_blocks(found, dialect, segment.first_line, options.chunk_chars)


def dialect_of(text: str) -> Dialect:
    """How a table is written, from its beginning."""
    said = _SEP.match(text)
    if said:
        return _with_header("\n" + text[said.end() :], said.group(1), skip=2)
    best, best_score = _DELIMITERS[0], 0.0
    for delimiter in _DELIMITERS:
        if delimiter not in text:
            continue
        widths = [len(cells) for cells in _cells(text, Dialect(delimiter))[:_SAMPLE_ROWS] if cells]
        width, count = Counter(width for width in widths if width > 1).most_common(1)[0] if max(widths) > 1 else (0, 0)
        score = count / len(widths) + min(width, 50) / 1000 if width else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return _with_header(text, best)


def _with_header(text: str, delimiter: str, skip: int = 1) -> Dialect:
    quoted = _is_quoted(text, delimiter)
    dialect = Dialect(delimiter, quoted, skip=skip)
    sample = _cells(text, dialect)[:_SAMPLE_ROWS]
    widths = Counter(len(cells) for cells in sample if cells)
    if not widths:
        return dialect
    width = max(widths, key=lambda width: (widths[width], width))
    for number, cells in enumerate(sample[:_PREAMBLE_ROWS], 1):
        if len(cells) == width:
            names = [" ".join(cell.split()) for cell in cells]
            if _is_header(names):
                return replace(dialect, header=tuple(names), header_row=number)
            return dialect
    return dialect


def _is_header(names: list[str]) -> bool:
    """Whether these can be names of columns: words, each but once, and most columns have one."""
    filled = [name for name in names if name]
    return (
        len(filled) * 2 > len(names)
        and len(set(filled)) == len(filled)
        and all(len(name) <= 120 and not _NUMBER.fullmatch(name) for name in filled)
    )


def _is_quoted(text: str, delimiter: str) -> bool:
    """Whether quotes enclose cells here: more of them stand at the edge of a cell than inside of one."""
    if '"' not in text:
        return True
    edge = re.escape(delimiter)
    opening = len(re.findall(rf'(?:^|{edge})[ ]?"', text, re.MULTILINE))
    return opening * 2 >= text.count('"') / 4 and opening > 0


def _cells(text: str, dialect: Dialect) -> list[list[str]]:
    """The rows of a text; blank lines are rows without cells."""
    csv.field_size_limit(sys.maxsize if sys.maxsize <= 2**31 else 2**31 - 1)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    lines = text.replace("\r", " ").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=dialect.delimiter,
        quoting=quoting,
        skipinitialspace=True,
    )
    return list(reader)


def table_blocks(found: list[list[str]], dialect: Dialect, first_row: int, chars: int) -> Iterator[Block]:
    """Blocks of rows, each with the header.

    Args:
        found: The rows of a stretch.
        dialect: As found at the start of the file.
        first_row: The number of the first of them in the file.
        chars: The length of a block.
    """
    header = [name or f"column {number}" for number, name in enumerate(dialect.header, 1)]
    line = _CELL.join(header)
    body = [(number, cells) for number, cells in enumerate(found, first_row) if any(map(str.strip, cells))]
    above = [Piece(_CELL.join(filter(None, cells)), number) for number, cells in body if number < dialect.header_row]
    yield from packed((piece for piece in above if piece.number >= dialect.skip), chars, rows)
    below = [(number, cells) for number, cells in body if number > max(dialect.header_row, dialect.skip - 1)]
    if not below and header and first_row <= dialect.header_row:
        yield Block(line, extra=(("row_start", dialect.header_row), ("row_end", dialect.header_row)), keep=True)
    sample = below[:50]
    usual = sum(sum(map(len, cells)) + len(_CELL) * len(cells) for _, cells in sample) / max(1, len(sample))
    if header and len(line) + 3 * usual > chars:  # wide rows: each cell with the name of its column
        yield from packed((Piece(_record(header, cells), n) for n, cells in below), chars, rows, between="\n\n")
    else:
        head = line + "\n" if header else ""
        yield from packed((Piece(_row(cells), n) for n, cells in below), chars, rows, head=head)


def _row(cells: list[str]) -> str:
    return _CELL.join([" ".join(cell.split()) for cell in cells]).rstrip(" |")


def _record(header: list[str], cells: list[str]) -> str:
    lines = [f"{name}: {cell.strip()}" for name, cell in zip(header, cells, strict=False) if cell.strip()]
    return "\n".join(lines + [cell.strip() for cell in cells[len(header) :] if cell.strip()])


def _head(source: SourceFile, plan: ReaderPlan) -> str:
    """Whole lines at the beginning of the file."""
    text = decode(source.head, plan.encoding or "utf-8", old_mac=old_mac(source.head))
    if source.size > len(source.head):
        text = text[: text.rfind("\n") + 1] or text
    return text


def _by_rows(source: SourceFile, plan: ReaderPlan, dialect: Dialect) -> tuple[tuple[SegmentSpec, ...], int]:
    """The stretches of a file so that each begins with a row, not inside a quoted cell; and how many rows there are.

    A stretch has the number of its first row where a text has that of its first line.
    """
    wide = (plan.encoding or "").startswith(("utf-16", "utf-32"))
    sign = b"\r" if old_mac(source.head) else b"\n"
    starts: list[tuple[int, int]] = []
    row, inside, data = 1, False, b""
    for segment in plan.segments:
        data = segment_bytes(source, segment)
        if wide or not dialect.quoted or sign != b"\n":
            starts.append((segment.start, segment.first_line))
            row = segment.first_line + data.count(sign)
            continue
        begin = 0
        if inside:
            end = _ROW_END.search(data, 0, _FAR)
            begin = end.end() if end and data.count(b'"', 0, end.start()) == 0 else 0
            row += 1 if begin else 0
        starts.append((segment.start + begin, row))
        quotes = data.count(b'"', begin)
        row += (_QUOTED.sub(b"", data[begin:]) if quotes else data).count(sign, 0 if quotes else begin)
        if quotes % 2:  # the rest, after the last quote, was counted though it stands in a cell
            row -= data.count(sign, data.rfind(b'"'))
        inside = quotes % 2 == 1
    stops = [start for start, _ in starts[1:]] + [source.size]
    specs = tuple(
        SegmentSpec(number, start, stop, first)
        for number, ((start, first), stop) in enumerate(zip(starts, stops, strict=True))
    )
    ended = data.endswith((sign, sign + b"\0", sign + b"\0\0\0")) or not data
    return specs, row - 1 + (not ended)
