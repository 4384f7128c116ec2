"""The producer: takes a task, lets its child read, puts the results on the bounded queue.

A plain loop without Qt; ``threads`` and ``qt_threads`` host it. One producer owns one child process.
"""

import logging
import threading
import time
from collections.abc import Callable

from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.scheduler import Assignment, Scheduler
from ingest_desktop.application.work import (
    ActiveJob,
    Complete,
    Fault,
    Result,
    ResultQueue,
    ResultQueueClosed,
    Same,
    Stored,
)
from ingest_desktop.domain.enums import JobPhase
from ingest_desktop.domain.errors import IngestError, LimitExceeded, ReaderCrashed, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import ExtractionChild
from ingest_desktop.domain.wire import Extracted, Failed, Looked, Message, SegmentTask, Working, recipe_of
from ingest_desktop.observability.logs import work_context

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25  # results of a slow lot are handed on this often
MAX_CRASHES = 2  # once among others, once alone


class Producer:
    """One reading loop."""

    def __init__(
        self,
        name: str,
        scheduler: Scheduler,
        queue: ResultQueue,
        make_child: Callable[[], ExtractionChild],
        board: ProgressBoard,
        *,
        poll_seconds: float,
    ) -> None:
        self.name = name
        self._scheduler = scheduler
        self._queue = queue
        self._make_child = make_child
        self._board = board
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._child: ExtractionChild | None = None
        self._in_hand: tuple[float, _Gathering] | None = None  # since when, which task
        self._given_up: _Gathering | None = None  # the task whose child we killed ourselves

    def run(self) -> None:
        """Work until stopped."""
        child = self._child = self._make_child()
        try:
            while not self._stop.is_set() and not self._scheduler.is_stopping:
                assignment = self._scheduler.next_task(self._poll_seconds)
                if assignment is not None:
                    self._work(child, assignment)
        except ResultQueueClosed:
            _log.warning("producer ended late", extra={"worker": self.name})
        except Exception:  # noqa: BLE001 - the loop's top: a bug must not end the window; the jobs await recovery
            _log.exception("producer failed", extra={"worker": self.name})
        finally:
            child.close()

    def stop(self) -> None:
        """Return after the task in hand."""
        self._stop.set()

    def abort(self) -> None:
        """Give up the task in hand: its child is killed."""
        child, in_hand = self._child, self._in_hand
        if child is not None and in_hand is not None:
            self._given_up = in_hand[1]
            child.kill()

    def abort_if_useless(self, older_than_seconds: float) -> None:
        """Kill the child when the file that it reads now was taken away. Files of the lot that are done do not count."""
        in_hand = self._in_hand
        if in_hand is None:
            return
        since, gathered = in_hand
        waiting = gathered.unanswered()
        if time.monotonic() - since >= older_than_seconds and waiting and waiting[0].dropped:
            self.abort()

    def _work(self, child: ExtractionChild, assignment: Assignment) -> None:
        task, jobs = assignment
        gathered = _Gathering(self._scheduler, self._queue, self._board, jobs, isinstance(task, SegmentTask))
        self._in_hand = (time.monotonic(), gathered)
        gathered.tell_in_hand()
        claim = jobs[0].claim
        with work_context(job_id=str(claim.job_id), kb_id=claim.kb_id, batch_id=claim.batch_id):
            try:
                child.run(task, gathered.on_message)
            except (ReaderCrashed, LimitExceeded) as error:
                if not self._stop.is_set():
                    self._broken(gathered, error, task)
            except Exception as error:  # noqa: BLE001 - no process could be started, or a bug: the loop must go on
                if not self._stop.is_set():
                    bug = None if isinstance(error, OSError | IngestError) else error
                    _log.error("reading failed", extra={"worker": self.name, "cause": str(error)}, exc_info=bug)
                    self._broken(gathered, ReaderCrashed(f"The file could not be handed to a reader ({error})."), task)
            finally:
                self._in_hand = None
                gathered.flush()

    def _broken(self, gathered: "_Gathering", error: IngestError, task: object) -> None:
        """The child died: what it had handed over stands, the file in hand is suspect, the rest is read again."""
        waiting = gathered.unanswered()
        rest = [job for job in waiting if not job.dropped]
        if not rest:
            return
        if self._given_up is gathered or waiting[0].dropped:  # it was ended because of a file that is gone: no blame
            if isinstance(task, SegmentTask):
                self._scheduler.give_back_segment(rest[0], task.number)
            else:
                self._scheduler.give_back(rest)
            return
        suspect, others = rest[0], rest[1:]
        alone = isinstance(task, SegmentTask) or (len(gathered.jobs) == 1)
        _log.warning("reader died", extra={"code": error.code, "cause": str(error), "alone": alone})
        suspect_is_guilty = alone and (isinstance(error, LimitExceeded) or suspect.crashes + 1 >= MAX_CRASHES)
        if suspect_is_guilty:
            gathered.add(Fault(suspect, error.code, str(error)))
            if others:
                self._scheduler.give_back(others)
        elif isinstance(task, SegmentTask):
            suspect.crashes += 1
            self._scheduler.give_back_segment(suspect, task.number)
        else:
            self._scheduler.give_back(rest, suspect=suspect)


