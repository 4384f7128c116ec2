"""Where on its page a stretch of a page's text stands, as PDFium knows it. Asked for each chunk, so it is quick."""

import ctypes
import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, repeat
from math import ceil, floor
from typing import Any, Final

import pypdfium2.raw as raw

from ingest_desktop.domain.interfaces.extraction import Box

CUT_MARKS: Final = ("\ufffe", "\uffff", "\x02")  # of a word that is cut at the end of a line
SOFT_HYPHEN: Final = "\xad"  # the same, but only there
_LONE_END = re.compile("(?<!\r)\n|\r(?!\n)")
_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")
_FAR = 1 << 60
_MOST_RECTANGLES = 8  # of a stretch that are all asked for: some producers place each letter on its own
_ENDS = 3  # rectangles at the beginning and at the end of one that has more
_MOST_LINES = 10  # of such a one, both ends of which are looked at
_FARTHEST = 1_000_000.0  # points from the corner of a page; what claims to be beyond is nowhere

_SLOTS = 256  # of rectangles, and 4 values for each
_lefts, _bottoms, _rights, _tops = _SIDES = tuple(array("d", bytes(8 * _SLOTS)) for _ in range(4))
_LEFT, _BOTTOM, _RIGHT, _TOP = (
    [ctypes.byref(values, 8 * place) for place in range(_SLOTS)]
    for values in [(ctypes.c_double * _SLOTS).from_buffer(side) for side in _SIDES]
)
_REST = _LEFT[2 * _ENDS :], _RIGHT[2 * _ENDS :], _BOTTOM[2 * _ENDS :], _TOP[2 * _ENDS :]  # as characters are told


def quick(function: Any) -> Any:
    """A function of PDFium that is called with ctypes values and small numbers only.

    Without types to convert to, a call takes a third of the time.
    """
    return ctypes.PYFUNCTYPE(ctypes.c_int)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_count_rectangles, _rectangle = quick(raw.FPDFText_CountRects), quick(raw.FPDFText_GetRect)
_character = quick(raw.FPDFText_GetCharBox)


