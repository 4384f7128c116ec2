"""What is deleted is told to the content once, and can be taken back until it is purged."""

import pytest
from ledger_acts import complete, end, make_batch, one, take
from ledger_kit import Clock, files

from ingest_desktop.domain.enums import Actor, Outcome
from ingest_desktop.domain.errors import NotFoundError
from ingest_desktop.domain.models import Receipt
from ingest_desktop.infrastructure.database import reading
from ingest_desktop.infrastructure.ledger import Ledger


def test_a_path_is_hidden_with_its_last_completed_job(ledger: Ledger, clock: Clock) -> None:
    batch = make_batch(ledger, 1)
    complete(ledger)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    complete(ledger)
    ledger.delete(one(1), actor=Actor.WINDOW)
    assert ledger.outbox() == []
    token = ledger.delete(one(2), actor=Actor.WINDOW).undo_token
    (hide,) = ledger.outbox()
    assert (hide.op, hide.path, hide.kb_id) == ("hide", "/docs/f0000.pdf", "library")
    ledger.outbox_done([hide.entry_id])
    assert token is not None
    ledger.undo_delete(token)
    with ledger.outbox_work("library") as entries:
        assert [entry.op for entry in entries] == ["show"]
    assert ledger.outbox() == []
    with pytest.raises(NotFoundError):
        ledger.undo_delete(token)


def test_reading_again_outlives_an_older_deletion(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    complete(ledger)
    ledger.delete(one(1), actor=Actor.WINDOW)
    ledger.add_jobs(batch, files(1, "/docs/f"), known={})
    complete(ledger)
    assert ledger.outbox() == []


def test_a_purge_leaves_nothing(ledger: Ledger, clock: Clock) -> None:
    kb = ledger.create_knowledge_base("Work").kb_id
    make_batch(ledger, 3, kb=kb, prefix="/w")
    end(ledger, take(ledger, 2), outcome=Outcome.INGESTED, receipt=Receipt())
    ledger.delete_knowledge_base(kb, actor=Actor.WINDOW)
    assert ledger.purge(clock()) == 0
    clock.pass_seconds(1)
    assert ledger.purge_candidates(clock()) == 3
    assert ledger.purge(clock(), limit=2) == 2
    assert ledger.purge(clock(), limit=2) == 1
    assert [(entry.op, entry.kb_id) for entry in ledger.outbox()] == [("drop", kb)]
    with reading(ledger.engine) as connection:
        for table in ("ingest_jobs", "ingest_batches", "ingest_sources", "job_history", "job_receipts", "deletions"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
        assert connection.exec_driver_sql("SELECT count(*) FROM counters").scalar() == 1
        names = "SELECT count(*) FROM job_names WHERE job_names MATCH 'pdf'"
        assert connection.exec_driver_sql(names).scalar() == 0
