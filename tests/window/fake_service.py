"""Jobs in memory by the thousand, with the same calls as the real service has for the window.

A long room, as all that the window may call stands here, as in ``ui.backend`` that it fulfils.
"""

import threading
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from ingest_desktop.application.attention import HitLimit, limits_in, record_of
from ingest_desktop.domain.causes import Cause, Tool, cause_of
from ingest_desktop.domain.enums import JobEvent, JobStatus, Outcome, PauseScope, can, target_of
from ingest_desktop.domain.errors import IngestError, InvalidRequestError, NotFoundError
from ingest_desktop.domain.interfaces.events import JobEvents
from ingest_desktop.domain.models import (
    ActionResult,
    Batch,
    Chunk,
    Counts,
    DiscoveryReport,
    HistoryEntry,
    Job,
    JobOrder,
    JobQuery,
    JobSelector,
    KnowledgeBase,
    Location,
    QueueMove,
    Receipt,
    Refusal,
    Submission,
)

START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class FakePreflight:
    files: int
    bytes: int
    kinds: Mapping[str, int]
    skipped: Mapping[str, int]
    sizes: Mapping[str, int] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeStatus:
    counts: Counts
    app_paused: bool
    running: int
    workers: int


def job(number: int, status: JobStatus = JobStatus.QUEUED, **changes: object) -> Job:
    values: dict[str, object] = {
        "id": str(number),
        "kb_id": "kb1",
        "batch_id": "b1",
        "source_path": f"/home/ada/Documents/reports/report {number:05}.pdf",
        "original_filename": f"report {number:05}.pdf",
        "byte_size": 40_000 + number * 37,
        "status": status,
        "created_at": START,
        "updated_at": START,
        "revision": number,
    }
    return Job.model_validate({**values, **changes})


class FakeAttention:
    """The groups of a ``FakeService``; which programs are there is for the test to say."""

    def __init__(self, service: "FakeService") -> None:
        self.service = service
        self.there: dict[Tool, int] = {}

    def _jobs(self, query: JobQuery) -> list[Job]:
        return [one for part in self.service.job_ids(query) for one in self.service.jobs_by_ids(part)]

    def causes(self, kb_id: str | None = None) -> dict[Cause, int]:
        jobs = [one for one in self.service.jobs.values() if one.needs_attention and kb_id in (None, one.kb_id)]
        found = Counter(cause_of(one.error_code, one.outcome, one.gaps) for one in jobs)
        return {cause: count for cause, count in found.items() if cause is not None}

    def tools(self) -> frozenset[Tool]:
        return frozenset(self.there)

    def readable(self, kb_id: str | None = None) -> dict[Tool, int]:
        return dict(self.there)

    def retry(self, query: JobQuery) -> ActionResult:
        self.service.calls.append(("retry_query", query))
        return self.service.retry(JobSelector(job_ids=tuple(one.id for one in self._jobs(query))))

    def retry_with(self, tool: Tool, kb_id: str | None = None) -> ActionResult:
        self.service.calls.append(("retry_with", (tool, kb_id)))
        return ActionResult(changed=self.there.pop(tool, 0))

    def delete(self, query: JobQuery) -> ActionResult:
        return self.service.delete(JobSelector(job_ids=tuple(one.id for one in self._jobs(query))))

    def limits(self, query: JobQuery) -> list[HitLimit]:
        return limits_in(self._jobs(query))

    def limits_of(self, job_id: str) -> list[HitLimit]:
        return limits_in([self.service.job(job_id)])

    def records(self, query: JobQuery) -> Iterator[dict[str, object]]:
        return map(record_of, self._jobs(query))


