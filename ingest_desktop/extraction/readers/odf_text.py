"""The text of OpenDocument's XML: paragraphs with what stands beside them, rows of tables.

What is read is what was shown. Deleted text of tracked changes is left out.
"""

from collections.abc import Iterator
from typing import Any

from ingest_desktop.extraction.packages import Package, forget, xml_events
from ingest_desktop.extraction.readers.drawing import children, local
from ingest_desktop.extraction.readers.odf_numbers import ITEMS, LISTS, OdfNumbers
from ingest_desktop.extraction.readers.told_pictures import described

CONTENT = "content.xml"
UNSEEN = frozenset({"tracked-changes", "forms", "scripts", "font-face-decls", "automatic-styles"})
_BREAKS = {"tab": "\t", "line-break": "\n"}
_MOST_BLANKS = 1000
_MOST_DEPTH = 120
_SVG = "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
_DESCRIPTIONS = (f"{{{_SVG}}}title", f"{{{_SVG}}}desc")


def units_of(package: Package, wanted: frozenset[str], marks: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """The outermost elements of these names when they are complete, and the start and end of the marks."""
    inside: Any = None
    unseen = 0
    deletions = Deletions()
    for event, element in xml_events(package, CONTENT):
        name = local(element)
        if name in UNSEEN:
            unseen += 1 if event == "start" else -1
            if event == "end" and inside is None:
                forget(element)
        elif unseen:
            if event == "start":
                deletions.meet(element)
        elif inside is None and event == "start" and name in wanted:
            inside = element
        elif inside is element:
            deletions.take_out_of(element)
            yield "whole", element
            inside = None
            forget(element)
        elif inside is None and name in marks:
            yield event, element


class Deletions:
    """Deleted text that stands among the other: some programs keep it there, between two marks, while changes are shown."""

    def __init__(self) -> None:
        self._change = ""
        self._deleted: set[str] = set()  # changes, by their ids
        self._open: set[str] = set()  # those whose first mark was met, and not yet their last

    def meet(self, element: Any) -> None:
        """Learn from an element of the list of changes, which stands before the text."""
        name = local(element)
        if name == "changed-region":
            self._change = attribute(element, "id")
        elif name == "deletion":
            self._deleted.add(self._change)

    def take_out_of(self, element: Any) -> None:
        """Take deleted text out of the next element of the text."""
        if not self._deleted:
            return
        from lxml import etree

        for event, part in etree.iterwalk(element, events=("start", "end")):
            if event == "start":
                self._pass(part)
                if self._open and part.text:
                    part.text = ""
            elif self._open and part.tail and part is not element:
                part.tail = ""

    def _pass(self, part: Any) -> None:
        name = local(part)
        if name == "change-start" and attribute(part, "change-id") in self._deleted:
            self._open.add(attribute(part, "change-id"))
        elif name == "change-end":
            self._open.discard(attribute(part, "change-id"))


def attribute(element: Any, name: str) -> str:
    """An attribute by its name without namespace; empty when there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""


def repeats(element: Any, name: str, most: int) -> int:
    """A number of times that an attribute tells: at least 1."""
    said = attribute(element, name)
    return max(1, min(int(said), most)) if said.isdecimal() and len(said) < 10 else 1


def paragraph(element: Any, numbers: OdfNumbers | None = None) -> tuple[str, list[str]]:
    """The text of a paragraph, and what stands beside it: text boxes, footnotes, remarks.

    Args:
        element: The paragraph, or a heading.
        numbers: Gives it its number, if it has one.
    """
    said: list[str] = []
    aside: list[str] = []
    _gather(element, said, aside, 0, numbers)
    text = _tidy("".join(said))
    return (numbers.labelled(element, text) if numbers is not None else text), aside


def _tidy(text: str) -> str:
    return "\n".join(line.strip(" ") for line in text.split("\n")).strip()


def _gather(element: Any, said: list[str], aside: list[str], depth: int, numbers: OdfNumbers | None) -> None:
    if element.text:
        said.append(_squeezed(element.text, said))
    for part in element:
        name = local(part)
        if name == "s":
            said.append(" " * repeats(part, "c", _MOST_BLANKS))
        elif name in _BREAKS:
            said.append(_BREAKS[name])
        elif name in ("note", "annotation"):
            label = "".join(citation.text or "" for citation in children(part, "note-citation"))
            body = " ".join(texts_of(part, depth + 1, _apart(numbers)))
            if body:
                aside.append(f"[{label}] {body}" if label else body)
        elif (
            name in ("ruby-text", "binary-data", "note-citation")
            or (name == "number" and numbers is not None)
            or part.tag in _DESCRIPTIONS
        ):
            pass
        elif name in ("frame", "custom-shape", "g", "rect", "ellipse", "line", "object", "text-box"):
            aside += texts_of(part, depth + 1, _apart(numbers))
        elif name == "p" or name == "h":
            said.append("\n")
            if depth < _MOST_DEPTH:
                _gather(part, said, aside, depth + 1, numbers)
            said.append("\n")
        elif name and depth < _MOST_DEPTH:
            _gather(part, said, aside, depth + 1, numbers)
        if part.tail:
            said.append(_squeezed(part.tail, said))


def _squeezed(text: str, said: list[str]) -> str:
    """White space in the XML is one blank, and none after another one."""
    plain = " ".join(text.split())
    if not plain:
        return " " if said and not said[-1].endswith((" ", "\n", "\t")) else ""
    before = " " if text[0].isspace() and said and not said[-1].endswith(" ") else ""
    return f"{before}{plain}{' ' if text[-1].isspace() else ''}"


def _apart(numbers: OdfNumbers | None) -> OdfNumbers | None:
    return numbers.apart() if numbers is not None else None


def texts_of(element: Any, depth: int = 0, numbers: OdfNumbers | None = None) -> list[str]:
    """The texts of all paragraphs and table rows below an element, in order, behind their numbers where those are told."""
    found: list[str] = []
    if depth > _MOST_DEPTH:
        return found
    for part in element:
        name = local(part)
        if name in ("p", "h"):
            text, aside = paragraph(part, numbers)
            found += [text, *aside] if text else aside
        elif name == "table-row":
            found.append(row_text(part, numbers))
        elif part.tag == _DESCRIPTIONS[1]:
            found.append(described(part.text))
        elif numbers is not None and name in LISTS:
            numbers.enter(part)
            found += texts_of(part, depth + 1, numbers)
            numbers.leave()
        elif name and name not in UNSEEN and name not in ("notes", "creator", "date"):
            if numbers is not None and name in ITEMS:
                numbers.item(part)
            found += texts_of(part, depth + 1, numbers)
    return [text for text in found if text]


def row_text(row: Any, numbers: OdfNumbers | None = None) -> str:
    """The cells of a row, with tabs between them."""
    own = _apart(numbers)
    cells = children(row, "table-cell")
    return "\t".join(" ".join(" ".join(texts_of(cell, 0, own)).split()) for cell in cells).rstrip("\t")
