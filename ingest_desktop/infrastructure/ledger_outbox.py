"""What the content store has to be told when jobs are deleted, taken back or removed for good.

A path answers in its knowledge base while an undeleted job *stands* for it: one that brought or confirmed the content
that the path has now, which is that of the job that was completed last, deleted or not. A job that is tried again goes on
standing for what it brought, whatever becomes of the new try: it has a document. So deleting the newest
job of a changed file hides its text although an older job, whose text was replaced, is still in the list; and deleting
one of several jobs that saw the same content hides nothing. When no job stands any more, an outbox row says "hide"; when
one does again, "show"; when none that could is left, "purge".
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.interfaces.repository import OutboxEntry
from ingest_desktop.infrastructure.database import from_db_path
from ingest_desktop.infrastructure.ledger_base import as_json

GONE: Final = "A later version of this file had replaced its text, and was deleted."

# Completions are ordered by their history, not by the clock, which people turn, nor by the job's number: an older job
# may be retried.
_NOW: Final = (
    "(SELECT c.checksum FROM ingest_jobs c INDEXED BY ix_brought JOIN job_history h ON h.job_id = c.id "
    "AND h.to_status = 'completed' WHERE c.kb_id = j.kb_id AND c.source_path = j.source_path "
    "AND (c.status = 'completed' OR c.document_id IS NOT NULL) ORDER BY h.id DESC LIMIT 1)"
)
# A job whose content nobody noted (stores of before) stands for whatever is there: better found than lost.
STANDS: Final = (
    "EXISTS (SELECT 1 FROM ingest_jobs o INDEXED BY ix_brought WHERE o.kb_id = j.kb_id AND "
    "o.source_path = j.source_path AND (o.status = 'completed' OR o.document_id IS NOT NULL) "
    f"AND coalesce(o.checksum = {_NOW}, 1) AND {{0}})"
)
STANDS_NOW: Final = STANDS.format("o.deleted_at IS NULL")
# A job that was tried may have made its content live just before a crash that the ledger did not hear of.
_TOUCHED: Final = (
    "(j.status = 'completed' OR j.document_id IS NOT NULL OR EXISTS "
    "(SELECT 1 FROM job_history r WHERE r.job_id = j.id AND r.to_status = 'running'))"
)
_IDS: Final = "(SELECT value FROM json_each(?))"
_TELL: Final = (
    "INSERT INTO outbox (kb_id, op, path, at) SELECT DISTINCT j.kb_id, ?, j.source_path, ? FROM ingest_jobs j "
    f"WHERE j.id IN {_IDS} AND {_TOUCHED} AND "
)
_FORGET: Final = (
    "DELETE FROM outbox WHERE op IN ('hide', 'show') AND (kb_id, path) IN (SELECT j.kb_id, j.source_path "
    f"FROM ingest_jobs j WHERE j.id IN {_IDS} AND {STANDS_NOW})"
)


def tell_hidden(connection: Connection, jobs: Sequence[int], at: int) -> None:
    """These jobs were just deleted: paths that nothing stands for any more are to be hidden."""
    connection.exec_driver_sql(f"{_TELL} NOT {STANDS_NOW}", ("hide", at, as_json(jobs)))


def tell_shown(connection: Connection, jobs: Sequence[int], at: int) -> None:
    """These jobs were just taken back: paths that they stand for are to be shown; what was said before is void."""
    ids = as_json(jobs)
    connection.exec_driver_sql(_FORGET, (ids,))
    connection.exec_driver_sql(f"{_TELL} {STANDS_NOW}", ("show", at, ids))


def tell_confirmed(connection: Connection, first_job: int, at: int) -> None:
    """Jobs from this one on were just added as completed, because their knowledge base had the content of their files.

    It was asked before the transaction, so a deletion may be about to hide their paths, or have hidden them since.
    """
    if not connection.exec_driver_sql(
        "SELECT EXISTS (SELECT 1 FROM ingest_jobs WHERE deleted_at IS NOT NULL)"
    ).scalar():
        return
    connection.exec_driver_sql(
        "DELETE FROM outbox WHERE op IN ('hide', 'purge') AND (kb_id, path) IN "
        "(SELECT kb_id, source_path FROM ingest_jobs WHERE id >= ?)",
        (first_job,),
    )
    connection.exec_driver_sql(
        "INSERT INTO outbox (kb_id, op, path, at) SELECT j.kb_id, 'show', j.source_path, ? FROM ingest_jobs j "
        "JOIN ingest_batches b ON b.id = j.batch_id WHERE j.id >= ? AND EXISTS "
        "(SELECT 1 FROM ingest_jobs o INDEXED BY ix_brought WHERE o.kb_id = j.kb_id AND o.source_path = j.source_path "
        "AND (o.status = 'completed' OR o.document_id IS NOT NULL) AND o.deleted_at >= b.created_at)",
        (at, first_job),
    )


def tell_purged(connection: Connection, jobs: Sequence[int], at: int, revision: int) -> None:
    """These jobs are about to be removed: paths whose content no other job knows are to be purged.

    Older jobs of such a path that stay in the list name a document that will be gone: they are told so.
    """
    ids = as_json(jobs)
    rows = connection.exec_driver_sql(
        f"SELECT DISTINCT j.kb_id, j.source_path FROM ingest_jobs j WHERE j.id IN {_IDS} AND {_TOUCHED} "
        f"AND NOT {STANDS.format(f'o.id NOT IN {_IDS}')}",
        (ids, ids),
    ).fetchall()
    if not rows:
        return
    connection.exec_driver_sql(
        "INSERT INTO outbox (kb_id, op, path, at) VALUES (?, 'purge', ?, ?)",
        [(kb_id, path, at) for kb_id, path in rows],
    )
    connection.exec_driver_sql(
        "UPDATE ingest_jobs SET document_id = NULL, chunk_count = 0, revision = ?2, "
        "message = iif(status = 'completed', ?1, message) "
        "WHERE kb_id = ?3 AND source_path = ?4 AND (status = 'completed' OR document_id IS NOT NULL)",
        [(GONE, revision, kb_id, path) for kb_id, path in rows],
    )


def outbox_rows(connection: Connection, limit: int, kb_id: str | None = None) -> list[OutboxEntry]:
    """What waits to be told, oldest first."""
    sql = "SELECT id, kb_id, op, path FROM outbox WHERE ?1 IS NULL OR kb_id = ?1 ORDER BY id LIMIT ?2"
    rows: Sequence[Sequence[Any]] = connection.exec_driver_sql(sql, (kb_id, limit)).fetchall()
    return [OutboxEntry(number, kb, op, from_db_path(path)) for number, kb, op, path in rows]
