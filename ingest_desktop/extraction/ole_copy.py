"""A storage of an OLE file as a file of its own: how a document inside another one comes to the reader of its kind."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed

_MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_FREE, _END, _TABLE, _TABLE_OF_TABLES = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_SECTOR, _SMALL_SECTOR, _SMALL = 512, 64, 4096
_NUMBERS = _SECTOR // 4  # of sectors that fit in one
_IN_HEAD = 109  # sectors of the table that the head names
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_BLACK = 1
_MOST_DEPTH = 20
_MOST_ENTRIES = 10_000


@dataclass(slots=True)
class _Entry:
    """One line of the directory; the numbers are those of other lines, or of the first sector."""

    name: str
    kind: int
    left: int = _FREE
    right: int = _FREE
    child: int = _FREE
    start: int = 0
    size: int = 0


@dataclass(slots=True)
class _Copy:
    """The file that is being made."""

    sectors: list[bytes] = field(default_factory=list)
    table: list[int] = field(default_factory=list)
    small: bytearray = field(default_factory=bytearray)
    small_table: list[int] = field(default_factory=list)
    entries: list[_Entry] = field(default_factory=list)

    def put(self, data: bytes) -> int:
        """Put bytes into sectors; the number of the first."""
        if not data:
            return _END
        first, count = len(self.sectors), -(-len(data) // _SECTOR)
        self.sectors += [data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)]
        self.table += [*range(first + 1, first + count), _END]
        return first

    def put_small(self, data: bytes) -> int:
        """The same for a stream that shares sectors with others."""
        if not data:
            return _END
        first, count = len(self.small_table), -(-len(data) // _SMALL_SECTOR)
        self.small += data.ljust(count * _SMALL_SECTOR, b"\0")
        self.small_table += [*range(first + 1, first + count), _END]
        return first

    def finished(self) -> bytes:
        """The whole file."""
        root = self.entries[0]
        root.start, root.size = self.put(bytes(self.small)), len(self.small)
        numbers = _packed(self.small_table)
        small_start = self.put(numbers.ljust(-(-len(numbers) // _SECTOR) * _SECTOR, b"\xff"))
        lines = b"".join(map(_line, self.entries))
        lines += _line(_Entry("", 0)) * (-len(self.entries) % (_SECTOR // 128))
        directory = self.put(lines)
        own = more = 0  # sectors of the table, and of the list of them
        while len(self.sectors) + own + more > own * _NUMBERS:
            own += 1
            more = -(-max(0, own - _IN_HEAD) // (_NUMBERS - 1))
        first = len(self.sectors)
        named = list(range(first, first + own))
        table = _packed([*self.table, *[_TABLE] * own, *[_TABLE_OF_TABLES] * more]).ljust(own * _SECTOR, b"\xff")
        head = _MAGIC + b"\0" * 16 + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
        head += struct.pack(
            "<9I", 0, own, directory, 0, _SMALL, small_start, -(-len(numbers) // _SECTOR), *_further(first + own, more)
        )
        head += _packed(named[:_IN_HEAD]).ljust(4 * _IN_HEAD, b"\xff")
        return b"".join([head, *self.sectors, table, *_lists(named[_IN_HEAD:], first + own, more)])


def storage_file(ole: Any, path: Sequence[str], most_bytes: int) -> bytes:
    """All that lies in a storage, as a file.

    Args:
        ole: An open ``olefile.OleFileIO``.
        path: To the storage.
        most_bytes: It may hold; more is damage, for it lies in a file that is not larger.

    Raises:
        SourceMalformed: It cannot all be had.
    """
    copy = _Copy()
    top = ole.root
    for name in path:
        top = next((below for below in top.kids if below.name.lower() == name.lower()), None)
        if top is None:
            raise SourceMalformed("It is damaged: a part of it is missing.")
    left = [most_bytes]
    copy.entries.append(_Entry("Root Entry", _ROOT))
    copy.entries[0].child = _take(copy, ole, top, list(path), left, 0)
    return copy.finished()


def _take(copy: _Copy, ole: Any, storage: Any, path: list[str], left: list[int], depth: int) -> int:
    """Copy what lies in a storage; the number of the entry in the middle, from which the others are found."""
    numbers: list[int] = []
    if depth > _MOST_DEPTH:
        raise SourceMalformed("It is damaged: it is nested too deeply.")
    for below in sorted(storage.kids, key=lambda one: (len(one.name), one.name.upper())):
        entry = _Entry(below.name[:31], _STREAM if below.entry_type == _STREAM else _STORAGE)
        numbers.append(len(copy.entries))
        copy.entries.append(entry)
        if len(copy.entries) > _MOST_ENTRIES:
            raise SourceMalformed("It is damaged: it has too many parts.")
        own = [*path, below.name]
        if entry.kind == _STORAGE:
            entry.child = _take(copy, ole, below, own, left, depth + 1)
            continue
        left[0] -= below.size
        if left[0] < 0:
            raise SourceMalformed("It is damaged: it claims more than there is.")
        with ole.openstream(own) as stream:
            data = stream.read()
        entry.size = len(data)
        entry.start = copy.put(data) if len(data) >= _SMALL else copy.put_small(data)
    return _balanced(copy.entries, numbers)


def _balanced(entries: list[_Entry], numbers: Sequence[int]) -> int:
    """Hang sorted entries below the one in the middle."""
    if not numbers:
        return _FREE
    middle = len(numbers) // 2
    entry = entries[numbers[middle]]
    entry.left, entry.right = _balanced(entries, numbers[:middle]), _balanced(entries, numbers[middle + 1 :])
    return numbers[middle]


def _line(entry: _Entry) -> bytes:
    name = f"{entry.name}\0".encode("utf-16-le")[:64] if entry.kind else b""
    return (
        name.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(name), entry.kind, _BLACK, entry.left, entry.right, entry.child)
        + b"\0" * 36
        + struct.pack("<IQ", entry.start, entry.size)
    )


def _packed(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _further(start: int, count: int) -> tuple[int, int]:
    """Where the list of the sectors of the table goes on, as the head tells it."""
    return (start, count) if count else (_END, 0)


def _lists(named: Sequence[int], start: int, count: int) -> Iterator[bytes]:
    """The sectors in which the list of the sectors of the table goes on, each with the number of the next."""
    size = _NUMBERS - 1
    for number in range(count):
        following = start + number + 1 if number + 1 < count else _END
        numbers = _packed(named[number * size : (number + 1) * size]).ljust(4 * size, b"\xff")
        yield numbers + struct.pack("<I", following)
