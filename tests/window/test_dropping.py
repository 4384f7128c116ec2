"""Dragging, dropping and pasting, and the sheet before a large drop; on real mime data."""

import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.models import KnowledgeBase
from ingest_desktop.ui.dropped_paths import local_paths
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.preflight_dialog import MOST_LINES, PreflightDialog, lines_of

from .fake_service import START, FakePreflight, job
from .fakes import FakeApp

Make = Callable[[], MainWindow]
COPY, LEFT, NO_KEYS = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
MIDDLE = QPoint(400, 300)


def files(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def uris(*lines: bytes) -> QMimeData:
    mime = QMimeData()
    mime.setData("text/uri-list", QByteArray(b"\r\n".join(lines)))
    return mime


def text(content: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(content)
    return mime


def enter(window: MainWindow, mime: QMimeData, at: QPoint = MIDDLE) -> bool:
    event = QDragEnterEvent(at, COPY, mime, LEFT, NO_KEYS)
    event.ignore()
    QApplication.sendEvent(window, event)
    return event.isAccepted()


def move(window: MainWindow, mime: QMimeData, at: QPoint) -> None:
    QApplication.sendEvent(window, QDragMoveEvent(at, COPY, mime, LEFT, NO_KEYS))


def drop(window: MainWindow, mime: QMimeData, at: QPoint = MIDDLE) -> None:
    enter(window, mime, at)  # Qt delivers a drop only to who welcomed the drag
    QApplication.sendEvent(window, QDropEvent(QPointF(at), COPY, mime, LEFT, NO_KEYS))


# --- what is in a drop -------------------------------------------------------------------------

on_posix = sys.platform != "win32"
ROOT = "/" if on_posix else "C:\\"


@pytest.mark.parametrize(
    ("mime", "paths"),
    [
        (files("/docs/a b.pdf", "/docs/ü ä.txt"), ["/docs/a b.pdf", "/docs/ü ä.txt"]),
        (files("/docs/100%.txt", "/docs/%41.txt", "/docs/#1?.md"), ["/docs/100%.txt", "/docs/%41.txt", "/docs/#1?.md"]),
        (files("/docs", "/docs/"), ["/docs", "/docs/"]),
        (files("/docs/a", "/docs/b", "/docs/a"), ["/docs/a", "/docs/b"]),
        (uris(b"file:///docs/a%20b.pdf", b"file:/docs/c"), ["/docs/a b.pdf", "/docs/c"]),
        (uris(b"file://localhost/docs/a"), ["/docs/a"]),
        (uris(b"file:///docs/na%FFme.txt"), ["/docs/na\udcffme.txt"]),
        (uris(b"file:///docs/%EF%BF%BD.txt"), ["/docs/\N{REPLACEMENT CHARACTER}.txt"]),
        (uris(b"file:///docs/a%00b"), []),
        (uris(b"file://elsewhere/docs/a"), []),
        (uris(b"https://example.org/a.pdf", b"file:///docs/a"), ["/docs/a"]),
        (uris(b"trash:///a.txt"), []),
        (text("/docs/a b.pdf\n/docs/c.txt\n"), ["/docs/a b.pdf", "/docs/c.txt"]),
        (text("'/docs/a b.pdf'"), ["/docs/a b.pdf"]),
        (text("file:///docs/%C3%BC.txt"), ["/docs/ü.txt"]),
        (text("see /docs/a.pdf"), []),
        (text("/docs/a.pdf\nand some words"), []),
        (text("hello"), []),
        (text(""), []),
        (QMimeData(), []),
    ],
)
def test_paths_are_read_as_they_were_meant(mime: QMimeData, paths: list[str]) -> None:
    if on_posix:
        assert local_paths(mime) == paths


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name and b"\0" not in name)))
def test_every_name_that_a_disk_can_hold_arrives(names: list[bytes]) -> None:
    if on_posix:
        paths = [os.fsdecode(b"/docs/" + name) for name in names if name not in (b".", b"..")]
        mime = uris(*(Path(path).as_uri().encode() for path in paths))
        assert local_paths(mime) == list(dict.fromkeys(paths))


def test_real_names_are_found_again(tmp_path: Path) -> None:
    names = ["plain.txt", "a b.txt", "ü.txt", "100%.txt", "%20.txt", "#hash?.txt", "'quoted'.txt", "語.txt", "ب.txt"]
    for name in names[: None if on_posix else 5]:
        (tmp_path / name).write_text("x")
    paths = local_paths(files(*(str(path) for path in tmp_path.iterdir())))
    assert paths and all(os.path.exists(path) for path in paths)


