"""What people do to jobs: pause, resume, cancel, retry, reprioritise, reorder."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import (
    ACTIVE,
    Actor,
    JobEvent,
    JobStatus,
    PauseScope,
    apply_or_raise,
    may_retry,
    sources_of,
    target_of,
)
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError, StateTransitionError
from ingest_desktop.domain.models import ActionResult, JobSelector, QueueMove, Refusal
from ingest_desktop.infrastructure.database import writing
from ingest_desktop.infrastructure.ledger_base import (
    LedgerBase,
    as_json,
    job_number,
    next_revision,
    outcome_of,
    parts_of,
    settle_batches,
    status_of,
    step,
)
from ingest_desktop.infrastructure.ledger_moving import move_one_step, move_to_end
from ingest_desktop.infrastructure.ledger_schema import ATTENTION_SQL, QUEUED_SQL

IDS_TOLD: Final = 10_000

_NARROWEST_FIRST: Final = (PauseScope.BATCH, PauseScope.KNOWLEDGE_BASE, PauseScope.APP)
_IN: Final = "IN (SELECT value FROM json_each(?))"
FRESH_START: Final = (
    "attempts = 0, error_code = NULL, error_message = NULL, message = NULL, due_at = NULL, dead_lettered = 0, "
    "outcome = NULL, gaps = 0, crashes = 0, phase = 'waiting', started_at = NULL, completed_at = NULL"  # what is stored of it stays, and is told
)


class LedgerActions(LedgerBase):
    """Transitions that a person asks for, and the order of the queue."""

    def act(
        self,
        selector: JobSelector,
        event: JobEvent,
        *,
        actor: Actor,
        reason: str | None = None,
        scope: PauseScope = PauseScope.JOB,
        all_or_nothing: bool = False,
    ) -> ActionResult:
        """See ``Repository``. One transaction, whatever the number.

        Args:
            selector: Named jobs are told of one by one when they may not; of a group only those that may are changed.
            event: PAUSE, RESUME, CANCEL or RETRY; the others belong to workers.
            scope: For PAUSE, who pauses; for RESUME, whose pause ends: that scope's and narrower groups', but
                never what a person paused one by one, unless the scope is JOB.

        Raises:
            NotFoundError: One of the named jobs does not exist, or the group does not. Nothing was changed.
            StateTransitionError: With ``all_or_nothing``, one of the named jobs may not. Nothing was changed.
            InvalidRequestError: The event is none of a person's, or the selector selects in no or two ways.
        """
        if event not in (JobEvent.PAUSE, JobEvent.RESUME, JobEvent.CANCEL, JobEvent.RETRY):
            raise InvalidRequestError(f"{event.value} is not for people to ask for.")
        with writing(self.engine) as connection:
            change = _Change(connection, event, actor, reason, scope, self._now())
            if selector.job_ids:
                allowed = change.allowed(named_rows(connection, selector))
                if all_or_nothing and change.first_error is not None:
                    raise change.first_error
                change.apply(allowed)
            else:
                where, values = group_condition(connection, selector)
                statuses = _quoted(sorted(sources_of(event)))
                rows = connection.exec_driver_sql(
                    f"SELECT id, status, batch_id FROM ingest_jobs WHERE {where} AND status IN ({statuses}) "
                    f"AND deleted_at IS NULL{_woken_by(event, scope)}{_of_use(event)} ORDER BY id",
                    values,
                ).fetchall()
                change.apply(rows)
            return change.result()

    def set_priority(self, selector: JobSelector, priority: int) -> int:
        """See ``Repository``: of jobs that have not ended. A batch hands it on to jobs that it still gets."""
        with writing(self.engine) as connection:
            if selector.job_ids:
                ids = [row[0] for row in named_rows(connection, selector)]
            else:
                where, values = group_condition(connection, selector)
                sql = f"SELECT id FROM ingest_jobs WHERE {where}"
                ids = list(connection.exec_driver_sql(sql, values).scalars())
                if selector.batch_id is not None:
                    sql = "UPDATE ingest_batches SET priority = ? WHERE id = ?"
                    connection.exec_driver_sql(sql, (priority, job_number(selector.batch_id)))
            changed = 0
            active = _quoted(sorted(ACTIVE))
            for part in parts_of(ids):
                changed += connection.exec_driver_sql(
                    f"UPDATE ingest_jobs SET priority = ?, revision = ?, updated_at = ? WHERE id {_IN} "
                    f"AND status IN ({active}) AND deleted_at IS NULL",
                    (priority, next_revision(connection), self._now(), as_json(part)),
                ).rowcount
            return changed

    def set_paused(self, scope: PauseScope, scope_id: str | None, paused: bool) -> None:
        """See ``Repository``. Ending a pause ends those of the groups inside, as ``act`` wakes their jobs too."""
        statements: list[tuple[str, tuple[Any, ...]]]
        if scope is PauseScope.APP:
            statements = [("UPDATE app_state SET value = ? WHERE key = 'app_paused'", (int(paused),))]
            if not paused:
                statements.append(("UPDATE knowledge_bases SET paused = 0 WHERE paused", ()))
                statements.append(("UPDATE ingest_batches SET paused = 0 WHERE paused", ()))
        elif scope is PauseScope.KNOWLEDGE_BASE and scope_id is not None:
            statements = [("UPDATE knowledge_bases SET paused = ? WHERE kb_id = ?", (int(paused), scope_id))]
            if not paused:
                statements.append(("UPDATE ingest_batches SET paused = 0 WHERE paused AND kb_id = ?", (scope_id,)))
        elif scope is PauseScope.BATCH and scope_id is not None:
            statements = [("UPDATE ingest_batches SET paused = ? WHERE id = ?", (int(paused), job_number(scope_id)))]
        else:
            raise InvalidRequestError("A pause is remembered for a batch, a knowledge base or the whole program.")
        with writing(self.engine) as connection:
            for number, (sql, values) in enumerate(statements):
                if not connection.exec_driver_sql(sql, values).rowcount and number == 0:
                    raise NotFoundError(f"There is no {scope_id!r} to pause.")
            next_revision(connection)

    def move(self, job_ids: Sequence[str], where: QueueMove) -> int:
        """Change the places of waiting jobs; how many moved. Others among them are left alone.

        TOP goes before all that wait, whatever their priority or batch, and BOTTOM behind all: a job takes
        the priority it needs for that. UP and DOWN change places with the neighbour in the queue's order.
        """
        numbers = [job_number(job_id) for job_id in job_ids]
        with writing(self.engine) as connection:
            rows = connection.exec_driver_sql(
                f"SELECT id, priority, queue_position FROM ingest_jobs WHERE id {_IN} AND {QUEUED_SQL} "
                "ORDER BY priority DESC, queue_position, id",
                (as_json(numbers),),
            ).fetchall()
            if not rows:
                return 0
            if where in (QueueMove.TOP, QueueMove.BOTTOM):
                top = where is QueueMove.TOP
                first = (
                    -step(connection, "front", len(rows))
                    if top
                    else step(connection, "back", len(rows)) + 1 - len(rows)
                )
                placed = move_to_end(connection, rows, first, top=top)
            else:
                placed = move_one_step(connection, rows, down=where is QueueMove.DOWN)
            if placed:
                revision, now = next_revision(connection), self._now()
                connection.exec_driver_sql(
                    "UPDATE ingest_jobs SET priority = ?, queue_position = ?, revision = ?, updated_at = ? WHERE id = ?",
                    [(priority, position, revision, now, job) for job, (priority, position) in placed.items()],
                )
            return sum(1 for row in rows if row[0] in placed)


class _Change:
    """One event, applied to many rows."""

    def __init__(
        self, connection: Connection, event: JobEvent, actor: Actor, reason: str | None, scope: PauseScope, now: int
    ) -> None:
        self.connection, self.event, self.now = connection, event, now
        self.actor, self.reason = actor, reason
        self.target = target_of(event)
        self.sets = _assignments(event, scope)
        self.active = "1" if self.target in ACTIVE else "NULL"
        self.changed: list[int] = []
        self.refused: list[Refusal] = []
        self.first_error: StateTransitionError | None = None

    def allowed(self, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """Those that the transition table lets go; the others are refused."""
        found = []
        for row in rows:
            status = status_of(row[1])
            try:
                if row[3] is not None:
                    raise StateTransitionError(job_id=str(row[0]), current="deleted", target=self.target.value)
                apply_or_raise(status, self.event, job_id=str(row[0]))
                outcome = outcome_of(row[4])
                if self.event is JobEvent.RETRY and not may_retry(status, outcome, row[5]):
                    raise StateTransitionError(job_id=str(row[0]), current=status.value, target=self.target.value)
            except StateTransitionError as error:
                self.first_error = self.first_error or error
                self.refused.append(Refusal(job_id=str(row[0]), status=status, message=str(error)))
            else:
                found.append(row)
        return found

    def apply(self, rows: Iterable[Sequence[Any]]) -> None:
        """Change rows of (id, status, batch id, ...) that may be changed, and write their history."""
        completed = self.now if self.target is JobStatus.CANCELLED else None
        batches: set[int] = set()
        for part in parts_of(rows):
            before = {row[0]: row[1] for row in part}
            # OR IGNORE: a path that has come into the list again meanwhile cannot become active twice.
            changed = (
                self.connection.exec_driver_sql(
                    f"UPDATE OR IGNORE ingest_jobs SET status = ?, active = {self.active}, completed_at = ?, {self.sets}, worker_id = NULL, "
                    f"token = NULL, revision = ?, updated_at = ? WHERE id {_IN} RETURNING id",
                    (self.target.value, completed, next_revision(self.connection), self.now, as_json(list(before))),
                )
                .scalars()
                .all()
            )
            write_history(self.connection, changed, before, self.target, self.now, self.actor, self.reason)
            self.changed += changed
            self._refuse_doubles(before, set(changed))
            batches.update(row[2] for row in part)
        settle_batches(self.connection, batches, self.now)

    def _refuse_doubles(self, before: dict[int, str], changed: set[int]) -> None:
        for job, status in before.items():
            if job not in changed:
                message = f"Job {job} stays {status}: its file is in the list again already."
                self.refused.append(Refusal(job_id=str(job), status=status_of(status), message=message))

    def result(self) -> ActionResult:
        """What was done."""
        told = tuple(str(job) for job in self.changed[:IDS_TOLD])
        return ActionResult(changed=len(self.changed), job_ids=told, refused=tuple(self.refused[:IDS_TOLD]))


def write_history(
    connection: Connection,
    jobs: Sequence[int],
    before: Mapping[int, str],
    target: JobStatus,
    now: int,
    actor: Actor,
    reason: str | None,
) -> None:
    """A history row for each of these jobs."""
    rows = [(job, now, before[job], target.value, actor.value, reason) for job in jobs]
    if rows:
        connection.exec_driver_sql(
            "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )


def _assignments(event: JobEvent, scope: PauseScope) -> str:
    """What an event sets besides the status."""
    if event is JobEvent.PAUSE:
        return f"phase = 'waiting', pause_scope = '{scope.value}'"
    if event is JobEvent.RETRY:
        return f"pause_scope = NULL, {FRESH_START}"
    return "phase = 'waiting', pause_scope = NULL, due_at = NULL"


def _woken_by(event: JobEvent, scope: PauseScope) -> str:
    """Which paused jobs the resuming of a group wakes."""
    if event is not JobEvent.RESUME or scope is PauseScope.JOB:
        return ""
    narrower = _NARROWEST_FIRST[: _NARROWEST_FIRST.index(scope) + 1]
    return f" AND pause_scope IN ({_quoted(narrower)})"


def _of_use(event: JobEvent) -> str:
    """Which completed jobs the retrying of a group takes up: see ``may_retry``."""
    return f" AND (status <> 'completed' OR {ATTENTION_SQL})" if event is JobEvent.RETRY else ""


def _quoted(words: Iterable[StrEnum]) -> str:
    """Our own fixed words as an SQL list: written out, they let partial indexes be used."""
    return ", ".join(f"'{word.value}'" for word in words)


def named_rows(connection: Connection, selector: JobSelector) -> list[Sequence[Any]]:
    """(id, status, batch id, deleted at, outcome, gaps) of the jobs that a selector names, in its order.

    Raises:
        NotFoundError: One of them does not exist.
    """
    if selector.batch_id is not None or selector.kb_id is not None or selector.everything:
        raise InvalidRequestError("Name jobs or a group of them, not both.")
    numbers = list(dict.fromkeys(job_number(job_id) for job_id in selector.job_ids))
    found: dict[int, Sequence[Any]] = {}
    for part in parts_of(numbers):
        sql = f"SELECT id, status, batch_id, deleted_at, outcome, gaps FROM ingest_jobs WHERE id {_IN}"
        found.update((row[0], row) for row in connection.exec_driver_sql(sql, (as_json(part),)))
    missing = [number for number in numbers if number not in found]
    if missing:
        raise NotFoundError(f"There is no job {missing[0]}.")
    return [found[number] for number in numbers]


def group_condition(connection: Connection, selector: JobSelector) -> tuple[str, tuple[Any, ...]]:
    """The condition for the jobs of a selector's group, and its parameters.

    Raises:
        NotFoundError: There is no such batch or knowledge base.
        InvalidRequestError: Not exactly one group is named.
    """
    named = [selector.batch_id is not None, selector.kb_id is not None, selector.everything]
    if sum(named) != 1:
        raise InvalidRequestError("Name exactly one: jobs, a batch, a knowledge base, or everything.")
    where, values = "1", tuple[Any, ...]()
    if selector.batch_id is not None:
        number = job_number(selector.batch_id)
        if connection.exec_driver_sql("SELECT 1 FROM ingest_batches WHERE id = ?", (number,)).scalar() is None:
            raise NotFoundError(f"There is no batch {selector.batch_id}.")
        where, values = "batch_id = ?", (number,)
    elif selector.kb_id is not None:
        sql = "SELECT 1 FROM knowledge_bases WHERE kb_id = ?"
        if connection.exec_driver_sql(sql, (selector.kb_id,)).scalar() is None:
            raise NotFoundError(f"There is no knowledge base {selector.kb_id}.")
        where, values = "kb_id = ?", (selector.kb_id,)
    if selector.statuses:
        where += f" AND status IN ({_quoted(sorted(selector.statuses))})"
    return where, values
