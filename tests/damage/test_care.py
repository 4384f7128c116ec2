"""Daily copies, and damage that is found while the program works."""

import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from application.kit import quick_settings, real_app, wait_for, work, write_files

from damage.kit import copy_of, fill, open_fake, pages_of, spoil_pages
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreDamaged
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure import backups, caretaking
from ingest_desktop.infrastructure.backups import Stopped, back_up_if_due, backups_of, newest_sound
from ingest_desktop.infrastructure.caretaking import Caretaker, look_through
from ingest_desktop.infrastructure.holding import held_bases
from ingest_desktop.repairing import repair
from ingest_desktop.workers import care_watch

LEDGER, KB = "ledger.db", "knowledge_bases/library/kb.db"
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def root(filled: Path, tmp_path: Path) -> Iterator[Path]:
    yield copy_of(filled, tmp_path)


def back_up(root: Path, now: datetime, **changes: Any) -> Path | None:
    return back_up_if_due(root / LEDGER, root / "backups", now=now, **{"keep": 3, "min_free_bytes": 0, **changes})


def touch(root: Path, moment: float) -> None:
    os.utime(root / LEDGER, (moment, moment))


def test_a_copy_a_day_and_only_of_what_changed(root: Path) -> None:
    first = back_up(root, NOON)
    assert first is not None and first.name == "ledger-20300101T120000Z.db"
    later = first.stat().st_mtime + 100
    touch(root, later)
    assert back_up(root, NOON + timedelta(hours=23)) is None
    touch(root, later - 1000)
    assert back_up(root, NOON + timedelta(days=2)) is None  # nothing changed
    touch(root, later)
    for day in range(1, 6):
        made = back_up(root, NOON + timedelta(days=day))
        assert made is not None
        os.utime(made, (later - 1, later - 1))
    kept = [when for when, _ in backups_of(root / LEDGER, root / "backups")]
    assert kept == [NOON + timedelta(days=day) for day in (5, 4, 3)]
    assert not list((root / "backups").glob("*.part"))


def test_copies_from_before_the_clock_was_set_back_stand_in_no_ones_way(root: Path) -> None:
    for day in range(1, 5):
        made = back_up(root, NOON + timedelta(days=365 + day))  # the clock was a year ahead
        assert made is not None
        os.utime(made, (2**31, 2**31))
        touch(root, 2**31 + 1)
    touch(root, 2_000_000)
    ahead = backups_of(root / LEDGER, root / "backups")
    for day in range(5):
        with closing(sqlite3.connect(root / LEDGER)) as writer, writer:
            writer.execute("UPDATE app_state SET value = value + 1 WHERE key = 'revision'")
        touch(root, 1_000_000 + day * 100)
        made = back_up(root, NOON + timedelta(days=day))
        assert made is not None
        os.utime(made, (1_000_000 + day * 100 + 1,) * 2)
        assert back_up(root, NOON + timedelta(days=day, hours=1)) is None  # one a day is enough still
        assert newest_sound(root / LEDGER, root / "backups") == made
    kept = backups_of(root / LEDGER, root / "backups")
    assert kept[:3] == ahead and [when for when, _ in kept[3:]] == [NOON + timedelta(days=day) for day in (4, 3, 2)]


def test_no_copy_where_there_is_no_room_and_none_when_none_is_wanted(root: Path) -> None:
    assert back_up(root, NOON, min_free_bytes=shutil.disk_usage(root).free) is None
    assert back_up(root, NOON, keep=0) is None
    assert not list(root.glob("backups/*"))


