import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ingest_desktop.ui import theme
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow

from .fakes import FakeApp


@pytest.fixture(autouse=True)
def english() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.English))


@pytest.fixture
def app(tmp_path: Path) -> FakeApp:
    return FakeApp(tmp_path)


@pytest.fixture
def hub(qtbot: QtBot, app: FakeApp) -> Iterator[Hub]:
    found = Hub(lambda: app)
    yield found
    found.close()


@pytest.fixture
def opened(qtbot: QtBot, hub: Hub) -> Hub:
    with qtbot.waitSignal(hub.pulsed, timeout=5_000):
        hub.open()
    return hub


@pytest.fixture
def make_window(qtbot: QtBot, qapp: QApplication, app: FakeApp) -> Iterator[Callable[[], MainWindow]]:
    windows = []

    def make() -> MainWindow:
        theme.apply(qapp, theme.LIGHT)
        hub = Hub(lambda: app)
        window = MainWindow(hub, app.settings)
        windows.append(window)
        window.resize(1200, 760)
        window.show()
        with qtbot.waitSignal(hub.pulsed, timeout=5_000):
            hub.open()
        qtbot.waitUntil(lambda: window.model.is_settled, timeout=5_000)
        return window

    yield make
    for window in windows:
        with qtbot.waitSignal(window.quitting, timeout=10_000):
            window.quit_now()
        window.deleteLater()
    qapp.processEvents()


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    return make_window()
