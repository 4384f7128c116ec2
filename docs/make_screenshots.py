"""Makes docs/screenshots/*.png: the window on the real engine, with made-up documents. Needs no screen.

python docs/make_screenshots.py [FOLDER]
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pypdf import PdfWriter
from PySide6.QtCore import QEventLoop, QLocale, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget

from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import Actor, JobStatus, Outcome
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.ui import door, theme
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.main_window import MainWindow
from ingest_desktop.ui.settings_dialog import SettingsDialog
from ingest_desktop.workers.qt_threads import QtHost

ROOT = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("INGEST_CORPUS") or ROOT.parent / "shared" / "corpus")
GOOD = 200  # files among the hostile ones
FILES = 10_000
WORKERS = 4
HOME = Path("/home/ada")
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
    (first / "broken report.pdf").write_bytes(b"%PDF-1.7\n" + b"nothing of use\n" * 40)


BOOKS = {
    "Handbook of tides": 2_460,
    "Field guide to mosses": 1_980,
    "History of the harbour": 2_240,
    "Letters, volume 1": 1_720,
    "Letters, volume 2": 1_360,
    "Garden almanac": 1_540,
}
BOOK_SENTENCES = (
    "The spring tide comes a day or two after the full moon and after the new moon, and not upon the day itself.",
    "A cushion of moss holds twenty times its weight in water and gives it back slowly through the summer.",
    "The second quay was built of oak and granite, and the crane upon it was turned by two men in a wheel.",
    "Dear Clara, the roof holds, the cat is well, and the pears will be ripe before this reaches you.",
    "Sow broad beans when the ground can be worked, and pinch out the tops as soon as the first pods set.",
)
LINES = 56


def write_books(folder: Path) -> None:
    """Large PDFs, so that work on them can be watched."""
    folder.mkdir(parents=True)
    for title, pages in BOOKS.items():
        (folder / f"{title}.pdf").write_bytes(book(title, pages))


def book(title: str, pages: int) -> bytes:
    """A PDF with so many pages of text, made by hand: three objects for the whole, two for each page."""
    chance = random.Random(title)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(pages):
        lines = "".join(f"({chance.choice(BOOK_SENTENCES)}) Tj T*\n" for _ in range(LINES))
        text = f"BT /F1 8 Tf 12 TL 40 800 Td ({title}, page {number + 1}) Tj T*\n{lines}ET"
        stream = zlib.compress(text.encode("latin-1"), 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream))
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def rest(ms: int) -> None:
    """Let the window and its threads live for a while. ``QTest.qWait`` would keep Python's lock, and with it the threads."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def wait(fact: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > until:
            raise SystemExit("It took too long.")
        rest(20)


