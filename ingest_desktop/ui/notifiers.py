"""Where notifications are shown: by the desktop's own service where there is one, else beside the icon in the tray."""

import logging
import sys
from typing import Final

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, Slot
from PySide6.QtGui import QGuiApplication

from ingest_desktop.ui.notices import Notifier
from ingest_desktop.ui.session_bus import MEMBER, BusError, Message, SessionBus, session_address
from ingest_desktop.ui.tray import SHOW_MS, TraySeat
from ingest_desktop.workers.service_thread import Calls

SERVICE: Final = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
BUS: Final = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
END_MS = 500

_log = logging.getLogger(__name__)


class TrayNotifier(Notifier):
    """Beside the icon."""

    def __init__(self, seat: TraySeat, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seat = seat
        seat.message_pressed.connect(self.pressed)

    def tell(self, title: str, text: str) -> None:
        if self._seat.is_there:
            self._seat.say(title, text)


class DesktopNotifier(Notifier):
    """By the desktop's service for notifications, from a thread of its own; by another way where that fails."""

    def __init__(self, address: str, otherwise: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._address, self._otherwise = address, otherwise
        otherwise.pressed.connect(self.pressed)
        self._calls: Calls | None = None
        self._bus: SessionBus | None = None  # used in the thread alone
        self._markup = False
        self._told: set[int] = set()
        self._watch: QSocketNotifier | None = None

    def tell(self, title: str, text: str) -> None:
        if self._calls is None:
            self._calls = Calls("notifications", self)
        app = QCoreApplication.applicationName()
        self._calls.ask(
            lambda: self._notify(app, title, text),
            self._on_told,
            failed=lambda error: self._on_failed(error, title, text),
        )

    def _notify(self, app: str, title: str, text: str) -> int:
        """Runs in the thread; the number of the notification."""
        bus = self._bus or self._open()
        try:
            body = _escaped(text) if self._markup else text
            hints = {"desktop-entry": ("s", app)}
            arguments = ("Ingest Desktop", 0, app, title, body, ["default", title], hints, SHOW_MS)
            return int(bus.call(*SERVICE, "Notify", "susssasa{sv}i", *arguments)[0])
        except BusError:
            self._hang_up()  # the service may have been started anew: the next one tries again
            raise

    def _open(self) -> SessionBus:
        bus = SessionBus(self._address)
        try:
            self._markup = "body-markup" in bus.call(*SERVICE, "GetCapabilities")[0]
            bus.call(*BUS, "AddMatch", "s", f"type='signal',interface='{SERVICE[2]}'")
        except BusError:
            bus.close()
            raise
        self._bus = bus
        return bus

    def _hang_up(self) -> None:
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _on_told(self, number: int) -> None:
        self._told.add(number)
        if self._watch is None and self._bus is not None:
            self._watch = QSocketNotifier(self._bus.fileno(), QSocketNotifier.Type.Read, self)
            self._watch.activated.connect(self._on_news)

    def _on_failed(self, error: Exception, title: str, text: str) -> None:
        self._stop_watching()
        _log.info("no notification by the desktop", extra={"cause": str(error)})
        self._otherwise.tell(title, text)

    @Slot()
    def _on_news(self) -> None:
        bus, calls, watch = self._bus, self._calls, self._watch
        if bus is not None and calls is not None and watch is not None:
            watch.setEnabled(False)
            calls.ask(bus.poll, self._on_signals, failed=self._on_lost)

    def _on_signals(self, signals: list[Message]) -> None:
        if self._watch is not None:
            self._watch.setEnabled(True)
        for signal in signals:
            if signal.fields.get(MEMBER) == "ActionInvoked" and self._told.intersection(signal.arguments[:1]):
                self.pressed.emit()

    def _on_lost(self, _: Exception) -> None:
        self._stop_watching()
        if self._calls is not None:
            self._calls.ask(self._hang_up)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.setEnabled(False)
            self._watch.deleteLater()
            self._watch = None

    def close(self) -> None:
        self._stop_watching()
        if self._calls is not None:
            self._calls.ask(self._hang_up)
            self._calls.close(END_MS)
            self._calls = None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def notifier_for(seat: TraySeat, parent: QObject | None = None) -> Notifier:
    """The best way there is. UI thread."""
    beside_icon = TrayNotifier(seat, parent)
    address = session_address() if sys.platform.startswith("linux") else ""
    if address and QGuiApplication.platformName() != "offscreen":  # there nobody sits before it
        return DesktopNotifier(address, beside_icon, parent)
    return beside_icon
