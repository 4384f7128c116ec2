"""Kill -9 in the middle, again and again: the same chunks, ids and order as an undisturbed run, and nothing done twice."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from application.kit import all_jobs, assert_clean, completions, exported, real_app, wait_for

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.infrastructure.database import open_read_only

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "INGESTION_WORKERS": "2",
    "INGESTION_SEGMENT_BYTES": "65536",
    "INGESTION_BATCH_SIZE": "5",
    "INGESTION_COMMIT_SECONDS": "0.05",
    "INGESTION_COMMIT_CHUNKS": "10",  # small steps, so that there is a middle to die in
    "INGESTION_QUEUE_CAPACITY": "1",
    "INGESTION_CONSUMER_POLL_INTERVAL": "0.05",
    "INGESTION_RETRY_BASE_SECONDS": "0.02",
}


def start(data: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(data), *arguments]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[bytes]", timeout: float = 90) -> int:
    _, errors = process.communicate(timeout=timeout)
    assert process.returncode in (0, 3), errors.decode()
    return process.returncode


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty small files, some of them twins, empty or unreadable as text, and texts of many segments."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(54):
        sub = folder / f"part{number % 3}"
        sub.mkdir(exist_ok=True)
        (sub / f"{number:02d}.md").write_text(f"# Title {number // 2}\n\nSome words of file {number // 2}.\n" * 3)
    (folder / "empty.txt").write_text("")
    (folder / "blob.bin").write_bytes(bytes(range(256)) * 8)
    for number in range(4):
        lines = (f"{number} line {line} of a long text about tides and harbours" for line in range(12_000))
        (folder / f"long{number}.txt").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def calm(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str, int, str]]:
    """What an undisturbed run exports."""
    data = tmp_path_factory.mktemp("calm") / "data"
    assert finish(start(data, "add", "--wait", str(corpus))) == 3  # the blob has no reader
    app = real_app(data)
    try:
        found = exported(app)
        assert_clean(app)
    finally:
        app.close()
    assert len(found) > 500
    return found


def outcome(data: Path, corpus: Path, calm: list[tuple[str, str, str, int, str]]) -> None:
    """The store stands as if nothing had happened."""
    app = real_app(data)
    try:
        # Which of two twins is cited depends on who came first; all else must be the same.
        assert {row[1:] for row in exported(app)} == {row[1:] for row in calm}
        assert len(exported(app)) == len(calm)
        by_document: dict[str, list[int]] = {}
        for _, document, _, ordinal, _ in exported(app):
            by_document.setdefault(document, []).append(ordinal)
        assert all(ordinals == list(range(len(ordinals))) for ordinals in by_document.values())
        jobs = all_jobs(app)
        files = [path for path in corpus.rglob("*") if path.is_file()]
        assert sorted(job.source_path for job in jobs) == sorted(map(str, files))
        by_status = {job.original_filename: job.status for job in jobs}
        assert by_status.pop("blob.bin") is JobStatus.FAILED
        assert set(by_status.values()) == {JobStatus.COMPLETED}
        times = completions(app, jobs)
        assert {times[job.id] for job in jobs if job.original_filename != "blob.bin"} == {1}
        assert_clean(app)
        assert app.repository.workers() == []
    finally:
        app.close()


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments(
    corpus: Path, calm: list[tuple[str, str, str, int, str]], tmp_path: Path, seed: int
) -> None:
    chance, data = random.Random(seed), tmp_path / "data"
    process = start(data, "add", "--wait", str(corpus))
    pause = threading.Event()
    for _ in range(5):
        wait_for(partial(has_come_to, data, segments_stored(data) + chance.randrange(1, 8), process), "work goes on")
        pause.wait(chance.uniform(0.0, 0.03))  # the moment of the crash is the point, not a wait for something
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        process = start(data, "run")
    finish(process)
    outcome(data, corpus, calm)
    assert any("its worker died" in (reason or "") for reason in reasons(data))  # it was in the middle indeed


def has_come_to(data: Path, segments: int, process: "subprocess.Popen[bytes]") -> bool:
    return segments_stored(data) >= segments or process.poll() is not None


def segments_stored(data: Path) -> int:
    """How far the work has come, seen from outside."""
    try:
        with closing(open_read_only(data / "knowledge_bases" / "library" / "kb.db")) as connection:
            return int(connection.execute("SELECT count(*) FROM segments").fetchone()[0])
    except sqlite3.Error:  # not made yet
        return 0


def reasons(data: Path) -> set[str]:
    with closing(open_read_only(data / "ledger.db")) as connection:
        return {row[0] for row in connection.execute("SELECT reason FROM job_history")}


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_killed_children_lose_nothing(corpus: Path, calm: list[tuple[str, str, str, int, str]], tmp_path: Path) -> None:
    data = tmp_path / "data"
    app = real_app(data, workers=2, segment_bytes=65_536)
    killed = 0
    try:
        app.service.submit([str(corpus)])
        app.service.start()
        crew = app.lifecycle.crew
        assert crew is not None
        for producer in crew.producers:
            pid = wait_for(lambda producer=producer: (c := producer._child) is not None and c.pid, "a child")
            os.kill(pid, signal.SIGKILL)
            killed += 1
        assert app.lifecycle.drain(60) and killed == 2
    finally:
        app.close()
    outcome(data, corpus, calm)


def test_two_processes_share_the_work_and_do_nothing_twice(
    corpus: Path, calm: list[tuple[str, str, str, int, str]], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    finish(start(data, "add", str(corpus)))
    both = [start(data, "run"), start(data, "run")]
    for process in both:
        assert finish(process) == 0
    outcome(data, corpus, calm)


@pytest.mark.skipif(sys.platform == "win32", reason="sends an interrupt to a process")
def test_ctrl_c_while_waiting_keeps_what_is_done_and_the_rest_goes_on(
    corpus: Path, calm: list[tuple[str, str, str, int, str]], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    process = start(data, "add", "--wait", str(corpus))
    wait_for((data / "knowledge_bases" / "library" / "kb.db").exists, "it works")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors.decode()
    finish(start(data, "run"))
    outcome(data, corpus, calm)
