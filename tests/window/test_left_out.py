"""What a drop left out, and what does not fit into the list yet, as the window tells it."""

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Counts, DiscoveryReport
from ingest_desktop.ui import theme, words
from ingest_desktop.ui.job_painter import status_color
from ingest_desktop.ui.job_rows import Column, tip_of
from ingest_desktop.ui.left_out import LeftOutDialog, lines_of_skipped, media_line
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.preflight_dialog import PreflightDialog
from ingest_desktop.ui.strips import BatchStrip, told

from .fake_service import FakePreflight, job
from .fakes import FakeApp

Make = Callable[[], MainWindow]
SKIPPED = {"audio": 12, "video": 8, "font": 3, "hidden": 2, "link": 1}
LINE = "23 files left out: 12 audio, 8 video, 3 fonts"


def test_all_that_holds_no_text_is_one_line() -> None:
    assert media_line(SKIPPED) == LINE
    assert lines_of_skipped(SKIPPED) == [LINE, "Skipped: 2 hidden files", "Skipped: 1 link"]
    assert (media_line({"hidden": 2}), media_line({"program": 1})) == ("", "1 file left out: 1 program")


def test_what_may_not_be_read_is_told_with_what_to_do() -> None:
    assert lines_of_skipped({"unreadable": 1}) == [
        "Skipped: 1 folder or file that may not be read",
        "What may not be read: give yourself the right, then add it again.",
    ]


def test_the_sheet_before_a_drop_says_it_in_one_line(qtbot: QtBot) -> None:
    sheet = PreflightDialog("Library")
    qtbot.addWidget(sheet)
    sheet.show_found(FakePreflight(4, 4000, {"pdf": 4}, SKIPPED))
    notes = [sheet._notes.itemAt(row).widget().text() for row in range(sheet._notes.count())]  # type: ignore[union-attr]
    assert LINE in notes and not [note for note in notes if "audio" in note and note != LINE]


def test_what_turned_out_to_be_no_document_is_told_with_the_rest(qtbot: QtBot) -> None:
    strip = BatchStrip()
    qtbot.addWidget(strip)
    report = DiscoveryReport(batch_id="1", found=9, added=9, skipped={"audio": 3}, finished=True)
    strip.set_report(report)
    strip.show()
    assert strip.text.text() == "9 files added, 3 skipped"
    by_status = {("library", JobStatus.COMPLETED): 9}
    strip.set_counts("1", Counts(by_status=by_status, left_out={"video": 2, "audio": 1}))
    assert strip.text.text() == "9 files added, 6 done, 3 left out, 3 skipped"
    told_of: list[dict[str, int]] = []
    strip.why_wanted.connect(told_of.append)
    strip.why.click()
    assert media_line(told_of[0]) == "6 files left out: 4 audio, 2 video"


def test_a_job_that_is_left_out_is_neither_green_nor_in_need_of_a_look() -> None:
    left = job(1, JobStatus.COMPLETED, outcome=Outcome.LEFT_OUT, message="Left out: it is a film, not a document.")
    assert words.status(left) == "Left out: no document"
    assert status_color(left, theme.LIGHT) == theme.LIGHT.muted and not left.needs_attention
    assert "film" in str(tip_of(left, Column.STATUS, words.status(left)))


@pytest.fixture
def dialog(app: FakeApp, window: MainWindow, qtbot: QtBot) -> LeftOutDialog:
    app.service.skipped = dict(SKIPPED)
    window.adding.add_paths(["/docs/a.pdf"])
    qtbot.waitUntil(window.batch_strip.why.isVisible)
    window.batch_strip.why.click()
    (found,) = window.findChildren(LeftOutDialog)
    return found


def test_why_says_it_and_which_on_demand(dialog: LeftOutDialog, qtbot: QtBot) -> None:
    assert dialog.lines.text().splitlines()[0] == LINE
    assert not dialog.files.isVisible()
    dialog.which.click()
    qtbot.waitUntil(lambda: "/docs/audio-11" in dialog.files.toPlainText())
    assert dialog.files.toPlainText().splitlines()[:2] == ["12 audio", "    /docs/audio-0"]
    dialog.reject()


def test_which_counts_as_the_line_above_it_does(window: MainWindow, qtbot: QtBot) -> None:
    dialog = LeftOutDialog(window.hub, "", {"hidden": 1, "font": 1, "video": 2})
    qtbot.addWidget(dialog)
    dialog._show({"font": ["/docs/a.woff"], "hidden": ["/docs/.x"], "video": ["/docs/a.mp4", "/docs/b.mp4"]})
    said = [line for line in dialog.files.toPlainText().splitlines() if not line.startswith(" ")]
    assert said == ["2 video", "1 font", "1 hidden file"]


def test_an_answer_that_comes_after_the_end_hurts_nobody(
    dialog: LeftOutDialog, app: FakeApp, qtbot: QtBot, make_window: Callable[[], MainWindow]
) -> None:
    dialog.which.click()
    gone: list[object] = []
    dialog.destroyed.connect(lambda: gone.append(1))
    dialog.reject()
    qtbot.waitUntil(lambda: bool(gone))


def test_what_waits_to_be_added_is_told() -> None:
    report = DiscoveryReport(batch_id="b1", found=1000, added=1000, held=12_000, skipped={"audio": 3})
    assert told(report, None) == "The list is full: 1,000 files added, 12,000 more are waiting to be added, 3 skipped"
    one = report.model_copy(update={"held": 1, "skipped": {}})
    assert told(one, None).endswith("1 more is waiting to be added")
    running = Counts(by_status={("kb1", JobStatus.COMPLETED): 600, ("kb1", JobStatus.QUEUED): 400})
    said = told(report, running)
    assert said.startswith("The list is full: 1,000 files added, 600 done, 12,000 more are waiting to be added")


def test_the_status_bar_counts_what_is_still_to_be_added(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    app.service.put(*(job(n, JobStatus.COMPLETED) for n in range(1, 4)))
    window = make_window()
    qtbot.waitUntil(lambda: window.status.text.text().startswith("3 done"))
    held = DiscoveryReport(batch_id="b1", found=3, added=3, held=7_000)
    window.hub.bridge.discovery_changed(held)
    window.hub.look_soon(0)
    qtbot.waitUntil(lambda: window.status.text.text().startswith("3 of 7,003, 7,000 still to be added"))
    assert (window.status.bar.maximum(), window.status.bar.value()) == (7_003, 3)
    window.hub.bridge.discovery_changed(held.model_copy(update={"held": 0, "finished": True}))
    window.hub.look_soon(0)
    qtbot.waitUntil(lambda: window.status.text.text().startswith("3 done"))


def test_what_is_left_out_is_not_told_as_done(qtbot: QtBot, make_window: Make, app: FakeApp) -> None:
    left = [job(n, JobStatus.COMPLETED, outcome=Outcome.LEFT_OUT) for n in (1, 2)]
    app.service.put(*left, job(3, JobStatus.COMPLETED))
    window = make_window()
    qtbot.waitUntil(lambda: window.status.text.text().startswith("1 done, 2 left out"))
    app.service.put(left[0].model_copy(update={"outcome": Outcome.INGESTED}), tell=True)
    qtbot.waitUntil(lambda: window.status.text.text().startswith("2 done, 1 left out"), timeout=4_000)
