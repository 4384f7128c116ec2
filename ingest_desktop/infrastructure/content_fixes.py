"""Mending one knowledge base, and what the list of jobs tells of it.

What nobody owns goes; a document that lacks a part stops answering, keeps its sound segments as a checkpoint, and its file
is queued to be read again.
"""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.interfaces.checks import Finding, Mended
from ingest_desktop.infrastructure.agreement import Disagreements, disagreements, without_job
from ingest_desktop.infrastructure.column_values import columns_in
from ingest_desktop.infrastructure.content_checks import (
    CHUNKS,
    GAPS,
    MISCOUNTED,
    ORDINAL,
    OUT_OF_ORDER,
    TYPED_TABLES,
    UNFIT,
    UNNAMED,
)
from ingest_desktop.infrastructure.content_receipts import receipts_of
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore, delete_segment
from ingest_desktop.infrastructure.content_swap import base_name, now_text
from ingest_desktop.infrastructure.database import from_db_path, readable_name, reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_base import next_revision
from ingest_desktop.infrastructure.ledger_fixes import queue_again
from ingest_desktop.infrastructure.questions import mend_sequences
from ingest_desktop.infrastructure.shapes import make_shapes, wrong_shapes

LOST_TEXT: Final = "its text was damaged or missing"
_ALWAYS: Final = {"chunks_stored", "chunks_indexed"}  # of a receipt, even when nothing was read
_READ: Final = {
    *_ALWAYS,
    "units_seen",
    "units_with_text",
    "units_by_ocr",
    "units_empty",
    "units_failed",
    "chars",
    "segments",
}


def fix_content(ledger: Ledger, store: KnowledgeBaseStore, findings: Sequence[Finding]) -> list[Mended]:
    """Mend what these findings tell of a knowledge base; what was done."""
    codes, done = {finding.code for finding in findings}, list[Mended]()
    with writing(store.engine) as connection:
        if any(not shape.can_be_made for shape in wrong_shapes(connection.exec_driver_sql, of_ledger=False)):
            return []  # a table is not what it should be: that is for `repair`, and stays a finding
        if "store_damaged" in codes:  # an index that lacks rows of its table, perhaps
            connection.exec_driver_sql("REINDEX")
        if "schema_differs" in codes and (number := make_shapes(connection, of_ledger=False)):
            done.append(Mended("schema_differs", store.kb_id, f"indexes were made anew: {number}"))
        untrue = [finding.document for finding in findings if finding.code == "reread_differs"]
        if untrue:
            _forget(connection, untrue)
            text = f"documents that differ from their originals are read again: {len(untrue)}"
            done.append(Mended("reread_differs", store.kb_id, text))
        numbers = mend_content(connection)
        rebuilt = bool(
            codes & {"full_text_differs", "store_damaged"} or numbers.keys() & {"chunks_missing", "unknown_value"}
        )
        if rebuilt:
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
    done += [
        Mended(code, store.kb_id, f"{code.replace('_', ' ')}: {number} put right") for code, number in numbers.items()
    ]
    if rebuilt:
        done.append(Mended("full_text_differs", store.kb_id, "the full text was made anew from the text"))
    done += _tell_jobs(ledger, store, codes)
    again = jobs_to_read_again(ledger, store)
    if again:
        with writing(ledger.engine) as connection:
            number = queue_again(connection, again, LOST_TEXT)
        done.append(Mended("document_missing", store.kb_id, f"files queued to be read again: {number}"))
    return done + _hide_jobless(ledger, store, codes)


def _forget(connection: Connection, documents: Sequence[str]) -> None:
    """Take out what is stored of these documents; what is incomplete then is read again."""
    sql = "SELECT s.id FROM segments s JOIN documents d ON d.version = s.version WHERE d.document_id = ?"
    for document in documents:
        for segment in connection.exec_driver_sql(sql, (document,)).scalars().all():
            delete_segment(connection, segment)


def _tell_jobs(ledger: Ledger, store: KnowledgeBaseStore, codes: set[str]) -> list[Mended]:
    """What the list tells of this knowledge base is what is there."""
    if not codes & {"receipt_differs", "figures_differ", "checksum_differs", "listed_but_hidden", "path_differs"}:
        return []
    found, done = disagreements(ledger, store), list[Mended]()
    if number := _tell_figures(ledger, store, found):
        done.append(Mended("receipt_differs", store.kb_id, f"jobs tell what their documents have: {number}"))
    if number := _tell_checksums(ledger, found):
        done.append(Mended("checksum_differs", store.kb_id, f"jobs tell the content of their documents: {number}"))
    if number := _tell_paths(ledger, store, found):
        done.append(Mended("path_differs", store.kb_id, f"paths of jobs and of their documents are the same: {number}"))
    if found.hidden:
        with store.editing() as editor:
            editor.hide_paths([from_db_path(told.path) for told in found.hidden], False)
            editor.commit()
        text = f"paths of listed jobs can be found again: {len(found.hidden)}"
        done.append(Mended("listed_but_hidden", store.kb_id, text))
    return done


