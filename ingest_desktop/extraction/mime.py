"""The parts of a mail message, from its bytes: header fields, the tree of parts, decoded bodies. Never fails on odd input.

The header fields go through the standard library; the tree is cut here, on bytes, because mail is often broken: every
part keeps its exact bytes, a part that was never closed ends with the one around it, and time grows with the length.
"""

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import Compat32
from typing import Any, Final

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.extraction.encoding import encoding_of_head, guess_encoding, is_utf8

HEADER_BYTES: Final = 1024 * 1024
_MAX_FIELD: Final = 64 * 1024  # characters of one field that are looked at
_BOUNDARY_REST: Final = 200  # bytes of blanks that may follow a boundary on its line
_MAX_DEPTH: Final = 40  # multiparts in multiparts
_HEADER: Final = re.compile(
    rb"(?:(?:>?From |[!-9;-~]{1,200}+[ \t]*+:|[ \t]+[^\s])[^\n]*+(?:\n|\Z)|[ \t]+\r?\n(?=[ \t]))*+"
)
_BLANK_LINE: Final = re.compile(rb"[ \t]*\r?\n")
_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_WORDS: Final = re.compile(r"(=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]+")
_NOT_TEXT: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
# Charsets as mail programs write them, and the superset that everyone means by a name.
_CHARSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_2",
}
_NAMES: Final = {
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "x-user-defined": "cp1252",
    "ks_c_5601-1987": "cp949",
    "x-windows-949": "cp949",
    "windows-874": "cp874",
    "tis-620": "cp874",
}


class _Raw(Compat32):
    """Header fields exactly as they stand, foreign bytes as surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> Any:  # noqa: ARG002
        return value[:_MAX_FIELD]  # the time that parameters take grows with the square of their number


_POLICY: Final = _Raw()


@dataclass(slots=True)
class Part:
    """One part of a message: its header fields and either its own bytes or the parts in it.

    Attributes:
        kind: Its type in small letters, such as ``text/plain``.
        raw: Its body as it stands, still encoded.
        parts: What a multipart holds.
        preamble: What a multipart without any part holds instead.
    """

    header: Message
    kind: str
    raw: bytes
    parts: list["Part"] = field(default_factory=list)

    def text_of(self, name: str) -> str:
        """A header field as people read it; all of its kind, when there are several. Empty when there is none."""
        values = self.header.get_all(name) or []
        return ", ".join(filter(None, (field_text(str(value)) for value in values[:20])))

    def first(self, name: str) -> str:
        """A header field as it stands, or an empty text."""
        return str(self.header.get(name) or "").strip()

    @property
    def disposition(self) -> str:
        """``attachment``, ``inline``, another word, or an empty text."""
        return self.first("content-disposition").partition(";")[0].strip().lower()

    @property
    def name(self) -> str:
        """The name of the file that the part is, or an empty text."""
        try:
            name = self.header.get_filename() or self.header.get_param("name") or ""
        except (ValueError, LookupError, TypeError, IndexError, AttributeError):
            return ""
        if isinstance(name, tuple):
            name = name[2]
        return field_text(name)

    @property
    def charset(self) -> str:
        """The charset it says it is in, or an empty text."""
        return self.parameter("charset").strip("\"' ")

    def parameter(self, name: str) -> str:
        """A parameter of its content type, or an empty text."""
        try:
            value = self.header.get_param(name)
        except (ValueError, LookupError, TypeError, IndexError, AttributeError):
            return ""
        if isinstance(value, tuple):
            value = value[2]
        return value or ""

    def data(self) -> bytes:
        """Its bytes, decoded."""
        return decoded(self.raw, self.first("content-transfer-encoding"))

    def text(self) -> str:
        """Its text, line ends as newlines."""
        return text_of(self.data(), self.charset)

    def leaves(self) -> Iterator["Part"]:
        """All parts that hold no others, in order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


def parse(data: bytes, max_parts: int) -> Part:
    """The tree of a message.

    Raises:
        LimitExceeded: It has more than ``max_parts`` parts.
    """
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return _part(data, "text/plain", [max_parts], 0)


def header_of(data: bytes) -> tuple[Message, int]:
    """The header fields of a message, and where its body begins."""
    found = _HEADER.match(data)
    stop = found.end() if found else 0
    blank = _BLANK_LINE.match(data, stop)
    body = blank.end() if blank else stop
    try:
        return BytesHeaderParser(policy=_POLICY).parsebytes(data[: min(stop, HEADER_BYTES)] + b"\n\n"), body
    except (ValueError, LookupError, TypeError, IndexError, AttributeError):
        return Message(policy=_POLICY), body


def _part(data: bytes, default: str, left: list[int], depth: int) -> Part:
    left[0] -= 1
    if left[0] < 0:
        raise LimitExceeded("The message has more parts than are read from one file (INGESTION_MAX_MEMBERS).")
    header, start = header_of(data)
    part = Part(header, _kind_of(header, default), data[start:] if start else data)
    if part.kind.startswith("multipart/") and depth < _MAX_DEPTH:
        boundary = part.parameter("boundary").rstrip().encode("ascii", "surrogateescape")
        inner = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        part.parts = [_part(piece, inner, left, depth + 1) for piece in _pieces(part.raw, boundary)]
    if part.kind.startswith("multipart/") and not part.parts:
        part.kind = "text/plain"  # nothing to cut it by: what is there is shown
    return part


