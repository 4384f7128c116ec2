"""Files that ship with the program: icons, drawn in the colour asked for, and sample documents."""

from functools import cache, lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

INK = "#101010"  # the colour that icon files are drawn in; replaced when painted
SIZES = (16, 20, 24, 32, 48, 64)


@cache
def resources() -> Path:
    """The folder of resources: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "resources", package.parent / "resources"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("The resources folder is missing; install the program anew.")


@cache
def _source(name: str) -> str:
    return (resources() / "icons" / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=64)
def _drawing(name: str, color: str) -> QSvgRenderer:
    """An icon file in a colour. Kept for a while: an icon is painted in many sizes, and to read it takes the longest."""
    return QSvgRenderer(QByteArray(_source(name).replace(INK, color).encode()))


@cache
def pixmap(name: str, color: str, size: int, ratio: float = 1.0) -> QPixmap:
    """An icon as a pixmap of ``size`` logical pixels. UI thread."""
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    _drawing(name, color).render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


@cache
def icon(name: str, color: str, disabled: str = "", selected: str = "") -> QIcon:
    """An icon in one colour, with a paler one for disabled, and one for a selected row. UI thread."""
    found = QIcon()
    for size in SIZES:
        found.addPixmap(pixmap(name, color, size))
        found.addPixmap(
            pixmap(name, selected or color, size), QIcon.Mode.Selected
        )  # else Qt dyes it in the selection's colour
        if disabled:
            found.addPixmap(pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return found


@cache
def app_icon(state: str = "idle") -> QIcon:
    """The program's icon: "idle", "working" with a ring, or "attention" with a dot. UI thread."""
    found = QIcon()
    for size in (16, 22, 24, 32, 48, 64, 128, 256):
        found.addPixmap(pixmap("app" if state == "idle" else f"app-{state}", QColor(0, 0, 0).name(), size))
    return found


def samples() -> Path:
    """The folder of sample documents."""
    return resources() / "samples"
