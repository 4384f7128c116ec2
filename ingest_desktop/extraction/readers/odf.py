"""OpenDocument text, presentations and spreadsheets: one pass over ``content.xml``, which is never kept whole.

What is read is what was shown: a cell's own text, not its value. Deleted text of tracked changes is left out.
"""

import os
from collections.abc import Iterator
from typing import Any

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.packages import Package, core_properties, forget, xml_events, xml_root
from ingest_desktop.extraction.readers.drawing import local
from ingest_desktop.extraction.readers.grid import grid_blocks
from ingest_desktop.extraction.readers.odf_flat import as_package, is_flat
from ingest_desktop.extraction.readers.odf_numbers import ITEMS, LISTS, OdfNumbers, heading_level
from ingest_desktop.extraction.readers.odf_objects import object_lines
from ingest_desktop.extraction.readers.odf_sheets import SheetFlow, extents, stretches
from ingest_desktop.extraction.readers.odf_text import (
    CONTENT,
    UNSEEN,
    Deletions,
    attribute,
    paragraph,
    row_text,
    texts_of,
    units_of,
)
from ingest_desktop.extraction.readers.paragraphs import RUNNING_HEADS, by_paragraph
from ingest_desktop.extraction.unlocking import unlocked_parts
from ingest_desktop.extraction.versions import VERSIONS

MEDIA_TYPES = {
    kinds.ODT: "application/vnd.oasis.opendocument.text",
    kinds.ODS: "application/vnd.oasis.opendocument.spreadsheet",
    kinds.ODP: "application/vnd.oasis.opendocument.presentation",
}
_CALLED = "an OpenDocument file"
_STYLES, _META, _MANIFEST = "styles.xml", "meta.xml", "META-INF/manifest.xml"
_BLOCKS = frozenset({"p", "h", "table-row"})
_MOST_LEVEL = 6
_NEVER = ("page", "date-time", "page-number", "header", "footer")  # what stands on every page of notes


