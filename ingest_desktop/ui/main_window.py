"""The main window. It only wires: every concern has a room of its own."""

from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ingest_desktop import __version__
from ingest_desktop.config.settings import Settings, save_changes
from ingest_desktop.domain.enums import JobEvent
from ingest_desktop.domain.models import JobOrder, JobQuery, JobSelector, QueueMove, Submission
from ingest_desktop.ui import assets, dialogs, opener, theme, window_state
from ingest_desktop.ui.actions import EVENTS, Actions
from ingest_desktop.ui.adding import Adding
from ingest_desktop.ui.backend import Tunable
from ingest_desktop.ui.base_menu import BaseMenus
from ingest_desktop.ui.commands import Commands, sentence_of
from ingest_desktop.ui.detail_panel import DetailPanel
from ingest_desktop.ui.drop_overlay import DropOverlay, local_paths
from ingest_desktop.ui.empty_state import EmptyState, NothingHere
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.intake import Intake
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_table import JobTable
from ingest_desktop.ui.menus import TopBar, job_menu
from ingest_desktop.ui.monitor_view import MonitorView
from ingest_desktop.ui.notices import Notices
from ingest_desktop.ui.search_view import SearchView
from ingest_desktop.ui.selection import SelectionWatcher
from ingest_desktop.ui.settings_dialog import SettingsDialog
from ingest_desktop.ui.shortcuts import KeySheet
from ingest_desktop.ui.sidebar import Sidebar
from ingest_desktop.ui.status_bar import StatusBar, is_working
from ingest_desktop.ui.strips import BatchStrip, Strip, UndoStrip
from ingest_desktop.ui.tray import Tray

FIRST_SIZE = QSize(1200, 760)
LEAST_SIZE = QSize(760, 480)


