"""Bigrams of Han, Kana and Hangul runs, for the text and for the query alike. Standard library only."""

import re
from operator import add

_RUN = re.compile(
    "[\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]+"
)
_FIRST_BYTES = frozenset({0xE1, *range(0xE3, 0xF5)})  # of U+1000 to U+1FFF, and of all from U+3000 on, in UTF-8
_NO_FIRST_BYTES = bytes(set(range(256)) - _FIRST_BYTES)


def cjk_runs(text: str) -> list[str]:
    """The runs of Han, Kana and Hangul characters in ``text``, in order."""
    return [] if text.isascii() else _RUN.findall(text)


def has_cjk(text: str) -> bool:
    """Whether ``text`` holds any Han, Kana or Hangul character."""
    if text.isascii():
        return False
    # Much faster than the search, and most text outside ASCII is letters and signs that begin with other bytes.
    return bool(text.encode("utf-8", "replace").translate(None, _NO_FIRST_BYTES)) and _RUN.search(text) is not None


def cjk_terms(text: str) -> str | None:
    """The terms under which the Han, Kana and Hangul runs of ``text`` are indexed; None when there are none.

    A run becomes its overlapping pairs of characters and, at its end, its last character alone: 東京都 gives
    ``東京 京都 都``, so that a single character is found by prefix or as a term.
    """
    runs = cjk_runs(text)
    if not runs:
        return None
    return " ".join([" ".join([*map(add, run, run[1:]), run[-1]]) for run in runs])
