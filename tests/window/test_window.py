"""The window itself: how it opens, closes, remembers, and what it says when there is nothing to open."""

import json
import threading
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QTableView, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobEvent
from ingest_desktop.domain.errors import StoreTooNew
from ingest_desktop.domain.models import DiscoveryReport
from ingest_desktop.ui import theme, window_state
from ingest_desktop.ui.actions import EVENTS
from ingest_desktop.ui.dialogs import BrokenBox, QuitBox
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.sidebar import Sidebar

from .fake_service import job
from .fakes import FakeApp
from .showcase import showcase
from .window_kit import Make


def test_it_paints_before_the_engine_is_there(qtbot: QtBot, app: FakeApp) -> None:
    window = MainWindow(Hub(lambda: app), app.settings)
    window.show()
    assert not window.grab().isNull()
    window.add_paths(["/docs/early.pdf"])
    with qtbot.waitSignal(window.hub.ready):
        window.hub.open()
    qtbot.waitUntil(lambda: ("submit", (("/docs/early.pdf",), None)) in app.service.calls)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    assert app.closed


def test_closing_without_a_tray_quits(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    window = make_window()
    assert not window.tray.is_there  # the offscreen platform has none
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.close()
    assert app.closed
    window.leaving.is_over = False  # so that the fixture can close it again


def test_quitting_during_work_asks_once_and_can_remember(
    qtbot: QtBot, make_window: Make, app: FakeApp, tmp_path: Path
) -> None:
    app.service.put(job(1))
    window = make_window()
    held = DiscoveryReport(batch_id="b1", held=7)
    window.hub.bridge.discovery_changed(held)  # what waits to be added goes on later, too
    window.hub.look_soon(0)
    qtbot.waitUntil(lambda: window.hub.pulse is not None and window.hub.pulse.held == 7)
    window.close()
    (box,) = window.findChildren(QuitBox)
    assert box.text() == "8 jobs not finished. Quit now?"
    assert window.isVisible()
    box.remember.setChecked(True)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        box.quit_button.click()
    assert json.loads((tmp_path / "settings.json").read_text())["quit_with_work"] == "quit"
    window.leaving.is_over = False


def test_the_window_remembers(qtbot: QtBot, make_window: Make, app: FakeApp, tmp_path: Path) -> None:
    window = make_window()
    window.table.horizontalHeader().setSectionHidden(4, True)
    window.actions_["detail"].setChecked(False)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    window.leaving.is_over = False
    assert (tmp_path / window_state.STATE_FILE).exists()
    again = MainWindow(Hub(lambda: app), app.settings, window_state.load(tmp_path))
    assert again.table.isColumnHidden(4)
    assert not again.actions_["detail"].isChecked()
    with qtbot.waitSignal(again.quitting, timeout=10_000):
        again.quit_now()
    assert QSettings(str(tmp_path / window_state.STATE_FILE), QSettings.Format.IniFormat).contains("columns")


def test_every_control_has_a_name(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    showcase(app, 50)
    window = make_window()
    nameless = [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QLineEdit | QTableView | QTreeWidget)
        and widget.isVisibleTo(window)
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
        and not widget.objectName().startswith("qt_")
        and type(widget).__name__ not in ("QAbstractButton", "QLineEditIconButton", "QToolButton")
    ]
    assert nameless == []


def test_the_theme_can_be_changed_while_it_runs(
    qtbot: QtBot, qapp: QApplication, make_window: Make, tmp_path: Path
) -> None:
    window = make_window()
    window.preferences.save({"theme": "dark"})
    qtbot.waitUntil(lambda: theme.tokens_now() is theme.DARK)
    window.preferences.save({"theme": "light"})
    qtbot.waitUntil(lambda: theme.tokens_now() is theme.LIGHT)


def test_events_of_the_table_have_actions() -> None:
    assert set(EVENTS.values()) == {JobEvent.PAUSE, JobEvent.RESUME, JobEvent.CANCEL, JobEvent.RETRY}


def test_quitting_ends_searches_that_still_go_on(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.hold["/net/slow"] = threading.Event()  # ends only when it is told to stop
    window.intake.submit(["/net/slow"], None)
    qtbot.waitUntil(lambda: "/net/slow" in app.service.searching)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    assert ("submitted", ("/net/slow",)) in app.service.calls
    assert app.closed
    window.leaving.is_over = False


def test_the_end_of_the_session_puts_all_away_before_it_returns(
    qtbot: QtBot, make_window: Make, app: FakeApp, tmp_path: Path
) -> None:
    app.service.put(job(1))
    window = make_window()
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.leaving.on_session_end()
        assert app.closed
        assert (tmp_path / window_state.STATE_FILE).exists()
    window.leaving.is_over = False


def test_settings_of_the_window_do_not_disturb_the_engine(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    window.preferences.save({"notify_finished": False})
    qtbot.waitUntil(lambda: not window.notices.settings.notify_finished)
    assert app.applied == []
    window.preferences.save({"workers": 3})
    qtbot.waitUntil(lambda: [settings.workers for settings in app.applied] == [3])


def test_what_waits_for_a_restart_is_said(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.preferences.said) as said:
        window.preferences.save({"log_level": "DEBUG"})
    assert said.args == ["Settings saved; some take effect at the next start."]


def test_a_store_that_cannot_be_opened_says_why_and_can_be_tried_again(qtbot: QtBot, app: FakeApp) -> None:
    tried: list[str] = []

    def build() -> FakeApp:
        tried.append("once")
        if len(tried) == 1:
            raise StoreTooNew("The store was written by a newer version.")
        return app

    window = MainWindow(Hub(build), app.settings)
    window.show()
    with qtbot.waitSignal(window.hub.broken):
        window.hub.open()
    (box,) = window.findChildren(BrokenBox)
    assert box.text().startswith("The store was written by a newer version.")
    with qtbot.waitSignal(window.hub.ready):
        box.again.click()
    assert not window.trouble_strip.isVisible()
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()


def test_a_store_that_cannot_be_opened_can_be_left(qtbot: QtBot, app: FakeApp) -> None:
    def build() -> FakeApp:
        raise StoreTooNew("The store was written by a newer version.")

    window = MainWindow(Hub(build), app.settings)
    window.show()
    with qtbot.waitSignal(window.hub.broken):
        window.hub.open()
    (box,) = window.findChildren(BrokenBox)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        box.leave.click()


def test_a_caption_that_is_too_long_for_the_side_bar_is_shortened(qtbot: QtBot) -> None:
    sidebar = Sidebar()
    qtbot.addWidget(sidebar)
    for caption in sidebar.captions:
        caption.setText("Wissensdatenbanken der ganzen Familie und ihrer Freunde")
    sidebar.resize(sidebar.minimumWidth(), 600)
    sidebar.show()
    assert sidebar.minimumSizeHint().width() <= sidebar.minimumWidth()
    assert sidebar.captions[0].geometry().right() < sidebar._new.geometry().left() <= sidebar.width()
