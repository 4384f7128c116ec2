"""The door of the window: ``ingest-desktop [--data-dir DIR] [PATH…]``.

The same executable is started again for the processes that read files; they are sent to their own
door before anything of the window is imported.
"""

import contextlib
import gc
import multiprocessing
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest_desktop.bootstrap import App
    from ingest_desktop.config.settings import Settings
    from ingest_desktop.domain.interfaces.checks import RepairReport
    from ingest_desktop.ui.hub import Mend

_at_end = contextlib.ExitStack()


def spare_the_start() -> None:
    """Leave out what only costs time while modules are loaded: a sixth of it. ``door.collect_again`` ends it.

    What is loaded stays, and the collector would look through all of it several times. Plugins of the library that
    checks settings are looked for in every installed package; we have none.
    """
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def main() -> int:
    """Run the program; the exit code."""
    multiprocessing.freeze_support()
    if "--extraction-child" in sys.argv[1:2]:
        from ingest_desktop.extraction.child import main as child_main

        child_main()
        return 0
    if _has_no_screen():
        print("There is no screen to open a window on. `ingest` does the same work without one.", file=sys.stderr)  # noqa: T201
        return 1
    spare_the_start()
    from ingest_desktop.ui.door import run

    with _at_end:
        return run(sys.argv[1:], _engine_of, _mender_of)


def _has_no_screen() -> bool:
    """Qt would end the process with a dump of its own words."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _engine_of(settings: "Settings") -> "App":
    """Open the log and the store. Runs in the command thread, after the first paint."""
    from ingest_desktop.bootstrap import build_app
    from ingest_desktop.domain.enums import Actor
    from ingest_desktop.observability.logs import close_logging, setup_logging
    from ingest_desktop.workers.qt_threads import QtHost

    setup_logging(settings, console=True)
    _at_end.callback(close_logging)
    app = build_app(settings, actor=Actor.WINDOW, label="window", worker_host=QtHost)
    if settings.metrics_port and settings.enable_metrics:
        from ingest_desktop.observability.server import serve_when_asked

        server = serve_when_asked(app.metrics, settings.data_root, settings.metrics_port)
        if server is not None:
            _at_end.callback(server.close)
    return app


def _mender_of(settings: "Settings") -> "Mend":
    """What repairs a store that cannot be opened. It is called in a thread of its own."""

    def mend(progress: "Callable[[str], None]") -> "RepairReport":
        from ingest_desktop.repairing import repair

        return repair(settings, progress=progress)

    return mend


if __name__ == "__main__":
    raise SystemExit(main())
