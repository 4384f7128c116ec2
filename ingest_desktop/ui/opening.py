"""A data folder that could not be opened: what the window says, and the ways on from there."""

import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from ingest_desktop.ui import dialogs
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.leaving import Leaving
from ingest_desktop.ui.preferences import Preferences
from ingest_desktop.ui.repairs import Repairs
from ingest_desktop.ui.status_bar import StatusBar
from ingest_desktop.ui.strips import Strip


def start_for(folder: str) -> bool:
    """Start another window, on this data folder, which outlives this one; whether that could be done."""
    own = [] if getattr(sys, "frozen", False) else ["-m", "ingest_desktop"]
    started, _ = QProcess.startDetached(sys.executable, [*own, "--data-dir", folder], os.getcwd())
    return started


class Opening(QObject):
    """Follows the hub when it could not open the data folder. Lives in the UI thread."""

    def __init__(
        self,
        hub: Hub,
        preferences: Preferences,
        repairs: Repairs,
        leaving: Leaving,
        strip: Strip,
        status: StatusBar,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._hub, self._preferences, self._repairs, self._leaving = hub, preferences, repairs, leaving
        self._strip, self._status, self._window = strip, status, window
        self.start_for: Callable[[str], bool] = start_for
        hub.broken.connect(self._on_broken)

    @Slot(object)
    def _on_broken(self, error: Exception) -> None:
        self._strip.say(sentence_of(error))
        self._status.show_broken()
        folder, can_repair = str(self._preferences.settings.data_root), self._repairs.helps_with(error)
        why = str(error) if can_repair else sentence_of(error)  # its next step is for those who have no button
        box = dialogs.BrokenBox(why, folder, self._window, can_repair=can_repair)
        if box.repair is not None:
            box.repair.clicked.connect(self._repairs.repair_store)
        box.again.clicked.connect(self._open_again)
        box.other.clicked.connect(lambda: self._choose(error))
        box.leave.clicked.connect(self._leaving.quit_now)
        box.open()

    @Slot()
    def _open_again(self) -> None:
        self._strip.hide()
        self._status.show_opening()
        self._hub.open()

    def _choose(self, error: Exception) -> None:
        """Ask for another data folder; who changes their mind is asked the first question again."""
        dialog = QFileDialog(self._window, self.tr("Choose another data folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda folder: self._go_to(folder, error))
        dialog.rejected.connect(lambda: self._on_broken(error))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _go_to(self, folder: str, error: Exception) -> None:
        if self.start_for(folder):
            self._leaving.quit_now()
        else:
            self._on_broken(error)
