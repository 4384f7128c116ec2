"""Measures the real window from inside: window_probe.py MODE STORE RESULT STARTED_NS [PATH…]. Started by ``windows.py``.

Modes: ``open`` (until rows are painted, then quit), ``gaps`` (ingest the paths while a script works the widgets), ``pages``
(change pages of a long list), ``bare`` (an event loop without a window). STARTED_NS is the monotonic clock when the process
was started. Writes one JSON object to RESULT.
"""

import contextlib
import json
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest_desktop.__main__ import _engine_of, spare_the_start

if __name__ == "__main__":
    spare_the_start()

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView, QWidget

from ingest_desktop.config.settings import load_settings
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.ui import door, theme
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.single_instance import FirstInstance

TICK_MS = 10
STEP_MS = 60
REST_MS = 25  # between two page changes
PAGES = 200
LIMIT_MS = 600_000
QUERIES = ("kernel memory", '"return value"', "postgres*", "how do I open a file", "error -warning", "import")
Step = tuple[str, Callable[[], object]]


class Result:
    """What is found, and how it gets out."""

    def __init__(self, path: Path, started_ns: int) -> None:
        self._path, self._started_ns = path, started_ns
        self.found: dict[str, Any] = {}

    def since_start_ms(self) -> float:
        return (time.monotonic_ns() - self._started_ns) / 1e6

    def note(self, name: str) -> None:
        """Keep the time since the start of the process, once."""
        self.found.setdefault(name, round(self.since_start_ms(), 1))

    def write(self) -> None:
        self._path.write_text(json.dumps(self.found), "utf-8")


class PaintWatch(QObject):
    """Calls back when a widget has been painted: after the event in which it was."""

    def __init__(self, widget: QWidget, painted: Callable[[], None]) -> None:
        super().__init__(widget)
        self._widget, self._painted, self._asked = widget, painted, False
        widget.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._asked:
            self._asked = True
            QTimer.singleShot(0, self._tell)
        return False

    def _tell(self) -> None:
        self._asked = False
        self._painted()

    def end(self) -> None:
        self._widget.removeEventFilter(self)


def content_is_shown(window: MainWindow) -> bool:
    """Whether every row on the screen shows its job, not a placeholder."""
    table, model = window.table, window.model
    rows = model.rowCount()
    if not rows or not table.isVisible():
        return False
    first, last = table.rowAt(0), table.rowAt(table.viewport().height() - 1)
    return all(model.row(number) is not None for number in range(first, (last if last >= 0 else rows - 1) + 1))


class Opening:
    """Notes when the window, the first rows and all rows are there."""

    def __init__(self, window: MainWindow, hub: Hub, result: Result, done: Callable[[], None]) -> None:
        self._window, self._hub, self._result, self._done = window, hub, result, done
        self._watches = [PaintWatch(window, self._on_window), PaintWatch(window.table.viewport(), self._on_rows)]
        hub.pulsed.connect(self._look)
        window.model.loaded.connect(self._look)
        self._ended = False

    def _on_window(self) -> None:
        self._result.note("painted_ms")
        self._look()

    def _on_rows(self) -> None:
        if content_is_shown(self._window):
            self._result.note("rows_ms")
        self._look()

    def _look(self, *_: object) -> None:
        pulse, found = self._hub.pulse, self._result.found
        if self._ended or pulse is None or "painted_ms" not in found:
            return
        jobs = pulse.status.counts.total()
        if jobs and self._window.model.rowCount() == jobs and self._window.model.is_settled:
            self._result.note("all_rows_ms")
        if not jobs or ("all_rows_ms" in found and "rows_ms" in found):
            self._ended = True
            for watch in self._watches:
                watch.end()
            self._done()


