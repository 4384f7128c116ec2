"""What holds a knowledge base is let go whatever comes between, and is forgotten with it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from application.kit import FakeApp

from damage.kit import open_fake
from ingest_desktop.domain.enums import PauseScope
from ingest_desktop.domain.errors import StoreBusy, StoreForbidden
from ingest_desktop.infrastructure.caretaking import Caretaker
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