class FakeService:
    """Keeps jobs in a dict; thread safe; every act is recorded in ``calls``."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.jobs: dict[int, Job] = {}
        self.order: array[int] = array("q")
        self.attention = FakeAttention(self)
        self.bases = [KnowledgeBase(kb_id="kb1", name="Library", created_at=START)]
        self.binned_bases: list[KnowledgeBase] = []
        self.calls: list[tuple[str, object]] = []
        self.listeners: list[JobEvents] = []
        self.paused = False
        self.rev = 0
        self.trash: dict[str, list[Job]] = {}
        self.found_files = 3
        self.kinds: dict[str, int] = {}  # by kind, instead of PDF alone
        self.known: dict[str, int] = {}
        self.without: list[tuple[str, ...]] = []
        self.skipped: dict[str, int] = {}
        self.reports: dict[str, DiscoveryReport] = {}
        self.error: IngestError | None = None
        self.restore_error: IngestError | None = None
        self.receipts: dict[int, Receipt] = {}
        self.hold: dict[str, threading.Event] = {}  # a first path: its search ends when this is set, or it is stopped
        self.searching: dict[str, str] = {}
        self.ui_thread = threading.get_ident()
        self.seen_threads: set[int] = set()

    def _off_the_ui(self) -> None:
        self.seen_threads.add(threading.get_ident())

    # making --------------------------------------------------------------------------------
    def put(self, *jobs: Job, tell: bool = False) -> None:
        with self._lock:
            fresh = []
            for one in jobs:
                self.rev += 1
                stored = one.model_copy(update={"revision": self.rev})
                if int(one.id) not in self.jobs:
                    self.order.append(int(one.id))
                self.jobs[int(one.id)] = stored
                fresh.append(stored)
        if tell:
            for listener in self.listeners:
                listener.jobs_changed(fresh)

    def fill(self, count: int) -> None:
        """Rows without jobs in memory: they are made when asked for."""
        self.order = array("q", range(1, count + 1))

    def _job(self, number: int) -> Job | None:
        found = self.jobs.get(number)
        if found is None and 0 < number <= len(self.order):
            found = job(number, JobStatus.COMPLETED, chunk_count=12, outcome=Outcome.INGESTED, revision=0)
        return found

    # knowledge bases -----------------------------------------------------------------------
    def knowledge_bases(self) -> list[KnowledgeBase]:
        self._off_the_ui()
        return sorted(self.bases, key=lambda base: base.name)

    def create_knowledge_base(self, name: str) -> KnowledgeBase:
        self.calls.append(("create_base", name))
        if any(base.name == name for base in self.bases):
            raise InvalidRequestError("There is one with this name.")
        base = KnowledgeBase(kb_id=f"kb{len(self.bases) + 1}", name=name, created_at=START)
        self.bases.append(base)
        return base

    def rename_knowledge_base(self, kb_id: str, name: str) -> None:
        self.calls.append(("rename_base", (kb_id, name)))
        self.bases = [b.model_copy(update={"name": name}) if b.kb_id == kb_id else b for b in self.bases]

    def delete_knowledge_base(self, kb_id: str) -> None:
        self.calls.append(("delete_base", kb_id))
        self.binned_bases += [b for b in self.bases if b.kb_id == kb_id]
        self.bases = [b for b in self.bases if b.kb_id != kb_id]

    def restore_knowledge_base(self, kb_id: str) -> None:
        self.calls.append(("restore_base", kb_id))
        if self.restore_error is not None:
            raise self.restore_error
        self.bases += [b for b in self.binned_bases if b.kb_id == kb_id]
        self.binned_bases = [b for b in self.binned_bases if b.kb_id != kb_id]

    def deleted_knowledge_bases(self) -> list[KnowledgeBase]:
        self._off_the_ui()
        return list(self.binned_bases)

    # adding --------------------------------------------------------------------------------
    def preflight(
        self,
        paths: Sequence[str],
        stop: threading.Event,
        *,
        kb_id: str | None = None,
        told: Callable[[int], None] | None = None,
    ) -> FakePreflight:
        self._off_the_ui()
        self.calls.append(("preflight", tuple(paths)))
        kinds = self.kinds or {"pdf": self.found_files}
        if told is not None:
            told(sum(kinds.values()))
        sizes = {kind: count * 50_000 for kind, count in kinds.items()}
        return FakePreflight(sum(kinds.values()), sum(sizes.values()), kinds, self.skipped, sizes, self.known)

    def submit(
        self,
        paths: Sequence[str],
        *,
        kb_id: str | None = None,
        priority: int = 0,
        origin: str = "window",
        stop: threading.Event | None = None,
        without: Collection[str] = (),
        hold: Callable[[], bool] | None = None,
    ) -> Submission:
        self._off_the_ui()
        self.without.append(tuple(without))
        self.calls.append(("submit", (tuple(paths), kb_id)))
        if self.error is not None:
            raise self.error
        if paths[0] in self.hold:
            self._search(paths[0], stop)
        with self._lock:
            batch_id = self.searching.get(paths[0], f"b{len(self.reports) + 1}")
            first = len(self.order) + 1
            kb_id = kb_id or "kb1"
            for number, path in enumerate(paths, first):
                name = PurePath(path).name
                self.put(
                    job(
                        number, kb_id=kb_id, batch_id=batch_id, source_path=path, original_filename=name, byte_size=1234
                    )
                )
            report = DiscoveryReport(
                batch_id=batch_id, found=len(paths), added=len(paths), skipped=self.skipped, finished=True
            )
            self.reports[batch_id] = report
        for listener in self.listeners:
            listener.jobs_added(batch_id, len(paths))
            listener.discovery_changed(report)
        self.calls.append(("submitted", tuple(paths)))
        return Submission(batch=self.batch(batch_id), report=report)

    def _search(self, path: str, stop: threading.Event | None) -> None:
        batch_id = f"slow {path}"
        for listener in self.listeners:
            listener.discovery_changed(DiscoveryReport(batch_id=batch_id, found=1))
        self.searching[path] = batch_id
        while not (self.hold[path].wait(0.005) or (stop is not None and stop.is_set())):
            pass

    # acting --------------------------------------------------------------------------------
    def _chosen(self, selector: JobSelector) -> list[Job]:
        ids = {int(i) for i in selector.job_ids}
        return [
            one
            for one in (self._job(n) for n in self.order)
            if one is not None
            and (
                int(one.id) in ids
                or selector.everything
                or one.kb_id == selector.kb_id
                or one.batch_id == selector.batch_id
            )
            and (not selector.statuses or one.status in selector.statuses)
        ]

    def _act(self, event: JobEvent, selector: JobSelector) -> ActionResult:
        self._off_the_ui()
        self.calls.append((event.value, selector))
        with self._lock:
            chosen = self._chosen(selector)
            good = [one for one in chosen if (one.may_retry if event is JobEvent.RETRY else can(one.status, event))]
            scope = PauseScope.APP if selector.everything else PauseScope.JOB
            changes = {"status": target_of(event), "pause_scope": scope if event is JobEvent.PAUSE else None}
            self.put(*[one.model_copy(update=changes) for one in good], tell=True)
        refused = tuple(
            Refusal(job_id=one.id, status=one.status, message=f"It is {one.status}.")
            for one in chosen
            if one not in good
        )
        return ActionResult(changed=len(good), job_ids=tuple(one.id for one in good), refused=refused)

    def pause(self, selector: JobSelector) -> ActionResult:
        self.paused = self.paused or (selector.everything and not selector.statuses)
        return self._act(JobEvent.PAUSE, selector)

    def resume(self, selector: JobSelector) -> ActionResult:
        self.paused = self.paused and not selector.everything
        return self._act(JobEvent.RESUME, selector)

    def cancel(self, selector: JobSelector) -> ActionResult:
        return self._act(JobEvent.CANCEL, selector)

    def retry(self, selector: JobSelector) -> ActionResult:
        return self._act(JobEvent.RETRY, selector)

    def give_passwords(self, passwords: Sequence[str], selector: JobSelector) -> ActionResult:
        self._off_the_ui()
        self.calls.append(("give_passwords", (tuple(passwords), selector)))
        ids = tuple(one.id for one in self.jobs.values() if one.error_code == "source_encrypted")
        return ActionResult(changed=2, job_ids=ids)

    def retry_failures(self, error_code: str) -> ActionResult:
        self.calls.append(("retry_failures", error_code))
        return ActionResult()

    def delete(self, selector: JobSelector) -> ActionResult:
        self.calls.append(("delete", selector))
        with self._lock:
            chosen = self._chosen(selector)
            token = f"t{len(self.trash) + 1}"
            self.trash[token] = chosen
            gone = {int(one.id) for one in chosen}
            self.order = array("q", (n for n in self.order if n not in gone))
            for number in gone:
                self.jobs.pop(number, None)
            self.rev += 1
        return ActionResult(changed=len(chosen), undo_token=token)

    def undo(self, token: str) -> ActionResult:
        self.calls.append(("undo", token))
        back = self.trash.pop(token)
        self.put(*back, tell=True)
        self.order = array("q", sorted(self.order))
        return ActionResult(changed=len(back))

    def move(self, job_ids: Sequence[str], where: QueueMove) -> int:
        self.calls.append(("move", (tuple(job_ids), where)))
        return len(job_ids)

    def set_priority(self, selector: JobSelector, priority: int) -> int:
        self.calls.append(("priority", (selector, priority)))
        return 1

    def start(self) -> None:
        self.calls.append(("start", None))

    def left_out(self, batch_id: str, stop: threading.Event | None = None) -> dict[str, list[str]]:
        return {code: [f"/docs/{code}-{n}" for n in range(count)] for code, count in self.skipped.items()}

    def resume_discoveries(self, stop: threading.Event | None = None, *, hold: Callable[[], bool] | None = None) -> int:
        self.calls.append(("resume_discoveries", None))
        return 0

    # reading -------------------------------------------------------------------------------
    def counts(self, batch_id: str | None = None) -> Counts:
        with self._lock:
            known = [one for one in self.jobs.values() if batch_id in (None, one.batch_id)]
            found = Counter((one.kb_id, one.status) for one in known)
            if batch_id is None and len(self.order) > len(self.jobs):
                found[("kb1", JobStatus.COMPLETED)] += len(self.order) - len(self.jobs)
            attention = Counter(one.kb_id for one in known if one.needs_attention)
            gaps = Counter(one.kb_id for one in known if one.has_gaps)
            failures = Counter(one.error_code or "ingest" for one in known if one.status is JobStatus.FAILED)
        return Counts(by_status=dict(found), attention=dict(attention), gaps=dict(gaps), failures=dict(failures))

    def status(self) -> FakeStatus:
        self._off_the_ui()
        counts = self.counts()
        return FakeStatus(counts, self.paused, counts.of(JobStatus.RUNNING), 2)

    def job(self, job_id: str) -> Job:
        found = self._job(int(job_id))
        if found is None:
            raise NotFoundError(f"There is no job {job_id}.")
        return found.model_copy(update={"receipt": self.receipts.get(int(job_id))})

    def jobs_by_ids(self, job_ids: Sequence[int]) -> list[Job]:
        self._off_the_ui()
        return [one for one in (self._job(number) for number in job_ids) if one is not None]

    def count_statuses(self, job_ids: Sequence[int]) -> Counter[JobStatus]:
        self._off_the_ui()
        return Counter(one.status for one in (self._job(number) for number in job_ids) if one is not None)

    def count_retryable(self, job_ids: Sequence[int]) -> int:
        return sum(one.may_retry for one in (self._job(number) for number in job_ids) if one is not None)

    def count_left_out(self) -> int:
        with self._lock:
            return sum(one.outcome is Outcome.LEFT_OUT for one in self.jobs.values())

    def job_ids(self, query: JobQuery) -> Iterator["array[int]"]:
        self._off_the_ui()
        with self._lock:
            ids = self.order
            if query != JobQuery():
                jobs = [one for one in (self._job(n) for n in ids) if one is not None and self._answers(one, query)]
                if query.order is JobOrder.NAME:
                    jobs.sort(key=lambda one: one.original_filename, reverse=query.descending)
                elif query.order is JobOrder.SIZE:
                    jobs.sort(key=lambda one: one.byte_size, reverse=query.descending)
                ids = array("q", (int(one.id) for one in jobs))
            parts = [ids[at : at + 20_000] for at in range(0, len(ids), 20_000)]
        yield from parts

    @staticmethod
    def _answers(one: Job, query: JobQuery) -> bool:
        return (
            query.kb_id in (None, one.kb_id)
            and (not query.statuses or one.status in query.statuses)
            and (not query.attention or one.needs_attention)
            and (not query.gaps or one.has_gaps)
            and query.cause in (None, cause_of(one.error_code, one.outcome, one.gaps))
            and query.name_contains.casefold() in one.original_filename.casefold()
        )

    def history(self, job_id: str) -> list[HistoryEntry]:
        return [
            HistoryEntry(at=START, from_status=None, to_status=JobStatus.QUEUED, actor="window"),
            HistoryEntry(
                at=START + timedelta(seconds=2),
                from_status=JobStatus.QUEUED,
                to_status=JobStatus.RUNNING,
                actor="worker",
            ),
        ]

    def chunks_of(self, job_id: str, limit: int) -> list[Chunk]:
        return [
            Chunk(
                chunk_id=f"c{n}",
                document_id="d",
                kb_id="kb1",
                source_path="/x",
                ordinal=n,
                text=f"Text of passage {n}.",
                location=Location(page=n + 1),
            )
            for n in range(3)
        ]

    def queue_place(self, job_id: str) -> int | None:
        return 3

    def next_in_line(self, limit: int = 20) -> list[int]:
        self._off_the_ui()
        with self._lock:
            return [n for n in self.order if n in self.jobs and self.jobs[n].status is JobStatus.QUEUED][:limit]

    def batch(self, batch_id: str) -> Batch:
        return Batch(batch_id=batch_id, kb_id="kb1", label="Reports", origin="window", created_at=START)

    def batch_counts(self, batch_id: str) -> Counts:
        return self.counts(batch_id)

    def revision(self) -> int:
        return self.rev

    def changed_since(self, revision: int) -> tuple[int, list[int]]:
        with self._lock:
            changed = sorted((one.revision, int(one.id)) for one in self.jobs.values() if one.revision > revision)
        return self.rev, [number for _, number in changed[:2000]]
