"""What an XLS workbook holds beside the values: which cells are percents, comments, drawn text, titles of charts.

The stream of the workbook is a chain of records, each a number, a length and so many bytes (MS-XLS, chapter 2.4).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction.ole import stream_names
from ingest_desktop.extraction.readers.cell_formats import BUILT_IN_TIMES, column_letters, time_kind

_STREAMS: Final = ("Workbook", "Book")
_BROKEN: Final = (OSError, ValueError, IndexError, TypeError, struct.error)
_PASSWORD: Final = 0x2F
_BEGIN: Final = frozenset({0x0809, 0x0409, 0x0209, 0x0009})
_END, _SHEET, _FORMAT, _STYLE, _CODE_PAGE = 0x0A, 0x85, 0x041E, 0xE0, 0x42
_NOTE, _OBJECT, _TEXT, _MORE, _CHART_TEXT, _SEVERAL, _FORMULA_TEXT = 0x1C, 0x5D, 0x01B6, 0x3C, 0x100D, 0xBD, 0x0207
_CELLS: Final = frozenset({0x06, 0x0203, 0x0204, 0x0205, 0xFD, 0x027E, 0xD6, 0x0406})
_NUMBERS: Final = frozenset({0x06, 0x0203, 0x027E, 0x0406})
_EIGHT: Final = 0x0600  # the version whose strings are Unicode
_ON: Final = 0xFFFF  # in place of a row: the text of the note before goes on
_MOST: Final = 1_000_000  # percents of a sheet, and characters of its remarks
_Record = tuple[int, bytes]
_pair = struct.Struct("<HH").unpack_from


@dataclass(slots=True)
class SheetParts:
    """What one sheet holds beside the values."""

    cells: int = 0  # with a value
    percents: set[tuple[int, int]] = field(default_factory=set)  # row and column, both 1-based
    remarks: list[str] = field(default_factory=list)


def parts_of(source: SourceFile) -> dict[str, SheetParts]:
    """The sheets of a workbook by their names; nothing of what is damaged."""
    try:
        return _parts(_stream(source) or b"")
    except _BROKEN:
        return {}


def is_locked(source: SourceFile) -> bool:
    """Whether a workbook asks for a password: what follows the record that says so cannot be read without it."""
    try:
        return any(kind == _PASSWORD for kind, _ in _globals(_stream(source) or b""))
    except _BROKEN:
        return False


def well_named(source: SourceFile) -> SourceFile:
    """The same workbook with the name of its stream as it is usually written; some programs use capitals only."""
    names = {name.lower(): name for name in stream_names(source)}
    found = next((names[name.lower()] for name in _STREAMS if name.lower() in names), None)
    if found is None or found in _STREAMS:
        return source
    with source.open() as stream:
        data = stream.read().replace(_entry(found), _entry(found.capitalize()))
    return replace(source, data=data)


def _entry(name: str) -> bytes:
    """A name as the directory of an OLE file has it."""
    return name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)


def _stream(source: SourceFile) -> bytes | None:
    """The chain of records; None when there is none."""
    import olefile

    with source.open() as stream, olefile.OleFileIO(stream) as ole:
        name = next((name for name in _STREAMS if ole.exists(name)), None)
        return ole.openstream(name).read() if name is not None else None


def _globals(data: bytes) -> Iterator[_Record]:
    """The records before the first sheet."""
    for kind, body in _records(data, 0):
        if kind == _END:
            return
        yield kind, body


def _parts(data: bytes) -> dict[str, SheetParts]:
    book = _Globals(data)
    return {name: _Sheet(book).read(data, start) for name, start in book.sheets.items()}


class _Globals:
    """What the sheets share: where each begins, and the styles of cells that are percents."""

    def __init__(self, data: bytes) -> None:
        self.sheets: dict[str, int] = {}
        self.codec = "cp1252"
        self.is_eight = len(data) > 8 and _pair(data, 4)[0] == _EIGHT
        formats: dict[int, str] = {}
        styles: list[int] = []
        for kind, body in _globals(data):
            if kind == _CODE_PAGE and len(body) >= 2:
                self.codec = _codec(_number(body, 0))
            elif kind == _SHEET and len(body) >= 8:
                self.sheets.setdefault(self.short_text(body, 6), struct.unpack_from("<I", body)[0])
            elif kind == _FORMAT and len(body) > 4:
                text = self.text(body[4:], _number(body, 2)) if self.is_eight else self.short_text(body, 2)
                formats[_number(body, 0)] = time_kind(text)
            elif kind == _STYLE and len(body) >= 4:
                styles.append(_number(body, 2))
        told = {number: formats.get(number, BUILT_IN_TIMES.get(str(number), "")) for number in set(styles)}
        self.percents = {style for style, number in enumerate(styles) if told[number] == "percent"}

    def text(self, body: bytes, length: int) -> str:
        """Characters behind a byte that tells how wide they are."""
        if body[:1] and body[0] & 1:
            return body[1 : 1 + 2 * length].decode("utf-16-le", "replace")
        return body[1 : 1 + length].decode("latin-1")

    def short_text(self, body: bytes, at: int) -> str:
        """Characters behind a byte that counts them."""
        length = body[at]
        if self.is_eight:
            return self.text(body[at + 1 :], length)
        return body[at + 1 : at + 1 + length].decode(self.codec, "replace")


class _Sheet:
    """Gathers what one sheet holds."""

    def __init__(self, book: _Globals) -> None:
        self._book = book
        self._found = SheetParts()
        self._comments: list[tuple[str, int]] = []  # the place of each, and the number of its object
        self._texts: dict[int, str] = {}  # of objects
        self._object = (0, 0)  # number and kind of the one in hand
        self._chars = 0

    def read(self, data: bytes, start: int) -> SheetParts:
        depth, waiting = 0, 0  # begun, not ended; characters of a drawn text that are still to come
        for kind, body in _records(data, start):
            if kind in _BEGIN:
                depth += 1
            elif kind == _END:
                depth -= 1
                if depth <= 0:
                    break
            elif kind == _TEXT and len(body) >= 12:
                waiting = _number(body, 10)
            elif kind == _MORE and waiting:
                waiting -= self._drawn(body, waiting)
            else:
                self._take(kind, body)
        for place, number in self._comments:
            self._tell(f"{place}: {_plain(self._texts.pop(number, ''))}")
        for text in self._texts.values():
            self._tell(_plain(text))
        return self._found

    def _take(self, kind: int, body: bytes) -> None:
        if kind in _CELLS and len(body) >= 6:
            self._found.cells += 1
            if kind in _NUMBERS and _number(body, 4) in self._book.percents:
                self._percent(_number(body, 0), _number(body, 2))
        elif kind == _SEVERAL and len(body) >= 6:
            row, first = _pair(body)
            for count, at in enumerate(range(4, len(body) - 6, 6)):
                self._found.cells += 1
                if _number(body, at) in self._book.percents:
                    self._percent(row, first + count)
        elif kind == _OBJECT and len(body) >= 8:
            self._object = (_number(body, 6), _number(body, 4))
        elif kind == _NOTE and len(body) >= 8:
            self._note(body)
        elif kind == _CHART_TEXT and len(body) > 3:
            self._tell(_plain(self._book.short_text(body, 2)))

    def _percent(self, row: int, column: int) -> None:
        if len(self._found.percents) < _MOST:
            self._found.percents.add((row + 1, column + 1))

    def _note(self, body: bytes) -> None:
        row, column = _pair(body)
        place = f"{column_letters(column + 1)}{row + 1}"
        if self._book.is_eight:
            self._comments.append((place, _number(body, 6)))
            return
        text = body[6:].decode(self._book.codec, "replace")
        if row != _ON:
            self._tell(f"{place}: {_plain(text)}")
        elif self._found.remarks:
            self._found.remarks[-1] += text

    def _drawn(self, body: bytes, waiting: int) -> int:
        """Take a piece of the text of the object in hand; how many characters it had."""
        text = self._book.text(body, waiting)
        number, _ = self._object
        self._texts[number] = self._texts.get(number, "") + text
        return len(text)

    def _tell(self, text: str) -> None:
        self._chars += len(text)
        if text and not text.endswith(": ") and self._chars < _MOST:
            self._found.remarks.append(text)


def _records(data: bytes, at: int) -> Iterator[_Record]:
    """The records from a place on; the last one may be cut."""
    end = len(data) - 4
    while at <= end:
        kind, length = _pair(data, at)
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _number(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "little")


def _plain(text: str) -> str:
    return " ".join(text.split())


def _codec(page: int) -> str:
    import codecs

    if page in (10000, 32768):
        return "mac_roman"
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return "cp1252"
