"""YAML as the text it is, with its top-level keys as heading path. No library reads it: nothing can be executed."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

# A key at the left edge, and what comes below it at the right of the edge or as a list.
_KEY = re.compile(
    r"""^(?:"([^"\n]{1,200})"|'([^'\n]{1,200})'|(?![-#%&*!|>@`?\s.{\[])([^:#\n]{1,200}?))[ \t]*:(?=[ \t\n]|\Z)""", re.M
)


class YamlReader(TextReader):
    """Reads YAML, line by line true to the file."""

    name = "yaml"
    version = VERSIONS["yaml"]
    reads = frozenset({kinds.YAML})
    media_type = "application/yaml"

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        return yaml_blocks(segment_text(source, plan, segment), segment.first_line, options.chunk_chars)


def yaml_blocks(text: str, first_line: int = 1, join_chars: int = 0) -> Iterator[Block]:
    """A block for each top-level key with what is below it; short ones go together without a heading of their own.

    Args:
        text: Of a file, or a stretch of one.
        first_line: The number of its first line.
        join_chars: A key with less than a third of this below it is short.
    """
    start, line = 0, first_line
    for stop, path in _stretches(text, join_chars):
        if stop > start:
            yield Block(text[start:stop], line_start=line, keep=True, path=path)
            line += text.count("\n", start, stop)
        start = stop


def _stretches(text: str, join_chars: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Where each block ends, and its path."""
    marks = list(_KEY.finditer(text))
    short = join_chars // 3
    start, stop = 0, marks[0].start() if marks else len(text)
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        if end - mark.start() > short:
            yield mark.start(), ()
            yield end, ((mark.group(1) or mark.group(2) or mark.group(3)).strip(),)
            start = end
        elif end - start > join_chars:
            yield mark.start(), ()
            start = mark.start()
        stop = end
    yield stop, ()
