"""EPUB books: chapters in reading order, each below its titles in the table of contents."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.books import Book, open_book
from ingest_desktop.extraction.encoding import declared_codec, encoding_of_head
from ingest_desktop.extraction.packages import Package
from ingest_desktop.extraction.readers.html import CLOSED, as_utf8, page_blocks
from ingest_desktop.extraction.versions import VERSIONS

_CALLED = "an EPUB book"
_XML_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9_.:-]{2,40})["']""")
_DATA_BEGINS = b"<![CDATA["
_NOTE_SIGN = (
    re.compile(  # a number right behind a word that leads to a note: without a gap it would be a part of the word
        rb"([A-Za-z\x80-\xff]{3}(?:</(?:i|em|b|strong|span)>){0,3})"
        rb"(?=(?:<span\b[^<>]*>)?(?:<sup\b[^<>]*>(?:<a\b[^<>]*>)?|<a\b[^<>]*>(?:<sup\b[^<>]*>)?)[\[(]?\d{1,4}[\])]?<)"
    )
)
_WORDS = re.compile(r"\w+")


class EpubReader:
    """Reads books chapter by chapter; a chapter is a file of the book."""

    name = "epub"
    version = VERSIONS["epub"]
    reads = frozenset({kinds.EPUB})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        with Package(source, options, _CALLED) as package:
            book = open_book(package)
            sizes = [package.size(file) for file in book.files]
        return ReaderPlan(
            "chapter",
            len(book.files),
            cut(sizes, options.segment_bytes),
            "application/epub+zip",
            None,
            book.facts.get("title"),
            book.facts,
            warnings=tuple(book.warnings),
            shape=f"segment={options.segment_bytes}",
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        notes.units_seen, notes.units_with_text = segment.stop - segment.start, 0
        with Package(source, options, _CALLED) as package:
            book = open_book(package)
            above = book.above()
            for number in range(segment.start, segment.stop):
                try:
                    blocks = _chapter(package, book, number - 1, above[number - 1], options)
                except SourceMalformed as error:
                    notes.units_failed.append((number, str(error)))
                    continue
                place = (("chapter", number),)
                for block in blocks:
                    yield block._replace(extra=place)
                notes.units_with_text += any(block.text for block in blocks)
                if notes.progress is not None:
                    notes.progress(number - segment.start + 1, segment.stop - segment.start)


def cut(sizes: Sequence[int], most: int) -> tuple[SegmentSpec, ...]:
    """Segments of neighbouring chapters, 1-based, of about ``most`` bytes each."""
    starts, held = [1], 0
    for number, size in enumerate(sizes, 1):
        if held and held + size > most:
            starts.append(number)
            held = 0
        held += size
    stops = [*starts[1:], len(sizes) + 1]
    return tuple(SegmentSpec(n, start, stop) for n, (start, stop) in enumerate(zip(starts, stops, strict=True)))


def _chapter(package: Package, book: Book, index: int, above: tuple[str, ...], options: ExtractOptions) -> list[Block]:
    """The blocks of one file of the book, each heading with all titles above it."""
    file = book.files[index]
    if package.size(file) > options.max_output_chars:
        raise LimitExceeded(f"A chapter of {package.size(file):,} bytes is too long (INGESTION_MAX_OUTPUT_CHARS).")
    blocks = page_blocks(as_page(package.read(file)), menus=False)[1]
    paths = {_plain(title.path[-1]): title.path for title in book.titles if title.file == file}
    top = book.facts.get("title")
    return [_below(block, top) for block in placed(blocks, above, paths)]


def _below(block: Block, title: str | None) -> Block:
    """The block with the title of the book above its headings."""
    if block.path is None or not title or title in block.path[:1]:
        return block
    return block._replace(path=(title, *block.path))


def placed(blocks: list[Block], above: tuple[str, ...], paths: Mapping[str, tuple[str, ...]]) -> Iterator[Block]:
    """The blocks with heading paths of the table of contents, the headings of the text below them.

    Args:
        blocks: Of one file.
        above: Titles above its first line.
        paths: Entries of the table of contents in this file, by their own titles, made plain.
    """
    yield Block("", path=above)
    here, stack, first = above, list[tuple[int, str]](), True
    for run in _joined(blocks):
        if not run.level:
            yield run
            continue
        entry = paths.get(_plain(run.text))
        if entry is None and first and here and _plain(run.text).startswith(_plain(here[-1])):
            entry = (*here[:-1], run.text)  # "Chapter 1" in the table, "Chapter 1: The Beginning" in the text
        first = False
        if entry is not None:
            here, stack = entry, []
        elif not (here and _plain(run.text) == _plain(here[-1])):
            while stack and stack[-1][0] >= run.level:
                stack.pop()
            stack.append((run.level, run.text))
        yield run._replace(path=(*here, *(text for _, text in stack)))


def _joined(blocks: list[Block]) -> Iterator[Block]:
    """Neighbouring headings of one level as one: ``CHAPTER I`` and its name stand in two of them in many books."""
    for level, found in groupby(blocks, key=lambda block: block.level):
        run = list(found)
        if level and len(run) > 1 and sum(len(block.text) for block in run) <= 200:
            yield Block(" ".join(block.text for block in run), level)
        else:
            yield from run


def _plain(title: str) -> str:
    """A title as it is compared: its words, in small letters."""
    return " ".join(_WORDS.findall(title.lower()))


def as_page(data: bytes) -> bytes:
    """A page of XML as a parser of HTML takes it, in UTF-8."""
    said = _XML_ENCODING.match(data[:400]) if encoding_of_head(data[:65536]) is None else None
    if said is not None:
        name = declared_codec(said.group(1).decode("ascii"))
        if name is not None and name not in ("utf-8", "ascii") and not name.startswith(("utf-16", "utf-32")):
            with suppress(UnicodeError):
                data = data.decode(name).encode("utf-8", "replace")
    data = as_utf8(data)[0]
    data = _spelt_out(data) if _DATA_BEGINS in data else data
    if b"<sup" in data or b"noteref" in data:
        data = _NOTE_SIGN.sub(rb"\1 ", data)
    return CLOSED.sub(b"", data) if b"/>" in data else data


def _spelt_out(data: bytes) -> bytes:
    """A page whose character data is written as HTML writes text. In straight time, and without a pattern: Python before
    3.11.4 takes the wrong part for a group that ends with a possessive repetition.
    """
    parts, done = [], 0
    while (begin := data.find(_DATA_BEGINS, done)) >= 0 and (end := data.find(b"]]>", begin)) >= 0:
        text = data[begin + len(_DATA_BEGINS) : end]
        parts += [data[done:begin], text.replace(b"&", b"&amp;").replace(b"<", b"&lt;")]
        done = end + 3
    return b"".join([*parts, data[done:]])
