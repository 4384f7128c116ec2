"""Search: results take the place of the list while a query stands. Answers that come late are dropped."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPalette,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.domain.models import SearchPage
from ingest_desktop.ui import assets, formats, theme, words
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.search_model import Entry, SearchModel

Index = QModelIndex | QPersistentModelIndex
TYPING_MS = 150
FULL_MS = 400
LIMIT = 50
PAD = 12
LINES = 2


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
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), name)
        area.setLeft(area.left() + painter.fontMetrics().horizontalAdvance(name) + PAD)
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        folder = painter.fontMetrics().elidedText(entry.text, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), folder)

    def _passage(
        self, painter: QPainter, rect: QRect, font: QFont, entry: Entry, tokens: theme.Tokens, *, selected: bool
    ) -> None:
        area = rect.adjusted(PAD + 24, 6, -PAD, -6)
        painter.setFont(font)
        height = painter.fontMetrics().height()
        if entry.title:
            painter.setPen(QColor(tokens.on_selection if selected else tokens.accent))
            place = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(QRect(area.left(), area.top(), area.width(), height), 0, place)
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


class Results(QListView):
    """The list of results.

    Signals:
        left_above: The person went up from the first result.
    """

    left_above = Signal()

    def __init__(self, model: SearchModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found = model
        self.setModel(model)
        self.setItemDelegate(SearchDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Search results"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from passage to passage, over the headings."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        row = self._found.next_hit(self.currentIndex().row(), step)
        if row >= 0:
            self.setCurrentIndex(self._found.index(row))
        elif step < 0:
            self.left_above.emit()


class SearchView(QWidget):
    """Results and what they cover. The field it listens to stands in the tool bar.

    Signals:
        active_changed: A query stands, or none any more. arg: bool.
        open_wanted: args: path, page (0: none).
        copied: Text was copied. arg: a sentence.
    """

    active_changed = Signal(bool)
    open_wanted = Signal(str, int)
    copied = Signal(str)

    def __init__(self, hub: Hub, field: QLineEdit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub, self._field = hub, field
        self.kb_id: str | None = None
        self.model = SearchModel(self)
        self.results = Results(self.model, self)
        self._summary = QLabel()
        self._summary.setContentsMargins(PAD, 8, PAD, 8)
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._summary.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._summary)
        layout.addWidget(self.results, 1)
        self._typing = self._timer(TYPING_MS, lambda: self._ask(typing=True))
        self._full = self._timer(FULL_MS, lambda: self._ask(typing=False))
        self._was_active = False
        self._focus_results = False
        field.textChanged.connect(self._on_text)
        field.returnPressed.connect(self.search_now)
        field.installEventFilter(self)
        self.results.installEventFilter(self)
        self.results.activated.connect(lambda index: self.open_row(index.row()))
        self.results.left_above.connect(field.setFocus)

    def _timer(self, interval_ms: int, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    @property
    def query(self) -> str:
        """What is searched for."""
        return self._field.text().strip()

    def clear(self) -> None:
        """End the search; the list returns."""
        self._field.clear()

    def set_base(self, kb_id: str | None) -> None:
        """Search one knowledge base, or all; a standing query is asked again."""
        if kb_id != self.kb_id:
            self.kb_id = kb_id
            if self.query:
                self._ask(typing=False)

    # asking --------------------------------------------------------------------------------

    @Slot(str)
    def _on_text(self, _: str) -> None:
        active = bool(self.query)
        if not active:
            self._typing.stop()
            self._full.stop()
            self._hub.finding.forget("search")
            self.model.show(None)
            self._summary.clear()
        else:
            self._typing.start()
            self._full.start()
        if active != self._was_active:
            self._was_active = active
            self.active_changed.emit(active)

    @Slot()
    def search_now(self) -> None:
        """Ask at once and go to the results."""
        if self.query:
            self._focus_results = True
            self._full.stop()
            self._ask(typing=False)

    def _ask(self, *, typing: bool) -> None:
        self._typing.stop()
        backend, query = self._hub.backend, self.query
        if backend is None or not query:
            return
        kb_ids = (self.kb_id,) if self.kb_id else None
        self._hub.finding.ask(
            lambda: backend.search.search(query, kb_ids=kb_ids, limit=LIMIT, typing=typing),
            lambda page: self._on_page(query, page),
            key="search",
        )

    def _on_page(self, query: str, page: SearchPage) -> None:
        if query != self.query:
            return
        current = self.model.entry(self.results.currentIndex().row())
        self.model.show(page)
        self._summary.setText(self._sentence(page))
        rows = range(self.model.rowCount())
        kept = next(
            (
                row
                for row in rows
                if current and (e := self.model.entry(row)) and e.hit == current.hit and not e.is_heading
            ),
            self.model.next_hit(-1, 1),
        )
        if kept >= 0:
            self.results.setCurrentIndex(self.model.index(kept))
        if self._focus_results and kept >= 0:
            self.results.setFocus()
        self._focus_results = False

    def _sentence(self, page: SearchPage) -> str:
        count = len({hit.document_id for hit in page.hits})
        parts = []
        if not page.hits:
            parts.append(self.tr("Nothing found for “{query}”.").format(query=self.query))
        elif page.more:
            parts.append(self.tr("The best {n} passages.").format(n=formats.number(len(page.hits))))
        else:
            found = (
                self.tr("in 1 document") if count == 1 else self.tr("in {n} documents").format(n=formats.number(count))
            )
            parts.append(f"{words.passages(len(page.hits))} {found}.")
        if page.interpreted == "words":
            parts.append(self.tr("Read as plain words."))
        if page.searched_documents < page.total_documents:
            parts.append(
                self.tr("Search covers {n} of {m} documents so far.").format(
                    n=formats.number(page.searched_documents), m=formats.number(page.total_documents)
                )
            )
        return " ".join(parts)

    # using ---------------------------------------------------------------------------------

    def open_row(self, row: int) -> None:
        """Open the document of a row at its place."""
        entry = self.model.entry(row)
        if entry is not None:
            page = None if entry.is_heading else entry.hit.location.page
            self.open_wanted.emit(entry.hit.source_path, page or 0)

    def copy_current(self) -> None:
        """Copy the passage with where it is from."""
        entry = self.model.entry(self.results.currentIndex().row())
        if entry is not None:
            QGuiApplication.clipboard().setText(
                f"{entry.hit.text}\n\n— {words.citation(entry.hit.source_path, entry.hit.location)}"
            )
            self.copied.emit(self.tr("Copied, with where it is from."))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down from the field goes to the results; Esc ends the search; copy takes the citation along."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and self.query:
                self.clear()
                return True
            if watched is self._field and event.key() == Qt.Key.Key_Down and self.model.rowCount():
                self.results.setFocus()
                return True
            if watched is self.results and event.matches(QKeySequence.StandardKey.Copy):
                self.copy_current()
                return True
        return super().eventFilter(watched, event)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        palette = self._summary.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(theme.tokens_now().muted))
        self._summary.setPalette(palette)
        self.results.viewport().update()
