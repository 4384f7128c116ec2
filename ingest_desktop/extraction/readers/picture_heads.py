"""What the heads of picture files tell: how large each picture is, and how it lies. No picture is unpacked here."""

import re
import struct
from typing import BinaryIO, Final, NamedTuple

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.readers import webp

_MAX_FRAMES: Final = 100_000  # of a TIFF file
_MAX_MARKERS = 20_000  # of a JPEG file before its size is told
_MAX_ENTRIES = 2_000  # of one directory of a TIFF file
_PNM_HEAD: Final = 2_000  # bytes in which it tells its size, with remarks before it
_JP2_HEAD: Final = 4_000
_NO_SIZE = frozenset({0x01, *range(0xD0, 0xDA)})  # JPEG markers that have no length
_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # JPEG markers that tell the size of the picture
_WIDTH, _HEIGHT, _SUBFILE, _ORIENTATION = 256, 257, 254, 274
_MEDIA_TYPES: Final = {
    **{name: f"image/{name}" for name in ("png", "jpeg", "tiff", "webp", "gif", "bmp", "jp2")},
    "pnm": "image/x-portable-anymap",
}
_PNM: Final = re.compile(rb"P([1-6])(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#)")
_MOST_BLOCKS: Final = 200_000  # of a GIF file that are looked at for a second picture


class Frame(NamedTuple):
    """One picture of a file.

    Attributes:
        pixels: Width times height.
        orientation: How it lies by what the file says, as EXIF counts: 1 stands upright.
        offset: Of its directory, in a TIFF file.
    """

    pixels: int
    orientation: int = 1
    offset: int = 0


class Head(NamedTuple):
    """The format of a file, as a media type, and its pictures in order; ``moves``: others follow that are not read."""

    media_type: str
    frames: tuple[Frame, ...]
    moves: bool = False


def head_of(stream: BinaryIO) -> Head:
    """Read the head of a picture file of one of ``_MEDIA_TYPES``; of TIFF all directories.

    Of a GIF or WebP that moves there is its first picture alone, as that is what is recognised.

    Raises:
        SourceMalformed: It tells no size.
    """
    start = stream.read(32)
    moves = False
    frames: tuple[Frame, ...]
    try:
        if start.startswith(b"\x89PNG\r\n\x1a\n") and start[12:16] == b"IHDR":
            name, frames = "png", (_frame(*struct.unpack(">II", start[16:24])),)
        elif start.startswith(b"\xff\xd8"):
            stream.seek(2)
            name, frames = "jpeg", (_jpeg(stream),)
        elif start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            name, frames = "webp", (_webp(start),)
            moves = webp.moves(stream, start)
        elif start[:4] in (b"II*\0", b"MM\0*"):
            name, frames = "tiff", _tiff(stream, "<" if start[:2] == b"II" else ">", start)
        elif start[:4] == b"GIF8":
            name, frames = "gif", (_frame(*struct.unpack("<HH", start[6:10])),)
            moves = _moves(stream, start)
        elif start[:2] == b"BM":
            name, frames = "bmp", (_bmp(start),)
        elif start[:4] in (b"\0\0\0\x0c", b"\xff\x4f\xff\x51"):
            name, frames = "jp2", (_frame(*jpeg_2000_size(start + stream.read(_JP2_HEAD))),)
        elif start[:1] == b"P":
            name, frames = "pnm", (_frame(*(pnm_size(start + stream.read(_PNM_HEAD)) or (0, 0))),)
        else:
            raise ValueError("no head")
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise SourceMalformed("The picture is damaged: its head does not tell how large it is.") from error
    if not frames:
        raise SourceMalformed("The file holds no picture.")
    return Head(_MEDIA_TYPES[name], frames, moves)


def pnm_size(head: bytes) -> tuple[int, int] | None:
    """How many dots a PBM, PGM or PPM picture is across and down, by its first bytes; None when it is none."""
    found = _PNM.match(head[:_PNM_HEAD])
    return (int(found[2]), int(found[3])) if found else None


def alone(data: bytes, frame: Frame) -> bytes:
    """A TIFF file, whole but with this picture as its only one."""
    order = "<" if data[:2] == b"II" else ">"
    (entries,) = struct.unpack_from(order + "H", data, frame.offset)
    after = frame.offset + 2 + 12 * entries
    return b"".join((data[:4], struct.pack(order + "I", frame.offset), data[8:after], b"\0\0\0\0", data[after + 4 :]))


