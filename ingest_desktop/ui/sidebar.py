"""The side bar: knowledge bases and statuses with live counts; what is picked filters the list."""

from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Counts, KnowledgeBase
from ingest_desktop.ui import assets, formats, theme, words
from ingest_desktop.ui.elided_label import ElidedLabel
from ingest_desktop.ui.plain import plain_tip

KEY = Qt.ItemDataRole.UserRole
NAME = KEY + 2  # what a screen reader calls the row
ROW = 28


@dataclass(frozen=True, slots=True)
class Filter:
    """A status filter: a set of statuses, or what needs a person, or of that what has gaps."""

    key: str
    icon: str
    statuses: frozenset[JobStatus] = frozenset()
    attention: bool = False
    gaps: bool = False


FILTERS = (
    Filter("all", "all"),
    Filter("running", "status-running", frozenset({JobStatus.RUNNING})),
    Filter("waiting", "status-waiting", frozenset({JobStatus.QUEUED})),
    Filter("paused", "status-paused", frozenset({JobStatus.PAUSED})),
    Filter("attention", "warning", attention=True),
    Filter("gaps", "status-gaps", gaps=True),
    Filter("completed", "status-completed", frozenset({JobStatus.COMPLETED})),
    Filter("cancelled", "status-cancelled", frozenset({JobStatus.CANCELLED})),
)


