"""What a knowledge base itself tells of how a document was read: the receipt of a job whose own one is lost."""

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.facts import facts_of
from ingest_desktop.domain.models import Receipt
from ingest_desktop.infrastructure.database import open_read_only

_VERSION = (
    "SELECT v.id, v.recipe, v.unit, v.chunks, v.encoding, v.warnings, v.metadata FROM documents d "
    "JOIN versions v ON v.id = d.version WHERE d.document_id = ? AND v.sha256 = ?"
)
_SEGMENTS = (
    "SELECT units_seen, units_with_text, units_by_ocr, chars, units_failed, warnings, language, seconds, recognising, "
    "chunking FROM segments WHERE version = ? ORDER BY number"
)


def receipts_of(path: Path, documents: set[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
    """The receipts of those of these documents (id, sha256) that a file has; none if it cannot be read."""
    found: dict[tuple[str, str], Receipt] = {}
    with suppress(sqlite3.DatabaseError, StoreError, OSError), closing(open_read_only(path)) as connection:
        for document in documents:
            receipt = receipt_of(connection, *document)
            if receipt is not None:
                found[document] = receipt
    return found


def receipt_of(connection: sqlite3.Connection, document: str, sha256: str) -> Receipt | None:
    """None when the document has other content now. As far as the content knows it: not what was reused, nor how long hashing and indexing took."""
    try:
        row = connection.execute(_VERSION, (document, sha256)).fetchone()
        if row is None:
            return None
        version, recipe, unit, chunks, encoding, warnings, metadata = row
        segments = connection.execute(_SEGMENTS, (version,)).fetchall()
        failed = [tuple(one) for segment in segments for one in json.loads(segment[4] or "[]")]
        told = [*json.loads(warnings), *(text for segment in segments for text in json.loads(segment[5] or "[]"))]
        seen, with_text, by_ocr, chars = (sum(segment[column] for segment in segments) for column in range(4))
        return Receipt(
            unit=unit,
            units_seen=seen,
            units_with_text=with_text,
            units_by_ocr=by_ocr,
            units_empty=max(0, seen - with_text - len(failed)),
            units_failed=tuple(failed),
            chars=chars,
            chunks_stored=chunks,
            chunks_indexed=chunks,
            segments=len(segments),
            reader=recipe.partition(" ")[0],
            recipe=recipe,
            encoding=encoding,
            language=next((segment[6] for segment in segments if segment[6]), None),
            facts=facts_of(json.loads(metadata)),
            seconds=_seconds(segments),
            warnings=tuple(dict.fromkeys(told)),
        )
    except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError, ValidationError):  # a damaged row
        return None


def _seconds(segments: list[Any]) -> dict[str, float]:
    whole, recognising, chunking = (sum(segment[column] for segment in segments) for column in (7, 8, 9))
    found = {"extracting": max(0.0, whole - recognising - chunking), "recognising": recognising, "chunking": chunking}
    return {phase: round(seconds, 4) for phase, seconds in found.items() if seconds or phase == "extracting"}
