"""The way in: dropped, pasted and chosen paths, through a look at large ones, into a batch.

No path is looked at in the UI thread; that is done by the adding thread.
"""

import threading
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from ingest_desktop.domain.models import Submission
from ingest_desktop.ui.backend import PreflightView
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.preflight_dialog import PreflightDialog

PATIENCE_MS = 700  # a look that takes longer shows its sheet


class Intake(QObject):
    """Takes paths in the UI thread and submits them in the adding thread.

    Signals:
        begun: The search for files begins.
        ended: A batch is complete. arg: Submission.
        failed: It could not be added. arg: the exception.
    """

    begun = Signal()
    ended = Signal(object)
    failed = Signal(object)

    def __init__(self, hub: Hub, window: QWidget) -> None:
        super().__init__(window)
        self._hub, self._window = hub, window
        self._early: list[tuple[list[str], str | None]] = []
        self._stops: set[threading.Event] = set()
        self.sheet: PreflightDialog | None = None
        hub.ready.connect(self._on_ready)

    @property
    def is_adding(self) -> bool:
        """True while the search for files of some batch goes on."""
        return bool(self._stops)

    def add(self, paths: Sequence[str], kb_id: str | None = None) -> None:
        """Add files and folders; above the limit of the settings the person is asked first."""
        if not paths:
            return
        if self._hub.backend is None:
            self._early.append((list(paths), kb_id))
            return
        if self._hub.backend.settings.preflight_files > 0:
            self._look(list(paths), kb_id)
        else:
            self.submit(list(paths), kb_id)

    @Slot()
    def _on_ready(self) -> None:
        early, self._early = self._early, []
        for paths, kb_id in early:
            self.add(paths, kb_id)

    def _look(self, paths: list[str], kb_id: str | None) -> None:
        backend, stop = self._hub.engine, threading.Event()
        patience = QTimer(self)
        patience.setSingleShot(True)
        sheet = PreflightDialog(self._hub.base_name(kb_id) if kb_id else "", self._window)
        self.sheet = sheet
        patience.timeout.connect(sheet.open)
        patience.start(PATIENCE_MS)

        def seen(found: PreflightView) -> None:
            patience.stop()
            if stop.is_set():
                return
            if found.files <= self._hub.engine.settings.preflight_files:
                sheet.close_quietly()
                self.submit(paths, kb_id)
                return
            sheet.show_found(found)
            sheet.open()

        def refused(error: Exception) -> None:
            patience.stop()
            sheet.close_quietly()
            self.failed.emit(error)

        sheet.accepted.connect(lambda: self._go(stop, paths, kb_id))
        sheet.rejected.connect(stop.set)
        self._hub.adding.ask(lambda: backend.service.preflight(paths, stop), seen, failed=refused)

    def _go(self, stop: threading.Event, paths: list[str], kb_id: str | None) -> None:
        stop.set()  # a look that still goes on is of no more use
        self.submit(paths, kb_id)

    def submit(self, paths: list[str], kb_id: str | None) -> None:
        """Make a batch of the paths."""
        backend, stop = self._hub.engine, threading.Event()
        self._stops.add(stop)
        self.begun.emit()

        def done(submission: Submission) -> None:
            self._stops.discard(stop)
            self.ended.emit(submission)
            self._hub.look_soon(0)

        def refused(error: Exception) -> None:
            self._stops.discard(stop)
            self.failed.emit(error)

        self._hub.adding.ask(
            lambda: backend.service.submit(paths, kb_id=kb_id, origin="window", stop=stop), done, failed=refused
        )

    def stop(self) -> None:
        """End every search for files soon; batches keep what was found and go on at the next start."""
        for stop in self._stops:
            stop.set()