def small(image: QImage) -> QImage:
    """The same picture in its 256 most frequent colours: a third of the size, and no eye sees it."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    tokens = theme.tokens_now()
    kept = [QColor(color).rgb() for color in astuple(tokens) if isinstance(color, str)]
    colors = Counter(memoryview(image.constBits()).cast("I")).most_common(256 - len(kept))
    return image.convertToFormat(QImage.Format.Format_Indexed8, [*kept, *(color for color, _ in colors)])


def save(widget: QWidget, folder: Path, name: str) -> None:
    rest(150)
    path = folder / f"{name}.png"
    small(widget.grab().toImage()).save(str(path), "PNG", 0)
    size = path.stat().st_size
    print(f"{path.name}  {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES / 1000:.0f} kB.")


def count(window: MainWindow, status: JobStatus) -> int:
    pulse = window.hub.pulse
    return pulse.status.counts.of(status) if pulse else 0


def moving(window: MainWindow) -> list[float]:
    """How far the jobs are that run and stand at the top of the list with a measured speed."""
    found = [window.model.row(row) for row in range(min(len(BOOKS), window.model.rowCount()))]
    return [row.fraction for row in found if row and row.fraction and row.progress and row.progress.units_per_second]


def home_folder() -> Path:
    """A folder with a name that may be seen in pictures: a person's home where it can be made, else a temporary one."""
    try:
        HOME.mkdir()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="ada-"))
    return HOME


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
        [str(documents / "2004"), *(str(path) for path in sorted(documents.iterdir()) if "2004" < path.name < "Books")]
    )
    wait(lambda: count(window, JobStatus.COMPLETED) > 300)
    window.overlay.announce(3, window.adding.target_name())
    save(window, folder, "drop")
    window.overlay.hide()
    wait(lambda: count(window, JobStatus.COMPLETED) > 3_000 and count(window, JobStatus.RUNNING) > 0)
    window.add_paths([str(documents / "Books")])
    wait(lambda: any(0.15 < fraction < 0.85 for fraction in moving(window)))
    save(window, folder, "running")
    window.triggers.show_monitor()
    wait(lambda: count(window, JobStatus.QUEUED) + count(window, JobStatus.RUNNING) == 0)
    assert window.triggers.monitor is not None
    save(window.triggers.monitor, folder, "monitor")
    window.triggers.monitor.close()
    window.sidebar.pick_status("attention")
    wait(lambda: window.model.is_settled and window.model.rowCount() == 3)
    wait(lambda: all(window.model.row(row) is not None for row in range(3)))
    encrypted = next(
        row for row in range(3) if (found := window.model.row(row)) and found.job.error_code == "source_encrypted"
    )
    window.table.selectRow(encrypted)
    wait(lambda: window.detail._advice.text() != "" and window.detail.receipt.toPlainText() != "")
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


def write_downloads(folder: Path) -> int:
    """The corpus and its hostile files among good ones; how many good ones."""
    folder.mkdir(parents=True)
    maker = [sys.executable, str(CORPUS / "make_hostile.py"), str(folder / "From the net")]
    subprocess.run(maker, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(CORPUS / "files", folder / "From friends")
    good = folder / "My own"
    good.mkdir()
    chance = random.Random(3)
    for number in range(GOOD):
        text = f"# Letter {number}\n\n{' '.join(chance.choices(SENTENCES, k=9))}\n"
        (good / f"letter {number:03}.md").write_text(text, "utf-8")
    return GOOD


class Heart:
    """Beats in the event loop; the longest time between two beats is how long the window did not answer."""

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(5)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps_ms.append((now - self._last) * 1000)
        self._last = now


def hostile_drop(home: Path, folder: Path) -> None:
    """Everything hostile dropped at once, with good files among it: what failed, grouped by cause."""
    downloads = home / "Downloads"
    good = write_downloads(downloads)
    settings = Settings(data_root=home / "store", preflight_files=0, theme="light", workers=2)
    window = show(settings)
    heart = Heart()
    window.add_paths([str(downloads)])
    wait(lambda: count(window, JobStatus.COMPLETED) > good, 600)
    wait(lambda: count(window, JobStatus.QUEUED) + count(window, JobStatus.RUNNING) == 0, 600)
    gaps = sorted(heart.gaps_ms)
    app = window.hub.backend
    assert isinstance(app, App)
    own = [job for job in app.service.list(JobQuery(), limit=10_000) if "/My own/" in job.source_path]
    done = sum(job.outcome is Outcome.INGESTED and not job.gaps for job in own)
    print(f"hostile drop: {done} of {good} good files completed; the event loop was away for {gaps[-1]:.0f} ms at most")
    if done != good:
        raise SystemExit("Not all good files were completed.")
    window.batch_strip.hide()
    window.sidebar.pick_status("attention")
    wait(lambda: window.model.is_settled and window.model.rowCount() > 10)
    rest(1500)
    save(window, folder, "causes")
    window.quit_now()
    rest(300)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    app = door.make_application()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    theme.apply(app, theme.LIGHT)
    home = home_folder()
    try:
        documents = home / "Documents"
        write_documents(documents)
        write_books(documents / "Books")
        store = home / ".local" / "share" / "ingest-desktop"
        settings = Settings(data_root=store, preflight_files=0, theme="light", workers=WORKERS)
        window = show(settings)
        pictures(window, documents, settings, folder)
        window.quit_now()
        rest(300)
        hostile_drop(home, folder)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
