"""Paths that come into the list again: what the ledger asks of its indexes, and how many rows it looks at."""

from ledger_acts import end, make_batch, one, take
from ledger_kit import files, found
from sqlalchemy import Engine, event

from ingest_desktop.domain.enums import Actor, JobStatus, Outcome
from ingest_desktop.infrastructure.ledger import Ledger


def asked_for_empty(engine: Engine) -> list[str]:
    """The statements that look for empty jobs from now on."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "ended INDEXED BY ix_brought" in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return seen


def test_nobody_looks_for_empty_jobs_where_there_are_none(ledger: Ledger) -> None:
    make_batch(ledger, 3)
    claims = take(ledger, 3)
    end(ledger, claims[:1], error_code="source_encrypted")
    end(ledger, claims[1:2], outcome=Outcome.INGESTED)
    seen = asked_for_empty(ledger.engine.get_execution_options()["ingest_writer"])
    make_batch(ledger, 3)
    assert seen == []
    end(ledger, claims[2:], outcome=Outcome.EMPTY)
    make_batch(ledger, 3)
    assert len(seen) == 1


def test_an_empty_job_is_found_by_its_path(ledger: Ledger) -> None:
    make_batch(ledger, 1)
    end(ledger, take(ledger, 1), outcome=Outcome.EMPTY)
    seen = asked_for_empty(ledger.engine.get_execution_options()["ingest_writer"])
    make_batch(ledger, 1)
    with ledger.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {seen[0]}", ("library", '["/docs/a"]')).fetchall()
    plan = " ".join(str(row[3]) for row in rows)
    assert "USING INDEX ix_brought (kb_id=? AND source_path=? AND deleted_at=?)" in plan
    assert "SCAN ended" not in plan


def test_of_a_failed_and_an_empty_job_the_newer_one_waits_again(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    end(ledger, take(ledger, 1), error_code="source_encrypted")
    token = ledger.delete(one(1), actor=Actor.WINDOW).undo_token
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    end(ledger, take(ledger, 1), outcome=Outcome.EMPTY)
    ledger.undo_delete(str(token))
    assert ledger.add_jobs(batch, files(1, "/docs/f"), known={}).added == 1
    assert [ledger.job(job).status for job in ("1", "2")] == [JobStatus.FAILED, JobStatus.QUEUED]
    last = ledger.history("2")[-1]
    assert (last.from_status, last.to_status, last.reason) == (JobStatus.COMPLETED, JobStatus.QUEUED, "added again")


def test_a_deleted_empty_job_stays_deleted(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    end(ledger, take(ledger, 1), outcome=Outcome.EMPTY)
    ledger.delete(one(1), actor=Actor.WINDOW)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    assert (ledger.job("1").status, ledger.job("2").status) == (JobStatus.COMPLETED, JobStatus.QUEUED)


def test_a_name_that_is_no_unicode_gets_a_job_of_its_own(ledger: Ledger) -> None:
    batch = make_batch(ledger)
    for _ in range(2):
        ledger.add_jobs(batch, found("/docs/\udcff.pdf"), known={})
        end(ledger, take(ledger, 1), outcome=Outcome.EMPTY)
    assert [ledger.job(job).outcome for job in ("1", "2")] == [Outcome.EMPTY] * 2
