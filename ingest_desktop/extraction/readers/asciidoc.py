"""AsciiDoc: titles of both styles outside of delimited blocks make the heading path; lines stay as in the file."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from dataclasses import replace

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

_UNDERLINES = "=-~^+"
_MARK = re.compile(
    r"^(?:(?P<signs>={1,6}|\#{1,6})[ \t]++(?P<title>\S[^\n]*)$"  # its end is cut off by hand: a pattern takes squared time
    r"|(?P<two>[^\s/.\[:|+*=\-][^\n]{0,200})\n(?P<under>={3,}|-{3,}|~{3,}|\^{3,}|\+{3,})[ \t]*$"
    r"|(?P<fence>(?:-{4,}|\.{4,}|/{4,}|\+{4,}|`{3,}))[^\n\S]*$)",
    re.MULTILINE,
)

_NOTE = re.compile(r"(?<=[^\W_])(?=footnote(?:ref)?:[\w-]{0,100}\[)")  # which stands right behind a word


class AsciidocReader(TextReader):
    """Reads AsciiDoc, line by line true to the file."""

    name = "asciidoc"
    version = VERSIONS["asciidoc"]
    reads = frozenset({kinds.ASCIIDOC})
    media_type = "text/asciidoc"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        head = segment_text(source, plan, SegmentSpec(0, 0, min(source.size, 8192)))
        title = next((block.text for block in asciidoc_blocks(head) if block.level == 1), None)
        return replace(plan, title=title[:500] if title else None)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = segment_text(source, plan, segment)
        text = _NOTE.sub(" ", text) if "footnote" in text else text
        return asciidoc_blocks(text, segment.first_line)


def asciidoc_blocks(text: str, first_line: int = 1) -> Iterator[Block]:
    """Titles and what stands between them, with their lines."""
    start, line, position = 0, first_line, 0
    fence = ""
    while mark := _MARK.search(text, position):
        position = mark.end()
        if mark["fence"]:
            fence = mark["fence"] if not fence else "" if mark["fence"] == fence else fence
            continue
        if mark["two"] and (fence or abs(len(mark["two"].rstrip()) - len(mark["under"])) > 2):
            position = mark.start("under")  # the second line may be a fence
            continue
        if fence:
            continue
        title = _without_closing(mark["title"]) if mark["title"] else mark["two"].strip()
        level = len(mark["signs"]) if mark["signs"] else _UNDERLINES.index(mark["under"][0]) + 1
        if mark.start() > start:
            yield Block(text[start : mark.start()], line_start=line)
            line += text.count("\n", start, mark.start())
        yield Block(title, level, line_start=line)
        start = min(mark.end() + 1, len(text))
        line += text.count("\n", mark.start(), start)
    if start < len(text):
        yield Block(text[start:], line_start=line)


def _without_closing(title: str) -> str:
    """The words of a title, without the signs that may close it."""
    title = title.strip()
    words = title.rstrip("=")
    return words.rstrip() if words != title and words[-1:] in (" ", "\t") else title
