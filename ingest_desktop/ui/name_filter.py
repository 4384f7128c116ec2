"""The slim bar over the job list: keeps the jobs whose file name holds what is typed.

It narrows the list and asks nothing of the documents; the field in the tool bar searches in them.
"""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from ingest_desktop.ui import assets, shortcuts, theme, words

SETTLE_MS = 150  # after the last key, so that a word is one question
HEIGHT = 36
FIELD_WIDTH = 280


class NameFilter(QWidget):
    """A field and the number of jobs that are left.

    Signals:
        changed: Another text is to be looked for, "" for none. arg: the text without blanks around it.
        left: The person is done here; the list should take the keys.
    """

    changed = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)
        self.field = QLineEdit()
        self.field.setAccessibleName(self.tr("Filter the jobs by file name"))
        self.field.setPlaceholderText(self.tr("Filter by file name"))
        key = shortcuts.shown("filter_name")
        self.field.setToolTip(self.tr("Show only jobs with this in their file name ({key})").format(key=key))
        self.field.setClearButtonEnabled(True)
        self.field.setMaximumWidth(FIELD_WIDTH)
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._funnel = self.field.addAction(assets.icon("filter", "#000000"), QLineEdit.ActionPosition.LeadingPosition)
        self.count = QLabel()
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        self.count.setFont(theme.tabular(self.font()))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 12, 4)
        row.setSpacing(12)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        row.addStretch(1)
        self._sent = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._send)
        self.field.textChanged.connect(self._on_text)
        self.field.returnPressed.connect(self._on_return)
        self.field.installEventFilter(self)
        self.restyle()

    @property
    def text(self) -> str:
        """What is typed."""
        return self.field.text().strip()

    def show_count(self, jobs: int, *, settled: bool) -> None:
        """Say how many jobs are left; nothing while nothing is typed or the answer is not complete."""
        self.count.setText(words.jobs(jobs) if self._sent and settled else "…" if self._sent else "")

    def take_keys(self) -> None:
        """Put the cursor into the field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def clear(self) -> None:
        """Show all jobs again, at once."""
        self.field.clear()

    @Slot(str)
    def _on_text(self, _: str) -> None:
        if self.text:
            self._timer.start()
        else:
            self._send()

    @Slot()
    def _send(self) -> None:
        self._timer.stop()
        if self.text != self._sent:
            self._sent = self.text
            self.update()
            self.changed.emit(self._sent)

    @Slot()
    def _on_return(self) -> None:
        self._send()
        self.left.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc clears, then leaves; Down leaves."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = event.key()
            if key == Qt.Key.Key_Escape and self.field.text():
                self.clear()
                return True
            if key in (Qt.Key.Key_Escape, Qt.Key.Key_Down):
                self._send()
                self.left.emit()
                return True
        return super().eventFilter(watched, event)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens = theme.tokens_now()
        self._funnel.setIcon(assets.icon("filter", tokens.muted))
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, QColor(tokens.muted))
        self.count.setPalette(palette)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """The ground of the list's header, so that it reads as a part of the list."""
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.window))
        if self._sent:  # a filtered list is not all there is: that must be seen
            painter.fillRect(0, 0, 3, self.height(), QColor(tokens.accent))

    def sizeHint(self) -> QSize:
        return QSize(FIELD_WIDTH, HEIGHT)
