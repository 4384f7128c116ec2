"""What needs a person, in groups: shown, narrowed to, tried again, raised, exported, deleted, offered."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.causes import NEXT_STEPS, TITLES, Cause, Tool
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.errors import DuplicateJobError
from ingest_desktop.domain.models import JobQuery, JobSelector, Receipt
from ingest_desktop.ui import causes
from ingest_desktop.ui.attention_panel import GroupRow, Groups
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.password_dialog import PasswordDialog
from ingest_desktop.ui.raise_dialog import RaiseDialog

from .fake_service import job
from .fakes import FakeApp

TOO_LARGE = "The file has 9,000,000,000 bytes; the limit is 4,294,967,296 (INGESTION_MAX_FILE_BYTES)."
TOO_LONG = "Reading takes more than 60 s (INGESTION_CHILD_CPU_SECONDS)."


@pytest.fixture
def troubled(app: FakeApp, make_window: Callable[[], MainWindow], qtbot: QtBot) -> MainWindow:
    """A window whose list holds one job of each kind of trouble, on the page of what needs attention."""
    failures = (
        ("source_encrypted", "It asks for a password.", 900),
        ("source_gone", "It is gone.", 900),
        ("source_too_large", TOO_LARGE, 9_000_000_000),
        ("limit_exceeded", TOO_LONG, 900),
        ("unsupported_format", "No.", 900),
        ("source_malformed", "No.", 900),
    )
    for number, (code, message, size) in enumerate(failures, 1):
        app.service.put(job(number, JobStatus.FAILED, error_code=code, error_message=message, byte_size=size))
    app.service.put(job(7, JobStatus.COMPLETED, outcome=Outcome.EMPTY), job(8, JobStatus.COMPLETED))
    app.service.put(job(9, JobStatus.COMPLETED, outcome=Outcome.INGESTED, gaps=2))
    window = make_window()
    window.sidebar.pick_status("attention")
    qtbot.waitUntil(lambda: window.groups.isVisible() and window.model.rowCount() == 8)
    return window


def picked(window: MainWindow) -> list[int]:
    return [window.model.job_id(row) for row in range(window.model.rowCount())]


def test_every_cause_has_the_words_of_the_domain() -> None:
    for cause in Cause:
        assert (causes.title(cause), causes.group_step(cause)) == (TITLES[cause], NEXT_STEPS[cause])


def test_groups_stand_above_what_needs_attention_only(troubled: MainWindow, qtbot: QtBot) -> None:
    shown = {cause: row.mend.text() for cause, row in troubled.groups.rows.items() if row.mend.isVisible()}
    assert shown == {
        Cause.PASSWORD: "Give passwords…",
        Cause.GONE: "Retry all",
        Cause.TOO_LARGE: "Raise limit and retry…",
        Cause.LIMIT: "Raise limit and retry…",
        Cause.GAPS: "Retry all",
    }
    assert set(troubled.groups.rows) - set(shown) == {Cause.RECOGNITION, Cause.UNSUPPORTED, Cause.DAMAGED}
    for elsewhere in ("all", "completed"):
        troubled.sidebar.pick_status(elsewhere)
        qtbot.waitUntil(lambda: not troubled.groups.isVisible())
    troubled.sidebar.pick_status("attention")
    qtbot.waitUntil(troubled.groups.isVisible)


def test_the_list_narrows_to_a_cause_and_back(troubled: MainWindow, qtbot: QtBot) -> None:
    row = troubled.groups.rows[Cause.GONE]
    row.files.click()
    qtbot.waitUntil(lambda: picked(troubled) == [2])
    other = troubled.groups.rows[Cause.RECOGNITION]
    other.files.click()
    qtbot.waitUntil(lambda: picked(troubled) == [7])
    assert (row.files.isChecked(), row.files.text(), other.files.text()) == (False, "Show files", "Show all")
    other.files.click()
    qtbot.waitUntil(lambda: len(picked(troubled)) == 8)


def test_all_jobs_come_back_when_the_last_of_a_cause_is_mended(
    troubled: MainWindow, app: FakeApp, qtbot: QtBot
) -> None:
    troubled.groups.rows[Cause.GONE].files.click()
    qtbot.waitUntil(lambda: picked(troubled) == [2])
    app.service.put(job(2, JobStatus.COMPLETED, outcome=Outcome.INGESTED), tell=True)
    qtbot.waitUntil(lambda: troubled.narrowing.cause is None and len(picked(troubled)) == 7, timeout=5_000)
    assert Cause.GONE not in troubled.groups.rows


def test_leaving_the_page_forgets_the_cause(troubled: MainWindow, qtbot: QtBot) -> None:
    troubled.groups.rows[Cause.GONE].files.click()
    troubled.sidebar.pick_status("all")
    assert troubled.model.query.cause is None
    assert not troubled.groups.rows[Cause.GONE].files.isChecked()


def test_a_group_is_tried_again(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    with qtbot.waitSignal(troubled.commands.said):
        troubled.groups.rows[Cause.GONE].mend.click()
    assert ("retry_query", JobQuery(attention=True, cause=Cause.GONE)) in app.service.calls
    assert app.service.job("2").status is JobStatus.QUEUED
    with qtbot.waitSignal(troubled.commands.said):
        troubled.groups.retry.click()
    assert ("retry_query", JobQuery(attention=True)) in app.service.calls


def test_damaged_ones_are_tried_again_from_the_menu(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    menu = troubled.groups.rows[Cause.DAMAGED].more.menu()
    action = next(action for action in menu.actions() if action.objectName() == "retry")
    with qtbot.waitSignal(troubled.commands.said):
        action.trigger()
    assert app.service.job("6").status is JobStatus.QUEUED


def test_a_group_is_deleted_and_brought_back(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    menu = troubled.groups.rows[Cause.UNSUPPORTED].more.menu()
    action = next(action for action in menu.actions() if action.objectName() == "delete")
    with qtbot.waitSignal(troubled.commands.deleted):
        action.trigger()
    qtbot.waitUntil(lambda: Cause.UNSUPPORTED not in troubled.groups.rows, timeout=5_000)
    troubled.undo_strip.undo()
    qtbot.waitUntil(lambda: Cause.UNSUPPORTED in troubled.groups.rows, timeout=5_000)


def test_passwords_are_asked_for(troubled: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(troubled.attending.passwords_wanted) as asked:
        troubled.groups.rows[Cause.PASSWORD].mend.click()
    assert asked.args == [JobSelector(everything=True)]
    (dialog,) = troubled.findChildren(PasswordDialog)
    dialog.reject()


def test_the_detail_offers_recognition_once_it_is_there(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    app.service.receipts[7] = Receipt(unit="page", units_seen=2, reader="pdf/1", recipe="pdf/1 segment=64")
    troubled.table.select_job(7)
    retry = troubled.detail._retry
    qtbot.waitUntil(lambda: retry.text() == "Run OCR" and not retry.isVisible())
    app.service.attention.there = {Tool.RECOGNITION: 1}
    troubled.attending.look()
    qtbot.waitUntil(retry.isVisible)
    assert "“Run OCR” reads them" in troubled.detail._advice.text()  # and no more "install it"
    retry.click()
    qtbot.waitUntil(lambda: app.service.job("7").status is JobStatus.QUEUED)


def test_a_duplicate_is_jumped_to_although_a_filter_hides_it(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    app.service.error = DuplicateJobError("x.pdf is already in the list.", job_id="8")
    troubled.adding.add_paths(["/docs/x.pdf"])
    qtbot.waitUntil(lambda: troubled.table.current_id == 8)
    assert troubled.sidebar.status_filter.key == "all"
    assert troubled.status.text.text() == "x.pdf is already in the list."


def raising(window: MainWindow, qtbot: QtBot, cause: Cause) -> RaiseDialog:
    window.groups.rows[cause].mend.click()
    qtbot.waitUntil(lambda: bool(window.findChildren(RaiseDialog)))
    (dialog,) = window.findChildren(RaiseDialog)
    return dialog


def test_a_limit_is_raised_until_the_file_fits_and_the_job_tried_again(
    troubled: MainWindow, app: FakeApp, qtbot: QtBot
) -> None:
    dialog = raising(troubled, qtbot, Cause.TOO_LARGE)
    assert dialog.fields["max_file_bytes"].text() == "16 GiB"
    dialog.go.click()
    qtbot.waitUntil(lambda: app.service.job("3").status is JobStatus.QUEUED)
    assert app.settings.max_file_bytes == 16 * 1024**3 == app.applied[-1].max_file_bytes


def test_the_detail_of_a_job_raises_its_limit(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    troubled.table.select_job(4)
    button = troubled.detail._raise
    qtbot.waitUntil(button.isVisible)
    assert not troubled.detail._retry.isVisible()  # as it is it would end as it did
    assert "press “Raise limit and retry…”" in troubled.detail._advice.text()
    assert "INGESTION_" not in troubled.detail._advice.text()
    button.click()
    qtbot.waitUntil(lambda: bool(troubled.findChildren(RaiseDialog)))
    (dialog,) = troubled.findChildren(RaiseDialog)
    field = dialog.fields["child_cpu_seconds"]
    assert field.text() == "120"
    assert [b.text() for b in dialog.findChildren(QPushButton) if b.isDefault()] == ["Raise and retry"]
    for bad in ("59", "60", "many", "100000000"):
        field.setText(bad)
        assert not dialog.go.isEnabled() and dialog.problem.text()
    field.setText("90")
    dialog.go.click()
    qtbot.waitUntil(lambda: app.service.job("4").status is JobStatus.QUEUED)
    assert app.settings.child_cpu_seconds == 90


def test_a_limit_of_the_environment_is_told_and_not_raised(
    troubled: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGESTION_MAX_FILE_BYTES", "4294967296")
    dialog = raising(troubled, qtbot, Cause.TOO_LARGE)
    assert not dialog.ticks["max_file_bytes"].isEnabled() and not dialog.go.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("name", ["list.csv", "list.jsonl"])
def test_the_list_is_written(troubled: MainWindow, qtbot: QtBot, tmp_path: Path, name: str) -> None:
    troubled.groups.export.click()
    (dialog,) = troubled.findChildren(QFileDialog)
    with qtbot.waitSignal(troubled.commands.said) as said:
        dialog.fileSelected.emit(str(tmp_path / name))
    dialog.reject()
    assert said.args == ["The list of 8 jobs was written."]
    text = (tmp_path / name).read_text("utf-8")
    if name.endswith("csv"):
        assert [row["cause"] for row in csv.DictReader(text.splitlines())][:3] == ["password", "gone", "too_large"]
    else:
        assert len(text.splitlines()) == 8


def test_a_list_that_cannot_be_written_is_told(troubled: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(troubled.hub.failed):
        troubled.attending.write(JobQuery(attention=True), str(tmp_path / "none" / "list.csv"))


def test_a_program_that_is_there_now_is_offered_until_it_is_declined(
    troubled: MainWindow, app: FakeApp, qtbot: QtBot
) -> None:
    assert not troubled.tool_strip.isVisible()
    app.service.attention.there = {Tool.RECOGNITION: 12}
    troubled.attending.look()
    qtbot.waitUntil(troubled.tool_strip.isVisible)
    assert troubled.tool_strip.text.text() == "Text recognition is there now: 12 files can be read."
    assert not troubled.tool_strip.buttons[Tool.OFFICE].isVisible()
    assert troubled.groups.rows[Cause.RECOGNITION].mend.text() == "Run OCR on 12"
    troubled.tool_strip.close_button.click()
    troubled.attending.look()
    with qtbot.waitSignal(troubled.attending.shown):
        troubled.attending.look()
    assert not troubled.tool_strip.isVisible()
    app.service.attention.there = {Tool.RECOGNITION: 13}
    troubled.attending.look()
    qtbot.waitUntil(troubled.tool_strip.isVisible)
    with qtbot.waitSignal(troubled.commands.said):
        troubled.tool_strip.buttons[Tool.RECOGNITION].click()
    assert ("retry_with", (Tool.RECOGNITION, None)) in app.service.calls
    troubled.attending.look()
    qtbot.waitUntil(lambda: not troubled.tool_strip.isVisible())


def test_recognition_of_the_group_is_that_of_the_picked_base(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    app.service.attention.there = {Tool.RECOGNITION: 1, Tool.OFFICE: 2}
    troubled.sidebar.pick_base("kb1")
    mend = troubled.groups.rows[Cause.RECOGNITION].mend
    qtbot.waitUntil(mend.isVisible)
    assert troubled.groups.rows[Cause.UNSUPPORTED].mend.text() == "Retry 2 with LibreOffice"
    mend.click()
    qtbot.waitUntil(lambda: ("retry_with", (Tool.RECOGNITION, "kb1")) in app.service.calls)


def test_a_limit_that_is_fixed_is_not_said_to_be_raised(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    app.service.put(job(4, JobStatus.FAILED, error_code="limit_exceeded", error_message="Too wide (fixed)."), tell=True)
    troubled.table.select_job(4)
    detail = troubled.detail
    qtbot.waitUntil(lambda: "This limit is fixed." in detail._advice.text())
    assert detail._retry.isVisible() and not detail._raise.isVisible()


def test_a_program_that_is_missing_is_named_where_it_would_help(
    troubled: MainWindow, app: FakeApp, qtbot: QtBot
) -> None:
    rows = troubled.groups.rows

    def steps() -> tuple[str, str]:
        return rows[Cause.RECOGNITION]._step.text(), rows[Cause.UNSUPPORTED]._step.text()

    qtbot.waitUntil(lambda: "tesseract is installed" in steps()[0] and "LibreOffice is installed" in steps()[1])
    app.service.attention.there = {Tool.RECOGNITION: 1, Tool.OFFICE: 2}
    troubled.attending.look()
    qtbot.waitUntil(lambda: steps() == (NEXT_STEPS[Cause.RECOGNITION], NEXT_STEPS[Cause.UNSUPPORTED]))


def test_no_step_is_told_twice(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    told = causes.next_step("source_encrypted")
    again = job(1, JobStatus.FAILED, error_code="source_encrypted", error_message="It asks for one.", message=told)
    app.service.put(again, tell=True)
    troubled.table.select_job(1)
    log = troubled.detail.log
    qtbot.waitUntil(lambda: "source_encrypted" in log.toPlainText())
    assert log.toPlainText().count(told) == 1
    assert "--password-file" not in troubled.detail._advice.text()


def test_the_groups_leave_room_for_the_list_and_show_more_than_one(troubled: MainWindow, qtbot: QtBot) -> None:
    troubled.table.select_job(1)
    troubled.batch_strip.say("9 files added, 1 done")
    troubled.resize(1200, 760)
    row = troubled.groups.rows[Cause.PASSWORD]
    qtbot.waitUntil(lambda: troubled.detail.isVisible() and troubled.groups._scroll.height() >= 3 * row.height())
    troubled.resize(900, 600)
    qtbot.waitUntil(lambda: troubled.table.viewport().height() >= 2 * troubled.table.rowHeight(0))
    assert troubled.groups._scroll.height() >= row.height()


def test_the_tab_key_goes_from_the_top_to_the_bottom(troubled: MainWindow, app: FakeApp, qtbot: QtBot) -> None:
    app.service.attention.there = {Tool.RECOGNITION: 1}
    troubled.attending.look()
    qtbot.waitUntil(troubled.tool_strip.isVisible)
    app.service.put(job(20, JobStatus.FAILED, error_code="source_forbidden", error_message="No."), tell=True)
    qtbot.waitUntil(lambda: Cause.FORBIDDEN in troubled.groups.rows, timeout=5_000)  # it came last, and stands between
    stops: list[QWidget] = []
    after = troubled.nextInFocusChain()
    while after is not None and after is not troubled and len(stops) < 500:
        if after.isVisible() and after.isEnabled() and after.focusPolicy() & Qt.FocusPolicy.TabFocus:
            stops.append(after)
        after = after.nextInFocusChain()
    groups = [button for row in ordered(troubled) for button in (row.mend, row.files, row.more) if button.isVisible()]
    side, offer = troubled.sidebar, troubled.tool_strip
    wanted = [side._new, side.bases, side.statuses, offer.buttons[Tool.RECOGNITION], offer.close_button]
    wanted += [troubled.groups.retry, troubled.groups.export, *groups, troubled.names.field, troubled.table]
    assert [stop for stop in stops if stop in wanted] == wanted
    assert all(QAccessible.queryAccessibleInterface(stop).text(QAccessible.Text.Name) for stop in stops)


def ordered(window: MainWindow) -> list[GroupRow]:
    return [window.groups.rows[cause] for cause in Cause if cause in window.groups.rows]


def test_what_the_button_does() -> None:
    nothing = Groups({}, {}, frozenset())
    assert {cause: nothing.mend_of(cause) for cause in Cause if nothing.mend_of(cause) not in ("", "retry")} == {
        Cause.PASSWORD: "passwords",
        Cause.LIMIT: "raise",
        Cause.TOO_LARGE: "raise",
    }
