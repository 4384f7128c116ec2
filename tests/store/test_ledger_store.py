"""The ledger's file: opening, refusing, migrating, locking, and several processes on it at once."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_kit import Clock, files

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreBusy, StoreDamaged, StoreTooNew
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.infrastructure.copying import copy_database
from ingest_desktop.infrastructure.database import from_db_path, open_engine, reading, to_db_path, writing
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS
from ingest_desktop.infrastructure.locks import LockFile
from ingest_desktop.infrastructure.migrations import Migration, migrate, stored_version

MANY = 10**12


def add(ledger: Ledger, count: int) -> str:
    batch = ledger.create_batch("library", ["/docs"], origin="command", priority=0, label="docs").batch_id
    ledger.add_jobs(batch, files(count), known={})
    return batch


def test_it_fulfils_the_protocol(ledger: Ledger) -> None:
    repository: Repository = ledger
    assert [kb.name for kb in repository.knowledge_bases()] == ["Library"]


def test_what_was_added_is_there_after_a_restart(open_ledger: Callable[..., Ledger]) -> None:
    batch = add(open_ledger(), 3)
    assert open_ledger().batch_counts(batch).of(JobStatus.QUEUED) == 3


def test_a_newer_store_is_refused_and_not_touched(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (99, 'later', '')")
        connection.execute("PRAGMA journal_mode=DELETE")  # so that even switching to WAL would show
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="99"):
        Ledger(tmp_path)
    assert path.read_bytes() == before
    assert not (tmp_path / "backups").exists()


def test_an_older_store_is_backed_up_and_migrated(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    add(ledger, 2)
    ledger.close()
    newest = LEDGER_MIGRATIONS[-1].version
    path, later = tmp_path / "ledger.db", Migration(newest + 1, "later", ("CREATE TABLE later (x)",))
    engine = open_engine(path, synchronous="FULL")
    migrate(engine, path, [*LEDGER_MIGRATIONS, later], tmp_path / "backups")
    engine.dispose()
    assert stored_version(path) == newest + 1
    (backup,) = (tmp_path / "backups").iterdir()
    assert stored_version(backup) == newest
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT count(*) FROM ingest_jobs").fetchone() == (2,)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    path, newest = tmp_path / "ledger.db", LEDGER_MIGRATIONS[-1].version
    broken = Migration(newest + 1, "broken", ("CREATE TABLE half (x)", "CREATE NONSENSE"))
    engine = open_engine(path, synchronous="FULL")
    with pytest.raises(Exception, match="NONSENSE"):
        migrate(engine, path, [*LEDGER_MIGRATIONS, broken], tmp_path / "backups")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'half'").scalar() == 0
    engine.dispose()
    assert stored_version(path) == newest


def test_a_store_from_before_its_second_version_counts_each_job_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    engine = open_engine(path, synchronous="FULL")
    migrate(engine, path, LEDGER_MIGRATIONS[:1], tmp_path / "backups")
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER job_inserted AFTER INSERT ON ingest_jobs BEGIN "
            "UPDATE counters SET open = open + 1 WHERE scope IN ('kb:' || new.kb_id, 'batch:' || new.batch_id); END"
        )
    engine.dispose()
    with closing(Ledger(tmp_path)) as ledger:
        add(ledger, 3)
        assert ledger.counts().total() == 3


def test_many_may_open_a_fresh_store_at_once(tmp_path: Path) -> None:
    start, errors, ledgers = threading.Barrier(6), list[BaseException](), list[Ledger]()

    def open_it() -> None:
        start.wait()
        try:
            ledgers.append(Ledger(tmp_path))
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in ledgers:
        ledger.close()
    assert errors == []
    assert stored_version(tmp_path / "ledger.db") == LEDGER_MIGRATIONS[-1].version


def test_a_locked_store_is_busy(open_ledger: Callable[..., Ledger]) -> None:
    ledger = open_ledger(busy=0.05)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            add(ledger, 1)
        assert len(ledger.knowledge_bases()) == 1  # reading goes on
        other.execute("ROLLBACK")
    add(ledger, 1)


def test_a_writer_inside_a_writer_is_busy(open_ledger: Callable[..., Ledger]) -> None:
    ledger = open_ledger(busy=0.05)
    with writing(ledger.engine), pytest.raises(StoreBusy):
        add(ledger, 1)


def test_what_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreDamaged):
        Ledger(tmp_path)


def test_a_copy_is_whole(ledger: Ledger, tmp_path: Path, clock: Clock) -> None:
    add(ledger, 5)
    copy_database(ledger.path, tmp_path / "copy" / "ledger.db")
    copy = Ledger(tmp_path / "copy", clock=clock)
    assert copy.counts() == ledger.counts()
    copy.close()
    assert [path.name for path in (tmp_path / "copy").iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize("path", ["/a/ä.pdf", "/a/\udcff\udc80.pdf", "plain"])
def test_paths_survive_the_store(path: str) -> None:
    assert from_db_path(to_db_path(path)) == path


def test_threads_never_share_a_job(open_ledger: Callable[..., Ledger]) -> None:
    ledgers = [open_ledger() for _ in range(4)]
    add(ledgers[0], 400)
    taken: list[int] = []

    def work(ledger: Ledger) -> None:
        worker = ledger.register_worker("thread")
        while claims := ledger.claim(worker, limit=7, max_bytes=MANY):
            taken.extend(claim.job_id for claim in claims)

    threads = [threading.Thread(target=work, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 400


CLAIMS = """
import sys
from pathlib import Path
from ingest_desktop.infrastructure.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
worker = ledger.register_worker("process")
print("ready", flush=True)
sys.stdin.readline()
while claims := ledger.claim(worker, limit=int(sys.argv[2]), max_bytes=10**12):
    print(*(claim.job_id for claim in claims), flush=True)
    if len(sys.argv) > 3:
        break
