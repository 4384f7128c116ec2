"""A desktop with a tray, notifications and a bus, made up for tests."""

import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu

from ingest_desktop.ui.notices import Notifier
from ingest_desktop.ui.session_bus import (
    CALL,
    INTERFACE,
    MEMBER,
    PATH,
    REPLY,
    REPLY_TO,
    SENDER,
    SIGNAL,
    Message,
    packed,
    unpacked,
)
from ingest_desktop.ui.tray import TraySeat


class FakeSeat(TraySeat):
    """A tray that can come and go."""

    def __init__(self, there: bool = True) -> None:
        super().__init__()
        self.there = there
        self.menu: QMenu | None = None
        self.icons: list[QIcon] = []
        self.tips: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.left = False

    @property
    def is_there(self) -> bool:
        return self.there

    def take(self, menu: QMenu) -> None:
        self.menu = menu

    def show_icon(self, icon: QIcon) -> None:
        self.icons.append(icon)

    def show_tip(self, text: str) -> None:
        self.tips.append(text)

    def say(self, title: str, text: str) -> None:
        self.said.append((title, text))

    def leave(self) -> None:
        self.left = True

    def choose(self, text: str) -> None:
        """Take an action of the menu."""
        assert self.menu is not None
        self.menu.aboutToShow.emit()
        (action,) = (action for action in self.menu.actions() if action.text() == text)
        action.trigger()


class FakeNotifier(Notifier):
    """Keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []
        self.closed = False

    def tell(self, title: str, text: str) -> None:
        self.told.append((title, text))

    def close(self) -> None:
        self.closed = True


class FakeBus:
    """A message bus with one service: notifications. Answers one caller after the other, in a thread."""

    def __init__(self, *, refuse: bool = False, capabilities: tuple[str, ...] = ("body", "body-markup")) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._refuse, self._capabilities = refuse, list(capabilities)
        self.address = f"unix:path=/nowhere,guid=0;unix:path={self._folder.name}/b%75s"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(Path(self._folder.name) / "bus"))
        self._server.listen()
        self._caller: socket.socket | None = None
        self.notes: list[list[Any]] = []
        self.calls: list[str] = []
        self.shown: list[str] = []  # addresses of files that the file manager was to show
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                self._caller, _ = self._server.accept()
            except OSError:
                return
            with self._caller:
                try:
                    self._talk(self._caller)
                except OSError:
                    continue

    def _talk(self, caller: socket.socket) -> None:
        data = b""
        while b"\r\n" not in data:
            data += caller.recv(100)
        wanted = b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode()
        caller.sendall(b"REJECTED\r\n" if self._refuse or not data.startswith(wanted) else b"OK 1234\r\n")
        data = data.partition(b"\r\n")[2]
        while len(data) < len(b"BEGIN\r\n"):
            if not (more := caller.recv(100)):
                return
            data += more
        data = data.removeprefix(b"BEGIN\r\n")
        while True:
            while (found := unpacked(data)) is not None:
                message, size = found
                data = data[size:]
                caller.sendall(self._answer(message))
            if not (more := caller.recv(65_536)):
                return
            data += more

    def _answer(self, message: Message) -> bytes:
        assert message.kind == CALL
        member = message.fields[MEMBER]
        self.calls.append(member)
        answers: dict[str, tuple[str, list[Any]]] = {
            "Hello": ("s", [":1.7"]),
            "GetCapabilities": ("as", [self._capabilities]),
            "Notify": ("u", [len(self.notes) + 1]),
            "ShowItems": ("", []),
        }
        signature, arguments = answers.get(member, ("", []))
        if member == "ShowItems":
            self.shown += message.arguments[0]
        if member == "Notify":
            self.notes.append(message.arguments)
        return packed(
            Message(REPLY, message.serial + 100, {REPLY_TO: message.serial, SENDER: "x"}, arguments), signature
        )

    def press(self, number: int) -> None:
        """The person presses a notification."""
        service = "org.freedesktop.Notifications"
        fields = {PATH: "/org/freedesktop/Notifications", INTERFACE: service, MEMBER: "ActionInvoked"}
        assert self._caller is not None
        self._caller.sendall(packed(Message(SIGNAL, 1, fields, [number, "default"]), "us"))

    def hang_up(self) -> None:
        """The bus drops who is connected."""
        if self._caller is not None:
            self._caller.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the thread."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up_quietly()
        self._thread.join(10)
        self._folder.cleanup()

    def hang_up_quietly(self) -> None:
        """Drop who is connected, if somebody is."""
        try:
            self.hang_up()
        except OSError:
            return
