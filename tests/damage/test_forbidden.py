"""A knowledge base whose file may not be written holds up itself alone, and its work goes on once it may."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from application.kit import FakeApp, assert_clean, hits, job_of, statuses, wait_for, work, write_files

from damage.kit import Rights, open_fake
from damage.test_care import Troubles
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreDamaged, StoreError, StoreFaulty, StoreForbidden, StoreReadOnly
from ingest_desktop.domain.interfaces.repository import SegmentIn
from ingest_desktop.infrastructure import content_registry
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.holding import HOLDS, held_bases

LIBRARY = "knowledge_bases/library/"


@pytest.fixture
def rights(monkeypatch: pytest.MonkeyPatch) -> Rights:
    return Rights(monkeypatch)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FakeApp]:
    docs = write_files(tmp_path / "old", {"old.txt": "heron of old"})
    found = open_fake(tmp_path / "data")
    found.service.submit([str(docs)])
    work(found)
    found.lifecycle.stop(10)
    found.contents.close()
    yield found
    found.close()


@pytest.fixture
def troubles(app: FakeApp) -> Troubles:
    found = Troubles()
    app.events.subscribe(found)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("name", ["short.txt", "long.txt"])
def test_its_jobs_wait_the_others_go_on_and_so_do_its_own_once_it_may_be_written(
    app: FakeApp, troubles: Troubles, rights: Rights, tmp_path: Path, name: str
) -> None:
    second = app.service.create_knowledge_base("Second").kb_id
    rights.forbidden = LIBRARY
    app.service.submit([str(write_files(tmp_path / "docs", {name: "heron\negret\nstork\nowl"}))])
    app.service.submit([str(write_files(tmp_path / "others", {"other.txt": "crane"}))], kb_id=second)
    work(app)
    completed = {"old.txt": JobStatus.COMPLETED, "other.txt": JobStatus.COMPLETED}
    assert statuses(app) == {name: JobStatus.PAUSED, **completed}
    job = job_of(app, tmp_path / "docs" / name)
    assert app.service.history(job.id)[-1].reason == HOLDS[StoreForbidden.code].reason and job.error_code is None
    assert [code for code, _ in troubles.told] == ["store_forbidden"]
    assert hits(app, "heron") == ["old.txt"]  # what is there can be read

    care = Caretaker(app.repository, app.contents)
    (found,) = care.care(app.settings, threading.Event())
    assert (found.code, found.where) == ("store_forbidden", "library")
    assert found.message.startswith("The knowledge base Library is paused.") and LIBRARY in found.message
    assert care.care(app.settings, threading.Event()) == [found] == care.wake()
    assert statuses(app)[name] is JobStatus.PAUSED

    rights.forbidden = ""
    assert care.wake() == [] and held_bases(app.repository) == {}
    work(app)
    wait_for(lambda: statuses(app)[name] is JobStatus.COMPLETED, "it goes on by itself")
    assert HOLDS[StoreForbidden.code].over in {entry.reason for entry in app.service.history(job.id)}
    assert hits(app, "heron") == sorted(["old.txt", name])
    assert_clean(app)


class Refusing(KnowledgeBaseStore):
    """A store that was opened before the right to write it was taken away."""

    errors: Sequence[StoreError] = ()

    def add_segments(self, items: Sequence[SegmentIn]) -> int:
        if Refusing.errors:
            error, *Refusing.errors = Refusing.errors
            raise error
        return super().add_segments(items)


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[StoreError], None]:
    monkeypatch.setattr(content_registry, "KnowledgeBaseStore", Refusing)
    return lambda error: setattr(Refusing, "errors", [error])


@pytest.mark.parametrize("error", [StoreFaulty, StoreReadOnly])
@pytest.mark.parametrize("is_alone", [True, False])
def test_a_right_that_is_lost_in_the_midst_holds_the_base_but_all_work_where_the_ledger_lost_it_too(
    app: FakeApp,
    troubles: Troubles,
    rights: Rights,
    tmp_path: Path,
    refuse: Callable[[StoreError], None],
    error: type[StoreError],
    is_alone: bool,
) -> None:
    app.contents.of("library")
    rights.forbidden = LIBRARY
    refuse(error("read-only file system"))
    if not is_alone:

        def hold_base(kb_id: str, code: str = StoreDamaged.code) -> bool:
            rights.forbidden = ""  # the disk is written again
            raise StoreReadOnly("the ledger may not be written either")

        app.repository.hold_base = hold_base  # type: ignore[method-assign]
    app.service.submit([str(write_files(tmp_path / "docs", {"a.txt": "heron"}))])
    work(app)
    wanted = (["store_forbidden"], JobStatus.PAUSED) if is_alone else ([error.code, ""], JobStatus.COMPLETED)
    wait_for(lambda: ([code for code, _ in troubles.told], statuses(app)["a.txt"]) == wanted, f"{wanted}")
    assert job_of(app, tmp_path / "docs" / "a.txt").error_code is None


def test_one_that_nobody_wants_to_write_is_left_in_peace(app: FakeApp, rights: Rights) -> None:
    rights.forbidden = LIBRARY
    assert Caretaker(app.repository, app.contents).care(app.settings, threading.Event()) == []
    assert not any(base.paused for base in app.service.knowledge_bases())


def test_what_was_opened_for_reading_is_opened_anew_once_it_may_be_written(app: FakeApp, rights: Rights) -> None:
    rights.forbidden = LIBRARY
    first = app.contents.of("library")
    assert app.contents.of("library") is first
    with pytest.raises(StoreReadOnly):
        first.begin()
    rights.forbidden = ""
    second = app.contents.of("library")
    second.begin()
    second.rollback()
    assert app.contents.of("library") is second is not first


def test_one_in_a_folder_that_may_not_be_entered_is_not_lost(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    (app.settings.data_root / LIBRARY / "kb.db").unlink()  # nobody can tell
    monkeypatch.setattr(content_registry, "may_look", lambda _path: False)
    assert app.contents.lost(["library"]) == []
    with pytest.raises(StoreForbidden, match="may not be looked at"):
        app.contents.of("library")
    assert [finding.code for finding in app.check()] == ["store_forbidden"]
