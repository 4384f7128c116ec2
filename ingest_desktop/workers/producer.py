"""The producer: takes a task, lets its child read, puts the results on the bounded queue.

A plain loop without Qt; ``threads`` and ``qt_threads`` host it. One producer owns one child process.
"""

import logging
import threading
import time
from collections.abc import Callable

from ingest_desktop.application.line import Assignment
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.reach import Prober
from ingest_desktop.application.scheduler import Scheduler
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
from ingest_desktop.domain.errors import (
    IngestError,
    LimitExceeded,
    Quarantined,
    ReaderCrashed,
    ReaderNotStarted,
    SourceMalformed,
    SourceUnreadable,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFaulty,
    StoreForbidden,
    StoreFull,
    StoreGone,
    StoreReadOnly,
    StoreTooNew,
)
from ingest_desktop.domain.interfaces.extraction import ExtractionChild, TookTooLong
from ingest_desktop.domain.wire import Extracted, Failed, Looked, Message, SegmentTask, Unsettled, Working, recipe_of
from ingest_desktop.observability.logs import work_context

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25  # results of a slow lot are handed on this often
PLAN_WAIT_SECONDS = 5.0  # between two looks at what is stored of a long document, while the store refuses them
DAMAGE_TRIES = 6  # a page that could not be read at one moment looks like a damaged one
NO_ANSWER = "The disk or the network folder that holds the file does not answer."
LONGEST_START_WAIT_SECONDS = 30.0  # between two tries to start a process
MAX_DEATHS = 2  # of children over one file, or one segment: once perhaps among others, then alone


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
        prober: Prober | None = None,
    ) -> None:
        """``prober`` tells a file system that hangs from a file that takes too long."""
        self.name = name
        self._scheduler = scheduler
        self._queue = queue
        self._make_child = make_child
        self._board = board
        self._poll_seconds = poll_seconds
        self._prober = prober
        self._stop = threading.Event()
        self._child: ExtractionChild | None = None
        self._in_hand: tuple[float, _Gathering] | None = None  # since when, which task
        self._given_up: _Gathering | None = None  # the task whose child we killed ourselves
        self._not_started: ReaderNotStarted | None = None  # why no process could be started just now
        self._starts = 0  # that failed in a row

    def run(self) -> None:
        """Work until stopped."""
        child = self._child = self._make_child()
        try:
            while not self._stop.is_set() and not self._scheduler.is_stopping:
                assignment = self._scheduler.next_task(self._poll_seconds, self.name)
                if assignment is not None:
                    self._work(child, assignment)
                    self._wait_for_process()
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
        gathered = _Gathering(self.name, self._scheduler, self._queue, self._board, jobs, isinstance(task, SegmentTask))
        claim = jobs[0].claim
        if jobs[0].suspect and claim.crashes >= self._scheduler.crash_limit:
            gathered.add(Fault(jobs[0], Quarantined.code, _deaths_message(claim.crashes)))
            gathered.flush()
            self._scheduler.returned(jobs)
            return
        prober = self._prober
        if prober is not None and prober.is_stuck and any(prober.hangs(job.claim.path) for job in jobs):
            self._leave_out_what_hangs(prober, gathered, task)
            return
        self._in_hand = (time.monotonic(), gathered)
        gathered.tell_in_hand()
        with work_context(job_id=str(claim.job_id), kb_id=claim.kb_id, batch_id=claim.batch_id):
            self._not_started = None
            try:
                child.run(task, gathered.on_message)
            except ReaderNotStarted as error:
                self._not_started = error
                self._give_back(gathered, task)
            except (ReaderCrashed, LimitExceeded) as error:
                if not self._stop.is_set():
                    self._broken(gathered, error, task, died=True)
            except Exception as error:  # noqa: BLE001 - a bug, most likely: the loop must go on
                if not self._stop.is_set():
                    bug = None if isinstance(error, OSError | IngestError) else error
                    _log.error("reading failed", extra={"worker": self.name, "cause": str(error)}, exc_info=bug)
                    not_handed = ReaderCrashed(f"The file could not be handed to a reader ({error}).")
                    self._broken(gathered, not_handed, task, died=False)
            finally:
                self._in_hand = None
                self._scheduler.in_hand(self.name, None)
                try:
                    gathered.flush()
                finally:
                    self._scheduler.returned(jobs)

    def _wait_for_process(self) -> None:
        """Wait when none could be started, longer each time; the task was given back, and is nobody's in the meantime."""
        error = self._not_started
        if error is not None:
            self._starts += 1
            wait_seconds = min(LONGEST_START_WAIT_SECONDS, 0.1 * 2 ** min(self._starts, 10))
            _log.error("no reading process", extra={"worker": self.name, "cause": str(error)})
            self._scheduler.met_no_process(self.name, error, wait_seconds)
        elif self._starts:
            self._starts = 0
            self._scheduler.has_process(self.name)

    def _give_back(self, gathered: "_Gathering", task: object) -> None:
        """What was not answered is read later, and nobody is to blame."""
        rest = [job for job in gathered.unanswered() if not job.dropped]
        if rest and isinstance(task, SegmentTask):
            self._scheduler.give_back_segment(rest[0], task.number)
        elif rest:
            self._scheduler.give_back(rest)

    def _leave_out_what_hangs(self, prober: Prober, gathered: "_Gathering", task: object) -> None:
        """Some files of a task are where a file system does not answer: they fail, and the others are read."""
        answering = []
        for job in gathered.unanswered():
            if prober.hangs(job.claim.path):
                gathered.add(Fault(job, SourceUnreadable.code, NO_ANSWER))
            else:
                answering.append(job)
        gathered.flush()
        if isinstance(task, SegmentTask):
            for job in answering:  # it answers again, just now
                self._scheduler.give_back_segment(job, task.number)
        else:
            self._scheduler.give_back(answering)
        self._scheduler.returned(gathered.jobs)

    def _broken(self, gathered: "_Gathering", error: IngestError, task: object, *, died: bool) -> None:
        """The child died: what it had handed over stands, the file in hand is suspect, the rest is read again.

        A file that goes over a limit alone ends with that. One that kills its child alone, a second time, is
        quarantined; when none died (``died`` is False) it is not to blame, and is tried again later.
        """
        waiting = gathered.unanswered()
        rest = [job for job in waiting if not job.dropped]
        if not rest:
            return
        if self._given_up is gathered or waiting[0].dropped:  # it was ended because of a file that is gone: no blame
            self._give_back(gathered, task)
            return
        suspect = rest[0]
        alone = isinstance(task, SegmentTask) or (len(gathered.jobs) == 1)
        _log.warning("reader died", extra={"code": error.code, "cause": str(error), "alone": alone})
        if isinstance(error, TookTooLong) and self._prober is not None:
            self._prober.ask(suspect.claim.path)
            if self._prober.hangs(suspect.claim.path):
                gathered.add(Fault(suspect, SourceUnreadable.code, NO_ANSWER))
                self._scheduler.give_back(rest[1:])
                return
        if alone and isinstance(error, LimitExceeded):
            gathered.add(Fault(suspect, error.code, str(error)))
            return
        before = suspect.segment_deaths.get(task.number, 0) if isinstance(task, SegmentTask) else suspect.deaths
        guilty = alone and before + 1 >= MAX_DEATHS
        if died and isinstance(error, ReaderCrashed) and (guilty or not suspect.segment_deaths):
            self._scheduler.blame(suspect)  # of several segments that die once each, the first
        if guilty:
            code, message = (
                (Quarantined.code, f"{error} The same happened each time the file was read.")
                if died
                else (error.code, str(error))
            )
            gathered.add(Fault(suspect, code, message))
        elif isinstance(task, SegmentTask):
            suspect.segment_deaths[task.number] = before + 1
            self._scheduler.give_back_segment(suspect, task.number)
        else:
            self._scheduler.give_back(rest, suspect=suspect)


