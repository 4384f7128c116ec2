"""Values that a column cannot hold: SQLite takes any, and damage leaves some.

A column's type says what may stand in it; a path may be bytes, when its name is not valid Unicode.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.questions import MOST

_FITS: Final = {
    "INTEGER": "typeof({0}) = 'integer'",
    "REAL": "typeof({0}) IN ('real', 'integer')",
    "TEXT": "typeof({0}) = 'text'",
}
_PATHS: Final = frozenset({"path", "source_path"})
_MOMENTS: Final = frozenset({"created_at", "updated_at", "at", "registered_at"})
_NOW: Final = "unixepoch() * 1000000"
_KEYS: Final = {"counters": "scope", "failure_counters": "error_code"}  # of tables without row ids


class Column(NamedTuple):
    """One column of a table, as ``PRAGMA table_info`` tells it."""

    table: str
    name: str
    kind: str
    is_needed: bool
    default: str | None

    @property
    def unfit(self) -> str:
        """A condition for rows whose value cannot stand here."""
        fits = "typeof({0}) IN ('text', 'blob')" if self.name in _PATHS else _FITS[self.kind]
        wrong = f"NOT {fits.format(self.name)}"
        return f"({wrong})" if self.is_needed else f"({self.name} IS NOT NULL AND {wrong})"

    @property
    def mended(self) -> str:
        """What stands there instead: nothing where nothing may, else the default, or the same as text."""
        if not self.is_needed:
            return "NULL"
        if self.default is not None:
            return self.default
        if self.name in _MOMENTS:
            return _NOW
        if self.kind == "TEXT" or self.name in _PATHS:
            return f"iif(typeof({self.name}) IN ('integer', 'real'), CAST({self.name} AS TEXT), '')"
        return "0"


def columns_in(connection: Connection, tables: tuple[str, ...]) -> list[Column]:
    """The columns of these tables that have a type; keys that SQLite gives are not among them."""
    found = []
    for table in tables:
        for _, name, kind, needed, default, key in connection.exec_driver_sql(f"PRAGMA table_info({table})"):
            if (kind in _FITS or name in _PATHS) and not (key and kind == "INTEGER"):
                found.append(Column(table, name, kind, bool(needed) or name in _PATHS or bool(key), default))
    return found


def unfit_values(connection: Connection, where: str, tables: tuple[str, ...]) -> Iterator[Finding]:
    """A finding for each value that its column cannot hold. Each table is read once."""
    for table in tables:
        columns = columns_in(connection, (table,))
        wrong = " || ".join(f"iif({column.unfit}, '{column.name} ', '')" for column in columns)
        key = _KEYS.get(table, "rowid")
        sql = f"SELECT name, w FROM (SELECT {key} AS name, {wrong} AS w FROM {table}) WHERE w <> '' LIMIT {MOST}"
        for row, names in connection.exec_driver_sql(sql):
            yield Finding("unknown_value", where, f"{table} {row}: {names.strip()} cannot be so")
