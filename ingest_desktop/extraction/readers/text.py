"""Plain text of any size: segments are byte ranges that end at line ends; memory does not grow with the file."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

from collections.abc import Iterator

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.encoding import decode, encoding_of_head, guess_encoding
from ingest_desktop.extraction.scan import scan_bytes, scan_file
from ingest_desktop.extraction.versions import VERSIONS

_SAMPLE_BYTES = 1024 * 1024


class TextReader:
    """Reads whatever is text and nothing more special."""

    name = "text"
    version = VERSIONS["text"]
    reads = frozenset({kinds.TEXT})
    media_type = "text/plain"

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        marked = encoding_of_head(source.head)
        if source.data is not None:
            scan = scan_bytes(source.data, source.head, options.segment_bytes)
        else:
            scan = source.scan or scan_file(source, options.segment_bytes)
        if marked is None and not scan.utf8:
            marked = guess_encoding(_sample(source) if source.data is None else source.data)
        return ReaderPlan("byte", source.size, scan.segments, self.media_type, marked or "utf-8")

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = segment_text(source, plan, segment)
        if text:
            yield Block(text, line_start=segment.first_line)


def segment_text(source: SourceFile, plan: ReaderPlan, segment: SegmentSpec) -> str:
    """The decoded text of one segment, line ends as newlines."""
    data = segment_bytes(source, segment)
    encoding = plan.encoding or "utf-8"
    if data[:1] == b"\0" and not segment.start and not encoding.startswith(("utf-16", "utf-32")):
        data = data.lstrip(b"\0")  # space that a log reserved, and nothing that was ever written
    if segment.start and encoding == "utf-32":  # only the first segment has the mark that tells the byte order
        encoding = "utf-32-le" if source.head.startswith(b"\xff\xfe") else "utf-32-be"
    return decode(data, encoding, old_mac=old_mac(source.head))


def segment_bytes(source: SourceFile, segment: SegmentSpec) -> bytes:
    """The bytes of one segment."""
    if source.data is not None:
        whole = segment.start == 0 and segment.stop >= len(source.data)
        return source.data if whole else source.data[segment.start : segment.stop]
    with source.open() as stream:
        stream.seek(segment.start)
        return stream.read(segment.stop - segment.start)


def old_mac(head: bytes) -> bool:
    """Whether lines end with a carriage return alone."""
    return b"\r" in head and b"\n" not in head


def _sample(source: SourceFile) -> bytes:
    """Bytes of a large file that tell its encoding: around the first byte outside ASCII."""
    with source.open() as stream:
        while block := stream.read(_SAMPLE_BYTES):
            if not block.isascii():
                return block
    return b""
