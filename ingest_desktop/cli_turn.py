"""What a command waits for: a list of jobs that another program holds locked, and room in a full queue."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_output import out

TELL_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 600.0  # then the command tries, and tells
HOLD_SECONDS: Final = 0.05  # given to the work to begin, before it is asked whether there is any


def await_turn(app: App, stop: threading.Event) -> None:
    """Return when the list of jobs can be written, or nobody could for a long time.

    Raises:
        KeyboardInterrupt: ``stop`` was set meanwhile. Nothing was changed.
    """
    began = time.monotonic()
    has_told = False
    while app.repository.is_locked(TELL_SECONDS if not has_told else 1.0):
        if stop.is_set():
            raise KeyboardInterrupt
        if not has_told:
            has_told = True
            out(
                "Another program holds the list of jobs locked. Waiting until it lets go; Ctrl+C ends.", file=sys.stderr
            )
        if time.monotonic() - began > PATIENCE_SECONDS:
            return


def working(app: App) -> Callable[[], bool]:
    """What makes room in a full queue: this process works, for as long as there is something that it may work on."""

    def hold() -> bool:
        app.service.start()
        return app.lifecycle.is_working and not app.lifecycle.drain(HOLD_SECONDS)

    return hold
