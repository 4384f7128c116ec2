"""Flat OpenDocument files (FODT, FODS, FODP): one XML file, put into a package in memory so that it is read as the others."""

import io
import re
import zipfile
from dataclasses import replace

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.html import whole

_ROOT = re.compile(rb"<office:document\s[^>]{0,20000}>")
_BODY, _BODY_END = b"<office:body", b"</office:body>"
_STYLES, _OWN_STYLES = b"<office:styles", b"<office:automatic-styles"
_META, _META_END = b"<office:meta>", b"</office:meta>"
_END = b"</office:document>"


def is_flat(source: SourceFile) -> bool:
    """Whether a file that is OpenDocument is no package."""
    return not source.head.startswith(b"PK")


def as_package(source: SourceFile, options: ExtractOptions) -> SourceFile:
    """The same document as a package: its body, its styles, and what it says of itself.

    Raises:
        LimitExceeded: It is larger than a package may unpack to.
        SourceMalformed: It has no body.
    """
    if source.size > options.max_expanded_bytes:
        raise LimitExceeded(
            f"It has {source.size:,} bytes; {options.max_expanded_bytes:,} are read at once (INGESTION_MAX_EXPANDED_BYTES)."
        )
    data = whole(source)
    root = _ROOT.search(data)
    body = data.find(_BODY)
    if root is None or body < 0:
        raise SourceMalformed("The OpenDocument file is damaged: it has no body.")
    stop = data.rfind(_BODY_END)
    rest = data[body : stop + len(_BODY_END)] + _END if stop > body else data[body:]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
        named, own = data.find(_STYLES, 0, body), data.find(_OWN_STYLES, 0, body)
        package.writestr("content.xml", data[: root.end()] + rest)
        starts = [place for place in (named, own) if place >= 0]
        if starts:
            package.writestr("styles.xml", data[: root.end()] + data[min(starts) : body] + _END)
        begin, end = data.find(_META, 0, body), data.find(_META_END, 0, body)
        if 0 <= begin < end:
            package.writestr("meta.xml", data[: root.end()] + data[begin : end + len(_META_END)] + _END)
    made = packed.getvalue()
    return replace(source, data=made, size=len(made), head=made[:512])
