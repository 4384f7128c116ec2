"""How files become text. Used by the extraction children: standard library only."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.wire import ExtractOptions, Message, SegmentSpec, Task

Box = tuple[int, int, int, int]  # left, bottom, right, top


class Block(NamedTuple):
    """A piece of extracted text with its place.

    ``level`` above 0 makes it a heading of that level (1 is the highest); headings set the heading
    path of what follows and are text themselves. ``page`` and lines are 1-based. ``line_start`` is
    the line of the block's first character; further lines are counted by its newlines.
    ``keep`` blocks (code, tables) keep their white space. ``path`` sets the heading path outright,
    highest first, for formats whose headings are told apart from the text (a PDF's outline).
    ``box`` tells the rectangle on the page round the characters from a first one to before another one. A
    block that is the ``last`` of its page has them all asked before the reader is asked for more.
    """

    text: str
    level: int = 0
    page: int | None = None
    line_start: int | None = None
    extra: tuple[tuple[str, str | int], ...] = ()
    keep: bool = False
    path: tuple[str, ...] | None = None
    box: Callable[[int, int], Box | None] | None = None
    last: bool = False  # no more belongs to the same run of text: it is cut at once
    name: str | None = None  # of a heading, without its number: what stands in the heading path


@dataclass(frozen=True, slots=True)
class TextScan:
    """What one streaming pass over a large text found: where to cut it, and whether it is valid UTF-8."""

    segments: tuple[SegmentSpec, ...]
    utf8: bool


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as a reader gets it. ``head`` holds its first 64 KiB, ``data`` all of it when it is small.

    One that is ``inner``, a file inside another one, has always ``data``, and a ``path`` that is only a name.

    ``scan`` is there for a large text, so that planning need not read it a second time. ``passwords`` are those that
    a person gave, to be tried in order; no reader may put one into a message, a note or a plan.
    """

    path: str
    size: int
    head: bytes
    data: bytes | None = None
    scan: TextScan | None = None
    inner: bool = False
    passwords: tuple[str, ...] = ()

    def open(self) -> BinaryIO:
        """The file, for reading only."""
        return open(self.path, "rb") if self.data is None else io.BytesIO(self.data)


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """What a reader says of a file before reading it; see ``DocumentPlan`` for the fields."""

    unit: str
    units: int
    segments: tuple[SegmentSpec, ...]
    media_type: str
    encoding: str | None = None
    title: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    outline: tuple[tuple[int, int, str], ...] = ()
    warnings: tuple[str, ...] = ()
    shape: str = ""


@dataclass(slots=True)
class SegmentNotes:
    """What a reader notes down while it yields the blocks of a segment."""

    units_seen: int = 1
    units_with_text: int | None = None  # None: 1 if there is any text
    units_by_ocr: int = 0
    recognising_seconds: float = 0.0
    units_failed: list[tuple[int, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    progress: Callable[[int, int], None] | None = None  # units done, of how many in this segment
    recognising: Callable[[int, int], None] | None = None  # the same, before each picture whose text is recognised


@runtime_checkable
class Reader(Protocol):
    """Reads one family of formats. One instance lives in each child and serves one file at a time.

    Raises from every method: ``SourceUnreadable``, ``SourceMalformed``, ``SourceEncrypted``,
    ``SourceTooLarge``, ``LimitExceeded``.
    """

    name: str  # stable; part of the recipe
    version: int  # grows when the text it gives changes; part of the recipe

    def accepts(self, source: SourceFile) -> float:
        """How sure it is, from the content, that it can read this file: 0 (no) to 1. The name may only break ties."""
        ...

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        """Look at a file: how long it is and how it is cut into segments."""
        ...

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        """The blocks of one segment, in reading order. A page that fails is noted, and the rest is kept."""
        ...


class TookTooLong(LimitExceeded):
    """Nothing came of reading for too long: the file keeps its reader busy, or its file system does not answer."""


class ExtractionChild(Protocol):
    """One killable child process that reads files. Driven by one producer thread, killed from any."""

    def run(self, task: Task, on_message: Callable[[Message], None]) -> None:
        """Send a task and hand over its messages as they arrive, up to and without ``TaskDone``.

        Starts the process when there is none. Enforces the wall limit.

        Raises:
            ReaderNotStarted: No process could be started, or it ended before it was ready: the task was not begun.
            ReaderCrashed: The child died. Messages handed over before stand; the rest was not read.
            LimitExceeded: The child was ended because a task went over a limit; ``TookTooLong`` when that was the wall limit.
        """
        ...

    def kill(self) -> None:
        """End the process at once; a running ``run`` raises ``ReaderCrashed``. The next ``run`` starts another."""
        ...

    def close(self) -> None:
        """End the process in good order, or by force after a second. No ``run`` may follow."""
        ...

    @property
    def pid(self) -> int | None:
        """The process id while a process is alive."""
        ...
