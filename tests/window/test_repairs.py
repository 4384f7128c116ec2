"""The window offers repairs where they help, stays usable meanwhile, and goes on when a data folder is back."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.domain.errors import LedgerDamaged, StoreBusy, StoreDamaged, StoreFull, StoreGone, StoreTooNew
from ingest_desktop.domain.interfaces.checks import Mended, RepairReport, Unsaved
from ingest_desktop.domain.models import DiscoveryReport, KnowledgeBase
from ingest_desktop.infrastructure.holding import hold_base
from ingest_desktop.repairing import repair
from ingest_desktop.ui import theme
from ingest_desktop.ui.dialogs import BrokenBox, RepairBox
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.repairs import unsaved_text
from ingest_desktop.workers.power_watch import ON_BATTERY
from ingest_desktop.workers.qt_threads import QtHost

from .fake_service import START, job
from .fakes import FakeApp

WAIT_MS = 30_000


def tell(window: MainWindow, code: str, message: str = "Trouble.", hint: str = "Do something.") -> None:
    window.hub.bridge.troubled.emit(code, message if code else "", hint if code else "")


def damage(qtbot: QtBot, app: FakeApp, window: MainWindow) -> None:
    app.damaged = ["kb1"]
    tell(window, StoreDamaged.code, "The knowledge base Library is damaged and paused.")
    qtbot.waitUntil(window.repairs.button.isVisible, timeout=5_000)


def agree(qtbot: QtBot, window: MainWindow) -> None:
    (box,) = window.findChildren(RepairBox)
    assert "“Library”" in box.text() and "kept beside it" in box.informativeText()
    box.repair.click()


def verbs(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


def quit_window(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.quitting, timeout=WAIT_MS):
        window.quit_now()


# --- a knowledge base ---------------------------------------------------------------------------


def test_a_damaged_knowledge_base_is_repaired_from_the_strip_while_the_window_is_used(
    qtbot: QtBot, app: FakeApp, window: MainWindow
) -> None:
    damage(qtbot, app, window)
    assert "other knowledge bases go on" in window.trouble_strip.text.text()
    app.repair_goes_on.clear()
    window.repairs.button.click()
    agree(qtbot, window)
    qtbot.waitUntil(lambda: "Reading what can be read." in window.repairs.strip.text.text(), timeout=5_000)
    assert window.repairs.strip.text.text().startswith("Repairing “Library”.")
    assert window.repairs.strip.bar.isVisible() and not window.repairs.strip.close_button.isVisible()
    assert not window.repairs.button.isVisible()
    with qtbot.waitSignal(window.hub.pulsed, timeout=5_000):  # the reads and commands go on
        window.hub.do(lambda backend: backend.service.create_knowledge_base("Two"))
    with qtbot.waitSignal(window.repairs.said, timeout=5_000) as said:
        app.repair_goes_on.set()
    assert said.args == ["“Library” is repaired. Files whose text was lost are read again."]
    assert not window.repairs.strip.isVisible() and not window.trouble_strip.isVisible()
    qtbot.waitUntil(lambda: window.hub.damaged == (), timeout=5_000)


def test_a_repair_that_fails_says_why_and_is_offered_again(qtbot: QtBot, app: FakeApp, window: MainWindow) -> None:
    damage(qtbot, app, window)
    app.repair_error = StoreBusy("Another program has it open.")
    window.repairs.button.click()
    agree(qtbot, window)
    qtbot.waitUntil(lambda: "Another program has it open." in window.repairs.strip.text.text(), timeout=5_000)
    assert window.repairs.strip.close_button.isVisible() and not window.repairs.strip.bar.isVisible()
    assert window.repairs.button.isVisible()


def test_a_repair_is_offered_for_what_is_damaged_only(qtbot: QtBot, app: FakeApp, window: MainWindow) -> None:
    app.service.bases.append(KnowledgeBase(kb_id="kb2", name="Two", created_at=START))
    window.hub.reload_bases()
    qtbot.waitUntil(lambda: len(window.hub.bases) == 2, timeout=5_000)
    damage(qtbot, app, window)
    assert "Repair…" in verbs(window.bases.make_base_menu("kb1"))
    assert "Repair…" not in verbs(window.bases.make_base_menu("kb2"))
    tell(window, "store_full")
    assert not window.repairs.button.isVisible()
    menu = window.bases.make_base_menu("kb1")
    next(action for action in menu.actions() if action.text() == "Repair…").trigger()
    agree(qtbot, window)
    qtbot.waitUntil(lambda: window.hub.damaged == (), timeout=5_000)
    assert "Repair…" not in verbs(window.bases.make_base_menu("kb1"))


def test_the_strip_of_a_drop_into_a_damaged_knowledge_base_offers_the_repair(
    qtbot: QtBot, app: FakeApp, window: MainWindow
) -> None:
    app.service.put(job(1, JobStatus.PAUSED))
    strip = window.batch_strip
    window.hub.bridge.discovery_changed(DiscoveryReport(batch_id="b1", found=1, added=1, finished=True))
    qtbot.waitUntil(lambda: strip.pause.text() == "Resume", timeout=5_000)
    damage(qtbot, app, window)
    qtbot.waitUntil(lambda: strip.pause.text() == "Repair…", timeout=5_000)
    resume = next(a for a in window.bases.make_base_menu("kb1").actions() if a.text().startswith("Resume"))
    assert not resume.isEnabled() and resume.toolTip() == "It is damaged: repair it first."
    strip.pause.click()
    agree(qtbot, window)
    qtbot.waitUntil(lambda: window.hub.damaged == () and strip.pause.text() == "Resume", timeout=5_000)
    assert not [call for call in app.service.calls if call[0] == "resume"]


def test_damage_of_an_earlier_run_is_known_from_the_start(
    qtbot: QtBot, app: FakeApp, make_window: Callable[[], MainWindow]
) -> None:
    app.damaged = ["kb1"]
    window = make_window()
    qtbot.waitUntil(lambda: window.hub.damaged == ("kb1",), timeout=5_000)


# --- a store that cannot be opened --------------------------------------------------------------


Mend = Callable[[Callable[[str], None]], RepairReport]


def broken_window(
    qtbot: QtBot, app: FakeApp, errors: list[Exception], mend: Mend | None
) -> tuple[MainWindow, BrokenBox]:
    def build() -> FakeApp:
        if errors:
            raise errors.pop(0)
        return app

    window = MainWindow(Hub(build, mend=mend), app.settings)
    window.show()
    with qtbot.waitSignal(window.hub.broken):
        window.hub.open()
    (box,) = window.findChildren(BrokenBox)
    return window, box


def test_a_damaged_list_of_jobs_is_repaired_and_then_opened(qtbot: QtBot, app: FakeApp) -> None:
    threads: list[str] = []

    def mend(progress: Callable[[str], None]) -> RepairReport:
        progress("Looking at the list of jobs.")
        threads.append(threading.current_thread().name)
        return RepairReport((Mended("ledger_damaged", "ledger", "jobs saved: 9"),), ())

    window, box = broken_window(qtbot, app, [LedgerDamaged("The store's file is damaged.")], mend)
    assert box.repair is not None
    assert "daily copies" in box.informativeText() and "ingest repair" not in box.text()
    with qtbot.waitSignal(window.hub.ready, timeout=5_000), qtbot.waitSignal(window.repairs.said) as said:
        box.repair.click()
    assert said.args == ["The list of jobs is repaired."]
    assert threads[0].startswith("repairing")
    assert not window.trouble_strip.isVisible() and not window.repairs.strip.isVisible()
    quit_window(qtbot, window)


def test_what_a_repair_could_not_save_is_told_and_added_again(qtbot: QtBot, app: FakeApp) -> None:
    unsaved = Unsaved(17, True, 5, 12, (("kb1", "/docs/a"), ("kb2", "/other"), ("kb1", "/docs/b")))
    window, box = broken_window(
        qtbot, app, [LedgerDamaged("Damaged.")], lambda _: RepairReport((Mended("x", "ledger", "y"),), (), unsaved)
    )
    assert box.repair is not None
    with qtbot.waitSignal(window.hub.ready, timeout=5_000):
        box.repair.click()
    strip = window.repairs.strip
    assert strip.text.text() == (
        "17 jobs could not be saved: 12 had failed, 5 waited to be read. "
        "Add the folders again: what is there is not read twice."
    )
    assert (
        strip.isVisible() and strip.close_button.isVisible() and strip.again.isVisible() and not strip.bar.isVisible()
    )
    wanted: list[tuple[object, str]] = []
    window.repairs.adding_wanted.connect(lambda paths, kb_id: wanted.append((paths, kb_id)))
    with qtbot.waitSignal(window.intake.begun, timeout=5_000):
        strip.again.click()
    assert wanted == [(["/docs/a", "/docs/b"], "kb1"), (["/other"], "kb2")] and not strip.isVisible()
    quit_window(qtbot, window)


@pytest.mark.parametrize(
    ("unsaved", "said"),
    [
        (Unsaved(1, True, 0, 0, ()), "1 job could not be saved. Add"),
        (Unsaved(3, True, 0, 3, ()), "3 jobs that had failed could not be saved. Add"),
        (Unsaved(1, True, 1, 0, ()), "1 job that waited to be read could not be saved. Add"),
        (
            Unsaved(None, False, 0, 0, ()),
            "Jobs that had brought no text may be missing: nothing tells any more how many there",
        ),
        (Unsaved(9, False, 1, 0, ()), "Up to 9 jobs could not be saved; none of them had brought any text. Add"),
    ],
)
def test_how_many_could_not_be_saved_is_told_as_far_as_it_is_known(unsaved: Unsaved, said: str) -> None:
    assert unsaved_text(unsaved).startswith(said)


def test_a_repair_of_the_store_that_fails_asks_again(qtbot: QtBot, app: FakeApp) -> None:
    def mend(_: Callable[[str], None]) -> RepairReport:
        raise StoreBusy("Another program has it open.")

    window, box = broken_window(qtbot, app, [LedgerDamaged("The store's file is damaged.")], mend)
    assert box.repair is not None
    with qtbot.waitSignal(window.hub.broken, timeout=5_000):
        box.repair.click()
    assert window.findChildren(BrokenBox)[-1].text().startswith("Another program has it open.")
    quit_window(qtbot, window)


@pytest.mark.parametrize(
    ("error", "has_mender"), [(StoreTooNew("Written by a newer version."), True), (LedgerDamaged("Damaged."), False)]
)
def test_where_a_repair_is_of_no_use_none_is_offered(
    qtbot: QtBot, app: FakeApp, error: Exception, has_mender: bool
) -> None:
    window, box = broken_window(qtbot, app, [error], (lambda _: RepairReport((), ())) if has_mender else None)
    assert box.repair is None
    assert window.status.text.text() == "Not open"
    quit_window(qtbot, window)


def test_another_data_folder_can_be_taken_instead(qtbot: QtBot, app: FakeApp, tmp_path: Path) -> None:
    window, box = broken_window(qtbot, app, [StoreTooNew("Written by a newer version.")], None)
    started: list[str] = []
    window.opening.start_for = lambda folder: bool(started.append(folder)) or len(started) > 1  # the first start fails
    for turn in (1, 2):
        box.other.click()
        (dialog,) = window.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path))
        dialog.done(1)
        assert started == [str(tmp_path)] * turn
        if turn == 1:
            box = window.findChildren(BrokenBox)[-1]
            qtbot.waitUntil(lambda: not window.findChildren(QFileDialog), timeout=5_000)
    qtbot.waitUntil(lambda: window.leaving.is_over, timeout=5_000)


def test_who_takes_no_other_folder_is_asked_again(qtbot: QtBot, app: FakeApp) -> None:
    window, box = broken_window(qtbot, app, [StoreTooNew("Written by a newer version.")], None)
    box.other.click()
    (dialog,) = window.findChildren(QFileDialog)
    dialog.reject()
    again = [found for found in window.findChildren(BrokenBox) if found.isVisible()]
    assert len(again) == 1 and again[0].text() == box.text()
    quit_window(qtbot, window)


# --- a data folder that comes back --------------------------------------------------------------


@pytest.mark.parametrize("code", [StoreGone.code, StoreFull.code])
def test_what_ends_by_itself_is_not_said_to_need_a_start_by_hand(window: MainWindow, code: str) -> None:
    tell(window, code, "Trouble.", "Do something, then resume.")
    assert window.trouble_strip.text.text().startswith("Trouble. ")
    assert window.trouble_strip.text.text().endswith("work goes on by itself then.")


def test_a_wait_on_battery_is_no_alarm(window: MainWindow) -> None:
    hint = "Plug it in. To work all the same, change the settings (INGESTION_WAIT_ON_BATTERY)."
    tell(window, ON_BATTERY, "The battery is below 30 %: work waits.", hint)
    strip = window.trouble_strip
    assert strip.isVisible() and strip.tone == "warning"
    said = "The battery is below 30 %: work waits. Plug it in. To work all the same, change the settings."
    assert strip.text.text() == said
    tell(window, StoreFull.code)
    assert strip.tone == "danger"
    tell(window, "")
    assert not strip.isVisible()


def test_a_data_folder_that_is_back_is_taken_up_again(qtbot: QtBot, app: FakeApp, window: MainWindow) -> None:
    window.repairs._back.setInterval(10)
    tell(window, StoreGone.code)
    qtbot.waitUntil(lambda: app.asked_whether_back > 2, timeout=5_000)
    with qtbot.waitSignal(window.repairs.said, timeout=5_000) as said:
        app.is_back = True
    assert said.args == ["The data folder is back: work goes on."]
    assert not window.repairs._back.isActive()


# --- on the real engine -------------------------------------------------------------------------


@pytest.fixture
def real(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    theme.apply(qapp, theme.LIGHT)
    settings = Settings(data_root=tmp_path / "store", workers=1, thread_join_timeout=5.0)

    def build() -> App:
        return build_app(settings, actor=Actor.WINDOW, label="test", worker_host=QtHost)

    window = MainWindow(Hub(build, mend=lambda progress: repair(settings, progress=progress)), settings)
    window.show()
    yield window
    quit_window(qtbot, window)


def fill(folder: Path, store: Path) -> None:
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text(f"heron {number}\n")
    app = build_app(Settings(data_root=store, workers=1), actor=Actor.COMMAND, label="before")
    app.service.submit([str(folder)])
    app.service.start()
    assert app.lifecycle.drain(60)
    app.close()


def test_the_window_repairs_the_list_and_a_knowledge_base(qtbot: QtBot, real: MainWindow, tmp_path: Path) -> None:
    store = tmp_path / "store"
    fill(tmp_path / "docs", store)
    (store / "ledger.db").write_bytes(b"no database" * 1_000)
    with qtbot.waitSignal(real.hub.broken, timeout=WAIT_MS):
        real.hub.open()
    (box,) = real.findChildren(BrokenBox)
    assert box.repair is not None
    with qtbot.waitSignal(real.hub.ready, timeout=WAIT_MS):
        box.repair.click()
    app = real.hub.backend
    assert isinstance(app, App)
    qtbot.waitUntil(lambda: app.service.counts().of(JobStatus.COMPLETED) == 5, timeout=WAIT_MS)
    hold_base(app.repository, "library")
    app.events.stand([(StoreDamaged.code, "The knowledge base Library is damaged.", "Repair it.")])
    qtbot.waitUntil(real.repairs.button.isVisible, timeout=WAIT_MS)
    real.repairs.button.click()
    (ask,) = real.findChildren(RepairBox)
    with qtbot.waitSignal(real.repairs.said, timeout=WAIT_MS) as said:
        ask.repair.click()
    assert said.args[0].startswith("“Library” is repaired.")
    assert app.damaged_bases() == [] and list((store / "knowledge_bases" / "library").glob("kb.db.damaged-*"))
    assert len(app.search.search("heron").hits) == 5
    qtbot.waitUntil(lambda: app.lifecycle.is_working, timeout=WAIT_MS)  # it is started behind what else was asked


def test_work_goes_on_when_the_data_folder_is_back(qtbot: QtBot, real: MainWindow, tmp_path: Path) -> None:
    store, away = tmp_path / "store", tmp_path / "away"
    fill(tmp_path / "docs", store)
    with qtbot.waitSignal(real.hub.pulsed, timeout=WAIT_MS):
        real.hub.open()
    real.repairs._back.setInterval(50)
    shutil.move(store, away)
    qtbot.waitUntil(real.repairs._back.isActive, timeout=WAIT_MS)
    with qtbot.waitSignal(real.repairs.said, timeout=WAIT_MS) as said:
        shutil.move(away, store)
    assert said.args == ["The data folder is back: work goes on."]
    (tmp_path / "docs" / "more.txt").write_text("heron, once more\n")
    app = real.hub.backend
    assert isinstance(app, App)
    real.add_paths([str(tmp_path / "docs")])
    qtbot.waitUntil(lambda: app.service.counts().of(JobStatus.COMPLETED) >= 6, timeout=WAIT_MS)
