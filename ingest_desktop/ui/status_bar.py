"""The status bar: how far everything has come, how fast it goes, and what needs a person."""

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.ui import assets, causes, formats, theme, words
from ingest_desktop.ui.elided_label import ElidedLabel
from ingest_desktop.ui.hub import Pulse
from ingest_desktop.ui.plain import plain_tip
from ingest_desktop.ui.thin_bar import ThinBar

SAY_MS = 6_000


def overall(pulse: Pulse) -> tuple[int, int]:
    """How many jobs are done, and how many there are that were not cancelled, those included that are still to be added."""
    counts = pulse.status.counts
    total = counts.total() - counts.of(JobStatus.CANCELLED) + pulse.held
    return counts.of(JobStatus.COMPLETED) + counts.of(JobStatus.FAILED), total


def is_working(pulse: Pulse) -> bool:
    """True while jobs run, or wait and are not held up."""
    counts = pulse.status.counts
    return not pulse.status.app_paused and counts.of(JobStatus.RUNNING) + counts.of(JobStatus.QUEUED) > 0


def summary(pulse: Pulse, trouble: str = "") -> str:
    """2,224 of 3,120, about 22 s left; or why nothing goes on; or a plain sum when nothing is to be done.

    Args:
        trouble: The code of what holds all work up, or nothing.
    """
    translate = formats.translate
    done, total = overall(pulse)
    if not total:
        return translate("StatusBar", "No jobs yet")
    if done == total:
        return _ended(pulse)
    text = translate("StatusBar", "{n} of {m}").format(n=formats.number(done), m=formats.number(total))
    if pulse.held:
        text = translate("StatusBar", "{progress}, {n} still to be added").format(
            progress=text, n=formats.number(pulse.held)
        )
    if pulse.status.app_paused:
        return translate("StatusBar", "{progress}, everything is paused").format(progress=text)
    if trouble:
        return translate("StatusBar", "{progress}, held up: {why}").format(progress=text, why=causes.hold(trouble))
    left = pulse.seconds_left
    if left is not None:
        return translate("StatusBar", "{progress}, about {time} left").format(
            progress=text, time=formats.duration(max(1.0, left))
        )
    return text


def _ended(pulse: Pulse) -> str:
    """97 done, 3 with gaps, 17 failed: what needs a person is counted once and never as done."""
    counts = pulse.status.counts
    failed, gaps, empty = counts.of(JobStatus.FAILED), sum(counts.gaps.values()), words.without_text(counts)
    done = max(0, counts.of(JobStatus.COMPLETED) - gaps - empty - pulse.left_out)
    parts = [formats.translate("StatusBar", "{n} done").format(n=formats.number(done))]
    for pattern, number in (
        (formats.translate("StatusBar", "{n} with gaps"), gaps),
        (formats.translate("StatusBar", "{n} without text"), empty),
        (formats.translate("StatusBar", "{n} left out"), pulse.left_out),
        (formats.translate("StatusBar", "{n} failed"), failed),
    ):
        if number:
            parts.append(pattern.format(n=formats.number(number)))
    return ", ".join(parts)


class StatusBar(QWidget):
    """One line at the bottom.

    Signals:
        attention_wanted: The person wants to see what needs attention.
        resume_wanted: The person wants everything that is paused to go on.
    """

    attention_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.bar = ThinBar(160)
        self.bar.setAccessibleName(self.tr("Overall progress"))
        self.text = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.text.setText(self.tr("Opening…"))
        self.text.setFont(theme.tabular(self.font()))
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.resume = QPushButton(self.tr("Resume everything"))
        self.resume.clicked.connect(self.resume_wanted)
        self.resume.hide()
        self.attention = QToolButton()
        self.attention.setAutoRaise(True)
        self.attention.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.attention.clicked.connect(self.attention_wanted)
        self.attention.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(12)
        row.addWidget(self.bar)
        row.addWidget(self.text, 1)
        row.addWidget(self.resume)
        row.addWidget(self.attention)
        self.setFixedHeight(32)
        self.bar.hide()
        self._line = self.text.text()
        self._attention = 0
        self._trouble = ""
        self._pulse: Pulse | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_said)

    def show_opening(self) -> None:
        """The data folder is being opened."""
        self._stand(self.tr("Opening…"))

    def show_broken(self) -> None:
        """The data folder could not be opened."""
        self._stand(self.tr("Not open"))

    def _stand(self, line: str) -> None:
        self._line = line
        self.text.setText(line)

    @Slot(str)
    def say(self, text: str) -> None:
        """Tell something for a moment."""
        self.text.setText(text)
        self.text.setToolTip(plain_tip(text))
        self._timer.start(SAY_MS)

    @Slot()
    def _on_said(self) -> None:
        self.text.setText(self._line)
        self.text.setToolTip("")

    @Slot(object)
    def show_pulse(self, pulse: Pulse) -> None:
        """Follow the engine."""
        done, total = overall(pulse)
        self._pulse = pulse
        working = is_working(pulse) and not self._trouble
        parts = [summary(pulse, self._trouble)]
        if working and pulse.files_per_second >= 0.1:
            rate = pulse.files_per_second
            parts.append(self.tr("{n} files/s").format(n=formats.decimal(rate, 1 if rate < 10 else 0)))
        if working:
            parts.append(words.workers(pulse.status.workers))
        if pulse.store_bytes:
            parts.append(self.tr("store {size}").format(size=formats.size(pulse.store_bytes)))
        self._line = "  ·  ".join(parts)
        if not self._timer.isActive():
            self.text.setText(self._line)
        self.resume.setVisible(pulse.status.app_paused)
        self.bar.setVisible(total > done)
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self._attention = sum(pulse.status.counts.attention.values())
        self.attention.setVisible(self._attention > 0)
        self.attention.setText(formats.number(self._attention))
        tip = words.attention(self._attention)
        self.attention.setToolTip(tip)
        self.attention.setAccessibleName(tip)

    @Slot(str, str, str)
    def set_trouble(self, code: str, *_: str) -> None:
        """Work as a whole is held up; an empty code says that it is over."""
        self._trouble = code
        if self._pulse is not None:
            self.show_pulse(self._pulse)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        tokens, palette = theme.tokens_now(), self.attention.palette()
        palette.setColor(QPalette.ColorRole.ButtonText, QColor(tokens.danger))
        self.attention.setPalette(palette)
        self.attention.setIcon(assets.icon("warning", tokens.danger))
