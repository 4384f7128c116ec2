"""What ``ingest check`` asks of the file of one knowledge base."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import is_read_only, reading, writing
from ingest_desktop.infrastructure.questions import none, shapes, sound

# Chunks of a segment count on from those of the segments before it.
ORDINAL: Final = "(SELECT coalesce(sum(b.chunks), 0) FROM segments b WHERE b.version = segments.version AND b.number < segments.number)"
OUT_OF_ORDER: Final = f"version IN (SELECT id FROM versions WHERE live = 1) AND first_ordinal <> {ORDINAL}"

_CONTENT: Final = (
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
    (
        "version_counts_wrong",
        "SELECT v.id FROM versions v WHERE v.live = 1 AND v.chunks <> "
        "(SELECT coalesce(sum(s.chunks), 0) FROM segments s WHERE s.version = v.id)",
    ),
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
        yield from shapes(connection, store.kb_id)
        for code, query in _CONTENT:
            yield from none(connection, store.kb_id, code, query)
    if is_read_only(store.engine):
        return
    try:
        with writing(store.engine) as connection:  # FTS5 compares its index with the chunks; written as a command
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('integrity-check', 1)")
    except (StoreError, DBAPIError) as error:
        yield Finding("full_text_differs", store.kb_id, str(error))
