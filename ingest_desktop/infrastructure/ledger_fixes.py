"""Mending the list of jobs inside one transaction: what can be derived is made anew from the rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Actor, JobEvent, JobPhase, JobStatus, Outcome, PauseScope, target_of
from ingest_desktop.domain.interfaces.checks import Mended
from ingest_desktop.infrastructure.ledger_actions import FRESH_START, write_history
from ingest_desktop.infrastructure.ledger_base import (
    as_json,
    next_revision,
    parts_of,
    settle_batches,
    to_micros,
    utc_now,
)
from ingest_desktop.infrastructure.ledger_checks import (
    ASTRAY,
    BROKEN_STEPS,
    LEFT_OVER,
    LEGAL_STEPS,
    UNHELD,
    UNLISTED,
    UNWORKED,
    WITHOUT_RECEIPT,
    real_counters,
    real_failures,
)
from ingest_desktop.infrastructure.ledger_outbox import GONE
from ingest_desktop.infrastructure.ledger_schema import COUNTED, LIBRARY_ID, LIBRARY_NAME
from ingest_desktop.infrastructure.questions import words_of
from ingest_desktop.infrastructure.row_fixes import (
    FIRST_FIXES,
    ROW_FIXES,
    RowFix,
    end_batches,
    part_doubles,
    place_jobs,
)
from ingest_desktop.infrastructure.shapes import make_shapes, wrong_shapes

_IN: Final = "IN (SELECT value FROM json_each(?))"
RECOVERED: Final = "Recovered"

_DERIVED_JOBS: Final = (
    (
        "unknown_value",
        f"UPDATE ingest_jobs SET phase = CASE status WHEN 'completed' THEN 'finalising' ELSE 'waiting' END "
        f"WHERE phase NOT IN ({words_of(JobPhase)})",
    ),
    (
        "unknown_value",
        "UPDATE ingest_jobs SET outcome = CASE WHEN status = 'completed' AND document_id IS NOT NULL "
        f"THEN iif(chunk_count > 0, 'ingested', 'empty') END WHERE outcome NOT IN ({words_of(Outcome)})",
    ),
    (
        "unknown_value",
        "UPDATE ingest_jobs SET pause_scope = iif(status = 'paused', 'job', NULL) "
        f"WHERE pause_scope NOT IN ({words_of(PauseScope)})",
    ),
    ("worker_of_no_running_job", f"UPDATE ingest_jobs SET worker_id = NULL, token = NULL WHERE {UNHELD}"),
    (
        "pause_scope_differs",
        "UPDATE ingest_jobs SET pause_scope = iif(status = 'paused', 'job', NULL) "
        "WHERE (status = 'paused') <> (pause_scope IS NOT NULL)",
    ),
    (
        "left_over_value",
        "UPDATE ingest_jobs SET outcome = iif(status = 'completed', outcome, NULL), gaps = iif(status = 'completed', gaps, 0), "
        "due_at = iif(status IN ('queued', 'paused'), due_at, NULL), deletion_id = iif(deleted_at IS NULL, NULL, deletion_id) "
        f"WHERE {LEFT_OVER}",
    ),
    ("empty_with_text", "UPDATE ingest_jobs SET outcome = 'ingested' WHERE outcome = 'empty' AND chunk_count > 0"),
    (
        "unknown_actor",
        f"UPDATE job_history SET actor = '{Actor.RECOVERY.value}' WHERE actor NOT IN ({words_of(Actor)})",
    ),
    ("failed_without_reason", "UPDATE ingest_jobs SET error_code = 'ingest' WHERE status = 'failed' AND error_code IS NULL"),
    (
        "failed_without_message",
        "UPDATE ingest_jobs SET error_message = 'Why it failed was lost.' WHERE status = 'failed' AND error_message IS NULL",
    ),
    ("dead_letter_not_failed", "UPDATE ingest_jobs SET dead_lettered = 0 WHERE status <> 'failed' AND dead_lettered <> 0"),
    ("progress_out_of_range", "UPDATE ingest_jobs SET progress = iif(status = 'completed', 1.0, min(1.0, max(0.0, progress))) "
     "WHERE NOT progress BETWEEN 0 AND 1 OR (status = 'completed' AND progress < 1)"),
    ("receipt_without_job", "DELETE FROM job_receipts WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("history_without_job", "DELETE FROM job_history WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("source_without_batch", "DELETE FROM ingest_sources WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    (
        "outbox_without_knowledge_base",
        "DELETE FROM outbox WHERE op <> 'drop' AND kb_id NOT IN (SELECT kb_id FROM knowledge_bases)",
    ),
)  # fmt: skip


def fix_ledger(connection: Connection, codes: Iterable[str] | None = None) -> list[Mended]:
    """Mend the ledger inside a transaction; without ``codes``, all that can be. The counters come last, always."""
    wanted = None if codes is None else set(codes)

    def asked(code: str) -> bool:
        return wanted is None or code in wanted

    done: list[Mended] = []
    if wanted is not None and "store_damaged" in wanted:  # an index that lacks rows of its table, perhaps
        connection.exec_driver_sql("REINDEX")
    if any(not shape.can_be_made for shape in wrong_shapes(connection.exec_driver_sql, of_ledger=True)):
        return []  # a table is not what it should be: that is for `repair`, and stays a finding
    done += _take_steps(
        connection, _BEFORE, lambda code: asked(code) or (code == "active_differs" and asked("store_damaged"))
    )
    if asked("job_without_knowledge_base"):
        done += _list_bases(connection)
    if asked("unknown_status"):  # before all that looks at it
        done += _derive_status(connection)
    done += _take_steps(connection, _STEPS, asked)
    for code, statement in _DERIVED_JOBS:
        if asked(code) and (number := connection.exec_driver_sql(statement).rowcount) > 0:
            done.append(Mended(code, "ledger", f"{code.replace('_', ' ')}: {number} rows put right"))
    if asked("status_differs_from_history") or asked("illegal_transition"):
        done += _walk_anew(connection)
    done += _recount(connection)
    if asked("batch_end_differs") and (number := end_batches(connection)):
        done.append(Mended("batch_end_differs", "ledger", f"batches have ended, or not, as their jobs say: {number}"))
    if asked("names_differ"):
        connection.exec_driver_sql("INSERT INTO job_names (job_names) VALUES ('rebuild')")
        done.append(Mended("names_differ", "ledger", "the index of names was made anew"))
    return done


def _take_steps(connection: Connection, steps: Iterable[RowFix], asked: Callable[[str], bool]) -> list[Mended]:
    """Those that are asked for, in their order; what did something is told."""
    done = []
    for code, step, text in steps:
        if asked(code) and (number := step(connection)):
            done.append(Mended(code, "ledger", f"{text}: {number}"))
    return done


def _list_bases(connection: Connection) -> list[Mended]:
    """A row for each knowledge base that has jobs and is not listed, by a name that is free."""
    found = [str(kb_id) for kb_id in connection.exec_driver_sql(UNLISTED).scalars()]
    for kb_id in found:
        name = first = LIBRARY_NAME if kb_id == LIBRARY_ID else f"{RECOVERED} {kb_id}"
        turn = 1
        while connection.exec_driver_sql(
            "SELECT 1 FROM knowledge_bases WHERE name_key = ?", (name.casefold(),)
        ).first():
            turn += 1
            name = f"{first} {turn}"
        connection.exec_driver_sql("DELETE FROM counters WHERE scope = ?", (f"kb:{kb_id}",))  # a trigger makes it
        connection.exec_driver_sql(
            "INSERT INTO knowledge_bases (kb_id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
            (kb_id, name, name.casefold(), to_micros(utc_now())),
        )
    return [Mended("job_without_knowledge_base", "ledger", f"listed again: {', '.join(found)}")] if found else []


def _derive_status(connection: Connection) -> list[Mended]:
    """A status that is none becomes where the last legal step of the history led; a job without one waits."""
    known = f"status NOT IN ({words_of(JobStatus)})"
    rows = connection.exec_driver_sql(f"SELECT id FROM ingest_jobs WHERE {known}").scalars().all()
    for job in rows:
        last = connection.exec_driver_sql(
            f"SELECT to_status FROM job_history WHERE job_id = ? AND to_status IN ({words_of(JobStatus)}) AND "
            f"(from_status IS NULL OR (from_status, to_status) IN (VALUES {LEGAL_STEPS})) ORDER BY id DESC LIMIT 1",
            (job,),
        ).scalar()
        status = JobStatus(last or JobStatus.QUEUED.value)
        values = (status.value, None if status.is_terminal else 1, job)
        moved = connection.exec_driver_sql(
            "UPDATE OR IGNORE ingest_jobs SET status = ?, active = ? WHERE id = ?", values
        )
        if moved.rowcount == 0:  # another job of its path is active: that one reads the file
            connection.exec_driver_sql(
                "UPDATE ingest_jobs SET status = 'cancelled', active = NULL WHERE id = ?", (job,)
            )
    if not rows:
        return []
    return [Mended("unknown_status", "ledger", f"statuses derived from the history: {len(rows)}")]


def _adopt(connection: Connection) -> int:
    """A batch for each job that names one that is not there."""
    rows = connection.exec_driver_sql(
        "SELECT batch_id, min(kb_id), min(created_at) FROM ingest_jobs "
        "WHERE batch_id NOT IN (SELECT id FROM ingest_batches) GROUP BY batch_id"
    ).fetchall()
    known = set(connection.exec_driver_sql("SELECT kb_id FROM knowledge_bases").scalars())
    rows = [row for row in rows if row[1] in known]
    if rows:  # a trigger makes their counters, which may be left of the batch that was lost
        connection.exec_driver_sql(
            f"DELETE FROM counters WHERE scope {_IN}", (as_json([f"batch:{row[0]}" for row in rows]),)
        )
        connection.exec_driver_sql(
            "INSERT INTO ingest_batches (id, kb_id, label, origin, discovering, created_at) VALUES (?, ?, ?, ?, 0, ?)",
            [(batch, kb_id, RECOVERED, Actor.RECOVERY.value, at) for batch, kb_id, at in rows],
        )
    return len(rows)


def _release(connection: Connection) -> int:
    sql = f"SELECT id, status, batch_id FROM ingest_jobs WHERE {UNWORKED}"
    return _move(connection, connection.exec_driver_sql(sql).fetchall(), JobEvent.RECOVER, "nobody worked on it")


def _complete_again(connection: Connection) -> int:
    rows = connection.exec_driver_sql(
        "SELECT id, status, batch_id FROM ingest_jobs WHERE status = 'completed' AND deleted_at IS NULL AND "
        f"(outcome IS NULL OR (document_id IS NULL AND outcome <> 'left_out' AND message IS NOT '{GONE}'))"
    ).fetchall()
    return _move(connection, rows, JobEvent.RETRY, "its outcome was lost")


def _owe_again(connection: Connection) -> int:
    rows = connection.exec_driver_sql(WITHOUT_RECEIPT).scalars().all()
    return queue_again(connection, rows, "its receipt was lost")


def queue_again(connection: Connection, job_ids: Iterable[int], reason: str) -> int:
    """Let completed jobs wait to be read again, whatever their outcome; how many. A path that is active already stays so."""
    rows: list[Sequence[Any]] = []
    for part in parts_of(job_ids):
        sql = f"SELECT id, status, batch_id FROM ingest_jobs WHERE id {_IN} AND status = 'completed' AND deleted_at IS NULL"
        rows += connection.exec_driver_sql(sql, (as_json(part),)).fetchall()
    return _move(connection, rows, JobEvent.RETRY, reason)


def _move(connection: Connection, rows: Sequence[Sequence[Any]], event: JobEvent, reason: str) -> int:
    """Let rows of (id, status, batch id) wait, with a step in their history."""
    if not rows:
        return 0
    now, revision, before = to_micros(utc_now()), next_revision(connection), {row[0]: row[1] for row in rows}
    moved: list[int] = []
    for part in parts_of(before):
        moved += connection.exec_driver_sql(
            f"UPDATE OR IGNORE ingest_jobs SET status = ?, active = 1, {FRESH_START}, progress = 0, document_id = NULL, "
            "pause_scope = NULL, chunk_count = 0, worker_id = NULL, token = NULL, revision = ?, updated_at = ? "
            f"WHERE id {_IN} RETURNING id",
            (target_of(event).value, revision, now, as_json(part)),
        ).scalars()
    write_history(connection, moved, before, target_of(event), now, Actor.RECOVERY, reason)
    settle_batches(connection, {row[2] for row in rows}, now)
    return len(moved)


def _walk_anew(connection: Connection) -> list[Mended]:
    """A history that is not a walk to where the job stands goes on from there: what is written stays, a new start follows.

    Steps that no table knows cannot stay: they are the ones that go.
    """
    broken = {row[0] for row in connection.exec_driver_sql(BROKEN_STEPS)}
    for part in parts_of(sorted(broken)):
        connection.exec_driver_sql(f"DELETE FROM job_history WHERE job_id {_IN}", (as_json(part),))
    astray = [*broken, *(row[0] for row in connection.exec_driver_sql(ASTRAY) if row[0] not in broken)]
    now = to_micros(utc_now())
    for part in parts_of(sorted(astray)):
        connection.exec_driver_sql(
            "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) "
            f"SELECT id, ?, NULL, status, ?, 'its history was damaged' FROM ingest_jobs WHERE id {_IN}",
            (now, Actor.RECOVERY.value, as_json(part)),
        )
    if not astray:
        return []
    return [
        Mended("status_differs_from_history", "ledger", f"histories begin anew where the job stands: {len(astray)}")
    ]


_BEFORE: Final[tuple[RowFix, ...]] = (
    *FIRST_FIXES,
    ("schema_differs", part_doubles, "files that were active twice"),
    (
        "schema_differs",
        lambda connection: make_shapes(connection, of_ledger=True),
        "indexes and triggers were made anew",
    ),
    ("job_in_other_knowledge_base", place_jobs, "jobs name the knowledge base of their batch"),
)
_STEPS: Final[tuple[RowFix, ...]] = (
    *ROW_FIXES,
    ("job_without_batch", _adopt, "batches were made for jobs that had none"),
    ("running_without_worker", _release, "running jobs that nobody worked on wait again"),
    ("completed_without_outcome", _complete_again, "completed jobs without an outcome are read again"),
    ("completed_without_receipt", _owe_again, "completed jobs without a receipt are read again"),
)


def _recount(connection: Connection) -> list[Mended]:
    """Counters are what the rows say."""
    real, failures = real_counters(connection), real_failures(connection)
    columns = ", ".join(COUNTED)
    kept = {row[0]: tuple(row[1:]) for row in connection.exec_driver_sql(f"SELECT scope, {columns} FROM counters")}
    told = {
        row[0]: row[1] for row in connection.exec_driver_sql("SELECT error_code, n FROM failure_counters WHERE n <> 0")
    }
    wrong = [scope for scope in {*real, *kept} if kept.get(scope) != real.get(scope)]
    if wrong:
        connection.exec_driver_sql("DELETE FROM counters")
        marks = ", ".join("?" * (len(COUNTED) + 1))
        if real:
            rows = [(scope, *numbers) for scope, numbers in real.items()]
            connection.exec_driver_sql(f"INSERT INTO counters (scope, {columns}) VALUES ({marks})", rows)
        batches = [int(scope[6:]) for scope in wrong if scope.startswith("batch:") and scope in real]
        settle_batches(connection, batches, to_micros(utc_now()))
    if failures != told:
        connection.exec_driver_sql("DELETE FROM failure_counters")
        if failures:
            sql = "INSERT INTO failure_counters (error_code, n) VALUES (?, ?)"
            connection.exec_driver_sql(sql, list(failures.items()))
    if wrong or failures != told:
        next_revision(connection)
        return [Mended("counters_differ", "ledger", f"counted anew: {len(wrong) + int(failures != told)}")]
    return []
