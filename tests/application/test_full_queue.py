"""What does not fit into the queue waits outside, is told of, and comes in as room appears."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from application.kit import FakeApp, all_jobs, assert_clean, statuses, wait_for, work, write_files
from ingest_desktop.application import submission
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import NotFoundError, QueueFullError
from ingest_desktop.domain.models import DiscoveryReport, JobSelector, Submission

COUNT = 250
MANY = {f"{number:03}.txt": f"text {number}" for number in range(COUNT)}


class Told:
    """Hears how a search goes."""

    def __init__(self) -> None:
        self.reports: list[DiscoveryReport] = []

    def discovery_changed(self, report: DiscoveryReport) -> None:
        self.reports.append(report)

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None


class Drop(threading.Thread):
    """A drop that waits for room, in a thread of its own as in the window."""

    def __init__(self, app: FakeApp, docs: Path, hold: Callable[[], bool] = lambda: True) -> None:
        super().__init__()
        self.app, self.docs, self.hold, self.stop = app, docs, hold, threading.Event()
        self.made: Submission | None = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.made = self.app.service.submit([str(self.docs)], stop=self.stop, hold=self.hold)
        except Exception as error:  # noqa: BLE001 - for the test to look at
            self.error = error


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "ROOM_SECONDS", 0.01)


@pytest.fixture
def small(make_fake: Callable[..., FakeApp], docs: Path) -> FakeApp:
    """An engine with a queue that is shorter than the drop."""
    write_files(docs, MANY)
    return make_fake(queue_limit=100)


def waiting(app: FakeApp) -> int:
    return app.service.counts().of(JobStatus.QUEUED)


def test_the_rest_waits_and_comes_in_as_room_appears(small: FakeApp, docs: Path) -> None:
    told = Told()
    small.events.subscribe(told)
    drop = Drop(small, docs)
    wait_for(lambda: waiting(small) == 100)
    held = wait_for(lambda: [report.held for report in told.reports if report.added == 100])
    assert held[0] == COUNT - 100
    small.service.start()
    drop.join(30)
    assert drop.made is not None and (drop.made.report.added, drop.made.report.held) == (COUNT, 0)
    assert max(report.added for report in told.reports) == COUNT
    work(small)
    assert (len(all_jobs(small)), set(statuses(small).values())) == (COUNT, {JobStatus.COMPLETED})
    assert not small.repository.unfinished_discoveries()
    assert_clean(small)


def test_the_rest_survives_a_restart(small: FakeApp, docs: Path, make_fake: Callable[..., FakeApp]) -> None:
    drop = Drop(small, docs)
    wait_for(lambda: waiting(small) == 100)
    drop.stop.set()
    drop.join(30)
    small.close()
    app = make_fake(queue_limit=120)
    resumed = threading.Thread(target=lambda: app.service.resume_discoveries(hold=lambda: True))
    resumed.start()
    wait_for(lambda: waiting(app) == 120)
    app.service.start()
    resumed.join(30)
    work(app)
    assert len(all_jobs(app)) == COUNT
    assert_clean(app)


def test_nobody_waits_for_what_was_cancelled(small: FakeApp, docs: Path) -> None:
    drop = Drop(small, docs)
    wait_for(lambda: waiting(small) == 100)
    (batch,) = small.service.batches()
    small.service.cancel(JobSelector(batch_id=batch.batch_id))
    drop.join(30)
    assert not drop.is_alive() and not small.repository.unfinished_discoveries()
    assert len(all_jobs(small)) < COUNT


def test_nothing_is_held_any_more_of_what_was_taken_back(small: FakeApp, docs: Path) -> None:
    told = Told()
    small.events.subscribe(told)
    drop = Drop(small, docs)
    wait_for(lambda: [report for report in told.reports if report.held])
    (batch,) = small.service.batches()
    small.service.delete(JobSelector(batch_id=batch.batch_id))
    drop.join(30)
    assert not drop.is_alive() and isinstance(drop.error, NotFoundError)
    assert told.reports[-1].held == 0 and not told.reports[-1].finished


def test_who_does_not_want_to_wait_any_longer_is_told(small: FakeApp, docs: Path) -> None:
    drop = Drop(small, docs, hold=lambda: False)
    drop.join(30)
    assert isinstance(drop.error, QueueFullError)
    assert waiting(small) == 100  # as many as fit
    assert len(small.repository.unfinished_discoveries()) == 1


def test_two_drops_share_the_room(small: FakeApp, docs: Path, tmp_path: Path) -> None:
    other = write_files(tmp_path / "other", {f"x{name}": text for name, text in MANY.items()})
    drops = [Drop(small, docs), Drop(small, other)]
    wait_for(lambda: waiting(small) == 100)
    small.service.start()
    for drop in drops:
        drop.join(60)
    work(small)
    assert len(all_jobs(small)) == 2 * COUNT
    assert_clean(small)
