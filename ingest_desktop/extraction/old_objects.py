"""Documents that were put into workbooks and presentations of before 2007, as files of their own."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.ole import stream_names
from ingest_desktop.extraction.ole_copy import storage_file

BROKEN: Final = (  # what olefile raises over a damaged file
    OSError,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    struct.error,
)
_SLIDES: Final = "PowerPoint Document"
_STORED: Final = 0x1011  # the kind of a record that holds an object
_NATIVE: Final = "\x01Ole10Native"
_FILE: Final = b"\2\0"  # behind its length: a file with a label and a path
_OBJECT: Final = "MBD"  # so begin the storages of a workbook that hold objects
_NAMED: Final = {kinds.DOC: "doc", kinds.XLS: "xls", kinds.PPT: "ppt"}


class BookObjects:
    """The objects of an XLS workbook. Each is read anew when it is asked for.

    Args:
        source: The workbook, without its password.
    """

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self.names = sorted(name for name in stream_names(source) if name.upper().startswith(_OBJECT))

    def read(self, name: str) -> tuple[str, bytes]:
        """An object: a name for it, and the OLE file that it is.

        Raises:
            SourceMalformed: It is damaged.
        """
        import olefile

        try:
            with self._source.open() as stream, olefile.OleFileIO(stream) as ole:
                data = storage_file(ole, (name,), self._source.size)
        except BROKEN as error:
            raise SourceMalformed("It is damaged.") from error
        ending = _NAMED.get(detect.kind_of(SourceFile(name, len(data), data[: 64 * 1024], data, inner=True)))
        return f"{name}.{ending}" if ending else name, data


class SlideObjects:
    """The files that were put into a PPT presentation as they are. LibreOffice, which gives all else of it, drops them.

    Args:
        source: The presentation; one that is locked tells nothing.
        most_bytes: All objects together may unpack to.

    Raises:
        LimitExceeded: They unpack to more.
    """

    def __init__(self, source: SourceFile, most_bytes: int) -> None:
        import olefile

        self._left = most_bytes
        self._stream = b""
        self._found: dict[str, tuple[int, int, bool]] = {}
        try:
            with source.open() as stream, olefile.OleFileIO(stream) as ole:
                self._stream = ole.openstream(_SLIDES).read()
        except BROKEN:
            return  # LibreOffice says what is wrong with it
        for place in _stored(self._stream):
            if _holds_a_file(self._unpacked(place)):
                self._found[f"object{len(self._found) + 1}"] = place
        self._left = most_bytes

    @property
    def names(self) -> list[str]:
        """A name for each."""
        return list(self._found)

    def read(self, name: str) -> tuple[str, bytes]:
        """An object: its name, and the OLE file that it is.

        Raises:
            LimitExceeded: As above.
        """
        return name, self._unpacked(self._found[name])

    def _unpacked(self, place: tuple[int, int, bool]) -> bytes:
        start, stop, packed = place
        data = self._stream[start:stop]
        if packed:
            try:
                data = zlib.decompressobj().decompress(data[4:], self._left + 1)  # behind its length
            except zlib.error:
                return b""
        self._left -= len(data)
        if self._left < 0:
            raise LimitExceeded("The objects on its slides unpack to too much (INGESTION_MAX_EXPANDED_BYTES).")
        return data


def _stored(stream: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where the objects of a presentation lie, and whether they are packed."""
    at, end = 0, len(stream) - 8
    while at <= end:
        version, kind, length = struct.unpack_from("<HHI", stream, at)
        if kind == _STORED:
            yield at + 8, min(at + 8 + length, len(stream)), version >> 4 == 1
        at += 8 + length


def _holds_a_file(data: bytes) -> bool:
    """Whether an object is a file with its name, as people drop it on a slide."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            if not ole.exists(_NATIVE):
                return False
            with ole.openstream(_NATIVE) as stream:
                return bytes(stream.read(6)[4:]) == _FILE
    except BROKEN:
        return False
