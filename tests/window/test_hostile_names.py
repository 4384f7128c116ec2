"""Names and messages that look like markup, wherever the window says them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QTreeWidget, QTreeWidgetItemIterator, QWidget
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Batch, Counts, KnowledgeBase
from ingest_desktop.ui.job_rows import Column
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.notices import ended_of, message
from ingest_desktop.ui.opener import is_program
from ingest_desktop.ui.plain import plain_tip

from .fake_service import START, job
from .fakes import FakeApp

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission")

EVIL = '<img src="file:///secret"><a href="https://example.org">x</a>'


def shown_texts(window: QWidget) -> Iterator[tuple[str, bool]]:
    """All that the widgets below a window say, and whether Qt would take it for markup."""
    for widget in [window, *window.findChildren(QWidget)]:
        yield widget.toolTip(), Qt.mightBeRichText(widget.toolTip())
        if isinstance(widget, QLabel):
            plain = widget.textFormat() is Qt.TextFormat.PlainText
            yield widget.text(), not plain and Qt.mightBeRichText(widget.text())
        if isinstance(widget, QTreeWidget):
            walk = QTreeWidgetItemIterator(widget)
            while (item := walk.value()) is not None:
                yield item.toolTip(0), Qt.mightBeRichText(item.toolTip(0))
                walk += 1
        elif isinstance(widget, QAbstractItemView) and (model := widget.model()) is not None:
            for row in range(min(5, model.rowCount(QModelIndex()))):
                for column in range(model.columnCount(QModelIndex())):
                    tip = str(model.data(model.index(row, column), Qt.ItemDataRole.ToolTipRole) or "")
                    yield tip, Qt.mightBeRichText(tip)


def test_what_a_file_is_called_and_says_is_never_markup(
    qtbot: QtBot, app: FakeApp, make_window: Callable[[], MainWindow]
) -> None:
    app.service.bases = [
        KnowledgeBase(kb_id="kb1", name=EVIL, created_at=START),
        KnowledgeBase(kb_id="kb2", name=f"{EVIL} 2", created_at=START, paused=True),
    ]
    said = {"original_filename": EVIL, "source_path": f"/docs/{EVIL}", "error_message": EVIL, "message": EVIL}
    app.service.put(
        job(1, JobStatus.FAILED, error_code="source_malformed", **said), job(2, JobStatus.COMPLETED, **said)
    )
    window = make_window()
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    window.batch_strip.say(EVIL)
    seen = set()
    for row in (0, 1):
        window.table.selectRow(row)
        qtbot.waitUntil(lambda: window.selection.now.total == 1)
        qtbot.waitUntil(lambda: any(EVIL in text for text, _ in shown_texts(window.detail)))
        QApplication.processEvents()
        texts = list(shown_texts(window))
        seen |= {text for text, _ in texts if "src=" in text}
        assert [text for text, rich in texts if rich and "<img" in text] == []
    assert len(seen) > 3  # it was there to be taken for markup


@pytest.mark.parametrize("text", [EVIL, "a & <b>c</b>\nnext", "<!-- -->"])
def test_a_tip_says_what_it_was_given(text: str) -> None:
    from PySide6.QtGui import QTextDocument

    document = QTextDocument()
    document.setHtml(plain_tip(text))
    assert document.toPlainText() == text if Qt.mightBeRichText(text) else plain_tip(text) == text


def test_plain_words_stay_as_they_are() -> None:
    assert plain_tip("Tom & Jerry, 2 < 3") == "Tom & Jerry, 2 < 3"


@pytest.mark.parametrize(
    "name", ["a.desktop", "a.EXE", "b.bat", "c.command", "d.lnk", "e.vbs", "f.app", "g.jar", "h.url"]
)
def test_a_program_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("x")
    assert is_program(str(path))


def test_a_document_is_no_program(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.txt", "c.py", "d.html", "e"):
        path = tmp_path / name
        path.write_text("x")
        assert is_program(str(path)) is (name == "c.py" and sys.platform == "win32")


@posix
def test_a_script_that_may_be_run_is_a_program(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert is_program(str(script))
    picture = tmp_path / "shared.pdf"  # a disk of another system makes everything look so
    picture.write_bytes(b"%PDF-1.7")
    picture.chmod(0o777)
    assert not is_program(str(picture))


ODD = "pay\u202ecod.exe\nsecond line\x07" + "q" * 200 + ".pdf"


def test_a_name_that_turns_the_writing_or_breaks_the_line_is_spelt_out_everywhere(
    qtbot: QtBot, app: FakeApp, make_window: Callable[[], MainWindow]
) -> None:
    failed = {"error_code": "source_encrypted", "error_message": "It is locked. " * 200}
    app.service.put(job(1, JobStatus.FAILED, original_filename=ODD, source_path=f"/docs/\u202e/{ODD}", **failed))
    window = make_window()
    window.table.selectRow(0)
    qtbot.waitUntil(lambda: window.detail._advice.isVisible())
    qtbot.waitUntil(lambda: window.model.cached(1) is not None)
    window.passwords.ask(window.model.cached(1) or job(1))
    assert window.passwords.dialog is not None
    shown = [window.model.data(window.model.index(0, column)) for column in (Column.NAME, Column.FOLDER)]
    texts = [str(text) for text in shown] + [text for text, _ in shown_texts(window)]
    label = Batch(batch_id="b", kb_id="kb1", label=ODD, origin="window", created_at=START)
    texts += message([ended_of(label, Counts())])
    told = [text for text in texts if "pay" in text]
    assert len(told) >= 4
    assert [text for text in told if "\u202e" in text or "\x07" in text or "\nsecond" in text] == []
    (title,) = (text for text in told if text.startswith("The password of"))
    assert len(title) < 100 and "….pdf" not in title and "q.pdf" in title
    advice = window.detail._advice.text()
    assert len(advice) < 500 and advice.endswith("the file is read again with it.")  # what to do is not pushed out
    window.passwords.dialog.reject()


def test_no_word_however_long_makes_the_window_wider(
    qtbot: QtBot, app: FakeApp, make_window: Callable[[], MainWindow]
) -> None:
    word = "w" * 600
    app.service.put(job(1, JobStatus.FAILED, error_code="source_malformed", error_message=word))
    window = make_window()
    left, least = window.sidebar.width(), window.minimumSizeHint().width()
    window.table.selectRow(0)
    qtbot.waitUntil(lambda: window.detail._advice.isVisible())
    window.names.setFocus()
    window.top.field.setText(word)
    window.search.search_now()
    qtbot.waitUntil(window.search.nothing.isVisible)
    said = [window.search.nothing.title.text()]
    window.search.clear()
    window.narrowing._on_name(f"<b>{word}")
    window.nothing.setText(f"<b>{word}")
    window.notice_strip.say(word)
    QApplication.processEvents()
    assert (window.sidebar.width(), window.minimumSizeHint().width()) == (left, least)
    assert len(said[0]) < 100 and window.nothing.textFormat() is Qt.TextFormat.PlainText
