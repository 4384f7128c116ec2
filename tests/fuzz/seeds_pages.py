"""Seeds of pages and pictures."""

import base64
import struct
import zlib
from collections.abc import Sequence

from tests.extraction.picture_maker import J2K, JP2, WEBP, bmp, gif

_PHOTO = base64.b64decode(  # 16 dots each way, black in one corner; made by Qt
    "/9j/4AAQSkZJRgABAQEAZABkAAD/2wBDAKBueIx4ZKCMgoy0qqC+8P//8Nzc8P//////////////////////////////////////////////////////////wAAL"
    "CAAQABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0Kx"
    "wRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKz"
    "tLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AIauUUV//9k="
)
_GREYS = b"".join(bytes((level, level, level, 0)) for level in (0, 100, 200, 255))


def _pdf() -> bytes:
    content = b"BT /F1 12 Tf 72 720 Td (Low water) Tj 0 -14 Td <48692e> Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R/AcroForm<</Fields[8 0 R]>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[8 0 R]>>",
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>",
        b"<</Title(Tides)/Parent 6 0 R/Dest[3 0 R/Fit]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ana)/Rect[9 9 99 29]/P 3 0 R>>",
        b"<</Title(Tide table)/CreationDate(D:20240512091400Z)>>",
    ]
    return _document(parts, "/Info 9 0 R")


def _pdf_signed() -> bytes:
    """A page with a signature and a button: their text is only in how they look."""
    content, look = b"BT /F1 12 Tf 72 720 Td (Low water) Tj ET", b"BT /F1 9 Tf 2 5 Td (Signed by Ana) Tj ET"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 200 30]/Resources<</Font<</F1 5 0 R>>>>"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R 7 0 R]/SigFlags 3>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[6 0 R 7 0 R]>>",
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(seal)/Rect[50 50 250 80]/F 132/P 3 0 R/AP<</N 8 0 R>>>>",
        b"<</Type/Annot/Subtype/Widget/FT/Btn/Ff 65536/T(send)/Rect[50 400 250 430]/P 3 0 R/AP<</N 8 0 R>>>>",
        b"<<" + form + b"/Length %d>>stream\n" % len(look) + look + b"\nendstream",
    ]
    return _document(parts)


def _document(parts: Sequence[bytes], more: str = "") -> bytes:
    """A PDF document of these objects, numbered from 1; the first is the catalogue."""
    made, places = b"%PDF-1.5\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\n" % (len(parts) + 1, more.encode())
    end += b"startxref\n%d\n%%%%EOF\n" % len(made)
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + end


def _png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + (b"\xff" * 16 if row % 4 else b"\x00" * 16) for row in range(16))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0))
    body = chunk(b"tEXt", b"Title\0a picture") + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def _tiff() -> bytes:
    entries = (
        (256, 3, 1, 16),
        (257, 3, 1, 16),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (279, 4, 1, 256),
    )

    def frame(following: int) -> bytes:
        rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)

    first = 8 + 256
    return b"II*\0" + struct.pack("<I", first) + b"\xff" * 256 + frame(first + len(frame(0))) + frame(0)


def _webp() -> bytes:
    body = b"VP8L" + struct.pack("<I", 10) + b"\x2f\x0f\xc0\x03\x00\x00\x00\x00\x00\x00"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _stream(body: bytes, more: bytes = b"", *, packed: bool = True) -> bytes:
    body = zlib.compress(body) if packed else body
    more += b"/Filter/FlateDecode" if packed else b""
    return b"<<%s/Length %d>>stream\n" % (more, len(body)) + body + b"\nendstream"


