"""The numbers that PowerPoint sets before the paragraphs of a list; they stand nowhere in the text of a slide."""

from collections.abc import Callable
from typing import Any, Final

from ingest_desktop.extraction.readers import list_numbers as numbers
from ingest_desktop.extraction.readers.drawing import child, children, local, paragraph_text

_MOST_LEVELS: Final = 9
_SIGNS: Final = ("buNone", "buChar", "buBlip", "buAutoNum")
_FORMS: Final[tuple[tuple[str, Callable[[int], str]], ...]] = (  # by how the name of a scheme begins
    ("alphaLc", numbers.letters),
    ("alphaUc", numbers.capital(numbers.letters)),
    ("romanLc", numbers.roman),
    ("romanUc", numbers.capital(numbers.roman)),
    ("circleNum", numbers.circled),
    ("arabicDb", numbers.wide),
    ("ea1", numbers.han),
)
_ROUND: Final = (("ParenBoth", "({})"), ("ParenR", "{})"), ("Period", "{}."), ("Minus", "{}-"))

Scheme = tuple[str, int]  # its name and its first number


def numbered_paragraphs(shape: Any) -> list[str]:
    """The texts of all paragraphs of a shape behind their numbers, empty ones left out.

    A list goes on over deeper paragraphs, and ends at one of its own level, or a higher one, that is not of it.
    """
    found: list[str] = []
    for body in shape.iter():
        if local(body) != "txBody":
            continue
        own = _of_shape(body)
        counts: dict[int, tuple[Scheme, int]] = {}
        for paragraph in children(body, "p"):
            text = paragraph_text(paragraph)
            if not text:
                continue
            level, scheme = _scheme(paragraph, own)
            for deeper in [at for at in counts if at > level]:
                del counts[deeper]
            if scheme is None:
                counts.pop(level, None)
                found.append(text)
                continue
            before = counts.get(level)
            number = before[1] + 1 if before is not None and before[0] == scheme else scheme[1]
            counts[level] = (scheme, number)
            found.append(f"{_label(scheme[0], number)} {text}")
    return found


def _of_shape(body: Any) -> dict[int, Scheme | None]:
    """The scheme of each level that the shape itself tells."""
    styles = child(body, "lstStyle")
    found: dict[int, Scheme | None] = {}
    for style in styles if styles is not None else ():
        name = local(style)
        if name.startswith("lvl") and name.endswith("pPr") and name[3:-3].isdecimal():
            told = _told(style)
            if told:
                found[int(name[3:-3]) - 1] = told[0]
    return found


def _scheme(paragraph: Any, own: dict[int, Scheme | None]) -> tuple[int, Scheme | None]:
    """The level of a paragraph, and how it is numbered."""
    properties = child(paragraph, "pPr")
    if properties is None:
        return 0, own.get(0)
    level = min(_count(properties.get("lvl"), 0), _MOST_LEVELS)
    told = _told(properties)
    return level, told[0] if told else own.get(level)


def _told(properties: Any) -> tuple[Scheme | None] | None:
    """The scheme that properties name, or that they name another sign; None when they name nothing."""
    sign = next(children(properties, *_SIGNS), None)
    if sign is None:
        return None
    if local(sign) != "buAutoNum":
        return (None,)
    return ((sign.get("type") or "arabicPeriod", max(_count(sign.get("startAt"), 1), 1)),)


def _label(scheme: str, number: int) -> str:
    write = next((form for name, form in _FORMS if scheme.startswith(name)), str)
    around = next((form for name, form in _ROUND if scheme.endswith(name)), "{}")
    return around.format(write(number))


def _count(said: str | None, default: int) -> int:
    return int(said) if said and said.isdecimal() and len(said) < 7 else default
