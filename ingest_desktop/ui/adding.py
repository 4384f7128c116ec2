"""The ways of adding by hand: dialogs, the clipboard, the samples; and what came of it."""

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from ingest_desktop.domain.errors import DuplicateJobError
from ingest_desktop.domain.models import Submission
from ingest_desktop.ui import assets
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.dropped_paths import local_paths
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.intake import Intake
from ingest_desktop.ui.sidebar import Sidebar


class Adding(QObject):
    """Chooses paths and their target, and hands them to the intake.

    Signals:
        said: Something to tell in the status bar. arg: a sentence.
        refused: Nothing was added. arg: a sentence.
        added: A batch is complete. arg: Submission.
        found: It is in the list already. arg: job id.
    """

    said = Signal(str)
    refused = Signal(str)
    added = Signal(object)
    found = Signal(int)

    def __init__(self, hub: Hub, intake: Intake, sidebar: Sidebar, window: QWidget) -> None:
        super().__init__(window)
        self._hub, self._intake, self._sidebar, self._window = hub, intake, sidebar, window
        intake.ended.connect(self._on_submitted)
        intake.failed.connect(self._on_not_added)

    @Slot(object)
    def add_paths(self, paths: list[str], base: str | None = None) -> None:
        """Add files and folders to a knowledge base, or to the picked one, as a drop does."""
        self._intake.add(paths, base or self._sidebar.base_id, self.target_name(base))

    def target_name(self, base: str | None = None) -> str:
        """Where a drop goes: to this knowledge base, or to the picked one, or to the one that the engine takes."""
        base = base or self._sidebar.base_id
        if base is None and self._hub.bases:
            known = [found.kb_id for found in self._hub.bases]
            base = "library" if "library" in known else known[0]  # as the engine chooses
        return self._hub.base_name(base) if base else self.tr("Library")

    @Slot()
    def choose_files(self) -> None:
        """Ask for files."""
        dialog = QFileDialog(self._window, self.tr("Add files to {name}").format(name=self.target_name()))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.add_paths)
        dialog.open()

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder."""
        dialog = QFileDialog(self._window, self.tr("Add a folder to {name}").format(name=self.target_name()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(self.add_paths)
        dialog.open()

    @Slot()
    def paste(self) -> None:
        """Add the files on the clipboard."""
        paths = local_paths(QGuiApplication.clipboard().mimeData() or QMimeData())
        if paths:
            self.add_paths(paths)
        else:
            self.said.emit(self.tr("There are no files on the clipboard."))

    @Slot()
    def add_samples(self) -> None:
        """Add the documents that came with the program."""
        self.add_paths([str(assets.samples())])

    @Slot(object)
    def _on_submitted(self, submission: Submission) -> None:
        self.added.emit(submission)
        if not submission.report.added and len(submission.already_listed) == 1:
            self.found.emit(int(submission.already_listed[0]))

    @Slot(object)
    def _on_not_added(self, error: Exception) -> None:
        if isinstance(error, DuplicateJobError):
            self.said.emit(str(error))  # the next step is done here: it is shown
            self.found.emit(int(error.job_id))
        else:
            self.refused.emit(sentence_of(error))
