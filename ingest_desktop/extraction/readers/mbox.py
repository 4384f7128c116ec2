"""Mailboxes: many messages in one file of any size. Segments begin at a message; memory holds one message at a time."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, nested
from ingest_desktop.extraction.allowance import Allowance
from ingest_desktop.extraction.readers.mail import Teller, unlocked_in
from ingest_desktop.extraction.versions import VERSIONS

_BLOCK_BYTES = 1024 * 1024
_KEEP_BYTES = 2048  # of a block that is seen again with the next one: a place is told by the lines around it
_FROM = b"From "
_FIRST_LINES = re.compile(rb"From [^\r\n]{0,600}\r?\n(?:>?From [^\r\n]{1,600}\r?\n)?[!-9;-~]{1,100}[ \t]?:")
_DATED = re.compile(rb"From [^\r\n]*\d{1,2}:\d\d[^\r\n]*\b(?:19|20)\d\d\b")
_GROWTH = 10  # a mailbox may unpack to so many times its size: it holds the mail of years, and much of that is packed
_ATTACHED = re.compile(rb"name\*?[0-9]{0,2}\*?[ \t]*=|^begin ", re.IGNORECASE | re.MULTILINE)
_LOOK_BYTES = 64 * 1024 * 1024  # of messages with attachments in which is looked for what a password opens
_PART_BYTES = 64  # of a message with less there is no attachment
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


class MboxReader:
    """Reads mailboxes: one message after the other."""

    name = "mbox"
    version = VERSIONS["mbox"]
    reads = frozenset({kinds.MBOX})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        cuts = _Cuts(options.segment_bytes)
        with source.open() as stream:
            for place in message_starts(stream):
                cuts.add(place)
        segments = cuts.finish(source.size)
        shape = f"segment={options.segment_bytes} {nested.shape(options, unlocked=_unlocked(source, options))}"
        return ReaderPlan("message", cuts.messages, segments, "application/mbox", shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        allowed = _allowed(source, plan, segment, options)
        with Teller(source, options, notes, allowed=allowed, alone=False) as teller, source.open() as stream:
            starts = list(message_starts(stream, segment.start, segment.stop))
            stops = [*starts[1:], segment.stop]
            for done, (start, stop) in enumerate(zip(starts, stops, strict=True)):
                number = segment.first_line + done
                if stop - start > options.max_expanded_bytes:
                    teller.failed(
                        number,
                        f"A message of {stop - start:,} bytes is more than is read at once "
                        "(INGESTION_MAX_EXPANDED_BYTES).",
                    )
                    continue
                stream.seek(start)
                yield from teller.blocks(message_of(stream.read(stop - start)), number, (("message", number),))
                if notes.progress is not None:
                    notes.progress(done + 1, len(starts))


def _unlocked(source: SourceFile, options: ExtractOptions) -> int:
    """How many attachments are opened by a password that a person gave, as far as is looked for them."""
    if not source.passwords:
        return 0
    opened = looked = 0
    with source.open() as places, source.open() as stream:
        starts = message_starts(places)
        start: int | None = next(starts)
        while start is not None and looked < _LOOK_BYTES:
            stop = next(starts, None)
            if (stop or source.size) - start <= options.max_expanded_bytes:
                stream.seek(start)
                data = stream.read(-1 if stop is None else stop - start)
                if _ATTACHED.search(data):
                    looked += len(data)
                    opened += unlocked_in(message_of(data), source, options)
            start = stop
    return opened


def _allowed(source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions) -> Allowance:
    """What the attachments of a segment may take: what stands in it, and its share of what may be unpacked from that."""
    own = segment.stop - segment.start
    weight = own / max(1, source.size)
    return Allowance(
        own + int(max(options.max_expanded_bytes, _GROWTH * source.size) * weight),
        own // _PART_BYTES + int(options.max_members * weight),
        is_share=len(plan.segments) > 1,
    )


class _Cuts:
    """Gathers messages into segments. A segment is cut at a message; a very long message is one of its own.

    ``SegmentSpec.start`` and ``stop`` are bytes, ``first_line`` is the 1-based number of the first message.
    """

    def __init__(self, segment_bytes: int) -> None:
        self._most = segment_bytes
        self._starts: list[tuple[int, int]] = []
        self._last = 0
        self.messages = 0

    def add(self, place: int) -> None:
        """Take the place of the next message."""
        self.messages += 1
        if not self._starts:
            self._starts.append((place, 1))
        else:
            self._close(place)
            if place - self._starts[-1][0] >= self._most:
                self._starts.append((place, self.messages))
        self._last = place

    def finish(self, size: int) -> tuple[SegmentSpec, ...]:
        """The segments of a file of so many bytes."""
        if self._starts:
            self._close(size, self.messages)
        starts = self._starts or [(0, 1)]
        stops = [start for start, _ in starts[1:]] + [size]
        return tuple(
            SegmentSpec(number, start, stop, first)
            for number, ((start, first), stop) in enumerate(zip(starts, stops, strict=True))
        )

    def _close(self, place: int, number: int | None = None) -> None:
        """Give the message before ``place`` a segment of its own when it is a long one."""
        number = self.messages - 1 if number is None else number
        if place - self._last > self._most and self._last > self._starts[-1][0]:
            self._starts.append((self._last, number))


def message_starts(stream: BinaryIO, start: int = 0, stop: int | None = None) -> Iterator[int]:
    """Where messages begin, in order. What stands before the first of them belongs to it.

    Args:
        start: A byte where a message begins; it is the first place given.
        stop: Where to end; a byte where a message begins, or the end.
    """
    stream.seek(start)
    yield start
    base = start  # the place in the file of the first byte of ``window``
    window = b""
    seen = 1  # bytes of the window before which nothing is looked for
    while True:
        wanted = _BLOCK_BYTES if stop is None else min(_BLOCK_BYTES, stop - base - len(window))
        block = stream.read(wanted) if wanted > 0 else b""
        window += block
        limit = len(window) - _KEEP_BYTES if block else len(window)
        place = window.find(_FROM, seen)
        while 0 <= place < limit:
            if window[place - 1] == 10 and begins_message(window, place):
                yield base + place
            place = window.find(_FROM, place + 1)
        if not block:
            return
        drop = max(0, limit - 4)  # two line ends before a place tell that a message may begin there
        seen = max(seen, limit) - drop
        window, base = window[drop:], base + drop


def begins_message(window: bytes, place: int) -> bool:
    """Whether the line that begins with "From " is the first of a message and not of a letter's paragraph."""
    if not _FIRST_LINES.match(window, place):
        return False
    before = window[max(0, place - 4) : place]
    return before.endswith((b"\n\n", b"\n\r\n")) or _DATED.match(window, place) is not None


def message_of(data: bytes) -> bytes:
    """A message as it was sent: without the line that parts it from the others, and its own lines unquoted."""
    if data.startswith(_FROM):
        _, _, data = data.partition(b"\n")
    while data.startswith(b">From "):
        _, _, data = data.partition(b"\n")
    return _QUOTED.sub(rb"\1", data) if b">From " in data else data
