"""Mending rows of the list of jobs that hold what cannot be, or contradict another row. Inside one transaction.

Of two rows that disagree the one that others agree with is believed; where nothing tells, what keeps more stays: a
deletion that nothing can take back is taken back, a job is listed rather than lost.
"""

import secrets
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import ACTIVE, Actor, JobStatus
from ingest_desktop.infrastructure.column_values import columns_in
from ingest_desktop.infrastructure.ledger_actions import write_history
from ingest_desktop.infrastructure.ledger_base import as_json, next_revision, to_micros, utc_now
from ingest_desktop.infrastructure.ledger_checks import (
    ACTIVE_DIFFERS,
    AT_LEAST_0,
    CONTRADICTED,
    LOST_DELETION,
    MISPLACED,
    SKIPPED_FITS,
    STATE,
    TYPED_TABLES,
    WRONG_WORD,
    WRONGLY_ENDED,
    wrong_name_keys,
)
from ingest_desktop.infrastructure.questions import mend_sequences

_IN: Final = "IN (SELECT value FROM json_each(?))"
ALREADY: Final = "its file is in the list already"


def settle_active(connection: Connection) -> int:
    """Whether a job counts as active follows its status; where its history and this mark agree, they tell the status."""
    rows = connection.exec_driver_sql(f"SELECT id, status, active FROM ingest_jobs WHERE {ACTIVE_DIFFERS}").all()
    last = "SELECT to_status FROM job_history WHERE job_id = ? ORDER BY id DESC LIMIT 1"
    for job, status, active in rows:
        told = connection.exec_driver_sql(last, (job,)).scalar() or JobStatus.QUEUED.value
        right = told if told in set(JobStatus) and (told in ACTIVE) == (active == 1) else status
        values = (right, 1 if right in ACTIVE else None, job)
        sql = "UPDATE OR IGNORE ingest_jobs SET status = ?, active = ? WHERE id = ?"
        if connection.exec_driver_sql(sql, values).rowcount == 0:  # its file is active by another job
            connection.exec_driver_sql(
                "UPDATE ingest_jobs SET status = 'cancelled', active = NULL WHERE id = ?", (job,)
            )
    return len(rows)


def part_doubles(connection: Connection) -> int:
    """Of several active jobs of one file the one that runs stays, or the oldest; the others are cancelled."""
    rows = connection.exec_driver_sql(
        "SELECT id, status FROM (SELECT id, status, row_number() OVER (PARTITION BY kb_id, source_path "
        "ORDER BY status <> 'running', id) AS place FROM ingest_jobs WHERE active = 1 AND deleted_at IS NULL) WHERE place > 1"
    ).all()
    now, before = to_micros(utc_now()), {row[0]: row[1] for row in rows}
    if not before:
        return 0
    write_history(connection, list(before), before, JobStatus.CANCELLED, now, Actor.RECOVERY, ALREADY)
    connection.exec_driver_sql(
        "UPDATE ingest_jobs SET status = 'cancelled', active = NULL, pause_scope = NULL, due_at = NULL, worker_id = NULL, "
        f"token = NULL, completed_at = ?, revision = ? WHERE id {_IN}",
        (now, next_revision(connection), as_json(list(before))),
    )
    return len(before)


def fit_values(connection: Connection) -> int:
    """Values that their column cannot hold become nothing, the default, or themselves as text."""
    number = 0
    for column in columns_in(connection, TYPED_TABLES):
        sql = f"UPDATE OR IGNORE {column.table} SET {column.name} = {column.mended} WHERE {column.unfit}"
        number += connection.exec_driver_sql(sql).rowcount
    return (
        number
        + connection.exec_driver_sql(f"UPDATE ingest_batches SET skipped = '{{}}' WHERE NOT {SKIPPED_FITS}").rowcount
    )


def place_jobs(connection: Connection) -> int:
    """A job and its batch name one knowledge base: that of the batch, unless all of its jobs agree on another."""
    sql = f"SELECT DISTINCT batch_id FROM ingest_jobs WHERE {MISPLACED}"
    listed = set(connection.exec_driver_sql("SELECT kb_id FROM knowledge_bases").scalars())
    batches = connection.exec_driver_sql(sql).scalars().all()
    number = 0
    for batch in batches:
        own = connection.exec_driver_sql("SELECT kb_id FROM ingest_batches WHERE id = ?", (batch,)).scalar()
        named = "SELECT DISTINCT kb_id FROM ingest_jobs WHERE batch_id = ?"
        others = set(connection.exec_driver_sql(named, (batch,)).scalars()) & listed
        if len(others) == 1 and own not in others:
            (own,) = others
            connection.exec_driver_sql("UPDATE ingest_batches SET kb_id = ? WHERE id = ?", (own, batch))
        change = "UPDATE OR IGNORE ingest_jobs SET kb_id = ?1 WHERE batch_id = ?2 AND kb_id <> ?1"
        if own in listed:
            number += connection.exec_driver_sql(change, (own, batch)).rowcount
    return max(number, len(batches))


