"""Dragging over the window and dropping on it: what is welcome, where it goes, and how both are shown."""

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ingest_desktop.ui.adding import Adding
from ingest_desktop.ui.drop_overlay import DropOverlay
from ingest_desktop.ui.dropped_paths import is_from_elsewhere, local_paths
from ingest_desktop.ui.sidebar import Sidebar


class Dropping(QObject):
    """Follows a drag. What is dropped on a knowledge base in the side bar goes there; else to the picked one.

    Signals:
        said: Something to tell of a drop that brought nothing. arg: a sentence.
    """

    said = Signal(str)

    def __init__(self, adding: Adding, sidebar: Sidebar, overlay: DropOverlay, window: QWidget) -> None:
        super().__init__(window)
        self._adding, self._sidebar, self._overlay, self._window = adding, sidebar, overlay, window
        self._count = 0
        self._is_refused = False
        window.setAcceptDrops(True)
        for field in window.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # it would take the addresses of files for text

    def enter(self, event: QDragEnterEvent) -> None:
        """Only local files from elsewhere are welcome; the target is named while they are over the window.

        Addresses of the web are let in to be told why nothing comes of them: a forbidding pointer tells nothing.
        """
        ours = event.source() is not None
        self._count = 0 if ours else len(local_paths(event.mimeData()))
        self._is_refused = not ours and is_from_elsewhere(event.mimeData())
        if self._count or self._is_refused:
            event.acceptProposedAction()
            self._announce(event.position().toPoint())

    def move(self, event: QDragMoveEvent) -> None:
        """The target may change on the way."""
        if self._count or self._is_refused:
            event.acceptProposedAction()
            self._announce(event.position().toPoint())

    def leave(self) -> None:
        """Nothing is over the window any more."""
        self._count, self._is_refused = 0, False
        self._overlay.hide()

    def drop(self, event: QDropEvent) -> None:
        """The addresses are fetched here, while the source still offers them."""
        base = self._base_at(event.position().toPoint())
        paths = local_paths(event.mimeData()) if event.source() is None else []
        refused = self._is_refused
        self.leave()
        if paths:
            event.acceptProposedAction()
            self._adding.add_paths(paths, base)
        elif refused:
            self.said.emit(self._why_not())

    def _why_not(self) -> str:
        return self.tr("Only files on this computer can be added. Save the page, then drop the file.")

    def _announce(self, at: QPoint) -> None:
        if self._is_refused:
            self._overlay.say(self._why_not())
            return
        self._overlay.announce(self._count, self._adding.target_name(self._base_at(at)))

    def _base_at(self, at: QPoint) -> str | None:
        """The knowledge base under a place in the window, if there is one."""
        bases = self._sidebar.bases
        place = bases.viewport().mapFrom(self._window, at)
        item = bases.itemAt(place) if bases.viewport().rect().contains(place) else None
        return bases.key_of(item) or None if item is not None else None
