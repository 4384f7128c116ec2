"""Documents inside Office documents: what was put into a page, a slide or a sheet as an object, read as a file inside.

A workbook that a chart takes its figures from is none: the chart shows them.
"""

import io
import struct
from collections.abc import Callable, Iterator
from typing import Final

from ingest_desktop.domain.errors import SourceError
from ingest_desktop.domain.interfaces.extraction import Block, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.allowance import Spent, unpacked
from ingest_desktop.extraction.nested import Inside, begin, inner_source, shape, unlocked
from ingest_desktop.extraction.old_objects import BROKEN, BookObjects, SlideObjects
from ingest_desktop.extraction.packages import Package, main_part, relations

_FOLDERS: Final = ("word/embeddings/", "ppt/embeddings/", "xl/embeddings/")
_TAKEN_IN: Final = (".htm", ".html", ".xhtml", ".mht", ".mhtml", ".rtf", ".txt", ".dat", ".docx", ".chunk")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OBJECTS: Final = "Embedded objects of other programs"
Holder = Package | BookObjects | SlideObjects
_WHOLE: Final = frozenset({kinds.DOC, kinds.PPT, kinds.XLS, kinds.MSG, kinds.LOCKED})


def embedded_in(package: Holder) -> list[str]:
    """The members that are documents of their own."""
    if not isinstance(package, Package):
        return package.names
    wanted = (name for name in package.names if name.lower().startswith(_FOLDERS) and package.size(name))
    found = list(dict.fromkeys((*_chunks_of(package), *wanted)))
    if not found:
        return found
    figures: set[str] = set()
    for name in package.names:
        folder, _, own = name.rpartition("/_rels/")
        if own.endswith(".rels") and folder.endswith("/charts"):
            try:
                figures |= {
                    target for _, target in relations(package, f"{folder}/{own.removesuffix('.rels')}").values()
                }
            except SourceError:
                continue
    return [name for name in found if name not in figures]


def _chunks_of(package: Package) -> list[str]:
    """Documents of other kinds that Word takes into its own when it opens it: programs write their pages so."""
    if not any(name.lower().endswith(_TAKEN_IN) for name in package.names):
        return []
    try:
        points = relations(package, main_part(package, "word/document.xml"))
    except SourceError:
        return []
    return [found for kind, name in points.values() if kind == "aFChunk" and (found := package.find(name)) is not None]


def shape_of(package: Holder, options: ExtractOptions, source: SourceFile) -> str:
    """What shapes the text of embedded documents, for the recipe; nothing when there are none.

    How many of them a password opens belongs to it, so that with another password they are read anew.
    """
    names = embedded_in(package)
    if not names:
        return ""
    if not source.passwords:
        return shape(options)
    begin(source, options)
    return shape(options, unlocked=unlocked(_lockable(package, names, source), options))


def _lockable(package: Holder, names: list[str], source: SourceFile) -> Iterator[SourceFile]:
    for name in names:
        try:
            found = _unwrapped(*_had(package, name))
        except SourceError:
            continue  # it is told when it is read
        if found is not None:
            yield inner_source(*found, source.passwords)


def embedded_blocks(
    package: Holder,
    source: SourceFile,
    options: ExtractOptions,
    notes: SegmentNotes,
    title: str | None,
    unit_of: Callable[[str], int | None],
) -> Iterator[Block]:
    """The blocks of all embedded documents; what cannot be read is a gap that names it.

    Args:
        package: The document that holds them.
        source: Its file.
        options: As it is read with.
        notes: Of its segment.
        title: Of the document: it stands above the headings.
        unit_of: The page, slide or sheet (from 1) of a member; None when it is of another segment.
    """
    wanted = [(name, unit) for name in embedded_in(package) if (unit := unit_of(name)) is not None]
    if not wanted:
        return
    own = SegmentNotes(recognising=notes.recognising)
    with Inside(source, options, own, first=None) as inside:
        for name, unit in wanted:
            inside.number = unit
            for block in _one(package, name, inside, options):
                yield block._replace(path=(title, *block.path)) if title and block.path is not None else block
    notes.units_failed += own.units_failed
    notes.warnings += own.warnings
    notes.units_by_ocr += own.units_by_ocr
    notes.recognising_seconds += own.recognising_seconds


def _one(package: Holder, name: str, inside: Inside, options: ExtractOptions) -> Iterator[Block]:
    shown = name.rpartition("/")[2]
    try:
        shown, data = _had(package, name)
        unpacked(len(data), options)
        found = _unwrapped(shown, data)
    except (SourceError, Spent) as error:
        inside.fail(shown, error)
        return
    if found is None:
        inside.leave_out(shown, _OBJECTS)
    else:
        yield from inside.blocks(*found)


def _had(package: Holder, name: str) -> tuple[str, bytes]:
    """A member, with the name to show."""
    if not isinstance(package, Package):
        return package.read(name)
    return name.rpartition("/")[2], package.read(name)


def _unwrapped(name: str, data: bytes) -> tuple[str, bytes] | None:
    """The document that an object holds, with its name; None when it holds what only its own program can show."""
    if not data.startswith(_OLE):
        return name, data
    if detect.kind_of(inner_source(name, data, ())) in _WHOLE:
        return name, data
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            for stream in ("Package", "CONTENTS"):
                if ole.exists(stream):
                    inner = ole.openstream(stream).read()
                    return _with_ending(name, inner), inner
            if ole.exists("\x01Ole10Native"):
                return _native(name, ole.openstream("\x01Ole10Native").read())
    except BROKEN:
        return None
    return None


def _with_ending(name: str, data: bytes) -> str:
    """A name that tells what it is the name of."""
    kind = detect.kind_of(inner_source(name, data, ())) if "." not in name else ""
    return f"{name}.{kind}" if kind in kinds.ALL and kind.isalnum() else name


def _native(name: str, data: bytes) -> tuple[str, bytes] | None:
    """A file that was put in as a package: its label, its path, where it was copied to, and its bytes."""
    label, rest = _text(data[6:])
    _, rest = _text(rest)
    (size,) = struct.unpack_from("<I", rest, 4)
    rest = rest[8 + size :]
    (length,) = struct.unpack_from("<I", rest, 0)
    return (label.replace("\\", "/").rpartition("/")[2] or name, rest[4 : 4 + length]) if length else None


def _text(data: bytes) -> tuple[str, bytes]:
    said, _, rest = data.partition(b"\0")
    return said.decode("cp1252", "replace"), rest
