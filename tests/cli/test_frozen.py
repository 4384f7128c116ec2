"""A worker that stops answering: another one takes over, and what the first does when it wakes up changes nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from application.kit import all_jobs, assert_clean, completions, exported, real_app, wait_for, write_files

from cli.running import segments_stored, start
from ingest_desktop.bootstrap import App
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.infrastructure.database import open_read_only

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by signal")
LEASE_SECONDS = 2.0


@pytest.fixture
def quick_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGESTION_LEASE_SECONDS", str(LEASE_SECONDS))


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    try:
        with closing(open_read_only(data / "ledger.db")) as connection:
            return list(connection.execute(sql))
    except sqlite3.Error:
        return []


def freeze(process: "subprocess.Popen[bytes]", data: Path) -> None:
    """Stop a worker between two commits. One that holds a lock of the store holds up all others until it is woken
    or killed: no lease changes that.
    """
    pause = threading.Event()
    for _ in range(200):
        process.send_signal(signal.SIGSTOP)
        pause.wait(0.02)  # a stop is not at once
        if all(may_write(file) for file in (data / "ledger.db", data / "knowledge_bases" / "library" / "kb.db")):
            return
        process.send_signal(signal.SIGCONT)
        pause.wait(0.01)
    raise AssertionError("it writes without a pause")


def may_write(file: Path) -> bool:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


@pytest.fixture
def taking_over(tmp_path: Path) -> Iterator[App]:
    app = real_app(tmp_path / "data", workers=1, lease_seconds=LEASE_SECONDS, segment_bytes=65_536)
    yield app
    app.close()


def test_a_frozen_worker_that_wakes_up_late_changes_nothing(
    quick_lease: None, tmp_path: Path, taking_over: App
) -> None:
    data, docs = tmp_path / "data", tmp_path / "docs"
    long = "\n".join(f"line {number} of a long text about tides and harbours" for number in range(60_000))
    write_files(docs, {"long.txt": long, "a.txt": "first words", "b.txt": "second words"})
    taking_over.service.submit([str(docs)])
    frozen = start(data, "run")
    try:
        wait_for(lambda: segments_stored(data) >= 2, "the first one is in the middle")
        freeze(frozen, data)
        held = rows(data, "SELECT id FROM ingest_jobs WHERE status = 'running'")
        assert held, "it had finished before it was frozen"
        taking_over.service.start()
        done = ("SELECT 1 FROM ingest_jobs WHERE status <> 'completed'", "SELECT 1 FROM ingest_jobs")
        wait_for(lambda: rows(data, done[1]) and not rows(data, done[0]), "the other one takes over")
        reasons = {row[0] for row in rows(data, "SELECT reason FROM job_history")}
        assert "its worker stopped answering" in reasons
        before = exported(taking_over)
        receipts = rows(data, "SELECT job_id, json FROM job_receipts ORDER BY 1")
        taking_over.lifecycle.stop(10)
        write_files(docs, {"late.txt": "words that came while it slept"})
        taking_over.service.submit([str(docs / "late.txt")])
        frozen.send_signal(signal.SIGCONT)
        _, errors = frozen.communicate(timeout=60)
        assert frozen.returncode == 0, errors.decode()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(frozen.pid, signal.SIGKILL)
        frozen.communicate()
    # It went on well with what came later, and nothing of what it had in hand was written twice or over.
    jobs = all_jobs(taking_over)
    assert {job.original_filename: job.status for job in jobs} == dict.fromkeys(
        ("long.txt", "a.txt", "b.txt", "late.txt"), JobStatus.COMPLETED
    )
    assert [row for row in exported(taking_over) if not row[0].endswith("late.txt")] == before
    assert rows(data, "SELECT job_id, json FROM job_receipts ORDER BY 1")[: len(receipts)] == receipts
    assert set(completions(taking_over, jobs).values()) == {1}
    assert {job.crashes for job in jobs} == {0}  # nobody died
    assert_clean(taking_over)
