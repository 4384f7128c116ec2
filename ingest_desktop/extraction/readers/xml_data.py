"""XML: what elements say, in order, by a parser that expands no entities and fetches nothing. No tree is built.

Documents (DocBook, TEI, JATS and their kin) give their titles as headings and their paragraphs as text; data gives a
line of "name: value" for each element. A large file, and one that is ill-formed from there on, is read with its tags
taken out; what attributes say stays.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Final, NamedTuple

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.encoding import declared_codec, decode, encoding_of_head
from ingest_desktop.extraction.readers.text import TextReader, old_mac, segment_bytes
from ingest_desktop.extraction.readers.xml_repair import attributes, is_packed, plain, repaired, says, without_packed
from ingest_desktop.extraction.versions import VERSIONS

_WHOLE_BYTES: Final = 16 * 1024 * 1024
_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})["']""")
_TAGS: Final = re.compile(
    r"<!--(?:[^<-]++|-(?!->)|<(?!!--))*+-->|<\?(?:[^<?]++|\?(?!>)|<(?!\?))*+\?>"  # what has no end is given up at its like
    r"|<!DOCTYPE[^<>\[]*+(?:\[(?:[^\]<]++|\](?!\s{0,99}>)|<(?!!DOCTYPE))*+\]\s*+)?>|<!\[CDATA\[|\]\]>|</?[A-Za-z_:][^<>]*>",
    re.S,
)
_CDATA: Final = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.S)
_PAGE: Final = re.compile(
    r"</(?:p|div|span|b|i|em|strong|a|ul|ol|li|table|h[1-6]|blockquote|pre|en-note)\s*>|<br\s*/?>", re.I
)
_SECTIONS: Final = frozenset(
    "book part chapter article appendix preface section sect1 sect2 sect3 sect4 sect5 simplesect refentry reference refsect1 "
    "refsect2 refsect3 refsection glossary bibliography set topic sec div div1 div2 div3 body front back dedication "
    "abstract figure table example note warning tip caution important sidebar info bookinfo articleinfo chapterinfo".split()
)
_TITLES: Final = frozenset("title head refname article-title refentrytitle".split())
_INLINE: Final = frozenset(
    "emphasis literal command option filename function varname replaceable citetitle ulink link xref quote code classname "
    "constant type parameter envar prompt userinput computeroutput guilabel guimenu guibutton keycap acronym abbrev "
    "firstterm foreignphrase phrase subscript superscript systemitem application productname trademark hi ref name "
    "italic bold sub sup ext-link a b i em strong span tt structfield symbol errorname returnvalue email uri tag markup "
    "tspan small u s bdi w g date-in-citation institution label".split()
)
_KEPT: Final = frozenset(
    "programlisting screen literallayout synopsis pre code-block computeroutput-block eg listing".split()
)
_PROSE: Final = frozenset("para simpara p formalpara refentry ab".split())
_QUIET_ROOTS: Final = frozenset({"svg"})
_PACKED: Final = "Files that are packed in it, such as pictures, were left out."
_WORD_ROOTS: Final = frozenset({"wordDocument"})
_WORD_BLOCKS: Final = frozenset("p tbl tr tc txbxContent binData instrText fldData footnote endnote".split())
_WORD_GAPS: Final = frozenset({"tab", "br", "cr"})
_DEEP: Final = 64  # levels of which the names are kept


class XmlReader(TextReader):
    """Reads XML."""

    name = "xml"
    version = VERSIONS["xml"]
    reads = frozenset({kinds.XML})
    media_type = "application/xml"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        encoding = plan.encoding
        declared = _DECLARED.match(source.head)
        if declared and encoding_of_head(source.head) is None:
            encoding = _known(declared.group(1).decode("ascii")) or encoding
        if source.size <= _WHOLE_BYTES:
            plan = replace(plan, segments=(SegmentSpec(0, 0, source.size),))
        return replace(plan, encoding=encoding, title=_title(source, encoding or "utf-8"))

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        text = decode(segment_bytes(source, segment), plan.encoding or "utf-8", old_mac=old_mac(source.head))
        if len(plan.segments) == 1:
            yield from _small(text, notes)
            return
        if segment.number == 0:
            notes.warnings.append("The file is large; it was read with its tags taken out.")
        yield from stripped(text, segment.first_line, is_prose=_is_prose(text))


