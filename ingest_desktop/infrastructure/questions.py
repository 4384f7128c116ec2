"""What the rooms of ``ingest check`` share: how a question whose answer must be "none" is asked."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.shapes import wrong_shapes

MOST: Final = 20  # findings of one kind that are told


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
        text = str(shape) if shape.can_be_made else f"{shape}: 'ingest repair' makes the file anew"
        yield Finding("schema_differs", where, text)


def none(connection: Connection, where: str, code: str, query: str) -> Iterator[Finding]:
    """A finding for each row that a query gives."""
    for row in connection.exec_driver_sql(f"{query} LIMIT {MOST}"):
        yield Finding(code, where, f"{code.replace('_', ' ')}: {row[0]}")
