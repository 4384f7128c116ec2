"""The numbers that programs set before the paragraphs of a list or a heading: how they are counted and written.

They stand nowhere in the text of a document, but they are what people cite: ``3.2``, ``a)``, ``IV.``, ``Article 5``.
Bullets say nothing and are left out, as in all formats.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_MOST_LEVELS: Final = 10
_MOST_LABEL: Final = 200  # characters
_MOST_ROMAN: Final = 4999
_MOST_REPEATED: Final = 26 * 20
_MOST_CIRCLED: Final = 20
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN: Final = "абвгдежзиклмнопрстуфхцчшщыэюя"
_HAN: Final = "〇一二三四五六七八九"
_HAN_STEPS: Final = ((1000, "千"), (100, "百"), (10, "十"))
_WIDE: Final = str.maketrans("0123456789", "０１２３４５６７８９")
_ROMAN_WORD: Final = re.compile(r"[ivxlcdm]+", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]{3,}|§")


@dataclass(frozen=True, slots=True)
class Level:
    """How the paragraphs of one level of a list are numbered.

    Attributes:
        write: Makes the text of a number; None for a bullet, or nothing.
        text: What is shown, with ``%1`` for the number of the first level and so on.
        start: The first number.
        after: Stands between the number and the text.
        restart: The number begins anew after a paragraph of a level below this one (levels count from 0): its own
            for all higher ones, as is usual; 0 for none.
        plain: The numbers of the levels above are written as digits, whatever their own form.
    """

    write: Callable[[int], str] | None
    text: str
    start: int = 1
    after: str = " "
    restart: int = _MOST_LEVELS
    plain: bool = False


class Counter:
    """Counts the paragraphs of one list."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: list[int | None] = []

    def step(self, levels: Sequence[Level | None], depth: int, start: int | None = None) -> None:
        """Count a paragraph.

        Args:
            levels: Of its list.
            depth: Its level, from 0.
            start: Its number, when it is told outright.
        """
        counts = self._counts
        counts += [None] * (depth + 1 - len(counts))
        before = counts[depth]
        counts[depth] = start if start is not None else _start(levels, depth) if before is None else before + 1
        for deeper in range(depth + 1, len(counts)):
            level = levels[deeper] if deeper < len(levels) else None
            if level is None or depth < level.restart:
                counts[deeper] = None
        for higher in range(depth):
            if counts[higher] is None:  # never seen, and shown all the same
                counts[higher] = _start(levels, higher)

    def label(self, levels: Sequence[Level | None], depth: int) -> str:
        """What is shown before the text of the paragraph that was counted last, with a blank where there is a gap.

        It is empty for a bullet, and for any other sign that is no number.
        """
        level = levels[depth] if depth < len(levels) else None
        if level is None or level.write is None:
            return ""
        said = _filled(level, levels, self._counts)[:_MOST_LABEL]
        if not any(map(str.isalnum, said)):
            return ""
        label = said.strip()
        return label + (" " if said[-1].isspace() else level.after)


def _start(levels: Sequence[Level | None], depth: int) -> int:
    level = levels[depth] if depth < len(levels) else None
    return level.start if level is not None else 1


def _filled(level: Level, levels: Sequence[Level | None], counts: list[int | None]) -> str:
    """The text of a level with its numbers."""
    first, *rest = level.text.split("%")
    parts = [first]
    for piece in rest:
        place = ord(piece[0]) - ord("1") if piece[:1] in "123456789" and piece else -1
        if place < 0:
            parts.append(f"%{piece}")
            continue
        count = counts[place] if place < len(counts) else None
        other = levels[place] if place < len(levels) else None
        write = other.write if other is not None else None
        if level.plain and write is not None and write is not padded:
            write = str
        if write is not None:
            parts.append(write(count if count is not None else other.start if other is not None else 1))
        parts.append(piece[1:])
    return "".join(parts)


def is_said_alone(label: str) -> bool:
    """Whether a number says something where no text follows it: ``Article 5`` does, ``5.`` does not."""
    return any(not _ROMAN_WORD.fullmatch(word) for word in _WORD.findall(label))


def has_number(label: str) -> bool:
    """Whether what a program set before a paragraph is a number; a bullet is none."""
    said = label.strip()
    return any(map(str.isalnum, said)) and said != "o"  # which is a circle in many fonts


def padded(number: int) -> str:
    """``01``."""
    return f"{number:02}"


def roman(number: int) -> str:
    """``iv``."""
    if not 0 < number <= _MOST_ROMAN:
        return str(number)
    parts: list[str] = []
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        parts.append(sign * count)
    return "".join(parts)


def letters(number: int, alphabet: str = _LATIN) -> str:
    """``a`` to ``z``, then ``aa``, ``bb``, as office programs count."""
    if not 0 < number <= _MOST_REPEATED:
        return str(number)
    times, place = divmod(number - 1, len(alphabet))
    return alphabet[place] * (times + 1)


def letters_in_turn(number: int) -> str:
    """``a`` to ``z``, then ``aa``, ``ab``."""
    said = ""
    while number > 0:
        number, place = divmod(number - 1, len(_LATIN))
        said = _LATIN[place] + said
    return said or "0"


def russian(number: int) -> str:
    """``б``."""
    return letters(number, _RUSSIAN)


def ordinal(number: int) -> str:
    """``2nd``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def circled(number: int) -> str:
    """``②``."""
    return chr(0x245F + number) if 0 < number <= _MOST_CIRCLED else str(number)


def wide(number: int) -> str:
    """``１２``."""
    return str(number).translate(_WIDE)


def dashed(number: int) -> str:
    """``- 3 -``."""
    return f"- {number} -"


def han_digits(number: int) -> str:
    """``一二``."""
    return "".join(_HAN[int(digit)] for digit in str(number)) if number >= 0 else str(number)


def han(number: int) -> str:
    """``十二``, ``一百零五``: as in the laws of China."""
    if not 0 < number < 10_000:
        return str(number)
    parts: list[str] = []
    gap = False
    for step, sign in _HAN_STEPS:
        digit, number = divmod(number, step)
        if digit:
            one = digit == 1 and sign == "十" and not parts
            parts.append(("零" if gap else "") + ("" if one else _HAN[digit]) + sign)
            gap = False
        else:
            gap = bool(parts)
    if number:
        parts.append(("零" if gap else "") + _HAN[number])
    return "".join(parts)


def japanese(number: int) -> str:
    """``百五``: as in the laws of Japan."""
    if not 0 < number < 10_000:
        return str(number)
    parts: list[str] = []
    for step, sign in _HAN_STEPS:
        digit, number = divmod(number, step)
        if digit:
            parts.append(("" if digit == 1 else _HAN[digit]) + sign)
    return "".join([*parts, _HAN[number] if number else ""])


def capital(write: Callable[[int], str]) -> Callable[[int], str]:
    """The same in capitals."""
    return lambda number: write(number).upper()
