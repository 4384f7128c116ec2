"""Documents that were put into workbooks of before 2007, as files of their own."""

import struct
from typing import Final

from ingest_desktop.domain.errors import SourceMalformed
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
