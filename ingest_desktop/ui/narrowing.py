"""Which jobs the list shows: knowledge base, status, name and order, put into one query."""

from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from ingest_desktop.domain.causes import Cause
from ingest_desktop.domain.models import JobOrder
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_table import JobTable
from ingest_desktop.ui.name_filter import NameFilter
from ingest_desktop.ui.plain import named
from ingest_desktop.ui.sidebar import Sidebar


class Narrowing(QObject):
    """Follows the side bar, the name filter and the headers.

    Signals:
        narrowed: Another query is shown.
        cause_shown: Only the jobs of this cause are shown. arg: Cause, or None for all.
    """

    narrowed = Signal()
    cause_shown = Signal(object)

    def __init__(self, model: JobModel, table: JobTable, sidebar: Sidebar, names: NameFilter, parent: QObject) -> None:
        super().__init__(parent)
        self._model, self._table, self._sidebar, self._names = model, table, sidebar, names
        sidebar.filter_changed.connect(self._on_filter)
        names.changed.connect(self._on_name)
        names.left.connect(table.setFocus)
        table.order_wanted.connect(self._on_order)
        model.loaded.connect(self._count)
        model.rowsInserted.connect(self._count)
        model.rowsRemoved.connect(self._count)
        model.modelReset.connect(self._count)

    def _show(self, **changes: Any) -> None:
        query = self._model.query.model_copy(update=changes)
        if query != self._model.query:
            self._table.clearSelection()
            self._model.set_query(query)
            self._table.horizontalHeader().viewport().update()
            self.narrowed.emit()

    @Slot()
    def _on_filter(self) -> None:
        found = self._sidebar.status_filter
        base, statuses = self._sidebar.base_id, found.statuses
        cause = self.cause if found.attention else None
        self._show(kb_id=base, statuses=statuses, attention=found.attention, gaps=found.gaps, cause=cause)
        self.cause_shown.emit(cause)

    @property
    def cause(self) -> Cause | None:
        """The cause whose jobs alone are shown."""
        return self._model.query.cause

    def show_cause(self, cause: Cause | None) -> None:
        """Show only the jobs that need attention for one cause, or all of them again."""
        self._show(cause=cause)
        self.cause_shown.emit(cause)

    @Slot(str)
    def _on_name(self, text: str) -> None:
        self._show(name_contains=text)
        self._count()

    @Slot(object, bool)
    def _on_order(self, order: JobOrder, descending: bool) -> None:
        self._show(order=order, descending=descending)

    @Slot()
    def _count(self, *_: object) -> None:
        self._names.show_count(self._model.rowCount(), settled=self._model.is_settled)

    def show_newest(self) -> None:
        """Make sure that what is added now can be seen: all statuses, any name, from the top."""
        self._names.clear()
        if self._sidebar.status_filter.key not in ("all", "waiting", "running"):
            self._sidebar.pick_status("all")
        if self._model.query.order is JobOrder.ADDED:
            self._table.verticalScrollBar().setValue(0)

    def show_everything(self) -> None:
        """No filter: all knowledge bases, all statuses, any name."""
        self._names.clear()
        self._sidebar.pick_base("")
        self._sidebar.pick_status("all")

    def nothing_text(self) -> str:
        """Why the list is empty."""
        if self._names.text:
            return self.tr("No job here has “{text}” in its file name. Esc in the field shows all again.").format(
                text=named(self._names.text)
            )
        if self._sidebar.status_filter.key == "all" and self._sidebar.base_id is not None:
            return self.tr("Nothing is in this knowledge base yet. Drop files or folders here to add them.")
        return self.tr("No jobs here. Other filters are on the left.")
