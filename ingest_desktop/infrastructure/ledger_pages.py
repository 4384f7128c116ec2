"""What single pages of a damaged ledger tell: rows that no other page leads to any more, and which jobs there were.

Tables are told apart by the shape of their rows, indexes by that of their entries. What is known of jobs goes into
tables beside the new ledger, because there may be a million.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ingest_desktop.domain.enums import ACTIVE, JobStatus
from ingest_desktop.domain.interfaces.checks import Unsaved
from ingest_desktop.infrastructure.database import from_db_path
from ingest_desktop.infrastructure.raw_pages import Record, Value, records_of
from ingest_desktop.infrastructure.salvage import Salvaged

_STATUSES: Final = frozenset(status.value for status in JobStatus)
_ACTIVE: Final = ", ".join(f"'{status.value}'" for status in sorted(ACTIVE))
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "INTEGER": (int,), "REAL": (int, float), "TEXT": (str,), "": (int, float, str, bytes)
}  # fmt: skip
_MOST_PLACES: Final = 200  # to look again, of a knowledge base

# Entries of indexes: a job that is not deleted, with its status and batch where they are known; and its path.
_TOLD: Final = (
    "CREATE TEMP TABLE told_jobs (id INTEGER PRIMARY KEY, status TEXT, batch_id INTEGER)",
    "CREATE TEMP TABLE told_paths (id INTEGER PRIMARY KEY, kb_id TEXT, path)",
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the rows of a table look in its pages."""

    table: str
    names: tuple[str, ...]
    takes: tuple[tuple[type, ...], ...]
    optional: tuple[bool, ...]
    fewest: int  # columns: those behind have defaults, and older rows lack them

    def fits(self, values: Sequence[Value]) -> bool:
        """Whether a row of the table can be this."""
        if not self.fewest <= len(values) <= len(self.names):
            return False
        parts = zip(values, self.takes, self.optional, strict=False)
        return all(may_be_null if value is None else isinstance(value, takes) for value, takes, may_be_null in parts)


@dataclass(slots=True)
class Told:
    """What the pages of a damaged ledger told."""

    rows: int = 0  # that no page led to
    highest: int = 0  # id of a job that was ever given out
    counted: dict[str, int] = field(default_factory=dict)  # jobs of a knowledge base that had not been completed


def fill_from_pages(
    path: Path, target: sqlite3.Connection, tables: Iterable[str], found: Mapping[str, Salvaged]
) -> Told:
    """Put rows into ``target`` that lay where the tables of a damaged ledger could not be read; note which jobs there were."""
    for statement in _TOLD:
        target.execute(statement)
    shapes = [_shape_of(target, table) for table in tables]
    told = Told()
    for record in records_of(path):
        if record.rowid is None:
            _take_entry(target, record.values, told)
        else:
            _take_row(target, record, shapes, found, told)
    return told


def waiting_paths(target: sqlite3.Connection) -> list[tuple[int, str, str | bytes, int | None]]:
    """(id, knowledge base, path, batch) of active jobs whose rows are lost, and whose paths an index told.

    What is to be told to a knowledge base of a path stands in an index of the same shape: an entry counts when another
    index knows its job.
    """
    sql = (
        "SELECT p.id, p.kb_id, p.path, t.batch_id FROM told_paths p JOIN told_jobs t ON t.id = p.id "
        f"WHERE (t.status IN ({_ACTIVE}) OR t.status IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = p.id AND o.kb_id = p.kb_id AND o.path = p.path)) "
        "AND p.id NOT IN (SELECT id FROM ingest_jobs)"
    )
    return [(row[0], row[1], row[2], row[3]) for row in target.execute(sql)]


def unsaved_jobs(target: sqlite3.Connection, told: Told, jobs: Salvaged) -> Unsaved | None:
    """Jobs that are known to have been there and are not any more; None when all are.

    A job that was completed is not missed here: a knowledge base knows its path and what became of it, unless it was left
    out as no document, which nobody misses.
    """
    missing = "id NOT IN (SELECT id FROM ingest_jobs) AND status IS NOT 'completed'"
    sql = (
        f"SELECT count(*), coalesce(sum(status IN ({_ACTIVE})), 0), coalesce(sum(status = 'failed'), 0) FROM told_jobs"
    )
    named, waiting, failed = target.execute(f"{sql} WHERE {missing} AND status IS NOT NULL").fetchone()
    if told.counted:
        there = "SELECT count(*) FROM ingest_jobs WHERE deleted_at IS NULL AND status <> 'completed'"
        number = max(named, sum(told.counted.values()) - target.execute(there).fetchone()[0])
        is_exact = True
    elif not told.highest:  # no page told how many there were
        return Unsaved(None, False, 0, 0, _places(target, ""))
    else:
        (number,) = target.execute(f"SELECT count(*) FROM told_jobs WHERE {missing}").fetchone()
        number, is_exact = max(number, _unknown_ids(target, told, jobs)), False
    if number <= 0:
        return None
    batches = f"SELECT batch_id FROM told_jobs WHERE {missing} AND batch_id IS NOT NULL"
    is_told = target.execute(f"{batches} LIMIT 1").fetchone() is not None
    places = _places(target, f"AND b.id IN ({batches})" if is_told else "")
    return Unsaved(number, is_exact, waiting, failed, places)


