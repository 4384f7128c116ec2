"""Adding a path again whose job failed or found no text: that job is taken up again instead of a second one beside it.

Adding is then a retry, which the transition table allows. The job moves into the new batch, so that the
new drop counts it, pauses it and takes it out like any other of its files, and nothing stays red for a file that
was mended. A job that brought text is never taken up: taking the new drop back would delete that text. See ``ledger_gaps``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import JobEvent, JobStatus, Outcome, PauseScope, target_of
from ingest_desktop.infrastructure.ledger_actions import FRESH_START
from ingest_desktop.infrastructure.ledger_base import as_json
from ingest_desktop.infrastructure.ledger_schema import ACTIVE_SQL

MOST_FAILED: Final = 20_000  # all of them are looked through for each slice of files; beyond, adding would crawl
_FAILED: Final = JobStatus.FAILED.value
_COMPLETED: Final = JobStatus.COMPLETED.value
_HOW_MANY: Final = "SELECT failed, attention - failed FROM counters WHERE scope = 'kb:' || ?"
# The status first, by its index: failures are few beside all jobs, and no index has the paths of ended ones.
_FIND: Final = (
    "SELECT max(id), source_path FROM ingest_jobs AS ended INDEXED BY ix_status "
    f"WHERE status = '{_FAILED}' AND deleted_at IS NULL AND kb_id = ?1 "
    "AND source_path IN (SELECT value FROM json_each(?2)) AND NOT EXISTS "
    f"(SELECT 1 FROM ingest_jobs WHERE kb_id = ?1 AND source_path = ended.source_path AND {ACTIVE_SQL}) "
    "GROUP BY source_path"
)
# By the index of what paths brought: there may be any number of them, and one seek is all that a file costs.
_FIND_EMPTY: Final = (
    "SELECT max(id), source_path FROM ingest_jobs AS ended INDEXED BY ix_brought WHERE kb_id = ?1 "
    "AND source_path IN (SELECT value FROM json_each(?2)) AND deleted_at IS NULL "
    f"AND (status = '{_COMPLETED}' OR document_id IS NOT NULL) AND status = '{_COMPLETED}' AND outcome = '{Outcome.EMPTY.value}' "
    f"AND NOT EXISTS (SELECT 1 FROM ingest_jobs WHERE kb_id = ?1 AND source_path = ended.source_path AND {ACTIVE_SQL}) "
    "GROUP BY source_path"
)
# Counters are kept by triggers that look at the row's batch as it is now. So the job first leaves its old batch as a
# deleted one does, then changes its batch, which no trigger watches, and comes back into the new one.
_LEAVE: Final = "UPDATE ingest_jobs SET deleted_at = ? WHERE id IN (SELECT value FROM json_each(?))"
_MOVE: Final = (
    "UPDATE ingest_jobs SET batch_id = ?, byte_size = ?, mtime_ns = ?, inode = ?, ctime_ns = ?, priority = ?, "
    "queue_position = ? WHERE id = ?"
)
_COME_BACK: Final = (
    f"UPDATE ingest_jobs SET deleted_at = NULL, status = ?, active = 1, pause_scope = ?, {FRESH_START}, "
    "worker_id = NULL, token = NULL, revision = ?, updated_at = ? WHERE id IN (SELECT value FROM json_each(?))"
)
_HISTORY: Final = (
    "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) VALUES (?, ?, ?, ?, ?, ?)"
)
REASON: Final = "added again"


def ended_before(connection: Connection, kb_id: str, paths: Iterable[object]) -> dict[object, tuple[int, JobStatus]]:
    """The last job of each path that failed or found no text, and how it ended, unless the path is in the list otherwise.

    Paths are as the ledger stores them; those that are no Unicode are left out, and get a job of their own.
    """
    failed, others = connection.exec_driver_sql(_HOW_MANY, (kb_id,)).first() or (0, 0)
    asked = [(_FIND, JobStatus.FAILED)] if 0 < failed <= MOST_FAILED else []
    asked += [(_FIND_EMPTY, JobStatus.COMPLETED)] if others > 0 else []
    plain = as_json([path for path in paths if isinstance(path, str)]) if asked else ""
    found: dict[object, tuple[int, JobStatus]] = {}
    for sql, status in asked:
        for job_id, path in connection.exec_driver_sql(sql, (kb_id, plain)):
            found[path] = max(found.get(path, (0, status)), (job_id, status))
    return found


def take_up(
    connection: Connection,
    jobs: Mapping[int, JobStatus],
    heads: Sequence[tuple[Any, ...]],
    *,
    scope: PauseScope | None,
    origin: str,
    revision: int,
    now: int,
) -> None:
    """Let jobs that have ended wait again, in another batch.

    Args:
        jobs: With how they ended.
        heads: For each of them its new batch, size, file times and numbers, priority and place in the queue.
        scope: What is paused that they come into, if anything is.
    """
    ids = as_json(list(jobs))
    waiting, paused = target_of(JobEvent.RETRY).value, JobStatus.PAUSED.value
    connection.exec_driver_sql(_LEAVE, (now, ids))
    connection.exec_driver_sql(_MOVE, [(*head, job) for job, head in zip(jobs, heads, strict=True)])
    status = paused if scope else waiting
    connection.exec_driver_sql(_COME_BACK, (status, scope.value if scope else None, revision, now, ids))
    history = [(job, now, before.value, waiting, origin, REASON) for job, before in jobs.items()]
    if scope:
        history += [(job, now, waiting, paused, origin, f"paused: {scope.value}") for job in jobs]
    connection.exec_driver_sql(_HISTORY, history)