print("done", flush=True)
sys.stdin.readline()  # its jobs stay its own until it is told, or killed
"""
HERE = Path(__file__).resolve().parents[2]


def start_process(root: Path, limit: int, *more: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIMS, str(root), str(limit), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def heard(process: "subprocess.Popen[str]") -> list[int]:
    assert process.stdout is not None
    found: list[int] = []
    while (line := process.stdout.readline()) not in ("done\n", ""):
        found += map(int, line.split())
    return found


def test_processes_never_share_a_job_and_a_killed_ones_come_back(tmp_path: Path) -> None:
    root = tmp_path / "data"
    ledger = Ledger(root, lease_seconds=3600)
    add(ledger, 60)
    processes = [start_process(root, 3), start_process(root, 3)]
    try:
        for process in processes:
            tell(process)
        taken = [heard(process) for process in processes]
        assert sorted(taken[0] + taken[1]) == list(range(1, 61))
        worker = ledger.register_worker("survivor")
        assert ledger.counts().of(JobStatus.RUNNING) == 60
        processes[0].kill()
        processes[0].wait()
        assert ledger.heartbeat(worker) == len(taken[0])  # at once, though its lease is an hour
        back = ledger.claim(worker, limit=100, max_bytes=MANY)
        assert sorted(claim.job_id for claim in back) == sorted(taken[0])
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    ledger.close()


def test_the_whole_folder_can_be_moved(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "here")
    add(ledger, 2)
    ledger.close()
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = Ledger(tmp_path / "there")
    assert moved.counts().total() == 2
    moved.close()


def test_a_lock_file_that_cannot_be_removed_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "worker.lock"
    lock = LockFile.take(path)
    assert lock is not None and LockFile.take(path) is None
    path.rename(tmp_path / "it")
    path.mkdir()  # cannot be unlinked: as on a disk that turned read-only
    lock.release()
    again = LockFile.take(tmp_path / "it")
    assert again is not None
    again.release()


def test_a_connection_that_stays_relaxed_is_replaced(tmp_path: Path) -> None:
    """What waits for no disk must not let later commits do so, too; and what was committed is told as committed."""
    engine = open_engine(tmp_path / "some.db", synchronous="FULL")

    def no_pragmas(action: int, *_: object) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_PRAGMA else sqlite3.SQLITE_OK

    with writing(engine, durable=False) as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_authorizer(no_pragmas)
    with writing(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    engine.dispose()