def _kind_of(header: Message, default: str) -> str:
    said = str(header.get("content-type") or "").partition(";")[0].strip().lower()
    if said.count("/") == 1:
        return said
    return "text/html" if said in ("html", "text/html;") else default if not said else "text/plain"


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries, the last one with or without its end."""
    if not boundary:
        return []
    mark = b"--" + boundary
    pieces: list[bytes] = []
    begin = -1
    place = body.find(mark)
    while place >= 0:
        after = place + len(mark)
        if place and body[place - 1] != 10:
            place = body.find(b"\n" + mark, after - 1)
            place += place >= 0
            continue
        line_end = body.find(b"\n", after, after + _BOUNDARY_REST)
        if line_end < 0:
            line_end = min(len(body), after + _BOUNDARY_REST)
        rest = body[after:line_end].strip()
        if rest in (b"", b"--"):
            if begin >= 0:
                pieces.append(body[begin : _before(body, begin, place)])
            begin = -1
            if rest == b"--":
                return pieces
            begin = min(line_end + 1, len(body))
        place = body.find(b"\n" + mark, max(after - 1, 0))
        place += place >= 0
    if 0 <= begin < len(body):
        pieces.append(body[begin:])
    return pieces


def _before(body: bytes, begin: int, place: int) -> int:
    """The end of what stands before a boundary: the line end before it belongs to the boundary."""
    if place > begin and body[place - 1] == 10:
        place -= 1
        if place > begin and body[place - 1] == 13:
            place -= 1
    return place


def decoded(raw: bytes, encoding: str) -> bytes:
    """Bytes freed from their transfer encoding; as they stand when that is none we know."""
    word = re.split(r"[^a-z0-9-]", encoding.strip().lower(), maxsplit=1)[0]
    if word == "base64":
        return from_base64(raw)
    if word == "quoted-printable":
        return quopri.decodestring(raw)
    if word in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return from_uu(raw)
    return raw


def from_base64(raw: bytes) -> bytes:
    """What can be decoded, whatever stands between it; pieces with ends of their own are joined."""
    clean = _NO_BASE64.sub(b"", raw)
    pieces = [clean.rstrip(b"=")] if b"=" not in clean.rstrip(b"=") else re.split(b"=+", clean)
    found = []
    for piece in pieces:
        whole = piece[: -(len(piece) % 4) or None] if len(piece) % 4 == 1 else piece
        if whole:
            found.append(base64.b64decode(whole + b"=" * (-len(whole) % 4)))
    return b"".join(found)


def from_uu(raw: bytes) -> bytes:
    """The lines of a uuencoded body, without its first and last."""
    found = []
    for line in raw.splitlines():
        if not line or line.startswith(b"begin ") or line.strip() in (b"end", b"`"):
            continue
        try:
            found.append(binascii.a2b_uu(line))
        except binascii.Error:
            count = (((line[0] - 32) & 63) * 4 + 5) // 3  # lines that are longer than they say
            try:
                found.append(binascii.a2b_uu(line[:count]))
            except binascii.Error:
                continue
    return b"".join(found)


def codec_of(charset: str) -> str | None:
    """The codec for a declared charset, as programs take it; None when there is none, or none for text."""
    name = charset.strip().strip("\"'").lower()
    name = _NAMES.get(name, name)
    try:
        found = codecs.lookup(name).name
        b"a".decode(found, "ignore")  # not all codecs are for text
    except (LookupError, ValueError, TypeError):
        return None
    return None if found.replace("_", "-") in _NOT_TEXT else _CHARSETS.get(found, found)


def text_of(data: bytes, charset: str = "") -> str:
    """The text of these bytes: in the charset they say when they are valid in it, else UTF-8, else by guess."""
    codec = codec_of(charset) if charset else None
    if codec == "cp1252" and charset.strip().lower() in ("us-ascii", "ascii"):
        codec = None  # what says it is ASCII and is not says nothing
    text = None
    if codec is None:
        codec = encoding_of_head(data[:65536])
    if codec is not None:
        try:
            text = data.decode(codec)
        except (UnicodeError, ValueError):
            text = None
    if text is None:
        if is_utf8(data):
            text = data.decode("utf-8")
        else:
            text = data.decode(codec if codec not in (None, "utf-8", "utf-7") else guess_encoding(data), "replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


def field_text(value: str) -> str:
    """A header field as people read it: unfolded, encoded words decoded, foreign bytes as the text they likely are."""
    value = value[:_MAX_FIELD]
    if not value.isascii() and any("\udc80" <= sign <= "\udcff" for sign in value):
        value = text_of(value.encode("utf-8", "surrogateescape"))
    if "=?" in value:
        value = _decode_words(value)
    shown = "".join([sign if sign.isprintable() else " " for sign in value])
    return " ".join(shown.split())


def _decode_words(value: str) -> str:
    """Encoded words decoded. Neighbours of one charset are joined first: some cut characters in two."""
    value = _WORDS.sub(r"\1", value)
    found: list[str] = []
    waiting, charset, place = b"", "", 0
    for word in _WORD.finditer(value):
        name = word.group(1).partition("*")[0].lower()
        if waiting and (word.start() > place or name != charset):
            found.append(text_of(waiting, charset))
            waiting = b""
        found.append(value[place : word.start()])
        body = word.group(3).encode("ascii", "replace")
        if word.group(2) in "bB":
            waiting += from_base64(body)
        else:
            waiting += quopri.decodestring(body.replace(b"_", b" "), header=False)
        charset, place = name, word.end()
    if waiting:
        found.append(text_of(waiting, charset))
    found.append(value[place:])
    return "".join(found)
