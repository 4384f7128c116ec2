"""A ``JobQuery`` as SQL: one keyset walk, along an index wherever one gives the order.

Each order is a tuple of columns that ends with the id, so every job has one place and a page begins right
after the last job of the page before. Several statuses become one walk each, merged in order by SQLite.
"""

from array import array
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.causes import CAUSES, Cause, codes_of
from ingest_desktop.domain.models import JobOrder, JobQuery

# Each column with its natural direction: +1 grows, -1 falls.
_ORDERS: Final[dict[JobOrder, tuple[tuple[str, int], ...]]] = {
    JobOrder.ADDED: (("batch_id", -1), ("id", 1)),
    JobOrder.QUEUE: (("priority", -1), ("queue_position", 1), ("id", 1)),
    JobOrder.NAME: (("original_filename COLLATE NOCASE", 1), ("id", 1)),
    JobOrder.STATUS: (("status", 1), ("batch_id", -1), ("id", 1)),
    JobOrder.SIZE: (("byte_size", 1), ("id", 1)),
    JobOrder.PROGRESS: (("progress", 1), ("id", 1)),
    JobOrder.UPDATED: (("revision", 1), ("id", 1)),
}
_TRIGRAM: Final = 3


class Listing:
    """One query, ready to be asked for pages."""

    def __init__(self, query: JobQuery) -> None:
        turn = -1 if query.descending else 1
        self._keys = [(column, sign * turn) for column, sign in _ORDERS[query.order]]
        self._columns = ", ".join(["id", *(column.split(" ")[0] for column, _ in self._keys)])

        self._branches = self._make_branches(query)
        self._tables = [f"ingest_jobs{_hint(query, branch)}" for branch, _ in self._branches]
        self.place_sql = f"SELECT {self._columns} FROM ingest_jobs WHERE id = ?"

    @staticmethod
    def place_of(row: Sequence[Any]) -> tuple[Any, ...]:
        """The place of a row of ``rows`` in the order."""
        return tuple(row[1:])

    def rows(self, connection: Connection, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Sequence[Any]]:
        """At most ``limit`` rows of (id, place...), in order, behind ``after``."""
        steps: list[tuple[str, tuple[Any, ...]]] = [("", ())] if after is None else self._behind(after)
        found: list[Sequence[Any]] = []
        for condition, values in steps:
            if len(found) >= limit:
                break
            sql, parameters = self._statement(condition, values)
            cursor = connection.exec_driver_sql(f"{sql} LIMIT ?", (*parameters, limit - len(found)))
            found.extend(cursor.fetchall())
        return found

    def ids(self, connection: Connection, *, after: tuple[Any, ...] | None, limit: int) -> "array[int]":
        """As ``rows``, the ids alone: SQLite writes them into one text, and the interpreter is free meanwhile.

        Fetched as rows they would take it for each, five times as long and in the way of whoever paints.
        """
        steps: list[tuple[str, tuple[Any, ...]]] = [("", ())] if after is None else self._behind(after)
        found = array("q")
        for condition, values in steps:
            if len(found) >= limit:
                break
            sql, parameters = self._statement(condition, values)
            # The limit keeps the inner select, and with it the order, apart from the sum.
            packed = f"SELECT group_concat(id) FROM ({sql} LIMIT ?)"
            text = connection.exec_driver_sql(packed, (*parameters, limit - len(found))).scalar()
            if text is not None:
                found.extend(map(int, str(text).split(",")))
        return found

    def _behind(self, after: tuple[Any, ...]) -> list[tuple[str, tuple[Any, ...]]]:
        """What lies behind a place, nearest first: each condition is one range of the index, so each is a seek.

        A row value comparison would do for one direction only; most orders mix two.
        """
        steps = []
        for depth in reversed(range(len(self._keys))):
            same = "".join(f" AND {column} = ?" for column, _ in self._keys[:depth])
            column, sign = self._keys[depth]
            steps.append((f"{same} AND {column} {'>' if sign > 0 else '<'} ?", tuple(after[: depth + 1])))
        return steps

    def _statement(self, condition: str, values: tuple[Any, ...]) -> tuple[str, list[Any]]:
        order = ", ".join(f"{column} {'ASC' if sign > 0 else 'DESC'}" for column, sign in self._keys)
        if len(self._branches) == 1:
            where, parameters = self._branches[0]
            sql = f"SELECT {self._columns} FROM {self._tables[0]} WHERE {where}{condition} ORDER BY {order}"
            return sql, [*parameters, *values]
        parts, everything = [], []
        for table, (where, parameters) in zip(self._tables, self._branches, strict=True):
            parts.append(f"SELECT {self._columns} FROM {table} WHERE {where}{condition}")
            everything += [*parameters, *values]
        # A compound select is ordered by its columns' numbers; the first is the id itself.
        numbered = ", ".join(
            f"{number}{' COLLATE NOCASE' if 'NOCASE' in column else ''} {'ASC' if sign > 0 else 'DESC'}"
            for number, (column, sign) in enumerate(self._keys, start=2)
        )
        return f"{' UNION ALL '.join(parts)} ORDER BY {numbered}", everything

    @staticmethod
    def _make_branches(query: JobQuery) -> list[tuple[str, list[Any]]]:
        parts = ["deleted_at IS NOT NULL" if query.deleted else "deleted_at IS NULL"]
        values: list[Any] = []
        if query.attention or query.cause is not None:
            parts.append("(status = 'failed' OR outcome = 'empty' OR gaps > 0)")
        if query.gaps:
            parts.append("gaps > 0 AND outcome <> 'empty'")
        if query.empty:
            parts.append("outcome = 'empty'")
        if query.left_out:
            parts.append("outcome = 'left_out'")
        if query.kb_id is not None:
            # A batch has one knowledge base, and the indexes have the batch. The plus keeps SQLite on the order's index.
            parts.append("+batch_id IN (SELECT id FROM ingest_batches WHERE kb_id = ?)")
            values.append(query.kb_id)
        if query.error_code is not None:
            parts.append("error_code = ?")
            values.append(query.error_code)
        if query.batch_id is not None:
            parts.append("batch_id = ?")
            values.append(int(query.batch_id) if query.batch_id.isdigit() else -1)
        if query.cause is not None:
            condition, codes = cause_condition(query.cause)
            parts.append(condition)
            values += codes
        if query.name_contains:
            condition, value = name_condition(query.name_contains)
            parts.append(condition)
            values.append(value)
        where = " AND ".join(parts)
        if not query.statuses:
            return [(where, values)]
        # A status is one of six known words. Written out, it lets SQLite use the indexes that are for one status.
        return [(f"status = '{status.value}' AND {where}", list(values)) for status in sorted(query.statuses)]


