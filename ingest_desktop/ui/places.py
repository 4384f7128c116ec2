"""Where a passage stands in its document, in words."""

import re
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.models import Location
from ingest_desktop.domain.text import one_line
from ingest_desktop.domain.wire import HEADING_SEPARATOR
from ingest_desktop.ui import formats

translate = QCoreApplication.translate
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def place_of(location: Location) -> str:
    """Where a passage stands: "Page 3", "Lines 10–24", "Budget, rows 2–40", "Message 12", "At 00:01:23"."""
    names, words = _names(location), _words(location)
    if words and not names:
        words[0] = words[0][:1].upper() + words[0][1:]
    return ", ".join(names + words)


def line_of(location: Location) -> str:
    """Where a passage stands, with the headings above it: "Page 3  ·  Costs › Rent"."""
    heading = HEADING_SEPARATOR.join(filter(None, map(_clean, location.further_headings)))
    return "  ·  ".join(part for part in (place_of(location), heading) if part)


def _clean(heading: str) -> str:
    return " ".join(_CONTROL.sub("", heading).split())


def citation(path: str, location: Location) -> str:
    """A line that says where copied text is from."""
    inside = f"/{one_line(location.part)}" if location.part else ""
    path = one_line(path)
    name = PurePath(path).name + inside
    return ", ".join([name, *_names(location)[bool(inside) :], *_words(location)]) + f" ({path})"


def _names(location: Location) -> list[str]:
    """What has a name of its own in the document: a file in it, a sheet."""
    return [one_line(name) for name in (location.part, location.sheet) if name]


def _words(location: Location) -> list[str]:
    """What is counted, from the largest to the smallest."""
    found = [
        pattern.format(a=formats.number(number))
        for pattern, number in (
            (translate("places", "chapter {a}"), location.told_chapter),
            (translate("places", "slide {a}"), location.slide),
            (translate("places", "message {a}"), location.message),
            (translate("places", "cell {a}"), location.cell),
        )
        if number is not None
    ]
    for one, many, first, last in (
        (translate("places", "page {a}"), translate("places", "pages {a}–{b}"), location.page, location.page_end),
        (translate("places", "row {a}"), translate("places", "rows {a}–{b}"), location.row_start, location.row_end),
    ):
        found += _span(one, many, first, last)
    if location.time:
        found.append(translate("places", "at {time}").format(time=one_line(location.time)))
    if location.page is None:
        lines = translate("places", "line {a}"), translate("places", "lines {a}–{b}")
        if location.lines == "paragraph":
            lines = translate("places", "paragraph {a}"), translate("places", "paragraphs {a}–{b}")
        found += _span(*lines, location.line_start, location.line_end)
    return found


def _span(one: str, many: str, first: int | None, last: int | None) -> list[str]:
    if first is None:
        return []
    if last is None or last == first:
        return [one.format(a=formats.number(first))]
    return [many.format(a=formats.number(first), b=formats.number(last))]
