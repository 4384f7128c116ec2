"""``ingest check`` finds every kind of breach, and ``--fix`` mends what can be derived; originals tell the rest."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from application.kit import FakeApp, Script, all_jobs, exported, job_of, real_app, work, write_files

from ingest_desktop.cli import main
from ingest_desktop.domain.errors import LedgerDamaged
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import Failed
from ingest_desktop.infrastructure.checks import LEFTOVER_SECONDS, check_store
from ingest_desktop.infrastructure.database import writing
from ingest_desktop.infrastructure.fixes import fix_store
from ingest_desktop.proving import check_sample
from ingest_desktop.repairing import repair


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "docs", {"a.txt": "heron\negret\nstork", "b.txt": "owl", "long.txt": "one\ntwo\nthree\nfour"}
    )


@pytest.fixture
def app(tmp_path: Path, docs: Path) -> Iterator[FakeApp]:
    script = Script()
    script.segments_of = lambda path: 2 if path.endswith("long.txt") else 1
    found = FakeApp(tmp_path / "data", script)
    found.service.submit([str(docs), str(docs / "gone.txt")])
    work(found)
    found.lifecycle.stop(10)
    yield found
    found.close()


def break_rows(app: FakeApp, where: str, *statements: str) -> None:
    """By a connection that no rules hold."""
    path = app.repository.path if where == "ledger" else app.contents.of("library").path
    with closing(sqlite3.connect(path, isolation_level=None)) as bare:
        for statement in statements:
            bare.execute(statement)


def mended(app: FakeApp) -> set[str]:
    """Mend all that is found; the codes that were mended."""
    return {done.code for done in fix_store(app.repository, app.contents, app.check())}


STEP = "INSERT INTO job_history (job_id, at, to_status, actor) VALUES (1, 1, '{}', 'recovery')"
LONG = "(SELECT s.version FROM segments s GROUP BY s.version HAVING count(*) = 2)"
BREACHES: dict[str, tuple[str, tuple[str, ...]]] = {
    "counters_differ": ("ledger", ("UPDATE counters SET completed = completed + 1 WHERE scope = 'kb:library'",)),
    "failure_counters_differ": ("ledger", ("INSERT INTO failure_counters VALUES ('x', 3)",)),
    "counter_without_owner": ("ledger", ("INSERT INTO counters (scope) VALUES ('batch:99')",)),
    "names_differ": ("ledger", ("DELETE FROM job_names WHERE rowid = 1",)),
    "receipt_without_job": ("ledger", ("INSERT INTO job_receipts VALUES (99, '{}')",)),
    "history_without_job": ("ledger", ("INSERT INTO job_history (job_id, at, to_status, actor) VALUES (99, 1, 'failed', 'x')",)),
    "source_without_batch": ("ledger", ("INSERT INTO ingest_sources (batch_id, kind, path) VALUES (99, 'file', '/x')",)),
    "outbox_without_knowledge_base": ("ledger", ("INSERT INTO outbox (kb_id, op, path, at) VALUES ('kb_no', 'hide', '/x', 1)",)),
    "job_without_batch": ("ledger", ("UPDATE ingest_jobs SET batch_id = 77 WHERE id = 1",)),
    "failed_without_reason": (
        "ledger",
        ("UPDATE ingest_jobs SET status = 'failed' WHERE id = 1", STEP.format("failed")),
    ),
    "completed_without_outcome": ("ledger", ("UPDATE ingest_jobs SET outcome = NULL WHERE id = 1",)),
    "completed_without_receipt": (
        "ledger", ("DELETE FROM job_receipts WHERE job_id = 1", "UPDATE job_receipts SET json = 'junk' WHERE job_id = 2"),
    ),
    "unknown_status": ("ledger", ("UPDATE ingest_jobs SET status = 'junk' WHERE id = 1",)),
    "unknown_value": ("ledger", ("UPDATE ingest_jobs SET phase = 'x', outcome = 'y', pause_scope = 'z', updated_at = 'w' WHERE id = 1",)),
    "unknown_actor": ("ledger", ("UPDATE job_history SET actor = 'ghost'",)),
    "receipt_unreadable": ("ledger", ("UPDATE job_receipts SET json = '{\"x\": 1}' WHERE job_id = 1", "UPDATE job_receipts SET json = '!'")),
    "illegal_transition and no status": (
        "ledger", ("UPDATE job_history SET to_status = 'x' WHERE job_id = 1", "UPDATE ingest_jobs SET status = 'x' WHERE id = 1"),
    ),
    "schema_differs": (
        "ledger", ("DROP TRIGGER job_changed", "DROP INDEX ux_active", "UPDATE ingest_jobs SET outcome = 'empty' WHERE id = 1",
                   "UPDATE ingest_jobs SET outcome = 'ingested' WHERE id = 1"),
    ),
    "figures_differ": ("ledger", ("UPDATE ingest_jobs SET chunk_count = 9, gaps = 2 WHERE id = 1",)),
    "schema_differs of content": ("kb", ("DROP INDEX paths_document",)),
    "failed_without_message": (
        "ledger", ("UPDATE ingest_jobs SET status = 'failed', error_code = 'ingest' WHERE id = 1", STEP.format("failed")),
    ),
    "dead_letter_not_failed": ("ledger", ("UPDATE ingest_jobs SET dead_lettered = 1 WHERE id = 1",)),
    "job_without_knowledge_base": ("ledger", ("DELETE FROM knowledge_bases",)),
    "chunks_out_of_order": ("kb", ("UPDATE segments SET first_ordinal = first_ordinal + 7",)),
    "source_without_batch and jobs": ("ledger", ("DELETE FROM ingest_batches",)),
    "running_without_worker": (
        "ledger",
        ("UPDATE ingest_jobs SET status = 'running', active = 1 WHERE id = 1", STEP.format("running")),
    ),
    "progress_out_of_range": ("ledger", ("UPDATE ingest_jobs SET progress = 1.5 WHERE id = 1",)),
    "status_differs_from_history": ("ledger", ("UPDATE ingest_jobs SET status = 'cancelled' WHERE id = 1",)),
    "illegal_transition": (
        "ledger", ("INSERT INTO job_history (job_id, at, from_status, to_status, actor) VALUES (1, 1, 'completed', 'running', 'worker')",),
    ),
    "chunk_without_segment": ("kb", (f"DELETE FROM segments WHERE version = {LONG}",)),
    "segment_without_version": ("kb", (f"DELETE FROM versions WHERE id = {LONG}",)),
    "chunks_missing": ("kb", ("DELETE FROM chunks WHERE text = 'egret'",)),
    "version_incomplete_but_live": ("kb", (f"DELETE FROM segments WHERE version = {LONG} AND number = 1",)),
    "document_without_version": ("kb", ("UPDATE documents SET version = 99 WHERE id = 1",)),
    "document_without_path": ("kb", ("DELETE FROM paths WHERE document = 1",)),
    "path_without_document": ("kb", ("DELETE FROM documents WHERE id = 1",)),
    "version_counts_wrong": ("kb", ("UPDATE versions SET chunks = 9 WHERE id = 1",)),
    "live_differs_from_paths": ("kb", ("UPDATE versions SET live = 0 WHERE id = 1",)),
    "full_text_differs": ("kb", ("INSERT INTO chunks_fts (chunks_fts) VALUES ('delete-all')",)),
    "document_missing": ("kb", ("DELETE FROM paths", "DELETE FROM documents", "UPDATE versions SET live = 0, document = NULL")),
}  # fmt: skip


@pytest.mark.parametrize("code", BREACHES)
def test_a_breach_is_found_and_mended(app: FakeApp, docs: Path, code: str) -> None:
    assert app.check() == []
    before, jobs = exported(app), len(all_jobs(app))
    where, statements = BREACHES[code]
    break_rows(app, where, *statements)
    assert code.split()[0] in {finding.code for finding in app.check()}
    assert mended(app)
    work(app)
    app.lifecycle.stop(10)
    assert app.check() == []
    assert len(all_jobs(app)) == jobs and exported(app) == before


WRONG = {
    "status": "UPDATE ingest_jobs SET status = 'junk'",
    "outcome": "UPDATE ingest_jobs SET outcome = 'junk'",
    "phase": "UPDATE ingest_jobs SET phase = 'junk'",
    "history": "UPDATE job_history SET to_status = 'junk'",
    "receipt": "UPDATE job_receipts SET json = '{junk'",
    "moment": "UPDATE ingest_jobs SET created_at = 'junk'",
}


@pytest.mark.parametrize("what", WRONG)
def test_a_value_that_no_row_can_hold_is_told_as_damage_and_mended(
    app: FakeApp, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    break_rows(app, "ledger", WRONG[what])
    before = exported(app)
    app.close()
    command = ["--data-dir", str(app.settings.data_root)]
    assert main([*command, "show", "1"]) == 1
    told = capsys.readouterr().err
    assert "holds a value that it cannot hold" in told and "ingest repair" in told
    assert main([*command, "check", "--sample", "0"]) == 5
    repair(app.settings)
    assert main([*command, "show", "1"]) == main([*command, "jobs"]) == 0
    assert main([*command, "check", "--sample", "0"]) == 0
    again = FakeApp(app.settings.data_root, app.script)
    assert exported(again) == before
    again.close()


def test_a_sound_segment_of_a_broken_document_is_not_read_again(app: FakeApp, docs: Path) -> None:
    before = exported(app)
    break_rows(app, "kb", "DELETE FROM chunks WHERE text = 'four'")
    assert "chunks_missing" in mended(app)
    assert job_of(app, docs / "long.txt").status == "queued"
    app.script.read.clear()
    work(app)
    assert [number for _, number in app.script.read] == [1]
    assert exported(app) == before and app.check() == []
    steps = [entry for entry in app.service.history(job_of(app, docs / "long.txt").id) if entry.actor == "recovery"]
    assert [entry.reason for entry in steps] == ["its text was damaged or missing"]


def test_what_can_be_found_without_a_job_is_taken_out(app: FakeApp, docs: Path) -> None:
    job = job_of(app, docs / "a.txt")
    app.service.delete(JobSelector(job_ids=(job.id,)))
    break_rows(app, "kb", "UPDATE paths SET hidden = 0", "UPDATE versions SET live = 1")
    break_rows(app, "ledger", "DELETE FROM outbox")
    assert {finding.code for finding in app.check()} == {"found_without_job"}
    assert mended(app) == {"found_without_job"}
    assert app.check() == [] and not app.search.search("heron").hits
    assert app.search.search("owl").hits


def test_what_is_later_than_the_list_of_jobs_is_listed_again(app: FakeApp, docs: Path, tmp_path: Path) -> None:
    app.close()
    ledger = app.repository.path
    older = ledger.read_bytes()
    new = write_files(docs / "new", {"n1.txt": "curlew", "n2.txt": "plover"})
    later = FakeApp(tmp_path / "data", Script())
    later.service.submit([str(new)])
    work(later)
    later.service.delete(JobSelector(job_ids=(job_of(later, new / "n2.txt").id,)))
    later.close()
    ledger.write_bytes(older)  # a copy that a person put in its place
    again = FakeApp(tmp_path / "data", Script())
    assert {finding.code for finding in again.check()} == {"found_without_job"}
    assert "found_without_job" in mended(again)
    assert again.check() == []
    assert again.search.search("curlew").hits and not again.search.search("plover").hits
    assert job_of(again, new / "n1.txt").status == "completed"
    again.close()


def test_a_receipt_owes_the_chunks_that_are_there(app: FakeApp, docs: Path) -> None:
    job = job_of(app, docs / "a.txt")
    break_rows(
        app, "ledger", f"UPDATE job_receipts SET json = json_set(json, '$.chunks_stored', 7) WHERE job_id = {job.id}"
    )
    (finding,) = app.check()
    assert finding.code == "receipt_differs" and "owes 7 chunks" in finding.message and "has 3" in finding.message
    assert mended(app) == {"receipt_differs"} and app.check() == []
    known = app.service.job(job.id).receipt
    assert known is not None and (known.chunks_stored, known.chunks_indexed) == (3, 3)


def test_a_file_that_was_found_unchanged_while_it_was_added_owes_no_receipt(app: FakeApp, docs: Path) -> None:
    made = app.service.submit([str(docs)])
    assert made.report.unchanged == 3
    assert app.check() == []


def test_a_lost_receipt_is_told_by_the_content(app: FakeApp, docs: Path) -> None:
    before = {job.source_path: app.service.job(job.id).receipt for job in all_jobs(app)}
    break_rows(app, "ledger", "DELETE FROM job_receipts")
    assert mended(app) == {"completed_without_receipt"} and app.check() == []
    for name in ("a.txt", "long.txt"):
        job = job_of(app, docs / name)
        assert job.status == "completed" and job.receipt is not None
        known = before[job.source_path]
        assert known is not None
        assert job.receipt.model_copy(update={"seconds": known.seconds}) == known


def test_pieces_of_files_go_once_nobody_can_want_them(app: FakeApp) -> None:
    root = app.settings.data_root
    old, fresh, backup = (
        root / "staged" / "queue" / ".new-1",
        root / "staged" / "queue" / ".new-2",
        root / "backups" / "x.part",
    )
    for path in (old, fresh, backup):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    long_ago = time.time() - LEFTOVER_SECONDS - 60
    for path in (old, backup):
        os.utime(path, (long_ago, long_ago))
    assert {finding.code for finding in app.check()} == {"leftover_file"} == mended(app)
    assert fresh.exists() and not old.exists() and not backup.exists()


def test_originals_are_read_again_and_compared(tmp_path: Path, docs: Path) -> None:
    real = real_app(tmp_path / "real")
    real.service.submit([str(docs)])
    work(real)
    real.lifecycle.stop(10)
    assert real.check(sample=10) == []
    store = real.contents.of("library")
    with writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE chunks SET text = replace(text, 'owl', 'bat')")
        connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
    assert check_store(real.repository, real.contents) == []  # what is stored agrees with itself
    (finding,) = real.check(sample=10)
    assert finding.code == "reread_differs" and "b.txt" in finding.message
    (docs / "b.txt").write_text("changed")
    assert real.check(sample=10) == []  # nothing to compare with
    real.close()


def test_a_document_that_differs_from_its_original_is_read_anew(tmp_path: Path, docs: Path) -> None:
    real = real_app(tmp_path / "real")
    real.service.submit([str(docs)])
    work(real)
    real.lifecycle.stop(10)
    before = exported(real)
    with writing(real.contents.of("library").engine) as connection:
        connection.exec_driver_sql("UPDATE chunks SET text = replace(text, 'owl', 'bat')")
        connection.exec_driver_sql("INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild')")
    done = {mended.code for mended in real.mend(real.check(sample=10))}
    assert "reread_differs" in done and job_of(real, docs / "b.txt").status == "queued"
    work(real)
    real.lifecycle.stop(10)
    assert exported(real) == before and real.check(sample=10) == []
    real.close()


ASKED: dict[str, Callable[[FakeApp], object]] = {
    "cancel": lambda app: app.service.cancel(JobSelector(job_ids=("1",))),
    "retry": lambda app: app.service.retry(JobSelector(job_ids=("1",))),
    "delete again": lambda app: (
        app.service.delete(JobSelector(job_ids=("1",))),
        app.service.delete(JobSelector(job_ids=("1",))),
    ),
    "count": lambda app: app.repository.count_statuses([1, 2]),
    "list": all_jobs,
    "show": lambda app: app.service.job("1"),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_status_that_is_none_is_told_with_what_mends_it(app: FakeApp, what: str) -> None:
    break_rows(app, "ledger", "UPDATE ingest_jobs SET status = 'junk' WHERE id = 1")
    with pytest.raises(LedgerDamaged, match="ingest check --fix"):
        ASKED[what](app)


class Counting:
    """A child that is never asked to read."""

    pid = None

    def run(self, task: Any, on_message: Any) -> None:
        raise AssertionError(f"asked to read {task}")

    def kill(self) -> None: ...

    def close(self) -> None: ...


class Refusing(Counting):
    """A child that cannot read a file, for one and the same reason."""

    def __init__(self, code: str) -> None:
        self._code = code

    def run(self, task: Any, on_message: Any) -> None:
        on_message(Failed(1, self._code, "It cannot be read."))


@pytest.mark.parametrize(("code", "findings"), [("source_encrypted", set()), ("source_malformed", {"reread_failed"})])
def test_a_locked_original_is_nothing_to_compare_with(app: FakeApp, code: str, findings: set[str]) -> None:
    options = app.settings.extract_options
    assert {f.code for f in check_sample(app.contents.of("library"), Refusing(code), options, 3)} == findings


def test_no_sample_reads_nothing(app: FakeApp) -> None:
    assert list(check_sample(app.contents.of("library"), Counting(), app.settings.extract_options, 0)) == []
