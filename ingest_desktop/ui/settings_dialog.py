"""The settings dialog, made from the fields of the settings class: what each does, its unit and its range."""

from functools import partial
from typing import Any

import annotated_types
from pydantic.fields import FieldInfo
from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.config.settings import Group, Settings, choices_of, editable_fields, set_by_environment
from ingest_desktop.ui import formats, theme
from ingest_desktop.ui.formats import translate

ORDER = (Group.GENERAL, Group.WINDOW, Group.READING, Group.QUEUE, Group.LIMITS, Group.STORE, Group.ADVANCED)
FIELD_WIDTH, UNIT_WIDTH = 128, 72
UNITS = {"kB": 1_000, "MB": 1_000**2, "GB": 1_000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


def limits_of(info: FieldInfo) -> tuple[float | None, float | None, bool]:
    """Lowest and highest value, and whether the lowest itself is excluded."""
    low: float | None = None
    high: float | None = None
    open_low = False
    for item in info.metadata:
        if isinstance(item, annotated_types.Ge):
            low = float(item.ge)  # type: ignore[arg-type]
        elif isinstance(item, annotated_types.Gt):
            low, open_low = float(item.gt), True  # type: ignore[arg-type]
        elif isinstance(item, annotated_types.Le):
            high = float(item.le)  # type: ignore[arg-type]
    return low, high, open_low


def _bytes(text: str) -> float:
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.lower().endswith(unit.lower()):
            return _number(text[: -len(unit)]) * UNITS[unit]
    return _number(text.removesuffix("bytes").removesuffix("B"))


def _number(text: str) -> float:
    value, good = QLocale().toDouble(text.strip())
    return value if good else float(text.strip().replace(",", ""))


def parse(info: FieldInfo, text: str) -> int | float | str:
    """What was typed as a value of the field.

    Raises:
        ValueError: It is no number, or out of range; the message says so in plain words.
    """
    if info.annotation is str:
        if not text.strip():
            raise ValueError(translate("Settings", "This cannot be empty."))
        return text.strip()
    is_bytes = unit_of(info) == "bytes"
    try:
        value = _bytes(text) if is_bytes else _number(text)
    except ValueError:
        raise ValueError(translate("Settings", "This is not a number.")) from None
    low, high, open_low = limits_of(info)

    def show(limit: float) -> str:
        return _shown_bytes(int(limit)) if is_bytes else formats.decimal(limit, 0 if limit == int(limit) else 1)

    if low is not None and (value < low or (open_low and value == low)):
        pattern = translate("Settings", "More than {n}.") if open_low else translate("Settings", "At least {n}.")
        raise ValueError(pattern.format(n=show(low)))
    if high is not None and value > high:
        raise ValueError(translate("Settings", "At most {n}.").format(n=show(high)))
    if info.annotation is int:
        if value != int(value):
            raise ValueError(translate("Settings", "A whole number."))
        return int(value)
    return value


def _shown_bytes(value: int) -> str:
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value >= UNITS[unit] and value % UNITS[unit] == 0:
            return f"{formats.number(value // UNITS[unit])} {unit}"
    return formats.number(value)


def shown(info: FieldInfo, value: Any) -> str:
    """A value as it is put in its field."""
    if info.annotation is str:
        return str(value)
    if unit_of(info) == "bytes":
        return _shown_bytes(int(value))
    if isinstance(value, float) and value != int(value):
        return f"{value:g}".replace(".", QLocale().decimalPoint())
    return formats.number(int(value))


def unit_of(info: FieldInfo) -> str:
    """The unit, such as "bytes" or "s", or nothing."""
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def is_live(info: FieldInfo) -> bool:
    """True when a change needs no restart."""
    extra = info.json_schema_extra
    return bool(extra.get("live", True)) if isinstance(extra, dict) else True


def group_of(info: FieldInfo) -> str:
    """The page of the dialog."""
    extra = info.json_schema_extra
    return str(extra.get("group", Group.ADVANCED.value)) if isinstance(extra, dict) else Group.ADVANCED.value


class Line(QWidget):
    """One setting: title, control, unit, what it does, and what is wrong with what was typed.

    Signals:
        edited: Its value changed, or became good or bad.
    """

    edited = Signal()

    def __init__(self, name: str, info: FieldInfo, value: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name, self.info, self._first = name, info, value
        self.problem = ""
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self.control = self._make_control(value)
        self.control.setAccessibleName(self._title)
        self.control.setAccessibleDescription(info.description or "")
        self._layout.addLayout(self._top())
        text = QLabel(translate("settings", info.description or ""))
        text.setWordWrap(True)
        self._tint(text, theme.tokens_now().muted)
        self._layout.addWidget(text)
        self._layout.addWidget(self.note)
        self.locked = set_by_environment(name)
        self.control.setEnabled(not self.locked)
        self._check()

    @property
    def _title(self) -> str:
        return translate("settings", self.info.title or self.name)

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        if not isinstance(self.control, QCheckBox):
            label = QLabel(self._title)
            label.setBuddy(self.control)
            row.addWidget(label, 1)
        row.addWidget(self.control)
        unit = unit_of(self.info)
        if isinstance(self.control, QLineEdit):
            label = QLabel("" if unit == "bytes" else unit)
            label.setFixedWidth(UNIT_WIDTH)
            row.addWidget(label)
        elif isinstance(self.control, QComboBox):
            self.control.setFixedWidth(FIELD_WIDTH)
            row.addSpacing(UNIT_WIDTH + 8)
        if isinstance(self.control, QCheckBox):
            row.addStretch(1)
        return row

    @staticmethod
    def _tint(label: QLabel, color: str) -> None:
        palette = label.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(color))
        label.setPalette(palette)

    def _make_control(self, value: Any) -> QCheckBox | QComboBox | QLineEdit:
        choices = choices_of(self.info)
        if self.info.annotation is bool:
            box = QCheckBox(self._title)
            box.setChecked(bool(value))
            box.toggled.connect(self._on_edit)
            return box
        if choices:
            combo = QComboBox()
            for choice in choices:
                combo.addItem(translate("settings", choice.capitalize() if choice.islower() else choice), choice)
            combo.setCurrentIndex(choices.index(value))
            combo.currentIndexChanged.connect(self._on_edit)
            return combo
        field = QLineEdit(shown(self.info, value))
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setFixedWidth(FIELD_WIDTH)
        field.textChanged.connect(self._on_edit)
        return field

    def _on_edit(self, *_: object) -> None:
        self._check()
        self.edited.emit()

    def value(self) -> Any:
        """What is set now. Raises ``ValueError`` when it is no good."""
        if isinstance(self.control, QCheckBox):
            return self.control.isChecked()
        if isinstance(self.control, QComboBox):
            return self.control.currentData()
        return parse(self.info, self.control.text())

    @property
    def changed(self) -> bool:
        """True when the value is good and not the first one."""
        return not self.problem and self.value() != self._first

    def _check(self) -> None:
        try:
            self.value()
            self.problem = ""
        except ValueError as error:
            self.problem = str(error)
        tokens = theme.tokens_now()
        if self.problem:
            text, color = self.problem, tokens.danger
        elif self.locked_text:
            text, color = self.locked_text, tokens.warning
        elif self.changed and not is_live(self.info):
            text, color = self.tr("Takes effect at the next start."), tokens.warning
        else:
            text, color = "", tokens.muted
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self._tint(self.note, color)

    @property
    def locked_text(self) -> str:
        """Why it cannot be changed here, or nothing."""
        if not getattr(self, "locked", set_by_environment(self.name)):
            return ""
        return self.tr("Set by the environment variable INGESTION_{name}.").format(name=self.name.upper())


class SettingsDialog(QDialog):
    """All settings by page.

    Signals:
        apply_wanted: The person pressed Save. arg: a dict of changed values.
    """

    apply_wanted = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.lines: dict[str, Line] = {}
        self._pages = QStackedWidget()
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Pages"))
        self._list.setFixedWidth(136)
        fields = editable_fields()
        for group in ORDER:
            names = [name for name, info in fields.items() if group_of(info) == group.value]
            if names:
                self._list.addItem(translate("settings", group.value))
                self._list.item(self._list.count() - 1).setSizeHint(QSize(0, 28))
                self._pages.addWidget(self._page(settings, {name: fields[name] for name in names}))
        self._list.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._list.setCurrentRow(0)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = self._buttons.addButton(self.tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.accepted.connect(self._on_save)
        self._buttons.rejected.connect(self.reject)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.hide()
        where = QLabel(self.tr("Data folder: {path}").format(path=settings.data_root))
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        Line._tint(where, theme.tokens_now().muted)
        row = QHBoxLayout()
        row.addWidget(self._list)
        row.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(row, 1)
        layout.addWidget(where)
        layout.addWidget(self.problem)
        layout.addWidget(self._buttons)
        self.resize(680, 560)
        self._offer()

    def _page(self, settings: Settings, fields: dict[str, FieldInfo]) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 4, 16, 4)
        column.setSpacing(16)
        for name, info in fields.items():
            line = Line(name, info, getattr(settings, name))
            line.edited.connect(partial(self._offer))
            self.lines[name] = line
            column.addWidget(line)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        return scroll

    def changes(self) -> dict[str, Any]:
        """What is good and differs from before."""
        return {name: line.value() for name, line in self.lines.items() if not line.locked and line.changed}

    def _offer(self) -> None:
        bad = [line for line in self.lines.values() if line.problem]
        self.save.setEnabled(not bad and bool(self.changes()))
        self.save.setToolTip(
            self.tr("{title}: {problem}").format(title=bad[0].info.title, problem=bad[0].problem) if bad else ""
        )

    def _on_save(self) -> None:
        self.save.setEnabled(False)
        self.apply_wanted.emit(self.changes())

    def refuse(self, text: str) -> None:
        """Say that it could not be saved; the dialog stays."""
        Line._tint(self.problem, theme.tokens_now().danger)
        self.problem.setText(text)
        self.problem.show()
        self._offer()
