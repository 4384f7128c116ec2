"""The numbers of lists and headings in a Word document, which Word makes up from ``numbering.xml`` as it shows them."""

import re
from typing import Any, Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.extraction.packages import Package, xml_root
from ingest_desktop.extraction.readers import list_numbers as numbers
from ingest_desktop.extraction.readers.docx_styles import Styles, Told, is_on, value
from ingest_desktop.extraction.readers.drawing import child, children, local
from ingest_desktop.extraction.readers.list_numbers import Counter, Level

_MOST_LEVELS: Final = 9
_FORMS: Final = {
    "decimal": str,
    "decimalZero": numbers.padded,
    "lowerRoman": numbers.roman,
    "upperRoman": numbers.capital(numbers.roman),
    "lowerLetter": numbers.letters,
    "upperLetter": numbers.capital(numbers.letters),
    "russianLower": numbers.russian,
    "russianUpper": numbers.capital(numbers.russian),
    "ordinal": numbers.ordinal,
    "numberInDash": numbers.dashed,
    "decimalEnclosedCircle": numbers.circled,
    "decimalEnclosedCircleChinese": numbers.circled,
    "decimalFullWidth": numbers.wide,
    "ideographDigital": numbers.han_digits,
    "japaneseDigitalTenThousand": numbers.han_digits,
    "taiwaneseDigital": numbers.han_digits,
    "chineseCounting": numbers.han,
    "chineseCountingThousand": numbers.han,
    "taiwaneseCounting": numbers.han,
    "taiwaneseCountingThousand": numbers.han,
    "japaneseCounting": numbers.japanese,
}
_AFTER: Final = {"nothing": ""}
_PADDED: Final = re.compile(r"(0+)1\b")  # a form of one's own: "001, 002, 003, ..."


class _List:
    """One list of the document: its levels, the counter it may share with others, and where it starts anew."""

    __slots__ = ("counter", "levels", "starts")

    def __init__(self, levels: list[Level | None], counter: Counter, starts: dict[int, int]) -> None:
        self.levels, self.counter, self.starts = levels, counter, starts


