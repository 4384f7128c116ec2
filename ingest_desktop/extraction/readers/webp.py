"""WebP pictures that move: whether one does, and its first picture as a file of its own, which tesseract reads."""

import struct
from typing import BinaryIO, Final

_MOVES: Final = 0x02  # flags of the first chunk
_SEE_THROUGH: Final = 0x10
_MOST_CHUNKS: Final = 200_000  # of a file that are looked at
_PICTURE: Final = (b"VP8 ", b"VP8L", b"ALPH")
_FRAME_HEAD: Final = 16  # bytes of a picture that tell its place, size and time


def moves(stream: BinaryIO, start: bytes) -> bool:
    """Whether a WebP file holds a second picture. Damage is no matter here.

    Args:
        stream: Of the file; it is left anywhere.
        start: Its first bytes, 21 at least.
    """
    if start[12:16] != b"VP8X" or not start[20] & _MOVES:
        return False
    stream.seek(12)
    pictures = 0
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:
            return False
        pictures += head[:4] == b"ANMF"
        if pictures > 1:
            return True
        (length,) = struct.unpack("<I", head[4:])
        stream.seek(length + (length & 1), 1)
    return False


def first_picture(data: bytes) -> bytes | None:
    """The first picture of a file that moves; None for all others, and where it is damaged."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X" or len(data) < 30 or not data[20] & _MOVES:
        return None
    frame = next((body for name, body in _chunks(data, 12) if name == b"ANMF"), b"")
    if len(frame) <= _FRAME_HEAD:
        return None
    across, down, wide, high = (1 + int.from_bytes(frame[at : at + 3], "little") for at in range(0, 12, 3))
    most_across, most_down = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    if 2 * (across - 1) + wide > most_across or 2 * (down - 1) + high > most_down:
        return None  # its head tells that it is smaller than it is
    body = struct.pack("<4sIB3x", b"VP8X", 10, data[20] & _SEE_THROUGH) + frame[6:12]  # which holds it to its size
    for name, content in _chunks(frame, _FRAME_HEAD):
        if name in _PICTURE:
            body += struct.pack("<4sI", name, len(content)) + content + bytes(len(content) & 1)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WEBP") + body


def _chunks(data: bytes, at: int) -> list[tuple[bytes, bytes]]:
    """Name and content of each, up to the first picture of a file, or all of one picture."""
    found: list[tuple[bytes, bytes]] = []
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        found.append((name, data[at + 8 : at + 8 + length]))
        if name == b"ANMF":
            break
        at += 8 + length + (length & 1)
    return found