def _small(text: str, notes: SegmentNotes) -> Iterator[Block]:
    """A document as a whole: put right if it must be, and as far as its elements can be told apart."""
    found, broken = xml_blocks(text)
    if broken is not None:
        why, fixed = broken.why, repaired(text)
        if fixed != text:
            found, broken = xml_blocks(fixed)
        then = "from there on it was read with its tags taken out" if broken else "what is wrong in it was passed over"
        notes.warnings.append(f"It is no well-formed XML ({broken.why if broken else why}); {then}.")
    for block in found:
        if not block.level and is_packed(block.text.partition(": ")[2] or block.text):
            if _PACKED not in notes.warnings:
                notes.warnings.append(_PACKED)
            continue
        yield block
    if broken is not None:
        yield from stripped(broken.rest, broken.line, is_prose=_is_prose(text))


def _known(name: str) -> str | None:
    """The codec for a declared encoding; None for those that the bytes tell better themselves."""
    found = declared_codec(name)
    if found is None or found.startswith(("utf", "ascii")):
        return None
    return {"iso8859-1": "cp1252"}.get(found, found)


def _title(source: SourceFile, encoding: str) -> str | None:
    """The first title of a document that has one near its start."""
    head = decode(source.head[:8192], encoding)
    found = _is_prose(head) and re.search(
        r"<(?:\w+:)?(?:title|article-title|book-title)(?:\s[^<>]*)?>([^<]{1,300})</", head
    )
    return " ".join(unescape(found.group(1)).split()) or None if found else None


class Broken(NamedTuple):
    """Where a document ceases to be well-formed: why, in which line, and what follows."""

    why: str
    line: int
    rest: str


def stripped(text: str, first_line: int = 1, *, is_prose: bool = False) -> Iterator[Block]:
    """The text without tags, lines as they are.

    Args:
        text: With tags.
        first_line: Where it begins.
        is_prose: What attributes say is of no use.
    """

    def without(found: re.Match[str]) -> str:
        tag = found.group()
        said = "" if is_prose or tag[1] in "/!?]" else attributes(tag)
        return f" {said} " + "\n" * tag.count("\n")

    text = without_packed(plain(_TAGS.sub(without, text)))
    line, counted = first_line, 0
    for part in re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text):
        line += text.count("\n", counted, part.start())
        counted = part.start()
        yield Block("\n".join(" ".join(row.split()) for row in part.group().split("\n")), line_start=line, keep=True)


def xml_blocks(text: str) -> tuple[list[Block], Broken | None]:
    """The blocks of a document, and where they end before it does, if so."""
    from xml.parsers import expat

    parser = expat.ParserCreate("utf-8", " ")
    if hasattr(parser, "SetReparseDeferralEnabled"):
        parser.SetReparseDeferralEnabled(False)
    parser.buffer_text = True
    parser.buffer_size = 64 * 1024
    parser.ordered_attributes = True
    flow = _Flow(prose=_is_prose(text))
    parser.StartElementHandler = lambda name, pairs: flow.begin(name, pairs, parser.CurrentLineNumber)
    parser.EndElementHandler = flow.end
    parser.CharacterDataHandler = lambda data: flow.say(data, parser.CurrentLineNumber)
    # With this handler entities are not expanded but handed over; nothing of a DTD is ever fetched.
    parser.DefaultHandler = lambda data: flow.other(data, parser.CurrentLineNumber)
    data = text.encode("utf-8", "replace")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        at = max(0, parser.ErrorByteIndex)
        begin = data.rfind(b"<", 0, at)
        if begin > data.rfind(b">", 0, at):  # within a tag, which nobody was told of
            at = begin
        flow.last_line = data.count(b"\n", 0, at) + 1
        parser.buffer_text = False  # so that it hands over what it holds
        flow.stop()
        why = f"line {error.lineno}: {expat.errors.messages.get(error.code, 'damaged')}"
        return flow.blocks, Broken(why, flow.last_line, data[at:].decode("utf-8", "replace"))
    return flow.blocks, None


def _is_prose(text: str) -> bool:
    """Whether this is a document with paragraphs and not data."""
    names = re.findall(r"<(?:\w+:)?(\w+)", _CDATA.sub("", text[:200_000]))
    return sum(name in _PROSE for name in names) * 25 > len(names)