class Numbers:
    """Numbers the paragraphs of one document, in the order in which they are asked for.

    Args:
        package: The document.
        name: The part with its lists; without it, or when it is damaged, no paragraph has a number.
        styles: Of the document.
    """

    def __init__(self, package: Package, name: str | None, styles: Styles) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._places: dict[str, tuple[str, int]] = {}  # of the paragraphs of a style
        self._by_style: dict[str, dict[str, int]] = {}  # of each list: the level of a style
        self.damaged = ""  # why the lists could not be read
        try:
            root = xml_root(package, name) if name is not None else None
        except SourceMalformed as error:
            self.damaged = str(error)
            root = None
        if root is not None:
            self._take(root)

    @property
    def there_are_any(self) -> bool:
        """Whether the document has lists at all."""
        return bool(self._lists)

    def label(self, told: Told, *, empty: bool) -> str:
        """The number of a paragraph with what stands between it and the text; empty when it has none.

        Args:
            told: What it tells of itself.
            empty: It has no text; one that was deleted, or is hidden, does not count.
        """
        style, _, place, mark = told
        number, depth = self._styles_place(style) if place is None else self._place(style, place)
        if not number:
            return ""
        found = self._lists.get(number)
        if found is None or (mark is not None and _is_gone(mark, empty=empty)):
            return ""
        found.counter.step(found.levels, depth, found.starts.pop(depth, None))
        return found.counter.label(found.levels, depth)

    def _place(self, style: str, own: Any) -> tuple[str, int]:
        """The list of a paragraph and its level there, from 0; an empty name for no list."""
        number, depth = None, None
        for said in own:
            name = local(said)
            if name == "numId":
                number = value(said)
            elif name == "ilvl":
                depth = _small(value(said))
        if number is None or depth is None:
            by_style = self._styles_place(style)
            number = by_style[0] if number is None else number
            depth = by_style[1] if depth is None else depth
        return number, min(max(depth, 0), _MOST_LEVELS - 1)

    def _styles_place(self, style: str) -> tuple[str, int]:
        """The same by its style alone."""
        found = self._places.get(style)
        if found is None:
            number, depth, names = self._styles.list_of(style)
            linked = self._by_style.get(number, {})
            depth = next((linked[name] for name in names if name in linked), depth)
            found = self._places[style] = (number, min(max(depth, 0), _MOST_LEVELS - 1))
        return found

    def _take(self, root: Any) -> None:
        """Take the lists of the part."""
        kinds = {value(kind, "abstractNumId"): kind for kind in children(root, "abstractNum")}
        linked = {value(link): key for key, kind in kinds.items() if (link := child(kind, "styleLink")) is not None}
        counters: dict[str, Counter] = {}
        for number in children(root, "num"):
            pointer = child(number, "abstractNumId")
            key = value(pointer) if pointer is not None else ""
            link = child(kinds[key], "numStyleLink") if key in kinds else None
            if link is not None:  # it has no levels of its own
                key = linked.get(value(link), key)
            kind = kinds.get(key)
            if kind is None:
                continue
            levels: list[Level | None] = [None] * _MOST_LEVELS
            styles: dict[str, int] = {}
            starts: dict[int, int] = {}
            for level in children(kind, "lvl"):
                _set_level(level, levels, styles)
            for change in children(number, "lvlOverride"):
                for said in change:
                    if local(said) == "lvl":
                        _set_level(said, levels, styles)
                    elif local(said) == "startOverride" and (depth := _small(value(change, "ilvl"))) is not None:
                        starts[depth] = _small(value(said)) or 0
            own = value(number, "numId")
            self._lists[own] = _List(levels, counters.setdefault(key, Counter()), starts)
            self._by_style[own] = styles


def _set_level(level: Any, levels: list[Level | None], styles: dict[str, int]) -> None:
    """Enter a level, and the style that goes with it."""
    depth = _small(value(level, "ilvl"))
    if depth is None or depth >= _MOST_LEVELS:
        return
    told = {local(said): said for said in level}
    if "pStyle" in told:
        styles[value(told["pStyle"])] = depth
    form, text = told.get("numFmt"), told.get("lvlText")
    if form is None and "AlternateContent" in told:
        form = next((part for part in told["AlternateContent"].iter() if local(part) == "numFmt"), None)
    start = _small(value(told["start"])) if "start" in told else None
    restart = _small(value(told["lvlRestart"])) if "lvlRestart" in told else None
    levels[depth] = Level(
        write=_form(form),
        text=value(text) if text is not None else "",
        start=0 if start is None else start,
        after=_AFTER.get(value(told["suff"]), " ") if "suff" in told else " ",
        restart=depth if restart is None else min(restart, depth),
        plain="isLgl" in told and is_on(told["isLgl"]),
    )


def _form(form: Any | None) -> Any:
    """What writes the numbers of a level; None for bullets."""
    said = value(form) if form is not None else "decimal"
    if said == "bullet":
        return None
    if said == "none":
        return lambda _number: ""
    if said == "custom":
        zeros = _PADDED.match(value(form, "format").strip())
        width = len(zeros[1]) + 1 if zeros else 1
        return lambda number: f"{number:0{width}}"
    return _FORMS.get(said, str)


def _is_gone(mark: Any, *, empty: bool) -> bool:
    """Whether a paragraph does not count, by the properties of its mark: deleted, or hidden."""
    names = {local(said): said for said in mark}
    if empty and ("del" in names or "moveFrom" in names):
        return True
    return "vanish" in names and is_on(names["vanish"]) and "specVanish" not in names


def _small(said: str) -> int | None:
    return int(said) if said.isdecimal() and len(said) < 7 else None
