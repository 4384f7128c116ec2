"""The view of a receipt. In a narrow window its figures take a second line, and a third."""

from PySide6.QtGui import QResizeEvent, QTextDocument
from PySide6.QtWidgets import QFrame, QStyle, QTextEdit, QWidget

from ingest_desktop.ui import receipt_card, theme
from ingest_desktop.ui.receipt_card import Card

MOST_LINES = 3


class ReceiptView(QTextEdit):
    """Shows one card. What is marked in it, and how far it is scrolled, stays while the same card is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: Card | None = None
        self._widths: tuple[float, ...] = ()  # of the figures in one line, in two …, in pixels
        self._laid = ""
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setFont(theme.tabular(self.font()))
        self.document().setDocumentMargin(12)

    def show_card(self, card: Card) -> None:
        """Show a card in the colours of the theme."""
        if card != self._card:
            self._card = card
            self._widths = tuple(self._width_in(card, lines) for lines in range(1, MOST_LINES))
        self._lay()

    def forget(self) -> None:
        """Show nothing."""
        self._card, self._laid = None, ""
        self.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Room that comes or goes."""
        super().resizeEvent(event)
        self._lay()

    def _width_in(self, card: Card, lines: int) -> float:
        """How much room the figures want in so many lines, margins and all."""
        document = QTextDocument()
        document.setDefaultFont(self.font())
        document.setDocumentMargin(self.document().documentMargin())
        document.setHtml(receipt_card.figures_of(card, theme.tokens_now(), lines))
        return document.idealWidth()

    def _lay(self) -> None:
        """Lay the figures in as few lines as have room, with or without a scroll bar beside them."""
        if self._card is None:
            return
        room = self.width() - self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        lines = next((number for number, width in enumerate(self._widths, 1) if width <= room), MOST_LINES)
        laid = receipt_card.html_of(self._card, theme.tokens_now(), lines)
        if laid != self._laid:
            self._laid = laid
            self.setHtml(laid)
