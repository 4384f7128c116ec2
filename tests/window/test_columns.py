from collections.abc import Callable

import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from ingest_desktop.ui import formats
from ingest_desktop.ui.columns import LEAST_NAME, first_width
from ingest_desktop.ui.job_rows import Column
from ingest_desktop.ui.main_window import MainWindow

from .fake_service import START, job
from .fakes import FakeApp

Make = Callable[[], MainWindow]
ALWAYS = {Column.NAME, Column.STATUS, Column.PROGRESS}
FIRST = set(Column) - {Column.TRIES, Column.BASE, Column.FOLDER}


@pytest.fixture
def table(qtbot: QtBot, make_window: Make, app: FakeApp) -> MainWindow:
    app.service.put(job(1))
    window = make_window()
    qtbot.waitUntil(lambda: window._pages.currentWidget() is window.table)
    return window


def resize(qtbot: QtBot, window: MainWindow, width: int) -> None:
    window.resize(width, 600)
    qtbot.waitUntil(lambda: window.width() == width)


@pytest.mark.parametrize("width", [760, 900, 1000, 1200, 1600])
def test_nothing_has_to_be_scrolled_sideways(qtbot: QtBot, table: MainWindow, width: int) -> None:
    resize(qtbot, table, width)
    header = table.table.horizontalHeader()
    assert header.length() == table.table.viewport().width()
    assert table.table.columns.shown >= ALWAYS
    assert header.sectionSize(Column.NAME) >= LEAST_NAME


def test_all_first_columns_come_back_with_the_room(qtbot: QtBot, table: MainWindow) -> None:
    resize(qtbot, table, 900)
    assert table.table.columns.shown < FIRST
    resize(qtbot, table, 1200)
    assert table.table.columns.shown == FIRST


def test_a_column_that_was_asked_for_stays(qtbot: QtBot, table: MainWindow) -> None:
    resize(qtbot, table, 900)
    columns = table.table.columns
    assert Column.SPEED not in columns.shown
    columns.show(Column.SPEED, True)
    assert Column.SPEED in columns.shown
    columns.show(Column.SIZE, False)
    resize(qtbot, table, 1600)
    assert columns.shown == FIRST - {Column.SIZE}
    columns.reset()
    assert columns.shown == FIRST


def test_what_gave_way_is_not_remembered_as_hidden(qtbot: QtBot, table: MainWindow, make_window: Make) -> None:
    resize(qtbot, table, 900)
    table.table.columns.show(Column.TRIES, True)
    state = table.table.columns.state()
    other = make_window()
    resize(qtbot, other, 1600)
    other.table.columns.restore(state)
    assert other.table.columns.shown == FIRST | {Column.TRIES}


def test_a_name_that_was_given_a_width_keeps_it(qtbot: QtBot, table: MainWindow) -> None:
    resize(qtbot, table, 1200)
    header = table.table.horizontalHeader()
    header.resizeSection(Column.NAME, 400)
    resize(qtbot, table, 900)
    assert header.sectionSize(Column.NAME) == 400
    assert table.table.columns.shown == FIRST


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Column.LENGTH, formats.units(1_012, 1_999, "page")),
        (Column.SPEED, formats.rate(24.5, "page")),
        (Column.SPEED, formats.rate(123_400_000, "byte")),
        (Column.STATUS, "Failed: type not supported"),
        (Column.STATUS, "Waiting: 12th in line"),
        (Column.LEFT, formats.duration(59 * 60 + 59)),
        (Column.SIZE, formats.size(1_900_000)),
        (Column.PROGRESS, "12,345 passages"),
    ],
)
def test_usual_texts_are_not_shortened(table: MainWindow, column: Column, text: str) -> None:
    metrics = QFontMetrics(table.table.font())
    assert metrics.horizontalAdvance(text) + 16 <= first_width(column, metrics)


def test_dates_are_short_and_exact_on_asking(english: None) -> None:
    assert formats.day_or_time(START, START) == formats.when(START, START)
    later = START.replace(year=2027)
    assert formats.day_or_time(START, later) == "3/4/26"
