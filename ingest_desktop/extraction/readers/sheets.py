"""XLSX, XLSB and XLS: python-calamine reads the values, ``grid`` makes blocks of rows.

Small sheets share a segment; a large one is cut into stretches of rows. The sheet in hand stays loaded for the next
stretch, because the format gives no way to begin in its middle.
"""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.packages import Package, core_properties
from ingest_desktop.extraction.readers.grid import HEADER_SAMPLE, Row, find_header, grid_blocks, shown
from ingest_desktop.extraction.readers.sheet_parts import remarks, widest_area

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MEDIA_TYPES = {
    kinds.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    kinds.XLSB: "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    kinds.XLS: "application/vnd.ms-excel",
}
_CALLED = "an Excel workbook"
_SEGMENT_CELLS = 100_000
_MOST_CELLS = 24_000_000  # of the smallest rectangle around a sheet's cells: it is kept whole in memory
_MOST_SHEETS = 10_000
_T = TypeVar("_T")


@dataclass(slots=True)
class _Stretch:
    """A sheet in hand: its header, and the rows that come next."""

    index: int
    rows: Iterator[Row]
    next_row: int  # 0-based
    header: Row | None


@dataclass(slots=True)
class _Book:
    """A workbook in hand."""

    key: tuple[object, ...]
    workbook: "CalamineWorkbook"
    sheet: tuple[int, "CalamineSheet"] | None = None
    stretch: _Stretch | None = None

    def load(self, index: int) -> "CalamineSheet":
        """A sheet, by its 1-based number.

        Raises:
            SourceMalformed: It is damaged.
        """
        if self.sheet is None or self.sheet[0] != index:
            self.sheet = self.stretch = None
            self.sheet = (index, _guarded(lambda: self.workbook.get_sheet_by_index(index - 1)))
        return self.sheet[1]


