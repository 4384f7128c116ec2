"""What the pages of a damaged SQLite file say by themselves, when the pages that lead to them cannot be read.

SQLite finds a row from page to page. One damaged page in between hides hundreds of sound ones, and a damaged first page
hides all. Here each page is looked at for what it is: pages of tables give rows, pages of indexes give the columns that
they are about. Only whole records count: one whose parts do not add up to its very length is noise. The last commits may
stand in the log beside the file; what stands there goes before what stands in the file.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

Value = int | float | str | bytes | None

PAGE_BYTES: Final = 4096  # of a file that does not tell any more
MOST_RECORD_BYTES: Final = 16 * 1024 * 1024
_MAGIC: Final = b"SQLite format 3\0"
_INNER_INDEX, _LEAF_INDEX, _LEAF_TABLE = 2, 10, 13
_INT_BYTES: Final = (0, 1, 2, 3, 4, 6, 8)
_LOG_MAGIC: Final = (0x377F0682, 0x377F0683)
_LOG_HEADER, _FRAME_HEADER = 32, 24


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``rowid`` is that of a table's row; None: it is of an index, whose last value is the row id."""

    rowid: int | None
    values: tuple[Value, ...]


def records_of(path: Path) -> Iterator[Record]:
    """Every whole record of a file, in no certain order. A file that cannot be read has none.

    A record stands once in a table, and once in each index that is about it. What was deleted is not there any more where
    the writer had ``secure_delete`` on.
    """
    with suppress(OSError), open(path, "rb") as stream:
        pages = _Pages(stream, path.with_name(path.name + "-wal"))
        try:
            for number in range(2, pages.count + 1):  # the first page holds the names of tables
                page = pages.read(number)
                if page and page[0] in (_INNER_INDEX, _LEAF_INDEX, _LEAF_TABLE):
                    yield from _records(pages, page)
        finally:
            pages.close()


class _Pages:
    """The pages of a file and of its log, by number; the first is 1."""

    def __init__(self, stream: BinaryIO, log: Path) -> None:
        self._stream = stream
        head = stream.read(18)
        size = int.from_bytes(head[16:18]) if head.startswith(_MAGIC) else PAGE_BYTES
        size = 65536 if size == 1 else size
        self.size = size if size >= 512 and not size & (size - 1) else PAGE_BYTES
        self._log: BinaryIO | None = None
        self._in_log: dict[int, int] = {}
        with suppress(OSError):
            self._log = open(log, "rb")  # noqa: SIM115 - closed with the rest
            self._in_log = _frames(self._log, self.size)
        self.count = max(stream.seek(0, 2) // self.size, *self._in_log, 0)

    def read(self, number: int) -> bytes:
        """A page; less than a page, or nothing, where there is none."""
        if number in self._in_log and self._log is not None:
            self._log.seek(self._in_log[number])
            return self._log.read(self.size)
        self._stream.seek((number - 1) * self.size)
        return self._stream.read(self.size)

    def close(self) -> None:
        """Close the log; the file is the caller's."""
        if self._log is not None:
            self._log.close()


def _frames(log: BinaryIO, page_bytes: int) -> dict[int, int]:
    """Where the newest committed state of each page begins in a log. Frames of an earlier use of it do not count."""
    head = log.read(_LOG_HEADER)
    if len(head) < _LOG_HEADER or int.from_bytes(head[:4]) not in _LOG_MAGIC:
        return {}
    if int.from_bytes(head[8:12]) != page_bytes:
        return {}
    found: dict[int, int] = {}
    pending: dict[int, int] = {}
    at = _LOG_HEADER
    while len(frame := log.read(_FRAME_HEADER)) == _FRAME_HEADER and frame[8:16] == head[16:24]:
        number, committed = struct.unpack(">II", frame[:8])
        if len(log.read(page_bytes)) < page_bytes:
            break
        pending[number] = at + _FRAME_HEADER
        if committed:
            found |= pending
            pending = {}
        at += _FRAME_HEADER + page_bytes
    return found


def _records(pages: _Pages, page: bytes) -> Iterator[Record]:
    kind = page[0]
    start = 12 if kind == _INNER_INDEX else 8
    cells = int.from_bytes(page[3:5])
    if start + 2 * cells > len(page):
        return
    for place in range(cells):
        at = int.from_bytes(page[start + 2 * place : start + 2 * place + 2])
        with suppress(IndexError, ValueError, UnicodeDecodeError, struct.error):
            if start + 2 * cells <= at < len(page):
                yield _record(pages, page, at + (4 if kind == _INNER_INDEX else 0), is_table=kind == _LEAF_TABLE)


def _record(pages: _Pages, page: bytes, at: int, *, is_table: bool) -> Record:
    """The record of a cell.

    Raises:
        IndexError, ValueError, UnicodeDecodeError, struct.error: It is none.
    """
    length, at = _varint(page, at)
    rowid = None
    if is_table:
        rowid, at = _varint(page, at)
    if not 0 < length <= MOST_RECORD_BYTES:
        raise ValueError("no record has this length")
    here = _bytes_here(length, len(page), is_table=is_table)
    payload = page[at : at + here]
    if here < length:
        payload += _rest(pages, int.from_bytes(page[at + here : at + here + 4]), length - here)
    if len(payload) != length:
        raise ValueError("it is cut short")
    return Record(rowid, tuple(_values(payload)))


def _bytes_here(length: int, usable: int, *, is_table: bool) -> int:
    """How much of a record stands in its cell; the rest overflows into pages of its own."""
    most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
    if length <= most:
        return length
    least = (usable - 12) * 32 // 255 - 23
    here = least + (length - least) % (usable - 4)
    return here if here <= most else least


def _rest(pages: _Pages, number: int, length: int) -> bytes:
    """What overflowed. The chain ends where the record does, or it is not whole."""
    found = bytearray()
    while len(found) < length:
        page = pages.read(number) if 2 <= number <= pages.count else b""
        if len(page) < pages.size:
            raise ValueError("the chain leads nowhere")
        number = int.from_bytes(page[:4])
        found += page[4 : 4 + length - len(found)]
    if number:
        raise ValueError("the chain goes on")
    return bytes(found)


def _values(payload: bytes) -> Iterator[Value]:
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != end or end + sum(map(_width, kinds)) != len(payload):
        raise ValueError("its parts do not add up")
    for kind in kinds:
        width = _width(kind)
        yield _value(kind, payload[at : at + width])
        at += width


def _width(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return _INT_BYTES[kind] if kind < 7 else 8 * (kind == 7)


def _value(kind: int, data: bytes) -> Value:
    if kind >= 12:
        return data.decode() if kind % 2 else data
    if kind == 7:
        (real,) = struct.unpack(">d", data)
        return float(real)
    if kind in (8, 9):
        return kind - 8
    if kind in (10, 11):
        raise ValueError("no file has this")
    return int.from_bytes(data, signed=True) if kind else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, seven bits each, and all eight of the ninth; and where it ends."""
    value = 0
    for place in range(9):
        byte = data[at + place]
        if place == 8:
            value = value << 8 | byte
            return (value - 2**64 if value >= 2**63 else value), at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("unreachable")
