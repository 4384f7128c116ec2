"""The consumer: the one writer of content. Gathers results, stores them in groups, ends jobs.

A group is what came for one knowledge base within a second or so: one transaction in its file, one in the ledger,
in that order (see "The store" in docs/architecture.md). Locks are always taken in the order content, ledger, and
one knowledge base at a time, so two processes cannot wait for each other.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest_desktop.application.endings import completion, failure
from ingest_desktop.application.events import EventHub
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.application.work import ActiveJob, Complete, Fault, Result, ResultQueue, Same, Stored
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import IngestError, StoreError
from ingest_desktop.domain.interfaces.contents import ContentStores
from ingest_desktop.domain.interfaces.repository import Confirmed, ContentStore, Ending, Finished, Repository, SegmentIn
from ingest_desktop.observability.logs import work_context
from ingest_desktop.observability.metrics import Metrics

_log = logging.getLogger(__name__)

IDLE_SECONDS = 0.05  # nothing came for so long: store what is there
LONGEST_WAIT_SECONDS = 15.0  # between two tries while the store cannot be written


@dataclass(slots=True)
class _Group:
    """Results for one knowledge base that are not stored yet."""

    segments: list[SegmentIn] = field(default_factory=list)
    finishing: list[ActiveJob] = field(default_factory=list)
    same: list[Same] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def ending_jobs(self) -> list[ActiveJob]:
        """Jobs that end with this group."""
        return [*self.finishing, *(same.job for same in self.same), *(fault.job for fault in self.faults)]


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
        self._groups: dict[str, _Group] = {}
        self._chunks = 0
        self._oldest: float | None = None
        self._give_up = threading.Event()

    def run(self) -> None:
        """Store until the queue is closed and drained."""
        try:
            while True:
                results = self._queue.get(IDLE_SECONDS if self._groups else self._settings.consumer_poll_interval)
                if results is None:
                    self._flush()
                    return
                self._metrics.queue_depth(len(self._queue))
                self._gather(results)
                if self._groups and (not results or self._is_due()):
                    self._flush()
        except Exception:  # noqa: BLE001 - the loop's top: the jobs in hand await recovery at the next start
            _log.exception("consumer failed")
            self._scheduler.stop()
            self._queue.close()

    def stop(self) -> None:
        """Do not wait any longer for a store that cannot be written. The loop itself ends with its queue."""
        self._give_up.set()

    def _is_due(self) -> bool:
        if self._chunks >= self._settings.commit_chunks:
            return True
        return self._oldest is not None and time.monotonic() - self._oldest >= self._settings.commit_seconds

    def _gather(self, results: list[Result]) -> None:
        for result in results:
            job = result.job
            if job.dropped:
                continue
            group = self._groups.setdefault(job.claim.kb_id, _Group())
            if self._oldest is None:
                self._oldest = time.monotonic()
            if isinstance(result, Stored):
                assert job.plan is not None
                group.segments.append(SegmentIn(job.plan, job.recipe, result.result))
                self._chunks += len(result.result.chunks)
                if self._scheduler.segment_stored(job, result.result.number):
                    group.finishing.append(job)
            elif isinstance(result, Complete):
                group.finishing.append(job)
            elif isinstance(result, Same):
                group.same.append(result)
            else:
                group.faults.append(result)

    # storing -------------------------------------------------------------------------------

    def _flush(self) -> None:
        groups, self._groups = self._groups, {}
        self._chunks, self._oldest = 0, None
        for kb_id, group in groups.items():
            with work_context(kb_id=kb_id):
                self._store_patiently(kb_id, group)

    def _store_patiently(self, kb_id: str, group: _Group) -> None:
        """Store a group; while the disk is full or the store is locked, keep it and try again."""
        wait, in_trouble = 0.5, False
        while True:
            try:
                self._store(kb_id, group)
                break
            except StoreError as error:
                if not error.retryable or self._give_up.is_set():
                    self._fail(group, error)
                    break
                _log.warning("store not writable", extra={"code": error.code, "cause": str(error)})
                self._scheduler.hold(True)
                self._hub.trouble(error.code, str(error), error.hint)
                in_trouble = True
                self._give_up.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        if in_trouble:
            self._scheduler.hold(False)
            self._hub.trouble("", "", "")

    def _store(self, kb_id: str, group: _Group) -> None:
        started = time.perf_counter()
        store = self._contents.of(kb_id)
        try:
            if group.segments:
                store.add_segments(group.segments)
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
        self._tell(jobs, endings, indexed)

    def _make_live(self, store: ContentStore, group: _Group, mine: set[int], indexed: float) -> list[Ending]:
        finishing = [job for job in group.finishing if job.claim.job_id in mine]
        finished = [Finished(j.claim.path, j.claim.job_id, j.plan, j.recipe) for j in finishing if j.plan is not None]
        lives = store.finish(finished)
        share = indexed / max(1, len(group.segments))
        endings = [completion(job, live, share) for job, live in zip(finishing, lives, strict=True)]
        same = [result for result in group.same if result.job.claim.job_id in mine]
        store.confirm([Confirmed(s.job.claim.path, s.job.claim.job_id, s.plan.signature) for s in same])
        endings += [completion(result.job, None, 0.0, result.plan) for result in same]
        now = datetime.now(UTC)
        for fault in group.faults:
            if fault.job.claim.job_id in mine:
                endings.append(failure(fault.job, fault.code, fault.message, now, self._settings))
        return endings

    def _fail(self, group: _Group, error: StoreError) -> None:
        """The group cannot be stored: say so on its jobs, if the ledger still listens."""
        _log.error("group lost", extra={"code": error.code, "cause": str(error)})
        jobs = group.ending_jobs
        if not jobs:
            return
        try:
            now = datetime.now(UTC)
            with self._repository.ending([failure(job, error.code, str(error), now, self._settings) for job in jobs]):
                pass
        except IngestError:
            _log.exception("endings lost; the jobs await recovery")
        self._scheduler.ended(jobs)

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
        self._metrics.job_ended(word, ending.claim.size, seconds, chunks)
        if ending.error_code:
            claim = ending.claim
            with work_context(job_id=str(claim.job_id), kb_id=claim.kb_id, batch_id=claim.batch_id):
                _log.info("job failed", extra={"code": ending.error_code, "cause": ending.error_message})