def give_deletions(connection: Connection) -> int:
    """What was deleted can be taken back again; what was deleted before it was added was not deleted."""
    wrong = f"{LOST_DELETION} AND deleted_at < created_at"
    number = 0
    for table in ("ingest_jobs", "knowledge_bases"):
        number += connection.exec_driver_sql(
            f"UPDATE OR IGNORE {table} SET deleted_at = NULL, deletion_id = NULL WHERE {wrong}"
        ).rowcount
    token, now = f"d_{secrets.token_hex(8)}", to_micros(utc_now())
    for table, key in (("ingest_jobs", "NULL"), ("knowledge_bases", "kb_id")):
        lost = connection.exec_driver_sql(f"SELECT rowid, {key} FROM {table} WHERE {LOST_DELETION}").all()
        for kb_id in dict.fromkeys(row[1] for row in lost):
            deletion = connection.exec_driver_sql(
                "INSERT INTO deletions (token, at, actor, kb_id) VALUES (?, ?, ?, ?) RETURNING id",
                (f"{token}{kb_id or ''}", now, Actor.RECOVERY.value, kb_id),
            ).scalar_one()
            rows = as_json([row[0] for row in lost if row[1] == kb_id])
            number += connection.exec_driver_sql(
                f"UPDATE {table} SET deletion_id = ? WHERE rowid {_IN}", (deletion, rows)
            ).rowcount
    return number


def restore_bases(connection: Connection) -> int:
    """A knowledge base with jobs is not deleted, and one at least is there."""
    back = (
        "UPDATE OR IGNORE knowledge_bases SET deleted_at = NULL, deletion_id = NULL WHERE deleted_at IS NOT NULL AND "
    )
    number = connection.exec_driver_sql(
        f"{back} kb_id IN (SELECT kb_id FROM ingest_jobs WHERE deleted_at IS NULL)"
    ).rowcount
    number += connection.exec_driver_sql(
        f"{back} NOT EXISTS (SELECT 1 FROM knowledge_bases k WHERE k.deleted_at IS NULL) "
        "AND kb_id = (SELECT kb_id FROM knowledge_bases ORDER BY deleted_at DESC LIMIT 1)"
    ).rowcount
    return number


def name_bases(connection: Connection) -> int:
    """Names are compared as they are; one that is lost or taken gets another."""
    wrong = wrong_name_keys(connection)
    for kb_id, name in wrong:
        told = name or f"Recovered {kb_id}"
        for free in (told, f"{told} ({kb_id})"):
            sql = "UPDATE OR IGNORE knowledge_bases SET name = ?, name_key = ? WHERE kb_id = ?"
            if connection.exec_driver_sql(sql, (free, free.casefold(), kb_id)).rowcount:
                break
    return len(wrong)


def mend_outbox(connection: Connection) -> int:
    """What contradicts the list is not told; what it hid before is found by the next check."""
    number = connection.exec_driver_sql(f"DELETE FROM outbox WHERE {WRONG_WORD}").rowcount
    while found := connection.exec_driver_sql(f"DELETE FROM outbox WHERE id IN ({CONTRADICTED})").rowcount:
        number += found
    return number


def mend_state(connection: Connection) -> int:
    """Numbers of the program's state go on behind what the jobs tell."""
    number = 0
    for key, furthest in STATE.items():
        known = connection.exec_driver_sql(
            "SELECT value FROM app_state WHERE key = ? AND typeof(value) = 'integer'", (key,)
        ).scalar()
        least = int(connection.exec_driver_sql(f"SELECT {furthest or 0}").scalar_one())
        right = least if known is None else min(known, least) if key == "front" else max(known, least)
        if right != known:
            connection.exec_driver_sql("INSERT OR REPLACE INTO app_state (key, value) VALUES (?, ?)", (key, right))
            number += 1
    return number


def raise_numbers(connection: Connection) -> int:
    """What counts something is not below nothing."""
    sets = ", ".join(f"{name} = max(0, {name})" for name in AT_LEAST_0)
    wrong = " OR ".join(f"{name} < 0" for name in AT_LEAST_0)
    return connection.exec_driver_sql(f"UPDATE ingest_jobs SET {sets} WHERE {wrong}").rowcount


def end_batches(connection: Connection) -> int:
    """A batch has ended when nothing of it waits."""
    sql = f"UPDATE ingest_batches SET finished_at = iif(finished_at IS NULL, ?, NULL) WHERE {WRONGLY_ENDED}"
    return connection.exec_driver_sql(sql, (to_micros(utc_now()),)).rowcount


RowFix = tuple[str, Callable[[Connection], int], str]

FIRST_FIXES: Final[tuple[RowFix, ...]] = (
    ("active_differs", settle_active, "jobs count as active again, or not, as their status says"),
    ("unknown_value", fit_values, "values that could not be were put right"),
)
"""As ``ROW_FIXES``; before indexes are made anew, which could not be made over such rows."""

ROW_FIXES: Final[tuple[RowFix, ...]] = (
    ("job_in_other_knowledge_base", place_jobs, "jobs and batches name one knowledge base again"),
    ("deleted_without_deletion", give_deletions, "deletions can be taken back again, or were taken back"),
    ("no_knowledge_base", restore_bases, "knowledge bases were taken out of the trash"),
    ("job_of_deleted_knowledge_base", restore_bases, "knowledge bases with jobs were taken out of the trash"),
    ("name_differs", name_bases, "names of knowledge bases were put right"),
    ("outbox_differs", mend_outbox, "words about deletions that contradict the list were struck off"),
    ("state_differs", mend_state, "numbers of the store's state were put right"),
    ("sequence_behind", mend_sequences, "tables go on numbering behind what they hold"),
    ("number_out_of_range", raise_numbers, "jobs with numbers below nothing were put right"),
)
"""What mends a row by itself, in this order: the code of its finding, the mend, and what is told of it."""
