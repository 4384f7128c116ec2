"""What the ledger is asked: one job, pages and id lists of jobs, counts, batches, what changed."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import NotFoundError
from ingest_desktop.domain.media import reason_of_type
from ingest_desktop.domain.models import Batch, Counts, HistoryEntry, Job, JobQuery, JobRuntime, Receipt
from ingest_desktop.infrastructure.database import reading
from ingest_desktop.infrastructure.ledger_base import (
    BATCH_COLUMNS,
    JOB_COLUMNS,
    LedgerBase,
    as_json,
    batch_of,
    from_row,
    job_number,
    job_of,
    parts_of,
    state_number,
    status_of,
    to_moment,
)
from ingest_desktop.infrastructure.ledger_listing import Listing
from ingest_desktop.infrastructure.ledger_schema import COUNTED, QUEUED_SQL

_WAITING: Final = f"ingest_jobs INDEXED BY ix_waiting WHERE {QUEUED_SQL}"
_COUNTED: Final = ", ".join(COUNTED)
_RUNNING: Final = "SELECT batch_id, count(*) AS n FROM ingest_jobs WHERE status = 'running' AND deleted_at IS NULL"

_LEFT_OUT: Final = (
    "SELECT mime_type, count(*) FROM ingest_jobs INDEXED BY ix_left_out "
    "WHERE batch_id = ? AND outcome = 'left_out' AND deleted_at IS NULL GROUP BY mime_type"
)


class LedgerReading(LedgerBase):
    """Questions; none of them writes."""

    def job(self, job_id: str) -> Job:
        """See ``Repository``. Deleted jobs are found too."""
        number = job_number(job_id)
        with reading(self.engine) as connection:
            sql = f"SELECT {JOB_COLUMNS} FROM ingest_jobs WHERE id = ?"
            row = connection.exec_driver_sql(sql, (number,)).first()
            if row is None:
                raise NotFoundError(f"There is no job {job_id}.")
            receipt = connection.exec_driver_sql("SELECT json FROM job_receipts WHERE job_id = ?", (number,)).scalar()
        job = job_of(row)
        return _with_receipt(job, receipt)

    def owes_text(self, kb_id: str) -> bool:
        """Whether a completed job that is not deleted stored text in this knowledge base."""
        sql = (
            "SELECT 1 FROM ingest_jobs WHERE kb_id = ? AND status = 'completed' AND deleted_at IS NULL "
            "AND chunk_count > 0 LIMIT 1"
        )
        with reading(self.engine) as connection:
            return connection.exec_driver_sql(sql, (kb_id,)).first() is not None

    def runtime(self, job_id: str) -> JobRuntime | None:
        """See ``Repository``."""
        sql = "SELECT w.id, w.lease_until FROM ingest_jobs j JOIN workers w ON w.id = j.worker_id WHERE j.id = ?"
        with reading(self.engine) as connection:
            row = connection.exec_driver_sql(sql, (job_number(job_id),)).first()
        return None if row is None else JobRuntime(job_id=job_id, worker_id=row[0], lease_until=to_moment(row[1]))

    def with_receipts(self, jobs: Sequence[Job]) -> list[Job]:
        """The same jobs with their receipts, where they have one."""
        found: dict[str, str] = {}
        with reading(self.engine) as connection:
            for part in parts_of(jobs):
                sql = "SELECT job_id, json FROM job_receipts WHERE job_id IN (SELECT value FROM json_each(?))"
                rows = connection.exec_driver_sql(sql, (as_json([int(job.id) for job in part]),))
                found.update((str(number), text) for number, text in rows)
        return [_with_receipt(job, found.get(job.id)) for job in jobs]

    def phase_seconds(self) -> dict[str, float]:
        """Seconds of work by phase, over all receipts in the store. Reads every receipt."""
        sql = "SELECT e.key, sum(e.value) FROM job_receipts r, json_each(r.json, '$.seconds') e GROUP BY e.key"
        with reading(self.engine) as connection:
            return {str(phase): round(float(seconds), 3) for phase, seconds in connection.exec_driver_sql(sql)}

    def jobs_by_ids(self, job_ids: Sequence[int]) -> list[Job]:
        """See ``Repository``."""
        found: dict[int, Job] = {}
        with reading(self.engine) as connection:
            for part in parts_of(job_ids):
                sql = f"SELECT {JOB_COLUMNS} FROM ingest_jobs WHERE id IN (SELECT value FROM json_each(?))"
                found.update((row[0], job_of(row)) for row in connection.exec_driver_sql(sql, (as_json(part),)))
        return [found[job_id] for job_id in job_ids if job_id in found]

    def count_statuses(self, job_ids: Sequence[int]) -> dict[JobStatus, int]:
        """See ``Repository``."""
        found: Counter[JobStatus] = Counter()
        sql = (
            "SELECT status, count(*) FROM ingest_jobs WHERE id IN (SELECT value FROM json_each(?)) "
            "AND deleted_at IS NULL GROUP BY status"
        )
        for part in parts_of(job_ids):
            with reading(self.engine) as connection:
                for status, count in connection.exec_driver_sql(sql, (as_json(part),)):
                    found[status_of(status)] += count
        return dict(found)

    def jobs_page(self, query: JobQuery, *, after: str | None = None, limit: int = 200) -> list[Job]:
        """See ``Repository``. ``after`` need not answer the query any more, but must exist."""
        listing = Listing(query)
        with reading(self.engine) as connection:
            place = None if after is None else self._place(connection, listing, after)
            ids = [row[0] for row in listing.rows(connection, after=place, limit=limit)]
            sql = f"SELECT {JOB_COLUMNS} FROM ingest_jobs WHERE id IN (SELECT value FROM json_each(?))"
            found = {row[0]: row for row in connection.exec_driver_sql(sql, (as_json(ids),))}
        return [job_of(found[job_id]) for job_id in ids]

    def job_ids(self, query: JobQuery, *, part: int = 20_000) -> Iterator["array[int]"]:
        """See ``Repository``. Each part is a look of its own, so a long list holds no transaction open.

        A job whose place in the order changes meanwhile may be missed or come twice; ``changed_since`` tells of it.
        """
        listing = Listing(query)
        place: tuple[Any, ...] | None = None
        while True:
            with reading(self.engine) as connection:
                ids = listing.ids(connection, after=place, limit=part)
                if len(ids) == part:
                    place = self._place(connection, listing, str(ids[-1]))
            if ids:
                yield ids
            if len(ids) < part:
                return

    def _place(self, connection: Connection, listing: Listing, job_id: str) -> tuple[Any, ...]:
        row = connection.exec_driver_sql(listing.place_sql, (job_number(job_id),)).first()
        if row is None:
            raise NotFoundError(f"There is no job {job_id}.")
        return listing.place_of(row)

    # what changed --------------------------------------------------------------------------

    def changed_since(self, revision: int, *, limit: int = 2_000) -> tuple[int, list[int]]:
        """See ``Repository``. A revision is never split, so there may be up to 2,000 ids more than ``limit``."""
        sql = "SELECT id, revision FROM ingest_jobs WHERE revision > ? ORDER BY revision, id LIMIT ?"
        rest = "SELECT id FROM ingest_jobs WHERE revision = ? AND id > ? ORDER BY id"
        with reading(self.engine) as connection:
            rows = connection.exec_driver_sql(sql, (revision, limit)).fetchall()
            if len(rows) < limit:
                return max(revision, _revision(connection)), [row[0] for row in rows]
            last_id, newest = rows[-1]
            more = connection.exec_driver_sql(rest, (newest, last_id)).scalars().all()
            return newest, [row[0] for row in rows] + list(more)

    def revision(self) -> int:
        """The store's newest revision: grows with every change of a job, batch or knowledge base."""
        with reading(self.engine) as connection:
            return _revision(connection)

    # counts --------------------------------------------------------------------------------

    def counts(self) -> Counts:
        """Of the whole store, from the counters alone."""
        sql = f"SELECT scope, {_COUNTED} FROM counters WHERE scope >= 'kb:' AND scope < 'kb;'"
        with reading(self.engine) as connection:
            rows = [(row[0][3:], *row[1:]) for row in connection.exec_driver_sql(sql)]
            running = connection.exec_driver_sql(
                f"SELECT kb_id, sum(n) FROM ({_RUNNING} GROUP BY batch_id) r JOIN ingest_batches b ON b.id = r.batch_id "
                "GROUP BY kb_id"
            ).fetchall()
            failures = connection.exec_driver_sql("SELECT error_code, n FROM failure_counters WHERE n > 0").fetchall()
        return _counts_of(rows, {row[0]: row[1] for row in running}, failures)

    def batch_counts(self, batch_id: str) -> Counts:
        """Of one batch."""
        number = job_number(batch_id)
        with reading(self.engine) as connection:
            sql = f"SELECT b.kb_id, c.* FROM ingest_batches b JOIN (SELECT {_COUNTED} FROM counters WHERE scope = ?) c WHERE b.id = ?"
            row = connection.exec_driver_sql(sql, (f"batch:{number}", number)).first()
            if row is None:
                raise NotFoundError(f"There is no batch {batch_id}.")
            running = connection.exec_driver_sql(f"{_RUNNING} AND batch_id = ?", (number,)).one()[1]
            failures = connection.exec_driver_sql(
                "SELECT coalesce(error_code, 'ingest'), count(*) FROM ingest_jobs WHERE status = 'failed' "
                "AND batch_id = ? AND deleted_at IS NULL GROUP BY 1",
                (number,),
            ).fetchall()
            left_out = connection.exec_driver_sql(_LEFT_OUT, (number,)).fetchall()
        counts = _counts_of([row], {row[0]: running}, failures)
        return counts.model_copy(update={"left_out": _by_reason(left_out)}) if left_out else counts

    def batch(self, batch_id: str) -> Batch:
        """One batch; deleted ones are found too."""
        sql = f"SELECT {BATCH_COLUMNS} FROM ingest_batches WHERE id = ?"
        with reading(self.engine) as connection:
            row = connection.exec_driver_sql(sql, (job_number(batch_id),)).first()
        if row is None:
            raise NotFoundError(f"There is no batch {batch_id}.")
        return batch_of(row)

    def batches(self, *, limit: int = 100) -> list[Batch]:
        """See ``Repository``. Without deleted ones."""
        sql = f"SELECT {BATCH_COLUMNS} FROM ingest_batches WHERE deleted_at IS NULL ORDER BY id DESC LIMIT ?"
        with reading(self.engine) as connection:
            return [batch_of(row) for row in connection.exec_driver_sql(sql, (limit,))]

    def history(self, job_id: str) -> list[HistoryEntry]:
        """Every transition of a job, oldest first, beginning with how it came into the list."""
        number = job_number(job_id)
        with reading(self.engine) as connection:
            born = connection.exec_driver_sql(
                "SELECT j.created_at, j.status, b.origin FROM ingest_jobs j JOIN ingest_batches b ON b.id = j.batch_id "
                "WHERE j.id = ?",
                (number,),
            ).first()
            if born is None:
                raise NotFoundError(f"There is no job {job_id}.")
            rows = connection.exec_driver_sql(
                "SELECT at, from_status, to_status, actor, reason FROM job_history WHERE job_id = ? ORDER BY id",
                (number,),
            ).fetchall()
        found = [_entry(*row) for row in rows]
        if not found or found[0].from_status is not None:  # only jobs that began otherwise have a row for it
            found.insert(0, _entry(born[0], None, JobStatus.QUEUED.value, born[2], "added"))
        return found

    def queue_place(self, job_id: str) -> int | None:
        """See ``Repository``. The place in the list's order; batches taking turns may let others pass."""
        with reading(self.engine) as connection:
            own = connection.exec_driver_sql(
                f"SELECT priority, queue_position, id, {QUEUED_SQL} FROM ingest_jobs WHERE id = ?",
                (job_number(job_id),),
            ).first()
            if own is None:
                raise NotFoundError(f"There is no job {job_id}.")
            if not own[3]:
                return None
            before = connection.exec_driver_sql(
                f"SELECT (SELECT count(*) FROM {_WAITING} AND priority > ?1) + (SELECT count(*) FROM {_WAITING} "
                f"AND priority = ?1 AND queue_position < ?2) + (SELECT count(*) FROM {_WAITING} "
                "AND priority = ?1 AND queue_position = ?2 AND id < ?3)",
                tuple(own[:3]),
            ).scalar_one()
            return int(before) + 1

    def app_paused(self) -> bool:
        """Whether the whole program is paused."""
        with reading(self.engine) as connection:
            sql = "SELECT value FROM app_state WHERE key = 'app_paused'"
            return bool(state_number(connection.exec_driver_sql(sql).scalar()))


