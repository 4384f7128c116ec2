"""What holds a knowledge base is let go whatever comes between, and is forgotten with it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from application.kit import FakeApp, quick_settings

from damage.filled import opened
from damage.kit import Rights, open_fake, page_size
from ingest_desktop.domain.enums import PauseScope
from ingest_desktop.domain.errors import LedgerDamaged, StoreBusy, StoreForbidden
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.damage import MARK
from ingest_desktop.infrastructure.database import reading
from ingest_desktop.infrastructure.holding import held_bases, hold_base, let_go


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FakeApp]:
    found = open_fake(tmp_path / "data")
    yield found
    found.close()


def test_one_that_could_not_be_let_go_is_let_go_the_next_time(app: FakeApp) -> None:
    hold_base(app.repository, "library", StoreForbidden.code)
    set_paused = app.repository.set_paused

    def busy(scope: PauseScope, scope_id: str | None, paused: bool) -> None:
        raise StoreBusy("another process writes")

    app.repository.set_paused = busy  # type: ignore[method-assign]
    with pytest.raises(StoreBusy):
        let_go(app.repository, "library", StoreForbidden.code)
    assert held_bases(app.repository) == {"library": StoreForbidden.code}
    app.repository.set_paused = set_paused  # type: ignore[method-assign]
    assert Caretaker(app.repository, app.contents).wake() == []
    assert not any(base.paused for base in app.service.knowledge_bases()) and held_bases(app.repository) == {}


def test_one_that_is_held_while_others_are_looked_at_is_told_of_as_what_it_is(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = Rights(monkeypatch)
    care = Caretaker(app.repository, app.contents)
    find_newer = care._find_newer

    def meanwhile() -> None:
        find_newer()
        rights.forbidden = "knowledge_bases/library/"
        hold_base(app.repository, "library", StoreForbidden.code)

    care._find_newer = meanwhile  # type: ignore[method-assign]
    (damage,) = care.care(app.settings, threading.Event())
    assert (damage.code, damage.where) == (StoreForbidden.code, "library")


@pytest.mark.parametrize("table", ["counters", "knowledge_bases", "app_state"])
@pytest.mark.parametrize("looked_before", [True, False])
def test_damage_of_the_list_of_jobs_is_told_whatever_asks_it_first(data: Path, table: str, looked_before: bool) -> None:
    ledger, contents = opened(data)
    care, never = Caretaker(ledger, contents), threading.Event()
    assert not looked_before or care.care(quick_settings(data), never) == []
    with reading(ledger.engine) as connection:
        page = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).scalar_one()
    ledger.engine.dispose()
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = page_size(ledger.path)
    with open(ledger.path, "rb+") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xff" * size)
    for _ in range(2):
        (damage,) = care.care(quick_settings(data), never)
        assert (damage.code, damage.where) == (LedgerDamaged.code, "ledger")
    assert (data / MARK).exists()
    contents.close()
    ledger.close()


def test_nobody_is_told_of_the_damage_of_a_deleted_one_till_it_is_taken_back(app: FakeApp) -> None:
    second = app.service.create_knowledge_base("Second").kb_id
    hold_base(app.repository, second)
    care = Caretaker(app.repository, app.contents)
    app.service.delete_knowledge_base(second)
    assert care.wake() == [] and held_bases(app.repository) == {}
    app.service.restore_knowledge_base(second)
    assert [damage.where for damage in care.wake()] == [second] == list(held_bases(app.repository))
    app.service.delete_knowledge_base(second)
    app.repository.purge(app.repository.clock() + timedelta(days=1))
    with reading(app.repository.engine) as connection:
        keys = connection.exec_driver_sql("SELECT key FROM app_state").scalars().all()
    assert {"revision", "front", "back", "app_paused"} <= set(keys)
    assert not any(second in key for key in keys)
