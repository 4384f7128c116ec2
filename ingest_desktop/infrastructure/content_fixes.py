"""Mending one knowledge base, and what the list of jobs tells of it.

What nobody owns goes; a document that lacks a part stops answering, keeps its sound segments as a checkpoint, and its file
is queued to be read again.
"""

from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.interfaces.checks import Mended
from ingest_desktop.infrastructure.checks import standing_jobs, without_job
from ingest_desktop.infrastructure.content_checks import ORDINAL, OUT_OF_ORDER
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore, delete_segment
from ingest_desktop.infrastructure.content_swap import now_text
from ingest_desktop.infrastructure.database import from_db_path, reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_base import next_revision
from ingest_desktop.infrastructure.ledger_fixes import queue_again
from ingest_desktop.infrastructure.shapes import make_shapes

LOST_TEXT: Final = "its text was damaged or missing"


def fix_content(ledger: Ledger, store: KnowledgeBaseStore, codes: set[str]) -> list[Mended]:
    """Mend what findings with these codes tell of a knowledge base; what was done."""
    done: list[Mended] = []
    with writing(store.engine) as connection:
        if "store_damaged" in codes:  # an index that lacks rows of its table, perhaps
            connection.exec_driver_sql("REINDEX")
        if "schema_differs" in codes and (number := make_shapes(connection, of_ledger=False)):
            done.append(Mended("schema_differs", store.kb_id, f"indexes were made anew: {number}"))
        numbers = mend_content(connection)
        rebuilt = "full_text_differs" in codes or "store_damaged" in codes or numbers.get("chunks_missing", 0) > 0
        if rebuilt:
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
    done += [
        Mended(code, store.kb_id, f"{code.replace('_', ' ')}: {number} put right") for code, number in numbers.items()
    ]
    if rebuilt:
        done.append(Mended("full_text_differs", store.kb_id, "the full text was made anew from the text"))
    if codes & {"receipt_differs", "figures_differ"} and (number := _tell_figures(ledger, store)):
        done.append(Mended("receipt_differs", store.kb_id, f"jobs tell what their documents have: {number}"))
    again = jobs_to_read_again(ledger, store)
    if again:
        with writing(ledger.engine) as connection:
            number = queue_again(connection, again, LOST_TEXT)
        done.append(Mended("document_missing", store.kb_id, f"files queued to be read again: {number}"))
    return done + _hide_jobless(ledger, store, codes)


def _tell_figures(ledger: Ledger, store: KnowledgeBaseStore) -> int:
    """Chunks and gaps of a job and its receipt are those of its document, when it is the very one; how many were not."""
    rows = standing_jobs(ledger, store.kb_id)
    sql = "SELECT d.document_id, v.sha256, v.recipe, v.chunks, v.gaps FROM documents d JOIN versions v ON v.id = d.version"
    with reading(store.engine) as connection:
        present = {tuple(row[:3]): tuple(row[3:]) for row in connection.exec_driver_sql(sql)}
    wrong = [
        (*present[tuple(row[1:4])], row[0])
        for row in rows
        if tuple(row[1:4]) in present
        and (row[4] or 0, row[5], row[6]) != (present[tuple(row[1:4])][0], *present[tuple(row[1:4])])
    ]
    if wrong:
        with writing(ledger.engine) as connection:
            revision = next_revision(connection)
            connection.exec_driver_sql(
                "UPDATE ingest_jobs SET chunk_count = ?, gaps = ?, revision = ? WHERE id = ? AND status = 'completed'",
                [(chunks, gaps, revision, job) for chunks, gaps, job in wrong],
            )
            connection.exec_driver_sql(
                "UPDATE job_receipts SET json = json_set(json, '$.chunks_stored', ?1, '$.chunks_indexed', ?1) WHERE job_id = ?2",
                [(chunks, job) for chunks, _, job in wrong],
            )
    return len(wrong)


