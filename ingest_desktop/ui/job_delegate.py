"""How jobs are painted: an icon beside the word, a bar or a moving stripe, plain text elsewhere."""

import time

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Job
from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.job_model import LEFT, NUMERIC, RIGHT, Column, JobModel

Index = QModelIndex | QPersistentModelIndex
ICON = 16
PAD = 8
BAR_HEIGHT = 6
TEXT_WIDTH = 48
STRIPE_SECONDS = 1.6

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
    """Paints every cell itself: that is quicker than asking Qt for a styled one, and keeps to one margin."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        column = index.column()
        model = index.model()
        if not isinstance(model, JobModel):
            return
        self._background(painter, option)
        text = model.data(index)
        row = model.row(index.row())
        if column not in (Column.STATUS, Column.PROGRESS) or row is None:
            self._plain(painter, option, column, text)
            return
        tokens = theme.tokens_now()
        if column == Column.STATUS:
            self._status(painter, option, row.job, text, tokens)
        elif row.job.status is JobStatus.RUNNING or (row.fraction and text.endswith("%")):
            self._bar(painter, option, row.fraction, text, tokens, running=row.job.status is JobStatus.RUNNING)
        else:
            self._text(painter, option, option.rect.adjusted(PAD, 0, -PAD, 0), text, muted=tokens.muted)

    @staticmethod
    def _background(painter: QPainter, option: QStyleOptionViewItem) -> None:
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)

    @staticmethod
    def _selected(option: QStyleOptionViewItem) -> bool:
        return bool(option.state & QStyle.StateFlag.State_Selected)

    def _plain(self, painter: QPainter, option: QStyleOptionViewItem, column: int, text: str) -> None:
        if not text:
            return
        palette: QPalette = option.palette
        role = QPalette.ColorRole.HighlightedText if self._selected(option) else QPalette.ColorRole.Text
        rect: QRect = option.rect.adjusted(PAD, 0, -PAD, 0)
        metrics = option.fontMetrics
        elide = Qt.TextElideMode.ElideRight if column in NUMERIC else Qt.TextElideMode.ElideMiddle
        painter.setPen(palette.color(role))
        painter.drawText(rect, RIGHT if column in NUMERIC else LEFT, metrics.elidedText(text, elide, rect.width()))

    def _text(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, text: str, *, muted: str | None = None
    ) -> None:
        palette: QPalette = option.palette
        if self._selected(option):
            painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
        else:
            painter.setPen(QColor(muted) if muted else palette.color(QPalette.ColorRole.Text))
        metrics = option.fontMetrics
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)

    def _status(
        self, painter: QPainter, option: QStyleOptionViewItem, job: Job, text: str, tokens: theme.Tokens
    ) -> None:
        rect: QRect = option.rect
        color = tokens.on_selection if self._selected(option) else status_color(job, tokens)
        ratio = painter.device().devicePixelRatio()
        top = rect.top() + (rect.height() - ICON) // 2
        painter.drawPixmap(rect.left() + PAD, top, assets.pixmap(status_icon(job), color, ICON, ratio))
        self._text(painter, option, rect.adjusted(PAD + ICON + 6, 0, -4, 0), text)

    def _bar(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        fraction: float | None,
        text: str,
        tokens: theme.Tokens,
        *,
        running: bool,
    ) -> None:
        rect: QRect = option.rect
        width = rect.width() - 3 * PAD - TEXT_WIDTH
        track = QRectF(rect.left() + PAD, rect.center().y() - BAR_HEIGHT / 2 + 0.5, max(12, width), BAR_HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.track if not self._selected(option) else tokens.window))
        painter.drawRoundedRect(track, 3, 3)
        painter.setBrush(QColor(tokens.accent if running else tokens.muted))
        if fraction is not None:
            painter.drawRoundedRect(
                QRectF(track.left(), track.top(), max(BAR_HEIGHT, track.width() * fraction), BAR_HEIGHT), 3, 3
            )
        else:
            stripe = track.width() / 4
            phase = time.monotonic() % STRIPE_SECONDS / STRIPE_SECONDS
            left = track.left() + (track.width() - stripe) * (1 - abs(2 * phase - 1))
            painter.drawRoundedRect(QRectF(left, track.top(), stripe, BAR_HEIGHT), 3, 3)
        painter.restore()
        self._text(painter, option, QRect(round(track.right()) + PAD, rect.top(), TEXT_WIDTH, rect.height()), text)
