"""Documents and what they hold."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ingest_desktop.domain.models.base import Frozen


class Location(Frozen):
    """Where a chunk stands in its original. Only what applies is set; pages, lines and rows are 1-based, ends inclusive."""

    page: int | None = None
    page_end: int | None = None
    line_start: int | None = None
    line_end: int | None = None
    lines: Literal["paragraph"] | None = None  # what the two count when it is not lines
    heading_path: tuple[str, ...] = ()
    sheet: str | None = None
    row_start: int | None = None
    row_end: int | None = None
    slide: int | None = None
    part: str | None = None
    cell: int | None = None  # of a notebook, 1-based
    time: str | None = None  # of the first cue or message, as it is written there
    message: int | None = None  # of a mailbox, 1-based
    chapter: int | None = None  # of a book, in reading order, 1-based
    box: tuple[int, int, int, int] | None = None  # left, bottom, right, top on a PDF's page, in points

    @property
    def told_chapter(self) -> int | None:
        """The chapter, where no heading of its own names it: a book's own "Chapter 2" is often its third one."""
        return None if len(self.further_headings) > 1 else self.chapter

    @property
    def further_headings(self) -> tuple[str, ...]:
        """The heading path without what the names of the part and the sheet say already."""
        names = self.heading_path
        if names and self.part and names[0] == self.part.rpartition("/")[2]:
            names = names[1:]
        return names[:-1] if names and names[-1] == self.sheet else names

    def to_json(self) -> dict[str, Any]:
        """The fields that are set, as the command line prints them."""
        found = self.model_dump(exclude_none=True)
        if not self.heading_path:
            del found["heading_path"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


class Chunk(Frozen):
    """What is indexed and cited. ``ordinal`` counts from 0 through the document."""

    chunk_id: str
    document_id: str
    kb_id: str
    source_path: str
    ordinal: int
    text: str
    location: Location

    def to_json(self) -> dict[str, Any]:
        """As ``ingest export`` prints it."""
        return {**self.model_dump(exclude={"location"}), "location": self.location.to_json()}


class Hit(Chunk):
    """A chunk that answers a query. A higher ``score`` is better; ``snippet`` marks found words with MARK_START and MARK_END."""

    score: float
    snippet: str


MARK_START = "\x02"
MARK_END = "\x03"


class Segment(Frozen):
    """A finished stretch of a document version: the checkpoint unit. ``number`` is 0-based."""

    number: int
    chunk_count: int
    units_seen: int
    units_with_text: int
    chars: int


class Document(Frozen):
    """What jobs produced for one content, found at one or more paths."""

    document_id: str
    kb_id: str
    sha256: str
    media_type: str
    title: str | None
    paths: tuple[str, ...]
    recipe: str
    chunk_count: int
    created_at: datetime


class Receipt(Frozen):
    """What a finished job owes: seen, read, stored. Seconds are of work, not of waiting."""

    unit: str = "page"  # as ``DocumentPlan.unit``
    units_seen: int = 0
    units_with_text: int = 0
    units_by_ocr: int = 0
    units_empty: int = 0
    units_failed: tuple[tuple[int, str], ...] = ()
    chars: int = 0
    chunks_stored: int = 0
    chunks_indexed: int = 0
    chunks_embedded: int = 0
    segments: int = 0
    segments_reused: int = 0
    reader: str = ""
    recipe: str = ""
    encoding: str | None = None
    language: str | None = None  # a guess (ISO 639-1)
    facts: dict[str, str] = Field(default_factory=dict)  # what the document says of itself; see ``domain/facts.py``
    seconds: dict[str, float] = Field(default_factory=dict)  # per phase; "indexing" that of this run
    warnings: tuple[str, ...] = ()
    duplicate_of: str | None = None  # document id of the twin
    duplicate_path: str | None = None
