"""Every action of the window: its words, icon, key, and when it can be done.

What can be done is read from the transition table, never decided here.
"""

from collections.abc import Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ingest_desktop.domain.enums import ACTIVE, JobEvent, JobStatus, sources_of
from ingest_desktop.ui import assets, formats, shortcuts, theme, words
from ingest_desktop.ui.selection import Selected

EVENTS = {
    "pause": JobEvent.PAUSE,
    "resume": JobEvent.RESUME,
    "cancel": JobEvent.CANCEL,
    "retry": JobEvent.RETRY,
}
PRIORITIES = ("priority_high", "priority_normal", "priority_low")
MOVES = ("move_top", "move_up", "move_down", "move_bottom")


class Actions(QObject):
    """The actions, by name. Lives in the UI thread."""

    def __init__(self, window: QWidget, table: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._all: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        self._verbs = {
            "pause": self.tr("Pause"),
            "resume": self.tr("Resume"),
            "cancel": self.tr("Cancel"),
            "retry": self.tr("Retry"),
        }
        self._make_adding()
        self._make_job_actions(table)
        self._make_general()
        self.restyle()
        self.update_for(Selected())

    def _make(self, name: str, text: str, icon: str = "", tip: str = "", *, on: QWidget | None = None) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        action.setShortcuts(shortcuts.sequences(name))
        key = shortcuts.shown(name)
        action.setToolTip(f"{tip or text} ({key})" if key else tip or text)
        if icon:
            self._icons[name] = icon
        if on is not None:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        (on or self._window).addAction(action)
        self._all[name] = action
        return action

    def _make_adding(self) -> None:
        self._make("add_files", self.tr("Add files…"), "file")
        self._make("add_folder", self.tr("Add folder…"), "folder")
        self._make("paste", self.tr("Paste files"), "paste", self.tr("Add the files that were copied elsewhere"))
        self._make("samples", self.tr("Add sample documents"), "library")

    def _make_job_actions(self, table: QWidget) -> None:
        for name, icon in (("pause", "pause"), ("resume", "resume"), ("cancel", "cancel"), ("retry", "retry")):
            self._make(name, self._verbs[name], icon)
        self._make("delete", self.tr("Delete"), "delete", on=table)
        self._make("toggle", self.tr("Pause or resume"), on=table)
        self._make("undo", self.tr("Undo deletion"), "undo").setEnabled(False)
        for name, text, icon in (
            ("move_top", self.tr("Move to the start"), "top"),
            ("move_up", self.tr("Move up"), "up"),
            ("move_down", self.tr("Move down"), "down"),
            ("move_bottom", self.tr("Move to the end"), "bottom"),
        ):
            self._make(name, text, icon, on=table)
        self._make("open", self.tr("Open"), "open")
        self._make("show_in_folder", self.tr("Show in folder"), "folder")
        self._make("copy_path", self.tr("Copy path"), "copy")
        self._make("priority_high", self.tr("High"))
        self._make("priority_normal", self.tr("Normal"))
        self._make("priority_low", self.tr("Low"))

    def _make_general(self) -> None:
        self._make("toggle_all", self.tr("Pause everything"), "pause")
        self._make("search", self.tr("Search"), "search")
        self._make("filter_name", self.tr("Filter by file name"), "filter")
        for key, text in (
            ("all", self.tr("All jobs")),
            ("running", self.tr("Running jobs")),
            ("waiting", self.tr("Waiting jobs")),
            ("paused", self.tr("Paused jobs")),
            ("attention", self.tr("Jobs that need attention")),
            ("gaps", self.tr("Jobs completed with gaps")),
            ("completed", self.tr("Completed jobs")),
        ):
            self._make(f"filter_{key}", text)
        self._make("new_base", self.tr("New knowledge base…"), "add")
        self._make("trash", self.tr("Recently deleted…"))
        self._make("columns", self.tr("Columns"))
        self._make("detail", self.tr("Show details")).setCheckable(True)
        self._make("monitor", self.tr("Monitor"), "monitor")
        self._make("settings", self.tr("Settings…"), "settings")
        self._make("keys", self.tr("Keys"), "keys")
        self._make("about", self.tr("About"), "help")
        self._make("quit", self.tr("Quit"), "quit")

    def __getitem__(self, name: str) -> QAction:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def restyle(self) -> None:
        """Draw the icons in the colours of the theme."""
        tokens = theme.tokens_now()
        for name, icon in self._icons.items():
            self._all[name].setIcon(assets.icon(icon, tokens.text, tokens.disabled))

    # what can be done ----------------------------------------------------------------------

    def update_for(self, selected: Selected) -> None:
        """Enable exactly what the table allows for at least one of the selected jobs."""
        for name, event in EVENTS.items():
            self._offer(name, self._verbs[name], selected, selected.count(event), self._why_not(selected, event))
        self._offer(
            "delete",
            self.tr("Delete"),
            selected,
            selected.total,
            self.tr("Nothing is selected.") if not selected.total else "",
        )
        self._offer_places(selected)
        self._all["toggle"].setEnabled(self._all["pause"].isEnabled() or self._all["resume"].isEnabled())
        for name in ("open", "show_in_folder", "copy_path"):
            self._all[name].setEnabled(selected.total == 1)

    def _offer_places(self, selected: Selected) -> None:
        waiting, whole = selected.among(frozenset({JobStatus.QUEUED})), selected.group is not None
        why_no_move = (
            self.tr("Select fewer jobs to move them.") if whole else self.tr("Only waiting jobs can be moved.")
        )
        why_no_priority = self.tr("Only jobs that have not ended have a priority.")
        for names, possible, why in (
            (MOVES, waiting > 0 and not whole, why_no_move),
            (PRIORITIES, selected.among(ACTIVE) > 0, why_no_priority),
        ):
            for name in names:
                action = self._all[name]
                action.setEnabled(possible)
                key = shortcuts.shown(name)
                tip = action.text() if possible else why
                action.setToolTip(f"{tip} ({key})" if key else tip)

    def _offer(self, name: str, verb: str, selected: Selected, count: int, why_not: str) -> None:
        action = self._all[name]
        action.setEnabled(count > 0)
        text = f"{verb} {formats.number(count)}" if count > 1 else verb
        action.setText(text)
        action.setIconText(text)
        key = shortcuts.shown(name)
        tip = f"{verb} {words.jobs(count)}" if count and selected.total else why_not
        action.setToolTip(f"{tip} ({key})" if key else tip)

    def _why_not(self, selected: Selected, event: JobEvent) -> str:
        if not selected.total:
            return self.tr("Nothing is selected.")
        if selected.statuses is None:
            return self.tr("The selection is being counted.")
        if event is JobEvent.RETRY:
            return self.tr("Only jobs that failed, were cancelled, are empty or have gaps can be retried.")
        allowed = [words.status_name(s).lower() for s in JobStatus if s in sources_of(event)]
        listed = (
            allowed[0]
            if len(allowed) == 1
            else self.tr("{list} or {last}").format(list=", ".join(allowed[:-1]), last=allowed[-1])
        )
        return {
            JobEvent.PAUSE: self.tr("Only jobs that are {states} can be paused."),
            JobEvent.RESUME: self.tr("Only jobs that are {states} can be resumed."),
        }.get(event, self.tr("Only jobs that are {states} can be cancelled.")).format(states=listed)

    def show_app_paused(self, paused: bool) -> None:
        """Let the action for everything say what it will do."""
        action = self._all["toggle_all"]
        action.setText(self.tr("Resume everything") if paused else self.tr("Pause everything"))
        tokens = theme.tokens_now()
        self._icons["toggle_all"] = "resume" if paused else "pause"
        action.setIcon(assets.icon(self._icons["toggle_all"], tokens.text, tokens.disabled))
