"""The names of a ZIP archive that do not tell their encoding: one guess over all of them together.

ZIP knows the code page it began with, and UTF-8 with a flag. Programs wrote whatever their system used: the code page of
DOS or of Windows in Russia, Japan, China, Greece. A single short name tells little of that, all of them a good deal.
"""

import codecs
import re
from collections.abc import Iterable, Sequence
from typing import Final

from ingest_desktop.extraction import western

FIRST: Final = "cp437"  # the code page that ZIP began with: it gives every byte a sign, so that no name is lost
_LATIN: Final = (FIRST, "cp850", "cp1252")
_PAGES: Final = frozenset(
    "cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp862 cp866 cp874 cp1125 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 "
    "cp1256 cp1257 cp1258 koi8-r koi8-u cp932 gb18030 big5 cp949 euc_jp".split()
)
_MEANT: Final = {  # what a guesser names, and what systems that write archives have
    **dict.fromkeys(("kz1048", "ptcp154", "iso8859-5"), "cp1251"),
    **dict.fromkeys(("gb2312", "gbk", "hz"), "gb18030"),
    "shift_jis": "cp932",
    "shift_jisx0213": "cp932",
    "shift_jis_2004": "cp932",
    "euc_kr": "cp949",
    "johab": "cp949",
    "cp950": "big5",
    "big5hkscs": "big5",
    "iso8859-1": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
_SAMPLE_BYTES: Final = 16 * 1024
_NO_NAME: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2500-\u259f\ufffd]")  # controls, and the frames and shades of DOS
_FOREIGN: Final = re.compile("[\u0370-\u1fff]")
_MIXED: Final = re.compile(
    "(?<=[A-Za-z])[\u0370-\u1fff]|[\u0370-\u1fff](?=[A-Za-z])"
)  # Latin words with others' letters
_ENDING: Final = re.compile(rb"\.[A-Za-z0-9]{1,5}$")


def decoded(names: Sequence[bytes]) -> list[str]:
    """The names of one archive that tell no encoding and are not ASCII alone, in their order.

    What is valid UTF-8 is that, unless most of the others are not.
    """
    strange = [raw for raw in names if not _fits(raw, "utf-8")]
    if not strange:
        return [raw.decode("utf-8") for raw in names]
    page = page_of(strange)
    most = 2 * len(strange) > len(names)
    return [raw.decode(page if _is_in(raw, page, most=most) else "utf-8", "replace") for raw in names]


def _is_in(raw: bytes, page: str, *, most: bool) -> bool:
    """Whether a name is in the page of the archive; ``most``: most names are."""
    return not _fits(raw, "utf-8") or (most and _fits(raw, page))


def page_of(names: Sequence[bytes]) -> str:
    """The code page of names that are not UTF-8: one in which all of them make sense, else ``FIRST``."""
    sample = b"\n".join(_telling(names))
    if western.is_latin(sample):
        for page in _LATIN:
            if western.is_natural(sample, page):
                return page
    from chardet import EncodingEra, detect_all

    for found in detect_all(sample, encoding_era=EncodingEra.ALL & ~EncodingEra.MAINFRAME):
        try:
            name = codecs.lookup(found["encoding"] or "").name
        except LookupError:
            continue
        page = _MEANT.get(name, name)
        if page in _PAGES and all(_fits(raw, page) for raw in names) and _makes_sense(sample, page):
            return page
    return FIRST


def _telling(names: Iterable[bytes]) -> list[bytes]:
    """Each part of a path once, without its ending, where it has more than ASCII; a bounded number of them."""
    found: dict[bytes, None] = {}
    held = 0
    for raw in names:
        for part in _ENDING.sub(b"", raw).split(b"/"):
            if not part.isascii() and part not in found:
                found[part] = None
                held += len(part)
        if held > _SAMPLE_BYTES:
            break
    return list(found)


def _fits(raw: bytes, page: str) -> bool:
    try:
        raw.decode(page)
    except UnicodeDecodeError:
        return False
    return True


def _makes_sense(sample: bytes, page: str) -> bool:
    text = sample.decode(page, "replace").replace("\n", " ")
    foreign = len(_FOREIGN.findall(text))
    return not _NO_NAME.search(text) and (not foreign or len(_MIXED.findall(text)) <= 0.3 * foreign)
