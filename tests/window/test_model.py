import sys
from array import array

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome
from ingest_desktop.domain.models import JobOrder, JobQuery, Progress
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_model import JobModel
from ingest_desktop.ui.job_rows import Column, Row
from ingest_desktop.ui.job_table import ROW_HEIGHT, JobTable
from ingest_desktop.ui.row_cache import CACHED_ROWS
from ingest_desktop.ui.row_ids import IdReading, common_ends

from .fake_service import job
from .fakes import FakeApp

ids = st.lists(st.integers(0, 9), max_size=30)


@given(ids, ids)
def test_common_ends_are_common_and_as_long_as_they_can_be(old: list[int], new: list[int]) -> None:
    prefix, suffix = common_ends(array("q", old), array("q", new))
    assert old[:prefix] == new[:prefix]
    assert prefix == min(len(old), len(new)) or old[prefix] != new[prefix]
    assert suffix == 0 or old[-suffix:] == new[-suffix:]
    assert prefix + suffix <= min(len(old), len(new))


def test_a_reading_comes_in_slices_and_tells_where_kept_rows_went() -> None:
    parts = [array("q", [5, 6]), array("q", [7])]
    reading = IdReading(lambda: iter(parts), array("q", [6, 7]), frozenset({7}))
    step = reading.step()
    while not step.done:
        step = reading.step()
    assert list(step.ids) == [5, 6, 7]
    assert step.rows == {7: 2}
    assert (step.prefix, step.suffix) == (0, 2)


def names(model: JobModel) -> list[str]:
    return [model.data(model.index(row, 0)) for row in range(model.rowCount())]


def load(qtbot: QtBot, model: JobModel, query: JobQuery) -> None:
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.set_query(query)
    model.set_visible(0, 40)


def test_the_model_keeps_qts_rules(qtbot: QtBot, opened: Hub, app: FakeApp, qtmodeltester: ModelTester) -> None:
    app.service.put(*(job(n, status) for n, status in enumerate(JobStatus, 1)))
    model = JobModel(opened)
    load(qtbot, model, JobQuery())
    names(model)
    qtbot.waitUntil(lambda: model.cached(6) is not None)
    qtmodeltester.check(model)


def test_rows_are_placeholders_until_their_page_is_read(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(100_000)
    model = JobModel(opened)
    load(qtbot, model, JobQuery())
    assert model.rowCount() == 100_000
    model.set_visible(70_000, 70_030)
    assert model.data(model.index(70_010, 0)) == "…"
    with qtbot.waitSignal(model.dataChanged, timeout=5_000):
        pass
    assert model.data(model.index(70_010, 0)) == "report 70011.pdf"


def test_only_a_few_pages_stay_in_memory(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(20_000)
    model = JobModel(opened)
    load(qtbot, model, JobQuery())
    for row in range(0, 20_000, 256):
        model.set_visible(row, row + 30)
        model.data(model.index(row, 0))
        qtbot.waitUntil(lambda row=row: model.row(row) is not None)
    assert len(model._rows) <= CACHED_ROWS
    assert model.row(0) is None


def test_a_change_shows_at_once_and_an_older_one_never(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1))
    model = JobModel(opened)
    load(qtbot, model, JobQuery())
    names(model)
    qtbot.waitUntil(lambda: model.cached(1) is not None)
    done = job(1, JobStatus.COMPLETED, outcome=Outcome.EMPTY, revision=99)
    with qtbot.waitSignal(model.dataChanged):
        opened.bridge.jobs_changed([done])
    assert model.data(model.index(0, Column.STATUS)) == "Empty: no text"
    opened.bridge.jobs_changed([job(1, JobStatus.RUNNING, revision=98)])
    qtbot.waitUntil(lambda: opened.reads.pending == 0)
    assert model.data(model.index(0, Column.STATUS)) == "Empty: no text"


def test_what_was_done_and_is_read_anew_is_nowhere_yet(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED, progress=1.0, attempts=1))
    model = JobModel(opened)
    load(qtbot, model, JobQuery())
    qtbot.waitUntil(lambda: model.cached(1) is not None)
    model.update_jobs([job(1, JobStatus.RUNNING, progress=0.0, attempts=1, revision=2)])
    assert (row := model.row(0)) is not None and row.fraction is None  # not 99 %
    assert row.follow(Progress(phase=JobPhase.EXTRACTING, done=1, total=2)) and row.fraction == 0.5
    model.update_jobs([job(1, JobStatus.RUNNING, progress=0.0, attempts=1, revision=3)])
    assert (row := model.row(0)) is not None and row.fraction == 0.5  # within a run it never goes back


