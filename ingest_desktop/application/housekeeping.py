"""What is done beside the work: content follows deletions, what is past undoing is purged, leftovers are swept."""

import logging
import threading
from datetime import UTC, datetime, timedelta

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Repository

_log = logging.getLogger(__name__)

UNFINISHED_KEPT = timedelta(days=1)  # at least: what is half read may be in somebody's hands


class Housekeeping:
    """Any thread, one at a time."""

    def __init__(self, repository: Repository, contents: ContentStores, settings: Settings) -> None:
        self._repository = repository
        self._contents = contents
        self._settings = settings
        self._lock = threading.Lock()

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
            entries = self._repository.outbox(10_000)
            for kb_id in {entry.kb_id for entry in entries}:
                dropped = [entry.entry_id for entry in entries if entry.kb_id == kb_id and entry.op == "drop"]
                if dropped:
                    self._contents.drop(kb_id)
                    self._repository.outbox_done(dropped)
                    done += len(dropped)
                else:
                    done += self._deliver_to(kb_id)
        return done

    def _deliver_to(self, kb_id: str) -> int:
        with self._contents.of(kb_id).editing() as editor, self._repository.outbox_work(kb_id) as entries:
            last = {entry.path: entry.op for entry in entries}  # oldest first: the last word counts
            editor.hide_paths([path for path, op in last.items() if op != "show"], True)
            editor.hide_paths([path for path, op in last.items() if op == "show"], False)
            editor.purge_paths([path for path, op in last.items() if op == "purge"])
            editor.commit()
        return len(entries)

    def run(self, stop: threading.Event | None = None) -> None:
        """One round: deliver, purge what was deleted long ago, sweep leftovers bit by bit."""
        try:
            self.deliver()
            before = datetime.now(UTC) - timedelta(days=self._settings.undo_days)
            unfinished = min(before, datetime.now(UTC) - UNFINISHED_KEPT)
            while not (stop and stop.is_set()) and self._repository.purge(before):
                pass
            self.deliver()
            for store in self._contents.opened():
                while not (stop and stop.is_set()) and store.sweep(unfinished_before=unfinished):
                    pass
        except IngestError as error:
            _log.warning("housekeeping put off", extra={"code": error.code, "cause": str(error)})
