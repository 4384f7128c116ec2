"""A photo as it is to be looked at: turned, and mirrored, as its camera noted it."""

import io
from typing import Any, Final

from ingest_desktop.extraction.readers.pdf_pages import PageRefused
from ingest_desktop.extraction.readers.pdfium_pictures import drawn

_POINTS: Final = 72 / 300  # to a dot: the page is drawn with 300 dots to the inch, so each dot stays one
_MATRICES: Final = {  # of a picture w across and h down, as it is stored; by the number of EXIF
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}


def upright(data: bytes, orientation: int) -> bytes | None:
    """A JPEG file as a PGM that stands upright; None when it cannot be made, or nothing is to be turned.

    Args:
        data: The whole file.
        orientation: As EXIF counts, from 1 (upright) to 8.
    """
    matrix = _MATRICES.get(orientation)
    if matrix is None or not data.startswith(b"\xff\xd8"):
        return None
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    try:
        picture: Any = pypdfium2.PdfImage.new(document)
        picture.load_jpeg(io.BytesIO(data), inline=True)
        across, down = (side * _POINTS for side in picture.get_px_size())
        if not across or not down:  # its head is damaged: PDFium would end this process when it draws it
            return None
        if orientation >= 5:
            across, down = down, across
        page = document.new_page(across, down)
        a, b, c, d, e, f = matrix
        picture.set_matrix(pypdfium2.PdfMatrix(a * across, b * down, c * across, d * down, e * across, f * down))
        page.insert_obj(picture)
        page.gen_content()
        return drawn(page.raw)[0]
    except (pypdfium2.PdfiumError, PageRefused):
        return None
    finally:
        document.close()
