"""What the rooms of ``ingest check`` share: how a question whose answer must be "none" is asked."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.errors import StoreBusy, StoreFaulty, StoreFull
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.shapes import wrong_shapes

MOST: Final = 20  # findings of one kind that are told
UNASKED: Final = (StoreBusy, StoreFull, StoreFaulty)  # say nothing about a store: no findings
REPAIR: Final = "'ingest repair' makes the file anew"  # of what cannot be mended where it is


def words_of(kind: type[StrEnum]) -> str:
    """The values of an enum as a list in SQL."""
    return ", ".join(f"'{word.value}'" for word in kind)


def sound(connection: Connection, where: str) -> Iterator[Finding]:
    """What SQLite finds wrong with its pages and indexes."""
    for (text,) in connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})"):
        if text != "ok":
            yield Finding("store_damaged", where, text)


def shapes(connection: Connection, where: str) -> Iterator[Finding]:
    """What is not as the migrations make it."""
    for shape in wrong_shapes(connection.exec_driver_sql, of_ledger=where == "ledger"):
        text = str(shape) if shape.can_be_made else f"{shape}: {REPAIR}"
        yield Finding("schema_differs", where, text)


def sequences_behind(connection: Connection) -> dict[str, int]:
    """Tables that would give a number again that a row has, with the largest number in each."""
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
    ).scalars().all()  # fmt: skip
    found = {}
    for table in tables:
        given = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
        told = connection.exec_driver_sql(given, (table,)).scalar()
        if last and not (isinstance(told, int) and told >= last):
            found[str(table)] = int(last)
    return found


def sequences(connection: Connection, where: str) -> Iterator[Finding]:
    """Numbers that were given must not be given again."""
    for table, last in sequences_behind(connection).items():
        yield Finding("sequence_behind", where, f"{table} would number a new row as one of those it has (up to {last})")


def mend_sequences(connection: Connection) -> int:
    """Let tables go on numbering behind what they hold; how many."""
    behind = sequences_behind(connection)
    for table, last in behind.items():
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))
    return len(behind)


def none(connection: Connection, where: str, code: str, query: str) -> Iterator[Finding]:
    """A finding for each row that a query gives."""
    for row in connection.exec_driver_sql(f"{query} LIMIT {MOST}"):
        yield Finding(code, where, f"{code.replace('_', ' ')}: {row[0]}")
