"""Archives through the system's libarchive (BSD licence): 7-Zip and RAR, forwards only, nothing is unpacked to disk.

The library comes with macOS and Windows and with nearly every Linux desktop. It is loaded from where the system keeps
it, never from the current folder, and only when such an archive comes. It runs in a reading process, as all parsers do.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import rar_heads
from ingest_desktop.extraction.allowance import unpacked
from ingest_desktop.extraction.unpacking import PIECE_BYTES

_OK, _END, _WARN = 0, 1, -20
_FILE_KIND, _LINK_KIND = 0o100000, 0o120000
_FORMATS: Final = ("7zip", "rar", "rar5")
_FREE_BYTES: Final = 16 * 1024 * 1024  # what unpacks to less is never called a bomb
_LINUX: Final = ("libarchive.so.13",)
_MAC: Final = (
    "/usr/lib/libarchive.2.dylib",
    "/opt/homebrew/opt/libarchive/lib/libarchive.13.dylib",
    "/usr/local/opt/libarchive/lib/libarchive.13.dylib",
)
_SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "archive_read_new": (ctypes.c_void_p, ()),
    "archive_read_open_memory": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    "archive_read_open_filename": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    "archive_read_open_filename_w": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_size_t)),
    "archive_read_next_header": (ctypes.c_int, (ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))),
    "archive_read_data": (ctypes.c_ssize_t, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)),
    "archive_read_has_encrypted_entries": (ctypes.c_int, (ctypes.c_void_p,)),
    "archive_read_free": (ctypes.c_int, (ctypes.c_void_p,)),
    "archive_entry_pathname_w": (ctypes.c_wchar_p, (ctypes.c_void_p,)),
    "archive_entry_pathname": (ctypes.c_char_p, (ctypes.c_void_p,)),
    "archive_entry_size": (ctypes.c_int64, (ctypes.c_void_p,)),
    "archive_entry_size_is_set": (ctypes.c_int, (ctypes.c_void_p,)),
    "archive_entry_filetype": (ctypes.c_uint, (ctypes.c_void_p,)),
    "archive_entry_is_data_encrypted": (ctypes.c_int, (ctypes.c_void_p,)),
    **{f"archive_read_support_format_{name}": (ctypes.c_int, (ctypes.c_void_p,)) for name in _FORMATS},
}
DAMAGED: Final = "It is damaged: only what stands before the damage could be unpacked."
ENDS: Final = "The archive is damaged or incomplete: members that stand after the damage are missing."


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the archive tells of it. ``size`` is 0 when it does not say."""

    name: str
    size: int
    is_file: bool
    is_link: bool
    encrypted: bool


class Sealed(UnsupportedFormat):
    """It is encrypted, and no password can change that here: nobody is to be asked for one."""

    def __init__(self) -> None:
        super().__init__("It is encrypted, and such archives cannot be opened here: unpack it and add the files.")


