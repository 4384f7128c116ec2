"""Letters that are written as one shape: fonts name it ``f_i``, and PDFium gives its number in place of letters."""

import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pypdfium2.raw as raw

from ingest_desktop.domain.interfaces.extraction import SourceFile

_NUMBER = re.compile("[\x1b-\x1f]")  # where fonts of TeX have such shapes; no sign of a text has one of them
_LARGEST_FILE: Final = 64 * 1024 * 1024  # that is searched for names
_MOST_UNPACKED: Final = 64 * 1024 * 1024  # bytes, of all streams together
_FAR: Final = 4096  # bytes from the kind of a stream to its begin
_NAMES = re.compile(rb"/Differences\s*\[([^\]]{0,50000})\]")
_NAME_OR_NUMBER = re.compile(rb"/([^\s/]+)|([0-9]{1,3})")
_JOINED = re.compile(rb"([A-Za-z](?:_[A-Za-z])+)(?:\.[A-Za-z0-9]+)?")
_BEGIN = re.compile(rb"stream\r?\n")


def may_have(text: str) -> bool:
    """Whether there is such a number in the text of a page. Asked for every page: a search for each is the quickest."""
    return "\x1b" in text or "\x1c" in text or "\x1d" in text or "\x1e" in text or "\x1f" in text


class Ligatures:
    """Of one document. Its file is searched for names when the first page needs it."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._letters: dict[int, str] | None = None

    def on(self, textpage: Any, text: str) -> dict[int, str]:
        """The letters to be put in the place of characters, by their place in the text.

        Args:
            textpage: Of PDFium.
            text: As PDFium gives it, a sign for each of its characters.
        """
        if self._letters is None:
            self._letters = self._found()
        letters = self._letters
        return {
            number.start(): letters[ord(number[0])]
            for number in _NUMBER.finditer(text)
            if ord(number[0]) in letters and raw.FPDFText_HasUnicodeMapError(textpage, number.start()) == 1
        }

    def _found(self) -> dict[int, str]:
        if self._source.size > _LARGEST_FILE:
            return {}
        with self._source.open() as stream:
            return named_letters(stream.read(_LARGEST_FILE))


def named_letters(data: bytes) -> dict[int, str]:
    """Which letters the shapes of a document's fonts stand for, by number, where all of its fonts agree.

    It takes no part in reading the document: what is locked or damaged has no names.
    """
    found: dict[int, set[str]] = {}
    for part in (data, *_unpacked(data)):
        for names in _NAMES.finditer(part):
            code = 0
            for one in _NAME_OR_NUMBER.finditer(names[1]):
                if one[2] is not None:
                    code = int(one[2])
                    continue
                if (joined := _JOINED.fullmatch(one[1])) is not None:
                    found.setdefault(code, set()).add(joined[1].replace(b"_", b"").decode("ascii"))
                code += 1
    return {code: letters.pop() for code, letters in found.items() if len(letters) == 1}


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Streams that hold objects."""
    left = _MOST_UNPACKED
    at = data.find(b"/ObjStm")
    while at >= 0 and left > 0:
        begin = _BEGIN.search(data, at, at + _FAR)
        if begin is not None:
            try:
                part = zlib.decompressobj().decompress(memoryview(data)[begin.end() :], left)
            except zlib.error:
                part = b""
            left -= len(part)
            yield part
        at = data.find(b"/ObjStm", at + 1)
