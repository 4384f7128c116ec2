"""Deleting jobs of a path that was read more than once: what the list shows is what can be found."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from application.kit import MAKE, FakeApp, all_jobs, assert_clean, hits, work, write_files
from ingest_desktop.domain.enums import Actor
from ingest_desktop.domain.interfaces.repository import FoundFile, SameContent
from ingest_desktop.domain.models import Job, JobSelector
from ingest_desktop.infrastructure.database import reading, writing


def read(app: FakeApp, docs: Path, text: str, name: str = "a.txt") -> Job:
    """Write a file anew, add it and have it read; its newest job."""
    write_files(docs, {name: text})
    stamp = 10**18 + len(all_jobs(app)) * 10**9
    os.utime(docs / name, ns=(stamp, stamp))  # a file system with coarse times must not make it look unchanged
    app.service.submit([str(docs / name)])
    work(app)
    return max(all_jobs(app), key=lambda job: int(job.id))


def delete(app: FakeApp, *jobs: Job) -> str:
    token = app.service.delete(JobSelector(job_ids=tuple(job.id for job in jobs))).undo_token
    assert token is not None
    return token


def purge(app: FakeApp) -> None:
    """All that was deleted was deleted long ago."""
    with writing(app.repository.engine) as connection:
        connection.exec_driver_sql("UPDATE ingest_jobs SET deleted_at = 1 WHERE deleted_at IS NOT NULL")
    app.housekeeping.run()


def test_the_newest_job_takes_its_text_along(fake: FakeApp, docs: Path) -> None:
    old, new = read(fake, docs, "heron"), read(fake, docs, "egret")
    assert fake.service.job(old.id).message is not None  # it says that it was replaced
    token = delete(fake, new)
    assert (hits(fake, "heron"), hits(fake, "egret")) == ([], [])
    assert_clean(fake)
    fake.service.undo(token)
    assert hits(fake, "egret") == ["a.txt"]
    delete(fake, old)
    assert hits(fake, "egret") == ["a.txt"]
    assert_clean(fake)


def test_another_job_that_saw_the_same_content_keeps_it(fake: FakeApp, docs: Path) -> None:
    first, second = read(fake, docs, "heron"), read(fake, docs, "heron")
    token = delete(fake, first)
    assert hits(fake, "heron") == ["a.txt"]
    delete(fake, second)
    assert hits(fake, "heron") == []
    fake.service.undo(token)
    assert hits(fake, "heron") == ["a.txt"]
    assert_clean(fake)


def test_content_that_came_back_is_kept_by_the_job_that_first_brought_it(fake: FakeApp, docs: Path) -> None:
    first, other, again = read(fake, docs, "heron"), read(fake, docs, "egret"), read(fake, docs, "heron")
    delete(fake, again)
    assert hits(fake, "heron") == ["a.txt"]
    delete(fake, first)
    assert (hits(fake, "heron"), hits(fake, "egret")) == ([], [])  # the text of the one that is left was replaced
    assert [job.id for job in all_jobs(fake)] == [other.id]
    assert_clean(fake)


def test_taking_back_an_older_job_does_not_bring_back_newer_text(fake: FakeApp, docs: Path) -> None:
    old, new = read(fake, docs, "heron"), read(fake, docs, "egret")
    token_old, token_new = delete(fake, old), delete(fake, new)
    fake.service.undo(token_old)
    assert (hits(fake, "heron"), hits(fake, "egret")) == ([], [])
    fake.service.undo(token_new)
    assert hits(fake, "egret") == ["a.txt"]
    assert_clean(fake)


def test_a_purge_removes_text_whose_older_jobs_stay(fake: FakeApp, docs: Path) -> None:
    old, new = read(fake, docs, "heron"), read(fake, docs, "egret")
    delete(fake, new)
    purge(fake)
    store = fake.contents.of("library")
    assert store.documents() == [] and store.known([str(docs / "a.txt")]) == {}
    (left,) = all_jobs(fake)
    assert (left.id, left.document_id, left.chunk_count) == (old.id, None, 0) and left.message
    assert fake.service.chunks_of(left.id) == []
    assert_clean(fake)
    read(fake, docs, "heron")  # and it can be added anew
    assert hits(fake, "heron") == ["a.txt"]
    assert_clean(fake)


def test_a_purge_of_an_older_job_leaves_the_text_of_the_newer(fake: FakeApp, docs: Path) -> None:
    old = read(fake, docs, "heron")
    read(fake, docs, "egret")
    delete(fake, old)
    purge(fake)
    assert hits(fake, "egret") == ["a.txt"]
    assert_clean(fake)


def test_thousands_are_hidden_at_once(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {f"{number:04d}.txt": f"heron {number}" for number in range(1_203)})
    fake.service.submit([str(docs)])
    work(fake)
    deleted = fake.service.delete(JobSelector(everything=True))
    assert hits(fake, "heron") == [] and fake.repository.outbox() == []
    assert deleted.undo_token is not None
    fake.service.undo(deleted.undo_token)
    assert fake.contents.of("library").document_count() == 1_203
    assert_clean(fake)


def test_a_damaged_knowledge_base_holds_up_no_other_deletion(
    fake: FakeApp, docs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = fake.service.create_knowledge_base("Other").kb_id
    write_files(docs, {"a.txt": "heron", "b.txt": "egret"})
    fake.service.submit([str(docs / "a.txt")], kb_id=other)
    kept = read(fake, docs, "egret", "b.txt")
    assert fake.lifecycle.stop(30) == []  # or the steward's sweep opens the file again just before it is damaged
    fake.contents.close()
    folder = fake.settings.data_root / "knowledge_bases" / other
    (folder / "kb.db").write_bytes(b"no database at all " * 1_000)
    fake.service.delete(JobSelector(kb_id=other))
    delete(fake, kept)
    assert hits(fake, "egret") == []
    for _ in range(5):
        fake.housekeeping.deliver()  # as with every change of the store
    assert caplog.text.count("content not told") == 1
    assert {entry.kb_id for entry in fake.repository.outbox()} == {other}


def test_a_file_that_is_added_again_before_its_deletion_was_told_stays_found(fake: FakeApp, docs: Path) -> None:
    job = read(fake, docs, "heron")
    assert fake.lifecycle.stop(30) == []  # nobody delivers meanwhile, as when the disk is full
    fake.repository.delete(JobSelector(job_ids=(job.id,)), actor=Actor.WINDOW)
    assert fake.service.submit([str(docs / "a.txt")]).report.unchanged == 1
    fake.housekeeping.deliver()
    assert hits(fake, "heron") == ["a.txt"]
    assert_clean(fake)


def test_a_file_that_is_deleted_while_a_folder_is_added_again_stays_found(fake: FakeApp, docs: Path) -> None:
    job = read(fake, docs, "heron")
    known = fake.contents.of("library").known([job.source_path])[job.source_path]
    batch = fake.repository.create_batch("library", [str(docs)], origin="window", priority=0, label="docs")
    delete(fake, job)  # after the knowledge base was asked, and before the folder was walked to the file
    assert hits(fake, "heron") == []
    same = SameContent(known.document_id, known.sha256, known.media_type, known.chunks, known.gaps)
    added = fake.repository.add_jobs(
        batch.batch_id, [FoundFile(job.source_path, *known.signature)], known={job.source_path: same}
    )
    assert added.unchanged == 1
    fake.housekeeping.deliver()
    assert hits(fake, "heron") == ["a.txt"]


def test_files_that_were_deleted_earlier_cost_nothing_when_others_are_added_again(fake: FakeApp, docs: Path) -> None:
    delete(fake, read(fake, docs, "heron"))
    read(fake, docs, "egret")
    assert fake.lifecycle.stop(30) == []
    fake.service.submit([str(docs / "a.txt")])
    assert fake.repository.outbox() == []


def test_a_check_finds_what_was_left_behind(fake: FakeApp, docs: Path) -> None:
    job = read(fake, docs, "heron")
    assert fake.lifecycle.stop(30) == []  # nobody delivers meanwhile
    fake.repository.delete(JobSelector(job_ids=(job.id,)), actor=fake.service._actor)
    assert_clean(fake)  # it waits to be told
    fake.repository.outbox_done([entry.entry_id for entry in fake.repository.outbox()])
    assert [finding.code for finding in fake.check()] == ["found_without_job"]


def test_a_sweep_that_was_cut_short_goes_on_although_nothing_else_is_to_do(
    make_fake: MAKE, fake: FakeApp, docs: Path
) -> None:
    delete(fake, read(fake, docs, "heron"))
    enough = threading.Event()
    enough.set()
    with writing(fake.repository.engine) as connection:
        connection.exec_driver_sql("UPDATE ingest_jobs SET deleted_at = 1")
    while fake.repository.purge(datetime.now(UTC)):
        pass
    fake.housekeeping.run(enough)  # told, but not swept: as if we had been killed here
    assert texts(fake) == ["heron"]
    fake.close()
    again = make_fake()
    assert again.contents.opened() == []
    again.housekeeping.run()
    assert texts(again) == []
    assert_clean(again)


def texts(app: FakeApp) -> list[str]:
    """Of every chunk that is still in the file, whether it can be found or not."""
    with reading(app.contents.of("library").engine) as connection:
        return list(connection.exec_driver_sql("SELECT text FROM chunks").scalars())


def test_a_purge_takes_time_into_account(fake: FakeApp, docs: Path) -> None:
    delete(fake, read(fake, docs, "heron"))
    fake.housekeeping.run()
    assert fake.repository.purge_candidates(datetime.now(UTC) + timedelta(days=1)) == 1


def test_a_deleted_twin_does_not_answer_for_text_that_is_gone(fake: FakeApp, docs: Path) -> None:
    read(fake, docs, "heron", "a.txt")
    delete(fake, read(fake, docs, "heron", "b.txt"))
    read(fake, docs, "egret", "a.txt")  # only the deleted one still has the old text
    assert (hits(fake, "heron"), hits(fake, "egret")) == ([], ["a.txt"])
    assert_clean(fake)


def test_a_clock_that_leaps_ahead_ends_no_time_to_undo(fake: FakeApp, docs: Path) -> None:
    new = read(fake, docs, "heron")
    fake.housekeeping.run()
    token = delete(fake, new)
    true = fake.repository.clock
    fake.repository.clock = lambda: true() + timedelta(days=365)
    fake.housekeeping.run()
    fake.repository.clock = true
    fake.service.undo(token)
    assert hits(fake, "heron") == ["a.txt"]
    assert_clean(fake)
