"""The settings while the window runs: the dialog, saving, telling the engine, and the look."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from ingest_desktop.config.settings import Group, Settings
from ingest_desktop.config.settings_checks import UnknownSetting, save_changes, unknown_settings
from ingest_desktop.ui import theme
from ingest_desktop.ui.backend import Tunable
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.settings_dialog import SettingsDialog
from ingest_desktop.ui.settings_values import group_of, is_live


class Preferences(QObject):
    """Keeps the settings. Lives in the UI thread; files are written in the command thread.

    Signals:
        changed: Other settings hold from now on. arg: Settings.
        restyled: The application has another look.
        said: Something to tell in the status bar. arg: a sentence.
        doubted: Names look like settings and are none. arg: a sentence.
    """

    doubted = Signal(str)
    changed = Signal(object)
    restyled = Signal()
    said = Signal(str)

    def __init__(self, hub: Hub, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._hub, self._window = hub, window
        self.settings = settings
        self._dialog: SettingsDialog | None = None
        self.unknown: tuple[UnknownSetting, ...] = ()
        hub.ready.connect(self._look_for_unknown)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_scheme)
        if theme.has_contrast_hint():
            hints.accessibility().contrastPreferenceChanged.connect(self._on_scheme)

    @Slot()
    def _look_for_unknown(self) -> None:
        root = self.settings.data_root
        self._hub.commands.ask(lambda: unknown_settings(root), self._on_unknown)

    def _on_unknown(self, found: tuple[UnknownSetting, ...]) -> None:
        self.unknown = found
        if found:
            self.doubted.emit(" ".join(map(str, found)))

    @Slot()
    def open_dialog(self) -> None:
        """Show the settings."""
        dialog = self._dialog = SettingsDialog(self.settings, self._window, unknown=self.unknown)
        dialog.apply_wanted.connect(lambda changes: self.save(changes, dialog))
        dialog.finished.connect(self._on_closed)
        dialog.open()

    @Slot()
    def _on_closed(self, *_: object) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.deleteLater()

    def save(
        self,
        changes: dict[str, Any],
        dialog: SettingsDialog | None = None,
        *,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Write changed settings and go by them; what needs a restart waits for it and is said.

        ``then`` is called in the UI thread once they hold, and not when they could not be saved.
        """
        before = self.settings
        fields = Settings.model_fields
        waits = any(not is_live(fields[name]) for name in changes)
        concerns_engine = any(group_of(fields[name]) != Group.WINDOW.value for name in changes)

        def call() -> Settings:
            settings = save_changes(before, changes)
            backend = self._hub.backend
            if concerns_engine and isinstance(backend, Tunable):
                backend.apply_settings(settings)
            return settings

        def saved(settings: Settings) -> None:
            self.settings = settings
            self.changed.emit(settings)
            self._retheme()
            if dialog is not None and dialog is self._dialog:  # it may have been closed meanwhile
                dialog.accept()
            self.said.emit(
                self.tr("Settings saved; some take effect at the next start.") if waits else self.tr("Settings saved.")
            )
            if then is not None:
                then()

        def refused(error: Exception) -> None:
            if dialog is not None and dialog is self._dialog:
                dialog.refuse(sentence_of(error))
            else:
                self.said.emit(sentence_of(error))

        self._hub.commands.ask(call, saved, failed=refused)

    @Slot()
    def _on_scheme(self, *_: object) -> None:
        self._retheme()

    def _retheme(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and theme.wanted(self.settings.theme) is not theme.tokens_now():
            theme.apply(app, theme.wanted(self.settings.theme))
            self.restyled.emit()
