import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from ingest_desktop.config.settings import Settings, editable_fields
from ingest_desktop.ui.settings_dialog import SettingsDialog, parse

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


def test_sizes_may_have_units() -> None:
    info = Settings.model_fields["segment_bytes"]
    assert parse(info, "4 MiB") == 4 * 1024**2
    assert parse(info, "2 MB") == 2_000_000
    with pytest.raises(ValueError, match="At least 64 KiB"):
        parse(info, "1 kB")


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
    assert line.note.text() == "Set by the environment variable INGESTION_BATCH_SIZE."
    assert "batch_size" not in dialog.changes()
