"""What makes XML of programs ill-formed and is easily put right, and what stands in its tags."""

import re
from html import unescape
from html.entities import html5
from typing import Final

_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,8})|([0-9]{1,10}));")
_BARE: Final = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,30};))?|<(?![A-Za-z_:/!?])"
)
_FORBIDDEN: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_PAIR: Final = re.compile(r"""(?<![\w:.-])([\w:.-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_NAME: Final = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_RUN: Final = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{1000,}+={0,2}")
_WORD: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_LONG: Final = 1000  # signs: what has fewer is taken for words whatever it looks like
_LONG_WORD: Final = 40  # a line of packed bytes has more


def repaired(text: str) -> str:
    """Ill-formed XML without what most often makes it so: signs and references that no XML may have, bare ``&`` and ``<``.

    Lines stay where they are.
    """
    text = _FORBIDDEN.sub(" ", joined(text))
    return _BARE.sub(_escaped, text)


def joined(text: str) -> str:
    """References to halves of a sign as that sign (phones write an emoji as two of them), and those to no sign as nothing."""
    if "&#" not in text:
        return text
    changed = _REFERENCE.sub(_referred, text)
    return changed if changed == text else changed.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def attributes(tag: str) -> str:
    """What the attributes of a tag say, as ``name key=value, key=value``; empty when they say nothing."""
    pairs = [(key, " ".join((double or single).split())) for key, double, single in _PAIR.findall(tag)]
    said = ", ".join([f"{key.rpartition(':')[2]}={value}" for key, value in pairs if value and says(key, value)])
    name = _NAME.match(tag)
    return f"{name.group(1)} {said}" if said and name is not None else ""


def says(key: str, value: str) -> bool:
    """Whether the value of an attribute is of use to a reader: a name of a vocabulary is not, nor are packed bytes."""
    if key.startswith("xmlns") or "://www.w3.org/" in key:
        return False
    return len(value) <= _LONG or not value.isascii() or value.count(" ") * 80 > len(value)


def is_packed(text: str) -> bool:
    """Whether this is the bytes of a file, such as a picture, in BASE64."""
    if len(text) <= _LONG or not text.isascii():
        return False
    words = text.split()
    return min(map(len, words[:-1]), default=_LONG) > _LONG_WORD and all(map(_WORD.fullmatch, words))


def without_packed(text: str) -> str:
    """Text without runs of such bytes."""
    return _RUN.sub(" ", text)


def _referred(found: re.Match[str]) -> str:
    number = int(found.group(1), 16) if found.group(1) else int(found.group(2))
    if 0xD800 <= number < 0xE000:
        return chr(number)
    allowed = number in (9, 10, 13) or 0x20 <= number < 0xFFFE or 0x10000 <= number < 0x110000
    return found.group() if allowed else ""


def _escaped(found: re.Match[str]) -> str:
    if found.group() == "<":
        return "&lt;"
    name = found.group(1)
    if name and name in html5:
        return html5[name].replace("&", "&amp;").replace("<", "&lt;")
    return f"&amp;{name or ''}"


def plain(text: str) -> str:
    """Text in which references stand for signs."""
    return unescape(joined(text)) if "&" in text else text
