"""Which encoding a text is in. UTF-8 is tried strictly first; what is left is a guess on a bounded sample."""

import codecs
import re

from ingest_desktop.extraction import western

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
_NEVER_SEEN = frozenset(("cp1006", "hp-roman8", "ptcp154"))  # few texts are in them, and many short ones seem to be
_TEXT_CONTROLS = b"\t\n\x0b\x0c\r\x1b"
_CENTRAL = frozenset("cs sk pl hu sl hr bs sr ro sq".split())
# Latin pages of some languages. In others they are a mistake: a few letters of any page look like those of any other.
_HOMES = {
    **dict.fromkeys(("cp1250", "iso8859-2", "iso8859-16", "cp852", "mac-latin2"), _CENTRAL),
    **dict.fromkeys(("cp1257", "iso8859-13"), frozenset(("lt", "lv", "et"))),
    **dict.fromkeys(("cp1254", "iso8859-9"), frozenset(("tr", "az"))),
    "iso8859-3": frozenset(("eo", "mt")),
    "cp1258": frozenset(("vi",)),
}
_LETTERS = {  # of the languages that a few Western letters are most often taken for
    "hu": frozenset("áéíóöőúüű"),
    "lv": frozenset("āčēģīķļņšūž"),
    "lt": frozenset("ąčęėįšųūž"),
    "cs": frozenset("áčďéěíňóřšťúůýž"),
    "sk": frozenset("áäčďéíĺľňóôŕšťúýž"),
    "pl": frozenset("ąćęłńóśźż"),
    "sl": frozenset("čćđšž"),
    **dict.fromkeys(("hr", "bs", "sr"), frozenset("čćđšž")),
    "ro": frozenset("ăâîșțşţ"),
    "sq": frozenset("çë"),
}
_EAST_ASIAN = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f\u2010-\u2027]")
_PLAIN = re.compile("[ -~\t\r\n]")
_HIGH = bytes(range(0x80, 0x100))
_PAIRED_BYTES, _FEWEST_SIGNS, _NEARLY_ALL = 2048, 12, 0.98
_BEYOND = re.compile(r"[^\x00-\x7f]")
_WHOLE = frozenset("utf-8 gb18030 big5 cp932 cp949 euc_jp euc_kr".split())  # who fits so many pairs of bytes is right
# What stands in texts of two bytes for a sign, and not in Western ones: letters beyond ASCII side by side, but for two small ones.
_SIDE_BY_SIDE = re.compile(rb"[\x80-\xff]{3}|[\x80-\xde][\x80-\xff]|[\x80-\xff][\x80-\xde]")
_WINDOWS_PAGES = {  # what is meant where a page has nothing but controls
    "iso8859-1": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-7": "cp1253",
    "iso8859-9": "cp1254",
    "iso8859-8": "cp1255",
    "iso8859-6": "cp1256",
    "iso8859-13": "cp1257",
}
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]{0,20}[A-Za-z]")
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
        return "utf-16-le" if _are_signs(head[: 2 * pairs : 2], head[1 : 2 * pairs : 2]) else None
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be" if _are_signs(head[1 : 2 * pairs : 2], head[: 2 * pairs : 2]) else None
    return _east_asian_pairs(head[:_PAIRED_BYTES])


def _east_asian_pairs(sample: bytes) -> str | None:
    """UTF-16 without a mark in Chinese, Japanese or Korean: nearly no byte of it is zero, but nearly all of it are such signs.

    Of noise two thirds are, of programs and pictures fewer.
    """
    sample = sample[: len(sample) & ~1]
    beyond = len(sample) - len(sample.translate(None, _HIGH))
    if len(sample) < 2 * _FEWEST_SIGNS or beyond < 0.05 * len(sample):  # pairs of small letters are such signs as well
        return None
    for name in ("utf-16-le", "utf-16-be"):
        text = sample.decode(name, "replace")
        asian = len(_EAST_ASIAN.findall(text))
        if 2 * asian > len(text) and asian + len(_PLAIN.findall(text)) >= _NEARLY_ALL * len(text):
            return name
    return None


def _are_signs(low: bytes, high: bytes) -> bool:
    """Whether pairs of bytes, nearly half of them with zero above, are signs of a text and not numbers of a program."""
    small = [below for below, above in zip(low[:2048], high, strict=False) if not above]
    return sum(below < 32 and below not in _TEXT_CONTROLS for below in small) <= 0.02 * len(small)


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
    sample = _telling_sample(data)
    if b"\0" in sample:
        sample = sample.replace(b"\0", b"")
    if b"\x1b" in sample:
        sample = _ESCAPES.sub(b"", sample)  # the colours of a terminal
    name, language = _by_statistics(sample)
    if not _is_at_home(sample, name, language) and western.is_latin(sample):
        name = western.reading(sample, name) or name
    if _CONTROLS.search(sample):
        return _WINDOWS_PAGES.get(name, name)
    if name == western.WINDOWS and b"\xa4" in sample:
        return "iso8859-15"  # the sign of the euro is written, that of any currency is not
    return name


def _is_at_home(sample: bytes, name: str, language: str) -> bool:
    """Whether a text has what those in a code page have that are written in a language."""
    if name not in _HOMES:
        return name in _WHOLE and _SIDE_BY_SIDE.search(sample) is not None
    letters = _LETTERS.get(language)
    used = {sign for sign in _BEYOND.findall(sample.decode(name, "replace").lower()) if sign.isalpha()}
    own = letters is None or letters.issuperset(used)
    return own and language in _HOMES[name]


def _by_statistics(sample: bytes) -> tuple[str, str]:
    """What the guesser finds most likely, unless it makes no sense: a codec, and the language (ISO 639-1, or empty)."""
    from chardet import EncodingEra, detect_all

    eras = EncodingEra.ALL & ~EncodingEra.MAINFRAME
    for found in detect_all(sample, encoding_era=eras):
        try:
            name = codecs.lookup(found["encoding"] or "").name
            text = sample.decode(name, "replace")
        except LookupError:
            continue
        if name in _NEVER_SEEN or _mixes_scripts(text):
            continue
        if not (_OLD_LATIN.fullmatch(name) and _has_windows_letters(sample)):
            return _SUPERSETS.get(name, name), found["language"] or ""
    return western.WINDOWS, ""


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
