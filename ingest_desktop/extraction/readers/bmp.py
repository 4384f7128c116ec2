"""BMP pictures in the one form that every tesseract reads: of OS/2, run lengths, 16 bits, masks, a PNG inside and all others."""

import struct
from array import array
from typing import Final, NamedTuple

_RGB, _RLE8, _RLE4, _MASKS, _JPEG, _PNG, _ALPHA_MASKS = range(7)
_MOST_ACROSS: Final = 32_767  # dots, or rows: tesseract takes no more
_BYTE_MASKS: Final = {0xFF << 8 * place: place for place in range(4)}
_USUAL_MASKS: Final = {16: (0x7C00, 0x03E0, 0x001F), 32: (0xFF0000, 0x00FF00, 0x0000FF)}


class _Head(NamedTuple):
    """What stands before the dots. ``table``: the grey of each colour, 256 bytes."""

    width: int
    height: int
    upside_down: bool  # its first row is its top one
    bits: int
    packing: int
    begin: int
    masks: tuple[int, int, int]
    table: bytes


def as_pnm(data: bytes) -> bytes | None:
    """A BMP file as a PGM or PPM, or the picture that is packed in it; None when nothing can be made of it.

    What is missing at its end is black. The caller has seen to it that it has not too many dots.
    """
    try:
        head = _head(data)
        if head.packing in (_JPEG, _PNG):
            return data[head.begin :]
        rows, colours = _rows(data[head.begin :], head)
    except (struct.error, ValueError, IndexError):
        return None
    if not head.upside_down:
        rows.reverse()
    return b"P%d\n%d %d\n255\n" % (6 if colours == 3 else 5, head.width, head.height) + b"".join(rows)


def _head(data: bytes) -> _Head:
    (begin, size) = struct.unpack_from("<II", data, 10)
    packing, entry, place = _RGB, 4, 14 + size
    masks = (0, 0, 0)
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        entry = 3
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    if size >= 40:
        (packing,) = struct.unpack_from("<I", data, 30)
        if size == 64 and packing > _RLE4:
            raise ValueError("a packing of OS/2")
    if packing in (_MASKS, _ALPHA_MASKS):
        masks = struct.unpack_from("<III", data, 54)
        place += {_MASKS: 12, _ALPHA_MASKS: 16}[packing] if size == 40 else 0
    elif bits in _USUAL_MASKS:
        masks = _USUAL_MASKS[bits]
    table = _greys(data[place : min(begin, place + (entry << bits))], entry) if bits <= 8 else b""
    if not (0 < width <= _MOST_ACROSS and 0 < abs(height) <= _MOST_ACROSS):
        raise ValueError("no size, or one that nobody reads")
    if bits not in (1, 2, 4, 8, 16, 24, 32) and packing not in (_JPEG, _PNG):
        raise ValueError("no such picture")
    return _Head(width, abs(height), height < 0, bits, packing, begin, masks, table)


def _greys(palette: bytes, entry: int) -> bytes:
    """The grey of each colour, as a table for all values of a byte."""
    whole = palette[: len(palette) - len(palette) % entry]
    found = bytes(
        (28 * blue + 151 * green + 77 * red) >> 8
        for blue, green, red in zip(whole[0::entry], whole[1::entry], whole[2::entry], strict=True)
    )
    return found[:256].ljust(256, b"\0")


def _rows(dots: bytes, head: _Head) -> tuple[list[bytes], int]:
    """The rows as they follow, and how many bytes each dot has in them."""
    if head.packing in (_RLE8, _RLE4):
        plain = _unrolled(dots, head).translate(head.table)
        return [plain[at : at + head.width] for at in range(0, len(plain), head.width)], 1
    stride = (head.width * head.bits + 31) // 32 * 4
    cut = (dots[at : at + stride].ljust(stride, b"\0") for at in range(0, stride * head.height, stride))
    if head.bits <= 8:
        spread = _spread(head)
        return [b"".join([spread[value] for value in row])[: head.width] for row in cut], 1
    if head.bits == 16:
        table = _mixed(head.masks)
        return [bytes([table[value] for value in _words(row, "H")[: head.width]]) for row in cut], 1
    if head.bits == 24:
        return [_turned(row, (2, 1, 0), 3, head.width) for row in cut], 3
    places = [_BYTE_MASKS.get(mask, -1) for mask in head.masks]
    if min(places) >= 0:
        return [_turned(row, places, 4, head.width) for row in cut], 3
    return [bytes([_grey(value, head.masks) for value in _words(row, "I")[: head.width]]) for row in cut], 1


def _spread(head: _Head) -> list[bytes]:
    """For each byte of a row the greys of the dots in it."""
    ones, steps = (1 << head.bits) - 1, range(8 - head.bits, -1, -head.bits)
    return [bytes(head.table[value >> step & ones] for step in steps) for value in range(256)]


def _turned(row: bytes, places: "tuple[int, ...] | list[int]", step: int, width: int) -> bytes:
    """A row of colours, red first."""
    line = bytearray(3 * width)
    for colour, place in enumerate(places):
        line[colour::3] = row[place : width * step : step]
    return bytes(line)


def _words(row: bytes, form: str) -> "array[int]":
    words = array(form, row) if array(form).itemsize == (2 if form == "H" else 4) else array("L", row)
    if struct.pack("=H", 1) != b"\1\0":
        words.byteswap()
    return words


def _mixed(masks: tuple[int, int, int]) -> bytes:
    """The grey of each value of two bytes."""
    return bytes(_grey(value, masks) for value in range(1 << 16))


def _grey(value: int, masks: tuple[int, int, int]) -> int:
    red, green, blue = ((value & mask) * 255 // mask if mask else 0 for mask in masks)
    return (77 * red + 151 * green + 28 * blue) >> 8


def _unrolled(packed: bytes, head: _Head) -> bytes:
    """The numbers of colours of a picture in run lengths, row by row; what is skipped has the first colour."""
    four, width = head.packing == _RLE4, head.width
    found = bytearray(width * head.height)
    at = across = row = 0

    def put(run: bytes) -> None:
        nonlocal across
        run = run[: max(0, width - across)]
        begin = row * width + across
        found[begin : begin + len(run)] = run
        across += len(run)

    while at + 1 < len(packed) and row < head.height:
        count, value = packed[at], packed[at + 1]
        at += 2
        if count:
            pair = bytes((value >> 4, value & 15)) if four else bytes((value, value))
            put((pair * (count // 2 + 1))[:count])
        elif value == 0:
            across, row = 0, row + 1
        elif value == 1:
            break
        elif value == 2:
            across, row = across + packed[at], row + packed[at + 1]
            at += 2
        else:
            length = (value + 1) // 2 if four else value
            run = packed[at : at + length]
            put(bytes(part for both in run for part in (both >> 4, both & 15))[:value] if four else run)
            at += length + length % 2
    return bytes(found)
