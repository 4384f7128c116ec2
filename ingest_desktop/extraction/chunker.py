"""Blocks in, chunks out: cut at paragraph, then sentence, then word, then anywhere. Deterministic and pure.

Works on long strings with ``str.find`` and its kin: a chunk costs a few microseconds.
"""

import json
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import perf_counter

from ingest_desktop.domain.cjk import cjk_terms, has_cjk
from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.interfaces.extraction import Block, Box
from ingest_desktop.domain.wire import HEADING_SEPARATOR, ChunkRow, ExtractOptions
from ingest_desktop.extraction.boxes import united

_SENTENCE_ENDS = (". ", ".\n", "? ", "?\n", "! ", "!\n")
_WIDE_SENTENCE_ENDS = ("。", "！", "？")
_GLUE = frozenset("\u200d\ufe0e\ufe0f")  # joiner and variation selectors belong to the character before
_SOFT_HYPHEN = "\xad"  # where a word may be parted at the end of a line: it is no part of the word that people search
_MAX_HEADING = 200  # characters of one heading in a path
_MAX_DEPTH = 8

BoxOf = Callable[[int, int], Box | None]


_new_row = partial(tuple.__new__, ChunkRow)  # as ChunkRow(...), at half the cost: there is one for every chunk


class Stopwatch:
    """How long cutting took, apart from waiting for the blocks."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0


def chunk_blocks(
    blocks: Iterable[Block], options: ExtractOptions, title: str | None = None, watch: Stopwatch | None = None
) -> list[ChunkRow]:
    """Cut the blocks of one segment into chunks, in order.

    Args:
        blocks: In reading order. Consumed as a stream.
        options: ``chunk_chars`` bounds a chunk; ``chunk_overlap`` characters are repeated at most;
            ``max_output_chars`` bounds the text of all blocks.
        title: Stands first in a heading path that does not begin with a heading of the first level.
        watch: Takes the time of cutting.

    Raises:
        LimitExceeded: The blocks hold more text than ``max_output_chars``.
    """
    rows: list[ChunkRow] = []
    path = _Path(title)
    run = _Run(None, None, ())
    seen, most, spent = 0, options.max_output_chars, 0.0
    for block in blocks:
        text, level, page, _, extra, _, names, box, last, name = block
        seen += len(text)
        if seen > most:
            raise LimitExceeded(
                f"The file gives more than {most:,} characters of text in one segment (INGESTION_MAX_OUTPUT_CHARS)."
            )
        if box is None and not text.isascii() and _SOFT_HYPHEN in text:  # boxes count characters
            text = text.replace(_SOFT_HYPHEN, "")
            name = name and name.replace(_SOFT_HYPHEN, "")
            block = block._replace(text=text, name=name)
        if names is not None:
            path.set(names)
        elif level:
            deeper = path.push(level, name or text)
            if deeper and run.headings_only and page == run.page:
                run.heading = path.joined  # a heading without a text of its own goes with what follows
        if run.heading != path.joined or run.page != page or run.extra != extra:
            began = perf_counter()
            run.cut(options, rows)
            spent += perf_counter() - began
            run = _Run(path.joined, page, extra)
        run.add(block)
        if last:  # before the reader goes on
            began = perf_counter()
            run.cut(options, rows)
            spent += perf_counter() - began
            run = _Run(path.joined, page, extra)
    began = perf_counter()
    run.cut(options, rows)
    if watch is not None:
        watch.seconds += spent + perf_counter() - began
    return rows


class _Path:
    """The headings above the text in hand."""

    def __init__(self, title: str | None) -> None:
        self._title = " ".join(title.replace(_SOFT_HYPHEN, "").split())[:_MAX_HEADING] if title else None
        self._stack: list[tuple[int, str]] = []
        self.joined: str | None = self._title

    def push(self, level: int, text: str) -> bool:
        """Take a heading; True when it lies below the one before."""
        stack = self._stack
        deeper = not stack or level > stack[-1][0]
        while stack and stack[-1][0] >= level:
            stack.pop()
        text = " ".join(text.split())[:_MAX_HEADING]
        if text and len(stack) < _MAX_DEPTH:
            stack.append((level, text))
        names = [name for _, name in stack]
        if self._title and (not stack or stack[0][0] > 1) and self._title not in names[:1]:
            names.insert(0, self._title)
        self.joined = HEADING_SEPARATOR.join(names) or None
        return deeper

    def set(self, names: tuple[str, ...]) -> None:
        """Take a whole path."""
        self._stack = [(level, name) for level, name in enumerate(names, 1)]
        self.joined = HEADING_SEPARATOR.join([" ".join(name.split())[:_MAX_HEADING] for name in names]) or None


class _Run:
    """Neighbouring blocks that share heading path, page and extra location: cut as one text."""

    __slots__ = ("boxes", "extra", "flows", "heading", "headings_only", "lines", "page", "texts")

    def __init__(self, heading: str | None, page: int | None, extra: tuple[tuple[str, str | int], ...]) -> None:
        self.heading, self.page, self.extra = heading, page, extra
        self.texts: list[str] = []
        self.lines: list[int | None] = []
        self.boxes: list[BoxOf | None] = []
        self.headings_only = True
        self.flows = True  # a line end is the end of a paragraph, or of a line of code

    def add(self, block: Block) -> None:
        text, level, page, line, _, keep, _, box, _, _ = block
        self.texts.append(text)
        self.lines.append(line)
        self.boxes.append(box)
        if not level:
            self.headings_only = False
            if not keep and (line is not None or page is not None):
                self.flows = False  # lines were wrapped by a program: their ends mean nothing

    def cut(self, options: ExtractOptions, rows: list[ChunkRow]) -> None:
        """Add the chunks of this run."""
        texts = self.texts
        if not texts:
            return
        text = texts[0] if len(texts) == 1 else "\n".join(texts)
        heading, page, limit = self.heading, self.page, options.chunk_chars
        extra, placed = _json(self.extra) if self.extra else None, any(self.boxes)
        wide = not text.isascii() and has_cjk(text)
        ruler = _Ruler(text, texts, self.lines) if any(self.lines) else None
        if ruler is None and len(text) <= limit:
            if placed:
                extra = self._placed(0, len(text))
            text = text.strip()
            if text:
                rows.append(_new_row((text, heading, page, None, None, extra, cjk_terms(text) if wide else None)))
            return
        first = last = None
        for start, stop in _spans(text, limit, options.chunk_overlap, self.flows, ruler is not None):
            piece = text[start:stop]
            if placed:
                extra = self._placed(start, stop)
            if ruler is not None:
                first, last = ruler.line(start), ruler.line(stop - 1)
            rows.append(_new_row((piece, heading, page, first, last, extra, cjk_terms(piece) if wide else None)))

    def _placed(self, start: int, stop: int) -> str | None:
        """The further location of a stretch with the rectangle round it."""
        found, offset = [], 0
        for text, box_of in zip(self.texts, self.boxes, strict=True):
            end = offset + len(text)
            if box_of is not None and start < end and offset < stop:
                found.append(box_of(max(start - offset, 0), min(stop, end) - offset))
            offset = end + 1
        box = united(found)
        if box is None:
            return _json(self.extra) if self.extra else None
        return _json((*self.extra, ("box", box))) if self.extra else f'{{"box": {list(box)}}}'


def _json(extra: Iterable[tuple[str, object]]) -> str:
    return json.dumps(dict(extra), ensure_ascii=False, sort_keys=True)


class _Ruler:
    """Tells the source line of an offset in a run, given the first line of each of its texts."""

    def __init__(self, text: str, texts: list[str], lines: list[int | None]) -> None:
        self._text, self._lines = text, [line or 1 for line in lines]
        self._starts: list[int] = []
        offset = 0
        for piece in texts:
            self._starts.append(offset)
            offset += len(piece) + 1
        self._at, self._line = 0, self._lines[0]

    def line(self, offset: int) -> int:
        """The 1-based line; cheap when asked in rising order."""
        index = bisect_right(self._starts, offset) - 1
        begin = self._starts[index]
        if begin <= self._at <= offset:
            self._line += self._text.count("\n", self._at, offset)
        else:
            self._line = self._lines[index] + self._text.count("\n", begin, offset)
        self._at = offset
        return self._line


def _spans(text: str, limit: int, overlap: int, flows: bool, indented: bool) -> Iterator[tuple[int, int]]:
    """Where to cut: spans without white space at their ends (but with the first line's indentation)."""
    position, length = 0, len(text)
    while position < length:
        stop = length if length - position <= limit else _cut(text, position, limit, flows)
        raw = text[position:stop]
        body = raw.lstrip()
        if body:
            start = stop - len(body)
            if indented and start > position:
                start = max(position, text.rfind("\n", position, start) + 1)
            yield start, position + len(raw.rstrip())
        if overlap and stop < length:
            position = _step_back(text, position, stop, min(overlap, limit // 2))
        else:
            position = stop


def _cut(text: str, start: int, limit: int, flows: bool) -> int:
    """Where the chunk that begins at ``start`` ends; more text than ``limit`` follows."""
    end, low = start + limit, start + limit // 3
    found = text.rfind("\n\n", low, end)
    if found > 0:
        return found
    if flows:
        found = text.rfind("\n", low, end)
        if found > 0:
            return found
    ends = _SENTENCE_ENDS if text.isascii() else _SENTENCE_ENDS + _WIDE_SENTENCE_ENDS
    found = max([text.rfind(mark, low, end) for mark in ends])
    if found > 0:
        return found + 1
    for low in (start + limit // 3, start + 1):
        found = max(text.rfind(" ", low, end + 1), text.rfind("\n", low, end + 1), text.rfind("\t", low, end + 1))
        if found > 0:
            return found
    return _whole_character(text, start, end)


def _whole_character(text: str, start: int, end: int) -> int:
    """``end`` or a little before it, so that no accent is cut from its letter."""
    for back in range(min(32, end - start - 1)):
        sign = text[end - back]
        if not unicodedata.combining(sign) and sign not in _GLUE and text[end - back - 1] != "\u200d":
            return end - back
    return end


def _step_back(text: str, start: int, stop: int, overlap: int) -> int:
    """Where the next chunk begins so that it repeats up to ``overlap`` characters, from the start of a word."""
    wanted = max(start + 1, stop - overlap)
    for mark in (" ", "\n"):
        found = text.find(mark, wanted, stop)
        if found >= 0:
            return found + 1 if found + 1 < stop else stop
    return wanted
