"""The monitor: what its lines show, and clocks that jump."""

import time

from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.causes import Cause
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Counts
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.monitor_view import MonitorView, Plot

from .fake_service import FakeStatus, job
from .fakes import FakeApp, FakeMetrics

HOUR = 3_600


def pulse(waiting: int, at: float) -> Pulse:
    """A look at the engine whose newest second is ``at``."""
    status = FakeStatus(Counts(by_status={("kb1", JobStatus.QUEUED): waiting}), False, 0, 2)
    metrics = FakeMetrics(series=[(at, 0, 0)])
    return Pulse(status=status, revision=1, touched=(), metrics=metrics, store_bytes=0)


def test_a_clock_that_goes_back_leaves_no_line_from_the_future(qtbot: QtBot, opened: Hub) -> None:
    monitor = MonitorView(opened)
    qtbot.addWidget(monitor)
    monitor.show()
    ahead = time.time() + HOUR
    monitor.show_pulse(pulse(7, ahead))
    assert monitor.depth_plot._values[-1] == 7
    monitor.show_pulse(pulse(3, time.time()))
    assert [value for value in monitor.depth_plot._values if value is not None] == [3]


def test_sums_follow_in_the_rows_that_are_there(qtbot: QtBot, opened: Hub) -> None:
    monitor = MonitorView(opened)
    qtbot.addWidget(monitor)
    monitor.show()

    def tell(chunks: int, phases: dict[str, float]) -> dict[str, QLabel]:
        look = pulse(1, time.time())
        metrics = FakeMetrics(series=[], chunks=chunks, phase_seconds=phases)
        monitor.show_pulse(Pulse(status=look.status, revision=1, touched=(), metrics=metrics, store_bytes=0))
        return dict(monitor.figures)

    first = tell(5, {"extracting": 3.0, "indexing": 1.0})
    assert [label.text() for label in first.values()] == ["5", "0", "3 s", "1 s"]
    later = tell(1_234, {"extracting": 4.0, "indexing": 1.0})
    assert [label.text() for label in later.values()] == ["1,234", "0", "4 s", "1 s"]
    assert all(later[name] is label for name, label in first.items())
    assert list(tell(1_234, {"extracting": 4.0, "indexing": 9.0})) == [*list(first)[:2], *reversed(list(first)[2:])]


def test_no_two_lines_of_a_plot_are_told_as_one_value(qtbot: QtBot) -> None:
    read, files = Plot("Read", "bytes"), Plot("Files done", "files/s")
    for plot in (read, files):
        qtbot.addWidget(plot)
    assert list(read._beside(1.0).values()) == ["0 B/s", "1 B/s"]
    assert list(read._beside(200.0).values()) == ["0 B/s", "100 B/s", "200 B/s"]
    assert list(files._beside(1.0).values()) == ["0 files/s", "0.5 files/s", "1.0 files/s"]


def test_each_cause_has_the_button_that_helps_against_it(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    codes = ("source_encrypted", "source_too_large", "source_malformed", "source_gone")
    app.service.put(*(job(n, JobStatus.FAILED, error_code=code) for n, code in enumerate(codes, 1)), tell=True)
    window.triggers.show_monitor()
    monitor = window.triggers.monitor
    assert monitor is not None
    qtbot.waitUntil(lambda: len(monitor._failure_box.findChildren(QPushButton)) == 4)
    buttons = {button.text(): button for button in monitor._failure_box.findChildren(QPushButton)}
    assert set(buttons) == {"Give passwords for 1…", "Raise limits for 1…", "Show 1", "Retry 1"}
    buttons["Give passwords for 1…"].click()
    assert window.passwords.dialog is not None
    window.passwords.dialog.reject()
    buttons["Show 1"].click()
    assert window.narrowing.cause is Cause.DAMAGED and window.sidebar.status_filter.attention
    buttons["Retry 1"].click()
    qtbot.waitUntil(lambda: ("retry_failures", "source_gone") in app.service.calls)
    assert not [call for call in app.service.calls if call[0] == "retry_failures" and call[1] != "source_gone"]
    with qtbot.waitSignal(window.commands.said, timeout=5_000):  # nothing was stopped by a setting here
        buttons["Raise limits for 1…"].click()


def test_many_causes_scroll_instead_of_making_the_window_taller(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.put(*(job(n, JobStatus.FAILED, error_code=f"cause_{n}") for n in range(1, 31)), tell=True)
    window.triggers.show_monitor()
    monitor = window.triggers.monitor
    assert monitor is not None
    qtbot.waitUntil(lambda: monitor._failures.rowCount() == 30)
    qtbot.waitUntil(lambda: monitor._scroll.verticalScrollBar().maximum() > 0)
    assert monitor.height() <= 700
    (first, *_) = monitor._failure_box.findChildren(QPushButton)
    assert first.mapTo(monitor._scroll, first.rect().bottomRight()).x() < monitor._scroll.viewport().width()
