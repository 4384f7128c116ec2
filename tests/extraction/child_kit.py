"""What the tests of real child processes share: lots to look at, small files, and what is answered."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_desktop.domain.wire import ExtractOptions, LookItem, LookLot, Message, Working
from ingest_desktop.extraction.host import ChildProcess

from .conftest import OPTIONS

MAKE = Callable[..., ChildProcess]
GUESTS = Callable[[str], Path]
posix = pytest.mark.xfail(os.name != "posix", reason="limits and signals of POSIX", run=False)


def lot(*paths: Path, options: ExtractOptions = OPTIONS) -> LookLot:
    return LookLot(tuple(LookItem(key, str(path)) for key, path in enumerate(paths)), options)


def looks(child: ChildProcess, *paths: Path, options: ExtractOptions = OPTIONS) -> list[Message]:
    found: list[Message] = []
    child.run(lot(*paths, options=options), found.append)
    return [message for message in found if not isinstance(message, Working)]


def text_file(folder: Path, name: str = "a.txt", text: str = "some words\n") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path