def test_a_copy_is_one_moment_and_holds_nobody_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "STEP_PAGES", 4)
    written = 0
    with closing(sqlite3.connect(root / LEDGER, isolation_level=None, timeout=0)) as writer:
        writer.execute("CREATE TABLE noise (n INTEGER)")
        pour = backups._pour

        def look_and_write(source: sqlite3.Connection, copy: sqlite3.Connection, stop: threading.Event | None) -> None:
            class Writing(threading.Event):
                def is_set(self) -> bool:
                    nonlocal written
                    writer.execute("INSERT INTO noise VALUES (1)")
                    written += 1
                    return False

            pour(source, copy, Writing())

        monkeypatch.setattr(backups, "_pour", look_and_write)
        made = back_up(root, NOON)
    assert made is not None and written > 10
    with closing(sqlite3.connect(made)) as copy:
        assert copy.execute("SELECT count(*) FROM noise").fetchone() == (0,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_copy_is_given_up_when_asked_and_never_of_a_damaged_file(root: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        back_up(root, NOON, stop=stop)
    sound = back_up(root, NOON)
    draw = random.Random(4)
    spoil_pages(root / LEDGER, draw.sample(range(2, pages_of(root / LEDGER)), 12), draw)
    with pytest.raises(StoreDamaged):
        back_up(root, NOON + timedelta(days=1))
    broken = root / "backups" / "ledger-20300109T120000Z.db"
    shutil.copy(root / LEDGER, broken)
    assert newest_sound(root / LEDGER, root / "backups") == sound
    assert sorted(path.name for path in (root / "backups").iterdir()) == sorted(
        {sound.name, broken.name} if sound else {}
    )


class Troubles:
    """Remembers what held work up."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def trouble(self, code: str, message: str, hint: str) -> None:
        assert not code or hint
        self.told.append((code, message))

    def __getattr__(self, name: str) -> object:
        return lambda *_args: None


def test_a_damaged_knowledge_base_is_found_paused_and_told_of_and_the_others_go_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care_watch, "CARE_AFTER_SECONDS", 0.0)
    other = write_files(tmp_path / "other", {"o.txt": "ostrich"})
    draw = random.Random(2)
    spoil_pages(root / KB, draw.sample(range(2, pages_of(root / KB)), 9), draw)
    app = real_app(root)
    troubles = Troubles()
    app.events.subscribe(troubles)  # type: ignore[arg-type]
    made = app.service.create_knowledge_base("Two")
    app.service.start()
    wait_for(lambda: [code for code, _ in troubles.told if code] == ["store_damaged"])
    assert "Library is damaged and paused" in troubles.told[-1][1] and "kb.db" in troubles.told[-1][1]
    assert held_bases(app.repository) == {"library": "store_damaged"}
    mine = app.service.submit([str(other)])
    theirs = app.service.submit([str(other)], kb_id=made.kb_id)
    work(app)
    assert app.service.batch_counts(mine.batch.batch_id).of(JobStatus.PAUSED) == 1
    assert app.service.batch_counts(theirs.batch.batch_id).of(JobStatus.COMPLETED) == 1
    assert backups_of(root / LEDGER, root / "backups")  # care made the copy of the day, too
    assert app.repair_knowledge_base("library", lambda _text: None)
    assert held_bases(app.repository) == {}
    work(app)
    assert app.service.batch_counts(mine.batch.batch_id).of(JobStatus.COMPLETED) == 1
    app.lifecycle.stop(10)
    assert app.check() == []
    app.close()


def test_a_knowledge_base_that_cannot_be_written_any_more_keeps_its_jobs(root: Path, tmp_path: Path) -> None:
    other = write_files(tmp_path / "other", {"o.txt": "ostrich", "p.txt": "puffin"})
    app = open_fake(root)
    app.contents.of("library").close()
    (root / KB).write_bytes(b"no database " * 9999)
    app.contents.release("library")
    made = app.service.submit([str(other)])
    app.service.start()
    wait_for(lambda: app.service.batch_counts(made.batch.batch_id).of(JobStatus.PAUSED) == 2)
    app.close()
    assert repair(quick_settings(root)).left == ()
    app = open_fake(root)
    work(app)
    assert app.service.batch_counts(made.batch.batch_id).of(JobStatus.COMPLETED) == 2
    app.lifecycle.stop(10)
    assert app.check() == []
    app.close()


def test_what_a_person_paused_stays_so_after_a_repair(root: Path) -> None:
    app = open_fake(root)
    app.service.pause(JobSelector(kb_id="library"))
    app.close()
    draw = random.Random(2)
    spoil_pages(root / KB, [5, 6], draw)
    assert repair(quick_settings(root)).done
    app = open_fake(root)
    assert [base.paused for base in app.service.knowledge_bases()] == [True]
    app.close()


def test_all_of_it_is_read_once_a_day_and_damage_that_a_first_look_misses_is_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caretaking, "LOOK_SECONDS", -1.0)
    now = [NOON]
    app = open_fake(root)
    care = Caretaker(app.repository, app.contents, clock=lambda: now[0])
    settings, stop = app.settings, threading.Event()
    for _ in range(3):
        assert care.care(settings, stop) == []
    with closing(sqlite3.connect(root / LEDGER, isolation_level=None)) as bare:  # an index that lacks a row
        bare.execute("PRAGMA writable_schema = ON")
        bare.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'deleted_at IS NOT NULL', 'deleted_at IS NULL') WHERE name = 'ix_deleted'"
        )
    assert care.care(settings, stop) == []  # not due
    now[0] += timedelta(days=1, seconds=1)
    (damage,) = care.care(settings, stop)
    assert (damage.code, damage.where) == ("ledger_damaged", "ledger")
    stop.set()
    with pytest.raises(Stopped):
        look_through(root / LEDGER, stop)
    app.close()
