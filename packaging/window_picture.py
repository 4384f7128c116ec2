"""Saves a picture of the window on a store: packaging/window_picture.py OUT.png --data-dir DIR.

Used where there is no display. The window is the real one with its engine; it is painted by Qt's offscreen platform
and quits by itself.
"""

import argparse
import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from ingest_desktop.bootstrap import build_app
from ingest_desktop.config.settings import load_settings
from ingest_desktop.domain.enums import Actor
from ingest_desktop.ui import door, theme
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.workers.qt_threads import QtHost

PULSES = 2  # the first look brings the counts, by the second the rows asked for are painted
LIMIT_MS = 30_000


def main() -> int:
    parser = argparse.ArgumentParser(description="Save a picture of the window.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--data-dir", required=True)
    options = parser.parse_args()
    app = door.make_application()
    settings = load_settings(options.data_dir)
    theme.apply(app, theme.wanted(settings.theme))
    hub = Hub(lambda: build_app(settings, actor=Actor.WINDOW, label="picture", worker_host=QtHost))
    window = MainWindow(hub, settings)
    window.resize(1180, 740)
    window.quitting.connect(app.quit)
    window.show()
    pulses: list[object] = []
    trouble: list[object] = []

    def stop(error: object) -> None:
        trouble.append(error)
        app.exit(1)

    def on_pulse(pulse: object) -> None:
        pulses.append(pulse)
        if len(pulses) == PULSES:
            options.picture.parent.mkdir(parents=True, exist_ok=True)
            if not window.grab().save(str(options.picture)):
                stop(f"{options.picture} cannot be written")
            window.quit_now()

    hub.pulsed.connect(on_pulse)
    hub.broken.connect(stop)
    QTimer.singleShot(LIMIT_MS, lambda: stop("the window took too long"))
    QTimer.singleShot(0, hub.open)
    code = int(app.exec())
    if trouble:
        print(f"no picture: {trouble[0]}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
