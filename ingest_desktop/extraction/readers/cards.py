"""Calendars and address cards (iCalendar, vCard): lines that were folded are whole again, and signs are plain."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

_FOLDED: Final = re.compile(r"^[^ \t\n][^\n]*(?:\n[ \t][^\n]*)+", re.MULTILINE)
_FOLD: Final = re.compile(r"\n[ \t]")
_ESCAPED: Final = re.compile(r"\\([nN,;\\])")


class CardReader(TextReader):
    """Reads calendars and address cards."""

    name = "cards"
    version = VERSIONS["cards"]
    reads = frozenset({kinds.CARDS})

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        is_card = b"BEGIN:VCARD" in source.head[:64].upper()
        return replace(super().plan(source, options), media_type="text/vcard" if is_card else "text/calendar")

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text, place, line = segment_text(source, plan, segment), 0, segment.first_line
        for found in _FOLDED.finditer(text):  # a block ends with each, so that the lines of the next are right
            piece = text[place : found.start()] + _FOLD.sub("", found.group())
            yield Block(_plain(piece), line_start=line)
            line += text.count("\n", place, found.end()) + 1
            place = min(found.end() + 1, len(text))
        if text[place:].strip():
            yield Block(_plain(text[place:]), line_start=line)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found.group(1) in "nN" else found.group(1), text)
