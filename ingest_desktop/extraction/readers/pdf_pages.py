"""What a PDF engine tells of one page, and when its text is of no use."""

import re
from typing import Final, NamedTuple, Protocol

from ingest_desktop.domain.interfaces.extraction import Box

FEW_SIGNS: Final = 32  # letters and digits; a stamp or a page number on a scan has no more
_SAMPLE_CHARS = 600
_COVERED = 0.5  # of the page, by pictures
_SOME_PATHS = 12  # drawn lines on a page without text: fewer are a frame or a rule, more may be drawn letters
_ODD = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SIGN = re.compile(r"[^\W_]")


class PageRefused(Exception):
    """The engine does not load this page."""


class Pictured(NamedTuple):
    """What there is to see on a page whose text is of no use.

    Attributes:
        coverage: The share of the page that pictures cover, 0 to 1.
        largest: Pixels of the largest picture.
        pictures: How many pictures there are.
        paths: How many drawn shapes there are.
        wanted: Whether recognising its text is worth while.
    """

    coverage: float = 0.0
    largest: int = 0
    pictures: int = 0
    paths: int = 0
    wanted: bool = False


class Placed(Protocol):
    """Tells where the text of a page that is still open stands on it; to be closed."""

    def box(self, base: int, start: int, stop: int) -> Box | None:
        """The rectangle round the characters from ``base + start`` to before ``base + stop``."""
        ...

    def close(self) -> None:
        """Let go of the page. Any number of times."""
        ...


class Page(NamedTuple):
    """The text of a page; what is written in its form fields and notes, a line each; where its stretches stand.

    ``holds_files``: there are files attached to it. ``is_bare``: there is nothing at all on it.
    """

    text: str
    remarks: tuple[str, ...] = ()
    pictured: Pictured = Pictured()
    placed: Placed | None = None
    holds_files: bool = False
    is_bare: bool = False


def signs(text: str) -> int:
    """Letters and digits in a text."""
    return len(_SIGN.findall(text))


def is_odd(text: str) -> bool:
    """Whether a text is mostly codes that stand for no sign: its fonts do not tell what their shapes mean."""
    sample = text[:_SAMPLE_CHARS]
    if _ODD.search(sample) is None:
        return False
    odd = len(_ODD.findall(sample))
    return odd > 4 and odd * 10 > 3 * len("".join(sample.split()))


def is_usable(text: str) -> bool:
    """Whether a text can stand without a look at the page. Called for every page, so it is quick about long texts."""
    if is_odd(text):
        return False
    return len(text) > 8 * FEW_SIGNS or signs(text) > FEW_SIGNS


def worth_recognising(text: str, coverage: float, pictures: int, paths: int) -> bool:
    """Whether a page without usable text shows something that may be text."""
    if not text or text.isspace():
        return pictures > 0 or paths >= _SOME_PATHS
    return is_odd(text) or coverage >= _COVERED
