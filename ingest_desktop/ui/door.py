"""Starts the window: arguments, one instance for each data folder, first paint, then the engine."""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QLocale, Qt, QTimer, QTranslator, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from ingest_desktop import __version__
from ingest_desktop.config.settings import Settings, load_settings
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.ui import assets, theme, window_state
from ingest_desktop.ui.backend import Backend
from ingest_desktop.ui.focus_ring import FocusRing
from ingest_desktop.ui.hub import Hub, Mend
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.single_instance import FirstInstance, Place, take_place

translate = QCoreApplication.translate
SWITCH_SECONDS = 0.001  # how long a thread may keep the interpreter: shortens repaints beside busy threads
SIGNAL_MS = 200


def parser() -> argparse.ArgumentParser:
    """The arguments of the window."""
    found = argparse.ArgumentParser(prog="ingest-desktop", description="Make your documents searchable, offline.")
    found.add_argument("paths", nargs="*", metavar="PATH", help="files and folders to add")
    found.add_argument("--data-dir", metavar="DIR", help="where the store lives (or INGESTION_DATA_ROOT)")
    found.add_argument("--version", action="version", version=f"ingest-desktop {__version__}")
    return found


class Application(QApplication):
    """The application, which macOS tells of files that are dropped on its icon or opened with it.

    Signals:
        opened: Files to add. arg: a list of absolute paths.
    """

    opened = Signal(object)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.opened.emit([event.file()])
            return True
        return super().event(event)


def make_application() -> QApplication:
    """The one QApplication, named, with the translation of this locale where there is one."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = Application(sys.argv[:1])
    if QLocale().language() == QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))  # "C" groups no digits and is nobody's language
    app.setApplicationName("ingest-desktop")
    app.setApplicationDisplayName("Ingest Desktop")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("ingest-desktop")
    app.setWindowIcon(assets.app_icon())
    app.setQuitOnLastWindowClosed(False)
    if app.findChild(FocusRing) is None:
        FocusRing(app)
    folders = (QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath), str(assets.resources() / "translations"))
    for name, folder in zip(("qtbase", "ingest_desktop"), folders, strict=True):
        translator = QTranslator(app)
        if translator.load(QLocale(), name, "_", folder):
            app.installTranslator(translator)
    return app


def open_window(settings: Settings, build: Callable[[], Backend], mend: Mend | None = None) -> MainWindow:
    """Make and show the window; the engine is built when it is painted. ``mend``: see ``Hub``."""
    hub = Hub(build, mend=mend)
    window = MainWindow(hub, settings, window_state.load(settings.data_root))
    for opened in (hub.ready, hub.broken):
        opened.connect(collect_again)
    window.show()
    QTimer.singleShot(0, hub.open)
    return window


def collect_again(*_: object) -> None:
    """All is loaded: look for reference cycles from now on, but not in what is there to stay."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def run(
    arguments: list[str],
    engine_of: Callable[[Settings], Backend],
    mender_of: Callable[[Settings], Mend] | None = None,
) -> int:
    """Run the window until it is quit; the exit code.

    Args:
        engine_of: Builds the engine; called in the command thread, after the first paint.
        mender_of: Gives what repairs a store that cannot be opened.
    """
    options = parser().parse_args(arguments)
    sys.setswitchinterval(SWITCH_SECONDS)
    app = make_application()
    try:
        settings = load_settings(options.data_dir)
        settings.data_root.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that is there keeps its rights
    except (IngestError, OSError) as error:
        theme.apply(app, theme.wanted("system"))
        hint = "" if "--data-dir" in str(error) else getattr(error, "hint", "")
        _complain(f"{error} {hint}".strip())
        return 2
    paths = [os.path.abspath(path) for path in options.paths]
    first = FirstInstance(Path(settings.data_root))
    place = take_place(first, settings.data_root, paths)
    if place is Place.HANDED_OVER:
        return 0
    if place is Place.STUCK:
        theme.apply(app, theme.wanted(settings.theme))
        _complain(_why_not(settings.data_root))
        return 1
    theme.apply(app, theme.wanted(settings.theme))
    window = open_window(settings, lambda: engine_of(settings), mender_of(settings) if mender_of else None)
    window.quitting.connect(app.quit)
    window.leaving.begun.connect(first.stop_listening)
    first.called.connect(window.bring_up)
    first.called.connect(lambda found: window.add_paths(found) if found else None)
    if isinstance(app, Application):
        app.opened.connect(window.add_paths)
    window.add_paths(paths)
    beat = _obey_signals(window)
    code = app.exec()
    beat.stop()
    first.release()
    return code


def _complain(text: str) -> None:
    """Tell why there will be no window. Names in it stay what they are."""
    box = QMessageBox(QMessageBox.Icon.Critical, QApplication.applicationDisplayName(), text)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.exec()


def _why_not(data_root: Path) -> str:
    """Why the window could not become the one of this data folder."""
    if not os.access(data_root, os.W_OK):
        text = translate("door", "The data folder {folder} may not be written. Choose another one with --data-dir.")
    else:
        text = translate(
            "door", "Ingest Desktop runs already for {folder}, but does not answer. End it, then start again."
        )
    return text.format(folder=data_root)


def _obey_signals(window: MainWindow) -> QTimer:
    """Ctrl+C, a polite kill and a terminal that closes quit in good order; the timer lets Python see them."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # ignored: it is to outlive that
            signal.signal(number, lambda *_: window.quit_now())
    beat = QTimer(window)
    beat.timeout.connect(lambda: None)
    beat.start(SIGNAL_MS)
    return beat
