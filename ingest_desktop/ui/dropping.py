"""Dragging over the window and dropping on it: what is welcome, where it goes, and how both are shown."""

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ingest_desktop.ui.adding import Adding
from ingest_desktop.ui.drop_overlay import DropOverlay
from ingest_desktop.ui.dropped_paths import local_paths
from ingest_desktop.ui.sidebar import Sidebar


class Dropping(QObject):
    """Follows a drag. What is dropped on a knowledge base in the side bar goes there; else to the picked one."""

    def __init__(self, adding: Adding, sidebar: Sidebar, overlay: DropOverlay, window: QWidget) -> None:
        super().__init__(window)
        self._adding, self._sidebar, self._overlay, self._window = adding, sidebar, overlay, window
        self._count = 0
        window.setAcceptDrops(True)
        for field in window.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # it would take the addresses of files for text

    def enter(self, event: QDragEnterEvent) -> None:
        """Only local files from elsewhere are welcome; the target is named while they are over the window."""
        self._count = 0 if event.source() is not None else len(local_paths(event.mimeData()))
        if self._count:
            event.acceptProposedAction()
            self._announce(event.position().toPoint())

    def move(self, event: QDragMoveEvent) -> None:
        """The target may change on the way."""
        if self._count:
            event.acceptProposedAction()
            self._announce(event.position().toPoint())

    def leave(self) -> None:
        """Nothing is over the window any more."""
        self._count = 0
        self._overlay.hide()

    def drop(self, event: QDropEvent) -> None:
        """The addresses are fetched here, while the source still offers them."""
        base = self._base_at(event.position().toPoint())
        paths = local_paths(event.mimeData()) if event.source() is None else []
        self.leave()
        if paths:
            event.acceptProposedAction()
            self._adding.add_paths(paths, base)

    def _announce(self, at: QPoint) -> None:
        self._overlay.announce(self._count, self._adding.target_name(self._base_at(at)))

    def _base_at(self, at: QPoint) -> str | None:
        """The knowledge base under a place in the window, if there is one."""
        bases = self._sidebar.bases
        place = bases.viewport().mapFrom(self._window, at)
        item = bases.itemAt(place) if bases.viewport().rect().contains(place) else None
        return bases.key_of(item) or None if item is not None else None
