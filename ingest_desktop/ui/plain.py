"""Plain words and plain buttons: Qt takes for markup whatever looks like it, and puts icons on the buttons it makes."""

import html

from PySide6.QtGui import QIcon, Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QMessageBox, QSizePolicy

from ingest_desktop.domain.text import one_line

NAME_LENGTH = 60  # characters of a name in a sentence; its ending tells what it is
BRIEF_LENGTH = 280


def plain_tip(text: str) -> str:
    """A tool tip that says just this. Qt has no plain format for tips, so what looks like markup is spelt out as markup."""
    if not Qt.mightBeRichText(text):
        return text
    spelt = html.escape(text).replace("\n", "<br>")
    return f"<qt>{spelt}</qt>"


def named(name: str) -> str:
    """A name within a sentence: on one line, nothing in it turns the direction of writing, and not endlessly long."""
    said = one_line(name)
    if len(said) <= NAME_LENGTH:
        return said
    half = NAME_LENGTH // 2
    return f"{said[:half]}…{said[-half:]}"


def brief(text: str) -> str:
    """The beginning of what may be endlessly long, such as what a program of others said."""
    return text if len(text) <= BRIEF_LENGTH else f"{text[:BRIEF_LENGTH].rstrip()}…"


def plain_label(label: QLabel) -> None:
    """Let a label say just its words, in as many lines as it takes: the longest word never makes its window wider."""
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)


def plain_buttons(box: QDialogButtonBox | QMessageBox) -> None:
    """Take the icons from the buttons of a dialog: those that Qt makes have some, and no other has."""
    for button in box.buttons():
        button.setIcon(QIcon())
