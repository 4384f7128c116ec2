"""``ingest check --fix``: mends what can be derived from what is there. Nothing that was read is thrown away for good.

Counters and indexes are made anew from the rows; what nobody owns goes; a document that lacks a part stops answering,
keeps its sound segments as a checkpoint, and its file is queued to be read again. What only the original can tell is
told by the original.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, Final

from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.checks import Finding, Mended
from ingest_desktop.infrastructure.checks import check_store, leftovers, unlisted
from ingest_desktop.infrastructure.content_fixes import fix_content
from ingest_desktop.infrastructure.content_receipts import receipts_of
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_base import as_json
from ingest_desktop.infrastructure.ledger_checks import WITHOUT_RECEIPT, unfit_receipts
from ingest_desktop.infrastructure.ledger_fixes import fix_ledger
from ingest_desktop.infrastructure.ledger_rescue import fill_from_content
from ingest_desktop.infrastructure.salvage import Salvaged

MOST_ROUNDS: Final = 4  # of mending and looking again

_IN: Final = "IN (SELECT value FROM json_each(?))"


def fix_store(ledger: Ledger, contents: KnowledgeBaseStores, findings: Sequence[Finding]) -> list[Mended]:
    """Mend what these findings tell of, as far as it can be derived; what was done. Check again to see what is left.

    A store that works meanwhile is not disturbed: every mend is a transaction like any other.

    Raises:
        StoreReadOnly, StoreBusy, StoreFull: The ledger cannot be written.
    """
    codes = {finding.code for finding in findings}
    done = _fix_files(ledger, codes)
    if "knowledge_base_unlisted" in codes and (names := _list_found(ledger)):
        text = f"listed again, with the files that they hold: {', '.join(names)}"
        done.append(Mended("knowledge_base_unlisted", "ledger", text))
        codes |= {"status_differs_from_history", "names_differ", "batch_end_differs"}
    jobless = {finding.where for finding in findings if finding.code == "found_without_job"}
    if jobless and (number := _list_later(ledger, jobless)):
        text = f"files whose text is later than the list of jobs were listed again: {number}"
        done.append(Mended("found_without_job", "ledger", text))
        codes |= {"status_differs_from_history", "names_differ", "batch_end_differs", "state_differs"}
    if "unknown_value" in codes and (number := _tell_paths(ledger, contents)):
        done.append(Mended("unknown_value", "ledger", f"paths of jobs told by the content: {number}"))
    if "receipt_unreadable" in codes:
        done += _drop_receipts(ledger)
        codes.add("completed_without_receipt")
    if any(finding.where == "ledger" and finding.code != "leftover_file" for finding in findings):
        # What the list does not tell may be for want of a row that is mended now: nothing is taken out before that.
        findings = [finding for finding in findings if finding.code != "found_without_job"]
    for kb_id in dict.fromkeys(f.where for f in findings if f.where != "ledger"):
        with suppress(StoreError):  # damaged: that is for `repair`, and stays a finding
            done += fix_content(ledger, contents.of(kb_id), [f for f in findings if f.where == kb_id])
    if "completed_without_receipt" in codes and (number := _write_receipts(ledger)):
        done.append(Mended("completed_without_receipt", "ledger", f"receipts told by the content: {number}"))
    if any(finding.where == "ledger" and finding.code != "leftover_file" for finding in findings) or done:
        with writing(ledger.engine) as connection:
            done += fix_ledger(connection, codes)
    return done


def mend_store(
    ledger: Ledger, contents: KnowledgeBaseStores, findings: Sequence[Finding]
) -> tuple[list[Mended], list[Finding]]:
    """Mend and look again, while that brings something: what was done, and what is left. One mend may lay bare the next.

    Raises:
        As ``fix_store``.
    """
    done: list[Mended] = []
    for _ in range(MOST_ROUNDS):
        mended = fix_store(ledger, contents, findings) if findings else []
        if not mended:
            break
        done += mended
        findings = check_store(ledger, contents)
    return done, list(findings)


def _fix_files(ledger: Ledger, codes: set[str]) -> list[Mended]:
    done = []
    for path in leftovers(ledger.root) if "leftover_file" in codes else ():
        with suppress(OSError):
            path.unlink()
            done.append(Mended("leftover_file", "ledger", f"removed: {path}"))
    return done


def _list_found(ledger: Ledger) -> list[str]:
    """Knowledge bases that are there and not listed; their ids. Histories, names and counters follow."""
    found = unlisted(ledger)
    if found:
        with writing(ledger.engine) as connection:
            driver: Any = connection.connection.driver_connection
            for path in found:
                counted = f"kb:{path.parent.name}"  # a trigger makes it
                connection.exec_driver_sql("DELETE FROM counters WHERE scope = ?", (counted,))
                fill_from_content(path, driver, Salvaged(gaps=[(0, 2**63 - 1)]), set())
    return [path.parent.name for path in found]


def _list_later(ledger: Ledger, bases: Collection[str]) -> int:
    """Jobs whose numbers the list never gave out come back with what they brought; how many.

    The list is older than the text then: a copy was put in its place, or its log was lost. What was deleted has a number
    that was given out.
    """
    with writing(ledger.engine) as connection:
        run = connection.exec_driver_sql
        last = run("SELECT seq FROM sqlite_sequence WHERE name = 'ingest_jobs'").scalar() or 0
        later = Salvaged(gaps=[(int(last) + 1, 2**63 - 1)])
        driver: Any = connection.connection.driver_connection
        for kb_id in sorted(bases):
            fill_from_content(ledger.root / "knowledge_bases" / kb_id / "kb.db", driver, later, set())
        return int(run("SELECT count(*) FROM ingest_jobs WHERE id > ?", (last,)).scalar_one())


def _tell_paths(ledger: Ledger, contents: KnowledgeBaseStores) -> int:
    """Jobs whose path is none get the one that they brought; how many."""
    sql = "SELECT id, kb_id FROM ingest_jobs WHERE typeof(source_path) NOT IN ('text', 'blob')"
    with reading(ledger.engine) as connection:
        lost = connection.exec_driver_sql(sql).all()
    told: list[tuple[str | bytes, int]] = []
    for job, kb_id in lost:
        with suppress(StoreError), reading(contents.of(kb_id).engine) as connection:
            brought = "SELECT path FROM paths WHERE job = ?1 OR first_job = ?1 ORDER BY job = ?1 DESC LIMIT 1"
            path = connection.exec_driver_sql(brought, (job,)).scalar()
            told += [(path, job)] if isinstance(path, str | bytes) else []
    if told:
        with writing(ledger.engine) as connection:
            connection.exec_driver_sql("UPDATE OR IGNORE ingest_jobs SET source_path = ? WHERE id = ?", told)
    return len(told)


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
