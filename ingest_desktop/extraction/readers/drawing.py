"""DrawingML, which slides, sheets and charts share: the text of paragraphs, tables, charts and diagrams."""

from collections.abc import Iterable, Iterator
from typing import Any

_MOST_POINTS = 5000  # of one series of a chart
_MOST_DEPTH = 200
_MOST_NAMES = 4096
_names: dict[object, str] = {}  # of tags; documents use the same few hundred all the time


def local(element: Any) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    tag = element.tag
    name = _names.get(tag)
    if name is None:
        name = tag.rpartition("}")[2] if isinstance(tag, str) else ""
        if len(_names) < _MOST_NAMES:
            _names[tag] = name
    return name


def children(element: Any, *names: str) -> Iterator[Any]:
    """The children of these names."""
    return (child for child in element if local(child) in names)


def child(element: Any, *names: str) -> Any | None:
    """The first child on this way down, or None."""
    for name in names:
        element = next(children(element, name), None)
        if element is None:
            return None
    return element


def paragraph_text(paragraph: Any) -> str:
    """The text of one paragraph; slide numbers, which are fields, left out."""
    said: list[str] = []
    skipped = None
    for part in paragraph.iter():
        name = local(part)
        if name == "fld" and part.get("type") == "slidenum":
            skipped = part
        elif name == "t" and part.text and (skipped is None or part.getparent() is not skipped):
            if said and is_grown(said[-1], part.text) and _is_raised(part.getparent()):
                said.append(" ")
            said.append(part.text)
        elif name == "br":
            said.append("\n")
        elif name == "tab":
            said.append("\t")
    return "".join(said).replace("\x0b", "\n").strip()


def is_grown(before: str, text: str) -> bool:
    """Whether a number stands right behind a word: raised, it is the sign of a note and no part of the word.

    Units, which are shorter than words, keep theirs: ``5 km2``.
    """
    return text[:1].isdecimal() and len(before) > 2 and before[-3:].isalpha()


def _is_raised(run: Any) -> bool:
    properties = child(run, "rPr")
    said = str(properties.get("baseline") or "").removesuffix("%") if properties is not None else ""
    return said.isdecimal() and int(said[:9]) > 0


def paragraphs(element: Any) -> list[str]:
    """The texts of all paragraphs below an element, empty ones left out."""
    return [text for part in element.iter() if local(part) == "p" and (text := paragraph_text(part))]


def table_lines(table: Any) -> list[str]:
    """The rows of a table, cells between tabs; what merged cells hide is left out."""
    lines = []
    for row in children(table, "tr"):
        cells = []
        for cell in children(row, "tc"):
            hidden = cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true")
            cells.append("" if hidden else " ".join(" ".join(paragraphs(cell)).split()))
        if any(cells):
            lines.append("\t".join(cells).rstrip("\t"))
    return lines


def chart_lines(root: Any) -> list[str]:
    """Titles, then each series with its points: ``Sales: 2019 = 4; 2020 = 5``."""
    lines = [text for title in root.iter() if local(title) == "title" for text in _title(title)]
    for series in root.iter():
        if local(series) != "ser":
            continue
        name = " ".join(_points(child(series, "tx")).values())
        labels = _points(child(series, "cat") if child(series, "cat") is not None else child(series, "xVal"))
        values = _points(child(series, "val") if child(series, "val") is not None else child(series, "yVal"))
        said = "; ".join(f"{labels[at]} = {value}" if at in labels else value for at, value in values.items())
        said = said or "; ".join(labels.values())
        lines.append(f"{name}: {said}" if name and said else name or said)
    return [line for line in lines if line]


def _title(title: Any) -> list[str]:
    return paragraphs(title) or list(_points(title).values())


def _points(element: Any | None) -> dict[str, str]:
    """The cached points of a reference, by their index."""
    found: dict[str, str] = {}
    for part in element.iter() if element is not None else ():
        if local(part) == "pt" and len(found) < _MOST_POINTS:
            value = child(part, "v")
            if value is not None and value.text:
                found[part.get("idx") or str(len(found))] = " ".join(value.text.split())
    if element is not None and not found:
        value = child(element, "v")
        if value is not None and value.text:
            found["0"] = " ".join(value.text.split())
    return found


def flat(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Shapes in their order, those in groups too; of alternatives the first that a program of today would take."""
    for shape in shapes:
        name = local(shape)
        if name == "grpSp" and depth < _MOST_DEPTH:
            yield from flat(shape, depth + 1)
        elif name == "AlternateContent" and depth < _MOST_DEPTH:
            yield from _alternative(shape, depth)
        elif name:
            yield shape


def _alternative(shape: Any, depth: int) -> Iterable[Any]:
    for choice in children(shape, "Choice", "Fallback"):
        found = list(flat(choice, depth + 1))
        if any(local(part) == "t" and part.text for one in found for part in one.iter()):
            return found
    first = child(shape, "Choice")
    return list(flat(first, depth + 1)) if first is not None else ()
