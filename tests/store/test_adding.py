"""What the ledger takes in, and what it refuses or completes at once."""

import pytest
from ledger_acts import EVERYTHING, complete, make_batch, take
from ledger_kit import files, found

from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import QueueFullError
from ingest_desktop.domain.interfaces.repository import SameContent
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.infrastructure.ledger import Ledger


def test_a_path_is_active_once(ledger: Ledger) -> None:
    batch = make_batch(ledger, 3)
    other = ledger.create_knowledge_base("Other").kb_id
    again = ledger.add_jobs(batch, files(5, "/docs/f"), known={})
    assert (again.added, again.already_listed, again.already) == (2, 3, ("1", "2", "3"))
    assert ledger.add_jobs(make_batch(ledger, kb=other), files(3, "/docs/f"), known={}).added == 3
    complete(ledger)
    assert ledger.add_jobs(batch, files(3, "/docs/f"), known={}).added == 3
    ours = ledger.batch(batch)
    assert (ours.found, ours.already_listed, ours.finished_at) == (11, 3, None)


def test_names_that_are_no_unicode_are_kept(ledger: Ledger) -> None:
    batch = make_batch(ledger)
    path = "/docs/\udce4.txt"
    ledger.add_jobs(batch, found(path), known={})
    (job,) = ledger.jobs_page(JobQuery())
    assert (job.source_path, job.original_filename) == (path, "\ufffd.txt")
    assert take(ledger, 1)[0].path == path
    assert ledger.add_jobs(batch, found(path), known={}).already == (job.id,)


def test_unchanged_files_are_completed_at_once(ledger: Ledger) -> None:
    batch = make_batch(ledger, 1)
    same = {path.path: SameContent("doc", "5ha", "text/plain", 7) for path in files(2, "/docs/f")}
    added = ledger.add_jobs(batch, files(3, "/docs/f"), known=same)
    assert (added.added, added.unchanged, added.already_listed) == (1, 1, 1)
    (job,) = ledger.jobs_page(JobQuery(statuses=frozenset({JobStatus.COMPLETED})))
    assert (job.outcome, job.document_id, job.progress, job.chunk_count) == (Outcome.UNCHANGED, "doc", 1.0, 7)
    assert (job.checksum, job.mime_type) == ("5ha", "text/plain")
    assert job.completed_at is not None
    assert [(step.from_status, step.to_status) for step in ledger.history(job.id)] == [(None, JobStatus.COMPLETED)]


def test_the_queue_limit_adds_nothing(ledger: Ledger) -> None:
    ledger.queue_limit = 5
    batch = make_batch(ledger, 4)
    with pytest.raises(QueueFullError):
        ledger.add_jobs(batch, files(2, "/new"), known={})
    assert ledger.counts().total() == 4
    assert ledger.batch(batch).found == 4
    assert ledger.add_jobs(batch, files(4, "/docs/f"), known={}).already_listed == 4


@pytest.mark.parametrize("scope", [PauseScope.BATCH, PauseScope.KNOWLEDGE_BASE, PauseScope.APP])
def test_what_comes_into_a_paused_scope_waits(ledger: Ledger, scope: PauseScope) -> None:
    batch = make_batch(ledger)
    scope_id = {PauseScope.BATCH: batch, PauseScope.KNOWLEDGE_BASE: "library"}.get(scope)
    ledger.set_paused(scope, scope_id, True)
    ledger.add_jobs(batch, files(1), known={})
    (job,) = ledger.jobs_page(JobQuery())
    assert (job.status, job.pause_scope) == (JobStatus.PAUSED, scope)
    assert take(ledger, 1) == []
    ledger.set_paused(scope, scope_id, False)
    ledger.act(EVERYTHING, JobEvent.RESUME, actor=Actor.WINDOW, scope=scope)
    assert len(take(ledger, 1)) == 1


def test_a_search_for_files_that_was_cut_short_is_found_again(ledger: Ledger) -> None:
    batch = ledger.create_batch(
        "library", ["/docs", "/x\udcff"], origin="command", priority=0, label="a", without=["", "md"]
    ).batch_id
    make_batch(ledger)
    ((unfinished, sources),) = ledger.unfinished_discoveries()
    assert unfinished.batch_id == batch
    assert [source.path for source in sources] == ["/docs", "/x\udcff", "", "md"]
    assert [source.kind for source in sources] == ["file", "file", "without", "without"]
    ledger.finish_discovery(batch, {"hidden": 3})
    assert ledger.unfinished_discoveries() == []
    assert ledger.batch(batch).skipped == {"hidden": 3}
    assert ledger.batch(batch).finished_at is not None
