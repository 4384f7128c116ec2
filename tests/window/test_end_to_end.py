"""The window on the real engine: what is dropped becomes searchable, and is still there the next time."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.ui import theme
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.workers.qt_threads import QtHost

from .window_kit import drop, files

Open = Callable[[], MainWindow]
WAIT_MS = 30_000


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Open]:
    theme.apply(qapp, theme.LIGHT)
    settings = Settings(data_root=tmp_path / "store", workers=1, thread_join_timeout=5.0)
    windows: list[MainWindow] = []

    def build() -> App:
        return build_app(settings, actor=Actor.WINDOW, label="test", worker_host=QtHost)

    def make() -> MainWindow:
        hub = Hub(build)
        window = MainWindow(hub, settings)
        windows.append(window)
        window.show()
        with qtbot.waitSignal(hub.pulsed, timeout=WAIT_MS):
            hub.open()
        return window

    yield make
    for window in windows:
        close(qtbot, window)


def close(qtbot: QtBot, window: MainWindow) -> None:
    if not window.leaving.is_over:
        with qtbot.waitSignal(window.quitting, timeout=WAIT_MS):
            window.quit_now()


def documents(folder: Path) -> list[str]:
    folder.mkdir()
    (folder / "lease.md").write_text("# Contract\n\n## Deposit\n\nThe deposit is returned within thirty days.\n")
    (folder / "notes.txt").write_text("Buy apples.\nCall the landlord about the deposit.\n")
    (folder / "photo.gif").write_bytes(bytes(range(256)) * 10)
    return [str(path) for path in sorted(folder.iterdir())]


def count(window: MainWindow, status: JobStatus) -> int:
    return window.hub.pulse.status.counts.of(status) if window.hub.pulse else 0


def test_from_the_drop_to_the_hit_and_back_the_next_day(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    window = open_window()
    drop(window, files(*documents(tmp_path / "docs")))
    qtbot.waitUntil(lambda: window.model.rowCount() == 3, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: count(window, JobStatus.COMPLETED) == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: count(window, JobStatus.FAILED) == 1, timeout=WAIT_MS)
    qtbot.waitUntil(
        lambda: (
            {window.model.data(window.model.index(row, 1)) for row in range(3)}
            == {"Completed", "Failed: type not supported"}
        ),
        timeout=WAIT_MS,
    )
    QTest.keyClicks(window.top.field, "deposit")
    qtbot.waitUntil(lambda: window.search.model.rowCount() == 4, timeout=WAIT_MS)
    entries = [window.search.model.entry(row) for row in range(4)]
    assert {entry.title for entry in entries if entry and entry.is_heading} == {"lease.md", "notes.txt"}
    assert all(entry.marks for entry in entries if entry and not entry.is_heading)
    close(qtbot, window)

    again = open_window()
    qtbot.waitUntil(lambda: again.model.rowCount() == 3, timeout=WAIT_MS)
    again.table.selectRow(0)
    qtbot.waitUntil(lambda: "passage" in again.detail.receipt.toPlainText(), timeout=WAIT_MS)


def test_what_is_deleted_is_not_found_until_it_is_brought_back(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    window = open_window()
    drop(window, files(*documents(tmp_path / "docs")[:1]))
    qtbot.waitUntil(lambda: count(window, JobStatus.COMPLETED) == 1, timeout=WAIT_MS)
    window.table.selectRow(0)
    qtbot.waitUntil(window.actions_["delete"].isEnabled)
    window.actions_["delete"].trigger()
    qtbot.waitUntil(window.undo_strip.isVisible, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.model.rowCount() == 0, timeout=WAIT_MS)
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: window.model.rowCount() == 1, timeout=WAIT_MS)


def test_everything_paused_stays_paused(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    window = open_window()
    window.actions_["toggle_all"].trigger()
    qtbot.waitUntil(lambda: window.actions_["toggle_all"].text() == "Resume everything", timeout=WAIT_MS)
    drop(window, files(*documents(tmp_path / "docs")[:1]))
    qtbot.waitUntil(lambda: window.model.rowCount() == 1, timeout=WAIT_MS)
    close(qtbot, window)
    again = open_window()
    qtbot.waitUntil(lambda: again.actions_["toggle_all"].text() == "Resume everything", timeout=WAIT_MS)
    assert count(again, JobStatus.COMPLETED) == 0
    again.actions_["toggle_all"].trigger()
    qtbot.waitUntil(lambda: count(again, JobStatus.COMPLETED) == 1, timeout=WAIT_MS)


def test_another_process_is_seen_within_two_seconds(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    window = open_window()
    other = build_app(Settings(data_root=tmp_path / "store", workers=1), actor=Actor.COMMAND, label="other process")
    other.service.pause(JobSelector(everything=True))
    started = time.monotonic()
    other.service.submit(documents(tmp_path / "docs")[:2], origin="command")
    qtbot.waitUntil(lambda: window.model.rowCount() == 2, timeout=WAIT_MS)
    assert time.monotonic() - started < 3
    other.close()


def test_the_event_loop_goes_on_while_files_are_read(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        (folder / f"note {number}.txt").write_text(f"Note {number} about the harvest.\n" * 20)
    window = open_window()
    gaps: list[float] = []
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(5)
    drop(window, files(str(folder)))
    qtbot.waitUntil(lambda: count(window, JobStatus.COMPLETED) == 300, timeout=WAIT_MS)
    timer.stop()
    assert sorted(gaps)[int(len(gaps) * 0.95)] < 0.1
