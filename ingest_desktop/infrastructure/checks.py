"""``ingest check``: the promises, asked of a store as questions whose answer must be "none".

Reads a store that may be in use; each database is seen at one moment. Jobs that end while the check runs may be in
one moment and not in the other, so what is compared across files is only what was complete before. What can be mended
is mended by ``fixes``.
"""

import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.enums import TRANSITIONS, Actor, JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import LedgerDamaged, StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.domain.models import Receipt
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import from_db_path, is_read_only, reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_outbox import GONE
from ingest_desktop.infrastructure.ledger_schema import ACTIVE_SQL, COUNTED, _terms
from ingest_desktop.infrastructure.shapes import lost_shapes

MOST = 20  # findings of one kind that are told
LEFTOVER_SECONDS: Final = 3600.0  # half a file that nobody touched for so long is nobody's any more


def words_of(kind: type[StrEnum]) -> str:
    """The values of an enum as a list in SQL."""
    return ", ".join(f"'{word.value}'" for word in kind)


_STATUSES: Final = words_of(JobStatus)

# A step of a job's history that the table does not know, or that does not begin where the one before ended. A job begins
# queued without a step of its own. A recovery may begin anew: what was before is lost then.
LEGAL_STEPS: Final = ", ".join(sorted({f"('{source}', '{target}')" for (source, _), target in TRANSITIONS.items()}))
BROKEN_STEPS: Final = (
    "SELECT job_id, from_status, to_status FROM (SELECT job_id, id, from_status, to_status, actor, "
    "lag(to_status) OVER (PARTITION BY job_id ORDER BY id) AS earlier FROM job_history) WHERE NOT CASE "
    f"WHEN from_status IS NULL THEN (earlier IS NULL OR actor = '{Actor.RECOVERY.value}') AND to_status IN ({_STATUSES}) "
    f"ELSE from_status = coalesce(earlier, '{JobStatus.QUEUED.value}') AND (from_status, to_status) IN "
    f"(VALUES {LEGAL_STEPS}) END"
)
# ... and where the last step does not lead to where the job is.
ASTRAY: Final = (
    "SELECT j.id FROM ingest_jobs j WHERE j.status <> coalesce((SELECT h.to_status FROM job_history h "
    f"WHERE h.job_id = j.id ORDER BY h.id DESC LIMIT 1), '{JobStatus.QUEUED.value}')"
)
# Completed jobs that tell of a document and have no receipt that can be read. A file that was found unchanged while it
# was added has none: it owes what its row says.
WITHOUT_RECEIPT: Final = (
    "SELECT j.id FROM ingest_jobs j LEFT JOIN job_receipts r ON r.job_id = j.id WHERE j.status = 'completed' "
    "AND j.deleted_at IS NULL AND j.document_id IS NOT NULL AND NOT json_valid(coalesce(r.json, '')) "
    f"AND NOT (r.json IS NULL AND j.outcome IS '{Outcome.UNCHANGED.value}')"
)
# Knowledge bases that have jobs or batches, and no row.
UNLISTED: Final = (
    "SELECT kb_id FROM ingest_jobs WHERE kb_id NOT IN (SELECT kb_id FROM knowledge_bases) UNION "
    "SELECT kb_id FROM ingest_batches WHERE kb_id NOT IN (SELECT kb_id FROM knowledge_bases)"
)
# Chunks of a segment count on from those of the segments before it.
ORDINAL: Final = "(SELECT coalesce(sum(b.chunks), 0) FROM segments b WHERE b.version = segments.version AND b.number < segments.number)"
OUT_OF_ORDER: Final = f"version IN (SELECT id FROM versions WHERE live = 1) AND first_ordinal <> {ORDINAL}"

