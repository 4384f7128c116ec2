"""The newest drop: its strip follows the search and the jobs, and its buttons act on the batch."""

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from ingest_desktop.domain.enums import JobEvent
from ingest_desktop.domain.models import DiscoveryReport, JobSelector, Submission
from ingest_desktop.ui.commands import Commands
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.intake import Intake
from ingest_desktop.ui.left_out import LeftOutDialog
from ingest_desktop.ui.sidebar import Sidebar
from ingest_desktop.ui.strips import BatchStrip


class NewestDrop(QObject):
    """Between the strip and the engine. Lives in the UI thread."""

    def __init__(
        self, hub: Hub, commands: Commands, intake: Intake, sidebar: Sidebar, strip: BatchStrip, window: QWidget
    ) -> None:
        super().__init__(window)
        self._hub, self._commands, self._intake, self._strip = hub, commands, intake, strip
        hub.pulsed.connect(self._on_pulse)
        hub.bridge.discovery.connect(self._on_report)
        strip.pause_wanted.connect(lambda batch: commands.act(JobEvent.PAUSE, JobSelector(batch_id=batch)))
        strip.resume_wanted.connect(self._on_resume)
        strip.resume_all_wanted.connect(lambda _: commands.resume_all())
        strip.cancel_wanted.connect(self._on_cancel)
        strip.undo_wanted.connect(self._on_undo)
        strip.attention_wanted.connect(lambda: sidebar.pick_status("attention"))
        strip.why_wanted.connect(lambda skipped: LeftOutDialog(hub, strip.batch_id, skipped, window).open())
        strip.closed.connect(self._leave)

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        self._strip.set_all_paused(pulse.status.app_paused)
        self._strip.set_damaged(self._hub.damaged)
        if pulse.batch_counts is not None and pulse.batch_id is not None:
            self._strip.set_counts(pulse.batch_id, pulse.batch_counts)

    @Slot(object)
    def _on_report(self, report: DiscoveryReport) -> None:
        self._strip.set_report(report)
        self._hub.watched_batch = report.batch_id

    def show(self, submission: Submission) -> None:
        """All files of a drop were found."""
        self._on_report(submission.report)

    def _leave(self) -> None:
        self._strip.hide()
        self._hub.watched_batch = None

    @Slot(str)
    def _on_resume(self, batch_id: str) -> None:
        """Of a drop into a paused knowledge base nothing would wake; so that is resumed."""
        paused = next((b.kb_id for b in self._hub.bases if b.paused and b.kb_id == self._strip.kb_id), None)
        selector = JobSelector(kb_id=paused) if paused else JobSelector(batch_id=batch_id)
        self._commands.act(JobEvent.RESUME, selector)

    @Slot(str)
    def _on_cancel(self, batch_id: str) -> None:
        self._intake.stop(batch_id)
        self._commands.act(JobEvent.CANCEL, JobSelector(batch_id=batch_id))

    @Slot(str)
    def _on_undo(self, batch_id: str) -> None:
        self._intake.stop(batch_id)
        if self._strip.is_looking:  # else the next start would go on looking for its files
            self._commands.act(JobEvent.CANCEL, JobSelector(batch_id=batch_id))
        self._commands.delete(JobSelector(batch_id=batch_id))
        self._leave()
