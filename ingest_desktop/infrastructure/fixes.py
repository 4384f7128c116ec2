"""``ingest check --fix``: mends what can be derived from what is there. Nothing that was read is thrown away for good.

Counters and indexes are made anew from the rows; what nobody owns goes; a document that lacks a part stops answering,
keeps its sound segments as a checkpoint, and its file is queued to be read again. What only the original can tell is
told by the original.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Actor, JobEvent, JobPhase, JobStatus, Outcome, PauseScope, target_of
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding, Mended
from ingest_desktop.infrastructure.checks import (
    ASTRAY,
    BROKEN_STEPS,
    LEGAL_STEPS,
    ORDINAL,
    OUT_OF_ORDER,
    UNLISTED,
    WITHOUT_RECEIPT,
    leftovers,
    real_counters,
    real_failures,
    standing_jobs,
    unfit_receipts,
    without_job,
    words_of,
)
from ingest_desktop.infrastructure.content_receipts import receipts_of
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore, delete_segment
from ingest_desktop.infrastructure.content_swap import now_text
from ingest_desktop.infrastructure.database import from_db_path, reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_actions import FRESH_START, write_history
from ingest_desktop.infrastructure.ledger_base import (
    as_json,
    next_revision,
    parts_of,
    settle_batches,
    to_micros,
    utc_now,
)
from ingest_desktop.infrastructure.ledger_schema import COUNTED, LIBRARY_ID, LIBRARY_NAME
from ingest_desktop.infrastructure.shapes import make_shapes

_IN: Final = "IN (SELECT value FROM json_each(?))"
RECOVERED: Final = "Recovered"
LOST_TEXT: Final = "its text was damaged or missing"

_DERIVED_JOBS: Final = (
    (
        "unknown_value",
        f"UPDATE ingest_jobs SET phase = CASE status WHEN 'completed' THEN 'finalising' ELSE 'waiting' END "
        f"WHERE phase NOT IN ({words_of(JobPhase)})",
    ),
    (
        "unknown_value",
        "UPDATE ingest_jobs SET outcome = CASE WHEN status = 'completed' AND document_id IS NOT NULL "
        f"THEN iif(chunk_count > 0, 'ingested', 'empty') END WHERE outcome NOT IN ({words_of(Outcome)})",
    ),
    (
        "unknown_value",
        "UPDATE ingest_jobs SET pause_scope = iif(status = 'paused', 'job', NULL) "
        f"WHERE pause_scope NOT IN ({words_of(PauseScope)})",
    ),
    (
        "unknown_value",
        "UPDATE ingest_jobs SET created_at = iif(typeof(created_at) = 'integer', created_at, unixepoch() * 1000000), "
        "updated_at = iif(typeof(updated_at) = 'integer', updated_at, unixepoch() * 1000000) "
        "WHERE typeof(created_at) <> 'integer' OR typeof(updated_at) <> 'integer'",
    ),
    (
        "unknown_actor",
        f"UPDATE job_history SET actor = '{Actor.RECOVERY.value}' WHERE actor NOT IN ({words_of(Actor)})",
    ),
    ("failed_without_reason", "UPDATE ingest_jobs SET error_code = 'ingest' WHERE status = 'failed' AND error_code IS NULL"),
    (
        "failed_without_message",
        "UPDATE ingest_jobs SET error_message = 'Why it failed was lost.' WHERE status = 'failed' AND error_message IS NULL",
    ),
    ("dead_letter_not_failed", "UPDATE ingest_jobs SET dead_lettered = 0 WHERE status <> 'failed' AND dead_lettered <> 0"),
    ("progress_out_of_range", "UPDATE ingest_jobs SET progress = min(1.0, max(0.0, progress)) WHERE NOT progress BETWEEN 0 AND 1"),
    ("receipt_without_job", "DELETE FROM job_receipts WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("history_without_job", "DELETE FROM job_history WHERE job_id NOT IN (SELECT id FROM ingest_jobs)"),
    ("source_without_batch", "DELETE FROM ingest_sources WHERE batch_id NOT IN (SELECT id FROM ingest_batches)"),
    (
        "outbox_without_knowledge_base",
        "DELETE FROM outbox WHERE op <> 'drop' AND kb_id NOT IN (SELECT kb_id FROM knowledge_bases)",
    ),
)  # fmt: skip


def fix_store(ledger: Ledger, contents: KnowledgeBaseStores, findings: Sequence[Finding]) -> list[Mended]:
    """Mend what these findings tell of, as far as it can be derived; what was done. Check again to see what is left.

    A store that works meanwhile is not disturbed: every mend is a transaction like any other.

    Raises:
        StoreReadOnly, StoreBusy, StoreFull: The ledger cannot be written.
    """
    codes = {finding.code for finding in findings}
    done = _fix_files(ledger, codes)
    if "receipt_unreadable" in codes:
        done += _drop_receipts(ledger)
        codes.add("completed_without_receipt")
    for kb_id in dict.fromkeys(f.where for f in findings if f.where != "ledger"):
        with suppress(StoreError):  # damaged: that is for `repair`, and stays a finding
            done += _fix_content(ledger, contents.of(kb_id), {f.code for f in findings if f.where == kb_id})
    if "completed_without_receipt" in codes and (number := _write_receipts(ledger)):
        done.append(Mended("completed_without_receipt", "ledger", f"receipts told by the content: {number}"))
    if any(finding.where == "ledger" and finding.code != "leftover_file" for finding in findings) or done:
        with writing(ledger.engine) as connection:
            done += fix_ledger(connection, codes)
    return done


# --- the ledger ----------------------------------------------------------------------------------


def fix_ledger(connection: Connection, codes: Iterable[str] | None = None) -> list[Mended]:
    """Mend the ledger inside a transaction; without ``codes``, all that can be. The counters come last, always."""
    wanted = None if codes is None else set(codes)

    def asked(code: str) -> bool:
        return wanted is None or code in wanted

    done: list[Mended] = []
    if wanted is not None and "store_damaged" in wanted:  # an index that lacks rows of its table, perhaps
        connection.exec_driver_sql("REINDEX")
    if asked("schema_differs") and (number := make_shapes(connection, of_ledger=True)):
        done.append(Mended("schema_differs", "ledger", f"indexes and triggers were made anew: {number}"))
    if asked("job_without_knowledge_base"):
        done += _list_bases(connection)
    if asked("unknown_status"):  # before all that looks at it
        done += _derive_status(connection)
    steps: tuple[tuple[str, Callable[[Connection], int], str], ...] = (
        ("job_without_batch", _adopt, "batches were made for jobs that had none"),
        ("running_without_worker", _release, "running jobs that nobody worked on wait again"),
        ("completed_without_outcome", _complete_again, "completed jobs without an outcome are read again"),
        ("completed_without_receipt", _owe_again, "completed jobs without a receipt are read again"),
    )
    for code, step, text in steps:
        if asked(code) and (number := step(connection)):
            done.append(Mended(code, "ledger", f"{text}: {number}"))
    for code, statement in _DERIVED_JOBS:
        if asked(code) and (number := connection.exec_driver_sql(statement).rowcount) > 0:
            done.append(Mended(code, "ledger", f"{code.replace('_', ' ')}: {number} rows put right"))
    if asked("status_differs_from_history") or asked("illegal_transition"):
        done += _walk_anew(connection)
    done += _recount(connection)
    if asked("names_differ"):
        connection.exec_driver_sql("INSERT INTO job_names (job_names) VALUES ('rebuild')")
        done.append(Mended("names_differ", "ledger", "the index of names was made anew"))
    return done


def _list_bases(connection: Connection) -> list[Mended]:
    """A row for each knowledge base that has jobs and is not listed, by a name that is free."""
    found = [str(kb_id) for kb_id in connection.exec_driver_sql(UNLISTED).scalars()]
    for kb_id in found:
        name = first = LIBRARY_NAME if kb_id == LIBRARY_ID else f"{RECOVERED} {kb_id}"
        turn = 1
        while connection.exec_driver_sql(
            "SELECT 1 FROM knowledge_bases WHERE name_key = ?", (name.casefold(),)
        ).first():
            turn += 1
            name = f"{first} {turn}"
        connection.exec_driver_sql("DELETE FROM counters WHERE scope = ?", (f"kb:{kb_id}",))  # a trigger makes it
        connection.exec_driver_sql(
            "INSERT INTO knowledge_bases (kb_id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
            (kb_id, name, name.casefold(), to_micros(utc_now())),
        )
    return [Mended("job_without_knowledge_base", "ledger", f"listed again: {', '.join(found)}")] if found else []


def _derive_status(connection: Connection) -> list[Mended]:
    """A status that is none becomes where the last legal step of the history led; a job without one waits."""
    known = f"status NOT IN ({words_of(JobStatus)})"
    rows = connection.exec_driver_sql(f"SELECT id FROM ingest_jobs WHERE {known}").scalars().all()
    for job in rows:
        last = connection.exec_driver_sql(
            f"SELECT to_status FROM job_history WHERE job_id = ? AND to_status IN ({words_of(JobStatus)}) AND "
            f"(from_status IS NULL OR (from_status, to_status) IN (VALUES {LEGAL_STEPS})) ORDER BY id DESC LIMIT 1",
            (job,),
        ).scalar()
        status = JobStatus(last or JobStatus.QUEUED.value)
        values = (status.value, None if status.is_terminal else 1, job)
        moved = connection.exec_driver_sql(
            "UPDATE OR IGNORE ingest_jobs SET status = ?, active = ? WHERE id = ?", values
        )
        if moved.rowcount == 0:  # another job of its path is active: that one reads the file
            connection.exec_driver_sql(
                "UPDATE ingest_jobs SET status = 'cancelled', active = NULL WHERE id = ?", (job,)
            )
    if not rows:
        return []
    return [Mended("unknown_status", "ledger", f"statuses derived from the history: {len(rows)}")]


def _adopt(connection: Connection) -> int:
    """A batch for each job that names one that is not there."""
    rows = connection.exec_driver_sql(
        "SELECT batch_id, min(kb_id), min(created_at) FROM ingest_jobs "
        "WHERE batch_id NOT IN (SELECT id FROM ingest_batches) GROUP BY batch_id"
    ).fetchall()
    known = set(connection.exec_driver_sql("SELECT kb_id FROM knowledge_bases").scalars())
    rows = [row for row in rows if row[1] in known]
    if rows:  # a trigger makes their counters, which may be left of the batch that was lost
        connection.exec_driver_sql(
            f"DELETE FROM counters WHERE scope {_IN}", (as_json([f"batch:{row[0]}" for row in rows]),)
        )
        connection.exec_driver_sql(
            "INSERT INTO ingest_batches (id, kb_id, label, origin, discovering, created_at) VALUES (?, ?, ?, ?, 0, ?)",
            [(batch, kb_id, RECOVERED, Actor.RECOVERY.value, at) for batch, kb_id, at in rows],
        )
    return len(rows)


def _release(connection: Connection) -> int:
    sql = "SELECT id, status, batch_id FROM ingest_jobs WHERE status = 'running' AND worker_id IS NULL"
    return _move(connection, connection.exec_driver_sql(sql).fetchall(), JobEvent.RECOVER, "nobody worked on it")


def _complete_again(connection: Connection) -> int:
    from ingest_desktop.infrastructure.ledger_outbox import GONE

    rows = connection.exec_driver_sql(
        "SELECT id, status, batch_id FROM ingest_jobs WHERE status = 'completed' AND deleted_at IS NULL AND "
        f"(outcome IS NULL OR (document_id IS NULL AND message IS NOT '{GONE}'))"
    ).fetchall()
    return _move(connection, rows, JobEvent.RETRY, "its outcome was lost")


def _drop_receipts(ledger: Ledger) -> list[Mended]:
    with writing(ledger.engine) as connection:
        unfit = unfit_receipts(connection)
        connection.exec_driver_sql(f"DELETE FROM job_receipts WHERE job_id {_IN}", (as_json(unfit),))
    return [Mended("receipt_unreadable", "ledger", f"receipts that cannot be read were removed: {len(unfit)}")]


def _write_receipts(ledger: Ledger) -> int:
    """Receipts that were lost, as far as the knowledge bases know them; how many. Jobs of other documents are left."""
    sql = f"SELECT id, kb_id, document_id, checksum FROM ingest_jobs WHERE id IN ({WITHOUT_RECEIPT})"
    with reading(ledger.engine) as connection:
        rows = connection.exec_driver_sql(sql).all()
    told: list[tuple[int, str]] = []
    for base in {row[1] for row in rows}:
        mine = {row[0]: (row[2], row[3]) for row in rows if row[1] == base}
        receipts = receipts_of(ledger.root / "knowledge_bases" / base / "kb.db", set(mine.values()))
        told += [
            (job, receipts[document].model_dump_json(exclude_defaults=True))
            for job, document in mine.items()
            if document in receipts
        ]
    if told:
        with writing(ledger.engine) as connection:
            connection.exec_driver_sql("INSERT OR REPLACE INTO job_receipts (job_id, json) VALUES (?, ?)", told)
    return len(told)


def _owe_again(connection: Connection) -> int:
    rows = connection.exec_driver_sql(WITHOUT_RECEIPT).scalars().all()
    return queue_again(connection, rows, "its receipt was lost")


def queue_again(connection: Connection, job_ids: Iterable[int], reason: str) -> int:
    """Let completed jobs wait to be read again, whatever their outcome; how many. A path that is active already stays so."""
    rows: list[Sequence[Any]] = []
    for part in parts_of(job_ids):
        sql = f"SELECT id, status, batch_id FROM ingest_jobs WHERE id {_IN} AND status = 'completed' AND deleted_at IS NULL"
        rows += connection.exec_driver_sql(sql, (as_json(part),)).fetchall()
    return _move(connection, rows, JobEvent.RETRY, reason)


def _move(connection: Connection, rows: Sequence[Sequence[Any]], event: JobEvent, reason: str) -> int:
    """Let rows of (id, status, batch id) wait, with a step in their history."""
    if not rows:
        return 0
    now, revision, before = to_micros(utc_now()), next_revision(connection), {row[0]: row[1] for row in rows}
    moved: list[int] = []
    for part in parts_of(before):
        moved += connection.exec_driver_sql(
            f"UPDATE OR IGNORE ingest_jobs SET status = ?, active = 1, {FRESH_START}, progress = 0, document_id = NULL, "
            "pause_scope = NULL, chunk_count = 0, worker_id = NULL, token = NULL, revision = ?, updated_at = ? "
            f"WHERE id {_IN} RETURNING id",
            (target_of(event).value, revision, now, as_json(part)),
        ).scalars()
    write_history(connection, moved, before, target_of(event), now, Actor.RECOVERY, reason)
    settle_batches(connection, {row[2] for row in rows}, now)
    return len(moved)


def _walk_anew(connection: Connection) -> list[Mended]:
    """A history that is not a walk to where the job stands goes on from there: what is written stays, a new start follows.

    Steps that no table knows cannot stay: they are the ones that go.
    """
    broken = {row[0] for row in connection.exec_driver_sql(BROKEN_STEPS)}
    for part in parts_of(sorted(broken)):
        connection.exec_driver_sql(f"DELETE FROM job_history WHERE job_id {_IN}", (as_json(part),))
    astray = [*broken, *(row[0] for row in connection.exec_driver_sql(ASTRAY) if row[0] not in broken)]
    now = to_micros(utc_now())
    for part in parts_of(sorted(astray)):
        connection.exec_driver_sql(
            "INSERT INTO job_history (job_id, at, from_status, to_status, actor, reason) "
            f"SELECT id, ?, NULL, status, ?, 'its history was damaged' FROM ingest_jobs WHERE id {_IN}",
            (now, Actor.RECOVERY.value, as_json(part)),
        )
    if not astray:
        return []
    return [
        Mended("status_differs_from_history", "ledger", f"histories begin anew where the job stands: {len(astray)}")
    ]


def _recount(connection: Connection) -> list[Mended]:
    """Counters are what the rows say."""
    real, failures = real_counters(connection), real_failures(connection)
    columns = ", ".join(COUNTED)
    kept = {row[0]: tuple(row[1:]) for row in connection.exec_driver_sql(f"SELECT scope, {columns} FROM counters")}
    told = {
        row[0]: row[1] for row in connection.exec_driver_sql("SELECT error_code, n FROM failure_counters WHERE n <> 0")
    }
    wrong = [scope for scope in {*real, *kept} if kept.get(scope) != real.get(scope)]
    if wrong:
        connection.exec_driver_sql("DELETE FROM counters")
        marks = ", ".join("?" * (len(COUNTED) + 1))
        if real:
            rows = [(scope, *numbers) for scope, numbers in real.items()]
            connection.exec_driver_sql(f"INSERT INTO counters (scope, {columns}) VALUES ({marks})", rows)
        batches = [int(scope[6:]) for scope in wrong if scope.startswith("batch:") and scope in real]
        settle_batches(connection, batches, to_micros(utc_now()))
    if failures != told:
        connection.exec_driver_sql("DELETE FROM failure_counters")
        if failures:
            sql = "INSERT INTO failure_counters (error_code, n) VALUES (?, ?)"
            connection.exec_driver_sql(sql, list(failures.items()))
    if wrong or failures != told:
        next_revision(connection)
        return [Mended("counters_differ", "ledger", f"counted anew: {len(wrong) + int(failures != told)}")]
    return []


def _fix_files(ledger: Ledger, codes: set[str]) -> list[Mended]:
    done = []
    for path in leftovers(ledger.root) if "leftover_file" in codes else ():
        with suppress(OSError):
            path.unlink()
            done.append(Mended("leftover_file", "ledger", f"removed: {path}"))
    return done


# --- a knowledge base ----------------------------------------------------------------------------


def _fix_content(ledger: Ledger, store: KnowledgeBaseStore, codes: set[str]) -> list[Mended]:
    done: list[Mended] = []
    with writing(store.engine) as connection:
        if "store_damaged" in codes:  # an index that lacks rows of its table, perhaps
            connection.exec_driver_sql("REINDEX")
        if "schema_differs" in codes and (number := make_shapes(connection, of_ledger=False)):
            done.append(Mended("schema_differs", store.kb_id, f"indexes were made anew: {number}"))
        numbers = mend_content(connection)
        rebuilt = "full_text_differs" in codes or "store_damaged" in codes or numbers.get("chunks_missing", 0) > 0
        if rebuilt:
            connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
    done += [
        Mended(code, store.kb_id, f"{code.replace('_', ' ')}: {number} put right") for code, number in numbers.items()
    ]
    if rebuilt:
        done.append(Mended("full_text_differs", store.kb_id, "the full text was made anew from the text"))
    if codes & {"receipt_differs", "figures_differ"} and (number := _tell_figures(ledger, store)):
        done.append(Mended("receipt_differs", store.kb_id, f"jobs tell what their documents have: {number}"))
    again = jobs_to_read_again(ledger, store)
    if again:
        with writing(ledger.engine) as connection:
            number = queue_again(connection, again, LOST_TEXT)
        done.append(Mended("document_missing", store.kb_id, f"files queued to be read again: {number}"))
    return done + _hide_jobless(ledger, store, codes)


def _tell_figures(ledger: Ledger, store: KnowledgeBaseStore) -> int:
    """Chunks and gaps of a job and its receipt are those of its document, when it is the very one; how many were not."""
    rows = standing_jobs(ledger, store.kb_id)
    sql = "SELECT d.document_id, v.sha256, v.recipe, v.chunks, v.gaps FROM documents d JOIN versions v ON v.id = d.version"
    with reading(store.engine) as connection:
        present = {tuple(row[:3]): tuple(row[3:]) for row in connection.exec_driver_sql(sql)}
    wrong = [
        (*present[tuple(row[1:4])], row[0])
        for row in rows
        if tuple(row[1:4]) in present
        and (row[4] or 0, row[5], row[6]) != (present[tuple(row[1:4])][0], *present[tuple(row[1:4])])
    ]
    if wrong:
        with writing(ledger.engine) as connection:
            revision = next_revision(connection)
            connection.exec_driver_sql(
                "UPDATE ingest_jobs SET chunk_count = ?, gaps = ?, revision = ? WHERE id = ? AND status = 'completed'",
                [(chunks, gaps, revision, job) for chunks, gaps, job in wrong],
            )
            connection.exec_driver_sql(
                "UPDATE job_receipts SET json = json_set(json, '$.chunks_stored', ?1, '$.chunks_indexed', ?1) WHERE job_id = ?2",
                [(chunks, job) for chunks, _, job in wrong],
            )
    return len(wrong)


def mend_content(connection: Connection) -> dict[str, int]:
    """Take out what nobody owns, and let documents that lack a part stop answering: their sound segments stay.

    Returns:
        How much was put right, by the code of what was found.
    """
    run = connection.exec_driver_sql
    done: dict[str, int] = {}

    def count(code: str, number: int) -> None:
        if number > 0:
            done[code] = done.get(code, 0) + number

    owners = f"SELECT DISTINCT id >> {SEGMENT_SHIFT} FROM chunks"
    for segment in run(f"{owners} WHERE id >> {SEGMENT_SHIFT} NOT IN (SELECT id FROM segments)").scalars().all():
        delete_segment(connection, segment)
        count("chunk_without_segment", 1)
    for segment in run("SELECT id FROM segments WHERE version NOT IN (SELECT id FROM versions)").scalars().all():
        delete_segment(connection, segment)
        count("segment_without_version", 1)
    short = run(
        "SELECT s.id FROM segments s WHERE s.chunks <> (SELECT count(*) FROM chunks c WHERE "
        f"c.id >= s.id << {SEGMENT_SHIFT} AND c.id < (s.id + 1) << {SEGMENT_SHIFT})"
    ).scalars().all()  # fmt: skip
    for segment in short:
        delete_segment(connection, segment)
    count("chunks_missing", len(short))
    broken = run(
        "SELECT v.id FROM versions v WHERE v.document IS NOT NULL AND ("
        "(SELECT count(*) FROM segments s WHERE s.version = v.id) <> v.segments "
        "OR v.document NOT IN (SELECT id FROM documents) "
        "OR (SELECT d.version FROM documents d WHERE d.id = v.document) <> v.id)"
    ).scalars().all()  # fmt: skip
    for version in broken:  # it is a checkpoint now: what is sound of it is not read again
        sql = "UPDATE versions SET live = 0, document = NULL, chunks = 0, touched_at = ? WHERE id = ?"
        run(sql, (now_text(), version))
    count("version_incomplete_but_live", len(broken))
    count(
        "document_without_version",
        run(
            "DELETE FROM documents WHERE version NOT IN (SELECT id FROM versions WHERE document = documents.id)"
        ).rowcount,
    )
    count("path_without_document", run("DELETE FROM paths WHERE document NOT IN (SELECT id FROM documents)").rowcount)
    nameless = run("SELECT id FROM documents WHERE id NOT IN (SELECT document FROM paths)").scalars().all()
    for document in nameless:
        run("UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE document = ?", (now_text(), document))
        run("DELETE FROM documents WHERE id = ?", (document,))
    count("document_without_path", len(nameless))
    count(
        "version_counts_wrong",
        run(
            "UPDATE versions SET chunks = (SELECT coalesce(sum(s.chunks), 0) FROM segments s WHERE s.version = versions.id) "
            "WHERE document IS NOT NULL AND chunks <> "
            "(SELECT coalesce(sum(s.chunks), 0) FROM segments s WHERE s.version = versions.id)"
        ).rowcount,
    )
    count(
        "chunks_out_of_order",
        run(f"UPDATE segments SET first_ordinal = {ORDINAL} WHERE {OUT_OF_ORDER}").rowcount,
    )
    visible = "EXISTS (SELECT 1 FROM paths p WHERE p.document = versions.document AND p.hidden = 0)"
    count("live_differs_from_paths", run(f"UPDATE versions SET live = {visible} WHERE live <> {visible}").rowcount)
    return done


def jobs_to_read_again(ledger: Ledger, store: KnowledgeBaseStore) -> list[int]:
    """The jobs that stand for a document that is not there (any more)."""
    rows = standing_jobs(ledger, store.kb_id)  # first: what a job brings is in the content before the job has ended
    with reading(store.engine) as connection:
        present = set(connection.exec_driver_sql("SELECT document_id FROM documents").scalars())
    return [int(row[0]) for row in rows if row[1] not in present]


def _hide_jobless(ledger: Ledger, store: KnowledgeBaseStore, codes: set[str]) -> list[Mended]:
    """What was deleted must not be found: as the outbox would have told it."""
    paths = without_job(ledger, store) if "found_without_job" in codes else set()
    if not paths:
        return []
    with reading(ledger.engine) as connection:
        listed = set(
            connection.exec_driver_sql("SELECT source_path FROM ingest_jobs WHERE kb_id = ?", (store.kb_id,)).scalars()
        )
    names = [from_db_path(path) for path in paths]
    with store.editing() as editor:
        editor.hide_paths(names, True)
        editor.purge_paths([from_db_path(path) for path in paths - listed])
        editor.commit()
    return [Mended("found_without_job", store.kb_id, f"paths that no job stands for were taken out: {len(names)}")]
