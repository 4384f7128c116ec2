"""What needs a person, in groups: a line for each cause with its count, what to do, and the button that may mend it."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.domain.causes import Cause, Tool
from ingest_desktop.ui import assets, causes, formats, theme, words

MOST_HEIGHT = 236  # of the list of groups; the jobs below are to be seen, too
LEAST_HEIGHT = 92  # two groups and a bit of the third, which tells that there are more
SHARE = 0.42  # of what there is for groups and jobs together
ORDER = tuple(Cause)
_ICONS = {Cause.RECOGNITION: "status-empty", Cause.GAPS: "status-gaps"}


@dataclass(frozen=True, slots=True)
class Groups:
    """How many jobs need a person, by cause; how many of them could be read now with a program that is there; which are."""

    counts: Mapping[Cause, int]
    readable: Mapping[Tool, int]
    tools: frozenset[Tool]

    def mend_of(self, cause: Cause) -> str:
        """What the button that may mend a group does: "passwords", "recognise", "office", "raise", "retry" or nothing."""
        if cause is Cause.RECOGNITION:
            return "recognise" if self.readable.get(Tool.RECOGNITION) else ""
        if cause is Cause.UNSUPPORTED:
            return "office" if self.readable.get(Tool.OFFICE) else ""
        if cause in (Cause.DAMAGED, Cause.QUARANTINED):
            return ""  # to try them again as they are is possible, but hardly of use: it stands in the menu
        return {Cause.PASSWORD: "passwords", Cause.LIMIT: "raise", Cause.TOO_LARGE: "raise"}.get(cause, "retry")


class GroupRow(QWidget):
    """One cause.

    Signals:
        mend_wanted: The button was pressed. args: Cause, what it does.
        files_wanted: Its files are to be shown, or all again. args: Cause, whether they are.
        menu_chosen: args: Cause, "retry", "export" or "delete".
    """

    mend_wanted = Signal(object, str)
    files_wanted = Signal(object, bool)
    menu_chosen = Signal(object, str)

    def __init__(self, cause: Cause, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cause = cause
        self._mend = ""
        self._icon = QLabel()
        self._count = QLabel()
        self._count.setFont(theme.tabular(self._count.font()))
        self._count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._count.setMinimumWidth(self.fontMetrics().horizontalAdvance("00,000"))
        self._title = QLabel(causes.title(cause))
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._step = QLabel()
        self._step.setTextFormat(Qt.TextFormat.PlainText)
        self._step.setWordWrap(True)
        self._step.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(self._title)
        text.addWidget(self._step)
        self.mend = QPushButton()
        self.mend.clicked.connect(lambda: self.mend_wanted.emit(cause, self._mend))
        self.files = QPushButton(self.tr("Show files"))
        self.files.setCheckable(True)
        self.files.toggled.connect(lambda on: self.files_wanted.emit(cause, on))
        self.more = QToolButton()
        self.more.setAutoRaise(True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._menu())
        self.more.setToolTip(self.tr("More"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 8, 5)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._count)
        row.addLayout(text, 1)
        for widget in (self.mend, self.files, self.more):
            row.addWidget(widget)
        self.restyle()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for what, words_of_it in (
            ("retry", self.tr("Retry all of these")),
            ("export", self.tr("Export list…")),
            ("delete", self.tr("Delete entries")),
        ):
            action = menu.addAction(words_of_it)
            action.setObjectName(what)
            action.triggered.connect(lambda _=False, w=what: self.menu_chosen.emit(self.cause, w))
        return menu

    def show_group(self, groups: Groups) -> None:
        """Show how many there are, and what to do."""
        count, title = groups.counts[self.cause], causes.title(self.cause)
        self._count.setText(formats.number(count))
        self._step.setText(causes.lacking(self.cause, groups.tools) or causes.group_step(self.cause))
        self._mend = groups.mend_of(self.cause)
        self.mend.setText(self._verb(groups))
        self.mend.setVisible(bool(self._mend))
        told = f"{title}, {words.files(count)}"
        self.setAccessibleName(told)
        self.setAccessibleDescription(self._step.text())
        for button, verb in (
            (self.mend, self.mend.text()),
            (self.files, self.files.text()),
            (self.more, self.tr("More")),
        ):
            button.setAccessibleName(f"{verb}: {told}")

    def _verb(self, groups: Groups) -> str:
        if self._mend == "recognise":
            return self.tr("Run OCR on {n}").format(n=formats.number(groups.readable[Tool.RECOGNITION]))
        if self._mend == "office":
            return self.tr("Retry {n} with LibreOffice").format(n=formats.number(groups.readable[Tool.OFFICE]))
        return {
            "passwords": self.tr("Give passwords…"),
            "raise": self.tr("Raise limit and retry…"),
            "retry": self.tr("Retry all"),
        }.get(self._mend, "")

    def show_picked(self, picked: bool) -> None:
        """Show whether the list below holds its files alone."""
        self.files.blockSignals(True)
        self.files.setChecked(picked)
        self.files.setText(self.tr("Show all") if picked else self.tr("Show files"))
        self.files.blockSignals(False)
        self.update()

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens = theme.tokens_now()
        failed = self.cause not in _ICONS
        name, color = _ICONS.get(self.cause, "status-failed"), tokens.danger if failed else tokens.warning
        self._icon.setPixmap(assets.pixmap(name, color, 18, self.devicePixelRatioF()))
        self.more.setIcon(assets.icon("menu", tokens.muted))
        palette = self._step.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(tokens.muted))
        self._step.setPalette(palette)

    def paintEvent(self, _: QPaintEvent) -> None:
        """A line below, and a mark on the left while its files are shown."""
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(tokens.border))
        if self.files.isChecked():
            painter.fillRect(0, 0, 3, self.height(), QColor(tokens.accent))


class AttentionPanel(QWidget):
    """All causes that there are. Above the list of jobs that need attention.

    Signals:
        mend_wanted, files_wanted, menu_chosen: As those of ``GroupRow``; the cause is None for all of them.
    """

    mend_wanted = Signal(object, str)
    files_wanted = Signal(object, bool)
    menu_chosen = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("What needs attention, by cause"))
        self.rows: dict[Cause, GroupRow] = {}
        self.groups = Groups({}, {}, frozenset())
        self._title = QLabel()
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self.retry = QPushButton(self.tr("Retry all"))
        self.export = QPushButton(self.tr("Export list…"))
        self.retry.clicked.connect(lambda: self.menu_chosen.emit(None, "retry"))
        self.export.clicked.connect(lambda: self.menu_chosen.emit(None, "export"))
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 8, 6)
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self.retry)
        head.addWidget(self.export)
        self._body = QWidget()
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._scroll = _Groups(self._body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._scroll)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_groups(self, groups: Groups) -> None:
        """Show these groups; rows that stay keep their place and the focus."""
        self.groups = groups
        total = sum(groups.counts.values())
        self._title.setText(words.plural(total, self.tr("1 file needs attention"), self.tr("{n} files need attention")))
        for cause in [cause for cause in self.rows if not groups.counts.get(cause)]:
            row = self.rows.pop(cause)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        place = 0
        for cause in ORDER:
            if not groups.counts.get(cause):
                continue
            if cause not in self.rows:
                self._column.insertWidget(place, self._made(cause))
            self.rows[cause].show_group(groups)
            place += 1
        self._order_keys()
        self._scroll.updateGeometry()

    def _order_keys(self) -> None:
        """The tab key goes through the groups from the top: rows that came later would be at its end."""
        before: QWidget = self.export
        for cause in ORDER:
            if row := self.rows.get(cause):
                for button in (row.mend, row.files, row.more):
                    QWidget.setTabOrder(before, button)
                    before = button

    def _made(self, cause: Cause) -> GroupRow:
        row = self.rows[cause] = GroupRow(cause)
        row.mend_wanted.connect(self.mend_wanted)
        row.files_wanted.connect(self.files_wanted)
        row.menu_chosen.connect(self.menu_chosen)
        return row

    @Slot(object)
    def show_picked(self, cause: Cause | None) -> None:
        """Show whose files the list holds alone."""
        for row in self.rows.values():
            row.show_picked(row.cause is cause)

    def share(self, height: int) -> None:
        """Take no more than its share of the height that the groups and the jobs have together, in pixels."""
        self._scroll.share(height)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        for row in self.rows.values():
            row.restyle()
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.alternate))
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(tokens.border))


class _Groups(QScrollArea):
    """As high as its groups are, up to a bound."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self._most = MOST_HEIGHT
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the tab key stops at its buttons, and it follows them
        self.viewport().setAutoFillBackground(False)
        body.setAutoFillBackground(False)

    def sizeHint(self) -> QSize:
        body = self.widget()
        layout = body.layout() if body is not None else None
        if layout is None:
            return super().sizeHint()
        width = max(self.viewport().width(), 1)
        wanted = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return QSize(width, min(self._most, wanted))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(LEAST_HEIGHT, self.sizeHint().height()))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.updateGeometry()

    def share(self, height: int) -> None:
        """Take no more than its share of so many pixels."""
        most = min(MOST_HEIGHT, max(LEAST_HEIGHT, round(SHARE * height)))
        if most != self._most:
            self._most = most
            self.updateGeometry()
