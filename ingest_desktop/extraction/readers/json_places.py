"""Where in a large JSON file a stretch of it begins: the keys of the objects and lists that are open there.

A stretch is most often made of whole items of one list, so that nothing is open behind it that was not open before.
"""

import os
import re
from collections.abc import Callable
from typing import Final

from ingest_desktop.domain.interfaces.extraction import ReaderPlan, SourceFile
from ingest_desktop.domain.wire import SegmentSpec

_NO_BRACKET: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^"\[\]{}]+', re.DOTALL)
_MOST_OPEN: Final = 1000

Keys = list[str]  # of what is open, the outermost first; empty for what has none, as in a list


class Places:
    """Where each stretch begins: known from the one before, and found anew where a stretch is read without that.

    Args:
        text_of: Gives the text of a stretch.
        go_past: Changes the keys that are open before a text to those that are open behind it.
    """

    def __init__(
        self, text_of: Callable[[SourceFile, ReaderPlan, SegmentSpec], str], go_past: Callable[[str, Keys], object]
    ) -> None:
        self._text_of, self._go_past = text_of, go_past
        self._before: tuple[object, int, Keys] | None = None

    def before(self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec) -> Keys:
        """The keys that are open where a stretch begins."""
        key, known = _key(source), self._before
        self._before = None
        if known is not None and known[:2] == (key, segment.number):
            return known[2]
        keys: Keys = []
        for earlier in plan.segments[: segment.number]:
            text = self._text_of(source, plan, earlier)
            if not is_balanced(text):
                self._go_past(text, keys)
                del keys[_MOST_OPEN:]
        return keys

    def behind(self, source: SourceFile, segment: SegmentSpec, keys: Keys) -> None:
        """Say which keys are open behind a stretch."""
        self._before = (_key(source), segment.number + 1, keys[:_MOST_OPEN])


def is_balanced(text: str) -> bool:
    """Whether all that is opened in a text is closed in it, and the other way round."""
    rest = _NO_BRACKET.sub("", text)
    size = -1
    while rest and len(rest) != size:
        size = len(rest)
        rest = rest.replace("{}", "").replace("[]", "")
    return not rest


def _key(source: SourceFile) -> object:
    """What tells that a file is the one in hand."""
    if source.data is not None:
        return (source.path, source.size, source.head)
    found = os.stat(source.path)
    return (source.path, found.st_size, found.st_mtime_ns, found.st_ino)
