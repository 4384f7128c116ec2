"""What shows when a query has no hits: what happened, and what may help."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.plain import plain_label


class NoHits(QWidget):
    """A sentence, an advice, and a button that widens the search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._icon = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.title, self.advice = QLabel(), QLabel()
        for label in (self.title, self.advice):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            plain_label(label)
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.title.setFont(font)
        self.everywhere = QPushButton(self.tr("Search all knowledge bases"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(64, 48, 64, 48)
        layout.setSpacing(12)
        layout.addStretch(2)
        for widget in (self._icon, self.title, self.advice):
            layout.addWidget(widget)
        layout.addWidget(self.everywhere, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
        self.restyle()

    def say(self, title: str, advice: str, *, everywhere: bool) -> None:
        """Tell it; ``everywhere`` offers to search all knowledge bases."""
        self.title.setText(title)
        self.advice.setText(advice)
        self.advice.setVisible(bool(advice))
        self.everywhere.setVisible(everywhere)
        self.setAccessibleName(title)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens, palette = theme.tokens_now(), self.palette()
        palette.setColor(palette.ColorRole.Window, QColor(tokens.base))
        self.setPalette(palette)
        self._icon.setPixmap(assets.pixmap("search", tokens.muted, 36, self.devicePixelRatioF()))
        palette = self.advice.palette()
        palette.setColor(palette.ColorRole.WindowText, QColor(tokens.muted))
        self.advice.setPalette(palette)