_LEDGER: Final = (
    ("unknown_status", f"SELECT id FROM ingest_jobs WHERE status NOT IN ({_STATUSES})"),
    (
        "unknown_value",
        f"SELECT id FROM ingest_jobs WHERE phase NOT IN ({words_of(JobPhase)}) OR outcome NOT IN ({words_of(Outcome)}) "
        f"OR pause_scope NOT IN ({words_of(PauseScope)}) OR typeof(created_at) <> 'integer' OR typeof(updated_at) <> 'integer'",
    ),
    ("unknown_actor", f"SELECT job_id FROM job_history WHERE actor NOT IN ({words_of(Actor)})"),
    ("source_without_batch", "SELECT id FROM ingest_sources WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    (
        "outbox_without_knowledge_base",
        "SELECT id FROM outbox WHERE op <> 'drop' AND kb_id NOT IN (SELECT kb_id FROM knowledge_bases)",
    ),
    (
        "counter_without_owner",
        "SELECT scope FROM counters WHERE scope NOT IN (SELECT 'kb:' || kb_id FROM knowledge_bases UNION ALL "
        "SELECT 'batch:' || id FROM ingest_batches)",
    ),
    ("job_without_batch", "SELECT id FROM ingest_jobs WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    ("receipt_without_job", "SELECT job_id FROM job_receipts WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("history_without_job", "SELECT job_id FROM job_history WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    (
        "completed_without_outcome",
        "SELECT id FROM ingest_jobs WHERE status = 'completed' AND (outcome IS NULL OR "
        f"(document_id IS NULL AND message IS NOT '{GONE}'))",
    ),
    ("completed_without_receipt", WITHOUT_RECEIPT),
    ("failed_without_reason", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_code IS NULL"),
    ("failed_without_message", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_message IS NULL"),
    ("dead_letter_not_failed", "SELECT id FROM ingest_jobs WHERE dead_lettered <> 0 AND status <> 'failed'"),
    ("job_without_knowledge_base", f"SELECT kb_id FROM ({UNLISTED})"),
    ("running_without_worker", "SELECT id FROM ingest_jobs WHERE status = 'running' AND worker_id IS NULL"),
    ("progress_out_of_range", "SELECT id FROM ingest_jobs WHERE progress < 0 OR progress > 1"),
    ("status_differs_from_history", ASTRAY),
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
    ("chunks_out_of_order", f"SELECT id FROM segments WHERE {OUT_OF_ORDER}"),
    (
        "live_differs_from_paths",
        "SELECT v.id FROM versions v WHERE v.live <> EXISTS (SELECT 1 FROM documents d JOIN paths p ON "
        "p.document = d.id WHERE d.version = v.id AND d.id = v.document AND p.hidden = 0)",
    ),
)


# What stands by the list: the last completed job of each path, unless the path is about to be read again.
_STANDING: Final = (
    "SELECT j.id, j.document_id, j.checksum, r.json ->> '$.recipe', r.json ->> '$.chunks_stored', j.chunk_count, j.gaps FROM ingest_jobs j "
    "LEFT JOIN job_receipts r ON r.job_id = j.id AND json_valid(r.json) WHERE j.kb_id = ? AND j.status = 'completed' AND j.deleted_at IS NULL "
    "AND j.document_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ingest_jobs a "
    f"WHERE a.kb_id = j.kb_id AND a.source_path = j.source_path AND {ACTIVE_SQL}) "
    "AND NOT EXISTS (SELECT 1 FROM ingest_jobs o "
    "INDEXED BY ix_brought JOIN job_history h ON h.job_id = o.id AND h.to_status = 'completed' "
    "WHERE o.kb_id = j.kb_id AND o.source_path = j.source_path AND (o.status = 'completed' OR o.document_id IS NOT NULL) AND o.id <> j.id "
    "AND h.id > (SELECT coalesce(max(m.id), 0) FROM job_history m WHERE m.job_id = j.id AND m.to_status = 'completed'))"
)


def check_store(ledger: Ledger, contents: KnowledgeBaseStores) -> list[Finding]:
    """Every finding. Raises nothing for a damaged file: that is a finding, too.

    Of knowledge bases that may not be written, the full text is not compared with the text: FTS5 asks for a command.
    """
    findings = list(_check_ledger(ledger))
    findings += [Finding("leftover_file", "ledger", f"half of a file: {path}") for path in leftovers(ledger.root)]
    try:
        bases = [base.kb_id for base in ledger.knowledge_bases()]
    except StoreError as error:
        return [*findings, Finding(error.code, "ledger", str(error))]
    for kb_id in bases:
        try:
            store = contents.of(kb_id)
            findings += _check_content(store)
            findings += _check_across(ledger, store)
        except LedgerDamaged as error:
            findings.append(Finding(error.code, "ledger", str(error)))
        except (StoreError, DBAPIError) as error:
            findings.append(Finding("store_damaged", kb_id, str(error)))
    return findings


def _check_ledger(ledger: Ledger) -> Iterator[Finding]:
    try:
        with reading(ledger.engine) as connection:
            yield from _sound(connection, "ledger")
            yield from _shapes(connection, "ledger")
            for code, query in _LEDGER:
                yield from _none(connection, "ledger", code, query)
            yield from _legal_history(connection)
            yield from _counters(connection)
            for job in unfit_receipts(connection)[:MOST]:
                yield Finding("receipt_unreadable", "ledger", f"the receipt of job {job} cannot be read")
        yield from _names(ledger)
    except (StoreError, DBAPIError, ValueError, TypeError) as error:  # the latter two: of a row that no row can be
        yield Finding("store_damaged", "ledger", str(error))


def _sound(connection: Connection, where: str) -> Iterator[Finding]:
    for (text,) in connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})"):
        if text != "ok":
            yield Finding("store_damaged", where, text)


def _shapes(connection: Connection, where: str) -> Iterator[Finding]:
    for name in lost_shapes(connection, of_ledger=where == "ledger"):
        yield Finding("schema_differs", where, f"the index or trigger {name} is not there")


def _none(connection: Connection, where: str, code: str, query: str) -> Iterator[Finding]:
    for row in connection.exec_driver_sql(f"{query} LIMIT {MOST}"):
        yield Finding(code, where, f"{code.replace('_', ' ')}: {row[0]}")


def _legal_history(connection: Connection) -> Iterator[Finding]:
    for job, before, after in connection.exec_driver_sql(f"{BROKEN_STEPS} LIMIT {MOST}"):
        yield Finding("illegal_transition", "ledger", f"job {job}: {before or 'nothing'} to {after}")


def real_counters(connection: Connection) -> dict[str, tuple[int, ...]]:
    """What each scope's counters should be, in the order of ``COUNTED``; scopes without a job are zero."""
    sums = ", ".join(f"coalesce(sum({term}), 0)" for term in _terms("j").values())
    nothing = (0,) * len(COUNTED)
    found: dict[str, tuple[int, ...]] = {}
    for prefix, table, key, column in (
        ("kb:", "knowledge_bases", "kb_id", "kb_id"),
        ("batch:", "ingest_batches", "id", "batch_id"),
    ):
        for (scope,) in connection.exec_driver_sql(f"SELECT {key} FROM {table}"):
            found[f"{prefix}{scope}"] = nothing
        for scope, *numbers in connection.exec_driver_sql(
            f"SELECT j.{column}, {sums} FROM ingest_jobs j GROUP BY j.{column}"
        ):
            found[f"{prefix}{scope}"] = tuple(numbers)
    return found


def real_failures(connection: Connection) -> dict[str, int]:
    """How many undeleted jobs failed with each code."""
    rows = connection.exec_driver_sql(
        f"SELECT coalesce(error_code, 'ingest'), count(*) FROM ingest_jobs WHERE status = '{JobStatus.FAILED.value}' "
        "AND deleted_at IS NULL GROUP BY 1"
    )
    return {str(code): int(number) for code, number in rows}


def _counters(connection: Connection) -> Iterator[Finding]:
    real = real_counters(connection)
    kept = {
        str(scope): tuple(numbers)
        for scope, *numbers in connection.exec_driver_sql(f"SELECT scope, {', '.join(COUNTED)} FROM counters")
    }
    wrong = [scope for scope, numbers in real.items() if kept.get(scope) != numbers]
    for scope in sorted(wrong)[:MOST]:
        yield Finding("counters_differ", "ledger", f"{scope} counts {kept.get(scope)}, the rows are {real[scope]}")
    failures = real_failures(connection)
    told = {str(code): int(n) for code, n in connection.exec_driver_sql("SELECT error_code, n FROM failure_counters")}
    for code in sorted({*failures, *told}):
        if failures.get(code, 0) != told.get(code, 0):
            text = f"{told.get(code, 0)} jobs are counted as failed with {code}, there are {failures.get(code, 0)}"
            yield Finding("failure_counters_differ", "ledger", text)


def unfit_receipts(connection: Connection) -> list[int]:
    """Jobs whose receipt is not one."""
    found = []
    for job, text in connection.exec_driver_sql("SELECT job_id, json FROM job_receipts"):
        try:
            Receipt.model_validate_json(text)
        except ValueError:
            found.append(int(job))
    return found


def _names(ledger: Ledger) -> Iterator[Finding]:
    """The index of names must hold the names of the jobs. FTS5 compares by a command, which is a write."""
    if ledger.is_read_only:
        return
    try:
        with writing(ledger.engine) as connection:
            connection.exec_driver_sql("INSERT INTO job_names (job_names, rank) VALUES ('integrity-check', 1)")
    except (StoreError, DBAPIError) as error:
        yield Finding("names_differ", "ledger", f"the index of names differs from the jobs: {error}")


def leftovers(root: Path) -> list[Path]:
    """Pieces of files below the data folder that were never finished and are nobody's any more."""
    before = time.time() - LEFTOVER_SECONDS
    found = [*(root / "staged").rglob(".new-*"), *(root / "backups").rglob("*.part")]
    return sorted(path for path in found if path.is_file() and path.stat().st_mtime < before)


def _check_content(store: KnowledgeBaseStore) -> Iterator[Finding]:
    with reading(store.engine) as connection:
        yield from _sound(connection, store.kb_id)
        yield from _shapes(connection, store.kb_id)
        for code, query in _CONTENT:
            yield from _none(connection, store.kb_id, code, query)
    if is_read_only(store.engine):
        return
    try:
        with writing(store.engine) as connection:  # FTS5 compares its index with the chunks; written as a command
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('integrity-check', 1)")
    except (StoreError, DBAPIError) as error:
        yield Finding("full_text_differs", store.kb_id, str(error))


def standing_jobs(ledger: Ledger, kb_id: str) -> Sequence[Sequence[Any]]:
    """(job, document, checksum, recipe, chunks of the receipt, chunks, gaps) as the list tells them; see ``_STANDING``."""
    with reading(ledger.engine) as connection:
        return connection.exec_driver_sql(_STANDING, (kb_id,)).all()


def _check_across(ledger: Ledger, store: KnowledgeBaseStore) -> Iterator[Finding]:
    """What an undeleted completed job brought must be there, unless a later job of its path replaced it or is about to;
    and what can be found must have a job in the list."""
    rows = standing_jobs(ledger, store.kb_id)
    with reading(store.engine) as connection:
        present = {
            document: (sha256, recipe, chunks, gaps)
            for document, sha256, recipe, chunks, gaps in connection.exec_driver_sql(
                "SELECT d.document_id, v.sha256, v.recipe, v.chunks, v.gaps FROM documents d "
                "JOIN versions v ON v.id = d.version"
            )
        }
    missing = [(job, document) for job, document, *_ in rows if document not in present]
    for job, document in missing[:MOST]:
        yield Finding("document_missing", store.kb_id, f"job {job} is completed, but document {document} is not there")
    owed = [(row[0], row[4] or 0, present[row[1]]) for row in rows if present.get(row[1], ())[:2] == (row[2], row[3])]
    for job, chunks, found in [entry for entry in owed if entry[1] != entry[2][2]][:MOST]:
        text = f"the receipt of job {job} owes {chunks} chunks, its document has {found[2]}"
        yield Finding("receipt_differs", store.kb_id, text)
    wrong = [(row, present[row[1]]) for row in rows if present.get(row[1], ())[:2] == (row[2], row[3])]
    for row, found in [entry for entry in wrong if entry[0][5:7] != entry[1][2:4]][:MOST]:
        text = f"job {row[0]} tells {row[5]} chunks and {row[6]} gaps, its document has {found[2]} and {found[3]}"
        yield Finding("figures_differ", store.kb_id, text)
    jobless = without_job(ledger, store)
    if jobless:  # a deletion may have been told between the two looks
        jobless &= without_job(ledger, store)
    for path in sorted(jobless, key=repr)[:MOST]:
        yield Finding(
            "found_without_job", store.kb_id, f"{from_db_path(path)} can be found, but no job of it is listed"
        )


def without_job(ledger: Ledger, store: KnowledgeBaseStore) -> set[str | bytes]:
    """Paths that can be found although every job of theirs was deleted, and nothing waits to be told of them."""
    with reading(store.engine) as connection:
        visible = set(connection.exec_driver_sql("SELECT path FROM paths WHERE hidden = 0").scalars())
    with reading(ledger.engine) as connection:
        wanted = "SELECT source_path FROM ingest_jobs WHERE kb_id = ? AND deleted_at IS NULL"
        told = "SELECT path FROM outbox WHERE kb_id = ?"
        for query in (wanted, told):
            visible.difference_update(connection.exec_driver_sql(query, (store.kb_id,)).scalars())
    return visible
