"""The ledger: the truth about jobs, in one small SQLite file that survives power loss."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from ingest_desktop.domain.errors import LedgerDamaged, StoreDamaged, StoreError
from ingest_desktop.infrastructure.database import has_full_text, is_read_only, open_engine
from ingest_desktop.infrastructure.ledger_actions import LedgerActions
from ingest_desktop.infrastructure.ledger_adding import LedgerAdding
from ingest_desktop.infrastructure.ledger_attention import LedgerAttention
from ingest_desktop.infrastructure.ledger_base import utc_now
from ingest_desktop.infrastructure.ledger_deleting import LedgerDeleting
from ingest_desktop.infrastructure.ledger_queue import LedgerQueue
from ingest_desktop.infrastructure.ledger_reading import LedgerReading
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS
from ingest_desktop.infrastructure.ledger_workers import LedgerWorkers
from ingest_desktop.infrastructure.migrations import migrate
from ingest_desktop.infrastructure.reserve import Reserve

LEDGER_FILE: Final = "ledger.db"
BACKUPS_FOLDER: Final = "backups"


class Ledger(LedgerAdding, LedgerWorkers, LedgerQueue, LedgerActions, LedgerDeleting, LedgerReading, LedgerAttention):
    """Fulfils ``Repository``. Any thread, any number of processes on one data folder.

    Args:
        root: The data folder; made when there is none.
        lease_seconds: How long a worker counts as alive without a heartbeat.
        queue_limit: How many jobs may wait, run or be paused at once.
        busy_timeout_seconds: How long to wait for others before ``StoreBusy``.
        clock: Tells the time, aware, in UTC.
        ticks: Seconds that pass, whatever becomes of the clock.
        longest_wait_seconds: No retry is due later than this: one that seems to be was put off before the clock was
            set back, and is due at once.
        read_only_ok: Whether a store that we may not write is good enough.
        reserve_bytes: Room that is kept for the ledger on a full disk; see ``reserve``.

    Raises:
        StoreReadOnly: The store may not be written, and that is not good enough.
        StoreTooNew: The store was written by a newer version; it was not touched.
        StoreBusy, StoreFull, StoreDamaged, StoreError: It cannot be opened.
    """

    def __init__(
        self,
        root: Path,
        *,
        lease_seconds: float = 30.0,
        queue_limit: int = 1_000_000,
        busy_timeout_seconds: float = 30.0,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = time.monotonic,
        longest_wait_seconds: float = 86_400.0,
        read_only_ok: bool = False,
        reserve_bytes: int = 0,
    ) -> None:
        if not has_full_text():
            raise StoreError("This Python's SQLite lacks full-text search (FTS5), which the program needs.")
        self.root, self.clock = root, clock
        self.lease_seconds, self.queue_limit = lease_seconds, queue_limit
        self.ticks, self.longest_wait_seconds = ticks, longest_wait_seconds
        self.worker_locks, self.worker_hands, self.worker_labels, self.seen_leases = {}, {}, {}, {}
        self.path = root / LEDGER_FILE
        self.reserve = Reserve(root, reserve_bytes)
        self.reserve.give_up_if_needed()  # opening writes, too
        self.engine = open_engine(
            self.path,
            synchronous="FULL",
            busy_timeout_seconds=busy_timeout_seconds,
            wal_autocheckpoint_pages=4000,
            read_only_ok=read_only_ok,
            damaged=LedgerDamaged,
            reserve=self.reserve,
        )
        try:
            migrate(self.engine, self.path, LEDGER_MIGRATIONS, root / BACKUPS_FOLDER)
        except BaseException as error:
            self.engine.dispose()
            if isinstance(error, StoreDamaged) and not isinstance(error, LedgerDamaged):
                raise LedgerDamaged(str(error)) from error
            raise

    @property
    def is_read_only(self) -> bool:
        """Whether we may not write this store."""
        return is_read_only(self.engine)

    def is_locked(self, wait_seconds: float) -> bool:
        """Whether others hold the lock for writing, for so long at least. Any trouble of another kind is no lock."""
        if self.is_read_only:
            return False
        name = f"{self.path.absolute().as_uri()}?mode=rw"  # it may have gone: it must not be made anew here
        try:
            with closing(sqlite3.connect(name, uri=True, timeout=wait_seconds, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        return False

    def hold_base(self, kb_id: str, code: str = StoreDamaged.code) -> bool:
        """See ``Repository``."""
        from ingest_desktop.infrastructure.holding import hold_base

        return hold_base(self, kb_id, code)

    def close(self) -> None:
        """Take this ledger's workers out and close its connections."""
        for worker_id in list(self.worker_locks):
            self.unregister_worker(worker_id)
        self.engine.dispose()
