"""How results are painted: plain text with marked words; markup in a document stays text."""

from typing import cast

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.search_model import Entry, SearchModel

Index = QModelIndex | QPersistentModelIndex
PAD = 12
INDENT = 24  # of passages, below the icon of their document
SIDES = 2 * PAD + INDENT
LINES = 2
LEADING = 3  # pixels between lines
MORE = "…"
KEPT = 300  # passages: those of some answers
# Names stand on the left whatever their script: an Arabic one at the right edge would lie over its folder.
ON_THE_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)


class SearchDelegate(QStyledItemDelegate):
    """Paints headings and passages as plain text with marked words; markup in a document stays text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fitting: dict[tuple[str, int, int, bool], tuple[str, int]] = {}
        self._layouts: dict[tuple[str, tuple[tuple[int, int], ...], int, int, bool], QTextLayout] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = option.fontMetrics.height()
        entry = self._entry(index)
        if entry is not None and entry.is_heading:
            return QSize(100, height + 20)
        if entry is None:
            return QSize(100, height)
        view = option.widget
        width = view.viewport().width() - SIDES if isinstance(view, QAbstractItemView) else 0
        lines = LINES
        if width > 0:  # a passage of one line takes one
            lines = max(1, self._layout(entry, option.font, width, height + LEADING, theme.tokens_now()).lineCount())
        return QSize(100, (lines + bool(entry.title)) * (height + LEADING) + 14)

    @staticmethod
    def _entry(index: Index) -> Entry | None:
        model = index.model()
        return model.entry(index.row()) if isinstance(model, SearchModel) else None

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = self._entry(index)
        if entry is None:
            return
        painter.save()
        rect: QRect = option.rect
        font: QFont = option.font
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        tokens = theme.tokens_now()
        if selected:
            painter.fillRect(rect, QColor(tokens.selection))
        if entry.is_heading:
            self._heading(painter, rect, font, entry, tokens)
        else:
            self._passage(painter, rect, font, entry, tokens, selected=selected)
        painter.restore()

    def _heading(self, painter: QPainter, rect: QRect, font: QFont, entry: Entry, tokens: theme.Tokens) -> None:
        if rect.top() > 0:
            painter.fillRect(rect.left() + PAD, rect.top() + 2, rect.width() - 2 * PAD, 1, QColor(tokens.border))
        area = rect.adjusted(PAD, 8, -PAD, 0)
        ratio = painter.device().devicePixelRatio()
        painter.drawPixmap(area.left(), area.center().y() - 7, assets.pixmap("file", tokens.muted, 16, ratio))
        bold = QFont(font)
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(QColor(tokens.text))
        area.setLeft(area.left() + 24)
        name, width = self._shortened(painter, entry.title, int(area.width() * 0.6), bold=True)
        painter.drawText(area, ON_THE_LEFT, name)
        area.setLeft(area.left() + width + PAD)
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(area, ON_THE_LEFT, self._shortened(painter, entry.text, area.width())[0])

    def _passage(
        self, painter: QPainter, rect: QRect, font: QFont, entry: Entry, tokens: theme.Tokens, *, selected: bool
    ) -> None:
        area = rect.adjusted(PAD + INDENT, 6, -PAD, -6)
        painter.setFont(font)
        height = painter.fontMetrics().height() + LEADING
        if entry.title:
            painter.setPen(QColor(tokens.on_selection if selected else tokens.accent))
            place, _ = self._shortened(painter, entry.title, area.width())
            painter.drawText(QRect(area.left(), area.top(), area.width(), height), ON_THE_LEFT, place)
            area.setTop(area.top() + height)
        painter.setPen(QColor(tokens.on_selection if selected else tokens.text))
        layout = self._layout(entry, font, area.width(), height, tokens)
        layout.draw(painter, QPointF(area.topLeft()))
        last = layout.lineAt(LINES - 1) if layout.lineCount() == LINES else None
        if last is not None and last.textStart() + last.textLength() < len(entry.text):
            start = cast(tuple[float, int], last.cursorToX(last.textStart()))
            is_leftward = start[0] > 0  # Arabic, Hebrew: begins at the right
            dots = painter.fontMetrics().horizontalAdvance(MORE)
            at = last.width() - last.naturalTextWidth() - dots if is_leftward else last.naturalTextWidth()
            painter.drawText(QPointF(area.left() + at, area.top() + last.y() + last.ascent()), MORE)

    def _shortened(self, painter: QPainter, text: str, width: int, *, bold: bool = False) -> tuple[str, int]:
        """What of a text fits, and how wide that is; in the painter's font."""
        metrics = painter.fontMetrics()
        key = (text, width, metrics.height(), bold)
        found = self._fitting.get(key)
        if found is None:
            if len(self._fitting) >= KEPT:
                self._fitting.clear()
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, width)
            found = self._fitting[key] = shown, metrics.horizontalAdvance(shown)
        return found

    def _layout(self, entry: Entry, font: QFont, width: int, height: int, tokens: theme.Tokens) -> QTextLayout:
        """A passage set in lines: that takes longer than to draw it, and is kept from one paint to the next."""
        key = (entry.text, entry.marks, width, height, tokens.dark)
        found = self._layouts.get(key)
        if found is None:
            if len(self._layouts) >= KEPT:
                self._layouts.clear()
            found = self._layouts[key] = self._set_in_lines(entry, font, width, height, tokens)
        return found

    def _set_in_lines(self, entry: Entry, font: QFont, width: int, height: int, tokens: theme.Tokens) -> QTextLayout:
        layout = QTextLayout(entry.text, font)
        layout.setCacheEnabled(True)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats(self._formats(entry, tokens))
        metrics = QFontMetrics(font)
        layout.beginLayout()
        for number in range(LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            room = metrics.horizontalAdvance(MORE) if number == LINES - 1 else 0
            line.setLineWidth(width - room)
            # Chinese and Japanese letters are taller than the font's own: lines stand on evenly spaced base lines.
            line.setPosition(QPointF(0, number * height + metrics.ascent() - line.ascent()))
        layout.endLayout()
        return layout

    @staticmethod
    def _formats(entry: Entry, tokens: theme.Tokens) -> list[QTextLayout.FormatRange]:
        found = []
        for start, length in entry.marks:
            mark = QTextLayout.FormatRange()
            shape = QTextCharFormat()
            shape.setBackground(QColor(tokens.mark))
            shape.setForeground(QColor(tokens.on_mark))
            shape.setFontWeight(QFont.Weight.Bold)
            mark.start, mark.length, mark.format = start, length, shape
            found.append(mark)
        return found