def _tell_figures(ledger: Ledger, store: KnowledgeBaseStore, found: Disagreements) -> int:
    """Chunks and gaps of a job and its receipt are those of its document, when it is the very one; how many were not."""
    wrong = {told.job: (told, stored) for told, stored in [*found.figures, *found.receipts]}
    receipts = receipts_of(store.path, {(told.document, stored.sha256) for told, stored in wrong.values()})
    if wrong:
        with writing(ledger.engine) as connection:
            revision = next_revision(connection)
            connection.exec_driver_sql(
                "UPDATE ingest_jobs SET chunk_count = ?, gaps = ?, revision = ? WHERE id = ? AND status = 'completed'",
                [(stored.chunks, stored.gaps, revision, job) for job, (_, stored) in wrong.items()],
            )
            for job, (told, stored) in wrong.items():
                receipt = receipts.get((told.document, stored.sha256))
                if receipt is not None:
                    names = _READ if told.was_read else _ALWAYS
                    figures = receipt.model_dump_json(include=names)
                    sql = "UPDATE job_receipts SET json = json_patch(json, ?) WHERE job_id = ?"
                    connection.exec_driver_sql(sql, (figures, job))
    return len(wrong)


def _tell_checksums(ledger: Ledger, found: Disagreements) -> int:
    """A document is named by its first content: when that is what it has, a job that tells of another content is wrong."""
    told = [(stored.sha256, told.job) for told, stored in found.contents if _is_named_by(told.document, stored.sha256)]
    if told:
        with writing(ledger.engine) as connection:
            connection.exec_driver_sql("UPDATE ingest_jobs SET checksum = ? WHERE id = ?", told)
    return len(told)


def _tell_paths(ledger: Ledger, store: KnowledgeBaseStore, found: Disagreements) -> int:
    """A job and what it brought name one path: the one that ends in the name of the job's file; how many did not."""
    number = 0
    brought = (
        "SELECT p.id, p.path FROM paths p JOIN documents d ON d.id = p.document WHERE d.document_id = ?1 "
        "AND (p.job = ?2 OR p.first_job = ?2) AND p.path <> ?3"
    )
    for told in found.elsewhere:
        with writing(store.engine) as content, writing(ledger.engine) as connection:
            rows = content.exec_driver_sql(brought, (told.document, told.job, told.path)).all()
            listed = "SELECT 1 FROM ingest_jobs WHERE kb_id = ? AND source_path = ?"
            rows = [row for row in rows if not connection.exec_driver_sql(listed, (store.kb_id, row[1])).first()]
            sql = "SELECT original_filename FROM ingest_jobs WHERE id = ?"
            name = connection.exec_driver_sql(sql, (told.job,)).scalar()
            if len(rows) != 1 or not isinstance(rows[0][1], str | bytes):
                continue
            row, path = rows[0]
            if _name_of(told.path) == name:
                sql, to = "UPDATE OR IGNORE paths SET path = ? WHERE id = ?", content
                number += to.exec_driver_sql(sql, (told.path, row)).rowcount
            elif _name_of(path) == name:
                sql = "UPDATE OR IGNORE ingest_jobs SET source_path = ?, revision = ? WHERE id = ?"
                number += connection.exec_driver_sql(sql, (path, next_revision(connection), told.job)).rowcount
    return number


def _name_of(path: str | bytes) -> str:
    return readable_name(os.path.basename(from_db_path(path)) or from_db_path(path))


def _is_named_by(document: str, sha256: str) -> bool:
    return document.partition("-")[0] == base_name(sha256)


def mend_content(connection: Connection) -> dict[str, int]:
    """Take out what nobody owns, and let documents that lack a part stop answering: their sound segments stay.

    Returns:
        How much was put right, by the code of what was found.
    """
    done: Counter[str] = Counter()
    _drop_unfit(connection, done)
    done["sequence_behind"] += mend_sequences(connection)
    _drop_segments(connection, done)
    _unseat_versions(connection, done)
    _drop_documents(connection, done)
    _count_anew(connection, done)
    return {code: number for code, number in done.items() if number > 0}


