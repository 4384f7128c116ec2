"""What shows while files are dragged over the window: the list dims and the target is named."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ingest_desktop.ui import assets, theme, words

VEIL = 232  # of 255: what lies below is seen, but does not mix with the words on the card


class DropOverlay(QWidget):
    """Lies over the window during a drag; lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.sentence = ""
        self.hide()

    def announce(self, count: int, target: str) -> None:
        """Name what will happen, and cover the parent."""
        self.say(self.tr("Drop to add {items} to {target}").format(items=words.items(count), target=target))

    def say(self, sentence: str) -> None:
        """Cover the parent with a sentence."""
        if self.isVisible() and sentence == self.sentence:
            return
        self.sentence = sentence
        self.setAccessibleName(self.sentence)
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """A veil, an outline, and the sentence on a card."""
        tokens, painter = theme.tokens_now(), QPainter(self)
        veil = QColor(tokens.window)
        veil.setAlpha(VEIL)
        painter.fillRect(self.rect(), veil)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent), 3))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(12, 12, -12, -12), 12, 12)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        painter.setFont(font)
        width = min(self.width() - 80, painter.fontMetrics().horizontalAdvance(self.sentence) + 64)
        card = QRectF((self.width() - width) / 2, self.height() / 2 - 60, width, 120)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.base))
        painter.drawRoundedRect(card, 12, 12)
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(
            round(card.center().x() - 18), round(card.top() + 20), assets.pixmap("drop", tokens.accent, 36, ratio)
        )
        painter.setPen(QColor(tokens.text))
        text = painter.fontMetrics().elidedText(self.sentence, Qt.TextElideMode.ElideMiddle, round(width) - 32)
        painter.drawText(card.adjusted(16, 60, -16, -16), int(Qt.AlignmentFlag.AlignCenter), text)
