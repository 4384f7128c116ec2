"""The main window. It only wires: every concern has a room of its own."""

from typing import Any

from PySide6.QtCore import QEvent, QPoint, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.models import JobSelector, Submission
from ingest_desktop.ui import assets, opener, window_state
from ingest_desktop.ui.actions import Actions
from ingest_desktop.ui.adding import Adding
from ingest_desktop.ui.attention import Attending
from ingest_desktop.ui.attention_panel import AttentionPanel
from ingest_desktop.ui.base_menu import BaseMenus
from ingest_desktop.ui.commands import Commands, Way, sentence_of
from ingest_desktop.ui.detail_panel import DetailPanel
from ingest_desktop.ui.drop_overlay import DropOverlay
from ingest_desktop.ui.dropping import Dropping
from ingest_desktop.ui.empty_state import EmptyState, NothingHere
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.intake import Intake
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_table import JobTable
from ingest_desktop.ui.layout import LEAST_SIZE, Layout, remembered_order
from ingest_desktop.ui.leaving import Leaving
from ingest_desktop.ui.menus import TopBar, job_menu
from ingest_desktop.ui.name_filter import NameFilter
from ingest_desktop.ui.narrowing import Narrowing
from ingest_desktop.ui.newest_drop import NewestDrop
from ingest_desktop.ui.notices import Notices, Notifier
from ingest_desktop.ui.notifiers import notifier_for
from ingest_desktop.ui.opening import Opening
from ingest_desktop.ui.page_in_view import PageInView
from ingest_desktop.ui.password_dialog import Passwords
from ingest_desktop.ui.preferences import Preferences
from ingest_desktop.ui.repairs import Repairs, RepairStrip
from ingest_desktop.ui.search_view import SearchView
from ingest_desktop.ui.selection import SelectionWatcher
from ingest_desktop.ui.sidebar import Sidebar
from ingest_desktop.ui.status_bar import StatusBar
from ingest_desktop.ui.strips import BatchStrip, Strip, ToolStrip, UndoStrip
from ingest_desktop.ui.tray import Tray, TraySeat, seat_for
from ingest_desktop.ui.triggers import Triggers
from ingest_desktop.workers.power_watch import ON_BATTERY


