"""Which kind of text a text is: by how it begins, with the ending of its name where beginnings do not tell."""

import re
from collections.abc import Callable
from typing import Final

from ingest_desktop.extraction import kinds

_HTML_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,400}>\s*)?(?>(?:<!--(?>.{0,4000}?-->)\s*+)*)<(?:!doctype\s+html|html|head|body|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL_START: Final = re.compile(
    rb"(?:From |Return-Path:|Received:|Delivered-To:|MIME-Version:|Message-ID:|From:|Date:|Subject:|To:|X-[\w-]+:"
    rb"|Content-Type:|Thread-)",
    re.IGNORECASE,
)
_MAIL_FIELD: Final = re.compile(
    rb"^(From|To|Subject|Date|Message-ID|MIME-Version|Received|Return-Path|Content-Type):", re.M | re.I
)
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_ANY_FIELD: Final = re.compile(rb"(?:From [^\n]*\n|>From [^\n]*\n)*[!-9;-~]{1,80}[ \t]*:[ \t\r\n]")
_LENGTH_LINE: Final = re.compile(rb"\d{1,12}[ \t]*\r?\n")  # Apple Mail writes it before a message
_SAVED_PAGE: Final = re.compile(rb"^Content-Type:\s*multipart/related\b", re.M | re.I)
_SAVED_BY: Final = re.compile(rb"^(?:From:\s*\S?Saved by |Snapshot-Content-Location:)", re.M | re.I)
_TIMED: Final = re.compile(
    rb"\s*(?:\d{1,7}[ \t]*\r?\n)?\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}[ \t]*-->[ \t]*\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}"
)
_CHAT_DAY: Final = r"(?:\d{1,4}[./-][ ]?\d{1,2}[./-][ ]?\d{2,4}\.?|\d{4}[年년][ ]?\d{1,2}[月월][ ]?\d{1,2}[日일])"
_CHAT_CLOCK: Final = (
    r"(?:[^\W\d_]{1,3}\.?[ \t]*)?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \t]?[^\W\d_]\.?[ \t]?(?:[^\W\d_]\.?)?)?"
)
_CHAT_TIME: Final = rf"{_CHAT_DAY}[,،]?[ \t]+{_CHAT_CLOCK}"
CHAT_MARK: Final = re.compile(rf"^(?:\[({_CHAT_TIME})\][ \t]|({_CHAT_TIME})[ \t]-[ \t])", re.MULTILINE)  # of chat_text
_UNSEEN: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BLANKS: Final = re.compile("[\u202f\xa0]")
_CHAT_LINE_BYTES: Final = 200  # in which its time stands
_OBJECT: Final = re.compile(rb"\{\s*(?:\"(?:[^\"\\]|\\.){0,500}\"\s*:|\})")
_ARRAY: Final = re.compile(rb"\[\s*(?:[\[{\"\]]|-?\d|true\b|false\b|null\b)")
_NOTEBOOK: Final = re.compile(rb'"nbformat"\s*:\s*\d')  # in a description of the format it is no number
_OBJECT_LINES: Final = re.compile(rb"\{[^\r\n]*\}[ \t]*\r?\n\s*\{[^\r\n]*(?:\}|\Z)")
_XML_START: Final = re.compile(rb"<\?xml\s|<!DOCTYPE\s|<[A-Za-z_][\w.:-]*[\s>/]|<!--")
_FLAT: Final = re.compile(
    rb"<office:document\s[^>]*\boffice:mimetype=.application/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)\b"
)
_CARD: Final = re.compile(rb"BEGIN:(?:VCALENDAR|VCARD)[ \t]*\r?\n", re.IGNORECASE)
_LATEX: Final = re.compile(rb"^\s*\\(?:documentclass|documentstyle|begin\{document\})", re.M)
_YAML_LINE: Final = re.compile(rb"^(?:---|- |[\w.\"'/-]+[ \t]*:(?:[ \t]|\r?$))", re.M)
_DELIMITERS: Final = (b",", b"\t", b";", b"|")
_HEAD: Final = 8192
_ENDINGS: Final[dict[str, str]] = {
    **dict.fromkeys(kinds.MARKDOWN_NAMES, kinds.MARKDOWN),
    **dict.fromkeys((".rst", ".rest"), kinds.RST),
    **dict.fromkeys((".tex", ".latex", ".ltx"), kinds.LATEX),
    **dict.fromkeys((".adoc", ".asciidoc"), kinds.ASCIIDOC),
    **dict.fromkeys(kinds.CODE_NAMES, kinds.CODE),
}


def text_kind(head: bytes, suffix: str) -> str:
    """The kind of a text.

    Args:
        head: Its beginning, in UTF-8 or another encoding in which ASCII is ASCII.
        suffix: The ending of its name, in small letters, with its dot.
    """
    if _HTML_START.match(head):
        return kinds.HTML
    by_name = _ENDINGS.get(suffix)
    if by_name is not None:
        return by_name
    ask = _ASK.get(suffix)
    found = ask(head) if ask is not None else None
    if found is not None:
        return found
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    tell = _TELL.get(start)
    return (tell(head, suffix) if tell is not None else None) or _by_first_lines(head, suffix)


def _by_first_lines(head: bytes, suffix: str) -> str:
    if head.startswith(b"#!") and suffix == "":
        return kinds.CODE
    if _MAIL_START.match(head.lstrip(b"\xef\xbb\xbf\r\n")):  # mail folders have names with dots in them
        return _mail(head, least=4 if suffix else 2) or kinds.TEXT
    return kinds.TEXT


def _mail(head: bytes, *, least: int = 2) -> str | None:
    """Mail by its header fields: one message, many, or a saved web page."""
    head = head.lstrip(b"\xef\xbb\xbf\r\n")
    if not _MAIL_START.match(head):
        return None
    top = _BLANK_LINE.split(head[:65536], maxsplit=1)[0]
    fields = {name.lower() for name in _MAIL_FIELD.findall(top)}
    if len(fields) < least:
        return None
    if head.startswith(b"From "):
        return kinds.MBOX
    if _SAVED_PAGE.search(top) and b"to" not in fields and (b"from" not in fields or _SAVED_BY.search(top)):
        return kinds.MHTML
    return kinds.EML


def _named_mail(head: bytes) -> str | None:
    """Mail by its name: any header fields, one of which at least is one of mail."""
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    length = _LENGTH_LINE.match(head)
    if length is not None:
        head = head[length.end() :]
    found = _mail(head)
    if found is None and _ANY_FIELD.match(head) and _MAIL_FIELD.search(_BLANK_LINE.split(head, maxsplit=1)[0]):
        return kinds.MBOX if head.startswith(b"From ") else kinds.EML
    return found


def _saved_page(head: bytes) -> str | None:
    found = _mail(head)
    return kinds.MHTML if found == kinds.EML else found


def _html(head: bytes) -> str | None:
    return kinds.HTML if b"<" in head else None


def json_kind(head: bytes) -> str | None:
    """What is written in JSON, by how it begins: JSON, JSON lines, a notebook or a chat; None when it is no JSON."""
    body = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if body.startswith(b"{"):
        if not _OBJECT.match(body):
            return None
        if _NOTEBOOK.search(head) or (b'"cells"' in head[:2000] and b'"cell_type"' in head):
            return kinds.NOTEBOOK
        return kinds.JSONL if _OBJECT_LINES.match(body) else kinds.JSON
    if not _ARRAY.match(body):
        return None
    return kinds.CHATGPT if b'"mapping"' in head and b'"title"' in head else kinds.JSON


def _notebook(head: bytes) -> str | None:
    return kinds.NOTEBOOK if json_kind(head) in (kinds.JSON, kinds.NOTEBOOK) else None


def _lines(head: bytes) -> str | None:
    """JSON lines by their name: the first line that is whole is an object or an array."""
    return kinds.JSONL if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else None


def _table(head: bytes) -> str | None:
    """Separated values: a delimiter in most of the first lines."""
    lines = [line for line in head[:_HEAD].splitlines()[:20] if line.strip()]
    if len(lines) > 1 and len(head) >= _HEAD:
        lines = lines[:-1]
    for mark in _DELIMITERS:
        if lines and sum(mark in line for line in lines) * 2 > len(lines):
            return kinds.CSV
    return None


def _sheet(head: bytes) -> str | None:
    """What programs write that call any table a workbook: HTML or separated values."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return kinds.HTML if b"<table" in head.lower() and b"<?xml" not in head[:_HEAD] else None
    return _table(head)


def _xml(head: bytes) -> str | None:
    return kinds.XML if _XML_START.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")) else None


def _yaml(head: bytes) -> str | None:
    return kinds.YAML if _YAML_LINE.search(head[:_HEAD]) else None


def _subtitles(head: bytes) -> str | None:
    body = head.lstrip(b"\xef\xbb\xbf")
    return kinds.SUBTITLES if body.startswith(b"WEBVTT") or _TIMED.match(body) else None


_ASK: Final[dict[str, Callable[[bytes], str | None]]] = {
    **dict.fromkeys(kinds.HTML_NAMES, _html),
    **dict.fromkeys((".mht", ".mhtml"), _saved_page),
    **dict.fromkeys((".eml", ".mbox", ".mbx", ".emlx"), _named_mail),
    **dict.fromkeys((".json", ".geojson", ".topojson"), json_kind),
    **dict.fromkeys((".jsonl", ".ndjson"), _lines),
    **dict.fromkeys((".csv", ".tsv", ".tab"), _table),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".xlsb", ".ods"), _sheet),
    **dict.fromkeys((".yaml", ".yml"), _yaml),
    ".ipynb": _notebook,
    ".srt": _subtitles,
    ".vtt": _subtitles,
}


def _tell_brace(head: bytes, suffix: str) -> str | None:
    return json_kind(head) if suffix in ("", ".txt", ".json", ".ipynb") else None


def _tell_bracket(head: bytes, suffix: str) -> str | None:
    return _chat(head) or (json_kind(head) if suffix in ("", ".json") else None)


def _tell_angle(head: bytes, suffix: str) -> str | None:
    """XML when it says so; other tags only under names that promise it."""
    flat = _FLAT.search(head[:_HEAD])
    if flat is not None:
        return {b"text": kinds.ODT, b"spreadsheet": kinds.ODS, b"presentation": kinds.ODP}[flat.group(1)]
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<?xml") or suffix in (".xml", ".svg", ".dbk", ".docbook", ".xsd", ".xsl", ".rss", ".opml"):
        return _xml(head)
    return None


def _chat(head: bytes, _suffix: str = "") -> str | None:
    """A chat export: the first lines, or all but one of them, are a time and a speaker."""
    lines = [line for line in head[:_HEAD].lstrip(b"\xef\xbb\xbf").splitlines()[:8] if line.strip()]
    if not lines or not _is_timed(lines[0]):
        return None
    return kinds.WHATSAPP if sum(map(_is_timed, lines)) * 2 >= len(lines) else None


def _is_timed(line: bytes) -> bool:
    return CHAT_MARK.match(chat_text(line[:_CHAT_LINE_BYTES].decode("utf-8", "replace"))) is not None


def chat_text(text: str) -> str:
    """The text of a chat export without marks that only steer how it is shown, and with blanks that are plain."""
    return _BLANKS.sub(" ", _UNSEEN.sub("", text))


def _tell_digit(head: bytes, suffix: str) -> str | None:
    return (_subtitles(head) or _chat(head)) if suffix in ("", ".txt", ".sub", ".srt") else None


def _tell_letter(head: bytes, _suffix: str) -> str | None:
    return _subtitles(head) if head.startswith(b"WEBVTT") else None


def _tell_begin(head: bytes, _suffix: str) -> str | None:
    return kinds.CARDS if _CARD.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")) else None


def _tell_percent(head: bytes, _suffix: str) -> str | None:
    return kinds.YAML if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%YAML ") else None


def _tell_backslash(head: bytes, _suffix: str) -> str | None:
    return kinds.LATEX if _LATEX.match(head) else None


_TELL: Final[dict[bytes, Callable[[bytes, str], str | None]]] = {
    b"{": _tell_brace,
    b"[": _tell_bracket,
    b"<": _tell_angle,
    b"W": _tell_letter,
    b"B": _tell_begin,
    b"b": _tell_begin,
    b"\\": _tell_backslash,
    b"%": _tell_percent,
    b"\xe2": _chat,
    b"\xd9": _chat,  # the digits of Arabic
    b"\xdb": _chat,  # and of Persian
    **{bytes([digit]): _tell_digit for digit in b"0123456789"},
}
