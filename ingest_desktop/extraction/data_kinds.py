"""Data under a name that does not promise it: JSON in a log, XML in a file without an ending. Told only when it is sure.

Its beginning has to be JSON or XML as far as it is known; that of other text is not looked at beyond the first sign.
"""

import json
import re
from typing import Any, Final

from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.text_kinds import json_kind

STARTS: Final = frozenset((b"{", b"[", b"<", b"\xef", b" ", b"\t", b"\r", b"\n"))  # what such a file may begin with
NOT_ASKED: Final = frozenset(  # kinds that are data, or that hold such signs at their start for reasons of their own
    (
        *(kinds.JSON, kinds.JSONL, kinds.XML, kinds.YAML, kinds.NOTEBOOK, kinds.CHATGPT, kinds.WHATSAPP, kinds.CODE),
        *(kinds.ODT, kinds.ODS, kinds.ODP, kinds.SUBTITLES, kinds.CARDS, kinds.EML, kinds.MBOX, kinds.MHTML),
    )
)
_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
_CUT: Final = re.compile(r'"(?:[^"\\]|\\.)*\\?|[\w.+-]{0,400}', re.DOTALL)  # a value in whose middle the head ends
_DECLARED: Final = re.compile(rb"<\?xml\s[^>]{0,400}\?>")
_ROOT: Final = re.compile(rb"<([A-Za-z_][\w.:-]{0,100})((?:\s[^<>]{0,4000})?)>")
_ROOTS: Final = frozenset(
    b"rss feed rdf:RDF svg opml kml gpx urlset sitemapindex FictionBook testsuite testsuites nmaprun plist TEI TEI.2"
    b" docbook xliff tmx mediawiki osm svn checkstyle coverage project resources manifest".split()
)
_LIST, _OBJECT = b"[", b"{"


def data_kind(found: str, head: bytes, whole: bytes | None, size: int) -> str | None:
    """The kind of data that a text surely is, or None.

    Args:
        found: What it was taken for.
        head: Its beginning, in UTF-8 or another encoding in which ASCII is ASCII.
        whole: All of it when that is at hand.
        size: The bytes of the file.
    """
    body = head.lstrip(_BLANKS)
    if body[:1] in (_OBJECT, _LIST):
        return _json(body, whole, is_cut=size > len(head))
    return kinds.XML if body[:1] == b"<" and found != kinds.HTML and _is_xml(body, whole) else None


def _json(body: bytes, whole: bytes | None, *, is_cut: bool) -> str | None:
    kind = json_kind(body)
    if kind is None:
        return None
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text, strict=False)
    except RecursionError:
        return None
    except json.JSONDecodeError as error:
        if error.msg.startswith("Extra data"):
            return kinds.JSONL if _are_lines(text, whole, is_cut=is_cut) else None
        return kind if is_cut and _CUT.fullmatch(text, error.pos) else None
    return kind if _says_something(value) else None


def _says_something(value: Any) -> bool:
    """Whether it is more than the number of a footnote."""
    return bool(value) and (isinstance(value, dict) or any(isinstance(item, dict | list | str) for item in value))


def _are_lines(text: str, whole: bytes | None, *, is_cut: bool) -> bool:
    """Whether each line is a value of its own, an object or a list."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        values = [json.loads(line, strict=False) for line in (lines[:-1] if is_cut else lines)]
    except (ValueError, RecursionError):
        return False
    if len(values) < 2 or not all(isinstance(value, dict | list) for value in values):
        return False
    rest = whole.split(b"\n") if whole is not None and is_cut else ()  # one that is no record would be a gap
    return all(line[:1] in (_OBJECT, _LIST) for line in rest if line and not line.isspace())


def _is_xml(body: bytes, whole: bytes | None) -> bool:
    if _DECLARED.match(body):
        return True
    root = _ROOT.match(body)
    if root is None or (root[1] not in _ROOTS and b"xmlns" not in root[2]):
        return False
    if root[1].lower() == b"html" or root[2].endswith(b"/"):
        return False
    return whole is None or whole.rstrip().endswith(b"</" + root[1] + b">")