def _unknown_ids(target: sqlite3.Connection, told: Told, jobs: Salvaged) -> int:
    """How many ids were given out to jobs that could not be read and are nowhere: of jobs that were removed, too."""
    (known,) = target.execute("SELECT coalesce(max(id), 0) FROM ingest_jobs").fetchone()
    highest, number = max(known, told.highest), 0
    for first, last in jobs.gaps:
        first, last = max(first, 1), min(last, highest)
        if first <= last:
            sql = "SELECT count(*) FROM ingest_jobs WHERE id BETWEEN ? AND ?"
            number += last - first + 1 - target.execute(sql, (first, last)).fetchone()[0]
    return number


def _places(target: sqlite3.Connection, where: str) -> tuple[tuple[str, str], ...]:
    """(knowledge base, path) of what was dropped, newest first."""
    sql = (
        "SELECT DISTINCT b.kb_id, s.path FROM ingest_sources s JOIN ingest_batches b ON b.id = s.batch_id "
        f"WHERE s.kind <> 'without' AND b.deleted_at IS NULL {where} ORDER BY b.id DESC LIMIT {_MOST_PLACES}"
    )
    rows = target.execute(sql).fetchall()
    return tuple((kb_id, from_db_path(path)) for kb_id, path in rows if isinstance(path, str | bytes))


def _shape_of(target: sqlite3.Connection, table: str) -> _Shape:
    columns = target.execute(f"PRAGMA table_info({table})").fetchall()
    fewest = len(columns)
    while columns[fewest - 1][4] is not None:
        fewest -= 1
    is_id = [bool(pk) and kind == "INTEGER" for _, _, kind, _, _, pk in columns]
    return _Shape(
        table=table,
        names=tuple(name for _, name, *_ in columns),
        takes=tuple(() if own else _TYPES[kind] for own, (_, _, kind, *_) in zip(is_id, columns, strict=True)),
        optional=tuple(own or not notnull for own, (_, _, _, notnull, *_) in zip(is_id, columns, strict=True)),
        fewest=fewest,
    )


def _take_row(
    target: sqlite3.Connection, record: Record, shapes: Sequence[_Shape], found: Mapping[str, Salvaged], told: Told
) -> None:
    values = record.values
    if len(values) == 2 and values[0] == "ingest_jobs" and isinstance(values[1], int):  # of sqlite_sequence
        told.highest = max(told.highest, values[1])
        return
    fitting = [shape for shape in shapes if shape.fits(values)]
    if len(fitting) != 1 or record.rowid is None or not found[fitting[0].table].may_have_held(record.rowid):
        return
    shape = fitting[0]
    filled = {name: value for name, value in zip(shape.names, values, strict=False) if value is not None}
    names = ", ".join(["rowid", *filled])
    with suppress(sqlite3.Error):
        insert = f"INSERT OR IGNORE INTO {shape.table} ({names}) VALUES ({', '.join('?' * (len(filled) + 1))})"
        told.rows += target.execute(insert, (record.rowid, *filled.values())).rowcount


def _take_entry(target: sqlite3.Connection, values: tuple[Value, ...], told: Told) -> None:
    match values:
        case (str(status), int(batch), int(job), int(again)) if status in _STATUSES and job == again:  # ix_status
            sql = "INSERT OR REPLACE INTO told_jobs (id, status, batch_id) VALUES (?, ?, ?)"
            target.execute(sql, (job, status, batch))
        case (int(), int(job), None, int(again)) if job == again:  # ix_revision
            target.execute("INSERT OR IGNORE INTO told_jobs (id) VALUES (?)", (job,))
        case (str(kb_id), str() | bytes() as path, int(job)):  # ux_active
            target.execute("INSERT OR IGNORE INTO told_paths (id, kb_id, path) VALUES (?, ?, ?)", (job, kb_id, path))
        case (str(scope), int(opened), int(paused), int(), int(failed), int(cancelled), int(), *_) if (
            scope[:3] == "kb:"
        ):
            told.counted[scope[3:]] = opened + paused + failed + cancelled
