"""XLSX, XLSB and XLS: python-calamine reads the values, ``grid`` makes blocks of rows.

Small sheets share a segment; a large one is cut into stretches of rows. The sheet in hand stays loaded for the next
stretch, because the format gives no way to begin in its middle.
"""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, TypeVar

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.embedded import embedded_blocks, shape_of
from ingest_desktop.extraction.old_objects import BookObjects
from ingest_desktop.extraction.packages import Package, core_properties
from ingest_desktop.extraction.readers.binary_rows import streamed_book
from ingest_desktop.extraction.readers.grid import HEADER_SAMPLE, Row, find_header, grid_blocks, percent, shown
from ingest_desktop.extraction.readers.old_book_parts import is_locked, well_named
from ingest_desktop.extraction.readers.old_books import check_old_book
from ingest_desktop.extraction.readers.sheet_beside import Beside, OldBeside, PackageBeside
from ingest_desktop.extraction.readers.sheet_parts import Area, StreamedBook, areas_of, widest_area
from ingest_desktop.extraction.unlocking import unlocked
from ingest_desktop.extraction.versions import VERSIONS

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
class _Sheet:
    """One sheet: where its rows come from, how far down they reach, and about how many cells that is."""

    rows: Callable[[], Iterator[Row]]
    height: int
    cells: int

    @property
    def stretch(self) -> int:
        """Rows of one segment; 0: all of them."""
        return max(1, _SEGMENT_CELLS * self.height // self.cells) if self.cells > _SEGMENT_CELLS else 0


class _Stretch:
    """A sheet in the middle of which the next segment begins."""

    def __init__(self, index: int, sheet: _Sheet, first: int) -> None:
        self.index, self.next_row = index, first
        filled = (row for row in sheet.rows() if any(row[1]))
        self.header = find_header(list(islice(filled, HEADER_SAMPLE)))
        self._rows = dropwhile(lambda row: row[0] < first, sheet.rows())
        self._held: Row | None = None

    def take(self, count: int) -> Iterator[Row]:
        """The next rows; all that are left when ``count`` is 0."""
        stop = self.next_row + count
        self.next_row = stop
        while True:
            row = self._held or next(self._rows, None)
            self._held = None
            if row is None:
                return
            if count and row[0] >= stop:
                self._held = row
                return
            yield row


class _Book:
    """A workbook in hand: as calamine reads it, or row by row from its XML when calamine cannot or must not."""

    def __init__(self, key: tuple[object, ...], source: SourceFile, options: ExtractOptions, is_package: bool) -> None:
        self.key = key
        self.metadata: dict[str, str] = {}
        self.stretch: _Stretch | None = None
        self._sheet: tuple[int, _Sheet] | None = None
        self._calamine: CalamineWorkbook | None = None
        self._package: Package | None = None
        self._streamed: StreamedBook | None = None
        if not is_package:
            self._calamine, plain = _old_workbook(source, options)
            self._objects: Package | BookObjects = BookObjects(plain)
            self.names: list[str] = self._calamine.sheet_names
            self.beside: Beside = OldBeside(plain, self.names)
        else:
            package, areas = self._open_package(source, options)
            self._objects = package
            if self._calamine is not None:
                self.names = self._calamine.sheet_names
            else:
                self.names = self._streamed.names if self._streamed is not None else []
            self.beside = PackageBeside(package, self.names, areas)

    @property
    def objects(self) -> Package | BookObjects:
        """What holds the documents that were put into it."""
        return self._objects

    def _open_package(self, source: SourceFile, options: ExtractOptions) -> tuple[Package, dict[str, Area]]:
        package = self._package = Package(source, options, _CALLED)
        try:
            package.verify()
            self.metadata = core_properties(package)
            areas = areas_of(package)
            area = widest_area(areas)
            if area > _MOST_CELLS:
                self._streamed = streamed_book(package)
                if not self._streamed.names:
                    raise LimitExceeded(f"A sheet spans {area:,} cells; {_MOST_CELLS:,} are the most (fixed).")
                return package, areas
            try:
                self._calamine = _workbook(source)
            except SourceMalformed:
                self._streamed = streamed_book(package)
                if not self._streamed.names:
                    raise
        except BaseException:
            package.close()
            raise
        return package, areas

    def _streamed_sheet(self, index: int) -> _Sheet:
        """A sheet that calamine cannot or must not read."""
        if self._streamed is None and self._package is not None:
            self._streamed = streamed_book(self._package)
        streamed = self._streamed
        if streamed is None or index > len(streamed.names):
            raise SourceMalformed("The sheet is damaged.")
        area = streamed.area(index)
        return _Sheet(lambda: streamed.rows(index), area.bottom, area.cells)

    def close(self) -> None:
        """Let go of the file."""
        if self._calamine is not None:
            self._calamine.close()
        if self._package is not None:
            self._package.close()

    def load(self, index: int) -> _Sheet:
        """A sheet, by its 1-based number.

        Raises:
            SourceMalformed: It is damaged.
        """
        if self._sheet is None or self._sheet[0] != index:
            self._sheet = self.stretch = None
            self._sheet = (index, self._loaded(index))
        return self._sheet[1]

    def _loaded(self, index: int) -> _Sheet:
        workbook = self._calamine
        if workbook is None:
            return self._streamed_sheet(index)
        try:
            sheet = _guarded(lambda: workbook.get_sheet_by_index(index - 1))
        except SourceMalformed:
            if self._package is None:
                raise
            return self._streamed_sheet(index)
        height = sheet.end[0] + 1 if sheet.end is not None else 0  # total_height is one less
        percents, cells = self.beside.percents(index), self.beside.cells(index)
        return _Sheet(lambda: _all_rows(sheet, percents), height, height * sheet.width if cells is None else cells)


class SheetsReader:
    """Reads Excel workbooks of three formats."""

    name = "sheets"
    version = VERSIONS["sheets"]
    reads = frozenset(MEDIA_TYPES)

    def __init__(self) -> None:
        self._book: _Book | None = None

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        kind = detect.kind_of(source)
        book = self._open(source, options, anew=True)
        metadata, count = book.metadata, len(book.names)
        if not count:
            raise SourceMalformed("The workbook is damaged: it holds no sheets.")
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
            shape=_shape(book, options, source),
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        book = self._open(source, options)
        names = book.names
        notes.units_seen = notes.units_with_text = 0
        for index in range(segment.start, min(segment.stop, plan.units + 1)):
            first_part = segment.first_line == 1
            notes.units_seen += first_part
            texts = 0
            path = (plan.title, names[index - 1]) if plan.title else (names[index - 1],)
            place = (("sheet", names[index - 1]),)
            try:
                rows, header = _rows(book, index, segment.first_line)
                for block in grid_blocks(rows, header, options.chunk_chars, place, path):
                    texts += 1
                    yield block
            except SourceMalformed as error:
                notes.units_failed.append((index, str(error)))
            else:
                if first_part and (lost := book.beside.lost(index)):
                    notes.units_failed.append((index, lost))
            if first_part:
                for said in _remarks(book, index, notes):
                    texts += 1
                    yield Block(said, extra=place, path=path)
                notes.units_with_text += texts > 0
            if notes.progress is not None:
                notes.progress(index, plan.units)
        failed = len({number for number, _ in notes.units_failed})
        if segment == plan.segments[-1]:
            if book.objects is not None:
                yield from embedded_blocks(book.objects, source, options, notes, plan.title, lambda _name: 1)
            self._let_go()
        if len(plan.segments) == 1 and not notes.units_with_text and failed == plan.units:
            raise SourceMalformed(f"None of its sheets could be read. {notes.units_failed[0][1]}")

    def _open(self, source: SourceFile, options: ExtractOptions, anew: bool = False) -> _Book:
        """The workbook, which is still in hand when the segment before was of the same file."""
        key = _key(source)
        if anew or self._book is None or self._book.key != key:
            self._let_go()
            self._book = _Book(key, source, options, detect.kind_of(source) != kinds.XLS)
        return self._book

    def _let_go(self) -> None:
        """Free the workbook in hand; on Windows nobody can move a file that is open."""
        book, self._book = self._book, None
        if book is not None:
            book.close()


def _shape(book: _Book, options: ExtractOptions, source: SourceFile) -> str:
    return shape_of(book.objects, options, source) if book.objects is not None else ""


def _key(source: SourceFile) -> tuple[object, ...]:
    """What tells that a file is the one in hand."""
    if source.data is not None:
        return (source.path, source.passwords, source.data)  # the bytes themselves: an address is given to others later
    found = os.stat(source.path)
    return (source.path, source.passwords, found.st_size, found.st_mtime_ns, found.st_ino)


def _old_workbook(source: SourceFile, options: ExtractOptions) -> "tuple[CalamineWorkbook, SourceFile]":
    """An XLS workbook and its file; one that is protected is opened with the passwords at hand."""
    source = well_named(source)
    check_old_book(source)
    try:
        return _workbook(source), source
    except (SourceEncrypted, SourceMalformed) as error:
        if isinstance(error, SourceMalformed) and not is_locked(source):
            raise
        data = unlocked(source, options, "The workbook")
        inner = SourceFile(source.path, len(data), data[:512], data)
        check_old_book(inner)
        return _workbook(inner), inner


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
        except SourceMalformed:
            sheet = _Sheet(lambda: iter(()), 0, 0)  # the reading will say so
        if start < index and cells + sheet.cells > _SEGMENT_CELLS:
            yield SegmentSpec(number, start, index)
            number, start, cells = number + 1, index, 0
        if sheet.stretch:
            for row in range(1, sheet.height + 1, sheet.stretch):
                yield SegmentSpec(number, index, index + 1, row)
                number += 1
            start = index + 1
        else:
            cells += sheet.cells
    if start <= count or number == 0:
        yield SegmentSpec(number, start, count + 1)


def _rows(book: _Book, index: int, first: int) -> tuple[Iterator[Row], Row | None]:
    """The rows of one segment of a sheet, and the sheet's header."""
    sheet = book.load(index)
    stretch = book.stretch
    if stretch is None or stretch.index != index or stretch.next_row != first:
        stretch = book.stretch = _Stretch(index, sheet, first)
    rows = stretch.take(sheet.stretch)
    if not sheet.stretch:
        book.stretch = None
    return rows, stretch.header


def _all_rows(sheet: "CalamineSheet", percents: set[tuple[int, int]]) -> Iterator[Row]:
    """All rows from the top, numbered as in the sheet; their cells from the first column that is used."""
    left = sheet.start[1] + 1 if sheet.start is not None else 1
    rows = _guarded(sheet.iter_rows)
    number = 0
    while (cells := _guarded(lambda: next(rows, None))) is not None:
        number += 1
        if cells.count("") == len(cells):
            continue
        if percents:
            yield (
                number,
                [
                    percent(cell)
                    if (number, column) in percents and isinstance(cell, float | int) and not isinstance(cell, bool)
                    else shown(cell)
                    if cell != ""
                    else ""
                    for column, cell in enumerate(cells, left)
                ],
            )
        else:
            yield number, [shown(cell) if cell != "" else "" for cell in cells]  # a wide sheet is mostly empty


def _remarks(book: _Book, index: int, notes: SegmentNotes) -> list[str]:
    """Comments and drawn text of a sheet; nothing when they cannot be had."""
    try:
        return book.beside.remarks(index)
    except SourceMalformed as error:
        notes.units_failed.append((index, f"Its comments or drawings could not be read: {error}"))
        return []
