"""The table of jobs: columns that hide, move and are remembered; selection and place kept by id."""

from array import array
from collections.abc import Iterator

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from ingest_desktop.domain.models import JobOrder
from ingest_desktop.ui import theme
from ingest_desktop.ui.columns import Columns
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_painter import PAD, PLACEHOLDER, JobPainter, Line, Span
from ingest_desktop.ui.job_rows import ORDERS, Column
from ingest_desktop.ui.undisturbed import undisturbed

ROW_HEIGHT = 28
KEPT_SELECTION = 5_000  # a larger selection is not carried over when all rows are replaced


class JobTable(QTableView):
    """Shows a JobModel.

    Signals:
        selection_moved: Other rows are selected, or the same rows hold other jobs.
        current_moved: The row with the focus changed. arg: job id, or 0 for none.
        order_wanted: The person clicked a header. args: JobOrder, descending.
        opened: Double click or Enter. arg: job id.
        menu_wanted: A context menu. arg: global position.
    """

    selection_moved = Signal()
    current_moved = Signal(int)
    order_wanted = Signal(object, bool)
    opened = Signal(int)
    menu_wanted = Signal(QPoint)

    def __init__(self, model: JobModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._all_selected = False
        self._anchor: tuple[int, int] | None = None
        self._current_id = 0
        self._awaited = 0
        self._told = QTimer(self)  # first the list is painted, then told who has the focus: keys that are held move on
        self._told.setSingleShot(True)
        self._told.setInterval(0)
        self._told.timeout.connect(lambda: self.current_moved.emit(self._current_id))
        self._pointed = -1  # the row under the pointer
        self.setModel(model)
        self._painter = JobPainter(ROW_HEIGHT)
        self.setAccessibleName(self.tr("Jobs"))
        self.setAccessibleDescription(self.tr("Every file that was added, with its status and progress"))
        self._shape()
        self._shape_header()
        model.keep = self._ids_to_keep
        model.modelAboutToBeReset.connect(self._before_reset)
        model.rows_moved.connect(self._after_reset)
        model.rowsAboutToBeInserted.connect(self._before_insert)
        model.rowsInserted.connect(self._after_insert)
        model.rowsRemoved.connect(lambda *_: self._tell_visible())
        model.loaded.connect(self._tell_visible)
        model.loaded.connect(self._find_current)
        model.loaded.connect(self._find_awaited)
        model.rowsInserted.connect(self._find_awaited)
        self.verticalScrollBar().valueChanged.connect(lambda _: self._tell_visible())
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_moved.emit())
        self.selectionModel().currentChanged.connect(self._on_current)
        self.activated.connect(self._on_activated)
        self.entered.connect(self._on_entered)
        self.viewportEntered.connect(self._on_left)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_wanted.emit(self.viewport().mapToGlobal(at)))

    def _shape(self) -> None:
        self.setFont(theme.tabular(self.font()))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.hide()

    def _shape_header(self) -> None:
        header = self.horizontalHeader()
        # Painting a header asks whether whole columns are selected, row by row: 30 s for a million. It is given
        # a selection of its own that stays empty.
        header.setSelectionModel(QItemSelectionModel(self._jobs, self))
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setFixedHeight(ROW_HEIGHT)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(44)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.sectionClicked.connect(self._on_header)
        self.columns = Columns(self)

    # painting ------------------------------------------------------------------------------

    @undisturbed
    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint all cells in one call; see ``job_painter``."""
        area = event.rect()
        with QPainter(self.viewport()) as painter:
            self._painter.paint(
                painter,
                self._lines(area),
                self._spans(area),
                ratio=self.devicePixelRatioF(),
                mirrored=self.isRightToLeft(),
            )
            if self.hasFocus():
                self._mark_focus(painter)

    def _mark_focus(self, painter: QPainter) -> None:
        """An outline around the row with the focus: Ctrl and an arrow move it without selecting."""
        row = self.currentIndex().row()
        if row >= 0:
            painter.setPen(QColor(theme.tokens_now().accent))
            painter.drawRect(self._line_rect(row).adjusted(0, 0, -1, -1))

    def _line_rect(self, row: int) -> QRect:
        return QRect(0, row * ROW_HEIGHT - self.verticalScrollBar().value(), self.viewport().width(), ROW_HEIGHT)

    def _spans(self, area: QRect) -> list[Span]:
        left, right = area.left(), area.right()
        spans = (Span(c, self.columnViewportPosition(c), self.columnWidth(c)) for c in range(len(Column)))
        return [span for span in spans if span.width and span.left <= right and span.left + span.width > left]

    def _lines(self, area: QRect) -> Iterator[Line]:
        jobs, picked, offset = self._jobs, self.selectionModel(), self.verticalScrollBar().value()
        first = max(0, (area.top() + offset) // ROW_HEIGHT)
        last = min(jobs.rowCount() - 1, (area.bottom() + offset) // ROW_HEIGHT)
        if self._pointed >= 0 and not self.viewport().underMouse():
            self._point_at(-1)
        any_picked = picked.hasSelection()
        for number in range(first, last + 1):
            row = jobs.row(number)
            if row is None:
                jobs.want_rows()
            yield Line(
                number * ROW_HEIGHT - offset,
                row,
                PLACEHOLDER if row is None else jobs.texts(row),
                any_picked and picked.isSelected(jobs.index(number, 0)),
                number == self._pointed,
            )

    @Slot(QModelIndex)
    def _on_entered(self, index: QModelIndex) -> None:
        """The pointer is over another cell. Asking where it is would wait for the screen."""
        self._point_at(index.row())

    @Slot()
    def _on_left(self) -> None:
        self._point_at(-1)

    def _point_at(self, row: int) -> None:
        """Have the rows painted that the pointer left and entered: Qt sees to its cells only."""
        for changed in {row, self._pointed} - {-1} if row != self._pointed else ():
            self.viewport().update(self._line_rect(changed))
        self._pointed = row

    # columns -------------------------------------------------------------------------------

    @Slot(int)
    def _on_header(self, section: int) -> None:
        """A second click turns the order round, a third goes back to the first order."""
        query = self._jobs.query
        order = ORDERS.get(Column(section), JobOrder.ADDED)
        if order is not query.order:
            self.order_wanted.emit(order, False)
        elif query.descending:
            self.order_wanted.emit(JobOrder.ADDED, False)
        else:
            self.order_wanted.emit(order, True)

    # selection -----------------------------------------------------------------------------

    @property
    def all_selected(self) -> bool:
        """True when every row is selected."""
        rows = self._jobs.rowCount()
        return rows > 0 and self.selected_count() == rows

    def _ranges(self) -> list[tuple[int, int]]:
        picked = list(self.selectionModel().selection())  # type: ignore[call-overload]  # a QList of ranges
        ranges = sorted((r.top(), r.bottom()) for r in picked if r.isValid())
        merged: list[tuple[int, int]] = []
        for top, bottom in ranges:
            if merged and top <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(bottom, merged[-1][1]))
            else:
                merged.append((top, bottom))
        return merged

    def selected_count(self) -> int:
        """How many rows are selected."""
        return sum(bottom - top + 1 for top, bottom in self._ranges())

    def selected_ids(self) -> "array[int]":
        """Ids of the selected jobs, in the order shown."""
        found: array[int] = array("q")
        for top, bottom in self._ranges():
            found.extend(self._jobs.ids(top, bottom))
        return found

    @property
    def current_id(self) -> int:
        """The job with the focus, 0 for none."""
        return self._current_id

    def select_job(self, job_id: int) -> bool:
        """Select one job and show it; False when it is not in the list."""
        row = self._jobs.find(job_id)
        if row < 0:
            return False
        self.selectRow(row)
        self.scrollTo(self._jobs.index(row, 0))
        return True

    def select_when_there(self, job_id: int) -> None:
        """Select a job as soon as its row is there; given up once all rows are."""
        self._awaited = job_id
        self._find_awaited()

    @Slot()
    def _find_awaited(self, *_: object) -> None:
        if self._awaited and (self.select_job(self._awaited) or self._jobs.is_settled):
            self._awaited = 0

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, before: QModelIndex) -> None:
        for row in {current.row(), before.row()} - {-1}:  # Qt paints only the cells anew, and the mark is a row long
            self.viewport().update(self._line_rect(row))
        job_id = self._jobs.job_id(current.row()) if current.isValid() else 0
        if job_id != self._current_id:
            self._current_id = job_id
            self._told.start()

    @Slot()
    def _find_current(self) -> None:
        """After other rows came: stay with the job that had the focus, or let go of it when it is not among them."""
        if not self._current_id or self.currentIndex().isValid():
            return
        row, bar = self._jobs.find(self._current_id), self.verticalScrollBar()
        if row < 0:
            self._current_id = 0
            self._told.start()
        else:
            value = bar.value()
            self.selectRow(row)
            bar.setValue(value)  # Qt would scroll to it, and away from what was just added

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.opened.emit(self._jobs.job_id(index.row()))

    # keeping place -------------------------------------------------------------------------

    def _top_row(self) -> int:
        return self.verticalScrollBar().value() // ROW_HEIGHT

    def _ids_to_keep(self) -> frozenset[int]:
        keep = {self._current_id} if self._current_id else set()
        if self.selected_count() <= KEPT_SELECTION:
            keep.update(self.selected_ids())
        if self.verticalScrollBar().value() > 0 and self._top_row() < self._jobs.rowCount():
            keep.add(self._jobs.job_id(self._top_row()))
        return frozenset(keep)

    @Slot()
    def _before_reset(self) -> None:
        self._all_selected = self.all_selected
        self._kept = frozenset() if self.selected_count() > KEPT_SELECTION else frozenset(self.selected_ids())
        bar = self.verticalScrollBar()
        top = self._top_row()
        self._anchor = None
        if bar.value() > 0 and top < self._jobs.rowCount():
            self._anchor = (self._jobs.job_id(top), bar.value() % ROW_HEIGHT)

    @Slot(object)
    def _after_reset(self, rows: dict[int, int]) -> None:
        """Select the same jobs again and stay where we were."""
        picked = self.selectionModel()
        last = self._jobs.columnCount() - 1
        if self._all_selected:
            self.selectAll()
        else:
            selection = QItemSelection()
            for job_id in self._kept:
                if job_id in rows:
                    row = rows[job_id]
                    selection.select(self._jobs.index(row, 0), self._jobs.index(row, last))
            picked.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if self._current_id in rows:
            picked.setCurrentIndex(
                self._jobs.index(rows[self._current_id], 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        if self._anchor is not None and self._anchor[0] in rows:
            self.updateGeometries()
            self.verticalScrollBar().setValue(rows[self._anchor[0]] * ROW_HEIGHT + self._anchor[1])
        self._tell_visible()

    @Slot(QModelIndex, int, int)
    def _before_insert(self, _: QModelIndex, first: int, __: int) -> None:
        value = self.verticalScrollBar().value()
        self._above = value > 0 and first * ROW_HEIGHT <= value

    @Slot(QModelIndex, int, int)
    def _after_insert(self, _: QModelIndex, first: int, last: int) -> None:
        if self._above:
            bar = self.verticalScrollBar()
            value = bar.value() + (last - first + 1) * ROW_HEIGHT
            self.updateGeometries()
            bar.setValue(value)
        self._tell_visible()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.columns.fit()
        self._keep_in_sight(event.oldSize().height())
        self._tell_visible()

    def _keep_in_sight(self, height_before: int) -> None:
        """The details that open below a job must not cover that very job."""
        current = self.currentIndex()
        if current.isValid() and 0 <= self.visualRect(current).top() < height_before:
            self.scrollTo(current)

    def _tell_visible(self) -> None:
        top = self._top_row()
        self._jobs.set_visible(top, top + self.viewport().height() // ROW_HEIGHT + 1)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens = theme.tokens_now()
        self._painter.forget()
        self.horizontalHeader().setStyleSheet(
            f"QHeaderView {{ background: {tokens.window}; border: none; }}"
            f"QHeaderView::section {{ background: {tokens.window}; color: {tokens.muted}; border: none;"
            f" border-bottom: 1px solid {tokens.border}; padding: 0 {PAD}px; }}"
            f"QHeaderView::section:hover {{ color: {tokens.text}; }}"
        )