def _page_text(text: str) -> str:
    """What a page says that is kept as the text of an element, as in notes and feeds."""
    from ingest_desktop.extraction.readers.html import page_blocks

    try:
        return "\n".join(block.text for block in page_blocks(text.encode("utf-8", "replace"))[1])
    except SourceMalformed:  # the rest of the document is no worse for that
        return " ".join(text.split())


@dataclass(slots=True)
class _Flow:
    """Puts the events of the parser together to blocks."""

    prose: bool
    last_line: int = 0  # of a document that breaks off: where it does
    blocks: list[Block] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _depth: int = 0
    _sections: int = 0
    _texts: list[str] = field(default_factory=list)
    _line: int = 0
    _children: bool = False  # whether the element that ends had elements of its own
    _quiet: bool = False
    _word: bool = False  # as Word 2003 writes it

    def begin(self, name: str, pairs: list[str], line: int) -> None:
        name = name.rpartition(" ")[2]
        if not self._depth:
            self._quiet, self._word = name in _QUIET_ROOTS, name in _WORD_ROOTS
            self.prose = self.prose or self._word
        if self._texts and not (self.prose and self._is_inside(name, 1)):
            self._flush()
        self._depth += 1
        if self._depth <= _DEEP:
            self._names.append(name)
        self._sections += name in _SECTIONS
        self._children = False
        if pairs and not self.prose and not self._quiet:
            self._attributes(name, pairs, line)

    def end(self, name: str) -> None:
        name = name.rpartition(" ")[2]
        if self._texts and not (self.prose and self._is_inside(name, 2)):
            self._flush()
        self._sections -= name in _SECTIONS
        if self._depth <= _DEEP:
            self._names.pop()
        self._depth -= 1
        self._children = True

    def _is_inside(self, name: str, above: int) -> bool:
        """Whether a tag stands inside a line of text; that of a paragraph in a title, or of a tab, parts words.

        ``above``: how far from the end the name of what is around it stands.
        """
        if self._word and name not in _WORD_BLOCKS and "p" in self._names:
            if name in _WORD_GAPS:
                self._texts.append(" ")
            return True
        if name == "p" and self._names[-above:] and self._names[-above] in _TITLES:
            self._texts.append(" ")
            return True
        return name in _INLINE

    def say(self, data: str, line: int) -> None:
        if not self._texts:
            if data.isspace():
                return
            # The parser gathers text and hands it over at what follows it, so the line is that of its end.
            self._line = max(1, min(line, self.last_line or line) - data.lstrip().count("\n"))
        self._texts.append(data)

    def other(self, data: str, line: int) -> None:
        """Whatever has no handler: of it, the names of entities that are not expanded."""
        if data.startswith("&") and data.endswith(";"):
            self.say(unescape(data), line)

    def stop(self) -> None:
        """The document breaks off."""
        self._flush()

    def _flush(self) -> None:
        """The text so far is a block."""
        if not self._texts:
            return
        text = "".join(self._texts)
        self._texts = []
        name = self._names[-1] if self._names else ""
        if self.prose:
            self._paragraph(name, text)
            return
        text = _page_text(text) if "<" in text and _PAGE.search(text) else " ".join(text.split())
        if text:
            label = name if not self._children or len(self._names) < 2 else ""
            self._add(Block(f"{label}: {text}" if label else text, line_start=self._line, keep=True, path=self._path()))

    def _paragraph(self, name: str, text: str) -> None:
        if name in _KEPT:
            self._add(Block(text.strip("\n"), line_start=self._line, keep=True))
            return
        is_title = name in _TITLES or (name == "p" and self._names[-2:-1] and self._names[-2] in _TITLES)
        level = max(1, self._sections) if is_title else 0
        if text := " ".join(text.split()):
            self._add(Block(text, level, line_start=self._line, keep=not level))

    def _attributes(self, name: str, pairs: list[str], line: int) -> None:
        said = [
            f"{key.rpartition(' ')[2]}={' '.join(value.split())}"
            for key, value in zip(pairs[::2], pairs[1::2], strict=False)
            if value.strip() and says(key, value)
        ]
        if said:
            self._add(Block(f"{name} {', '.join(said)}", line_start=line, keep=True, path=tuple(self._names[:2])))

    def _path(self) -> tuple[str, ...]:
        """The names of the outermost elements around the one in hand."""
        return tuple(self._names[: min(2, len(self._names) - 1)])

    def _add(self, block: Block) -> None:
        self.blocks.append(block)
