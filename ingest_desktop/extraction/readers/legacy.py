"""DOC and PPT: LibreOffice makes DOCX and PPTX of them, where it is installed, and those are read."""

import hashlib
import struct
from collections.abc import Iterator

from ingest_desktop.domain.errors import LimitExceeded, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, Reader, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, libreoffice, nested
from ingest_desktop.extraction.embedded import embedded_blocks
from ingest_desktop.extraction.old_objects import SlideObjects
from ingest_desktop.extraction.ole import stream_names
from ingest_desktop.extraction.readers.docx import DocxReader
from ingest_desktop.extraction.readers.pptx import PptxReader
from ingest_desktop.extraction.unlocking import unlocked
from ingest_desktop.extraction.versions import VERSIONS

_INTO = {kinds.DOC: "docx", kinds.PPT: "pptx"}
_CALLED = {kinds.DOC: "Word 97-2003 documents", kinds.PPT: "PowerPoint 97-2003 presentations"}
_MEDIA_TYPES = {kinds.DOC: "application/msword", kinds.PPT: "application/vnd.ms-powerpoint"}
_LOCKED_SLIDES = b"\xdf\xc4\xd1\xf3"
_HEAD_BYTES = 64 * 1024
_COPY_BYTES = 1024 * 1024


class LegacyReader:
    """Reads Word and PowerPoint files of before 2007 by way of LibreOffice."""

    name = "legacy"
    version = VERSIONS["legacy"]
    reads = frozenset(_INTO)

    def __init__(self) -> None:
        self._converted: tuple[object, bytes] | None = None  # the original's hash and passwords, and what became of it

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        kind = detect.kind_of(source)
        self._converted = None
        inner, reader = self._inner(source, kind, options)
        plan = reader.plan(inner, options)
        opened = (1 if source.passwords and _is_encrypted(source, kind) else 0) + nested.unlocked_of(plan)
        shape = f"office=1{nested.opened(opened)}"
        return ReaderPlan(
            plan.unit, plan.units, plan.segments, _MEDIA_TYPES[kind], None, plan.title, plan.metadata, shape=shape
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        kind = detect.kind_of(source)
        inner, reader = self._inner(source, kind, options)
        yield from reader.read(inner, plan, segment, options, notes)
        if kind == kinds.PPT and segment == plan.segments[-1]:
            yield from _dropped(source, plan, options, notes)

    def _inner(self, source: SourceFile, kind: str, options: ExtractOptions) -> tuple[SourceFile, Reader]:
        """The converted document and its reader; converted once for all segments."""
        name = f"document.{_INTO[kind]}"
        key = (_hash(source), source.passwords)
        if self._converted is None or self._converted[0] != key:
            self._converted = None
            self._converted = (key, _convert(source, kind, options))
        data = self._converted[1]
        return SourceFile(
            name, len(data), data[:_HEAD_BYTES], data, passwords=source.passwords
        ), DocxReader() if kind == kinds.DOC else PptxReader()


def _dropped(source: SourceFile, plan: ReaderPlan, options: ExtractOptions, notes: SegmentNotes) -> Iterator[Block]:
    """Files that lie on slides as they are, which LibreOffice does not hand on."""
    try:
        objects = SlideObjects(source, options.max_expanded_bytes)
    except LimitExceeded as error:
        notes.units_failed.append((1, str(error)))
        return
    yield from embedded_blocks(objects, source, options, notes, plan.title, lambda _name: 1)


def _convert(source: SourceFile, kind: str, options: ExtractOptions) -> bytes:
    """What LibreOffice makes of a file.

    Raises:
        UnsupportedFormat: LibreOffice is not installed.
        SourceEncrypted: The file asks for a password.
        SourceMalformed: LibreOffice cannot read it.
        LimitExceeded: It takes too long, or too much comes out.
    """
    if _is_encrypted(source, kind):
        data = unlocked(source, options)
        source = SourceFile(source.path, len(data), data[:_HEAD_BYTES], data)
    program = libreoffice.find_office()
    if program is None:
        raise UnsupportedFormat(
            f"{_CALLED[kind]} are not supported without LibreOffice. Install it (libreoffice.org, or your system's "
            f"package “libreoffice”) and retry, or save the file as {_INTO[kind].upper()}."
        )
    return libreoffice.convert(program, source, kind, _INTO[kind], options)


def _hash(source: SourceFile) -> str:
    digest = hashlib.sha256()
    with source.open() as stream:
        while data := stream.read(_COPY_BYTES):
            digest.update(data)
    return digest.hexdigest()


def _is_encrypted(source: SourceFile, kind: str) -> bool:
    """Whether a Word file's first bytes, or a presentation's streams, tell of a password."""
    if kind == kinds.PPT:
        return "EncryptedSummary" in stream_names(source) or _slides_token(source) == _LOCKED_SLIDES
    return _word_flags(source) & 0x0100 != 0


def _slides_token(source: SourceFile) -> bytes:
    """The mark of a presentation by which PowerPoint tells a locked one; empty when it cannot be found."""
    import olefile

    try:
        with source.open() as stream, olefile.OleFileIO(stream) as ole:
            return bytes(ole.openstream("Current User").read(16)[12:])
    except (OSError, ValueError, IndexError, TypeError, struct.error):
        return b""


def _word_flags(source: SourceFile) -> int:
    """The flags in the header of a Word document's main stream; 0 when they cannot be found."""
    with source.open() as stream:
        data = stream.read(512)
        shift = int.from_bytes(data[30:32], "little")
        if shift not in (9, 12):
            return 0
        for sector in range(256):  # the stream begins with a sector; its header has a mark of its own
            stream.seek((sector + 1) << shift)
            head = stream.read(12)
            if len(head) < 12:
                return 0
            if head[:2] == b"\xec\xa5":
                return int.from_bytes(head[10:12], "little")
    return 0
