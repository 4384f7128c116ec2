"""The tool bar and the menus, made of the actions."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLineEdit, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from ingest_desktop.ui import assets, shortcuts, theme
from ingest_desktop.ui.actions import MOVES, Actions


class TopBar(QToolBar):
    """Adding, acting, searching, and the main menu."""

    def __init__(self, actions: Actions, columns: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle(self.tr("Tool bar"))
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._add = self._menu_button(self.tr("Add"), self.tr("Add files, a folder, or what was copied"))
        self._add.setMenu(self._add_menu())
        self.addWidget(self._add)
        self.addSeparator()
        for name in ("pause", "resume", "cancel", "retry", "delete"):
            self.addAction(actions[name])
            button = self.widgetForAction(actions[name])
            button.setAccessibleName(actions[name].text())
        self.field = self._search_field()
        self._glass = self.field.addAction(assets.icon("search", "#000000"), QLineEdit.ActionPosition.LeadingPosition)
        gap = QWidget()
        gap.setFixedWidth(8)
        self.addWidget(gap)
        self.addWidget(self.field)
        self._more = self._menu_button("", self.tr("Menu"))
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._more.setMenu(self._main_menu(columns))
        self.addWidget(self._more)
        self.restyle()

    def _menu_button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _search_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("Search all documents…"))
        field.setAccessibleName(self.tr("Search all documents"))
        field.setToolTip(
            self.tr('Words (any of them), "phrases", prefix*, AND, OR, -not ({key})').format(
                key=shortcuts.shown("search")
            )
        )
        field.setClearButtonEnabled(True)
        field.setMinimumWidth(160)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return field

    def _add_menu(self) -> QMenu:
        menu = QMenu(self._add)
        for name in ("add_files", "add_folder", "paste"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        menu.addAction(self._actions["samples"])
        return menu

    def _main_menu(self, columns: QMenu) -> QMenu:
        menu, actions = QMenu(self._more), self._actions
        menu.addAction(actions["toggle_all"])
        menu.addAction(actions["undo"])
        menu.addSeparator()
        menu.addAction(actions["new_base"])
        menu.addAction(actions["trash"])
        menu.addAction(actions["filter_name"])
        show = menu.addMenu(self.tr("Show"))
        for key in ("all", "running", "waiting", "paused", "attention", "gaps", "completed"):
            show.addAction(actions[f"filter_{key}"])
        columns.setTitle(self.tr("Columns"))
        menu.addMenu(columns)
        menu.addAction(actions["detail"])
        menu.addAction(actions["monitor"])
        menu.addSeparator()
        for name in ("settings", "keys", "about"):
            menu.addAction(actions[name])
        menu.addSeparator()
        menu.addAction(actions["quit"])
        return menu

    def restyle(self) -> None:
        """Draw the icons in the colours of the theme."""
        tokens = theme.tokens_now()
        self._add.setIcon(assets.icon("add", tokens.accent))
        self._more.setIcon(assets.icon("menu", tokens.text))
        self._glass.setIcon(assets.icon("search", tokens.muted))


def job_menu(actions: Actions, parent: QWidget) -> QMenu:
    """The menu of the selection, in the order of habit: act, order, open, delete."""
    menu = QMenu(parent)
    for name in ("pause", "resume", "cancel", "retry"):
        menu.addAction(actions[name])
    menu.addSeparator()
    queue = menu.addMenu(menu.tr("Queue"))
    for name in MOVES:
        queue.addAction(actions[name])
    priority = menu.addMenu(menu.tr("Priority"))
    for name in ("priority_high", "priority_normal", "priority_low"):
        priority.addAction(actions[name])
    for group in (queue, priority):  # a group of things that cannot be done is no offer either
        group.setEnabled(any(action.isEnabled() for action in group.actions()))
    menu.addSeparator()
    for name in ("open", "show_in_folder", "copy_path"):
        menu.addAction(actions[name])
    menu.addSeparator()
    menu.addAction(actions["delete"])
    return menu
