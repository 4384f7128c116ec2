"""Checks by hand what tests can only imitate: tray, notifications and second start, over a real session bus.

    PYTHONPATH=. dbus-run-session -- xvfb-run -a python packaging/linux/desktop_check.py

Needs ``dbus-daemon`` and a screen (``xvfb`` will do). This program plays the desktop: it owns the names of the tray and
of the notifications, starts the real window on a fresh data folder, and works it from outside, as a panel would.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest_desktop.ui.session_bus import (
    CALL,
    DESTINATION,
    INTERFACE,
    MEMBER,
    PATH,
    REPLY,
    REPLY_TO,
    SENDER,
    SIGNAL,
    BusError,
    Message,
    SessionBus,
    packed,
    session_address,
)

ROOT = Path(__file__).resolve().parents[2]
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
NOTES = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
PATIENCE_SECONDS = 30
TICK_SECONDS = 0.1


class Desktop(SessionBus):
    """A panel with a tray, and a service for notifications."""

    def __init__(self) -> None:
        super().__init__(session_address(), timeout=TICK_SECONDS)
        self.items: list[tuple[str, str]] = []  # who, and which service or path it named
        self.notes: list[list[Any]] = []
        self._left: list[Message] = []
        for name in (NOTES, WATCHER):
            self.ask(*BUS, "RequestName", "su", name, 4)

    def ask(
        self, destination: str, path: str, interface: str, member: str, signature: str = "", *values: Any
    ) -> list[Any]:
        """Call a method and serve others meanwhile."""
        self._serial += 1
        serial = self._serial
        fields = {PATH: path, INTERFACE: interface, MEMBER: member, DESTINATION: destination}
        self._send(packed(Message(CALL, serial, fields, list(values)), signature))
        answers: list[Message] = []

        def see(message: Message) -> None:
            if message.fields.get(REPLY_TO) == serial:
                answers.append(message)

        self.until(lambda: bool(answers), f"{member} is answered", see)
        if answers[0].kind != REPLY:
            raise BusError(f"{member}: {answers[0].arguments}")
        return answers[0].arguments

    def until(self, fact: Callable[[], bool], what: str, see: Callable[[Message], object] = lambda _: None) -> None:
        """Serve until something is true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not fact():
            if time.monotonic() > end:
                raise SystemExit(f"FAILED: {what}")
            try:
                message = self._next()
            except BusError as error:
                if "timed out" in str(error):
                    continue
                raise
            see(message)
            if message.kind == CALL:
                self._serve(message)

    def _serve(self, message: Message) -> None:
        member, told = message.fields[MEMBER], message.arguments
        sender = message.fields.get(SENDER, "")
        signature = ""
        answer: list[Any] = []
        if member == "RegisterStatusNotifierItem":
            self.items.append((sender, told[0]))
        elif member == "Notify":
            self.notes.append(told)
            signature, answer = "u", [len(self.notes)]
        elif member == "GetCapabilities":
            signature, answer = "as", [["body", "actions"]]
        elif member == "GetServerInformation":
            signature, answer = "ssss", ["check", "check", "1", "1.2"]
        elif member == "Get" and told[1] == "IsStatusNotifierHostRegistered":
            signature, answer = "v", [("b", 1)]
        elif member == "GetAll":
            signature, answer = "a{sv}", [{"IsStatusNotifierHostRegistered": ("b", 1), "ProtocolVersion": ("i", 0)}]
        fields = {REPLY_TO: message.serial, DESTINATION: sender}
        self._serial += 1
        self._send(packed(Message(REPLY, self._serial, fields, answer), signature))

    def press(self, number: int) -> None:
        """Press a notification."""
        self._serial += 1
        fields = {PATH: "/org/freedesktop/Notifications", INTERFACE: NOTES, MEMBER: "ActionInvoked"}
        self._send(packed(Message(SIGNAL, self._serial, fields, [number, "default"]), "us"))


class Icon:
    """The window's icon, seen from the panel."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._owner, service = desktop.items[-1]
        self._path = service if service.startswith("/") else "/StatusNotifierItem"

    def read(self, name: str) -> Any:
        """A property of the icon."""
        return self._desktop.ask(self._owner, self._path, PROPERTIES, "Get", "ss", ITEM, name)[0]

    def activate(self) -> None:
        """Press it."""
        self._desktop.ask(self._owner, self._path, ITEM, "Activate", "ii", 0, 0)

    def entries(self) -> dict[str, int]:
        """The menu: labels and numbers."""
        path = self.read("Menu")
        self._desktop.ask(self._owner, path, MENU, "AboutToShow", "i", 0)
        _, (_, _, children) = self._desktop.ask(self._owner, path, MENU, "GetLayout", "iias", 0, -1, [])
        return {child[1]["label"].replace("_", ""): child[0] for child in children if "label" in child[1]}

    def choose(self, label: str) -> None:
        """Take an entry of the menu."""
        number = self.entries()[label]
        values = (number, "clicked", ("i", 0), 0)
        self._desktop.ask(self._owner, self.read("Menu"), MENU, "Event", "isvu", *values)


def start(folder: Path, *paths: Path) -> "subprocess.Popen[bytes]":
    """Start the window."""
    command = [sys.executable, "-m", "ingest_desktop", "--data-dir", str(folder), *map(str, paths)]
    return subprocess.Popen(command, cwd=ROOT)


def check(desktop: Desktop, folder: Path) -> None:
    """Work the window from outside."""
    store = folder / "store"
    window = start(store)
    desktop.until(lambda: bool(desktop.items), "the icon is in the tray")
    icon = Icon(desktop)
    desktop.until(lambda: "Hide window" in icon.entries(), "the window shows")
    print("menu:", ", ".join(icon.entries()))
    print("icon:", {name: icon.read(name) for name in ("Id", "Status", "Title")})

    notes = folder / "a note & more.txt"
    notes.write_text("The deposit is returned within thirty days.\n", "utf-8")
    icon.activate()
    desktop.until(lambda: "Show window" in icon.entries(), "pressing the icon hides the window")
    second = start(store, notes)
    desktop.until(lambda: second.poll() == 0, "a second start ends")
    desktop.until(lambda: "Hide window" in icon.entries(), "and brings up the first from the tray")
    desktop.until(lambda: bool(desktop.notes), "the end of the batch is told")
    _, _, _, title, body, actions, hints, _ = desktop.notes[0]
    print("notification:", [title, body, actions, hints])
    desktop.until(lambda: "1 done" in str(icon.read("ToolTip")), "the tooltip tells the progress")
    icon.activate()
    desktop.until(lambda: "Show window" in icon.entries(), "the window is hidden again")
    desktop.press(1)
    desktop.until(lambda: "Hide window" in icon.entries(), "pressing the notification shows the window")
    icon.choose("Pause everything")
    desktop.until(lambda: "Resume everything" in icon.entries(), "everything can be paused in the menu")

    window.kill()
    window.wait()
    count = len(desktop.items)
    window = start(store)
    desktop.until(lambda: len(desktop.items) > count, "after a crash another start is the first")
    icon = Icon(desktop)
    desktop.until(lambda: "Resume everything" in icon.entries(), "what was paused is paused still")
    icon.choose("Quit")
    desktop.until(lambda: window.poll() == 0, "Quit ends it")


def main() -> None:
    """Check, and say so."""
    desktop = Desktop()
    with tempfile.TemporaryDirectory() as folder:
        check(desktop, Path(folder))
    desktop.close()
    print("The tray, the notifications and the second start work.")


if __name__ == "__main__":
    main()
