"""What ``ingest check`` asks of the list of jobs."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.enums import TRANSITIONS, Actor, JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.domain.models import Receipt
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_outbox import GONE
from ingest_desktop.infrastructure.ledger_schema import COUNTED, _terms
from ingest_desktop.infrastructure.questions import MOST, none, shapes, sound, words_of

_STATUSES: Final = words_of(JobStatus)

# A step of a job's history that the table does not know, or that does not begin where the one before ended. A job begins
# queued without a step of its own. A recovery may begin anew: what was before is lost then.
LEGAL_STEPS: Final = ", ".join(sorted({f"('{source}', '{target}')" for (source, _), target in TRANSITIONS.items()}))
BROKEN_STEPS: Final = (
    "SELECT job_id, from_status, to_status FROM (SELECT job_id, id, from_status, to_status, actor, "
    "lag(to_status) OVER (PARTITION BY job_id ORDER BY id) AS earlier FROM job_history) WHERE NOT CASE "
    f"WHEN from_status IS NULL THEN (earlier IS NULL OR actor = '{Actor.RECOVERY.value}') AND to_status IN ({_STATUSES}) "
    f"ELSE from_status = coalesce(earlier, '{JobStatus.QUEUED.value}') AND (from_status, to_status) IN "
    f"(VALUES {LEGAL_STEPS}) END"
)
# ... and where the last step does not lead to where the job is.
ASTRAY: Final = (
    "SELECT j.id FROM ingest_jobs j WHERE j.status <> coalesce((SELECT h.to_status FROM job_history h "
    f"WHERE h.job_id = j.id ORDER BY h.id DESC LIMIT 1), '{JobStatus.QUEUED.value}')"
)
# Completed jobs that tell of a document and have no receipt that can be read. A file that was found unchanged while it
# was added has none: it owes what its row says.
WITHOUT_RECEIPT: Final = (
    "SELECT j.id FROM ingest_jobs j LEFT JOIN job_receipts r ON r.job_id = j.id WHERE j.status = 'completed' "
    "AND j.deleted_at IS NULL AND j.document_id IS NOT NULL AND NOT json_valid(coalesce(r.json, '')) "
    f"AND NOT (r.json IS NULL AND j.outcome IS '{Outcome.UNCHANGED.value}')"
)
# Knowledge bases that have jobs or batches, and no row.
UNLISTED: Final = (
    "SELECT kb_id FROM ingest_jobs WHERE kb_id NOT IN (SELECT kb_id FROM knowledge_bases) UNION "
    "SELECT kb_id FROM ingest_batches WHERE kb_id NOT IN (SELECT kb_id FROM knowledge_bases)"
)
_LEDGER: Final = (
    ("unknown_status", f"SELECT id FROM ingest_jobs WHERE status NOT IN ({_STATUSES})"),
    (
        "unknown_value",
        f"SELECT id FROM ingest_jobs WHERE phase NOT IN ({words_of(JobPhase)}) OR outcome NOT IN ({words_of(Outcome)}) "
        f"OR pause_scope NOT IN ({words_of(PauseScope)}) OR typeof(created_at) <> 'integer' OR typeof(updated_at) <> 'integer'",
    ),
    ("unknown_actor", f"SELECT job_id FROM job_history WHERE actor NOT IN ({words_of(Actor)})"),
    ("source_without_batch", "SELECT id FROM ingest_sources WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    (
        "outbox_without_knowledge_base",
        "SELECT id FROM outbox WHERE op <> 'drop' AND kb_id NOT IN (SELECT kb_id FROM knowledge_bases)",
    ),
    (
        "counter_without_owner",
        "SELECT scope FROM counters WHERE scope NOT IN (SELECT 'kb:' || kb_id FROM knowledge_bases UNION ALL "
        "SELECT 'batch:' || id FROM ingest_batches)",
    ),
    ("job_without_batch", "SELECT id FROM ingest_jobs WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    ("receipt_without_job", "SELECT job_id FROM job_receipts WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("history_without_job", "SELECT job_id FROM job_history WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    (
        "completed_without_outcome",
        "SELECT id FROM ingest_jobs WHERE status = 'completed' AND (outcome IS NULL OR "
        f"(document_id IS NULL AND message IS NOT '{GONE}'))",
    ),
    ("completed_without_receipt", WITHOUT_RECEIPT),
    ("failed_without_reason", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_code IS NULL"),
    ("failed_without_message", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_message IS NULL"),
    ("dead_letter_not_failed", "SELECT id FROM ingest_jobs WHERE dead_lettered <> 0 AND status <> 'failed'"),
    ("job_without_knowledge_base", f"SELECT kb_id FROM ({UNLISTED})"),
    ("running_without_worker", "SELECT id FROM ingest_jobs WHERE status = 'running' AND worker_id IS NULL"),
    ("progress_out_of_range", "SELECT id FROM ingest_jobs WHERE progress < 0 OR progress > 1"),
    ("status_differs_from_history", ASTRAY),
)


def check_ledger(ledger: Ledger) -> Iterator[Finding]:
    """Everything that the list of jobs can be asked by itself. A damaged one is a finding, and the last."""
    try:
        with reading(ledger.engine) as connection:
            yield from sound(connection, "ledger")
            yield from shapes(connection, "ledger")
            for code, query in _LEDGER:
                yield from none(connection, "ledger", code, query)
            yield from _legal_history(connection)
            yield from _counters(connection)
            for job in unfit_receipts(connection)[:MOST]:
                yield Finding("receipt_unreadable", "ledger", f"the receipt of job {job} cannot be read")
        yield from _names(ledger)
    except (StoreError, DBAPIError, ValueError, TypeError) as error:  # the latter two: of a row that no row can be
        yield Finding("store_damaged", "ledger", str(error))


def _legal_history(connection: Connection) -> Iterator[Finding]:
    for job, before, after in connection.exec_driver_sql(f"{BROKEN_STEPS} LIMIT {MOST}"):
        yield Finding("illegal_transition", "ledger", f"job {job}: {before or 'nothing'} to {after}")


def real_counters(connection: Connection) -> dict[str, tuple[int, ...]]:
    """What each scope's counters should be, in the order of ``COUNTED``; scopes without a job are zero."""
    sums = ", ".join(f"coalesce(sum({term}), 0)" for term in _terms("j").values())
    nothing = (0,) * len(COUNTED)
    found: dict[str, tuple[int, ...]] = {}
    for prefix, table, key, column in (
        ("kb:", "knowledge_bases", "kb_id", "kb_id"),
        ("batch:", "ingest_batches", "id", "batch_id"),
    ):
        for (scope,) in connection.exec_driver_sql(f"SELECT {key} FROM {table}"):
            found[f"{prefix}{scope}"] = nothing
        for scope, *numbers in connection.exec_driver_sql(
            f"SELECT j.{column}, {sums} FROM ingest_jobs j GROUP BY j.{column}"
        ):
            found[f"{prefix}{scope}"] = tuple(numbers)
    return found