def _hint(query: JobQuery, where: str) -> str:
    """The index to walk where SQLite, which knows no numbers of our rows, would rather sort."""
    if query.deleted or query.name_contains or query.batch_id is not None:
        return ""
    if query.order is JobOrder.QUEUE and where.startswith("status = 'queued'"):
        return " INDEXED BY ix_waiting"
    if (
        query.order is JobOrder.UPDATED
        and not query.statuses
        and not query.attention
        and query.error_code is None
        and query.cause is None
    ):
        return " INDEXED BY ix_revision"
    return ""


def cause_condition(cause: Cause) -> tuple[str, list[str]]:
    """A condition on jobs that need a person for one cause, and its parameters."""
    if cause is Cause.RECOGNITION:
        return "status = 'completed' AND outcome = 'empty' AND gaps = 0", []
    if cause is Cause.GAPS:
        return "status = 'completed' AND gaps > 0 AND outcome <> 'empty'", []
    is_other = cause is Cause.OTHER
    codes = sorted(CAUSES) if is_other else sorted(codes_of(cause))
    marks = ", ".join("?" * len(codes))
    condition = f"status = 'failed' AND coalesce(error_code, '') {'NOT ' if is_other else ''}IN ({marks})"
    if cause is Cause.DAMAGED:
        condition = f"({condition} OR status = 'completed' AND outcome = 'empty' AND gaps > 0)"
    return condition, codes


def name_condition(needle: str) -> tuple[str, str]:
    """A condition on a job's file name and its parameter: the trigram index, or a scan for fewer than three letters."""
    if len(needle) >= _TRIGRAM:
        phrase = '"' + needle.replace('"', '""') + '"'
        return "id IN (SELECT rowid FROM job_names WHERE job_names MATCH ?)", phrase
    escaped = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "original_filename LIKE ? ESCAPE '\\'", f"%{escaped}%"
