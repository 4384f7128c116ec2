"""Whether the streams of a PDF unpack, and whether it is there up to its end: quick looks, without a parser.

PDFium shows a page whose content cannot be unpacked as a blank one. Blank pages are common, and to ask a second engine
about every document with one of them takes half as long again as all reading; so it is asked where this finds something.
"""

import re
import zlib
from typing import Final

from ingest_desktop.domain.interfaces.extraction import SourceFile

_STREAM: Final = re.compile(rb">>[ \t\r\n\0\f]{0,8}stream(?:\r\n|\n|\r)")
_FILTERS: Final = re.compile(rb"/Filter[ \t\r\n]{0,8}(\[[^\]]{0,200}\]|/[^\s/<>\[\]()]{1,40})")
_NAME: Final = re.compile(rb"/([^\s/<>\[\]()]{1,40})")
_KNOWN: Final = frozenset(
    b"FlateDecode LZWDecode ASCII85Decode ASCIIHexDecode RunLengthDecode CCITTFaxDecode JBIG2Decode DCTDecode JPXDecode "
    b"Crypt Fl LZW A85 AHx RL CCF DCT".split()
)
_FLATE: Final = (b"FlateDecode", b"Fl")
_HEAD_BYTES, _LOOKED_AT_BYTES, _UNPACKED_BYTES = 1000, 2048, 256
_ENDS: Final = (b"%%EOF", b"startxref", b"trailer")  # what stands at the end of every document
_END_BYTES, _FAR_BYTES = 2048, 4 * 1024 * 1024


def breaks_off(source: SourceFile) -> bool:
    """Whether the end of a document is missing: objects, and no mark of an end behind them.

    PDFium opens such a file by what it finds of it, and says nothing of it.
    """
    end = _last_bytes(source, _END_BYTES)
    if any(mark in end for mark in _ENDS):
        return False
    end = _last_bytes(source, _FAR_BYTES)  # what others wrote behind it is no part of it
    return b" obj" in end[max(end.rfind(mark) for mark in _ENDS) + 1 :]


def _last_bytes(source: SourceFile, count: int) -> bytes:
    if source.data is not None:
        return source.data[-count:]
    with source.open() as stream:
        stream.seek(max(source.size - count, 0))
        return stream.read()


def has_torn(data: bytes) -> bool:
    """Whether there is a stream that does not unpack, or that is packed in a way which nobody knows.

    Streams of an encrypted document look like that, too.

    Args:
        data: The whole file.
    """
    return any(_is_torn(data, found.start(), found.end()) for found in _STREAM.finditer(data))


def _is_torn(data: bytes, stop: int, begin: int) -> bool:
    head = data[max(0, stop - _HEAD_BYTES) : stop]
    told = _FILTERS.search(head, head.rfind(b"obj") + 1)
    names = _NAME.findall(told[1]) if told is not None else []
    if not _KNOWN.issuperset(names):
        return True
    packed = data[begin : begin + _LOOKED_AT_BYTES]
    if not names or names[0] not in _FLATE or packed.lstrip()[:9] == b"endstream":
        return False
    try:
        zlib.decompressobj().decompress(packed, _UNPACKED_BYTES)
    except zlib.error as error:
        return "incorrect data check" not in str(
            error
        )  # a false sum at the end of what is whole is common, and no harm
    return False
