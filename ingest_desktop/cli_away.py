"""What a command that works does when the data folder vanishes: it waits until the folder is back."""

import os
import threading
from typing import Final

from ingest_desktop.bootstrap import App
from ingest_desktop.domain.errors import StoreError, StoreFaulty, StoreGone

LOOK_SECONDS: Final = 1.0  # between two looks for the folder


class Away:
    """Asked when work has stopped, or the store could not be asked. ``stop`` ends the waiting, too."""

    def __init__(self, app: App, stop: threading.Event) -> None:
        self._app, self._stop = app, stop

    def is_why(self, error: StoreError) -> bool:
        """Whether an error is met because the folder is gone; the steward notes it a moment later, and tells. Waits a little
        then.
        """
        if not isinstance(error, StoreGone | StoreFaulty) or os.path.exists(self._app.repository.path):
            return False
        self._stop.wait(LOOK_SECONDS)
        return True

    def is_over(self) -> bool:
        """Wait until the folder is back and work goes on. False when it was not gone, or who waits is told to stop."""
        if not self._app.store_is_gone:
            return False
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if self._app.go_on_if_back():
                    return True
            except StoreError:  # it is back and cannot be used yet
                continue
        return False
