"""What all dialogs have in common: one button that Return presses, no icons on buttons, and room for their titles."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ingest_desktop.application.attention import HitLimit
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.models import KnowledgeBase
from ingest_desktop.ui import dialogs
from ingest_desktop.ui.password_dialog import PasswordDialog
from ingest_desktop.ui.raise_dialog import RaiseDialog
from ingest_desktop.ui.settings_dialog import SettingsDialog
from ingest_desktop.ui.shortcuts import KeySheet

from .fake_service import START

BASE = KnowledgeBase(kb_id="kb1", name="Library", created_at=START)

MADE: dict[str, tuple[Callable[[QWidget], QDialog], str]] = {
    "password": (lambda parent: PasswordDialog("", "a.pdf", parent), "Read with it"),
    "raise": (lambda parent: RaiseDialog([HitLimit("max_depth", ("1",), 0)], Settings(), parent), "Raise and retry"),
    "name": (lambda parent: dialogs.NameDialog("New", "Create", [], "x", parent), "Create"),
    "delete": (lambda parent: dialogs.confirm_delete_base(BASE, 3, 7.0, parent), "Cancel"),
    "about": (dialogs.about_box, "Close"),
    "repair": (lambda parent: dialogs.RepairBox("Library", parent), "Repair"),
    "broken": (lambda parent: dialogs.BrokenBox("Damaged.", "/data", parent, can_repair=True), "Repair"),
    "quit": (lambda parent: dialogs.QuitBox(3, parent), "Quit"),
    "settings": (lambda parent: SettingsDialog(Settings(), parent), "Save"),
    "keys": (lambda parent: KeySheet(parent), "Close"),
}


@pytest.mark.parametrize("name", list(MADE))
def test_return_presses_one_button_and_no_button_has_an_icon(qtbot: QtBot, name: str) -> None:
    make, pressed = MADE[name]
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = make(parent)
    dialog.show()
    buttons = dialog.findChildren(QPushButton)
    assert [button.text().replace("&", "") for button in buttons if button.isDefault()] == [pressed]
    assert all(button.icon().isNull() for button in buttons)


@pytest.mark.parametrize("name", ["repair", "broken", "quit", "delete"])
def test_a_question_has_room_for_its_title(qtbot: QtBot, name: str) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = MADE[name][0](parent)
    dialog.show()
    assert dialog.width() >= dialogs.BOX_WIDTH
