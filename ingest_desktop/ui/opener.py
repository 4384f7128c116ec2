"""Opening originals: in the viewer the person uses, at the page where that viewer can. What the system would run
instead of showing is shown in its folder: a click on a hit must never start a program that somebody dropped.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QDir, QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from ingest_desktop.domain.text import one_line, storable
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.session_bus import SessionBus, session_address

FILE_MANAGER = ("org.freedesktop.FileManager1", "/org/freedesktop/FileManager1", "org.freedesktop.FileManager1")
translate = QCoreApplication.translate
PAGE_ARGUMENTS = {
    "evince": "--page-index={page}",
    "papers": "--page-index={page}",
    "atril": "--page-index={page}",
    "xreader": "--page-index={page}",
    "okular": "--page={page}",
    "zathura": "--page={page}",
    "qpdfview": "{path}#{page}",
    "firefox": "{url}#page={page}",
    "chromium": "{url}#page={page}",
    "chrome": "{url}#page={page}",
}
RUN: Final = frozenset(
    "appimage application appref-ms app bat bin cmd com command cpl desktop exe gadget hta inf jar jnlp lnk msc msi msix msp "
    "pif pkg reg run scf scr sct settingcontent-ms terminal tool url vb vbe vbs webloc workflow ws wsc wsf wsh".split()
)
RUN_ON_WINDOWS: Final = frozenset("js jse ps1 psm1 py pyc pyw rb pl".split())  # shown in an editor elsewhere
_PROGRAM_MARKS: Final = (b"#!", b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")


def is_program(path: str) -> bool:
    """Whether opening a file would run it, by its ending, or by its permission and first bytes. Blocks for a moment."""
    ending = os.path.splitext(path)[1][1:].lower()
    if ending in RUN or (sys.platform == "win32" and ending in RUN_ON_WINDOWS):
        return True
    if sys.platform == "win32" or not os.access(path, os.X_OK) or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as stream:
            return stream.read(4).startswith(_PROGRAM_MARKS)
    except OSError:
        return False


def viewer_command(desktop_entry: str, path: str, page: int) -> list[str] | None:
    """How a known viewer opens a page; None for one we do not know.

    Args:
        desktop_entry: What the desktop names as the viewer, such as "org.gnome.Evince.desktop".
        page: 1-based.
    """
    entry = desktop_entry.lower()
    name = next((name for name in PAGE_ARGUMENTS if name in entry), None)
    if name is None:
        return None
    program = next((p for p in (name, f"google-{name}", f"{name}-browser", f"{name}-esr") if shutil.which(p)), name)
    argument = PAGE_ARGUMENTS[name].format(page=page, path=path, url=Path(path).as_uri())
    return [program, argument] if path in argument or "://" in argument else [program, argument, path]


def _default_viewer() -> str:
    """The desktop's viewer for PDF, by name; blocks for a moment."""
    program = shutil.which("xdg-mime")
    if program is None:
        return ""
    asked = subprocess.run(
        [program, "query", "default", "application/pdf"], capture_output=True, text=True, timeout=5, check=False
    )
    return asked.stdout.strip()


def _try_at_page(path: str, page: int) -> bool:
    """Runs in a service thread. False when the file is to be opened plainly."""
    if not sys.platform.startswith("linux") or storable(path) != path:  # Qt hands on no name that is not Unicode
        return False
    try:
        command = viewer_command(_default_viewer(), path, page)
        if command is None or shutil.which(command[0]) is None:
            return False
    except (OSError, subprocess.SubprocessError):
        return False
    return _start(command[0], command[1:])


def _start(program: str, arguments: list[str]) -> bool:
    """Start a program that lives on without us. Its name and each argument are handed over as they are, past any shell."""
    process = QProcess()
    process.setProgram(program)
    process.setArguments(arguments)
    process.setStandardInputFile(QProcess.nullDevice())
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setStandardErrorFile(QProcess.nullDevice())
    return bool(process.startDetached())


def url_of(path: str) -> QUrl:
    """The address of a file, also of one whose name is no valid Unicode. Absolute paths only."""
    return QUrl.fromEncoded(Path(path).as_uri().encode("ascii"))


def open_plain(path: str) -> bool:
    """Open a file or folder in its own program. UI thread."""
    return QDesktopServices.openUrl(url_of(path))


def open_at(hub: Hub, path: str, page: int | None, tell: Callable[[str], object]) -> None:
    """Open an original, at a page (1-based) where the viewer can; a program is shown in its folder. UI thread; returns
    at once.

    Args:
        tell: Takes a sentence when it cannot be opened; in the UI thread.
    """

    def call() -> str:
        if not os.path.exists(path):
            return "gone"
        if is_program(path):
            return "program"
        at_page = bool(page) and path.lower().endswith(".pdf") and _try_at_page(path, page or 1)
        return "opened" if at_page else "plain"

    def done(found: str) -> None:
        if found == "program":
            tell(translate("Opener", "{path} is a program: it is shown in its folder.").format(path=one_line(path)))
            show_in_folder(hub, path)
        elif found == "gone":
            tell(
                translate("Opener", "{path} is not there any more. Was it moved or renamed?").format(
                    path=one_line(path)
                )
            )
        elif found == "plain" and not open_plain(path):
            tell(translate("Opener", "No program on this computer opens {path}.").format(path=one_line(path)))

    hub.adding.ask(call, done)  # not with the searches: a dead network folder would hold them up


def show_in_folder(hub: Hub, path: str) -> None:
    """Show the folder of a file, with the file picked where the system can. UI thread; returns at once."""
    if sys.platform == "win32":
        _start("explorer", ["/select,", QDir.toNativeSeparators(path)])
    elif sys.platform == "darwin":
        _start("open", ["-R", path])
    else:

        def alone(_: Exception) -> None:
            open_plain(os.path.dirname(path))

        hub.adding.ask(lambda: pick_in_file_manager(session_address(), path), failed=alone)


def pick_in_file_manager(address: str, path: str) -> None:
    """Let the desktop's file manager show a file in its folder. Blocks: never on the UI thread.

    Raises:
        BusError: There is no bus, or no file manager that can.
    """
    bus = SessionBus(address)
    try:
        bus.call(*FILE_MANAGER, "ShowItems", "ass", [Path(path).as_uri()], "")
    finally:
        bus.close()
