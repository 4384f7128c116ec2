import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from ingest_desktop.config.settings import Settings, editable_fields, load_settings
from ingest_desktop.config.settings_checks import default_of, save_changes, unknown_settings
from ingest_desktop.domain.errors import InvalidRequestError
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.settings_dialog import SettingsDialog
from ingest_desktop.ui.settings_values import parse, shown, unit_of

from .fakes import FakeApp


@pytest.fixture
def dialog(qtbot: QtBot, app: FakeApp) -> SettingsDialog:
    found = SettingsDialog(app.settings)
    qtbot.addWidget(found)
    found.show()
    return found


def edit(dialog: SettingsDialog, name: str, text: str) -> None:
    control = dialog.lines[name].control
    assert isinstance(control, QLineEdit)
    control.setText(text)


def test_every_setting_has_a_line_with_words(dialog: SettingsDialog) -> None:
    assert set(dialog.lines) == set(editable_fields())
    for line in dialog.lines.values():
        assert line.control.accessibleName()
        assert line.control.accessibleDescription()


def test_what_is_shown_reads_back_as_the_same_value(dialog: SettingsDialog, app: FakeApp) -> None:
    for name, line in dialog.lines.items():
        assert line.value() == getattr(app.settings, name), name
    assert dialog.changes() == {}
    assert not dialog.save.isEnabled()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("50", "At least 100."),
        ("30000", "At most 20,000."),
        ("many", "This is not a number."),
        ("200.5", "A whole number."),
        ("inf", "This is not a number."),
        ("nan", "This is not a number."),
        ("", "This is not a number."),
        ("1e400", "This is not a number."),
        ("1e30", "This number is too large."),
    ],
)
def test_values_are_checked_as_they_are_typed(dialog: SettingsDialog, text: str, problem: str) -> None:
    edit(dialog, "chunk_chars", text)
    assert dialog.lines["chunk_chars"].note.text() == problem
    assert not dialog.save.isEnabled()
    edit(dialog, "chunk_chars", "1,200")
    assert dialog.lines["chunk_chars"].note.text() == ""
    assert dialog.save.isEnabled()
    assert dialog.changes() == {"chunk_chars": 1200}


@pytest.mark.parametrize("name", sorted(editable_fields()))
def test_no_bound_is_kept_beside_the_settings_class(name: str) -> None:
    info = Settings.model_fields[name]
    if info.annotation in (int, float):
        assert parse(name, shown(info, default_of(name))) == default_of(name)
    for constraint in info.metadata:
        for bound, beyond, said in (("ge", -1, "At least"), ("gt", 0, "More than"), ("le", 1, "At most")):
            if hasattr(constraint, bound):
                value = getattr(constraint, bound) + beyond
                with pytest.raises(ValueError, match=said):
                    parse(name, str(value))


def test_sizes_may_have_units() -> None:
    assert parse("segment_bytes", "4 MiB") == 4 * 1024**2
    assert parse("segment_bytes", "2 MB") == 2_000_000
    assert parse("segment_bytes", "100000 bytes") == parse("segment_bytes", "100,000") == 100_000
    with pytest.raises(ValueError, match="At least 64 KiB"):
        parse("segment_bytes", "1 kB")
    with pytest.raises(ValueError, match="not a number"):
        parse("segment_bytes", "inf MiB")


@pytest.mark.parametrize(("locale", "typed"), [("de_DE", "1.200,5"), ("fr_FR", "1\u202f200,5"), ("en_GB", "1,200.5")])
def test_numbers_are_read_as_the_locale_writes_them(locale: str, typed: str) -> None:
    QLocale.setDefault(QLocale(locale))
    assert parse("child_wall_seconds", typed) == 1200.5
    assert parse("child_wall_seconds", shown(Settings.model_fields["child_wall_seconds"], 80_123.45)) == 80_123.45


def test_a_restart_is_told_only_where_one_is_needed(dialog: SettingsDialog) -> None:
    edit(dialog, "workers", "3")
    assert dialog.lines["workers"].note.text() == "Takes effect at the next start."
    edit(dialog, "max_attempts", "7")
    assert dialog.lines["max_attempts"].note.text() == ""


def test_a_choice_and_a_switch(dialog: SettingsDialog, qtbot: QtBot) -> None:
    theme, switch = dialog.lines["theme"].control, dialog.lines["notify_failed"].control
    assert isinstance(theme, QComboBox)
    assert isinstance(switch, QCheckBox)
    theme.setCurrentIndex(theme.findData("dark"))
    switch.setChecked(False)
    with qtbot.waitSignal(dialog.apply_wanted) as wanted:
        dialog.save.click()
    assert wanted.args == [{"theme": "dark", "notify_failed": False}]


