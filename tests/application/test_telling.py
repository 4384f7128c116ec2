"""What the ledger says of a job is what there is: its progress is the checkpoint, its size what was read."""

import logging
import os
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from application.kit import (
    MAKE,
    FakeApp,
    FakeChild,
    Script,
    all_jobs,
    job_of,
    real_app,
    start_until,
    wait_for,
    work,
    write_files,
)
from ingest_desktop.bootstrap import App
from ingest_desktop.cli_working import _wait_for
from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome
from ingest_desktop.domain.models import Counts, JobSelector
from ingest_desktop.domain.wire import SegmentTask


def segments_stored(app: FakeApp | App) -> int:
    path = app.settings.data_root / "knowledge_bases" / "library" / "kb.db"
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM segments").fetchone()[0])


def test_a_paused_job_tells_its_checkpoint(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(40))})
    start_until(fake, docs, script.hang_once(3, of=8))
    fake.service.pause(JobSelector(everything=True))  # perhaps before what was read is stored
    assert fake.lifecycle.drain(30)
    wait_for(lambda: job_of(fake, docs / "long.txt").units_done == segments_stored(fake) == 3)
    job = job_of(fake, docs / "long.txt")
    assert (job.status, job.units_done, job.units_total, job.unit) == (JobStatus.PAUSED, 3, 8, "byte")
    assert job.progress == 0.99 * 3 / 8
    assert fake.lifecycle.stop(30) == []
    fake.service.cancel(JobSelector(everything=True))
    fake.service.retry(JobSelector(everything=True))
    again = job_of(fake, docs / "long.txt")
    assert (again.status, again.units_done, again.progress) == (JobStatus.QUEUED, 3, job.progress)  # still stored


def test_a_job_given_back_at_the_end_tells_its_checkpoint(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(40))})
    start_until(fake, docs, script.hang_once(5, of=8))
    wait_for(lambda: segments_stored(fake) == 5)
    assert fake.lifecycle.cancel(10) == []
    job = job_of(fake, docs / "long.txt")
    assert (job.status, job.units_done, job.units_total) == (JobStatus.QUEUED, 5, 8)
    assert abs(job.progress - 0.99 * 5 / 8) < 1e-9


def test_what_is_only_hashed_or_read_is_no_progress(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"a.txt": "words"})
    start_until(fake, docs, script.hang())
    fake.progress.post(1, JobPhase.HASHING, 900, 1000, "byte")
    wait_for(lambda: job_of(fake, docs / "a.txt").phase is JobPhase.HASHING)
    fake.service.cancel(JobSelector(everything=True))
    assert fake.lifecycle.drain(30)
    assert job_of(fake, docs / "a.txt").progress == 0


def test_the_seconds_of_indexing_are_those_of_all_segments(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake(commit_seconds=0.05)
    write_files(docs, {"long.txt": "\n".join(f"line{n}" for n in range(80))})
    script.segments_of = lambda _path: 8
    took: list[float] = []
    phase_took = fake.metrics.phase_took

    def listen(phase: str, seconds: float) -> None:
        took.append(seconds)
        phase_took(phase, seconds)

    fake.metrics.phase_took = listen  # type: ignore[method-assign]

    def one_by_one(child: FakeChild, task: SegmentTask) -> None:
        if task.number:
            wait_for(lambda: segments_stored(fake) >= task.number)  # each in a group of its own

    script.before_segment = one_by_one
    fake.service.submit([str(docs)])
    work(fake)
    receipt = job_of(fake, docs / "long.txt").receipt
    assert receipt is not None and len(took) == 8
    assert abs(receipt.seconds["indexing"] - sum(took)) < 0.01 and receipt.seconds["indexing"] > max(took)


def test_the_size_is_the_one_that_was_read(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"a.txt": "heron"})
    fake.service.submit([str(docs)])
    write_files(docs, {"a.txt": "heron and egret"})
    work(fake)
    assert job_of(fake, docs / "a.txt").byte_size == len("heron and egret")


