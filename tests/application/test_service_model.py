"""The service over a real store against a small model: whatever people, workers and kills do in whatever order, the store
never disagrees, and every history is legal under the transition table.
"""

import shutil
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from application.kit import (
    COMPLETED,
    FAILED,
    PAUSED,
    QUEUED,
    RUNNING,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    hits,
    plan_file,
    result_of,
)
from ingest_desktop.domain.enums import TRANSITIONS, JobEvent, JobStatus, Outcome, can, may_retry, target_of
from ingest_desktop.domain.errors import DuplicateJobError, NotFoundError, ReaderCrashed
from ingest_desktop.domain.interfaces.repository import Claim
from ingest_desktop.domain.models import ActionResult, Job, JobQuery, JobSelector
from ingest_desktop.domain.wire import Failed, Looked, LookItem, Message, SegmentResult

PLAIN, EMPTY, HOLED, BROKEN, KILLER, LONG = "plain", "empty", "holed", "broken", "killer", "long"
KINDS = (PLAIN, EMPTY, HOLED, BROKEN, KILLER, LONG)
MANY = 2**40
LEGAL = {(source, target) for (source, _), target in TRANSITIONS.items()}


@dataclass
class Row:
    """A job as the model sees it."""

    path: str
    status: JobStatus
    outcome: Outcome | None = None
    gaps: int = 0
    deleted: str = ""  # the token that takes the deletion back
    worker: str = ""

    @property
    def kind(self) -> str:
        return Path(self.path).name.split("-")[0]

    @property
    def in_vain(self) -> bool:
        """Whether adding its file again takes it up."""
        return self.status is FAILED or self.outcome is Outcome.EMPTY

    def may(self, event: JobEvent) -> bool:
        if self.deleted or not can(self.status, event):
            return False
        return event is not JobEvent.RETRY or may_retry(self.status, self.outcome, self.gaps)

    def end(self) -> None:
        """What becomes of a file of this kind when it is read."""
        self.worker = ""
        self.status = FAILED if self.kind in (BROKEN, KILLER) else COMPLETED
        if self.status is COMPLETED:
            self.outcome = Outcome.EMPTY if self.kind == EMPTY else Outcome.INGESTED
            self.gaps = int(self.kind == HOLED)


