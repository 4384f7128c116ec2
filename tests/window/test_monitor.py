"""The monitor: what its lines show, and clocks that jump."""

import time

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Counts
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.monitor_view import MonitorView, Plot

from .fake_service import FakeStatus
from .fakes import FakeMetrics

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
