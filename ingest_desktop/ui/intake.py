"""The way in: dropped, pasted and chosen paths, through a look at large ones, into a batch.

No path is looked at in the UI thread; that is done by the adding threads, so that a slow folder
holds up no other drop.
"""

import threading
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.models import DiscoveryReport, Job, Submission
from ingest_desktop.ui.backend import PreflightView
from ingest_desktop.ui.hub import Hub, always
from ingest_desktop.ui.preflight_dialog import PreflightDialog

PATIENCE_MS = 700  # a look that takes longer shows its sheet


class Searches:
    """Which search for files belongs to which batch. Fulfils ``JobEvents``.

    The engine reports on a search in the thread that makes it; so the first report tells whose it is.
    """

    def __init__(self) -> None:
        self._here = threading.local()
        self._stops: dict[str, threading.Event] = {}

    def begin(self, stop: threading.Event) -> None:
        """This thread now searches until ``stop`` is set."""
        self._here.stop = stop

    def end(self) -> None:
        """This thread's search is over."""
        stop, self._here.stop = self._here.stop, None
        for batch_id in [batch_id for batch_id, other in list(self._stops.items()) if other is stop]:
            self._stops.pop(batch_id, None)

    def stop(self, batch_id: str) -> None:
        """End the search of one batch soon. Any thread."""
        found = self._stops.get(batch_id)
        if found is not None:
            found.set()

    def discovery_changed(self, report: DiscoveryReport) -> None:
        stop = getattr(self._here, "stop", None)
        if stop is not None:
            self._stops[report.batch_id] = stop

    def jobs_changed(self, jobs: Sequence[Job]) -> None: ...

    def jobs_added(self, batch_id: str, count: int) -> None: ...

    def batch_finished(self, batch_id: str) -> None: ...

    def store_changed(self) -> None: ...

    def trouble(self, code: str, message: str, hint: str) -> None: ...


class Intake(QObject):
    """Takes paths in the UI thread and submits them in the adding threads.

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
        self.settings: Settings | None = None  # the engine's, until others are set
        self._early: list[tuple[list[str], str | None, str]] = []
        self._stops: set[threading.Event] = set()
        self._searches = Searches()
        self.sheet: PreflightDialog | None = None
        hub.ready.connect(self._on_ready)

    @property
    def is_adding(self) -> bool:
        """True while the search for files of some batch goes on."""
        return bool(self._stops)

    @property
    def _ask_above(self) -> int:
        return (self.settings or self._hub.engine.settings).preflight_files

    def add(self, paths: Sequence[str], kb_id: str | None = None, target: str = "") -> None:
        """Add files and folders; above the limit of the settings the person is asked first.

        Args:
            target: What the knowledge base is called in the question.
        """
        if not paths:
            return
        if self._hub.backend is None:
            self._early.append((list(paths), kb_id, target))
        elif self._ask_above > 0:
            self._look(list(paths), kb_id, target)
        else:
            self.submit(list(paths), kb_id)

    @Slot()
    def _on_ready(self) -> None:
        self._hub.engine.events.subscribe(self._searches)
        early, self._early = self._early, []
        for paths, kb_id, target in early:
            self.add(paths, kb_id, target)

    def _look(self, paths: list[str], kb_id: str | None, target: str) -> None:
        backend, stop = self._hub.engine, threading.Event()
        self._stops.add(stop)
        patience = QTimer(self)
        patience.setSingleShot(True)
        sheet = PreflightDialog(target, self._window)
        self.sheet = sheet
        patience.timeout.connect(sheet.open)
        patience.start(PATIENCE_MS)

        def over() -> None:
            self._stops.discard(stop)
            patience.stop()
            patience.deleteLater()

        def seen(found: PreflightView) -> None:
            over()
            if stop.is_set():
                return
            if found.files <= self._ask_above:
                sheet.close_quietly()
                self.submit(paths, kb_id)
                return
            sheet.show_found(found)
            sheet.open()

        def refused(error: Exception) -> None:
            over()
            if not stop.is_set():  # else the sheet was answered and is gone
                sheet.close_quietly()
                self.failed.emit(error)

        sheet.accepted.connect(lambda: self._go(stop, paths, kb_id, sheet.without))
        sheet.rejected.connect(stop.set)
        sheet.finished.connect(sheet.deleteLater)
        self._hub.adding.ask(
            lambda: backend.service.preflight(paths, stop, kb_id=kb_id, told=sheet.note_found), seen, failed=refused
        )

    def _go(self, stop: threading.Event, paths: list[str], kb_id: str | None, without: Sequence[str]) -> None:
        stop.set()  # a look that still goes on is of no more use
        self.submit(paths, kb_id, without)

    def submit(self, paths: list[str], kb_id: str | None, without: Sequence[str] = ()) -> None:
        """Make a batch of the paths, without these kinds of files."""
        backend, stop, searches = self._hub.engine, threading.Event(), self._searches
        self._stops.add(stop)
        self.begun.emit()

        def call() -> Submission:
            searches.begin(stop)
            try:
                return backend.service.submit(
                    paths, kb_id=kb_id, origin="window", stop=stop, without=without, hold=always
                )
            finally:
                searches.end()

        def done(submission: Submission) -> None:
            self._stops.discard(stop)
            self.ended.emit(submission)
            self._hub.look_soon(0)

        def refused(error: Exception) -> None:
            self._stops.discard(stop)
            self.failed.emit(error)

        self._hub.adding.ask(call, done, failed=refused)

    def stop(self, batch_id: str | None = None) -> None:
        """End the search of one batch soon, or every search and look.

        Batches keep what was found; one that is not cancelled is searched on at the next start.
        """
        if batch_id is not None:
            self._searches.stop(batch_id)
            return
        for stop in self._stops:
            stop.set()
