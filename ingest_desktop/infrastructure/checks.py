"""``ingest check``: the promises, asked of a store as questions whose answer must be "none".

Reads a store that may be in use; each database is seen at one moment. Jobs that end while the check runs may be in
one moment and not in the other, so what is compared across files is only what was complete before.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.enums import TRANSITIONS
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import from_db_path, is_read_only, reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_outbox import GONE

MOST = 20  # findings of one kind that are told

_LEDGER: Final = (
    ("job_without_batch", "SELECT id FROM ingest_jobs WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    ("receipt_without_job", "SELECT job_id FROM job_receipts WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("history_without_job", "SELECT job_id FROM job_history WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    (
        "completed_without_outcome",
        "SELECT id FROM ingest_jobs WHERE status = 'completed' AND (outcome IS NULL OR "
        f"(document_id IS NULL AND message IS NOT '{GONE}'))",
    ),
    ("failed_without_reason", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_code IS NULL"),
    ("running_without_worker", "SELECT id FROM ingest_jobs WHERE status = 'running' AND worker_id IS NULL"),
    ("progress_out_of_range", "SELECT id FROM ingest_jobs WHERE progress < 0 OR progress > 1"),
    (
        "status_differs_from_history",
        "SELECT j.id FROM ingest_jobs j JOIN job_history h ON h.job_id = j.id WHERE h.rowid = "
        "(SELECT max(rowid) FROM job_history WHERE job_id = j.id) AND h.to_status <> j.status",
    ),
)
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
    (
        "live_differs_from_paths",
        "SELECT v.id FROM versions v WHERE v.live <> EXISTS (SELECT 1 FROM documents d JOIN paths p ON "
        "p.document = d.id WHERE d.version = v.id AND d.id = v.document AND p.hidden = 0)",
    ),
)


def check_store(ledger: Ledger, contents: KnowledgeBaseStores) -> list[Finding]:
    """Every finding. Raises nothing for a damaged file: that is a finding, too.

    Of knowledge bases that may not be written, the full text is not compared with the text: FTS5 asks for a command.
    """
    findings = list(_check_ledger(ledger))
    try:
        bases = [base.kb_id for base in ledger.knowledge_bases()]
    except StoreError as error:
        return [*findings, Finding(error.code, "ledger", str(error))]
    for kb_id in bases:
        try:
            store = contents.of(kb_id)
            findings += _check_content(store)
            findings += _check_across(ledger, store)
        except (StoreError, DBAPIError) as error:
            findings.append(Finding("store_damaged", kb_id, str(error)))
    return findings


def _check_ledger(ledger: Ledger) -> Iterator[Finding]:
    try:
        with reading(ledger.engine) as connection:
            yield from _sound(connection, "ledger")
            for code, query in _LEDGER:
                yield from _none(connection, "ledger", code, query)
            yield from _legal_history(connection)
            yield from _counters(connection)
    except (StoreError, DBAPIError) as error:
        yield Finding("store_damaged", "ledger", str(error))


def _sound(connection: Connection, where: str) -> Iterator[Finding]:
    for (text,) in connection.exec_driver_sql(f"PRAGMA quick_check({MOST})"):
        if text != "ok":
            yield Finding("store_damaged", where, text)


def _none(connection: Connection, where: str, code: str, query: str) -> Iterator[Finding]:
    for row in connection.exec_driver_sql(f"{query} LIMIT {MOST}"):
        yield Finding(code, where, f"{code.replace('_', ' ')}: {row[0]}")


def _legal_history(connection: Connection) -> Iterator[Finding]:
    legal = {(source.value, target.value) for (source, _), target in TRANSITIONS.items()}
    pairs = connection.exec_driver_sql(
        "SELECT from_status, to_status, count(*), min(job_id) FROM job_history WHERE from_status IS NOT NULL GROUP BY 1, 2"
    )
    for before, after, count, job in pairs:
        if (before, after) not in legal:
            yield Finding("illegal_transition", "ledger", f"{before} to {after}, {count} times, first at job {job}")


def _counters(connection: Connection) -> Iterator[Finding]:
    sums = {name: f"sum(status = '{name}')" for name in ("paused", "completed", "failed", "cancelled")}
    sums = {"open": "sum(status IN ('queued', 'running'))", **sums}
    rows = connection.exec_driver_sql(
        f"SELECT kb_id, {', '.join(sums.values())} FROM ingest_jobs WHERE deleted_at IS NULL GROUP BY kb_id"
    )
    real = {f"kb:{kb_id}": tuple(numbers) for kb_id, *numbers in rows}
    kept = connection.exec_driver_sql(f"SELECT scope, {', '.join(sums)} FROM counters WHERE scope LIKE 'kb:%'")
    for scope, *numbers in kept:
        if tuple(numbers) != real.get(scope, (0,) * len(sums)):
            yield Finding("counters_differ", "ledger", f"{scope} counts {numbers}, the rows are {real.get(scope)}")


def _check_content(store: KnowledgeBaseStore) -> Iterator[Finding]:
    with reading(store.engine) as connection:
        yield from _sound(connection, store.kb_id)
        for code, query in _CONTENT:
            yield from _none(connection, store.kb_id, code, query)
    if is_read_only(store.engine):
        return
    try:
        with writing(store.engine) as connection:  # FTS5 compares its index with the chunks; written as a command
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('integrity-check', 1)")
    except (StoreError, DBAPIError) as error:
        yield Finding("full_text_differs", store.kb_id, str(error))


def _check_across(ledger: Ledger, store: KnowledgeBaseStore) -> Iterator[Finding]:
    """What an undeleted completed job brought must be there, unless a later job of its path replaced it; and what can be
    found must have a job in the list."""
    with reading(ledger.engine) as connection:
        rows = connection.exec_driver_sql(
            "SELECT j.id, j.document_id FROM ingest_jobs j WHERE j.kb_id = ? AND j.status = 'completed' AND "
            "j.deleted_at IS NULL AND j.document_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ingest_jobs o "
            "INDEXED BY ix_completed_path JOIN job_history h ON h.job_id = o.id AND h.to_status = 'completed' "
            "WHERE o.kb_id = j.kb_id AND o.source_path = j.source_path AND o.status = 'completed' AND o.id <> j.id "
            "AND h.id > (SELECT max(m.id) FROM job_history m WHERE m.job_id = j.id AND m.to_status = 'completed'))",
            (store.kb_id,),
        ).all()
    with reading(store.engine) as connection:
        present = {row[0] for row in connection.exec_driver_sql("SELECT document_id FROM documents")}
    missing = [(job, document) for job, document in rows if document not in present]
    for job, document in missing[:MOST]:
        yield Finding("document_missing", store.kb_id, f"job {job} is completed, but document {document} is not there")
    found = _without_job(ledger, store)
    if found:  # a deletion may have been told between the two looks
        found &= _without_job(ledger, store)
    for path in sorted(found, key=repr)[:MOST]:
        yield Finding(
            "found_without_job", store.kb_id, f"{from_db_path(path)} can be found, but no job of it is listed"
        )


def _without_job(ledger: Ledger, store: KnowledgeBaseStore) -> set[str | bytes]:
    """Paths that can be found although every job of theirs was deleted, and nothing waits to be told of them."""
    with reading(store.engine) as connection:
        visible = set(connection.exec_driver_sql("SELECT path FROM paths WHERE hidden = 0").scalars())
    with reading(ledger.engine) as connection:
        wanted = "SELECT source_path FROM ingest_jobs WHERE kb_id = ? AND deleted_at IS NULL"
        told = "SELECT path FROM outbox WHERE kb_id = ?"
        for query in (wanted, told):
            visible.difference_update(connection.exec_driver_sql(query, (store.kb_id,)).scalars())
    return visible
