"""What the job list paints, read from its pixels."""

import gc
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.ui import door, theme
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_rows import Column
from ingest_desktop.ui.job_table import ROW_HEIGHT, JobTable
from ingest_desktop.ui.undisturbed import PATIENCE_SECONDS, undisturbed

from .fake_service import job
from .fakes import FakeApp

TOKENS = theme.LIGHT


def make_table(qtbot: QtBot, hub: Hub, rows: int) -> JobTable:
    """A table that shows its rows with their content."""
    model = JobModel(hub)
    table = JobTable(model)
    qtbot.addWidget(table)
    table.resize(1000, 300)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # else a slow machine gives it the focus late, and with it the outline
    table.show()
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.set_query(JobQuery())
    qtbot.waitUntil(lambda: all(model.row(number) is not None for number in range(rows)), timeout=5_000)
    return table


def picture(table: JobTable) -> QImage:
    return table.viewport().grab().toImage()


def colors(table: JobTable, row: int, column: Column) -> set[str]:
    """The colours of a cell."""
    image, left, top = picture(table), table.columnViewportPosition(column), table.rowViewportPosition(row)
    width = table.columnWidth(column)
    return {
        QColor(image.pixel(x, y)).name() for x in range(left, left + width, 1) for y in range(top, top + ROW_HEIGHT)
    }


def test_each_row_shows_its_own_text_and_a_selected_one_its_ground(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.QUEUED), job(2, JobStatus.QUEUED))
    table = make_table(qtbot, opened, 2)
    plain = colors(table, 0, Column.NAME)
    assert TOKENS.text in plain
    assert TOKENS.selection not in plain
    table.selectRow(0)
    assert {TOKENS.selection, TOKENS.on_selection} <= colors(table, 0, Column.NAME)
    assert TOKENS.selection not in colors(table, 1, Column.NAME)
    assert TOKENS.base not in colors(table, 0, Column.SPEED)


def test_below_the_last_row_nothing_is_painted(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.QUEUED))
    table = make_table(qtbot, opened, 1)
    assert colors(table, 0, Column.SPEED) == colors(table, 0, Column.LEFT)
    image = picture(table)
    assert len({image.pixel(x, 2 * ROW_HEIGHT) for x in range(image.width())}) == 1


def test_a_bar_is_as_long_as_the_job_is_far(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.PAUSED, progress=0.25), job(2, JobStatus.PAUSED, progress=0.75))
    table = make_table(qtbot, opened, 2)
    image, left = picture(table), table.columnViewportPosition(Column.PROGRESS)

    def filled(row: int) -> int:
        y = row * ROW_HEIGHT + ROW_HEIGHT // 2
        across = range(left, left + table.columnWidth(Column.PROGRESS) - 60)
        return sum(QColor(image.pixel(x, y)).name() == TOKENS.muted for x in across)

    assert 2.5 < filled(1) / filled(0) < 3.5


def test_a_screen_of_rows_is_painted_without_asking_the_model_for_each_cell(
    qtbot: QtBot, opened: Hub, app: FakeApp
) -> None:
    app.service.fill(1_000)
    table = make_table(qtbot, opened, 8)
    asked: list[object] = []
    model = table.model()
    model.data = lambda *found: asked.append(found)  # type: ignore[method-assign]
    picture(table)
    assert asked == []


def test_what_is_under_the_pointer_is_marked_until_it_leaves(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.QUEUED), job(2, JobStatus.QUEUED))
    table = make_table(qtbot, opened, 2)
    over = Qt.WidgetAttribute.WA_UnderMouse  # as Qt sets it; the machine's own pointer is anywhere
    table.viewportEntered.disconnect(table._on_left)
    table.viewport().setAttribute(over, True)
    table.entered.emit(table.model().index(0, Column.SPEED))
    assert colors(table, 0, Column.SPEED) == {TOKENS.alternate}
    assert TOKENS.alternate not in colors(table, 1, Column.SPEED)
    table.viewport().setAttribute(over, False)
    assert TOKENS.alternate not in colors(table, 0, Column.SPEED)


def test_where_one_reads_from_the_right_names_stand_on_the_right(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.QUEUED))
    table = make_table(qtbot, opened, 1)
    table.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    image, left = picture(table), table.columnViewportPosition(Column.NAME)
    inked = [
        x
        for x in range(left, left + table.columnWidth(Column.NAME))
        for y in range(ROW_HEIGHT)
        if QColor(image.pixel(x, y)).name() == TOKENS.text
    ]
    assert min(inked) > left + table.columnWidth(Column.NAME) // 2


def test_the_interpreter_is_lent_as_often_as_before_after_a_paint_also_one_that_fails() -> None:
    before = sys.getswitchinterval()

    @undisturbed
    def paint(fails: bool) -> float:
        if fails:
            raise ValueError
        return sys.getswitchinterval()

    assert paint(False) == pytest.approx(PATIENCE_SECONDS)
    assert sys.getswitchinterval() == pytest.approx(before)
    with pytest.raises(ValueError):
        paint(True)
    assert sys.getswitchinterval() == pytest.approx(before)


def test_cycles_are_looked_for_again_once_all_is_loaded() -> None:
    gc.disable()
    try:
        door.collect_again()
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
