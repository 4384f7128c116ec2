"""Hiding and quitting: into the tray, after a question, with the work put away, also when the session ends."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QSessionManager
from PySide6.QtWidgets import QWidget

from ingest_desktop.ui import dialogs, window_state
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.intake import Intake
from ingest_desktop.ui.notices import Notifier
from ingest_desktop.ui.preferences import Preferences
from ingest_desktop.ui.status_bar import is_working
from ingest_desktop.ui.tray import Tray

TRAY_LOOK_MS = 10_000
SESSION_END_MS = 4_000  # a desktop that logs out kills what takes longer; what is not done by then is redone


class Leaving(QObject):
    """Decides what closing the window means, and ends the program in order.

    Signals:
        begun: The end has begun; nothing more can be added.
        done: Everything is put away; the application may end.
    """

    begun = Signal()
    done = Signal()

    def __init__(
        self,
        hub: Hub,
        preferences: Preferences,
        intake: Intake,
        tray: Tray,
        notifier: Notifier,
        state: Callable[[], dict[str, Any]],
        window: QWidget,
    ) -> None:
        """``state`` gives what the window wants to be remembered."""
        super().__init__(window)
        self._hub, self._preferences, self._intake, self._tray = hub, preferences, intake, tray
        self._state, self._window, self._notifier = state, window, notifier
        self.tray_told = False
        self.is_over = False
        self._box: dialogs.QuitBox | None = None
        self._missed = 0
        self._watch = QTimer(self)
        self._watch.setInterval(TRAY_LOOK_MS)
        self._watch.timeout.connect(self.look_for_tray)
        notifier.pressed.connect(self.bring_up)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            # The session manager may be used only until the slot returns, so the slot must run at once.
            app.commitDataRequest.connect(self.on_session_end, Qt.ConnectionType.DirectConnection)

    # the window ----------------------------------------------------------------------------

    @Slot()
    def bring_up(self) -> None:
        """Show the window on top."""
        if self.is_over:
            return
        self._watch.stop()
        if self._window.isMinimized():
            self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    @Slot()
    def toggle(self) -> None:
        """Hide a window that shows, show one that does not."""
        if self._window.isVisible() and not self._window.isMinimized():
            self._hide()
        else:
            self.bring_up()

    def _hide(self) -> None:
        self._window.hide()
        self._missed = 0
        self._watch.start()

    @Slot()
    def look_for_tray(self) -> None:
        """A window that is hidden in a tray which is gone for good could not be reached any more: show it."""
        self._missed = 0 if self._tray.is_there else self._missed + 1
        if self._missed > 1:  # once may be a desktop that starts its panel anew
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
        self._hide()
        if not self.tray_told:
            self.tray_told = True
            self._notifier.tell(
                self.tr("Ingest Desktop goes on in the tray"),
                self.tr("Choose Quit in its menu to end it. This can be changed in the settings."),
            )

    # the end -------------------------------------------------------------------------------

    @Slot()
    def quit(self) -> None:
        """Quit; ask once while there is work in hand."""
        pulse = self._hub.pulse
        if self._preferences.settings.quit_with_work != "ask" or pulse is None or not is_working(pulse):
            self.quit_now()
            return
        self.bring_up()
        if self._box is None:
            self._box = dialogs.QuitBox(_unended(pulse), self._window)
            self._box.finished.connect(self._on_answer)  # also when it is closed without a button
            self._box.open()
        self._box.raise_()

    @Slot(int)
    def _on_answer(self, _: int) -> None:
        box, self._box = self._box, None
        if box is None:
            return
        box.deleteLater()
        if box.clickedButton() is box.quit_button:
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
        self.begun.emit()
        self._intake.stop()
        root, state = self._preferences.settings.data_root, self._state()
        self._hub.commands.ask(lambda: window_state.save(root, state))
        self._watch.stop()
        self._tray.leave()
        return True

    @Slot()
    def _end(self) -> None:
        self._hub.close()
        self._gone()

    @Slot()
    def _gone(self) -> None:
        self._notifier.close()
        self._window.close()
        self.done.emit()


def _unended(pulse: Pulse) -> int:
    """What goes on at the next start, that included which waits to be added."""
    return pulse.held + sum(n for (_, status), n in pulse.status.counts.by_status.items() if not status.is_terminal)
