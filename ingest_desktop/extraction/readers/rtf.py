"""RTF documents."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import io
from collections.abc import Iterator

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.readers.paragraphs import by_paragraph
from ingest_desktop.extraction.readers.rtf_parser import RtfParser
from ingest_desktop.extraction.versions import VERSIONS

MEDIA_TYPE = "application/rtf"


class RtfReader:
    """Reads RTF documents in one go."""

    name = "rtf"
    version = VERSIONS["rtf"]
    reads = frozenset({kinds.RTF})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        facts = _facts(source)
        return ReaderPlan("whole", 1, (SegmentSpec(0, 0, 1),), MEDIA_TYPE, None, facts.get("title") or None, facts)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        parser = RtfParser()
        with source.open() as stream:
            yield from by_paragraph(parser.blocks(stream))
        if parser.open_groups > 0 and not parser.gave_text:
            raise SourceMalformed("The RTF document is incomplete: it ends before its text.")
        if parser.open_groups > 0:
            notes.units_failed.append((1, "The document ends too early: its end is missing."))


def _facts(source: SourceFile) -> dict[str, str]:
    """Title, author and so on, which stand in the first 64 KiB."""
    parser = RtfParser()
    for _ in parser.blocks(io.BytesIO(source.head)):
        pass
    return parser.facts
