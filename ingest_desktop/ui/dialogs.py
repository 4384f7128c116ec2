"""Small dialogs: naming a knowledge base, deleting one, quitting during work."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop import __version__
from ingest_desktop.domain.models import KnowledgeBase
from ingest_desktop.ui import assets, shortcuts, theme, words
from ingest_desktop.ui.plain import plain_buttons

NAME_LENGTH = 80
BOX_WIDTH = 440  # pixels


class NameDialog(QDialog):
    """Asks for the name of a knowledge base; checks it as it is typed."""

    def __init__(self, title: str, verb: str, taken: list[str], name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._taken = {other.casefold() for other in taken if other != name}
        self.field = QLineEdit(name)
        self.field.setMaxLength(NAME_LENGTH)
        self.field.setAccessibleName(self.tr("Name"))
        self.field.selectAll()
        self.note = QLabel(" ")
        palette = self.note.palette()
        palette.setColor(palette.ColorRole.WindowText, theme.tokens_now().danger)
        self.note.setPalette(palette)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        plain_buttons(buttons)
        self.accept_button = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        label = QLabel(self.tr("Name"))
        label.setBuddy(self.field)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for widget in (label, self.field, self.note, buttons):
            layout.addWidget(widget)
        self.setMinimumWidth(360)
        self.field.textChanged.connect(self._check)
        self._check(name)

    @property
    def name(self) -> str:
        """What was typed, without blanks around it."""
        return self.field.text().strip()

    def _check(self, _: str) -> None:
        taken = self.name.casefold() in self._taken
        self.note.setText(self.tr("There is one with this name.") if taken else " ")
        self.accept_button.setEnabled(bool(self.name) and not taken)


def confirm_delete_base(base: KnowledgeBase, jobs: int, days: float, parent: QWidget) -> QMessageBox:
    """Asks before a knowledge base goes; the caller opens it."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(box.tr("Delete knowledge base"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(box.tr("Delete “{name}” with {jobs}?").format(name=base.name, jobs=words.jobs(jobs)))
    box.setInformativeText(
        box.tr(
            "The original files are untouched. Undo ({key}) brings it back, and for {days} so does "
            "“Recently deleted…” in the menu."
        ).format(key=shortcuts.shown("undo"), days=words.days(days))
    )
    delete = box.addButton(box.tr("Delete"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    plain_buttons(box)
    delete.setObjectName("delete")
    widen(box)
    return box


def about_box(parent: QWidget) -> QMessageBox:
    """Says what this program is; the caller opens it."""
    box = QMessageBox(parent)
    box.setIconPixmap(assets.app_icon().pixmap(64, 64))
    box.setWindowTitle(box.tr("About"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    name = box.tr("Ingest Desktop {version}").format(version=__version__)
    what = box.tr("Makes your documents searchable.\nNothing leaves this computer.")
    box.setText(f"{name}\n\n{what}")
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    plain_buttons(box)
    return box


def widen(box: QMessageBox) -> None:
    """Give a message box room for its title and for sentences: Qt makes it as narrow as its first line."""
    grid = box.layout()
    if isinstance(grid, QGridLayout):
        grid.addItem(QSpacerItem(BOX_WIDTH, 0), grid.rowCount(), 0, 1, grid.columnCount())


class BrokenBox(QMessageBox):
    """Says that the data folder could not be opened, and why: to repair where that helps, to try again, to take another
    folder, or to quit.
    """

    def __init__(self, why: str, folder: str, parent: QWidget, *, can_repair: bool = False) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Warning)
        self.setWindowTitle(self.tr("The data folder could not be opened"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(why)
        where = self.tr("Data folder: {folder}").format(folder=folder)
        self.repair: QPushButton | None = None
        if can_repair:
            how = self.tr(
                "Repair puts the list of jobs together again from what can be read of it, the daily copies and the "
                "knowledge bases, and keeps the damaged file. Files whose text was lost are read again from the originals."
            )
            where = f"{how}\n\n{where}"
            self.repair = self.addButton(self.tr("Repair"), QMessageBox.ButtonRole.AcceptRole)
            self.setDefaultButton(self.repair)
        self.setInformativeText(where)
        self.again = self.addButton(self.tr("Try again"), QMessageBox.ButtonRole.AcceptRole)
        self.other = self.addButton(self.tr("Another folder…"), QMessageBox.ButtonRole.ActionRole)
        self.other.setToolTip(
            self.tr(
                "For this time. To take it always, start the program with --data-dir and the folder, or set "
                "INGESTION_DATA_ROOT."
            )
        )
        self.leave = self.addButton(self.tr("Quit"), QMessageBox.ButtonRole.RejectRole)
        widen(self)


class RepairBox(QMessageBox):
    """Says what the repair of a knowledge base does; accepted when the person wants it."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Repair knowledge base"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("Repair “{name}”?").format(name=name))
        self.setInformativeText(
            self.tr(
                "What can be read is put into a new file, and the damaged one is kept beside it. Documents whose text was "
                "lost are read again from the originals; no file is read until the repair is done."
            )
        )
        self.repair = self.addButton(self.tr("Repair"), QMessageBox.ButtonRole.AcceptRole)
        self.addButton(QMessageBox.StandardButton.Cancel)
        plain_buttons(self)
        self.setDefaultButton(self.repair)
        widen(self)


class QuitBox(QMessageBox):
    """Asks once before quitting during work; can remember the answer."""

    def __init__(self, running: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Quit"))
        self.setText(self.tr("{jobs} not finished. Quit now?").format(jobs=words.jobs(running)))
        self.setInformativeText(self.tr("Nothing is lost: they go on where they stopped at the next start."))
        self.quit_button = self.addButton(self.tr("Quit"), QMessageBox.ButtonRole.AcceptRole)
        self.addButton(self.tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.quit_button)
        self.remember = QCheckBox(self.tr("Do not ask again"))
        self.setCheckBox(self.remember)
        widen(self)
