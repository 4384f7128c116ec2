"""Which processes work on the ledger, and what becomes of the jobs of those that died."""

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import NotFoundError, StoreError
from ingest_desktop.domain.interfaces.repository import Claim, OthersAtWork
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.hands import Hands, forget, in_hand
from ingest_desktop.infrastructure.ledger_base import LedgerBase, WatchedLease, next_revision, to_micros
from ingest_desktop.infrastructure.locks import LockFile

LOCKS_FOLDER: Final = "locks"

# A start that somebody else ended is no try: only a file that brought a reader down before has to answer for it.
_GIVE_BACK: Final = (
    "UPDATE ingest_jobs SET status = 'queued', phase = 'waiting', worker_id = NULL, token = NULL, "
    "attempts = max(0, attempts - (crashes = 0)), revision = ?, updated_at = ? WHERE status = 'running' AND worker_id = ?"
)
_BLAME: Final = "UPDATE ingest_jobs SET crashes = crashes + 1 WHERE id = ? AND token = ? AND status = 'running'"
DIED: Final = "its worker died"
DIED_READING: Final = "its worker died while it was read"
SILENT: Final = "its worker stopped answering"


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
        self.worker_locks[worker_id], self.worker_labels[worker_id] = lock, label
        with suppress(OSError):  # the disk is full: without it no file is suspected
            self.worker_hands[worker_id] = Hands(self._hands_path(worker_id))
        return worker_id

    def heartbeat(self, worker_id: str) -> int:
        """See ``Repository``. A worker that overslept its lease goes on with what nobody took from it.

        Whether others overslept is told by our own ticks, not by the clock: a lease has run out when we saw it
        unchanged for so long, in several looks. So a clock that is set, or a computer that slept, takes no job from a
        live worker.
        """
        if worker_id not in self.worker_locks:
            raise NotFoundError(f"There is no worker {worker_id} in this process.")
        with writing(self.engine) as connection:
            self._write_lease(connection, worker_id, self.worker_labels.get(worker_id, ""))
            return self._recover(connection, worker_id)

    def unregister_worker(self, worker_id: str) -> None:
        """Take a worker out; what it still had goes back to the queue."""
        lock, hands = self.worker_locks.pop(worker_id, None), self.worker_hands.pop(worker_id, None)
        self.worker_labels.pop(worker_id, None)
        if hands is not None:
            hands.close()
        with writing(self.engine) as connection:
            self._give_back(connection, worker_id, Actor.WORKER, "the program stopped")
            connection.exec_driver_sql("DELETE FROM workers WHERE id = ?", (worker_id,))
        if lock is not None:
            lock.release()

    def note_in_hand(self, worker_id: str, seat: int, claim: Claim | None) -> None:
        """See ``Repository``. Costs a few microseconds, and no lock of the store."""
        hands = self.worker_hands.get(worker_id)
        if hands is not None:  # else a reader ends after its worker was taken out
            hands.put(seat, claim.job_id if claim else 0, claim.token if claim else 0)

    def blame(self, claim: Claim) -> None:
        """See ``Repository``."""
        with writing(self.engine) as connection:
            connection.exec_driver_sql(_BLAME, (claim.job_id, claim.token))

    def others_at_work(self, worker_id: str) -> OthersAtWork:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            rows = connection.exec_driver_sql(
                "SELECT j.worker_id, coalesce(w.label, ''), count(*) FROM ingest_jobs j LEFT JOIN workers w "
                "ON w.id = j.worker_id WHERE j.status = 'running' AND j.worker_id <> ? GROUP BY 1, 2 ORDER BY 2",
                (worker_id,),
            ).all()
        labels = tuple(dict.fromkeys(str(label) for _, label, _ in rows if label))
        return OthersAtWork(sum(row[2] for row in rows), labels, not all(self._answers(str(row[0])) for row in rows))

    def workers(self) -> list[tuple[str, str]]:
        """(id, label) of every registered worker, of any process."""
        with reading(self.engine) as connection:
            return [(str(row[0]), str(row[1])) for row in connection.exec_driver_sql("SELECT id, label FROM workers")]

    def _lock_path(self, worker_id: str) -> Path:
        return self.root / LOCKS_FOLDER / f"{worker_id}.lock"

    def _hands_path(self, worker_id: str) -> Path:
        return self.root / LOCKS_FOLDER / f"{worker_id}.hands"

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
        leases = {str(row[0]): int(row[1]) for row in connection.exec_driver_sql("SELECT id, lease_until FROM workers")}
        owners = connection.exec_driver_sql(
            "SELECT DISTINCT worker_id FROM ingest_jobs WHERE status = 'running'"
        ).scalars()
        recovered = 0
        for worker_id in {*leases, *owners} - {me}:
            lease, lock = leases.get(worker_id), None
            if lease is not None:
                if worker_id not in self.worker_locks:
                    lock = _take(self._lock_path(worker_id))
                if lock is None and not self._overslept(worker_id, lease):
                    continue  # its process lives
            if lock is not None:
                self._blame_in_hand(connection, worker_id)
            reason = DIED if lock or lease is None else SILENT
            recovered += self._give_back(connection, worker_id, Actor.RECOVERY, reason)
            connection.exec_driver_sql("DELETE FROM workers WHERE id = ?", (worker_id,))
            self.seen_leases.pop(worker_id, None)
            if lock is not None:
                lock.release()
        return recovered

    def _overslept(self, worker_id: str, lease: int) -> bool:
        """Whether the worker's lease stayed as it is for longer than a lease is long.

        However long ago we looked last, that counts as half a lease at most. If it was longer, we were asleep, too: some
        systems' ticks go on meanwhile, and whoever wakes up a moment later has had no time to say anything.
        """
        now = self.ticks()
        seen = self.seen_leases.setdefault(worker_id, WatchedLease(lease, now))
        seen.silent_seconds += min(now - seen.looked, self.lease_seconds / 2)
        seen.looked = now
        if seen.lease != lease:
            seen.lease, seen.silent_seconds, seen.answered = lease, 0.0, True
        return seen.silent_seconds > self.lease_seconds

    def _answers(self, worker_id: str) -> bool:
        """Whether the worker was seen to extend its lease, not long ago."""
        seen = self.seen_leases.get(worker_id)
        return seen is not None and seen.answered and seen.silent_seconds <= self.lease_seconds / 2

    def _blame_in_hand(self, connection: Connection, worker_id: str) -> None:
        """Files that were being read when their worker was killed are suspects; all others it had are not."""
        path = self._hands_path(worker_id)
        for job_id, token in in_hand(path):
            if connection.exec_driver_sql(_BLAME, (job_id, token)).rowcount:
                self._give_back(connection, worker_id, Actor.RECOVERY, DIED_READING, job_id)
        forget(path)

    def _give_back(
        self, connection: Connection, worker_id: str, actor: Actor, reason: str, only: int | None = None
    ) -> int:
        one, which = ("", (worker_id,)) if only is None else (" AND id = ?", (worker_id, only))
        held = connection.exec_driver_sql(
            f"SELECT count(*) FROM ingest_jobs WHERE status = 'running' AND worker_id = ?{one}", which
        ).scalar_one()
        if not held:
            return 0
        now, revision = self._now(), next_revision(connection)
        connection.exec_driver_sql(
            "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) "
            f"SELECT id, ?, status, ?, ?, ? FROM ingest_jobs WHERE status = 'running' AND worker_id = ?{one}",
            (now, JobStatus.QUEUED.value, actor.value, reason, *which),
        )
        return connection.exec_driver_sql(_GIVE_BACK + one, (revision, now, *which)).rowcount


def _take(path: Path) -> LockFile | None:
    try:
        return LockFile.take(path)
    except OSError as error:
        raise StoreError(f"The lock file {path} cannot be used ({error}).") from error
