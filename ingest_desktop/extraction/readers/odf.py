"""OpenDocument text, presentations and spreadsheets: one pass over ``content.xml``, which is never kept whole.

What is read is what was shown: a cell's own text, not its value. Deleted text of tracked changes is left out.
"""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

from collections.abc import Iterator
from typing import Any

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.packages import Package, core_properties, forget, xml_events, xml_root
from ingest_desktop.extraction.readers.drawing import children, local
from ingest_desktop.extraction.readers.grid import HEADER_SAMPLE, Row, find_header, grid_blocks
from ingest_desktop.extraction.unlocking import unlocked_parts

MEDIA_TYPES = {
    kinds.ODT: "application/vnd.oasis.opendocument.text",
    kinds.ODS: "application/vnd.oasis.opendocument.spreadsheet",
    kinds.ODP: "application/vnd.oasis.opendocument.presentation",
}
_CALLED = "an OpenDocument file"
_CONTENT, _STYLES, _META, _MANIFEST = "content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml"
_BLOCKS = frozenset({"p", "h", "table-row"})
_UNSEEN = frozenset({"tracked-changes", "forms", "scripts", "font-face-decls", "automatic-styles"})
_BREAKS = {"tab": "\t", "line-break": "\n"}
_MOST_BLANKS, _MOST_LEVEL = 1000, 6
_MOST_REPEATS, _MOST_COLUMNS = 1000, 16_384
_MOST_DEPTH = 120
_SVG = "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
_DESCRIPTIONS = (f"{{{_SVG}}}title", f"{{{_SVG}}}desc")


class OdfReader:
    """Reads the three kinds of OpenDocument files that hold text."""

    name = "odf"
    version = 1
    reads = frozenset(MEDIA_TYPES)

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        kind = detect.kind_of(source)
        with Package(_plain(source, options), options, _CALLED) as package:
            metadata = core_properties(package, _META) if _META in package else {}
            unit, units = {kinds.ODP: ("slide", 0), kinds.ODS: ("sheet", 0)}.get(kind, ("whole", 1))
            if unit != "whole":
                units = _count(package, "page" if unit == "slide" else "table")
        title = metadata.get("title") or None
        media_type = MEDIA_TYPES.get(kind, MEDIA_TYPES[kinds.ODT])
        return ReaderPlan(unit, units, (SegmentSpec(0, 1, units + 1),), media_type, None, title, metadata)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        with Package(_plain(source, options), options, _CALLED) as package:
            texts = 0
            if plan.unit == "slide":
                blocks = _slides(package, plan, notes)
            elif plan.unit == "sheet":
                blocks = _sheets(package, plan, options, notes)
            else:
                blocks = _text(package)
            try:
                for block in blocks:
                    texts += bool(block.text.strip())
                    yield block
            except SourceMalformed as error:
                if not texts:
                    raise
                notes.warnings.append(f"It is damaged; what stands before the damage was read. {error}")
                notes.units_failed.append((max(notes.units_seen, 1), str(error)))
                if plan.unit != "whole":
                    notes.units_seen = plan.units
            if plan.unit == "whole":
                yield from _running_heads(package)


def _plain(source: SourceFile, options: ExtractOptions) -> SourceFile:
    """The file, or what its password opens. Encrypted parts are told in the manifest; their bytes look like damage."""
    with Package(source, options, _CALLED) as package:
        if _MANIFEST not in package:
            return source
        try:
            said = package.read(_MANIFEST, 4 * 1024 * 1024)
        except SourceMalformed:
            return source  # if it is encrypted, its content is no XML
        if b"encryption-data" not in said.replace(b"\0", b""):
            return source
        data = unlocked_parts(package, xml_root(package, _MANIFEST), (_CONTENT, _STYLES, _META), source, options)
    return SourceFile(source.path, len(data), data[:1024], data, inner=source.inner)


def _count(package: Package, wanted: str) -> int:
    """How many pages or tables there are; damage is for the reading to tell."""
    count = depth = 0
    try:
        for event, element in xml_events(package, _CONTENT):
            name = local(element)
            if event == "start":
                if name == wanted and (wanted == "page" or depth == 0):
                    count += 1
                depth += name == "table"
            else:
                depth -= name == "table"
                forget(element)
    except SourceMalformed:
        if not count:
            raise
    return count


