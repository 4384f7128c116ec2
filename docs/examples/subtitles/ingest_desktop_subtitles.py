"""A reader for SubRip subtitles (.srt): each caption becomes a block that knows its time and its line."""

import re
from collections.abc import Iterator

from ingest_desktop.domain.errors import SourceMalformed, SourceUnreadable
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec

_TIMES = re.compile(r"^(\d\d:\d\d:\d\d),\d{3} --> \d\d:\d\d:\d\d,\d{3}")
_HEAD = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\d+\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}")
_MARKUP = re.compile(r"</?[a-z][^>]*>|\{\\[^}]*\}")


class SubtitleReader:
    """Fulfils ``Reader`` by its shape. Runs in a child process: the standard library and nothing heavy."""

    name = "captions"
    version = 1  # raise it when the text for the same file changes; documents are then read anew when added again

    def accepts(self, source: SourceFile) -> float:
        """Sure from the first bytes: a built-in reader of a format claims 0.9, so a guest has to be surer than that."""
        return 0.95 if _HEAD.match(source.head) else 0.0

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        """Subtitles are small: one segment, read in one go."""
        return ReaderPlan(unit="whole", units=1, segments=(SegmentSpec(0, 0, 1),), media_type="application/x-subrip")

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        """The captions in order. ``time`` is a location field that the program shows and exports as it is."""
        found = 0
        for number, (first_line, lines) in enumerate(_captions(_text_of(source)), 1):
            times = next((match for line in lines[:2] if (match := _TIMES.match(line))), None)
            if times is None:
                notes.units_failed.append((number, f"Line {first_line}: the caption has no times."))
                continue
            spoken = lines[1:] if _TIMES.match(lines[0]) else lines[2:]
            text = _MARKUP.sub("", "\n".join(spoken)).strip()
            if text:
                found += 1
                line = first_line + len(lines) - len(spoken)
                yield Block(text, line_start=line, extra=(("time", times[1]),))
        if not found and notes.units_failed:
            raise SourceMalformed("No caption of these subtitles has times.")
        notes.units_with_text = int(found > 0)


def _text_of(source: SourceFile) -> str:
    try:
        with source.open() as stream:
            data = stream.read()
    except OSError as error:
        raise SourceUnreadable(f"The file cannot be read: {error.strerror}.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _captions(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines between blank ones, each with the 1-based number of its first line."""
    lines: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            lines.append(line)
        elif lines:
            yield number - len(lines), lines
            lines = []
