"""The numbers of lists and headings in OpenDocument text, which are made up as it is shown."""

import re
from collections.abc import Callable
from copy import copy
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, forget, xml_events
from ingest_desktop.extraction.readers import list_numbers as numbers
from ingest_desktop.extraction.readers.drawing import local
from ingest_desktop.extraction.readers.list_numbers import Counter, Level, is_said_alone

LISTS: Final = frozenset({"list", "ordered-list", "unordered-list"})  # the last two are of OpenOffice 1
ITEMS: Final = frozenset({"list-item", "list-header"})
_MOST_LEVELS: Final = 10
_MOST_STEPS: Final = 20  # from a style to the one it is based on
_PLACE: Final = re.compile(r"%(\d{1,2})%")
_WHERE: Final = ("styles.xml", "content.xml")
_FORMS: Final[dict[str, Callable[[int], str]]] = {
    "1": str,
    "i": numbers.roman,
    "I": numbers.capital(numbers.roman),
    "1st": numbers.ordinal,
    "01, 02, 03, ...": numbers.padded,
    "①, ②, ③, ...": numbers.circled,
    "１, ２, ３, ...": numbers.wide,
    "一, 二, 三, ...": numbers.han,
    "А, Б, .., Аа, Аб, ... (ru)": numbers.capital(numbers.russian),
    "а, б, .., аа, аб, ... (ru)": numbers.russian,
    "А, Б, .., Аа, Бб, ... (ru)": numbers.capital(numbers.russian),
    "а, б, .., аа, бб, ... (ru)": numbers.russian,
}


def heading_level(heading: Any) -> int:
    """The level of a heading, from 1."""
    said = _attribute(heading, "outline-level") or _attribute(heading, "level")  # of OpenOffice 1
    return max(1, int(said)) if said.isdecimal() and len(said) < 4 else 1


class _Open:
    """A list in which the text in hand stands."""

    __slots__ = ("counted", "depth", "header", "other", "start", "style")

    def __init__(self, style: str, depth: int) -> None:
        self.style, self.depth = style, depth
        self.counted = True  # the item in hand, or there is none
        self.header = False
        self.start: int | None = None
        self.other = ""  # the style of the item in hand, when it is not that of the list


class OdfNumbers:
    """Numbers the paragraphs of one document; it is led along with the text, from list to list and item to item.

    Args:
        package: The document. What is damaged in its styles only loses numbers.
    """

    def __init__(self, package: Package) -> None:
        self._kinds: dict[str, list[Level | None]] = {}
        self._outline_name = "Outline"
        self._outline: list[Level | None] = [None] * _MOST_LEVELS
        # Styles of paragraphs: the one below, the list, whether it is one of headings.
        self._styles: dict[str, tuple[str, str | None, bool]] = {}
        for name in _WHERE:
            if name in package:
                try:
                    self._take(package, name)
                except SourceMalformed:
                    continue  # the reading of the text tells it
        self._headings = Counter()
        self.said = ""  # the number of the paragraph that was asked for last, with what parts it from the text
        self._counters: dict[str, Counter] = {}  # of the lists that were told by a name
        self._latest: dict[str, Counter] = {}  # the last list of each style
        self._counter = Counter()
        self._open: list[_Open] = []

    def apart(self) -> "OdfNumbers":
        """For text that stands apart from the list in hand, such as in a box; it counts on where it names the same list."""
        other = copy(self)
        other._open = []
        return other

    def enter(self, element: Any) -> None:
        """A list begins."""
        told = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        style = told.get("style-name", "") or (self._open[-1].style if self._open else "")
        if not self._open:
            before = self._counters.get(told.get("continue-list", ""))
            if before is None and told.get("continue-numbering") == "true":
                before = self._latest.get(style)
            if style == self._outline_name:
                before = self._headings
            self._counter = self._latest[style] = before if before is not None else Counter()
        if "id" in told:
            self._counters[told["id"]] = self._counter
        self._open.append(_Open(style, len(self._open)))

    def leave(self) -> None:
        """A list ends."""
        if self._open:
            self._open.pop()

    def item(self, element: Any) -> None:
        """An item begins."""
        if self._open:
            here = self._open[-1]
            here.counted, here.header = False, local(element) == "list-header"
            here.start = _number(element, "start-value")
            here.other = _attribute(element, "style-override")

    def labelled(self, element: Any, text: str) -> str:
        """The text of a paragraph or a heading behind its number; without text, the number where it says something."""
        own = next(iter(element), None)
        if own is not None and local(own) == "number":  # the file tells it
            label = "".join(own.itertext()).strip() + " "
            label = label if any(map(str.isalnum, label)) else ""
        else:
            label = self._label(element, heading_level(element) if local(element) == "h" else 0)
        self.said = label if text else ""
        if text:
            return label + text
        return label.strip() if is_said_alone(label) else ""

    def _label(self, element: Any, level: int) -> str:
        """The number of a paragraph with what stands between it and the text; empty when it has none.

        Args:
            element: The paragraph or heading.
            level: Of the heading, from 1; 0 for a paragraph.
        """
        if not self._open:
            return self._of_heading(element, level) if level else ""
        here = self._open[-1]
        if here.counted or here.header:
            return ""
        here.counted = True
        levels = self._kinds.get(here.other or here.style)
        if levels is None:
            levels = self._kinds.get(self._list_of(_attribute(element, "style-name")) or "")
        if levels is None or here.depth >= _MOST_LEVELS:
            return ""
        self._counter.step(levels, here.depth, here.start)
        return self._counter.label(levels, here.depth)

    def _of_heading(self, element: Any, level: int) -> str:
        depth = min(level, _MOST_LEVELS) - 1
        if _attribute(element, "is-list-header") == "true" or not self._is_outlined(_attribute(element, "style-name")):
            return ""
        restart = _attribute(element, "restart-numbering") == "true"
        self._headings.step(self._outline, depth, _number(element, "start-value") if restart else None)
        return self._headings.label(self._outline, depth)

    def _list_of(self, style: str) -> str | None:
        """The list that a style of paragraphs puts them in; empty for none outright, None when nothing is said."""
        for _ in range(_MOST_STEPS):
            below, name, _ = self._styles.get(style, ("", None, False))
            if name is not None:
                return name
            style = below
        return None

    def _is_outlined(self, style: str) -> bool:
        """Whether the headings of a style are numbered as headings: not when it puts them in another list, or in none."""
        for _ in range(_MOST_STEPS):
            below, name, outlined = self._styles.get(style, ("", None, True))
            if name is not None:
                return name == self._outline_name
            if outlined:
                return True
            style = below
        return True

    def _take(self, package: Package, name: str) -> None:
        """Take the styles of a part; those of the content stand before its body."""
        for event, element in xml_events(package, name):
            said = local(element)
            if event == "start":
                if said == "body":
                    return
                continue
            if said == "list-style":
                key = _attribute(element, "name")
                if key:
                    self._kinds[key] = _levels(element)
            elif said == "outline-style":
                self._outline = _levels(element)
                self._outline_name = _attribute(element, "name") or self._outline_name
                self._kinds[self._outline_name] = self._outline
            elif said == "style":
                self._take_style(element)
            elif said not in ("styles", "automatic-styles"):
                continue
            forget(element)

    def _take_style(self, element: Any) -> None:
        told = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        if told.get("family") == "paragraph" and "name" in told:
            outlined = bool(told.get("default-outline-level"))
            self._styles[told["name"]] = (told.get("parent-style-name", ""), told.get("list-style-name"), outlined)


