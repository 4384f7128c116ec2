"""Pages that Safari saved (``.webarchive``): a property list that holds the page and the frames in it."""

import plistlib
import struct
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block
from ingest_desktop.extraction import mime
from ingest_desktop.extraction.readers.html import as_utf8, page_blocks

MARK: Final = b"bplist00"
_TRAILER: Final = struct.Struct(">6xBBQQQ")
_PAGES: Final = ("text/html", "application/xhtml+xml")
_LITTLE: Final = 300  # characters: a page with less is perhaps only a set of frames
_MOST_FRAMES: Final = 100
_DAMAGED: Final = "The saved page is damaged or incomplete."


def archived_page(data: bytes) -> tuple[str | None, list[Block], str]:
    """The title and the blocks of the page, with those of its frames when it has hardly a text of its own; its address.

    Raises:
        SourceMalformed: It is damaged, or there is no page in it.
    """
    archive = _opened(data)
    title, blocks, address = _page(archive.get("WebMainResource"))
    frames = archive.get("WebSubframeArchives")
    if sum(len(block.text) for block in blocks) < _LITTLE and isinstance(frames, list):
        for frame in frames[:_MOST_FRAMES]:
            if isinstance(frame, dict) and _is_page(frame.get("WebMainResource")):
                blocks += _page(frame["WebMainResource"])[1]
    return title, blocks, address


def _opened(data: bytes) -> dict[str, Any]:
    try:
        if _TRAILER.unpack(data[-_TRAILER.size :])[2] > len(data):  # more objects than bytes
            raise SourceMalformed(_DAMAGED)
        archive = plistlib.loads(data, fmt=plistlib.FMT_BINARY)
    except (plistlib.InvalidFileException, struct.error, ValueError, TypeError, RecursionError, KeyError) as error:
        raise SourceMalformed(_DAMAGED) from error
    if not isinstance(archive, dict) or not _is_page(archive.get("WebMainResource")):
        raise SourceMalformed("The saved page holds no page: it is damaged or incomplete.")
    return archive


def _is_page(resource: Any) -> bool:
    if not isinstance(resource, dict) or not isinstance(resource.get("WebResourceData"), bytes):
        return False
    return resource.get("WebResourceMIMEType", _PAGES[0]) in (*_PAGES, "text/plain")


def _page(resource: Any) -> tuple[str | None, list[Block], str]:
    data, address = resource["WebResourceData"], str(resource.get("WebResourceURL", ""))
    codec = mime.codec_of(str(resource.get("WebResourceTextEncodingName", "")))
    text = data.decode(codec, "replace").encode("utf-8", "replace") if codec else as_utf8(data)[0]
    if resource.get("WebResourceMIMEType", _PAGES[0]) == "text/plain":
        said = text.decode("utf-8", "replace")
        return None, [Block(said)] if said.strip() else [], address
    return *page_blocks(text), address
