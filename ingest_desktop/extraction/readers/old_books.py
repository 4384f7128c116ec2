"""XLS before calamine sees it: what would make it take memory without end is found by a cheap look, and refused.

calamine follows the chains of the OLE file and makes room for as many strings as the workbook claims. In a damaged
file a chain may bite its own tail, and a count may be any number; then the whole process would end.
"""

import struct
from collections.abc import Sequence
from typing import BinaryIO, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile

_LAST = 0xFFFFFFFA  # from here on sector numbers have a special meaning
_HEAD_SECTORS = 109  # sectors of the allocation table that the head names
_SMALL = 4096  # streams below this many bytes lie in the sectors of another stream
_STREAM, _ROOT = 2, 5
_NAMES: Final = ("workbook", "book")
_PASSWORD, _STRINGS = 0x2F, 0xFC
_CELLS: Final = frozenset({0x06, 0xBD, 0xD6, 0xFD, 0x0203, 0x0204, 0x0205, 0x027E, 0x0406})
_MOST_COLUMNS = 256  # of a sheet of this format
_LEAST_STRING = 3  # bytes of the shortest string in the table: its length and its kind


def check_old_book(source: SourceFile) -> None:
    """Refuse a workbook in OLE form that calamine must not see.

    What is only damaged otherwise is left to calamine, which says so itself.

    Raises:
        SourceMalformed: A chain of sectors has no end, or the workbook claims what it cannot hold.
    """
    try:
        with source.open() as stream:
            book = _Sectors(stream, source.size).book()
    except (struct.error, IndexError):
        return
    if book is not None:
        _check_records(book)


class _Sectors:
    """The sectors of an OLE file and their chains."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size
        self._head = stream.read(512)
        self._shift = struct.unpack_from("<H", self._head, 30)[0]
        if self._shift not in (9, 12):
            raise struct.error("sectors of no known size")
        self._table = self._allocation()

    def book(self) -> bytes | None:
        """The stream of the workbook, once all chains are known to end; None when there is none, or a small one."""
        books: dict[str, tuple[int, int]] = {}  # where the first stream of each name starts, and its bytes
        ending: set[int] = set()
        small_ending: set[int] = set()
        small = self._chain_of(*struct.unpack_from("<I", self._head, 60))
        small_table = struct.unpack(f"<{len(small) // 4}I", small)
        directory = self._chain_of(*struct.unpack_from("<I", self._head, 48))
        for at in range(0, len(directory) - 127, 128):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            start, size = struct.unpack_from("<II", directory, at + 116)
            if kind == _STREAM and size < _SMALL:
                _check_end(start, small_table, small_ending)
            elif kind in (_STREAM, _ROOT):
                _check_end(start, self._table, ending)
                name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").lower()
                if kind == _STREAM and name in _NAMES:
                    books.setdefault(name, (start, size))
        for name in _NAMES:
            if name in books:
                start, size = books[name]
                return self._joined(_chain(start, self._table))[:size]
        return None

    def _allocation(self) -> Sequence[int]:
        """Which sector follows each one."""
        wide = 1 << self._shift
        named = list(struct.unpack_from(f"<{_HEAD_SECTORS}I", self._head, 76))
        more, seen = struct.unpack_from("<I", self._head, 68)[0], set()
        while more < _LAST:
            if more in seen:
                raise _endless()
            seen.add(more)
            numbers = struct.unpack(f"<{wide // 4}I", self._sector(more))
            named += numbers[:-1]
            more = numbers[-1]
        table: list[int] = []
        for number in named:
            if number >= _LAST or (number << self._shift) > self._size:
                break
            sector = self._sector(number)
            table += struct.unpack(f"<{len(sector) // 4}I", sector[: len(sector) // 4 * 4])
        return table

    def _chain_of(self, start: int) -> bytes:
        return self._joined(_chain(start, self._table))

    def _joined(self, sectors: Sequence[int]) -> bytes:
        return b"".join(self._sector(number) for number in sectors)

    def _sector(self, number: int) -> bytes:
        self._stream.seek((number + 1) << self._shift)
        return self._stream.read(1 << self._shift)


def _chain(start: int, table: Sequence[int]) -> Sequence[int]:
    """The sectors of a chain, in order; where it leaves the table, it ends.

    Raises:
        SourceMalformed: It bites its own tail.
    """
    found: list[int] = []
    number = start
    while number < len(table):
        found.append(number)
        if len(found) > len(table):
            raise _endless()
        number = table[number]
    return found


def _check_end(start: int, table: Sequence[int], ending: set[int]) -> None:
    """See to it that a chain ends.

    Args:
        ending: Sectors from which chains are known to end; those of this one are added.

    Raises:
        SourceMalformed: It bites its own tail.
    """
    mine: set[int] = set()
    number = start
    while number < len(table) and number not in ending:
        if number in mine:
            raise _endless()
        mine.add(number)
        number = table[number]
    ending |= mine


def _check_records(book: bytes) -> None:
    """Look at the head of each record.

    Raises:
        SourceMalformed: More strings than there is room for, or a cell where no sheet has one.
    """
    at, end = 0, len(book) - 4
    unpack = struct.Struct("<HH").unpack_from
    while at <= end:
        kind, length = unpack(book, at)
        if kind == _PASSWORD:
            return  # what follows is not to be read
        if kind in _CELLS and length >= 4 and unpack(book, at + 4)[1] >= _MOST_COLUMNS:
            raise SourceMalformed("The workbook is damaged: a cell lies outside of its sheet.")
        if kind == _STRINGS and length >= 8:
            (count,) = struct.unpack_from("<I", book, at + 8)
            if count * _LEAST_STRING > len(book):
                raise SourceMalformed("The workbook is damaged: it claims more strings than it can hold.")
        at += 4 + length


def _endless() -> SourceMalformed:
    return SourceMalformed("The workbook is damaged: a chain of its sectors has no end.")
