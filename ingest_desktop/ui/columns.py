"""The columns of the job list: how wide, which of them, and which give way when there is little room."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QPoint, Qt, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QMenu, QTableView

from ingest_desktop.ui import window_state
from ingest_desktop.ui.job_rows import Column, column_title

FIRST_HIDDEN = (Column.TRIES, Column.BASE, Column.FOLDER)
GIVE_WAY = (  # the first of them goes first; name, status and progress stay
    Column.FOLDER,
    Column.BASE,
    Column.TRIES,
    Column.SPEED,
    Column.ADDED,
    Column.LEFT,
    Column.LENGTH,
    Column.SIZE,
)
SAMPLES = {  # what should fit without being shortened
    Column.NAME: "A name of some thirty letters.docx",
    Column.STATUS: "Failed: something went wrong",
    Column.PROGRESS: "12,345 passages",
    Column.LENGTH: "12,345 pages",
    Column.SIZE: "999 MB",
    Column.SPEED: "99.9 pages/s",
    Column.LEFT: "59 min 59 s",
    Column.TRIES: "99",
    Column.ADDED: "12/31/2099",
    Column.BASE: "A knowledge base",
    Column.FOLDER: "/home/somebody/Documents/2004/Harvest",
}
SIDES = 16  # left free beside a text
BESIDE_STATUS = 22  # the icon
BAR = 64 + 8 + 48  # a bar, and its figure
LEAST_NAME = 160
ARROW = " ↓"


def first_width(column: Column, metrics: QFontMetrics) -> int:
    """The width in which a column's sample and its title with an arrow fit."""
    text = max(metrics.horizontalAdvance(SAMPLES[column]), metrics.horizontalAdvance(column_title(column) + ARROW))
    if column is Column.STATUS:
        text += BESIDE_STATUS
    if column is Column.PROGRESS:
        text = max(text, BAR)
    return text + SIDES


class Columns(QObject):
    """Sees to the header of one table. Lives in the UI thread.

    The name takes the room that is left until the person gives it a width. Until then columns of less weight also
    hide by themselves while there is no room for them, but never one that the person asked for.
    """

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._table, self._header = table, table.horizontalHeader()
        self._widths: dict[Column, int] = {}
        self._hidden = set(FIRST_HIDDEN)
        self._asked_for: set[Column] = set()
        self._name_fits = True
        self._fitting = False
        self._take_first_widths()
        self._header.sectionResized.connect(self._on_resized)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._choose)

    def _take_first_widths(self) -> None:
        metrics = self._table.fontMetrics()
        self._widths = {column: first_width(column, metrics) for column in Column}
        self._fitting = True
        for column, width in self._widths.items():
            self._header.setSectionHidden(column, False)  # a hidden one takes no width
            self._header.resizeSection(column, width)
        self._fitting = False
        self.fit()

    @property
    def shown(self) -> frozenset[Column]:
        """Those that can be seen now."""
        return frozenset(column for column in Column if not self._header.isSectionHidden(column))

    # room ----------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show what fits, and let the name take the rest."""
        shown = [column for column in Column if column not in self._hidden]
        room = self._table.viewport().width()
        need = LEAST_NAME + sum(self._widths[column] for column in shown if column is not Column.NAME)
        self._fitting = True
        for column in GIVE_WAY if self._name_fits else ():
            if need <= room:
                break
            if column in shown and column not in self._asked_for:
                shown.remove(column)
                need -= self._widths[column]
        for column in Column:
            if self._header.isSectionHidden(column) is (column in shown):
                self._header.setSectionHidden(column, column not in shown)
        if self._name_fits:
            self._header.resizeSection(Column.NAME, LEAST_NAME + max(0, room - need))
        self._fitting = False

    @Slot(int, int, int)
    def _on_resized(self, section: int, _: int, width: int) -> None:
        if self._fitting or not width:
            return
        self._widths[Column(section)] = width
        if section == Column.NAME:
            self._name_fits = False
        else:
            self.fit()

    # which ---------------------------------------------------------------------------------

    def show(self, column: Column, on: bool) -> None:
        """Show or hide a column, as the person asks."""
        self._hidden.discard(column) if on else self._hidden.add(column)
        self._asked_for.add(column) if on else self._asked_for.discard(column)
        self.fit()

    def menu(self) -> QMenu:
        """Which columns show, with a way back to the first order."""
        menu = QMenu(self._table)
        for column in Column:
            action = menu.addAction(column_title(column))
            action.setCheckable(True)
            action.setEnabled(column is not Column.NAME)
            action.setChecked(column in self.shown)
            action.triggered.connect(lambda on, c=column: self.show(c, on))
            menu.aboutToShow.connect(lambda a=action, c=column: a.setChecked(c in self.shown))
        menu.addSeparator()
        menu.addAction(self.tr("Reset columns"), self.reset)
        return menu

    @Slot(QPoint)
    def _choose(self, at: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._header.mapToGlobal(at))

    @Slot()
    def reset(self) -> None:
        """Back to the first columns, in their first order and widths."""
        for column in Column:
            self._header.moveSection(self._header.visualIndex(column), column)
        self._hidden, self._asked_for, self._name_fits = set(FIRST_HIDDEN), set(), True
        self._take_first_widths()

    # between starts ------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What is remembered: order and widths, what is hidden, what was asked for."""
        return {
            "columns": self._header.saveState(),
            "name_fits": self._name_fits,
            "columns_hidden": _names(self._hidden),
            "columns_asked_for": _names(self._asked_for),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put the columns back as they were."""
        found = state.get("columns")
        if not isinstance(found, QByteArray):
            return
        self._fitting = True
        self._header.restoreState(found)
        self._header.setSortIndicatorShown(False)  # the title itself carries the arrow
        self._hidden = _columns(state.get("columns_hidden"), FIRST_HIDDEN)
        self._asked_for = _columns(state.get("columns_asked_for"), ())
        for column in Column:  # the width of a hidden one shows only when it is shown
            self._header.setSectionHidden(column, False)
            self._widths[column] = self._header.sectionSize(column) or self._widths[column]
        self._name_fits = window_state.flag(state, "name_fits", True)
        self._fitting = False
        self.fit()


def _names(columns: Iterable[Column]) -> str:
    return " ".join(sorted(column.name for column in columns))


def _columns(text: object, default: Iterable[Column]) -> set[Column]:
    if not isinstance(text, str):
        return set(default)
    return {Column[name] for name in text.split() if name in Column.__members__} - {Column.NAME}


__all__ = ["Columns", "first_width"]