class CountList(QTreeWidget):
    """A short list of names with counts on the right."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setIconSize(QSize(16, 16))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setFont(theme.tabular(self.font()))
        self.viewport().setAutoFillBackground(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def add(self, key: str, text: str, icon: str) -> QTreeWidgetItem:
        """Put a row at the end."""
        item = QTreeWidgetItem([text, ""])
        item.setData(0, KEY, key)
        item.setData(0, KEY + 1, icon)
        item.setData(0, NAME, text)
        item.setSizeHint(0, QSize(0, ROW))
        item.setToolTip(0, plain_tip(text))
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addTopLevelItem(item)
        return item

    def count(self, item: QTreeWidgetItem, value: int, *, red: bool = False) -> None:
        """Show a count; a red one only when it is not zero."""
        text = formats.number(value)
        tokens = theme.tokens_now()
        if item.text(1) != text:
            item.setText(1, text)
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{item.data(0, NAME)}, {text}")
        item.setForeground(1, QBrush(QColor(tokens.danger if red and value else tokens.muted)))

    def rows(self) -> list[QTreeWidgetItem]:
        """The rows, from the top."""
        found = (self.topLevelItem(number) for number in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]

    def key(self) -> str:
        """The key of the picked row."""
        item = self.currentItem()
        return self.key_of(item) if item else ""

    @staticmethod
    def key_of(item: QTreeWidgetItem) -> str:
        """The key of a row."""
        return str(item.data(0, KEY))

    def pick(self, key: str) -> None:
        """Pick a row by its key; the first when there is none."""
        rows = self.rows()
        found = next((row for row in rows if row.data(0, KEY) == key), rows[0] if rows else None)
        if found is not None:
            self.setCurrentItem(found)

    def paint_icons(self) -> None:
        """Draw the icons in the colours of the theme."""
        tokens = theme.tokens_now()
        for item in self.rows():
            item.setIcon(0, assets.icon(item.data(0, KEY + 1), tokens.muted, selected=tokens.on_selection))


class Sidebar(QWidget):
    """Knowledge bases above, statuses below.

    Signals:
        filter_changed: Another knowledge base or status was picked.
        base_menu_wanted: args: kb id ("" for all), global position.
        status_menu_wanted: args: filter key, global position.
        new_base_wanted: The person wants another knowledge base.
    """

    filter_changed = Signal()
    base_menu_wanted = Signal(str, QPoint)
    status_menu_wanted = Signal(str, QPoint)
    new_base_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quiet = False
        self._counts = Counts()
        self._moving = 0
        self._expected = ""
        self.captions: list[ElidedLabel] = []
        self.setAutoFillBackground(True)
        self.setMinimumWidth(168)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.bases = CountList(self.tr("Knowledge bases"), self)
        self.statuses = CountList(self.tr("Status"), self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(self._head_of_bases())
        layout.addWidget(self.bases)
        layout.addSpacing(12)
        layout.addWidget(self._caption(self.tr("Status")))
        layout.addWidget(self.statuses)
        layout.addStretch(1)
        for before, after in pairwise((self._new, self.bases, self.statuses)):
            self.setTabOrder(before, after)
        for key, text in self._filter_names().items():
            self.statuses.add(key, text, next(f.icon for f in FILTERS if f.key == key))
        self.statuses.setFixedHeight(ROW * len(FILTERS) + 4)
        self.statuses.pick("all")
        self.set_bases([])
        self.restyle()
        for view in (self.bases, self.statuses):
            view.currentItemChanged.connect(self._on_picked)
        self.bases.customContextMenuRequested.connect(lambda at: self._menu(self.bases, at))
        self.statuses.customContextMenuRequested.connect(lambda at: self._menu(self.statuses, at))

    def _caption(self, text: str) -> ElidedLabel:
        label = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        font = label.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 0.9)
        label.setFont(font)
        label.setContentsMargins(6, 0, 0, 2)
        label.setText(text)
        label.setToolTip(plain_tip(text))
        self.captions.append(label)
        return label

    def _head_of_bases(self) -> QHBoxLayout:
        self._new = QToolButton()
        self._new.setAutoRaise(True)
        self._new.setIconSize(QSize(14, 14))
        self._new.setToolTip(self.tr("New knowledge base…"))
        self._new.setAccessibleName(self.tr("New knowledge base"))
        self._new.clicked.connect(self.new_base_wanted)
        row = QHBoxLayout()
        row.addWidget(self._caption(self.tr("Knowledge bases")), 1)
        row.addWidget(self._new)
        return row

    def _filter_names(self) -> dict[str, str]:
        return {
            "all": self.tr("All jobs"),
            "running": words.status_name(JobStatus.RUNNING),
            "waiting": words.status_name(JobStatus.QUEUED),
            "paused": words.status_name(JobStatus.PAUSED),
            "attention": self.tr("Attention"),
            "gaps": self.tr("With gaps"),
            "completed": words.status_name(JobStatus.COMPLETED),
            "cancelled": words.status_name(JobStatus.CANCELLED),
        }

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens = theme.tokens_now()
        for view in (self.bases, self.statuses):
            palette = QPalette(self.palette())
            palette.setColor(QPalette.ColorRole.Base, QColor(tokens.window))
            view.setPalette(palette)
            view.paint_icons()
        self._new.setIcon(assets.icon("add", tokens.muted))
        for label in self.captions:
            palette = QPalette(self.palette())
            palette.setColor(QPalette.ColorRole.WindowText, QColor(tokens.muted))
            label.setPalette(palette)
        self.set_counts(self._counts)

    # what is shown -------------------------------------------------------------------------

    def set_bases(self, bases: list[KnowledgeBase]) -> None:
        """Show these knowledge bases and keep the picked one."""
        self._quiet = True
        picked = self.bases.key()
        self.bases.clear()
        self.bases.add("", self.tr("All"), "all")
        for base in bases:
            item = self.bases.add(base.kb_id, base.name, "status-paused" if base.paused else "library")
            if base.paused:
                name = self.tr("{name} (paused)").format(name=base.name)
                item.setToolTip(0, plain_tip(name))
                item.setData(0, NAME, name)
        if any(base.kb_id == self._expected for base in bases):
            self.bases.pick(self._expected)
            self._expected = ""
        else:
            self.bases.pick(picked)
        self.bases.paint_icons()
        self.bases.setMaximumHeight(min(10, len(bases) + 1) * ROW + 4)
        self.bases.setMinimumHeight(min(3, len(bases) + 1) * ROW + 4)
        self._quiet = False
        self.set_counts(self._counts)
        if self.bases.key() != picked:
            self.filter_changed.emit()

    def set_moving(self, moving: int) -> None:
        """Tell how many of the running jobs are being read: workers take some hundreds at a time."""
        self._moving = moving

    def set_counts(self, counts: Counts) -> None:
        """Show live counts: of each knowledge base, and by status within the picked one."""
        self._counts = counts
        for item in self.bases.rows():
            self.bases.count(item, counts.total(item.data(0, KEY) or None))
        base = self.base_id
        for item, found in zip(self.statuses.rows(), FILTERS, strict=True):
            if found.attention:
                value = sum(n for kb, n in counts.attention.items() if base in (None, kb))
            elif found.gaps:
                value = sum(n for kb, n in counts.gaps.items() if base in (None, kb))
            elif found.statuses:
                value = sum(counts.of(status, base) for status in found.statuses)
            else:
                value = counts.total(base)
            self.statuses.count(item, value, red=found.attention)
            if found.key == "running":
                item.setToolTip(0, self._running_tip(value, base))

    def _running_tip(self, running: int, base: str | None) -> str:
        up_next = running - self._moving
        if base is not None or up_next <= 0:
            return words.status_name(JobStatus.RUNNING)
        return f"{words.being_read(self._moving)} {words.up_next(up_next)}"

    # what is picked ------------------------------------------------------------------------

    @property
    def base_id(self) -> str | None:
        """The picked knowledge base, or None for all."""
        return self.bases.key() or None

    @property
    def status_filter(self) -> Filter:
        """The picked status filter."""
        key = self.statuses.key()
        return next((found for found in FILTERS if found.key == key), FILTERS[0])

    def pick_status(self, key: str) -> None:
        """Pick a status filter by its key."""
        self.statuses.pick(key)

    @Slot(str)
    def expect_base(self, kb_id: str) -> None:
        """Pick a knowledge base as soon as it is there."""
        self._expected = kb_id

    def pick_base(self, kb_id: str) -> None:
        """Pick a knowledge base, "" for all."""
        self.bases.pick(kb_id)

    @Slot()
    def _on_picked(self) -> None:
        if not self._quiet:
            self.set_counts(self._counts)
            self.filter_changed.emit()

    def _menu(self, view: CountList, at: QPoint) -> None:
        item = view.itemAt(at)
        where = view.viewport().mapToGlobal(at)
        if view is self.bases:
            self.base_menu_wanted.emit(str(item.data(0, KEY)) if item else "", where)
        elif item is not None:
            self.status_menu_wanted.emit(str(item.data(0, KEY)), where)