class OdfReader:
    """Reads the three kinds of OpenDocument files that hold text."""

    name = "odf"
    version = VERSIONS["odf"]
    reads = frozenset(MEDIA_TYPES)

    def __init__(self) -> None:
        self._flow: SheetFlow | None = None  # a spreadsheet in the middle of which the next segment begins

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        kind = detect.kind_of(source)
        with Package(_plain(source, options), options, _CALLED) as package:
            metadata = core_properties(package, _META) if _META in package else {}
            unit, units = ("slide", _count_pages(package)) if kind == kinds.ODP else ("whole", 1)
            segments: tuple[SegmentSpec, ...] = (SegmentSpec(0, 1, units + 1),)
            if kind == kinds.ODS:
                sheets = extents(package)
                unit, units, segments = "sheet", len(sheets), tuple(stretches(sheets))
        title = metadata.get("title") or None
        media_type = MEDIA_TYPES.get(kind, MEDIA_TYPES[kinds.ODT])
        return ReaderPlan(unit, units, segments, media_type, None, title, metadata)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        if plan.unit == "sheet":
            yield from self._sheets(source, plan, segment, options, notes)
            return
        with Package(_plain(source, options), options, _CALLED) as package:
            blocks = _slides(package, plan, notes) if plan.unit == "slide" else by_paragraph(_text(package))
            yield from _as_far_as_sound(blocks, plan, notes)
            if plan.unit == "whole":
                yield from _objects(package, plan.title, notes)
                yield from _running_heads(package, plan.title)

    def _sheets(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        """The blocks of some sheets, or of some rows of one."""
        flow = self._flow
        if flow is None or flow.key != _key(source) or not flow.is_before(segment.start, segment.first_line):
            self._let_go()
            flow = self._flow = SheetFlow(_key(source), Package(_plain(source, options), options, _CALLED))
        try:
            yield from _as_far_as_sound(_sheet_blocks(flow, plan, segment, options, notes), plan, notes)
        except BaseException:
            self._let_go()
            raise
        notes.warnings += flow.warnings
        flow.warnings.clear()
        if segment == plan.segments[-1]:
            self._let_go()

    def _let_go(self) -> None:
        """Let go of the file in hand; on Windows nobody can move one that is open."""
        flow, self._flow = self._flow, None
        if flow is not None:
            flow.close()


def _key(source: SourceFile) -> object:
    """What tells that a file is the one in hand."""
    if source.data is not None:
        return (source.path, source.passwords, source.data)
    found = os.stat(source.path)
    return (source.path, source.passwords, found.st_size, found.st_mtime_ns, found.st_ino)


def _as_far_as_sound(blocks: Iterator[Block], plan: ReaderPlan, notes: SegmentNotes) -> Iterator[Block]:
    """The blocks before damage, which is noted.

    Raises:
        SourceMalformed: There is no text before it, and nothing else that was read.
    """
    texts = 0
    try:
        for block in blocks:
            texts += bool(block.text.strip())
            yield block
    except SourceMalformed as error:
        if not texts and len(plan.segments) == 1:
            raise
        notes.warnings.append(f"It is damaged; what stands before the damage was read. {error}")
        notes.units_failed.append((max(notes.units_seen, 1), str(error)))
        if plan.unit != "whole" and len(plan.segments) == 1:
            notes.units_seen = plan.units


def _sheet_blocks(
    flow: SheetFlow, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
) -> Iterator[Block]:
    notes.units_seen = notes.units_with_text = 0
    following = plan.segments[segment.number + 1 : segment.number + 2]
    goes_on = bool(following) and following[0].start == segment.start
    count = following[0].first_line - segment.first_line if goes_on else 0
    for index in range(segment.start, segment.stop):
        is_first = segment.first_line == 1
        notes.units_seen += is_first
        if not flow.go_to(index):
            return
        place, path = (("sheet", flow.name),), (*((plan.title,) if plan.title else ()), flow.name)
        texts = 0
        rows = flow.take(segment.first_line, count)
        for block in grid_blocks(rows, flow.header, options.chunk_chars, place, path):
            texts += 1
            yield block
        for remark in flow.remarks:
            texts += 1
            yield Block(remark, extra=place, path=path)
        flow.remarks.clear()
        notes.units_failed += [(index, why) for why in flow.lost]
        flow.lost.clear()
        notes.units_with_text += is_first and texts > 0
        if notes.progress is not None:
            notes.progress(index, plan.units)


def _plain(source: SourceFile, options: ExtractOptions) -> SourceFile:
    """The file, or what its password opens. Encrypted parts are told in the manifest; their bytes look like damage."""
    if is_flat(source):
        return as_package(source, options)
    with Package(source, options, _CALLED) as package:
        if _MANIFEST not in package:
            return source
        try:
            said = package.read(_MANIFEST, 4 * 1024 * 1024)
        except SourceMalformed:
            return source  # if it is encrypted, its content is no XML
        if b"encryption-data" not in said.replace(b"\0", b""):
            return source
        data = unlocked_parts(package, xml_root(package, _MANIFEST), (CONTENT, _STYLES, _META), source, options)
    return SourceFile(source.path, len(data), data[:1024], data, inner=source.inner)


def _count_pages(package: Package) -> int:
    """How many pages there are; damage is for the reading to tell."""
    count = 0
    try:
        for event, element in xml_events(package, CONTENT):
            if event == "start":
                count += local(element) == "page"
            else:
                forget(element)
    except SourceMalformed:
        if not count:
            raise
    return count


def _text(package: Package) -> Iterator[Block]:
    """The blocks of a text document."""
    table: list[str] = []
    numbers = OdfNumbers(package)
    for event, element in units_of(package, _BLOCKS | {"frame", "custom-shape"}, LISTS | ITEMS):
        name = local(element)
        if event != "whole":
            if event == "start":
                (numbers.item if name in ITEMS else numbers.enter)(element)
            elif name in LISTS:
                numbers.leave()
            continue
        if name == "table-row":
            table.append(row_text(element, numbers))
            if len(table) > 200:
                yield Block("\n".join(filter(None, table)), keep=True)
                table = []
            continue
        if any(table):
            yield Block("\n".join(filter(None, table)), keep=True)
        table = []
        text, aside = paragraph(element, numbers)
        if text:
            level = min(heading_level(element), _MOST_LEVEL) if name == "h" else 0
            yield Block(text, level, name=text.removeprefix(numbers.said) if level else None)
        for note in aside:
            yield Block(note)
    if any(table):
        yield Block("\n".join(filter(None, table)), keep=True)


def _objects(package: Package, title: str | None, notes: SegmentNotes) -> Iterator[Block]:
    """Charts and formulas of a text document, after its text."""
    if not any(name.endswith("/" + CONTENT) for name in package.names):
        return
    lost: list[str] = []
    said: list[str] = []
    for _, element in units_of(package, frozenset({"object"}), frozenset()):
        said += object_lines(package, element, lost)
    notes.units_failed += [(1, why) for why in lost]
    if said:
        yield Block("\n".join(said), path=(*((title,) if title else ()), "Charts and formulas"))


def _running_heads(package: Package, title: str | None) -> Iterator[Block]:
    """Headers and footers, each text once, at the end: they belong to no place."""
    if _STYLES not in package:
        return
    try:
        root = xml_root(package, _STYLES)
    except SourceMalformed:
        return
    seen: dict[str, None] = {}
    deletions = Deletions()
    for part in root.iter():
        deletions.meet(part)
        if local(part) == "p":
            deletions.take_out_of(part)
    for part in root.iter():
        if local(part).startswith(("header", "footer")) and not local(part).endswith("style"):
            seen.update(dict.fromkeys(texts_of(part)))
    if seen:
        yield Block("\n".join(seen), path=(*((title,) if title else ()), RUNNING_HEADS))


def _slides(package: Package, plan: ReaderPlan, notes: SegmentNotes) -> Iterator[Block]:
    """The blocks of a presentation."""
    notes.units_seen = notes.units_with_text = 0
    base = (plan.title,) if plan.title else ()
    numbers = OdfNumbers(package)
    for _, page in units_of(package, frozenset({"page"}), frozenset()):
        notes.units_seen += 1
        number = notes.units_seen
        place = (("slide", number),)
        title, body, said = _slide(page, numbers)
        lost: list[str] = []
        body += [(line, False) for line in object_lines(package, page, lost)]
        notes.units_failed += [(number, why) for why in lost]
        path = (*base, " ".join(title.split())) if title and title != plan.title else base
        if title:
            yield Block(title, 1, extra=place, path=path)
        for text, is_table in body:
            yield Block(text, extra=place, keep=is_table, path=path)
        if said:
            yield Block(said, extra=place, path=(*path, "Notes"))
        notes.units_with_text += bool(title or body or said)
        if notes.progress is not None:
            notes.progress(number, plan.units)


def _slide(page: Any, numbers: OdfNumbers) -> tuple[str, list[tuple[str, bool]], str]:
    """Title, other texts in order (and whether each is a table), speaker notes."""
    title, body, said = "", [], ""
    for shape in page:
        name = local(shape)
        if name == "notes":
            said = "\n".join(
                text
                for part in shape
                if attribute(part, "class") not in _NEVER
                for text in texts_of(part, 0, numbers.apart())
            )
        elif name and name not in UNSEEN:
            is_title = not title and attribute(shape, "class") == "title"
            texts = texts_of(shape, 0, None if is_title else numbers.apart())
            text = "\n".join(texts)
            if not text:
                continue
            if is_title:
                title = text
            else:
                is_table = any(local(part) == "table-row" for part in shape.iter())
                body.append((text, is_table))
    return title, body, said
