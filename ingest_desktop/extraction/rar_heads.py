"""What a RAR archive says of itself in its first blocks: what the system's library calls damage is often none."""

import struct
from dataclasses import dataclass
from typing import Final

_FOURTH: Final = b"Rar!\x1a\x07\0"
_FIFTH: Final = b"Rar!\x1a\x07\x01\0"
_MAIN_OLD: Final = 0x73
_MAIN, _FILE, _CIPHER = 1, 2, 4  # blocks of the fifth format
_LOCKED_RECORD: Final = 1  # beside a file: how it is encrypted
_MOST_BLOCKS: Final = 8
IN_PARTS: Final = (
    "It is one part of an archive in several parts, and goes on in another: unpack them and add the files."
)
SOLID: Final = "It is a solid RAR archive, which libarchive cannot unpack: unpack it and add the files."


@dataclass(frozen=True, slots=True)
class Told:
    """What was told.

    Attributes:
        in_parts: It is one of several files.
        solid: Its members are packed together; told of the fourth format only, of which that matters.
        locked: Its directory is encrypted, or its first member.
    """

    in_parts: bool = False
    solid: bool = False
    locked: bool = False

    @property
    def why(self) -> str | None:
        """Why not all of it can be read, as a sentence; None when nothing is known."""
        return IN_PARTS if self.in_parts else SOLID if self.solid else None


def told(head: bytes) -> Told:
    """What the first bytes of a file tell; nothing of one that is no RAR archive, or damaged."""
    try:
        if head.startswith(_FOURTH):
            return _fourth(head)
        return _fifth(head) if head.startswith(_FIFTH) else Told()
    except (struct.error, IndexError):
        return Told()


def _fourth(head: bytes) -> Told:
    kind, flags = struct.unpack_from("<BH", head, len(_FOURTH) + 2)
    if kind != _MAIN_OLD:
        return Told()
    return Told(bool(flags & 0x01), bool(flags & 0x08), bool(flags & 0x80))


def _fifth(head: bytes) -> Told:
    place, in_parts = len(_FIFTH), False
    for _ in range(_MOST_BLOCKS):
        size, start = _number(head, place + 4)
        stop = start + size
        kind, at = _number(head, start)
        flags, at = _number(head, at)
        extra, at = _number(head, at) if flags & 1 else (0, at)
        data, at = _number(head, at) if flags & 2 else (0, at)
        if kind == _CIPHER:
            return Told(in_parts, locked=True)
        if kind == _MAIN:
            in_parts = bool(_number(head, at)[0] & 1)
        elif kind == _FILE:
            return Told(in_parts, locked=_has_record(head[max(at, stop - extra) : stop]))
        place = stop + data
    return Told(in_parts)


def _has_record(extra: bytes) -> bool:
    """Whether a file's further records tell that it is encrypted."""
    place = 0
    while place < len(extra):
        size, start = _number(extra, place)
        if _number(extra, start)[0] == _LOCKED_RECORD:
            return True
        place = start + max(size, 1)
    return False


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits in each byte, and where it ends.

    Raises:
        IndexError: It goes on behind the end, or is too long.
    """
    value = 0
    for shift in range(0, 63, 7):
        value |= (data[place] & 0x7F) << shift
        place += 1
        if not data[place - 1] & 0x80:
            return value, place
    raise IndexError
