"""What is done with jobs in the list: what is on offer, what it does, and what the details tell meanwhile."""

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QTableView
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import ACTIVE, JobEvent, JobStatus, Outcome, can
from ingest_desktop.domain.models import JobSelector, KnowledgeBase
from ingest_desktop.ui.actions import EVENTS, MOVES, PRIORITIES
from ingest_desktop.ui.job_table import ROW_HEIGHT
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.menus import job_menu

from .fake_service import START, job
from .fakes import FakeApp
from .window_kit import Make, drop, files


def select(qtbot: QtBot, window: MainWindow, *rows: int) -> None:
    window.table.clearSelection()
    window.table.setSelectionMode(QTableView.SelectionMode.MultiSelection)
    for row in rows:
        window.table.selectRow(row)
    window.table.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
    qtbot.waitUntil(lambda: window.selection.now.total == len(rows))


@pytest.mark.parametrize("status", list(JobStatus))
def test_actions_are_enabled_exactly_as_the_table_says(
    qtbot: QtBot, make_window: Make, app: FakeApp, status: JobStatus
) -> None:
    app.service.put(job(1, status))
    window = make_window()
    select(qtbot, window, 0)
    qtbot.waitUntil(lambda: window.selection.now.statuses == {status: 1})
    for name, event in EVENTS.items():
        action = window.actions_[name]
        wanted = job(1, status).may_retry if event is JobEvent.RETRY else can(status, event)
        assert action.isEnabled() == wanted, (status, name)
        assert action.isEnabled() or action.toolTip().startswith("Only jobs that")
    assert window.actions_["delete"].isEnabled()
    for name in MOVES:
        assert window.actions_[name].isEnabled() == (status is JobStatus.QUEUED)
    for name in PRIORITIES:
        assert window.actions_[name].isEnabled() == (status in ACTIVE)
    groups = {action.text(): action for action in job_menu(window.actions_, window).actions() if action.menu()}
    assert groups["Queue"].isEnabled() == (status is JobStatus.QUEUED)
    assert groups["Priority"].isEnabled() == (status in ACTIVE)


def test_nothing_can_be_done_with_a_selection_behind_search_results(
    qtbot: QtBot, make_window: Make, app: FakeApp
) -> None:
    app.service.put(job(1, JobStatus.FAILED))
    window = make_window()
    select(qtbot, window, 0)
    qtbot.waitUntil(window.actions_["retry"].isEnabled)
    window.top.field.setText("lease")
    qtbot.waitUntil(lambda: window._pages.currentWidget() is window.search)
    assert not window.actions_["retry"].isEnabled()
    assert not window.actions_["delete"].isEnabled()
    window.search.clear()
    qtbot.waitUntil(lambda: window._pages.currentWidget() is window.table)
    assert window.actions_["retry"].isEnabled()


def test_a_large_selection_is_counted_by_the_store(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.PAUSED))
    app.service.fill(5_000)
    window = make_window()
    qtbot.waitUntil(lambda: window.model.rowCount() == 5_000)
    window.table.selectRow(0)
    last = window.model.index(3_999, 0)
    window.table.selectionModel().select(
        QItemSelection(window.model.index(0, 0), last),
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
    )
    qtbot.waitUntil(lambda: window.selection.now.statuses == {JobStatus.PAUSED: 1, JobStatus.COMPLETED: 3_999})
    enabled = {name for name in EVENTS if window.actions_[name].isEnabled()}
    assert enabled == {name for name, event in EVENTS.items() if can(JobStatus.PAUSED, event)}
    assert window.actions_["resume"].text() == "Resume"


