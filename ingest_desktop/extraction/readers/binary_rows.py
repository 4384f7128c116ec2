"""The rows of an XLSB workbook, record by record, for what calamine refuses or would need too much memory for."""

import datetime
import struct
from collections.abc import Iterator
from typing import Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, main_part
from ingest_desktop.extraction.readers.binary_book import binary_members, binary_styles, binary_text, records
from ingest_desktop.extraction.readers.grid import Row, shown
from ingest_desktop.extraction.readers.sheet_parts import Area, StreamedBook, binary_area

_ROW, _STRING, _BOOK = 0, 19, 153
_SMALL_NUMBER, _REAL, _FORMULA_REAL = 2, 5, 9
_TEXTS: Final = (6, 8)
_TRUTHS: Final = (4, 10)
_SHARED: Final = 7
_MOST_COLUMNS: Final = 16_384


class BinaryBook(StreamedBook):
    """As ``StreamedBook``, for XLSB. One sheet is held in memory as it lies in the package."""

    def __init__(self, package: Package) -> None:
        super().__init__(package)
        self._members = [(name, member) for name, member in binary_members(package) if member]
        self.names = [name for name, _ in self._members]
        try:
            for kind, body in records(package.read(main_part(package, "xl/workbook.bin"))):
                if kind == _BOOK and body[:1] and body[0] & 1:
                    self._epoch = datetime.datetime(1904, 1, 1)
        except SourceMalformed:
            self.names, self._members = [], []

    def area(self, index: int) -> Area:
        member = self._members[index - 1][1]
        return binary_area(self.package, member) if member in self.package else Area(0, 0, 0)

    def rows(self, index: int) -> Iterator[Row]:
        member = self._members[index - 1][1]
        number = 0
        cells: list[str] = []
        for kind, body in records(self.package.read(member)) if member in self.package else ():
            if kind == _ROW and len(body) >= 4:
                if any(cells):
                    yield number, cells
                number, cells = int.from_bytes(body[:4], "little") + 1, []
            elif 2 <= kind <= 10 and len(body) >= 8:
                column = int.from_bytes(body[:4], "little")
                text = self._text(kind, body)
                if text and len(cells) <= column < _MOST_COLUMNS:
                    cells += [""] * (column - len(cells))
                    cells.append(text)
        if any(cells):
            yield number, cells

    def _text(self, kind: int, body: bytes) -> str:
        """A cell as people see it; nothing for an error, and for what is cut."""
        style = str(int.from_bytes(body[4:7], "little"))
        try:
            if kind == _SMALL_NUMBER:
                return self._number(small_number(struct.unpack_from("<I", body, 8)[0]), style)
            if kind in (_REAL, _FORMULA_REAL):
                return self._number(struct.unpack_from("<d", body, 8)[0], style)
            if kind == _SHARED:
                strings, at = self._shared(), struct.unpack_from("<I", body, 8)[0]
                return strings[at] if at < len(strings) else ""
            if kind in _TEXTS:
                return shown(binary_text(body, 8)[0])
        except struct.error:
            return ""
        return shown(body[8:9] == b"\1") if kind in _TRUTHS else ""

    def _shared(self) -> list[str]:
        if self._strings is None:
            self._strings = []
            name = self._others.get("sharedStrings", "").replace(".xml", ".bin")
            try:
                for kind, body in records(self.package.read(name)):
                    if kind == _STRING:
                        self._strings.append(shown(binary_text(body, 1)[0]) if len(body) >= 5 else "")
            except SourceMalformed:
                return self._strings
        return self._strings

    def _formats(self) -> list[str]:
        if self._times is None:
            try:
                self._times = binary_styles(self.package)
            except SourceMalformed:
                self._times = []
        return self._times


def small_number(value: int) -> float:
    """A number in four bytes: whole or the upper half of a real one, and perhaps a hundred times what it means."""
    if value & 2:
        number = float((value >> 2) - (1 << 30 if value & 1 << 31 else 0))
    else:
        number = struct.unpack("<d", struct.pack("<Q", (value & ~3) << 32))[0]
    return number / 100 if value & 1 else number


def streamed_book(package: Package) -> StreamedBook:
    """The sheets of a package of either kind, row by row."""
    is_binary = main_part(package, "xl/workbook.xml").endswith(".bin")
    return BinaryBook(package) if is_binary else StreamedBook(package)
