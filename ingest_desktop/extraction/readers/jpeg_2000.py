"""JPEG 2000 pictures drawn by PDFium, which unpacks more of them than tesseract does."""

from ingest_desktop.extraction.readers.pdf_pages import PageRefused
from ingest_desktop.extraction.readers.pdfium_pictures import drawn

_POINTS = 72 / 300  # to a dot: the page is drawn with 300 dots to the inch, so each dot stays one


def as_pgm(data: bytes, across: int, down: int) -> bytes | None:
    """The picture of so many dots in shades of grey; None when PDFium cannot read it."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(_page_of(data, across, down))
    except pypdfium2.PdfiumError:
        return None
    try:
        page = document[0]
        if not any(True for _ in page.get_objects()):
            return None
        return drawn(page.raw)[0]
    except (pypdfium2.PdfiumError, PageRefused):
        return None
    finally:
        document.close()


def _page_of(data: bytes, across: int, down: int) -> bytes:
    """A PDF document of one page, which the picture fills."""
    width, height = across * _POINTS, down * _POINTS
    draw = b"%.3f 0 0 %.3f 0 0 cm /P Do" % (width, height)
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.3f %.3f]/Resources<</XObject<</P 4 0 R>>>>/Contents 5 0 R>>"
        % (width, height),
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/Filter/JPXDecode/Length %d>>stream\n%s\nendstream"
        % (across, down, len(data), data),
        b"<</Length %d>>stream\n%s\nendstream" % (len(draw), draw),
    )
    written, places = b"%PDF-1.5\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(written))
    return written + head + table + end
