"""The icon in the tray: three states, a menu, a tooltip with the progress."""

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from ingest_desktop.ui import assets
from ingest_desktop.ui.actions import Actions
from ingest_desktop.ui.hub import Pulse
from ingest_desktop.ui.status_bar import is_working, summary

SHOW_MS = 8_000
WITHOUT_TRAY = ("offscreen", "minimal")  # platforms of Qt that have no desktop


def state_of(pulse: Pulse) -> str:
    """Which icon: "working", "attention" or "idle"."""
    if is_working(pulse):
        return "working"
    return "attention" if sum(pulse.status.counts.attention.values()) else "idle"


class TraySeat(QObject):
    """A desktop's tray, as one without a tray has it: nothing shows. The seam where tests put one of their own.

    Signals:
        pressed: The icon was pressed.
        message_pressed: A message was pressed.
    """

    pressed = Signal()
    message_pressed = Signal()

    @property
    def is_there(self) -> bool:
        """True when the desktop has a tray now. May ask another process."""
        return False

    def take(self, menu: QMenu) -> None:
        """Show an icon with this menu as soon as there is a tray."""

    def show_icon(self, icon: QIcon) -> None:
        """Change the icon."""

    def show_tip(self, text: str) -> None:
        """Change the tooltip."""

    def say(self, title: str, text: str) -> None:
        """Show a message beside the icon."""

    def leave(self) -> None:
        """Take the icon away."""


class SystemTray(TraySeat):
    """The tray that Qt finds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._icon = QSystemTrayIcon(self)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.message_pressed)

    @property
    def is_there(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()  # ``supportsMessages`` is always true and says nothing

    def take(self, menu: QMenu) -> None:
        self._icon.setContextMenu(menu)
        self._icon.show()  # also before there is a tray: at the start of a session it may come later than we do

    def show_icon(self, icon: QIcon) -> None:
        self._icon.setIcon(icon)

    def show_tip(self, text: str) -> None:
        self._icon.setToolTip(text)

    def say(self, title: str, text: str) -> None:
        self._icon.showMessage(title, text, assets.app_icon(), SHOW_MS)

    def leave(self) -> None:
        self._icon.hide()

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.pressed.emit()


def seat_for(parent: QObject | None = None) -> TraySeat:
    """The desktop's tray. Where there is no desktop none is looked for: Qt would complain on the terminal. UI thread."""
    return TraySeat(parent) if QGuiApplication.platformName() in WITHOUT_TRAY else SystemTray(parent)


class Tray(QObject):
    """What stands in the tray, where there is one.

    Signals:
        toggled: Show or hide the window.
        add_wanted: The person wants to choose files.
    """

    toggled = Signal()
    add_wanted = Signal()

    def __init__(self, actions: Actions, window: QWidget, seat: TraySeat) -> None:
        super().__init__(window)
        self._window, self._seat = window, seat
        self._state = self._tip = ""
        self.menu = QMenu(window)
        self._show = self.menu.addAction(self.tr("Show window"), self.toggled.emit)
        self.menu.addAction(self.tr("Add files…"), self.add_wanted.emit)
        self.menu.addSeparator()
        self.menu.addAction(actions["toggle_all"])
        self.menu.addSeparator()
        self.menu.addAction(actions["quit"])
        self.menu.aboutToShow.connect(self.name_show)
        seat.pressed.connect(self.toggled)
        self._set_state("idle")
        self._set_tip("")
        seat.take(self.menu)

    @property
    def is_there(self) -> bool:
        """True when this desktop has a tray."""
        return self._seat.is_there

    @Slot()
    def name_show(self) -> None:
        """Say what the first action will do. Some desktops draw the menu themselves and do not tell when they open it."""
        shown = self._window.isVisible() and not self._window.isMinimized()
        self._show.setText(self.tr("Hide window") if shown else self.tr("Show window"))

    @property
    def state(self) -> str:
        """Which icon shows."""
        return self._state

    def _set_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._seat.show_icon(assets.app_icon(state))

    def _set_tip(self, text: str) -> None:
        tip = self.tr("Ingest Desktop: {progress}").format(progress=text) if text else self.tr("Ingest Desktop")
        if tip != self._tip:
            self._tip = tip
            self._seat.show_tip(tip)

    @Slot(object)
    def show_pulse(self, pulse: Pulse) -> None:
        """Follow the engine."""
        self._set_state(state_of(pulse))
        self._set_tip(summary(pulse))

    def leave(self) -> None:
        """Take the icon away; the last thing."""
        self._seat.leave()
