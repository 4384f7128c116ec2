"""PPTX: the package's own list finds the slides and their parts, and one walk over the XML of each gives its text.

The walk looks at text only, so that a broken picture is no trouble, and films are never unpacked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.embedded import embedded_blocks, embedded_in, shape_of
from ingest_desktop.extraction.packages import Package, core_properties, main_part, relations, xml_root
from ingest_desktop.extraction.readers import drawing
from ingest_desktop.extraction.readers.drawing import child, children, local
from ingest_desktop.extraction.readers.drawing_numbers import numbered_paragraphs
from ingest_desktop.extraction.readers.told_pictures import described
from ingest_desktop.extraction.versions import VERSIONS

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_CALLED = "a PowerPoint presentation"
_SEGMENT_SLIDES = 200
_REPEATED = ("ftr", "hdr")  # placeholders that say the same on every slide
_NEVER = ("sldNum", "dt", "sldImg")
_TITLES = ("title", "ctrTitle")

Related = dict[str, tuple[str, str]]  # id: (the last word of the relation's type, the member)


class Deck:
    """The slides of a presentation in their order, and what they point to."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._names = list(self._in_order()) or _numbered(package)

    def __len__(self) -> int:
        return len(self._names)

    def slide(self, number: int) -> tuple[Any, Related]:
        """The XML of a slide (1-based) and what it points to.

        Raises:
            SourceMalformed: It is missing or no XML.
        """
        name = self._names[number - 1]
        if name not in self._package:
            raise SourceMalformed("The slide is missing in the file.")
        root = xml_root(self._package, name)
        try:
            return root, relations(self._package, name)
        except SourceMalformed:
            return root, {}

    def holders(self) -> dict[str, int]:
        """The first slide (from 1) that points to each member."""
        found: dict[str, int] = {}
        for number, name in enumerate(self._names, 1):
            try:
                for _, target in relations(self._package, name).values():
                    found.setdefault(target, number)
            except SourceMalformed:
                continue
        return found

    def part(self, name: str) -> Any:
        """The XML of a member."""
        return xml_root(self._package, name)

    def _in_order(self) -> Iterator[str]:
        """As the presentation lists them; nothing when it cannot be read."""
        main = main_part(self._package, "ppt/presentation.xml")
        try:
            root, points = xml_root(self._package, main), relations(self._package, main)
        except SourceMalformed:
            return
        for part in root.iter():
            if local(part) == "sldId":
                yield points.get(_id_of(part), ("", ""))[1]


