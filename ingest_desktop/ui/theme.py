"""Light and dark, each also with high contrast: explicit palettes on Fusion, and the few named colours beside them.

Every pair of text and background keeps a contrast of at least 4.5:1, outlines of controls, disabled texts and marks
of the focus at least 3:1; a test counts.
"""

from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True)
class Tokens:
    """Named colours of a theme, as #rrggbb."""

    dark: bool
    window: str
    base: str
    alternate: str
    text: str
    muted: str
    accent: str
    on_accent: str
    selection: str
    on_selection: str
    border: str  # lines between areas
    control: str  # the outline of what can be clicked or typed into: 3:1 and more on every ground
    danger: str
    success: str
    warning: str
    mark: str
    on_mark: str
    track: str
    button: str
    disabled: str


LIGHT = Tokens(
    dark=False,
    window="#f3f4f7",
    base="#ffffff",
    alternate="#f8f9fb",
    text="#1a1e24",
    muted="#59616d",
    accent="#2457c5",
    on_accent="#ffffff",
    selection="#dbe6fd",
    on_selection="#12264f",
    border="#d3d8e0",
    control="#717986",
    danger="#b3261e",
    success="#17703f",
    warning="#845400",
    mark="#ffe58a",
    on_mark="#1a1e24",
    track="#e3e7ee",
    button="#ffffff",
    disabled="#848c99",
)
DARK = Tokens(
    dark=True,
    window="#1d2025",
    base="#15171b",
    alternate="#191c20",
    text="#e7e9ec",
    muted="#a3abb7",
    accent="#86b0ff",
    on_accent="#0d1a33",
    selection="#2b4478",
    on_selection="#ffffff",
    border="#363b44",
    control="#737c8a",
    danger="#ff9389",
    success="#72d39f",
    warning="#e9bb63",
    mark="#6b5510",
    on_mark="#fff6d8",
    track="#2c3038",
    button="#2a2e35",
    disabled="#747b87",
)
LIGHT_STRONG = replace(
    LIGHT,
    window="#ffffff",
    alternate="#ffffff",
    text="#000000",
    muted="#2f343c",
    accent="#0b3aa0",
    selection="#0b3aa0",
    on_selection="#ffffff",
    border="#5a616c",
    control="#000000",
    danger="#8c0f0a",
    success="#0a4d29",
    warning="#5c3900",
    on_mark="#000000",
    disabled="#6a717d",
)
DARK_STRONG = replace(
    DARK,
    window="#000000",
    base="#000000",
    alternate="#000000",
    text="#ffffff",
    muted="#d5dae2",
    accent="#a9c8ff",
    on_accent="#000000",
    selection="#a9c8ff",
    on_selection="#000000",
    border="#98a1ae",
    control="#ffffff",
    danger="#ffb3ac",
    success="#8fe8b6",
    warning="#f3cf85",
    mark="#ffe58a",
    on_mark="#000000",
    track="#3a404a",
    button="#000000",
    disabled="#969ead",
)


CONTROLS = ("QLineEdit", "QComboBox", "QAbstractSpinBox", "QPushButton", "QCheckBox", "QRadioButton", "QToolButton")
FUSION_DARKER_PERCENT = 140

_shown = [LIGHT]


def palette_of(tokens: Tokens) -> QPalette:
    """A full palette: every role is set, nothing is left to the system."""
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, color in {
        roles.Window: tokens.window,
        roles.WindowText: tokens.text,
        roles.Base: tokens.base,
        roles.AlternateBase: tokens.alternate,
        roles.ToolTipBase: tokens.base,
        roles.ToolTipText: tokens.text,
        roles.PlaceholderText: tokens.muted,
        roles.Text: tokens.text,
        roles.Button: tokens.button,
        roles.ButtonText: tokens.text,
        roles.BrightText: tokens.danger,
        roles.Highlight: tokens.selection,
        roles.HighlightedText: tokens.on_selection,
        roles.Accent: tokens.accent,
        roles.Link: tokens.accent,
        roles.LinkVisited: tokens.accent,
        roles.Light: tokens.base,
        roles.Midlight: tokens.alternate,
        roles.Mid: tokens.border,
        roles.Dark: tokens.border,
        roles.Shadow: "#000000" if tokens.dark else "#8a909b",
    }.items():
        palette.setColor(role, QColor(color))
    for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.disabled))
    palette.setColor(QPalette.ColorGroup.Disabled, roles.Button, QColor(tokens.window))
    return palette


def _makes_outline(color: str) -> QColor:
    """The window's colour of which Fusion's outline is this shade."""
    shade = QColor(color)
    value = min(1.0, shade.valueF() * FUSION_DARKER_PERCENT / 100)
    return QColor.fromHsvF(shade.hsvHueF(), shade.hsvSaturationF(), value)


def control_palette_of(tokens: Tokens) -> QPalette:
    """The palette of controls.

    Fusion draws their outline in a darker shade of the window's colour, with the focus in one of the highlight's.
    No control paints its ground with the window's colour, so that role is free to make an outline that can be seen.
    """
    roles, palette = QPalette.ColorRole, palette_of(tokens)
    palette.setColor(roles.Window, _makes_outline(tokens.control))
    palette.setColor(QPalette.ColorGroup.Disabled, roles.Window, _makes_outline(tokens.border))
    palette.setColor(roles.Highlight, QColor(tokens.accent))
    palette.setColor(roles.HighlightedText, QColor(tokens.on_accent))
    return palette


def theme_of(*, dark: bool, strong: bool) -> Tokens:
    """One of the four themes; a strong one has a contrast of at least 7:1."""
    return (DARK_STRONG if dark else LIGHT_STRONG) if strong else (DARK if dark else LIGHT)


def wanted(choice: str) -> Tokens:
    """The theme of a choice: "light", "dark", or what the system hints at; strong where it asks for that. UI thread."""
    hints = QGuiApplication.styleHints()
    dark = choice == "dark" or (choice == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    strong = has_contrast_hint() and hints.accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast
    return theme_of(dark=dark, strong=strong)


def has_contrast_hint() -> bool:
    """Whether this Qt can tell that the system asks for high contrast: 6.10 and newer."""
    return hasattr(QGuiApplication.styleHints(), "accessibility")


def apply(app: QApplication, tokens: Tokens) -> None:
    """Give the application this look. UI thread."""
    app.setStyle("Fusion")
    app.setPalette(palette_of(tokens))
    for name in CONTROLS:
        app.setPalette(control_palette_of(tokens), name)  # type: ignore[arg-type]  # bytes, says the stub; it takes text
    _shown[0] = tokens


def tokens_now() -> Tokens:
    """The theme that is shown. UI thread."""
    return _shown[0]


def tabular(font: QFont) -> QFont:
    """The same font with figures of one width, so that numbers stand in columns."""
    found = QFont(font)
    if hasattr(found, "setFeature"):
        found.setFeature(QFont.Tag("tnum"), 1)
    return found


def luminance(color: str) -> float:
    """Relative luminance, 0 to 1, as WCAG defines it."""
    shade = QColor(color)
    parts = (shade.redF(), shade.greenF(), shade.blueF())
    red, green, blue = (c / 12.92 if c <= 0.03928 else float(((c + 0.055) / 1.055) ** 2.4) for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast of two colours, 1 to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
