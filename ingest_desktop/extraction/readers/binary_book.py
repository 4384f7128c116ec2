"""What an XLSB workbook holds beside the values: its sheets, which cells are percents, comments.

Its parts are chains of records, each a number, a length and so many bytes (MS-XLSB, chapter 2.1.4).
"""

import struct
from collections.abc import Iterator
from typing import Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, main_part, relations
from ingest_desktop.extraction.readers.cell_formats import BUILT_IN_TIMES, column_letters, time_kind

_ROW, _SHEET, _STYLE, _FORMAT, _STYLES, _STYLES_END = 0, 156, 47, 44, 617, 618
_NUMBERS: Final = frozenset({2, 5, 9})
_COMMENT, _COMMENT_TEXT = 635, 637
_MOST_PERCENTS: Final = 1_000_000
_MOST_NAME: Final = 32 * 1024


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each record; the last one may be cut."""
    at, size = 0, len(data)
    while at + 2 <= size:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        while at < size and shift < 28:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield kind, data[at : at + length]
        at += length


def binary_members(package: Package) -> list[tuple[str, str]]:
    """The names of the sheets and the members that hold them, in the order of the workbook."""
    workbook = main_part(package, "xl/workbook.bin")
    found = []
    try:
        points = relations(package, workbook)
        for kind, body in records(package.read(workbook)):
            if kind == _SHEET and len(body) >= 16:
                key, end = binary_text(body, 8)
                if key not in points:
                    key, end = binary_text(body, 12)  # the first programs that wrote this format put a number before
                found.append((binary_text(body, end)[0], points.get(key, ("", ""))[1]))
    except (SourceMalformed, struct.error):
        return []
    return found


def binary_percents(package: Package, member: str) -> set[tuple[int, int]]:
    """Row and column (both 1-based) of the cells of a sheet that are shown as percents; not more than a million."""
    found: set[tuple[int, int]] = set()
    try:
        styles = {style for style, kind in enumerate(binary_styles(package)) if kind == "percent"}
        row = 0
        for kind, body in records(package.read(member)) if styles and member in package else ():
            if kind == _ROW and len(body) >= 4:
                row = int.from_bytes(body[:4], "little")
            elif kind in _NUMBERS and int.from_bytes(body[4:7], "little") in styles and len(found) < _MOST_PERCENTS:
                found.add((row + 1, int.from_bytes(body[:4], "little") + 1))
    except (SourceMalformed, struct.error):
        return found
    return found


def binary_styles(package: Package) -> list[str]:
    """What each style makes of a number; see ``time_kind``.

    Raises:
        SourceMalformed: The styles are damaged.
    """
    points = relations(package, main_part(package, "xl/workbook.bin"))
    name = next((name for kind, name in points.values() if kind == "styles"), "xl/styles.bin")
    own: dict[int, str] = {}
    styles: list[int] = []
    inside = False
    for kind, body in records(package.read(name)) if name in package else ():
        if kind == _FORMAT and len(body) >= 6:
            own[int.from_bytes(body[:2], "little")] = time_kind(binary_text(body, 2)[0])
        elif kind in (_STYLES, _STYLES_END):
            inside = kind == _STYLES
        elif kind == _STYLE and inside:
            styles.append(int.from_bytes(body[2:4], "little"))
    return [own.get(number, BUILT_IN_TIMES.get(str(number), "")) for number in styles]


def binary_comments(data: bytes) -> Iterator[str]:
    """The comments of a part, each with its cell."""
    place = ""
    for kind, body in records(data):
        if kind == _COMMENT and len(body) >= 20:
            row, _, column = struct.unpack_from("<III", body, 4)
            place = f"{column_letters(column + 1)}{row + 1}"
        elif kind == _COMMENT_TEXT and len(body) >= 5:
            said = " ".join(binary_text(body, 1)[0].split())
            if said:
                yield f"{place}: {said}"


def binary_text(body: bytes, at: int) -> tuple[str, int]:
    """A text behind its length in characters, and where it ends."""
    (length,) = struct.unpack_from("<I", body, at)
    if length > _MOST_NAME:
        return "", at + 4  # of nothing: all bits set
    end = at + 4 + 2 * length
    return body[at + 4 : end].decode("utf-16-le", "replace"), end
