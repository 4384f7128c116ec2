from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ingest_desktop.ui import theme
from ingest_desktop.ui.focus_ring import FocusRing
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.sidebar import Sidebar

from .fake_service import job
from .fakes import FakeApp

STRONG = [theme.LIGHT_STRONG, theme.DARK_STRONG]
THEMES = pytest.mark.parametrize(
    "tokens", [theme.LIGHT, theme.DARK, *STRONG], ids=["light", "dark", "light-strong", "dark-strong"]
)


@pytest.fixture(autouse=True)
def light_again(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, theme.LIGHT)


@THEMES
def test_outlines_and_disabled_texts_can_be_seen(tokens: theme.Tokens) -> None:
    for ground in (tokens.base, tokens.window, tokens.alternate, tokens.button):
        assert theme.contrast(tokens.control, ground) >= 3, ground
    for ground in (tokens.base, tokens.window):
        assert theme.contrast(tokens.disabled, ground) >= 3, ground
        assert theme.contrast(tokens.disabled, ground) < theme.contrast(tokens.muted, ground)


def best_contrast(image: QImage, widget: QWidget, against: str) -> float:
    """Of the pixels across the left edge of a widget, half way down."""
    place = widget.geometry()
    colors = {image.pixelColor(x, place.center().y()).name() for x in range(place.left() - 1, place.left() + 5)}
    return max(theme.contrast(color, against) for color in colors)


@THEMES
def test_controls_are_drawn_with_an_outline(qtbot: QtBot, qapp: QApplication, tokens: theme.Tokens) -> None:
    theme.apply(qapp, tokens)
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    controls = [QLineEdit(), QComboBox(), QSpinBox(), QPushButton("Go"), QCheckBox("On")]
    for control in controls:
        column.addWidget(control)
    page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    page.show()
    page.setFocus()
    image = page.grab().toImage()
    for control in controls:
        assert best_contrast(image, control, tokens.window) >= 3, type(control).__name__
    controls[0].setFocus()
    qtbot.waitUntil(controls[0].hasFocus)
    assert best_contrast(page.grab().toImage(), controls[0], tokens.base) >= 3


@THEMES
def test_the_row_with_the_focus_can_be_told(
    qtbot: QtBot, qapp: QApplication, make_window: Callable[[], MainWindow], app: FakeApp, tokens: theme.Tokens
) -> None:
    app.service.put(*(job(number) for number in range(1, 6)))
    window = make_window()
    theme.apply(qapp, tokens)
    window._restyle()
    table = window.table
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    line = table.visualRect(window.model.index(1, 0))
    image = table.viewport().grab().toImage()
    assert image.pixelColor(0, line.center().y()).name() == tokens.accent
    assert image.pixelColor(0, line.center().y() + line.height()).name() != tokens.accent
    assert theme.contrast(tokens.accent, tokens.base) >= 3


@THEMES
def test_the_button_that_the_keyboard_is_at_has_a_ring(qtbot: QtBot, qapp: QApplication, tokens: theme.Tokens) -> None:
    theme.apply(qapp, tokens)
    rings = FocusRing(qapp)
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    column.setContentsMargins(20, 20, 20, 20)
    buttons = [QPushButton("One"), QPushButton("Two"), QPushButton("Three")]
    for button in buttons:
        column.addWidget(button)
    page.show()
    page.activateWindow()
    buttons[0].setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.waitUntil(buttons[0].hasFocus)
    assert rings.ring is None
    for button in buttons[1:]:
        QTest.keyClick(qapp.focusWidget(), Qt.Key.Key_Tab)
        assert button.hasFocus() and rings.ring is not None
        ground = button.geometry()
        assert rings.ring.geometry().contains(ground) and rings.ring.size() != ground.size()
        line = page.grab().toImage().pixelColor(ground.left() - 1, ground.center().y())
        assert line.name() == tokens.accent
    assert page.grab().toImage().pixelColor(buttons[0].geometry().left() - 1, 40).name() != tokens.accent
    rings.deleteLater()


@THEMES
def test_what_is_marked_in_a_field_can_be_read(qapp: QApplication, tokens: theme.Tokens) -> None:
    theme.apply(qapp, tokens)
    palette = QLineEdit().palette()
    ground, text = (
        palette.color(role).name() for role in (QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText)
    )
    assert theme.contrast(text, ground) >= 4.5
    assert theme.contrast(palette.color(QPalette.ColorRole.Link).name(), tokens.base) >= 4.5


@pytest.mark.parametrize("tokens", STRONG, ids=["light", "dark"])
def test_high_contrast_is_high(tokens: theme.Tokens) -> None:
    for ground in (tokens.base, tokens.window, tokens.alternate, tokens.button):
        for text in (tokens.text, tokens.muted, tokens.accent, tokens.danger, tokens.success, tokens.warning):
            assert theme.contrast(text, ground) >= 7, (text, ground)
    for text, ground in (
        (tokens.on_selection, tokens.selection),
        (tokens.on_accent, tokens.accent),
        (tokens.on_mark, tokens.mark),
    ):
        assert theme.contrast(text, ground) >= 7, (text, ground)
    for ground in (tokens.selection, tokens.control, tokens.border):
        assert theme.contrast(ground, tokens.base) >= 4.5, ground


def test_what_the_system_asks_for_is_shown() -> None:
    found = {
        (dark, strong): theme.theme_of(dark=dark, strong=strong) for dark in (False, True) for strong in (False, True)
    }
    assert [found[key].dark for key in found] == [key[0] for key in found]
    assert found[False, True] is theme.LIGHT_STRONG and found[True, True] is theme.DARK_STRONG
    assert theme.wanted("dark") is theme.DARK and theme.wanted("light") is theme.LIGHT  # nothing is asked for here


@THEMES
def test_the_icon_of_a_picked_row_can_be_seen(qtbot: QtBot, qapp: QApplication, tokens: theme.Tokens) -> None:
    theme.apply(qapp, tokens)
    sidebar = Sidebar()
    qtbot.addWidget(sidebar)
    (picked, *_) = sidebar.statuses.rows()
    image = picked.icon(0).pixmap(16, 16, QIcon.Mode.Selected).toImage()
    inked = {
        image.pixelColor(x, y).name() for x in range(16) for y in range(16) if image.pixelColor(x, y).alpha() == 255
    }
    assert max(theme.contrast(color, tokens.selection) for color in inked) >= 4.5
