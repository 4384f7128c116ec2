"""The monitor: throughput over time, queue depth, failures by cause. Painted, no chart library."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.domain.causes import Cause, cause_of
from ingest_desktop.domain.enums import JobPhase, JobStatus
from ingest_desktop.ui import formats, theme, words
from ingest_desktop.ui.hub import Hub, Pulse

SPAN = 300  # seconds shown
SMOOTH = 5  # seconds averaged for a point
GRID = 4
GUTTER = 88
LEAST_FAILURES = 156  # pixels: four causes and a bit of the fifth, which tells that there are more


def nice_top(value: float) -> float:
    """The next round number at or above a value: 1, 2, 5, 10, 20, 50 …"""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if value <= factor * step:
                return factor * step
        step *= 10


def rates(series: Sequence[tuple[float, float]], now: float) -> list[float]:
    """Values per second, averaged over a few seconds, oldest first; ``series`` holds (epoch seconds, amount)."""
    buckets = [0.0] * (SPAN // SMOOTH)
    for at, amount in series:
        age = now - at - 1  # the second that is not over yet would look like a fall
        if 0 <= age < SPAN:
            buckets[len(buckets) - 1 - int(age // SMOOTH)] += amount / SMOOTH
    return buckets


class Plot(QWidget):
    """A line over the last five minutes."""

    def __init__(self, title: str, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._unit = title, unit
        self._values: list[float | None] = []
        self.setMinimumHeight(132)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(520, 148)

    def show_values(self, values: Sequence[float | None]) -> None:
        """Show other values, oldest first; None where nothing is known yet."""
        self._values = list(values)
        if values and values[-1] is not None:
            self.setAccessibleDescription(self._label(values[-1]))
        self.update()

    def _label(self, value: float) -> str:
        if self._unit == "bytes":
            return formats.rate(value, "byte") or f"{formats.size(0)}/s"
        return f"{formats.decimal(value, 1 if 0 < value < 10 else 0)} {self._unit}".strip()

    def _beside(self, top: float) -> dict[int, str]:
        """What stands beside which line of the grid. The middle of 1 B/s would be told as 0, as the line below it is."""
        said = {line: self._label(top * line / GRID) for line in (0, GRID // 2, GRID)}
        if said[GRID // 2] in (said[0], said[GRID]):
            del said[GRID // 2]
        return said

    def paintEvent(self, _: QPaintEvent) -> None:
        """Title, grid with round numbers, and the line."""
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        height = metrics.height()
        top = nice_top(max([*(value for value in self._values if value is not None), 1.0]))
        gutter = max(GUTTER, metrics.horizontalAdvance(self._label(top)) + 12)
        area = QRectF(gutter, height + 10, self.width() - gutter - 8, self.height() - 2 * height - 18)
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(0, 0, self.width(), height), int(Qt.AlignmentFlag.AlignLeft), self._title)
        if self._values and self._values[-1] is not None:
            painter.setPen(QColor(tokens.accent))
            painter.drawText(
                QRectF(0, 0, self.width() - 8, height), int(Qt.AlignmentFlag.AlignRight), self._label(self._values[-1])
            )
        beside = self._beside(top)
        for line in range(GRID + 1):
            y = area.bottom() - area.height() * line / GRID
            painter.setPen(QPen(QColor(tokens.border), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if line in beside:
                painter.setPen(QColor(tokens.muted))
                painter.drawText(
                    QRectF(0, y - height / 2, gutter - 6, height),
                    int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                    beside[line],
                )
        painter.setPen(QColor(tokens.muted))
        below = QRectF(area.left(), area.bottom() + 4, area.width(), height)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), self.tr("5 min ago"))
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), self.tr("now"))
        self._line(painter, area, top, tokens)

    def _line(self, painter: QPainter, area: QRectF, top: float, tokens: theme.Tokens) -> None:
        if len(self._values) < 2:
            return
        step = area.width() / (len(self._values) - 1)
        points = [
            QPointF(area.left() + n * step, area.bottom() - area.height() * value / top)
            for n, value in enumerate(self._values)
            if value is not None
        ]
        if not points:
            return
        line = QPainterPath(points[0])
        for point in points[1:]:
            line.lineTo(point)
        fill = QPainterPath(line)
        fill.lineTo(area.bottomRight())
        fill.lineTo(QPointF(points[0].x(), area.bottom()))
        ground = QColor(tokens.accent)
        ground.setAlpha(36)
        painter.fillPath(fill, ground)
        painter.setPen(QPen(QColor(tokens.accent), 2))
        painter.drawPath(line)


class MonitorView(QDialog):
    """A window of its own that stays open beside the list.

    Signals:
        retry_wanted: Try again what failed for a cause. arg: error code.
        mend_wanted: Ask for what mends a cause: passwords, or higher limits. arg: Cause.
        files_wanted: Show what failed for a cause; as it is, to read it again helps nobody. arg: Cause.
    """

    retry_wanted = Signal(str)
    mend_wanted = Signal(object)
    files_wanted = Signal(object)

    def __init__(self, hub: Hub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Monitor"))
        self._depths: list[tuple[float, float]] = []
        self.files = Plot(self.tr("Files done"), self.tr("files/s"))
        self.bytes = Plot(self.tr("Read"), "bytes")
        self.depth_plot = Plot(self.tr("Waiting and running jobs"), "")
        self.figures: dict[str, QLabel] = {}  # by what they count
        self._facts = QFormLayout()
        self._facts.setHorizontalSpacing(16)
        self._failures = QFormLayout()
        self._failures.setHorizontalSpacing(16)
        facts = QGroupBox(self.tr("Sums since the start"))
        facts.setLayout(self._facts)
        self._failure_box = QGroupBox(self.tr("Failures by cause"))
        self._scroll = QScrollArea()  # there may be more causes than a screen has room for
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setMinimumHeight(LEAST_FAILURES)
        self._listed = QWidget()
        self._failures.setContentsMargins(0, 0, 0, 0)
        self._listed.setLayout(self._failures)
        self._scroll.setWidget(self._listed)
        for ground in (self._listed, self._scroll.viewport()):
            ground.setAutoFillBackground(False)  # that of the box shines through
        QVBoxLayout(self._failure_box).addWidget(self._scroll)
        boxes = QHBoxLayout()
        boxes.addWidget(facts, 1)
        boxes.addWidget(self._failure_box, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.setContentsMargins(16, 16, 16, 16)
        for plot in (self.files, self.bytes, self.depth_plot):
            layout.addWidget(plot, 1)
        layout.addLayout(boxes)
        self._shown_failures: dict[str, int] | None = None
        self.resize(640, 640)
        hub.pulsed.connect(self.show_pulse)
        if hub.pulse is not None:
            self.show_pulse(hub.pulse)

    @Slot(object)
    def show_pulse(self, pulse: Pulse) -> None:
        """Follow the engine; the depth of the queue is kept here, as it is seen."""
        series = pulse.metrics.series
        counts = pulse.status.counts
        depth = counts.of(JobStatus.QUEUED) + counts.of(JobStatus.RUNNING)
        now = self._now(series)
        kept = [(at, value) for at, value in self._depths if 0 <= now - at < SPAN]  # none from before a clock went back
        self._depths = [*kept, (now, float(depth))]
        if self.isHidden() and self._shown_failures is not None:
            return
        self.files.show_values(rates([(at, files) for at, files, _ in series], now))
        self.bytes.show_values(rates([(at, size) for at, _, size in series], now))
        self.depth_plot.show_values(self._filled(now))
        self._show_facts(pulse)
        if dict(counts.failures) != self._shown_failures:
            self._shown_failures = dict(counts.failures)
            self._show_failures(self._shown_failures)

    @staticmethod
    def _now(series: Sequence[tuple[float, int, int]]) -> float:
        return max(time.time(), series[-1][0] if series else 0.0)

    def _filled(self, now: float) -> list[float | None]:
        """The depth at each step; where nobody looked, the value before; None before the first look."""
        buckets: list[float | None] = [None] * (SPAN // SMOOTH)
        for at, value in self._depths:
            buckets[len(buckets) - 1 - min(len(buckets) - 1, int((now - at) // SMOOTH))] = value
        last: float | None = None
        filled: list[float | None] = []
        for seen in buckets:
            last = seen if seen is not None else last
            filled.append(last)
        return filled

    def _show_facts(self, pulse: Pulse) -> None:
        """Rows are made anew only when others are to be shown: it lays out the window each time."""
        told = {
            self.tr("Passages stored"): formats.number(pulse.metrics.chunks),
            self.tr("Results waiting to be stored"): formats.number(pulse.metrics.queue_depth),
        }
        for phase, seconds in sorted(pulse.metrics.phase_seconds.items(), key=lambda item: -item[1]):
            name = words.phase_name(JobPhase(phase)) if phase in set(JobPhase) else phase
            told[name] = formats.duration(seconds)
        if list(told) != list(self.figures):
            while self._facts.rowCount():
                self._facts.removeRow(0)
            self.figures = {name: QLabel() for name in told}
            for name, label in self.figures.items():
                label.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._facts.addRow(name, label)
        for name, text in told.items():
            self.figures[name].setText(text)

    def _show_failures(self, failures: dict[str, int]) -> None:
        while self._failures.rowCount():
            self._failures.removeRow(0)
        if not failures:
            self._failures.addRow(QLabel(self.tr("Nothing failed.")))
        for code, count in sorted(failures.items(), key=lambda item: -item[1]):
            button = self._button(code, formats.number(count))
            button.setAutoDefault(False)
            button.setToolTip(words.next_step(code))
            button.setAccessibleName(f"{words.reason(code).capitalize()}: {button.text()}")
            self._failures.addRow(words.reason(code).capitalize(), button)
        bar_width = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self._listed.minimumSizeHint().width() + bar_width)

    def _button(self, code: str, count: str) -> QPushButton:
        """What helps against a cause: to read such files again as they are would often end as it did."""
        cause = cause_of(code)
        if cause is Cause.PASSWORD:
            button = QPushButton(self.tr("Give passwords for {n}…").format(n=count))
            button.clicked.connect(lambda: self.mend_wanted.emit(cause))
        elif cause in (Cause.LIMIT, Cause.TOO_LARGE):
            button = QPushButton(self.tr("Raise limits for {n}…").format(n=count))
            button.clicked.connect(lambda: self.mend_wanted.emit(cause))
        elif cause in (Cause.DAMAGED, Cause.QUARANTINED, Cause.UNSUPPORTED):
            button = QPushButton(self.tr("Show {n}").format(n=count))
            button.clicked.connect(lambda: self.files_wanted.emit(cause))
        else:
            button = QPushButton(self.tr("Retry {n}").format(n=count))
            button.clicked.connect(lambda: self.retry_wanted.emit(code))
        return button
