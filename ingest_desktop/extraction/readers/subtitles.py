"""Subtitles (SRT, WebVTT): what is said, with times and speakers, as a player shows it.

Numbers, styles and positions are left out; so are the header of WebVTT, its notes, and the names of its cues.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.records import Piece, packed, time_of
from ingest_desktop.extraction.readers.text import TextReader, segment_bytes, segment_text
from ingest_desktop.extraction.versions import VERSIONS

_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,]\d{1,6})?"
_TIMING = re.compile(rf"^[ \t]*{_STAMP}[ \t]*-->[ \t]*\d[^\n]*$", re.MULTILINE)
_ARROW = re.compile(rb"-->")
_NUMBER = re.compile(r"(?:\A|\n)[^\S\n]*\n[^\S\n]*\d+[^\S\n]*\n*\Z")  # below a blank line
_WEB = "text/vtt"
_SPEAKER = re.compile(r"<v(?:\.[^\s<>]*+)?[ \t]++([^<>\n]++)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>|</?[cuibv]>|<\d[\d:.]*>|\{\\[^{}\n]{0,100}\}")


class SubtitleReader(TextReader):
    """Reads subtitles."""

    name = "subtitles"
    version = VERSIONS["subtitles"]
    reads = frozenset({kinds.SUBTITLES})
    media_type = "text/vtt"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        count = sum(len(_ARROW.findall(segment_bytes(source, segment))) for segment in plan.segments)
        web = b"WEBVTT" in source.head[:16]
        return replace(plan, unit="cue", units=count, media_type=_WEB if web else "application/x-subrip")

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = segment_text(source, plan, segment)
        found = list(_cues(text, web=plan.media_type == _WEB and plan.units > 0, first=not segment.start))
        notes.units_seen = sum(piece.number > 0 for piece in found)
        notes.units_with_text = sum(piece.number > 0 and bool(piece.text) for piece in found)
        yield from packed((piece for piece in found if piece.text), options.chunk_chars, time_of)


def _cues(text: str, *, web: bool, first: bool) -> Iterator[Piece]:
    """The cues of a text, one line each; what another one said just before is not said again.

    Args:
        text: Of a segment.
        web: It is WebVTT, in which a cue ends with an empty line; what follows is the name of the next, or a note.
        first: The text begins with the file, and not with the rest of a cue.
    """
    marks = list(_TIMING.finditer(text))
    before = text[: marks[0].start()] if marks else text
    if web:
        rest, blank, _ = before.partition("\n\n")
        before = rest if not first and (blank or not marks) else ""
    opening = _plain(_NUMBER.sub("", "\n" + before))
    if opening:
        yield Piece(opening, 0, _time(marks[0]) if marks else "")
    last = ""
    for number, mark in enumerate(marks, 1):
        stop = marks[number].start() if number < len(marks) else len(text)
        said = text[mark.end() : stop]
        if web:
            said = said.partition("\n\n")[0]
        elif number < len(marks):
            said = _NUMBER.sub("", said)
        said = _plain(said)
        time = _time(mark)
        yield Piece(f"[{time}] {said}" if said and said != last else "", number, time)
        last = said


def _time(mark: re.Match[str]) -> str:
    """When a cue begins, in hours, minutes and seconds."""
    hours, minutes, seconds = (int(part or 0) for part in mark.groups())
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def _plain(said: str) -> str:
    """What is said in a cue, in one line, with its speaker."""
    said = _TAG.sub("", _SPEAKER.sub(r"\1: ", said))
    return " ".join(unescape(said).split())
