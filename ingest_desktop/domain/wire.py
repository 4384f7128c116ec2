"""What travels between a producer and the child process that reads files.

Plain tuples and dataclasses of builtin values, so that they travel fast and need no pydantic in a child; without
slots, because a frozen dataclass with slots is pickled field by field in Python. Paths are ``str`` with surrogate
escapes (``os.fsdecode``). Sizes are bytes, times seconds.
"""

import os
from dataclasses import dataclass, field
from typing import Final, NamedTuple


class FileSignature(NamedTuple):
    """What tells, without reading, that a file is still the one we saw."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


def signature_of(found: os.stat_result) -> FileSignature:
    """The signature of a file. Windows has inode numbers of more than 63 bits, which SQLite cannot keep."""
    return FileSignature(found.st_size, found.st_mtime_ns, found.st_ino & 0x7FFF_FFFF_FFFF_FFFF, found.st_ctime_ns)


class ChunkRow(NamedTuple):
    """One chunk as it is stored. Its place in the list is its ordinal within the segment.

    ``page`` is 1-based; ``line_start`` and ``line_end`` are 1-based and inclusive; ``extra`` is a
    JSON object with further location fields (``sheet``, ``slide``, ``part``, ``box`` ...);
    ``cjk`` holds the Han, Kana and Hangul bigrams of the text, or None when there are none.
    """

    text: str
    heading: str | None = None  # heading path, joined by HEADING_SEPARATOR
    page: int | None = None
    line_start: int | None = None
    line_end: int | None = None
    extra: str | None = None
    cjk: str | None = None


HEADING_SEPARATOR = " › "


class Secrets(tuple[str, ...]):
    """Passwords to try, in order. They live in memory only: what prints or logs one sees no more than how many there are."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secrets({len(self)})"

    __str__ = __repr__


NO_SECRETS: Final = Secrets()


@dataclass(frozen=True)
class ExtractOptions:
    """The part of the settings that shapes text; goes into the recipe, and the limits of a child."""

    chunk_chars: int = 900
    chunk_overlap: int = 0
    segment_pages: int = 64
    segment_bytes: int = 4 * 1024 * 1024
    max_file_bytes: int = 4 * 1024**3
    max_pages: int = 100_000
    max_output_chars: int = 64 * 1024 * 1024  # of one segment
    max_expanded_bytes: int = 512 * 1024 * 1024  # of a container such as DOCX or ZIP, all it holds together
    max_members: int = 20_000  # of a container
    max_depth: int = 6  # containers in containers
    max_ratio: int = 500  # unpacked bytes for each packed one, once there are some MiB of them
    ocr: bool = True  # where the program tesseract is installed
    ocr_languages: str = "eng"  # as tesseract takes them: eng+deu
    ocr_page_seconds: float = 60.0
    ocr_max_pages: int = 2000  # of one document
    ocr_max_pixels: int = 200_000_000  # of one picture
    office_seconds: float = 120.0  # for LibreOffice to convert one file
    settle_seconds: float = 0.0  # a file that was changed less long ago is not read yet; 0 waits for none


@dataclass(frozen=True)
class SegmentSpec:
    """A fixed stretch of a document: units [start, stop) and, for text, the first line's number.

    A unit is a page (1-based) for page formats, a byte offset for text, and 0..1 for formats that
    are read in one go.
    """

    number: int  # 0-based
    start: int
    stop: int
    first_line: int = 1


@dataclass(frozen=True)
class DocumentPlan:
    """What a first look found out about a file, enough to read each segment on its own."""

    sha256: str
    signature: FileSignature
    media_type: str
    reader: str  # name of the reader
    reader_version: int
    unit: str  # "page", "byte", "whole", "slide", "sheet", "message", "member" ...
    units: int  # pages seen; bytes; 1
    segments: tuple[SegmentSpec, ...]
    encoding: str | None = None
    title: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    outline: tuple[tuple[int, int, str], ...] = ()  # (level from 1, 1-based page, title), in order
    warnings: tuple[str, ...] = ()
    shape: str = ""  # what else shaped the text, for the recipe: "ocr=eng"
    hashing_seconds: float = 0.0


