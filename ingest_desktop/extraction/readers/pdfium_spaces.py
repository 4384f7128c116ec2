"""Spaces that PDFium does not see: Ghostscript writes some as two letters that stand far apart, and others pass them on."""

import ctypes
import re
from array import array
from collections.abc import Sequence
from itertools import islice, repeat
from typing import Any, Final

import pypdfium2.raw as raw

from ingest_desktop.extraction.readers.pdfium_boxes import quick

_MAKERS = ("Ghostscript", "iText", "Adlib")
_JOINED = re.compile(  # a sign or "a", and a word at once; quick, since it looks for one character first
    "[.,;aA](?:(?<=[a-z]{2}[.,;])(?=[A-Za-z][a-z ])|(?<![A-Za-z0-9_].)(?<=[aA])(?=[b-df-hj-np-tv-z][a-z]{3}))"
)
_LOOKED_AT = 60  # of those on a page: names of files, code and other words have them as well
_STRETCH = re.compile("[!-~\xa1-\u058f\u2010-\u2e7f]{2,}")  # of scripts that run rightwards with spaces between words
_WIDE: Final = 0.2  # of the height of a line: no two letters of a word stand so far apart
_TOO_WIDE: Final = 2.0  # of the same: another column
_LEVEL: Final = 0.1  # of the same: what stands higher or lower is no neighbour
_MOST_CHARS = 100_000  # of a page that is looked at

_loose_box = quick(raw.FPDFText_GetLooseCharBox)


def made_by_moves(handle: Any) -> bool:
    """Whether an open document comes from a program that is known for such spaces."""
    buffer = ctypes.create_string_buffer(512)
    size = raw.FPDF_GetMetaText(handle, b"Producer", buffer, 512)
    producer = buffer.raw[: min(size, 512)].decode("utf-16-le", "replace")
    return any(maker in producer for maker in _MAKERS)


def missing_spaces(textpage: Any, text: str) -> list[int]:
    """The places in the text of a page before which a space is missing, in ascending order.

    A look at the text, and at a few pairs of letters, tells quickly that none is. A page where longer words alone meet
    that way, and never a full stop, comma or "a" and a word, is taken for one without.

    Args:
        textpage: Of PDFium.
        text: As PDFium gives it, a sign for each of its characters.
    """
    if len(text) > _MOST_CHARS:
        return []
    ends = [found.end() for found in islice(_JOINED.finditer(text), _LOOKED_AT)]
    pairs = [at for end in ends for at in (end - 1, end)]
    if not any(number % 2 for number in _wide(_boxes(textpage, pairs))):
        return []
    wide = set(_wide(_boxes(textpage, range(len(text)))))
    places: list[int] = []
    for stretch in _STRETCH.finditer(text):
        start, stop = stretch.span()
        apart = [at for at in range(start + 1, stop) if at in wide]
        if 2 * len(apart) <= stop - start:  # else its letters are spaced
            places += [at for at in apart if text[at].isalnum() or text[at] == "("]
    return places


def _boxes(textpage: Any, characters: Sequence[int]) -> "array[float]":
    """Left, top, right and bottom of each, with the room around it that its font gives."""
    values = array("f", bytes(16 * len(characters)))
    slots = (ctypes.c_float * len(values)).from_buffer(values)
    places = map(ctypes.byref, repeat(slots), range(0, 16 * len(characters), 16))
    list(map(_loose_box, repeat(textpage), characters, places))
    return values


def _wide(boxes: "array[float]") -> list[int]:
    """The numbers of those that stand apart from the one before, on the same line."""
    lefts, tops, rights, bottoms = (boxes[side::4] for side in range(4))
    return [
        number
        for number, (right, left, top, bottom, level) in enumerate(
            zip(rights, lefts[1:], tops, bottoms, bottoms[1:], strict=False), 1
        )
        if _WIDE < (left - right) / ((top - bottom) or 1) < _TOO_WIDE and abs(level - bottom) < _LEVEL * (top - bottom)
    ]
