"""However the program ends, nothing that it started goes on without it, and what it had in hand waits again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from application.kit import real_app, wait_for
from extraction.guest_kit import install

from ingest_desktop.domain.models import JobQuery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
ROOT = Path(__file__).parents[2]
JOIN_SECONDS = 1.0
GUEST = """
wish, _, where = wish.partition("|")
Path(where.strip()).open("a").write(f"{os.getpid()}\\n")
if wish == "sleep":
    time.sleep(3600)
elif wish == "spin":
    collections.deque(itertools.repeat(0), maxlen=0)  # native code that never lets go of Python's lock
elif wish == "kill both":  # as the system does when memory is short
    os.kill(os.getppid(), 9)
    os.kill(os.getpid(), 9)
yield Block("read by a guest")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    path = install(tmp_path / "site", GUEST)
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{path}",
        "INGESTION_WORKERS": "1",
        "INGESTION_CRASH_LIMIT": "3",
        "INGESTION_THREAD_JOIN_TIMEOUT": str(JOIN_SECONDS),
        "INGESTION_CONSUMER_POLL_INTERVAL": "0.05",
        "INGESTION_COMMIT_SECONDS": "0.05",
    }


@pytest.fixture
def ingest(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(tmp_path / "data"), *arguments]
        where = subprocess.DEVNULL
        started.append(subprocess.Popen(command, env=environment, stdout=where, stderr=where, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def wish(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """A file that does something to what reads it, and the list of processes that read it."""

    def write(what: str) -> tuple[Path, Path]:
        readers, path = tmp_path / "readers", tmp_path / "docs" / "b.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"guest:{what}|{readers}")
        return path, readers

    return write


def pids(readers: Path) -> list[int]:
    with suppress(OSError):
        return [int(line) for line in readers.read_text().split()]
    return []


def lives(pid: int) -> bool:
    with suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


@pytest.mark.parametrize("what", ["sleep", "spin"])
def test_nothing_outlives_a_killed_program(
    ingest: Callable[..., "subprocess.Popen[bytes]"], wish: Callable[[str], tuple[Path, Path]], what: str
) -> None:
    path, readers = wish(what)
    process = ingest("add", "--wait", str(path))
    (reader,) = wait_for(lambda: pids(readers), "it is read")
    assert lives(reader)
    process.kill()
    process.wait()
    wait_for(lambda: not lives(reader), "the reader is gone, too")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("whole_group", [False, True])
def test_a_polite_end_is_in_time_and_blames_nobody(
    ingest: Callable[..., "subprocess.Popen[bytes]"],
    wish: Callable[[str], tuple[Path, Path]],
    tmp_path: Path,
    number: signal.Signals,
    whole_group: bool,
) -> None:
    path, readers = wish("sleep")
    process = ingest("add", "--wait", str(path))
    (reader,) = wait_for(lambda: pids(readers), "it is read")
    began = time.monotonic()
    if whole_group:  # as a terminal that is closed, or the end of a session
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    assert process.wait(30) == 130
    assert time.monotonic() - began < JOIN_SECONDS + 4
    assert not lives(reader)
    app = real_app(tmp_path / "data")
    try:
        (job,) = app.service.list(JobQuery())
        assert (job.status.value, job.crashes, job.attempts) == ("queued", 0, 0)
        assert list((tmp_path / "data" / "locks").glob("*")) == []
    finally:
        app.close()


def test_a_file_that_takes_the_program_with_it_is_given_up_after_some_starts(
    ingest: Callable[..., "subprocess.Popen[bytes]"], wish: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    path, readers = wish("kill both")
    for name in ("a.txt", "c.txt"):
        (path.parent / name).write_text(f"good words of {name}")
    codes = [ingest("add", str(path.parent)).wait(60)]
    while len(codes) < 8 and codes[-1] <= 0 and (len(codes) == 1 or codes[-1] != 0):
        codes.append(ingest("run").wait(60))
    deaths = codes[1:-1]  # one or two may be laid to a neighbour, whose end was not told yet; having ended clears it
    assert (codes[0], set(deaths), codes[-1]) == (0, {-9}, 0)
    assert 3 <= len(deaths) == len(pids(readers)) <= 5  # then it is left alone
    app = real_app(tmp_path / "data")
    try:
        found = {job.original_filename: job for job in app.service.list(JobQuery())}
        assert [found[name].status.value for name in ("a.txt", "c.txt")] == ["completed", "completed"]
        assert (found["b.txt"].status.value, found["b.txt"].error_code) == ("failed", "quarantined")
        assert (found["a.txt"].crashes, found["c.txt"].crashes) == (0, 0)
    finally:
        app.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_window_that_is_told_to_end_puts_its_work_back(
    environment: dict[str, str], wish: Callable[[str], tuple[Path, Path]], tmp_path: Path, number: signal.Signals
) -> None:
    """As at the end of a session that has no session manager."""
    path, readers = wish("sleep")
    command = [sys.executable, "-m", "ingest_desktop", "--data-dir", str(tmp_path / "data"), str(path)]
    where = subprocess.DEVNULL
    offscreen = {**environment, "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(command, env=offscreen, stdout=where, stderr=where, start_new_session=True)
    try:
        (reader,) = wait_for(lambda: pids(readers), "it is read")
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not lives(reader)
    app = real_app(tmp_path / "data")
    try:
        (job,) = app.service.list(JobQuery())
        assert (job.status.value, job.crashes) == ("queued", 0)
    finally:
        app.close()
