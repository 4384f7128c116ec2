from collections.abc import Callable

from PySide6.QtWidgets import QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.errors import InvalidRequestError
from ingest_desktop.domain.models import KnowledgeBase
from ingest_desktop.ui.dialogs import NameDialog
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.trash_dialog import TrashDialog

from .fake_service import START, job
from .fakes import FakeApp

Make = Callable[[], MainWindow]


def open_trash(qtbot: QtBot, window: MainWindow) -> TrashDialog:
    window.actions_["trash"].trigger()
    (dialog,) = window.findChildren(TrashDialog)
    qtbot.waitUntil(lambda: "Looking" not in dialog._lead.text())
    return dialog


def test_what_was_deleted_before_this_start_can_be_restored(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.binned_bases = [KnowledgeBase(kb_id="kb9", name="Taxes", created_at=START, deleted_at=START)]
    app.service.put(job(1))
    window = make_window()
    dialog = open_trash(qtbot, window)
    item = dialog.list.item(0)
    assert item is not None
    assert item.text().startswith("Taxes, deleted ")
    assert f"{app.settings.undo_days:.0f} days" in dialog._lead.text()
    dialog.restore_button.click()
    qtbot.waitUntil(lambda: [base.name for base in window.hub.bases] == ["Library", "Taxes"])
    assert window.status.text.text() == "“Taxes” brought back."
    qtbot.waitUntil(lambda: not window.findChildren(TrashDialog))


def test_an_empty_trash_says_so(qtbot: QtBot, window: MainWindow) -> None:
    dialog = open_trash(qtbot, window)
    assert dialog.findChild(QLabel).text() == "No knowledge base was deleted lately."
    assert not dialog.restore_button.isVisible()


def test_a_name_that_is_taken_by_now_is_told_there(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.binned_bases = [KnowledgeBase(kb_id="kb9", name="Library", created_at=START, deleted_at=START)]
    app.service.restore_error = InvalidRequestError("There is a knowledge base named 'Library' already.")
    window = make_window()
    dialog = open_trash(qtbot, window)
    dialog.restore_button.click()
    qtbot.waitUntil(dialog.note.isVisible)
    assert dialog.note.text().startswith("There is a knowledge base named 'Library' already.")
    assert dialog.restore_button.isEnabled()
    dialog.reject()


def test_deleting_a_knowledge_base_tells_where_it_can_be_found(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START))
    window = make_window()
    qtbot.waitUntil(lambda: len(window.hub.bases) == 2)
    menu = window.bases.make_base_menu("kb2")
    actions = {action.text(): action for action in menu.actions()}
    assert "Recently deleted…" in actions
    actions["Delete…"].trigger()
    (box,) = window.findChildren(QMessageBox)
    assert "Recently deleted…" in box.informativeText()
    box.reject()


def test_a_knowledge_base_can_be_made_from_the_side_bar(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.sidebar.new_base_wanted):
        window.sidebar._new.click()
    (dialog,) = window.findChildren(NameDialog)
    dialog.field.setText("Taxes")
    dialog.accept()
    qtbot.waitUntil(lambda: [base.name for base in window.hub.bases] == ["Library", "Taxes"])
    assert window.sidebar.base_id == "kb2"  # the next drop goes there
