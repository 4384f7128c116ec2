"""What a picture or drawing is said to show: written by people for those who cannot see it, or by their programs."""

import re
from typing import Final

_MOST: Final = 2000  # characters
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_FILE_NAME: Final = re.compile(
    r"(?:[a-z]:)?[^\n]{0,300}\.(?:png|jpe?g|gif|svg|webp|bmp|ico|tiff?|[ew]mf)", re.IGNORECASE
)
_BY_PROGRAMS: Final = re.compile(
    r"(?:description (?:automatically|generated)[^\n]{0,60}|ai-generated content may be incorrect\.?)\s*\Z",
    re.IGNORECASE,
)


def described(said: str | None) -> str:
    """The words of a description in one line; empty for none, for the name of a file, and for signs alone."""
    if not said:
        return ""
    text = " ".join(_BY_PROGRAMS.sub("", said[:_MOST].strip()).split())
    return text if _LETTERS.search(text) and not _FILE_NAME.fullmatch(text) else ""
