"""The one bridge from events of the application to Qt signals."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from ingest_desktop.domain.models import DiscoveryReport, Job


class EventBridge(QObject):
    """Re-emits application events; each receiver gets them in its own thread. Fulfils ``JobEvents``.

    Signals:
        changed: Jobs took a new state. arg: a tuple of frozen jobs.
        added: Jobs were added to a batch. args: batch id, how many.
        discovery: The search for files went on or ended. arg: a frozen DiscoveryReport.
        finished: No job of a batch is active any more. arg: batch id.
        store: Something else in the store changed.
        troubled: Work as a whole is hampered. args: code (empty: it is over), message, hint.
    """

    changed = Signal(object)
    added = Signal(str, int)
    discovery = Signal(object)
    finished = Signal(str)
    store = Signal()
    troubled = Signal(str, str, str)

    def jobs_changed(self, jobs: Sequence[Job]) -> None:
        self.changed.emit(tuple(jobs))

    def jobs_added(self, batch_id: str, count: int) -> None:
        self.added.emit(batch_id, count)

    def discovery_changed(self, report: DiscoveryReport) -> None:
        self.discovery.emit(report)

    def batch_finished(self, batch_id: str) -> None:
        self.finished.emit(batch_id)

    def store_changed(self) -> None:
        self.store.emit()

    def trouble(self, code: str, message: str, hint: str) -> None:
        self.troubled.emit(code, message, hint)