def _units(package: Package, wanted: frozenset[str], marks: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """The outermost elements of these names when they are complete, and the start and end of the marks."""
    inside: Any = None
    unseen = 0
    for event, element in xml_events(package, _CONTENT):
        name = local(element)
        if name in _UNSEEN:
            unseen += 1 if event == "start" else -1
            if event == "end" and inside is None:
                forget(element)
        elif unseen:
            continue
        elif inside is None and event == "start" and name in wanted:
            inside = element
        elif inside is element:
            yield "whole", element
            inside = None
            forget(element)
        elif inside is None and name in marks:
            yield event, element


def _text(package: Package) -> Iterator[Block]:
    """The blocks of a text document."""
    table: list[str] = []
    for _, element in _units(package, _BLOCKS | {"frame", "custom-shape"}, frozenset()):
        name = local(element)
        if name == "table-row":
            table.append(_row_text(element))
            if len(table) > 200:
                yield Block("\n".join(filter(None, table)), keep=True)
                table = []
            continue
        if any(table):
            yield Block("\n".join(filter(None, table)), keep=True)
        table = []
        text, aside = _paragraph(element)
        level = _level(element) if name == "h" else 0
        if text:
            yield Block(text, level)
        for note in aside:
            yield Block(note)
    if any(table):
        yield Block("\n".join(filter(None, table)), keep=True)


def _level(heading: Any) -> int:
    said = _attribute(heading, "outline-level")
    return max(1, min(int(said), _MOST_LEVEL)) if said.isdecimal() and len(said) < 4 else 1


def _attribute(element: Any, name: str) -> str:
    """An attribute by its name without namespace; empty when there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""


def _repeats(element: Any, name: str, most: int) -> int:
    said = _attribute(element, name)
    return max(1, min(int(said), most)) if said.isdecimal() and len(said) < 10 else 1


def _paragraph(element: Any) -> tuple[str, list[str]]:
    """The text of a paragraph, and what stands beside it: text boxes, footnotes, remarks."""
    said: list[str] = []
    aside: list[str] = []
    _gather(element, said, aside, 0)
    return _tidy("".join(said)), aside


def _tidy(text: str) -> str:
    return "\n".join(line.strip(" ") for line in text.split("\n")).strip()


def _gather(element: Any, said: list[str], aside: list[str], depth: int) -> None:
    if element.text:
        said.append(_squeezed(element.text, said))
    for part in element:
        name = local(part)
        if name == "s":
            said.append(" " * _repeats(part, "c", _MOST_BLANKS))
        elif name in _BREAKS:
            said.append(_BREAKS[name])
        elif name in ("note", "annotation"):
            label = "".join(citation.text or "" for citation in children(part, "note-citation"))
            body = " ".join(_texts(part, depth + 1))
            if body:
                aside.append(f"[{label}] {body}" if label else body)
        elif name in ("ruby-text", "binary-data", "note-citation") or part.tag in _DESCRIPTIONS:
            pass
        elif name in ("frame", "custom-shape", "g", "rect", "ellipse", "line", "object", "text-box"):
            aside += _texts(part, depth + 1)
        elif name == "p" or name == "h":
            said.append("\n")
            if depth < _MOST_DEPTH:
                _gather(part, said, aside, depth + 1)
            said.append("\n")
        elif name and depth < _MOST_DEPTH:
            _gather(part, said, aside, depth + 1)
        if part.tail:
            said.append(_squeezed(part.tail, said))


def _squeezed(text: str, said: list[str]) -> str:
    """White space in the XML is one blank, and none after another one."""
    plain = " ".join(text.split())
    if not plain:
        return " " if said and not said[-1].endswith((" ", "\n", "\t")) else ""
    before = " " if text[0].isspace() and said and not said[-1].endswith(" ") else ""
    return f"{before}{plain}{' ' if text[-1].isspace() else ''}"


def _texts(element: Any, depth: int = 0) -> list[str]:
    """The texts of all paragraphs and table rows below an element, in order."""
    found: list[str] = []
    if depth > _MOST_DEPTH:
        return found
    for part in element:
        name = local(part)
        if name in ("p", "h"):
            text, aside = _paragraph(part)
            found += [text, *aside] if text else aside
        elif name == "table-row":
            found.append(_row_text(part))
        elif name and name not in _UNSEEN and name not in ("notes", "creator", "date"):
            found += _texts(part, depth + 1)
    return [text for text in found if text]


def _row_text(row: Any) -> str:
    return "\t".join(" ".join(" ".join(_texts(cell)).split()) for cell in children(row, "table-cell")).rstrip("\t")


def _running_heads(package: Package) -> Iterator[Block]:
    """Headers and footers, each text once, at the end: they belong to no place."""
    if _STYLES not in package:
        return
    try:
        root = xml_root(package, _STYLES)
    except SourceMalformed:
        return
    seen: dict[str, None] = {}
    for part in root.iter():
        if local(part).startswith(("header", "footer")) and not local(part).endswith("style"):
            seen.update(dict.fromkeys(_texts(part)))
    if seen:
        yield Block("\n".join(seen), path=())


def _slides(package: Package, plan: ReaderPlan, notes: SegmentNotes) -> Iterator[Block]:
    """The blocks of a presentation."""
    notes.units_seen = notes.units_with_text = 0
    base = (plan.title,) if plan.title else ()
    for _, page in _units(package, frozenset({"page"}), frozenset()):
        notes.units_seen += 1
        number = notes.units_seen
        place = (("slide", number),)
        title, body, said = _slide(page)
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


def _slide(page: Any) -> tuple[str, list[tuple[str, bool]], str]:
    """Title, other texts in order (and whether each is a table), speaker notes."""
    title, body, said = "", [], ""
    for shape in page:
        name = local(shape)
        if name == "notes":
            said = "\n".join(
                text
                for part in shape
                if _attribute(part, "class") not in ("page", "date-time")
                for text in _texts(part)
            )
        elif name and name not in _UNSEEN:
            texts = _texts(shape)
            text = "\n".join(texts)
            if not text:
                continue
            if _attribute(shape, "class") == "title" and not title:
                title = text
            else:
                is_table = any(local(part) == "table-row" for part in shape.iter())
                body.append((text, is_table))
    return title, body, said


def _sheets(package: Package, plan: ReaderPlan, options: ExtractOptions, notes: SegmentNotes) -> Iterator[Block]:
    """The blocks of a spreadsheet."""
    notes.units_seen = notes.units_with_text = 0
    base = (plan.title,) if plan.title else ()
    for name, rows in _tables(package):
        notes.units_seen += 1
        texts = 0
        remarks: list[str] = []
        place, path = (("sheet", name),), (*base, name)
        sample: list[Row] = []
        flow = _rows(rows, remarks, notes)
        for row in flow:
            sample.append(row)
            if len(sample) == HEADER_SAMPLE:
                break
        header = find_header(sample)
        for block in grid_blocks(_chained(sample, flow), header, options.chunk_chars, place, path):
            texts += 1
            yield block
        for remark in remarks:
            texts += 1
            yield Block(remark, extra=place, path=path)
        notes.units_with_text += texts > 0
        if notes.progress is not None:
            notes.progress(notes.units_seen, plan.units)


def _chained(sample: list[Row], flow: Iterator[Row]) -> Iterator[Row]:
    yield from sample
    yield from flow


def _tables(package: Package) -> Iterator[tuple[str, Iterator[Any]]]:
    """Each sheet's name with its rows and shapes, which must be used up before the next sheet."""
    events = _units(package, frozenset({"table-row", "shapes"}), frozenset({"table"}))
    for event, element in events:
        if event == "start":
            yield _attribute(element, "name") or "Sheet", _rows_of(events)


def _rows_of(events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    for event, element in events:
        if event == "end":
            forget(element)
            return
        if event == "whole":
            yield element


def _rows(elements: Iterator[Any], remarks: list[str], notes: SegmentNotes) -> Iterator[Row]:
    """Numbered rows; remarks of cells and drawn text are put aside."""
    number = 1
    for element in elements:
        if local(element) == "shapes":
            remarks += _texts(element)
            continue
        times = _repeats(element, "number-rows-repeated", 1 << 20)
        cells = _cells(element, remarks, number)
        if any(cells):
            for again in range(min(times, _MOST_REPEATS)):
                yield number + again, cells
            if times > _MOST_REPEATS:
                notes.warnings.append(
                    f"Row {number:,} is repeated {times:,} times; {_MOST_REPEATS:,} of them were read."
                )
        number += times


def _cells(row: Any, remarks: list[str], number: int) -> list[str]:
    cells: list[str] = []
    for cell in children(row, "table-cell", "covered-table-cell"):
        said, aside = [], []
        for part in cell:
            if local(part) == "p":
                text, beside = _paragraph(part)
                said.append(text)
                aside += beside
            elif local(part):
                aside += _texts(part) if local(part) != "annotation" else [" ".join(_texts(part))]
        remarks += [f"Row {number}: {text}" for text in aside if text]
        text = " ".join(" ".join(said).split()) or _value(cell)
        times = _repeats(cell, "number-columns-repeated", _MOST_COLUMNS)
        room = max(0, _MOST_COLUMNS - len(cells))
        cells += [text] * min(times if not text else min(times, _MOST_REPEATS), room)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _value(cell: Any) -> str:
    """The value of a cell that shows no text of its own."""
    for name in ("string-value", "date-value", "time-value", "boolean-value", "value"):
        found = _attribute(cell, name)
        if found:
            return found
    return ""