def _frame(width: int, height: int, orientation: int = 1, offset: int = 0) -> Frame:
    if width < 1 or height < 1:
        raise ValueError("no size")
    return Frame(width * height, orientation if 1 <= orientation <= 8 else 1, offset)


def _bmp(start: bytes) -> Frame:
    (size,) = struct.unpack("<I", start[14:18])
    width, height = struct.unpack("<HH", start[18:22]) if size == 12 else struct.unpack("<ii", start[18:26])
    return _frame(width, abs(height))  # one that begins at its top has a height below zero


def jpeg_2000_size(head: bytes) -> tuple[int, int]:
    """How many dots a JPEG 2000 picture is across and down, by its first bytes.

    Raises:
        ValueError, struct.error: They do not tell it.
    """
    if head.startswith(b"\xff\x4f"):
        across, down, left, top = struct.unpack(">IIII", head[8:24])
        return across - left, down - top
    place = head.index(b"ihdr")
    height, width = struct.unpack(">II", head[place + 4 : place + 12])
    return width, height


def _moves(stream: BinaryIO, start: bytes) -> bool:
    """Whether a GIF file holds a second picture. Damage is no matter here."""
    stream.seek(13 + (3 << (start[10] & 7) + 1 if start[10] & 0x80 else 0))
    pictures = 0
    for _ in range(_MOST_BLOCKS):
        match stream.read(1):
            case b"!":
                stream.seek(1, 1)
            case b",":
                pictures += 1
                if pictures > 1:
                    return True
                place = stream.read(9)
                colours = 3 << (place[8] & 7) + 1 if len(place) == 9 and place[8] & 0x80 else 0
                stream.seek(colours + 1, 1)
            case _:
                return False
        for _ in range(_MOST_BLOCKS):
            length = stream.read(1)
            if not length or length == b"\0":
                break
            stream.seek(length[0], 1)
    return False


def _webp(start: bytes) -> Frame:
    match start[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", start[26:30])
            return _frame(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            (bits,) = struct.unpack("<I", start[21:25])
            return _frame((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            return _frame(int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1)
        case _:
            raise ValueError("unknown kind of WebP")


def _jpeg(stream: BinaryIO) -> Frame:
    orientation = 1
    for _ in range(_MAX_MARKERS):
        marker = stream.read(2)
        if len(marker) < 2 or marker[0] != 0xFF:
            break
        if marker[1] == 0xFF:  # filling
            stream.seek(-1, 1)
            continue
        if marker[1] in _NO_SIZE:
            continue
        (length,) = struct.unpack(">H", stream.read(2))
        if length < 2:
            break
        if marker[1] in _SIZES:
            _, height, width = struct.unpack(">BHH", stream.read(5))
            return _frame(width, height, orientation)
        if marker[1] == 0xE1:
            told = _exif_orientation(stream.read(length - 2))
            orientation = told if orientation == 1 else orientation
        else:
            stream.seek(length - 2, 1)
    raise ValueError("no size")


def _exif_orientation(block: bytes) -> int:
    """How the camera was held, from 1 to 8. Damage here is no matter: it stands upright."""
    if not block.startswith(b"Exif\0\0"):
        return 1
    tiff = block[6:]
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, first)
        for number in range(min(entries, _MAX_ENTRIES)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _tiff(stream: BinaryIO, order: str, start: bytes) -> tuple[Frame, ...]:
    """The pictures of a TIFF file; small copies of others, for previews, are left out."""
    frames: list[Frame] = []
    seen: set[int] = set()
    (offset,) = struct.unpack_from(order + "I", start, 4)
    while offset and offset not in seen and len(seen) < _MAX_FRAMES:
        seen.add(offset)
        stream.seek(offset)
        head = stream.read(2)
        if len(head) < 2 and frames:
            break  # cut off: what came before is kept
        (entries,) = struct.unpack(order + "H", head)
        if entries > _MAX_ENTRIES:
            raise ValueError("too many entries")
        table = stream.read(12 * entries + 4)
        if len(table) < 12 * entries + 4:
            if frames:
                break
            raise ValueError("cut off")
        tags = _tags(table, entries, order)
        if not tags.get(_SUBFILE, 0) & 1:
            frames.append(_frame(tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0), tags.get(_ORIENTATION, 1), offset))
        (offset,) = struct.unpack_from(order + "I", table, 12 * entries)
    return tuple(frames)


def _tags(table: bytes, entries: int, order: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for number in range(entries):
        tag, kind = struct.unpack_from(order + "HH", table, 12 * number)
        if tag in (_WIDTH, _HEIGHT, _SUBFILE, _ORIENTATION):
            (found[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), table, 12 * number + 8)
    return found
