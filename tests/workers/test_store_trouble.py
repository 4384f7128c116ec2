"""Trouble with the store delays jobs, is told once, and fails none that could still be stored."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from application.kit import (
    COMPLETED,
    MAKE,
    QUEUED,
    TEN,
    FakeApp,
    all_jobs,
    assert_clean,
    job_of,
    statuses,
    wait_for,
    work,
    write_files,
)

from ingest_desktop.application.events import EventHub
from ingest_desktop.domain.errors import (
    IngestError,
    LedgerDamaged,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFaulty,
    StoreGone,
    StoreReadOnly,
)
from ingest_desktop.domain.interfaces.repository import Claim, Ending
from ingest_desktop.domain.models import Job, JobSelector
from ingest_desktop.workers.steward import Steward


class Grumbling:
    """A ledger whose endings, or claims, fail a few times."""

    def __init__(self, app: FakeApp, *, endings: Sequence[Exception] = (), claims: Sequence[Exception] = ()) -> None:
        self._ending, self._claim = app.repository.ending, app.repository.claim
        self.endings, self.claims = list(endings), list(claims)
        app.repository.ending = self.ending  # type: ignore[method-assign]
        app.repository.claim = self.claim  # type: ignore[method-assign]

    def ending(self, endings: Sequence[Ending]) -> AbstractContextManager[set[int]]:
        if self.endings:
            raise self.endings.pop(0)
        return self._ending(endings)

    def claim(self, *args: object, **options: object) -> list[Claim]:
        if self.claims:
            raise self.claims.pop(0)
        return self._claim(*args, **options)  # type: ignore[arg-type]


class Listener:
    """Notes down what it hears of trouble."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.finished: list[str] = []

    def trouble(self, code: str, message: str, hint: str) -> None:
        self.troubles.append(code)

    def jobs_changed(self, jobs: Sequence[Job]) -> None: ...
    def jobs_added(self, batch_id: str, count: int) -> None: ...
    def discovery_changed(self, report: object) -> None: ...
    def store_changed(self) -> None: ...
    def batch_finished(self, batch_id: str) -> None:
        self.finished.append(batch_id)


def test_a_busy_store_is_waited_for_and_told_of(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    Grumbling(fake, endings=[StoreBusy("busy")])
    made = fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}
    assert {job.attempts for job in all_jobs(fake)} == {1}
    assert listener.troubles == ["store_busy", ""]
    assert listener.finished == [made.batch.batch_id]
    assert_clean(fake)


@pytest.mark.parametrize("error", [StoreFaulty, StoreReadOnly, StoreGone])
def test_a_disk_that_reports_errors_delays_and_fails_nothing(
    fake: FakeApp, docs: Path, error: type[StoreError]
) -> None:
    write_files(docs, TEN)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    Grumbling(fake, endings=[error("input/output error")])
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}
    wait_for(lambda: listener.troubles == [error.code, ""], "its end is told, just after the jobs have ended")
    assert_clean(fake)


def test_jobs_that_are_paused_meanwhile_hold_up_no_others_on_a_faulty_disk(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a"})
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    grumbling = Grumbling(fake, endings=[StoreFaulty("input/output error")] * 1_000)
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: bool(listener.troubles), "trouble")
    fake.service.pause(JobSelector(everything=True))
    wait_for(lambda: listener.troubles[-1] == "", "the group is let go")
    assert grumbling.endings
    grumbling.endings.clear()
    fake.service.resume(JobSelector(everything=True))
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_a_page_that_was_unreadable_for_a_moment_is_no_damage(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    Grumbling(fake, endings=[StoreDamaged("malformed")] * 2)
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_damage_is_told_again_when_other_trouble_ends() -> None:
    hub, listener = EventHub(), Listener()
    hub.subscribe(listener)  # type: ignore[arg-type]
    hub.stand([("store_damaged", "It is damaged.", "Repair it.")])
    hub.trouble("store_full", "It is full.", "Free some space.")
    hub.trouble("", "", "")
    hub.stand(())
    assert listener.troubles == ["store_damaged", "store_full", "store_damaged", ""]


def test_it_is_told_that_no_job_can_be_taken_from_the_list(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    grumbling = Grumbling(fake, claims=[StoreFaulty("input/output error")] * 1_000)
    fake.service.submit([str(docs)])
    fake.service.start()
    wait_for(lambda: listener.troubles == ["store_faulty"], "trouble")
    grumbling.claims.clear()
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_an_error_that_stays_fails_the_jobs_with_its_code(fake: FakeApp, docs: Path) -> None:
    write_files(docs, {"a.txt": "a", "b.txt": "b"})
    Grumbling(fake, endings=[LedgerDamaged("not a database")])
    fake.service.submit([str(docs)])
    work(fake)
    assert {job_of(fake, docs / name).error_code for name in ("a.txt", "b.txt")} == {"ledger_damaged"}


def test_a_claim_that_fails_is_tried_again_and_nothing_is_taken_for_drained(fake: FakeApp, docs: Path) -> None:
    write_files(docs, TEN)
    Grumbling(fake, claims=[StoreBusy("busy"), RuntimeError("a bug"), IngestError("odd")])
    fake.service.submit([str(docs)])
    work(fake)
    assert set(statuses(fake).values()) == {COMPLETED}


def test_holds_have_reasons(fake: FakeApp, docs: Path) -> None:
    """A store that is well again does not end the wait for room on the disk."""
    write_files(docs, {"a.txt": "a"})
    fake.service.start()
    crew = fake.lifecycle.crew
    assert crew is not None
    crew.scheduler.hold(True, "low disk")
    crew.scheduler.hold(True, "store")
    fake.service.submit([str(docs)])
    crew.scheduler.hold(False, "store")
    assert not fake.lifecycle.drain(0.3)
    assert statuses(fake) == {"a.txt": QUEUED}
    crew.scheduler.hold(False, "low disk")
    assert fake.lifecycle.drain(30)
    assert statuses(fake) == {"a.txt": COMPLETED}


def test_work_pauses_while_the_disk_is_nearly_full(make_fake: MAKE, docs: Path) -> None:
    fake = make_fake(min_free_bytes=2**50)
    listener = Listener()
    fake.events.subscribe(listener)  # type: ignore[arg-type]
    fake.service.start()
    wait_for(lambda: listener.troubles == ["store_full"])
    write_files(docs, {"a.txt": "a"})
    fake.service.submit([str(docs)])
    assert not fake.lifecycle.drain(0.2)
    assert statuses(fake) == {"a.txt": QUEUED}


def test_a_disk_that_cannot_be_asked_is_asked_again(fake: FakeApp, tmp_path: Path) -> None:
    nothing: Any = None
    settings = fake.settings.model_copy(update={"data_root": tmp_path / ("x" * 300)})  # an error, and not absence
    steward = Steward(nothing, list, nothing, nothing, settings, nothing, nothing, worker_id="w")
    steward.watch_disk()
    assert not steward.store_is_gone
