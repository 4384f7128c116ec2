"""Which encoding a text is in. UTF-8 is tried strictly first; what is left is a guess on a bounded sample."""

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES = 32 * 1024
_last: list[tuple[bytes, str | None]] = []  # the last answer: it is asked for the same head again and again
_FOREIGN = re.compile("[\u0370-\u1fff]")
_MIXED = re.compile("(?<=[A-Za-z])[\u0370-\u1fff]|[\u0370-\u1fff](?=[A-Za-z])")
# Latin code pages of DOS and of old Macs. Their letters lie below 0xC0 but for very few; from there on are symbols and frames.
_OLD_LATIN = re.compile("cp437|cp85[0-8]|mac-(?:roman|turkish|iceland|latin2|croatian|romanian)")
_LETTER_ALONE = re.compile(rb"(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[A-Za-z])")
# What guessers name, and the superset that everyone means by it.
_SUPERSETS = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
# Codecs of Python that no document is written in: a file may name any of them.
_NO_CHARSETS = frozenset("idna punycode undefined unicode_escape raw_unicode_escape utf_7 mbcs oem".split())


def encoding_of_head(head: bytes) -> str | None:
    """The encoding that a byte order mark or the pattern of NULs gives away, or None."""
    if not _last or _last[0][0] is not head:
        _last[:] = [(head, _marked_encoding(head))]
    return _last[0][1]


def _marked_encoding(head: bytes) -> str | None:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if (
        b"\x1b" in head and b"\x1b$" in head and head.isascii()
    ):  # shifts between ASCII and another set: its bytes are all ASCII
        return "iso2022_kr" if b"\x1b$)C" in head else "iso2022_jp_2"
    pairs = len(head) // 2
    if pairs < 2 or b"\0" not in head:
        return None
    even, odd = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be"
    return None


def is_utf8(data: bytes, *, cut: bool = False) -> bool:
    """Whether these bytes are valid UTF-8. ``cut``: they may end inside a character."""
    if data.isascii():
        return True
    try:
        codecs.utf_8_decode(data, "strict", not cut)
    except UnicodeDecodeError:
        return False
    return True


def guess_encoding(data: bytes) -> str:
    """The likely encoding of bytes that are neither UTF-8 nor marked. Always a codec that Python has."""
    from chardet import EncodingEra, detect_all

    sample = _telling_sample(data)
    eras = EncodingEra.ALL & ~EncodingEra.MAINFRAME
    for found in detect_all(sample, encoding_era=eras):
        try:
            name = codecs.lookup(found["encoding"] or "").name
            text = sample.decode(name, "replace")
        except LookupError:
            continue
        if not _mixes_scripts(text) and not (_OLD_LATIN.fullmatch(name) and _has_windows_letters(sample)):
            return _SUPERSETS.get(name, name)
    return "cp1252"


def declared_codec(name: str) -> str | None:
    """The codec of a charset that a document names; None when there is none, or none for text."""
    try:
        found = codecs.lookup(name).name
        b"a".decode(found, "ignore")  # some are from bytes to bytes
    except (LookupError, ValueError):
        return None
    return None if found.replace("-", "_") in _NO_CHARSETS else found


def _mixes_scripts(text: str) -> bool:
    """Whether foreign letters stand inside Latin words, as when an accent is read in another code page."""
    foreign = len(_FOREIGN.findall(text))
    return foreign > 0 and len(_MIXED.findall(text)) > 0.3 * foreign


def _has_windows_letters(sample: bytes) -> bool:
    """Whether all bytes outside ASCII stand beside letters, where Windows and ISO have letters and older pages do not."""
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    return high > 0 and len(_LETTER_ALONE.findall(sample)) == high


def encoding_of(data: bytes) -> str:
    """The encoding of a text that is all in memory."""
    marked = encoding_of_head(data[:65536])
    if marked:
        return marked
    return "utf-8" if is_utf8(data) else guess_encoding(data)


def decode(data: bytes, encoding: str, *, old_mac: bool = False) -> str:
    """The text of these bytes: never fails, without byte order mark and NULs, line ends as newlines.

    Args:
        data: The bytes of a text or of a stretch of one.
        encoding: A codec that Python has.
        old_mac: Lines end with a carriage return alone.
    """
    text = data.decode(encoding, "replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\r" in text:
        text = text.replace("\r", "\n") if old_mac else text.replace("\r\n", "\n")
    return text.replace("\0", " ") if "\0" in text else text


def _telling_sample(data: bytes) -> bytes:
    """A bounded piece around the first byte outside ASCII: a page of plain English first says nothing."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    low, high = 0, len(data)
    while high - low > 1024:  # halve until the first such byte is near; each half is looked at once
        middle = (low + high) // 2
        if data[low:middle].isascii():
            low = middle
        else:
            high = middle
    start = max(0, low - 1024)
    line = data.rfind(b"\n", 0, start) + 1
    start = line if start - line < 4096 else start
    piece = data[start : start + _SAMPLE_BYTES]
    telling = [line for line in piece.split(b"\n") if not line.isascii()]
    return b"\n".join(telling) or piece