class _Gathering:
    """The messages of one task on their way to the queue."""

    def __init__(
        self, scheduler: Scheduler, queue: ResultQueue, board: ProgressBoard, jobs: list[ActiveJob], is_segment: bool
    ) -> None:
        self.jobs = jobs
        self._scheduler = scheduler
        self._queue = queue
        self._board = board
        self._is_segment = is_segment
        self._by_key = {job.claim.job_id: job for job in jobs}
        self._answered: set[int] = set()
        self._results: list[Result] = []
        self._flushed = time.monotonic()
        self._told: set[int] = set()

    def tell_in_hand(self) -> None:
        """Show which file is looked at now: of a lot all others still wait. Not for each: now and then is enough."""
        if not self._is_segment:
            job = next(iter(self.unanswered()), None)
            if job is not None and not job.dropped and job.claim.job_id not in self._told:
                self._told.add(job.claim.job_id)
                self._board.post(job.claim.job_id, JobPhase.HASHING, 0, 0, "byte")

    def unanswered(self) -> list[ActiveJob]:
        """Jobs of the task that no message ended, in the task's order."""
        return [job for job in self.jobs if job.claim.job_id not in self._answered]

    def on_message(self, message: Message) -> None:
        """Turn a child's message into a result."""
        if isinstance(message, Working):
            self._progress(message)
            return
        if isinstance(message, Looked | Extracted | Failed):
            job = self._by_key[message.key]
            self._answered.add(message.key)
            if not job.dropped:
                self._answer(job, message)
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()
            self.tell_in_hand()

    def add(self, result: Result) -> None:
        """Add a result of our own."""
        self._answered.add(result.job.claim.job_id)
        self._results.append(result)

    def flush(self) -> None:
        """Hand over what was gathered; waits while the queue is full."""
        results, self._results = self._results, []
        if results:
            self._queue.put(results)
        self._flushed = time.monotonic()

    def _answer(self, job: ActiveJob, message: Looked | Extracted | Failed) -> None:
        if isinstance(message, Failed):
            if message.detail:  # one line; where in a parser it happened is of interest to its author only
                about = {"job_id": str(message.key), "code": message.code}
                _log.info("reader failed", extra={**about, "cause": message.message})
                _log.debug("reader failed", extra={**about, "detail": message.detail})
            self._results.append(Fault(job, message.code, message.message, message.final))
        elif isinstance(message, Extracted):
            self._results.append(Stored(job, message.result))
        elif message.unchanged:
            self._results.append(Same(job, message.plan))
        elif message.result is not None:
            plan = message.plan
            job.plan = plan
            job.recipe = recipe_of(plan.reader, plan.reader_version, self._scheduler.options, plan.unit, plan.shape)
            job.missing = {0}
            self._results.append(Stored(job, message.result))
        else:
            self._plan(job, message)

    def _plan(self, job: ActiveJob, message: Looked) -> None:
        if not message.plan.segments:
            self._results.append(Fault(job, SourceMalformed.code, "There is nothing to read in this document."))
            return
        try:
            if not self._scheduler.planned(job, message.plan):
                self._results.append(Complete(job))
        except IngestError as error:
            self._results.append(Fault(job, error.code, str(error)))

    def _progress(self, message: Working) -> None:
        job = self._by_key.get(message.key)
        if job is None or job.dropped:
            return
        self._told.add(message.key)
        done, total, unit = message.done, message.total, message.unit
        if self._is_segment and job.plan is not None:
            done, total = job.done_units + message.done, sum(s.stop - s.start for s in job.plan.segments)
            unit = job.plan.unit
        self._board.post(message.key, JobPhase(message.phase), done, total, unit)
