"""The keys, in one table: actions take theirs from it and the sheet behind F1 shows it."""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ingest_desktop.ui.plain import plain_buttons

translate = QCoreApplication.translate

KEYS: dict[str, tuple[str, ...]] = {
    "add_files": ("Ctrl+O",),
    "add_folder": ("Ctrl+Shift+O",),
    "paste": ("Ctrl+V",),
    "search": ("Ctrl+F",),
    "filter_name": ("Ctrl+L",),
    "toggle": ("Space",),
    "toggle_all": ("Ctrl+P",),
    "retry": ("F5",),
    "delete": ("Del",),
    "undo": ("Ctrl+Z",),
    "move_up": ("Ctrl+Up",),
    "move_down": ("Ctrl+Down",),
    "move_top": ("Ctrl+Shift+Up",),
    "move_bottom": ("Ctrl+Shift+Down",),
    "filter_all": ("Ctrl+0",),
    "filter_running": ("Ctrl+1",),
    "filter_waiting": ("Ctrl+2",),
    "filter_paused": ("Ctrl+3",),
    "filter_attention": ("Ctrl+4",),
    "filter_completed": ("Ctrl+5",),
    "settings": ("Ctrl+,",),
    "monitor": ("Ctrl+M",),
    "keys": ("F1",),
    "quit": ("Ctrl+Q",),
}


def sequences(name: str) -> list[QKeySequence]:
    """The keys of an action."""
    return [QKeySequence(text) for text in KEYS.get(name, ())]


def shown(name: str) -> str:
    """The first key of an action as this system writes it."""
    found = sequences(name)
    return found[0].toString(QKeySequence.SequenceFormat.NativeText) if found else ""


def _lines() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            translate("keys", "Add"),
            [
                (shown("add_files"), translate("keys", "Add files")),
                (shown("add_folder"), translate("keys", "Add a folder")),
                (shown("paste"), translate("keys", "Add the files that were copied elsewhere")),
            ],
        ),
        (
            translate("keys", "Jobs"),
            [
                (shown("toggle"), translate("keys", "Pause or resume the selection")),
                (shown("toggle_all"), translate("keys", "Pause or resume everything")),
                (shown("retry"), translate("keys", "Retry the selection")),
                (shown("delete"), translate("keys", "Delete the selection; the original files stay")),
                (shown("undo"), translate("keys", "Undo the deletion")),
                (f"{shown('move_up')} / {shown('move_down')}", translate("keys", "Move up or down in the queue")),
                (
                    f"{shown('move_top')} / {shown('move_bottom')}",
                    translate("keys", "Move to the start or the end of the queue"),
                ),
                (translate("keys", "Enter"), translate("keys", "Open the original")),
            ],
        ),
        (
            translate("keys", "Find"),
            [
                (shown("search"), translate("keys", "Search in all documents")),
                (shown("filter_name"), translate("keys", "Filter the list of jobs by file name")),
                (translate("keys", "↑ / ↓"), translate("keys", "Go through the results")),
                (translate("keys", "Enter"), translate("keys", "Open the document at the place found")),
                (translate("keys", "Ctrl+C"), translate("keys", "Copy the text with where it is from")),
                (translate("keys", "Esc"), translate("keys", "Back to all jobs")),
            ],
        ),
        (
            translate("keys", "Window"),
            [
                (f"{shown('filter_running')} … 5", translate("keys", "Running, waiting, paused, attention, completed")),
                (shown("filter_all"), translate("keys", "All jobs")),
                (shown("monitor"), translate("keys", "Monitor")),
                (shown("settings"), translate("keys", "Settings")),
                (shown("keys"), translate("keys", "This sheet")),
                (shown("quit"), translate("keys", "Quit")),
            ],
        ),
    ]


class KeySheet(QDialog):
    """All keys on one sheet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        body = QWidget()
        form = QFormLayout(body)
        form.setHorizontalSpacing(24)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        for title, lines in _lines():
            heading = QLabel(title)
            font = heading.font()
            font.setBold(True)
            heading.setFont(font)
            heading.setContentsMargins(0, 8, 0, 0)
            form.addRow(heading)
            for key, text in lines:
                form.addRow(key, QLabel(text))
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        plain_buttons(buttons)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        layout.addWidget(buttons)
        self.resize(660, 640)
