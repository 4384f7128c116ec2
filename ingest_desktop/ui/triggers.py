"""What each action of the window does when it is triggered."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from ingest_desktop.domain.causes import Cause
from ingest_desktop.domain.models import QueueMove
from ingest_desktop.ui import dialogs
from ingest_desktop.ui.actions import EVENTS, MOVES
from ingest_desktop.ui.monitor_view import MonitorView
from ingest_desktop.ui.shortcuts import KeySheet

if TYPE_CHECKING:
    from ingest_desktop.ui.main_window import MainWindow

FILTERS = ("all", "running", "waiting", "paused", "attention", "gaps", "completed")
PRIORITIES = {"priority_high": 10, "priority_normal": 0, "priority_low": -10}


class Triggers(QObject):
    """Binds the actions to the rooms of the window. Made when all rooms stand."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self.monitor: MonitorView | None = None
        self._bind_jobs()
        self._bind_window()
        window.table.opened.connect(self._open_job)
        window.actions_["detail"].toggled.connect(window.page.show_detail)

    def _bind(self, name: str, call: Callable[[], object]) -> None:
        self._window.actions_[name].triggered.connect(lambda _=False: call())

    def _bind_jobs(self) -> None:
        window, commands, selection = self._window, self._window.commands, self._window.selection
        for name, event in EVENTS.items():
            self._bind(name, lambda e=event: commands.act_on(e, selection.now))  # type: ignore[misc]
        for name in MOVES:
            where = QueueMove(name.removeprefix("move_"))
            self._bind(name, lambda w=where: commands.move(selection.now, w))  # type: ignore[misc]
        for name, priority in PRIORITIES.items():
            self._bind(name, lambda p=priority: commands.set_priority(selection.now, p))  # type: ignore[misc]
        for name, call in {
            "delete": self._delete,
            "toggle": lambda: commands.toggle(selection.now),
            "toggle_all": commands.toggle_all,
            "undo": window.undo_strip.undo,
            "open": lambda: self._with_selected(window.open_original),
            "show_in_folder": lambda: self._with_selected(window.show_in_folder),
            "copy_path": lambda: self._with_selected(QGuiApplication.clipboard().setText),
        }.items():
            self._bind(name, call)

    def _bind_window(self) -> None:
        window = self._window
        for key in FILTERS:
            self._bind(f"filter_{key}", lambda k=key: self._go_to(k))  # type: ignore[misc]
        for name, call in {
            "add_files": window.adding.choose_files,
            "add_folder": window.adding.choose_folder,
            "paste": window.adding.paste,
            "samples": window.adding.add_samples,
            "search": self._search,
            "filter_name": self._filter_name,
            "new_base": window.bases.create,
            "trash": window.bases.show_trash,
            "monitor": self.show_monitor,
            "settings": window.preferences.open_dialog,
            "keys": lambda: KeySheet(window).open(),
            "about": lambda: dialogs.about_box(window).open(),
            "quit": window.leaving.quit,
        }.items():
            self._bind(name, call)

    # jobs ----------------------------------------------------------------------------------

    def _delete(self) -> None:
        selected = self._window.selection.now
        if selected.total:
            self._window.commands.delete(selected.selector())

    def _open_job(self, job_id: int) -> None:
        job = self._window.model.cached(job_id)
        if job is not None:
            self._window.open_original(job.source_path)

    def _with_selected(self, call: Callable[[str], object]) -> None:
        """For the one selected job, which need not be the one with the focus."""
        ids = self._window.table.selected_ids()
        job = self._window.model.cached(ids[0]) if len(ids) == 1 else None
        if job is not None:
            call(job.source_path)

    # views ---------------------------------------------------------------------------------

    def _go_to(self, key: str) -> None:
        self._window.search.clear()
        self._window.sidebar.pick_status(key)
        self._window.table.setFocus()

    def _search(self) -> None:
        self._window.top.field.setFocus()
        self._window.top.field.selectAll()

    def _filter_name(self) -> None:
        self._window.search.clear()
        if self._window.names.isVisible():
            self._window.names.take_keys()

    def show_monitor(self) -> None:
        """Show the monitor on top."""
        if self.monitor is None:
            self.monitor = MonitorView(self._window.hub, self._window)
            self.monitor.retry_wanted.connect(self._window.commands.retry_failures)
            self.monitor.mend_wanted.connect(self._window.attending.mend_everywhere)
            self.monitor.files_wanted.connect(self._show_cause)
        self.monitor.show()
        self.monitor.raise_()

    @Slot(object)
    def _show_cause(self, cause: Cause) -> None:
        """Show what failed for a cause, in all knowledge bases, as the monitor counts it."""
        window = self._window
        window.search.clear()
        window.narrowing.show_everything()
        window.sidebar.pick_status("attention")
        window.narrowing.show_cause(cause)
        window.leaving.bring_up()
