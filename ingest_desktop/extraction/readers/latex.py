"""LaTeX: sections make the heading path; comments go, commands leave what they say; every line stays where it is."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import re
from collections.abc import Iterator
from dataclasses import replace

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import kinds
from ingest_desktop.extraction.readers.text import TextReader, segment_text
from ingest_desktop.extraction.versions import VERSIONS

_LEVELS = {
    "part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "frametitle": 6, "paragraph": 6,
    "subparagraph": 7,
}  # fmt: skip
_FRAME = 6  # a slide that is named where it begins
_ARGUMENT = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\}){0,200}\}){0,1000})\}"  # with braces in braces
_HEADING = re.compile(
    r"\\(part|chapter|(?:sub){0,2}section|(?:sub)?paragraph|frametitle|begin[ \t]*\{frame\})"
    rf"\*?[ \t]*(?:\[[^\]\n]{{0,300}}\])?\s{{0,3}}{_ARGUMENT}"
)
_TITLE = re.compile(rf"\\title[ \t]*(?:\[[^\]\n]{{0,300}}\])?\s{{0,3}}{_ARGUMENT}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|lstlisting|minted|Verbatim)\}.*?(?:\\end\{\1\}|\Z)", re.DOTALL)
_BODY = re.compile(r"\\begin\{document\}")
_END = re.compile(r"\\end\{document\}")
_SAID = re.compile(
    rf"\\(title|subtitle|author|date|abstract|institute|keywords)\b[ \t]*(?:\[[^\]\n]{{0,300}}\])?\s{{0,3}}{_ARGUMENT}"
)
_SILENT = re.compile(
    r"\\(?:label|ref|eqref|autoref|[cC]ref|pageref|includegraphics|bibliographystyle|bibliography|usepackage|vspace|hspace|input"
    r"|include|pagestyle|thispagestyle|setlength|addtolength|setcounter|addtocounter|rule|newcommand|renewcommand"
    r"|providecommand|definecolor|hypersetup|fontsize|selectlanguage|[a-z]*cite[a-z]*)(?![A-Za-z])\*?"
    r"(?:[ \t]*(?:\[[^\[\]\n]{0,300}\]|\{[^{}\n]{0,500}\})){0,4}"
)
_NESTED = r"\{(?:[^{}\n]|\{[^{}\n]{0,100}\}){0,200}\}"
_ENVIRONMENT = re.compile(  # with what is no text behind it: columns, widths, places
    r"\\begin[ \t]*\{(?:(?:tabular[*x]|wrap(?:figure|table)|tabulary|tabu)\*?\}(?:[ \t]*\[[^\[\]\n]{0,200}\])?"
    rf"(?:[ \t]*{_NESTED}){{1,2}}"
    r"|(?:tabular|array|longtable|supertabular|minipage|multicols|thebibliography|list|adjustwidth|subfigure|subtable"
    rf"|columns?|spacing|textblock|turn|rotate)\*?\}}(?:[ \t]*\[[^\[\]\n]{{0,200}}\]){{0,3}}(?:[ \t]*{_NESTED})?"
    r"|(?:theorem|lemma|proof|proposition|corollary|definition|remark|example|claim|conjecture|exercise)\*?\}"
    rf"|[^{{}}\n]{{0,60}}\}}(?:[ \t]*\[[^\[\]\n]{{0,200}}\])?(?P<said>{_NESTED})?)"
    r"|\\end[ \t]*\{[^{}\n]{0,60}\}"
)
_LEADING = re.compile(  # commands whose last argument alone is text
    r"\\(?:(?:textcolor|colorbox|color|parbox|scalebox|raisebox|rotatebox|makebox|framebox|foreignlanguage|hyperref"
    r"|hypertarget|hyperlink|texorpdfstring)(?![A-Za-z])"
    rf"(?:[ \t]*\[[^\[\]\n]{{0,200}}\]){{0,3}}(?:[ \t]*{_NESTED}(?=[ \t]*\{{))?"
    r"|(?:multicolumn|multirow|resizebox\*?|fcolorbox)(?![A-Za-z])(?:[ \t]*\[[^\[\]\n]{0,200}\])?"
    rf"(?:[ \t]*{_NESTED}(?=[ \t]*\{{)){{0,2}})"
)
_DEFINED = re.compile(rf"\\(?:def|let)[ \t]*\\[A-Za-z@]+(?:#\d)*[ \t]*{_NESTED}")
_ITEM = re.compile(r"\\item[ \t]*\[([^\[\]\n]{0,300})\]")
_BESIDE = re.compile(
    r"\\(?:footnote|footnotetext|thanks|marginpar|caption|author|date|title|item|par|newline|and)(?![A-Za-z])"
)
_LINK = re.compile(r"\\href[ \t]*\{[^{}\n]{0,2000}\}")  # what it says follows
_CELL = re.compile(r"(?<!\\)&")
_ACCENT = re.compile(r"\\([`'^\"~=.cvuHrk])[ \t]?(?:\{\\?([A-Za-z])\}|(?<=[`'^\"~=.])\\?([A-Za-z]))")
_FORMULA = re.compile(
    r"(\$\$[^$]{1,5000}\$\$|(?<!\\)\$[^$\n]{1,1000}(?:\n[^$\n]{1,1000}){0,3}(?<!\\)\$|\\\[(?:(?!\\\[).){1,5000}?\\\])",
    re.DOTALL,
)
_COMMAND = re.compile(r"\\([A-Za-z@]+)\*?(?:<[\d.+|,:*a-z-]{1,30}>)?(?:\[[^\[\]\n]{0,200}\])?([ \t]?)")
_SIGN = re.compile(r"\\([#$%&_{} ,;:!/-])")
_MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "c": "\u0327", "k": "\u0328",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "ldots": "…", "dots": "…", "textbackslash": "\\", "S": "§", "copyright": "©", "LaTeX": "LaTeX", "TeX": "TeX",
    "textasciitilde": "~", "quad": " ", "qquad": " ", "textendash": "–", "textemdash": "—", "euro": "€",
}  # fmt: skip
_SIGNS = {"{": "\x02", "}": "\x03", ",": " ", ";": " ", ":": " ", "!": "", "/": "", "-": ""}
_BRACES = str.maketrans({"{": None, "}": None, "~": " "})


class LatexReader(TextReader):
    """Reads LaTeX sources."""

    name = "latex"
    version = VERSIONS["latex"]
    reads = frozenset({kinds.LATEX})
    media_type = "text/x-tex"

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        plan = super().plan(source, options)
        head = segment_text(source, plan, SegmentSpec(0, 0, min(source.size, 64 * 1024)))
        found = _TITLE.search(_COMMENT.sub(r"\1", head))
        title = " ".join(plain(found.group(1).replace("\\\\", " ")).split())[:500] if found else None
        return replace(plan, title=title or None)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        return latex_blocks(segment_text(source, plan, segment), segment.first_line)


def latex_blocks(text: str, first_line: int = 1) -> Iterator[Block]:
    """Headings and what stands between them, with their lines."""
    text, listings = _without_listings(text)
    text = _without_preamble(_COMMENT.sub(r"\1", text))
    start, line = 0, first_line
    for mark in _HEADING.finditer(text):
        if mark.start() > start:
            yield from _block(text[start : mark.start()], line, listings)
            line += text.count("\n", start, mark.start())
        heading = " ".join(plain(mark.group(2)).split())
        if heading:
            yield Block(heading, _LEVELS.get(mark.group(1), _FRAME), line_start=line)
        start = mark.end()
        line += mark.group().count("\n")
    if start < len(text):
        yield from _block(text[start:], line, listings)


def _block(text: str, line: int, listings: list[str]) -> Iterator[Block]:
    """A block, when there is anything in it."""
    text = plain(text)
    for number in range(text.count("\x01")):
        listing = listings.pop(0) if listings else ""
        text = text.replace("\x01" + "\n" * listing.count("\n"), _listing(listing), 1)
        del number
    below = text[:1] == "\n"  # the end of the heading's own line
    if text.strip():
        yield Block(text[below:], line_start=line + below)


def _listing(source: str) -> str:
    """The lines of a listing; those that open and close it are blank."""
    return re.sub(r"\\(?:begin|end)\{[^{}\n]*\}(?:\[[^\]\n]*\])?", "", source)


def _without_listings(text: str) -> tuple[str, list[str]]:
    """The text with a mark, and as many line ends, in the place of each listing; and the listings."""
    found: list[str] = []

    def keep(match: re.Match[str]) -> str:
        found.append(match.group())
        return "\x01" + "\n" * match.group().count("\n")

    return _VERBATIM.sub(keep, text.replace("\x01", " ")), found


def _without_preamble(text: str) -> str:
    """The text from the start of the document to its end; of what stands before, the title and its kin."""
    body = _BODY.search(text)
    if body:
        before, after = text[: body.start()], text[body.end() :]
        kept = []
        last = 0
        for said in _SAID.finditer(before):
            kept += ["\n" * before.count("\n", last, said.start(2)) or " ", said.group(2)]
            last = said.end(2)
        text = "".join(kept) + ("\n" * before.count("\n", last) or " ") + after
    end = _END.search(text)
    return text[: end.start()] if end else text


def plain(text: str) -> str:
    """What commands say, without the commands; formulas as they are. As many lines as before."""
    if "\\" not in text and "$" not in text:
        return _without_braces(text)
    parts = _FORMULA.split(text)  # every second one is a formula
    parts[::2] = [_without_braces(_said(part)) for part in parts[::2]]
    return "".join(parts)


def _said(text: str) -> str:
    if "\\" not in text:
        return text
    text = _ENVIRONMENT.sub(
        lambda begun: f" {begun['said']} " if begun["said"] else " ",
        _LINK.sub("", _SILENT.sub("", _DEFINED.sub("", text.replace("\\\\", " ")))),
    )
    text = _BESIDE.sub(r" \g<0>", _ITEM.sub(r" \1 ", _LEADING.sub("", text)))
    text = _CELL.sub(" ", text).replace("}{", "} {")
    text = _ACCENT.sub(_accented, text)
    text = _SIGN.sub(lambda sign: _SIGNS.get(sign[1], sign[1]), text)
    return _COMMAND.sub(_said_by, text)


def _said_by(command: re.Match[str]) -> str:
    """What a command stands for. The blank behind one that is a letter of a word only ends its name."""
    letter = _LETTERS.get(command[1])
    return command[2] if letter is None else letter + (command[2] if len(letter) > 2 else "")


def _without_braces(text: str) -> str:
    text = text.translate(_BRACES).replace("``", "“").replace("''", "”")
    return text.replace("\x02", "{").replace("\x03", "}") if "\x02" in text or "\x03" in text else text


def _accented(match: re.Match[str]) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", (match.group(2) or match.group(3)) + _MARKS[match.group(1)])
