"""Makes docs/screenshots/*.png: the window on the real engine, with made-up documents. Needs no screen.

python docs/make_screenshots.py [FOLDER]
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pypdf import PdfWriter
from PySide6.QtCore import QLocale
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import Actor, JobStatus
from ingest_desktop.ui import door, theme
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.job_table import ROW_HEIGHT
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.settings_dialog import SettingsDialog
from ingest_desktop.workers.qt_threads import QtHost

ROOT = Path(__file__).resolve().parents[1]
FILES = 10_000
SIZE = (1200, 760)
MOST_BYTES = 150_000
TOPICS = ("lease", "harvest", "boiler", "insurance", "choir", "allotment", "bicycle", "school", "museum", "recipe")
KINDS = ("letter", "notes", "minutes", "report", "invoice", "contract", "plan", "diary")
SENTENCES = (
    "The deposit is returned within thirty days of the end of the lease, less what is owed for repairs.",
    "We met on the second Tuesday and agreed to paint the north wall before the winter.",
    "Please send the remaining parts to the workshop; the bill follows at the end of the month.",
    "The committee thanks everyone who brought apples, and asks for their baskets to be collected.",
    "Interest on the deposit runs from the day on which it was paid into the account.",
    "Nobody has found the key to the cellar, so the meter was read through the window.",
)


def write_documents(folder: Path) -> None:
    """Many small texts, and a few files that cannot simply be read."""
    chance = random.Random(7)
    for number in range(FILES):
        topic, kind = chance.choice(TOPICS), chance.choice(KINDS)
        year = 2004 + number * 22 // FILES
        place = folder / str(year) / topic.capitalize()
        place.mkdir(parents=True, exist_ok=True)
        body = "\n\n".join(" ".join(chance.choices(SENTENCES, k=4)) for _ in range(chance.randint(1, 6)))
        name = f"{topic} {kind} {number:05}.md"
        (place / name).write_text(f"# {topic.capitalize()}\n\n## {kind.capitalize()} of {year}\n\n{body}\n", "utf-8")
    first = folder / "2004"
    for name, password in (("bank statement 2004.pdf", "secret"), ("scan of the contract.pdf", "")):
        writer = PdfWriter()
        writer.add_blank_page(595, 842)
        if password:
            writer.encrypt(password, algorithm="RC4-128")
        writer.write(first / name)
    (first / "holiday.raw").write_bytes(random.Random(1).randbytes(40_000))
    (first / "broken report.pdf").write_bytes(b"%PDF-1.7\n" + b"nothing of use\n" * 40)


def wait(fact: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > until:
            raise SystemExit("It took too long.")
        QTest.qWait(20)


def small(image: QImage) -> QImage:
    """The same picture in its 256 most frequent colours: a third of the size, and no eye sees it."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    tokens = theme.tokens_now()
    kept = [QColor(color).rgb() for color in astuple(tokens) if isinstance(color, str)]
    colors = Counter(memoryview(image.constBits()).cast("I")).most_common(256 - len(kept))
    return image.convertToFormat(QImage.Format.Format_Indexed8, [*kept, *(color for color, _ in colors)])


def save(widget: QWidget, folder: Path, name: str) -> None:
    QTest.qWait(150)
    path = folder / f"{name}.png"
    small(widget.grab().toImage()).save(str(path), "PNG", 0)
    size = path.stat().st_size
    print(f"{path.name}  {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES / 1000:.0f} kB.")


def count(window: MainWindow, status: JobStatus) -> int:
    pulse = window._hub.pulse
    return pulse.status.counts.of(status) if pulse else 0


def show(settings: Settings) -> MainWindow:
    def build() -> App:
        return build_app(settings, actor=Actor.WINDOW, label="screenshots", worker_host=QtHost)

    hub = Hub(build)
    window = MainWindow(hub, settings)
    window.resize(*SIZE)
    window.show()
    hub.open()
    wait(lambda: hub.pulse is not None)
    return window


def pictures(window: MainWindow, documents: Path, settings: Settings, folder: Path) -> None:
    save(window, folder, "empty")
    window.add_paths(
        [str(documents / "2004"), *(str(path) for path in sorted(documents.iterdir()) if path.name > "2004")]
    )
    wait(lambda: count(window, JobStatus.COMPLETED) > 300)
    window.overlay.announce(3, window.adding.target_name())
    save(window, folder, "drop")
    window.overlay.hide()
    wait(lambda: count(window, JobStatus.COMPLETED) > 3_000 and count(window, JobStatus.RUNNING) > 0)
    window.table.verticalScrollBar().setValue((count(window, JobStatus.COMPLETED) - 4) * ROW_HEIGHT)
    wait(lambda: window.model.row(count(window, JobStatus.COMPLETED)) is not None)
    save(window, folder, "running")
    window._on_monitor()
    wait(lambda: count(window, JobStatus.QUEUED) + count(window, JobStatus.RUNNING) == 0)
    assert window._monitor is not None
    save(window._monitor, folder, "monitor")
    window._monitor.close()
    window.sidebar.pick_status("attention")
    wait(lambda: window.model.is_settled and window.model.rowCount() == 4)
    wait(lambda: all(window.model.row(row) is not None for row in range(4)))
    encrypted = next(
        row for row in range(4) if (found := window.model.row(row)) and found.job.error_code == "source_encrypted"
    )
    window.table.selectRow(encrypted)
    wait(lambda: window.detail._advice.text() != "")
    save(window, folder, "failed")
    window.sidebar.pick_status("all")
    window.top.field.setText('"the deposit" interest')
    window.search.search_now()
    wait(lambda: window.search.model.rowCount() > 0)
    save(window, folder, "search")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, theme.DARK)
    window._restyle()
    window.search.clear()
    window.table.selectRow(3)
    wait(lambda: window.detail.receipt.toPlainText() != "")
    save(window, folder, "dark")
    theme.apply(app, theme.LIGHT)
    window._restyle()
    dialog = SettingsDialog(settings, window)
    dialog.show()
    save(dialog, folder, "settings")
    dialog.close()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    app = door.make_application()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    theme.apply(app, theme.LIGHT)
    home = Path(tempfile.mkdtemp(prefix="ada-"))
    try:
        documents = home / "Documents"
        write_documents(documents)
        settings = Settings(data_root=home / "store", preflight_files=0, theme="light")
        window = show(settings)
        pictures(window, documents, settings, folder)
        window.quit_now()
        QTest.qWait(300)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
