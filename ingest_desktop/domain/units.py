"""What a document is counted in, in words that people use. The window has the same words in ``ui/units.py``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingest_desktop.domain.text import counted
from ingest_desktop.domain.wire import CUT_BY_BYTES

NAMES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "page": ("page", "pages"),
        "slide": ("slide", "slides"),
        "sheet": ("sheet", "sheets"),
        "message": ("message", "messages"),
        "member": ("file", "files"),
        "chapter": ("chapter", "chapters"),
        "cell": ("cell", "cells"),
        "row": ("row", "rows"),
        "record": ("record", "records"),
        "cue": ("caption", "captions"),
    }
)
"""One and many of each unit. Units that are not here count nothing that a person would count."""

_OTHER: Final = ("part", "parts")
_UNCOUNTED: Final = frozenset({"byte", "whole", ""})


def is_counted(unit: str) -> bool:
    """Whether documents of this unit consist of things to count: pages do, a text and a letter read whole do not."""
    return unit not in _UNCOUNTED


def is_paced(unit: str) -> bool:
    """Whether progress of this unit is told in it: texts that are cut at byte offsets tell bytes."""
    return is_counted(unit) and unit not in CUT_BY_BYTES


def amount(number: int, unit: str) -> str:
    """So many units in English: "1 slide", "2,000 files"."""
    return counted(number, *NAMES.get(unit, _OTHER))


def one(unit: str) -> str:
    """The English word for one unit."""
    return NAMES.get(unit, _OTHER)[0]


def many(unit: str) -> str:
    """The English word for several units."""
    return NAMES.get(unit, _OTHER)[1]


def some_of(part: int, total: int, unit: str) -> str:
    """So many of all units in English: "1 of 3 pages", "2 of 2,000 files"."""
    return f"{part:,} of {amount(total, unit)}" if total >= part else amount(part, unit)
