"""Outlook's packets (TNEF, ``winmail.dat``): told as the mail that they were made from; in mail, as a part of that."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

from collections.abc import Iterator

from ingest_desktop.domain.errors import SourceError
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, mapi, mime, nested, tnef
from ingest_desktop.extraction.mime import Part
from ingest_desktop.extraction.readers.html import whole
from ingest_desktop.extraction.readers.mail import (
    Found,
    Teller,
    check_size,
    is_packet,
    name_of,
    sort_parts,
    unlocked_in,
)
from ingest_desktop.extraction.readers.outlook import as_mail
from ingest_desktop.extraction.versions import VERSIONS


class WinmailReader:
    """Reads a packet in one go."""

    name = "winmail"
    version = VERSIONS["winmail"]
    reads = frozenset({kinds.TNEF})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        check_size(source.size, options)
        message = _parsed(source, options, [])
        facts = {
            "from": message.sender(),
            "to": message.text(mapi.TO),
            "cc": message.text(mapi.CC),
            "date": message.date(),
        }
        metadata = {name: " ".join(value.split())[:500] for name, value in facts.items() if value.strip()}
        subject = mime.field_text(message.text(mapi.SUBJECT))[:500]
        shape = _shape(message, source, options) if message.files else ""
        segments, media_type = (SegmentSpec(0, 0, 1),), "application/vnd.ms-tnef"
        return ReaderPlan("message", 1, segments, media_type, None, subject or None, metadata, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        troubles: list[str] = []
        data = as_mail(_parsed(source, options, troubles), options, troubles)
        with Teller(source, options, notes) as teller:
            yield from teller.blocks(data)
            for why in troubles:
                teller.tell(why)


def open_packets(found: Found, options: ExtractOptions) -> list[tuple[str, str]]:
    """Put what lies in the packets of a message in their place.

    Their text is that of the message, and is taken when that has none of its own. A packet that cannot be read stays.

    Args:
        found: What the message is made of.
        options: With the limits.

    Returns:
        What could not be read of them: the name of each, and why, as a sentence.
    """
    troubles: list[tuple[str, str]] = []
    files: list[Part] = []
    for part in found.files:
        inner, why = _opened(part, options)
        if inner is None:
            files.append(part)
            continue
        troubles += ((name_of(part), said) for said in why)
        files += inner.files
        found.sealed, found.damaged = found.sealed or inner.sealed, found.damaged or inner.damaged
        if not any(body.text().strip() for body in found.bodies):
            found.bodies += inner.bodies
    found.files[:] = files
    return troubles


def _opened(part: Part, options: ExtractOptions) -> tuple[Found | None, list[str]]:
    """What a packet holds, and what could not be read of it; None when it is none, or damaged altogether."""
    troubles: list[str] = []
    data = part.data() if is_packet(part) else b""
    if not data.startswith(tnef.MARK):
        return None, troubles
    found = Found()
    try:
        message = tnef.parse(data, troubles, max_files=options.max_members, max_depth=options.max_depth)
        sort_parts(mime.parse(as_mail(message, options, troubles), options.max_members), found, top=True)
    except SourceError:
        return None, troubles
    return found, troubles


def _parsed(source: SourceFile, options: ExtractOptions, troubles: list[str]) -> tnef.Packed:
    return tnef.parse(whole(source), troubles, max_files=options.max_members, max_depth=options.max_depth)


def _shape(message: tnef.Packed, source: SourceFile, options: ExtractOptions) -> str:
    """What shapes the text of the attachments."""
    opened = unlocked_in(as_mail(message, options, []), source, options) if source.passwords else 0
    return nested.shape(options, unlocked=opened)
