"""What ``ingest check`` asks of the list of jobs."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.enums import ACTIVE, TRANSITIONS, Actor, JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.domain.models import Receipt
from ingest_desktop.infrastructure.column_values import unfit_values
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_outbox import GONE, STANDS, STANDS_NOW
from ingest_desktop.infrastructure.ledger_schema import COUNTED, counted_terms
from ingest_desktop.infrastructure.questions import MOST, REPAIR, UNASKED, none, sequences, shapes, sound, words_of

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
# Of deleted jobs and knowledge bases: what takes them back.
LOST_DELETION: Final = "deleted_at IS NOT NULL AND coalesce(deletion_id NOT IN (SELECT id FROM deletions), 1)"
# Batches: ended when nothing of theirs waits, and no walk is under way.
WRONGLY_ENDED: Final = (
    "(finished_at IS NOT NULL) <> (discovering = 0 AND NOT EXISTS (SELECT 1 FROM ingest_jobs j "
    "WHERE j.batch_id = ingest_batches.id AND j.active = 1 AND j.deleted_at IS NULL))"
)
# The last word for a path counts. It must not hide what a job stands for, nor show what none does.
_LAST_WORDS: Final = (
    "SELECT id, kb_id, op, path AS source_path FROM outbox o WHERE op IN ('hide', 'show', 'purge') "
    "AND id = (SELECT max(id) FROM outbox l WHERE l.kb_id = o.kb_id AND l.path = o.path)"
)
CONTRADICTED: Final = (
    f"SELECT j.id FROM ({_LAST_WORDS}) j WHERE iif(j.op = 'show', NOT {STANDS_NOW}, "
    f"{STANDS.format('o.deleted_at IS NULL AND o.document_id IS NOT NULL')})"
)
WRONG_WORD: Final = (
    "op NOT IN ('hide', 'show', 'purge', 'drop') OR (op = 'drop' AND kb_id IN (SELECT kb_id FROM knowledge_bases))"
)
# What a number must be at least, by column.
AT_LEAST_0: Final = ("byte_size", "units_done", "units_total", "attempts", "chunk_count", "gaps", "crashes")
_BELOW_0: Final = " OR ".join(f"{name} < 0" for name in AT_LEAST_0)
# Numbers of the program's state, each with what it must not lie behind; None: it must be there and be a number.
STATE: Final[dict[str, str | None]] = {
    "revision": "(SELECT coalesce(max(revision), 0) FROM ingest_jobs)",
    "back": "(SELECT coalesce(max(queue_position), 0) FROM ingest_jobs)",
    "front": "(SELECT coalesce(min(queue_position), 0) FROM ingest_jobs)",
    "app_paused": None,
}
TYPED_TABLES: Final = (
    "knowledge_bases", "ingest_batches", "ingest_sources", "ingest_jobs", "job_history", "job_receipts", "workers",
    "deletions", "outbox", "counters", "failure_counters",
)  # fmt: skip
_ACTIVE: Final = ", ".join(f"'{status.value}'" for status in sorted(ACTIVE))
ACTIVE_DIFFERS: Final = f"(active IS 1) <> (status IN ({_ACTIVE})) OR active <> 1"
UNWORKED: Final = (
    "status = 'running' AND (worker_id IS NULL OR token IS NULL OR worker_id NOT IN (SELECT id FROM workers))"
)
LEFT_OVER: Final = (
    "(status <> 'completed' AND (outcome IS NOT NULL OR gaps > 0)) OR (due_at IS NOT NULL AND status NOT IN ('queued', "
    "'paused')) OR (deleted_at IS NULL AND deletion_id IS NOT NULL)"
)
UNHELD: Final = "status <> 'running' AND (worker_id IS NOT NULL OR token IS NOT NULL)"
MISPLACED: Final = "kb_id <> (SELECT b.kb_id FROM ingest_batches b WHERE b.id = ingest_jobs.batch_id)"

SKIPPED_FITS: Final = (
    "(json_valid(skipped) AND json_type(skipped) = 'object' AND NOT EXISTS "
    "(SELECT 1 FROM json_each(skipped) e WHERE e.type <> 'integer'))"
)

_LEDGER: Final = (
    ("unknown_status", f"SELECT id FROM ingest_jobs WHERE status NOT IN ({_STATUSES})"),
    (
        "unknown_value",
        f"SELECT id FROM ingest_jobs WHERE phase NOT IN ({words_of(JobPhase)}) OR outcome NOT IN ({words_of(Outcome)}) "
        f"OR pause_scope NOT IN ({words_of(PauseScope)})",
    ),
    ("unknown_value", f"SELECT id FROM ingest_batches WHERE NOT {SKIPPED_FITS}"),
    ("active_differs", f"SELECT id FROM ingest_jobs WHERE {ACTIVE_DIFFERS}"),
    ("job_in_other_knowledge_base", f"SELECT id FROM ingest_jobs WHERE {MISPLACED}"),
    ("worker_of_no_running_job", f"SELECT id FROM ingest_jobs WHERE {UNHELD}"),
    ("pause_scope_differs", "SELECT id FROM ingest_jobs WHERE (status = 'paused') <> (pause_scope IS NOT NULL)"),
    ("left_over_value", f"SELECT id FROM ingest_jobs WHERE {LEFT_OVER}"),
    ("empty_with_text", "SELECT id FROM ingest_jobs WHERE outcome = 'empty' AND chunk_count > 0"),
    ("number_out_of_range", f"SELECT id FROM ingest_jobs WHERE {_BELOW_0}"),
    ("deleted_without_deletion", f"SELECT id FROM ingest_jobs WHERE {LOST_DELETION}"),
    ("deleted_without_deletion", f"SELECT kb_id FROM knowledge_bases WHERE {LOST_DELETION}"),
    (
        "no_knowledge_base",
        "SELECT 'all are deleted' WHERE NOT EXISTS (SELECT 1 FROM knowledge_bases WHERE deleted_at IS NULL)",
    ),
    (
        "job_of_deleted_knowledge_base",
        "SELECT id FROM ingest_jobs WHERE deleted_at IS NULL AND kb_id IN "
        "(SELECT kb_id FROM knowledge_bases WHERE deleted_at IS NOT NULL)",
    ),
    ("batch_end_differs", f"SELECT id FROM ingest_batches WHERE {WRONGLY_ENDED}"),
    ("outbox_differs", f"SELECT id FROM outbox WHERE {WRONG_WORD}"),
    ("outbox_differs", CONTRADICTED),
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
        f"(document_id IS NULL AND outcome <> 'left_out' AND message IS NOT '{GONE}'))",
    ),
    ("completed_without_receipt", WITHOUT_RECEIPT),
    ("failed_without_reason", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_code IS NULL"),
    ("failed_without_message", "SELECT id FROM ingest_jobs WHERE status = 'failed' AND error_message IS NULL"),
    ("dead_letter_not_failed", "SELECT id FROM ingest_jobs WHERE dead_lettered <> 0 AND status <> 'failed'"),
    ("job_without_knowledge_base", f"SELECT kb_id FROM ({UNLISTED})"),
    ("running_without_worker", f"SELECT id FROM ingest_jobs WHERE {UNWORKED}"),
    (
        "progress_out_of_range",
        "SELECT id FROM ingest_jobs WHERE progress < 0 OR progress > 1 OR (status = 'completed' AND progress < 1)",
    ),
    ("status_differs_from_history", ASTRAY),
)


def check_ledger(ledger: Ledger) -> Iterator[Finding]:
    """Everything that the list of jobs can be asked by itself. A damaged one is a finding, and the last.

    Raises:
        StoreBusy, StoreFull, StoreFaulty: It could not be asked.
    """
    try:
        with reading(ledger.engine) as connection:
            yield from sound(connection, "ledger")
            strange = list(shapes(connection, "ledger"))
            yield from strange
            if any(REPAIR in finding.message for finding in strange):
                return  # there may be nothing to ask
            yield from unfit_values(connection, "ledger", TYPED_TABLES)
            yield from sequences(connection, "ledger")
            for code, query in _LEDGER:
                yield from none(connection, "ledger", code, query)
            yield from _legal_history(connection)
            yield from _counters(connection)
            yield from _state(connection)
            yield from _name_keys(connection)
            for job in unfit_receipts(connection)[:MOST]:
                yield Finding("receipt_unreadable", "ledger", f"the receipt of job {job} cannot be read")
        yield from _names(ledger)
    except UNASKED:
        raise
    except (StoreError, DBAPIError, ValueError, TypeError) as error:  # the latter two: of a row that no row can be
        yield Finding("store_damaged", "ledger", str(error))


def _legal_history(connection: Connection) -> Iterator[Finding]:
    for job, before, after in connection.exec_driver_sql(f"{BROKEN_STEPS} LIMIT {MOST}"):
        yield Finding("illegal_transition", "ledger", f"job {job}: {before or 'nothing'} to {after}")


def real_counters(connection: Connection) -> dict[str, tuple[int, ...]]:
    """What each scope's counters should be, in the order of ``COUNTED``; scopes without a job are zero."""
    sums = ", ".join(f"coalesce(sum({term}), 0)" for term in counted_terms("j").values())
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


