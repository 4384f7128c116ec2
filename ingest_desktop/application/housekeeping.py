"""What is done beside the work: content follows deletions, what is past undoing is purged, leftovers are swept."""

import logging
import threading
import time
from datetime import datetime, timedelta

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.errors import IngestError, StoreDamaged, StoreError, StoreReadOnly, StoreTooNew
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Repository

_log = logging.getLogger(__name__)

PART = 1_000  # paths told in one go, under both locks
BUSY_SECONDS, UNUSABLE_SECONDS = 1.0, 300.0  # until a knowledge base that could not be told is tried again
UNUSABLE = (StoreDamaged, StoreTooNew, StoreReadOnly)  # does not pass by itself
UNFINISHED_KEPT = timedelta(days=1)  # at least: what is half read may be in somebody's hands


class Housekeeping:
    """Any thread, one at a time."""

    def __init__(self, repository: Repository, contents: ContentStores, settings: Settings) -> None:
        self._repository = repository
        self._contents = contents
        self._settings = settings
        self._lock = threading.Lock()
        self._not_before: dict[str, float] = {}  # knowledge bases that could not be told, and when to try again

    def use(self, settings: Settings) -> None:
        """Go by these settings from now on."""
        self._settings = settings

    def deliver(self) -> int:
        """Tell the content stores which paths were deleted or restored; how many entries were done.

        The ledger wrote them down in the transaction that deleted the jobs, so nothing is forgotten if we die here.
        Content is committed first and the entry removed after, with both locked in the usual order.
        """
        done = 0
        with self._lock:
            for kb_id, is_dropped in self._repository.outbox_targets().items():
                if time.monotonic() < self._not_before.get(kb_id, 0.0):
                    continue
                try:
                    done += self._drop(kb_id) if is_dropped else self._deliver_to(kb_id)
                except StoreError as error:  # damaged, perhaps: it is told again later, and the others now
                    wait = UNUSABLE_SECONDS if isinstance(error, UNUSABLE) else BUSY_SECONDS
                    self._not_before[kb_id] = time.monotonic() + wait
                    _log.warning("content not told", extra={"kb_id": kb_id, "code": error.code, "cause": str(error)})
        return done

    def _drop(self, kb_id: str) -> int:
        entries = [entry.entry_id for entry in self._repository.outbox(10_000) if entry.kb_id == kb_id]
        self._contents.drop(kb_id)
        self._repository.outbox_done(entries)
        return len(entries)

    def _deliver_to(self, kb_id: str) -> int:
        """All there is for one knowledge base, bit by bit so that nobody waits long for the locks."""
        done = 0
        store = self._contents.of(kb_id)
        while True:
            with store.editing() as editor, self._repository.outbox_work(kb_id, PART) as entries:
                last = {entry.path: entry.op for entry in entries}  # oldest first: the last word counts
                editor.hide_paths([path for path, op in last.items() if op != "show"], True)
                editor.hide_paths([path for path, op in last.items() if op == "show"], False)
                editor.purge_paths([path for path, op in last.items() if op == "purge"])
                editor.commit()
            done += len(entries)
            if len(entries) < PART:
                return done

    def run(self, stop: threading.Event | None = None) -> None:
        """One round: deliver, purge what was deleted long ago, sweep leftovers bit by bit."""
        try:
            self.deliver()
            now = self._repository.trusted_time()
            before = now - timedelta(days=self._settings.undo_days)
            unfinished = min(before, now - UNFINISHED_KEPT)
            while not (stop and stop.is_set()) and self._repository.purge(before):
                pass
            self.deliver()
            for base in self._repository.knowledge_bases():
                self._sweep(base.kb_id, unfinished, stop)
        except IngestError as error:
            _log.warning("housekeeping put off", extra={"code": error.code, "cause": str(error)})

    def _sweep(self, kb_id: str, unfinished: datetime, stop: threading.Event | None) -> None:
        """Also of one that nobody opened yet: a sweep may have been cut short when this program ran last."""
        try:
            if not self._contents.has(kb_id):
                return
            store = self._contents.of(kb_id)
            while not (stop and stop.is_set()) and store.sweep(unfinished_before=unfinished):
                pass
        except StoreError as error:  # the other knowledge bases are swept
            _log.warning("sweep put off", extra={"code": error.code, "cause": str(error)})