def real_failures(connection: Connection) -> dict[str, int]:
    """How many undeleted jobs failed with each code."""
    rows = connection.exec_driver_sql(
        f"SELECT coalesce(error_code, 'ingest'), count(*) FROM ingest_jobs WHERE status = '{JobStatus.FAILED.value}' "
        "AND deleted_at IS NULL GROUP BY 1"
    )
    return {str(code): int(number) for code, number in rows}


def _counters(connection: Connection) -> Iterator[Finding]:
    real = real_counters(connection)
    kept = {
        str(scope): tuple(numbers)
        for scope, *numbers in connection.exec_driver_sql(f"SELECT scope, {', '.join(COUNTED)} FROM counters")
    }
    wrong = [scope for scope, numbers in real.items() if kept.get(scope) != numbers]
    for scope in sorted(wrong)[:MOST]:
        yield Finding("counters_differ", "ledger", f"{scope} counts {kept.get(scope)}, the rows are {real[scope]}")
    failures = real_failures(connection)
    told = {str(code): int(n) for code, n in connection.exec_driver_sql("SELECT error_code, n FROM failure_counters")}
    for code in sorted({*failures, *told}):
        if failures.get(code, 0) != told.get(code, 0):
            text = f"{told.get(code, 0)} jobs are counted as failed with {code}, there are {failures.get(code, 0)}"
            yield Finding("failure_counters_differ", "ledger", text)


def unfit_receipts(connection: Connection) -> list[int]:
    """Jobs whose receipt is not one."""
    found = []
    for job, text in connection.exec_driver_sql("SELECT job_id, json FROM job_receipts"):
        try:
            Receipt.model_validate_json(text)
        except ValueError:
            found.append(int(job))
    return found


def _names(ledger: Ledger) -> Iterator[Finding]:
    """The index of names must hold the names of the jobs. FTS5 compares by a command, which is a write."""
    if ledger.is_read_only:
        return
    try:
        with writing(ledger.engine) as connection:
            connection.exec_driver_sql("INSERT INTO job_names (job_names, rank) VALUES ('integrity-check', 1)")
    except (StoreError, DBAPIError) as error:
        yield Finding("names_differ", "ledger", f"the index of names differs from the jobs: {error}")