def test_what_is_copied_is_the_selected_job_not_the_one_with_the_focus(
    qtbot: QtBot, make_window: Make, app: FakeApp
) -> None:
    app.service.put(job(1), job(2))
    window = make_window()
    select(qtbot, window, 0)
    window.table.selectionModel().setCurrentIndex(window.model.index(1, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
    window.actions_["copy_path"].trigger()
    assert QGuiApplication.clipboard().text() == app.service.jobs[1].source_path


def test_the_detail_follows_the_list(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(number, JobStatus.COMPLETED) for number in range(2, 201)))
    app.service.put(job(1, JobStatus.FAILED, error_code="source_malformed"))
    window = make_window()
    window.table.selectRow(199)
    window.table.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: window.detail._name.text() == "report 00001.pdf")
    window.sidebar.pick_status("attention")  # it is there, too
    qtbot.waitUntil(lambda: window.model.rowCount() == 1 and window.model.is_settled)
    qtbot.waitUntil(lambda: list(window.table.selected_ids()) == [1])
    assert window.detail.isVisible()
    window.sidebar.pick_status("all")
    qtbot.waitUntil(lambda: window.model.rowCount() == 200)
    qtbot.waitUntil(lambda: list(window.table.selected_ids()) == [1])
    assert window.table.verticalScrollBar().value() == 0  # new rows come at the top
    window.sidebar.pick_status("completed")  # it is not
    qtbot.waitUntil(lambda: window.detail.isHidden())
    assert window.table.current_id == 0
    assert window.detail._name.text() == "Select a job to see what became of it."


def test_nothing_selected_nothing_enabled(window: MainWindow) -> None:
    for name in (*EVENTS, "delete", "move_up"):
        assert not window.actions_[name].isEnabled()
    assert window.actions_["pause"].toolTip() == "Nothing is selected."


def test_the_verb_says_how_many(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(n) for n in range(1, 4)), job(4, JobStatus.COMPLETED))
    window = make_window()
    select(qtbot, window, 0, 1, 2, 3)
    qtbot.waitUntil(lambda: window.actions_["pause"].text() == "Pause 3")
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: window.actions_["resume"].text() == "Resume 3")
    assert not window.actions_["pause"].isEnabled()


def test_space_pauses_and_resumes(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1))
    window = make_window()
    select(qtbot, window, 0)
    qtbot.waitUntil(window.actions_["toggle"].isEnabled)
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: app.service.jobs[1].status is JobStatus.PAUSED)
    qtbot.waitUntil(lambda: window.actions_["resume"].isEnabled())
    QTest.keyClick(window.table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: app.service.jobs[1].status is JobStatus.QUEUED)


def test_jobs_that_stay_are_counted_with_the_reason(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1), job(2, JobStatus.CANCELLED))
    window = make_window()
    window.commands.act(JobEvent.PAUSE, JobSelector(job_ids=("1", "2")))
    qtbot.waitUntil(
        lambda: window.status.text.text() == "1 job paused. 1 job stays as it is: It is cancelled.", timeout=4_000
    )


def test_deleting_can_be_undone_for_a_while(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1), job(2))
    window = make_window()
    select(qtbot, window, 0)
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(window.undo_strip.isVisible)
    qtbot.waitUntil(lambda: window.model.rowCount() == 1)
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    assert not window.undo_strip.isVisible()
    assert not window.actions_["undo"].isEnabled()


def test_everything_selected_is_one_request_for_the_group(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(n) for n in range(1, 1_001)))
    window = make_window()
    window.table.selectAll()
    qtbot.waitUntil(lambda: window.actions_["pause"].text() == "Pause 1,000")
    window.actions_["pause"].trigger()
    qtbot.waitUntil(lambda: any(name == "pause" for name, _ in app.service.calls))
    (selector,) = [what for name, what in app.service.calls if name == "pause"]
    assert isinstance(selector, JobSelector)
    assert selector.everything
    assert not selector.job_ids


def test_attention_is_the_only_red_and_leads_there(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1), job(2, JobStatus.FAILED))
    window = make_window()
    qtbot.waitUntil(window.status.attention.isVisible)
    assert window.status.attention.text() == "1"
    window.status.attention.click()
    qtbot.waitUntil(lambda: window.model.is_settled and window.model.rowCount() == 1)
    assert window.model.job_id(0) == 2


def test_jobs_of_another_process_appear(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1))
    window = make_window()
    app.service.put(job(2))
    qtbot.waitUntil(lambda: window.model.rowCount() == 2, timeout=4_000)
    app.service.put(app.service.jobs[1].model_copy(update={"status": JobStatus.FAILED, "error_code": "store_busy"}))
    qtbot.waitUntil(lambda: window.model.data(window.model.index(0, 1)) == "Failed: store busy", timeout=4_000)


