"""A ring around the button that the keyboard is at: Fusion only gives its thin outline another colour."""

from PySide6.QtCore import QObject, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QFocusFrame, QPushButton, QWidget
from shiboken6 import isValid

from ingest_desktop.ui import theme

WIDTH = 2.0
CORNER = 4.0


class Ring(QFocusFrame):
    """Lies around one button and goes where it goes; lets the mouse through."""

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.tokens_now().accent), WIDTH))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inner = QRectF(self.rect()).adjusted(WIDTH / 2, WIDTH / 2, -WIDTH / 2, -WIDTH / 2)
        painter.drawRoundedRect(inner, CORNER, CORNER)


class FocusRing(QObject):
    """Shows a ring while a person goes through a window with the keyboard; a click needs none. Lives in the UI thread."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.ring: Ring | None = None
        app.focusChanged.connect(self._on_focus)

    @Slot(QWidget, QWidget)
    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        if self.ring is not None and isValid(self.ring):  # it may have gone with the window it was in
            self.ring.hide()
            self.ring.deleteLater()
        self.ring = None
        if isinstance(now, QPushButton) and now.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            self.ring = Ring(now)
            self.ring.setWidget(now)
