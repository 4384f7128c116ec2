"""Hiding and quitting: into the tray, after a question, with the work put away, also when the session ends."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QSessionManager
from PySide6.QtWidgets import QAbstractButton, QWidget

from ingest_desktop.ui import dialogs, window_state
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.intake import Intake
from ingest_desktop.ui.preferences import Preferences
from ingest_desktop.ui.status_bar import is_working
from ingest_desktop.ui.tray import Tray

SESSION_END_MS = 4_000  # a desktop that logs out kills what takes longer; what is not done by then is redone


class Leaving(QObject):
    """Decides what closing the window means, and ends the program in order.

    Signals:
        done: Everything is put away; the application may end.
    """

    done = Signal()

    def __init__(
        self,
        hub: Hub,
        preferences: Preferences,
        intake: Intake,
        tray: Tray,
        state: Callable[[], dict[str, Any]],
        window: QWidget,
    ) -> None:
        """``state`` gives what the window wants to be remembered."""
        super().__init__(window)
        self._hub, self._preferences, self._intake, self._tray = hub, preferences, intake, tray
        self._state, self._window = state, window
        self.tray_told = False
        self.is_over = False
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            # The session manager may be used only until the slot returns, so the slot must run at once.
            app.commitDataRequest.connect(self.on_session_end, Qt.ConnectionType.DirectConnection)

    # the window ----------------------------------------------------------------------------

    def bring_up(self) -> None:
        """Show the window on top."""
        if self._window.isMinimized():
            self._window.showNormal()
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    @Slot()
    def toggle(self) -> None:
        """Hide a window that shows, show one that does not."""
        if self._window.isVisible() and not self._window.isMinimized():
            self._window.hide()
        else:
            self.bring_up()

    def on_close(self, event: QCloseEvent) -> None:
        """Into the tray where there is one and the settings say so; else quit."""
        if self.is_over:
            event.accept()
            return
        event.ignore()
        if not (self._preferences.settings.close_to_tray and self._tray.is_there):
            self.quit()
            return
        self._window.hide()
        if not self.tray_told:
            self.tray_told = True
            self._tray.tell_hidden()

    # the end -------------------------------------------------------------------------------

    @Slot()
    def quit(self) -> None:
        """Quit; ask once while jobs run."""
        pulse = self._hub.pulse
        if self._preferences.settings.quit_with_work != "ask" or pulse is None or not is_working(pulse):
            self.quit_now()
            return
        box = dialogs.QuitBox(_unended(pulse), self._window)
        box.buttonClicked.connect(lambda button: self._on_answer(box, button))
        self.bring_up()
        box.open()

    def _on_answer(self, box: dialogs.QuitBox, button: QAbstractButton) -> None:
        if button is box.quit_button:
            if box.remember.isChecked():
                self._preferences.save({"quit_with_work": "quit"})
            self.quit_now()

    def quit_now(self) -> None:
        """Remember the state, end the engine and the threads, and go."""
        if self._begin_end():
            self._window.hide()
            QTimer.singleShot(0, self._end)

    @Slot(QSessionManager)
    def on_session_end(self, _: QSessionManager | None = None) -> None:
        """The person logs out: put everything away before this returns. Nothing is asked, nothing is lost."""
        if self._begin_end():
            self._hub.close(SESSION_END_MS)
            QTimer.singleShot(0, self._gone)

    def _begin_end(self) -> bool:
        if self.is_over:
            return False
        self.is_over = True
        self._intake.stop()
        root, state = self._preferences.settings.data_root, self._state()
        self._hub.commands.ask(lambda: window_state.save(root, state))
        self._tray.icon.hide()
        return True

    @Slot()
    def _end(self) -> None:
        self._hub.close()
        self._gone()

    @Slot()
    def _gone(self) -> None:
        self._window.close()
        self.done.emit()


def _unended(pulse: Pulse) -> int:
    return sum(n for (_, status), n in pulse.status.counts.by_status.items() if not status.is_terminal)
