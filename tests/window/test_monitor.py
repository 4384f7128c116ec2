"""The monitor: what its lines show, and clocks that jump."""

import time

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


def test_no_two_lines_of_a_plot_are_told_as_one_value(qtbot: QtBot) -> None:
    read, files = Plot("Read", "bytes"), Plot("Files done", "files/s")
    for plot in (read, files):
        qtbot.addWidget(plot)
    assert list(read._beside(1.0).values()) == ["0 B/s", "1 B/s"]
    assert list(read._beside(200.0).values()) == ["0 B/s", "100 B/s", "200 B/s"]
    assert list(files._beside(1.0).values()) == ["0 files/s", "0.5 files/s", "1.0 files/s"]
