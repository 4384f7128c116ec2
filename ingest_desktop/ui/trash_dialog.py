"""Knowledge bases that were deleted, and the way back for each of them, also after a restart."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ingest_desktop.domain.models import KnowledgeBase
from ingest_desktop.ui import formats, theme, words
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.plain import plain_buttons

BASE = Qt.ItemDataRole.UserRole


class TrashDialog(QDialog):
    """Lists deleted knowledge bases, the last one that went first.

    Signals:
        restored: One is back. arg: its name.
    """

    restored = Signal(str)

    def __init__(self, hub: Hub, days: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self.setWindowTitle(self.tr("Recently deleted"))
        self._lead = QLabel(self.tr("Looking…"))
        self._lead.setWordWrap(True)
        self._days = days
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Deleted knowledge bases"))
        self.list.itemActivated.connect(lambda _: self._restore())
        self.list.currentItemChanged.connect(self._on_picked)
        self.note = QLabel("")
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        palette = self.note.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.tokens_now().danger)
        self.note.setPalette(palette)
        self.note.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        plain_buttons(buttons)
        self.restore_button = buttons.addButton(self.tr("Restore"), QDialogButtonBox.ButtonRole.ActionRole)
        self.restore_button.setEnabled(False)
        self.restore_button.setDefault(True)
        self.restore_button.clicked.connect(self._restore)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.setContentsMargins(16, 16, 16, 16)
        for part in (self._lead, self.list, self.note, buttons):
            layout.addWidget(part)
        self.resize(440, 320)
        self._read()

    def _read(self) -> None:
        self._hub.read(
            lambda backend: backend.service.deleted_knowledge_bases(), self._show, key="trash", failed=self._on_failed
        )

    def _show(self, bases: list[KnowledgeBase]) -> None:
        self.list.clear()
        for base in bases:
            text = self.tr("{name}, deleted {when}").format(
                name=base.name, when=formats.when(base.deleted_at or base.created_at)
            )
            item = QListWidgetItem(text, self.list)
            item.setData(BASE, base)
        self.list.setVisible(bool(bases))
        self.restore_button.setVisible(bool(bases))
        if bases:
            self.list.setCurrentRow(0)
            self.list.setFocus()
            text = self.tr("Each comes back with its jobs and everything that could be searched. Kept for {days}.")
            self._lead.setText(text.format(days=words.days(self._days)))
        else:
            self._lead.setText(self.tr("No knowledge base was deleted lately."))

    @Slot()
    def _on_picked(self, *_: object) -> None:
        self.restore_button.setEnabled(self.list.currentItem() is not None)
        self.note.hide()

    @Slot()
    def _restore(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        base: KnowledgeBase = item.data(BASE)
        self.restore_button.setEnabled(False)
        self._hub.do(
            lambda backend: backend.service.restore_knowledge_base(base.kb_id),
            lambda _: self._on_restored(base),
            failed=self._on_failed,
        )

    def _on_restored(self, base: KnowledgeBase) -> None:
        self._hub.reload_bases()
        self.restored.emit(base.name)
        if self.list.count() > 1:
            self._read()
        else:
            self.accept()

    def _on_failed(self, error: Exception) -> None:
        """A name that is taken by now, for example."""
        self.restore_button.setEnabled(self.list.currentItem() is not None)
        self.note.setText(sentence_of(error))
        self.note.show()
