"""Which jobs are claimed next: by priority, then those moved to the front by hand, then batches in turn."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.infrastructure.ledger_base import as_json
from ingest_desktop.infrastructure.ledger_schema import CLAIMABLE_SQL, QUEUED_SQL

FAIR_BATCHES: Final = 16  # that take turns within one claim

_Row = Sequence[Any]
_CANDIDATE: Final = "id, kb_id, batch_id, source_path, byte_size, attempts, crashes"
_TOP_PRIORITY: Final = (
    f"SELECT max(priority) FROM ingest_jobs INDEXED BY ix_claim WHERE {CLAIMABLE_SQL} AND priority < ?"
)
_NEXT_BATCH: Final = (
    f"SELECT min(batch_id) FROM ingest_jobs INDEXED BY ix_claim WHERE {CLAIMABLE_SQL} AND priority = ? AND batch_id > ?"
)
_OF_BATCH: Final = (
    f"SELECT {_CANDIDATE} FROM ingest_jobs INDEXED BY ix_claim "
    f"WHERE {CLAIMABLE_SQL} AND priority = ? AND batch_id = ? AND queue_position >= 0 ORDER BY queue_position LIMIT ?"
)
_BY_HAND: Final = (
    f"SELECT {_CANDIDATE} FROM ingest_jobs INDEXED BY ix_waiting "
    f"WHERE {QUEUED_SQL} AND priority = ? AND queue_position < 0 AND due_at IS NULL AND batch_id = coalesce(?, batch_id) "
    "AND (? OR batch_id NOT IN (SELECT b.id FROM ingest_batches b JOIN knowledge_bases k USING (kb_id) "
    "WHERE b.paused OR k.paused OR k.deleted_at IS NOT NULL)) ORDER BY queue_position, id LIMIT ?"
)
_PAUSED_BATCHES: Final = (
    "SELECT b.id FROM ingest_batches b JOIN knowledge_bases k USING (kb_id) WHERE b.id IN (SELECT value FROM "
    "json_each(?)) AND (b.paused OR k.paused OR k.deleted_at IS NOT NULL)"
)


class Picker:
    """Chooses the rows of one claim. Every question it asks is a seek in ``ix_claim`` or ``ix_waiting``."""

    def __init__(
        self, connection: Connection, limit: int, max_bytes: int, only: int | None, paused_ok: bool, last_batch: int
    ) -> None:
        """Choose nothing yet. For the arguments see ``LedgerQueue.claim``; ``last_batch`` is the one served last."""
        self.connection, self.only, self.paused_ok = connection, only, paused_ok
        self.room, self.bytes_left = limit, max_bytes
        self.last_batch = last_batch
        self.rows: list[_Row] = []

    def app_paused(self) -> bool:
        """Whether the whole program is paused."""
        return bool(self._one("SELECT value FROM app_state WHERE key = 'app_paused'"))

    def pick(self) -> list[_Row]:
        """The rows to take, the most urgent first."""
        priority = self._one(_TOP_PRIORITY, 2**62)
        while priority is not None and not self._full:
            self._take_by_hand(priority)
            self._take_in_turn(priority)
            priority = self._one(_TOP_PRIORITY, priority)
        return self.rows

    @property
    def _full(self) -> bool:
        return self.room <= 0 or (self.bytes_left <= 0 and bool(self.rows))

    def _one(self, sql: str, *values: Any) -> Any:
        return self.connection.exec_driver_sql(sql, values).scalar()

    def _add(self, row: _Row) -> None:
        self.rows.append(row)
        self.room -= 1
        self.bytes_left -= row[4]

    def _fits(self, row: _Row) -> bool:
        return not self.rows or row[4] <= self.bytes_left

    def _take_by_hand(self, priority: int) -> None:
        values = (priority, self.only, self.paused_ok, self.room)
        for row in self.connection.exec_driver_sql(_BY_HAND, values).fetchall():
            if self._full or not self._fits(row):
                self.bytes_left = 0
                return
            self._add(row)

    def _take_in_turn(self, priority: int) -> None:
        """One job of each batch after the other, until there is no more room."""
        if self._full:
            return
        batches = self._batches(priority)
        waiting = {
            batch: iter(self.connection.exec_driver_sql(_OF_BATCH, (priority, batch, self.room)).fetchall())
            for batch in batches
        }
        while waiting:
            for batch in list(waiting):
                row = next(waiting[batch], None)
                if row is None:
                    del waiting[batch]
                    continue
                if self._full or not self._fits(row):
                    self.bytes_left = 0
                    return
                self._add(row)
                self.last_batch = batch

    def _batches(self, priority: int) -> list[int]:
        """The batches whose turn it is, those after the last one served first."""
        if self.only is not None:
            return [self.only] if self._awake({self.only}) else []
        found: list[int] = []
        for start, stop in ((self.last_batch, None), (-1, self.last_batch)):
            batch = start
            while len(found) < FAIR_BATCHES:
                batch = self._one(_NEXT_BATCH, priority, batch)
                if batch is None or (stop is not None and batch > stop):
                    break
                if self._awake({batch}):
                    found.append(batch)
        return found

    def _awake(self, batches: set[int]) -> set[int]:
        """Those of these batches that nothing keeps asleep."""
        if self.paused_ok or not batches:
            return batches
        return batches - set(self.connection.exec_driver_sql(_PAUSED_BATCHES, (as_json(list(batches)),)).scalars())