class Walk:
    """One way through an archive. Between two entries the caller may ``read`` the one in hand."""

    def __init__(self, library: Any, archive: Any, size: int, options: ExtractOptions, why: str = DAMAGED) -> None:
        """``why``: what to say of an entry that cannot be read to its end."""
        self._why = why
        self._library, self._archive, self._size, self._options = library, archive, size, options
        self._buffer = ctypes.create_string_buffer(PIECE_BYTES)
        self._given = 0
        self.trouble: str | None = None  # of the entry in hand, once it was read
        self.broken = False  # the archive could not be followed to its end
        self.sealed = False  # its directory is encrypted

    def entries(self) -> Iterator[Entry]:
        """The entries in their order, up to the end or to where nothing more can be made of it.

        Raises:
            LimitExceeded: There are more than there may be.
        """
        entry, count = ctypes.c_void_p(), 0
        while True:
            result = self._library.archive_read_next_header(self._archive, ctypes.byref(entry))
            if result == _END:
                return
            if result < _WARN:
                self.sealed = not count and self._library.archive_read_has_encrypted_entries(self._archive) == 1
                self.broken = True
                return
            count += 1
            if count > self._options.max_members:
                raise LimitExceeded(f"It holds more than {self._options.max_members:,} files (INGESTION_MAX_MEMBERS).")
            self.trouble = None
            yield self._told(entry)

    def read(self, count: int) -> bytes:
        """So many bytes of the entry in hand, fewer only at its end.

        Raises:
            LimitExceeded: Too much in all, or the archive grows by more than it may.
        """
        parts: list[bytes] = []
        while count > 0:
            got = self._library.archive_read_data(self._archive, self._buffer, min(count, PIECE_BYTES))
            if got <= 0:
                self.trouble = self._why if got < 0 else None
                break
            unpacked(got, self._options)
            self._given += got
            if self._given > max(_FREE_BYTES, self._size * self._options.max_ratio):
                raise LimitExceeded(
                    f"It grows by more than {self._options.max_ratio:,} times when it is unpacked (INGESTION_MAX_RATIO)."
                )
            parts.append(self._buffer.raw[:got])
            count -= got
        return b"".join(parts)

    def _told(self, entry: Any) -> Entry:
        library = self._library
        name = library.archive_entry_pathname_w(entry)
        if name is None:  # in no encoding of this system
            name = (library.archive_entry_pathname(entry) or b"").decode("utf-8", "replace")
        kind = library.archive_entry_filetype(entry) & 0o170000
        size = library.archive_entry_size(entry) if library.archive_entry_size_is_set(entry) else 0
        return Entry(
            name.encode("utf-8", "replace").decode("utf-8"),
            max(0, size),
            kind == _FILE_KIND,
            kind == _LINK_KIND,
            bool(library.archive_entry_is_data_encrypted(entry)),
        )


@contextmanager
def opened(source: SourceFile, options: ExtractOptions) -> Iterator[Walk]:
    """An archive, open.

    Raises:
        UnsupportedFormat: The library is not there; the message says how to get it.
        SourceMalformed: The file is damaged at its beginning.
    """
    library = _library()
    if library is None:
        raise UnsupportedFormat(f"7-Zip and RAR archives are read with the library libarchive, {_how_to_get()}.")
    archive = ctypes.c_void_p(library.archive_read_new())
    if not archive:
        raise MemoryError
    try:
        for name in _FORMATS:
            getattr(library, f"archive_read_support_format_{name}")(archive)
        if _open(library, archive, source) < _WARN:
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        yield Walk(library, archive, source.size, options, rar_heads.told(source.head).why or DAMAGED)
    finally:
        library.archive_read_free(archive)


def is_there() -> bool:
    """Whether this system has the library."""
    return _library() is not None


def _open(library: Any, archive: Any, source: SourceFile) -> int:
    if source.data is not None:
        found: int = library.archive_read_open_memory(archive, source.data, len(source.data))
    elif sys.platform == "win32":
        found = library.archive_read_open_filename_w(archive, source.path, 65536)
    else:
        found = library.archive_read_open_filename(archive, os.fsencode(source.path), 65536)
    return found


@cache
def _library() -> Any:
    """The library with the signatures of what is called, or None."""
    for name in _places():
        try:
            library = ctypes.CDLL(name)
            for function, (result, arguments) in _SIGNATURES.items():
                found = getattr(library, function)
                found.restype, found.argtypes = result, arguments
        except (OSError, AttributeError):
            continue
        return library
    return None


def _places() -> tuple[str, ...]:
    if sys.platform == "win32":
        return (os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "archiveint.dll"),)
    return _MAC if sys.platform == "darwin" else _LINUX


def _how_to_get() -> str:
    match sys.platform:
        case "win32":
            return "which is a part of Windows 10 and later"
        case "darwin":
            return "which is a part of macOS"
        case _:
            return "which is not installed; the package is called libarchive13, libarchive13t64 or libarchive"