class SheetsReader:
    """Reads Excel workbooks of three formats."""

    name = "sheets"
    version = 1
    reads = frozenset(MEDIA_TYPES)

    def __init__(self) -> None:
        self._book: _Book | None = None

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        self._book = None
        kind = detect.kind_of(source)
        metadata = _checked(source, options) if kind != kinds.XLS else {}
        book = self._open(source)
        count = len(book.workbook.sheet_names)
        if count > _MOST_SHEETS:
            raise LimitExceeded(f"It has {count:,} sheets; {_MOST_SHEETS:,} are the most (fixed).")
        return ReaderPlan(
            "sheet",
            count,
            tuple(_segments(book, count)),
            MEDIA_TYPES.get(kind, MEDIA_TYPES[kinds.XLSX]),
            None,
            metadata.get("title") or None,
            metadata,
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        book = self._open(source)
        names = book.workbook.sheet_names
        notes.units_seen = notes.units_with_text = 0
        for index in range(segment.start, min(segment.stop, plan.units + 1)):
            first_part = segment.first_line == 1
            notes.units_seen += first_part
            texts = 0
            path = (plan.title, names[index - 1]) if plan.title else (names[index - 1],)
            place = (("sheet", names[index - 1]),)
            try:
                rows, header = _rows(book, index, segment.first_line - 1)
                for block in grid_blocks(rows, header, options.chunk_chars, place, path):
                    texts += 1
                    yield block
            except SourceMalformed as error:
                notes.units_failed.append((index, str(error)))
            if first_part:
                for said in _remarks(source, options, index, notes):
                    texts += 1
                    yield Block(said, extra=place, path=path)
                notes.units_with_text += texts > 0
            if notes.progress is not None:
                notes.progress(index, plan.units)

    def _open(self, source: SourceFile) -> _Book:
        """The workbook, which is still in hand when the segment before was of the same file."""
        key = _key(source)
        if self._book is None or self._book.key != key:
            self._book = None
            self._book = _Book(key, _workbook(source))
        return self._book


def _key(source: SourceFile) -> tuple[object, ...]:
    """What tells that a file is the one in hand."""
    if source.data is not None:
        return (source.path, id(source.data), len(source.data))
    found = os.stat(source.path)
    return (source.path, found.st_size, found.st_mtime_ns, found.st_ino)


def _checked(source: SourceFile, options: ExtractOptions) -> dict[str, str]:
    """Metadata of a package that is fit to be read."""
    with Package(source, options, _CALLED) as package:
        package.verify()
        area = widest_area(package)
        if area > _MOST_CELLS:
            raise LimitExceeded(f"A sheet spans {area:,} cells; {_MOST_CELLS:,} are the most (fixed).")
        return core_properties(package)


def _workbook(source: SourceFile) -> "CalamineWorkbook":
    from python_calamine import CalamineWorkbook

    def opened() -> CalamineWorkbook:
        if source.data is None:
            return CalamineWorkbook.from_path(source.path)
        return CalamineWorkbook.from_filelike(io.BytesIO(source.data))

    return _guarded(opened)


def _guarded(work: Callable[[], _T]) -> _T:
    """What calamine gives. A panic of its own is no ``Exception`` and must not pass for our end."""
    from python_calamine import PasswordError

    try:
        return work()
    except (IngestError, MemoryError, RecursionError):
        raise
    except PasswordError as error:
        raise SourceEncrypted("The workbook is protected by a password.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise SourceMalformed("The workbook is damaged or incomplete.") from error
    except Exception as error:
        if "password" in str(error).lower():
            raise SourceEncrypted("The workbook is protected by a password.") from error
        raise SourceMalformed("The workbook is damaged: its sheets could not be read.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SourceMalformed("The workbook is damaged: its reader gave up.") from error


def _segments(book: _Book, count: int) -> Iterator[SegmentSpec]:
    """Stretches of sheets, and of rows of a large sheet."""
    number = cells = 0
    start = 1
    for index in range(1, count + 1):
        try:
            sheet = book.load(index)
            area, height, width = sheet.height * sheet.width, sheet.total_height, sheet.width
        except SourceMalformed:
            area = height = width = 0
        if start < index and cells + area > _SEGMENT_CELLS:
            yield SegmentSpec(number, start, index)
            number, start, cells = number + 1, index, 0
        if area > _SEGMENT_CELLS:
            for row in range(0, height, _stretch_rows(width)):
                yield SegmentSpec(number, index, index + 1, row + 1)
                number += 1
            start = index + 1
        else:
            cells += area
    if start <= count or number == 0:
        yield SegmentSpec(number, start, count + 1)


def _stretch_rows(width: int) -> int:
    return max(1, _SEGMENT_CELLS // max(1, width))


def _rows(book: _Book, index: int, first: int) -> tuple[Iterator[Row], Row | None]:
    """The rows of one segment of a sheet, and the sheet's header."""
    sheet = book.load(index)
    stretch = book.stretch
    if stretch is None or stretch.index != index or stretch.next_row != first:
        header = find_header(list(islice(_filled(sheet), HEADER_SAMPLE)))
        stretch = book.stretch = _Stretch(index, islice(_all_rows(sheet), first, None), first, header)
    if sheet.height * sheet.width <= _SEGMENT_CELLS:
        book.stretch = None
        return stretch.rows, stretch.header
    count = _stretch_rows(sheet.width)
    stretch.next_row = first + count
    return islice(stretch.rows, count), stretch.header


def _filled(sheet: "CalamineSheet") -> Iterator[Row]:
    return (row for row in _all_rows(sheet) if any(row[1]))


def _all_rows(sheet: "CalamineSheet") -> Iterator[Row]:
    """All rows from the top, numbered as in the sheet; their cells from the first column that is used."""
    rows = _guarded(sheet.iter_rows)
    number = 0
    while (cells := _guarded(lambda: next(rows, None))) is not None:
        number += 1
        yield number, [shown(cell) for cell in cells]


def _remarks(source: SourceFile, options: ExtractOptions, index: int, notes: SegmentNotes) -> list[str]:
    """Comments and drawn text of a sheet; nothing when they cannot be had."""
    if detect.kind_of(source) == kinds.XLS:
        return []
    try:
        with Package(source, options, _CALLED) as package:
            return remarks(package, index)
    except SourceMalformed as error:
        notes.warnings.append(f"Comments or drawings of sheet {index} could not be read: {error}")
        return []