def _levels(style: Any) -> list[Level | None]:
    """The levels of a list."""
    levels: list[Level | None] = [None] * _MOST_LEVELS
    shown = 0
    for element in style:
        name = local(element)
        depth = (_number(element, "level") or 0) - 1
        if not 0 <= depth < _MOST_LEVELS or not name.startswith(("list-level-style", "outline-level-style")):
            continue
        form = _attribute(element, "num-format")
        text = _attribute(element, "num-list-format")
        if name.endswith(("bullet", "image")):
            levels[depth] = Level(None, "")
            continue
        shown = min(_number(element, "display-levels") or 1, depth + 1)
        if text:
            text = _PLACE.sub(lambda found: f"%{found[1]}" if 0 < int(found[1]) < 10 else "", text)
        else:
            text = _text(element, depth, shown, levels, form)
        levels[depth] = Level(_form(element, form), text, _start(element), "" if _is_near(element) else " ", depth)
    return levels


def _text(element: Any, depth: int, shown: int, levels: list[Level | None], form: str) -> str:
    """What is shown at a level, of which only the parts are told."""
    told = [
        f"%{number + 1}"
        for number in range(depth + 1 - shown, depth + 1)
        if number < 9 and (form if number == depth else _has_form(levels[number]))
    ]
    return f"{_attribute(element, 'num-prefix')}{'.'.join(told)}{_attribute(element, 'num-suffix')}"


def _has_form(level: Level | None) -> bool:
    return level is not None and level.write is not None and level.write is not _nothing


def _form(element: Any, form: str) -> Callable[[int], str]:
    if form in ("a", "A"):
        in_step = _attribute(element, "num-letter-sync") == "true"
        write = numbers.letters if in_step else numbers.letters_in_turn
        return numbers.capital(write) if form == "A" else write
    return _FORMS.get(form, str) if form else _nothing


def _nothing(_number: int) -> str:
    return ""


def _start(element: Any) -> int:
    said = _number(element, "start-value")
    return 1 if said is None else said


def _is_near(element: Any) -> bool:
    """Whether nothing stands between a number and its text."""
    return any(_attribute(part, "label-followed-by") == "nothing" for part in element.iter())


def _attribute(element: Any, name: str) -> str:
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""


def _number(element: Any, name: str) -> int | None:
    said = _attribute(element, name)
    return int(said) if said.isdecimal() and len(said) < 7 else None
