"""What is typed into the search field, and the results that it brings."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.models import SearchPage
from ingest_desktop.ui.main_window import MainWindow

from .fake_service import job
from .fakes import FakeApp, hit


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
