"""Draws the application icon: draw_icons.py APP.svg FOLDER|APP.ico|APP.icns.

Into a folder as PNG in the sizes of the hicolor theme; into a file of Windows or macOS in the largest one, which they scale.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ONE_FILE = {".ico": 256, ".icns": 512}


def main(source: Path, target: Path) -> None:
    app = QGuiApplication([sys.argv[0], "-platform", "offscreen"])
    renderer = QSvgRenderer(str(source))
    if not renderer.isValid():
        sys.exit(f"{source} is no SVG")
    if target.suffix in ONE_FILE:
        files = {target: ONE_FILE[target.suffix]}
    else:
        files = {target / f"{size}x{size}" / "apps" / "ingest-desktop.png": size for size in SIZES}
    for file, size in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        if not drawn(renderer, size).save(str(file)):
            sys.exit(f"cannot write {file}")
    del app


def drawn(renderer: QSvgRenderer, size: int) -> QImage:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
