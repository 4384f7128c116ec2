"""The tray, closing and quitting, and which notifications are shown when."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from ingest_desktop.domain.enums import JobEvent, JobStatus, Outcome
from ingest_desktop.domain.models import Counts, JobSelector
from ingest_desktop.ui import theme, window_state
from ingest_desktop.ui.dialogs import QuitBox
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.notices import GATHER_MS, Ended, ended_of, message
from ingest_desktop.ui.tray import SystemTray, seat_for

from .desktop import FakeNotifier, FakeSeat
from .fake_service import FakeService, job
from .fakes import FakeApp

Make = Callable[[], MainWindow]


@pytest.fixture
def seat() -> FakeSeat:
    return FakeSeat()


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def make(
    qtbot: QtBot, qapp: QApplication, app: FakeApp, seat: FakeSeat, notifier: FakeNotifier
) -> Iterator[Callable[[], MainWindow]]:
    windows: list[MainWindow] = []

    def build() -> MainWindow:
        theme.apply(qapp, theme.LIGHT)
        state = window_state.load(app.settings.data_root)
        window = MainWindow(Hub(lambda: app), app.settings, state, seat=seat, notifier=notifier)
        windows.append(window)
        window.show()
        with qtbot.waitSignal(window.hub.pulsed, timeout=5_000):
            window.hub.open()
        return window

    yield build
    for window in windows:
        if not window.leaving.is_over:
            with qtbot.waitSignal(window.quitting, timeout=10_000):
                window.quit_now()


# --- the icon ------------------------------------------------------------------------------------


def test_the_icon_tells_the_state_and_the_tip_the_progress(
    qtbot: QtBot, make: Make, app: FakeApp, seat: FakeSeat
) -> None:
    app.service.put(job(1), job(2, JobStatus.COMPLETED, outcome=Outcome.INGESTED))
    window = make()
    qtbot.waitUntil(lambda: window.tray.state == "working")
    assert seat.tips[-1].startswith("Ingest Desktop: 1 of 2")
    app.service.put(job(1, JobStatus.FAILED, error_code="source_malformed"), tell=True)
    qtbot.waitUntil(lambda: window.tray.state == "attention")
    app.service.put(job(1, JobStatus.COMPLETED, outcome=Outcome.INGESTED), tell=True)
    qtbot.waitUntil(lambda: window.tray.state == "idle")
    assert seat.tips[-1] == "Ingest Desktop: 2 done"
    assert len(seat.icons) == 4
    assert len(set(seat.tips)) == len(seat.tips)  # nothing is said twice


def test_the_menu_shows_adds_pauses_and_quits(qtbot: QtBot, make: Make, app: FakeApp, seat: FakeSeat) -> None:
    app.service.put(job(1))
    window = make()
    seat.choose("Hide window")
    assert not window.isVisible()
    seat.choose("Show window")
    assert window.isVisible()
    seat.choose("Pause everything")
    everything = (JobEvent.PAUSE.value, JobSelector(everything=True))
    qtbot.waitUntil(lambda: everything in app.service.calls)
    assert seat.menu is not None
    qtbot.waitUntil(lambda: seat.menu is not None and seat.menu.actions()[3].text() == "Resume everything")
    seat.choose("Resume everything")
    qtbot.waitUntil(lambda: (JobEvent.RESUME.value, JobSelector(everything=True)) in app.service.calls)
    seat.choose("Hide window")
    seat.choose("Add files…")
    assert window.isVisible()
    (dialog,) = window.findChildren(QFileDialog)
    dialog.reject()
    window.preferences.settings = app.settings.model_copy(update={"quit_with_work": "quit"})
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        seat.choose("Quit")
    assert app.closed and seat.left


def test_no_tray_is_looked_for_where_there_is_no_desktop(qapp: QApplication) -> None:
    assert qapp.platformName() == "offscreen"
    seat = seat_for()
    assert not isinstance(seat, SystemTray)  # Qt says on the terminal that a signal is missing there
    assert not seat.is_there


def test_pressing_the_icon_hides_and_shows(make: Make, seat: FakeSeat) -> None:
    window = make()
    seat.pressed.emit()
    assert not window.isVisible()
    seat.pressed.emit()
    assert window.isVisible()
    window.setWindowState(window.windowState() | Qt.WindowState.WindowMinimized)
    seat.pressed.emit()
    assert window.isVisible() and not window.isMinimized()


def test_bringing_up_keeps_a_large_window_large(make: Make) -> None:
    window = make()
    window.setWindowState(Qt.WindowState.WindowMaximized | Qt.WindowState.WindowMinimized)
    window.bring_up()
    assert window.isMaximized() and not window.isMinimized()


# --- closing and quitting ------------------------------------------------------------------------


def test_closing_hides_in_the_tray_and_says_so_once(
    qtbot: QtBot, make: Make, app: FakeApp, notifier: FakeNotifier
) -> None:
    window = make()
    window.close()
    assert not window.isVisible() and not app.closed
    assert [title for title, _ in notifier.told] == ["Ingest Desktop goes on in the tray"]
    window.bring_up()
    window.close()
    assert len(notifier.told) == 1
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.quit_now()
    assert notifier.closed
    again = make()
    again.close()
    assert len(notifier.told) == 1  # also at the next start


def test_closing_quits_where_there_is_no_tray(qtbot: QtBot, make: Make, app: FakeApp, seat: FakeSeat) -> None:
    seat.there = False
    window = make()
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.close()
    assert app.closed


def test_closing_quits_when_the_settings_say_so(qtbot: QtBot, make: Make, app: FakeApp) -> None:
    app.settings = app.settings.model_copy(update={"close_to_tray": False})
    window = make()
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        window.close()
    assert app.closed


def test_a_window_is_not_lost_with_its_tray(make: Make, seat: FakeSeat) -> None:
    window = make()
    window.close()
    seat.there = False
    window.leaving.look_for_tray()
    assert not window.isVisible()  # the panel may be starting anew
    seat.there = True
    window.leaving.look_for_tray()
    seat.there = False
    window.leaving.look_for_tray()
    assert not window.isVisible()
    window.leaving.look_for_tray()
    assert window.isVisible()


def test_quitting_with_work_in_hand_asks_once(qtbot: QtBot, make: Make, app: FakeApp, seat: FakeSeat) -> None:
    app.service.put(job(1))
    window = make()
    window.close()
    seat.choose("Quit")
    seat.choose("Quit")
    (box,) = window.findChildren(QuitBox)
    assert window.isVisible()  # the question is not asked behind a hidden window
    stay = next(button for button in box.buttons() if button is not box.quit_button)
    stay.click()
    assert not app.closed
    qtbot.waitUntil(lambda: not window.findChildren(QuitBox))
    seat.choose("Quit")
    (box,) = window.findChildren(QuitBox)
    with qtbot.waitSignal(window.quitting, timeout=10_000):
        box.quit_button.click()
    assert app.closed


def test_the_question_can_be_left_with_escape(qtbot: QtBot, make: Make, app: FakeApp) -> None:
    app.service.put(job(1))
    window = make()
    window.actions_["quit"].trigger()
    (box,) = window.findChildren(QuitBox)
    box.reject()
    qtbot.waitUntil(lambda: not window.findChildren(QuitBox))
    window.actions_["quit"].trigger()
    assert len(window.findChildren(QuitBox)) == 1


# --- notifications -------------------------------------------------------------------------------


def end_batch(window: MainWindow, *batches: str) -> None:
    for batch in batches:
        window.hub.bridge.batch_finished(batch)


def put_done(service: FakeService, *batches: str) -> None:
    for number, batch in enumerate(batches, 1):
        service.put(job(number, JobStatus.COMPLETED, outcome=Outcome.INGESTED, batch_id=batch))


def test_batches_that_end_together_are_told_together(
    qtbot: QtBot, make: Make, app: FakeApp, notifier: FakeNotifier
) -> None:
    put_done(app.service, "b1", "b2", "b3")
    window = make()
    end_batch(window, "b1", "b2", "b3")
    qtbot.waitUntil(lambda: bool(notifier.told), timeout=GATHER_MS + 5_000)
    assert notifier.told == [("3 files can be searched", "Done: Reports, Reports and 1 more.")]
    end_batch(window, "b1")  # half a minute must pass; it is kept until then
    timer = window.notices._timers["finished"]
    qtbot.waitUntil(timer.isActive)
    assert timer.remainingTime() > 20_000
    end_batch(window, "b2")
    qtbot.waitUntil(lambda: len(window.notices._ended["finished"]) == 2)
    timer.start(0)
    qtbot.waitUntil(lambda: len(notifier.told) == 2)
    assert notifier.told[1] == ("2 files can be searched", "Done: Reports, Reports.")


def test_each_kind_has_its_switch(qtbot: QtBot, make: Make, app: FakeApp, notifier: FakeNotifier) -> None:
    put_done(app.service, "b1")
    app.service.put(job(2, JobStatus.FAILED, error_code="source_malformed", batch_id="b2"))
    window = make()
    window.preferences.save({"notify_finished": False})
    qtbot.waitUntil(lambda: not window.notices.settings.notify_finished)
    end_batch(window, "b1", "b2")
    qtbot.waitUntil(lambda: bool(notifier.told), timeout=GATHER_MS + 5_000)
    assert notifier.told == [("1 file needs a look", "Reports: 1 file could not be read.")]
    window.preferences.save({"notify_trouble": False})
    qtbot.waitUntil(lambda: not window.notices.settings.notify_trouble)
    window.hub.bridge.trouble("store_full", "The disk is full.", "Free some space.")
    window.preferences.save({"notify_trouble": True})
    qtbot.waitUntil(lambda: window.notices.settings.notify_trouble)
    for _ in range(3):
        window.hub.bridge.trouble("store_full", "The disk is full.", "Free some space.")
    qtbot.waitUntil(lambda: len(notifier.told) == 2)
    assert notifier.told[1] == ("The disk is full.", "Free some space.")


def test_what_was_cancelled_is_not_told(qtbot: QtBot, make: Make, app: FakeApp, notifier: FakeNotifier) -> None:
    app.service.put(job(1, JobStatus.CANCELLED, batch_id="b1"))
    window = make()
    end_batch(window, "b1")
    qtbot.waitUntil(lambda: window.hub.reads.pending == 0)
    assert not window.notices._timers["finished"].isActive()
    assert notifier.told == []


def test_pressing_a_notification_shows_the_window(make: Make, notifier: FakeNotifier) -> None:
    window = make()
    window.close()
    notifier.pressed.emit()
    assert window.isVisible()


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ([Ended("Reports", 12)], ("12 files can be searched", "Done: Reports.")),
        (
            [Ended("Reports", 12, 2)],
            ("2 files need a look", "Reports: 12 files can be searched, 2 files could not be read."),
        ),
        ([Ended("scan.pdf", 0, 0, 1)], ("1 file needs a look", "scan.pdf: 1 file without text.")),
        (
            [Ended("a", 3, 1), Ended("b", 1, 0, 1), Ended("c", 0, 2), Ended("d", 0, 1)],
            (
                "5 files need a look",
                "a, b and 2 more: 4 files can be searched, 4 files could not be read, 1 file without text.",
            ),
        ),
    ],
)
def test_what_is_said_of_the_end(ended: list[Ended], told: tuple[str, str]) -> None:
    assert message(ended) == told


def test_files_without_text_do_not_count_as_searchable() -> None:
    counts = Counts(by_status={("kb1", JobStatus.COMPLETED): 12, ("kb1", JobStatus.FAILED): 2}, attention={"kb1": 5})
    assert ended_of(FakeService().batch("b1"), counts) == Ended("Reports", 9, 2, 3)
