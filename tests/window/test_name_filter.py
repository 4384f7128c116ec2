"""The list narrowed by the names of files."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.ui.main_window import MainWindow

from .fake_service import job
from .fakes import FakeApp
from .window_kit import Make, drop, files


def named(window: MainWindow) -> list[object]:
    return [window.model.data(window.model.index(row, 0)) for row in range(window.model.rowCount())]


def test_the_list_is_filtered_by_name_together_with_a_status(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(
        job(1, original_filename="Lease 2024.pdf"),
        job(2, JobStatus.FAILED, original_filename="lease old.pdf"),
        job(3, original_filename="harvest.md"),
    )
    window = make_window()
    window.activateWindow()
    window.actions_["filter_name"].trigger()
    QTest.keyClicks(window.names.field, "LEASE")
    qtbot.waitUntil(lambda: named(window) == ["Lease 2024.pdf", "lease old.pdf"])
    qtbot.waitUntil(lambda: window.names.count.text() == "2 jobs")
    assert window.search.query == ""
    window.sidebar.pick_status("attention")
    qtbot.waitUntil(lambda: named(window) == ["lease old.pdf"])
    assert window.names.count.text() == "1 job"
    QTest.keyClicks(window.names.field, "x")
    qtbot.waitUntil(lambda: window._pages.currentWidget() is window.nothing)
    assert "LEASEx" in window.nothing.text()
    assert window.names.isVisible()
    QTest.keyClick(window.names.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: named(window) == ["lease old.pdf"])
    assert window.names.count.text() == ""
    QTest.keyClick(window.names.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.table.hasFocus() or not window.names.field.hasFocus())


def test_a_word_typed_into_the_name_filter_is_one_question(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, original_filename="lease.pdf"))
    window = make_window()
    asked: list[str] = []
    window.names.changed.connect(asked.append)
    QTest.keyClicks(window.names.field, "lease")
    qtbot.waitUntil(lambda: asked == ["lease"])


def test_a_drop_shows_what_it_adds_whatever_was_filtered(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED, original_filename="old.pdf"))
    window = make_window()
    window.sidebar.pick_status("completed")
    window.names.field.setText("old")
    qtbot.waitUntil(lambda: window.names.count.text() == "1 job")
    drop(window, files("/docs/new.pdf"))
    qtbot.waitUntil(lambda: named(window) == ["old.pdf", "new.pdf"])
    assert window.sidebar.status_filter.key == "all"
