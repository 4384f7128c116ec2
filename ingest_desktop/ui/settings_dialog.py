"""The settings dialog, made from the fields of the settings class: what each does, its unit and its range."""

from collections.abc import Sequence
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette, QWheelEvent
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
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ingest_desktop.config.settings import Group, Settings, choice_name, choices_of, editable_fields, set_by_environment
from ingest_desktop.config.settings_checks import UnknownSetting, default_of
from ingest_desktop.ui import assets, theme
from ingest_desktop.ui.formats import translate
from ingest_desktop.ui.plain import plain_buttons
from ingest_desktop.ui.settings_values import group_of, is_live, parse, shown, unit_of

ORDER = (Group.GENERAL, Group.WINDOW, Group.READING, Group.QUEUE, Group.LIMITS, Group.STORE, Group.ADVANCED)
FIELD_WIDTH, UNIT_WIDTH = 128, 72
SIZE = QSize(720, 600)
ROOM = 0.92  # of the screen: the buttons must be seen on a small one, too


def tint(label: QWidget, color: str) -> None:
    """Give a label's text a colour."""
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, QColor(color))
    label.setPalette(palette)


class Choice(QComboBox):
    """A choice that the wheel turns only while it has the focus: else a page that is scrolled would change it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Line(QWidget):
    """One setting: title, control, unit, the way back, what it does, and what is wrong with what was typed.

    Signals:
        edited: Its value changed, or became good or bad.
    """

    edited = Signal()

    def __init__(self, name: str, info: FieldInfo, value: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name, self.info, self._first = name, info, value
        self.problem = ""
        self.variable = set_by_environment(name)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.control = self._make_control(value)
        self.control.setAccessibleName(self.title)
        self.control.setEnabled(not self.locked)
        self.reset = self._make_reset()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._top())
        text = QLabel(translate("settings", info.description or ""))
        text.setWordWrap(True)
        tint(text, theme.tokens_now().muted)
        layout.addWidget(text)
        layout.addWidget(self.note)
        self._check()

    @property
    def title(self) -> str:
        """What the setting is called."""
        return translate("settings", self.info.title or self.name)

    @property
    def locked(self) -> bool:
        """True when a variable sets it, so that it cannot be changed here."""
        return self.variable is not None

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        if isinstance(self.control, QCheckBox):
            row.addWidget(self.control)
            row.addStretch(1)
        else:
            label = QLabel(self.title)
            label.setBuddy(self.control)
            row.addWidget(label, 1)
            self.control.setFixedWidth(FIELD_WIDTH)
            row.addWidget(self.control)
            unit = QLabel("" if unit_of(self.info) == "bytes" else translate("settings", unit_of(self.info)))
            unit.setFixedWidth(UNIT_WIDTH)
            row.addWidget(unit)
        row.addWidget(self.reset)
        return row

    def _make_control(self, value: Any) -> QCheckBox | QComboBox | QLineEdit:
        choices = choices_of(self.info)
        if self.info.annotation is bool:
            box = QCheckBox(self.title)
            box.setChecked(bool(value))
            box.toggled.connect(self._on_edit)
            return box
        if choices:
            combo = Choice()
            for choice in choices:
                combo.addItem(translate("settings", choice_name(self.info, choice)), choice)
            combo.setCurrentIndex(choices.index(value))
            combo.currentIndexChanged.connect(self._on_edit)
            return combo
        field = QLineEdit(shown(self.info, value))
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.textChanged.connect(self._on_edit)
        return field

    def _make_reset(self) -> QToolButton:
        default = default_of(self.name)
        if isinstance(self.control, QCheckBox):
            told = self.tr("on") if default else self.tr("off")
        else:
            is_choice = bool(choices_of(self.info))
            told = translate("settings", choice_name(self.info, default)) if is_choice else shown(self.info, default)
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIcon(assets.icon("undo", theme.tokens_now().text, theme.tokens_now().disabled))
        button.setToolTip(self.tr("Reset to default: {value}").format(value=told))
        button.setAccessibleName(self.tr("Reset {title} to default: {value}").format(title=self.title, value=told))
        policy = button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        button.setSizePolicy(policy)
        button.clicked.connect(self._on_reset)
        return button

    @Slot()
    def _on_reset(self) -> None:
        default = default_of(self.name)
        if isinstance(self.control, QCheckBox):
            self.control.setChecked(default)
        elif isinstance(self.control, QComboBox):
            self.control.setCurrentIndex(self.control.findData(default))
        else:
            self.control.setText(shown(self.info, default))
        self.control.setFocus()

    @Slot()
    def _on_edit(self, *_: object) -> None:
        self._check()
        self.edited.emit()

    def value(self) -> Any:
        """What is set now. Raises ``ValueError`` when it is no good."""
        if isinstance(self.control, QCheckBox):
            return self.control.isChecked()
        if isinstance(self.control, QComboBox):
            return self.control.currentData()
        return parse(self.name, self.control.text())

    @property
    def changed(self) -> bool:
        """True when the value is good and not the first one."""
        return not self.problem and self.value() != self._first

    def _check(self) -> None:
        try:
            is_default = self.value() == default_of(self.name)
            self.problem = ""
        except ValueError as error:
            is_default, self.problem = False, str(error)
        tokens = theme.tokens_now()
        if self.problem:
            text, color = self.problem, tokens.danger
        elif self.variable:
            text = self.tr("Set by the environment variable {name}; it can only be changed there.")
            text, color = text.format(name=self.variable), tokens.warning
        elif self.changed and not is_live(self.info):
            text, color = self.tr("Takes effect at the next start."), tokens.warning
        else:
            text, color = "", tokens.muted
        self.note.setText(text)
        self.note.setVisible(bool(text))
        tint(self.note, color)
        self.reset.setVisible(not is_default and not self.locked)
        self.control.setAccessibleDescription(" ".join(part for part in (text, self.info.description) if part))
        if isinstance(self.control, QLineEdit):
            self._outline(tokens.danger if self.problem else None)

    def _outline(self, color: str | None) -> None:
        """The typed text takes the colour of trouble, too; the sentence below says what it is."""
        palette = QPalette()
        if color:
            palette.setColor(QPalette.ColorRole.Text, QColor(color))
        self.control.setPalette(palette)


def _sentences(text: str, color: str | None = None) -> QLabel:
    """Text that wraps; what has a colour can be copied."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if color is not None:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        tint(label, color)
    return label


