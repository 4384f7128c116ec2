"""The sheets of an OpenDocument spreadsheet, row by row from ``content.xml``, which is never kept whole."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.wire import SegmentSpec
from ingest_desktop.extraction.packages import Package, forget
from ingest_desktop.extraction.readers.drawing import children, local
from ingest_desktop.extraction.readers.grid import HEADER_SAMPLE, Row, find_header
from ingest_desktop.extraction.readers.odf_objects import object_lines
from ingest_desktop.extraction.readers.odf_text import attribute, paragraph, repeats, texts_of, units_of

_SEGMENT_CELLS = 100_000
_MOST_REPEATS, _MOST_COLUMNS = 1000, 16_384
_MOST_ROWS = 1 << 20  # that one row may stand for
_ROWS, _TABLES = frozenset({"table-row", "shapes"}), frozenset({"table"})


class Extent(NamedTuple):
    """How far down a sheet reaches, and about how many filled cells it has."""

    height: int
    cells: int

    @property
    def stretch(self) -> int:
        """Rows of one segment; 0: all of them."""
        return max(1, _SEGMENT_CELLS * self.height // self.cells) if self.cells > _SEGMENT_CELLS else 0


def extents(package: Package) -> list[Extent]:
    """The extent of each sheet; those before damage, which is for the reading to tell.

    Raises:
        SourceMalformed: No sheet could be found before the damage.
    """
    found: list[Extent] = []
    try:
        for _, elements in _tables(package):
            found.append(Extent(0, 0))
            number = height = cells = 0
            for element in elements:
                times = repeats(element, "number-rows-repeated", _MOST_ROWS)
                number += times
                filled = sum(
                    [
                        min(repeats(cell, "number-columns-repeated", _MOST_COLUMNS), _MOST_REPEATS)
                        for cell in element
                        if len(cell)
                    ]
                )
                if filled and local(element) == "table-row":
                    height, cells = number, cells + filled * min(times, _MOST_REPEATS)
                    found[-1] = Extent(height, cells)
    except SourceMalformed:
        if not found:
            raise
    return found


def stretches(sheets: list[Extent]) -> Iterator[SegmentSpec]:
    """Segments: small sheets share one, a large sheet has several, of so many rows each."""
    number = cells = 0
    start = 1
    for index, sheet in enumerate(sheets, 1):
        if start < index and cells + sheet.cells > _SEGMENT_CELLS:
            yield SegmentSpec(number, start, index)
            number, start, cells = number + 1, index, 0
        cells += sheet.cells
        if sheet.stretch:
            for row in range(1, sheet.height + 1, sheet.stretch):
                yield SegmentSpec(number, index, index + 1, row)
                number += 1
            start, cells = index + 1, 0
    if start <= len(sheets) or number == 0:
        yield SegmentSpec(number, start, len(sheets) + 1)


class SheetFlow:
    """Goes through all sheets once, from the top, and can stop in the middle of one.

    Args:
        key: Tells of which file it is.
        package: Is closed with it.

    Attributes:
        name: Of the sheet in hand.
        header: Of the sheet in hand.
        remarks: What stands beside the rows that were taken: remarks of cells, drawn text. To be emptied.
        warnings: What was left out.
        lost: What of the sheets that were taken could not be read. To be emptied.
    """

    def __init__(self, key: object, package: Package) -> None:
        self.key = key
        self.name = ""
        self.header: Row | None = None
        self.remarks: list[str] = []
        self.warnings: list[str] = []
        self.lost: list[str] = []
        self._package, self._tables = package, _tables(package)
        self._index, self._next = 0, 1
        self._elements: Iterator[Any] = iter(())
        self._rows: Iterator[Row] = iter(())

    def is_before(self, index: int, row: int) -> bool:
        """Whether a row of a sheet (both 1-based) is still to come."""
        return (self._index, self._next) <= (index, row)

    def go_to(self, index: int) -> bool:
        """Go on to a sheet; whether there is one."""
        while self._index < index:
            for _ in self._elements:
                pass
            table = next(self._tables, None)
            if table is None:
                return False
            self._index, self._next = self._index + 1, 1
            self.name, self._elements = table
            self.remarks.clear()
            if self._index == index:
                self._rows = _rows(self._package, self._elements, self.remarks, self.warnings, self.lost)
                sample = list(islice(self._rows, HEADER_SAMPLE))
                self.header = find_header(sample)
                self._rows = chain(sample, self._rows)
        return True

    def take(self, first: int, count: int) -> Iterator[Row]:
        """So many rows from a first one on; all that are left when ``count`` is 0."""
        stop = first + count
        self._next = stop if count else _MOST_ROWS * _MOST_ROWS
        for row in self._rows:
            if count and row[0] >= stop:
                self._rows = chain((row,), self._rows)
                return
            if row[0] >= first:
                yield row
            else:
                self.remarks.clear()  # those of rows that were read before

    def close(self) -> None:
        """Let go of the file."""
        self._package.close()


def _tables(package: Package) -> Iterator[tuple[str, Iterator[Any]]]:
    """Each sheet's name with its rows and shapes, which must be used up before the next sheet."""
    events = units_of(package, _ROWS, _TABLES)
    for event, element in events:
        if event == "start":
            yield attribute(element, "name") or "Sheet", _rows_of(events)


def _rows_of(events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    for event, element in events:
        if event == "end":
            forget(element)
            return
        if event == "whole":
            yield element


def _rows(
    package: Package, elements: Iterator[Any], remarks: list[str], warnings: list[str], lost: list[str]
) -> Iterator[Row]:
    """Numbered rows; remarks of cells and drawn text are put aside."""
    number = 1
    for element in elements:
        if local(element) == "shapes":
            remarks += [*texts_of(element), *object_lines(package, element, lost, points=False)]
            continue
        times = repeats(element, "number-rows-repeated", _MOST_ROWS)
        drawn: list[Any] = []
        cells = _cells(element, remarks, number, drawn)
        for part in drawn:
            remarks += object_lines(package, part, lost, points=False)
        if any(cells):
            for again in range(min(times, _MOST_REPEATS)):
                yield number + again, cells
            if times > _MOST_REPEATS:
                warnings.append(f"Row {number:,} is repeated {times:,} times; {_MOST_REPEATS:,} of them were read.")
        number += times


def _cells(row: Any, remarks: list[str], number: int, drawn: list[Any]) -> list[str]:
    cells: list[str] = []
    for cell in children(row, "table-cell", "covered-table-cell"):
        said, aside = [], []
        for part in cell:
            if local(part) == "p":
                text, beside = paragraph(part)
                said.append(text)
                aside += beside
            elif local(part):
                aside += texts_of(part) if local(part) != "annotation" else [" ".join(texts_of(part))]
                drawn.append(part)
        remarks += [f"Row {number}: {text}" for text in aside if text]
        text = " ".join(" ".join(said).split()) or _value(cell)
        times = repeats(cell, "number-columns-repeated", _MOST_COLUMNS)
        room = max(0, _MOST_COLUMNS - len(cells))
        cells += [text] * min(times if not text else min(times, _MOST_REPEATS), room)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _value(cell: Any) -> str:
    """The value of a cell that shows no text of its own."""
    for name in ("string-value", "date-value", "time-value", "boolean-value", "value"):
        found = attribute(cell, name)
        if found:
            return found
    return ""
