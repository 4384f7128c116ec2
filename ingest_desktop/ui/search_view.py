"""Search: results take the place of the list while a query stands. Answers that come late are dropped."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import SearchPage
from ingest_desktop.ui import formats, places, theme, words
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.hub import Hub, Pulse
from ingest_desktop.ui.plain import named, plain_label
from ingest_desktop.ui.search_delegate import PAD
from ingest_desktop.ui.search_list import Results
from ingest_desktop.ui.search_model import Entry, SearchModel, entries_of
from ingest_desktop.ui.search_nothing import NoHits

TYPING_MS = 150
FULL_MS = 400
PATIENCE_MS = 300
AGAIN_MS = 3_000
AGAIN_SHARE = 20  # a search that takes a second is not made again by itself for so many
LIMIT = 50


@dataclass(frozen=True, slots=True)
class _Shown:
    """Which answer is shown: to what, whether while it was typed (then hits stand in no order), how long it took."""

    query: str = ""
    typing: bool = False
    seconds: float = 0.0


class SearchView(QWidget):
    """Results and what they cover. The field it listens to stands in the tool bar.

    Signals:
        active_changed: A query stands, or none any more. arg: bool.
        open_wanted: args: path, page (0: none).
        folder_wanted: The folder of an original is to be shown. arg: path.
        everywhere_wanted: The person wants to search all knowledge bases.
        copied: Text was copied. arg: a sentence.
    """

    active_changed = Signal(bool)
    open_wanted = Signal(object, int)  # a path as Python has it: a Qt string would lose what is no valid Unicode
    folder_wanted = Signal(object)
    everywhere_wanted = Signal()
    copied = Signal(str)

    def __init__(self, hub: Hub, field: QLineEdit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub, self._field = hub, field
        self.kb_id: str | None = None
        self.model = SearchModel(self)
        self.results = Results(self.model, self)
        self.nothing = NoHits(self)
        self.nothing.everywhere.clicked.connect(self.everywhere_wanted)
        self._summary = QLabel()
        self._summary.setContentsMargins(PAD, 8, PAD, 8)
        plain_label(self._summary)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._summary)
        layout.addWidget(self.results, 1)
        layout.addWidget(self.nothing, 1)
        self._typing = self._timer(TYPING_MS, lambda: self._ask(typing=True))
        self._full = self._timer(FULL_MS, lambda: self._ask(typing=False))
        self._patience = self._timer(PATIENCE_MS, self._on_slow)
        self._again = self._timer(AGAIN_MS, lambda: self._ask(typing=False))
        self._was_active = False
        self._focus_results = False
        self._shown = _Shown()
        self._searchable: object = None
        field.textChanged.connect(self._on_text)
        field.returnPressed.connect(self.search_now)
        field.installEventFilter(self)
        self.results.installEventFilter(self)
        self.results.activated.connect(lambda index: self.open_row(index.row()))
        self.results.left_above.connect(field.setFocus)
        self.results.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.results.customContextMenuRequested.connect(self._on_menu)
        hub.pulsed.connect(self._on_pulse)
        self._show_nothing("")

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
            self._shown = _Shown()
            if self.query:
                self._ask(typing=False)

    # asking --------------------------------------------------------------------------------

    @Slot(str)
    def _on_text(self, _: str) -> None:
        active = bool(self.query)
        if not active:
            for timer in (self._typing, self._full, self._patience, self._again):
                timer.stop()
            self._hub.finding.forget("search")
            self._shown = _Shown()
            self.model.show([])
            self._summary.clear()
            self._show_nothing("")
        else:
            self._again.stop()
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
        self._again.stop()
        backend, query, kb_id = self._hub.backend, self.query, self.kb_id
        if not query:
            return
        if backend is None:
            self._full.start()  # the store is being opened
            return
        kb_ids = (kb_id,) if kb_id else None
        self._patience.start()

        def find() -> tuple[SearchPage, list[Entry]]:
            page = backend.search.search(query, kb_ids=kb_ids, limit=LIMIT, typing=typing)
            return page, entries_of(page)

        self._hub.finding.ask(
            find,
            lambda found: self._on_page(_Shown(query, typing, found[0].seconds), *found),
            failed=lambda error: self._on_error(query, error),
            key="search",
        )

    @Slot()
    def _on_slow(self) -> None:
        """No answer yet. Old hits stay until it comes; where there are none it is said that it is looked for."""
        if self.query and not self.model.rowCount():
            self._show_nothing(self.tr("Searching…"))

    @Slot(object)
    def _on_pulse(self, pulse: Pulse) -> None:
        """Ask again when documents became searchable, but let no search that takes long be most of what is done."""
        counts, base = pulse.status.counts, self.kb_id
        searchable = (base, counts.of(JobStatus.COMPLETED, base) if base else counts.of(JobStatus.COMPLETED))
        changed, self._searchable = searchable != self._searchable, searchable
        if changed and self._shown.query and self._shown.query == self.query and not self._again.isActive():
            self._again.start(max(AGAIN_MS, round(self._shown.seconds * 1000 * AGAIN_SHARE)))

    def _on_page(self, now: _Shown, page: SearchPage, entries: list[Entry]) -> None:
        self._patience.stop()
        if now.query != self.query:
            return
        before, place = self._shown, self.results.place()
        self._shown = now
        self.model.show(entries)
        self._summary.setText(self._sentence(page))
        if before.query == now.query and (not before.typing or self.results.hasFocus()):
            self.results.take_place(place)
        else:
            self.results.to_first()
        self._show_nothing("" if page.hits else self._sentence(page), self._advice(page))
        if self._focus_results and page.hits:
            self.results.setFocus()
        self._focus_results = False

    def _on_error(self, query: str, error: Exception) -> None:
        self._patience.stop()
        if query == self.query:
            self._shown = _Shown()
            self.model.show([])
            self._summary.clear()
            self._show_nothing(sentence_of(error))

    def _show_nothing(self, title: str, advice: str = "") -> None:
        """What stands in place of the results; the results where ``title`` is empty."""
        if title:
            self.nothing.say(title, advice, everywhere=bool(advice and self.kb_id and len(self._hub.bases) > 1))
        self.nothing.setVisible(bool(title))
        self.results.setVisible(not title)
        self._summary.setVisible(not title)

    def _advice(self, page: SearchPage) -> str:
        if not page.total_documents:
            return self.tr("There is nothing to search in yet. Add files first.")
        return self.tr("Try fewer words, or the beginning of one: “insur*” finds insurance and insured.")

    def _sentence(self, page: SearchPage) -> str:
        count = len({hit.document_id for hit in page.hits})
        parts = []
        if not page.hits:
            parts.append(self.tr("Nothing found for “{query}”.").format(query=named(self.query)))
        elif page.more:
            parts.append(self.tr("The best {n} passages.").format(n=formats.number(len(page.hits))))
        else:
            found = (
                self.tr("in 1 document") if count == 1 else self.tr("in {n} documents").format(n=formats.number(count))
            )
            parts.append(f"{words.passages(len(page.hits))} {found}.")
        if page.interpreted == "words":
            parts.append(self.tr("Read as plain words."))
        if page.unreadable:
            names = ", ".join(f"“{self._hub.base_name(kb_id)}”" for kb_id in page.unreadable)
            parts.append(self.tr("{names} cannot be searched now; see the log.").format(names=names))
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
                f"{entry.hit.text}\n\n— {places.citation(entry.hit.source_path, entry.hit.location)}"
            )
            self.copied.emit(self.tr("Copied, with where it is from."))

    def _on_menu(self, at: QPoint) -> None:
        entry = self.model.entry(self.results.indexAt(at).row())
        if entry is None:
            return
        row, path = self.results.indexAt(at).row(), entry.hit.source_path
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open"), lambda: self.open_row(row))
        menu.addAction(self.tr("Show in folder"), lambda: self.folder_wanted.emit(path))
        menu.addSeparator()
        if not entry.is_heading:
            menu.addAction(self.tr("Copy with where it is from"), self.copy_current)
        menu.addAction(self.tr("Copy path"), lambda: QGuiApplication.clipboard().setText(path))
        menu.popup(self.results.viewport().mapToGlobal(at))

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
        self.nothing.restyle()
