"""What a document says of itself, such as its title and who wrote it: of all that formats tell, what a person asks for."""

import re
from collections.abc import Mapping
from typing import Final

MOST_CHARS: Final = 300  # of one fact; a subject may be a whole abstract

_NAMES: Final = {  # by how formats call them: PDF with a capital, where the creator is a program; Office and OpenDocument
    "title": ("Title", "title"),
    "author": ("Author", "creator"),
    "subject": ("Subject", "subject"),
    "keywords": ("Keywords", "keywords"),
    "created": ("CreationDate", "created"),
    "changed": ("ModDate", "modified"),
}
_DAYS: Final = frozenset({"created", "changed"})
_DAY: Final = re.compile(r"(?:D:)?(\d{4})-?(\d{2})-?(\d{2})")


def facts_of(metadata: Mapping[str, str]) -> dict[str, str]:
    """Title, author, subject, keywords, created and changed (as days, ``2024-03-05``), as far as they are told."""
    found = {}
    for fact, names in _NAMES.items() if metadata else ():
        said = " ".join(next((metadata[name] for name in names if metadata.get(name)), "").split())
        if fact in _DAYS:
            day = _DAY.match(said)
            said = "-".join(day.groups()) if day else ""
        if said:
            found[fact] = said if len(said) <= MOST_CHARS else f"{said[: MOST_CHARS - 1]}…"
    return found
