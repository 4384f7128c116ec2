"""Holds the work up while the machine runs on its battery, as the settings say."""

import time
from collections.abc import Callable
from typing import Final

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.config.settings import Settings

ON_BATTERY: Final = "on_battery"  # the code of the trouble; no error, as nothing went wrong
LOOK_SECONDS: Final = 15.0
_AGAIN: Final = 0.05  # the charge that must be won above the limit, so that work does not come and go with each percent


class PowerWatch:
    """Looks at the battery now and then. Belongs to one thread.

    Args:
        charge: What is left in the battery the machine runs on, 0..1; None with mains power or without a battery.
    """

    def __init__(
        self, scheduler: Scheduler, settings: Settings, hub: EventHub, charge: Callable[[], float | None]
    ) -> None:
        self._scheduler, self._settings, self._hub, self._charge = scheduler, settings, hub, charge
        self._held = False
        self._next = 0.0
        self._message = ""

    def look(self) -> None:
        """Hold the work up, or let it go on."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_SECONDS
        charge = None if self._settings.wait_on_battery == "never" else self._charge()
        if self._is_too_little(charge) == self._held:
            return
        self._held = not self._held
        self._scheduler.hold(self._held, "on battery")
        if self._held:
            self._message = self._why()
            self.tell()
        else:
            self._hub.trouble("", "", "")

    def tell(self) -> None:
        """Say why work waits, if it does: after other trouble is over."""
        if self._held:
            hint = (
                "Plug it in, and work goes on by itself. To work all the same, change “Wait on battery” in the settings "
                "(INGESTION_WAIT_ON_BATTERY)."
            )
            self._hub.trouble(ON_BATTERY, self._message, hint)

    def _why(self) -> str:
        """What holds for as long as work waits: the charge itself would soon be another."""
        if self._settings.wait_on_battery == "always":
            return "The computer runs on its battery: work waits."
        return f"The battery is below {self._settings.battery_low_percent} %: work waits."

    def _is_too_little(self, charge: float | None) -> bool:
        if charge is None:
            return False
        if self._settings.wait_on_battery == "always":
            return True
        limit = self._settings.battery_low_percent / 100
        return charge < limit + (_AGAIN if self._held else 0.0)
