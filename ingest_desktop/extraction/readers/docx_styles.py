"""What the styles of a Word document say of its paragraphs: which are headings, and of which level."""

import re
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, xml_root
from ingest_desktop.extraction.readers.drawing import child, local

_HEADING: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
_NAMED: Final = {"title": 1, "subtitle": 2}
_MOST_STEPS: Final = 20  # from a style to the one it is based on
_BODY: Final = 9  # the outline level of text that is no heading


class Styles:
    """The paragraph styles of a document.

    Args:
        package: The document.
        name: The part with the styles; when it is missing or damaged, there are none, and the usual names are known.
    """

    def __init__(self, package: Package, name: str | None) -> None:
        self._levels: dict[str, int] = {}
        try:
            root = xml_root(package, name) if name is not None else None
        except SourceMalformed:
            root = None
        own: dict[str, tuple[int | None, str]] = {}
        for style in root if root is not None else ():
            if local(style) == "style" and value(style, "type") in ("paragraph", ""):
                based = child(style, "basedOn")
                own[value(style, "styleId")] = (_own_level(style), value(based) if based is not None else "")
        for key in own:
            self._levels[key] = _inherited(own, key)

    def level(self, properties: Any | None) -> int:
        """The level of a heading, from 1; 0 for other text.

        Args:
            properties: The ``pPr`` element of a paragraph, or None.
        """
        if properties is None:
            return 0
        style, outline = "", None
        for said in properties:
            name = local(said)
            if name == "pStyle":
                style = value(said)
            elif name == "outlineLvl":
                outline = _outline(value(said))
        if outline is not None:
            return outline
        if not style:
            return 0
        known = self._levels.get(style)
        return known if known is not None else _named_level(style) or 0


def value(element: Any, name: str = "val") -> str:
    """An attribute of the namespace of Word documents, whichever of the two that is; empty when there is none."""
    for key, said in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(said)
    return ""


def _own_level(style: Any) -> int | None:
    """The level that a style states itself; None when it inherits one."""
    outline = child(style, "pPr", "outlineLvl")
    named = child(style, "name")
    by_name = _named_level(value(named)) if named is not None else None
    if by_name is not None:
        return by_name
    return _outline(value(outline)) if outline is not None else None


def _named_level(name: str) -> int | None:
    """The level of a heading by the name of its style, or by its key when the styles are lost: ``Heading1``."""
    said = name.strip().lower()
    found = _HEADING.fullmatch(said) or re.fullmatch(r"heading([1-9])", said)
    return int(found[1]) if found else _NAMED.get(said)


def _outline(said: str) -> int | None:
    return (int(said) + 1 if int(said) < _BODY else 0) if said.isdecimal() and len(said) < 3 else None


def _inherited(own: dict[str, tuple[int | None, str]], key: str) -> int:
    for _ in range(_MOST_STEPS):
        level, based = own.get(key, (0, ""))
        if level is not None:
            return level
        key = based
    return 0
