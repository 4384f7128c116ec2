"""Just enough of the OLE compound file format to list the names at the top of its directory."""

import struct
from typing import BinaryIO, NamedTuple

from ingest_desktop.domain.interfaces.extraction import SourceFile

_END = 0xFFFFFFFA  # from here on sector numbers have a special meaning
_NOBODY = 0xFFFFFFFF  # in place of the number of an entry
_MAX_SECTORS = 256


class _Entry(NamedTuple):
    name: str
    left: int
    right: int
    child: int


def stream_names(source: SourceFile) -> set[str]:
    """Names of streams and storages, up to a bound; empty when the file is damaged.

    Those that lie in a storage belong to a document that was put into this one. Where the tree of names is broken,
    they are all given.
    """
    try:
        with source.open() as stream:
            entries = _entries(stream)
    except (struct.error, OSError):
        return set()
    return _top(entries) or {entry.name for entry in entries if entry.name}


def _entries(stream: BinaryIO) -> list[_Entry]:
    header = stream.read(512)
    shift = struct.unpack_from("<H", header, 30)[0]
    if shift not in (9, 12):
        return []
    size = 1 << shift
    allocation = struct.unpack_from("<109I", header, 76)
    sector = struct.unpack_from("<I", header, 48)[0]
    entries: list[_Entry] = []
    for _ in range(_MAX_SECTORS):
        if sector >= _END:
            break
        stream.seek((sector + 1) << shift)
        entries += _entries_in(stream.read(size))
        table, entry = divmod(sector, size // 4)
        if table >= 109 or allocation[table] >= _END:
            break
        stream.seek(((allocation[table] + 1) << shift) + 4 * entry)
        sector = struct.unpack("<I", stream.read(4))[0]
    return entries


def _entries_in(sector: bytes) -> list[_Entry]:
    """The directory entries in one sector; those that are not used have no name."""
    found = []
    for offset in range(0, len(sector) - 127, 128):
        length = struct.unpack_from("<H", sector, offset + 64)[0]
        name = sector[offset : offset + length - 2].decode("utf-16-le", "replace") if 2 <= length <= 64 else ""
        found.append(_Entry(name, *struct.unpack_from("<3I", sector, offset + 68)))
    return found


def _top(entries: list[_Entry]) -> set[str]:
    """The names below the root; none when its tree leads nowhere or in circles."""
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [entries[0].child] if entries else []
    while waiting:
        number = waiting.pop()
        if number == _NOBODY:
            continue
        if number >= len(entries) or number in seen:
            return set()
        seen.add(number)
        entry = entries[number]
        names.add(entry.name)
        waiting += [entry.left, entry.right]
    return names
