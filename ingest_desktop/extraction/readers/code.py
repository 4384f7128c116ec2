"""Source code: text whose heading path is the class and function around it, by a light look at each line."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

# Each pattern begins with the line end before, finds the indentation first and the name last that matched. What cannot
# match in another way is possessive: lines that define nothing, nearly all of them, are then left after a glance.
_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|static|final|abstract|sealed|open|override|export|default|async|partial)"
    r"[ \t]++)*+"
)
_PATTERNS = {
    "python": re.compile(r"\n([ \t]*+)(?:async[ \t]++)?+(?:def|class)[ \t]++(\w++)"),
    "ruby": re.compile(r"\n([ \t]*+)(?:def|class|module)[ \t]++([\w.:?!]++)"),
    "javascript": re.compile(
        rf"\n([ \t]*+){_MODIFIERS}(?:function\b[ \t]*\*?|class|interface|namespace|enum)[ \t]+([\w$]++)"
    ),
    "java": re.compile(
        rf"\n([ \t]*+){_MODIFIERS}(?:class|interface|enum|record|struct|object|trait|func|fun|def|namespace)[ \t]++(\w++)"
    ),
    "go": re.compile(r"\n([ \t]*+)(?:func[ \t]++(?:\([^)\n]*+\)[ \t]*+)?+|type[ \t]++)(\w++)"),
    "rust": re.compile(
        r"\n([ \t]*+)(?:pub(?:\([^)\n]*+\))?+[ \t]++)?+(?:async[ \t]++|unsafe[ \t]++|const[ \t]++)*+"
        r"(?:fn|struct|enum|trait|mod|impl(?:<[^>\n]*+>)?+)[ \t]++(\w++)"
    ),
    "php": re.compile(rf"\n([ \t]*+){_MODIFIERS}(?:function|class|interface|trait)[ \t]++&?+(\w++)"),
    "shell": re.compile(r"\n([ \t]*+)(?:function[ \t]++)?+([\w-]++)[ \t]*+\(\)"),
    "c": re.compile(
        r"\n()(?!return|else|if|for|while|switch|typedef)(?:(?:class|struct|enum|union|namespace)[ \t]++"
        r"(?=\w++[^;\n]*+$)|(?=[\w:*& \t]{1,80}+\([^;\n]*+\n)(?:[\w:]++[ \t*&]++){1,5})(\w[\w:~]*+)",
        re.MULTILINE,
    ),
}


class CodeReader(TextReader):
    """Reads source code, line by line true to the file."""

    name = "code"
    version = VERSIONS["code"]
    reads = frozenset({kinds.CODE})
    media_type = "text/x-source"

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = segment_text(source, plan, segment)
        language = kinds.CODE_NAMES.get(detect.suffix_of(source.path), "other")
        return code_blocks(text, language, segment.first_line, options.chunk_chars)


def code_blocks(text: str, language: str, first_line: int = 1, join_chars: int = 0) -> Iterator[Block]:
    """One block for each class or function, and one for what stands before the first.

    Short ones (of less than a third of ``join_chars``) go with what stands before them, as long as both together
    are no longer than ``join_chars``; the path is then that of the first.
    """
    pattern = _PATTERNS.get(language)
    if not text:
        return
    if pattern is None:
        yield Block(text, line_start=first_line, keep=True)
        return
    start, line = 0, first_line
    for stop, path in _stretches(text, pattern, join_chars):
        yield Block(text[start:stop], line_start=line, keep=True, path=path)
        line += text.count("\n", start, stop)
        start = stop


def _stretches(text: str, pattern: re.Pattern[str], join_chars: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Where each block ends, and the path of classes and functions that it begins in."""
    stack: list[tuple[int, str]] = []
    short = join_chars // 3
    start = stop = 0  # of the block in hand, which has the path ...
    path: tuple[str, ...] = ()
    begun, names = 0, path  # the definition that ends where the next one begins
    for match in (*pattern.finditer("\n" + text), None):
        end = match.start() if match else len(text)  # in the text without the newline put before it
        if stop > start and (end - begun >= short or end - start > join_chars):
            yield stop, path
            start, path = stop, ()
        stop, path = end, path or names
        if match:
            indent = len(match.group(1).expandtabs(8)) if match.group(1) else 0
            while stack and stack[-1][0] >= indent:
                stack.pop()
            stack.append((indent, match.group(2)))
            begun, names = end, tuple([name for _, name in stack])
    yield stop, path
