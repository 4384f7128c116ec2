"""Commits of a knowledge base that were lost with its log: what the newest jobs brought is not there.

SQLite does not tell of a log that was cut or holds noise: it reads as far as the frames add up and forgets the rest. The
list of jobs is written after the content, so what it tells of the newest completed jobs must be there.
"""

import json
from typing import Final

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.infrastructure.agreement import STANDS, disagreements
from ingest_desktop.infrastructure.content_fixes import LOST_TEXT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_fixes import queue_again

NEWEST: Final = 200  # jobs that are looked at; lost commits are the last ones
FEW: Final = 10_000  # jobs that are all gone through; of more the newest are looked for among those of all bases
_MISSING: Final = (
    "SELECT 1 FROM json_each(?) e WHERE NOT EXISTS (SELECT 1 FROM documents d JOIN versions v ON v.id = d.version "
    "WHERE d.document_id = e.value ->> 0 AND v.sha256 = coalesce(e.value ->> 1, v.sha256)) LIMIT 1"
)


def brought_sql(index: str) -> str:
    """Asks what the newest completed jobs of a knowledge base brought, by this index of the jobs."""
    return (
        f"SELECT j.document_id, j.checksum FROM (SELECT * FROM ingest_jobs INDEXED BY {index} WHERE kb_id = ? "
        "AND status = 'completed' AND deleted_at IS NULL AND document_id IS NOT NULL ORDER BY revision DESC LIMIT ?) j "
        f"WHERE {STANDS}"
    )


def read_lost_again(ledger: Ledger, store: KnowledgeBaseStore) -> int:
    """Queue every file whose text is missing, when that of one of the newest is; how many.

    Raises:
        StoreError: One of the two cannot be asked or written.
    """
    if not _misses_newest(ledger, store):
        return 0
    again = _without_text(ledger, store) & _without_text(ledger, store)  # twice, as others work meanwhile
    with writing(ledger.engine) as connection:
        return queue_again(connection, sorted(again), LOST_TEXT)


def _without_text(ledger: Ledger, store: KnowledgeBaseStore) -> set[int]:
    """Jobs whose text is not there, or is what the file held before."""
    found = disagreements(ledger, store)
    return {told.job for told in [*found.missing, *found.elsewhere, *(told for told, _ in found.contents)]}


def _misses_newest(ledger: Ledger, store: KnowledgeBaseStore) -> bool:
    few = ledger.counts().of(JobStatus.COMPLETED, store.kb_id) <= FEW
    sql = brought_sql("ix_brought" if few else "ix_revision")
    with reading(ledger.engine) as connection:  # first: what a job brings is in the content before the job has ended
        brought = [tuple(row) for row in connection.exec_driver_sql(sql, (store.kb_id, NEWEST))]
    with reading(store.engine) as connection:
        return connection.exec_driver_sql(_MISSING, (json.dumps(brought),)).first() is not None
