"""Jobs of a damaged ledger whose rows are gone, told by what else knows of them: indexes, snapshot, knowledge bases.

Only jobs whose rows lay where the damaged file could not be read are made again: one that is missing elsewhere was removed.
"""

import json
import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.infrastructure.content_receipts import receipt_of
from ingest_desktop.infrastructure.database import from_db_path, open_read_only, readable_name, to_db_path
from ingest_desktop.infrastructure.ledger_base import to_micros, utc_now
from ingest_desktop.infrastructure.ledger_pages import waiting_paths
from ingest_desktop.infrastructure.ledger_schema import ACTIVE_SQL, LIBRARY_ID, LIBRARY_NAME
from ingest_desktop.infrastructure.salvage import Salvaged, read_rows

SNAPSHOT: Final = Path("staged", "queue", "unfinished.json")
RECOVERED: Final = "Recovered"
_ENDED: Final = (
    "active = NULL, pause_scope = NULL, due_at = NULL, worker_id = NULL, token = NULL, error_code = NULL, "
    "error_message = NULL, message = NULL, dead_lettered = 0, crashes = 0, deleted_at = NULL, deletion_id = NULL"
)

_PATHS: Final = (
    "SELECT p.path, p.job, p.size, p.mtime_ns, p.inode, p.ctime_ns, p.hidden, d.document_id, d.created_at, v.sha256, "
    "v.media_type, v.chunks FROM paths p JOIN documents d ON d.id = p.document JOIN versions v ON v.id = d.version"
)


def fill_from_indexes(source: sqlite3.Connection, target: sqlite3.Connection) -> set[int]:
    """Active jobs that the damaged file still has in the index of active paths; their ids."""
    active: set[int] = set()
    sql = f"SELECT rowid, kb_id, source_path FROM ingest_jobs INDEXED BY ux_active WHERE {ACTIVE_SQL}"
    for job_id, kb_id, path in read_rows(source, sql):
        if isinstance(job_id, int) and isinstance(kb_id, str) and isinstance(path, str | bytes):
            _queue(target, job_id, kb_id, path, 0)
            active.add(job_id)
    return active


def fill_from_entries(target: sqlite3.Connection) -> set[int]:
    """As ``fill_from_indexes``, from single pages of indexes: ``fill_from_pages`` noted them. The jobs keep their batch."""
    active: set[int] = set()
    for job_id, kb_id, path, batch_id in waiting_paths(target):
        _queue(target, job_id, kb_id, path, 0, batch_id)
        active.add(job_id)
    return active


def knows_worker(path: Path, worker_id: str) -> bool:
    """Whether a ledger is the one that this worker was registered in: no other store has its name."""
    if not path.exists():
        return False
    with suppress(sqlite3.DatabaseError, StoreError, OSError), closing(open_read_only(path)) as connection:
        return connection.execute("SELECT 1 FROM workers WHERE id = ?", (worker_id,)).fetchone() is not None
    return False


