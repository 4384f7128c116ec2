"""Tables, indexes and triggers that a database should have, as its migrations make them, and making them so again.

Compared by what SQLite keeps of each: its words, without comments and white space. A table that differs holds rows, so it
is told of and left; indexes and triggers hold nothing of their own and are made anew.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.errors import StoreDamaged
from ingest_desktop.infrastructure.content_schema import MIGRATIONS
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS
from ingest_desktop.infrastructure.migrations import NOTES_TABLE

_SHAPES: Final = (
    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index', 'trigger', 'view') AND sql IS NOT NULL "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
)
_REBUILT: Final = frozenset({"index", "trigger"})
_COMMENT: Final = re.compile(r"--[^\n]*")
_SPACE: Final = re.compile(r"\s+")
# Of the full text: how results are ranked and when its parts are merged. SQLite keeps such settings as rows.
_RANKING: Final = "SELECT k, v FROM chunks_fts_config ORDER BY k"

Ask = Callable[[str], Iterable[Any]]


class Shape(NamedTuple):
    """Something in a database that is not as it should be."""

    kind: str  # as SQLite calls it: table, index, trigger, view
    name: str
    trouble: str

    @property
    def can_be_made(self) -> bool:
        """Whether it holds nothing of its own."""
        return self.kind in _REBUILT

    def __str__(self) -> str:
        return f"the {self.kind} {self.name} {self.trouble}"


def wrong_shapes(ask: Ask, *, of_ledger: bool) -> list[Shape]:
    """What is missing, what is otherwise than it should be, and what does not belong there.

    Args:
        ask: Runs a query on the database: of a connection of the driver, or of SQLAlchemy.
    """
    there, wanted = {name: (kind, sql) for kind, name, sql in ask(_SHAPES)}, _wanted(of_ledger)
    found = []
    for name, (kind, sql) in wanted.items():
        if name not in there:
            found.append(Shape(kind, name, "is not there"))
        elif not _is_part_of_full_text(name, wanted) and _plain(there[name][1]) != _plain(sql):
            found.append(Shape(kind, name, "is not as it should be"))
    # A table more harms nobody; a trigger or an index more may refuse or change what is written.
    extra = [Shape(kind, name, "does not belong there") for name, (kind, _) in there.items() if name not in wanted]
    found += [shape for shape in extra if shape.can_be_made]
    if not of_ledger and "chunks_fts_config" in there:
        rows = {tuple(row) for row in ask(_RANKING)}
        if rows != _ranking():
            found.append(Shape("index", "chunks_fts_config", "is not as it should be"))
    return found


def make_shapes(connection: Connection, *, of_ledger: bool) -> int:
    """Make indexes and triggers as they should be; how many. A unique index that the rows do not allow stays away."""
    wanted = _wanted(of_ledger)
    made = 0
    for shape in wrong_shapes(connection.exec_driver_sql, of_ledger=of_ledger):
        if shape.name == "chunks_fts_config":
            _set_ranking(connection)
            made += 1
        elif shape.can_be_made:
            with suppress(DBAPIError, StoreDamaged):
                connection.exec_driver_sql(f'DROP {shape.kind} IF EXISTS "{shape.name}"')
                if shape.name in wanted:
                    connection.exec_driver_sql(wanted[shape.name][1])
                made += 1
    return made


def _set_ranking(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM chunks_fts_config")
    for key, value in sorted(_ranking(), key=str):
        connection.exec_driver_sql("INSERT INTO chunks_fts_config (k, v) VALUES (?, ?)", (key, value))


def _is_part_of_full_text(name: str, wanted: dict[str, tuple[str, str]]) -> bool:
    """Tables below a virtual one: SQLite makes them, each version in its own words."""
    return any(name.startswith(f"{other}_") and sql.startswith("CREATE VIRTUAL") for other, (_, sql) in wanted.items())


def _plain(sql: str) -> str:
    return _SPACE.sub("", _COMMENT.sub("", sql)).replace('"', "").replace("IFNOTEXISTS", "")


@cache
def _wanted(of_ledger: bool) -> dict[str, tuple[str, str]]:
    with closing(_fresh(of_ledger)) as connection:
        return {name: (kind, sql) for kind, name, sql in connection.execute(_SHAPES)}


@cache
def _ranking() -> frozenset[tuple[str, object]]:
    with closing(_fresh(of_ledger=False)) as connection:
        return frozenset(connection.execute(_RANKING))


def _fresh(of_ledger: bool) -> sqlite3.Connection:
    """A database of today's shape, in memory. The caller closes it."""
    connection = sqlite3.connect(":memory:")
    connection.execute(NOTES_TABLE)
    for migration in LEDGER_MIGRATIONS if of_ledger else MIGRATIONS:
        for statement in migration.statements:
            connection.execute(statement)
    return connection
