"""DOCX: mammoth makes HTML of it, and the HTML reader's code makes blocks of that."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import io
import re
import zipfile
from collections.abc import Iterator

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceEncrypted, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.readers.html import page_blocks, whole

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CORE = "docProps/core.xml"
_FIELD = re.compile(rb"<(?:dc|cp|dcterms):(title|creator|subject|keywords|created|modified)\b[^>]*>([^<]{1,2000})<")
_MAX_MEMBERS = 20_000


class DocxReader:
    """Reads Word documents in one go."""

    name = "docx"
    version = 1
    reads = frozenset({kinds.DOCX})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        metadata = {}
        with _checked(source, options) as archive:
            if _CORE in archive.namelist():
                metadata = _properties(archive)
        return ReaderPlan(
            "whole", 1, (SegmentSpec(0, 0, 1),), MEDIA_TYPE, None, metadata.get("title") or None, metadata
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        _checked(source, options).close()
        yield from _convert(whole(source))


def _checked(source: SourceFile, options: ExtractOptions) -> zipfile.ZipFile:
    """The package, open; refused before anything is unpacked when it claims to unpack to too much."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(whole(source)))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise SourceMalformed("The file begins like a Word document but is damaged or incomplete.") from error
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise LimitExceeded(f"The document is made of {len(members):,} parts; {_MAX_MEMBERS:,} are the most.")
    expanded = sum(member.file_size for member in members)
    if expanded > options.max_expanded_bytes:
        raise LimitExceeded(
            f"The document unpacks to {expanded:,} bytes; the limit is {options.max_expanded_bytes:,} "
            "(INGESTION_MAX_EXPANDED_BYTES)."
        )
    if any(member.flag_bits & 1 for member in members):
        raise SourceEncrypted("The document is protected by a password.")
    return archive


def _properties(archive: zipfile.ZipFile) -> dict[str, str]:
    """Title, author and so on; nothing when they cannot be read."""
    import html

    try:
        with archive.open(_CORE) as stream:
            data = stream.read(256 * 1024)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        return {}
    found = {}
    for name, value in _FIELD.findall(data):
        text = " ".join(html.unescape(value.decode("utf-8", "replace")).split())[:500]
        if text:
            found[name.decode("ascii")] = text
    return found


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