class PptxReader:
    """Reads PowerPoint presentations."""

    name = "pptx"
    version = VERSIONS["pptx"]
    reads = frozenset({kinds.PPTX})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        with Package(source, options, _CALLED) as package:
            metadata, shape = core_properties(package), shape_of(package, options, source)
            count = len(Deck(package))
        if count > options.max_pages:
            raise LimitExceeded(f"It has {count:,} slides; the limit is {options.max_pages:,} (INGESTION_MAX_PAGES).")
        starts = range(1, max(count, 1) + 1, _SEGMENT_SLIDES)
        segments = [SegmentSpec(at, start, min(start + _SEGMENT_SLIDES, count + 1)) for at, start in enumerate(starts)]
        title = metadata.get("title") or None
        return ReaderPlan("slide", count, tuple(segments), MEDIA_TYPE, None, title, metadata, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        with Package(source, options, _CALLED) as package:
            deck = Deck(package)
            yield from read_slides(deck, segment, plan.title, notes)
            is_all_lost = not notes.units_with_text and len({slide for slide, _ in notes.units_failed}) == plan.units
            holders = deck.holders() if embedded_in(package) else {}

            def slide_of(name: str) -> int | None:
                slide = holders.get(name, 1)
                return slide if segment.start <= slide < segment.stop or not plan.units else None

            yield from embedded_blocks(package, source, options, notes, plan.title, slide_of)
        if len(plan.segments) == 1 and notes.units_failed and is_all_lost:
            raise SourceMalformed(f"None of its slides could be read. {notes.units_failed[0][1]}")


def read_slides(deck: Deck, segment: SegmentSpec, title: str | None, notes: SegmentNotes) -> Iterator[Block]:
    """The blocks of a stretch of slides. A slide that fails is noted, and the rest is kept."""
    repeated: set[str] = set()
    notes.units_seen = notes.units_with_text = 0
    for number in range(segment.start, segment.stop):
        notes.units_seen += 1
        texts = 0
        try:
            for block in _slide_blocks(deck, number, title, repeated, notes):
                texts += bool(block.text)
                yield block
        except LimitExceeded:
            raise
        except (IngestError, ValueError, KeyError, AttributeError) as error:
            why = str(error) if isinstance(error, IngestError) else "its XML makes no sense."
            notes.units_failed.append((number, why))
        notes.units_with_text += texts > 0
        if notes.progress is not None:
            notes.progress(number - segment.start + 1, segment.stop - segment.start)


def _numbered(package: Package) -> list[str]:
    """Slides by the numbers in their names, for a package that has lost its list of them."""
    found = []
    for name in package.names:
        folder, _, last = name.lower().rpartition("/")
        digits = last.removeprefix("slide").removesuffix(".xml")
        if folder == "ppt/slides" and digits.isdecimal():
            found.append((int(digits), name))
    return [name for _, name in sorted(found)]


@dataclass(slots=True)
class _Texts:
    """What was found on a slide."""

    title: str = ""
    body: list[tuple[str, bool]] = field(default_factory=list)  # text, and whether it is a table


def _slide_blocks(
    deck: Deck, number: int, title: str | None, repeated: set[str], notes: SegmentNotes
) -> Iterator[Block]:
    root, related = deck.slide(number)
    texts = _Texts()
    tree = child(root, "cSld", "spTree")
    for shape in drawing.flat(tree) if tree is not None else ():
        try:
            _take(shape, texts, deck, related, repeated)
        except (SourceMalformed, KeyError, ValueError, AttributeError):
            notes.units_failed.append((number, "A chart or drawing on it could not be read."))
    place = (("slide", number),)
    path = (title,) if title else ()
    if texts.title:
        path = (*path, " ".join(texts.title.split())) if texts.title != title else path
        yield Block(texts.title, 1, extra=place, path=path)
    for text, is_table in texts.body:
        yield Block(text, extra=place, keep=is_table, path=path)
    for kind, name in related.values():
        if kind not in ("notesSlide", "comments"):
            continue
        try:
            said = _notes(deck.part(name)) if kind == "notesSlide" else _comments(deck.part(name))
        except (SourceMalformed, KeyError):
            notes.units_failed.append(
                (number, f"Its {'notes' if kind == 'notesSlide' else 'comments'} could not be read.")
            )
            continue
        if said:
            yield Block(said, extra=place, path=(*path, "Notes" if kind == "notesSlide" else "Comments"))


def _take(shape: Any, texts: _Texts, deck: Deck, related: Related, repeated: set[str]) -> None:
    """The text of one shape, and what it is said to show."""
    picture = described(_description(shape))
    if picture:
        texts.body.append((picture, False))
    if local(shape) == "graphicFrame":
        texts.body += [("\n".join(lines), True) for lines in _graphic(shape, deck, related) if lines]
        return
    kind = _placeholder(shape)
    is_title = kind in _TITLES and not texts.title
    said = "\n".join(drawing.paragraphs(shape) if is_title else numbered_paragraphs(shape))
    if not said or kind in _NEVER or (kind in _REPEATED and said in repeated):
        return
    if kind in _REPEATED:
        repeated.add(said)
    if is_title:
        texts.title = said
    else:
        texts.body.append((said, False))


def _description(shape: Any) -> str | None:
    for part in shape:
        properties = child(part, "cNvPr")
        if properties is not None:
            said = properties.get("descr")
            return str(said) if said else None
    return None


def _placeholder(shape: Any) -> str:
    """The type of a placeholder; empty for other shapes."""
    for part in shape.iter():
        if local(part) == "ph":
            return part.get("type") or "obj"
        if local(part) == "txBody":
            break
    return ""


def _graphic(frame: Any, deck: Deck, related: Related) -> Iterator[list[str]]:
    """The lines of tables, charts and diagrams."""
    for part in frame.iter():
        name = local(part)
        if name == "tbl":
            yield drawing.table_lines(part)
        elif name == "chart":
            target = related.get(_id_of(part))
            if target is not None:
                yield drawing.chart_lines(deck.part(target[1]))
        elif name == "relIds":
            keys = [value for key, value in part.attrib.items() if key.rpartition("}")[2] == "dm"]
            target = related.get(keys[0] if keys else "")
            if target is not None:
                yield drawing.paragraphs(deck.part(target[1])) or _diagram(deck.part(target[1]))


def _diagram(root: Any) -> list[str]:
    return ["".join(part.itertext()).strip() for part in root.iter() if local(part) == "t"]


def _notes(root: Any) -> str:
    """What the speaker wrote."""
    tree = child(root, "cSld", "spTree")
    said = []
    for shape in drawing.flat(tree) if tree is not None else ():
        if _placeholder(shape) not in (*_NEVER, *_REPEATED):
            said += numbered_paragraphs(shape)
    return "\n".join(said)


def _comments(root: Any) -> str:
    said = []
    for part in root.iter():
        if local(part) == "cm":
            texts = ["".join(text.itertext()).strip() for text in children(part, "text")] or drawing.paragraphs(part)
            said += [text for text in texts if text]
    return "\n".join(said)


def _id_of(element: Any) -> str:
    """The relation an element points to: its ``r:id``."""
    for key, value in element.attrib.items():
        if key.startswith("{") and key.endswith("}id"):
            return str(value)
    return ""
