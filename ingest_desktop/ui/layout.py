"""Where the parts of the window stand, which of them shows in the middle, and what is remembered of that."""

from typing import Any

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMainWindow, QSizePolicy, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ingest_desktop.domain.models import JobOrder, JobQuery
from ingest_desktop.ui import window_state
from ingest_desktop.ui.attention_panel import AttentionPanel
from ingest_desktop.ui.detail_panel import DetailPanel
from ingest_desktop.ui.empty_state import EmptyState, NothingHere
from ingest_desktop.ui.job_table import JobTable
from ingest_desktop.ui.name_filter import NameFilter
from ingest_desktop.ui.search_view import SearchView
from ingest_desktop.ui.strips import Strip

FIRST_SIZE = QSize(1200, 760)
LEAST_SIZE = QSize(760, 480)
LEAST_LIST = 96  # pixels: the headers and two rows


def stacked(*parts: QWidget, stretch: QWidget) -> QWidget:
    """Parts one below the other without gaps; one of them takes the room that is left."""
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        column.addWidget(part, 1 if part is stretch else 0)
    return body


class _Upper(QWidget):
    """The groups over the list. The groups get what they ask for, up to their share; the list takes the rest."""

    def __init__(self, attention: AttentionPanel, names: QWidget, pages: QWidget) -> None:
        super().__init__()
        self._attention = attention
        pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        pages.setMinimumHeight(LEAST_LIST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(attention)
        column.addWidget(names)
        column.addWidget(pages, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._attention.share(self.height())


class Layout:
    """The side bar, the strips, the page in the middle, the detail below. Owned by the window."""

    def __init__(
        self,
        sidebar: QWidget,
        strips: tuple[Strip, ...],
        attention: AttentionPanel,
        names: NameFilter,
        table: JobTable,
        empty: EmptyState,
        nothing: NothingHere,
        search: SearchView,
        detail: DetailPanel,
        status: QWidget,
    ) -> None:
        self._names, self._table = names, table
        self._listing = (table, nothing)
        self.pages = QStackedWidget()
        for page in (table, empty, nothing, search):
            self.pages.addWidget(page)
        self.lower = QSplitter(Qt.Orientation.Vertical)
        self.lower.addWidget(_Upper(attention, names, self.pages))
        self.lower.addWidget(detail)
        self.lower.setStretchFactor(0, 1)
        self.lower.setCollapsible(0, False)
        self.right = stacked(*strips, self.lower, stretch=self.lower)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.addWidget(sidebar)
        self.across.addWidget(self.right)
        self.across.setStretchFactor(1, 1)
        self.across.setCollapsible(1, False)
        for splitter in (self.across, self.lower):
            splitter.setHandleWidth(1)
        self.body = stacked(self.across, status, stretch=self.across)
        detail.hide()
        names.hide()

    def show(self, page: QWidget) -> None:
        """Put a page in the middle; the name filter goes with the list."""
        self.pages.setCurrentWidget(page)
        self._names.setVisible(page in self._listing)

    def restore(self, window: QMainWindow, state: dict[str, Any]) -> None:
        """Put everything back as it was; a first size that fits a small or enlarged screen."""
        room = window.screen().availableSize() * 0.95
        window.resize(FIRST_SIZE.boundedTo(room).expandedTo(LEAST_SIZE))
        self.across.setSizes([200, 1000])
        self.lower.setSizes([460, 220])
        for key, call in {
            "geometry": window.restoreGeometry,
            "across": self.across.restoreState,
            "lower": self.lower.restoreState,
        }.items():
            if isinstance(state.get(key), QByteArray):
                call(state[key])
        self._table.columns.restore(state)

    def state(self, window: QMainWindow) -> dict[str, Any]:
        """What is remembered of it."""
        return {
            "geometry": window.saveGeometry(),
            "across": self.across.saveState(),
            "lower": self.lower.saveState(),
            **self._table.columns.state(),
        }


def remembered_order(state: dict[str, Any]) -> JobQuery:
    """The order of the list at the last end."""
    order = state.get("order")
    if order in set(JobOrder):
        return JobQuery(order=JobOrder(order), descending=window_state.flag(state, "descending"))
    return JobQuery()
