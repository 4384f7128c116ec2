"""Giving passwords in the window: what is offered, what is sent, and that the field is masked and wiped."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from ingest_desktop.application.passwords import refused_password
from ingest_desktop.domain.causes import Cause
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import JobSelector, Receipt
from ingest_desktop.extraction.unlocking import still_locked
from ingest_desktop.ui import words
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.password_dialog import PasswordDialog, Scope

from .fake_service import job
from .fakes import FakeApp

MAKE = Callable[[], MainWindow]
WHY = "The document is protected by a password, and the given password does not open it."


def shown(qtbot: QtBot, make_window: MAKE) -> MainWindow:
    window = make_window()
    window.table.selectRow(0)
    qtbot.waitUntil(window.detail.isVisible)
    qtbot.waitUntil(lambda: window.detail._status.text() != "")
    qtbot.waitUntil(lambda: window.detail.receipt.toPlainText() != "")
    return window


def dialog_of(window: MainWindow) -> PasswordDialog:
    window.detail._password.click()
    assert window.passwords.dialog is not None
    return window.passwords.dialog


@pytest.mark.parametrize(
    ("scope", "selector"),
    [
        (Scope.FILE, JobSelector(job_ids=("1",))),
        (Scope.DROP, JobSelector(batch_id="b1")),
        (Scope.ALL, JobSelector(everything=True)),
    ],
)
def test_a_locked_file_is_read_with_what_is_typed(
    qtbot: QtBot, app: FakeApp, make_window: MAKE, scope: Scope, selector: JobSelector
) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="source_encrypted", error_message=WHY))
    window = shown(qtbot, make_window)
    dialog = dialog_of(window)
    assert dialog.why.text() == WHY and not dialog.give.isEnabled()
    assert dialog.field.echoMode() is QLineEdit.EchoMode.Password
    dialog.show_it.click()
    assert dialog.field.echoMode() is QLineEdit.EchoMode.Normal
    dialog.scopes[scope].click()
    qtbot.keyClicks(dialog.field, "geheim")
    field = dialog.field
    with qtbot.waitSignal(window.passwords.said, timeout=5_000) as said:
        qtbot.mouseClick(dialog.give, Qt.MouseButton.LeftButton)
        assert field.text() == "" and window.passwords.dialog is None
    assert app.service.calls[-1] == ("give_passwords", (("geheim",), selector))
    assert said.args == ["2 jobs to be read with the password."]


def test_enter_gives_it_and_escape_wipes_it(qtbot: QtBot, app: FakeApp, make_window: MAKE) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="source_encrypted", error_message="Locked."))
    window = shown(qtbot, make_window)
    dialog = dialog_of(window)
    field = dialog.field
    qtbot.keyClicks(field, "half typed")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert field.text() == "" and window.passwords.dialog is None
    assert not [call for call, _ in app.service.calls if call == "give_passwords"]
    dialog = dialog_of(window)
    qtbot.keyClicks(dialog.field, "whole")
    with qtbot.waitSignal(window.passwords.said, timeout=5_000):
        qtbot.keyClick(dialog.field, Qt.Key.Key_Return)


def test_only_what_asks_for_a_password_is_offered_to_give_one(qtbot: QtBot, app: FakeApp, make_window: MAKE) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="source_malformed", error_message="Damaged."))
    assert not shown(qtbot, make_window).detail._password.isVisible()


def test_an_archive_with_locked_members_is_offered_too(qtbot: QtBot, app: FakeApp, make_window: MAKE) -> None:
    receipt = Receipt(units_failed=((2, "b.txt: it is protected by a password."),))
    app.service.put(job(1, JobStatus.COMPLETED, gaps=1, message="1 of 2 could not be read."))
    app.service.receipts[1] = receipt
    window = shown(qtbot, make_window)
    qtbot.waitUntil(window.detail._password.isVisible)


def test_all_that_ask_can_be_given_one_at_once(qtbot: QtBot, app: FakeApp, window: MainWindow) -> None:
    window.passwords.ask_for_all()
    dialog = window.passwords.dialog
    assert dialog is not None and set(dialog.scopes) == {Scope.ALL}
    window.passwords.ask_for_all()
    assert window.passwords.dialog is dialog
    qtbot.keyClicks(dialog.field, "geheim")
    with qtbot.waitSignal(window.passwords.said, timeout=5_000):
        dialog.accept()
    assert app.service.calls[-1] == ("give_passwords", (("geheim",), JobSelector(everything=True)))


def test_those_of_the_picked_base_alone_are_given_one(qtbot: QtBot, app: FakeApp, make_window: MAKE) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="source_encrypted", error_message="Locked."))
    window = shown(qtbot, make_window)
    window.sidebar.pick_base("kb1")
    window.sidebar.pick_status("attention")
    qtbot.waitUntil(lambda: Cause.PASSWORD in window.groups.rows)
    window.groups.rows[Cause.PASSWORD].mend.click()
    dialog = window.passwords.dialog
    assert dialog is not None
    assert any(window.hub.base_name("kb1") in label.text() for label in dialog.findChildren(QLabel))
    assert all(button.icon().isNull() for button in dialog.findChildren(QPushButton))
    qtbot.keyClicks(dialog.field, "geheim")
    with qtbot.waitSignal(window.passwords.said, timeout=5_000):
        dialog.accept()
    assert app.service.calls[-1] == ("give_passwords", (("geheim",), JobSelector(kb_id="kb1")))


def test_a_password_that_opens_nothing_is_told_where_it_is_seen(qtbot: QtBot, app: FakeApp, make_window: MAKE) -> None:
    locked = [job(n, JobStatus.FAILED, error_code="source_encrypted", error_message="Locked.") for n in (1, 2, 3)]
    app.service.put(*locked)
    window = make_window()
    window.passwords.ask_for_all()
    dialog = window.passwords.dialog
    assert dialog is not None
    app.service.put(*(one.model_copy(update={"status": JobStatus.QUEUED}) for one in locked))
    qtbot.keyClicks(dialog.field, "geheim")
    with qtbot.waitSignal(window.passwords.said, timeout=5_000):
        dialog.accept()
    assert not window.notice_strip.isVisible()
    opened = locked[0].model_copy(update={"status": JobStatus.COMPLETED, "error_code": None})
    wrong = [one.model_copy(update={"error_message": WHY}) for one in locked[1:]]
    app.service.put(opened, wrong[0], tell=True)
    qtbot.waitUntil(window.notice_strip.isVisible)
    assert window.notice_strip.text.text().startswith(f"The password does not open “{wrong[0].original_filename}”.")
    app.service.put(wrong[1], tell=True)
    qtbot.waitUntil(lambda: window.notice_strip.text.text().startswith("The password does not open 2 files."))
    assert [words.status(one) for one in (locked[0], wrong[0])] == ["Failed: password needed", "Failed: wrong password"]
    window.passwords.ask_for_all()
    dialog = window.passwords.dialog
    assert dialog is not None
    app.service.put(*(one.model_copy(update={"status": JobStatus.QUEUED}) for one in wrong))
    qtbot.keyClicks(dialog.field, "another")
    with qtbot.waitSignal(window.passwords.said, timeout=5_000):
        dialog.accept()
    qtbot.waitUntil(lambda: not window.notice_strip.isVisible())  # what was said of the first is over
    window.notice_strip.say("Something else.")
    window.notice_strip.unsay("The password does not open 2 files.")
    assert window.notice_strip.isVisible()


@pytest.mark.parametrize("given", [("wrong",), ("wrong", "too")])
def test_what_a_reader_says_of_a_wrong_password_is_understood(given: tuple[str, ...]) -> None:
    failed = job(1, JobStatus.FAILED, error_code="source_encrypted")
    assert refused_password(failed.model_copy(update={"error_message": str(still_locked(given))}))
    assert not refused_password(failed.model_copy(update={"error_message": str(still_locked(()))}))
