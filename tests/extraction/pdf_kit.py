"""What the tests of PDF pages share: pages of documents in memory, and where their words stand."""

from collections.abc import Iterable

from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction.readers.pdf_pages import Page
from ingest_desktop.extraction.readers.pdfium_engine import PdfiumDocument

from .recognition_kit import pdf


def made_by(producer: str, drawing: str, more: str = "") -> bytes:
    """A document of one page, as a program of this name says that it made it."""
    info = f"998 0 obj\n<< /Producer ({producer}) >>\nendobj\n"
    return pdf((drawing, ""), more=more + info).replace(b"/Root 1 0 R", b"/Root 1 0 R /Info 998 0 R")


def first_page(data: bytes) -> Page:
    return PdfiumDocument(SourceFile("a.pdf", len(data), data[:65536], data, inner=True)).page(0)


def assert_same_places(mended: Page, plain: Page, words: Iterable[str]) -> None:
    """Words stand in the same place on the page, wherever they stand in its text."""
    for word in words:
        boxes = []
        for one in (mended, plain):
            start = one.text.index(word)
            assert one.placed is not None
            boxes.append(one.placed.box(0, start, start + len(word)))
        assert boxes[0] is not None
        assert boxes[0] == boxes[1], word