def fill_from_snapshot(root: Path, target: sqlite3.Connection, found: Salvaged) -> None:
    """Jobs that were unfinished when the program last ended."""
    try:
        jobs = json.loads((root / SNAPSHOT).read_bytes())["jobs"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for job in jobs:
        with suppress(KeyError, TypeError, ValueError):
            job_id, path = int(job["id"]), to_db_path(job["source_path"])
            if found.may_have_held(job_id):
                _queue(target, job_id, str(job["kb_id"]), path, int(job["priority"]))


def fill_from_contents(root: Path, target: sqlite3.Connection, found: Salvaged, active: set[int]) -> None:
    """Knowledge bases that nobody lists, and jobs for what they hold.

    Args:
        active: Ids of jobs that are known to be active now, and not only in an older copy.
    """
    _ensure_base(target, LIBRARY_ID, LIBRARY_NAME)
    for file in sorted(root.glob("*/kb.db")):
        fill_from_content(file, target, found, active)
    for (kb_id,) in target.execute(
        "SELECT DISTINCT kb_id FROM ingest_jobs UNION SELECT kb_id FROM ingest_batches"
    ).fetchall():
        if isinstance(kb_id, str):
            _ensure_base(target, kb_id, f"{RECOVERED} {kb_id}")


def fill_from_content(file: Path, target: sqlite3.Connection, found: Salvaged, active: set[int]) -> None:
    """As ``fill_from_contents``, of one knowledge base."""
    kb_id = file.parent.name
    _ensure_base(target, kb_id, f"{RECOVERED} {kb_id}")
    with suppress(sqlite3.DatabaseError, StoreError, OSError), closing(open_read_only(file)) as content:
        for row in read_rows(content, _PATHS):
            _complete(target, content, kb_id, row, found, active)


def _ensure_base(target: sqlite3.Connection, kb_id: str, name: str) -> None:
    if target.execute("SELECT 1 FROM knowledge_bases WHERE kb_id = ?", (kb_id,)).fetchone():
        return
    turn, free = 1, name
    while target.execute("SELECT 1 FROM knowledge_bases WHERE name_key = ?", (free.casefold(),)).fetchone():
        turn += 1
        free = f"{name} {turn}"
    target.execute(
        "INSERT INTO knowledge_bases (kb_id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
        (kb_id, free, free.casefold(), to_micros(utc_now())),
    )


def _complete(
    target: sqlite3.Connection,
    content: sqlite3.Connection,
    kb_id: str,
    row: Any,
    found: Salvaged,
    active: set[int],
) -> None:
    """A completed job for a path that can be found and has none; a deletion for one that cannot and has none.

    A row that an older copy told of, and that the content has overtaken, becomes that job: a path is listed once.
    """
    path, job_id, size, mtime, inode, ctime, hidden, document_id, created, sha256, media_type, chunks = row
    sql = "SELECT deleted_at IS NULL FROM ingest_jobs WHERE kb_id = ? AND source_path = ? AND status = 'completed'"
    known = target.execute(f"{sql} ORDER BY 1 DESC", (kb_id, path)).fetchone()
    if (known is not None and (known[0] or hidden)) or not found.may_have_held(job_id):
        return
    older = _overtaken(target, kb_id, path, job_id)
    if older is not None and (older in active or older > job_id or not found.may_have_held(older)):
        return  # it waits to be read now: that tells the rest
    now = to_micros(utc_now())
    if hidden:
        target.execute("DELETE FROM ingest_jobs WHERE id = ?", (older,))
        told = (kb_id, "purge", path, now)
        target.execute("INSERT INTO outbox (kb_id, op, path, at) VALUES (?, ?, ?, ?)", told)
        return
    at = now
    with suppress(ValueError, TypeError):
        at = to_micros(datetime.fromisoformat(created))
    outcome = Outcome.INGESTED if chunks else Outcome.EMPTY
    receipt = receipt_of(content, document_id, sha256)
    values = {
        "byte_size": size, "mtime_ns": mtime, "inode": inode, "ctime_ns": ctime, "status": JobStatus.COMPLETED.value,
        "phase": JobPhase.FINALISING.value, "outcome": outcome.value, "progress": 1.0, "attempts": 1, "checksum": sha256,
        "mime_type": media_type, "document_id": document_id, "chunk_count": chunks, "created_at": at, "completed_at": at,
        "gaps": len(receipt.units_failed) if receipt else 0,
    }  # fmt: skip
    if older is None:
        made = _insert(target, job_id, kb_id, path, values)
    else:
        made = older
        columns = ", ".join(f"{name} = ?" for name in values)
        target.execute(f"UPDATE ingest_jobs SET {_ENDED}, {columns} WHERE id = ?", (*values.values(), older))
    if made is not None and receipt is not None:
        text = receipt.model_dump_json(exclude_defaults=True)
        how = "IGNORE" if made == job_id and older is None else "REPLACE"  # its own one may have been read
        target.execute(f"INSERT OR {how} INTO job_receipts (job_id, json) VALUES (?, ?)", (made, text))


def _overtaken(target: sqlite3.Connection, kb_id: str, path: str | bytes, job_id: int) -> int | None:
    """The row of a path that is active, or else has this id."""
    sql = "SELECT id FROM ingest_jobs WHERE kb_id = ? AND source_path = ? AND (active = 1 OR id = ?)"
    row = target.execute(f"{sql} ORDER BY active DESC LIMIT 1", (kb_id, path, job_id)).fetchone()
    return None if row is None else int(row[0])


def _queue(
    target: sqlite3.Connection,
    job_id: int,
    kb_id: str,
    path: str | bytes,
    priority: int,
    batch_id: int | None = None,
) -> None:
    """A waiting job, unless its row is there, or its path waits already."""
    if target.execute("SELECT 1 FROM ingest_jobs WHERE id = ?", (job_id,)).fetchone():
        return
    values = {"status": JobStatus.QUEUED.value, "active": 1, "priority": priority, "created_at": to_micros(utc_now())}
    sql = "SELECT 1 FROM ingest_batches WHERE id = ? AND kb_id = ? AND deleted_at IS NULL"
    if batch_id is not None and target.execute(sql, (batch_id, kb_id)).fetchone():
        values["batch_id"] = batch_id
    _insert(target, job_id, kb_id, path, values)


def _insert(
    target: sqlite3.Connection, job_id: int, kb_id: str, path: str | bytes, values: dict[str, Any]
) -> int | None:
    """A job with this id; under another when a job of another path has it. The id, or None when its path waits already."""
    taken = target.execute("SELECT 1 FROM ingest_jobs WHERE id = ?", (job_id,)).fetchone()
    name = os.path.basename(from_db_path(path)) or from_db_path(path)
    row = {
        "byte_size": 0, "mtime_ns": 0, "inode": 0, "ctime_ns": 0, "priority": 0, "queue_position": job_id, "revision": 0,
        "updated_at": to_micros(utc_now()), "kb_id": kb_id,
        "batch_id": values.get("batch_id") or _batch(target, kb_id), "source_path": path,
        "original_filename": readable_name(name), **({} if taken else {"id": job_id}), **values,
    }  # fmt: skip
    columns = ", ".join(row)
    sql = f"INSERT OR IGNORE INTO ingest_jobs ({columns}) VALUES ({', '.join('?' * len(row))})"
    made = target.execute(sql, tuple(row.values()))
    return made.lastrowid if made.rowcount > 0 else None


def _batch(target: sqlite3.Connection, kb_id: str) -> int:
    """The batch that recovered jobs of a knowledge base are listed in."""
    sql = "SELECT id FROM ingest_batches WHERE kb_id = ? AND label = ? AND origin = 'recovery'"
    known = target.execute(sql, (kb_id, RECOVERED)).fetchone()
    if known:
        return int(known[0])
    made = target.execute(
        "INSERT INTO ingest_batches (kb_id, label, origin, discovering, created_at) VALUES (?, ?, 'recovery', 0, ?)",
        (kb_id, RECOVERED, to_micros(utc_now())),
    )
    return int(made.lastrowid or 0)
