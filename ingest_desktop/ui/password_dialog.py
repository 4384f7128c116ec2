"""Asks for the password of locked files, and has them read again with it."""

from collections.abc import Sequence
from enum import Enum

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.application.passwords import asks_for_password
from ingest_desktop.domain.errors import SourceEncrypted
from ingest_desktop.domain.models import ActionResult, Job, JobSelector
from ingest_desktop.ui import words
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.plain import named, plain_buttons

EVERYTHING = JobSelector(everything=True)


class Scope(Enum):
    """What a password is for."""

    FILE = "file"
    DROP = "drop"
    ALL = "all"


class PasswordDialog(QDialog):
    """One masked field. What is typed leaves by ``taken`` and is wiped.

    Signals:
        taken: The person gave a password. args: the password, a ``Scope``.
    """

    taken = Signal(str, object)

    def __init__(self, why: str, name: str, parent: QWidget, base: str = "") -> None:
        """``why`` says what became of the last try; without a ``name`` it is for all files that ask, of a ``base`` or any."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Give password"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.why = self._sentence(why)
        self.why.setVisible(bool(why))
        self.field = QLineEdit()
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self.field.setAccessibleName(self.tr("Password"))
        self.show_it = QCheckBox(self.tr("Show what is typed"))
        self.show_it.toggled.connect(self._on_show)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        plain_buttons(self.buttons)
        self.give = self.buttons.addButton(self.tr("Read with it"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.give.setEnabled(False)
        self.field.textChanged.connect(lambda text: self.give.setEnabled(bool(text)))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._make_scopes(name)
        layout = QVBoxLayout(self)
        if name:
            title = self.tr("The password of “{name}”:").format(name=named(name))
        elif base:
            title = self.tr("A password for all files in “{name}” that ask for one:").format(name=base)
        else:
            title = self.tr("A password for all files that ask for one:")
        layout.addWidget(self._sentence(title))
        for widget in (self.why, self.field, self.show_it, *self.scopes.values()):
            layout.addWidget(widget)
        kept = self.tr("It is kept in memory until the program ends, and written down nowhere.")
        layout.addWidget(self._sentence(kept))
        layout.addWidget(self.buttons)
        self.setMinimumWidth(420)
        self.field.setFocus()

    def _make_scopes(self, name: str) -> None:
        texts = {
            Scope.FILE: self.tr("For this file"),
            Scope.DROP: self.tr("For all files that were added together with it and ask for one"),
            Scope.ALL: self.tr("For all files that ask for one"),
        }
        offered = texts if name else {Scope.ALL: texts[Scope.ALL]}
        self.scopes = {scope: QRadioButton(text) for scope, text in offered.items()}
        self._group = QButtonGroup(self)
        for button in self.scopes.values():
            self._group.addButton(button)
            button.setVisible(len(self.scopes) > 1)
        next(iter(self.scopes.values())).setChecked(True)

    def _sentence(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    @Slot(bool)
    def _on_show(self, shown: bool) -> None:
        self.field.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)

    def done(self, result: int) -> None:
        """Hand the password over if it was given; wipe the field either way."""
        password = self.field.text()
        scope = next(scope for scope, button in self.scopes.items() if button.isChecked())
        self.field.clear()
        super().done(result)
        if result == QDialog.DialogCode.Accepted and password:
            self.taken.emit(password, scope)


class Passwords(QObject):
    """Opens the dialog and sends what was typed to the engine. Lives in the UI thread.

    Signals:
        said: What came of it. arg: a sentence.
        refused: Files are locked still, now that they were read with the password. arg: a sentence.
        given: Another password was given: what was told of the one before is over. arg: that sentence.
    """

    said = Signal(str)
    refused = Signal(str)
    given = Signal(str)

    def __init__(self, hub: Hub, window: QWidget) -> None:
        super().__init__(window)
        self._hub, self._window = hub, window
        self.dialog: PasswordDialog | None = None
        self._tried: set[str] = set()  # ids of jobs that are to be read with what was given last
        self._told = ""  # of a password that opened nothing
        self._refused: list[str] = []  # names of those that it does not open
        hub.bridge.changed.connect(self._follow)

    @staticmethod
    def asks(job: Job) -> bool:
        """Whether a password may help a job."""
        return asks_for_password(job)

    def ask(self, job: Job) -> None:
        """Ask for the password of a job's file."""
        why = job.error_message or job.message or ""
        self._open(why, job.original_filename, job)

    def ask_for_all(self, of: JobSelector | None = None) -> None:
        """Ask for a password of all files that ask for one, or of those of a knowledge base."""
        of = of or EVERYTHING
        self._open("", "", None, of, self._hub.base_name(of.kb_id) if of.kb_id else "")

    def _open(self, why: str, name: str, job: Job | None, of: JobSelector = EVERYTHING, base: str = "") -> None:
        if self.dialog is not None:
            self.dialog.raise_()
            return
        self.dialog = PasswordDialog(why, name, self._window, base)
        self.dialog.taken.connect(lambda password, scope: self._give(password, scope, job, of))
        self.dialog.finished.connect(self._on_finished)
        self.dialog.open()

    @Slot()
    def _on_finished(self) -> None:
        self.dialog = None

    def _give(self, password: str, scope: Scope, job: Job | None, of: JobSelector) -> None:
        if job is None or scope is Scope.ALL:
            selector = of
        elif scope is Scope.DROP:
            selector = JobSelector(batch_id=job.batch_id)
        else:
            selector = JobSelector(job_ids=(job.id,))
        self._hub.do(lambda backend: backend.service.give_passwords([password], selector), self._tell)

    def _tell(self, result: ActionResult) -> None:
        self.said.emit(self.tr("{jobs} to be read with the password.").format(jobs=words.jobs(result.changed)))
        self.given.emit(self._told)
        self._tried, self._refused, self._told = set(result.job_ids), [], ""
        ids = list(map(int, result.job_ids))  # some may have ended before their ids were known here
        self._hub.read(lambda backend: backend.service.jobs_by_ids(ids), self._follow, failed=lambda _: None)

    @Slot(object)
    def _follow(self, jobs: Sequence[Job]) -> None:
        known = len(self._refused)
        for job in jobs:
            if job.id in self._tried and job.status.is_terminal:
                self._tried.discard(job.id)
                if job.error_code == SourceEncrypted.code:
                    self._refused.append(job.original_filename)
        if len(self._refused) == known:
            return
        if len(self._refused) == 1:
            text = self.tr("The password does not open “{name}”.").format(name=named(self._refused[0]))
        else:
            text = self.tr("The password does not open {files}.").format(files=words.files(len(self._refused)))
        step = self.tr("What asks for one stands under “Attention”, where another can be given.")
        self._told = f"{text} {step}"
        self.refused.emit(self._told)
