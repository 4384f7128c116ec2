"""``ingest check``: the promises, asked of a store as questions whose answer must be "none".

Reads a store that may be in use; each database is seen at one moment. Jobs that end while the check runs may be in
one moment and not in the other, so what is compared across files is only what was complete before. What can be mended
is mended by ``fixes``.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.errors import LedgerDamaged, StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.content_checks import check_content
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import from_db_path, reading
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_checks import check_ledger
from ingest_desktop.infrastructure.ledger_schema import ACTIVE_SQL
from ingest_desktop.infrastructure.questions import MOST

LEFTOVER_SECONDS: Final = 3600.0  # half a file that nobody touched for so long is nobody's any more


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
    findings = list(check_ledger(ledger))
    findings += [Finding("leftover_file", "ledger", f"half of a file: {path}") for path in leftovers(ledger.root)]
    try:
        bases = [base.kb_id for base in ledger.knowledge_bases()]
    except StoreError as error:
        return [*findings, Finding(error.code, "ledger", str(error))]
    for kb_id in bases:
        try:
            store = contents.of(kb_id)
            findings += check_content(store)
            findings += _check_across(ledger, store)
        except LedgerDamaged as error:
            findings.append(Finding(error.code, "ledger", str(error)))
        except (StoreError, DBAPIError) as error:
            findings.append(Finding("store_damaged", kb_id, str(error)))
    return findings


def leftovers(root: Path) -> list[Path]:
    """Pieces of files below the data folder that were never finished and are nobody's any more."""
    before = time.time() - LEFTOVER_SECONDS
    found = [*(root / "staged").rglob(".new-*"), *(root / "backups").rglob("*.part")]
    return sorted(path for path in found if path.is_file() and path.stat().st_mtime < before)


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
