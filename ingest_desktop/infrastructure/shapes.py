"""Triggers and indexes that a database should have, as its migrations make them, and making lost ones anew."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cache

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ingest_desktop.infrastructure.content_schema import MIGRATIONS
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS

_NAMES = "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid"


def lost_shapes(connection: Connection, *, of_ledger: bool) -> list[str]:
    """Names of triggers and indexes that are not there."""
    there = {row[0] for row in connection.exec_driver_sql(_NAMES)}
    return [name for name, _ in _wanted(of_ledger) if name not in there]


def make_shapes(connection: Connection, *, of_ledger: bool) -> int:
    """Make lost ones anew; how many. A unique index that the rows do not allow stays away."""
    lost = set(lost_shapes(connection, of_ledger=of_ledger))
    made = 0
    for name, sql in _wanted(of_ledger):
        if name in lost:
            with suppress(DBAPIError):
                connection.exec_driver_sql(sql)
                made += 1
    return made


@cache
def _wanted(of_ledger: bool) -> Sequence[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for migration in LEDGER_MIGRATIONS if of_ledger else MIGRATIONS:
            for statement in migration.statements:
                connection.execute(statement)
        return [(name, sql) for name, sql in connection.execute(_NAMES)]
