import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMessageBox, QTableView, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import ACTIVE, JobEvent, JobStatus, can
from ingest_desktop.domain.errors import StoreFull, StoreTooNew
from ingest_desktop.domain.models import DiscoveryReport, JobSelector, KnowledgeBase, SearchPage
from ingest_desktop.ui import theme, window_state
from ingest_desktop.ui.actions import EVENTS, MOVES, PRIORITIES
from ingest_desktop.ui.dialogs import BrokenBox, QuitBox
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_table import ROW_HEIGHT
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.menus import job_menu

from .fakes import START, FakeApp, hit, job, showcase

Make = Callable[[], MainWindow]


def drag(window: MainWindow, mime: QMimeData) -> None:
    place = QPointF(400, 300)
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(place.toPoint(), actions, mime, buttons, keys))


def drop(window: MainWindow, mime: QMimeData) -> None:
    drag(window, mime)  # Qt delivers a drop only to who welcomed the drag
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), actions, mime, buttons, keys))


def files(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def select(qtbot: QtBot, window: MainWindow, *rows: int) -> None:
    window.table.clearSelection()
    window.table.setSelectionMode(QTableView.SelectionMode.MultiSelection)
    for row in rows:
        window.table.selectRow(row)
    window.table.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
    qtbot.waitUntil(lambda: window.selection.now.total == len(rows))


# --- dropping ----------------------------------------------------------------------------------


def test_a_drop_becomes_jobs_in_the_list(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    assert window._pages.currentWidget() is window.empty
    mime = files("/docs/a.pdf", "/docs/b.md")
    drag(window, mime)
    assert window.overlay.isVisible()
    assert window.overlay.sentence == "Drop to add 2 items to Library"
    drop(window, mime)
    assert not window.overlay.isVisible()
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    qtbot.waitUntil(lambda: window.model.data(window.model.index(1, 0)) == "b.md")
    assert window._pages.currentWidget() is window.table
    qtbot.waitUntil(lambda: window.batch_strip.text.text() == "0 of 2 files done")


def test_text_and_web_addresses_are_no_files(window: MainWindow) -> None:
    mime = QMimeData()
    mime.setText("hello")
    drag(window, mime)
    assert not window.overlay.isVisible()
    mime.setUrls([QUrl("https://example.org/a.pdf")])
    drag(window, mime)
    assert not window.overlay.isVisible()


def test_a_drop_goes_to_the_picked_knowledge_base(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START))
    app.service.put(job(1))
    window = make_window()
    window.sidebar.pick_base("kb2")
    mime = files("/docs/a.pdf")
    drag(window, mime)
    assert window.overlay.sentence == "Drop to add 1 item to Taxes"
    drop(window, mime)
    qtbot.waitUntil(lambda: ("submit", (("/docs/a.pdf",), "kb2")) in app.service.calls)


def test_a_large_drop_is_shown_before_it_is_added(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.found_files, app.service.skipped = 3_120, {"hidden": 31}
    drop(window, files("/docs"))
    qtbot.waitUntil(lambda: window.intake.sheet is not None and window.intake.sheet.isVisible())
    sheet = window.intake.sheet
    assert sheet is not None
    assert "3" in sheet._title.text()
    assert not any(name == "submit" for name, _ in app.service.calls)
    sheet.accept()
    qtbot.waitUntil(lambda: any(name == "submit" for name, _ in app.service.calls))


def test_a_large_drop_can_be_left(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.found_files = 3_120
    drop(window, files("/docs"))
    qtbot.waitUntil(lambda: window.intake.sheet is not None and window.intake.sheet.isVisible())
    assert window.intake.sheet is not None
    window.intake.sheet.reject()
    qtbot.waitUntil(lambda: window.hub.adding.pending == 0)
    assert not any(name == "submit" for name, _ in app.service.calls)


def test_pasting_files_adds_them(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    QGuiApplication.clipboard().setMimeData(files("/docs/c.txt"))
    window.actions_["paste"].trigger()
    qtbot.waitUntil(lambda: ("submit", (("/docs/c.txt",), None)) in app.service.calls)


def test_a_refused_drop_says_why_and_what_to_do(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.error = StoreFull("The disk is full.")
    drop(window, files("/docs/a.pdf"))
    qtbot.waitUntil(window.trouble_strip.isVisible)
    assert window.trouble_strip.text.text() == "The disk is full. Free some space on the disk, then resume."


def test_the_strip_follows_the_search_for_files(qtbot: QtBot, window: MainWindow) -> None:
    strip = window.batch_strip
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=1204, skipped={"hidden": 31}))
    assert "31 skipped" in strip.text.text()
    assert strip.text.text().startswith("Looking…")
    assert strip.why.isVisibleTo(window)
    with qtbot.waitSignal(strip.why_wanted) as why:
        strip.why.click()
    assert why.args == [{"hidden": 31}]


# --- acting ------------------------------------------------------------------------------------


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
    app.service.put(job(1), job(2), job(3, JobStatus.FAILED))
    window = make_window()
    menu = window.bases.make_base_menu("kb1")
    actions = {action.text(): action for action in menu.actions()}
    assert actions["Pause 2 jobs"].isEnabled()
    assert not actions["Resume"].isEnabled()
    assert not actions["Delete…"].isEnabled()  # the last one stays
    actions["Pause 2 jobs"].trigger()
    qtbot.waitUntil(lambda: app.service.jobs[1].status is JobStatus.PAUSED)


# --- searching ---------------------------------------------------------------------------------


def type_query(window: MainWindow, text: str) -> None:
    window.top.field.setFocus()
    QTest.keyClicks(window.top.field, text)


def test_typing_searches_lightly_then_fully(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["lease"] = SearchPage(
        hits=(hit("the lease", "the \x02lease\x03", page=3),), searched_documents=2, total_documents=4
    )
    type_query(window, "lease")
    qtbot.waitUntil(lambda: ("lease", False, None) in app.search.asked)
    assert [asked for asked in app.search.asked if asked[1]] == [("lease", True, None)]
    qtbot.waitUntil(lambda: window.search.model.rowCount() == 2)
    assert window._pages.currentWidget() is window.search
    assert window.search._summary.text() == "1 passage in 1 document. Search covers 2 of 4 documents so far."
    QTest.keyClick(window.top.field, Qt.Key.Key_Escape)
    assert window._pages.currentWidget() is window.empty


def test_markup_in_documents_and_names_is_shown_as_it_is(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    name = "/docs/<img src=x onerror=alert(1)>.html"
    text = "<b>bold</b> & <script>\x02evil\x03</script>"
    app.search.pages["evil"] = SearchPage(hits=(hit(text, text, path=name),))
    app.service.put(job(1, source_path=name, original_filename="<img src=x onerror=alert(1)>.html"))
    type_query(window, "evil")
    window.search.search_now()
    qtbot.waitUntil(lambda: window.search.model.rowCount() == 2)
    heading, passage = window.search.model.entry(0), window.search.model.entry(1)
    assert heading is not None
    assert passage is not None
    assert heading.title == "<img src=x onerror=alert(1)>.html"
    assert passage.text == "<b>bold</b> & <script>evil</script>"
    (mark,) = passage.marks
    assert passage.text[mark[0] : sum(mark)] == "evil"
    assert not window.search.grab().isNull()


def test_a_late_answer_is_dropped(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["a"] = SearchPage(hits=(hit("a", "a", document="old"),))
    app.search.pages["ab"] = SearchPage(hits=(hit("ab", "ab", document="new"),))
    window.top.field.setText("a")
    window.search.search_now()
    window.top.field.setText("ab")
    window.search.search_now()
    qtbot.waitUntil(lambda: window.search.model.rowCount() > 0)
    qtbot.waitUntil(lambda: window.hub.finding.pending == 0)
    entry = window.search.model.entry(0)
    assert entry is not None
    assert entry.hit.document_id == "new"


def test_results_are_used_by_keys(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    hits = (hit("one", "one", page=1), hit("two", "two", document="d2", path="/docs/b.pdf", page=7))
    app.search.pages["x"] = SearchPage(hits=hits)
    type_query(window, "x")
    QTest.keyClick(window.top.field, Qt.Key.Key_Return)
    results = window.search.results
    qtbot.waitUntil(lambda: results.currentIndex().row() == 1)
    QTest.keyClick(results, Qt.Key.Key_Down)
    assert results.currentIndex().row() == 3  # over the heading
    QTest.keyClick(results, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "two\n\n— b.pdf, page 7 (/docs/b.pdf)"
    window.search.open_wanted.disconnect()
    with qtbot.waitSignal(window.search.open_wanted) as opened:
        QTest.keyClick(results, Qt.Key.Key_Return)
    assert opened.args == ["/docs/b.pdf", 7]
    QTest.keyClick(results, Qt.Key.Key_Escape)
    assert window.top.field.text() == ""


def test_nothing_found_is_said(qtbot: QtBot, window: MainWindow) -> None:
    type_query(window, "zzz")
    qtbot.waitUntil(lambda: window.search._summary.text() == "Nothing found for “zzz”.")


# --- the window itself -------------------------------------------------------------------------


def test_it_paints_before_the_engine_is_there(qtbot: QtBot, app: FakeApp) -> None:
    window = MainWindow(Hub(lambda: app), app.settings)
    window.show()
    assert not window.grab().isNull()
    window.add_paths(["/docs/early.pdf"])
    with qtbot.waitSignal(window.hub.ready):
        window.hub.open()
    qtbot.waitUntil(lambda: ("submit", (("/docs/early.pdf",), None)) in app.service.calls)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    assert app.closed


def test_closing_without_a_tray_quits(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    window = make_window()
    assert not window.tray.is_there  # the offscreen platform has none
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.close()
    assert app.closed
    window.leaving.is_over = False  # so that the fixture can close it again


def test_quitting_during_work_asks_once_and_can_remember(
    qtbot: QtBot, make_window: Make, app: FakeApp, tmp_path: Path
) -> None:
    app.service.put(job(1))
    window = make_window()
    window.close()
    (box,) = window.findChildren(QuitBox)
    assert box.text() == "1 job not finished. Quit now?"
    assert window.isVisible()
    box.remember.setChecked(True)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        box.quit_button.click()
    assert json.loads((tmp_path / "settings.json").read_text())["quit_with_work"] == "quit"
    window.leaving.is_over = False


def test_the_window_remembers(qtbot: QtBot, make_window: Make, app: FakeApp, tmp_path: Path) -> None:
    window = make_window()
    window.table.horizontalHeader().setSectionHidden(4, True)
    window.actions_["detail"].setChecked(False)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    window.leaving.is_over = False
    assert (tmp_path / window_state.STATE_FILE).exists()
    again = MainWindow(Hub(lambda: app), app.settings, window_state.load(tmp_path))
    assert again.table.isColumnHidden(4)
    assert not again.actions_["detail"].isChecked()
    with qtbot.waitSignal(again.quitting, timeout=10_000):
        again.quit_now()
    assert QSettings(str(tmp_path / window_state.STATE_FILE), QSettings.Format.IniFormat).contains("columns")


def test_every_control_has_a_name(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    showcase(app, 50)
    window = make_window()
    nameless = [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QLineEdit | QTableView | QTreeWidget)
        and widget.isVisibleTo(window)
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
        and not widget.objectName().startswith("qt_")
        and type(widget).__name__ not in ("QAbstractButton", "QLineEditIconButton", "QToolButton")
    ]
    assert nameless == []


def test_the_theme_can_be_changed_while_it_runs(
    qtbot: QtBot, qapp: QApplication, make_window: Make, tmp_path: Path
) -> None:
    window = make_window()
    window.preferences.save({"theme": "dark"})
    qtbot.waitUntil(lambda: theme.tokens_now() is theme.DARK)
    window.preferences.save({"theme": "light"})
    qtbot.waitUntil(lambda: theme.tokens_now() is theme.LIGHT)


def test_events_of_the_table_have_actions() -> None:
    assert set(EVENTS.values()) == {JobEvent.PAUSE, JobEvent.RESUME, JobEvent.CANCEL, JobEvent.RETRY}


# --- filtering the list by name ----------------------------------------------------------------


def named(window: MainWindow) -> list[object]:
    return [window.model.data(window.model.index(row, 0)) for row in range(window.model.rowCount())]


def test_the_list_is_filtered_by_name_together_with_a_status(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(
        job(1, original_filename="Lease 2024.pdf"),
        job(2, JobStatus.FAILED, original_filename="lease old.pdf"),
        job(3, original_filename="harvest.md"),
    )
    window = make_window()
    window.activateWindow()
    window.actions_["filter_name"].trigger()
    QTest.keyClicks(window.names.field, "LEASE")
    qtbot.waitUntil(lambda: named(window) == ["Lease 2024.pdf", "lease old.pdf"])
    qtbot.waitUntil(lambda: window.names.count.text() == "2 jobs")
    assert window.search.query == ""
    window.sidebar.pick_status("attention")
    qtbot.waitUntil(lambda: named(window) == ["lease old.pdf"])
    assert window.names.count.text() == "1 job"
    QTest.keyClicks(window.names.field, "x")
    qtbot.waitUntil(lambda: window._pages.currentWidget() is window.nothing)
    assert "LEASEx" in window.nothing.text()
    assert window.names.isVisible()
    QTest.keyClick(window.names.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: named(window) == ["lease old.pdf"])
    assert window.names.count.text() == ""
    QTest.keyClick(window.names.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.table.hasFocus() or not window.names.field.hasFocus())


def test_a_word_typed_into_the_name_filter_is_one_question(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, original_filename="lease.pdf"))
    window = make_window()
    asked: list[str] = []
    window.names.changed.connect(asked.append)
    QTest.keyClicks(window.names.field, "lease")
    qtbot.waitUntil(lambda: asked == ["lease"])


def test_a_drop_shows_what_it_adds_whatever_was_filtered(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED, original_filename="old.pdf"))
    window = make_window()
    window.sidebar.pick_status("completed")
    window.names.field.setText("old")
    qtbot.waitUntil(lambda: window.names.count.text() == "1 job")
    drop(window, files("/docs/new.pdf"))
    qtbot.waitUntil(lambda: named(window) == ["old.pdf", "new.pdf"])
    assert window.sidebar.status_filter.key == "all"


# --- several drops, and the end -----------------------------------------------------------------


def test_a_slow_folder_holds_up_no_other_drop(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    slow = threading.Event()
    app.service.hold["/net/slow"] = slow
    window.intake.submit(["/net/slow"], None)
    window.intake.submit(["/docs/quick.pdf"], None)
    qtbot.waitUntil(lambda: ("submitted", ("/docs/quick.pdf",)) in app.service.calls)
    assert ("submitted", ("/net/slow",)) not in app.service.calls
    slow.set()
    qtbot.waitUntil(lambda: ("submitted", ("/net/slow",)) in app.service.calls)
    qtbot.waitUntil(lambda: not window.intake.is_adding)


def test_cancelling_a_drop_stops_its_search_alone(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.hold["/net/one"], app.service.hold["/net/two"] = threading.Event(), threading.Event()
    window.intake.submit(["/net/one"], None)
    window.intake.submit(["/net/two"], None)
    qtbot.waitUntil(lambda: {"/net/one", "/net/two"} <= set(app.service.searching))
    window.batch_strip.cancel_wanted.emit(app.service.searching["/net/one"])
    qtbot.waitUntil(lambda: ("submitted", ("/net/one",)) in app.service.calls)
    assert ("submitted", ("/net/two",)) not in app.service.calls
    app.service.hold["/net/two"].set()
    qtbot.waitUntil(lambda: not window.intake.is_adding)


def test_quitting_ends_searches_that_still_go_on(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.hold["/net/slow"] = threading.Event()  # ends only when it is told to stop
    window.intake.submit(["/net/slow"], None)
    qtbot.waitUntil(lambda: "/net/slow" in app.service.searching)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    assert ("submitted", ("/net/slow",)) in app.service.calls
    assert app.closed
    window.leaving.is_over = False


def test_the_end_of_the_session_puts_all_away_before_it_returns(
    qtbot: QtBot, make_window: Make, app: FakeApp, tmp_path: Path
) -> None:
    app.service.put(job(1))
    window = make_window()
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.leaving.on_session_end()
        assert app.closed
        assert (tmp_path / window_state.STATE_FILE).exists()
    window.leaving.is_over = False


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


# --- settings ----------------------------------------------------------------------------------


def test_settings_of_the_window_do_not_disturb_the_engine(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    window.preferences.save({"notify_finished": False})
    qtbot.waitUntil(lambda: not window.notices.settings.notify_finished)
    assert app.applied == []
    window.preferences.save({"workers": 3})
    qtbot.waitUntil(lambda: [settings.workers for settings in app.applied] == [3])


def test_what_waits_for_a_restart_is_said(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.preferences.said) as said:
        window.preferences.save({"log_level": "DEBUG"})
    assert said.args == ["Settings saved; some take effect at the next start."]


# --- a store that cannot be opened --------------------------------------------------------------


def test_a_store_that_cannot_be_opened_says_why_and_can_be_tried_again(qtbot: QtBot, app: FakeApp) -> None:
    tried: list[str] = []

    def build() -> FakeApp:
        tried.append("once")
        if len(tried) == 1:
            raise StoreTooNew("The store was written by a newer version.")
        return app

    window = MainWindow(Hub(build), app.settings)
    window.show()
    with qtbot.waitSignal(window.hub.broken):
        window.hub.open()
    (box,) = window.findChildren(BrokenBox)
    assert box.text().startswith("The store was written by a newer version.")
    with qtbot.waitSignal(window.hub.ready):
        box.again.click()
    assert not window.trouble_strip.isVisible()
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()


def test_a_store_that_cannot_be_opened_can_be_left(qtbot: QtBot, app: FakeApp) -> None:
    def build() -> FakeApp:
        raise StoreTooNew("The store was written by a newer version.")

    window = MainWindow(Hub(build), app.settings)
    window.show()
    with qtbot.waitSignal(window.hub.broken):
        window.hub.open()
    (box,) = window.findChildren(BrokenBox)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        box.leave.click()
