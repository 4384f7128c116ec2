"""DOCX: mammoth makes HTML of it, and the HTML reader's code makes blocks of that.

What mammoth leaves out stands at the end: charts and diagrams, comments, headers and footers once.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import io
import re
import zipfile
from collections.abc import Iterator

from ingest_desktop.domain.errors import IngestError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.embedded import embedded_blocks, shape_of
from ingest_desktop.extraction.packages import Package, core_properties, main_part, relations, xml_root
from ingest_desktop.extraction.readers.drawing import chart_lines, local, paragraphs
from ingest_desktop.extraction.readers.html import page_blocks, whole

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CALLED = "a Word document"
_WAY_BACK = re.compile(r' ?<a href="#[^"]{1,200}">↑</a>')  # from a note to its mark
_SIMPLE_CELL = re.compile(r"(<t[dh][^>]*>)<p>((?:(?!<p>|<t[dh]|<table|</p>).)*)</p>(</t[dh]>)", re.DOTALL)
# Wrappers whose text mammoth leaves out (fields, directions of writing, ruby, formulas), and one that it looks into.
_WRAPPER = re.compile(rb"<(/?)(?:w:(?:fldSimple|dir|bdo|ruby|rubyBase)|m:(?!t\b|r\b)\w+)(?=[\s/>])")
_FORMULA_RUN = re.compile(rb"<(/?)m:(t|r)(?=[\s/>])")
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_BETWEEN_CELLS = re.compile(r"(?<!</p>)(?<!</table>)</t[dh]>\s*<t[dh][^>]*>(?!<p>|<table)")
_BESIDE = {  # kinds of relations that lead to text, and what people call it
    "header": "header",
    "footer": "footer",
    "comments": "comments",
    "chart": "chart",
    "diagramData": "diagram",
}


class DocxReader:
    """Reads Word documents in one go."""

    name = "docx"
    version = 4
    reads = frozenset({kinds.DOCX})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        with Package(source, options, _CALLED) as package:
            metadata, shape = core_properties(package), shape_of(package, options)
        return ReaderPlan(
            "whole", 1, (SegmentSpec(0, 0, 1),), MEDIA_TYPE, None, metadata.get("title") or None, metadata, shape=shape
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        with Package(source, options, _CALLED) as package:
            yield from _body(package, source, notes)
            yield from _beside(package, plan.title, notes)
            yield from embedded_blocks(package, source, options, notes, plan.title, lambda _name: 1)


def _body(package: Package, source: SourceFile, notes: SegmentNotes) -> list[Block]:
    """The text of the document; its bare paragraphs when mammoth stumbles over a part beside it, such as the notes.

    Raises:
        SourceMalformed: There is no text to be had.
    """
    try:
        return _convert(_seen_through(package, whole(source)))
    except SourceMalformed:
        found = paragraphs(xml_root(package, main_part(package, "word/document.xml")))
        if not found:
            raise
        notes.units_failed.append((1, "It is damaged: only its plain text was read, without notes and structure."))
        return [Block("\n".join(found))]


def _seen_through(package: Package, data: bytes) -> bytes:
    """The same file, with tags in place of wrappers that mammoth would leave out together with their text."""
    told = (main_part(package, "word/document.xml"), *_NOTES)
    stories = {name: package.read(name) for name in package.names if name in told}
    plain = {name: _FORMULA_RUN.sub(rb"<\1w:\2", _WRAPPER.sub(rb"<\1w:smartTag", xml)) for name, xml in stories.items()}
    if plain == stories:
        return data
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name in package.names:
            if name in plain or name.endswith((".xml", ".rels")):
                target.writestr(name, plain.get(name) or package.read(name))
    return packed.getvalue()


def _convert(data: bytes) -> list[Block]:
    """The blocks of a document.

    Raises:
        SourceMalformed: mammoth cannot read it.
    """
    import mammoth

    try:
        page = mammoth.convert_to_html(
            io.BytesIO(data),
            convert_image=mammoth.images.img_element(lambda _image: {}),
            style_map="p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh",
            include_embedded_style_map=False,
        ).value
    except (IngestError, MemoryError, RecursionError):
        raise
    except Exception as error:
        raise SourceMalformed("The Word document is damaged: its text could not be read.") from error
    page = _WAY_BACK.sub("", page)
    page = _BETWEEN_CELLS.sub(" | ", _SIMPLE_CELL.sub(r"\1\2\3", page))  # a row is a line
    return page_blocks(page.encode("utf-8", "replace"))[1]


def _beside(package: Package, title: str | None, notes: SegmentNotes) -> Iterator[Block]:
    """What stands in parts of their own. A part that is damaged is told, and the others are read."""
    main = main_part(package, "word/document.xml")
    try:
        found = relations(package, main)
    except SourceMalformed:
        return  # mammoth has read what there is
    running: dict[str, None] = {}
    base = (title,) if title else ()
    for kind, name in dict.fromkeys(found.values()):
        if kind not in _BESIDE or name not in package:
            continue
        try:
            root = xml_root(package, name)
        except SourceMalformed as error:
            notes.warnings.append(f"Its {_BESIDE[kind]} could not be read: {error}")
            continue
        if kind in ("header", "footer"):
            running.update((said, None) for said in paragraphs(root) if any(map(str.isalpha, said)))
        elif kind == "comments":
            said = [line for comment in root.iter() if local(comment) == "comment" for line in paragraphs(comment)]
            yield from _block("\n".join(said), (*base, "Comments"))
        else:
            yield from _block("\n".join(chart_lines(root) if kind == "chart" else paragraphs(root)), base)
    yield from _block("\n".join(running), ())


def _block(text: str, path: tuple[str, ...]) -> Iterator[Block]:
    if text:
        yield Block(text, path=path)
