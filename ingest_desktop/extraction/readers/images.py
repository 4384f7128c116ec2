"""Pictures: all pages of TIFF, and PNG, JPEG, WebP, GIF, BMP, JPEG 2000 and PBM to PPM, by text recognition where it is installed.

tesseract unpacks them itself; here only their heads are read, so that one that is too large is refused before.
"""

from collections.abc import Iterator

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, ocr
from ingest_desktop.extraction.readers.bmp import as_pnm
from ingest_desktop.extraction.readers.jpeg_2000 import as_pgm
from ingest_desktop.extraction.readers.picture_heads import Frame, Head, alone, head_of, jpeg_2000_size
from ingest_desktop.extraction.readers.scans import Scans
from ingest_desktop.extraction.readers.upright import upright
from ingest_desktop.extraction.readers.webp import first_picture
from ingest_desktop.extraction.versions import VERSIONS

_MOVES = "Its first picture was read; those that follow, as it moves, were not."
_STEP = 4  # pages of a segment that is recognised: each may take a minute, and what is done is kept


class ImageReader:
    """Reads pictures, a page each."""

    name = "image"
    version = VERSIONS["image"]
    reads = frozenset({kinds.IMAGE})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        head = _head(source)
        pages = len(head.frames)
        if pages > options.max_pages:
            raise LimitExceeded(
                f"The file holds {pages:,} pictures; the limit is {options.max_pages:,} (INGESTION_MAX_PAGES)."
            )
        found = ocr.recogniser(options)
        step = options.segment_pages if found is None else min(_STEP, options.segment_pages)
        segments = tuple(
            SegmentSpec(number, first, min(first + step, pages + 1))
            for number, first in enumerate(range(1, pages + 1, step))
        )
        warnings = (_MOVES,) if head.moves and found is not None else ()
        shape = found.shape if found is not None else ""
        return ReaderPlan("page", pages, segments, head.media_type, warnings=warnings, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        notes.units_seen, notes.units_with_text = segment.stop - segment.start, 0
        scans = Scans(plan.shape, options, notes, notes.units_seen)
        wanted = ocr.languages_of(plan.shape) is not None
        frames = _head(source).frames if wanted else ()
        data = _content(source, options) if wanted else b""
        for page in range(segment.start, segment.stop):
            done = page - segment.start
            text = self._text(scans, data, frames, page, done)
            if text:
                notes.units_with_text += 1
                notes.units_by_ocr += 1
                yield Block(text, page=page if plan.units > 1 else None)
            if wanted and notes.recognising is not None:
                notes.recognising(done + 1, notes.units_seen)
        if plan.units == 1 and notes.units_failed and not source.inner:
            why = notes.units_failed[0][1]
            raise LimitExceeded(why) if "(INGESTION_" in why else SourceMalformed(why)

    @staticmethod
    def _text(scans: Scans, data: bytes, frames: tuple[Frame, ...], page: int, done: int) -> str:
        frame = frames[page - 1] if page <= len(frames) else Frame(0)

        if frame.offset:  # tesseract turns what a TIFF file says of itself, but no photo
            return scans.text(page, lambda: (alone(data, frame), None), pixels=frame.pixels, done=done)

        def picture() -> tuple[bytes, int | None]:
            return _readable(data) or upright(data, frame.orientation) or data, None

        return scans.text(page, picture, pixels=frame.pixels, done=done)


def _readable(data: bytes) -> bytes | None:
    """A picture of a format of which tesseract reads a part alone, in one that it reads; None for all others."""
    if data.startswith(b"BM"):
        return as_pnm(data)
    if data.startswith(b"RIFF"):
        return first_picture(data)
    if data.startswith((b"\0\0\0\x0cjP", b"\xff\x4f")):
        return as_pgm(data, *jpeg_2000_size(data[:4096]))
    return None


def _head(source: SourceFile) -> Head:
    with source.open() as stream:
        return head_of(stream)


def _content(source: SourceFile, options: ExtractOptions) -> bytes:
    """All of the file: it is handed to another program in one piece."""
    if source.data is not None:
        return source.data
    if source.size > options.max_expanded_bytes:
        raise LimitExceeded(
            f"The picture has {source.size:,} bytes; the limit is {options.max_expanded_bytes:,} "
            "(INGESTION_MAX_EXPANDED_BYTES)."
        )
    with source.open() as stream:
        return stream.read()