def _state(connection: Connection) -> Iterator[Finding]:
    for key, furthest in STATE.items():
        sql = f"SELECT value FROM app_state WHERE key = '{key}'"
        if connection.exec_driver_sql(f"SELECT coalesce(typeof(({sql})), 'null')").scalar() != "integer":
            yield Finding("state_differs", "ledger", f"the number {key} of the store is lost")
        elif (
            furthest
            and connection.exec_driver_sql(f"SELECT ({sql}) {'>' if key == 'front' else '<'} {furthest}").scalar()
        ):
            yield Finding("state_differs", "ledger", f"the number {key} of the store is behind what its jobs tell")


def wrong_name_keys(connection: Connection) -> list[tuple[str, str]]:
    """(id, name) of knowledge bases whose name is compared by another."""
    rows = connection.exec_driver_sql("SELECT kb_id, name, name_key FROM knowledge_bases")
    return [(str(kb_id), str(name)) for kb_id, name, key in rows if str(name).casefold() != key or not name]


def _name_keys(connection: Connection) -> Iterator[Finding]:
    for kb_id, name in wrong_name_keys(connection):
        yield Finding("name_differs", "ledger", f"the knowledge base {kb_id} is called {name!r} and listed as another")


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
    except UNASKED:
        raise
    except (StoreError, DBAPIError) as error:
        yield Finding("names_differ", "ledger", f"the index of names differs from the jobs: {error}")
