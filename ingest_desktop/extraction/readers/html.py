"""HTML: tags inside lines are taken out of the bytes, the parser gives all text in one call, a split makes blocks.

Without them, wherever two text nodes meet a block begins or ends; and the parser has half as much to do.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING

from ingest_desktop.domain.errors import LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.encoding import declared_codec, decode, encoding_of_head, guess_encoding, is_utf8
from ingest_desktop.extraction.versions import VERSIONS

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# Every tag inside a line of text, quoted attributes and all. What looks odd is left to the parser. The frequent ones
# stand first and nothing is tried twice: a page has thousands of tags, and most of what reading it costs is here.
_INLINE_WORDS = (
    rb"</?+(?:span|a|code|em|strong|s(?:trike|up|ub|mall|amp)?+|a(?:bbr|cronym)|b(?:ig|di|do)?+|i(?:mg|ns)?+|tt|var|cite"
    rb"|kbd|u|font|d(?:fn|el)|q|mark|label|wbr|time|nobr)(?:>|\s[^<>\"]*+(?:\"[^\"]*+\"[^<>\"]*+)*+>)"
)
_INLINE = re.compile(_INLINE_WORDS)
_INLINE_ANY_CASE = re.compile(_INLINE_WORDS, re.IGNORECASE)
_RAISED_WORDS = rb"<sup(?:\s[^<>]{0,200})?>(?=(?:<a\s[^<>]{0,300}>)?[\[(]?\d{1,3}[\])]?<)"
_RAISED, _RAISED_IN_CAPITALS = re.compile(_RAISED_WORDS), re.compile(_RAISED_WORDS.replace(b"<sup", b"<SUP"))
# Fewer than three letters may be a unit or a variable, raised to a power.
_WORD_BEFORE = re.compile(rb"[A-Za-z\x80-\xff]{3}(?:</?[a-zA-Z]{1,10}(?:\s[^<>]{0,300})?>){0,4}\Z")
_PICTURE_WORDS = rb"<img(?i:\s[^<>]*?\balt\s*=\s*(?:\"([^\"<>]+)\"|'([^'<>]+)'))"
_PICTURE, _PICTURE_IN_CAPITALS = re.compile(_PICTURE_WORDS), re.compile(_PICTURE_WORDS.replace(b"<img", b"<IMG"))
_LETTER = re.compile(rb"[A-Za-z\x80-\xff]")
_LINKS, _NEAR_BYTES = (b"<a ", b"<a\n"), 500
_DECORATION = re.compile(rb"(?:role\s*=\s*[\"']?(?:presentation|none)\b|aria-hidden\s*=\s*[\"']?true\b)", re.IGNORECASE)
_FILE_NAME = re.compile(rb"\S+\.(?:png|jpe?g|gif|svg|webp|bmp|ico)", re.IGNORECASE)
_CAPITAL_TAG = re.compile(b"</?+[A-Z]")
_CAPITAL_BYTES = 16 * 1024  # a page with tags in capitals has some of them at its start
_UNSEEN = ("script", "style", "template")
_MENUS = ("nav", '[role="navigation"]')  # also breadcrumbs: the same words on every page of a site
_HEADING, _HEADING_END, _PRE, _PRE_END = "\x01", "\x02", "\x03", "\x04"
_SHALLOW_BYTES, _STEP_BYTES = 64 * 1024, 32 * 1024  # a smaller page cannot be deep enough to hurt
_MAX_DEPTH = 5000
_ENOUGH = 4096  # characters of marked text: that many are not nothing but marks and blanks
_TAG = re.compile(
    rb"<!--(?:[^<-]++|-(?!->)|<(?!!--))*+-->|<(script|style)\b(?:[^<]++|<(?!/?(?:script|style)\b))*+</\1\s*+>|<[^<>]*+>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(rb"<(/?)([A-Za-z][A-Za-z0-9]*)")
_NO_END = frozenset(
    b"p li dt dd tr td th thead tbody tfoot option br hr img input meta link col area base embed source track wbr".split()
)
_MARKS = b"\x01\x02\x03\x04"
_BLANKS = re.compile("  ++")
# What XML may close in the tag itself, and a parser of HTML takes for the beginning of all that follows.
CLOSED = re.compile(
    rb"<(title|script|style|textarea|iframe|noscript|template|nav|xmp|div|span|section|pre|h[1-6]|svg|object|select)"
    rb"\b(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*?/>",
    re.IGNORECASE,
)
# Of these all that follows is taken for a script, a style or a title, up to the end of the next one.
_SWALLOWS = re.compile(
    rb"<(?:s(?:cript|tyle)|t(?:itle|extarea|emplate)|iframe|noscript|xmp)\b(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*?/>",
    re.IGNORECASE,
)
_XHTML = b"http://www.w3.org/1999/xhtml"
_NOTHING = "\x01\x02\x03\x04\f\n\t 123456"  # marks of headings that say nothing, and blanks
_HEADING_MARK = re.compile("\x01[1-6]|\x02")
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_PERMALINK = " \xa0¶#\uf0c1"


class HtmlReader:
    """Reads HTML and XHTML pages in one go."""

    name = "html"
    version = VERSIONS["html"]
    reads = frozenset({kinds.HTML})

    def __init__(self) -> None:
        self._page: tuple[bytes, str | None, list[Block]] | None = None  # of the plan, for the read that follows

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        if source.size > options.max_expanded_bytes:
            raise LimitExceeded(
                f"A page of {source.size:,} bytes is more than is read at once (INGESTION_MAX_EXPANDED_BYTES)."
            )
        data, encoding = as_utf8(whole(source))
        title, blocks = page_blocks(data)
        self._page = (source.head, title, blocks)
        return ReaderPlan("whole", 1, (SegmentSpec(0, 0, 1),), "text/html", encoding, title)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        page, self._page = self._page, None
        if page is None or page[0] is not source.head:
            data, _ = as_utf8(whole(source))
            page = (source.head, *page_blocks(data))
        yield from titled((page[1],) if page[1] else (), page[2])


def whole(source: SourceFile) -> bytes:
    """All bytes of a file."""
    if source.data is not None:
        return source.data
    with source.open() as stream:
        return stream.read()


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """The page in UTF-8, and the encoding it was in: by mark, by being UTF-8, by what it says, by guess."""
    encoding = encoding_of_head(data[:65536])
    if encoding is None and is_utf8(data):
        return data, "utf-8"
    if encoding is None:
        said = _META_CHARSET.search(data[:4096])
        encoding = _known(said.group(1).decode("ascii")) if said else None
    encoding = encoding or guess_encoding(data)
    return decode(data, encoding).encode("utf-8", "replace"), encoding


def _known(name: str) -> str | None:
    """The codec for a declared charset, as browsers take it; None when it cannot be what the bytes are in."""
    found = declared_codec(name)
    if found is None or found.startswith(("utf-16", "utf-32")):  # then its name could not have been read
        return None
    return {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932", "utf-8": None}.get(
        found, found
    )


def titled(titles: tuple[str, ...], blocks: list[Block]) -> Iterator[Block]:
    """The blocks of a page below its titles, the outermost first. A first heading that repeats the last one takes its place."""
    if not titles:
        yield from blocks
        return
    first = next((block.text for block in blocks if block.level), "")
    deeper = len(titles) - (first.casefold() == titles[-1].casefold())
    yield Block("", path=titles)
    for block in blocks:
        yield block._replace(level=block.level + deeper) if block.level else block


def page_blocks(data: bytes, *, menus: bool = True) -> tuple[str | None, list[Block]]:
    """The title and the blocks of a page.

    Args:
        data: The page in UTF-8; bytes that are not are replaced by the parser.
        menus: A page of nothing but menus gives their text; otherwise it gives none.

    Raises:
        SourceMalformed: The parser gave up.
    """
    if b"\f" in data:
        data = data.replace(b"\f", b" ")
    for mark in _MARKS:
        if mark in data:
            data = data.translate(None, _MARKS)
            break
    if (data[:5] == b"<?xml" or _XHTML in data[:512]) and _is_swallowed(data):
        data = CLOSED.sub(b"", data)
    if len(data) > _SHALLOW_BYTES and _too_deep(data):
        return None, list(_flow(_squeeze(_without_tags(data))))
    title, text = _seen(data, _MENUS)
    if not text.strip(_NOTHING) and b"/>" in data:
        opened = CLOSED.sub(b"", data)
        if len(opened) < len(data):  # once: what that leaves of tags in tags is no page
            data = opened
            title, text = _seen(data, _MENUS)
    if menus and b"nav" in data and not any(block.text.strip() for block in _split(text[:_ENOUGH])):
        text = _seen(data, ())[1]
    return title, list(_split(text))


def _is_swallowed(data: bytes) -> bool:
    """Whether a part of a page of XML is lost on a parser of HTML: behind a tag that is closed in itself in the head, or
    behind a script that is.
    """
    body = data.find(b"<body")
    if body < 0 or _SWALLOWS.search(data, 0, body):
        return True
    script = data.find(b"<script", body)
    return script >= 0 and _SWALLOWS.search(data, script) is not None


def _seen(data: bytes, unseen: tuple[str, ...]) -> tuple[str | None, str]:
    """The title and the marked text of a page, without scripts, styles and what else is ``unseen``."""
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    try:
        in_capitals = _CAPITAL_TAG.search(data, 0, _CAPITAL_BYTES) is not None
        data = _INLINE.sub(b"", _parted_notes(_told_pictures(data, in_capitals), in_capitals))
        if in_capitals:
            data = _INLINE_ANY_CASE.sub(b"", data)
        tree = LexborHTMLParser(data)
    except (SelectolaxError, ValueError, RuntimeError) as error:
        raise SourceMalformed("The page could not be parsed.") from error
    title = _take_title(tree)
    for tag in (*_UNSEEN, *unseen):
        if tag[0] != "[":
            nodes = tree.tags(tag)
        else:
            nodes = tree.css(tag) if b"navigation" in data else []
        for node in reversed(nodes):  # inner ones first
            node.decompose()
    for level in "123456":
        for node in tree.tags("h" + level):
            node.insert_before(_HEADING + level)
            node.insert_after(_HEADING_END)
    for node in tree.tags("pre"):
        node.insert_before(_PRE)
        node.insert_after(_PRE_END)
    top: LexborNode | None = tree.body or tree.root
    text = top.text(deep=True, separator="\f") if top is not None else ""
    return title, text or ""


def _parted_notes(data: bytes, in_capitals: bool) -> bytes:
    """The page with a blank between a word and the raised number that is the sign of its note."""

    def parted(number: re.Match[bytes]) -> bytes:
        start = number.start()
        follows_word = _WORD_BEFORE.search(number.string, max(start - _NEAR_BYTES, 0), start)
        return b" " + number[0] if follows_word else number[0]

    if b"<sup" in data:
        data = _RAISED.sub(parted, data)
    return _RAISED_IN_CAPITALS.sub(parted, data) if in_capitals else data


def _told_pictures(data: bytes, in_capitals: bool) -> bytes:
    """The page with what its pictures are said to show in their place.

    Decorations, which show nothing, are left out, and so are pictures that are all there is of a link: buttons and signs
    of a site, which are on each of its pages. One that comes twice in a row, as for browsers without scripts, is told once.
    """
    before = b""
    small, large = b"<img" in data, in_capitals and b"<IMG" in data
    if not small and not large:
        return data

    def told(picture: re.Match[bytes]) -> bytes:
        nonlocal before
        page, start, end = picture.string, picture.start(), picture.end()
        said = (picture[1] or picture[2]).strip()
        if not _LETTER.search(said) or said == before or _FILE_NAME.fullmatch(said):
            return b"<img "
        if _DECORATION.search(page[start : page.find(b">", end, end + _NEAR_BYTES) + 1 or end]):
            return b"<img "
        around = page[max(start - _NEAR_BYTES, 0) : start].rstrip()
        if around[-1:] == b">" and around[around.rfind(b"<") :][:3].lower() in _LINKS:
            return b"<img "
        before = said
        return b" " + said + b" <img "

    data = _PICTURE.sub(told, data) if small else data
    return _PICTURE_IN_CAPITALS.sub(told, data) if large else data


def _too_deep(data: bytes) -> bool:
    """Whether elements are nested so deep that the parser, whose time grows with the square of it, would not end."""
    depth = 0
    for start in range(0, len(data), _STEP_BYTES):
        piece = data[start : start + _STEP_BYTES]
        depth += piece.count(b"<") - 2 * piece.count(b"</")
        if depth > _MAX_DEPTH:  # perhaps only tags that need no end
            return _real_depth(data) > _MAX_DEPTH
    return False


def _real_depth(data: bytes) -> int:
    """The largest count of open elements, those that need no end tag left out."""
    depth = deepest = 0
    for end, name in _ANY_TAG.findall(data):
        if name.lower() not in _NO_END:
            depth = max(0, depth + (-1 if end else 1))
            deepest = max(deepest, depth)
    return deepest


def _without_tags(data: bytes) -> str:
    """The text of a page that is no tree to speak of."""
    return unescape(_TAG.sub(b"\f", data).decode("utf-8", "replace"))


def _take_title(tree: "LexborHTMLParser") -> str | None:
    titles = tree.tags("title")
    title = " ".join((titles[0].text(deep=True) or "").split()) if titles else ""
    return title[:500] or None


def _split(text: str) -> Iterator[Block]:
    """Blocks of a page's marked text: headings, what flows below them, preformatted text."""
    for number, part in enumerate(text.split(_PRE)):
        kept, _, flowing = part.rpartition(_PRE_END) if number else ("", "", part)
        if kept:
            kept = kept.replace("\f", "").replace(_PRE_END, "")
            if _HEADING in kept:
                kept = _HEADING_MARK.sub("", kept)
            kept = kept.strip("\n\r")
            if not kept.isspace() and kept:
                yield Block(kept, keep=True)
        yield from _flow(_squeeze(flowing))


def _flow(text: str) -> Iterator[Block]:
    """Headings, and the paragraphs below each as one text."""
    first, *sections = text.split(_HEADING)
    if first:
        yield Block(first.strip("\n"))
    for section in sections:
        heading, end, body = section[1:].partition(_HEADING_END)
        if not end or not "1" <= section[0] <= "6":  # the page itself has this sign, by a reference
            heading, body = "", section
        heading = " ".join(heading.split()).rstrip(_PERMALINK)
        if heading:
            yield Block(heading, int(section[0]))
        if _HEADING_END in body:  # headings in a heading
            body = body.replace(_HEADING_END, "")
        body = body.strip("\n")
        if body:
            yield Block(body)


def _squeeze(text: str) -> str:
    """White space as a browser shows it: one blank between words, one line for each paragraph."""
    text = text.replace("\n", " ").replace("\t", " ")
    text = "\n".join(filter(None, map(str.strip, text.split("\f"))))
    return _BLANKS.sub(" ", text) if "  " in text else text
