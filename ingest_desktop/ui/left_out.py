"""What a drop left out: in one line what holds no text by its kind, the rest by reason; and which files they were."""

from collections.abc import Mapping, Sequence
from threading import Event

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from ingest_desktop.domain.media import REASONS
from ingest_desktop.domain.text import one_line
from ingest_desktop.ui import formats, words
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.formats import translate
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.plain import plain_buttons


def media_line(skipped: Mapping[str, int]) -> str:
    """ "23 files left out: 12 audio, 8 video, 3 fonts"; nothing when there are none of that kind."""
    found = sorted(((skipped[reason], reason) for reason in REASONS if skipped.get(reason)), key=lambda pair: -pair[0])
    if not found:
        return ""
    listed = ", ".join(_counted(reason, count) for count, reason in found)
    total = words.files(sum(count for count, _ in found))
    return translate("LeftOut", "{files} left out: {list}").format(files=total, list=listed)


def _counted(reason: str, count: int) -> str:
    one = {
        "picture": translate("LeftOut", "1 picture that cannot be read here"),
        "font": translate("LeftOut", "1 font"),
        "program": translate("LeftOut", "1 program"),
        "disk_image": translate("LeftOut", "1 disk image"),
        "database": translate("LeftOut", "1 database"),
        "binary": translate("LeftOut", "1 binary file"),
    }
    return one[reason] if count == 1 and reason in one else f"{formats.number(count)} {words.skipped_reason(reason)}"


def lines_of_skipped(skipped: Mapping[str, int]) -> list[str]:
    """What was left out, a line for each reason, and one for all that holds no text by its kind."""
    others = sorted(
        ((count, code) for code, count in skipped.items() if code not in REASONS), key=lambda pair: -pair[0]
    )
    pattern = translate("LeftOut", "Skipped: {what}")
    lines = [pattern.format(what=words.skipped(code, count)) for count, code in others if count]
    if skipped.get("unreadable"):  # nobody looks there again by themselves
        lines.append(translate("LeftOut", "What may not be read: give yourself the right, then add it again."))
    return [line for line in (media_line(skipped), *lines) if line]


class LeftOutDialog(QDialog):
    """What a drop left out and why; which files, on demand, as that takes another search."""

    def __init__(self, hub: Hub, batch_id: str, skipped: Mapping[str, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Skipped"))
        self._hub, self._batch_id, self._skipped, self._stop = hub, batch_id, skipped, Event()
        self.lines = QLabel("\n".join(lines_of_skipped(skipped)))
        self.lines.setTextFormat(Qt.TextFormat.PlainText)
        self.lines.setWordWrap(True)
        self.lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.files = QPlainTextEdit()
        self.files.setReadOnly(True)
        self.files.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.files.setAccessibleName(self.tr("Files that were left out"))
        self.files.setMinimumHeight(240)
        self.files.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        plain_buttons(buttons)
        self.which = buttons.addButton(self.tr("Show which"), QDialogButtonBox.ButtonRole.ActionRole)
        self.which.setVisible(bool(batch_id))
        self.which.clicked.connect(self._look)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(self.lines)
        column.addWidget(self.files, 1)
        column.addWidget(buttons)
        self.setMinimumWidth(460)
        self.finished.connect(lambda _: self._stop.set())
        self.finished.connect(self.deleteLater)

    def _look(self) -> None:
        self.which.setEnabled(False)
        self.files.setPlainText(self.tr("Looking…"))
        self.files.show()
        backend, batch_id, stop = self._hub.engine, self._batch_id, self._stop
        self._hub.adding.ask(
            lambda: backend.service.left_out(batch_id, stop),
            self._show,
            failed=lambda error: self._tell(sentence_of(error)),
        )

    def _show(self, found: Mapping[str, Sequence[str]]) -> None:
        parts = []
        counts = {code: max(self._skipped.get(code, 0), len(paths)) for code, paths in found.items()}
        for code, paths in sorted(found.items(), key=lambda group: (group[0] not in REASONS, -counts[group[0]])):
            parts.append((_counted if code in REASONS else words.skipped)(code, counts[code]))
            parts += [f"    {one_line(path)}" for path in paths]
        self._tell("\n".join(parts) or self.tr("Nothing is left out any more."))

    def _tell(self, text: str) -> None:
        if not self._stop.is_set():
            self.files.setPlainText(text)
