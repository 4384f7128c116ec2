"""The search view: which hit stays current, what is asked when, and what shows when there is nothing."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreDamaged
from ingest_desktop.domain.models import Hit, KnowledgeBase, SearchPage
from ingest_desktop.ui import theme
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.opener import open_at, url_of
from ingest_desktop.ui.search_model import entries_of

from .fake_service import START, job
from .fakes import FakeApp, hit

Make = Callable[[], MainWindow]


def many(*numbers: int) -> SearchPage:
    return SearchPage(
        hits=tuple(hit(f"{n:03} passage", f"passage \x02{n}\x03", document=f"d{n // 3}", page=n + 1) for n in numbers),
        searched_documents=5,
        total_documents=5,
    )


def current(window: MainWindow) -> str:
    entry = window.search.model.entry(window.search.results.currentIndex().row())
    assert entry is not None
    return entry.hit.chunk_id


def search(qtbot: QtBot, window: MainWindow, text: str) -> None:
    window.top.field.setText(text)
    window.search.search_now()
    qtbot.waitUntil(lambda: window.search._shown.query == text and not window.search._shown.typing)


def ask_again(qtbot: QtBot, window: MainWindow, app: FakeApp, page: SearchPage) -> None:
    app.search.pages[window.search.query] = page
    window.search._ask(typing=False)
    qtbot.waitUntil(lambda: window.hub.finding.pending == 0)


def test_the_current_hit_stays_when_results_are_refreshed(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"] = many(*range(30))
    search(qtbot, window, "passage")
    results = window.search.results
    for _ in range(4):
        QTest.keyClick(results, Qt.Key.Key_Down)
    kept = current(window)
    assert kept == "d1-004 pass"
    fresh = many(40, 41, *range(12))
    fresh = fresh.model_copy(
        update={
            "hits": tuple(h.model_copy(update={"score": 2.5, "snippet": "other \x02words\x03"}) for h in fresh.hits)
        }
    )
    ask_again(qtbot, window, app, fresh)
    assert current(window) == kept
    assert results.selectionModel().isSelected(results.currentIndex())
    ask_again(qtbot, window, app, many(40, 41))
    assert current(window) == "d13-040 pass"  # it is gone: the best one


def test_what_is_on_the_screen_stays_where_it_is(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"] = many(*range(48))
    search(qtbot, window, "passage")
    results, model = window.search.results, window.search.model
    for _ in range(20):
        QTest.keyClick(results, Qt.Key.Key_Down)
    height = results.visualRect(results.currentIndex()).top()
    ask_again(qtbot, window, app, many(100, 101, 103, 106, *range(44)))
    assert results.visualRect(results.currentIndex()).top() == height
    results.verticalScrollBar().setValue(results.verticalScrollBar().maximum())  # away from the current one
    seen = results.indexAt(QPoint(20, 1))
    chunk, top = model.entry(model.next_hit(seen.row(), 1)), results.visualRect(seen).top()
    assert chunk is not None
    below = results.visualRect(model.index(model.row_of(chunk))).top()
    ask_again(qtbot, window, app, many(*range(44)))
    assert results.visualRect(model.index(model.row_of(chunk))).top() == pytest.approx(below, abs=abs(top) + 60)


def test_another_query_begins_at_its_best_hit(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"], app.search.pages["passages"] = many(*range(30)), many(9, *range(5))
    search(qtbot, window, "passage")
    QTest.keyClick(window.search.results, Qt.Key.Key_Down)
    search(qtbot, window, "passages")
    assert current(window) == "d3-009 pass"
    assert window.search.results.verticalScrollBar().value() == 0


def test_the_ranked_answer_begins_at_its_best_hit_whatever_stood_first_while_typing(
    qtbot: QtBot, window: MainWindow, app: FakeApp
) -> None:
    window.top.field.setFocus()
    app.search.pages["passage"] = many(7, 8)
    QTest.keyClicks(window.top.field, "passage")
    qtbot.waitUntil(lambda: window.search._shown.typing)
    app.search.pages["passage"] = many(1, 7, 8)
    qtbot.waitUntil(lambda: bool(window.search._shown.query) and not window.search._shown.typing)
    assert current(window) == "d0-001 pass"


def test_a_word_typed_is_one_light_question_and_one_full(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passages"] = many(1)
    app.search.hold = threading.Event()
    try:
        for end in range(1, 9):
            window.top.field.setText("passages"[:end])
        assert app.search.asked == []  # nothing is asked between two keys
        qtbot.waitUntil(lambda: len(app.search.asked) == 1)
        window.top.field.setText("passages a")  # the first answer is not there yet, and will not be shown
        window.top.field.setText("passages")
    finally:
        app.search.hold.set()
    qtbot.waitUntil(lambda: not window.search._shown.typing and window.search._shown.query == "passages")
    assert {query for query, _, _ in app.search.asked} == {"passages"}
    assert len(app.search.asked) <= 3


def test_what_becomes_searchable_is_looked_for(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"] = many(1)
    search(qtbot, window, "passage")
    asked = len(app.search.asked)
    window.search._again.setInterval(0)
    app.service.put(job(1, JobStatus.COMPLETED), tell=True)
    qtbot.waitUntil(window.search._again.isActive, timeout=5_000)
    app.search.pages["passage"] = many(1, 2)
    window.search._again.start(0)
    qtbot.waitUntil(lambda: window.search.model.rowCount() == 3)
    assert len(app.search.asked) == asked + 1


def test_no_hits_say_what_may_help(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START))
    app.service.put(job(1))
    window = make_window()
    window.sidebar.pick_base("kb2")
    search(qtbot, window, "zzz")
    nothing = window.search.nothing
    assert nothing.isVisible() and not window.search.results.isVisible()
    assert nothing.title.text() == "Nothing found for “zzz”."
    assert nothing.everywhere.isVisible()
    nothing.everywhere.click()
    qtbot.waitUntil(lambda: app.search.asked[-1] == ("zzz", False, None))
    qtbot.waitUntil(lambda: not nothing.everywhere.isVisible())
    app.search.pages["found"] = many(1)
    search(qtbot, window, "found")
    assert window.search.results.isVisible() and not nothing.isVisible()
    app.search.pages["empty"] = SearchPage()
    search(qtbot, window, "empty")
    assert nothing.advice.text() == "There is nothing to search in yet. Add files first."


def test_a_slow_first_answer_is_announced(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.hold = threading.Event()
    window.top.field.setText("passage")
    qtbot.waitUntil(lambda: window.search.nothing.title.text() == "Searching…")
    app.search.hold.set()


def test_a_search_that_fails_says_why(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    def broken(*_: object, **__: object) -> SearchPage:
        raise StoreDamaged("The knowledge base Library is damaged.")

    app.search.search = broken  # type: ignore[method-assign]
    window.top.field.setText("passage")
    qtbot.waitUntil(lambda: window.search.nothing.title.text().startswith("The knowledge base Library is damaged."))
    assert "“Repair…”" in window.search.nothing.title.text() and "'ingest" not in window.search.nothing.title.text()


def test_a_knowledge_base_that_could_not_be_asked_is_named(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"] = many(1).model_copy(update={"unreadable": ("kb1",)})
    search(qtbot, window, "passage")
    assert "“Library” cannot be searched now" in window.search._summary.text()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb.txt", "a\\nb.txt"),
        ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
        ("na\udcffme.txt", "na\\xffme.txt"),
        ("تقرير السنة.pdf", "تقرير السنة.pdf"),
        ("年度报告.pdf", "年度报告.pdf"),
    ],
)
def test_names_are_shown_as_one_harmless_line(name: str, shown: str) -> None:
    (heading, _) = entries_of(SearchPage(hits=(hit("x", "x", path=f"/docs/{name}"),)))
    assert heading.title == shown


def ink(image: QImage, left: int, right: int, top: int, bottom: int) -> bool:
    ground = image.pixelColor(left, top)
    return any(image.pixelColor(x, y) != ground for x in range(left, right) for y in range(top, bottom))


@pytest.mark.parametrize("name", ["report.pdf", "تقرير السنة.pdf", "דוח שנתי.pdf"])
def test_names_stand_at_the_left_in_every_script(
    qtbot: QtBot, window: MainWindow, app: FakeApp, name: str, tmp_path: Path
) -> None:
    app.search.pages["x"] = SearchPage(hits=(hit("x", "x", path=f"/{name}", heading_path=("very long " * 200,)),))
    search(qtbot, window, "x")
    results = window.search.results
    rect = results.visualRect(window.search.model.index(0))
    image = results.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    right = round(rect.width() * ratio)
    assert ink(image, 44, 60, rect.top() + 8, rect.bottom())  # the name begins where names begin
    assert not ink(image, right - 40, right - 2, rect.top() + 8, rect.bottom())


def test_hits_have_a_menu(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"] = many(1)
    search(qtbot, window, "passage")
    results = window.search.results
    results.customContextMenuRequested.emit(results.visualRect(window.search.model.index(1)).center())
    (menu,) = window.search.findChildren(QMenu)
    with qtbot.waitSignal(window.search.folder_wanted) as wanted:
        menu.actions()[1].trigger()
    assert wanted.args == ["/docs/a.pdf"]
    menu.actions()[-1].trigger()
    assert QGuiApplication.clipboard().text() == "/docs/a.pdf"
    menu.close()


def test_page_keys_do_not_stop_on_headings(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.search.pages["passage"] = many(*range(0, 90, 3))
    search(qtbot, window, "passage")
    for key in (Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp, Qt.Key.Key_Home, Qt.Key.Key_PageDown):
        QTest.keyClick(window.search.results, key)
        entry = window.search.model.entry(window.search.results.currentIndex().row())
        assert entry is not None and not entry.is_heading


def test_results_are_painted_in_both_themes(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    hits: tuple[Hit, ...] = (
        hit(
            "中文", "在句子中的\x02词语\x03被找到", path="/文档/年度报告.pdf", heading_path=("第一章", "日本語の見出し")
        ),
    )
    app.search.pages["词语"] = SearchPage(hits=hits)
    search(qtbot, window, "词语")
    light = window.search.results.grab().toImage()
    window.preferences.save({"theme": "dark"})
    qtbot.waitUntil(lambda: theme.tokens_now() is theme.DARK)
    assert window.search.results.grab().toImage() != light
    window.preferences.save({"theme": "light"})
    qtbot.waitUntil(lambda: theme.tokens_now() is theme.LIGHT)


def test_an_original_that_is_gone_is_told(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    told: list[str] = []
    open_at(window.hub, str(tmp_path / "gone.pdf"), 3, told.append)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [f"{tmp_path / 'gone.pdf'} is not there any more. Was it moved or renamed?"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system's own viewer is asked")
def test_a_viewer_gets_odd_names_as_they_are_and_its_page(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, got = tmp_path / "bin", tmp_path / "got"
    programs.mkdir()
    for name, does in (
        ("xdg-mime", "echo org.gnome.Evince.desktop"),
        ("evince", f'printf "%s|" "$@" > {got}.new; mv {got}.new {got}'),
    ):
        program = programs / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    original = tmp_path / "a; touch pwned $(id) 'b' \"c\".pdf"
    original.write_bytes(b"%PDF-1.4")
    open_at(window.hub, str(original), 3, pytest.fail)
    qtbot.waitUntil(got.exists)
    assert got.read_text() == f"--page-index=3|{original}|"


def test_every_name_has_an_address() -> None:
    assert url_of("/docs/100% ü#?.pdf").toEncoded() == b"file:///docs/100%25%20%C3%BC%23%3F.pdf"
    assert url_of("/docs/na\udcffme.pdf").toEncoded() == b"file:///docs/na%FFme.pdf"
