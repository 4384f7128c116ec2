"""What stands in the middle of the window: the list, the results of a search, or a word on why there is no list."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from ingest_desktop.ui.hub import Pulse
from ingest_desktop.ui.layout import Layout
from ingest_desktop.ui.selection import Selected

if TYPE_CHECKING:
    from ingest_desktop.ui.main_window import MainWindow


class PageInView(QObject):
    """Chooses the page, and what goes with it: the groups above, the details below, the actions on offer.

    Made when all rooms of the window stand. Lives in the UI thread.
    """

    def __init__(self, window: "MainWindow", layout: Layout) -> None:
        super().__init__(window)
        self._window, self._layout = window, layout
        self._known_jobs: int | None = None  # None: nobody has counted yet
        window.hub.pulsed.connect(self._on_pulse)
        window.hub.bridge.added.connect(self._on_added)
        window.model.loaded.connect(self._choose)
        window.search.active_changed.connect(self._choose)
        window.attending.shown.connect(self._show_groups)
        window.selection.changed.connect(self._offer_actions)
        window.table.selection_moved.connect(self.show_detail)
        window.narrowing.narrowed.connect(self._on_narrowed)

    @property
    def _page(self) -> QWidget | None:
        return self._layout.pages.currentWidget()

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        total, before = pulse.status.counts.total(), self._known_jobs
        self._known_jobs = total
        is_other = before is None or (before == 0) != (total == 0)
        if is_other or self._page is self._window.nothing or not self._window.model.rowCount():
            self._choose()

    @Slot(str, int)
    def _on_added(self, _: str, __: int) -> None:
        if not self._known_jobs:
            self._known_jobs = 1
            self._choose()

    @Slot()
    def _choose(self, *_: object) -> None:
        """The list, the results, or what there is instead of a list."""
        window = self._window
        if window.search.query:
            page: QWidget = window.search
        elif self._known_jobs == 0:
            page = window.empty
        elif self._known_jobs and not window.model.rowCount() and window.model.is_settled:
            window.nothing.setText(window.narrowing.nothing_text())
            page = window.nothing
        else:
            page = window.table
        self._layout.show(page)
        self._show_groups()
        self._offer_actions()
        self.show_detail()

    @Slot()
    def _on_narrowed(self) -> None:
        if self._known_jobs != 0:
            self._layout.show(self._window.search if self._window.search.query else self._window.table)
            self._show_groups()

    @Slot()
    def _show_groups(self) -> None:
        """The groups stand above the list of what needs attention, and above nothing else."""
        listing = self._page in (self._window.table, self._window.nothing)
        self._window.groups.setVisible(listing and self._window.attending.is_wanted)

    @Slot()
    def _offer_actions(self, *_: object) -> None:
        """Offer what can be done with the selection; with nothing while search results cover it."""
        covered = self._page is self._window.search
        self._window.actions_.update_for(Selected() if covered else self._window.selection.now)

    @Slot()
    def show_detail(self, *_: object) -> None:
        """Show or hide the details, as the person chose and the page allows."""
        wanted = self._window.actions_["detail"].isChecked() and self._page is self._window.table
        self._window.detail.setVisible(wanted and self._window.table.current_id != 0)
