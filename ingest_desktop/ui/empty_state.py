"""What shows while there is nothing to show: one sentence, a drop outline, two buttons."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.plain import plain_label


class EmptyState(QWidget):
    """Invites to drop files.

    Signals:
        add_wanted, folder_wanted, samples_wanted: A button was pressed.
    """

    add_wanted = Signal()
    folder_wanted = Signal()
    samples_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(self.tr("Drop files or folders here to make them searchable."))
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title.setWordWrap(True)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        self._title.setFont(font)
        self._note = QLabel(self.tr("Nothing leaves this computer. Your files are read, never changed."))
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setWordWrap(True)
        files = QPushButton(self.tr("Add files…"))
        files.setDefault(True)
        folder = QPushButton(self.tr("Add folder…"))
        samples = QPushButton(self.tr("Try with sample documents"))
        samples.setFlat(True)
        for button in (files, folder):
            button.setMinimumSize(120, 32)
        self._samples = samples
        files.clicked.connect(self.add_wanted)
        folder.clicked.connect(self.folder_wanted)
        samples.clicked.connect(self.samples_wanted)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(files)
        row.addWidget(folder)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(64, 48, 64, 48)
        layout.setSpacing(12)
        layout.addStretch(2)
        layout.addWidget(self._icon)
        layout.addWidget(self._title)
        layout.addWidget(self._note)
        layout.addSpacing(8)
        layout.addLayout(row)
        layout.addWidget(samples, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens = theme.tokens_now()
        self._icon.setPixmap(assets.pixmap("drop", tokens.accent, 48, self.devicePixelRatioF()))
        palette = self._note.palette()
        palette.setColor(palette.ColorRole.WindowText, QColor(tokens.muted))
        self._note.setPalette(palette)
        palette = self._samples.palette()
        palette.setColor(palette.ColorRole.ButtonText, QColor(tokens.accent))
        self._samples.setPalette(palette)

    def paintEvent(self, _: QPaintEvent) -> None:
        """The drop outline."""
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.base))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(tokens.border), 2, Qt.PenStyle.DashLine)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(24, 24, -24, -24), 12, 12)


class NothingHere(QLabel):
    """One quiet sentence for a filter without jobs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAutoFillBackground(True)
        plain_label(self)
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens, palette = theme.tokens_now(), self.palette()
        palette.setColor(palette.ColorRole.Window, QColor(tokens.base))
        palette.setColor(palette.ColorRole.WindowText, QColor(tokens.muted))
        self.setPalette(palette)
