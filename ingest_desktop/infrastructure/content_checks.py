"""What ``ingest check`` asks of the file of one knowledge base."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.domain.models import Location
from ingest_desktop.infrastructure.column_values import unfit_values
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import is_read_only, reading, writing
from ingest_desktop.infrastructure.questions import REPAIR, UNASKED, none, sequences, shapes, sound

# Chunks of a segment count on from those of the segments before it.
ORDINAL: Final = "(SELECT coalesce(sum(b.chunks), 0) FROM segments b WHERE b.version = segments.version AND b.number < segments.number)"
OUT_OF_ORDER: Final = f"version IN (SELECT id FROM versions WHERE live = 1) AND first_ordinal <> {ORDINAL}"

# Rows that no reading stores: what is read anew tells what should stand there.
TYPED_TABLES: Final = ("documents", "versions", "paths", "segments", "chunks")
_PLACES: Final = ", ".join(f"'{name}'" for name in Location.model_fields)
UNFIT: Final[dict[str, str]] = {
    "versions": "length(sha256) <> 64 OR live NOT IN (0, 1) OR units < 0 OR segments < 0 OR NOT json_valid(metadata) "
    "OR NOT json_valid(warnings) OR json_type(metadata) <> 'object' OR json_type(warnings) <> 'array'",
    "paths": "hidden NOT IN (0, 1)",
    "segments": "chunks < 0 OR min(units_seen, units_with_text, units_by_ocr, chars, seconds, recognising, chunking) < 0 "
    "OR (units_failed IS NOT NULL AND NOT (json_valid(units_failed) AND json_type(units_failed) = 'array')) "
    "OR (warnings IS NOT NULL AND NOT (json_valid(warnings) AND json_type(warnings) = 'array')) "
    "OR number < 0 OR number >= (SELECT v.segments FROM versions v WHERE v.id = segments.version)",
    "chunks": "min(page, line_start, line_end) < 0 OR (extra <> '' AND NOT iif(json_valid(extra), json_type(extra) = 'object' "
    f"AND NOT EXISTS (SELECT 1 FROM json_each(extra) e WHERE e.key NOT IN ({_PLACES})), 0))",
}
# A version that names a document which does not name it.
UNNAMED: Final = (
    "document IS NOT NULL AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = versions.document "
    "AND d.version = versions.id)"
)
# Chunks and gaps of a version, as its segments tell them.
CHUNKS: Final = "(SELECT coalesce(sum(s.chunks), 0) FROM segments s WHERE s.version = versions.id)"
GAPS: Final = (
    "(SELECT coalesce(sum(json_array_length(s.units_failed)), 0) FROM segments s WHERE s.version = versions.id "
    "AND json_valid(s.units_failed))"
)
MISCOUNTED: Final = f"document IS NOT NULL AND (chunks <> {CHUNKS} OR gaps <> {GAPS})"

_CONTENT: Final = (
    *(("unknown_value", f"SELECT '{table} ' || id FROM {table} WHERE {unfit}") for table, unfit in UNFIT.items()),
    ("version_without_document", f"SELECT id FROM versions WHERE {UNNAMED}"),
    (
        "chunk_without_segment",
        f"SELECT id FROM chunks WHERE id >> {SEGMENT_SHIFT} NOT IN (SELECT id FROM segments)",
    ),
    ("segment_without_version", "SELECT id FROM segments WHERE version NOT IN (SELECT id FROM versions)"),
    ("document_without_version", "SELECT id FROM documents WHERE version NOT IN (SELECT id FROM versions)"),
    ("document_without_path", "SELECT id FROM documents WHERE id NOT IN (SELECT document FROM paths)"),
    ("path_without_document", "SELECT id FROM paths WHERE document NOT IN (SELECT id FROM documents)"),
    (
        "version_incomplete_but_live",
        "SELECT v.id FROM versions v WHERE v.live = 1 AND "
        "(SELECT count(*) FROM segments s WHERE s.version = v.id) <> v.segments",
    ),
    (
        "chunks_missing",
        "SELECT s.id FROM segments s WHERE s.chunks <> (SELECT count(*) FROM chunks c WHERE "
        f"c.id >= s.id << {SEGMENT_SHIFT} AND c.id < (s.id + 1) << {SEGMENT_SHIFT})",
    ),
    ("version_counts_wrong", f"SELECT id FROM versions WHERE {MISCOUNTED}"),
    ("chunks_out_of_order", f"SELECT id FROM segments WHERE {OUT_OF_ORDER}"),
    (
        "live_differs_from_paths",
        "SELECT v.id FROM versions v WHERE v.live <> EXISTS (SELECT 1 FROM documents d JOIN paths p ON "
        "p.document = d.id WHERE d.version = v.id AND d.id = v.document AND p.hidden = 0)",
    ),
)


def check_content(store: KnowledgeBaseStore) -> Iterator[Finding]:
    """Everything that one file can be asked by itself. Errors of the store are raised."""
    with reading(store.engine) as connection:
        yield from sound(connection, store.kb_id)
        strange = list(shapes(connection, store.kb_id))
        yield from strange
        if any(REPAIR in finding.message for finding in strange):
            return  # there may be nothing to ask
        yield from unfit_values(connection, store.kb_id, TYPED_TABLES)
        yield from sequences(connection, store.kb_id)
        for code, query in _CONTENT:
            yield from none(connection, store.kb_id, code, query)
    if is_read_only(store.engine):
        return
    try:
        with writing(store.engine) as connection:  # FTS5 compares its index with the chunks; written as a command
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('integrity-check', 1)")
    except UNASKED:
        raise
    except (StoreError, DBAPIError) as error:
        yield Finding("full_text_differs", store.kb_id, str(error))
