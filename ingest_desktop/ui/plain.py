"""Words of documents and names of files, shown as they are: Qt takes for markup whatever looks like it."""

import html

from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """A tool tip that says just this. Qt has no plain format for tips, so what looks like markup is spelt out as markup."""
    if not Qt.mightBeRichText(text):
        return text
    spelt = html.escape(text).replace("\n", "<br>")
    return f"<qt>{spelt}</qt>"
