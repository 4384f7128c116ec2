"""reStructuredText: titles with their adornment make the heading path; everything else stays line by line as it is."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text

# Two lines of which the second is one punctuation sign again and again. The literal line end before it lets the
# search skip from line to line; what cannot match otherwise is possessive.
_ADORNMENT = re.compile(r"\n([!-/:-@\[-`{-~])\1{2,}+[ \t\r]*+(?=\n|\Z)")
_NO_TITLE = re.compile(r"[ \t]|\.\. |\.\.\Z|:\w[^:\n]*: |([!-/:-@\[-`{-~])\1{2,}\Z")


class RstReader(TextReader):
    """Reads reStructuredText, line by line true to the file."""

    name = "rst"
    version = 1
    reads = frozenset({kinds.RST})
    media_type = "text/x-rst"

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        return rst_blocks(segment_text(source, plan, segment), segment.first_line)


def rst_blocks(text: str, first_line: int = 1) -> Iterator[Block]:
    """Titles and what stands between them, with their lines.

    A title is a line that begins at the edge, below a blank line or the same adornment, with an underline at least as
    long (or of four signs). Its level is the place of its style, sign and overline, in the order they first come.
    """
    styles: list[tuple[str, bool]] = []
    start, line = 0, first_line
    for mark in _ADORNMENT.finditer(text):
        end = mark.start()  # of the title
        begin = text.rfind("\n", 0, end) + 1
        title = text[begin:end].rstrip()
        if begin < start or not title:
            continue
        sign, above = mark.group(1), text.rfind("\n", 0, max(begin - 1, 0)) + 1
        over = text[above : begin - 1].strip() if begin else ""
        overlined = len(over) > 2 and over == sign * len(over) and above >= start
        if over and not overlined:
            continue  # the last line of a paragraph or of a table
        length = mark.end() - end - 1
        if (length < len(title) and length < 4) or (_NO_TITLE.match(title) and not (overlined and title[0] == " ")):
            continue
        style = (sign, overlined)
        if style not in styles:
            styles.append(style)
        if overlined:
            begin = above
        if begin > start:
            yield Block(text[start:begin], line_start=line)
            line += text.count("\n", start, begin)
        yield Block(title.strip(), styles.index(style) + 1, line_start=line + overlined)
        start = min(mark.end() + 1, len(text))
        line += text.count("\n", begin, start)
    if start < len(text):
        yield Block(text[start:], line_start=line)
