"""The list of results: keys go from passage to passage, and a fresh answer leaves the place alone."""

from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from ingest_desktop.ui.search_delegate import PAD, SearchDelegate
from ingest_desktop.ui.search_model import Entry, SearchModel
from ingest_desktop.ui.undisturbed import undisturbed


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person is in the results: the current entry, one that is on the screen, and how far down that stands."""

    current: Entry | None
    seen: Entry | None
    height: int  # pixels below the upper edge


class Results(QListView):
    """The list of results.

    Signals:
        left_above: The person went up from the first result.
    """

    left_above = Signal()

    def __init__(self, model: SearchModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found = model
        self.setModel(model)
        self.setItemDelegate(SearchDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Search results"))

    @undisturbed
    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as Qt does, but in one go."""
        super().paintEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from passage to passage, over the headings; so do the keys for pages and ends."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            before = self.currentIndex().row()
            super().keyPressEvent(event)
            self._leave_heading(before)
            return
        row = self._found.next_hit(self.currentIndex().row(), step)
        if row >= 0:
            self.setCurrentIndex(self._found.index(row))
        elif step < 0:
            self.left_above.emit()

    def _leave_heading(self, before: int) -> None:
        here = self.currentIndex().row()
        entry = self._found.entry(here)
        if here != before and entry is not None and entry.is_heading:
            self.setCurrentIndex(self._found.index(self._found.next_hit(here, 1)))  # a heading has a passage below

    # keeping the place -----------------------------------------------------------------------

    def place(self) -> Place:
        """What is current, and what stands where on the screen."""
        current, top = self.currentIndex(), self.indexAt(QPoint(PAD, 1))
        seen = current if self._is_seen(current) else top
        row, entry = seen.row(), self._found.entry(seen.row())
        if entry is not None and entry.is_heading:
            row = self._found.next_hit(row, 1)
            entry = self._found.entry(row)
        height = self.visualRect(self._found.index(row)).top() if entry is not None else 0
        return Place(self._found.entry(current.row()), entry, height)

    def _is_seen(self, index: QModelIndex) -> bool:
        return index.isValid() and self.visualRect(index).intersects(self.viewport().rect())

    def take_place(self, place: Place) -> None:
        """After another answer: the same hit is current again where it is still found, and stays where it stood."""
        row = self._found.row_of(place.current)
        if row < 0:
            row = self._found.next_hit(-1, 1)
        if row >= 0:
            self.selectionModel().setCurrentIndex(
                self._found.index(row), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
        anchor = self._found.row_of(place.seen)
        if anchor >= 0:
            self.doItemsLayout()
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + self.visualRect(self._found.index(anchor)).top() - place.height)
        elif row >= 0:
            self.scrollToTop()
            self.scrollTo(self._found.index(row))

    def to_first(self) -> None:
        """The best hit is current."""
        self.take_place(Place(None, None, 0))
