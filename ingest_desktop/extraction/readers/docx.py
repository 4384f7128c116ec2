"""DOCX: mammoth makes HTML of it, and the HTML reader's code makes blocks of that."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import io
from collections.abc import Iterator

from ingest_desktop.domain.errors import IngestError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.packages import Package, core_properties
from ingest_desktop.extraction.readers.html import page_blocks, whole

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CALLED = "a Word document"


class DocxReader:
    """Reads Word documents in one go."""

    name = "docx"
    version = 1
    reads = frozenset({kinds.DOCX})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        with Package(source, options, _CALLED) as package:
            metadata = core_properties(package)
        return ReaderPlan(
            "whole", 1, (SegmentSpec(0, 0, 1),), MEDIA_TYPE, None, metadata.get("title") or None, metadata
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        Package(source, options, _CALLED).close()
        yield from _convert(whole(source))


def _convert(data: bytes) -> list[Block]:
    """The blocks of a document.

    Raises:
        SourceMalformed: mammoth cannot read it.
    """
    import mammoth

    try:
        page = mammoth.convert_to_html(
            io.BytesIO(data),
            convert_image=mammoth.images.img_element(lambda _image: {}),
            style_map="p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh",
            include_embedded_style_map=False,
        ).value
    except (IngestError, MemoryError, RecursionError):
        raise
    except Exception as error:
        raise SourceMalformed("The Word document is damaged: its text could not be read.") from error
    return page_blocks(page.encode("utf-8", "replace"))[1]
