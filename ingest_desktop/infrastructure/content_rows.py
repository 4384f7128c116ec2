"""How rows of a knowledge base become what the other rooms know."""

import hashlib
import json
from typing import Any, Final

from ingest_desktop.domain.models import Chunk, Location
from ingest_desktop.domain.wire import HEADING_SEPARATOR
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.database import from_db_path

CHUNK_COLUMNS: Final = (
    "c.id, c.page, c.line_start, c.line_end, c.extra, c.heading, c.text, s.number, s.first_ordinal, "
    "v.sha256, v.recipe, d.document_id, "
    "(SELECT p.path FROM paths p WHERE p.document = d.id AND p.hidden = 0 ORDER BY p.first_job, p.path LIMIT 1)"
)
CHUNK_JOINS: Final = (
    "JOIN segments s ON s.id = c.id >> 20 JOIN versions v ON v.id = s.version JOIN documents d ON d.id = v.document"
)
assert SEGMENT_SHIFT == 20  # CHUNK_JOINS says the same


def version_key(sha256: str, recipe: str) -> str:
    """A short name of a version that depends on its content and recipe alone."""
    return sha256[:16] + hashlib.sha256(recipe.encode()).hexdigest()[:6]


def chunk_id_of(key: str, segment: int, index: int) -> str:
    """The deterministic id of a chunk: version, segment number, index in the segment."""
    return f"{key}-{segment:04d}-{index:04d}"


def location_of(
    page: int | None, line_start: int | None, line_end: int | None, extra: str | None, heading: str | None
) -> Location:
    """A chunk's place from its columns, in which 0 and "" stand for nothing."""
    further: dict[str, Any] = json.loads(extra) if extra else {}
    path = tuple(heading.split(HEADING_SEPARATOR)) if heading else ()
    return Location(
        page=page or None, line_start=line_start or None, line_end=line_end or None, heading_path=path, **further
    )


def chunk_fields(row: Any, kb_id: str) -> dict[str, Any]:
    """The fields of a ``Chunk`` (or a ``Hit``) from a row of CHUNK_COLUMNS."""
    rowid, page, first, last, extra, heading, text, number, ordinal, sha256, recipe, document_id, path = row[:13]
    index = rowid & ((1 << SEGMENT_SHIFT) - 1)
    return {
        "chunk_id": chunk_id_of(version_key(sha256, recipe), number, index),
        "document_id": document_id,
        "kb_id": kb_id,
        "source_path": from_db_path(path),
        "ordinal": ordinal + index,
        "text": text,
        "location": location_of(page, first, last, extra, heading),
    }


def chunk_of(row: Any, kb_id: str) -> Chunk:
    """A chunk from a row of CHUNK_COLUMNS."""
    return Chunk(**chunk_fields(row, kb_id))
