"""The use cases of the queue: add, start, pause, resume, cancel, retry, delete, take back, move. Asking has its own room.

Every call may block on the disk; the window calls from its service threads. No Qt, no SQL: Protocols only.
"""

import builtins
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from ingest_desktop.application.asking import Asking
from ingest_desktop.application.attention import Attention
from ingest_desktop.application.housekeeping import Housekeeping
from ingest_desktop.application.lifecycle import WorkerLifecycle
from ingest_desktop.application.passwords import PasswordBook, Unlocking
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.reach import Reach
from ingest_desktop.application.submission import LEFT_OUT_TOLD, Hold, Preflight, Submitter
from ingest_desktop.domain.causes import Tool
from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, PauseScope
from ingest_desktop.domain.errors import NotFoundError, StoreBusy
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.events import JobEvents
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.domain.media import reason_of_type
from ingest_desktop.domain.models import (
    ActionResult,
    Counts,
    JobQuery,
    JobSelector,
    KnowledgeBase,
    QueueMove,
    Submission,
)


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """How the engine as a whole stands."""

    counts: Counts
    app_paused: bool
    running: int
    workers: int


class IngestionService(Asking):
    """See the module. One per process; any thread."""

    def __init__(
        self,
        repository: Repository,
        contents: ContentStores,
        lifecycle: WorkerLifecycle,
        housekeeping: Housekeeping,
        submitter: Submitter,
        events: JobEvents,
        board: ProgressBoard,
        *,
        actor: Actor,
        tools: Callable[[], frozenset[Tool]] = frozenset,
        reach: Reach | None = None,
        passwords: PasswordBook | None = None,
    ) -> None:
        """``tools`` says which programs of others are there now to read what we cannot; ``reach`` watches for lost files.

        ``passwords`` is the book that the scheduler looks into.
        """
        super().__init__(repository, contents, board)
        self._lifecycle = lifecycle
        self._housekeeping = housekeeping
        self._submitter = submitter
        self._events = events
        self._actor = actor
        self._reach = reach
        self._unlocking = Unlocking(
            repository, passwords or PasswordBook(), lambda selector, reason: self.retry(selector, reason=reason)
        )
        self.attention = Attention(
            repository, lambda selector, reason: self.retry(selector, reason=reason), self.delete, tools
        )

    # knowledge bases -----------------------------------------------------------------------

    def knowledge_bases(self) -> list[KnowledgeBase]:
        """Those in use, by name."""
        return self._repository.knowledge_bases()

    def knowledge_base(self, name_or_id: str) -> KnowledgeBase:
        """By id, or by name in any case. Raises ``NotFoundError``."""
        for kb in self._repository.knowledge_bases():
            if name_or_id == kb.kb_id or name_or_id.casefold() == kb.name.casefold():
                return kb
        raise NotFoundError(f"There is no knowledge base {name_or_id!r}.")

    def deleted_knowledge_bases(self) -> list[KnowledgeBase]:
        """Those in the trash, the last one that went first. They are gone for good once the trash is emptied."""
        found = self._repository.knowledge_bases(deleted=True)
        return sorted(found, key=lambda kb: kb.deleted_at or kb.created_at, reverse=True)

    def deleted_knowledge_base(self, name_or_id: str) -> KnowledgeBase:
        """The one that went into the trash last under this name or id. Raises ``NotFoundError``."""
        found = [
            kb
            for kb in self._repository.knowledge_bases(deleted=True)
            if name_or_id == kb.kb_id or name_or_id.casefold() == kb.name.casefold()
        ]
        if not found:
            raise NotFoundError(f"There is no knowledge base {name_or_id!r} in the trash.")
        return max(found, key=lambda kb: kb.deleted_at or kb.created_at)

    def create_knowledge_base(self, name: str) -> KnowledgeBase:
        """Raises ``InvalidRequestError`` for an empty name or one that is taken."""
        kb = self._repository.create_knowledge_base(name)
        self._events.store_changed()
        return kb

    def rename_knowledge_base(self, kb_id: str, name: str) -> None:
        """Raises as ``create_knowledge_base``."""
        self._repository.rename_knowledge_base(kb_id, name)
        self._events.store_changed()

    def delete_knowledge_base(self, kb_id: str) -> None:
        """Into the trash, with its jobs and documents; ``restore_knowledge_base`` takes it back for a while."""
        self._repository.delete_knowledge_base(kb_id, actor=self._actor)
        self._after_taking_away()

    def restore_knowledge_base(self, kb_id: str) -> None:
        """Take a knowledge base out of the trash."""
        self._repository.restore_knowledge_base(kb_id)
        self._after_taking_away()

    # adding --------------------------------------------------------------------------------

    def preflight(
        self,
        paths: Sequence[str],
        stop: threading.Event | None = None,
        *,
        kb_id: str | None = None,
        told: Callable[[int], None] | None = None,
    ) -> Preflight:
        """Look at what would be added, without adding it. Setting ``stop`` ends the look early.

        Args:
            kb_id: The knowledge base; None takes the first one.
            told: Called in this thread, now and then, with how many files were found so far.
        """
        return self._submitter.preflight(paths, kb_id or self._default_kb(), stop, told)

    def submit(
        self,
        paths: Sequence[str],
        *,
        kb_id: str | None = None,
        priority: int = 0,
        origin: str = "window",
        stop: threading.Event | None = None,
        without: Collection[str] = (),
        hold: Hold | None = None,
    ) -> Submission:
        """Make a batch of files and folders, and a job of every file; returns when all were found.

        The batch and its sources are durable before the first file is looked for, so a drop that a crash cuts
        short is searched on at the next start. Jobs are told of in slices through ``JobEvents``.

        Args:
            kb_id: The knowledge base; None takes the first one.
            stop: Set it to end the search early; what was added stays, and ``resume_discoveries`` searches on.
            without: Kinds of files to leave out: lower-case endings without the dot, "" for names without one.
            hold: While the queue is full, wait for room as long as this answers True; it is asked now and then.

        Raises:
            DuplicateJobError: A single file that is in the list already.
            QueueFullError: The queue limit is reached, and nobody waits (any longer); what was added before stays, and
                ``resume_discoveries`` adds the rest.
            NotFoundError: No such knowledge base.
        """
        target = kb_id or self._default_kb()
        made = self._submitter.submit(
            paths,
            kb_id=target,
            priority=priority,
            origin=origin,
            stop=stop,
            on_added=self._lifecycle.wake,
            without=without,
            hold=hold,
        )
        if made.report.unchanged:
            self._housekeeping.deliver()  # of files that were deleted while they were found to be unchanged
        return made

    def left_out(self, batch_id: str, stop: threading.Event | None = None) -> dict[str, builtins.list[str]]:
        """Which files and folders of a drop are left out, by reason: the first thousand of each. Searches anew.

        Those that were found to be no documents only when they were read are named, too.
        """
        sources = self._repository.sources(batch_id)
        roots = [source.path for source in sources if source.kind != "without"]
        found = self._submitter.left_out(roots, [s.path for s in sources if s.kind == "without"], stop)
        query = JobQuery(batch_id=batch_id, statuses=frozenset({JobStatus.COMPLETED}), left_out=True)
        for job in self._repository.jobs_page(query, limit=LEFT_OUT_TOLD):
            paths = found.setdefault(reason_of_type(job.mime_type), [])
            if len(paths) < LEFT_OUT_TOLD and job.source_path not in paths:
                paths.append(job.source_path)
        return found

    def resume_discoveries(self, stop: threading.Event | None = None, *, hold: Hold | None = None) -> int:
        """Go on with drops whose search was cut short; how many there were. ``hold`` as in ``submit``."""
        return self._submitter.resume(stop=stop, on_added=self._lifecycle.wake, hold=hold)

    def _default_kb(self) -> str:
        known = self._repository.knowledge_bases()
        ids = [kb.kb_id for kb in known]
        return "library" if "library" in ids else ids[0]

    # the engine ----------------------------------------------------------------------------

    def start(self, *, batch_id: str | None = None) -> None:
        """Start the workers of this process, restricted to one batch if it is named. What deletions left to do is done first.

        Raises:
            StoreBusy: Another program held the list of jobs locked all the time, ``START_TRIES`` times the busy timeout.
        """
        for left in reversed(range(START_TRIES)):
            try:
                self._housekeeping.deliver()
                self._lifecycle.start(batch_id=batch_id)
                break
            except StoreBusy as error:
                if not left:
                    raise
                self._events.trouble(error.code, str(error), error.hint)
        if left < START_TRIES - 1:
            self._events.trouble("", "", "")
        if self._reach is not None and batch_id is None:
            self._reach.start()

    def on_retried(self, job_ids: Sequence[str]) -> None:
        """Jobs wait again without anyone having asked for it: work on them, and tell."""
        self._lifecycle.wake()
        self._tell(job_ids)

    def status(self) -> EngineStatus:
        """Counts, and whether all is paused."""
        counts = self._repository.counts()
        crew = self._lifecycle.crew
        return EngineStatus(
            counts, self._repository.app_paused(), counts.of(JobStatus.RUNNING), len(crew.producers) if crew else 0
        )

    # the life of jobs ----------------------------------------------------------------------

    def pause(self, selector: JobSelector, *, all_or_nothing: bool = False) -> ActionResult:
        """Pause jobs. A whole batch, knowledge base or everything stays paused for what comes later, too."""
        scope, scope_id = scope_of(selector)
        if scope is not PauseScope.JOB:
            self._repository.set_paused(scope, scope_id, True)
        return self._act(selector, JobEvent.PAUSE, all_or_nothing, scope)

    def resume(self, selector: JobSelector, *, all_or_nothing: bool = False) -> ActionResult:
        """Wake jobs. Resuming a group leaves asleep what a person paused one by one."""
        scope, scope_id = scope_of(selector)
        if scope is not PauseScope.JOB:
            self._repository.set_paused(scope, scope_id, False)
        return self._act(selector, JobEvent.RESUME, all_or_nothing, scope)

    def cancel(self, selector: JobSelector, *, all_or_nothing: bool = False) -> ActionResult:
        """Cancel jobs that are not ended; takes effect within 2 s. A group that was cut short is not searched on."""
        scope, scope_id = scope_of(selector)
        for batch, _ in self._repository.unfinished_discoveries() if scope is not PauseScope.JOB else ():
            if scope_id in (None, batch.batch_id if scope is PauseScope.BATCH else batch.kb_id):
                self._repository.finish_discovery(batch.batch_id, batch.skipped)
        return self._act(selector, JobEvent.CANCEL, all_or_nothing)

    def retry(self, selector: JobSelector, *, all_or_nothing: bool = False, reason: str | None = None) -> ActionResult:
        """Queue failed and cancelled jobs again, and completed ones that are empty or have gaps.

        Finished segments are kept, and what can be found of a file is found until something better is there.
        ``reason`` is kept in the history.
        """
        return self._act(selector, JobEvent.RETRY, all_or_nothing, reason=reason)

    def give_passwords(self, passwords: Sequence[str], selector: JobSelector) -> ActionResult:
        """Remember passwords, in memory, until the program ends, and read again what asks for one. See ``Unlocking``."""
        return self._unlocking.give(passwords, selector)

    def retry_failures(self, error_code: str) -> ActionResult:
        """Queue again every job that failed for one cause."""
        query = JobQuery(statuses=frozenset({JobStatus.FAILED}), error_code=error_code)
        ids = [job_id for part in self._repository.job_ids(query) for job_id in part]
        if not ids:
            return ActionResult()
        return self.retry(JobSelector(job_ids=tuple(map(str, ids))))

    def delete(self, selector: JobSelector) -> ActionResult:
        """Delete jobs and what they brought; ``undo`` with the result's token takes it back."""
        result = self._repository.delete(selector, actor=self._actor)
        self._after_taking_away()
        return result

    def undo(self, token: str) -> ActionResult:
        """Take a deletion back. Raises ``NotFoundError`` once it is past undoing."""
        result = self._repository.undo_delete(token)
        self._after_taking_away()
        return result

    def move(self, job_ids: Sequence[str], where: QueueMove) -> int:
        """Move waiting jobs in the queue; how many moved."""
        moved = self._repository.move(job_ids, where)
        self._tell(job_ids)
        return moved

    def set_priority(self, selector: JobSelector, priority: int) -> int:
        """Higher goes first; 0 is usual. How many changed."""
        changed = self._repository.set_priority(selector, priority)
        self._events.store_changed()
        return changed

    def _act(
        self,
        selector: JobSelector,
        event: JobEvent,
        all_or_nothing: bool,
        scope: PauseScope = PauseScope.JOB,
        reason: str | None = None,
    ) -> ActionResult:
        reason = reason or asked_for(event, selector)
        result = self._repository.act(
            selector, event, actor=self._actor, scope=scope, all_or_nothing=all_or_nothing, reason=reason
        )
        if event in (JobEvent.PAUSE, JobEvent.CANCEL):
            self._lifecycle.recheck()
        self._lifecycle.wake()
        self._tell(result.job_ids)
        return result

    def _after_taking_away(self) -> None:
        self._lifecycle.recheck()
        self._housekeeping.deliver()
        self._lifecycle.wake()
        self._events.store_changed()

    def _tell(self, job_ids: Sequence[str]) -> None:
        if job_ids:
            self._events.jobs_changed(self._repository.jobs_by_ids([int(job_id) for job_id in job_ids[:500]]))
        self._events.store_changed()


def scope_of(selector: JobSelector) -> tuple[PauseScope, str | None]:
    """What a selector pauses: a group as a whole, or jobs one by one."""
    if selector.statuses:
        return PauseScope.JOB, None
    if selector.everything:
        return PauseScope.APP, None
    if selector.kb_id is not None:
        return PauseScope.KNOWLEDGE_BASE, selector.kb_id
    if selector.batch_id is not None:
        return PauseScope.BATCH, selector.batch_id
    return PauseScope.JOB, None


START_TRIES: Final = 6  # to begin work while another program holds the list of jobs locked
_ASKED: Final = {JobEvent.RESUME: "resumed", JobEvent.RETRY: "tried again"}
_TOGETHER: Final = {
    PauseScope.JOB: "",
    PauseScope.BATCH: ", with its batch",
    PauseScope.KNOWLEDGE_BASE: ", with its knowledge base",
    PauseScope.APP: ", with all others",
}


def asked_for(event: JobEvent, selector: JobSelector) -> str:
    """What the history of a job says of a step that a person asked for: alone, or with its group."""
    return f"{_ASKED.get(event, 'asked for')}{_TOGETHER[scope_of(selector)[0]]}"
