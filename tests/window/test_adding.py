"""Files that come into the window: dropped, pasted, shown first when they are many, searched for beside others."""

import threading

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.errors import StoreFull
from ingest_desktop.domain.models import DiscoveryReport, KnowledgeBase
from ingest_desktop.ui.main_window import MainWindow

from .fake_service import START, job
from .fakes import FakeApp
from .window_kit import Make, drag, drop, files


def test_a_drop_becomes_jobs_in_the_list(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    assert window._pages.currentWidget() is window.empty
    mime = files("/docs/a.pdf", "/docs/b.md")
    drag(window, mime)
    assert window.overlay.isVisible()
    assert window.overlay.sentence == "Drop to add 2 items to Library"
    drop(window, mime)
    assert not window.overlay.isVisible()
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    qtbot.waitUntil(lambda: window.model.data(window.model.index(1, 0)) == "b.md")
    assert window._pages.currentWidget() is window.table
    qtbot.waitUntil(lambda: window.batch_strip.text.text() == "0 of 2 files done")


def test_text_is_no_file(window: MainWindow) -> None:
    mime = QMimeData()
    mime.setText("hello")
    drag(window, mime)
    assert not window.overlay.isVisible()


def test_a_drop_goes_to_the_picked_knowledge_base(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START))
    app.service.put(job(1))
    window = make_window()
    window.sidebar.pick_base("kb2")
    mime = files("/docs/a.pdf")
    drag(window, mime)
    assert window.overlay.sentence == "Drop to add 1 item to Taxes"
    drop(window, mime)
    qtbot.waitUntil(lambda: ("submit", (("/docs/a.pdf",), "kb2")) in app.service.calls)


def test_a_large_drop_is_shown_before_it_is_added(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.found_files, app.service.skipped = 3_120, {"hidden": 31}
    drop(window, files("/docs"))
    qtbot.waitUntil(lambda: window.intake.sheet is not None and window.intake.sheet.isVisible())
    sheet = window.intake.sheet
    assert sheet is not None
    assert "3" in sheet._title.text()
    assert not any(name == "submit" for name, _ in app.service.calls)
    sheet.accept()
    qtbot.waitUntil(lambda: any(name == "submit" for name, _ in app.service.calls))


def test_a_large_drop_can_be_left(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.found_files = 3_120
    drop(window, files("/docs"))
    qtbot.waitUntil(lambda: window.intake.sheet is not None and window.intake.sheet.isVisible())
    assert window.intake.sheet is not None
    window.intake.sheet.reject()
    qtbot.waitUntil(lambda: window.hub.adding.pending == 0)
    assert not any(name == "submit" for name, _ in app.service.calls)


def test_pasting_files_adds_them(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    QGuiApplication.clipboard().setMimeData(files("/docs/c.txt"))
    window.actions_["paste"].trigger()
    qtbot.waitUntil(lambda: ("submit", (("/docs/c.txt",), None)) in app.service.calls)


def test_a_refused_drop_says_why_and_what_to_do(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.error = StoreFull("The disk is full.")
    drop(window, files("/docs/a.pdf"))
    qtbot.waitUntil(window.trouble_strip.isVisible)
    assert (
        window.trouble_strip.text.text()
        == "The disk is full. Free some space on the disk: what waits goes on by itself."
    )


def test_the_strip_follows_the_search_for_files(qtbot: QtBot, window: MainWindow) -> None:
    strip = window.batch_strip
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=1204, skipped={"hidden": 31}))
    assert "31 skipped" in strip.text.text()
    assert strip.text.text().startswith("Looking…")
    assert strip.why.isVisibleTo(window)
    with qtbot.waitSignal(strip.why_wanted) as why:
        strip.why.click()
    assert why.args == [{"hidden": 31}]


def test_a_slow_folder_holds_up_no_other_drop(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    slow = threading.Event()
    app.service.hold["/net/slow"] = slow
    window.intake.submit(["/net/slow"], None)
    window.intake.submit(["/docs/quick.pdf"], None)
    qtbot.waitUntil(lambda: ("submitted", ("/docs/quick.pdf",)) in app.service.calls)
    assert ("submitted", ("/net/slow",)) not in app.service.calls
    slow.set()
    qtbot.waitUntil(lambda: ("submitted", ("/net/slow",)) in app.service.calls)
    qtbot.waitUntil(lambda: not window.intake.is_adding)


def test_cancelling_a_drop_stops_its_search_alone(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.hold["/net/one"], app.service.hold["/net/two"] = threading.Event(), threading.Event()
    window.intake.submit(["/net/one"], None)
    window.intake.submit(["/net/two"], None)
    qtbot.waitUntil(lambda: {"/net/one", "/net/two"} <= set(app.service.searching))
    window.batch_strip.cancel_wanted.emit(app.service.searching["/net/one"])
    qtbot.waitUntil(lambda: ("submitted", ("/net/one",)) in app.service.calls)
    assert ("submitted", ("/net/two",)) not in app.service.calls
    app.service.hold["/net/two"].set()
    qtbot.waitUntil(lambda: not window.intake.is_adding)
