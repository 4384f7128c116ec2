"""What the styles of a Word document say of its paragraphs: which are headings, of which level, and in which lists."""

import re
from functools import partial
from typing import Any, Final, NamedTuple

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, xml_root
from ingest_desktop.extraction.readers.drawing import child, local

_HEADING: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
_NAMED: Final = {"title": 1, "subtitle": 2}
_MOST_STEPS: Final = 20  # from a style to the one it is based on
_NO_LIST: Final = ("", 0, ())
_ON: Final = frozenset({"1", "true", "on"})
_BODY: Final = 9  # the outline level of text that is no heading


class Told(NamedTuple):
    """What a paragraph tells of itself that matters here: the key of its style, and elements of its properties."""

    style: str
    outline: Any | None
    list_place: Any | None
    mark: Any | None


_NOTHING: Final = Told("", None, None, None)
_new_told = partial(tuple.__new__, Told)  # as Told(...), at half the cost: there is one for every paragraph


class Styles:
    """The paragraph styles of a document.

    Args:
        package: The document.
        name: The part with the styles; when it is missing or damaged, there are none, and the usual names are known.
    """

    def __init__(self, package: Package, name: str | None) -> None:
        self._levels: dict[str, int] = {}
        self._lists: dict[str, tuple[str, int, tuple[str, ...]]] = {}
        self._usual = ""  # the style of paragraphs that name none
        try:
            root = xml_root(package, name) if name is not None else None
        except SourceMalformed:
            root = None
        own: dict[str, tuple[int | None, str]] = {}
        lists: dict[str, tuple[str | None, int | None]] = {}
        for style in root if root is not None else ():
            if local(style) == "style" and value(style, "type") in ("paragraph", ""):
                based = child(style, "basedOn")
                key = value(style, "styleId")
                own[key] = (_own_level(style), value(based) if based is not None else "")
                lists[key] = _own_list(style)
                if value(style, "default") in _ON:
                    self._usual = key
        for key in own:
            self._levels[key] = _inherited(own, key)
            self._lists[key] = _inherited_list(own, lists, key)

    def level(self, told: Told) -> int:
        """The level of a heading, from 1; 0 for other text."""
        style, outline, _, _ = told
        own = _outline(value(outline)) if outline is not None else None
        if own is not None:
            return own
        if not style:
            return 0
        known = self._levels.get(style)
        return known if known is not None else _named_level(style) or 0

    def list_of(self, style: str) -> tuple[str, int, tuple[str, ...]]:
        """The list that the paragraphs of a style are in.

        Args:
            style: Its key; empty for the usual one.

        Returns:
            The number of the list, empty for none; the level there, from 0; the keys of the style and of those that it
            is based on.
        """
        return self._lists.get(style or self._usual, _NO_LIST)


def told_by(paragraph: Any) -> Told:
    """What a paragraph tells of itself; its properties are its first element."""
    properties = next(iter(paragraph), None)
    if properties is None or local(properties) != "pPr":
        properties = child(paragraph, "pPr")
        if properties is None:
            return _NOTHING
    style, outline, place, mark = "", None, None, None
    for said in properties:
        name = local(said)
        if name == "pStyle":
            style = value(said)
        elif name == "outlineLvl":
            outline = said
        elif name == "numPr":
            place = said
        elif name == "rPr":
            mark = said
    return _new_told((style, outline, place, mark))


def value(element: Any, name: str = "val") -> str:
    """An attribute of the namespace of Word documents, whichever of the two that is; empty when there is none."""
    for key, said in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(said)
    return ""


def is_on(element: Any) -> bool:
    """Whether a property that is there is meant: it may say that it is not."""
    return value(element) not in ("0", "false", "off")


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


def _own_list(style: Any) -> tuple[str | None, int | None]:
    """The list that a style states itself, and the level there; None for what it inherits."""
    number, depth = child(style, "pPr", "numPr", "numId"), child(style, "pPr", "numPr", "ilvl")
    said = value(depth) if depth is not None else ""
    return value(number) if number is not None else None, int(said) if said.isdecimal() and len(said) < 3 else None


def _inherited_list(
    own: dict[str, tuple[int | None, str]], lists: dict[str, tuple[str | None, int | None]], key: str
) -> tuple[str, int, tuple[str, ...]]:
    number: str | None = None
    depth: int | None = None
    names: list[str] = []
    for _ in range(_MOST_STEPS):
        if key not in own:
            break
        names.append(key)
        its_number, its_depth = lists[key]
        number = its_number if number is None else number
        depth = its_depth if depth is None else depth
        key = own[key][1]
    return (number, depth or 0, tuple(names)) if number and number != "0" else _NO_LIST
