"""A damaged store is mended: what can be read is kept, what cannot is read again, and the damaged file stays."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from application.kit import FakeApp, all_jobs, exported, quick_settings, real_app, work, write_files

from damage.kit import FILES, copy_of, fill, open_fake, page_size, pages_of, spoil_pages
from ingest_desktop.bootstrap import build_app
from ingest_desktop.cli import main
from ingest_desktop.domain.enums import Actor
from ingest_desktop.domain.errors import LedgerDamaged, StoreBusy, StoreDamaged
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.backups import back_up_if_due
from ingest_desktop.infrastructure.holding import held_bases
from ingest_desktop.infrastructure.locks import LockFile
from ingest_desktop.infrastructure.repair import problem_of
from ingest_desktop.repairing import RepairReport, repair

LEDGER, KB = "ledger.db", "knowledge_bases/library/kb.db"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("filled"))


@pytest.fixture(scope="module")
def expected(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str, int, str]]:
    app = open_fake(copy_of(filled, tmp_path_factory.mktemp("expected")))
    found = exported(app)
    app.close()
    return found


def listed(app: FakeApp) -> dict[str, str]:
    return {job.source_path: job.status.value for job in all_jobs(app)}


def mend(root: Path) -> RepairReport:
    return repair(quick_settings(root))


def judge(root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]]) -> None:
    """After the repair the work goes on, and everything is as it was."""
    app = open_fake(root)
    try:
        work(app)
        app.lifecycle.stop(10)
        assert app.check() == []
        later = str(filled / "later")  # jobs whose rows were lost are not paused any more
        assert [row for row in exported(app) if not row[0].startswith(later)] == expected
        jobs = listed(app)
        gone = {job.source_path for job in all_jobs(app, deleted=True)}
        for number in range(FILES):
            path = str(filled / "docs" / f"d{number:03d}.txt")
            assert jobs.get(path) == "completed" or path in gone or path not in {row[0] for row in expected}
        for number in range(9):
            assert jobs[str(filled / "later" / f"w{number}.txt")] in ("paused", "queued", "completed")
    finally:
        app.close()


def spoilt(root: Path, file: str, seed: int, count: int) -> str | None:
    draw = random.Random(seed)
    path = root / file
    spoil_pages(path, draw.sample(range(2, pages_of(path) + 1), count), draw)
    return problem_of(path)


@pytest.fixture
def root(filled: Path, tmp_path: Path) -> Iterator[Path]:
    yield copy_of(filled, tmp_path)


@pytest.mark.parametrize("seed", range(8))
def test_a_ledger_with_damaged_pages_is_mended(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]], seed: int
) -> None:
    if seed % 2:
        assert back_up_if_due(root / LEDGER, root / "backups", keep=3, min_free_bytes=0)
    assert spoilt(root, LEDGER, seed, 1 + seed % 3) is not None
    report = mend(root)
    assert report.done and report.left == ()
    assert list(root.glob("ledger.db.damaged-*"))
    judge(root, filled, expected)


@pytest.mark.parametrize("seed", range(8))
def test_a_knowledge_base_with_damaged_pages_is_mended(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]], seed: int
) -> None:
    assert spoilt(root, KB, seed, 1 + seed % 3) is not None
    report = mend(root)
    assert report.done and report.left == ()
    judge(root, filled, expected)


def test_a_sound_store_is_left_alone(root: Path) -> None:
    before = {path: path.read_bytes() for path in (root / LEDGER, root / KB)}
    assert mend(root) == RepairReport((), ())
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("kept", ["backup", "nothing"])
@pytest.mark.parametrize("how", ["first page", "empty", "noise"])
def test_a_ledger_that_is_no_database_any_more(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]], how: str, kept: str
) -> None:
    if kept == "backup":
        assert back_up_if_due(root / LEDGER, root / "backups", keep=3, min_free_bytes=0)
    broken(root / LEDGER, how)
    with pytest.raises(LedgerDamaged, match=r"ledger\.db"):
        build_app(quick_settings(root), actor=Actor.COMMAND, label="test")
    report = mend(root)
    assert report.left == () and problem_of(root / LEDGER) is None
    judge(root, filled, expected)


@pytest.mark.parametrize("how", ["first page", "empty", "noise"])
def test_a_knowledge_base_that_is_no_database_any_more(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]], how: str
) -> None:
    broken(root / KB, how)
    app = open_fake(root)
    with pytest.raises(StoreDamaged, match=r"kb\.db"):
        app.contents.of("library")
    app.close()
    report = mend(root)
    assert report.left == () and "queued to be read again: 92" in report.done[-1].message
    judge(root, filled, expected)


@pytest.mark.parametrize("how", ["noise", "empty"])
def test_what_an_older_copy_lists_as_waiting_is_listed_once(tmp_path: Path, how: str) -> None:
    docs = write_files(tmp_path / "docs", {f"d{n}.txt": f"word{n}" for n in range(6)})
    app = open_fake(tmp_path / "data")
    app.service.submit([str(docs)])
    root = app.settings.data_root
    assert back_up_if_due(root / LEDGER, root / "backups", keep=3, min_free_bytes=0)  # all of them wait in it
    work(app)
    app.lifecycle.stop(10)
    gone = next(job for job in all_jobs(app) if job.original_filename == "d3.txt")
    app.service.delete(JobSelector(job_ids=(gone.id,)))
    app.housekeeping.deliver()
    before, receipts = exported(app), [app.service.job(job.id).receipt for job in all_jobs(app)]
    app.close()
    broken(root / LEDGER, how)
    assert mend(root).left == ()
    again = open_fake(root)
    assert sorted((job.original_filename, job.status.value) for job in all_jobs(again)) == [
        (f"d{n}.txt", "completed") for n in (0, 1, 2, 4, 5)
    ]
    told = [again.service.job(job.id).receipt for job in all_jobs(again)]
    for one, known in zip(told, receipts, strict=True):
        assert one is not None and known is not None
        assert one.model_copy(update={"seconds": known.seconds}) == known
    work(again)
    again.lifecycle.stop(10)
    assert again.script.tasks == [] and exported(again) == before and again.check() == []
    again.close()


def broken(path: Path, how: str) -> None:
    size = path.stat().st_size
    data = {"empty": b"", "noise": random.Random(1).randbytes(size)}.get(how)
    if data is None:
        data = bytes(page_size(path)) + path.read_bytes()[page_size(path) :]
    path.write_bytes(data)
    os.utime(path, (1, 1))


def test_a_torn_log_costs_no_more_than_its_tail(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]], tmp_path: Path
) -> None:
    app = open_fake(root)
    work(app)  # opens both files
    app.service.resume(JobSelector(everything=True))
    work(app)
    live = tmp_path / "killed"
    shutil.copytree(root, live)  # as a kill leaves it: both logs are there
    app.close()
    for file in (LEDGER, KB):
        log = live / f"{file}-wal"
        data = bytearray(log.read_bytes())
        assert len(data) > 8192
        data[len(data) // 2] ^= 0xFF
        log.write_bytes(data[: len(data) * 4 // 5 + 7])
        (live / f"{file}-shm").unlink()
    for path in (live / "locks").glob("*.lock"):
        path.unlink()
    assert mend(live).left == ()
    judge(live, filled, expected)


def test_a_repair_that_is_killed_in_the_swap_is_finished_by_the_next_start(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]]
) -> None:
    good = (root / LEDGER).read_bytes()
    for step in range(3):
        broken(root / LEDGER, "noise")
        (root / "ledger.db-wal").write_bytes(b"old log")
        (root / "ledger.db.repair-lock").touch()
        (root / f"ledger.db.repaired-{step}").write_bytes(good)
        if step > 0:
            (root / LEDGER).rename(root / f"ledger.db.damaged-{step}")
        if step > 1:
            (root / "ledger.db-wal").rename(root / f"ledger.db.damaged-{step}-wal")
        build_app(quick_settings(root), actor=Actor.COMMAND, label="test").close()
        assert (root / f"ledger.db.damaged-{step}").exists() and (root / f"ledger.db.damaged-{step}-wal").exists()
        assert not list(root.glob("*.repaired-*")) and problem_of(root / LEDGER) is None
    judge(root, filled, expected)


def test_nobody_may_have_the_store_open_meanwhile(root: Path) -> None:
    holder = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM ingest_jobs').fetchone(); "
    holder += "print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(root / LEDGER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline()
        spoilt(root, LEDGER, 1, 1)
        with pytest.raises(StoreBusy, match="Another program"):
            mend(root)
        other.communicate()
    lock = LockFile.take(root / "ledger.db.repair-lock")
    assert lock is not None
    with pytest.raises(StoreBusy, match="being repaired"):
        mend(root)
    with pytest.raises(StoreBusy, match="being repaired"):
        build_app(quick_settings(root), actor=Actor.COMMAND, label="test")
    lock.release()
    assert mend(root).left == ()


def test_the_program_repairs_a_knowledge_base_while_it_is_open(
    root: Path, filled: Path, expected: list[tuple[str, str, str, int, str]]
) -> None:
    app = real_app(root)
    app.service.start()
    assert app.search.search("heron").hits
    app.contents.release("library")
    spoilt(root, KB, 3, 3)
    told: list[str] = []
    assert app.repair_knowledge_base("library", told.append)
    assert told and app.lifecycle.is_working
    app.close()
    assert mend(root) == RepairReport((), ())


def test_the_command_says_what_it_did(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken(root / KB, "noise")
    assert main(["--data-dir", str(root), "repair", "--kb", "nobody"]) == 2
    assert main(["--data-dir", str(root), "repair", "--kb", "library"]) == 0
    told = capsys.readouterr()
    assert "Files queued to be read again: 92" in told.out and "kb.db.damaged-" in told.out and "clean" in told.out
    assert "ingest run" in told.err
    assert main(["--data-dir", str(root), "repair", "--json"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["--data-dir", str(root / "none"), "repair"]) == 2


def test_a_sound_knowledge_base_that_was_held_for_damage_is_let_go(filled: Path, tmp_path: Path) -> None:
    root = copy_of(filled, tmp_path)
    app = open_fake(root)
    assert app.repository.hold_base("library")
    app.close()
    assert [(mended.code, mended.where) for mended in mend(root).done] == [("store_damaged", "library")]
    app = open_fake(root)
    assert held_bases(app.repository) == {}
    assert not any(base.paused for base in app.service.knowledge_bases())
    app.close()
    assert mend(root).done == ()


def test_nobody_opens_a_knowledge_base_while_it_is_repaired(filled: Path, tmp_path: Path) -> None:
    app = open_fake(copy_of(filled, tmp_path))
    two = app.service.create_knowledge_base("Two")
    with app.contents.kept_shut("library"):
        with pytest.raises(StoreBusy, match="being repaired"):
            app.contents.of("library")
        assert app.search.search("heron", kb_ids=("library", two.kb_id)).unreadable == ("library",)
    assert app.contents.of("library").document_count() > 0
    app.close()


def test_a_run_that_ended_its_workers_itself_leaves_a_snapshot_too(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "heron"})
    app = real_app(tmp_path / "data")
    made = app.service.submit([str(docs)])
    batch = JobSelector(batch_id=made.batch.batch_id)
    app.service.pause(batch)
    app.service.start()
    app.lifecycle.stop(30)  # as the commands do
    app.close()
    snapshot = tmp_path / "data" / "staged" / "queue" / "unfinished.json"
    assert [job["source_path"] for job in json.loads(snapshot.read_bytes())["jobs"]] == [str(docs / "a.txt")]
    app = real_app(tmp_path / "data")
    app.service.resume(batch)
    app.service.start()
    assert app.lifecycle.drain(60)
    app.lifecycle.stop(30)
    app.close()
    assert not snapshot.exists()