class MainWindow(QMainWindow):
    """The window.

    Signals:
        quitting: The window is done; the application may end.
    """

    quitting = Signal()

    def __init__(self, hub: Hub, settings: Settings, state: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._hub, self._settings, self._state = hub, settings, dict(state or {})
        self.setWindowTitle(self.tr("Ingest Desktop"))
        self.setWindowIcon(assets.app_icon())
        self.setMinimumSize(LEAST_SIZE)
        self.setAcceptDrops(True)
        self._really_quit = False
        self._monitor: MonitorView | None = None
        self._known_jobs: int | None = None
        self._make_rooms()
        self._make_layout()
        self._wire_hub()
        self._wire_views()
        self._wire_actions()
        self._wire_drops()
        self._restore()
        self._restyle()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme)

    def _make_rooms(self) -> None:
        self.model = JobModel(self._hub, self)
        self.table = JobTable(self.model, self)
        self.actions_ = Actions(self, self.table)
        self.selection = SelectionWatcher(self._hub, self.model, self.table, self)
        self.commands = Commands(self._hub, self)
        self.intake = Intake(self._hub, self)
        self.sidebar = Sidebar(self)
        self.adding = Adding(self._hub, self.intake, self.sidebar, self)
        self.top = TopBar(self.actions_, self.table.column_menu(), self)
        self.search = SearchView(self._hub, self.top.field, self)
        self.detail = DetailPanel(self._hub, self)
        self.batch_strip = BatchStrip(self)
        self.undo_strip = UndoStrip(self)
        self.trouble_strip = Strip(self.tr("Trouble"), "warning", self)
        self.trouble_strip.tone = "danger"
        self.empty = EmptyState(self)
        self.nothing = NothingHere(self)
        self.status = StatusBar(self)
        self.tray = Tray(self.actions_, self)
        self.notices = Notices(self._hub, self.tray, self)
        self.notices.settings = self._settings
        self.bases = BaseMenus(self._hub, self.commands, self)

    def _make_layout(self) -> None:
        self.addToolBar(self.top)
        self._pages = QStackedWidget()
        for page in (self.table, self.empty, self.nothing, self.search):
            self._pages.addWidget(page)
        self._lower = QSplitter(Qt.Orientation.Vertical)
        self._lower.addWidget(self._pages)
        self._lower.addWidget(self.detail)
        self._lower.setStretchFactor(0, 1)
        self._lower.setCollapsible(0, False)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for strip in (self.trouble_strip, self.batch_strip, self.undo_strip):
            column.addWidget(strip)
        column.addWidget(self._lower, 1)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._across.addWidget(self.sidebar)
        self._across.addWidget(right)
        self._across.setStretchFactor(1, 1)
        self._across.setCollapsible(1, False)
        for splitter in (self._across, self._lower):
            splitter.setHandleWidth(1)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._across, 1)
        column.addWidget(self.status)
        self.setCentralWidget(body)
        self.overlay = DropOverlay(right)
        self.detail.hide()

    # wiring --------------------------------------------------------------------------------

    def _wire_hub(self) -> None:
        hub = self._hub
        hub.broken.connect(self._on_broken)
        hub.failed.connect(self._on_failed)
        hub.pulsed.connect(self._on_pulse)
        hub.pulsed.connect(self.status.show_pulse)
        hub.pulsed.connect(self.tray.show_pulse)
        hub.bases_changed.connect(self.sidebar.set_bases)
        hub.bridge.troubled.connect(self._on_trouble)
        hub.bridge.discovery.connect(self.batch_strip.set_report)
        hub.bridge.discovery.connect(self._on_discovery)
        hub.bridge.added.connect(self._on_added)

    def _wire_views(self) -> None:
        self.sidebar.filter_changed.connect(self._on_filter)
        self.sidebar.base_menu_wanted.connect(self.bases.base_menu)
        self.sidebar.status_menu_wanted.connect(self._on_status_menu)
        self.model.loaded.connect(self._show_page)
        self.table.order_wanted.connect(self._on_order)
        self.table.menu_wanted.connect(self._on_job_menu)
        self.table.opened.connect(self._open_job)
        self.table.current_moved.connect(self.detail.show_job)
        self.table.selection_moved.connect(self._show_detail)
        self.selection.changed.connect(self.actions_.update_for)
        self.search.active_changed.connect(self._show_page)
        self.search.open_wanted.connect(lambda path, page: opener.open_at(self._hub, path, page or None))
        self.search.copied.connect(self.status.say)
        self.detail.act_wanted.connect(lambda event, job: self.commands.act(event, JobSelector(job_ids=(job,))))
        self.detail.open_wanted.connect(opener.open_plain)
        self.detail.folder_wanted.connect(opener.show_in_folder)
        self.detail.settings_wanted.connect(self._on_settings)
        self.detail.hide_wanted.connect(lambda: self.actions_["detail"].setChecked(False))
        self.status.attention_wanted.connect(lambda: self.sidebar.pick_status("attention"))
        self.commands.said.connect(self.status.say)
        self.commands.deleted.connect(self._on_deleted)
        self.undo_strip.undo_wanted.connect(self.commands.undo)
        self.undo_strip.expired.connect(lambda: self.actions_["undo"].setEnabled(False))
        self.tray.toggled.connect(self.toggle_window)
        strip = self.batch_strip
        for signal, event in ((strip.pause_wanted, JobEvent.PAUSE), (strip.resume_wanted, JobEvent.RESUME)):
            signal.connect(lambda batch, e=event: self.commands.act(e, JobSelector(batch_id=batch)))
        strip.cancel_wanted.connect(self._on_cancel_batch)
        strip.undo_wanted.connect(self._on_undo_batch)
        strip.why_wanted.connect(lambda skipped: dialogs.skipped_box(skipped, self).open())
        strip.closed.connect(lambda: self._watch(None))

    def _wire_actions(self) -> None:
        actions, commands = self.actions_, self.commands
        for name, event in EVENTS.items():
            actions[name].triggered.connect(lambda _=False, e=event: commands.act_on(e, self.selection.now))
        for name in ("move_up", "move_down", "move_top", "move_bottom"):
            where = QueueMove(name.removeprefix("move_"))
            actions[name].triggered.connect(lambda _=False, w=where: commands.move(self.selection.now, w))
        for name, priority in (("priority_high", 10), ("priority_normal", 0), ("priority_low", -10)):
            actions[name].triggered.connect(lambda _=False, p=priority: commands.set_priority(self.selection.now, p))
        for key in ("all", "running", "waiting", "paused", "attention", "completed"):
            actions[f"filter_{key}"].triggered.connect(lambda _=False, k=key: self._go_to(k))
        for name, slot in {
            "add_files": self.adding.choose_files,
            "add_folder": self.adding.choose_folder,
            "paste": self.adding.paste,
            "samples": self.adding.add_samples,
            "delete": self._on_delete,
            "toggle": lambda: commands.toggle(self.selection.now),
            "toggle_all": commands.toggle_all,
            "undo": self.undo_strip.undo,
            "open": lambda: self._open_job(self.table.current_id),
            "show_in_folder": lambda: self._with_current(opener.show_in_folder),
            "copy_path": lambda: self._with_current(QGuiApplication.clipboard().setText),
            "search": self._on_search,
            "new_base": self.bases.create,
            "monitor": self._on_monitor,
            "settings": self._on_settings,
            "keys": lambda: KeySheet(self).open(),
            "about": self._on_about,
            "quit": self.quit,
        }.items():
            actions[name].triggered.connect(lambda _=False, s=slot: s())
        actions["detail"].toggled.connect(self._on_detail)

    def _wire_drops(self) -> None:
        self.empty.add_wanted.connect(self.adding.choose_files)
        self.empty.folder_wanted.connect(self.adding.choose_folder)
        self.empty.samples_wanted.connect(self.adding.add_samples)
        self.intake.begun.connect(self.batch_strip.look)
        self.adding.said.connect(self.status.say)
        self.adding.found.connect(self.table.select_job)
        self.adding.found.connect(lambda _: self.batch_strip.hide())
        self.adding.refused.connect(self._on_refused)
        self.adding.added.connect(self._on_submitted)

    # following the engine ------------------------------------------------------------------

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        counts = pulse.status.counts
        self.sidebar.set_counts(counts)
        self.actions_.show_app_paused(pulse.status.app_paused)
        if pulse.batch_counts is not None and pulse.batch_id is not None:
            self.batch_strip.set_counts(pulse.batch_id, pulse.batch_counts)
        if self._known_jobs is None or (self._known_jobs == 0) != (counts.total() == 0):
            self._known_jobs = counts.total()
            self._show_page()
        self._known_jobs = counts.total()
        if self._pages.currentWidget() is self.nothing or not self.model.rowCount():
            self._show_page()

    @Slot(object)
    def _on_broken(self, error: Exception) -> None:
        self.trouble_strip.say(sentence_of(error))
        self.status.say(self.tr("The data folder could not be opened."))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.status.say(sentence_of(error))

    @Slot(str, str, str)
    def _on_trouble(self, code: str, message: str, hint: str) -> None:
        if code:
            self.trouble_strip.say(f"{message} {hint}".strip())
            self.trouble_strip.restyle()
        else:
            self.trouble_strip.hide()

    @Slot(object)
    def _on_discovery(self, report: Any) -> None:
        self._watch(report.batch_id)

    @Slot(str, int)
    def _on_added(self, _: str, __: int) -> None:
        if not self._known_jobs:
            self._known_jobs = 1
            self._show_page()

    def _watch(self, batch_id: str | None) -> None:
        self._hub.watched_batch = batch_id

    def _show_page(self, *_: object) -> None:
        """The list, the results, or what there is instead of a list."""
        if self.search.query:
            page: QWidget = self.search
        elif self._known_jobs == 0:
            page = self.empty
        elif self._known_jobs and not self.model.rowCount() and self.model.is_settled:
            self.nothing.setText(self.tr("No jobs here. Other filters are on the left."))
            page = self.nothing
        else:
            page = self.table
        self._pages.setCurrentWidget(page)
        self._show_detail()

    # which jobs ----------------------------------------------------------------------------

    @Slot()
    def _on_filter(self) -> None:
        found, base = self.sidebar.status_filter, self.sidebar.base_id
        self._show_query(
            self.model.query.model_copy(
                update={"kb_id": base, "statuses": found.statuses, "attention": found.attention}
            )
        )
        self.search.set_base(base)
        name = self._hub.base_name(base) if base else ""
        self.top.field.setPlaceholderText(
            self.tr("Search {name}…").format(name=name) if name else self.tr("Search all documents…")
        )

    @Slot(object, bool)
    def _on_order(self, order: JobOrder, descending: bool) -> None:
        self._show_query(self.model.query.model_copy(update={"order": order, "descending": descending}))

    def _show_query(self, query: JobQuery) -> None:
        if query != self.model.query:
            self.table.clearSelection()
            self.model.set_query(query)
            self.table.horizontalHeader().viewport().update()
            self._pages.setCurrentWidget(self.search if self.search.query else self.table)

    def _go_to(self, key: str) -> None:
        self.search.clear()
        self.sidebar.pick_status(key)
        self.table.setFocus()

    @Slot(str, QPoint)
    def _on_status_menu(self, key: str, at: QPoint) -> None:
        self.sidebar.pick_status(key)
        found = self.sidebar.status_filter
        if not found.attention:
            self.bases.status_menu(found.statuses, self.sidebar.base_id, at)

    # acting --------------------------------------------------------------------------------

    @Slot(QPoint)
    def _on_job_menu(self, at: QPoint) -> None:
        if self.selection.now.total or self.table.selected_count():
            job_menu(self.actions_, self).popup(at)

    def _on_delete(self) -> None:
        if self.selection.now.total:
            self.commands.delete(self.selection.now.selector())

    @Slot(str, str)
    def _on_deleted(self, text: str, token: str) -> None:
        self.undo_strip.offer(text, token)
        self.actions_["undo"].setEnabled(True)

    def _on_cancel_batch(self, batch_id: str) -> None:
        self.intake.stop()
        self.commands.act(JobEvent.CANCEL, JobSelector(batch_id=batch_id))

    def _on_undo_batch(self, batch_id: str) -> None:
        self.intake.stop()
        self.commands.delete(JobSelector(batch_id=batch_id))
        self.batch_strip.hide()
        self._watch(None)

    def _open_job(self, job_id: int) -> None:
        job = self.model.cached(job_id)
        if job is not None:
            opener.open_plain(job.source_path)

    def _with_current(self, call: Any) -> None:
        job = self.model.cached(self.table.current_id)
        if job is not None:
            call(job.source_path)

    # adding --------------------------------------------------------------------------------

    def add_paths(self, paths: list[str]) -> None:
        """Add files and folders to the picked knowledge base, as a drop does."""
        self.adding.add_paths(paths)

    @Slot(object)
    def _on_submitted(self, submission: Submission) -> None:
        self.batch_strip.set_report(submission.report)
        self._watch(submission.batch.batch_id)
        self.model.refresh()

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.batch_strip.hide()
        self.trouble_strip.say(sentence)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Only local files are welcome; the target is named while they are over the window."""
        paths = local_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.overlay.announce(len(paths), self.adding.target_name())

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self.overlay.isVisible():
            event.acceptProposedAction()

    def dragLeaveEvent(self, _: QDragLeaveEvent) -> None:
        self.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """The addresses are fetched here, while the source still offers them."""
        self.overlay.hide()
        paths = local_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.add_paths(paths)

    # views ---------------------------------------------------------------------------------

    def _on_search(self) -> None:
        self.top.field.setFocus()
        self.top.field.selectAll()

    def _on_monitor(self) -> None:
        if self._monitor is None:
            self._monitor = MonitorView(self._hub, self)
            self._monitor.retry_wanted.connect(self.commands.retry_failures)
        self._monitor.show()
        self._monitor.raise_()

    @Slot(bool)
    def _on_detail(self, _: bool) -> None:
        self._show_detail()

    @Slot()
    def _show_detail(self) -> None:
        wanted = self.actions_["detail"].isChecked() and self._pages.currentWidget() is self.table
        self.detail.setVisible(wanted and self.table.current_id != 0)

    def _on_about(self) -> None:
        box = dialogs.skipped_box({}, self)
        box.setWindowTitle(self.tr("About"))
        box.setText(self.tr("Ingest Desktop {version}").format(version=__version__))
        box.setInformativeText(self.tr("Makes your documents searchable. Nothing leaves this computer."))
        box.open()

    # settings and looks --------------------------------------------------------------------

    @Slot()
    def _on_settings(self) -> None:
        dialog = SettingsDialog(self._settings, self)
        dialog.apply_wanted.connect(lambda changes: self._save_settings(changes, dialog))
        dialog.open()

    def _save_settings(self, changes: dict[str, Any], dialog: SettingsDialog | None = None) -> None:
        before = self._settings

        def saved(settings: Settings) -> None:
            self._settings = settings
            self.notices.settings = settings
            self._retheme()
            if dialog is not None:
                dialog.accept()
            self.status.say(self.tr("Settings saved."))

        def refused(error: Exception) -> None:
            if dialog is not None:
                dialog.refuse(sentence_of(error))

        self._hub.commands.ask(lambda: self._apply(before, changes), saved, failed=refused)

    def _apply(self, before: Settings, changes: dict[str, Any]) -> Settings:
        """Runs in the command thread."""
        settings = save_changes(before, changes)
        if isinstance(self._hub.backend, Tunable):
            self._hub.backend.apply_settings(settings)
        return settings

    @Slot()
    def _on_scheme(self, *_: object) -> None:
        if self._settings.theme == "system":
            self._retheme()

    def _retheme(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and theme.wanted(self._settings.theme) is not theme.tokens_now():
            theme.apply(app, theme.wanted(self._settings.theme))
            self._restyle()

    def _restyle(self) -> None:
        for room in (
            self.table,
            self.top,
            self.actions_,
            self.sidebar,
            self.search,
            self.detail,
            self.batch_strip,
            self.undo_strip,
            self.trouble_strip,
            self.empty,
            self.nothing,
            self.status,
        ):
            room.restyle()

    # between starts ------------------------------------------------------------------------

    def _restore(self) -> None:
        state = self._state
        room = self.screen().availableSize() * 0.95  # a first size that fits a small or enlarged screen
        self.resize(FIRST_SIZE.boundedTo(room).expandedTo(LEAST_SIZE))
        self._across.setSizes([200, 1000])
        self._lower.setSizes([460, 220])
        for key, call in {
            "geometry": self.restoreGeometry,
            "across": self._across.restoreState,
            "lower": self._lower.restoreState,
            "columns": self.table.restore_columns,
        }.items():
            if isinstance(state.get(key), QByteArray):
                call(state[key])
        self.table.name_fits = window_state.flag(state, "name_fits", True)
        self.actions_["detail"].setChecked(window_state.flag(state, "detail", True))
        order = state.get("order")
        if order in set(JobOrder):
            self.model.query = JobQuery(order=JobOrder(order), descending=window_state.flag(state, "descending"))

    def state(self) -> dict[str, Any]:
        """What is remembered."""
        return {
            "geometry": self.saveGeometry(),
            "across": self._across.saveState(),
            "lower": self._lower.saveState(),
            "columns": self.table.column_state(),
            "name_fits": self.table.name_fits,
            "detail": self.actions_["detail"].isChecked(),
            "order": self.model.query.order.value,
            "descending": self.model.query.descending,
            "tray_told": window_state.flag(self._state, "tray_told"),
        }

    # showing, hiding, quitting -------------------------------------------------------------

    def bring_up(self) -> None:
        """Show the window on top."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot()
    def toggle_window(self) -> None:
        """Hide a window that shows, show one that does not."""
        if self.isVisible() and not self.isMinimized():
            self.hide()
        else:
            self.bring_up()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Into the tray where there is one and the settings say so; else quit."""
        if not self._really_quit and self._settings.close_to_tray and self.tray.is_there:
            event.ignore()
            self.hide()
            if not window_state.flag(self._state, "tray_told"):
                self._state["tray_told"] = True
                self.tray.tell_hidden()
            return
        if not self._really_quit:
            event.ignore()
            self.quit()
            return
        event.accept()

    def quit(self) -> None:
        """Quit; ask once while jobs run."""
        pulse = self._hub.pulse
        if self._settings.quit_with_work == "ask" and pulse is not None and is_working(pulse):
            counts = pulse.status.counts
            box = dialogs.QuitBox(sum(counts.by_status.values()) - self._ended(pulse), self)
            box.buttonClicked.connect(lambda button: self._on_quit_answer(box, button))
            self.bring_up()
            box.open()
            return
        self.quit_now()

    @staticmethod
    def _ended(pulse: Pulse) -> int:
        return sum(n for (_, status), n in pulse.status.counts.by_status.items() if status.is_terminal)

    def _on_quit_answer(self, box: dialogs.QuitBox, button: object) -> None:
        if button is box.quit_button:
            if box.remember.isChecked():
                self._save_settings({"quit_with_work": "quit"})
            self.quit_now()

    def quit_now(self) -> None:
        """Remember the state, end the engine and the threads, and go."""
        if self._really_quit:
            return
        self._really_quit = True
        self.intake.stop()
        root, state = self._settings.data_root, self.state()
        self._hub.commands.ask(lambda: window_state.save(root, state))
        self.hide()
        self.tray.icon.hide()
        QTimer.singleShot(0, self._end)

    @Slot()
    def _end(self) -> None:
        self._hub.close()
        self.close()
        self.quitting.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "overlay"):
            self.overlay.hide()