class ServiceMachine(RuleBasedStateMachine):
    """One program after another on one data folder; beside it workers that never finish and may be killed."""

    workers = Bundle("workers")
    deletions = Bundle("deletions")

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="model"))
        self.docs = self.folder / "docs"
        self.docs.mkdir()
        for kind in KINDS:
            for number in (1, 2):
                lines = "" if kind == EMPTY else "\n".join(f"word{kind}{number} line{n}" for n in range(6))
                (self.docs / f"{kind}-{number}.txt").write_text(lines)
        self.script = Script()
        self.script.before_file = self.read
        self.script.segments_of = lambda path: 3 if LONG in Path(path).name else 1
        self.app = FakeApp(self.folder / "data", self.script, commit_seconds=0.01, consumer_poll_interval=0.02)
        self.rows: dict[str, Row] = {}
        self.paused = False

    @staticmethod
    def read(_child: FakeChild, item: LookItem) -> list[Message] | None:
        kind = Path(item.path).name.split("-")[0]
        if kind == KILLER:
            raise ReaderCrashed("It died.")
        if kind == BROKEN:
            return [Failed(item.key, "source_malformed", "It is broken.")]
        if kind == HOLED:
            plan, found = plan_file(item.path, 1), result_of(item.path, 0, 1)
            return [Looked(item.key, plan, SegmentResult(0, found.chunks, 2, 1, ((2, "It is torn."),), found.chars))]
        return None

    # what happens ------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), number=st.sampled_from([1, 2]))
    def submit(self, kind: str, number: int) -> None:
        path = str(self.docs / f"{kind}-{number}.txt")
        mine = {job: row for job, row in self.rows.items() if row.path == path and not row.deleted}
        active = [job for job, row in mine.items() if not row.status.is_terminal]
        try:
            self.app.service.submit([path])
        except DuplicateJobError as error:
            assert [error.job_id] == active
            return
        assert not active
        waiting = PAUSED if self.paused else QUEUED
        found = {job.id: job for job in all_jobs(self.app)}
        (new,) = set(found) - set(self.rows) or [max((j for j in mine if mine[j].in_vain), key=int)]
        if found[new].status is COMPLETED:  # nothing had to be read
            assert found[new].outcome is Outcome.UNCHANGED
            assert any(row.path == path and row.status is COMPLETED for row in mine.values())
            self.rows[new] = Row(path, COMPLETED, Outcome.UNCHANGED, found[new].gaps)
        else:
            self.rows[new] = Row(path, waiting)

    @precondition(lambda self: self.rows)
    @rule(
        data=st.data(),
        event=st.sampled_from([JobEvent.PAUSE, JobEvent.RESUME, JobEvent.CANCEL, JobEvent.RETRY]),
    )
    def act(self, data: st.DataObject, event: JobEvent) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.rows, key=int)), min_size=1, max_size=4, unique=True))
        doing = {
            JobEvent.PAUSE: self.app.service.pause,
            JobEvent.RESUME: self.app.service.resume,
            JobEvent.CANCEL: self.app.service.cancel,
            JobEvent.RETRY: self.app.service.retry,
        }
        self.compare(doing[event](JobSelector(job_ids=tuple(ids))), event, ids)

    def compare(self, result: ActionResult, event: JobEvent, ids: list[str]) -> None:
        changed = set()
        for job in sorted(ids, key=int) if event is JobEvent.RETRY else ids:
            row = self.rows[job]
            doubled = event is JobEvent.RETRY and row.path in self.active_paths()
            if row.may(event) and not doubled:
                row.status, row.worker = target_of(event), ""
                if event is JobEvent.RETRY:
                    row.outcome, row.gaps = None, 0
                changed.add(job)
        assert set(result.job_ids) == changed
        assert {refusal.job_id for refusal in result.refused} == set(ids) - changed

    def active_paths(self) -> set[str]:
        return {row.path for row in self.rows.values() if not row.deleted and not row.status.is_terminal}

    @rule(paused=st.booleans())
    def pause_all(self, paused: bool) -> None:
        everything = JobSelector(everything=True)
        if paused:
            self.app.service.pause(everything)
        else:
            self.app.service.resume(everything)
        self.paused = paused
        stored = {job.id: job.status for job in all_jobs(self.app)}
        for job, row in self.rows.items():
            if row.deleted:
                continue
            if paused and row.may(JobEvent.PAUSE):
                row.status, row.worker = PAUSED, ""
            elif not paused and row.status is PAUSED:  # those that were paused one by one sleep on
                assert stored[job] in (PAUSED, QUEUED)
                row.status = stored[job]

    @precondition(lambda self: self.rows)
    @rule(target=deletions, data=st.data())
    def delete(self, data: st.DataObject) -> str:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.rows, key=int)), min_size=1, max_size=3, unique=True))
        result = self.app.service.delete(JobSelector(job_ids=tuple(ids)))
        gone = [job for job in ids if not self.rows[job].deleted]
        assert result.changed == len(gone) and (result.undo_token or not gone)
        for job in gone:
            self.rows[job].deleted = result.undo_token or "?"
            if self.rows[job].status is RUNNING:  # it was stopped: what it becomes shows when it comes back
                self.rows[job].worker = ""
        return result.undo_token or ""

    @rule(token=consumes(deletions))
    def undo(self, token: str) -> None:
        back = [job for job, row in self.rows.items() if token and row.deleted == token]
        try:
            self.app.service.undo(token)
        except NotFoundError:
            assert not back
            return
        stored = {job.id: job for job in all_jobs(self.app)}
        for job in back:
            row = self.rows[job]
            if job in stored:  # unless its file is in the list again
                row.deleted, before = "", row.status
                row.status = stored[job].status
                allowed = {before} if before.is_terminal else {QUEUED, PAUSED, JobStatus.CANCELLED}
                assert row.status in allowed

    @rule(target=workers, limit=st.integers(1, 4), reading=st.booleans())
    def claim(self, limit: int, reading: bool) -> str:
        """A worker elsewhere takes some jobs, and is never seen to end one."""
        worker = self.app.repository.register_worker("elsewhere")
        self.recovered()
        free = [job for job, row in self.rows.items() if row.status is QUEUED and not row.deleted]
        claims: list[Claim] = self.app.repository.claim(worker, limit=limit, max_bytes=MANY)
        assert len(claims) == (0 if self.paused else min(limit, len(free)))
        for claim in claims:
            assert str(claim.job_id) in free
            self.rows[str(claim.job_id)].status, self.rows[str(claim.job_id)].worker = RUNNING, worker
        if claims and reading:
            self.app.repository.note_in_hand(worker, 0, claims[0])
        return worker

    @rule(worker=consumes(workers))
    def kill(self, worker: str) -> None:
        """Its jobs wait for whoever looks next."""
        if worker in self.app.repository.worker_locks:
            self.app.repository.worker_hands.pop(worker).close(remove=False)
            self.app.repository.worker_locks.pop(worker).release(remove=False)

    @rule()
    def restart(self) -> None:
        """The program ends well, with all workers of its own, and starts again."""
        mine = set(self.app.repository.worker_locks)
        assert self.app.close() == []
        for row in self.rows.values():
            if row.status is RUNNING and row.worker in mine and not row.deleted:
                row.status, row.worker = QUEUED, ""
        self.app = FakeApp(self.folder / "data", self.script, commit_seconds=0.01, consumer_poll_interval=0.02)

    @rule()
    def work(self) -> None:
        """Read all there is to read."""
        self.app.service.start()
        self.recovered()
        assert self.app.lifecycle.drain(20)
        assert self.app.lifecycle.stop(10) == []
        for row in self.rows.values():
            if row.status is QUEUED and not row.deleted and not self.paused:
                row.end()
        stored = {job.id: job for job in all_jobs(self.app)}
        for job, row in self.rows.items():
            if not row.deleted and row.status is COMPLETED:
                row.outcome = self.same_or(row, stored[job])

    def same_or(self, row: Row, job: Job) -> Outcome | None:
        """A file whose text was there already ends as unchanged; an empty one is empty either way."""
        assert job.outcome is row.outcome or (job.outcome in (Outcome.UNCHANGED, Outcome.UPDATED) and row.kind != EMPTY)
        return job.outcome

    def recovered(self) -> None:
        """Whoever registers gives back what dead workers had."""
        alive = self.app.repository.worker_locks
        for row in self.rows.values():
            if row.status is RUNNING and not row.deleted and row.worker not in alive:
                row.status, row.worker = QUEUED, ""

    # what must hold ----------------------------------------------------------------------------

    @invariant()
    def the_store_agrees(self) -> None:
        if not hasattr(self, "rows"):
            return
        stored = {job.id: job for job in all_jobs(self.app)}
        expected = {job: row for job, row in self.rows.items() if not row.deleted}
        assert {job: found.status for job, found in stored.items()} == {j: row.status for j, row in expected.items()}
        for job, row in expected.items():
            assert (stored[job].source_path, stored[job].gaps) == (row.path, row.gaps)
            assert stored[job].outcome is row.outcome
        counts = self.app.service.counts()
        statuses = [row.status for row in expected.values()]
        assert {s: counts.of(s) for s in JobStatus} == {s: statuses.count(s) for s in JobStatus}

    def teardown(self) -> None:
        if not hasattr(self, "rows"):
            return
        try:
            self.every_history_is_legal()
            self.what_is_there_is_found()
            assert self.app.check() == []
        finally:
            self.app.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def every_history_is_legal(self) -> None:
        for job in [*all_jobs(self.app), *self.app.service.list(JobQuery(deleted=True), limit=1_000)]:
            entries = self.app.service.history(job.id)
            assert entries[0].from_status is None
            for before, after in pairwise(entries):
                assert after.from_status is before.to_status
                assert (after.from_status, after.to_status) in LEGAL
            assert entries[-1].to_status is job.status

    def what_is_there_is_found(self) -> None:
        for kind in (PLAIN, LONG, HOLED):
            for number in (1, 2):
                name = f"{kind}-{number}.txt"
                rows = [row for row in self.rows.values() if Path(row.path).name == name]
                if any(row.status is COMPLETED and not row.deleted for row in rows):
                    assert set(hits(self.app, f"word{kind}{number}")) == {name}
                elif all(row.deleted or row.kind in (BROKEN, KILLER) for row in rows):
                    assert hits(self.app, f"word{kind}{number}") == []


TestService = ServiceMachine.TestCase
TestService.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # each step writes to the disk: to shrink one would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
