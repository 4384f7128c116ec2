"""Slim strips over the list: what a drop found, trouble, and the way back after a deletion."""

from collections import Counter
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from ingest_desktop.domain.causes import Tool
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Counts, DiscoveryReport
from ingest_desktop.ui import assets, formats, theme, words
from ingest_desktop.ui.plain import plain_tip
from ingest_desktop.ui.thin_bar import ThinBar

translate = words.translate
UNDO_MS = 10_000
BAR_FITS = 820


class Strip(QWidget):
    """A line with an icon, a sentence and buttons. Hidden until it has something to say.

    Signals:
        closed: The person closed it.
    """

    closed = Signal()

    def __init__(self, name: str, icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name, self.tone = icon, "accent"
        self.setAccessibleName(name)
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)  # in a narrow window it takes a second line and loses no word
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._icon = QLabel()
        self.close_button = QToolButton()
        self.close_button.setAutoRaise(True)
        self.close_button.setAccessibleName(self.tr("Close"))
        self.close_button.setToolTip(self.tr("Close"))
        self.close_button.clicked.connect(self._on_close)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(12, 6, 8, 6)
        self.row.setSpacing(8)
        self.row.addWidget(self._icon)
        self.row.addWidget(self.text, 1)
        self.row.addWidget(self.close_button)
        self.restyle()
        self.hide()

    def add_button(self, text: str, slot: object) -> QPushButton:
        """Put a button before the cross."""
        button = QPushButton(text)
        button.clicked.connect(slot)
        self.row.insertWidget(self.row.count() - 1, button)
        self.setTabOrder(button, self.close_button)
        return button

    def say(self, text: str) -> None:
        """Show a sentence."""
        self.text.setText(text)
        self.text.setToolTip(plain_tip(text))
        self.setAccessibleDescription(text)
        self.show()

    @Slot(str)
    def unsay(self, text: str) -> None:
        """A sentence is not true any more; what else was said meanwhile stays."""
        if text and self.text.text() == text:
            self.hide()

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens = theme.tokens_now()
        if self._icon_name:
            color = str(getattr(tokens, self.tone))
            self._icon.setPixmap(assets.pixmap(self._icon_name, color, 18, self.devicePixelRatioF()))
        self.close_button.setIcon(assets.icon("close", tokens.muted))
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """A quiet ground with a line below and the tone on the left."""
        tokens, painter = theme.tokens_now(), QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.alternate))
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(tokens.border))
        painter.fillRect(0, 0, 3, self.height(), QColor(str(getattr(tokens, self.tone))))

    @Slot()
    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()


def told(report: DiscoveryReport, counts: Counts | None) -> str:
    """What became of a drop, in one line. Files that had not changed are told apart: nothing was done for them."""
    if report.held:
        parts = [
            translate("BatchStrip", "The list is full: {files} added").format(files=words.files(report.added)),
            *_done_of(counts, report.unchanged),
            words.plural(
                report.held,
                translate("BatchStrip", "1 more is waiting to be added"),
                translate("BatchStrip", "{n} more are waiting to be added"),
            ),
        ]
    elif not report.finished:
        parts = [translate("BatchStrip", "Looking… {files} found").format(files=words.files(report.found))]
    elif counts is not None and counts.total():
        parts = _told_of_jobs(counts, report.unchanged)
    else:
        parts = [translate("BatchStrip", "{files} added").format(files=words.files(report.added))]
    for pattern, number in (
        (translate("BatchStrip", "{n} already in the list"), report.already_listed),
        (translate("BatchStrip", "{n} unchanged"), report.unchanged),
        (translate("BatchStrip", "{n} skipped"), sum(report.skipped.values())),
    ):
        if number:
            parts.append(pattern.format(n=formats.number(number)))
    return ", ".join(parts)


def _done_of(counts: Counts | None, unchanged: int) -> list[str]:
    """How many are behind us, of a drop that is not whole yet: whatever became of them."""
    done = 0 if counts is None else sum(counts.of(status) for status in JobStatus if status.is_terminal) - unchanged
    return [translate("BatchStrip", "{n} done").format(n=formats.number(done))] if done > 0 else []


