"""PDF: text page by page with PDFium; pypdf steps in where PDFium refuses a file or a page."""

import os
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from ingest_desktop.domain.causes import NOT_RECOGNISED
from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, ocr
from ingest_desktop.extraction.ocr import NotRecognised
from ingest_desktop.extraction.readers import pdf_streams, pdfium_engine, pypdf_engine
from ingest_desktop.extraction.readers.pdf_pages import Page, PageRefused, is_odd, signs
from ingest_desktop.extraction.readers.scans import Scans
from ingest_desktop.extraction.versions import VERSIONS

Outline = tuple[tuple[int, int, str], ...]
_SCANNED_STEP = 4  # pages of a segment that is recognised: each may take a minute, and what is done is kept
_MIXED_STEP = 16  # the same, where less than a third of the pages are pictures
_LOOKED_AT = 9  # pages, spread over the document, to see whether it is scanned
_SECOND_OPINION_BYTES = 64 * 1024 * 1024  # pypdf is not asked about larger files
_BARE_ASKED = 8  # bare pages of a segment that pypdf is asked about: blank pages are common in some documents
_BARE_PAGES = 5_000  # of a document: pypdf lists all of them first
_STREAMS_BYTES = 32 * 1024 * 1024  # of a document whose streams are looked at, all at once in memory
_BROKEN_OFF = "The file breaks off before its end; pages or text behind this may be missing."
_TORN = "The page is damaged: what is on it cannot be unpacked."
_PAGES_KEPT = 2000  # of one document that stays open: memory must not grow with its length


