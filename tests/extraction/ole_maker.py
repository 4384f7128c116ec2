"""Writes small OLE compound files, such as Outlook messages, for tests."""

import struct
from collections.abc import Mapping
from typing import Union

Tree = Mapping[str, Union[bytes, "Tree"]]
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI, _SMALL = 512, 64, 4096


class _Maker:
    def __init__(self) -> None:
        self.sectors: list[bytes] = []
        self.next: list[int] = []
        self.mini = bytearray()
        self.mini_next: list[int] = []
        self.entries: list[list[object]] = []  # name, type, left, right, child, start, size

    def store(self, data: bytes) -> int:
        """Put bytes into whole sectors; the number of the first."""
        if not data:
            return _END
        first = len(self.sectors)
        pieces = [data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)]
        self.sectors += pieces
        self.next += [first + number + 1 for number in range(len(pieces) - 1)] + [_END]
        return first

    def store_small(self, data: bytes) -> int:
        if not data:
            return _END
        first = len(self.mini_next)
        count = -(-len(data) // _MINI)
        self.mini += data.ljust(count * _MINI, b"\0")
        self.mini_next += [first + number + 1 for number in range(count - 1)] + [_END]
        return first

    def add(self, name: str, content: "bytes | Tree") -> int:
        number = len(self.entries)
        entry: list[object] = [name, 1, _FREE, _FREE, _FREE, 0, 0]
        self.entries.append(entry)
        if isinstance(content, bytes):
            entry[1], entry[6] = 2, len(content)
            entry[5] = self.store(content) if len(content) >= _SMALL else self.store_small(content)
            return number
        before: int | None = None
        for key in sorted(content, key=lambda key: (len(key), key.upper())):
            child = self.add(key, content[key])
            if before is None:
                entry[4] = child
            else:
                self.entries[before][3] = child
            before = child
        return number

    def finish(self) -> bytes:
        root = self.entries[0]
        root[0], root[1], root[5], root[6] = "Root Entry", 5, self.store(bytes(self.mini)), len(self.mini)
        table = b"".join(struct.pack("<I", number) for number in self.mini_next)
        mini_first = self.store(table.ljust(-(-len(table) // _SECTOR) * _SECTOR, b"\xff"))
        rows = []
        for name, kind, left, right, child, start, size in self.entries:
            raw = f"{name}\0".encode("utf-16-le")
            rows.append(
                raw.ljust(64, b"\0")
                + struct.pack("<HBBIII", len(raw), kind, 1, left, right, child)
                + b"\0" * 36
                + struct.pack("<IQ", start, size)
            )
        empty = b"\0" * 68 + struct.pack("<III", _FREE, _FREE, _FREE) + b"\0" * 48
        directory = self.store(b"".join(rows + [empty] * (-len(rows) % 4)))
        count = 1
        while (len(self.sectors) + count) * 4 > count * _SECTOR:
            count += 1
        fat_first = len(self.sectors)
        self.next += [_FAT] * count
        fat = b"".join(struct.pack("<I", number) for number in self.next).ljust(count * _SECTOR, b"\xff")
        header = struct.pack(
            "<8s16sHHHHH6sIIIIIIIII",
            bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, count, directory, 0, _SMALL,
            mini_first, len(table) and -(-len(table) // _SECTOR), _END, 0,
        )  # fmt: skip
        header += b"".join(struct.pack("<I", fat_first + number) for number in range(count))
        return header.ljust(_SECTOR, b"\xff") + b"".join(self.sectors) + fat


def ole(tree: Tree) -> bytes:
    """A compound file with these streams (bytes) and storages (mappings)."""
    maker = _Maker()
    maker.add("", tree)
    return maker.finish()


def small_values(header_bytes: int, **values: tuple[int, int]) -> bytes:
    """A table of small values: ``p0C15=(3, 1)`` is the number 1 of type 3."""
    rows = [struct.pack("<HHIQ", kind, int(name[1:], 16), 6, value) for name, (kind, value) in values.items()]
    return b"\0" * header_bytes + b"".join(rows)
