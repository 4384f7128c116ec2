"""Knowledge bases in the ledger: their names, and how they go and come back."""

import pytest
from ledger_acts import end, make_batch, take
from ledger_kit import files

from ingest_desktop.domain.enums import Actor, JobStatus, Outcome
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError
from ingest_desktop.infrastructure.ledger import Ledger


def test_names_are_unique_whatever_their_case(ledger: Ledger) -> None:
    kb = ledger.create_knowledge_base("  Straße   9 ")
    assert (kb.name, kb.kb_id[:3], len(kb.kb_id)) == ("Straße 9", "kb_", 15)
    for name in ("STRASSE 9", "library", "", " ", "x" * 201):
        with pytest.raises(InvalidRequestError):
            ledger.create_knowledge_base(name)
    ledger.rename_knowledge_base(kb.kb_id, "straße 9")
    with pytest.raises(InvalidRequestError):
        ledger.rename_knowledge_base(kb.kb_id, "LIBRARY")
    with pytest.raises(NotFoundError):
        ledger.rename_knowledge_base("kb_0", "x")


def test_a_knowledge_base_goes_and_comes_back_with_its_jobs(ledger: Ledger) -> None:
    with pytest.raises(InvalidRequestError):
        ledger.delete_knowledge_base("library", actor=Actor.WINDOW)
    kb = ledger.create_knowledge_base("Work").kb_id
    batch = make_batch(ledger, 3, kb=kb)
    end(ledger, take(ledger, 1), outcome=Outcome.INGESTED)
    (running,) = take(ledger, 1)
    ledger.delete_knowledge_base(kb, actor=Actor.WINDOW)
    assert [found.kb_id for found in ledger.knowledge_bases(deleted=True)] == [kb]
    assert ledger.counts().total() == 0
    assert end(ledger, [running], outcome=Outcome.INGESTED) == set()
    assert take(ledger, 9) == []
    with pytest.raises(NotFoundError):
        ledger.add_jobs(batch, files(1, "/new"), known={})
    hidden = {(entry.op, entry.path) for entry in ledger.outbox()}
    assert hidden == {("hide", "/docs/f0000.pdf"), ("hide", "/docs/f0001.pdf")}  # also what was just being read
    ledger.restore_knowledge_base(kb)
    assert ledger.counts().of(JobStatus.QUEUED, kb) == 2
    told = [(entry.op, entry.path) for entry in ledger.outbox()]
    assert told == [("hide", "/docs/f0001.pdf"), ("show", "/docs/f0000.pdf")]
    with pytest.raises(NotFoundError):
        ledger.restore_knowledge_base(kb)


def test_a_name_taken_meanwhile_keeps_the_old_one_in_the_trash(ledger: Ledger) -> None:
    kb = ledger.create_knowledge_base("Work").kb_id
    ledger.delete_knowledge_base(kb, actor=Actor.WINDOW)
    ledger.create_knowledge_base("work")
    with pytest.raises(InvalidRequestError):
        ledger.restore_knowledge_base(kb)
    assert [found.kb_id for found in ledger.knowledge_bases(deleted=True)] == [kb]
