"""The detail of one job: receipt, text, history, and what went wrong with its next step."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontDatabase, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.application.attention import limit_of
from ingest_desktop.domain.causes import NOT_RECOGNISED, Tool
from ingest_desktop.domain.enums import JobEvent, JobStatus, Outcome, can
from ingest_desktop.domain.models import Chunk, HistoryEntry, Job, Progress
from ingest_desktop.domain.text import one_line
from ingest_desktop.ui import assets, causes, history, places, receipt_card, theme, words
from ingest_desktop.ui.backend import Backend
from ingest_desktop.ui.elided_label import ElidedLabel
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_painter import status_color, status_icon
from ingest_desktop.ui.password_dialog import Passwords
from ingest_desktop.ui.plain import brief, plain_label, plain_tip
from ingest_desktop.ui.receipt_view import ReceiptView

TEXT_CHUNKS = 200
LEAST_STATUS = 160  # pixels of the status beside a long name
NEAR_PLACES = 1_000  # further behind a place is not counted anew at every look: that reads all rows before it


@dataclass(frozen=True, slots=True)
class Detail:
    """What is read for the panel in one go."""

    job: Job
    place: int | None
    history: tuple[HistoryEntry, ...]
    progress: Progress | None = None


def wants_recognition(job: Job) -> bool:
    """True for a document with pictures in which no text was looked for yet: one without text, or with gaps for them."""
    if job.receipt is None:
        return False
    if job.outcome is not Outcome.EMPTY and not any(why == NOT_RECOGNISED for _, why in job.receipt.units_failed):
        return False
    return job.receipt.reader.startswith(("pdf/", "image/")) and "ocr=" not in job.receipt.recipe


class _Tabs(QTabBar):
    """Tabs with room for letters that reach below the line: Fusion cuts them off on the tabs behind."""

    def tabSizeHint(self, index: int) -> QSize:
        return super().tabSizeHint(index) + QSize(0, 4)


class DetailPanel(QWidget):
    """Follows the job with the focus.

    Signals:
        act_wanted: args: JobEvent, job id.
        password_wanted: A password may help. arg: the job.
        open_wanted, folder_wanted: arg: path.
        raise_wanted: A limit is to be raised, and the job tried again. arg: job id.
        hide_wanted: The person closed the panel.
    """

    act_wanted = Signal(object, str)
    password_wanted = Signal(object)
    open_wanted = Signal(str)
    folder_wanted = Signal(str)
    raise_wanted = Signal(str)
    hide_wanted = Signal()

    def __init__(self, hub: Hub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._job_id = 0
        self._detail: Detail | None = None
        self._tools: frozenset[Tool] | None = None  # which programs of others are there; None: nobody has looked yet
        self._text_of: tuple[int, int] | None = None
        self.held: Callable[[Job], str] = lambda _: ""  # what holds a waiting job up, as the list tells it
        self.cached: Callable[[int], Job | None] = lambda _: None  # what the list has in hand of a job
        self.setAccessibleName(self.tr("Details"))
        self.setMinimumHeight(150)
        self._make_head()
        self.tabs = QTabWidget()
        self.tabs.setTabBar(_Tabs())
        self.tabs.tabBar().setAccessibleName(self.tr("Details of the job"))
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("Details of the job"))
        self.receipt = self._card(self.tr("Receipt"))
        self.text = self._plain(self.tr("Text"))
        self.history = self._plain(self.tr("History"))
        self.log = self._plain(self.tr("Log"))
        self._make_layout()
        self.tabs.currentChanged.connect(self._on_tab)
        hub.bridge.changed.connect(self._on_changed)
        hub.pulsed.connect(self._on_pulse)
        self._clear()

    def _make_head(self) -> None:
        self._icon, self._name = QLabel(), ElidedLabel()
        self._status = ElidedLabel(mode=Qt.TextElideMode.ElideRight, least_width=LEAST_STATUS)
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._password = QPushButton(self.tr("Give password…"))
        self._retry = QPushButton(self.tr("Retry"))
        self._resume = QPushButton(self.tr("Resume"))
        self._raise = QPushButton(self.tr("Raise limit and retry…"))
        self._open = QPushButton(self.tr("Open"))
        self._folder = QPushButton(self.tr("Show in folder"))
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Hide details"))
        self._close.setToolTip(self.tr("Hide details"))
        self._password.clicked.connect(self._ask_password)
        self._retry.clicked.connect(lambda: self._act(JobEvent.RETRY))
        self._resume.clicked.connect(lambda: self._act(JobEvent.RESUME))
        self._raise.clicked.connect(self._on_raise)
        self._open.clicked.connect(lambda: self._with_path(self.open_wanted))
        self._folder.clicked.connect(lambda: self._with_path(self.folder_wanted))
        self._close.clicked.connect(self.hide_wanted)

    def _make_layout(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 8, 4)
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._name)
        head.addWidget(self._status)
        head.addStretch(1)
        for button in (
            self._password,
            self._raise,
            self._retry,
            self._resume,
            self._open,
            self._folder,
            self._close,
        ):
            head.addWidget(button)
        self._advice = QLabel()
        plain_label(self._advice)
        self._advice.setContentsMargins(12, 0, 12, 6)
        self._advice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._advice)
        layout.addWidget(self.tabs, 1)

    def _plain(self, title: str) -> QPlainTextEdit:
        view = QPlainTextEdit()
        view.setReadOnly(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setAccessibleName(title)
        view.setTabChangesFocus(True)
        view.document().setDocumentMargin(12)
        self.tabs.addTab(view, title)
        return view

    def _card(self, title: str) -> ReceiptView:
        view = ReceiptView()
        view.setAccessibleName(title)
        self.tabs.addTab(view, title)
        return view

    # following -----------------------------------------------------------------------------

    @Slot(int)
    def show_job(self, job_id: int) -> None:
        """Show another job, 0 for none. Nothing is read while the panel is hidden."""
        self._job_id = job_id
        if not job_id:
            self._clear()
            return
        job = self.cached(job_id)
        if job is not None and (self._detail is None or self._detail.job.id != job.id):
            self._clear()
            self._detail = Detail(job, None, ())
            self._show_head()
        if not self.isHidden():
            self._read()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        if self._job_id:
            self._read()

    @Slot(object)
    def _on_changed(self, jobs: tuple[Job, ...]) -> None:
        if self._job_id and not self.isHidden() and any(int(job.id) == self._job_id for job in jobs):
            self._read()

    @Slot(object)
    def _on_pulse(self, _: object) -> None:
        """What runs moves on, and what waits moves up, without a change of its status."""
        detail = self._detail
        if detail is None or not self.isVisible():
            return
        near = detail.place is not None and detail.place <= NEAR_PLACES
        if detail.job.status is JobStatus.RUNNING or (detail.job.status is JobStatus.QUEUED and near):
            self._read()

    def _read(self) -> None:
        job_id = str(self._job_id)

        def call(backend: Backend) -> Detail:
            job = backend.service.job(job_id)
            place = backend.service.queue_place(job_id) if job.status is JobStatus.QUEUED else None
            running = job.status is JobStatus.RUNNING
            progress = backend.progress.latest().get(int(job_id)) if running else None
            return Detail(job, place, tuple(backend.service.history(job_id)), progress)

        self._hub.read(call, self._on_read, key="detail", failed=lambda _: self._clear())

    def _on_read(self, detail: Detail) -> None:
        if int(detail.job.id) != self._job_id:
            return
        self._detail = detail
        self._show_head()
        self._show_receipt()
        self._fill(self.history, "\n".join(map(history.line_of, detail.history)))
        self._fill(self.log, self._log_text(detail.job))
        self._on_tab(self.tabs.currentIndex())

    def _clear(self) -> None:
        self._detail, self._text_of = None, None
        self._name.setText(self.tr("Select a job to see what became of it."))
        self._status.setText("")
        for label in (self._advice, self._icon):
            label.clear()
        self._advice.hide()
        self.receipt.forget()
        for view in (self.text, self.history, self.log):
            view.clear()
        for button in (self._password, self._raise, self._retry, self._resume, self._open, self._folder):
            button.hide()

    @staticmethod
    def _fill(view: QPlainTextEdit, text: str) -> None:
        if view.toPlainText() != text:
            view.setPlainText(text)

    # what is shown -------------------------------------------------------------------------

    def _show_head(self) -> None:
        assert self._detail is not None
        job, progress, tokens = self._detail.job, self._detail.progress, theme.tokens_now()
        icon, color = status_icon(job), status_color(job, tokens)
        if words.is_up_next(job, progress):
            icon, color = "status-waiting", tokens.muted
        self._icon.setPixmap(assets.pixmap(icon, color, 18, self.devicePixelRatioF()))
        self._name.setText(one_line(job.original_filename))
        self._name.setToolTip(plain_tip(one_line(job.source_path)))
        self._status.setText(words.status(job, progress=progress, place=self._detail.place, held=self.held(job)))
        self._status.setToolTip(plain_tip(self._status.text()))
        palette = self._status.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(color))
        self._status.setPalette(palette)
        failed = job.status is JobStatus.FAILED
        advice = self._advice_on(job)
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        self._retry.setText(self.tr("Run OCR") if wants_recognition(job) else self.tr("Retry"))
        lacks = wants_recognition(job) and self._tools is not None and Tool.RECOGNITION not in self._tools
        asks, raises = Passwords.asks(job), failed and limit_of(job) is not None
        # As it is it would end as it did: what mends it stands in its place, and the toolbar still has "Retry".
        self._retry.setVisible(job.may_retry and not (lacks or asks or raises))
        self._password.setVisible(asks)
        self._resume.setVisible(can(job.status, JobEvent.RESUME))
        self._raise.setVisible(raises)
        self._open.show()
        self._folder.show()

    def _advice_on(self, job: Job) -> str:
        """What is the matter and what to press, in the words of this window."""
        if job.status is JobStatus.FAILED:
            step = causes.step_here(job.error_code, raises=limit_of(job) is not None)
            return f"{brief(causes.without_variables(job.error_message or ''))} {step}".strip()
        if wants_recognition(job) and self._tools is not None and Tool.RECOGNITION in self._tools:
            if job.outcome is not Outcome.EMPTY:
                return self.tr("Some of its pages are pictures. “Run OCR” reads them.")
            return self.tr("No text was found in it: its pages are probably pictures. “Run OCR” reads them.")
        return job.message or ""

    def _show_receipt(self) -> None:
        assert self._detail is not None
        job = self._detail.job
        self.receipt.show_card(receipt_card.card_of(job, self._hub.base_name(job.kb_id)))

    def _log_text(self, job: Job) -> str:
        if not job.error_code and not job.message:
            return self.tr("Nothing went wrong.")
        step = words.next_step(job.error_code) if job.error_code else ""
        lines = [job.message or ""] if job.message != step else []
        if job.error_code:
            lines += [
                self.tr("Error: {code}").format(code=job.error_code),
                job.error_message or "",
                self.tr("Next step: {step}").format(step=step),
            ]
        if job.receipt is not None:
            lines += history.phase_lines(job.receipt.seconds)
        return "\n".join(line for line in lines if line)

    @Slot(int)
    def _on_tab(self, index: int) -> None:
        """The text is read only when its tab is looked at."""
        detail = self._detail
        if detail is None or self.tabs.widget(index) is not self.text:
            return
        wanted = (int(detail.job.id), detail.job.revision)
        if self._text_of == wanted:
            return
        self._text_of = wanted
        job_id = detail.job.id
        self._hub.read(
            lambda backend: backend.service.chunks_of(job_id, TEXT_CHUNKS),
            self._on_text,
            key="text",
            failed=lambda error: self._fill(self.text, str(error)),
        )

    def _on_text(self, chunks: list[Chunk]) -> None:
        parts = []
        for chunk in chunks:
            place = places.line_of(chunk.location)
            parts.append(f"— {place} —\n{chunk.text}" if place else chunk.text)
        if len(chunks) == TEXT_CHUNKS:
            parts.append(self.tr("Only the start is shown here."))
        self._fill(self.text, "\n\n".join(parts) or self.tr("There is no text yet."))

    @Slot(object)
    def set_tools(self, tools: frozenset[Tool]) -> None:
        """Tell which programs of others are there: what they can mend is offered as soon as they are."""
        if tools != self._tools:
            self._tools = tools
            if self._detail is not None:
                self._show_head()

    def restyle(self) -> None:
        """Take the colours of the theme."""
        self._close.setIcon(assets.icon("close", theme.tokens_now().muted))
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        if self._detail is not None:
            self._show_head()
            self._show_receipt()

    # wishes --------------------------------------------------------------------------------

    def _act(self, event: JobEvent) -> None:
        if self._detail is not None:
            self.act_wanted.emit(event, self._detail.job.id)

    @Slot()
    def _ask_password(self) -> None:
        if self._detail is not None:
            self.password_wanted.emit(self._detail.job)

    @Slot()
    def _on_raise(self) -> None:
        if self._detail is not None:
            self.raise_wanted.emit(self._detail.job.id)

    def _with_path(self, wish: object) -> None:
        if self._detail is not None:
            wish.emit(self._detail.job.source_path)  # type: ignore[attr-defined]
