"""Mending what is damaged from the window: a knowledge base while the others go on, the list of jobs when nothing opens.

Also takes up the work again when a data folder that had vanished is back. All of it runs in a thread of its own.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from ingest_desktop.domain.errors import LedgerDamaged, StoreDamaged, StoreFull, StoreGone
from ingest_desktop.domain.interfaces.checks import Mended, RepairReport, Unsaved
from ingest_desktop.ui import causes, dialogs, formats, words
from ingest_desktop.ui.backend import Backend, Repairable
from ingest_desktop.ui.commands import sentence_of
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.strips import Strip
from ingest_desktop.ui.thin_bar import ThinBar

BACK_MS = 5_000  # between two looks for a data folder that is gone
T = TypeVar("T")


class RepairStrip(Strip):
    """What a repair does now, with a bar that moves; no cross while it is at it. Afterwards: what it could not save.

    Signals:
        again_wanted: The person wants to add again what could not be saved.
    """

    again_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(words.translate("RepairStrip", "Repair"), "retry", parent)
        self.bar = ThinBar(120)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(self.tr("A repair is at work"))
        self.row.insertWidget(self.row.count() - 1, self.bar)
        self.again = self.add_button(self.tr("Add them again"), self.again_wanted)
        self.again.setToolTip(self.tr("Look through what had been added with them; what is there is not read twice"))

    def show_step(self, text: str) -> None:
        """It is at work."""
        self._show(text, "accent", at_work=True)

    def show_failure(self, text: str) -> None:
        """It could not be done."""
        self._show(text, "danger", at_work=False)

    def show_unsaved(self, text: str, *, can_look: bool) -> None:
        """It is done, and some jobs are lost. The strip stays until it is closed."""
        self._show(text, "warning", at_work=False, can_look=can_look)

    def _show(self, text: str, tone: str, *, at_work: bool, can_look: bool = False) -> None:
        self.tone = tone
        self.again.setVisible(can_look)
        self.bar.setVisible(at_work)
        self.close_button.setVisible(not at_work)
        self.restyle()
        self.say(text)


def unsaved_text(unsaved: Unsaved) -> str:
    """What could not be saved, and what to do about it."""
    jobs, parts = words.jobs(unsaved.number or 0), list[str]()
    if unsaved.number is None:
        text = words.translate(
            "Repairs", "Jobs that had brought no text may be missing: nothing tells any more how many there were."
        )
    elif not unsaved.is_exact:
        text = words.translate("Repairs", "Up to {jobs} could not be saved; none of them had brought any text.")
    elif unsaved.number == unsaved.failed:
        text = words.translate("Repairs", "{jobs} that had failed could not be saved.")
    elif unsaved.number == unsaved.waiting:
        text = words.translate("Repairs", "{jobs} that waited to be read could not be saved.")
    else:
        text = words.translate("Repairs", "{jobs} could not be saved.")
        parts = [
            pattern.format(n=formats.number(number))
            for pattern, number in (
                (words.translate("Repairs", "{n} had failed"), unsaved.failed),
                (words.translate("Repairs", "{n} waited to be read"), unsaved.waiting),
            )
            if number
        ]
    if parts:
        text = words.translate("Repairs", "{jobs} could not be saved: {kinds}.")
    said = text.format(jobs=jobs, kinds=", ".join(parts))
    step = words.translate("Repairs", "Add the folders again: what is there is not read twice.")
    return f"{said} {step}"


class Repairs(QObject):
    """Offers a repair where it helps, runs it, and says what came of it.

    Signals:
        said: Something to tell in the status bar. arg: a sentence.
        adding_wanted: Paths to add again. args: a list of paths, id of their knowledge base.
    """

    said = Signal(str)
    adding_wanted = Signal(object, str)
    _stepped = Signal(str)

    def __init__(self, hub: Hub, trouble: Strip, strip: RepairStrip, window: QWidget) -> None:
        super().__init__(window)
        self._hub, self._trouble, self.strip, self._window = hub, trouble, strip, window
        self._code = ""  # of the trouble that the strip tells
        self._title = ""  # what is repaired now, or nothing
        self.button = trouble.add_button(self.tr("Repair…"), self._on_button)
        self.button.hide()
        self._back = QTimer(self)
        self._back.setInterval(BACK_MS)
        self._back.timeout.connect(self._look_for_store)
        self._is_looking = False
        self._places: dict[str, list[str]] = {}  # where to look again for what could not be saved
        self.strip.again_wanted.connect(self._on_again)
        self._stepped.connect(self._on_step)
        hub.ready.connect(self._ask_damaged)
        hub.bridge.troubled.connect(self._on_trouble)

    @property
    def is_at_work(self) -> bool:
        """Whether a repair is under way."""
        return bool(self._title)

    def told(self, code: str, message: str, hint: str) -> str:
        """A trouble as the strip tells it: after damage the next step is its button, and nothing has to be started again."""
        here = {
            StoreDamaged.code: self.tr("The documents themselves are untouched, and the other knowledge bases go on."),
            LedgerDamaged.code: self.tr(
                "The documents themselves are untouched, and so is their text. Quit the program and start it again: it offers "
                "to repair the list then."
            ),
            StoreGone.code: self.tr("Bring the disk or folder back: work goes on by itself then."),
            StoreFull.code: self.tr("Free some space on the disk: work goes on by itself then."),
        }
        return causes.without_variables(f"{message} {here.get(code, hint)}".strip())

    # what is damaged -----------------------------------------------------------------------

    @Slot(str, str, str)
    def _on_trouble(self, code: str, *_: str) -> None:
        self._code = code
        self._offer()
        if code in (StoreDamaged.code, ""):
            self._ask_damaged()
        if code == StoreGone.code:
            self._back.start()
        elif not code:
            self._back.stop()

    @Slot()
    def _ask_damaged(self) -> None:
        def ask(backend: Backend) -> Sequence[str]:
            return backend.damaged_bases() if isinstance(backend, Repairable) else ()

        # Nobody needs to hear that it could not be asked: it is when there is other trouble, which is told.
        self._hub.read(ask, self._on_damaged, key="damaged", failed=lambda _: None)

    def _on_damaged(self, kb_ids: Sequence[str]) -> None:
        self._hub.damaged = tuple(kb_ids)
        self._offer()

    def _offer(self) -> None:
        wanted = self._code == StoreDamaged.code and bool(self._hub.damaged) and not self.is_at_work
        self.button.setVisible(wanted)

    # a knowledge base ----------------------------------------------------------------------

    @Slot()
    def _on_button(self) -> None:
        if self._hub.damaged:
            self.offer(self._hub.damaged[0])

    @Slot(str)
    def offer(self, kb_id: str) -> None:
        """Explain what a repair of a knowledge base does, and do it if the person agrees."""
        if self.is_at_work:
            return
        box = dialogs.RepairBox(self._hub.base_name(kb_id), self._window)
        box.accepted.connect(lambda: self._repair_base(kb_id))
        box.open()

    def _repair_base(self, kb_id: str) -> None:
        backend = self._hub.backend
        if self.is_at_work or not isinstance(backend, Repairable):
            return
        name = self._hub.base_name(kb_id)
        call = backend.repair_knowledge_base

        def done(mended: Sequence[Mended]) -> None:
            self._trouble.hide()
            self._tell_done(self.tr("“{name}” is repaired.").format(name=name), mended)
            self._ask_damaged()
            self._hub.look_soon(0)

        def failed(error: Exception) -> None:
            self.strip.show_failure(sentence_of(error))

        self._run(
            self.tr("Repairing “{name}”.").format(name=name),
            lambda: call(kb_id, self._stepped.emit),
            done,
            failed,
        )

    # the list of jobs ----------------------------------------------------------------------

    def helps_with(self, error: Exception) -> bool:
        """Whether a repair of the whole store is of use after this kept it from being opened."""
        return isinstance(error, LedgerDamaged) and self._hub.mend is not None

    @Slot()
    def repair_store(self) -> None:
        """Repair a store that cannot be opened, then open it."""
        mend = self._hub.mend
        if mend is None or self.is_at_work:
            return

        def done(report: RepairReport) -> None:
            self._trouble.hide()
            self._tell_done(self.tr("The list of jobs is repaired."), report.done)
            if report.unsaved is not None:
                self._tell_unsaved(report.unsaved)
            self._hub.open()

        self._run(self.tr("Repairing the list of jobs."), lambda: mend(self._stepped.emit), done, self._hub.broken.emit)

    # both ----------------------------------------------------------------------------------

    def _run(
        self, title: str, call: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        def over() -> None:
            self._title = ""
            self.strip.hide()
            self._offer()

        def on_done(result: T) -> None:
            over()
            done(result)

        def on_failed(error: Exception) -> None:
            over()
            failed(error)

        self._title = title
        self._offer()
        self.strip.show_step(title)
        self._hub.repairing.ask(call, on_done, failed=on_failed)

    @Slot(str)
    def _on_step(self, text: str) -> None:
        if self._title:
            self.strip.show_step(f"{self._title} {text}")

    def _tell_done(self, text: str, mended: Sequence[Mended]) -> None:
        if any(one.code == "document_missing" for one in mended):
            text += " " + self.tr("Files whose text was lost are read again.")
        self.said.emit(text)

    def _tell_unsaved(self, unsaved: Unsaved) -> None:
        self._places = {}
        for kb_id, path in unsaved.places:
            self._places.setdefault(kb_id, []).append(path)
        self.strip.show_unsaved(unsaved_text(unsaved), can_look=bool(self._places))

    @Slot()
    def _on_again(self) -> None:
        places, self._places = self._places, {}
        self.strip.hide()
        for kb_id, paths in places.items():
            self.adding_wanted.emit(paths, kb_id)

    # a folder that comes back --------------------------------------------------------------

    @Slot()
    def _look_for_store(self) -> None:
        backend = self._hub.backend
        if not isinstance(backend, Repairable):
            self._back.stop()
            return
        if self._is_looking:
            return
        self._is_looking = True
        self._hub.repairing.ask(backend.go_on_if_back, self._on_looked, failed=lambda _: self._on_looked(False))

    def _on_looked(self, is_back: bool) -> None:
        self._is_looking = False
        if is_back:
            self._back.stop()
            self.said.emit(self.tr("The data folder is back: work goes on."))
            self._hub.look_soon(0)