def test_progress_never_goes_back_and_has_no_figure_without_a_total() -> None:
    row = Row(job(1, JobStatus.RUNNING))
    assert row.fraction is None
    row.follow(Progress(phase=JobPhase.HASHING))
    assert row.fraction is None
    row.follow(Progress(phase=JobPhase.EXTRACTING, done=6, total=10, unit="page"))
    assert row.fraction == 0.6
    row.follow(Progress(phase=JobPhase.EXTRACTING, done=5, total=10, unit="page"))
    assert row.fraction == 0.6


def test_a_job_that_was_all_read_and_is_read_anew_has_no_bar_yet() -> None:
    for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED):
        assert Row(job(1, status, progress=1.0)).fraction is None
        assert Row(job(1, status, progress=0.4)).fraction == 0.4  # its parts are kept
    row = Row(job(1, JobStatus.RUNNING, progress=1.0))
    assert row.follow(Progress(phase=JobPhase.EXTRACTING, done=1, total=4)) and row.fraction == 0.25


def test_progress_is_pulled_for_rows_on_the_screen(qtbot: QtBot, hub: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.RUNNING))
    model = JobModel(hub)
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        hub.open()
    model.set_visible(0, 10)
    names(model)
    qtbot.waitUntil(lambda: model.cached(1) is not None)
    app.progress.now[1] = Progress(phase=JobPhase.EXTRACTING, done=310, total=512, unit="page", units_per_second=25.2)
    qtbot.waitUntil(lambda: model.data(model.index(0, Column.PROGRESS)) == "60 %")
    assert model.data(model.index(0, Column.LENGTH)) == "310/512"
    assert model.data(model.index(0, Column.SPEED)) == "25 pages/s"
    assert model.data(model.index(0, Column.LEFT)) == "8 s"


def test_filter_and_order_come_from_the_query(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1), job(2, JobStatus.FAILED), job(3, JobStatus.FAILED))
    model = JobModel(opened)
    load(qtbot, model, JobQuery(statuses=frozenset({JobStatus.FAILED}), order=JobOrder.NAME, descending=True))
    assert [model.job_id(row) for row in range(model.rowCount())] == [3, 2]


def make_table(qtbot: QtBot, hub: Hub) -> tuple[JobModel, JobTable]:
    model = JobModel(hub)
    table = JobTable(model)
    qtbot.addWidget(table)
    table.resize(800, 400)
    table.show()
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.set_query(JobQuery())
    return model, table


