"""Completed with gaps: a status of its own wherever one is shown, counted apart and never with what is done."""

from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Counts, DiscoveryReport, JobQuery, Receipt, SearchPage
from ingest_desktop.ui import theme, words
from ingest_desktop.ui.assets import resources
from ingest_desktop.ui.job_painter import status_color, status_icon
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.notices import Ended, ended_of, message
from ingest_desktop.ui.selection import group_of
from ingest_desktop.ui.strips import told

from .fake_service import FakeService, job
from .fakes import FakeApp, hit

Make = Callable[[], MainWindow]
GAPS: dict[str, Any] = {"status": JobStatus.COMPLETED, "outcome": Outcome.INGESTED, "gaps": 2}
ENDED = Counts(
    by_status={("kb1", JobStatus.COMPLETED): 82, ("kb1", JobStatus.FAILED): 17},
    attention={"kb1": 22},
    gaps={"kb1": 3},
)


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK])
@pytest.mark.parametrize("outcome", [Outcome.INGESTED, Outcome.UPDATED, Outcome.DUPLICATE, Outcome.UNCHANGED])
def test_gaps_have_their_own_sign_and_are_never_green(tokens: theme.Tokens, outcome: Outcome) -> None:
    holed = job(1, **{**GAPS, "outcome": outcome})
    others = {status_icon(job(1, status)) for status in JobStatus} | {
        status_icon(job(1, JobStatus.COMPLETED, outcome=Outcome.EMPTY))
    }
    assert status_icon(holed) not in others
    assert (resources() / "icons" / f"{status_icon(holed)}.svg").is_file()
    assert status_color(holed, tokens) == tokens.warning
    assert words.status(holed) == "Completed with gaps"


def test_the_numbers_of_a_drop_agree_with_attention() -> None:
    report = DiscoveryReport(batch_id="b", added=99, finished=True)
    assert told(report, ENDED) == "99 files added, 77 done, 3 with gaps, 2 without text, 17 failed"
    assert words.without_text(ENDED) + 3 + 17 == sum(ENDED.attention.values())
    assert ended_of(FakeService().batch("b1"), ENDED) == Ended("Reports", 77, 17, 2, 3)


def test_a_notice_tells_gaps() -> None:
    assert message([Ended("Reports", 77, 0, 0, 3)]) == (
        "3 files need a look",
        "Reports: 77 files can be searched, 3 files with gaps.",
    )


def test_gaps_are_counted_filtered_and_lead_somewhere(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(job(1, JobStatus.COMPLETED), job(2, **GAPS), job(3, JobStatus.FAILED))
    app.service.receipts[2] = Receipt(unit="page", units_seen=4, units_with_text=2, units_failed=((1, "a"), (2, "b")))
    window = make_window()
    rows = {window.sidebar.statuses.key_of(row): row for row in window.sidebar.statuses.rows()}
    qtbot.waitUntil(lambda: rows["gaps"].text(1) == "1")
    assert rows["attention"].text(1) == "2"
    qtbot.waitUntil(lambda: window.status.text.text().startswith("1 done, 1 with gaps, 1 failed"))
    window.sidebar.pick_status("gaps")
    qtbot.waitUntil(lambda: window.model.is_settled and window.model.rowCount() == 1)
    assert window.model.job_id(0) == 2
    window.table.selectRow(0)
    qtbot.waitUntil(lambda: "Page 1: a" in window.detail.receipt.toPlainText())
    assert window.detail._status.text() == "Completed with gaps"
    assert window.detail._retry.isVisible()
    window.sidebar.pick_status("completed")
    qtbot.waitUntil(lambda: window.model.is_settled and window.model.rowCount() == 2)
    window.table.selectRow(next(row for row in range(2) if window.model.job_id(row) == 1))
    qtbot.waitUntil(lambda: window.detail._name.text() == "report 00001.pdf")
    assert not window.detail._retry.isVisible()  # there is nothing to mend


def test_an_action_on_all_with_gaps_is_not_one_on_all() -> None:
    """Such a group has no selector: one that left the gaps out would mean every job."""
    assert group_of(JobQuery(gaps=True)) is None
    assert group_of(JobQuery(empty=True)) is None


def test_short_passages_take_one_line(qtbot: QtBot, window: MainWindow, app: FakeApp) -> None:
    hits = (hit("001 short", "short"), hit("002 long", "long words " * 200))
    app.search.pages["words"] = SearchPage(hits=hits, searched_documents=1, total_documents=1)
    window.top.field.setText("words")
    window.search.search_now()
    qtbot.waitUntil(lambda: window.search.model.rowCount() == 3)
    results = window.search.results
    short, long = (results.visualRect(window.search.model.index(row, 0)).height() for row in (1, 2))
    line = results.fontMetrics().height()
    assert line <= long - short <= 2 * line
