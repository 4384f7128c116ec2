"""Bigrams of Han, Kana and Hangul runs, for the text and for the query alike. Standard library only."""

import re
from operator import add

_RUN = re.compile(
    "[\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]+"
)


def cjk_runs(text: str) -> list[str]:
    """The runs of Han, Kana and Hangul characters in ``text``, in order."""
    return [] if text.isascii() else _RUN.findall(text)


def has_cjk(text: str) -> bool:
    """Whether ``text`` holds any Han, Kana or Hangul character."""
    if text.isascii():
        return False
    # Much faster than the search, the first above all, and most text outside ASCII is but a few signs of these.
    for western in ("latin-1", "cp1252"):
        try:
            text.encode(western)
        except UnicodeEncodeError:
            continue
        return False
    return _RUN.search(text) is not None


def cjk_terms(text: str) -> str | None:
    """The terms under which the Han, Kana and Hangul runs of ``text`` are indexed; None when there are none.

    A run becomes its overlapping pairs of characters and, at its end, its last character alone: 東京都 gives
    ``東京 京都 都``, so that a single character is found by prefix or as a term.
    """
    runs = cjk_runs(text)
    if not runs:
        return None
    return " ".join([" ".join([*map(add, run, run[1:]), run[-1]]) for run in runs])
