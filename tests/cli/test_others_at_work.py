"""``ingest run`` with nothing left to do but what other programs have in hand: it waits for the dead, and leaves the living alone."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from application.kit import all_jobs, assert_clean, real_app, write_files

from ingest_desktop.bootstrap import App
from ingest_desktop.cli import main
from ingest_desktop.cli_elsewhere import Elsewhere
from ingest_desktop.domain.enums import JobStatus

MANY = 2**40


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORKERS": "1", "LEASE_SECONDS": "2", "CONSUMER_POLL_INTERVAL": "0.05"}.items():
        monkeypatch.setenv(f"INGESTION_{name}", value)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[App]:
    """Another program, which does nothing by itself."""
    app = real_app(tmp_path / "data", lease_seconds=2)
    yield app
    app.close()


@pytest.fixture
def take(other: App, tmp_path: Path) -> Callable[[], str]:
    """It takes two files in hand; its worker."""

    def take() -> str:
        docs = write_files(tmp_path / "docs", {"a.txt": "low water at six", "b.txt": "high water at noon"})
        other.service.submit([str(docs)])
        worker = other.repository.register_worker("window")
        assert len(other.repository.claim(worker, limit=2, max_bytes=MANY)) == 2
        return worker

    return take


def test_run_waits_for_a_program_that_does_not_answer_and_does_its_work(
    take: Callable[[], str], other: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take()
    assert main(["--data-dir", str(tmp_path / "data"), "run"]) == 0
    said = capsys.readouterr()
    assert "2 files are in the hands of another program (window) that has not answered yet." in said.err
    assert "2 completed" in said.out and "in the hands" not in said.out
    jobs = all_jobs(other)
    assert {job.status for job in jobs} == {JobStatus.COMPLETED} and {job.crashes for job in jobs} == {0}
    assert_clean(other)


def test_run_takes_over_from_a_program_that_died_meanwhile(
    take: Callable[[], str], other: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = take()
    lock = other.repository.worker_locks.pop(worker)
    threading.Timer(0.5, lambda: lock.release(remove=False)).start()
    assert main(["--data-dir", str(tmp_path / "data"), "run"]) == 0
    assert "2 completed" in capsys.readouterr().out


def test_run_ends_when_a_program_that_works_has_the_rest_and_says_so(
    take: Callable[[], str], other: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker, stop = take(), threading.Event()

    def live() -> None:
        while not stop.wait(0.1):
            other.repository.heartbeat(worker)

    alive = threading.Thread(target=live)
    alive.start()
    try:
        assert main(["--data-dir", str(tmp_path / "data"), "run"]) == 0
        assert "2 files are in the hands of another program (window), which goes on." in capsys.readouterr().out
        assert main(["--data-dir", str(tmp_path / "data"), "run", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["elsewhere"] == 2
    finally:
        stop.set()
        alive.join()
    assert {job.status for job in all_jobs(other)} == {JobStatus.RUNNING}
    other.repository.unregister_worker(worker)


def test_run_goes_on_with_what_comes_free_while_it_looks_at_the_others(
    other: App, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the steward takes jobs from a dead worker after the queue was seen to be empty."""
    docs = write_files(tmp_path / "docs", {"a.txt": "low water at six"})

    def look(_self: Elsewhere, _stop: threading.Event) -> bool:
        if not all_jobs(other):
            other.service.submit([str(docs)])
        return False

    monkeypatch.setattr(Elsewhere, "may_leave_work", look)
    assert main(["--data-dir", str(tmp_path / "data"), "run"]) == 0
    assert "1 completed" in capsys.readouterr().out
