"""The compressed RTF of Outlook messages (LZFu), unpacked."""

import struct
from typing import Final

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed

_START: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW: Final = 4096


def decompress(data: bytes, most: int) -> bytes:
    """The RTF; what there is of one that ends too early.

    Args:
        data: The property as it stands, with its header.
        most: Bytes that it may unpack to.

    Raises:
        SourceMalformed: It is not compressed RTF.
        LimitExceeded: It says that it unpacks to more than ``most``.
    """
    if len(data) < 16:
        raise SourceMalformed("The formatted text is damaged.")
    _, size, method, _ = struct.unpack_from("<II4sI", data)
    if size > most:
        raise LimitExceeded(f"The formatted text unpacks to {size:,} bytes (INGESTION_MAX_EXPANDED_BYTES).")
    if method == b"MELA":
        return data[16 : 16 + size]
    if method != b"LZFu":
        raise SourceMalformed("The formatted text is damaged.")
    window = bytearray(_START.ljust(_WINDOW, b"\0"))
    write = len(_START)
    found = bytearray()
    place, end = 16, len(data)
    while place < end and len(found) < size:
        control = data[place]
        place += 1
        for bit in range(8):
            if not control >> bit & 1:
                if place >= end:
                    return bytes(found[:size])
                sign = data[place]
                place += 1
                found.append(sign)
                window[write] = sign
                write = (write + 1) % _WINDOW
                continue
            if place + 1 >= end:
                return bytes(found[:size])
            reference = data[place] << 8 | data[place + 1]
            place += 2
            offset, length = reference >> 4, (reference & 15) + 2
            if offset == write:
                return bytes(found[:size])
            for _ in range(length):
                sign = window[offset]
                found.append(sign)
                window[write] = sign
                write = (write + 1) % _WINDOW
                offset = (offset + 1) % _WINDOW
    return bytes(found[:size])
