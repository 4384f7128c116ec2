"""What tests of the window do with their hands: drag, drop, select."""

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from ingest_desktop.ui.main_window import MainWindow

Make = Callable[[], MainWindow]


def drag(window: MainWindow, mime: QMimeData) -> None:
    place = QPointF(400, 300)
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(place.toPoint(), actions, mime, buttons, keys))


def drop(window: MainWindow, mime: QMimeData) -> None:
    drag(window, mime)  # Qt delivers a drop only to who welcomed the drag
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), actions, mime, buttons, keys))


def files(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime
