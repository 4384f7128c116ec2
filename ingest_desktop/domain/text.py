"""How names and numbers are put into sentences. The standard library only."""

import unicodedata
from typing import Final

_JOINERS: Final = "\u200c\u200d"  # invisible, but Persian words and many emoji are written with them


def one_line(text: str) -> str:
    """A name or a sentence as one line that says exactly what is there and does nothing to a terminal.

    Line breaks, control characters and signs that turn the direction of writing come as escapes (``\\n``, ``\\u202e``),
    bytes of a name that are no valid UTF-8 as ``\\xe9``. Everything else stays as it is.
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs":
        return letter
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape", "backslashreplace").decode()


def storable(text: str) -> str:
    """A text that holds what cannot be written as UTF-8 (parts of odd names) as escapes; line breaks stay."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_shown(letter) if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 document", "2,000 documents"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
