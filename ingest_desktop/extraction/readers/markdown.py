"""Markdown: ATX and setext headings outside of fenced code make the heading path; lines stay as in the file."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

# A heading, an underline that makes one of the line before, or a fence: whatever changes how lines are read.
_MARK = re.compile(
    r"^ {0,3}(?:(?P<hashes>\#{1,6})(?:[ \t](?P<atx>[^\n]*))?$"  # its end is cut off by hand: a pattern takes squared time
    r"|(?P<fence>`{3,}|~{3,})[^\n]*$"
    r"|(?P<under>=+|-+)[ \t]*$)",
    re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_NO_PARAGRAPH = re.compile(r" {0,3}(?:[-*+>|]|\d+[.)])(?:[ \t]|$)| {4}|\t|[ \t]*$")


class MarkdownReader(TextReader):
    """Reads Markdown, with front matter kept as text."""

    name = "markdown"
    version = VERSIONS["markdown"]
    reads = frozenset({kinds.MARKDOWN})
    media_type = "text/markdown"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        head = segment_text(source, plan, SegmentSpec(0, 0, min(source.size, 8192)))
        front = _FRONT_MATTER.match(head)
        title = _TITLE.search(front.group(1)) if front else None
        if title is None:
            return plan
        return ReaderPlan(
            plan.unit, plan.units, plan.segments, plan.media_type, plan.encoding, title.group(1).strip("\"'")[:500]
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        return markdown_blocks(segment_text(source, plan, segment), segment.first_line, first=segment.start == 0)


def markdown_blocks(text: str, first_line: int = 1, *, first: bool = True) -> Iterator[Block]:
    """Headings and what stands between them, with their lines. ``first``: the text begins the file."""
    start, line = 0, first_line
    front = _FRONT_MATTER.match(text) if first else None
    fence = ""
    for mark in _MARK.finditer(text, front.end() if front else 0):
        if mark["fence"]:
            fence = _fence_after(fence, mark)
            continue
        if fence:
            continue
        if mark["hashes"]:
            begin, heading, level = mark.start(), _without_closing(mark["atx"] or ""), len(mark["hashes"])
        else:
            begin = text.rfind("\n", 0, max(mark.start() - 1, 0)) + 1
            heading, level = text[begin : mark.start()].strip(), 1 if mark["under"][0] == "=" else 2
            if begin < start or mark.start() == 0 or _NO_PARAGRAPH.match(text[begin : mark.start() - 1]):
                continue
        if begin > start:
            yield Block(text[start:begin], line_start=line)
            line += text.count("\n", start, begin)
        if heading:
            yield Block(heading, level, line_start=line)
        start = min(mark.end() + 1, len(text))
        line += text.count("\n", begin, start)
    if start < len(text):
        yield Block(text[start:], line_start=line)


def _without_closing(heading: str) -> str:
    """The words of a heading, without the hashes that may close it."""
    heading = heading.strip(" \t")
    words = heading.rstrip("#")
    return words.rstrip(" \t") if words != heading and (not words or words[-1] in " \t") else heading


def _fence_after(fence: str, mark: re.Match[str]) -> str:
    """The fence that is open after this line: it closes with as many of the same sign and nothing else."""
    signs = mark["fence"]
    if not fence:
        tail = mark.group().lstrip()[len(signs) :]
        return "" if signs[0] == "`" and "`" in tail else signs
    closes = signs[0] == fence[0] and len(signs) >= len(fence) and mark.group().strip() == signs
    return "" if closes else fence
