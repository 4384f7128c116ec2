"""Creates, starts, drains, joins and cancels the workers of this process. No Qt: hosts are handed in."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.application.work import ResultQueue
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import IngestError, StoreError
from ingest_desktop.domain.interfaces.repository import OthersAtWork, Repository
from ingest_desktop.domain.interfaces.workers import ConsumerWorker, ProducerWorker, Worker, WorkerHost

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers of one run, made together because they share a scheduler and a queue."""

    scheduler: Scheduler
    queue: ResultQueue
    producers: Sequence[ProducerWorker]
    consumer: ConsumerWorker
    steward: Worker
    worker_id: str
    batch_id: str | None = None  # they work on this alone


class WorkerLifecycle:
    """Fulfils ``LifecycleManager``. Any thread; ``start`` and ``stop`` exclude each other."""

    def __init__(
        self,
        repository: Repository,
        make_crew: Callable[[str, str | None], Crew],
        make_host: Callable[[Worker], WorkerHost],
        *,
        label: str,
    ) -> None:
        """``make_crew`` gets the worker id and the batch that this process is restricted to."""
        self._repository = repository
        self._make_crew = make_crew
        self._make_host = make_host
        self._label = label
        self._lock = threading.Lock()
        self._crew: Crew | None = None
        self._hosts: list[tuple[str, WorkerHost]] = []
        self.has_worked = False  # whether there ever were workers

    @property
    def crew(self) -> Crew | None:
        """The workers while they run."""
        return self._crew

    @property
    def is_working(self) -> bool:
        """False before ``start``, after ``stop``, and when the workers gave up because of a bug."""
        crew = self._crew
        return crew is not None and not crew.scheduler.is_stopping

    def start(self, *, batch_id: str | None = None) -> None:
        """Create and start all workers. A second call does nothing.

        Raises:
            StoreError: The ledger cannot be written; nothing was started.
        """
        with self._lock:
            if self._crew is not None:
                return
            spare_the_collector()
            self.has_worked = True
            worker_id = self._repository.register_worker(self._label)
            crew = self._crew = self._make_crew(worker_id, batch_id)
            workers: list[Worker] = [crew.consumer, *crew.producers, crew.steward]
            self._hosts = [(worker.name, self._make_host(worker)) for worker in workers]
            for _, host in self._hosts:
                host.start()

    def wake(self) -> None:
        """Jobs may have been added."""
        crew = self._crew
        if crew is not None:
            crew.scheduler.wake()

    def recheck(self) -> None:
        """Jobs may have been taken away from us: let go of them now rather than at the steward's next round."""
        crew = self._crew
        if crew is not None:
            crew.scheduler.recheck()

    def drain(self, timeout_seconds: float | None = None, *, give_up: threading.Event | None = None) -> bool:
        """Wait until the queue is drained: nothing claimable now or at a retry's due time, nothing in hand, all
        committed. True when it is; False when the time is up, ``give_up`` is set or the workers were stopped.
        """
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        crew = self._crew
        while crew is not None and not crew.scheduler.is_stopping and not (give_up and give_up.is_set()):
            left = 0.5 if end is None else min(0.5, end - time.monotonic())
            if left <= 0:
                return False
            if crew.scheduler.wait_until_drained(left) and not crew.scheduler.is_stopping:
                due = self._repository.next_due()
                if due is None:
                    return True
                pause = (due - datetime.now(UTC)).total_seconds()
                if pause <= 0:
                    crew.scheduler.wake()
                elif give_up is not None:
                    give_up.wait(min(pause, left))
                else:
                    time.sleep(min(pause, left))  # until a known moment, not for luck
            elif crew.scheduler.is_held_idle and not self._repository.counts().of(JobStatus.QUEUED):
                return True  # work is held up, but there is none
        return False

    def look_after_others(self) -> OthersAtWork:
        """What other workers still have in hand when the queue is drained. Jobs of the dead are taken over: then, and
        while it is not known whether somebody lives, ``is_unsure`` says that work may come. Ask again in a while.
        """
        crew = self._crew
        if crew is None:
            return OthersAtWork()
        others = self._repository.others_at_work(crew.worker_id)
        if not others.is_unsure:
            return others
        try:
            recovered = self._repository.heartbeat(crew.worker_id)
        except StoreError as error:  # frozen in the midst of a commit, perhaps: it holds everybody up
            _log.warning("dead not looked for", extra={"code": error.code, "cause": str(error)})
            return others
        if recovered:
            crew.scheduler.wake()
            return others
        return self._repository.others_at_work(crew.worker_id)

    def stop(self, timeout_seconds: float) -> list[str]:
        """Finish the segments in hand, commit, end every thread; names of threads that did not end in time."""
        return self._end(timeout_seconds, at_once=False)

    def cancel(self, timeout_seconds: float) -> list[str]:
        """As ``stop``, but what is in hand is given up: children are killed."""
        return self._end(timeout_seconds, at_once=True)

    def _end(self, timeout_seconds: float, *, at_once: bool) -> list[str]:
        with self._lock:
            crew, self._crew = self._crew, None
            hosts, self._hosts = self._hosts, []
        if crew is None:
            return []
        end = time.monotonic() + timeout_seconds
        crew.scheduler.stop()
        crew.steward.stop()
        for producer in crew.producers:
            producer.stop()
            if at_once:
                producer.abort()
        names = {producer.name for producer in crew.producers}
        reading = [(name, host) for name, host in hosts if name in names]
        others = [(name, host) for name, host in hosts if name not in names]
        if late := _join(reading, end - 0.25 * timeout_seconds):
            _log.warning("threads late, children killed", extra={"threads": late})
            for producer in crew.producers:
                producer.abort()
            _join(reading, end)
        crew.queue.close()  # in order: no producer puts any more, the consumer drains and commits
        crew.consumer.stop()
        _join(others, max(end, time.monotonic() + 1.0))
        self._give_back(crew)
        late = [name for name, host in hosts if host.is_alive]
        if late:
            _log.error("threads did not end", extra={"threads": late})
        return late

    def _give_back(self, crew: Crew) -> None:
        """Jobs that were claimed and not ended wait again; their finished segments are kept."""
        try:
            claims = [job.claim for job in crew.scheduler.active()]
            self._repository.release(claims, reason="the program stopped", attempt_counts=False)
            self._repository.unregister_worker(crew.worker_id)
        except IngestError as error:
            _log.warning("jobs await recovery", extra={"code": error.code, "cause": str(error)})


def spare_the_collector() -> None:
    """Look for reference cycles rarely while tens of thousands of rows are in hand: they are no cycles.

    With the defaults the collector took a fifth of this process's time while 10,000 files were stored.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _join(hosts: Sequence[tuple[str, WorkerHost]], end: float) -> list[str]:
    """Wait for threads until a moment; names of those that still run."""
    return [name for name, host in hosts if not host.join(max(0.0, end - time.monotonic()))]
