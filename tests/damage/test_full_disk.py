"""A disk that is full at any write: states are written still, work waits with its reason, and goes on by itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from application.kit import quick_settings, real_app, wait_for, write_files

from damage.test_care import Troubles
from ingest_desktop.bootstrap import build_app
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import StoreFull
from ingest_desktop.domain.models import JobQuery, JobSelector
from ingest_desktop.infrastructure.database import open_engine, writing
from ingest_desktop.infrastructure.reserve import LAST_BYTES, Reserve
from ingest_desktop.observability.logs import close_logging, setup_logging
from ingest_desktop.workers import care_watch

MIB = 1024 * 1024


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of this size where we may mount one, else a folder on a large one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    mounted = shutil.which("mount") is not None and not subprocess.run(command, capture_output=True).returncode
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(folder: Path, leave: int = 0) -> Path:
    """Take what room there is, but for ``leave`` bytes. A disk that is not small is left alone."""
    junk = folder / "junk"
    free = shutil.disk_usage(folder).free
    if free < 256 * MIB:
        with suppress(OSError), open(junk, "wb", buffering=0) as stream:
            left = free - leave
            while left > 0:
                left -= stream.write(bytes(min(left, 65536)))
            while not leave:
                stream.write(bytes(512))
    else:
        junk.touch()
    return junk


def is_small(folder: Path) -> bool:
    return shutil.disk_usage(folder).total < 256 * MIB


def test_states_are_written_on_a_full_disk_and_work_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care_watch, "CARE_AFTER_SECONDS", 0.0)
    docs = write_files(tmp_path / "docs", {f"d{n}.txt": f"heron {n} " * 2000 for n in range(60)})
    with small_disk(tmp_path / "disk", 96 * MIB) as disk:
        app = real_app(disk / "data", reserve_bytes=2 * MIB)
        troubles = Troubles()
        app.events.subscribe(troubles)  # type: ignore[arg-type]
        app.service.start()
        reserve = app.repository.reserve.path
        wait_for(lambda: reserve.exists() and reserve.stat().st_size == 2 * MIB)
        junk = fill_up(disk)
        made = app.service.submit([str(docs)])
        batch = JobSelector(batch_id=made.batch.batch_id)
        assert app.service.batch_counts(made.batch.batch_id).total() == 60
        if is_small(disk):
            assert not reserve.exists()
            wait_for(lambda: [code for code, _ in troubles.told][-1:] == ["store_full"])
            assert app.service.batch_counts(made.batch.batch_id).of(JobStatus.COMPLETED) == 0
            app.service.pause(batch)
            assert app.service.batch_counts(made.batch.batch_id).of(JobStatus.PAUSED) == 60
            app.service.resume(batch)
        junk.unlink()
        wait_for(lambda: app.service.batch_counts(made.batch.batch_id).of(JobStatus.COMPLETED) == 60)
        assert {job.attempts for job in app.service.list(JobQuery(), limit=100)} <= {1, 2}
        app.lifecycle.stop(10)
        assert app.check() == []
        app.close()


def test_a_store_can_be_opened_and_told_of_work_on_a_disk_without_a_byte(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron"})
    with small_disk(tmp_path / "disk", 40 * MIB) as disk:
        settings = quick_settings(disk / "data", reserve_bytes=MIB)
        app = build_app(settings, actor=Actor.COMMAND, label="test")
        assert app.repository.reserve.keep(0)
        app.close()
        junk = fill_up(disk)
        app = build_app(settings, actor=Actor.COMMAND, label="test")
        made = app.service.submit([str(docs)])
        app.service.cancel(JobSelector(batch_id=made.batch.batch_id))
        assert [job.status for job in app.service.list(JobQuery())] == [JobStatus.CANCELLED]
        app.close()
        junk.unlink()


def test_a_short_run_leaves_a_reserve_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care_watch, "CARE_AFTER_SECONDS", 3_600.0)
    app = real_app(tmp_path / "data", reserve_bytes=MIB)
    app.close()
    assert not app.repository.reserve.path.exists()  # it only looked
    app = real_app(tmp_path / "data", reserve_bytes=MIB)
    app.service.start()
    app.lifecycle.stop(30)  # as the commands do
    app.close()
    assert app.repository.reserve.path.stat().st_size == MIB


def test_text_leaves_the_last_room_to_the_list_of_jobs(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    engine = open_engine(tmp_path / "x.db", synchronous="FULL", floor_bytes=free * 2)
    with pytest.raises(StoreFull, match="MB more are needed"), writing(engine):
        pass
    engine.dispose()


def test_the_reserve_is_made_where_there_is_room_and_given_up_where_there_is_none(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, 100_000)
    free = shutil.disk_usage(tmp_path).free
    assert not reserve.keep(free) and not reserve.path.exists()
    assert reserve.keep(0) and reserve.path.stat().st_size == 100_000
    assert reserve.path.stat().st_blocks * 512 >= 100_000 if os.name == "posix" else True
    reserve.give_up_if_needed()
    assert reserve.path.exists() or free < LAST_BYTES
    assert reserve.give_up() and not reserve.give_up()
    assert not Reserve(tmp_path, 0).keep(0)
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from application.kit import FakeApp, Script, work
from ingest_desktop.domain.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit, root, docs = int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5]
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    app = FakeApp(root, Script())
    app.service.submit([docs])
    app.service.start()
    app.lifecycle.drain(0.7)
    app.lifecycle.stop(5)
    app.close()
except StoreError as error:
    print(error.code)
"""


@pytest.mark.parametrize("limit", [5_000, 70_000, 150_000, 400_000])
def test_a_write_that_fails_anywhere_loses_nothing(tmp_path: Path, limit: int) -> None:
    """No file may grow beyond a limit: each limit lets another write be the first to fail."""
    docs = write_files(tmp_path / "docs", {f"d{n}.txt": f"heron {n}\n" * 300 for n in range(8)})
    tests = Path(__file__).parents[1]
    for size in (limit, 0):
        arguments = [str(tests), str(tests.parent), str(size), str(tmp_path / "data"), str(docs)]
        done = subprocess.run([sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    app = real_app(tmp_path / "data")
    app.service.submit([str(docs)])
    app.service.start()
    assert app.lifecycle.drain(30)
    app.lifecycle.stop(10)
    assert app.check() == [] and len(app.contents.of("library").documents()) == 8
    app.close()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    class Logged:
        data_root, log_level, log_bytes, log_files = tmp_path / "disk", "DEBUG", 20_000, 2

    docs = write_files(tmp_path / "docs", {"a.txt": "heron"})
    with small_disk(tmp_path / "disk", MIB) as disk:
        setup_logging(Logged(), console=False)
        fill_up(disk)
        app = real_app(tmp_path / "data")
        app.service.submit([str(docs)])
        app.service.start()
        assert app.lifecycle.drain(30)
        app.close()
        close_logging()