def _deaths_message(times: int) -> str:
    return f"While this file was read, the program or the process that reads was killed {times} times in a row."


class _Gathering:
    """The messages of one task on their way to the queue."""

    def __init__(
        self,
        reader: str,
        scheduler: Scheduler,
        queue: ResultQueue,
        board: ProgressBoard,
        jobs: list[ActiveJob],
        is_segment: bool,
    ) -> None:
        self.jobs = jobs
        self._reader = reader
        self._place = 0  # of the first job without an answer: what the child has in hand
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
        self._note_in_hand()
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
        if isinstance(message, Looked | Extracted | Failed | Unsettled):
            job = self._by_key[message.key]
            self._answered.add(message.key)
            self._note_in_hand()
            if not job.dropped:
                self._answer(job, message)
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()
            self.tell_in_hand()

    def _note_in_hand(self) -> None:
        """For each file, so that exactly one is suspect should all of us be killed now."""
        while self._place < len(self.jobs) and self.jobs[self._place].claim.job_id in self._answered:
            self._place += 1
        self._scheduler.in_hand(self._reader, self.jobs[self._place] if self._place < len(self.jobs) else None)

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

    def _answer(self, job: ActiveJob, message: Looked | Extracted | Failed | Unsettled) -> None:
        if isinstance(message, Unsettled):
            self._scheduler.put_aside(job, message.signature, message.wait_seconds)
        elif isinstance(message, Failed):
            if message.detail:  # one line; where in a parser it happened is of interest to its author only
                about = {"job_id": str(message.key), "code": message.code}
                _log.info("reader failed", extra={**about, "cause": message.message})
                _log.debug("reader failed", extra={**about, "detail": message.detail})
            self._results.append(Fault(job, message.code, message.message, message.final, message.reason))
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
        tries = 0
        while not (job.dropped or self._scheduler.is_stopping):  # else its job waits again anyway
            try:
                if not self._scheduler.planned(job, message.plan, self._reader):
                    self._results.append(Complete(job))
            except (StoreBusy, StoreFull, StoreFaulty, StoreGone, StoreReadOnly, StoreDamaged) as error:
                tries += 1
                if isinstance(error, StoreForbidden) and self._scheduler.hold_base(job.claim.kb_id, error.code):
                    return
                told = None if isinstance(error, StoreDamaged) else error  # damage that lasts is told by who holds it
                self._scheduler.met_trouble(told, min(PLAN_WAIT_SECONDS, 0.1 * 2**tries))
                if isinstance(error, StoreDamaged) and tries >= DAMAGE_TRIES:
                    self._hold(job, error)
                    return
                continue
            except StoreTooNew as error:
                self._hold(job, error)
                return
            except IngestError as error:
                self._results.append(Fault(job, error.code, str(error)))
            if tries:
                self._scheduler.met_trouble(None)
            return

    def _hold(self, job: ActiveJob, error: StoreError) -> None:
        """Its knowledge base cannot be used: it waits, and its jobs with it."""
        if not self._scheduler.hold_base(job.claim.kb_id, error.code):
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
