"""The text of a part of a Word document, paragraph by paragraph and row by row, while it is unpacked.

Memory holds one paragraph or one row of a table. Each piece comes with its place: the page, where Word noted down
when it last laid the document out, else the number of the paragraph.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ingest_desktop.domain.interfaces.extraction import Block
from ingest_desktop.extraction.packages import Package, forget, xml_events
from ingest_desktop.extraction.readers.docx_numbers import Numbers
from ingest_desktop.extraction.readers.docx_styles import Styles, Told, told_by, value
from ingest_desktop.extraction.readers.drawing import child, children, is_grown, local
from ingest_desktop.extraction.readers.list_numbers import is_said_alone
from ingest_desktop.extraction.readers.paragraphs import BY_PARAGRAPH
from ingest_desktop.extraction.readers.told_pictures import described

_UNSEEN: Final = frozenset(  # what they hold is no text of the document, or not any more
    "pPr rPr tblPr tblGrid tcPr trPr sectPr sdtPr sdtEndPr smartTagPr customXmlPr rubyPr rt del moveFrom delText "
    "instrText delInstrText fldData docPr cNvPr ctrlPr".split()
)
_SIGNS: Final = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
_PARTED: Final = {"den": "/", "deg": " ", "lim": " ", "mr": " "}
_REFERENCES: Final = {"footnoteReference": "footnote", "endnoteReference": "endnote"}
_GREEK: Final = dict(  # the letters of the font Symbol, which stand for Latin ones in it
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖαβχδεφγηιϕκλμνοπθρστυϖωξψζ",
        strict=True,
    )
)
_MOST_HEADING_CHARS: Final = 300  # a longer paragraph is text, whatever its outline level says
_MOST_IN_CELL: Final = 3  # paragraphs; a table with more in a cell is there for the layout
_RUN_CHARS: Final = 512 * 1024  # text that is gathered at most before it is cut into chunks
_TOLD_BREAK: Final = b"lastRenderedPageBreak"
_STEP_BYTES: Final = 1024 * 1024


class Piece(NamedTuple):
    """A line of text: a paragraph, what stands between two line breaks of it, or a row of a table."""

    text: str
    level: int = 0  # of a heading, from 1
    name: str | None = None  # of a numbered heading: without its number


class Story:
    """Reads the parts of one document. The marks of its notes are numbered as they are met."""

    def __init__(self, package: Package, styles: Styles, numbers: Numbers) -> None:
        self._package, self._styles = package, styles
        self._numbers = numbers if numbers.there_are_any else None
        self._rows = self._spoken = 0  # of tables, that are open; paragraphs with words
        self._marks: dict[tuple[str, str], int] = {}
        self._early = self._late = 0  # ends of pages: before the first word of a paragraph, and later

    def blocks(self, name: str) -> Iterator[Block]:
        """The blocks of the main part.

        Raises:
            SourceMalformed: It is missing or damaged. What came before stands.
        """
        paged = _is_paged(self._package, name)
        page, gathered = 1, 0
        for number, element in enumerate(_pieces_of(self._package, name), 1):
            self._early = self._late = 0
            pieces = self._row(element) if local(element) == "tr" else self._paragraph(element)
            forget(element)
            page += self._early
            for text, level, bare in pieces:
                gathered += len(text)
                full = gathered > _RUN_CHARS
                gathered = 0 if full else gathered
                if paged:
                    yield Block(text, level, page, keep=True, last=full, name=bare)
                else:
                    yield Block(text, level, None, number, BY_PARAGRAPH, keep=True, last=full, name=bare)
            page += self._late

    def notes(self, name: str, kind: str) -> Iterator[str]:
        """Footnotes or endnotes of a part, each with the mark that stands in the text.

        Args:
            kind: ``footnote`` or ``endnote``.

        Raises:
            SourceMalformed: The part is damaged. What came before stands.
        """
        for _, element in xml_events(self._package, name, ("end",), (f"{{*}}{kind}",)):
            lines = self.lines(element) if value(element, "type") in ("", "normal") else []
            mark = self._marks.get((kind, value(element, "id")))
            forget(element)
            if lines:
                yield "\n".join([f"[{mark}] {lines[0]}" if mark else lines[0], *lines[1:]])

    def lines(self, root: Any) -> list[str]:
        """The text of all paragraphs and tables below an element."""
        return [piece.text for piece in self._inside(root)]

    def _inside(self, element: Any) -> Iterator[Piece]:
        for part in element:
            name = local(part)
            if name == "p":
                yield from self._paragraph(part)
            elif name == "tr":
                yield from self._row(part)
            elif name and name not in _UNSEEN:
                yield from self._inside(_chosen(part) if name == "AlternateContent" else part)

    def _paragraph(self, paragraph: Any) -> list[Piece]:
        """The lines of a paragraph, then those of the text boxes that hang on it."""
        said: list[str] = []
        aside: list[Piece] = []
        self._gather(paragraph, said, aside)
        text = bare = "".join(said)
        if self._numbers is None:
            text = text.strip()
            told = told_by(paragraph) if text else None
        else:
            told = told_by(paragraph)
            text = self._numbered(told, text)
        if not text or told is None:
            return aside
        level = self._styles.level(told) if len(text) <= _MOST_HEADING_CHARS else 0
        if level:
            return [Piece(" ".join(text.split()), level, " ".join(bare.split())), *aside]
        return [*(Piece(line) for line in map(str.strip, text.split("\n")) if line), *aside]

    def _numbered(self, told: Told, text: str) -> str:
        """The text of a paragraph behind its number. One without text is counted, and shown where that says something."""
        said = text.strip()
        self._spoken += bool(said)
        label = self._numbers.label(told, empty=not said) if self._numbers is not None else ""
        if not label:
            return said
        if said:
            return label + (said if label[-1] == " " else text.rstrip())
        return label.strip() if self._rows or is_said_alone(label) else ""

    def _gather(self, element: Any, said: list[str], aside: list[Piece]) -> None:
        """Take the words below an element; whole paragraphs below it, which are those of text boxes, go aside."""
        for part in element:
            name = local(part)
            if name == "t":
                if part.text:
                    if said and is_grown(said[-1], part.text) and _is_raised(element):
                        said.append(" ")
                    said.append(part.text)
            elif name in _SIGNS:
                said.append(_SIGNS[name])
            elif name == "lastRenderedPageBreak":
                if said:
                    self._late += 1
                else:
                    self._early += 1
            elif name in _REFERENCES:
                key = (_REFERENCES[name], value(part, "id"))
                said.append(f"[{self._marks.setdefault(key, len(self._marks) + 1)}]")
            elif name == "sym":
                said.append(_symbol(part))
            elif name == "ffData":
                said.append(_choice(part))
            elif name == "docPr":
                aside += [Piece(text) for text in [described(part.get("descr"))] if text]
            elif name == "textpath":
                aside += [Piece(line) for line in (part.get("string") or "").splitlines() if line.strip()]
            elif name == "AlternateContent":
                self._gather(_chosen(part), said, aside)
            elif name == "p":
                aside += self._paragraph(part)
            elif name == "tr":
                aside += self._row(part)
            elif name not in _UNSEEN and len(part):
                if name in _PARTED:  # of a formula: what stands above or before it would grow into it
                    said.append(_PARTED[name])
                self._gather(part, said, aside)

    def _row(self, row: Any) -> list[Piece]:
        """A row of a table as one line; that of a table which only lays out a page, as the text of its cells."""
        before = self._spoken
        self._rows += 1
        cells = [list(self._inside(cell)) for cell in _cells(row)]
        self._rows -= 1
        if self._numbers is not None and self._spoken == before:
            return [piece for cell in cells for piece in cell if is_said_alone(piece.text)]  # bare numbers say nothing
        plain = not any(piece.level for cell in cells for piece in cell)
        if plain and all(len(cell) <= _MOST_IN_CELL for cell in cells) and len(cells) > 1:
            line = " | ".join(" ".join(piece.text for piece in cell) for cell in cells).strip(" |")
            return [Piece(line)] if line else []
        return [piece for cell in cells for piece in cell]


def _pieces_of(package: Package, name: str) -> Iterator[Any]:
    """The paragraphs and the rows of tables of a part that stand in no other ones, each once it is complete."""
    tables = rows = paragraphs = 0
    for event, element in xml_events(package, name, ("start", "end"), ("{*}p", "{*}tbl", "{*}tr")):
        kind, step = local(element), 1 if event == "start" else -1
        if kind == "tbl":
            tables += step
        elif kind == "tr":
            rows += step
            if step < 0 and not rows and not paragraphs:
                yield element
        else:
            paragraphs += step
            if step < 0 and not paragraphs and not rows:
                yield element


def _cells(row: Any) -> Iterator[Any]:
    for part in row:
        name = local(part)
        if name == "tc":
            yield part
        elif name and name not in _UNSEEN:
            yield from _cells(part)


def _chosen(alternatives: Any) -> Any:
    """Of alternatives the first with text; the first one when none has any."""
    found = list(children(alternatives, "Choice", "Fallback"))
    for one in found:
        if any(local(part) == "t" and part.text for part in one.iter()):
            return one
    return found[0] if found else ()


def _symbol(part: Any) -> str:
    """A sign that is told by its number in a font; those of fonts of pictures say nothing."""
    try:
        code = int(value(part, "char"), 16)
    except ValueError:
        return ""
    if 0xF000 <= code <= 0xF0FF:
        sign = chr(code - 0xF000)
        return _GREEK.get(sign, "") if value(part, "font").lower() == "symbol" else ""
    return chr(code) if 32 <= code < 0xD800 or 0xE000 <= code < 0x110000 else ""


def _is_raised(run: Any) -> bool:
    place = child(run, "rPr", "vertAlign")
    return place is not None and value(place) == "superscript"


def _choice(field: Any) -> str:
    """What is chosen in a list of a form."""
    entries = [value(part) for part in field.iter() if local(part) == "listEntry"]
    chosen = next((value(part) for part in field.iter() if local(part) == "result"), "0")
    known = chosen.isdecimal() and len(chosen) < 6 and int(chosen) < len(entries)
    return entries[int(chosen)] if known else ""


def _is_paged(package: Package, name: str) -> bool:
    """Whether the document tells where its pages ended when it was last laid out."""
    rest = b""
    with package.open(name) as stream:
        while data := stream.read(_STEP_BYTES):
            if _TOLD_BREAK in rest + data:
                return True
            rest = data[-len(_TOLD_BREAK) :]
    return False