def test_selection_and_place_stay_when_rows_come_above(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(1_000)
    model, table = make_table(qtbot, opened)
    table.selectRow(500)
    table.verticalScrollBar().setValue(490 * ROW_HEIGHT + 5)
    app.service.order = array("q", [*range(2_000, 2_100), *app.service.order])
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.refresh()
    assert list(table.selected_ids()) == [501]
    assert table.verticalScrollBar().value() == 590 * ROW_HEIGHT + 5


def test_selection_and_place_stay_when_the_order_changes(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(1_000)
    model, table = make_table(qtbot, opened)
    table.selectRow(500)
    table.verticalScrollBar().setValue(490 * ROW_HEIGHT + 5)
    order = list(app.service.order)
    app.service.order = array("q", [*order[100:400], *order[:100], *order[401:]])
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.refresh()
    assert list(table.selected_ids()) == [501]
    assert table.current_id == 501
    assert table.verticalScrollBar().value() == 489 * ROW_HEIGHT + 5


def test_all_stays_all(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(30_000)
    model, table = make_table(qtbot, opened)
    table.selectAll()
    assert table.all_selected
    app.service.order = array("q", reversed(app.service.order))
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.refresh()
    assert table.selected_count() == 30_000


def test_deleted_rows_go_and_the_rest_stays(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(100)
    model, table = make_table(qtbot, opened)
    table.selectRow(50)
    app.service.order = array("q", (n for n in app.service.order if not 10 <= n < 20))
    with qtbot.waitSignal(model.loaded, timeout=5_000):
        model.refresh()
    assert model.rowCount() == 90
    assert list(table.selected_ids()) == [51]


def test_columns_hide_and_come_back(qtbot: QtBot, opened: Hub) -> None:
    _, table = make_table(qtbot, opened)
    header = table.horizontalHeader()
    actions = {action.text(): action for action in table.columns.menu().actions()}
    actions["Size"].trigger()
    assert header.isSectionHidden(Column.SIZE)
    state = table.columns.state()
    actions["Size"].trigger()
    assert not header.isSectionHidden(Column.SIZE)
    table.columns.restore(state)
    assert header.isSectionHidden(Column.SIZE)
    assert not actions["Name"].isEnabled()


def test_headers_and_cells_have_names_for_screen_readers(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.FAILED, error_code="source_encrypted", error_message="It asks for a password."))
    model, table = make_table(qtbot, opened)
    qtbot.waitUntil(lambda: model.cached(1) is not None)
    index = model.index(0, Column.STATUS)
    assert model.data(index, Qt.ItemDataRole.AccessibleTextRole) == "Status: Failed: password needed"
    tip = model.data(index, Qt.ItemDataRole.ToolTipRole)
    assert "It asks for a password." in tip and "Give password" in tip and "--password-file" not in tip
    assert table.accessibleName() == "Jobs"


class Speaker(QObject):
    said = Signal(int)


def test_emitting_keeps_its_references_to_true(qtbot: QtBot) -> None:
    """A binding that loses one reference with every emit aborts the program after a few hundred."""
    speaker = Speaker()
    before = sys.getrefcount(True)
    for number in range(100):
        speaker.said.emit(number)
    assert sys.getrefcount(True) >= before - 5


def test_headers_sort_and_say_so(qtbot: QtBot, opened: Hub) -> None:
    model, table = make_table(qtbot, opened)
    table.order_wanted.connect(lambda order, down: model.set_query(JobQuery(order=order, descending=down)))
    titles = []
    for _ in range(3):
        table.horizontalHeader().sectionClicked.emit(Column.SIZE)
        titles.append(model.headerData(Column.SIZE, Qt.Orientation.Horizontal))
    assert titles == ["Size ↑", "Size ↓", "Size"]
    assert model.headerData(Column.ADDED, Qt.Orientation.Horizontal) == "Added"


def test_the_whole_row_under_the_pointer_is_marked(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(20)
    _, table = make_table(qtbot, opened)
    viewport = table.viewport()

    def marked() -> list[int]:
        return [line.top // ROW_HEIGHT for line in table._lines(viewport.rect()) if line.hovered]

    viewport.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    table.entered.emit(table.model().index(3, 2))
    assert marked() == [3]
    viewport.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    assert marked() == []


def test_painting_and_selecting_a_million_rows_costs_little(qtbot: QtBot, opened: Hub, app: FakeApp) -> None:
    app.service.fill(1_000_000)
    _, table = make_table(qtbot, opened)
    asked = 0

    def count_calls() -> None:
        nonlocal asked
        asked += 1

    table.model().rowCount = lambda *_: (count_calls(), 1_000_000)[1]  # type: ignore[method-assign]
    table.selectAll()
    table.grab()
    assert asked < 10_000
