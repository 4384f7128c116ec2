"""reStructuredText: titles with their adornment make the heading path; everything else stays line by line as it is."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

# A line of one sign again and again. The literal line end before it lets the search skip from line to line, and what
# begins like a word, nearly all lines, is left at a glance.
_ADORNMENT = re.compile(r"\n(?![\w \n\t])(.)\1\1++[ \t\r]*+(?=\n|\Z)")
_NO_TITLE = re.compile(r"[ \t]|\.\.(?: |\Z)|:\w[^:\n]*: ")
_ODD = (" ", "\t", ".", ":", "")
_BLANK_CHARS = 80  # more than this between two titles is no white space
_BRIEF = 3  # texts of this many chunks or less keep each section for itself


class RstReader(TextReader):
    """Reads reStructuredText, line by line true to the file."""

    name = "rst"
    version = VERSIONS["rst"]
    reads = frozenset({kinds.RST})
    media_type = "text/x-rst"

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        return rst_blocks(segment_text(source, plan, segment), segment.first_line, options.chunk_chars)


def rst_blocks(text: str, first_line: int = 1, join_chars: int = 0) -> Iterator[Block]:
    """A block for each section, with its title as it stands in the file.

    Args:
        text: Of a file, or a stretch of one.
        first_line: The number of its first line.
        join_chars: In a long text, a section goes with what stands before it as long as both together are no longer
            than this; the path is then that of the first. A title without a text always goes with what follows.
    """
    joined = join_chars if len(text) > _BRIEF * join_chars else 0
    start, line, begun, body = 0, first_line, 0, 0  # of the block; of the section in hand, and of its text
    path: tuple[str, ...] = ()
    names, has_text = path, False
    levels: dict[str, int] = {}
    for begin, done, style, title in (*_titles(text), (len(text), 0, "", "")):
        if not has_text:
            path = names
        elif begin - start > joined:
            yield Block(text[start:begun], 0, None, line, (), False, path)
            line += text.count("\n", start, begun)
            start, path, has_text = begun, names, False
        has_text = has_text or begin - body > _BLANK_CHARS or not text[body:begin].isspace()
        begun, body = begin, done
        names = (*names[: levels.setdefault(style, len(levels))], title)
    if start < len(text):
        yield Block(text[start:], 0, None, line, (), False, path)


def _titles(text: str) -> list[tuple[int, int, str, str]]:
    """The titles: where each begins, with its overline; where it ends, with its underline; its style; itself.

    A title is a line that begins at the edge, below a blank line or the same adornment, with an underline at least as
    long (or of four signs). Its level is the place of its style, sign and overline, in the order they first come.
    """
    found = []
    done = 0
    for mark in _ADORNMENT.finditer(text):
        end, stop = mark.span()  # of the title, and of the line below it
        begin = text.rfind("\n", done, end) + 1 or done
        if begin >= end:
            continue
        title, style, first = text[begin:end], mark[1], begin
        if begin > done + 1 and text[begin - 2] != "\n":
            first = text.rfind("\n", done, begin - 1) + 1 or done
            over = text[first : begin - 1].strip()
            if over.strip(style):
                continue  # the last line of a paragraph or of a table
            style = style * 2 if over else style
            title = title.strip() if over else title
        if title[:1] not in _ODD or (title and not _NO_TITLE.match(title)):
            done = stop
            if stop - end > len(title) or stop - end > 4:
                found.append((first, stop, style, title))
    return found
