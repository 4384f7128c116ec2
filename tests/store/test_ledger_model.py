"""The ledger against a plain model: whatever people, workers and crashes do in whatever order."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from ledger_kit import Clock, found

from ingest_desktop.domain.enums import (
    ACTIVE,
    TRANSITIONS,
    Actor,
    JobEvent,
    JobStatus,
    Outcome,
    PauseScope,
    can,
    target_of,
)
from ingest_desktop.domain.interfaces.repository import Claim, Ending
from ingest_desktop.domain.models import Job, JobQuery, JobSelector
from ingest_desktop.infrastructure.ledger import Ledger

PATHS = [f"/p/{name}" for name in "abcdef"]
EVENTS = [JobEvent.PAUSE, JobEvent.RESUME, JobEvent.CANCEL, JobEvent.RETRY]
WAKES = {
    PauseScope.JOB: set(PauseScope),
    PauseScope.BATCH: {PauseScope.BATCH},
    PauseScope.KNOWLEDGE_BASE: {PauseScope.BATCH, PauseScope.KNOWLEDGE_BASE},
    PauseScope.APP: {PauseScope.BATCH, PauseScope.KNOWLEDGE_BASE, PauseScope.APP},
}


@dataclass
class Row:
    batch: str
    path: str
    status: JobStatus = JobStatus.QUEUED
    scope: PauseScope | None = None
    claim: Claim | None = None
    worker: str | None = None
    empty: bool = False
    token: str | None = None  # of its deletion
    log: list[tuple[JobStatus, JobStatus]] = field(default_factory=list)

    def go(self, status: JobStatus) -> None:
        self.log.append((self.status, status))
        self.status = status
        if status is not JobStatus.RUNNING:
            self.claim = self.worker = None
        if status is not JobStatus.PAUSED:
            self.scope = None

    @property
    def active(self) -> bool:
        return self.status in ACTIVE and self.token is None


class LedgerMachine(RuleBasedStateMachine):
    claims = Bundle("claims")
    deletions = Bundle("deletions")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.ledger = Ledger(Path(self.folder.name), clock=self.clock)
        self.batches = [
            self.ledger.create_batch("library", [], origin="window", priority=n, label="").batch_id for n in range(2)
        ]
        self.rows: dict[str, Row] = {}
        self.worker = self.ledger.register_worker("one")
        self.app_paused = False

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    def active_paths(self) -> set[str]:
        return {row.path for row in self.rows.values() if row.active}

    @rule(batch=st.integers(0, 1), paths=st.lists(st.sampled_from(PATHS), max_size=4))
    def add(self, batch: int, paths: list[str]) -> None:
        added = self.ledger.add_jobs(self.batches[batch], found(*paths), known={})
        fresh = [path for path in dict.fromkeys(paths) if path not in self.active_paths()]
        assert (added.added, added.already_listed) == (len(fresh), len(paths) - len(fresh))
        ended = {path: self.last_in_vain(path) for path in fresh}
        known = {job.source_path: job.id for job in self.all_jobs() if job.id not in self.rows}
        assert set(known) == {path for path, row in ended.items() if row is None}
        for path in fresh:
            again = ended[path]
            if again is not None:  # no second row: the one that failed or found no text waits again, in this batch
                again.batch, again.empty = self.batches[batch], False
                again.go(JobStatus.QUEUED)
                if self.app_paused:
                    again.go(JobStatus.PAUSED)
                    again.scope = PauseScope.APP
                continue
            row = self.rows[known[path]] = Row(self.batches[batch], path)
            if self.app_paused:
                row.status, row.scope = JobStatus.PAUSED, PauseScope.APP

    def last_in_vain(self, path: str) -> Row | None:
        ended = [
            int(job)
            for job, row in self.rows.items()
            if row.path == path and row.token is None and (row.status is JobStatus.FAILED or row.empty)
        ]
        return self.rows[str(max(ended))] if ended else None

    @rule(target=claims, limit=st.integers(1, 4))
    def claim(self, limit: int) -> list[Claim]:
        claims = self.ledger.claim(self.worker, limit=limit, max_bytes=10**9)
        waiting = [row for row in self.rows.values() if row.status is JobStatus.QUEUED and row.token is None]
        assert len(claims) == (0 if self.app_paused else min(limit, len(waiting)))
        for claim in claims:
            row = self.rows[str(claim.job_id)]
            assert row.status is JobStatus.QUEUED
            assert row.token is None
            row.go(JobStatus.RUNNING)
            row.claim, row.worker = claim, self.worker
        return claims

    @rule(claims=consumes(claims), ends=st.lists(st.integers(0, 3), min_size=4, max_size=4), fails=st.booleans())
    def end(self, claims: list[Claim], ends: list[int], fails: bool) -> None:
        kinds = [
            {"outcome": Outcome.INGESTED},
            {"outcome": Outcome.EMPTY},
            {"error_code": "source_unreadable"},
            {"error_code": "source_changed", "retry_at": self.clock()},
        ]
        endings = [Ending(claim, **kinds[end]) for claim, end in zip(claims, ends, strict=False)]  # type: ignore[arg-type]
        mine = {claim.job_id for claim in claims if self.rows[str(claim.job_id)].claim == claim}
        assert self.ledger.still_mine(claims) == mine
        try:
            with self.ledger.ending(endings) as ours:
                assert ours == mine
                if fails:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            return
        for claim, end in zip(claims, ends, strict=False):
            if claim.job_id in mine:
                row = self.rows[str(claim.job_id)]
                row.go([JobStatus.COMPLETED, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.QUEUED][end])
                row.empty = end == 1

    @rule(claims=consumes(claims))
    def release(self, claims: list[Claim]) -> None:
        self.ledger.release(claims, reason="test", attempt_counts=False)
        for claim in claims:
            if self.rows[str(claim.job_id)].claim == claim:
                self.rows[str(claim.job_id)].go(JobStatus.QUEUED)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), event=st.sampled_from(EVENTS))
    def act_on_jobs(self, data: st.DataObject, event: JobEvent) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.rows)), min_size=1, max_size=3, unique=True))
        result = self.ledger.act(JobSelector(job_ids=tuple(ids)), event, actor=Actor.WINDOW)
        self.expect(event, [job for job in ids if self.may(job, event)], result.changed, PauseScope.JOB)
        assert len(result.refused) == len(ids) - result.changed

    @rule(data=st.data(), event=st.sampled_from(EVENTS), scope=st.sampled_from(list(PauseScope)))
    def act_on_a_group(self, data: st.DataObject, event: JobEvent, scope: PauseScope) -> None:
        batch = data.draw(st.sampled_from([None, *self.batches]))
        selector = JobSelector(batch_id=batch) if batch else JobSelector(everything=True)
        result = self.ledger.act(selector, event, actor=Actor.COMMAND, scope=scope)
        chosen = [job for job, row in self.rows.items() if batch in (None, row.batch) and self.may(job, event)]
        if event is JobEvent.RESUME:
            chosen = [job for job in chosen if self.rows[job].scope in WAKES[scope]]
        self.expect(event, chosen, result.changed, scope)

    def may(self, job: str, event: JobEvent) -> bool:
        return self.rows[job].token is None and can(self.rows[job].status, event)

    def expect(self, event: JobEvent, jobs: list[str], changed: int, scope: PauseScope) -> None:
        count = 0
        order = jobs if event is not JobEvent.RETRY else sorted(jobs, key=int)
        for job in order:
            row = self.rows[job]
            if event is JobEvent.RETRY and row.path in self.active_paths():
                continue  # its file is in the list again
            row.go(target_of(event))
            row.empty = False
            row.scope = scope if event is JobEvent.PAUSE else None
            count += 1
        assert changed == count

    @rule(paused=st.booleans())
    def pause_the_program(self, paused: bool) -> None:
        self.ledger.set_paused(PauseScope.APP, None, paused)
        self.app_paused = paused

    @precondition(lambda self: self.rows)
    @rule(target=deletions, data=st.data())
    def delete(self, data: st.DataObject) -> str:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.rows)), min_size=1, max_size=3, unique=True))
        result = self.ledger.delete(JobSelector(job_ids=tuple(ids)), actor=Actor.WINDOW)
        live = [job for job in ids if self.rows[job].token is None]
        assert result.changed == len(live)
        assert result.undo_token is not None
        for job in live:
            row = self.rows[job]
            if row.status is JobStatus.RUNNING:
                row.go(JobStatus.QUEUED)
            row.token = result.undo_token
        return result.undo_token

    @rule(token=consumes(deletions))
    def undo(self, token: str) -> None:
        back = 0
        for job in sorted(self.rows, key=int):
            row = self.rows[job]
            if row.token == token and not (row.status in ACTIVE and row.path in self.active_paths()):
                row.token = None
                back += 1
        assert self.ledger.undo_delete(token).changed == back

    @rule()
    def crash(self) -> None:
        """The worker's process dies: its lock is free, nothing else was said. Another one starts."""
        self.ledger.worker_locks.pop(self.worker).release(remove=False)
        self.ledger.worker_hands.pop(self.worker).close(remove=False)
        self.worker = self.ledger.register_worker("next")
        for row in self.rows.values():
            if row.status is JobStatus.RUNNING:
                row.go(JobStatus.QUEUED)

    def all_jobs(self) -> list[Job]:
        return [job for gone in (False, True) for job in self.ledger.jobs_page(JobQuery(deleted=gone), limit=1000)]

    @invariant()
    def statuses_agree(self) -> None:
        jobs = {job.id: job for job in self.all_jobs()}
        assert {job: (row.status, row.scope, row.token is not None) for job, row in self.rows.items()} == {
            job.id: (job.status, job.pause_scope, job.deleted_at is not None) for job in jobs.values()
        }

    @invariant()
    def counters_agree(self) -> None:
        live = [row for row in self.rows.values() if row.token is None]
        counts = self.ledger.counts()
        for status in JobStatus:
            assert counts.of(status) == sum(row.status is status for row in live)
        failed = sum(row.status is JobStatus.FAILED for row in live)
        assert sum(counts.attention.values()) == failed + sum(row.empty for row in live)
        assert counts.failures == ({"source_unreadable": failed} if failed else {})
        for batch in self.batches:
            here = [row for row in live if row.batch == batch]
            assert self.ledger.batch_counts(batch).total() == len(here)

    @invariant()
    def history_is_legal(self) -> None:
        legal = {(source, to) for (source, _), to in TRANSITIONS.items()}
        for job, row in self.rows.items():
            born, *steps = self.ledger.history(job)
            assert born.from_status is None
            walked = [(step.from_status, step.to_status) for step in steps]
            assert walked == row.log
            assert all(step in legal for step in walked)


LedgerMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_history_agrees_with_the_model = LedgerMachine.TestCase
