"""The last commits of a knowledge base that were lost with its log are found at the next start, and read again."""

import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from application.kit import FakeApp, all_jobs, assert_clean, exported, job_of, statuses, work, write_files

from damage.kit import open_fake
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.infrastructure import lost_commits
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.content_fixes import LOST_TEXT
from ingest_desktop.infrastructure.database import reading

KB = Path("knowledge_bases") / "library" / "kb.db"
OLD = {f"old{n}.txt": f"heron {n}" for n in range(5)}
NEW = {f"new{n}.txt": f"egret {n}" for n in range(5)} | {"old0.txt": "stork instead"}


def noise(log: Path) -> None:
    log.write_bytes(random.Random(1).randbytes(log.stat().st_size))


def cut(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:40])


def look(app: FakeApp) -> None:
    assert Caretaker(app.repository, app.contents).care(app.settings, threading.Event()) == []


@pytest.mark.parametrize("spoil", [noise, cut])
@pytest.mark.parametrize(("named", "few"), [(["new0.txt"], 10), (["old0.txt"], 10), (["new0.txt"], 0)])
def test_what_is_missing_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None], named: list[str], few: int
) -> None:
    monkeypatch.setattr(lost_commits, "FEW", few)
    docs = write_files(tmp_path / "docs", OLD)
    app = open_fake(tmp_path / "data")
    app.service.submit([str(docs)])
    work(app)
    app.lifecycle.stop(10)
    app.contents.close()  # the log goes into the file
    write_files(docs, {name: NEW[name] for name in named})
    app.service.submit([str(docs)])
    work(app)
    app.lifecycle.stop(10)
    wanted = exported(app)
    shutil.copytree(tmp_path / "data", tmp_path / "killed")  # as a kill leaves it: with its log
    app.close()
    spoil(tmp_path / "killed" / KB.with_name("kb.db-wal"))
    (tmp_path / "killed" / KB.with_name("kb.db-shm")).unlink()

    late = open_fake(tmp_path / "killed")
    assert exported(late) != wanted
    look(late)
    assert [job.original_filename for job in all_jobs(late) if job.status is JobStatus.QUEUED] == named
    assert late.service.history(job_of(late, docs / named[0]).id)[-1].reason == LOST_TEXT
    work(late)
    assert exported(late) == wanted
    assert_clean(late)
    late.close()


def test_a_sound_store_is_asked_about_its_newest_jobs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_commits, "disagreements", lambda *_: pytest.fail("all of it is looked through"))
    docs = write_files(tmp_path / "docs", {**OLD, "twin.txt": OLD["old0.txt"], "empty.txt": ""})
    app = open_fake(tmp_path / "data")
    app.service.submit([str(docs)])
    work(app)
    write_files(docs, NEW)
    app.service.submit([str(docs)])
    work(app)
    look(app)
    assert set(statuses(app).values()) == {JobStatus.COMPLETED}
    app.close()


def test_where_files_wait_it_is_asked_before_they_are_read(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", OLD)
    app = open_fake(tmp_path / "data")
    app.service.submit([str(docs)])
    work(app)
    app.lifecycle.stop(10)
    app.contents.close()
    (tmp_path / "data" / KB).write_bytes(b"")
    (tmp_path / "data" / KB).unlink()
    app.contents._owes_text = lambda _: False  # so that it is made anew
    care = Caretaker(app.repository, app.contents)
    assert care.wake() == [] and not [job for job in all_jobs(app) if job.status is JobStatus.QUEUED]
    app.service.submit([str(write_files(tmp_path / "more", {"more.txt": "owl"}))])
    assert care.wake() == []
    assert sum(job.status is JobStatus.QUEUED for job in all_jobs(app)) == len(OLD) + 1
    app.close()


def test_the_newest_of_many_are_found_without_a_look_at_all(tmp_path: Path) -> None:
    app = open_fake(tmp_path / "data")
    with reading(app.repository.engine) as connection:
        sql = f"EXPLAIN QUERY PLAN {lost_commits.brought_sql('ix_revision')}"
        plan = [row[3] for row in connection.exec_driver_sql(sql, ("library", lost_commits.NEWEST))]
    assert any("ix_revision" in step for step in plan) and not any("TEMP B-TREE" in step for step in plan)
    app.close()
