"""Plain words and plain buttons: Qt takes for markup whatever looks like it, and puts icons on the buttons it makes."""

import html

from PySide6.QtGui import QIcon, Qt
from PySide6.QtWidgets import QDialogButtonBox, QMessageBox


def plain_tip(text: str) -> str:
    """A tool tip that says just this. Qt has no plain format for tips, so what looks like markup is spelt out as markup."""
    if not Qt.mightBeRichText(text):
        return text
    spelt = html.escape(text).replace("\n", "<br>")
    return f"<qt>{spelt}</qt>"


def plain_buttons(box: QDialogButtonBox | QMessageBox) -> None:
    """Take the icons from the buttons of a dialog: those that Qt makes have some, and no other has."""
    for button in box.buttons():
        button.setIcon(QIcon())
