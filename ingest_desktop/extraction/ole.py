"""Just enough of the OLE compound file format to list the names in its directory."""

import struct

from ingest_desktop.domain.interfaces.extraction import SourceFile

_END = 0xFFFFFFFA  # from here on sector numbers have a special meaning
_MAX_SECTORS = 256


def stream_names(source: SourceFile) -> set[str]:
    """Names of streams and storages, up to a bound; empty when the file is damaged."""
    try:
        with source.open() as stream:
            header = stream.read(512)
            shift = struct.unpack_from("<H", header, 30)[0]
            if shift not in (9, 12):
                return set()
            size = 1 << shift
            allocation = struct.unpack_from("<109I", header, 76)
            sector = struct.unpack_from("<I", header, 48)[0]
            names: set[str] = set()
            for _ in range(_MAX_SECTORS):
                if sector >= _END:
                    break
                stream.seek((sector + 1) << shift)
                names |= _names(stream.read(size))
                table, entry = divmod(sector, size // 4)
                if table >= 109 or allocation[table] >= _END:
                    break
                stream.seek(((allocation[table] + 1) << shift) + 4 * entry)
                sector = struct.unpack("<I", stream.read(4))[0]
            return names
    except (struct.error, OSError):
        return set()


def _names(sector: bytes) -> set[str]:
    """The names of the directory entries in one sector."""
    names = set()
    for offset in range(0, len(sector) - 127, 128):
        length = struct.unpack_from("<H", sector, offset + 64)[0]
        if 2 <= length <= 64:
            names.add(sector[offset : offset + length - 2].decode("utf-16-le", "replace"))
    return names
