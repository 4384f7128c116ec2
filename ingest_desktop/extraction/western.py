"""Western European texts in a code page of one byte: whether a reading of their bytes looks as people write.

A page of statistics says little about a short text with two accents in it. People of one language use few letters
beside those of ASCII, put no signs into words and no capitals after small letters: a wrong code page does all of that.
"""

import re
from collections import Counter
from typing import Final

WINDOWS: Final = "cp1252"
_OTHERS: Final = ("cp850", "mac-roman")
_OLD: Final = frozenset(("cp437", "cp850", "cp858", "mac-roman"))
_ALPHABETS: Final = tuple(
    frozenset(letters)
    for letters in (
        "àèéìíîòóùú",  # Italian
        "àâæçèéêëîïôœùûüÿ",  # French
        "áéíñóúüªº",  # Spanish
        "àáâãçéêíóôõúüªº",  # Portuguese
        "äöüßé",  # German
        "åäöéà",  # Swedish, Finnish
        "åæøéòóâêô",  # Danish, Norwegian
        "áàèéêëïíóöúü",  # Dutch
        "àçèéíïòóúü·",  # Catalan
    )
)
_ALL: Final = frozenset().union(*_ALPHABETS)
_STRAY_SHARE: Final = 10  # letters of the language for each one of a foreign name
_OPENING: Final = "«“„‚‘¿¡§€£©("
_CLOSING: Final = "»”…®™°²³"
_BETWEEN: Final = "–—•"
_ANYWHERE: Final = "’´\xa0\xad"
_SIGNS: Final = frozenset(_OPENING + _CLOSING + _BETWEEN + _ANYWHERE)
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]")
_ABSURD: Final = re.compile(
    r"[a-zß-öø-ÿ][À-ÖØ-ÞŠŽŸŒ]|[A-Z][à-öø-ÿ][A-Z]|[A-Za-z][^\w\s\x00-\x7f’´·–—\xad](?=[A-Za-z])|[\x80-\x9f\ufffd]"
)
_WORDS: Final = re.compile(rb"[A-Za-z]")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_LEAST_SHARE: Final = 2  # letters of ASCII for each byte beyond it: less is hardly a Latin script


def is_latin(sample: bytes) -> bool:
    """Whether most letters are those of ASCII."""
    return len(_WORDS.findall(sample)) >= _LEAST_SHARE * len(_HIGH.findall(sample))


def is_natural(sample: bytes, codec: str) -> bool:
    """Whether all beyond ASCII is letters of one Western language, but for a rare name, and signs where signs stand."""
    text = sample.decode(codec, "replace")
    used = Counter(sign.lower() for sign in _FOREIGN.findall(text) if sign not in _SIGNS)
    most = used.total() // _STRAY_SHARE
    if not used.keys() <= _ALL or all(_outside(used, alphabet) > most for alphabet in _ALPHABETS):
        return False
    return _ABSURD.search(text) is None and all(_fits(text, found.start()) for found in _FOREIGN.finditer(text))


def has_letters(sample: bytes, codec: str) -> bool:
    """Whether there are letters beyond ASCII."""
    return any(sign.isalpha() for sign in _FOREIGN.findall(sample.decode(codec, "replace")))


def _outside(used: Counter[str], alphabet: frozenset[str]) -> int:
    """How many letters are of another alphabet."""
    return sum(count for letter, count in used.items() if letter not in alphabet)


def is_absurd(sample: bytes, codec: str) -> bool:
    """Whether there are signs inside words, capitals after small letters, or bytes without a meaning."""
    return _ABSURD.search(sample.decode(codec, "replace")) is not None


def reading(sample: bytes, guessed: str) -> str | None:
    """The code page of a Western text that statistics took for something else; None when they may be right.

    Args:
        sample: Bytes of a text in Latin script; see ``is_latin``.
        guessed: What statistics say, a codec of Python.
    """
    if guessed not in (WINDOWS, "iso8859-15", "iso8859-1") and is_natural(sample, WINDOWS):
        old = guessed in _OLD and has_letters(sample, guessed) and not has_letters(sample, WINDOWS)
        return None if old else WINDOWS
    if is_absurd(sample, WINDOWS) and not is_natural(sample, guessed):
        return next((codec for codec in _OTHERS if has_letters(sample, codec) and is_natural(sample, codec)), None)
    return None


def _fits(text: str, place: int) -> bool:
    """Whether the sign at this place stands where such signs do; letters always do."""
    sign = text[place]
    before, after = text[place - 1 : place].isalpha(), text[place + 1 : place + 2].isalpha()
    if sign in _OPENING:
        return not before
    if sign in _CLOSING:
        return not after
    return before == after or sign not in _BETWEEN