def test_no_call_on_the_engine_is_made_by_the_ui_thread(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(n) for n in range(1, 50)))
    window = make_window()
    drop(window, files("/docs/a.pdf"))
    select(qtbot, window, 0)
    window.actions_["pause"].trigger()
    window.sidebar.pick_status("waiting")
    qtbot.waitUntil(lambda: any(name == "pause" for name, _ in app.service.calls))
    qtbot.waitUntil(lambda: window.model.is_settled)
    assert app.service.ui_thread not in app.service.seen_threads


def test_the_details_do_not_cover_the_job_that_was_clicked(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.fill(200)
    window = make_window()
    table = window.table
    qtbot.waitUntil(lambda: window.model.rowCount() == 200)
    last = table.indexAt(QPoint(9, table.viewport().height() - ROW_HEIGHT // 2))
    table.selectRow(last.row())
    qtbot.waitUntil(window.detail.isVisible)
    qtbot.waitUntil(lambda: table.viewport().rect().contains(table.visualRect(table.model().index(last.row(), 0))))
    assert table.verticalScrollBar().value() > 0


def test_the_detail_says_what_to_do(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="source_encrypted", error_message="It asks for a password."))
    window = make_window()
    window.table.selectRow(0)
    qtbot.waitUntil(window.detail.isVisible)
    qtbot.waitUntil(lambda: window.detail._advice.text() != "")
    advice = "Press “Give password…”. It is kept in memory only, and the file is read again with it."
    assert window.detail._advice.text() == f"It asks for a password. {advice}"
    qtbot.waitUntil(window.actions_["retry"].isEnabled)
    window.actions_["retry"].trigger()
    qtbot.waitUntil(lambda: app.service.jobs[1].status is JobStatus.QUEUED)
    qtbot.waitUntil(lambda: window.detail._status.text() == "Waiting: 3rd in line")


def test_the_text_is_read_when_its_tab_is_opened(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED))
    window = make_window()
    window.table.selectRow(0)
    qtbot.waitUntil(lambda: "receipt" in window.detail.receipt.toPlainText())
    assert window.detail.text.toPlainText() == ""
    window.detail.tabs.setCurrentWidget(window.detail.text)
    qtbot.waitUntil(lambda: window.detail.text.toPlainText().startswith("— Page 1 —\nText of passage 0."))


def test_a_menu_for_the_knowledge_base_acts_on_all_in_it(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1), job(2), job(3, JobStatus.FAILED), job(4, JobStatus.COMPLETED))
    app.service.put(job(5, JobStatus.COMPLETED, outcome=Outcome.EMPTY), job(6, JobStatus.COMPLETED, gaps=1))
    window = make_window()
    menu = window.bases.make_base_menu("kb1")
    actions = {action.text(): action for action in menu.actions()}
    assert actions["Pause 2 jobs"].isEnabled()
    assert actions["Retry 3 jobs"].isEnabled()  # not what is whole
    assert not actions["Resume"].isEnabled()
    assert not actions["Delete…"].isEnabled()  # the last one stays
    actions["Pause 2 jobs"].trigger()
    qtbot.waitUntil(lambda: app.service.jobs[1].status is JobStatus.PAUSED)


def test_a_deleted_knowledge_base_can_be_brought_back(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    taxes = KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START)
    app.service.bases.append(taxes)
    app.service.put(job(1))
    window = make_window()
    window.bases.delete(taxes)
    (box,) = window.findChildren(QMessageBox)
    assert "Ctrl+Z" in box.informativeText()
    delete = next(button for button in box.buttons() if button.text() == "Delete")
    delete.click()
    qtbot.waitUntil(window.undo_strip.isVisible)
    qtbot.waitUntil(lambda: "Taxes" not in [base.name for base in window.hub.bases])
    window.undo_strip.hide()  # as after ten seconds: the way back stays
    assert window.actions_["undo"].isEnabled()
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: "Taxes" in [base.name for base in window.hub.bases])
    assert not window.actions_["undo"].isEnabled()
