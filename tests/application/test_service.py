"""What becomes of files, in what order, in which knowledge base, and what can be asked: end to end on a real store."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from application.kit import (
    COMPLETED,
    FAILED,
    MAKE,
    QUEUED,
    RUNNING,
    FakeApp,
    Script,
    all_jobs,
    assert_clean,
    completions,
    hits,
    job_of,
    statuses,
    wait_for,
    work,
    write_files,
)
from ingest_desktop.application.ingestion_service import scope_of
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.enums import Outcome, PauseScope
from ingest_desktop.domain.errors import InvalidRequestError, NotFoundError
from ingest_desktop.domain.models import JobQuery, JobSelector, QueueMove


def test_the_whole_engine_runs_without_qt(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from application.kit import real_app, work, write_files, hits, assert_clean\n"
        "docs = write_files(Path(sys.argv[1]) / 'docs', {'a.txt': 'needle in text'})\n"
        "app = real_app(Path(sys.argv[1]) / 'data')\n"
        "app.service.submit([str(docs)])\n"
        "work(app)\n"
        "assert hits(app, 'needle') == ['a.txt']\n"
        "assert_clean(app)\n"
        "assert app.close() == []\n"
        "loaded = sorted(name for name in sys.modules if name.startswith(('PySide6', 'shiboken6')))\n"
        "assert not loaded, loaded\n"
        "print('well')\n"
    )
    tests = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys; sys.path.insert(0, {tests!r})\n{code}", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert (ran.stdout, ran.returncode) == ("well\n", 0), ran.stderr


def test_files_become_searchable_with_their_place(real: App, docs: Path) -> None:
    write_files(
        docs, {"guide.md": "# Harbour\n\nThe lighthouse.\n\n## Tides\n\nHigh water at noon.\n", "b.txt": "tides"}
    )
    real.service.submit([str(docs)])
    work(real)
    assert set(statuses(real).values()) == {COMPLETED}
    page = real.search.search("noon")
    (hit,) = page.hits
    assert (hit.source_path, hit.location.heading_path) == (str(docs / "guide.md"), ("Harbour", "Tides"))
    assert hit.location.line_start is not None
    assert (page.searched_documents, page.total_documents) == (2, 2)
    job = job_of(real, docs / "guide.md")
    assert (job.outcome, job.progress, job.error_code) == (Outcome.INGESTED, 1.0, None)
    assert job.receipt is not None and job.receipt.chunks_stored == job.chunk_count > 0
    assert [chunk.ordinal for chunk in real.service.chunks_of(job.id)] == list(range(job.chunk_count))
    assert len(real.service.chunks_of(job.id, limit=1)) == 1
    assert_clean(real)


def test_every_ending_is_honest(real: App, docs: Path) -> None:
    write_files(docs, {"a.txt": "some words", "twin.txt": "some words", "blank.txt": "  \n \n", "nothing.txt": ""})
    (docs / "novel.mobi").write_bytes(bytes(60) + b"BOOKMOBI" + bytes(range(256)) * 20)
    (docs / "gone.txt").write_text("will go")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nthis is none")
    real.service.submit([str(docs)])
    (docs / "gone.txt").unlink()
    work(real)
    job = {path.name: job_of(real, path) for path in [*docs.iterdir(), docs / "gone.txt"]}
    assert {job["a.txt"].outcome, job["twin.txt"].outcome} == {Outcome.INGESTED, Outcome.DUPLICATE}
    twin = next(j for j in job.values() if j.outcome is Outcome.DUPLICATE)
    other = next(j for j in job.values() if j.outcome is Outcome.INGESTED)
    assert twin.receipt is not None and twin.document_id == other.document_id == twin.receipt.duplicate_of
    assert twin.receipt.duplicate_path == other.source_path and other.original_filename in str(twin.message)
    for name in ("blank.txt", "nothing.txt"):
        assert (job[name].status, job[name].outcome, job[name].chunk_count) == (COMPLETED, Outcome.EMPTY, 0)
        assert job[name].message and job[name].needs_attention
    assert "0 bytes" in str(job["nothing.txt"].message)
    assert (job["novel.mobi"].status, job["novel.mobi"].error_code) == (FAILED, "unsupported_format")
    assert "MOBI" in str(job["novel.mobi"].error_message) and job["novel.mobi"].message
    assert (job["broken.pdf"].status, job["broken.pdf"].error_code) == (FAILED, "source_malformed")
    assert (job["gone.txt"].error_code, job["gone.txt"].attempts, job["gone.txt"].dead_lettered) == (
        "source_gone",
        4,
        True,
    )
    assert_clean(real)


def test_an_unchanged_file_costs_nothing_and_a_changed_one_replaces_its_text(real: App, docs: Path) -> None:
    write_files(docs, {"a.txt": "oldword stays", "b.txt": "another"})
    real.service.submit([str(docs)])
    work(real)
    again = real.service.submit([str(docs)])
    assert (again.report.unchanged, again.report.added) == (2, 0)
    assert {job.outcome for job in all_jobs(real, batch_id=again.batch.batch_id)} == {Outcome.UNCHANGED}
    assert again.batch.finished_at is not None
    write_files(docs, {"a.txt": "newword stays"})
    third = real.service.submit([str(docs)])
    assert (third.report.unchanged, third.report.added) == (1, 1)
    assert hits(real, "oldword") == ["a.txt"]  # the old version answers until the new one is complete
    work(real)
    assert job_of(real, docs / "a.txt").outcome is Outcome.UPDATED
    assert (hits(real, "oldword"), hits(real, "newword")) == ([], ["a.txt"])
    assert_clean(real)


def test_a_file_that_was_only_touched_is_not_read_into_text_again(fake: FakeApp, script: Script, docs: Path) -> None:
    write_files(docs, {"a.txt": "text"})
    fake.service.submit([str(docs)])
    work(fake)
    (docs / "a.txt").touch()
    assert fake.service.submit([str(docs)]).report.added == 1
    work(fake)
    assert job_of(fake, docs / "a.txt").outcome is Outcome.UNCHANGED
    assert fake.service.submit([str(docs)]).report.unchanged == 1  # its newest signature is known now
    assert_clean(fake)


def test_the_queue_can_be_put_in_order(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(batch_size=1)
    write_files(docs, {f"{n}.txt": f"text {n}" for n in range(5)})
    fake.service.submit([str(docs)])
    four, zero, three = (job_of(fake, docs / f"{n}.txt").id for n in (4, 0, 3))
    assert fake.service.move([four], QueueMove.TOP) == 1
    assert fake.service.queue_place(four) == 1
    fake.service.move([zero], QueueMove.BOTTOM)
    assert fake.service.set_priority(JobSelector(job_ids=(three,)), 5) == 1
    work(fake)
    assert [Path(path).stem for path in script.looked] == ["3", "4", "1", "2", "0"]
    assert fake.service.queue_place(four) is None


def test_knowledge_bases_have_their_own_content(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "alpha", "b.txt": "alpha"})
    work_base = fake.service.create_knowledge_base("  Work ")
    assert fake.service.knowledge_base("work").kb_id == fake.service.knowledge_base(work_base.kb_id).kb_id
    with pytest.raises(InvalidRequestError):
        fake.service.create_knowledge_base("WORK")
    with pytest.raises(NotFoundError):
        fake.service.knowledge_base("play")
    fake.service.submit([str(docs / "a.txt")])
    fake.service.submit([str(docs / "b.txt")], kb_id=work_base.kb_id)
    work(fake)
    assert {job.outcome for job in all_jobs(fake)} == {Outcome.INGESTED}
    page = fake.search.search("alpha", kb_ids=(work_base.kb_id,))
    assert [Path(hit.source_path).name for hit in page.hits] == ["b.txt"]
    fake.service.rename_knowledge_base(work_base.kb_id, "Play")
    fake.service.delete_knowledge_base(work_base.kb_id)
    assert hits(fake, "alpha") == ["a.txt"] and len(all_jobs(fake)) == 1
    assert_clean(fake)
    fake.service.restore_knowledge_base(work_base.kb_id)
    assert hits(fake, "alpha") == ["a.txt", "b.txt"]
    assert [kb.name for kb in fake.service.knowledge_bases()] == ["Library", "Play"]
    assert_clean(fake)


def test_a_purged_knowledge_base_is_gone_from_the_disk(make_fake: MAKE, docs: Path, tmp_path: Path) -> None:
    fake = make_fake(undo_days=0)
    base = fake.service.create_knowledge_base("Other")
    write_files(docs, {"a.txt": "alpha"})
    fake.service.submit([str(docs)], kb_id=base.kb_id)
    work(fake)
    folder = tmp_path / "data" / "knowledge_bases" / base.kb_id
    assert folder.exists()
    fake.lifecycle.stop(10)
    fake.service.delete_knowledge_base(base.kb_id)
    wait_for(lambda: fake.repository.purge_candidates(datetime.now(UTC) + timedelta(seconds=1)) == 1)
    wait_for(lambda: (fake.housekeeping.run(), not folder.exists())[1], "its folder is gone")
    assert_clean(fake)


def test_lists_pages_history_and_changes(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {f"{n}.txt": f"text {n}" for n in range(5)})
    made = fake.service.submit([str(docs)])
    before = fake.service.revision()
    work(fake)
    first = fake.service.list(JobQuery(), limit=3)
    rest = fake.service.list(JobQuery(), after=first[-1].id, limit=3)
    assert [job.original_filename for job in first + rest] == [f"{n}.txt" for n in range(5)]
    assert [int(job.id) for job in first + rest] == [n for part in fake.service.job_ids(JobQuery()) for n in part]
    newest, changed = fake.service.changed_since(before)
    assert set(changed) == {int(job.id) for job in all_jobs(fake)} and newest == fake.service.revision() > before
    assert fake.service.changed_since(newest)[1] == []
    assert [e.to_status for e in fake.service.history(first[0].id)] == [QUEUED, RUNNING, COMPLETED]
    assert fake.service.batch_counts(made.batch.batch_id).of(COMPLETED) == 5
    assert fake.service.batches()[0].batch_id == made.batch.batch_id
    assert fake.service.status().running == 0 and fake.service.status().workers == 1
    assert [job.id for job in fake.service.jobs_by_ids([999, int(first[1].id)])] == [first[1].id]
    assert set(completions(fake, all_jobs(fake)).values()) == {1}
    with pytest.raises(NotFoundError):
        fake.service.job("999")


@pytest.mark.parametrize(
    ("selector", "scope"),
    [
        (JobSelector(job_ids=("1",)), (PauseScope.JOB, None)),
        (JobSelector(batch_id="2"), (PauseScope.BATCH, "2")),
        (JobSelector(kb_id="k"), (PauseScope.KNOWLEDGE_BASE, "k")),
        (JobSelector(everything=True), (PauseScope.APP, None)),
        (JobSelector(everything=True, statuses=frozenset({QUEUED})), (PauseScope.JOB, None)),
    ],
)
def test_what_a_selector_pauses(selector: JobSelector, scope: tuple[PauseScope, str | None]) -> None:
    assert scope_of(selector) == scope
