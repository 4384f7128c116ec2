"""The sheet before a large drop: what is in it, what of it is wanted, and what will be skipped."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.ui import formats, theme, words
from ingest_desktop.ui.backend import PreflightView
from ingest_desktop.ui.left_out import lines_of_skipped
from ingest_desktop.ui.plain import plain_buttons
from ingest_desktop.ui.thin_bar import ThinBar

MOST_LINES = 60  # rarer kinds than these share a line
LIST_HEIGHT, LEAST_HEIGHT = 280, 80
FOLLOW_MS = 250
REST_HEIGHT = 280  # what stands above and below the list, and the frame


class PreflightDialog(QDialog):
    """Counts by kind, each with a tick, and what is left out; Add or Cancel."""

    def __init__(self, target: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add files"))
        self.setModal(True)
        self._target = target
        self._found: PreflightView | None = None
        self._found_so_far = 0
        self._following = QTimer(self)
        self._following.timeout.connect(self._say_found)
        self._following.start(FOLLOW_MS)
        self.ticks: dict[tuple[str, ...], QCheckBox] = {}
        self._title = QLabel(self.tr("Looking at what is in there…"))
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self._title.setFont(font)
        self._title.setWordWrap(True)
        self._bar = ThinBar(0)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(self.tr("Looking for files"))
        self.all = QCheckBox(self.tr("All kinds of files"))
        self.all.setTristate(True)
        self.all.clicked.connect(self._on_all)
        self.all.hide()
        self._list = QScrollArea()
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setWidgetResizable(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.hide()
        self._notes = QVBoxLayout()
        self._notes.setSpacing(4)
        self._known = self._note("")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        plain_buttons(self._buttons)
        self._add = self._buttons.addButton(self.tr("Add all"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._add.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._title)
        layout.addWidget(self._bar)
        layout.addWidget(self.all)
        layout.addWidget(self._list, 1)
        layout.addLayout(self._notes)
        layout.addStretch(0)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(460)

    def note_found(self, files: int) -> None:
        """Take how many files were found so far. Any thread: it is shown a moment later."""
        self._found_so_far = files

    @Slot()
    def _say_found(self) -> None:
        if self._found_so_far:
            text = self.tr("Looking… {files} found").format(files=words.files(self._found_so_far))
            self._title.setText(text)

    def show_found(self, found: PreflightView) -> None:
        """Show what a look found. Once."""
        self._following.stop()
        self._found = found
        self._bar.hide()
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        for row, kinds in enumerate(lines_of(found.kinds)):
            name = self._name_of(kinds)
            tick = QCheckBox(name.replace("&", "&&"))
            tick.setChecked(True)
            tick.toggled.connect(self._count)
            self.ticks[kinds] = tick
            grid.addWidget(tick, row, 0)
            for column, text in enumerate(
                (formats.number(_sum(found.kinds, kinds)), formats.size(_sum(found.sizes, kinds))), 1
            ):
                label = QLabel(text)
                label.setFont(theme.tabular(label.font()))
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                grid.addWidget(label, row, column)
        grid.setRowStretch(grid.rowCount(), 1)
        self._list.setWidget(body)
        most = max(LEAST_HEIGHT, min(LIST_HEIGHT, self.screen().availableSize().height() - REST_HEIGHT))
        self._list.setFixedHeight(min(body.sizeHint().height(), most))
        self._list.setVisible(bool(self.ticks))
        self.all.setVisible(len(self.ticks) > 1)
        for line in lines_of_skipped(found.skipped):
            self._note(line)
        self._count()
        self._add.setFocus()
        self._fit()

    def _fit(self) -> None:
        """As high as it needs to be: Qt's own adjustment forgets that sentences take a second line."""
        layout, width = self.layout(), max(self.minimumWidth(), self.width())
        if layout is not None:
            layout.activate()
            self.resize(width, layout.totalHeightForWidth(width))

    def _name_of(self, kinds: tuple[str, ...]) -> str:
        if len(kinds) > 1:
            return self.tr("{n} other kinds").format(n=formats.number(len(kinds)))
        return kinds[0].upper() or self.tr("No ending")

    def _note(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        palette = label.palette()
        palette.setColor(palette.ColorRole.WindowText, QColor(theme.tokens_now().muted))
        label.setPalette(palette)
        label.setVisible(bool(text))
        self._notes.addWidget(label)
        return label

    @property
    def without(self) -> tuple[str, ...]:
        """The kinds that are not wanted: lower-case endings without the dot."""
        return tuple(kind for kinds, tick in self.ticks.items() if not tick.isChecked() for kind in kinds)

    @Slot()
    def _on_all(self) -> None:
        """From all to none and back; in between is only where single ticks lead."""
        wanted = any(not tick.isChecked() for tick in self.ticks.values())
        for tick in self.ticks.values():
            tick.blockSignals(True)
            tick.setChecked(wanted)
            tick.blockSignals(False)
        self._count()

    @Slot()
    def _count(self) -> None:
        found = self._found
        if found is None:
            return
        wanted = [kind for kinds, tick in self.ticks.items() if tick.isChecked() for kind in kinds]
        files, size = _sum(found.kinds, wanted), _sum(found.sizes, wanted)
        known = _sum(found.known, wanted)
        all_ticked, none_ticked = not self.without, not wanted
        states = Qt.CheckState
        self.all.setCheckState(
            states.Checked if all_ticked else states.Unchecked if none_ticked else states.PartiallyChecked
        )
        what = words.files(files)
        title = (
            self.tr("Add {files}, {size} to {target}?") if self._target else self.tr("Add {files}, {size}?")
        )  # whole sentences, as languages order words differently
        self._title.setText(title.format(files=what, size=formats.size(size), target=self._target))
        self._add.setText(self.tr("Add {files}").format(files=what))
        self._add.setEnabled(files > 0)
        self._known.setText(
            words.plural(
                known,
                self.tr(
                    "1 of them is in the list already, or has not changed since it was read. It is not read again."
                ),
                self.tr(
                    "{n} of them are in the list already, or have not changed since they were read. "
                    "They are not read again."
                ),
            )
        )
        self._known.setVisible(known > 0)
        policy = self._known.sizePolicy()
        policy.setRetainSizeWhenHidden(sum(found.known.values()) > 0)  # nothing jumps when kinds are unticked
        self._known.setSizePolicy(policy)

    def close_quietly(self) -> None:
        """Go away without an answer."""
        self.blockSignals(True)
        self.done(0)
        self.deleteLater()


def lines_of(kinds: Mapping[str, int]) -> list[tuple[str, ...]]:
    """The kinds as lines, the most frequent first; the rarest share the last one."""
    ordered = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
    if len(ordered) <= MOST_LINES:
        return [(kind,) for kind in ordered]
    return [*((kind,) for kind in ordered[: MOST_LINES - 1]), tuple(ordered[MOST_LINES - 1 :])]


def _sum(counts: Mapping[str, int], kinds: "tuple[str, ...] | list[str]") -> int:
    return sum(counts.get(kind, 0) for kind in kinds)
