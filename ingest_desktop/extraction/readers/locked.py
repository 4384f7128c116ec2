"""Word, Excel and PowerPoint packages behind a password: opened with a person's password, then read as what they are."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, Reader, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, nested
from ingest_desktop.extraction.readers.docx import DocxReader
from ingest_desktop.extraction.readers.pptx import PptxReader
from ingest_desktop.extraction.readers.sheets import SheetsReader
from ingest_desktop.extraction.unlocking import unlocked
from ingest_desktop.extraction.versions import VERSIONS

_HEAD_BYTES = 64 * 1024
_STEP_BYTES = 1024 * 1024
_READERS: dict[str, type[DocxReader] | type[PptxReader] | type[SheetsReader]] = {
    kinds.DOCX: DocxReader,
    kinds.PPTX: PptxReader,
    kinds.XLSX: SheetsReader,
    kinds.XLSB: SheetsReader,
}


class LockedReader:
    """Reads what a password opens. The document in hand stays opened for its next segment."""

    name = "locked"
    version = VERSIONS["locked"]
    reads = frozenset({kinds.LOCKED})

    def __init__(self) -> None:
        self._opened: tuple[bytes, SourceFile, Reader] | None = None  # the digest of the file and its passwords

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        self._opened = None
        inner, reader = self._inner(source, options)
        plan = reader.plan(inner, options)
        return replace(plan, shape=f"inside={reader.name}/{reader.version}{nested.opened(nested.unlocked_of(plan))}")

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        inner, reader = self._inner(source, options)
        yield from reader.read(inner, replace(plan, shape=""), segment, options, notes)
        if segment == plan.segments[-1]:
            self._opened = None

    def _inner(self, source: SourceFile, options: ExtractOptions) -> tuple[SourceFile, Reader]:
        """The document without its password, and who reads it."""
        digest = _digest(source)
        if self._opened is None or self._opened[0] != digest:
            self._opened = None
            data = unlocked(source, options)
            inner = SourceFile(
                source.path, len(data), data[:_HEAD_BYTES], data, inner=source.inner, passwords=source.passwords
            )
            found = _READERS.get(detect.kind_of(inner))
            if found is None:
                raise SourceMalformed("Behind its password the document is damaged, or of an unknown kind.")
            self._opened = (digest, inner, found())
        return self._opened[1:]


def _digest(source: SourceFile) -> bytes:
    """Tells whether a file with its passwords is the one in hand."""
    digest = hashlib.sha256(repr(tuple(source.passwords)).encode("utf-8", "surrogatepass"))
    with source.open() as stream:
        while data := stream.read(_STEP_BYTES):
            digest.update(data)
    return digest.digest()