def _told_of_jobs(counts: Counts, unchanged: int) -> list[str]:
    fresh = max(0, counts.total() - unchanged)
    failed, cancelled = counts.of(JobStatus.FAILED), counts.of(JobStatus.CANCELLED)
    gaps, empty = sum(counts.gaps.values()), words.without_text(counts)
    ended = max(0, counts.of(JobStatus.COMPLETED) - unchanged)
    left_out = sum(counts.left_out.values())
    done = max(0, ended - gaps - empty - left_out)
    if not fresh:
        parts = [translate("BatchStrip", "Nothing new")]
    elif ended + failed + cancelled < fresh:
        text = translate("BatchStrip", "{done} of {files} done")
        parts = [text.format(done=formats.number(done), files=words.files(fresh))]
        if paused := counts.of(JobStatus.PAUSED):
            parts.append(translate("BatchStrip", "{n} paused").format(n=formats.number(paused)))
    elif done == fresh:
        parts = [translate("BatchStrip", "{files} added, all done").format(files=words.files(fresh))]
    else:
        parts = [
            translate("BatchStrip", "{files} added").format(files=words.files(fresh)),
            translate("BatchStrip", "{n} done").format(n=formats.number(done)),
        ]
    for pattern, number in (
        (translate("BatchStrip", "{n} with gaps"), gaps),
        (translate("BatchStrip", "{n} without text"), empty),
        (translate("BatchStrip", "{n} left out"), left_out),
        (translate("BatchStrip", "{n} failed"), failed),
        (translate("BatchStrip", "{n} cancelled"), cancelled),
    ):
        if number:
            parts.append(pattern.format(n=formats.number(number)))
    return parts


