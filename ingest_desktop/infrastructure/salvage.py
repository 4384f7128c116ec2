"""Takes the rows that can still be read out of a damaged database, around its damaged pages.

A scan stops where a page cannot be read. What lies behind is reached from the other end, and what lies between two
damaged pages by looking into the middle of each gap, again and again while that brings something. So one damaged leaf
costs the rows on it. Rows that a damaged inner page hides are lost to their table, but an index may still tell some of
their columns.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

_LOWEST: Final = 0  # ids begin at 1
_HIGHEST: Final = 2**44  # when nothing tells of a highest id
MOST_PROBES: Final = 20_000  # looks into gaps of one table: beyond, what is left of them is given up
BARREN_HALVINGS: Final = 8  # in a row that brought nothing: then a gap counts as one

Row = Sequence[Any]


@dataclass(slots=True)
class Salvaged:
    """What came out of one table. ``gaps`` are spans of row ids, both ends included and in order, that could not be read."""

    rows: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every row was read."""
        return not self.gaps

    def may_have_held(self, rowid: int) -> bool:
        """Whether a row with this id may have been in a gap."""
        place = bisect_right(self.gaps, rowid, key=lambda gap: gap[0]) - 1  # they are in order
        return place >= 0 and rowid <= self.gaps[place][1]


class TableSalvage:
    """Reads one rowid table. ``take`` is called for each row, once, in no certain order."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        take: Callable[[int, Row], None],
        highest: int | None = None,
    ) -> None:
        self._connection = connection
        self._highest = highest or _highest(connection, table)
        self._select = (
            f"SELECT rowid, {', '.join(columns)} FROM {table} NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        )
        self._take = take
        self._found = Salvaged()
        self._probes = MOST_PROBES

    def run(self) -> Salvaged:
        """Everything that can be read."""
        pending = [(_LOWEST, self._highest, 0)]
        while pending:
            pending += self._span(*pending.pop())
        gaps, self._found.gaps = sorted(self._found.gaps), []
        for first, last in gaps:  # pieces of one gap are one
            if self._found.gaps and self._found.gaps[-1][1] + 1 == first:
                first = self._found.gaps.pop()[0]
            self._found.gaps.append((first, last))
        return self._found

    def _span(self, first: int, last: int, barren: int) -> list[tuple[int, int, int]]:
        """Read a span from both ends; the halves of the gap that stays in the middle, if it is worth a look."""
        self._probes -= 1
        after = self._scan(first, last, up=True)
        if after is None:
            return []
        before = self._scan(after, last, up=False)
        if before is None:
            return []
        barren = barren + 1 if (after, before) == (first, last) else 0
        if after >= before or self._probes <= 0 or barren > BARREN_HALVINGS:
            self._found.gaps.append((after, before))
            return []
        middle = (after + before) // 2
        return [(after, middle, barren), (middle + 1, before, barren)]

    def _scan(self, first: int, last: int, *, up: bool) -> int | None:
        """Read as far as it goes; where it stopped (the first row id not seen), or None when the span was read whole."""
        at = first if up else last
        try:
            for rowid, *row in self._connection.execute(self._select + ("" if up else " DESC"), (first, last)):
                self._take(rowid, row)
                self._found.rows += 1
                if rowid == (last if up else first):
                    return None
                at = rowid + 1 if up else rowid - 1
        except (sqlite3.DatabaseError, OverflowError):  # OverflowError: text of an impossible length
            return at
        return None


def _highest(connection: sqlite3.Connection, table: str) -> int:
    """No id of the table is higher: as its end tells it, or the count of ids that were given out, or very high."""
    for query, arguments in (
        (f"SELECT max(rowid) FROM {table} NOT INDEXED", ()),
        ("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)),
    ):
        with suppress(sqlite3.DatabaseError, TypeError):
            return max(1, int(connection.execute(query, arguments).fetchone()[0]))
    return _HIGHEST


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns; none when there is no such table or it cannot be told."""
    with suppress(sqlite3.DatabaseError):
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    return []


def read_rows(connection: sqlite3.Connection, query: str) -> Iterator[Row]:
    """The rows of a query up to where it cannot go on; for tables that have no row ids, and for indexes."""
    with suppress(sqlite3.DatabaseError):
        yield from connection.execute(query)


def copy_table(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, highest: int | None = None
) -> Salvaged:
    """Copy the rows of a rowid table, with their ids, into the table of that name; columns that both have.

    A row that breaks a rule of the target is left out, and so is one that is there already.
    """
    mine = set(columns_of(target, table))
    columns = [name for name in columns_of(source, table) if name in mine]
    if not columns:
        return Salvaged(gaps=[(_LOWEST, 2**63 - 1)])
    names = ["rowid", *columns]
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    def take(rowid: int, row: Row) -> None:
        with suppress(sqlite3.IntegrityError):
            target.execute(insert, (rowid, *row))

    return TableSalvage(source, table, columns, take, highest).run()