@from_row
def _with_receipt(job: Job, stored: str | None) -> Job:
    """A job with its receipt. Jobs that ended without storing one (cancelled, unchanged) owe what their row says."""
    if stored is not None:
        return job.model_copy(update={"receipt": Receipt.model_validate_json(stored)})
    if not job.status.is_terminal:
        return job
    unit = "page" if job.unit == "page" else "byte"
    chunks = job.chunk_count
    receipt = Receipt(unit=unit, units_seen=job.units_done, chunks_stored=chunks, chunks_indexed=chunks)
    return job.model_copy(update={"receipt": receipt})


def _revision(connection: Connection) -> int:
    return state_number(connection.exec_driver_sql("SELECT value FROM app_state WHERE key = 'revision'").scalar())


@from_row
def _counts_of(rows: Sequence[Sequence[Any]], running: dict[str, int], failures: Sequence[Sequence[Any]]) -> Counts:
    by_status: dict[tuple[str, JobStatus], int] = {}
    attention: dict[str, int] = {}
    gaps: dict[str, int] = {}
    for kb_id, *numbers in rows:
        found = dict(zip(COUNTED, numbers, strict=True))
        busy, unended = running.get(kb_id, 0), found.pop("open")
        if need := found.pop("attention"):
            attention[kb_id] = need
        if holed := found.pop("gaps"):
            gaps[kb_id] = holed
        named = {JobStatus.QUEUED: unended - busy, JobStatus.RUNNING: busy}
        named |= {JobStatus(status): n for status, n in found.items()}
        by_status.update({(kb_id, status): n for status, n in named.items() if n})
    codes = {row[0]: row[1] for row in failures}
    return Counts(by_status=by_status, attention=attention, gaps=gaps, failures=codes)


def _by_reason(rows: Sequence[Sequence[Any]]) -> dict[str, int]:
    """How many were left out for what, of rows of (media type, number)."""
    found: Counter[str] = Counter()
    for media_type, number in rows:
        found[reason_of_type(media_type)] += number
    return dict(found)


@from_row
def _entry(at: int, before: str | None, after: str, actor: str, reason: str | None) -> HistoryEntry:
    return HistoryEntry(
        at=to_moment(at),
        from_status=None if before is None else JobStatus(before),
        to_status=JobStatus(after),
        actor=actor,
        reason=reason,
    )
