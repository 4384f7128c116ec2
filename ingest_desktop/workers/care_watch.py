"""Lets the store be looked after beside the work, and says what is found to be damaged."""

import logging
import threading
import time
from collections.abc import Sequence

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.domain.errors import IngestError, by_code
from ingest_desktop.domain.interfaces.care import CareSettings, Damage, StoreCare

_log = logging.getLogger(__name__)

CARE_AFTER_SECONDS = 2.0  # a short run has other things to do
CARE_SECONDS = 60.0
HELD_SECONDS = 10.0  # while a knowledge base is held: whether it can be used again
CARE_ENDS_SECONDS = 1.0  # it hears at once that it is to stop


class CareWatch:
    """Care may read for minutes: it has a thread of its own, so that whoever asks for it keeps the lease meanwhile.

    ``look`` and ``end`` belong to the steward's thread.
    """

    def __init__(self, care: StoreCare, settings: CareSettings, scheduler: Scheduler, hub: EventHub) -> None:
        self._care, self._settings, self._scheduler, self._hub = care, settings, scheduler, hub
        self._next = time.monotonic() + CARE_AFTER_SECONDS
        self._thread: threading.Thread | None = None
        self._found: Sequence[Damage] | None = (
            None  # of a round that is over and not told of; the care's thread sets it
        )

    def look(self, stop: threading.Event) -> None:
        """Start a round of care when one is due, and tell what the last one found."""
        if self._thread is not None and self._thread.is_alive():
            return
        found, self._found = self._found, None
        if found is not None:
            self._tell(found)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (HELD_SECONDS if self._hub.standing else CARE_SECONDS)
        self._thread = threading.Thread(target=self._run, args=(stop,), name="caretaker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Before the first claim: let go of what was held and can be used again, and tell of what cannot."""
        try:
            found = self._care.wake()
            if found:  # else what was told before is looked at by the first round of care
                self._tell(found)
        except IngestError as error:
            _log.warning("held bases not looked at", extra={"code": error.code, "cause": str(error)})
        except Exception:  # noqa: BLE001 - work begins nevertheless
            _log.exception("care failed")

    def end(self) -> None:
        """Wait for a round under way, which was told to stop, but not for long."""
        if self._thread is not None:
            self._thread.join(CARE_ENDS_SECONDS)

    def _run(self, stop: threading.Event) -> None:
        try:
            self._found = tuple(self._care.care(self._settings, stop))
        except IngestError as error:
            _log.warning("care put off", extra={"code": error.code, "cause": str(error)})
        except Exception:  # noqa: BLE001 - a thread's top
            _log.exception("care failed")

    def _tell(self, found: Sequence[Damage]) -> None:
        """Say what is damaged, and when it no longer is. Nothing is handed out from a list of jobs that is damaged."""
        troubles = tuple((damage.code, damage.message, by_code()[damage.code].hint) for damage in found)
        if troubles == self._hub.standing:
            return
        self._scheduler.hold(any(damage.where == "ledger" for damage in found), "damage")
        self._scheduler.recheck()
        self._hub.stand(troubles)