class Script:
    """Works the window as a hurried person does: wheel, keys, filters, headers, typing."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.count = 0
        self.last = "nothing yet"
        self.last_at = 0.0
        self.slowest: list[tuple[float, str]] = []
        self._steps = self._endless()

    def step(self) -> None:
        """Do the next thing."""
        name, act = next(self._steps)
        began = time.perf_counter()
        act()
        took = (time.perf_counter() - began) * 1000
        self.count, self.last, self.last_at = self.count + 1, name, began
        self.slowest = sorted([*self.slowest, (took, name)], reverse=True)[:5]

    def _endless(self) -> Iterator[Step]:
        round_ = 0
        while True:
            yield from self._scrolling(self._window.table)
            yield from self._filtering()
            yield from self._sorting(round_)
            yield from self._searching(QUERIES[round_ % len(QUERIES)])
            round_ += 1

    def _scrolling(self, table: QTableView) -> Iterator[Step]:
        for _ in range(12):
            yield "wheel down", lambda: wheel(table.viewport(), -240)
        for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_Home):
            yield key.name, lambda k=key: QTest.keyClick(table, k)

    def _filtering(self) -> Iterator[Step]:
        statuses = self._window.sidebar.statuses
        for row in (1, 2, 5, 4, 0):
            item = statuses.topLevelItem(row)
            name = f"filter {item.text(0)}" if item else "filter"
            yield (
                name,
                lambda i=item: QTest.mouseClick(
                    statuses.viewport(), Qt.MouseButton.LeftButton, pos=statuses.visualItemRect(i).center()
                ),
            )
            for _ in range(4):
                yield f"wheel in {name}", lambda: wheel(self._window.table.viewport(), -360)

    def _sorting(self, round_: int) -> Iterator[Step]:
        header = self._window.table.horizontalHeader()
        for column in ((4, 0, 1)[round_ % 3],) * 2:
            at = QPoint(header.sectionViewportPosition(column) + 12, header.height() // 2)
            yield (
                f"sort by column {column}",
                lambda p=at: QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=p),
            )
            for _ in range(3):
                yield "wheel when sorted", lambda: wheel(self._window.table.viewport(), -480)

    def _searching(self, query: str) -> Iterator[Step]:
        field, results = self._window.top.field, self._window.search.results
        for letter in query:
            yield "type a letter", lambda text=letter: QTest.keyClicks(field, text)
        for _ in range(8):
            yield "look at the results", lambda: wheel(results.viewport(), -120)
        yield "Enter", lambda: QTest.keyClick(field, Qt.Key.Key_Return)
        for _ in range(6):
            yield "wheel in the results", lambda: wheel(results.viewport(), -240)
        yield "end the search", lambda: QTest.keyClick(field, Qt.Key.Key_Escape)


def wheel(widget: QWidget, angle: int) -> None:
    """Turn the wheel over a widget; down when the angle is negative."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


class Ticks:
    """A timer of 10 ms; the time between its ticks is what the event loop is judged by."""

    def __init__(self, parent: QObject, of: Script | None = None) -> None:
        self.gaps_ms: list[float] = []
        self.longest: list[tuple[float, str]] = []
        self._script, self._last, self._cpu_began = of, 0.0, 0.0
        self._timer = QTimer(parent)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._last, self._cpu_began = time.perf_counter(), time.thread_time()
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        self._timer.stop()

    @property
    def cpu_seconds(self) -> float:
        """Processor time of this thread since the start: what a busy machine changes least."""
        return time.thread_time() - self._cpu_began

    def _tick(self) -> None:
        now = time.perf_counter()
        gap, self._last = (now - self._last) * 1000, now
        self.gaps_ms.append(round(gap, 2))
        if self._script is not None and gap > 3 * TICK_MS:
            since = (now - self._script.last_at) * 1000
            self.longest = sorted(
                [*self.longest, (gap, f"{gap:.0f} ms, {since:.0f} ms after: {self._script.last}")], reverse=True
            )[:12]


class Busy:
    """Ingests the paths while the script works the window; quits when all jobs have ended."""

    def __init__(self, window: MainWindow, hub: Hub, result: Result, paths: list[str]) -> None:
        self._window, self._hub, self._result, self._paths = window, hub, result, paths
        self._script = Script(window)
        self._ticks = Ticks(window, self._script)
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._script.step)
        self._watch = PaintWatch(window, self._begin)
        self._submitted = False
        self._began = 0.0
        window.intake.ended.connect(self._on_submitted)
        hub.pulsed.connect(self._on_pulse)
        window.add_paths(paths)

    def _begin(self) -> None:
        if self._began:
            return
        self._watch.end()
        self._began = time.perf_counter()
        self._window.activateWindow()
        self._ticks.start()
        self._timer.start(STEP_MS)

    def _on_submitted(self, _: object) -> None:
        self._submitted = True

    def _on_pulse(self, pulse: Pulse) -> None:
        counts = pulse.status.counts
        if not self._submitted or not counts.total() or counts.of(JobStatus.QUEUED) or counts.of(JobStatus.RUNNING):
            return
        self._submitted = False
        self._ticks.stop()
        self._timer.stop()
        self._result.found.update(
            gaps_ms=self._ticks.gaps_ms,
            ui_cpu_seconds=round(self._ticks.cpu_seconds, 3),
            longest=[text for _, text in self._ticks.longest],
            steps=self._script.count,
            slowest_steps=[(name, round(took, 1)) for took, name in self._script.slowest],
            completed=counts.of(JobStatus.COMPLETED),
            seconds=round(time.perf_counter() - self._began, 2),
        )
        self._window.quit_now()


