"""Which processes work on the ledger, and what becomes of the jobs of those that died."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import NotFoundError, StoreError
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger_base import LedgerBase, next_revision, to_micros
from ingest_desktop.infrastructure.locks import LockFile

LOCKS_FOLDER: Final = "locks"

_GIVE_BACK: Final = (
    "UPDATE ingest_jobs SET status = 'queued', phase = 'waiting', worker_id = NULL, token = NULL, "
    "revision = ?, updated_at = ? WHERE status = 'running' AND worker_id = ?"
)


class LedgerWorkers(LedgerBase):
    """Workers: a row with a lease, and a lock file that tells of a death before the lease runs out."""

    def register_worker(self, label: str) -> str:
        """See ``Repository``. The worker's lock is held until ``unregister_worker`` or the end of the process."""
        worker_id = f"w_{secrets.token_hex(8)}"
        lock = _take(self._lock_path(worker_id))
        if lock is None:  # nobody else can know this name
            raise StoreError(f"The lock of the new worker {worker_id} is held already.")
        try:
            with writing(self.engine) as connection:
                self._write_lease(connection, worker_id, label)
                self._recover(connection, worker_id)
        except BaseException:
            lock.release()
            raise
        self.worker_locks[worker_id] = lock
        return worker_id

    def heartbeat(self, worker_id: str) -> int:
        """See ``Repository``. A worker that overslept its lease goes on with what nobody took from it."""
        if worker_id not in self.worker_locks:
            raise NotFoundError(f"There is no worker {worker_id} in this process.")
        with writing(self.engine) as connection:
            self._write_lease(connection, worker_id, "")
            return self._recover(connection, worker_id)

    def unregister_worker(self, worker_id: str) -> None:
        """Take a worker out; what it still had goes back to the queue."""
        lock = self.worker_locks.pop(worker_id, None)
        with writing(self.engine) as connection:
            self._give_back(connection, worker_id, Actor.WORKER, "the program stopped")
            connection.exec_driver_sql("DELETE FROM workers WHERE id = ?", (worker_id,))
        if lock is not None:
            lock.release()

    def workers(self) -> list[tuple[str, str]]:
        """(id, label) of every registered worker, of any process."""
        with reading(self.engine) as connection:
            return [(str(row[0]), str(row[1])) for row in connection.exec_driver_sql("SELECT id, label FROM workers")]

    def _lock_path(self, worker_id: str) -> Path:
        return self.root / LOCKS_FOLDER / f"{worker_id}.lock"

    def _write_lease(self, connection: Connection, worker_id: str, label: str) -> None:
        now = self.clock()
        until = to_micros(now + timedelta(seconds=self.lease_seconds))
        connection.exec_driver_sql(
            "INSERT INTO workers (id, label, pid, registered_at, lease_until) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until",
            (worker_id, label, os.getpid(), to_micros(now), until),
        )

    def _recover(self, connection: Connection, me: str) -> int:
        """Send the jobs of dead workers back to the queue; how many there were."""
        now = self._now()
        leases = {str(row[0]): int(row[1]) for row in connection.exec_driver_sql("SELECT id, lease_until FROM workers")}
        owners = connection.exec_driver_sql(
            "SELECT DISTINCT worker_id FROM ingest_jobs WHERE status = 'running'"
        ).scalars()
        recovered = 0
        for worker_id in {*leases, *owners} - {me}:
            lease, lock = leases.get(worker_id), None
            if lease is not None and lease >= now:
                if worker_id in self.worker_locks:
                    continue
                lock = _take(self._lock_path(worker_id))
                if lock is None:
                    continue  # its process lives
            reason = "its worker died" if lock or lease is None else "its worker stopped answering"
            recovered += self._give_back(connection, worker_id, Actor.RECOVERY, reason)
            connection.exec_driver_sql("DELETE FROM workers WHERE id = ?", (worker_id,))
            if lock is not None:
                lock.release()
        return recovered

    def _give_back(self, connection: Connection, worker_id: str, actor: Actor, reason: str) -> int:
        held = connection.exec_driver_sql(
            "SELECT count(*) FROM ingest_jobs WHERE status = 'running' AND worker_id = ?", (worker_id,)
        ).scalar_one()
        if not held:
            return 0
        now, revision = self._now(), next_revision(connection)
        connection.exec_driver_sql(
            "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) "
            "SELECT id, ?, status, ?, ?, ? FROM ingest_jobs WHERE status = 'running' AND worker_id = ?",
            (now, JobStatus.QUEUED.value, actor.value, reason, worker_id),
        )
        return connection.exec_driver_sql(_GIVE_BACK, (revision, now, worker_id)).rowcount


def _take(path: Path) -> LockFile | None:
    try:
        return LockFile.take(path)
    except OSError as error:
        raise StoreError(f"The lock file {path} cannot be used ({error}).") from error
