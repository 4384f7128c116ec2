"""What a person asks of jobs, sent to the engine; what came of it, said in the window."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ingest_desktop.domain.causes import Tool
from ingest_desktop.domain.enums import JobEvent
from ingest_desktop.domain.errors import IngestError, StoreDamaged
from ingest_desktop.domain.models import ActionResult, JobQuery, JobSelector, KnowledgeBase, QueueMove
from ingest_desktop.ui import words
from ingest_desktop.ui.backend import Service
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.selection import Selected

Way = Callable[[], None]


def sentence_of(error: Exception) -> str:
    """An error as one or two plain sentences: what happened and what to do."""
    if isinstance(error, IngestError) and error.code == StoreDamaged.code:  # in this window that is a button
        step = words.translate("Commands", "Press “Repair…” above the list, or in the menu of the knowledge base.")
        return f"{error} {step}"
    if isinstance(error, IngestError):
        return f"{error} {words.next_step(error.code)}".strip()
    return words.translate("Commands", "Something went wrong: {error}. See the log for details.").format(error=error)


class Commands(QObject):
    """Sends actions in order; never waits.

    Signals:
        said: Something to tell in the status bar. arg: a sentence.
        deleted: Something was deleted. args: a sentence, the way back (a call for the UI thread).
    """

    said = Signal(str)
    deleted = Signal(str, object)

    def __init__(self, hub: Hub, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hub = hub

    def act(self, event: JobEvent, selector: JobSelector) -> None:
        """Pause, resume, cancel or retry."""

        def call(service: Service) -> ActionResult:
            doing: dict[JobEvent, Callable[[JobSelector], ActionResult]] = {
                JobEvent.PAUSE: service.pause,
                JobEvent.RESUME: service.resume,
                JobEvent.CANCEL: service.cancel,
                JobEvent.RETRY: service.retry,
            }
            return doing[event](selector)

        whole = selector.everything and not selector.statuses
        self._hub.do(lambda backend: call(backend.service), lambda result: self._tell(event, result, whole=whole))

    def act_on(self, event: JobEvent, selected: Selected) -> None:
        """The same for a selection; jobs that may not are left out."""
        if selected.count(event):
            self.act(event, selected.selector(event))

    def _tell(self, event: JobEvent, result: ActionResult, *, whole: bool = False) -> None:
        if whole and event in (JobEvent.PAUSE, JobEvent.RESUME):  # true also when there was no job to change
            self.said.emit(
                self.tr("Everything is paused.") if event is JobEvent.PAUSE else self.tr("Everything goes on.")
            )
            return
        count = words.jobs(result.changed)
        text = {
            JobEvent.PAUSE: self.tr("{jobs} paused."),
            JobEvent.RESUME: self.tr("{jobs} resumed."),
            JobEvent.CANCEL: self.tr("{jobs} cancelled."),
        }.get(event, self.tr("{jobs} to be tried again.")).format(jobs=count)
        if result.refused:
            one, many = self.tr("1 job stays as it is:"), self.tr("{n} jobs stay as they are:")
            text += f" {words.plural(len(result.refused), one, many)} {result.refused[0].message}"
        self.said.emit(text)

    def toggle(self, selected: Selected) -> None:
        """Pause what runs or waits; when there is none, resume what is paused."""
        event = JobEvent.PAUSE if selected.count(JobEvent.PAUSE) else JobEvent.RESUME
        self.act_on(event, selected)

    def toggle_all(self) -> None:
        """Pause the whole program, or let it go on."""
        pulse = self._hub.pulse
        paused = pulse is not None and pulse.status.app_paused
        self.act(JobEvent.RESUME if paused else JobEvent.PAUSE, JobSelector(everything=True))

    def resume_all(self) -> None:
        """Let the whole program go on."""
        self.act(JobEvent.RESUME, JobSelector(everything=True))

    def delete(self, selector: JobSelector) -> None:
        """Delete jobs and what they made searchable; originals stay."""

        self._hub.do(lambda backend: backend.service.delete(selector), self._tell_deleted)

    def _tell_deleted(self, result: ActionResult) -> None:
        text = self.tr("{jobs} deleted. The original files are untouched.").format(jobs=words.jobs(result.changed))
        if token := result.undo_token:
            self.deleted.emit(text, lambda: self.undo(token))
        else:
            self.said.emit(text)

    def undo(self, token: str) -> None:
        """Take a deletion back."""
        self._hub.do(
            lambda backend: backend.service.undo(token),
            lambda result: self.said.emit(self.tr("{jobs} brought back.").format(jobs=words.jobs(result.changed))),
        )

    def delete_base(self, base: KnowledgeBase) -> None:
        """Delete a knowledge base with its jobs and what they made searchable; originals stay."""
        text = self.tr("“{name}” deleted. The original files are untouched.").format(name=base.name)

        def tell(_: None) -> None:
            self._hub.reload_bases()
            self.deleted.emit(text, lambda: self._restore_base(base))

        self._hub.do(lambda backend: backend.service.delete_knowledge_base(base.kb_id), tell)

    def _restore_base(self, base: KnowledgeBase) -> None:
        def tell(_: None) -> None:
            self._hub.reload_bases()
            self.base_is_back(base.name)

        self._hub.do(lambda backend: backend.service.restore_knowledge_base(base.kb_id), tell)

    def base_is_back(self, name: str) -> None:
        """Say that a knowledge base was restored."""
        self.said.emit(self.tr("“{name}” brought back.").format(name=name))

    def move(self, selected: Selected, where: QueueMove) -> None:
        """Move waiting jobs in the queue."""
        ids = tuple(map(str, selected.ids))
        if ids:
            self._hub.do(
                lambda backend: backend.service.move(ids, where),
                lambda count: self.said.emit(self.tr("{jobs} moved in the queue.").format(jobs=words.jobs(count))),
            )

    def retry_query(self, query: JobQuery) -> None:
        """Try again whatever answers a query and may be tried again."""
        self._hub.do(
            lambda backend: backend.service.attention.retry(query), lambda result: self._tell(JobEvent.RETRY, result)
        )

    def retry_jobs(self, job_ids: tuple[str, ...]) -> None:
        """Try these jobs again."""
        self.act(JobEvent.RETRY, JobSelector(job_ids=job_ids))

    def retry_with(self, tool: Tool, kb_id: str | None) -> None:
        """Try again what lacked a program that is there now."""
        self._hub.do(
            lambda backend: backend.service.attention.retry_with(tool, kb_id),
            lambda result: self._tell(JobEvent.RETRY, result),
        )

    def delete_query(self, query: JobQuery) -> None:
        """Delete whatever answers a query; originals stay."""
        self._hub.do(lambda backend: backend.service.attention.delete(query), self._tell_deleted)

    def retry_failures(self, code: str) -> None:
        """Try again whatever failed for one cause."""
        self._hub.do(
            lambda backend: backend.service.retry_failures(code), lambda result: self._tell(JobEvent.RETRY, result)
        )

    def set_priority(self, selected: Selected, priority: int) -> None:
        """Let waiting jobs go before or after others."""
        selector = selected.selector()
        self._hub.do(
            lambda backend: backend.service.set_priority(selector, priority),
            lambda _: self.said.emit(self.tr("Priority set.")),
        )
