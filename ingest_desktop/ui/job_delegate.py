"""How jobs are painted: an icon beside the word, a bar or a moving stripe, plain text elsewhere."""

import time

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Job
from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_rows import LEFT, NUMERIC, RIGHT, Column

Index = QModelIndex | QPersistentModelIndex
ICON = 16
PAD = 8
BAR_HEIGHT = 6
TEXT_WIDTH = 48
STRIPE_SECONDS = 1.6
KEPT_TEXTS = 5_000
_SELECTED = QStyle.StateFlag.State_Selected
_HOVER = QStyle.StateFlag.State_MouseOver

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
    return "status-empty" if job.outcome is Outcome.EMPTY else _ICONS[job.status]


def status_color(job: Job, tokens: theme.Tokens) -> str:
    """The colour that seconds a status."""
    if job.outcome is Outcome.EMPTY:
        return tokens.warning
    return {
        JobStatus.RUNNING: tokens.accent,
        JobStatus.COMPLETED: tokens.success,
        JobStatus.FAILED: tokens.danger,
    }.get(job.status, tokens.muted)


class JobDelegate(QStyledItemDelegate):
    """Paints every cell itself: that is quicker than asking Qt for a styled one, and keeps to one margin.

    What Qt wraps anew at each question (metrics, colours, elided text) is kept from one paint to the next.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._metrics: QFontMetrics | None = None
        self._elided: dict[tuple[str, int, bool], str] = {}
        self._colors: dict[str, QColor] = {}

    def forget(self) -> None:
        """Drop what is kept: the font or the theme changed."""
        self._metrics = None
        self._elided.clear()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, JobModel):
            return
        column, rect = index.column(), option.rect
        selected = bool(option.state & _SELECTED)
        tokens = theme.tokens_now()
        if selected:
            painter.fillRect(rect, self._color(tokens.selection))
        elif option.state & _HOVER:
            painter.fillRect(rect, self._color(tokens.alternate))
        if self._metrics is None:
            self._metrics = QFontMetrics(option.fontMetrics)  # a copy: the option dies with this call
        text = model.data(index)
        row = model.row(index.row())
        color = tokens.on_selection if selected else tokens.text
        if column not in (Column.STATUS, Column.PROGRESS) or row is None:
            if text:
                area = rect.adjusted(PAD, 0, -PAD, 0)
                self._text(
                    painter, area, text, color, RIGHT if column in NUMERIC else LEFT, middle=column == Column.NAME
                )
        elif column == Column.STATUS:
            if row.is_up_next:
                icon, tint = _ICONS[JobStatus.QUEUED], tokens.muted
            else:
                icon, tint = status_icon(row.job), status_color(row.job, tokens)
            self._status(painter, rect, icon, text, color, color if selected else tint)
        elif (row.job.status is JobStatus.RUNNING and not row.is_up_next) or (row.fraction and text.endswith("%")):
            ground = tokens.window if selected else tokens.track
            running = row.job.status is JobStatus.RUNNING
            self._bar(painter, rect, row.fraction, text, color, ground, tokens.accent if running else tokens.muted)
        elif text:
            self._text(painter, rect.adjusted(PAD, 0, -PAD, 0), text, color if selected else tokens.muted, LEFT)

    def _color(self, name: str) -> QColor:
        found = self._colors.get(name)
        if found is None:
            found = self._colors[name] = QColor(name)
        return found

    def _text(
        self, painter: QPainter, rect: QRect, text: str, color: str, alignment: int, *, middle: bool = False
    ) -> None:
        key = (text, rect.width(), middle)
        shown = self._elided.get(key)
        if shown is None:
            assert self._metrics is not None
            if len(self._elided) > KEPT_TEXTS:
                self._elided.clear()
            mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
            shown = self._elided[key] = self._metrics.elidedText(text, mode, rect.width())
        painter.setPen(self._color(color))
        painter.drawText(rect, alignment, shown)

    def _status(self, painter: QPainter, rect: QRect, icon: str, text: str, color: str, tint: str) -> None:
        ratio = painter.device().devicePixelRatio()
        top = rect.top() + (rect.height() - ICON) // 2
        painter.drawPixmap(rect.left() + PAD, top, assets.pixmap(icon, tint, ICON, ratio))
        self._text(painter, rect.adjusted(PAD + ICON + 6, 0, -4, 0), text, color, LEFT)

    def _bar(
        self, painter: QPainter, rect: QRect, fraction: float | None, text: str, color: str, ground: str, tint: str
    ) -> None:
        width = rect.width() - 3 * PAD - TEXT_WIDTH
        track = QRectF(rect.left() + PAD, rect.center().y() - BAR_HEIGHT / 2 + 0.5, max(12, width), BAR_HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color(ground))
        painter.drawRoundedRect(track, 3, 3)
        painter.setBrush(self._color(tint))
        if fraction == 0:
            done = QRectF()
        elif fraction is not None:
            done = QRectF(track.left(), track.top(), max(BAR_HEIGHT, track.width() * fraction), BAR_HEIGHT)
        else:
            stripe = track.width() / 4
            phase = time.monotonic() % STRIPE_SECONDS / STRIPE_SECONDS
            left = track.left() + (track.width() - stripe) * (1 - abs(2 * phase - 1))
            done = QRectF(left, track.top(), stripe, BAR_HEIGHT)
        painter.drawRoundedRect(done, 3, 3)
        painter.restore()
        if text:
            area = QRect(round(track.right()) + PAD, rect.top(), TEXT_WIDTH, rect.height())
            self._text(painter, area, text, color, LEFT)
