"""Calendars and address cards (iCalendar, vCard): lines that were folded are whole again, signs are plain, pictures left out."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.encoding import decode, is_utf8
from ingest_desktop.extraction.mime import text_of
from ingest_desktop.extraction.readers.text import TextReader, old_mac, segment_bytes, segment_text
from ingest_desktop.extraction.versions import VERSIONS

_FOLDS: Final = (" ", "\t")  # a line that begins so goes on with the one before
_SPLIT: Final = re.compile(rb"([\xc2-\xf4][\x80-\xbf]{0,2})(\r?\n[ \t])([\x80-\xbf]{1,3})")  # a fold within a character
_JOINED: Final = rb"\1\3\2"
_ESCAPED: Final = re.compile(r"\\([nN,;\\])")
_QUOTED: Final = re.compile(
    r";(?:ENCODING=)?QUOTED-PRINTABLE(?=[;:])", re.IGNORECASE
)  # as cards of version 2.1 have it
_HEAD: Final = re.compile(
    r'(?:[^:"]|"[^"]*"){0,500}:'
)  # its name and what is said of it; a sign in quotes ends nothing
_BINARY: Final = re.compile(r';(?:ENCODING=)?"?(?:BASE64|B)"?(?=[;:])', re.IGNORECASE)
_DATA: Final = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_BASE64: Final = re.compile(r"[ \t]*[A-Za-z0-9+/]{4,}={0,2}[ \t]*")  # a line of it that nobody folded
_CHARSET: Final = re.compile(r';CHARSET="?([\w.-]{1,40})"?', re.IGNORECASE)
_FILE_NAME: Final = re.compile(r';(?:X-[A-Z-]*)?FILENAME="?([^":;]{1,200})', re.IGNORECASE)
_LINE_ENDS: Final = re.compile(r"\s*[\r\n]+\s*")


class CardReader(TextReader):
    """Reads calendars and address cards. Pictures, sounds and keys of people are passed over; files of an event are a gap."""

    name = "cards"
    version = VERSIONS["cards"]
    reads = frozenset({kinds.CARDS})

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        is_card = b"BEGIN:VCARD" in source.head[:64].upper()
        plan = replace(super().plan(source, options), media_type="text/vcard" if is_card else "text/calendar")
        if (plan.encoding or "utf-8").startswith("utf"):
            return plan
        data = source.head if source.data is None else source.data
        return replace(plan, encoding="utf-8") if is_utf8(_SPLIT.sub(_JOINED, data), cut=True) else plan

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        lines = _text(source, plan, segment).split("\n")
        at = _after_base64(lines, 0) if segment.start and lines[0].startswith(_FOLDS) else 0
        begin, said = at, list[str]()
        while at < len(lines):
            end, text = _property(lines, at)
            if text is None:
                _note(lines[at], notes)
            else:
                said.append(text)
            if (end > at + 1 or text is None or end == len(lines)) and said:  # so that the lines of the next are right
                if any(map(str.strip, said)):
                    yield Block("\n".join(said), line_start=segment.first_line + begin)
                said = []
            at = end
            begin = begin if said else at


def _text(source: SourceFile, plan: ReaderPlan, segment: SegmentSpec) -> str:
    """The text of a segment. Some programs count bytes and fold a line within a character."""
    if plan.encoding == "utf-8":
        data = segment_bytes(source, segment)
        if _SPLIT.search(data):
            return decode(_SPLIT.sub(_JOINED, data), "utf-8", old_mac=old_mac(source.head))
    return segment_text(source, plan, segment)


def _property(lines: Sequence[str], at: int) -> tuple[int, str | None]:
    """Where the next one begins, and the text of this one; None for what is no text."""
    line, end = lines[at], at + 1
    head = _head(line) if ";" in line else ""
    if head and (_BINARY.search(head) or _DATA.match(line, len(head))):
        return _after_base64(lines, _after_folds(lines, end)), None
    if head and _QUOTED.search(head):
        while lines[end - 1].endswith("=") and end < len(lines) and lines[end][:4].upper() != "END:":
            end += 1
        value = line[len(head) :] + "".join([f"\n{more}" for more in lines[at + 1 : end]])
        return end, _plain(_CHARSET.sub("", _QUOTED.sub("", head)) + _unquoted(value, head))
    end = _after_folds(lines, end)
    return end, _plain(line + "".join([more[1:] for more in lines[at + 1 : end]]))


def _head(line: str) -> str:
    found = _HEAD.match(line)
    return found.group() if found is not None else line[: line.find(":") + 1]


def _after_folds(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and lines[at].startswith(_FOLDS):
        at += 1
    return at


def _after_base64(lines: Sequence[str], at: int) -> int:
    """Where text begins again; an empty line ends such bytes in cards of version 2.1."""
    while at < len(lines) and _BASE64.fullmatch(lines[at]):
        at += 1
    return at


def _unquoted(value: str, head: str) -> str:
    named = _CHARSET.search(head)
    raw = quopri.decodestring(value.encode("utf-8", "surrogateescape"))
    return _LINE_ENDS.sub(" ", text_of(raw, named.group(1) if named is not None else "utf-8"))


def _note(line: str, notes: SegmentNotes) -> None:
    """Tell of a file that is packed in an event; what a person looks and sounds like is no loss."""
    if line[:6].upper() == "ATTACH":
        named = _FILE_NAME.search(_head(line))
        name = named.group(1) if named is not None else "attached file"
        notes.units_failed.append((1, f"{name}: Files that are packed into an event are not read."))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found.group(1) in "nN" else found.group(1), text)
