"""DOCX: the text as it is unpacked, ``docx_story`` reads it, and what stands in parts of their own at the end.

Those are notes, charts and diagrams, comments, headers and footers once, and documents that were put into it.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

from collections.abc import Iterator

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.embedded import embedded_blocks, shape_of
from ingest_desktop.extraction.packages import Package, core_properties, main_part, relations, xml_root
from ingest_desktop.extraction.readers.docx_numbers import Numbers
from ingest_desktop.extraction.readers.docx_story import Story
from ingest_desktop.extraction.readers.docx_styles import Styles
from ingest_desktop.extraction.readers.drawing import chart_lines, local, paragraphs
from ingest_desktop.extraction.readers.paragraphs import RUNNING_HEADS
from ingest_desktop.extraction.versions import VERSIONS

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CALLED = "a Word document"
_USUAL = "word/document.xml"
_NOTES = ("footnotes", "endnotes")
_PAGE_NUMBER_CHARS = 8
_BESIDE = {  # kinds of relations that lead to text, and what people call it
    "header": "header",
    "footer": "footer",
    "comments": "comments",
    "chart": "chart",
    "diagramData": "diagram",
}


class DocxReader:
    """Reads Word documents in one go, in constant memory but for the text."""

    name = "docx"
    version = VERSIONS["docx"]
    reads = frozenset({kinds.DOCX})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        with Package(source, options, _CALLED) as package:
            metadata, shape = core_properties(package), shape_of(package, options, source)
        return ReaderPlan(
            "whole", 1, (SegmentSpec(0, 0, 1),), MEDIA_TYPE, None, metadata.get("title") or None, metadata, shape=shape
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        with Package(source, options, _CALLED) as package:
            main = main_part(package, _USUAL)
            points = _points(package, main, notes)
            styles = Styles(package, _named(points, "styles"))
            numbers = Numbers(package, _named(points, "numbering"), styles)
            if numbers.damaged:
                notes.warnings.append(f"The numbers of its lists are not told: {numbers.damaged}")
            story = Story(package, styles, numbers)
            yield from _body(story, main, notes)
            yield from _beside(package, story, points, plan.title, notes)
            yield from embedded_blocks(package, source, options, notes, plan.title, lambda _name: 1)


def _points(package: Package, main: str, notes: SegmentNotes) -> list[tuple[str, str]]:
    """What the main part points to, by its relations; by the usual names when they are damaged."""
    try:
        found = list(dict.fromkeys(relations(package, main).values()))
    except SourceMalformed as error:
        notes.warnings.append(f"What belongs to the text is not told: {error}")
        found = []
    known = {kind for kind, _ in found}
    folder = main.rpartition("/")[0]
    usual = [
        (kind, f"{folder}/{kind}.xml") for kind in ("styles", "numbering", *_NOTES, "comments") if kind not in known
    ]
    return [(kind, name) for kind, name in (*found, *usual) if name in package]


def _named(points: list[tuple[str, str]], wanted: str) -> str | None:
    return next((name for kind, name in points if kind == wanted), None)


def _body(story: Story, main: str, notes: SegmentNotes) -> Iterator[Block]:
    """The text of the document. When it is damaged, what stands before the damage is kept.

    Raises:
        SourceMalformed: There is no text to be had.
    """
    got = False
    try:
        for block in story.blocks(main):
            got = True
            yield block
    except SourceMalformed as error:
        if not got:
            raise
        notes.units_failed.append((1, f"It is damaged, and its text ends early. {error}"))


def _beside(
    package: Package, story: Story, points: list[tuple[str, str]], title: str | None, notes: SegmentNotes
) -> Iterator[Block]:
    """What stands in parts of their own. A part that is damaged is told, and the others are read."""
    base = (title,) if title else ()
    for kind, name in points:
        if kind in _NOTES:
            yield from _notes(story, name, kind, base, notes)
    running: dict[str, None] = {}
    for kind, name in points:
        if kind not in _BESIDE:
            continue
        try:
            root = xml_root(package, name)
        except SourceMalformed as error:
            notes.units_failed.append((1, f"Its {_BESIDE[kind]} could not be read: {error}"))
            continue
        if kind in ("header", "footer"):
            running.update((said, None) for said in story.lines(root) if not _is_page_number(said))
        elif kind == "comments":
            said = [line for comment in root if local(comment) == "comment" for line in story.lines(comment)]
            yield from _block("\n".join(said), (*base, "Comments"))
        elif kind == "chart":
            yield from _block("\n".join(chart_lines(root)), (*base, "Charts"))
        else:
            yield from _block("\n".join(paragraphs(root)), (*base, "Diagrams"))
    yield from _block("\n".join(running), (*base, RUNNING_HEADS))


def _is_page_number(said: str) -> bool:
    return len(said) <= _PAGE_NUMBER_CHARS and not any(map(str.isalpha, said))


def _notes(story: Story, name: str, kind: str, base: tuple[str, ...], notes: SegmentNotes) -> Iterator[Block]:
    path = (*base, kind.capitalize())
    try:
        for note in story.notes(name, kind.removesuffix("s")):
            yield Block(note, path=path, keep=True)
    except SourceMalformed as error:
        notes.units_failed.append((1, f"Its {kind} could not all be read: {error}"))


def _block(text: str, path: tuple[str, ...]) -> Iterator[Block]:
    if text:
        yield Block(text, path=path, keep=True)
