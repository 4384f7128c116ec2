"""How cells are named and what their number formats make of a number. Pure."""

import re
from typing import Final

_QUOTED: Final = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")
BUILT_IN_TIMES: Final = {"9": "percent", "10": "percent"} | {
    str(number): "span" if number == 46 else "date"
    for number in (*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59))
}


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """A for 1, AA for 27."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def time_kind(code: str) -> str:
    """What a number format makes of a number: ``date``, ``span`` (hours past a day), ``percent`` or nothing."""
    bare = _QUOTED.sub("", code.lower())
    if "%" in bare:
        return "percent"
    if "[h" in bare or "[m" in bare or "[s" in bare:
        return "span"
    return "date" if set(_BRACKETS.sub("", bare)) & set("dmyhs") and "general" not in bare else ""
