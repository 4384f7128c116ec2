"""Which events become notifications: the end of a batch, once, and trouble; each kind has its switch."""

from PySide6.QtCore import QObject, Slot

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.models import Batch, Counts
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.tray import Tray, batch_message


class Notices(QObject):
    """Turns events into notifications."""

    def __init__(self, hub: Hub, tray: Tray, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hub, self._tray = hub, tray
        self.settings = settings
        hub.bridge.finished.connect(self._on_finished)
        hub.bridge.troubled.connect(self._on_trouble)

    @Slot(str)
    def _on_finished(self, batch_id: str) -> None:
        self._hub.read(
            lambda backend: (backend.service.batch(batch_id), backend.service.batch_counts(batch_id)), self._tell
        )

    def _tell(self, found: tuple[Batch, Counts]) -> None:
        batch, counts = found
        if not counts.total():
            return
        kind, title, text = batch_message(batch.label, counts)
        if self.settings.notify_failed if kind == "failed" else self.settings.notify_finished:
            self._tray.notify(kind, title, text)

    @Slot(str, str, str)
    def _on_trouble(self, code: str, message: str, hint: str) -> None:
        if code and self.settings.notify_trouble:
            self._tray.notify("trouble", message, hint)