def mend_content(connection: Connection) -> dict[str, int]:
    """Take out what nobody owns, and let documents that lack a part stop answering: their sound segments stay.

    Returns:
        How much was put right, by the code of what was found.
    """
    run = connection.exec_driver_sql
    done: dict[str, int] = {}

    def count(code: str, number: int) -> None:
        if number > 0:
            done[code] = done.get(code, 0) + number

    owners = f"SELECT DISTINCT id >> {SEGMENT_SHIFT} FROM chunks"
    for segment in run(f"{owners} WHERE id >> {SEGMENT_SHIFT} NOT IN (SELECT id FROM segments)").scalars().all():
        delete_segment(connection, segment)
        count("chunk_without_segment", 1)
    for segment in run("SELECT id FROM segments WHERE version NOT IN (SELECT id FROM versions)").scalars().all():
        delete_segment(connection, segment)
        count("segment_without_version", 1)
    short = run(
        "SELECT s.id FROM segments s WHERE s.chunks <> (SELECT count(*) FROM chunks c WHERE "
        f"c.id >= s.id << {SEGMENT_SHIFT} AND c.id < (s.id + 1) << {SEGMENT_SHIFT})"
    ).scalars().all()  # fmt: skip
    for segment in short:
        delete_segment(connection, segment)
    count("chunks_missing", len(short))
    broken = run(
        "SELECT v.id FROM versions v WHERE v.document IS NOT NULL AND ("
        "(SELECT count(*) FROM segments s WHERE s.version = v.id) <> v.segments "
        "OR v.document NOT IN (SELECT id FROM documents) "
        "OR (SELECT d.version FROM documents d WHERE d.id = v.document) <> v.id)"
    ).scalars().all()  # fmt: skip
    for version in broken:  # it is a checkpoint now: what is sound of it is not read again
        sql = "UPDATE versions SET live = 0, document = NULL, chunks = 0, touched_at = ? WHERE id = ?"
        run(sql, (now_text(), version))
    count("version_incomplete_but_live", len(broken))
    count(
        "document_without_version",
        run(
            "DELETE FROM documents WHERE version NOT IN (SELECT id FROM versions WHERE document = documents.id)"
        ).rowcount,
    )
    count("path_without_document", run("DELETE FROM paths WHERE document NOT IN (SELECT id FROM documents)").rowcount)
    nameless = run("SELECT id FROM documents WHERE id NOT IN (SELECT document FROM paths)").scalars().all()
    for document in nameless:
        run("UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE document = ?", (now_text(), document))
        run("DELETE FROM documents WHERE id = ?", (document,))
    count("document_without_path", len(nameless))
    count(
        "version_counts_wrong",
        run(
            "UPDATE versions SET chunks = (SELECT coalesce(sum(s.chunks), 0) FROM segments s WHERE s.version = versions.id) "
            "WHERE document IS NOT NULL AND chunks <> "
            "(SELECT coalesce(sum(s.chunks), 0) FROM segments s WHERE s.version = versions.id)"
        ).rowcount,
    )
    count(
        "chunks_out_of_order",
        run(f"UPDATE segments SET first_ordinal = {ORDINAL} WHERE {OUT_OF_ORDER}").rowcount,
    )
    visible = "EXISTS (SELECT 1 FROM paths p WHERE p.document = versions.document AND p.hidden = 0)"
    count("live_differs_from_paths", run(f"UPDATE versions SET live = {visible} WHERE live <> {visible}").rowcount)
    return done


def jobs_to_read_again(ledger: Ledger, store: KnowledgeBaseStore) -> list[int]:
    """The jobs that stand for a document that is not there (any more)."""
    rows = standing_jobs(ledger, store.kb_id)  # first: what a job brings is in the content before the job has ended
    with reading(store.engine) as connection:
        present = set(connection.exec_driver_sql("SELECT document_id FROM documents").scalars())
    return [int(row[0]) for row in rows if row[1] not in present]


def _hide_jobless(ledger: Ledger, store: KnowledgeBaseStore, codes: set[str]) -> list[Mended]:
    """What was deleted must not be found: as the outbox would have told it."""
    paths = without_job(ledger, store) if "found_without_job" in codes else set()
    if not paths:
        return []
    with reading(ledger.engine) as connection:
        listed = set(
            connection.exec_driver_sql("SELECT source_path FROM ingest_jobs WHERE kb_id = ?", (store.kb_id,)).scalars()
        )
    names = [from_db_path(path) for path in paths]
    with store.editing() as editor:
        editor.hide_paths(names, True)
        editor.purge_paths([from_db_path(path) for path in paths - listed])
        editor.commit()
    return [Mended("found_without_job", store.kb_id, f"paths that no job stands for were taken out: {len(names)}")]
