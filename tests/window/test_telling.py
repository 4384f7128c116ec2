"""What the window says of jobs that ended: in the detail, the strip and the status bar."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from pytestqt.qtbot import QtBot

from ingest_desktop.application import passwords, reach
from ingest_desktop.application.ingestion_service import asked_for
from ingest_desktop.domain.causes import Tool
from ingest_desktop.domain.enums import JobEvent, JobPhase, JobStatus, Outcome
from ingest_desktop.domain.models import (
    Counts,
    DiscoveryReport,
    HistoryEntry,
    JobSelector,
    KnowledgeBase,
    Progress,
    Receipt,
)
from ingest_desktop.infrastructure import ledger_again
from ingest_desktop.infrastructure.content_fixes import LOST_TEXT
from ingest_desktop.infrastructure.holding import HOLDS
from ingest_desktop.infrastructure.ledger_queue import TAKEN_UP_BY
from ingest_desktop.infrastructure.ledger_workers import DIED, DIED_READING, SILENT
from ingest_desktop.ui import history
from ingest_desktop.ui.hub import Pulse
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.status_bar import summary
from ingest_desktop.ui.strips import told

from .fake_service import START, FakeStatus, job
from .fakes import FakeApp, FakeMetrics

Make = Callable[[], MainWindow]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from_status": None, "to_status": "queued", "actor": "window"}, "Waiting: added (by you, in the window)"),
        ({"from_status": "queued", "to_status": "running", "actor": "worker"}, "Running (by a worker)"),
        (
            {"from_status": "queued", "to_status": "running", "actor": "worker", "reason": "taken up by window"},
            "Running: taken up by the window (by a worker)",
        ),
        (
            {"from_status": "queued", "to_status": "running", "actor": "worker", "reason": "taken up by ingest run"},
            "Running: taken up by ingest run (by a worker)",
        ),
        (
            {"from_status": "completed", "to_status": "queued", "actor": "window", "reason": "tesseract is there"},
            "Waiting: tesseract is there (by you, in the window)",
        ),
        (
            {"from_status": "running", "to_status": "queued", "actor": "recovery", "reason": "its worker died"},
            "Waiting: its worker died (by the recovery)",
        ),
        (
            {"from_status": "running", "to_status": "failed", "actor": "worker", "reason": "source_encrypted"},
            "Failed: password needed (by a worker)",
        ),
        (
            {"from_status": "running", "to_status": "completed", "actor": "worker", "reason": "empty"},
            "Completed: no text (by a worker)",
        ),
        (
            {"from_status": "failed", "to_status": "queued", "actor": "command", "reason": "added again"},
            "Waiting: added again (by a command)",
        ),
        (
            {"from_status": "queued", "to_status": "paused", "actor": "window", "reason": "asked for, with its batch"},
            "Paused: asked for, with its drop (by you, in the window)",
        ),
        (
            {"from_status": "running", "to_status": "queued", "actor": "x", "reason": "of its own"},
            "Waiting: of its own (x)",
        ),
    ],
)
def test_history_is_told_in_words(changes: dict[str, object], said: str) -> None:
    entry = HistoryEntry.model_validate({"at": START, **changes})
    assert " ".join(history.line_of(entry).split()[2:]) == said


@pytest.mark.parametrize(
    "reason",
    [
        *(
            DIED,
            DIED_READING,
            SILENT,
            LOST_TEXT,
            reach.REASON,
            *(said for hold in HOLDS.values() for said in (hold.reason, hold.over)),
            passwords.REASON,
            ledger_again.REASON,
        ),
        *(f"{tool.value} is there" for tool in Tool),
        f"{TAKEN_UP_BY}window",
        f"{TAKEN_UP_BY}ingest run",
        *(
            asked_for(event, selector)
            for event in (JobEvent.PAUSE, JobEvent.RESUME, JobEvent.CANCEL, JobEvent.RETRY)
            for selector in (
                JobSelector(job_ids=("1",)),
                JobSelector(batch_id="1"),
                JobSelector(kb_id="library"),
                JobSelector(everything=True),
            )
        ),
    ],
)
def test_every_reason_of_the_engine_is_translated(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "translate", lambda _context, text: text.replace(" ", "_"))
    entry = HistoryEntry(
        at=START, from_status=JobStatus.RUNNING, to_status=JobStatus.QUEUED, actor="recovery", reason=reason
    )
    why = history.line_of(entry).partition(":_")[2]
    assert why and " " not in why.replace("ingest run", "")  # what was not translated has its spaces still


def test_seconds_are_told_by_phase() -> None:
    assert history.phase_lines({"extracting": 1.234, "of a plugin": 0.5}) == ["Reading: 1.23 s", "of a plugin: 0.50 s"]


def test_what_came_of_everything_is_not_called_done_when_it_failed(
    qtbot: QtBot, make_window: Make, app: FakeApp
) -> None:
    app.service.put(job(1, JobStatus.COMPLETED), job(2, JobStatus.COMPLETED), job(3, JobStatus.FAILED))
    window = make_window()
    qtbot.waitUntil(lambda: window.status.text.text().startswith("2 done, 1 failed"))


def counts(**numbers: int) -> Counts:
    return Counts(by_status={("kb1", JobStatus(status)): number for status, number in numbers.items()})


@pytest.mark.parametrize(
    ("report", "jobs", "said"),
    [
        ({"found": 12, "finished": False}, None, "Looking… 12 files found"),
        ({"found": 12, "finished": False, "skipped": {"hidden": 2}}, None, "Looking… 12 files found, 2 skipped"),
        ({"added": 1}, None, "1 file added"),
        ({"added": 5}, counts(completed=2, queued=3), "2 of 5 files done"),
        ({"added": 5}, counts(completed=2, failed=1, running=2), "2 of 5 files done, 1 failed"),
        ({"added": 5}, counts(completed=5), "5 files added, all done"),
        ({"added": 5}, counts(completed=3, failed=1, cancelled=1), "5 files added, 3 done, 1 failed, 1 cancelled"),
        ({"added": 3, "unchanged": 12}, counts(completed=15), "3 files added, all done, 12 unchanged"),
        ({"added": 3, "unchanged": 12}, counts(completed=13, queued=2), "1 of 3 files done, 12 unchanged"),
        ({"added": 5}, counts(completed=2, paused=3), "2 of 5 files done, 3 paused"),
        ({"unchanged": 12}, counts(completed=12), "Nothing new, 12 unchanged"),
        ({"added": 1, "already_listed": 2}, counts(queued=1), "0 of 1 file done, 2 already in the list"),
    ],
)
def test_a_drop_is_told_in_one_line(report: dict[str, object], jobs: Counts | None, said: str) -> None:
    assert told(DiscoveryReport.model_validate({"batch_id": "b", "finished": True, **report}), jobs) == said


def test_the_detail_names_its_job_at_once_and_follows_its_work(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.RUNNING, phase=JobPhase.HASHING))
    window = make_window()
    qtbot.waitUntil(lambda: window.model.cached(1) is not None)
    with qtbot.waitSignal(window.table.current_moved):
        window.table.selectRow(0)
    assert window.detail._name.text() == "report 00001.pdf"  # before anything was read
    assert window.detail._status.text() == "Up next"
    app.progress.now[1] = Progress(phase=JobPhase.EXTRACTING, done=1, total=4, unit="page")
    qtbot.waitUntil(lambda: window.detail._status.text() == "Reading", timeout=4_000)


def test_an_empty_knowledge_base_invites_to_add(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1))
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START))
    window = make_window()
    window.sidebar.pick_base("kb2")
    qtbot.waitUntil(lambda: window._pages.currentWidget() is window.nothing)
    assert window.nothing.text().startswith("Nothing is in this knowledge base yet.")
    window.sidebar.pick_status("waiting")
    qtbot.waitUntil(lambda: window.nothing.text() == "No jobs here. Other filters are on the left.")


def test_a_drop_in_which_something_failed_leads_there(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED), job(2, JobStatus.FAILED))
    window = make_window()
    report = DiscoveryReport(batch_id="b1", found=2, added=2, finished=True)
    window.hub.bridge.discovery_changed(report)
    qtbot.waitUntil(window.batch_strip.failed.isVisible, timeout=4_000)
    assert window.batch_strip.text.text() == "2 files added, 1 done, 1 failed"
    window.batch_strip.failed.click()
    qtbot.waitUntil(lambda: window.model.is_settled and window.model.rowCount() == 1)
    assert window.model.job_id(0) == 2


def test_a_drop_that_was_deleted_is_not_offered_again(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED), job(2, JobStatus.COMPLETED))
    window = make_window()
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=2, added=2, finished=True))
    qtbot.waitUntil(lambda: window.batch_strip.text.text() == "2 files added, all done", timeout=4_000)
    window.table.selectAll()
    qtbot.waitUntil(window.actions_["delete"].isEnabled)
    window.actions_["delete"].trigger()
    qtbot.waitUntil(window.undo_strip.isVisible)
    qtbot.waitUntil(window.batch_strip.isHidden, timeout=4_000)


def test_rows_of_a_drop_that_brought_nothing_new_can_be_taken_out(
    qtbot: QtBot, make_window: Make, app: FakeApp
) -> None:
    app.service.put(job(1, JobStatus.COMPLETED))
    window = make_window()
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=1, unchanged=1, finished=True))
    qtbot.waitUntil(lambda: window.batch_strip.text.text() == "Nothing new, 1 unchanged", timeout=4_000)
    assert window.batch_strip.undo.isVisible()


def test_a_drop_in_a_paused_program_offers_what_wakes_it(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1))
    app.service.paused = True
    window = make_window()
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=1, added=1, finished=True))
    qtbot.waitUntil(lambda: window.batch_strip.pause.text() == "Resume everything")
    window.batch_strip.pause.click()
    qtbot.waitUntil(lambda: not app.service.paused)
    qtbot.waitUntil(lambda: window.batch_strip.pause.text() == "Pause", timeout=4_000)


def test_a_paused_program_says_so_below_and_can_be_woken_there(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1))
    app.service.paused = True
    window = make_window()
    qtbot.waitUntil(window.status.resume.isVisible)
    assert "everything is paused" in window.status.text.text()
    window.status.resume.click()
    qtbot.waitUntil(lambda: not app.service.paused)
    qtbot.waitUntil(lambda: window.status.text.text() == "Everything goes on.")
    qtbot.waitUntil(window.status.resume.isHidden, timeout=4_000)


def test_a_failure_that_read_nothing_has_no_sums(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="unsupported_format", error_message="No."))
    app.service.receipts[1] = Receipt()
    window = make_window()
    window.table.selectRow(0)
    qtbot.waitUntil(lambda: window.detail.receipt.toPlainText().startswith("It failed before there was anything"))


def test_what_is_empty_says_why_at_once(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    why = "There is no text in it: a scan, perhaps."
    app.service.put(job(1, JobStatus.COMPLETED, outcome=Outcome.EMPTY, message=why, completed_at=START + timedelta(1)))
    window = make_window()
    window.table.selectRow(0)
    qtbot.waitUntil(lambda: window.detail._advice.isVisible() and window.detail._advice.text() == why)


@pytest.mark.parametrize(
    ("ended", "waiting", "least", "most"),
    [
        ([(1, 1)], 2_000, None, None),  # from one file that ended nobody can tell
        ([(1, 80)], 2_000, 190, 210),
        ([(5, 1), (15, 4), (50, 7)], 24, 110, 130),  # few end in the last seconds: a minute tells
        ([(1, 2)], 1, 0, 10),  # the last ones
        ([(200, 500)], 2_000, None, None),  # nothing has ended for long
        ([(1, 80)], 0, None, None),
    ],
)
def test_the_time_that_is_left_is_told_when_enough_ended(
    ended: list[tuple[int, int]], waiting: int, least: float | None, most: float | None
) -> None:
    now = time.time()
    metrics = FakeMetrics(series=[(now - age, files, 0) for age, files in ended])
    status = FakeStatus(Counts(by_status={("kb1", JobStatus.QUEUED): waiting}), False, 0, 2)
    left = Pulse(status=status, revision=1, touched=(), metrics=metrics, store_bytes=0).seconds_left
    if least is None or most is None:
        assert left is None
    else:
        assert left is not None and least <= left <= most


def test_a_long_line_of_the_status_bar_is_shortened_and_told_whole_in_its_tip(qtbot: QtBot, window: MainWindow) -> None:
    window.status.say("It cannot be opened. " * 40)
    qtbot.waitUntil(lambda: window.status.text.toolTip() != "")
    assert window.status.text.toolTip() == window.status.text.text() == "It cannot be opened. " * 40
    assert window.minimumSizeHint().width() <= window.width()
    window.status._timer.timeout.emit()
    assert window.status.text.toolTip() == "" and window.status.text.text() == window.status._line


def test_what_is_not_over_never_has_no_time_left() -> None:
    metrics = FakeMetrics(series=[(time.time() - 1, 4_000, 0)])
    status = FakeStatus(Counts(by_status={("kb1", JobStatus.QUEUED): 3}), False, 0, 2)
    pulse = Pulse(status=status, revision=1, touched=(), metrics=metrics, store_bytes=0)
    assert summary(pulse) == "0 of 3, about 1 s left"
