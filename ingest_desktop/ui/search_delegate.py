"""How results are painted: plain text with marked words; markup in a document stays text."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.search_model import Entry, SearchModel

Index = QModelIndex | QPersistentModelIndex
PAD = 12
LINES = 2
# Names stand on the left whatever their script: an Arabic one at the right edge would lie over its folder.
ON_THE_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)


class SearchDelegate(QStyledItemDelegate):
    """Paints headings and passages as plain text with marked words; markup in a document stays text."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = option.fontMetrics.height()
        entry = self._entry(index)
        if entry is not None and entry.is_heading:
            return QSize(100, height + 20)
        lines = LINES + (1 if entry is not None and entry.title else 0)
        return QSize(100, lines * height + 14)

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
        name = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideMiddle, int(area.width() * 0.6))
        painter.drawText(area, ON_THE_LEFT, name)
        area.setLeft(area.left() + painter.fontMetrics().horizontalAdvance(name) + PAD)
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        folder = painter.fontMetrics().elidedText(entry.text, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, ON_THE_LEFT, folder)

    def _passage(
        self, painter: QPainter, rect: QRect, font: QFont, entry: Entry, tokens: theme.Tokens, *, selected: bool
    ) -> None:
        area = rect.adjusted(PAD + 24, 6, -PAD, -6)
        painter.setFont(font)
        height = painter.fontMetrics().height()
        if entry.title:
            painter.setPen(QColor(tokens.on_selection if selected else tokens.accent))
            place = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideMiddle, area.width())
            painter.drawText(QRect(area.left(), area.top(), area.width(), height), ON_THE_LEFT, place)
            area.setTop(area.top() + height)
        painter.setPen(QColor(tokens.on_selection if selected else tokens.text))
        layout = QTextLayout(entry.text, font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats(self._formats(entry, tokens))
        layout.beginLayout()
        for number in range(LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(area.width())
            line.setPosition(QPointF(0, number * height))
        layout.endLayout()
        layout.draw(painter, QPointF(area.topLeft()))

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