class PlacedText:
    """The text of an open page, which it closes. Not thread-safe.

    Args:
        page: Of PDFium, as the next.
        textpage: Its text.
        text: As PDFium gives it.
        clean: The same, as it is handed on: line ends are newlines, cut words are joined.
        count: Characters that PDFium counts.
        added: Before which characters of the text the clean one has a sign besides, in ascending order, as often as it has
            one. There are none when PDFium counts otherwise than the text is long.
    """

    __slots__ = ("_added", "_at", "_begins", "_lines", "_mapped", "_page", "_shifts", "_text", "_textpage", "clean")

    def __init__(self, page: Any, textpage: Any, text: str, clean: str, count: int, added: Sequence[int] = ()) -> None:
        self._page, self._textpage = page, textpage
        self._text, self.clean, self._added = text, clean, added
        self._mapped = len(text) != count  # there are signs of two units, or some without a text
        self._at = self._lines = 0  # a place in the clean text, and the line ends before it
        self._begins: list[int] | None = None  # of lines, but the first
        self._shifts: list[tuple[int, int]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the page is still open."""
        return self._page is not None

    def box(self, base: int, start: int, stop: int) -> Box | None:
        """The rectangle round a stretch of the clean text, in points of the page.

        The page is taken as its content is written: not turned, and not cut to the part that is shown.

        Args:
            base: Added to the next two.
            start: Its first character, from 0.
            stop: The one after its last.

        Returns:
            Left, bottom, right and top, in whole points; nothing for a stretch that covers nothing, or once the page is
            closed.
        """
        if self._textpage is None:
            return None
        first, last = self._index(base + start), self._index(base + stop - 1)
        if not 0 <= first <= last:
            return None
        textpage = self._textpage
        count = _count_rectangles(textpage, first, last - first + 1)
        if count <= _MOST_RECTANGLES or self._mapped:
            asked: Sequence[int] = range(min(count, _SLOTS))
            list(map(_rectangle, repeat(textpage), asked, _LEFT, _TOP, _RIGHT, _BOTTOM))
            return _whole(len(asked))
        # Some rectangles tell how high it is, both ends of its lines how wide.
        asked = (*range(_ENDS), *range(count - _ENDS, count))
        list(map(_rectangle, repeat(textpage), asked, _LEFT, _TOP, _RIGHT, _BOTTOM))
        ends = self._line_ends(first, last)
        list(map(_character, repeat(textpage), ends, *_REST))
        return _whole(2 * _ENDS + len(ends))

    def _line_ends(self, first: int, last: int) -> list[int]:
        """The first and the last character of the lines that begin in a stretch, or of some of them when there are many."""
        if self._begins is None:
            self._begins = list(accumulate(map(len, self._text.splitlines(keepends=True))))
        begins = self._begins[bisect_right(self._begins, first) : bisect_right(self._begins, last)]
        if len(begins) > _MOST_LINES:
            begins = [begins[len(begins) * number // _MOST_LINES] for number in range(_MOST_LINES)]
        # There are two signs at the end of a line. A character that is not there would leave its slot as it was.
        return [first, *begins, *[begin - 3 if begin > first + 3 else first for begin in begins], last]

    def close(self) -> None:
        """Give the page back. Any number of times."""
        page, textpage = self._page, self._textpage
        self._page = self._textpage = None
        if textpage is not None:
            raw.FPDFText_ClosePage(textpage)
        if page is not None:
            raw.FPDF_ClosePage(page)

    def _index(self, place: int) -> int:
        """What PDFium counts for a place in the clean text. Quick when the next place is not far from the one before."""
        if self._shifts is None:
            self._shifts = self._found_shifts()
        at = self._at
        if place >= at:
            self._lines += self.clean.count("\n", at, place)
        else:
            self._lines -= self.clean.count("\n", place, at)
        self._at = place
        index = place + self._lines
        if self._shifts:
            index += self._shifts[bisect_right(self._shifts, (place, _FAR)) - 1][1]
        return raw.FPDFText_GetCharIndexFromTextIndex(self._textpage, index) if self._mapped else index

    def _found_shifts(self) -> list[tuple[int, int]]:
        """From which place in the clean text on PDFium is ahead by more than the line ends, and how much."""
        text = self._text
        if not self._mapped and not self._added and len(self.clean) + self.clean.count("\n") == len(text):
            return []
        found: list[tuple[int, int, int]] = []  # where in the text, what is gone there, what PDFium counts besides
        found += [(at, -1, -1) for at in self._added]
        for mark in (*CUT_MARKS, SOFT_HYPHEN, "\0"):
            at = text.find(mark)
            while at >= 0:
                if mark != "\0" and text.startswith("\r\n", at + 1):
                    found.append((at, 2, 3))
                elif mark != SOFT_HYPHEN:
                    found.append((at, 1, 1))
                at = text.find(mark, at + 1)
        if text.count("\r\n") != max(text.count("\n"), text.count("\r")):
            found += [(end.start(), 0, -1) for end in _LONE_END.finditer(text)]
        if self._mapped:
            found += [(sign.start(), 0, 1) for sign in _TWO_UNITS.finditer(text)]
        found.sort()
        shifts, before, lines, lost, ahead = [(0, 0)], 0, 0, 0, 0
        for at, gone, more in found:
            lines += text.count("\r\n", before, at)
            before = at
            ahead += more
            shifts.append((at - lines - lost + (not gone), ahead))
            lost += gone
        return shifts


def _whole(count: int) -> Box | None:
    """The rectangle round those in so many slots."""
    if not count:
        return None
    left, bottom = min(_lefts[:count]), min(_bottoms[:count])
    right, top = max(_rights[:count]), max(_tops[:count])
    if not (-_FARTHEST < left <= right < _FARTHEST and -_FARTHEST < bottom <= top < _FARTHEST):
        return None
    return floor(left), floor(bottom), ceil(right), ceil(top)