def _pdf_with_files() -> bytes:
    """Files attached to the document, by a tree of names of two levels, and to a place on its page; one of them is damaged."""
    spec = b"<</Type/Filespec/F(%s)/UF(%s)/EF<</F %d 0 R>>>>"
    return _document(
        [
            b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Kids[6 0 R]>>>>/AF[11 0 R]>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[12 0 R]>>",
            _stream(b"BT /F1 12 Tf 72 720 Td (Low water, with files attached to it) Tj ET"),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</Limits[(a)(z)]/Names[(a)10 0 R(z)11 0 R]>>",
            _stream(
                b"<?xml version='1.0'?><Invoice><Total>12</Total></Invoice>", b"/Type/EmbeddedFile/Subtype/text#2Fxml"
            ),
            _stream(b"a,b\n1,2\n", b"/Type/EmbeddedFile/Params<</Size 8>>"),
            _stream(b"no stream of zlib at all", b"/Filter/FlateDecode", packed=False),
            spec % (b"invoice.xml", b"invoice.xml", 7),
            spec % (b"rows.csv", b"\xfe\xff\0r\0o\0w\0s\0.\0c\0s\0v", 8),
            b"<</Type/Annot/Subtype/FileAttachment/Rect[9 9 20 20]/Contents(see it)/FS<</F(gone.txt)/EF<</F 9 0 R>>>>>>",
        ]
    )


def _pdf_hurt() -> bytes:
    """A page of text, a scan, and a page whose content does not unpack."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 9 0 R>>/XObject<</I 10 0 R>>>>>>"
    picture = b"/Type/XObject/Subtype/Image/Width 16/Height 16/BitsPerComponent 8/ColorSpace/DeviceGray"
    return _document(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 3/Kids[3 0 R 4 0 R 5 0 R]>>",
            *(page % number for number in (6, 7, 8)),
            _stream(b"BT /F1 12 Tf 72 720 Td (Low water at six, high water at noon) Tj ET"),
            _stream(b"q 600 0 0 780 6 6 cm /I Do Q"),
            _stream(
                zlib.compress(b"BT /F1 12 Tf 72 720 Td (lost) Tj ET" * 40)[:30], b"/Filter/FlateDecode", packed=False
            ),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            _stream(b"\xff\0" * 128, picture),
        ]
    )


def turned_photo() -> bytes:
    """A photo whose EXIF says that it lies on its side."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
    return _PHOTO[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + _PHOTO[2:]


def made() -> dict[str, bytes]:
    """Each by its name."""
    masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    sixteen = [struct.pack("<3H", 0xFFFF, 0, 0), struct.pack("<3H", 0, 0, 0xFFFF)]
    return {
        "tiny.pdf": _pdf(),
        "shown.pdf": _pdf_signed(),
        "files.pdf": _pdf_with_files(),
        "hurt.pdf": _pdf_hurt(),
        "tiny.png": _png(),
        "tiny.tiff": _tiff(),
        "tiny.webp": _webp(),
        "turned.jpg": turned_photo(),
        "moves.webp": WEBP,
        "moves.gif": gif(2),
        "bare.gif": gif(1, table=False),
        "greys.bmp": bmp(8, [b"\2\1\0", b"\0\1\2"], palette=_GREYS),
        "runs.bmp": bmp(8, [b"\1\2\0\0", b"\0\3\0\1\2\0", b"\0\1"], packing=1, palette=_GREYS, height=2),
        "halves.bmp": bmp(4, [b"\3\x21\0\0", b"\0\3\x01\x20\0\1"], packing=2, palette=_GREYS, height=2),
        "masks.bmp": bmp(16, sixteen, packing=3, masks=masks),
        "old.bmp": bmp(1, [b"\x40", b"\xa0"], size=12, palette=b"\0\0\0\xff\xff\xff"),
        "tiny.jp2": JP2,
        "tiny.j2k": J2K,
        "tiny.ppm": b"P6\n# made by hand\n5 3\n255\n" + bytes(range(45)),
        "tiny.pgm": b"P5 5 3 65535\n" + bytes(30),
        "tiny.pbm": b"P4 5\n3\n\x50\xa8\x50",
    }
