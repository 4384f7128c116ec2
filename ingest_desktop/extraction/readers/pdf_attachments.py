"""Files attached to a PDF, to the document or at a place on a page: each is read as a file inside it, never run.

PDFium tells whether there are any; pypdf, which keeps limits while it unpacks, gets them. It is asked for no others.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import allowance, nested
from ingest_desktop.extraction.allowance import Allowance, Spent
from ingest_desktop.extraction.limits import OutOfTime, memory_message
from ingest_desktop.extraction.members import most_of_one, too_large
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.readers.pypdf_engine import PypdfDocument

_MOST_BYTES: Final = 512 * 1024 * 1024  # of a document on the disk: pypdf may have to read all of a damaged one
_MOST_NODES: Final = 10_000  # of the tree of names, and files of one document
_FREE_BYTES: Final = 16 * 1024 * 1024  # what unpacks to less is never called a bomb
_GROWS: Final = 20  # what is attached to pages takes no part of the share of a segment as long as it grows by less
_SYSTEMS: Final = ("/UF", "/F", "/Unix", "/Mac", "/DOS")  # keys that lead to a file, the newest first
_DAMAGED: Final = "It is damaged: it cannot be unpacked."
_CUT: Final = "It is damaged: its end is missing."
_UNKNOWN: Final = "It is packed or encrypted in a way that cannot be undone here."
_NO_NAME: Final = "attached file"


class _Attached(NamedTuple):
    """A file as it is listed; ``stream`` holds it, or is the error that says why it cannot be had."""

    name: str
    stream: Any
    page: int  # from 1


def shape(source: SourceFile, options: ExtractOptions) -> str:
    """What shapes the text of attached files, for the recipe: how many of them a password opens belongs to it.

    Args:
        source: A document that files are attached to.
        options: As it is read with.
    """
    if not source.passwords:
        return nested.shape(options)
    try:
        document = _opened(source)
    except SourceError:
        return nested.shape(options)  # it is told when it is read
    nested.begin(source, options)
    try:
        opened = nested.unlocked(_lockable(document, source, options), options)
    except OutOfTime:
        raise
    except Exception:  # noqa: BLE001  the same
        opened = 0
    finally:
        document.close()
    return nested.shape(options, unlocked=document.by_password + opened)


def attached_blocks(
    source: SourceFile,
    options: ExtractOptions,
    notes: SegmentNotes,
    title: str | None,
    *,
    named: Sequence[str],
    of_document: int | None,
    pages: Sequence[int],
    share: float,
) -> Iterator[Block]:
    """The blocks of attached files; what cannot be read is a gap that names it, of its page.

    Args:
        source: The document.
        options: As it is read with.
        notes: Of the segment.
        title: Of the document: it stands above the headings.
        named: The files of the document itself, in case that they cannot be had.
        of_document: The page (from 1) that the files of the document itself are counted with; None: not in this segment.
        pages: Those of this segment, from 1, that files are attached to.
        share: The part of this segment in the document, above 0 and up to 1: what it may unpack.
    """
    own = SegmentNotes(recognising=notes.recognising)
    document: PypdfDocument | None = None
    try:
        try:
            document = _opened(source)
            found = _listed(document, of_document, pages)
        except OutOfTime:
            raise
        except Exception as raised:  # noqa: BLE001  the document itself is read
            error = raised if isinstance(raised, SourceError) else SourceMalformed(_DAMAGED)
            found = [_Attached(name or _NO_NAME, error, of_document) for name in named if of_document]
            found += [_Attached(_NO_NAME, error, page) for page in pages]
        allowed = None if of_document else _allowed(found, source, options, share)
        with Inside(source, options, own, allowed=allowed, first=None) as inside:
            for attached in found:
                inside.number = attached.page
                for block in _one(attached, inside, options):
                    yield block._replace(path=(title, *block.path)) if title and block.path is not None else block
    finally:
        if document is not None:
            document.close()
    notes.units_failed += own.units_failed
    notes.warnings += own.warnings
    notes.units_by_ocr += own.units_by_ocr
    notes.recognising_seconds += own.recognising_seconds


def _opened(source: SourceFile) -> PypdfDocument:
    if source.data is None and source.size > _MOST_BYTES:
        raise LimitExceeded(f"Files attached to a document of more than {_MOST_BYTES:,} bytes are not read.")
    return PypdfDocument(source, for_pages=False)


def _one(attached: _Attached, inside: Inside, options: ExtractOptions) -> Iterator[Block]:
    try:
        data, is_whole = _unpacked(attached.stream, options)
        allowance.unpacked(len(data), options)
    except (SourceError, Spent) as error:
        inside.fail(attached.name, error)
        return
    yield from inside.blocks(attached.name, data, trouble=None if is_whole else _CUT)


def _lockable(document: PypdfDocument, source: SourceFile, options: ExtractOptions) -> Iterator[SourceFile]:
    """What is attached to the document and may ask for a password of its own."""
    for attached in _listed(document, 1, ()):
        if nested.may_lock(attached.name):
            with suppress(SourceError):
                data, _ = _unpacked(attached.stream, options)
                yield nested.inner_source(attached.name, data, source.passwords)


def _allowed(found: list[_Attached], source: SourceFile, options: ExtractOptions, share: float) -> Allowance:
    """What the files attached to the pages of one segment may take."""
    packed = sum(len(_packed(attached.stream)) for attached in found)
    own = Allowance(_GROWS * packed, len(found))
    return allowance.share(source.size, options, own=own, named=Allowance(0, 0), weight=share)


def _listed(document: PypdfDocument, of_document: int | None, pages: Iterable[int]) -> list[_Attached]:
    """What is attached to the document, or else to these pages alone: nothing is listed twice."""
    seen: set[object] = set()
    whole = list(_files(_of_document(document.catalogue), of_document or 1, seen))
    return (whole if of_document else []) + [
        attached for page in pages for attached in _files(_of_page(document, page), page, seen)
    ]


def _files(entries: Iterable[tuple[object, Any]], page: int, seen: set[object]) -> Iterator[_Attached]:
    """The files behind what is listed; what only names a file elsewhere is none."""
    for name, entry in entries:
        try:
            told = _at(entry)
            if "/EF" not in told:
                continue
            held: Any = _at(told, "/EF")
            shown = _text(told, "/UF") or _text(told, "/F") or (name if isinstance(name, str) else _NO_NAME)
            key = next(key for key in _SYSTEMS if key in held)
            place: Any = held.raw_get(key)
            mark = (place.idnum, place.generation) if hasattr(place, "idnum") else id(place)
            if mark not in seen:
                seen.add(mark)
                yield _Attached(shown, held[key], page)
        except IngestError:
            raise
        except Exception:  # noqa: BLE001  the others are kept
            yield _Attached(name if isinstance(name, str) else _NO_NAME, SourceMalformed(_DAMAGED), page)


def _of_document(catalogue: Any) -> Iterator[tuple[object, Any]]:
    """What the tree of names lists, and what is said to belong to the document."""
    nodes, met = [_at(_at(catalogue.get("/Names")), "/EmbeddedFiles")], 0
    while nodes and met < _MOST_NODES:
        node = nodes.pop()
        met += 1
        if not isinstance(node, dict):
            continue
        names = _at(node, "/Names")
        if isinstance(names, list):
            names = names[: 2 * _MOST_NODES]
            yield from zip(map(_at, names[::2]), names[1::2], strict=False)
        kids = _at(node, "/Kids")
        if isinstance(kids, list):
            nodes += [_at(kid) for kid in reversed(kids[:_MOST_NODES])]
    belonging = _at(catalogue.get("/AF"))
    if isinstance(belonging, list):
        yield from ((None, entry) for entry in belonging[:_MOST_NODES])


def _of_page(document: PypdfDocument, page: int) -> Iterator[tuple[object, Any]]:
    try:
        for note in document.annotations(page - 1):
            told = _at(note)
            if isinstance(told, dict) and told.get("/Subtype") == "/FileAttachment":
                yield None, told.get("/FS")
    except IngestError:
        raise
    except Exception:  # noqa: BLE001  the page is damaged
        yield None, None


def _at(value: Any, key: str | None = None) -> Any:
    """What a reference leads to, or an entry of a dictionary; None when there is none."""
    if key is not None:
        value = value.get(key) if isinstance(value, dict) else None
    return value.get_object() if hasattr(value, "get_object") else value


def _text(told: Any, key: str) -> str:
    value = _at(told, key)
    return value if isinstance(value, str) else ""


def _packed(stream: Any) -> bytes:
    data = getattr(stream, "_data", b"")
    return data if isinstance(data, bytes) else b""


def _unpacked(stream: Any, options: ExtractOptions) -> tuple[bytes, bool]:
    """The bytes of a file, and whether it ends where it should.

    Raises:
        SourceMalformed: They are damaged.
        LimitExceeded: They are too many, or a bomb.
    """
    if isinstance(stream, SourceError):
        raise stream
    most, packed, is_whole = most_of_one(options), _packed(stream), True
    try:
        if stream.get("/Filter") == "/FlateDecode" and "/DecodeParms" not in stream:
            unpacking = zlib.decompressobj()
            data = unpacking.decompress(packed, most + 1)
            is_whole = unpacking.eof or bool(unpacking.unconsumed_tail)
        else:
            data = bytes(stream.get_data())
    except IngestError:
        raise
    except NotImplementedError as error:
        raise SourceMalformed(_UNKNOWN) from error
    except MemoryError as error:
        raise LimitExceeded(memory_message()) from error
    except Exception as error:
        if "imit" in type(error).__name__:
            raise LimitExceeded("It unpacks to more than can be read at once.") from error
        raise SourceMalformed(_DAMAGED) from error
    if len(data) > max(_FREE_BYTES, options.max_ratio * len(packed)):
        raise LimitExceeded(f"It unpacks to more than {options.max_ratio:,} times its size (INGESTION_MAX_RATIO).")
    if len(data) > most:
        raise too_large(options)
    return data, is_whole
