"""Who reads what next: claims jobs, hands them out as tasks, and knows which of them are in hand.

Shared by all producers and the consumer of a process; every method may be called from any thread. The lock is
never held while the store is asked, so a slow disk keeps no one from handing in results.
"""

import logging
import threading
from collections.abc import Iterable, Sequence

from ingest_desktop.application.line import Assignment, Line
from ingest_desktop.application.passwords import PasswordBook
from ingest_desktop.application.progress import ProgressBoard
from ingest_desktop.application.settling import Settling
from ingest_desktop.application.work import ActiveJob
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import JobPhase
from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Claim, KnownPath, Repository
from ingest_desktop.domain.wire import DocumentPlan, ExtractOptions, FileSignature, recipe_of

_log = logging.getLogger(__name__)

CLAIM_BYTES = 64 * 1024 * 1024


class Scheduler:
    """The work of one process."""

    def __init__(
        self,
        repository: Repository,
        contents: ContentStores,
        settings: Settings,
        board: ProgressBoard,
        *,
        worker_id: str,
        batch_id: str | None = None,
        passwords: PasswordBook | None = None,
    ) -> None:
        """``batch_id`` restricts this process to one batch. ``passwords`` are those that people gave."""
        self._repository = repository
        self._contents = contents
        self._settings = settings
        self._options = settings.extract_options
        self._board = board
        self._worker_id = worker_id
        self._batch_id = batch_id
        self._condition = threading.Condition()
        self._active: dict[int, ActiveJob] = {}
        self._line = Line(settings, passwords or PasswordBook())
        self._aside = Settling(self._options.settle_seconds)
        self._seats: dict[str, int] = {}
        self._refilling = False
        self._wanted = True  # whether a claim may bring something
        self._stopping = False
        self._held: set[str] = set()  # why nothing is claimed for now
        self._store_trouble: IngestError | None = None
        self._without_process: dict[str, IngestError] = {}  # readers, and why

    @property
    def options(self) -> ExtractOptions:
        """What shapes the text in this run."""
        return self._options

    # for producers -------------------------------------------------------------------------

    def next_task(self, timeout_seconds: float, reader: str = "") -> Assignment | None:
        """The next task for a reader, or None when there is none within the time (or at the end: see ``is_stopping``)."""
        while True:
            with self._condition:
                if self._stopping:
                    return None
                if settled := self._aside.take():
                    self._line.add([job for job in settled if not job.dropped])
                found = None if self._held else self._line.take(reader)
                if found is not None:
                    return found
                refill = self._wanted and not self._refilling and not self._held and not self._line.has_suspects
                refill = refill and not self._aside.is_full
                if refill:
                    self._refilling = True
                    self._wanted = False  # before the ledger is asked: a ``wake`` from now on calls for another claim
                elif not self._condition.wait(self._aside.until_next(timeout_seconds)):
                    return None
            if refill and not self._refill():
                with self._condition:
                    self._condition.wait(timeout_seconds)  # the store could not be asked: not at once again
                return None

    def put_aside(self, job: ActiveJob, seen: FileSignature, wait_seconds: float) -> None:
        """A file was changed a moment ago: it is looked at again when it had time to settle, and must be the same then."""
        with self._condition:
            if self._aside.put(job, seen, wait_seconds):
                self._condition.notify_all()  # who waits has to wake up sooner

    def returned(self, jobs: Sequence[ActiveJob]) -> None:
        """A task that was handed out is done with, whatever became of it. Once for each."""
        with self._condition:
            self._line.returned(jobs)
            self._condition.notify_all()

    def in_hand(self, reader: str, job: ActiveJob | None) -> None:
        """Note what a producer's child has begun, for whoever finds us killed. At once; by the producer's thread."""
        seat = self._seats.get(reader)
        if seat is None:  # asked for each file: the lock only the first time
            with self._condition:
                seat = self._seats.setdefault(reader, len(self._seats))
        self._repository.note_in_hand(self._worker_id, seat, job.claim if job else None)

    def blame(self, job: ActiveJob) -> None:
        """A child died over this file: count it, also for later runs."""
        try:
            self._repository.blame(job.claim)
        except IngestError as error:  # then this run alone knows of it
            _log.warning("crash not noted", extra={"code": error.code, "cause": str(error)})

    @property
    def crash_limit(self) -> int:
        """After so many deaths without headway a file is read no more."""
        return self._settings.crash_limit

    def _refill(self) -> bool:
        """Claim jobs and pack them. When a claim brings nothing, the next one waits for ``wake``.

        Returns:
            False when the ledger could not be asked: what waits there still waits, so a claim stays wanted.
        """
        claims: list[Claim] | None = None
        jobs: list[ActiveJob] = []
        trouble: IngestError | None = None
        try:
            claims = self._repository.claim(
                self._worker_id,
                limit=self._settings.batch_size * self._settings.worker_count * 2,
                max_bytes=CLAIM_BYTES,
                batch_id=self._batch_id,
            )
            jobs = [ActiveJob(claim) for claim in claims]
            self._look_up_known(jobs)  # when it fails they are simply read without
        except IngestError as error:
            trouble = error if claims is None else None
            _log.warning("claim failed", extra={"code": error.code, "cause": str(error)})
        except Exception:  # noqa: BLE001 - or nobody would ever claim again
            _log.exception("claim failed")
        with self._condition:
            self._refilling = False
            self._store_trouble = trouble
            self._wanted = self._wanted or claims is None or bool(claims)
            for job in jobs:
                former = self._active.get(job.claim.job_id)
                if former is not None:  # taken away and waiting again before we noticed: what is in hand of it is void
                    former.dropped = True
                self._active[job.claim.job_id] = job
            self._line.add(jobs)
            self._condition.notify_all()
        return claims is not None

    def _look_up_known(self, jobs: Sequence[ActiveJob]) -> None:
        by_kb: dict[str, list[ActiveJob]] = {}
        for job in jobs:
            by_kb.setdefault(job.claim.kb_id, []).append(job)
        for kb_id, group in by_kb.items():
            known: dict[str, KnownPath] = self._contents.of(kb_id).known([job.claim.path for job in group])
            for job in group:
                job.known = known.get(job.claim.path)

    def planned(self, job: ActiveJob, plan: DocumentPlan, reader: str) -> bool:
        """A long document was looked at by a reader: deal out the segments that are missing. False when none is.

        Raises:
            StoreError: The store cannot be asked.
        """
        recipe = recipe_of(plan.reader, plan.reader_version, self._options, plan.unit, plan.shape)
        store = self._contents.of(job.claim.kb_id)
        has_twin = store.has_document(plan.sha256, recipe)
        state = store.state(plan.sha256, recipe, job_id=str(job.claim.job_id), segments=len(plan.segments))
        with self._condition:
            job.plan, job.recipe = plan, recipe
            job.reused = len(state.segments_done)
            job.missing = set() if has_twin else set(state.next_segments)
            job.done_units = sum(s.stop - s.start for s in plan.segments if s.number not in job.missing)
            job.stored_units = job.done_units
            self._line.segments.deal(job, reader, self._options)
            self._board.post(job.claim.job_id, JobPhase.EXTRACTING, job.done_units, job.total_units, plan.unit)
            self._condition.notify_all()
            return bool(job.missing)

    def give_back(self, jobs: Sequence[ActiveJob], *, suspect: ActiveJob | None = None) -> None:
        """Jobs whose lot broke before their turn: read them again.

        With a suspect, each is read alone now: a child tells what it has done a little late, so it may be another
        one's fault, and only the next death says whose.
        """
        with self._condition:
            if suspect is not None:
                suspect.deaths += 1
                for job in jobs:
                    job.alone = True
            self._line.put_back(jobs)
            self._condition.notify_all()

    def give_back_segment(self, job: ActiveJob, number: int) -> None:
        """A segment whose child died: read it again, last."""
        with self._condition:
            self._line.segments.again(job, number)
            self._condition.notify_all()

    # for the consumer ----------------------------------------------------------------------

    def segment_stored(self, job: ActiveJob, number: int) -> bool:
        """A segment was written (and will be committed). True when it was the last one missing."""
        with self._condition:
            job.missing.discard(number)
            job.suspect = False  # it made headway
            plan = job.plan
            if plan is not None and len(plan.segments) > 1:
                span = plan.segments[number]
                job.done_units += span.stop - span.start
                self._board.post(job.claim.job_id, JobPhase.EXTRACTING, job.done_units, job.total_units, plan.unit)
            return not job.missing

    def ended(self, jobs: Iterable[ActiveJob]) -> None:
        """The endings of these jobs are committed."""
        done = list(jobs)
        with self._condition:
            for job in done:
                job.dropped = True
            done = [job for job in done if self._active.get(job.claim.job_id) is job]  # not a later claim of the same
            for job in done:
                del self._active[job.claim.job_id]
            self._board.forget({job.claim.job_id for job in done})
            self._condition.notify_all()

    # for everybody -------------------------------------------------------------------------

    def wake(self) -> None:
        """Jobs may have been added: claim again."""
        with self._condition:
            self._wanted = True
            self._condition.notify_all()

    def recheck(self) -> list[ActiveJob]:
        """Ask the ledger which jobs are still ours; the others are dropped and returned.

        Raises:
            StoreError: The store cannot be asked.
        """
        with self._condition:
            jobs = list(self._active.values())
        mine = self._repository.still_mine([job.claim for job in jobs])
        lost = [job for job in jobs if job.claim.job_id not in mine]
        with self._condition:
            lost = [job for job in lost if self._active.get(job.claim.job_id) is job]
            for job in lost:
                job.dropped = True
                del self._active[job.claim.job_id]
            self._board.forget({job.claim.job_id for job in lost})
            self._wanted = True
            self._condition.notify_all()
        return lost

    def hold(self, held: bool, reason: str) -> None:
        """Claim and hand out nothing for now (disk full, store busy), or go on once no reason is left."""
        with self._condition:
            if held:
                self._held.add(reason)
            else:
                self._held.discard(reason)
            self._wanted = True
            self._condition.notify_all()

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    @property
    def is_stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping

    def active(self) -> list[ActiveJob]:
        """The jobs in the hands of this process."""
        with self._condition:
            return list(self._active.values())

    @property
    def store_trouble(self) -> IngestError | None:
        """What the store refused last, a claim perhaps, or why a reader has no process; None when all works.

        It is tried again all the while.
        """
        return self._store_trouble or next(iter(list(self._without_process.values())), None)

    @property
    def is_held_idle(self) -> bool:
        """Whether nothing is in hand and nothing is claimed because something holds work up."""
        with self._condition:
            return bool(self._held) and not self._active

    def active_count(self) -> int:
        """How many jobs are in the hands of this process."""
        return len(self._active)

    def met_trouble(self, error: IngestError | None, pause_seconds: float = 0.0) -> None:
        """The store refused something, or works again with None. Waits a little then, but not past the end."""
        with self._condition:
            self._store_trouble = error
            if pause_seconds:
                self._condition.wait_for(lambda: self._stopping, pause_seconds)

    def met_no_process(self, reader: str, error: IngestError, pause_seconds: float) -> None:
        """A reader has no process to read with. Waits a little then, but not past the end."""
        with self._condition:
            self._without_process[reader] = error
            self._condition.wait_for(lambda: self._stopping, pause_seconds)

    def has_process(self, reader: str) -> None:
        """A reader has a process again."""
        self._without_process.pop(reader, None)

    def hold_base(self, kb_id: str, code: str) -> bool:
        """Pause a knowledge base for the error with this code and let go of its jobs; False when that cannot be written."""
        try:
            self._repository.hold_base(kb_id, code)
            self.recheck()
        except IngestError as error:
            _log.warning("knowledge base not held", extra={"code": error.code, "cause": str(error)})
            return False
        return True

    def wait_until_drained(self, timeout_seconds: float | None = None) -> bool:
        """Wait until nothing is in hand and the last claim brought nothing. True when it is so."""
        with self._condition:
            return self._condition.wait_for(self._is_drained, timeout_seconds)

    def _is_drained(self) -> bool:
        return (not self._active and not self._wanted and not self._refilling) or self._stopping
