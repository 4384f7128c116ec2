from collections.abc import Callable

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobPhase, JobStatus
from ingest_desktop.domain.models import DiscoveryReport, JobSelector, Progress
from ingest_desktop.ui.job_rows import Column
from ingest_desktop.ui.main_window import MainWindow

from .fake_service import job
from .fakes import FakeApp

Make = Callable[[], MainWindow]


def said(window: MainWindow, row: int) -> str:
    return str(window.model.data(window.model.index(row, Column.STATUS)))


def test_rows_tell_their_place_in_the_queue(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(number) for number in range(1, 41)))
    window = make_window()
    qtbot.waitUntil(lambda: said(window, 0) == "Waiting: next in line")
    assert said(window, 2) == "Waiting: 3rd in line"
    qtbot.waitUntil(lambda: said(window, 30) == "Waiting")  # too far behind to be counted at every look
    app.service.put(job(1, JobStatus.COMPLETED))
    qtbot.waitUntil(lambda: said(window, 2) == "Waiting: 2nd in line", timeout=4_000)


def test_rows_tell_what_holds_all_of_them_up(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(number) for number in range(1, 41)))
    window = make_window()
    qtbot.waitUntil(lambda: said(window, 0) == "Waiting: next in line")
    bridge = window.hub.bridge
    bridge.trouble("store_full", "The disk is nearly full.", "Free some space.")
    qtbot.waitUntil(lambda: said(window, 30) == "Waiting: disk is low")
    qtbot.waitUntil(lambda: window.status.text.text().startswith("0 of 40, held up: disk is low"))
    window.resize(760, 600)
    qtbot.waitUntil(lambda: window.width() == 760)
    long = "The disk of the data folder is nearly full: 1,200 MB more are needed to go on."
    bridge.trouble("store_full", long, "Free some space; work goes on by itself.")
    strip = window.trouble_strip.text
    qtbot.waitUntil(lambda: strip.text().startswith(long) and strip.height() >= strip.heightForWidth(strip.width()))
    assert strip.height() > 1.5 * strip.fontMetrics().height()  # two lines, and nothing cut off
    bridge.trouble("", "", "")
    qtbot.waitUntil(lambda: said(window, 30) == "Waiting")
    app.service.paused = True
    bridge.store_changed()
    qtbot.waitUntil(lambda: said(window, 30) == "Waiting: everything is paused")
    app.service.paused = False
    app.service.bases = [base.model_copy(update={"paused": True}) for base in app.service.bases]
    bridge.store_changed()
    qtbot.waitUntil(lambda: said(window, 30) == "Waiting: knowledge base is paused")
    window.table.selectRow(3)
    qtbot.waitUntil(lambda: window.detail._status.text() == "Waiting: knowledge base is paused")
    (_, base) = window.sidebar.bases.rows()
    assert (base.text(0), base.toolTip(0)) == ("Library", "Library (paused)")
    accessible = base.data(0, Qt.ItemDataRole.AccessibleTextRole)
    assert accessible == "Library (paused), 40"


def test_resuming_a_drop_wakes_the_knowledge_base_that_holds_it(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.PAUSED))
    window = make_window()
    strip = window.batch_strip
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=1, added=1, finished=True))
    qtbot.waitUntil(lambda: strip.pause.text() == "Resume" and strip.kb_id == "kb1")
    strip.pause.click()
    qtbot.waitUntil(lambda: ("resume", JobSelector(batch_id="b1")) in app.service.calls)
    app.service.put(job(1, JobStatus.PAUSED))
    app.service.bases = [base.model_copy(update={"paused": True}) for base in app.service.bases]
    window.hub.bridge.store_changed()
    qtbot.waitUntil(lambda: window.hub.bases[0].paused and strip.pause.text() == "Resume", timeout=4_000)
    strip.pause.click()
    qtbot.waitUntil(lambda: ("resume", JobSelector(kb_id="kb1")) in app.service.calls)


def test_what_was_only_taken_does_not_look_like_work(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(
        job(1, JobStatus.RUNNING, phase=JobPhase.HASHING), job(2, JobStatus.RUNNING, phase=JobPhase.HASHING)
    )
    app.progress.now = {1: Progress(phase=JobPhase.EXTRACTING, done=1, total=4, unit="page")}
    window = make_window()
    qtbot.waitUntil(lambda: said(window, 0) == "Reading")
    assert said(window, 1) == "Up next"
    tip = window.sidebar.statuses.rows()[1].toolTip(0)
    assert tip == "1 job is being read. 1 job is up next."


def test_the_size_of_the_store_is_told_anew_when_a_batch_ends(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED))
    app.bytes_stored = 4_000
    window = make_window()
    qtbot.waitUntil(lambda: "store 4 kB" in window.status.text.text())
    app.bytes_stored = 312_000_000
    window.hub.bridge.batch_finished("b1")
    qtbot.waitUntil(lambda: "store 312 MB" in window.status.text.text(), timeout=2_000)