class BatchStrip(Strip):
    """What the newest drop found and how far it has come.

    Signals:
        pause_wanted, resume_wanted, resume_all_wanted, cancel_wanted, undo_wanted: arg: batch id.
        repair_wanted: The knowledge base of the drop is damaged, and the person wants it mended. arg: its id.
        why_wanted: What was skipped, or left out when it was read. arg: counts by reason.
        attention_wanted: The person wants to see what failed, is empty or has gaps.
    """

    pause_wanted = Signal(str)
    resume_wanted = Signal(str)
    resume_all_wanted = Signal(str)
    cancel_wanted = Signal(str)
    undo_wanted = Signal(str)
    repair_wanted = Signal(str)
    why_wanted = Signal(object)
    attention_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr_name(), "drop", parent)
        self.batch_id = ""
        self._report: DiscoveryReport | None = None
        self._counts: Counts | None = None
        self._all_paused = False
        self._damaged: tuple[str, ...] = ()
        self._pause_means = self.pause_wanted
        self._is_for_repair = False
        self.bar = ThinBar(120)
        self.bar.setAccessibleName(self.tr("Progress of this drop"))
        self.row.insertWidget(2, self.bar)
        self.why = self.add_button(self.tr("Why?"), self._on_why)
        self.failed = self.add_button(self.tr("Show what failed"), self.attention_wanted)
        self.pause = self.add_button(self.tr("Pause"), self._on_pause)
        self.cancel = self.add_button(self.tr("Cancel"), lambda: self.cancel_wanted.emit(self.batch_id))
        self.undo = self.add_button(self.tr("Undo"), lambda: self.undo_wanted.emit(self.batch_id))
        self.undo.setToolTip(self.tr("Take out everything that this drop added; the original files stay"))

    @staticmethod
    def tr_name() -> str:
        """The accessible name."""
        return words.translate("BatchStrip", "Newest drop")

    @property
    def is_looking(self) -> bool:
        """True while files are still being looked for."""
        return self._report is not None and not self._report.finished

    def look(self) -> None:
        """Say that the search for files has begun, before there is a batch."""
        self.batch_id, self._report, self._counts = "", None, None
        self.say(self.tr("Looking…"))
        self._offer()

    @Slot(object)
    def set_report(self, report: DiscoveryReport) -> None:
        """Follow the search for files of a batch; a newer batch takes the strip."""
        if report.batch_id != self.batch_id:
            self.batch_id, self._counts = report.batch_id, None
        self._report = report
        self._say()

    def set_counts(self, batch_id: str, counts: Counts) -> None:
        """Follow the jobs of the batch."""
        if batch_id == self.batch_id and self._report is not None and not self.isHidden():
            had_some = self._counts is not None and self._counts.total() > 0
            self._counts = counts
            if had_some and not counts.total() and self._report.finished and not self._report.held:
                self.hide()  # all of it was deleted: there is nothing to tell, and "Undo" would take out nothing
            else:
                self._say()

    @property
    def kb_id(self) -> str | None:
        """The knowledge base of the drop, once its jobs are counted."""
        return next((kb_id for kb_id, _ in self._counts.by_status), None) if self._counts else None

    def set_all_paused(self, paused: bool) -> None:
        """Tell whether the whole program is paused."""
        if paused != self._all_paused:
            self._all_paused = paused
            self._offer()

    def set_damaged(self, kb_ids: tuple[str, ...]) -> None:
        """Tell which knowledge bases wait for a repair."""
        if kb_ids != self._damaged:
            self._damaged = kb_ids
            self._offer()

    def _say(self) -> None:
        if self._report is not None:
            self.say(told(self._report, self._counts))
            self._offer()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow strip keeps its words and lets go of the bar."""
        super().resizeEvent(event)
        self._offer()

    def _done(self) -> int:
        assert self._counts is not None
        return sum(self._counts.of(status) for status in JobStatus if status.is_terminal)

    def _offer(self) -> None:
        counts, report = self._counts, self._report
        total, done = (counts.total(), self._done()) if counts else (0, 0)
        working = report is None or not report.finished or (counts is not None and done < total)
        self.bar.setVisible(working and self.width() >= BAR_FITS)
        held = report.held if report is not None else 0
        self.bar.setRange(0, total + held if report is not None and (report.finished or held) else 0)
        self.bar.setValue(done)
        self.why.setVisible(bool(self._left_out()))
        needy = sum(counts.attention.values()) if counts is not None else 0
        failed = counts.of(JobStatus.FAILED) if counts is not None else 0
        self.failed.setText(self.tr("Show what failed") if needy == failed else self.tr("Show what needs a look"))
        self.failed.setVisible(not working and max(needy, failed) > 0)
        paused = counts is not None and counts.of(JobStatus.PAUSED) > 0 and not counts.of(JobStatus.RUNNING)
        self._is_for_repair = paused and self.kb_id in self._damaged  # what is resumed there is paused again at once
        if self._is_for_repair:
            text = self.tr("Repair…")
        elif self._all_paused:  # to resume this drop alone would wake nothing
            self._pause_means, text = self.resume_all_wanted, self.tr("Resume everything")
        elif paused:
            self._pause_means, text = self.resume_wanted, self.tr("Resume")
        else:
            self._pause_means, text = self.pause_wanted, self.tr("Pause")
        self.pause.setText(text)
        self.pause.setVisible(working and bool(self.batch_id))
        self.cancel.setVisible(working and bool(self.batch_id))
        self.undo.setVisible(bool(self.batch_id) and report is not None and (report.added > 0 or total > 0))

    @Slot()
    def _on_pause(self) -> None:
        if self._is_for_repair:
            self.repair_wanted.emit(self.kb_id or "")
        else:
            self._pause_means.emit(self.batch_id)

    def _left_out(self) -> dict[str, int]:
        """What was left out by reason, of files that were found and of those that turned out to be no documents."""
        found = Counter(self._report.skipped if self._report is not None else {})
        found.update(self._counts.left_out if self._counts is not None else {})
        return dict(found)

    @Slot()
    def _on_why(self) -> None:
        self.why_wanted.emit(self._left_out())


class ToolStrip(Strip):
    """Offers what a program that was missing can do now that it is there.

    Signals:
        retry_wanted: arg: Tool.
        declined: The person closed it. arg: what was offered, a dict of numbers by Tool.
    """

    retry_wanted = Signal(object)
    declined = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(words.translate("ToolStrip", "Programs that are there now"), "search", parent)
        self._offered: dict[Tool, int] = {}
        self.buttons: dict[Tool, QPushButton] = {}
        for tool, verb in ((Tool.RECOGNITION, self.tr("Run OCR")), (Tool.OFFICE, self.tr("Read with LibreOffice"))):
            self.buttons[tool] = self.add_button(verb, lambda _=False, t=tool: self.retry_wanted.emit(t))
        self.closed.connect(lambda: self.declined.emit(dict(self._offered)))

    def offer(self, offered: dict[Tool, int]) -> None:
        """Say how many files can be read now, by the program that they lacked; hides when there are none."""
        if offered == self._offered:
            return
        self._offered = dict(offered)
        for tool, button in self.buttons.items():
            button.setVisible(bool(offered.get(tool)))
        sentences = [
            pattern.format(files=words.files(offered[tool]))
            for tool, pattern in (
                (Tool.RECOGNITION, self.tr("Text recognition is there now: {files} can be read.")),
                (Tool.OFFICE, self.tr("LibreOffice is there now: {files} can be read.")),
            )
            if offered.get(tool)
        ]
        if sentences:
            self.say(" ".join(sentences))
        else:
            self.hide()


class UndoStrip(Strip):
    """The way back after a deletion: shown for ten seconds, kept for as long as the program runs.

    Signals:
        spent: There is nothing more to undo.
    """

    spent = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(words.translate("UndoStrip", "Undo deletion"), "delete", parent)
        self._ways_back: list[Callable[[], None]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.hide)
        self.closed.connect(self._timer.stop)
        self.add_button(self.tr("Undo"), self.undo)

    def offer(self, text: str, way_back: Callable[[], None]) -> None:
        """Say what was deleted; ``way_back`` takes it back."""
        self._ways_back.append(way_back)
        self.say(text)
        self._timer.start()

    @Slot()
    def undo(self) -> None:
        """Take the newest deletion back."""
        self._timer.stop()
        self.hide()
        if self._ways_back:
            self._ways_back.pop()()
        if not self._ways_back:
            self.spent.emit()