def test_what_the_environment_sets_cannot_be_changed_here(
    qtbot: QtBot, app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGESTION_BATCH_SIZE", "7")
    dialog = SettingsDialog(app.settings)
    qtbot.addWidget(dialog)
    line = dialog.lines["batch_size"]
    assert not line.control.isEnabled()
    assert line.note.text() == ("Set by the environment variable INGESTION_BATCH_SIZE; it can only be changed there.")
    assert not line.reset.isVisibleTo(dialog)
    assert "batch_size" not in dialog.changes()


def test_a_variable_counts_whatever_its_case(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ingestion_batch_size", "7")
    settings = load_settings(tmp_path)
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    assert settings.batch_size == 7
    assert not dialog.lines["batch_size"].control.isEnabled()
    assert "batch_size;" in dialog.lines["batch_size"].note.text()


def test_each_setting_has_a_way_back_to_its_default(qtbot: QtBot, tmp_path: Path) -> None:
    changes = {"chunk_chars": 500, "theme": "dark", "notify_failed": False}
    dialog = SettingsDialog(save_changes(load_settings(tmp_path), changes))
    qtbot.addWidget(dialog)
    offered = {name for name, line in dialog.lines.items() if line.reset.isVisibleTo(line)}
    assert offered == set(changes)
    assert dialog.lines["chunk_chars"].reset.toolTip() == "Reset to default: 900"
    for name in changes:
        dialog.lines[name].reset.click()
    assert dialog.changes() == {name: default_of(name) for name in changes}
    assert not any(line.reset.isVisibleTo(line) for line in dialog.lines.values())
    saved = save_changes(load_settings(tmp_path), dialog.changes())
    assert saved == load_settings(tmp_path)
    assert (tmp_path / "settings.json").read_text() == "{}"


def test_a_wrong_value_is_named_with_its_page(dialog: SettingsDialog) -> None:
    edit(dialog, "max_pages", "0")
    assert dialog.problem.isVisible()
    assert dialog.problem.text() == "Limits, Pages: At least 1."
    edit(dialog, "max_pages", "12")
    assert not dialog.problem.isVisible()


def test_names_that_no_setting_knows_are_told(
    qtbot: QtBot, make_window: Callable[[], MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGESTION_WORKRES", "3")
    monkeypatch.setenv("INGESTION_EMPTY", "")
    (tmp_path / "settings.json").write_text(json.dumps({"Theme": "dark", "colour of the moon": 1}))
    env, moon, theme = unknown_settings(tmp_path)[0], *unknown_settings(tmp_path)[:0:-1]
    assert str(env) == (
        "The environment variable INGESTION_WORKRES is no setting and has no effect. Did you mean INGESTION_WORKERS?"
    )
    assert (moon.name, moon.meant, theme.name, theme.meant) == ("colour of the moon", None, "Theme", "theme")
    window = make_window()
    qtbot.waitUntil(window.notice_strip.isVisible)
    assert str(env) in window.notice_strip.text.text()
    window.preferences.open_dialog()
    (dialog,) = window.findChildren(SettingsDialog)
    assert dialog.unknown.text().splitlines() == [str(env), str(theme), str(moon)]
    dialog.reject()
    save_changes(load_settings(tmp_path), {"chunk_chars": 500})
    assert json.loads((tmp_path / "settings.json").read_text())["colour of the moon"] == 1  # a later version's, maybe


@pytest.mark.parametrize("text", [b"[]", b"3", b"\xff\xfe{", b"{", b"[" * 100_000])
def test_a_settings_file_that_is_none_is_refused_in_a_sentence(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(text)
    with pytest.raises(InvalidRequestError, match=r"settings\.json"):
        load_settings(tmp_path)


def test_a_settings_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_bytes(b'\xef\xbb\xbf{"chunk_chars": 500}')
    assert load_settings(tmp_path).chunk_chars == 500


def test_saving_is_said_and_the_dialog_may_be_closed_meanwhile(
    qtbot: QtBot, make_window: Callable[[], MainWindow], app: FakeApp
) -> None:
    window = make_window()
    window.preferences.open_dialog()
    (dialog,) = window.findChildren(SettingsDialog)
    edit(dialog, "chunk_chars", "1200")
    dialog.save.click()
    assert dialog.problem.text().startswith("Saving…")
    assert not dialog.save.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: window.preferences.settings.chunk_chars == 1200)
    assert [settings.chunk_chars for settings in app.applied] == [1200]
    qtbot.waitUntil(lambda: not window.findChildren(SettingsDialog))  # none stays behind
    window.preferences.open_dialog()
    (dialog,) = window.findChildren(SettingsDialog)
    assert dialog.lines["chunk_chars"].value() == 1200
    edit(dialog, "chunk_chars", "1300")
    dialog.save.click()
    qtbot.waitUntil(lambda: not window.findChildren(SettingsDialog))
    assert window.preferences.settings.chunk_chars == 1300


def test_what_cannot_be_saved_is_said_in_the_dialog(
    qtbot: QtBot, make_window: Callable[[], MainWindow], tmp_path: Path
) -> None:
    window = make_window()
    window.preferences.open_dialog()
    (dialog,) = window.findChildren(SettingsDialog)
    edit(dialog, "chunk_chars", "1200")
    (tmp_path / "settings.json").write_text("{ spoiled meanwhile")
    dialog.save.click()
    qtbot.waitUntil(lambda: "is not valid JSON" in dialog.problem.text())
    assert dialog.isVisible() and dialog.save.isEnabled()
    dialog.reject()


def test_scrolling_over_a_choice_does_not_change_it(dialog: SettingsDialog) -> None:
    combo = dialog.lines["theme"].control
    assert isinstance(combo, QComboBox)
    dialog.lines["notify_failed"].control.setFocus()
    combo.setCurrentIndex(1)
    place, none = QPointF(5, 5), Qt.KeyboardModifier.NoModifier
    turned = QWheelEvent(
        place, place, QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(combo, turned)
    assert combo.currentIndex() == 1
    combo.setFocus()
    QApplication.sendEvent(combo, turned)
    assert combo.currentIndex() == 2


def test_a_choice_whose_word_alone_says_little_is_told_in_full(dialog: SettingsDialog) -> None:
    line = dialog.lines["wait_on_battery"]
    assert isinstance(line.control, QComboBox)
    assert [line.control.itemText(place) for place in range(3)] == ["When it is low", "Always", "Never"]
    line.control.setCurrentIndex(2)
    assert line.reset.toolTip() == "Reset to default: When it is low"


def test_a_unit_is_called_the_same_everywhere() -> None:
    units = {unit_of(info) for info in editable_fields().values()}
    assert "seconds" in units and not units & {"s", "sec", "second", "B", "byte", "px"}
