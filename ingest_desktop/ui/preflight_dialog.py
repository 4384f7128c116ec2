"""The sheet before a large drop: what is in it and what will be skipped."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from ingest_desktop.ui import formats, theme, words
from ingest_desktop.ui.backend import PreflightView
from ingest_desktop.ui.thin_bar import ThinBar

KINDS = 8


class PreflightDialog(QDialog):
    """Counts by kind, size, and what is left out; Add or Cancel."""

    def __init__(self, target: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add files"))
        self.setModal(True)
        self._target = target
        self._title = QLabel(self.tr("Looking at what is in there…"))
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self._title.setFont(font)
        self._title.setWordWrap(True)
        self._bar = ThinBar(0)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(self.tr("Looking for files"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setColumnStretch(0, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._add = buttons.addButton(self.tr("Add all"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._add.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._title)
        layout.addWidget(self._bar)
        layout.addLayout(self._grid)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setMinimumWidth(420)

    def show_found(self, found: PreflightView) -> None:
        """Show what a look found."""
        self._bar.hide()
        target = self.tr(" to {name}").format(name=self._target) if self._target else ""
        self._title.setText(
            self.tr("Add {files}, {size}{target}?").format(
                files=words.files(found.files), size=formats.size(found.bytes), target=target
            )
        )
        self._add.setText(self.tr("Add {files}").format(files=words.files(found.files)))
        kinds = sorted(found.kinds.items(), key=lambda kind: -kind[1])
        for name, count in kinds[:KINDS]:
            self._line(name.lstrip(".").upper() or self.tr("No ending"), count)
        if len(kinds) > KINDS:
            self._line(self.tr("Other kinds"), sum(count for _, count in kinds[KINDS:]))
        for code, count in sorted(found.skipped.items(), key=lambda kind: -kind[1]):
            self._line(self.tr("Skipped: {why}").format(why=words.skipped_reason(code)), count, dim=True)

    def _line(self, name: str, count: int, *, dim: bool = False) -> None:
        row = self._grid.rowCount()
        label, number = QLabel(name), QLabel(formats.number(count))
        label.setTextFormat(Qt.TextFormat.PlainText)
        if dim:
            palette = label.palette()
            palette.setColor(palette.ColorRole.WindowText, QColor(theme.tokens_now().muted))
            label.setPalette(palette)
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(number, row, 1)

    def close_quietly(self) -> None:
        """Go away without an answer."""
        self.blockSignals(True)
        self.done(0)
        self.deleteLater()