def test_unchanged_jobs_say_what_they_stand_for(tmp_path: Path, docs: Path) -> None:
    write_files(docs, {"a.txt": "heron", "b.md": "# Egret\n\nwhite"})
    app = real_app(tmp_path / "data")
    try:
        app.service.submit([str(docs)])
        work(app)
        app.service.submit([str(docs)])
        jobs = all_jobs(app)
        first = {job.original_filename: job for job in jobs if job.outcome is Outcome.INGESTED}
        again = {job.original_filename: job for job in jobs if job.outcome is Outcome.UNCHANGED}
        assert set(first) == set(again) == {"a.txt", "b.md"}
        for name, job in again.items():
            assert job.checksum and job.mime_type
            same = first[name]
            assert (job.checksum, job.mime_type, job.chunk_count, job.document_id) == (
                same.checksum,
                same.mime_type,
                same.chunk_count,
                same.document_id,
            )
    finally:
        app.close()


def test_what_became_something_else_than_a_file_fails_at_once(
    tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(docs, {"folder.txt": "a", "pipe.txt": "b", "socket.txt": "c", "gone.txt": "d"})
    app = real_app(tmp_path / "data", max_attempts=2)
    try:
        app.service.submit([str(docs)])
        for path in docs.iterdir():
            path.unlink()
        (docs / "folder.txt").mkdir()
        os.mkfifo(docs / "pipe.txt")
        monkeypatch.chdir(docs)  # a socket's name may not be long
        with closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind("socket.txt")
            work(app)
        found = {job.original_filename: job for job in all_jobs(app)}
        codes = {name: job.error_code for name, job in found.items()}
        assert codes.pop("gone.txt") == "source_gone"
        assert set(codes.values()) == {"source_unreadable"}
        attempts = {name: job.attempts for name, job in found.items()}
        assert attempts == {"folder.txt": 1, "pipe.txt": 1, "socket.txt": 1, "gone.txt": 2}
        for kind in ("folder", "pipe", "socket"):
            assert found[f"{kind}.txt"].error_message == f"Under this name there is a {kind} now."
    finally:
        app.close()


def test_trouble_with_a_file_is_one_line_in_the_log(
    tmp_path: Path, docs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ingest_desktop")
    write_files(docs, {"a.txt": "heron", "broken.docx": "PK\x03\x04 but no archive"})
    app = real_app(tmp_path / "data", max_attempts=2)
    try:
        app.service.submit([str(docs)])
        (docs / "a.txt").unlink()
        work(app)
    finally:
        app.close()
    assert [record for record in caplog.records if record.exc_info or hasattr(record, "detail")] == []
    lines = [record for record in caplog.records if record.getMessage() == "reader failed"]
    assert {getattr(record, "cause", "") for record in lines} >= {"The file is not there any more."}


def test_a_command_that_waits_counts_only_what_has_changed(make_fake: MAKE, script: Script, docs: Path) -> None:
    fake = make_fake()
    write_files(docs, {"a.txt": "heron"})
    let_go = threading.Event()
    script.before_file = lambda child, _item: child.hang(let_go)
    made = fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: script.tasks)
    looks: list[int] = []
    counts: list[str] = []

    class Watched:
        """The service, with an ear at its door."""

        def revision(self) -> int:
            looks.append(fake.service.revision())
            if len(looks) == 6:
                let_go.set()
            return looks[-1]

        def batch_counts(self, batch_id: str) -> Counts:
            counts.append(batch_id)
            return fake.service.batch_counts(batch_id)

        def __getattr__(self, name: str) -> Any:
            return getattr(fake.service, name)

    app = SimpleNamespace(service=Watched(), lifecycle=fake.lifecycle)
    _wait_for(app, made.batch.batch_id, [], threading.Event(), quiet=True)  # type: ignore[arg-type]
    assert len(looks) > 6 and len(counts) == len(dict.fromkeys(looks))
    assert job_of(fake, docs / "a.txt").outcome is Outcome.INGESTED