class PdfDocument(Protocol):
    """An open PDF, whichever engine opened it."""

    pages: int

    @property
    def attached(self) -> bool:
        """Whether files are attached to the document, not to a page."""
        ...

    def page(self, index: int) -> Page:
        """A page, counted from 0. Raises whatever its engine raises."""
        ...

    def picture(self, index: int) -> tuple[bytes, int | None]:
        """A page, counted from 0, drawn for text recognition, and its dots per inch."""
        ...

    def outline(self) -> Outline:
        """Level from 1, page from 1, title."""
        ...

    def metadata(self) -> dict[str, str]:
        """Title, Author and so on, as far as they are told."""
        ...

    def attachments(self) -> list[str]:
        """The names of the files that are attached to the document, as far as they are told."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class PdfReader:
    """Reads PDF documents. The last one stays open, so that its segments need not open it again."""

    name = "pdf"
    version = VERSIONS["pdf"]
    reads = frozenset({kinds.PDF})

    def __init__(self) -> None:
        self._key: object = None
        self._document: PdfDocument | None = None
        self._second: pypdf_engine.PypdfDocument | None = None  # pypdf's view of the same file, when a page needed it
        self._second_failed = False
        self._has_torn: bool | None = None  # whether a stream of it does not unpack; None: nobody asked yet
        self._seen: dict[int, Page] = {}  # pages that the plan looked at already, by index
        self._pages_read = 0  # since it was opened

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        document = self._opened(source)
        pages = document.pages
        if pages > options.max_pages:
            raise LimitExceeded(
                f"The document claims {pages:,} pages; the limit is {options.max_pages:,} (INGESTION_MAX_PAGES)."
            )
        if pages < 1:
            raise SourceMalformed("The document has no pages.")
        found = ocr.recogniser(options)
        step = options.segment_pages
        if found is not None and pages > _SCANNED_STEP:
            step = min(step, self._step(document) or step)
        segments = tuple(
            SegmentSpec(number, first, min(first + step, pages + 1))
            for number, first in enumerate(range(1, pages + 1, step))
        )
        metadata = document.metadata()
        outline = tuple(entry for entry in document.outline() if 1 <= entry[1] <= pages)
        title = " ".join(metadata.get("Title", "").split())[:500] or None
        shape = found.shape if found is not None else ""
        if document.attached:
            from ingest_desktop.extraction.readers import (
                pdf_attachments,
            )  # few documents need all that reads files in files

            shape = pdf_attachments.shape(source, options)
        return ReaderPlan("page", pages, segments, "application/pdf", None, title, metadata, outline, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        document = self._opened(source)
        places = _Places(plan.outline, plan.title)
        notes.units_seen, notes.units_with_text = segment.stop - segment.start, 0
        scans = Scans(plan.shape, options, notes, notes.units_seen)
        is_last, recognises = segment == plan.segments[-1], ocr.languages_of(plan.shape) is not None
        holding: list[int] = []  # pages that files are attached to
        bare: list[int] = []
        for page in range(segment.start, segment.stop):
            found = self._page(source, document, page, notes)
            try:
                text = found.text
                if found.pictured.wanted:
                    text = _recognised(document, found, page, scans, notes, page - segment.start)
                has_text = bool(text) and not text.isspace()
                if has_text:
                    yield from places.blocks(page, text, found)
                else:
                    places.skip(page)
                if found.remarks:
                    yield Block("\n".join(found.remarks), page=page, last=True)
                if found.holds_files:
                    holding.append(page)
                if found.is_bare:
                    bare.append(page)
            finally:
                if found.placed is not None:
                    found.placed.close()
            notes.units_with_text += has_text or bool(found.remarks)
            tell = notes.recognising if found.pictured.wanted and recognises else notes.progress
            if tell is not None:
                tell(page - segment.start + 1, segment.stop - segment.start)
        if bare:
            notes.units_failed += ((page, _TORN) for page in self._torn(source, document, bare))
            notes.units_failed.sort()
        if is_last and pdf_streams.breaks_off(source):
            notes.units_failed.append((plan.units, _BROKEN_OFF))
        attached = document.attached
        if scans.unread and (notes.units_with_text or attached or _has_text_beside(document, segment)):
            notes.units_failed += ((page, NOT_RECOGNISED) for page in scans.unread)
        if holding or (is_last and attached):
            from ingest_desktop.extraction.readers import pdf_attachments

            yield from pdf_attachments.attached_blocks(
                source,
                options,
                notes,
                plan.title,
                named=document.attachments() if is_last and attached else (),
                of_document=plan.units if is_last and attached else None,
                pages=holding,
                share=notes.units_seen / plan.units,
            )
        self._pages_read += segment.stop - segment.start
        # On Windows nobody can move a file that is open. PDFium keeps what it saw of each page until it lets the document go.
        if is_last or self._pages_read >= _PAGES_KEPT:
            self._close()

    def _opened(self, source: SourceFile) -> PdfDocument:
        """The document, opened if it is not the one in hand."""
        key: object = (source.data, source.passwords)
        if source.data is None:
            status = os.stat(source.path)
            key = (source.path, source.passwords, status.st_size, status.st_mtime_ns, status.st_ino)
        if self._document is None or key != self._key:
            self._close()
            self._document = self._open(source)
            self._key = key
        return self._document

    def _open(self, source: SourceFile) -> PdfDocument:
        try:
            document: PdfDocument = pdfium_engine.PdfiumDocument(source)
        except SourceMalformed:
            if source.size > _SECOND_OPINION_BYTES:
                raise
            return pypdf_engine.PypdfDocument(source)
        if document.pages < 1 and source.size <= _SECOND_OPINION_BYTES:
            document.close()
            return pypdf_engine.PypdfDocument(source)
        return document

    def _close(self) -> None:
        for document in (self._document, self._second):
            if document is not None:
                document.close()
        self._key = self._document = self._second = None
        self._seen = {}
        self._second_failed = False
        self._has_torn = None
        self._pages_read = 0

    def _step(self, document: PdfDocument) -> int:
        """Pages of a segment, so that not much of what was recognised is lost; 0 when few or none are pictures.

        A look at some pages tells. They are kept for the reading.
        """
        looked_at = min(document.pages, _LOOKED_AT)
        pictures = 0
        for number in range(looked_at):
            index = number * (document.pages - 1) // (looked_at - 1)
            try:
                self._seen[index] = document.page(index)
            except IngestError:
                raise
            except Exception:  # noqa: BLE001  it is told when the page is read
                continue
            pictures += self._seen[index].pictured.wanted
        if 3 * pictures >= looked_at:
            return _SCANNED_STEP
        return _MIXED_STEP if pictures > self._seen.get(0, Page("")).pictured.wanted else 0  # a cover alone is common

    def _page(self, source: SourceFile, document: PdfDocument, page: int, notes: SegmentNotes) -> Page:
        """A page, from the second engine if the first refuses it; one that fails is noted."""
        seen = self._seen.pop(page - 1, None)
        if seen is not None:
            return seen
        try:
            return document.page(page - 1)
        except IngestError:
            raise
        except Exception as error:  # noqa: BLE001  the other pages are kept
            why = str(error) or type(error).__name__
        second = self._second_opinion(source, document)
        if second is not None and page <= second.pages:
            try:
                return second.page(page - 1)
            except IngestError:
                raise
            except Exception as error:  # noqa: BLE001
                why = f"{why}; pypdf: {type(error).__name__}"
        notes.units_failed.append((page, "The page is damaged: neither reader could make sense of it."))
        notes.warnings.append(f"Page {page}: {why[:300]}")
        return Page("")

    def _torn(self, source: SourceFile, document: PdfDocument, bare: list[int]) -> list[int]:
        """Which of these pages, that seem to be bare, are damaged: PDFium makes no difference."""
        if document.pages > _BARE_PAGES or source.size > _STREAMS_BYTES:
            return []
        if self._has_torn is None:
            with source.open() as stream:
                self._has_torn = pdf_streams.has_torn(source.data or stream.read())
        second = self._second_opinion(source, document) if self._has_torn else None
        if second is None:
            return []
        asked = bare[:: -(-len(bare) // _BARE_ASKED)]
        torn = [page for page in asked if second.is_damaged(page - 1)]
        if torn and len(asked) < len(bare):  # then the others are worth the time
            torn = [page for page in bare if second.is_damaged(page - 1)]
        return torn

    def _second_opinion(self, source: SourceFile, document: PdfDocument) -> pypdf_engine.PypdfDocument | None:
        if self._second is None and not self._second_failed and isinstance(document, pdfium_engine.PdfiumDocument):
            try:
                if source.size <= _SECOND_OPINION_BYTES:
                    self._second = pypdf_engine.PypdfDocument(source)
            except SourceError:
                pass
            self._second_failed = self._second is None
        return self._second


def _has_text_beside(document: PdfDocument, segment: SegmentSpec) -> bool:
    """Whether a document has text before or behind a stretch of pictures; a look at some pages tells."""
    looked_at = min(document.pages, _LOOKED_AT)
    for index in {number * (document.pages - 1) // max(1, looked_at - 1) for number in range(looked_at)}:
        if segment.start <= index + 1 < segment.stop:
            continue
        try:
            page = document.page(index)
        except IngestError:
            raise
        except Exception:  # noqa: BLE001  it is told when the page is read
            continue
        if page.placed is not None:
            page.placed.close()
        if page.text.strip():
            return True
    return False


def _recognised(document: PdfDocument, found: Page, page: int, scans: Scans, notes: SegmentNotes, done: int) -> str:
    """The text of a page that is a picture: the recognised one, unless its own says more."""

    def picture() -> tuple[bytes, int | None]:
        try:
            return document.picture(page - 1)
        except PageRefused as error:
            raise NotRecognised(f"The page cannot be drawn: {error}.") from error

    read = scans.text(page, picture, pixels=found.pictured.largest, done=done)
    own = "" if is_odd(found.text) else found.text
    if signs(read) <= signs(own):
        return found.text
    notes.units_by_ocr += 1
    return read if own.isspace() or "".join(own.split()) in "".join(read.split()) else f"{own.strip()}\n{read}"


class _Places:
    """The heading path on every page, by the outline. Asked page by page, in order."""

    def __init__(self, outline: Outline, title: str | None) -> None:
        self._outline, self._next = outline, 0
        self._base = (title,) if title else ()
        self._stack: list[tuple[int, str]] = []

    def skip(self, page: int) -> None:
        """Take what begins on this page or before."""
        while self._next < len(self._outline) and self._outline[self._next][1] <= page:
            self._push()

    def blocks(self, page: int, text: str, found: Page) -> Iterator[Block]:
        """The text of a page, its own or what was recognised, cut where its headings are found on it."""
        self.skip(page - 1)
        placed = found.placed if text is found.text else None
        start = 0
        while self._next < len(self._outline) and self._outline[self._next][1] <= page:
            begin = _line_with(text, self._outline[self._next][2], start)
            if begin > start:
                if not text[start:begin].isspace():
                    box = partial(placed.box, start) if placed is not None else None
                    yield Block(text[start:begin], page=page, path=self._path(), box=box)
                start = begin
            self._push()
        box = partial(placed.box, start) if placed is not None else None
        yield Block(text[start:], page=page, path=self._path(), box=box, last=not found.remarks)

    def _push(self) -> None:
        level, _, title = self._outline[self._next]
        self._next += 1
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()
        self._stack.append((level, title))

    def _path(self) -> tuple[str, ...]:
        return self._base + tuple([title for _, title in self._stack])


def _line_with(text: str, title: str, start: int) -> int:
    """Where the line begins that holds a heading, at ``start`` or later; ``start`` when it is not found."""
    found = text.find(title, start)
    if found < 0:
        return start
    line = text.rfind("\n", start, found) + 1
    return line if line and found - line < 16 else start  # no more than a number may stand before it
