"""How jobs are painted: an icon beside the word, a bar or a moving stripe, plain text elsewhere.

A screen of rows is painted in one call. Left to itself Qt calls a delegate for every cell, and asks before each how
many rows and columns there are: near a thousand ways from C++ into Python for a screen, and at every one of them a
thread that is busy may take the interpreter for a while.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Job
from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.job_rows import NUMERIC, Column, Row

ICON = 16
PAD = 8
BAR_HEIGHT = 6
TEXT_WIDTH = 48
STRIPE_SECONDS = 1.6
KEPT_TEXTS = 5_000
PLACEHOLDER = ("…", *[""] * (len(Column) - 1))  # the texts of a row that is not read yet

_ICONS = {
    JobStatus.QUEUED: "status-waiting",
    JobStatus.RUNNING: "status-running",
    JobStatus.PAUSED: "status-paused",
    JobStatus.COMPLETED: "status-completed",
    JobStatus.FAILED: "status-failed",
    JobStatus.CANCELLED: "status-cancelled",
}


def status_icon(job: Job) -> str:
    """The name of the icon that seconds a status."""
    if job.has_gaps:
        return "status-gaps"
    return "status-empty" if job.outcome in (Outcome.EMPTY, Outcome.LEFT_OUT) else _ICONS[job.status]


def status_color(job: Job, tokens: theme.Tokens) -> str:
    """The colour that seconds a status."""
    if job.outcome is Outcome.EMPTY or job.has_gaps:
        return tokens.warning
    if job.status is JobStatus.RUNNING:
        return tokens.accent
    if job.status is JobStatus.COMPLETED:
        return tokens.muted if job.outcome is Outcome.LEFT_OUT else tokens.success
    return tokens.danger if job.status is JobStatus.FAILED else tokens.muted


@dataclass(frozen=True, slots=True)
class Span:
    """A column on the screen: where it begins and how wide it is, in logical pixels."""

    column: int
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Line:
    """A row on the screen. ``row`` is None while it is not read; ``hovered`` when the pointer is over it."""

    top: int
    row: Row | None
    texts: Sequence[str]
    selected: bool
    hovered: bool = False


class JobPainter:
    """Paints lines of a job list.

    What Qt would work out anew at each paint (metrics, colours, shortened texts) is kept from one to the next.
    """

    def __init__(self, line_height: int) -> None:
        self._height = line_height
        self._metrics: QFontMetrics | None = None
        self._baseline = 0
        self._texts: dict[tuple[str, int, bool, bool], tuple[str, int]] = {}
        self._colors: dict[str, QColor] = {}
        self._painter: QPainter
        self._pen = ""

    def forget(self) -> None:
        """Drop what is kept: the font or the theme changed."""
        self._metrics = None
        self._texts.clear()

    def paint(
        self, painter: QPainter, lines: Iterable[Line], spans: Sequence[Span], *, ratio: float, mirrored: bool
    ) -> None:
        """Paint lines on the ground that is there.

        Args:
            spans: The columns to paint.
            ratio: Device pixels for one logical pixel.
            mirrored: Whether the language is read from the right.
        """
        self._painter, self._pen = painter, ""
        if self._metrics is None:
            self._metrics = QFontMetrics(painter.font())
            self._baseline = (self._height - self._metrics.height()) // 2 + self._metrics.ascent()
        tokens = theme.tokens_now()
        for line in lines:
            for span in spans:
                self._cell(line, span, tokens, ratio, mirrored)

    def _cell(self, line: Line, span: Span, tokens: theme.Tokens, ratio: float, mirrored: bool) -> None:
        column, row, selected = span.column, line.row, line.selected
        if selected:
            self._ground(span, line, tokens.selection)
        elif line.hovered:
            self._ground(span, line, tokens.alternate)
        text, color = line.texts[column], tokens.on_selection if selected else tokens.text
        left, width = span.left + PAD, span.width - 2 * PAD
        if column == Column.STATUS and row is not None:
            icon, tint = status_icon(row.job), status_color(row.job, tokens)
            if row.is_up_next:
                icon, tint = _ICONS[JobStatus.QUEUED], tokens.muted
            pixmap = assets.pixmap(icon, color if selected else tint, ICON, ratio)
            self._painter.drawPixmap(left, line.top + (self._height - ICON) // 2, pixmap)
            self._text(left + ICON + 6, line.top, width - ICON - 2, text, color, right=mirrored)
        elif column == Column.PROGRESS and row is not None:
            running = row.job.status is JobStatus.RUNNING
            if (running and not row.is_up_next) or (row.fraction and text.endswith("%")):
                ground = tokens.window if selected else tokens.track
                tint = tokens.accent if running else tokens.muted
                self._bar(span, line.top, row.fraction, ground, tint)
                left, width = span.left + span.width - TEXT_WIDTH - PAD, TEXT_WIDTH
            else:
                color = color if selected else tokens.muted
            self._text(left, line.top, width, text, color, right=mirrored)
        else:
            right = (column in NUMERIC) != mirrored
            self._text(left, line.top, width, text, color, right=right, middle=column == Column.NAME)

    def _ground(self, span: Span, line: Line, color: str) -> None:
        self._painter.fillRect(span.left, line.top, span.width, self._height, self._color(color))

    def _color(self, name: str) -> QColor:
        found = self._colors.get(name)
        if found is None:
            found = self._colors[name] = QColor(name)
        return found

    def _text(
        self, left: int, top: int, width: int, text: str, color: str, *, right: bool = False, middle: bool = False
    ) -> None:
        if not text:
            return
        key = (text, width, right, middle)
        kept = self._texts.get(key)
        if kept is None:
            if len(self._texts) > KEPT_TEXTS:
                self._texts.clear()
            kept = self._texts[key] = self._fit(*key)
        if color != self._pen:
            self._pen = color
            self._painter.setPen(self._color(color))
        self._painter.drawText(left + kept[1], top + self._baseline, kept[0])

    def _fit(self, text: str, width: int, right: bool, middle: bool) -> tuple[str, int]:
        """What of a text fits, and how far from the left it begins."""
        assert self._metrics is not None
        taken = self._metrics.horizontalAdvance(text)
        if taken > width:
            mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
            text = self._metrics.elidedText(text, mode, width)
            taken = self._metrics.horizontalAdvance(text)
        return text, width - taken if right else 0

    def _bar(self, span: Span, top: int, fraction: float | None, ground: str, tint: str) -> None:
        painter = self._painter
        width = max(12, span.width - 3 * PAD - TEXT_WIDTH)
        track = QRectF(span.left + PAD, top + (self._height - BAR_HEIGHT) / 2, width, BAR_HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color(ground))
        painter.drawRoundedRect(track, 3, 3)
        painter.setBrush(self._color(tint))
        if fraction is None:
            stripe = width / 4
            phase = time.monotonic() % STRIPE_SECONDS / STRIPE_SECONDS
            left = track.left() + (width - stripe) * (1 - abs(2 * phase - 1))
            painter.drawRoundedRect(QRectF(left, track.top(), stripe, BAR_HEIGHT), 3, 3)
        elif fraction > 0:
            done = max(BAR_HEIGHT, width * fraction)
            painter.drawRoundedRect(QRectF(track.left(), track.top(), done, BAR_HEIGHT), 3, 3)
        painter.restore()