def test_ten_thousand_files_at_once(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    window = make_window()
    mime = files(*(f"/docs/ü folder/100% report {number:05}.pdf" for number in range(10_000)))
    started = time.thread_time()
    drop(window, mime)
    assert time.thread_time() - started < 1  # a few hundredths: the disk is not asked here
    assert window.overlay.sentence == "Drop to add 10,000 items to Library"
    qtbot.waitUntil(lambda: any(name == "submitted" for name, _ in app.service.calls), timeout=20_000)
    (told,) = (told for name, told in app.service.calls if name == "submit")
    assert isinstance(told, tuple) and len(told[0]) == 10_000


# --- dragging ----------------------------------------------------------------------------------


def test_the_target_is_named_while_dragging_and_can_be_chosen(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START))
    app.service.put(job(1))
    window = make_window()
    mime = files("/docs/a.pdf", "/docs/b.pdf")
    assert enter(window, mime)
    assert window.overlay.isVisible()
    assert window.overlay.sentence == "Drop to add 2 items to Library"
    bases = window.sidebar.bases
    (taxes,) = (row for row in bases.rows() if bases.key_of(row) == "kb2")
    over = bases.viewport().mapTo(window, bases.visualItemRect(taxes).center())
    move(window, mime, over)
    assert window.overlay.sentence == "Drop to add 2 items to Taxes"
    move(window, mime, QPoint(500, 400))
    assert window.overlay.sentence == "Drop to add 2 items to Library"
    drop(window, mime, over)
    assert not window.overlay.isVisible()
    qtbot.waitUntil(lambda: ("submit", (("/docs/a.pdf", "/docs/b.pdf"), "kb2")) in app.service.calls)


def test_leaving_takes_the_veil_away(window: MainWindow) -> None:
    mime = files("/docs/a.pdf")
    enter(window, mime)
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.overlay.isVisible()
    drop_without_entering = QDropEvent(QPointF(400, 300), COPY, text("words"), LEFT, NO_KEYS)
    QApplication.sendEvent(window, drop_without_entering)
    assert not window.overlay.isVisible()


def test_no_field_takes_files_for_text(window: MainWindow) -> None:
    assert not any(field.acceptDrops() for field in window.findChildren(QLineEdit))


def test_what_is_no_file_is_not_welcome(window: MainWindow) -> None:
    assert not enter(window, text("hello"))
    assert enter(window, text("/docs/a.pdf"))


def test_addresses_of_the_web_are_told_why_they_cannot_be_added(window: MainWindow, app: FakeApp) -> None:
    pages = uris(*(b"https://example.org/%d" % number for number in range(200)))
    why = "Only files on this computer can be added. Save the page, then drop the file."
    assert enter(window, pages)
    assert window.overlay.isVisible() and window.overlay.sentence == why
    drop(window, pages)
    assert window.status.text.text() == why
    assert not window.overlay.isVisible() and not any("submit" in name for name, _ in app.service.calls)
    assert enter(window, uris(b"https://example.org/a", b"file:///docs/a.pdf"))
    assert window.overlay.sentence == "Drop to add 1 item to Library"


# --- the sheet before a large drop ---------------------------------------------------------------


@pytest.fixture
def sheet(qtbot: QtBot) -> PreflightDialog:
    found = PreflightDialog("Library")
    qtbot.addWidget(found)
    kinds, sizes = {"pdf": 2_000, "txt": 300, "": 5}, {"pdf": 2_000_000, "txt": 30_000, "": 50}
    found.show_found(FakePreflight(2_305, 2_030_050, kinds, {"hidden": 31, "kind": 0}, sizes, {"pdf": 1_200, "txt": 1}))
    found.show()
    return found


def test_what_is_shown_is_what_is_added(sheet: PreflightDialog) -> None:
    assert sheet._title.text() == "Add 2,305 files, 2.0 MB to Library?"
    assert sheet._add.text() == "Add 2,305 files"
    assert sheet._known.text().startswith("1,201 of them are in the list already")
    sheet.ticks[("pdf",)].click()
    assert list(sheet.without) == ["pdf"]
    assert sheet._title.text() == "Add 305 files, 30 kB to Library?"
    assert sheet._known.text().startswith("1 of them is in the list already")
    sheet.ticks[("",)].click()
    assert list(sheet.without) == ["pdf", ""]
    assert sheet._add.text() == "Add 300 files"
    assert sheet.all.checkState() is Qt.CheckState.PartiallyChecked


