"""The groups of what needs a person: read when they change, acted on as a whole, offered when something can mend them."""

from collections.abc import Mapping

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from ingest_desktop.application.attention import HitLimit
from ingest_desktop.application.failure_list import write_records
from ingest_desktop.application.whole_file import whole_file
from ingest_desktop.domain.causes import Cause, Tool
from ingest_desktop.domain.models import Counts, JobQuery, JobSelector
from ingest_desktop.ui import words
from ingest_desktop.ui.attention_panel import AttentionPanel, Groups
from ingest_desktop.ui.backend import Backend
from ingest_desktop.ui.commands import Commands
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.narrowing import Narrowing
from ingest_desktop.ui.preferences import Preferences
from ingest_desktop.ui.raise_dialog import RaiseDialog
from ingest_desktop.ui.sidebar import Sidebar
from ingest_desktop.ui.strips import ToolStrip

TOOLS_MS = 15_000  # between two looks whether a program that was missing is there now


class Attending(QObject):
    """Between the groups and the engine. Lives in the UI thread.

    Signals:
        passwords_wanted: The person wants to give passwords for jobs that ask for one. arg: JobSelector.
        shown: The panel came or went, or holds other groups.
        tools_seen: Which programs of others are there now. arg: a frozenset of Tool.
    """

    passwords_wanted = Signal(object)
    shown = Signal()
    tools_seen = Signal(object)

    def __init__(
        self,
        hub: Hub,
        commands: Commands,
        preferences: Preferences,
        sidebar: Sidebar,
        narrowing: Narrowing,
        panel: AttentionPanel,
        strip: ToolStrip,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._hub, self._commands, self._preferences = hub, commands, preferences
        self._sidebar, self._narrowing, self._panel, self._strip = sidebar, narrowing, panel, strip
        self._window = window
        self._counts: tuple[object, ...] | None = None
        self._declined: dict[Tool, int] = {}  # what was offered and closed: not offered again unless there is more
        self._timer = QTimer(self)
        self._timer.setInterval(TOOLS_MS)
        self._timer.timeout.connect(self._on_time)
        self._timer.start()
        hub.pulsed.connect(self._on_pulse)
        sidebar.filter_changed.connect(self.look)
        narrowing.cause_shown.connect(panel.show_picked)
        panel.mend_wanted.connect(self._on_mend)
        panel.files_wanted.connect(self._on_files)
        panel.menu_chosen.connect(self._on_menu)
        strip.retry_wanted.connect(self._on_tool)
        strip.declined.connect(self._on_declined)

    # following -----------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        """Whether the groups belong above the list now."""
        return self._sidebar.status_filter.attention and bool(self._panel.groups.counts)

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        counts: Counts = pulse.status.counts
        seen = (counts.attention, counts.gaps, counts.failures)
        is_first = self._counts is None
        if seen != self._counts:
            self._counts = seen
            if (
                is_first or self._sidebar.status_filter.attention
            ):  # elsewhere nobody sees them: from time to time will do
                self.look()

    @Slot()
    def _on_time(self) -> None:
        """Nothing is asked while nothing needs a person: idle means idle."""
        if self._counts is not None and (self._counts[0] or self._panel.groups.counts):
            self.look()

    @Slot()
    def look(self) -> None:
        """Read the groups anew, and which programs are there."""
        base = self._sidebar.base_id

        def call(backend: Backend) -> tuple[Groups, Mapping[Tool, int]]:
            attention = backend.service.attention
            tools = attention.tools()
            groups = Groups(attention.causes(base), attention.readable(base), tools)
            return groups, attention.readable() if base else groups.readable

        self._hub.read(call, self._on_read, key="attention")

    def _on_read(self, found: tuple[Groups, Mapping[Tool, int]]) -> None:
        groups, everywhere = found
        self.tools_seen.emit(groups.tools)
        if groups != self._panel.groups:
            self._panel.show_groups(groups)
            self._panel.show_picked(self._narrowing.cause)
        if self._narrowing.cause is not None and not groups.counts.get(self._narrowing.cause):
            self._narrowing.show_cause(None)  # the last of them is mended
        self._declined = {tool: n for tool, n in self._declined.items() if everywhere.get(tool)}
        offered = {tool: n for tool, n in everywhere.items() if n > self._declined.get(tool, 0)}
        self._strip.offer(offered)
        self.shown.emit()

    # acting --------------------------------------------------------------------------------

    def _query(self, cause: Cause | None) -> JobQuery:
        return JobQuery(kb_id=self._sidebar.base_id, attention=True, cause=cause)

    @Slot(object, str)
    def _on_mend(self, cause: Cause, how: str) -> None:
        if how == "recognise":
            self._commands.retry_with(Tool.RECOGNITION, self._sidebar.base_id)
        elif how == "office":
            self._commands.retry_with(Tool.OFFICE, self._sidebar.base_id)
        elif how == "raise":
            self.ask_to_raise(self._query(cause))
        elif how == "passwords":
            base = self._sidebar.base_id
            self.passwords_wanted.emit(JobSelector(kb_id=base) if base else JobSelector(everything=True))
        else:
            self._commands.retry_query(self._query(cause))

    @Slot(object)
    def mend_everywhere(self, cause: Cause) -> None:
        """Ask for passwords, or offer to raise limits, whichever knowledge base is picked."""
        if cause is Cause.PASSWORD:
            self.passwords_wanted.emit(JobSelector(everything=True))
        else:
            self.ask_to_raise(JobQuery(attention=True, cause=cause))

    @Slot(object, bool)
    def _on_files(self, cause: Cause, on: bool) -> None:
        self._narrowing.show_cause(cause if on else None)

    @Slot(object, str)
    def _on_menu(self, cause: Cause | None, what: str) -> None:
        query = self._query(cause)
        if what == "retry":
            self._commands.retry_query(query)
        elif what == "delete":
            self._commands.delete_query(query)
        else:
            self.export(query)

    @Slot(object)
    def _on_tool(self, tool: Tool) -> None:
        self._commands.retry_with(tool, None)

    @Slot(object)
    def _on_declined(self, offered: dict[Tool, int]) -> None:
        self._declined |= offered

    # raising limits ------------------------------------------------------------------------

    def ask_to_raise(self, query: JobQuery) -> None:
        """Offer to raise what stopped the jobs of a query, and to try them again."""
        self._hub.read(lambda backend: backend.service.attention.limits(query), self._on_limits)

    @Slot(str)
    def raise_for(self, job_id: str) -> None:
        """The same for one job."""
        self._hub.read(lambda backend: backend.service.attention.limits_of(job_id), self._on_limits)

    def _on_limits(self, limits: list[HitLimit]) -> None:
        known = [limit for limit in limits if limit.setting in type(self._preferences.settings).model_fields]
        if not known:
            self._commands.said.emit(self.tr("No setting stopped these files: their limits are fixed."))
            return
        dialog = RaiseDialog(known, self._preferences.settings, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.raise_wanted.connect(self._raise)
        dialog.open()

    def _raise(self, changes: dict[str, object], jobs: tuple[str, ...]) -> None:
        self._preferences.save(changes, then=lambda: self._commands.retry_jobs(jobs))

    # the list ------------------------------------------------------------------------------

    def export(self, query: JobQuery) -> None:
        """Ask where the list of these jobs is to be written."""
        dialog = QFileDialog(self._window, self.tr("Export list"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        table, lines = self.tr("Table (*.csv)"), self.tr("Lines of JSON (*.jsonl)")
        dialog.setNameFilters([table, lines])
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("csv" if chosen == table else "jsonl"))
        dialog.selectFile(self.tr("needs attention") + ".csv")
        dialog.fileSelected.connect(lambda path: self.write(query, path))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, query: JobQuery, path: str) -> None:
        """Write the list of these jobs: lines of JSON when the file is called so, else a table."""
        how = "jsonl" if path.lower().endswith((".jsonl", ".json")) else "csv"

        def call(backend: Backend) -> int:
            with whole_file(path) as stream:
                return write_records(stream, backend.service.attention.records(query), how)

        self._hub.read(
            call,
            lambda count: self._commands.said.emit(
                self.tr("The list of {jobs} was written.").format(jobs=words.jobs(count))
            ),
        )