class Pager:
    """Changes the page again and again and times each change."""

    def __init__(self, window: MainWindow, result: Result) -> None:
        self._window, self._result = window, result
        self._draw = random.Random(7)
        self._plan = ["down"] * PAGES + ["jump"] * PAGES
        self._kind, self._began, self._framed = "", 0.0, True
        for kind in ("down", "jump"):
            for what in ("frame", "content"):
                result.found[f"{kind}_{what}_ms"] = []
        self._watch = PaintWatch(window.table.viewport(), self._on_painted)
        window.table.setFocus()
        self._next()

    def _next(self) -> None:
        if not self._plan:
            self._watch.end()
            self._window.quit_now()
            return
        self._kind, self._framed = self._plan.pop(0), False
        self._began = time.perf_counter()
        if self._kind == "down":
            QTest.keyClick(self._window.table, Qt.Key.Key_PageDown)
        else:
            bar = self._window.table.verticalScrollBar()
            bar.setValue(self._draw.randrange(bar.maximum()))

    def _on_painted(self) -> None:
        if not self._kind:
            return
        took = round((time.perf_counter() - self._began) * 1000, 2)
        if not self._framed:
            self._framed = True
            self._result.found[f"{self._kind}_frame_ms"].append(took)
        if content_is_shown(self._window):
            self._result.found[f"{self._kind}_content_ms"].append(took)
            self._kind = ""
            QTimer.singleShot(REST_MS, self._next)


def bare(store: Path, result: Result) -> int:
    """An event loop with nothing to do, until the jobs of the store have ended in another process."""
    app = QCoreApplication([])
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(store / "ledger.db", ended), daemon=True).start()
    ticks = Ticks(app)
    look = QTimer(app)
    look.timeout.connect(lambda: app.quit() if ended.is_set() else None)
    look.start(100)
    ticks.start()
    app.exec()
    result.found["gaps_ms"] = ticks.gaps_ms
    return 0


def _await_end(ledger: Path, ended: threading.Event) -> None:
    sql = (
        "SELECT (SELECT count(*) FROM ingest_jobs) > 0 AND NOT EXISTS (SELECT 1 FROM ingest_batches WHERE discovering = 1) "
        "AND NOT EXISTS (SELECT 1 FROM ingest_jobs WHERE status IN ('queued', 'running'))"
    )
    while not ended.wait(0.5):
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as open_,
        ):
            if open_.execute(sql).fetchone()[0]:
                ended.set()


def windowed(mode: str, store: Path, result: Result, paths: list[str]) -> int:
    """Open the window as ``ui.door`` does, and do what the mode says."""
    sys.setswitchinterval(door.SWITCH_SECONDS)
    app = door.make_application()
    settings = load_settings(store)
    settings.data_root.mkdir(parents=True, exist_ok=True)
    first = FirstInstance(settings.data_root)
    first.claim()
    theme.apply(app, theme.wanted(settings.theme))
    window = door.open_window(settings, lambda: _engine_of(settings))
    hub = window.hub
    window.quitting.connect(app.quit)
    hub.broken.connect(lambda error: (print(error, file=sys.stderr), app.exit(1)))
    keep: list[object] = []
    if mode == "gaps":
        keep.append(Busy(window, hub, result, paths))
    else:
        done = window.quit_now if mode == "open" else lambda: keep.append(Pager(window, result))
        keep.append(Opening(window, hub, result, done))
    QTimer.singleShot(LIMIT_MS, lambda: app.exit(3))
    code = int(app.exec())
    first.release()
    return code


def main() -> int:
    mode, store, target, started = sys.argv[1:5]
    result = Result(Path(target), int(started))
    code = bare(Path(store), result) if mode == "bare" else windowed(mode, Path(store), result, sys.argv[5:])
    if code == 0:
        result.write()
    return code


if __name__ == "__main__":
    sys.exit(main())