@dataclass(frozen=True)
class SegmentResult:
    """The chunks of one segment and what the receipt needs to know of it."""

    number: int
    chunks: list[ChunkRow]
    units_seen: int = 1  # pages for page formats, else 1
    units_with_text: int = 0
    units_failed: tuple[tuple[int, str], ...] = ()  # (1-based page, why)
    chars: int = 0
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    units_by_ocr: int = 0
    recognising_seconds: float = 0.0  # of ``seconds``; the same of the next
    chunking_seconds: float = 0.0
    language: str = ""  # a guess (ISO 639-1); empty: not clear


@dataclass(frozen=True)
class LookItem:
    """One file to look at. ``known_sha256`` with ``known_recipe``: what the store already has for this path.

    ``seen``: how it was when it had just been changed (``Unsettled``); it must not have changed since.
    ``follow``: when the path is that of a link, read what it leads to.
    """

    key: int  # the job
    path: str
    known_sha256: str | None = None
    known_recipe: str | None = None
    secrets: Secrets = NO_SECRETS
    seen: FileSignature | None = None
    follow: bool = True


@dataclass(frozen=True)
class LookLot:
    """Files to hash, detect and, where a file is one segment, extract at once."""

    items: tuple[LookItem, ...]
    options: ExtractOptions


@dataclass(frozen=True)
class SegmentTask:
    """One segment of a planned document."""

    key: int
    path: str
    plan: DocumentPlan
    number: int
    options: ExtractOptions
    secrets: Secrets = NO_SECRETS
    follow: bool = True  # as of ``LookItem``


@dataclass(frozen=True)
class Looked:
    """A file was looked at.

    ``result`` is there when the document is one segment and was extracted in the same go.
    ``unchanged`` is True when content hash and recipe equal what the store has: nothing was extracted.
    """

    key: int
    plan: DocumentPlan
    result: SegmentResult | None = None
    unchanged: bool = False


@dataclass(frozen=True)
class Extracted:
    """A segment was read."""

    key: int
    result: SegmentResult


@dataclass(frozen=True)
class Failed:
    """A file could not be read; the child itself is well. ``code`` is that of an ``IngestError``.

    ``final``: trying again by itself is of no use, whatever the code says. ``reason``: of ``LeftOut``, one of
    ``media.REASONS``.
    """

    key: int
    code: str
    message: str
    detail: str = ""  # a traceback, for the log only
    final: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Unsettled:
    """A file was changed a moment ago and may still be written: to be looked at again after ``wait_seconds``."""

    key: int
    signature: FileSignature
    wait_seconds: float


@dataclass(frozen=True)
class Working:
    """Progress inside a task: phase (a ``JobPhase`` value) and units done of total (0: unknown)."""

    key: int
    phase: str
    done: int
    total: int
    unit: str


@dataclass(frozen=True)
class Ready:
    """The first message of a process, before it was given any file: what it dies of later is its task."""


@dataclass(frozen=True)
class TaskDone:
    """The last message of a task. ``peak_bytes`` is the child's peak resident memory so far."""

    peak_bytes: int = 0


Task = LookLot | SegmentTask
Message = Looked | Extracted | Failed | Unsettled | Working | TaskDone | Ready


CUT_BY_BYTES = frozenset(("byte", "row", "record", "cue", "message"))  # units of texts, which are cut at byte offsets


def recipe_of(reader: str, reader_version: int, options: ExtractOptions, unit: str, shape: str = "") -> str:
    """The recipe as a stable short text: what shaped the chunks, and nothing else.

    The segment length belongs to it, because chunks never cross a segment.
    """
    segment = options.segment_pages if unit == "page" else options.segment_bytes if unit in CUT_BY_BYTES else 0
    recipe = f"{reader}/{reader_version} seg={segment} chunk={options.chunk_chars} overlap={options.chunk_overlap}"
    return f"{recipe} {shape}" if shape else recipe
