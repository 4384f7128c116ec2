"""The steward: keeps the lease, hears what other processes and people did, lets go of what was taken away.

The one loop that looks at the clock. It asks the ledger for its revision about twice a second (a read of one
row); everything else happens only when something changed or is due.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.housekeeping import Housekeeping
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.errors import IngestError, StoreFull, StoreGone
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.workers.care_watch import CareWatch
from ingest_desktop.workers.power_watch import PowerWatch
from ingest_desktop.workers.producer import Producer

_log = logging.getLogger(__name__)

ABORT_SECONDS = 1.0  # a task whose job was taken away may finish by itself for so long
NOTE_SECONDS = 2.0  # progress is written down this often, for other processes and the next start
CLEAN_UP_SECONDS = 2.0  # at the end of a run that was too short for it
HOUSEKEEPING_SECONDS = 60.0


class Steward:
    """The supervising loop of a process."""

    name = "steward"

    def __init__(
        self,
        scheduler: Scheduler,
        producers: Callable[[], Sequence[Producer]],
        repository: Repository,
        housekeeping: Housekeeping,
        settings: Settings,
        hub: EventHub,
        board: ProgressBoard,
        *,
        worker_id: str,
        power: PowerWatch | None = None,
        care: CareWatch | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._producers = producers
        self._repository = repository
        self._housekeeping = housekeeping
        self._settings = settings
        self._hub = hub
        self._board = board
        self._worker_id = worker_id
        self._power = power
        self._care = care
        self._stop = threading.Event()
        self._revision = -1
        self._due: datetime | None = None
        self._low_disk = False
        self._gone = False
        self._store_trouble = ""  # its code, while it lasts
        self._next: dict[str, float] = {}

    def run(self) -> None:
        """Look around until stopped."""
        while True:
            stopping = self._stop.wait(self._settings.consumer_poll_interval)
            if stopping and "housekeeping" in self._next:
                break
            try:
                # A short run, too, takes out what was deleted long ago: a program that is only started for a moment
                # each night would never do it otherwise.
                self._clean_up() if stopping else self._round()
            except IngestError as error:
                _log.warning("steward could not ask the store", extra={"code": error.code, "cause": str(error)})
            except Exception:  # noqa: BLE001 - the loop's top: one bad round must not end the lease
                _log.exception("steward failed")
            if stopping:
                break
        if self._care is not None:
            self._care.end()

    @property
    def store_is_gone(self) -> bool:
        """Whether work was given up because the data folder vanished."""
        return self._gone

    def stop(self) -> None:
        """End the loop."""
        self._stop.set()

    def _round(self) -> None:
        if self._is_time("heartbeat", self._settings.lease_seconds / 3):
            if self._repository.heartbeat(self._worker_id):
                self._scheduler.wake()
            self._due = self._repository.next_due()  # the clock may have been set
        self.watch_disk()
        if self._power is not None and not self._low_disk:
            self._power.look()
        self._tell_store_trouble()
        self._follow()
        for producer in self._producers():
            producer.abort_if_useless(ABORT_SECONDS)
        if self._is_time("note", NOTE_SECONDS):
            self._note_progress()
        if self._is_time("housekeeping", HOUSEKEEPING_SECONDS):
            self._housekeeping.run(self._stop)
        if self._care is not None:
            self._care.look(self._stop)

    def _tell_store_trouble(self) -> None:
        """Say that the store refuses what others ask of it, and when it is over."""
        trouble = self._scheduler.store_trouble
        code = "" if trouble is None else trouble.code
        if code == self._store_trouble:
            return
        self._store_trouble = code
        if trouble is None:
            self._hub.trouble("", "", "")
        else:
            self._hub.trouble(code, str(trouble), trouble.hint)

    def _clean_up(self) -> None:
        """One round of housekeeping, as far as it comes while others wait for us."""
        enough = threading.Event()
        clock = threading.Timer(CLEAN_UP_SECONDS, enough.set)
        clock.daemon = True
        clock.start()
        try:
            self._housekeeping.run(enough)
        finally:
            clock.cancel()

    def _is_time(self, what: str, every_seconds: float) -> bool:
        now = time.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + every_seconds
        return True

    def _follow(self) -> None:
        """Wake the producers when the store changed or a retry is due; let go of jobs that were taken away."""
        revision = self._repository.revision()
        if revision != self._revision:
            self._revision = revision
            self._due = self._repository.next_due()
            self._scheduler.recheck()
            self._housekeeping.deliver()
            self._hub.store_changed()
        if self._due is not None and self._due <= datetime.now(UTC):
            self._due = self._repository.next_due()
            self._scheduler.wake()

    def watch_disk(self) -> None:
        """Hand out nothing while the data folder's disk is nearly full: states must always find room."""
        try:
            if not (self._settings.data_root / "ledger.db").exists():
                self._give_up_store()
                return
            free = shutil.disk_usage(self._settings.data_root).free
        except OSError:  # the disk gives errors, say: whoever reads or writes the store tells of it
            return
        low = free < self._settings.min_free_bytes
        if low and not self._low_disk:
            need = (self._settings.min_free_bytes - free) // (1024 * 1024) + 1
            message = f"The disk of the data folder is nearly full: {need} MB more are needed to go on."
            self._scheduler.hold(True, "low disk")
            self._hub.trouble(StoreFull.code, message, "Free some space; work goes on by itself.")
        elif self._low_disk and not low:
            self._scheduler.hold(False, "low disk")
            self._hub.trouble("", "", "")
            if self._power is not None:
                self._power.tell()
        self._low_disk = low

    def _give_up_store(self) -> None:
        """The store is gone. What we still have open of it leads nowhere, so nothing more is put there."""
        if not self._scheduler.is_stopping:
            message = f"The data folder is not there any more: {self._settings.data_root}."
            _log.error("store gone")
            self._gone = True
            self._hub.trouble(StoreGone.code, message, StoreGone.hint)
            self._scheduler.stop()

    def _note_progress(self) -> None:
        """The phase, and what is stored of a long document: what is only read is lost if we are."""
        latest = self._board.latest()
        jobs = [(job, latest.get(job.claim.job_id)) for job in self._scheduler.active()]
        self._repository.note_progress([job.progressed(now.phase) for job, now in jobs if now is not None])
