"""What holds no text and is left out of a drop: sound, film, fonts, programs, images of disks, databases, other binaries.

A thousand songs beside a hundred letters are one line in what is told of a drop, and not a thousand jobs that failed.
A small file whose name promises a document is believed, and not opened: to open thousands is felt, and one that lies is
left out when it is read. Of all others, those that name what is left out among them, the first bytes are looked at: one
opening and one read, in the thread that searches the folders.
"""

import os
from typing import Final

from ingest_desktop.domain.marks import HEAD_BYTES
from ingest_desktop.domain.media import DOCUMENTS, ending_of, named_as, reason_of_head

_BELIEVED_BYTES: Final = 256 * 1024  # beside reading a file that is larger, one look costs nothing

_OPEN_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
)
_ELSEWHERE_ATTRIBUTES: Final = 0x1000 | 0x40000 | 0x400000  # Windows: offline; fetched when opened; fetched when read
_ELSEWHERE_FLAGS: Final = 0x40000000  # macOS: its content is not on this disk


def reason_of(path: str, found: os.stat_result) -> str | None:
    """Why a file is left out, by its first bytes unless it is small and named as a document; None when it is not.

    Blocks for one read of the file. Never fails: what cannot be opened is judged by its name.

    Args:
        path: Of a regular file.
        found: What the system says of it. One whose content is elsewhere (in a cloud) is not fetched for this.
    """
    if found.st_size < _BELIEVED_BYTES and ending_of(path) in DOCUMENTS:
        return None
    if not found.st_size or _is_elsewhere(found):
        return named_as(path)
    try:
        return reason_of_head(path, _head(path))
    except (OSError, ValueError):
        return named_as(path)


def _head(path: str) -> bytes:
    """The first bytes, in one opening and one read."""
    handle = os.open(path, _OPEN_FLAGS)
    try:
        return os.read(handle, HEAD_BYTES)
    finally:
        os.close(handle)


def _is_elsewhere(found: os.stat_result) -> bool:
    """Whether reading it would fetch it from a service first."""
    attributes = getattr(found, "st_file_attributes", 0) & _ELSEWHERE_ATTRIBUTES
    return bool(attributes or getattr(found, "st_flags", 0) & _ELSEWHERE_FLAGS)
