"""A snapshot of what is unfinished, kept outside the ledger: should the ledger be lost, nobody has to remember what was dropped."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

from ingest_desktop.domain.enums import ACTIVE
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.persistence import PersistenceStore
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.domain.models.base import iso

_log = logging.getLogger(__name__)

KEY: Final = "queue/unfinished.json"
MOST: Final = 100_000  # jobs in a snapshot; a longer queue is cut, and says so
_PAGE: Final = 2_000


def take_snapshot(repository: Repository, store: PersistenceStore) -> int:
    """Write down the jobs that are queued, running or paused; how many. With none, an old snapshot is removed.

    The snapshot is whole or not at all: the store replaces it in one step.

    Raises:
        StoreError: It cannot be written; the old one stands.
    """
    rows: list[dict[str, Any]] = []
    query = JobQuery(statuses=frozenset(ACTIVE))
    after: str | None = None
    while len(rows) < MOST:
        page = repository.jobs_page(query, after=after, limit=_PAGE)
        rows.extend(
            {
                "id": job.id,
                "kb_id": job.kb_id,
                "source_path": job.source_path,
                "status": job.status.value,
                "priority": job.priority,
                "progress": job.progress,
            }
            for job in page
        )
        if len(page) < _PAGE:
            break
        after = page[-1].id
    if not rows:
        store.delete(KEY)
        return 0
    record = {"saved_at": iso(datetime.now(UTC)), "complete": len(rows) < MOST, "jobs": rows[:MOST]}
    store.write(KEY, json.dumps(record).encode())
    return len(record["jobs"]) if isinstance(record["jobs"], list) else 0


def take_quietly(repository: Repository, store: PersistenceStore) -> None:
    """As ``take_snapshot``, for the end of a run: what goes wrong is logged, the ledger still has it all."""
    try:
        take_snapshot(repository, store)
    except IngestError as error:
        _log.warning("no snapshot", extra={"code": error.code, "cause": str(error)})