def _drop_unfit(connection: Connection, done: Counter[str]) -> None:
    """A row that no reading stores goes, and all that hangs on it: what is read anew tells it right."""
    for column in columns_in(connection, TYPED_TABLES):
        sql = f"DELETE FROM {column.table} WHERE {column.unfit}"
        done["unknown_value"] += connection.exec_driver_sql(sql).rowcount
    for table, unfit in UNFIT.items():
        done["unknown_value"] += connection.exec_driver_sql(f"DELETE FROM {table} WHERE {unfit}").rowcount


def _drop_segments(connection: Connection, done: Counter[str]) -> None:
    """Segments and chunks that belong to nobody, and segments that lack some of their chunks."""
    owners = f"SELECT DISTINCT id >> {SEGMENT_SHIFT} FROM chunks"
    for code, sql in (
        ("chunk_without_segment", f"{owners} WHERE id >> {SEGMENT_SHIFT} NOT IN (SELECT id FROM segments)"),
        ("segment_without_version", "SELECT id FROM segments WHERE version NOT IN (SELECT id FROM versions)"),
        (
            "chunks_missing",
            "SELECT s.id FROM segments s WHERE s.chunks <> (SELECT count(*) FROM chunks c WHERE "
            f"c.id >= s.id << {SEGMENT_SHIFT} AND c.id < (s.id + 1) << {SEGMENT_SHIFT})",
        ),
    ):
        segments = connection.exec_driver_sql(sql).scalars().all()
        for segment in segments:
            delete_segment(connection, segment)
        done[code] += len(segments)


def _unseat_versions(connection: Connection, done: Counter[str]) -> None:
    """A version that lacks a part, or that its document does not name, answers no more."""
    run = connection.exec_driver_sql
    broken = run(
        "SELECT v.id FROM versions v WHERE v.document IS NOT NULL AND ("
        "(SELECT count(*) FROM segments s WHERE s.version = v.id) <> v.segments "
        "OR v.document NOT IN (SELECT id FROM documents) "
        "OR (SELECT d.version FROM documents d WHERE d.id = v.document) <> v.id)"
    ).scalars().all()  # fmt: skip
    for version in broken:  # it is a checkpoint now: what is sound of it is not read again
        sql = "UPDATE versions SET live = 0, document = NULL, chunks = 0, touched_at = ? WHERE id = ?"
        run(sql, (now_text(), version))
    done["version_incomplete_but_live"] += len(broken)
    idle = f"UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE {UNNAMED}"
    done["version_without_document"] += run(idle, (now_text(),)).rowcount


def _drop_documents(connection: Connection, done: Counter[str]) -> None:
    """Documents without a version or without a path, and paths without a document."""
    run = connection.exec_driver_sql
    orphans = "DELETE FROM documents WHERE version NOT IN (SELECT id FROM versions WHERE document = documents.id)"
    done["document_without_version"] += run(orphans).rowcount
    lost = "DELETE FROM paths WHERE document NOT IN (SELECT id FROM documents)"
    done["path_without_document"] += run(lost).rowcount
    nameless = run("SELECT id FROM documents WHERE id NOT IN (SELECT document FROM paths)").scalars().all()
    for document in nameless:
        run("UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE document = ?", (now_text(), document))
        run("DELETE FROM documents WHERE id = ?", (document,))
    done["document_without_path"] += len(nameless)


def _count_anew(connection: Connection, done: Counter[str]) -> None:
    """What versions and segments tell of others is what those are."""
    run = connection.exec_driver_sql
    counted = f"UPDATE versions SET chunks = {CHUNKS}, gaps = {GAPS} WHERE {MISCOUNTED}"
    done["version_counts_wrong"] += run(counted).rowcount
    done["chunks_out_of_order"] += run(f"UPDATE segments SET first_ordinal = {ORDINAL} WHERE {OUT_OF_ORDER}").rowcount
    visible = "EXISTS (SELECT 1 FROM paths p WHERE p.document = versions.document AND p.hidden = 0)"
    shown = f"UPDATE versions SET live = {visible} WHERE live <> {visible}"
    done["live_differs_from_paths"] += run(shown).rowcount


def jobs_to_read_again(ledger: Ledger, store: KnowledgeBaseStore) -> list[int]:
    """The jobs that stand for a document that is not there (any more), or is not what they read."""
    found = disagreements(ledger, store)
    differ = [told for told, stored in found.contents if not _is_named_by(told.document, stored.sha256)]
    again = [*found.missing, *found.elsewhere, *differ, *(told for told, _ in found.recipes)]
    return list(dict.fromkeys(told.job for told in again))


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