class MainWindow(QMainWindow):
    """The window.

    Signals:
        quitting: The window is done; the application may end.
    """

    quitting = Signal()

    def __init__(
        self,
        hub: Hub,
        settings: Settings,
        state: dict[str, Any] | None = None,
        *,
        seat: TraySeat | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        """``seat`` and ``notifier`` are the desktop's tray and its notifications, unless they are given."""
        super().__init__()
        self.hub = hub
        state = dict(state or {})
        self.setWindowTitle(self.tr("Ingest Desktop"))
        self.setWindowIcon(assets.app_icon())
        self.setMinimumSize(LEAST_SIZE)
        self.preferences = Preferences(hub, settings, self)
        self._seat = seat or seat_for(self)
        self._notifier = notifier or notifier_for(self._seat, self)
        self._make_rooms(settings)
        self._make_layout()
        self._wire_hub()
        self._wire_views()
        self._wire_strips()
        self.page = PageInView(self, self._layout)
        self.triggers = Triggers(self)
        self._wire_drops()
        self._wire_end()
        self._layout.restore(self, state)
        self.actions_["detail"].setChecked(window_state.flag(state, "detail", True))
        self.model.query = remembered_order(state)
        self.leaving.tray_told = window_state.flag(state, "tray_told")
        self._restyle()

    def _make_rooms(self, settings: Settings) -> None:
        self.model = JobModel(self.hub, self)
        self.table = JobTable(self.model, self)
        self.names = NameFilter(self)
        self.actions_ = Actions(self, self.table)
        self.selection = SelectionWatcher(self.hub, self.model, self.table, self)
        self.commands = Commands(self.hub, self)
        self.intake = Intake(self.hub, self)
        self.passwords = Passwords(self.hub, self)
        self.sidebar = Sidebar(self)
        self.narrowing = Narrowing(self.model, self.table, self.sidebar, self.names, self)
        self.adding = Adding(self.hub, self.intake, self.sidebar, self)
        self.top = TopBar(self.actions_, self.table.columns.menu(), self)
        self.search = SearchView(self.hub, self.top.field, self)
        self.detail = DetailPanel(self.hub, self)
        self.detail.held, self.detail.cached = self.model.held, self.model.cached
        self.batch_strip = BatchStrip(self)
        self.newest_drop = NewestDrop(self.hub, self.commands, self.intake, self.sidebar, self.batch_strip, self)
        self.undo_strip = UndoStrip(self)
        self.trouble_strip = Strip(self.tr("Trouble"), "warning", self)
        self.trouble_strip.tone = "danger"
        self.repairs = Repairs(self.hub, self.trouble_strip, RepairStrip(self), self)
        self.tool_strip = ToolStrip(self)
        self.groups = AttentionPanel(self)
        self.attending = Attending(
            self.hub,
            self.commands,
            self.preferences,
            self.sidebar,
            self.narrowing,
            self.groups,
            self.tool_strip,
            self,
        )
        self.notice_strip = Strip(self.tr("Notice"), "warning", self)
        self.notice_strip.tone = "warning"
        self.empty = EmptyState(self)
        self.nothing = NothingHere(self)
        self.status = StatusBar(self)
        self.tray = Tray(self.actions_, self, self._seat)
        self.notices = Notices(self.hub, self._notifier, settings, self)
        self.bases = BaseMenus(self.hub, self.commands, self)
        self.leaving = Leaving(self.hub, self.preferences, self.intake, self.tray, self._notifier, self.state, self)
        self.opening = Opening(
            self.hub, self.preferences, self.repairs, self.leaving, self.trouble_strip, self.status, self
        )

    def _make_layout(self) -> None:
        self.addToolBar(self.top)
        strips = (
            self.trouble_strip,
            self.repairs.strip,
            self.notice_strip,
            self.tool_strip,
            self.batch_strip,
            self.undo_strip,
        )
        self._layout = Layout(
            self.sidebar,
            strips,
            self.groups,
            self.names,
            self.table,
            self.empty,
            self.nothing,
            self.search,
            self.detail,
            self.status,
        )
        self._pages: QStackedWidget = self._layout.pages
        self.setCentralWidget(self._layout.body)
        self.overlay = DropOverlay(self._layout.right)
        self.dropping = Dropping(self.adding, self.sidebar, self.overlay, self)

    # wiring --------------------------------------------------------------------------------

    def _wire_hub(self) -> None:
        hub = self.hub
        hub.failed.connect(self._on_failed)
        hub.pulsed.connect(self._on_pulse)
        hub.pulsed.connect(self.status.show_pulse)
        hub.pulsed.connect(self.tray.show_pulse)
        hub.bases_changed.connect(self.sidebar.set_bases)
        hub.bridge.troubled.connect(self._on_trouble)
        hub.bridge.troubled.connect(self.status.set_trouble)

    def _wire_views(self) -> None:
        self.sidebar.filter_changed.connect(self._on_base)
        self.sidebar.base_menu_wanted.connect(self.bases.base_menu)
        self.sidebar.status_menu_wanted.connect(self._on_status_menu)
        self.sidebar.new_base_wanted.connect(self.bases.create)
        self.bases.created.connect(self.sidebar.expect_base)
        self.bases.repair_wanted.connect(self.repairs.offer)
        self.batch_strip.repair_wanted.connect(self.repairs.offer)
        self.repairs.said.connect(self.status.say)
        self.repairs.adding_wanted.connect(lambda paths, kb_id: self.adding.add_paths(paths, kb_id))
        self.table.menu_wanted.connect(self._on_job_menu)
        self.table.current_moved.connect(self.detail.show_job)
        self.search.open_wanted.connect(self.open_original)
        self.search.folder_wanted.connect(self.show_in_folder)
        self.search.everywhere_wanted.connect(lambda: self.sidebar.pick_base(""))
        self.search.copied.connect(self.status.say)
        self.detail.act_wanted.connect(lambda event, job: self.commands.act(event, JobSelector(job_ids=(job,))))
        self.detail.open_wanted.connect(self.open_original)
        self.detail.folder_wanted.connect(self.show_in_folder)
        self.detail.raise_wanted.connect(self.attending.raise_for)
        self.attending.passwords_wanted.connect(self.passwords.ask_for_all)
        self.attending.tools_seen.connect(self.detail.set_tools)
        self.detail.hide_wanted.connect(lambda: self.actions_["detail"].setChecked(False))
        self.status.resume_wanted.connect(self.commands.resume_all)
        self.status.attention_wanted.connect(lambda: self.sidebar.pick_status("attention"))
        self.commands.said.connect(self.status.say)
        self.passwords.said.connect(self.status.say)
        self.passwords.refused.connect(self.notice_strip.say)
        self.passwords.given.connect(self.notice_strip.unsay)
        self.detail.password_wanted.connect(self.passwords.ask)
        self.preferences.said.connect(self.status.say)
        self.preferences.doubted.connect(self.notice_strip.say)
        self.preferences.changed.connect(self._on_settings)
        self.preferences.restyled.connect(self._restyle)

    def _wire_strips(self) -> None:
        self.commands.deleted.connect(self._on_deleted)
        self.undo_strip.spent.connect(lambda: self.actions_["undo"].setEnabled(False))

    def _wire_drops(self) -> None:
        self.empty.add_wanted.connect(self.adding.choose_files)
        self.empty.folder_wanted.connect(self.adding.choose_folder)
        self.empty.samples_wanted.connect(self.adding.add_samples)
        self.intake.begun.connect(self._on_begun)
        self.adding.said.connect(self.status.say)
        self.dropping.said.connect(self.status.say)
        self.adding.found.connect(self._jump_to)
        self.adding.found.connect(lambda _: self.batch_strip.hide())
        self.adding.refused.connect(self._on_refused)
        self.adding.added.connect(self._on_submitted)

    def _wire_end(self) -> None:
        self.tray.toggled.connect(self.leaving.toggle)
        self.tray.add_wanted.connect(self.leaving.bring_up)
        self.tray.add_wanted.connect(self.adding.choose_files)
        self.leaving.done.connect(self.quitting)
        self.quit_now, self.bring_up = self.leaving.quit_now, self.leaving.bring_up

    # following the engine ------------------------------------------------------------------

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        counts = pulse.status.counts
        self.sidebar.set_moving(pulse.moving)
        self.sidebar.set_counts(counts)
        self.actions_.show_app_paused(pulse.status.app_paused)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.status.say(sentence_of(error))

    @Slot(str, str, str)
    def _on_trouble(self, code: str, message: str, hint: str) -> None:
        if code:
            self.trouble_strip.tone = "warning" if code == ON_BATTERY else "danger"  # nothing is wrong on a battery
            self.trouble_strip.say(self.repairs.told(code, message, hint))
            self.trouble_strip.restyle()
        else:
            self.trouble_strip.hide()

    # which jobs ----------------------------------------------------------------------------

    @Slot()
    def _on_base(self) -> None:
        base = self.sidebar.base_id
        self.search.set_base(base)
        name = self.hub.base_name(base) if base else ""
        self.top.field.setPlaceholderText(
            self.tr("Search {name}…").format(name=name) if name else self.tr("Search all documents…")
        )

    @Slot(str, QPoint)
    def _on_status_menu(self, key: str, at: QPoint) -> None:
        self.sidebar.pick_status(key)
        found = self.sidebar.status_filter
        if not (found.attention or found.gaps):
            self.bases.status_menu(found.statuses, self.sidebar.base_id, at)

    # acting --------------------------------------------------------------------------------

    @Slot(QPoint)
    def _on_job_menu(self, at: QPoint) -> None:
        if self.selection.now.total or self.table.selected_count():
            job_menu(self.actions_, self).popup(at)

    @Slot(str, object)
    def _on_deleted(self, text: str, way_back: Way) -> None:
        self.undo_strip.offer(text, way_back)
        self.actions_["undo"].setEnabled(True)

    # adding --------------------------------------------------------------------------------

    def add_paths(self, paths: list[str]) -> None:
        """Add files and folders to the picked knowledge base, as a drop does."""
        self.adding.add_paths(paths)

    @Slot()
    def _on_begun(self) -> None:
        self.batch_strip.look()
        self.search.clear()
        self.narrowing.show_newest()

    @Slot(object)
    def _on_submitted(self, submission: Submission) -> None:
        self.newest_drop.show(submission)
        self.model.refresh()

    @Slot(int)
    def _jump_to(self, job_id: int) -> None:
        """Select a job that is in the list, also when a filter hides it."""
        if not self.table.select_job(job_id):
            self.search.clear()
            self.narrowing.show_everything()
            self.table.select_when_there(job_id)

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.batch_strip.hide()
        self.trouble_strip.say(sentence)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dropping.enter(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.dropping.move(event)

    def dragLeaveEvent(self, _: QDragLeaveEvent) -> None:
        self.dropping.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        self.dropping.drop(event)

    # views ---------------------------------------------------------------------------------

    def open_original(self, path: str, page: int = 0) -> None:
        """Open a file that was read, at a page (1-based) where the viewer can."""
        opener.open_at(self.hub, path, page or None, self.status.say)

    def show_in_folder(self, path: str) -> None:
        """Show a file that was read where it lies."""
        opener.show_in_folder(self.hub, path)

    # settings and looks --------------------------------------------------------------------

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.notices.settings = self.intake.settings = settings

    @Slot()
    def _restyle(self) -> None:
        for room in (
            self.table,
            self.names,
            self.top,
            self.actions_,
            self.sidebar,
            self.search,
            self.detail,
            self.batch_strip,
            self.undo_strip,
            self.trouble_strip,
            self.repairs.strip,
            self.notice_strip,
            self.tool_strip,
            self.groups,
            self.empty,
            self.nothing,
            self.status,
        ):
            room.restyle()

    # between starts, and the end -----------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What is remembered."""
        return {
            **self._layout.state(self),
            "detail": self.actions_["detail"].isChecked(),
            "order": self.model.query.order.value,
            "descending": self.model.query.descending,
            "tray_told": self.leaving.tray_told,
        }

    def closeEvent(self, event: QCloseEvent) -> None:
        """Into the tray, or the end."""
        self.leaving.on_close(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "overlay"):
            self.overlay.hide()
