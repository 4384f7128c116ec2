"""The icon in the tray: three states, a menu, a tooltip, and grouped notifications."""

import time

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Counts
from ingest_desktop.ui import assets, formats, words
from ingest_desktop.ui.actions import Actions
from ingest_desktop.ui.hub import Pulse
from ingest_desktop.ui.status_bar import is_working, summary

QUIET_SECONDS = 30.0  # at most one notification of a kind in this time
SHOW_MS = 8_000


def state_of(pulse: Pulse) -> str:
    """Which icon: "working", "attention" or "idle"."""
    if is_working(pulse):
        return "working"
    return "attention" if sum(pulse.status.counts.attention.values()) else "idle"


class Tray(QObject):
    """The tray icon, where there is a tray; silent where there is none.

    Signals:
        toggled: Show or hide the window.
    """

    toggled = Signal()

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._state = ""
        self._told: dict[str, float] = {}
        self.menu = QMenu(window)
        self._show = self.menu.addAction(self.tr("Show window"), self.toggled.emit)
        self.menu.addAction(actions["add_files"])
        self.menu.addSeparator()
        self.menu.addAction(actions["toggle_all"])
        self.menu.addSeparator()
        self.menu.addAction(actions["quit"])
        self.menu.aboutToShow.connect(self._name_show)
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.setToolTip(self.tr("Ingest Desktop"))
        self.icon.activated.connect(self._on_activated)
        self.icon.messageClicked.connect(self._on_message)
        self._set_state("idle")
        if self.is_there:
            self.icon.show()

    @property
    def is_there(self) -> bool:
        """True when this desktop has a tray. ``supportsMessages`` is always true and says nothing."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @Slot()
    def _name_show(self) -> None:
        shown = self._window.isVisible() and not self._window.isMinimized()
        self._show.setText(self.tr("Hide window") if shown else self.tr("Show window"))

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.toggled.emit()

    @Slot()
    def _on_message(self) -> None:
        if not self._window.isVisible():
            self.toggled.emit()

    def _set_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self.icon.setIcon(assets.app_icon(state))

    @property
    def state(self) -> str:
        """Which icon shows."""
        return self._state

    @Slot(object)
    def show_pulse(self, pulse: Pulse) -> None:
        """Follow the engine."""
        self._set_state(state_of(pulse))
        self.icon.setToolTip(summary(pulse))

    def notify(self, kind: str, title: str, text: str) -> bool:
        """Tell something, at most once per kind in half a minute. False when it was not told."""
        now = time.monotonic()
        if not self.is_there or now - self._told.get(kind, float("-inf")) < QUIET_SECONDS:
            return False
        self._told[kind] = now
        self.icon.showMessage(title, text, assets.app_icon(), SHOW_MS)
        return True

    def tell_hidden(self) -> None:
        """Say, the first time, where the window went."""
        self.icon.showMessage(
            self.tr("Ingest Desktop goes on in the tray"),
            self.tr("Choose Quit in its menu to end it. This can be changed in the settings."),
            assets.app_icon(),
            SHOW_MS,
        )


def batch_message(label: str, counts: Counts) -> tuple[str, str, str]:
    """Kind ("finished" or "failed"), title and text of the one notification of a batch."""
    translate = formats.translate
    done, failed = counts.of(JobStatus.COMPLETED), counts.of(JobStatus.FAILED)
    if failed:
        title = translate("Tray", "{files} could not be read").format(files=words.files(failed))
        text = translate("Tray", "{label}: {done} done, {failed} failed.").format(
            label=label, done=formats.number(done), failed=formats.number(failed)
        )
        return "failed", title, text
    title = translate("Tray", "{files} can be searched").format(files=words.files(done))
    return "finished", title, translate("Tray", "{label} is done.").format(label=label)