def test_nothing_is_squeezed_or_jumps(sheet: PreflightDialog) -> None:
    parts, body = (sheet._list, sheet._known, sheet._buttons), sheet._list.widget()
    assert body is not None and sheet._list.height() >= body.height()
    assert sheet._known.height() >= sheet._known.heightForWidth(sheet._known.width())
    assert all(upper.geometry().bottom() < lower.geometry().top() for upper, lower in pairwise(parts))
    tops = [part.geometry().top() for part in parts]
    for kind in (("pdf",), ("txt",)):
        sheet.ticks[kind].click()
    QApplication.processEvents()
    assert not sheet._known.isVisible()
    assert [part.geometry().top() for part in parts] == tops


def test_all_kinds_can_be_taken_or_left_together(sheet: PreflightDialog) -> None:
    assert sheet.all.checkState() is Qt.CheckState.Checked
    sheet.all.click()
    assert list(sheet.without) == ["pdf", "txt", ""] and not sheet._add.isEnabled()
    assert sheet.all.checkState() is Qt.CheckState.Unchecked
    sheet.ticks[("txt",)].click()
    assert sheet._add.isEnabled()
    sheet.all.click()  # from some to all
    assert list(sheet.without) == [] and sheet._add.text() == "Add 2,305 files"


def test_an_unticked_kind_is_left_out(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    app.service.kinds = {"pdf": 3_000, "jpg": 120}
    drop(window, files("/docs"))
    qtbot.waitUntil(lambda: window.intake.sheet is not None and window.intake.sheet.isVisible())
    sheet = window.intake.sheet
    assert sheet is not None and "to Library?" in sheet._title.text()
    sheet.ticks[("jpg",)].setChecked(False)
    assert sheet._add.text() == "Add 3,000 files"
    sheet.accept()
    qtbot.waitUntil(lambda: app.service.without == [("jpg",)])


def test_a_long_look_tells_how_many_it_found_so_far(qtbot: QtBot) -> None:
    sheet = PreflightDialog("Library")
    qtbot.addWidget(sheet)
    sheet.show()
    assert sheet._title.text() == "Looking at what is in there…"
    teller = threading.Thread(target=sheet.note_found, args=(12_000,))  # as the engine tells it
    teller.start()
    teller.join()
    qtbot.waitUntil(lambda: sheet._title.text() == "Looking… 12,000 files found")
    sheet.show_found(FakePreflight(12_001, 5, {"txt": 12_001}, {}, {"txt": 5}, {}))
    assert sheet._title.text().startswith("Add 12,001 files") and not sheet._following.isActive()


def test_a_look_that_is_cut_short_adds_all(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    window.intake.settings = app.settings
    app.service.found_files = 3_000
    drop(window, files("/docs"))
    sheet = window.intake.sheet
    assert sheet is not None
    sheet.accept()  # before anything was found
    qtbot.waitUntil(lambda: app.service.without == [()])
    qtbot.waitUntil(lambda: window.hub.adding.pending == 0)
    assert sheet._found_so_far == 3_000


@given(st.dictionaries(st.text("abc", max_size=6), st.integers(1, 10), max_size=3 * MOST_LINES))
def test_every_kind_stands_in_one_line(kinds: dict[str, int]) -> None:
    lines = lines_of(kinds)
    assert len(lines) <= MOST_LINES
    assert sorted(kind for line in lines for kind in line) == sorted(kinds)
    counts = [kinds[kind] for line in lines for kind in line]
    assert counts == sorted(counts, reverse=True)


def test_many_kinds_fit_on_a_small_screen(qtbot: QtBot) -> None:
    sheet = PreflightDialog("Library")
    qtbot.addWidget(sheet)
    kinds = {f"k&{number}": 1000 - number for number in range(300)}
    sheet.show_found(FakePreflight(sum(kinds.values()), 1, kinds, {}, {}, {}))
    sheet.show()
    assert sheet.height() < 600
    assert len(sheet.findChildren(QCheckBox)) == MOST_LINES + 1
    assert sheet.ticks[("k&0",)].text() == "K&&0"
    sheet.ticks[lines_of(kinds)[-1]].click()
    assert len(sheet.without) == 300 - MOST_LINES + 1
