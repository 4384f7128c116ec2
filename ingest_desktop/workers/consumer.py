"""The consumer: the one writer of content. Gathers results, stores them in groups, ends jobs.

A group is what came for one knowledge base within a second or so: one transaction in its file, one in the ledger,
in that order (see "The store" in docs/architecture.md). Locks are always taken in the order content, ledger, and
one knowledge base at a time, so two processes cannot wait for each other.
"""

import logging
import threading
import time
from collections import Counter
from datetime import UTC, datetime

from ingest_desktop.application.endings import completion, failure
from ingest_desktop.application.events import EventHub
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.application.work import ActiveJob, Complete, Fault, Result, ResultQueue, Same, Stored
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import JobPhase, Outcome
from ingest_desktop.domain.errors import (
    ContentGone,
    IngestError,
    LedgerDamaged,
    QueueEmptyError,
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
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Confirmed, ContentStore, Ending, Finished, Repository, SegmentIn
from ingest_desktop.observability.logs import work_context
from ingest_desktop.observability.metrics import Metrics
from ingest_desktop.workers.group import Group

_log = logging.getLogger(__name__)

IDLE_SECONDS = 0.02  # nothing is in hand and nothing came for so long: store what is there
GONE_SECONDS = 0.5  # between two looks for a store that is not there
LONGEST_WAIT_SECONDS = 15.0  # between two tries while the store cannot be written
DAMAGE_TRIES = 10  # of a file that seems sound: a page that could not be read looks to SQLite like a damaged one


def damage_wait(tries: int) -> float:
    """Seconds until a file that is said to be damaged and seems sound is tried again, after so many tries."""
    return float(min(3.0, 0.1 * 2**tries))


class Consumer:
    """The storing loop."""

    name = "consumer"

    def __init__(
        self,
        scheduler: Scheduler,
        queue: ResultQueue,
        repository: Repository,
        contents: ContentStores,
        settings: Settings,
        hub: EventHub,
        metrics: Metrics,
    ) -> None:
        self._scheduler = scheduler
        self._queue = queue
        self._repository = repository
        self._contents = contents
        self._settings = settings
        self._hub = hub
        self._metrics = metrics
        self._groups: dict[str, Group] = {}
        self._chunks = 0
        self._oldest: float | None = None
        self._give_up = threading.Event()

    def run(self) -> None:
        """Store until the queue is closed and drained."""
        try:
            while True:
                try:
                    results = self._queue.get(self._patience_seconds())
                except QueueEmptyError:
                    self._flush()
                    continue
                if results is None:
                    self._flush()
                    return
                self._metrics.queue_depth(len(self._queue))
                self._gather(results)
                if self._is_due():
                    self._flush()
        except Exception:  # noqa: BLE001 - the loop's top: the jobs in hand await recovery at the next start
            _log.exception("consumer failed")
            self._scheduler.stop()
            self._queue.close()

    def stop(self) -> None:
        """Do not wait any longer for a store that cannot be written. The loop itself ends with its queue."""
        self._give_up.set()

    def _patience_seconds(self) -> float:
        """How long to wait for more before storing what is there: larger groups cost less, but nobody likes to wait.

        While other jobs are in hand more is coming, and groups are stored when they are due; otherwise at once.
        """
        if not self._groups or self._oldest is None:
            return self._settings.consumer_poll_interval
        ending = sum(len(group.ending_jobs) for group in self._groups.values())
        if self._scheduler.active_count() <= ending:
            return IDLE_SECONDS
        return max(0.0, self._oldest + self._settings.commit_seconds - time.monotonic())

    def _is_due(self) -> bool:
        if self._chunks >= self._settings.commit_chunks:
            return True
        return self._oldest is not None and time.monotonic() - self._oldest >= self._settings.commit_seconds

    def _gather(self, results: list[Result]) -> None:
        for result in results:
            job = result.job
            if job.dropped:
                continue
            group = self._groups.setdefault(job.claim.kb_id, Group())
            if self._oldest is None:
                self._oldest = time.monotonic()
            if isinstance(result, Stored):
                assert job.plan is not None
                group.segments.append((job, SegmentIn(job.plan, job.recipe, result.result)))
                self._chunks += len(result.result.chunks)
                if self._scheduler.segment_stored(job, result.result.number) and job not in group.guilty:
                    group.finishing.append(job)
            elif isinstance(result, Complete):
                group.finishing.append(job)
            elif isinstance(result, Same):
                group.same.append(result)
            else:
                group.fault(result)

    # storing -------------------------------------------------------------------------------

    def _flush(self) -> None:
        groups, self._groups = self._groups, {}
        self._chunks, self._oldest = 0, None
        for kb_id, group in groups.items():
            with work_context(kb_id=kb_id):
                self._store_patiently(kb_id, group)

    def _store_patiently(self, kb_id: str, group: Group) -> None:
        """Store a group; while the disk is full or reports errors, or the store is locked, keep it and try again."""
        wait, in_trouble, damaged = 0.5, False, 0
        # Jobs that were taken away do not end here, but what was read of them is kept. One that is back in our hands
        # under a new claim must not stand here twice.
        group = group.part({job for job in group.jobs if not job.dropped}, ending=False)
        while True:
            try:
                self._store(kb_id, group)
                break
            except (StoreBusy, StoreFull, StoreFaulty, StoreReadOnly) as error:
                if self._is_held(kb_id, group, error):
                    break
                if self._give_up.is_set():
                    _log.warning("group not stored; its jobs wait again", extra={"code": error.code})
                    break  # the lifecycle gives back what is still in our hands
                _log.warning("store not writable", extra={"code": error.code, "cause": str(error)})
                self._scheduler.hold(True, "store")
                self._hub.trouble(error.code, str(error), error.hint)
                in_trouble = True
                self._give_up.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                if isinstance(error, StoreFaulty):  # what a person pauses meanwhile holds the others up no longer
                    group = group.part({job for job in group.jobs if not job.dropped})
                    if not group.jobs:
                        break
            except StoreGone as error:
                self._hub.trouble(error.code, str(error), error.hint)
                if self._is_given_up(kb_id, group, error):
                    return
                in_trouble = True
            except StoreDamaged as error:
                damaged += 1
                if damaged < DAMAGE_TRIES and self._seems_sound(kb_id, error):
                    self._give_up.wait(damage_wait(damaged))
                    continue
                if not self._hold_base(kb_id, group, error):
                    self._sort_out(kb_id, group, error)
                break
            except StoreTooNew as error:
                if not self._hold_base(kb_id, group, error):
                    self._sort_out(kb_id, group, error)
                break
            except Exception as error:  # noqa: BLE001 - also what a reader made that no store takes: it must not end us
                self._sort_out(kb_id, group, error)
                break
        if in_trouble:
            self._scheduler.hold(False, "store")
            self._hub.trouble("", "", "")

    def _is_given_up(self, kb_id: str, group: Group, error: StoreGone) -> bool:
        """Wait for a store that is not there. True when the group is ours no longer: we end, or its file alone is lost."""
        if self._give_up.wait(GONE_SECONDS):
            _log.warning("group not stored; its jobs wait again", extra={"code": error.code})
            return True
        try:
            self._contents.seems_sound(kb_id)
        except StoreDamaged as lost:
            return self._hold_base(kb_id, group, lost)
        except IngestError:
            pass  # the whole folder is gone: the steward ends the work
        return False

    def _seems_sound(self, kb_id: str, error: StoreDamaged) -> bool:
        """Whether a look at a file that is said to be damaged finds nothing, or cannot be taken now."""
        try:
            return not isinstance(error, LedgerDamaged) and self._contents.seems_sound(kb_id)
        except StoreDamaged:
            return False
        except IngestError:
            return True

    def _is_held(self, kb_id: str, group: Group, error: StoreError) -> bool:
        """Whether an error is the matter of this knowledge base alone, whose file may not be written, and it is held now.

        Where the list of jobs may not be written either it cannot be, and all work waits.
        """
        if not isinstance(error, StoreReadOnly | StoreFaulty):
            return False
        forbidden = error if isinstance(error, StoreForbidden) else self._contents.forbidden(kb_id)
        return forbidden is not None and self._hold_base(kb_id, group, forbidden)

    def _hold_base(self, kb_id: str, group: Group, error: StoreError) -> bool:
        """A knowledge base that cannot be used waits until it can, and its jobs with it; the others go on. False when that
        cannot be written.
        """
        if isinstance(error, LedgerDamaged):
            return False
        _log.error("knowledge base held", extra={"kb_id": kb_id, "code": error.code, "cause": str(error)})
        if not self._scheduler.hold_base(kb_id, error.code):
            return False
        self._scheduler.ended(group.jobs)
        self._hub.stand(tuple(dict.fromkeys((*self._hub.standing, (error.code, str(error), error.hint)))))
        return True

    def _sort_out(self, kb_id: str, group: Group, error: Exception) -> None:
        """A group cannot be stored: find the guilty by halves, so that its neighbours do not fail with it."""
        jobs = group.jobs
        if len(jobs) == 1 or isinstance(error, StoreDamaged | StoreTooNew):
            self._fail(kb_id, group, error)
            return
        _log.warning("group cannot be stored; trying halves", extra={"cause": str(error)})
        middle = len(jobs) // 2
        for half in (jobs[:middle], jobs[middle:]):
            self._store_patiently(kb_id, group.part(set(half)))

    def _store(self, kb_id: str, group: Group) -> None:
        started = time.perf_counter()
        if not group.has_content:
            self._end_faults(group)
            return
        store = self._contents.of(kb_id)
        try:
            if group.segments:
                store.add_segments([segment for _, segment in group.segments])
            indexed = time.perf_counter() - started
            endings: list[Ending] = []
            jobs = group.ending_jobs
            if jobs:
                store.begin()  # before the ledger: the order of locks
                endings = [Ending(job.claim) for job in jobs]
                with self._repository.ending(endings) as mine:
                    endings[:] = self._make_live(store, group, mine, indexed)
                    store.commit()
            else:
                store.commit()
        except BaseException:
            store.rollback()
            raise
        self._note_stored(group, indexed)
        self._tell(jobs, endings, indexed)

    def _note_stored(self, group: Group, indexed: float) -> None:
        """The group is on the disk: write down how far its long documents have come, should one be paused now."""
        share = indexed / max(1, len(group.segments))
        for job, segment in group.segments:
            job.stored(segment.result.number, share)
        ended = set(group.ending_jobs)
        going_on = [job for job in group.jobs if job not in ended]
        try:
            self._repository.note_progress([job.progressed(JobPhase.EXTRACTING) for job in going_on])
        except IngestError as error:  # it is noted again with the next group
            _log.warning("progress not noted", extra={"code": error.code, "cause": str(error)})

    def _make_live(self, store: ContentStore, group: Group, mine: set[int], indexed: float) -> list[Ending]:
        finishing = [job for job in group.finishing if job.claim.job_id in mine]
        finished = [Finished(j.claim.path, j.claim.job_id, j.plan, j.recipe) for j in finishing if j.plan is not None]
        lives = store.finish(finished)
        share = indexed / max(1, len(group.segments))
        stored = Counter(job for job, _ in group.segments)
        endings = [
            completion(job, live, job.indexing_seconds + share * stored[job])
            for job, live in zip(finishing, lives, strict=True)
        ]
        same = [result for result in group.same if result.job.claim.job_id in mine]
        gone = store.confirm([Confirmed(s.job.claim.path, s.job.claim.job_id, s.plan.signature) for s in same])
        endings += self._confirmed(store, [s for s in same if s.job.claim.path not in gone])
        lost = [
            Fault(s.job, ContentGone.code, "Its text was deleted meanwhile.") for s in same if s.job.claim.path in gone
        ]
        return endings + self._failures([*lost, *group.faults], mine)

    @staticmethod
    def _confirmed(store: ContentStore, same: list[Same]) -> list[Ending]:
        """Files that still have the content they had. One that was tried again, or has gaps, is told as it was told first."""
        again: list[Same] = []
        others: list[Same] = []
        for s in same:
            known = s.job.known
            (again if known is not None and (known.job == s.job.claim.job_id or known.gaps) else others).append(s)
        lives = store.finish(
            [
                Finished(s.job.claim.path, s.job.claim.job_id, s.plan, s.job.known.stored_recipe)
                for s in again
                if s.job.known
            ]
        )
        endings = [completion(s.job, live, None, s.plan) for s, live in zip(again, lives, strict=True)]
        return endings + [completion(s.job, None, None, s.plan) for s in others]

    def _failures(self, faults: list[Fault], mine: set[int]) -> list[Ending]:
        now = datetime.now(UTC)
        ours = [fault for fault in faults if fault.job.claim.job_id in mine]
        return [failure(f.job, f.code, f.message, now, self._settings, final=f.final, reason=f.reason) for f in ours]

    def _end_faults(self, group: Group) -> None:
        jobs = group.ending_jobs
        endings = [Ending(job.claim) for job in jobs]
        if endings:
            with self._repository.ending(endings) as mine:
                endings[:] = self._failures(group.faults, mine)
        self._tell(jobs, endings, 0.0)

    def _fail(self, kb_id: str, group: Group, error: Exception) -> None:
        """The group cannot be stored: say so on its jobs, also on those that only lost a segment here."""
        ours = isinstance(error, IngestError)
        _log.error("group lost", extra={"cause": str(error)}, exc_info=None if ours else error)
        if not group.has_content:
            self._scheduler.ended(group.jobs)  # not even that they failed can be written: they await recovery
            return
        code = error.code if isinstance(error, IngestError) else IngestError.code
        message = str(error) if ours else f"It could not be stored ({type(error).__name__}: {error})."
        failed = Group()
        for job in group.jobs:
            failed.fault(Fault(job, code, message))
        self._store_patiently(kb_id, failed)

    # telling -------------------------------------------------------------------------------

    def _tell(self, jobs: list[ActiveJob], endings: list[Ending], indexed: float) -> None:
        """The group is on the disk: let go of its jobs and say what happened."""
        self._metrics.phase_took("indexing", indexed)
        if not jobs:
            return
        self._scheduler.ended(jobs)
        for ending in endings:
            self._count(ending)
        if self._hub.has_listeners:
            changed = self._repository.jobs_by_ids([job.claim.job_id for job in jobs])
            self._hub.jobs_changed(changed)
            for batch_id in {job.claim.batch_id for job in jobs}:
                if self._repository.batch(batch_id).finished_at is not None:
                    self._hub.batch_finished(batch_id)

    def _count(self, ending: Ending) -> None:
        if ending.retry_at is not None:
            return
        outcome = ending.outcome or Outcome.INGESTED
        word = ending.error_code or outcome.value
        receipt = ending.receipt
        chunks = receipt.chunks_stored if receipt and outcome in (Outcome.INGESTED, Outcome.UPDATED) else 0
        seconds = {k: v for k, v in receipt.seconds.items() if k != "indexing"} if receipt else {}
        self._metrics.job_ended(word, ending.claim.size if ending.size is None else ending.size, seconds, chunks)
        if ending.error_code:
            claim = ending.claim
            with work_context(job_id=str(claim.job_id), kb_id=claim.kb_id, batch_id=claim.batch_id):
                _log.info("job failed", extra={"code": ending.error_code, "cause": ending.error_message})
