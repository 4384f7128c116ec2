"""A label that gives way: it shortens its text when there is no room."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

LEAST_WIDTH = 80


class ElidedLabel(QWidget):
    """One line of plain text. The whole of it is the accessible name.

    Args:
        mode: Where it is shortened: names in the middle, since their endings tell them apart.
        least_width: In pixels; it takes less only when the whole text does.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        least_width: int = LEAST_WIDTH,
    ) -> None:
        super().__init__(parent)
        self._text, self._mode, self._least_width = "", mode, least_width
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def setText(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + 2, self.fontMetrics().height()).grownBy(
            self.contentsMargins()
        )

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._least_width, self.sizeHint().width()), self.sizeHint().height())

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        area = self.contentsRect()
        shown = self.fontMetrics().elidedText(self._text, self._mode, area.width())
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
