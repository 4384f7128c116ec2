"""Files packed with gzip, bzip2, xz or its forerunner LZMA: one file, a text of any length, or the members of a tar archive.

A packed stream is read forwards only. A segment that follows the one in hand goes on where that ended; any other is
reached by unpacking what stands before it, so that the segments of such a file are few and large.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from ingest_desktop.domain.errors import LimitExceeded, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import allowance, detect, kinds, nested, tars
from ingest_desktop.extraction.allowance import Spent
from ingest_desktop.extraction.encoding import encoding_of_head, guess_encoding
from ingest_desktop.extraction.members import (
    TarListing,
    check_sparse,
    content_blocks,
    identity,
    is_file,
    most_of_one,
    runs,
    segment_of,
    tar_blocks,
    tar_listing,
    tell_missing,
)
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.extraction.scan import TextScanner
from ingest_desktop.extraction.unpacking import PIECE_BYTES, Unpacked, unpacked_file
from ingest_desktop.extraction.versions import VERSIONS

_PACKED_NAME: Final = re.compile(r"\.(gz|gzip|z|bz2|bzip2|xz|lzma)$", re.IGNORECASE)
_TAR_NAME: Final = re.compile(r"\.(tgz|tbz2?|txz|taz|tlz)$", re.IGNORECASE)
_MEDIA_TYPES: Final = {b"\x1f": "application/gzip", b"B": "application/x-bzip2", b"]": "application/x-lzma"}
_WHOLE_BYTES: Final = 32 * 1024 * 1024  # a file that unpacks to less is read in one go
_STRETCH_BYTES: Final = 16 * 1024 * 1024  # of a text that is read in segments
_RUN_BYTES: Final = 64 * 1024 * 1024  # of the members of one segment
_RUN_MEMBERS: Final = 2000
_BY_LINES: Final = frozenset(("text", "jsonl", "code"))  # readers to whom every stretch of lines is a file
_AS: Final = "as="  # in a plan's shape, before the reader of a text that is read in stretches
_NOTHING: Final = "The file is damaged: nothing of it could be unpacked."


@dataclass(slots=True)
class _Held:
    """A stream that is open in the middle. ``place`` is that of the next byte of the packed file."""

    key: object
    content: Unpacked
    place: int = 0
    done: int = 0  # unpacked bytes that were read, or entries of the archive
    walk: tars.Walk | None = None
    entries: Iterator[tars.Entry] = field(default_factory=lambda: iter(()))


class CompressedReader:
    """Reads what is packed with gzip, bzip2 or xz: the members of a tar archive, or the one file."""

    name = "compressed"
    version = VERSIONS["compressed"]
    reads = frozenset({kinds.COMPRESSED})

    def __init__(self) -> None:
        self._held: _Held | None = None
        self._known: tuple[object, TarListing] | None = None  # the members of the archive in hand

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        media_type = _MEDIA_TYPES.get(source.head[:1], "application/x-xz")
        shape = nested.shape(options)
        nested.begin(source, options)
        with allowance.looking(), source.open() as stream:
            content = unpacked_file(stream, source.head, options)
            head = _beginning(content)
            if not tars.is_header(head):
                return self._plan_file(source, content, head, options, media_type, shape)
        found = self._listing(source, options)
        if not found.files and found.troubles:
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        check_sparse(found.files, source, options)
        segments = runs([entry.size for entry in found.files], _RUN_BYTES, _RUN_MEMBERS)
        return ReaderPlan("member", len(found.files), segments, media_type, warnings=found.warnings, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        if plan.unit == "byte":
            yield from self._stretch(source, plan, segment, options, notes)
            return
        with source.open() as stream:
            content = unpacked_file(stream, source.head, options)
            nested.begin(source, options)
            with allowance.looking():
                head = _beginning(content)
            if tars.is_header(head):
                yield from self._members(source, plan, segment, options, notes)
                return
            if not head and content.trouble is not None:
                raise SourceMalformed(_NOTHING)
            with Inside(source, options, notes, alone=True) as inside:
                yield from content_blocks(inside, inner_name(source), None, content, options)

    def _plan_file(
        self, source: SourceFile, content: Unpacked, head: bytes, options: ExtractOptions, media_type: str, shape: str
    ) -> ReaderPlan:
        """One file: in one go, or a text that is too long for that in stretches."""
        reader = _reader_of(inner_name(source), head) if detect.looks_like_text(head) else None
        whole = ReaderPlan("member", 1, (SegmentSpec(0, 0, 1),), media_type, shape=shape)
        if reader is None:
            return whole
        stretch = max(options.segment_bytes, _STRETCH_BYTES)
        scanner, size, sample = TextScanner(head, stretch), 0, b""
        spent = False
        try:
            while data := content.read(PIECE_BYTES):
                scanner.feed(data)
                size += len(data)
                sample = sample or (b"" if data.isascii() else data)
        except Spent:
            spent = True
        if not spent and size <= (_WHOLE_BYTES if reader in _BY_LINES else most_of_one(options)):
            return whole
        scan = scanner.finish()
        encoding = encoding_of_head(head) or ("utf-8" if scan.utf8 else guess_encoding(sample))
        if encoding in ("utf-16", "utf-32"):  # a mark that only the first stretch has
            encoding += "-le" if head.startswith(b"\xff\xfe") else "-be"
        shape = f"{_AS}{reader if reader in _BY_LINES else 'text'} {shape}"
        return ReaderPlan("byte", size, scan.segments, media_type, encoding, shape=shape)

    def _stretch(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        """One stretch of a long text."""
        nested.begin(source, options)
        trouble: str | None = None
        with self._from(source, segment.start, options) as held:
            while held.done < segment.start and (
                data := held.content.read(min(PIECE_BYTES, segment.start - held.done))
            ):
                held.done += len(data)
            data = held.content.read(segment.stop - held.done)
            held.done += len(data)
            if segment == plan.segments[-1]:
                trouble = _after(held.content, options)
        name = inner_name(source)
        inner = nested.inner_source(name, data, ())
        whole = SegmentSpec(0, 0, len(data), segment.first_line)
        as_text = ReaderPlan("byte", len(data), (whole,), "text/plain", plan.encoding)
        reader = Registry([]).named(plan.shape.removeprefix(_AS).split()[0])
        yield Block("", path=(name,))
        for block in reader.read(inner, as_text, whole, options, notes):
            yield block._replace(extra=(*block.extra, ("part", name)), level=block.level + bool(block.level))
        if trouble is not None:
            notes.units_failed.append((1, f"{name}: {trouble}"))

    def _members(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        """One run of the members of a tar archive."""
        found = self._listing(source, options)
        named = [(entry.name, entry.size) for entry in found.files]
        with segment_of(source, plan, segment, options, notes, named) as inside:
            with self._from(source, segment.start, options, archive=True) as held:
                assert held.walk is not None
                for entry in held.entries:
                    if not is_file(entry):
                        continue
                    if held.done >= segment.start:
                        yield from tar_blocks(inside, entry, held.walk, options)
                    held.done += 1
                    if held.done == segment.stop and segment != plan.segments[-1]:
                        break
            if segment == plan.segments[-1]:
                tell_missing(inside, found.troubles)

    def _listing(self, source: SourceFile, options: ExtractOptions) -> TarListing:
        """The members of a tar archive."""
        key = identity(source)
        if self._known is None or self._known[0] != key:
            with allowance.looking(), source.open() as stream:
                content = unpacked_file(stream, source.head, options)
                found = tar_listing(tars.Walk(_Forward(content), options))
            if content.trouble:
                found = replace(found, troubles=(content.trouble,))
            self._known = key, found
        return self._known[1]

    @contextmanager
    def _from(
        self, source: SourceFile, start: int, options: ExtractOptions, *, archive: bool = False
    ) -> Iterator[_Held]:
        """The stream, where it was left when that is at or before ``start``, else from its beginning."""
        key = (identity(source), options)
        held, self._held = self._held, None
        with source.open() as stream:
            if held is None or held.key != key or held.done > start or (held.walk is not None) != archive:
                held = _Held(key, unpacked_file(stream, source.head, options))
                if archive:
                    held.walk = tars.Walk(_Forward(held.content), options)
                    held.entries = held.walk.entries()
            else:
                stream.seek(held.place)
                held.content.resume(stream)
            yield held
            held.place = stream.tell()
        self._held = held  # not when something was raised


def _beginning(content: Unpacked) -> bytes:
    """The first bytes of what a stream holds; they are read again."""
    head = content.read(nested.HEAD_BYTES)
    content.give_back(head)
    return head


def _after(content: Unpacked, options: ExtractOptions) -> str | None:
    """What is to be said of what follows the last stretch."""
    try:
        if not content.read(1):
            return content.trouble
    except LimitExceeded:
        pass
    return f"{allowance.too_much(options)} Only its beginning was read."


def _reader_of(name: str, head: bytes) -> str | None:
    """The name of the reader of a text that begins like this; None when nobody reads it."""
    try:
        return Registry([]).choose(nested.inner_source(name, head, ())).name
    except SourceError:
        return None


class _Forward:
    """A tar archive that is being unpacked."""

    def __init__(self, content: Unpacked) -> None:
        self._content = content

    def read(self, count: int) -> bytes:
        return self._content.read(count)

    def skip(self, count: int) -> int:
        done = 0
        while done < count and (data := self._content.read(min(count - done, PIECE_BYTES))):
            done += len(data)
        return done


def inner_name(source: SourceFile) -> str:
    """The name of the one file that a packed file holds: its own without the ending."""
    own = nested.clean_name(source.path).rpartition("/")[2]
    if _PACKED_NAME.search(own):
        return _PACKED_NAME.sub("", own) or own
    return _TAR_NAME.sub(".tar", own)
