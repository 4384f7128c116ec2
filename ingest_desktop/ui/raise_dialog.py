"""Raising the limits that stopped files, and trying those again."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.application.attention import HitLimit, raised
from ingest_desktop.config.settings import Settings, set_by_environment
from ingest_desktop.ui import words
from ingest_desktop.ui.formats import translate
from ingest_desktop.ui.plain import plain_buttons
from ingest_desktop.ui.settings_values import parse, shown, unit_of


class RaiseDialog(QDialog):
    """One field for each limit, with twice its value in it, and a tick whether it is to be raised.

    Signals:
        raise_wanted: args: a dict of new values by setting, the ids of the jobs to be tried again.
    """

    raise_wanted = Signal(object, object)

    def __init__(self, limits: Sequence[HitLimit], settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Raise limit and retry"))
        self._limits, self._settings = limits, settings
        self.ticks: dict[str, QCheckBox] = {}
        self.fields: dict[str, QLineEdit] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        self._fits = self.fontMetrics().horizontalAdvance("0,000,000,000,000")
        for limit in limits:
            self._add(limit, column)
        self.problem = QLabel()
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setWordWrap(True)
        self.problem.hide()
        column.addWidget(self.problem)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        plain_buttons(buttons)
        self.go = buttons.addButton(self.tr("Raise and retry"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._on_go)
        buttons.rejected.connect(self.reject)
        column.addSpacing(8)
        column.addWidget(buttons)
        self.go.setDefault(True)  # not before it is in the dialog: "Cancel" would keep the return key
        self.setMinimumWidth(440)
        self._check()

    def _add(self, limit: HitLimit, column: QVBoxLayout) -> None:
        name = limit.setting
        info = Settings.model_fields[name]
        value = getattr(self._settings, name)
        unit = "" if unit_of(info) == "bytes" else translate("settings", unit_of(info))
        variable = set_by_environment(name)
        tick = self.ticks[name] = QCheckBox(
            self.tr("“{title}” stopped {files}").format(
                title=translate("settings", info.title or name), files=words.files(len(limit.jobs))
            )
        )
        now = QLabel(
            self.tr("Now it is {value}. Raise it to:").format(value=" ".join(filter(None, (shown(info, value), unit))))
        )
        field = self.fields[name] = QLineEdit(shown(info, proposed(self._settings, limit)))
        field.setAccessibleName(tick.text())
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.textChanged.connect(self._check)
        tick.toggled.connect(self._check)
        tick.setChecked(not variable)
        column.addWidget(tick)
        if variable:
            tick.setEnabled(False)
            field.setEnabled(False)
            now.setText(
                self.tr("Set by the environment variable {name}; it can only be changed there.").format(name=variable)
            )
        now.setBuddy(field)
        field.setFixedWidth(self._fits)
        beside = QHBoxLayout()
        beside.setContentsMargins(self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth) + 8, 0, 0, 8)
        beside.addWidget(now, 1)
        beside.addWidget(field)
        column.addLayout(beside)

    @property
    def changes(self) -> dict[str, Any]:
        """The new values of the limits that are ticked. Raises ``ValueError`` when one is no good, or lower than now."""
        found = {name: parse(name, self.fields[name].text()) for name, tick in self.ticks.items() if tick.isChecked()}
        for name, value in found.items():
            if value <= getattr(self._settings, name):
                raise ValueError(self.tr("The new value must be higher than the one now."))
        return found

    @Slot()
    def _check(self, *_: object) -> None:
        if not hasattr(self, "go"):
            return
        try:
            ready, problem = bool(self.changes), ""
        except ValueError as error:
            ready, problem = False, str(error)
        for name, tick in self.ticks.items():
            self.fields[name].setEnabled(tick.isChecked())
        self.go.setEnabled(ready)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    @Slot()
    def _on_go(self) -> None:
        changes = self.changes
        jobs = tuple(job for limit in self._limits if limit.setting in changes for job in limit.jobs)
        self.accept()
        self.raise_wanted.emit(changes, jobs)


def proposed(settings: Settings, limit: HitLimit) -> Any:
    """What a limit may be raised to: twice as much, or what the largest file needs, within the setting's bounds."""
    info = Settings.model_fields[limit.setting]
    most = next((float(m.le) for m in info.metadata if getattr(m, "le", None) is not None), float("inf"))
    value = getattr(settings, limit.setting)
    return type(value)(raised(value, limit.needed, most))
