"""A slim progress bar in the colours of the theme."""

import time

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QWidget

from ingest_desktop.ui import theme

HEIGHT = 6
STRIPE_SECONDS = 1.6
FRAME_MS = 50


class ThinBar(QProgressBar):
    """Six pixels high; a moving stripe while its range is 0 to 0."""

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setFixedHeight(HEIGHT)
        if width:
            self.setFixedWidth(width)
        self._frames = QTimer(self)
        self._frames.setInterval(FRAME_MS)
        self._frames.timeout.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    def paintEvent(self, _: QPaintEvent) -> None:
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.track))
        area = QRectF(self.rect())
        painter.drawRoundedRect(area, 3, 3)
        painter.setBrush(QColor(tokens.accent))
        moving = self.maximum() <= self.minimum()
        if moving != self._frames.isActive():
            self._frames.start() if moving else self._frames.stop()
        if moving:
            stripe = area.width() / 4
            phase = time.monotonic() % STRIPE_SECONDS / STRIPE_SECONDS
            left = (area.width() - stripe) * (1 - abs(2 * phase - 1))
            painter.drawRoundedRect(QRectF(left, 0, stripe, HEIGHT), 3, 3)
        elif self.value() > self.minimum():
            share = (self.value() - self.minimum()) / (self.maximum() - self.minimum())
            painter.drawRoundedRect(QRectF(0, 0, max(HEIGHT, area.width() * share), HEIGHT), 3, 3)
