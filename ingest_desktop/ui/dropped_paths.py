"""The local paths in what was dropped or pasted. No disk is asked.

Qt turns the bytes of a file address into text and loses what is no valid Unicode; a name from an old disk
would then be looked for in vain. So addresses are decoded here, as Python decodes names.
"""

import os
import socket
import sys
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl

MOST_TEXT = 4 * 1024 * 1024  # characters of text in which paths are looked for


def local_paths(mime: QMimeData) -> list[str]:
    """The paths in a drop or paste, in order, each once.

    Addresses of files count, and text whose every line is an absolute path or the address of a file (as a
    terminal gives it); any other text is no file.
    """
    if mime.hasUrls():
        found = [path for url in mime.urls() if (path := local_path(url))]
    elif mime.hasText() and len(text := mime.text()) <= MOST_TEXT:
        found = list(_paths_in(text))
    else:
        found = []
    return [path for path in dict.fromkeys(found) if "\0" not in path]


def is_from_elsewhere(mime: QMimeData) -> bool:
    """True for a drop that holds addresses, and none of a file on this computer: a link out of a browser, say."""
    return mime.hasUrls() and not local_paths(mime)


def local_path(url: QUrl) -> str:
    """The path of a file's address; empty for any other address."""
    if not url.isLocalFile():
        return ""
    path = url.toLocalFile()
    if sys.platform == "win32":
        return os.path.normpath(path) if path else ""
    if "\N{REPLACEMENT CHARACTER}" not in path and not path.startswith("//"):
        return path
    if url.host() not in ("", "localhost", socket.gethostname().lower()):
        return ""  # a file on another computer is not reached by its path there
    return os.fsdecode(unquote_to_bytes(url.path(QUrl.ComponentFormattingOption.FullyEncoded)))


def _paths_in(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    paths = [_path_of_line(line) for line in lines]
    if all(paths):
        yield from paths


def _path_of_line(line: str) -> str:
    if line.startswith("file:"):
        return local_path(QUrl.fromEncoded(line.encode("utf-8", "surrogateescape")))
    for quote in "'\"":
        if len(line) > 2 and line[0] == line[-1] == quote:
            line = line[1:-1]
    return line if os.path.isabs(line) else ""