class SettingsDialog(QDialog):
    """All settings by page.

    Signals:
        apply_wanted: The person pressed Save. arg: a dict of changed values.
    """

    apply_wanted = Signal(object)

    def __init__(
        self, settings: Settings, parent: QWidget | None = None, *, unknown: Sequence[UnknownSetting] = ()
    ) -> None:
        """``unknown`` are names that look like settings and are none; they are told."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.lines: dict[str, Line] = {}
        self._groups: list[str] = []
        self._pages = QStackedWidget()
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Pages"))
        self._list.setFixedWidth(136)
        self._fill(settings)
        self._list.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._list.setCurrentRow(0)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        plain_buttons(self._buttons)
        self.save = self._buttons.addButton(self.tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.accepted.connect(self._on_save)
        self._buttons.rejected.connect(self.reject)
        self.problem = _sentences("")
        self.problem.hide()
        self.unknown = _sentences("\n".join(map(str, unknown)), theme.tokens_now().warning)
        self.unknown.setVisible(bool(unknown))
        where = _sentences(self.tr("Data folder: {path}").format(path=settings.data_root), theme.tokens_now().muted)
        row = QHBoxLayout()
        row.addWidget(self._list)
        row.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(row, 1)
        layout.addWidget(self.unknown)
        layout.addWidget(where)
        layout.addWidget(self.problem)
        layout.addWidget(self._buttons)
        self.resize(SIZE.boundedTo(self.screen().availableSize() * ROOM))
        self._offer()

    def _fill(self, settings: Settings) -> None:
        """A page for each group that has settings."""
        fields = editable_fields()
        for group in ORDER:
            names = [name for name, info in fields.items() if group_of(info) == group.value]
            if names:
                self._list.addItem(translate("settings", group.value))
                self._groups.append(group.value)
                self._list.item(self._list.count() - 1).setSizeHint(QSize(0, 28))
                self._pages.addWidget(self._page(settings, {name: fields[name] for name in names}))

    def _page(self, settings: Settings, fields: dict[str, FieldInfo]) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 4, 16, 4)
        column.setSpacing(16)
        for name, info in fields.items():
            line = Line(name, info, getattr(settings, name))
            line.edited.connect(self._offer)
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

    @Slot()
    def _offer(self) -> None:
        bad = [line for line in self.lines.values() if line.problem]
        self.save.setEnabled(not bad and bool(self.changes()))
        tokens, groups = theme.tokens_now(), {group_of(line.info) for line in bad}
        for row, group in enumerate(self._groups):
            wrong = group in groups
            self._list.item(row).setForeground(QColor(tokens.danger if wrong else tokens.text))
            self._list.item(row).setToolTip(self.tr("A value on this page cannot be used.") if wrong else "")
        if bad:
            page = translate("settings", group_of(bad[0].info))
            self._say(f"{page}, {bad[0].title}: {bad[0].problem}")
        else:
            self.problem.hide()

    def _on_save(self) -> None:
        self.save.setEnabled(False)
        self._say(self.tr("Saving… What is being read is finished first."), theme.tokens_now().muted)
        self.apply_wanted.emit(self.changes())

    def _say(self, text: str, color: str = "") -> None:
        tint(self.problem, color or theme.tokens_now().danger)
        self.problem.setText(text)
        self.problem.show()

    def refuse(self, text: str) -> None:
        """Say that it could not be saved; the dialog stays."""
        self._offer()
        self._say(text)
