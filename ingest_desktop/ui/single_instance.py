"""One window for each data folder: a second start hands its files to the first and ends."""

import hashlib
import json
import os
import sys
import time
from contextlib import suppress
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QThread, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECT_MS = 500
ANSWER_MS = 20_000  # a first one that is starting, or on a busy machine, answers late; a dead one hangs up at once
WAIT_MS = 100
LOCK_FILE = "window.lock"
MESSAGE_LIMIT = 16 * 1024 * 1024


def server_name(data_root: Path) -> str:
    """The name of the socket; short, as some systems allow 100 characters for its whole path."""
    key = os.path.normcase(str(data_root.resolve()))
    return f"ingest-desktop-{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def hand_over(data_root: Path, paths: list[str]) -> bool:
    """Give files to a window that has this data folder; False when there is none, or it does not take them.

    Blocks for a moment, and for ``ANSWER_MS`` at most. Files are given once: who does not answer in that time may
    take them later.
    """
    socket = QLocalSocket()
    socket.connectToServer(server_name(data_root))
    if not socket.waitForConnected(CONNECT_MS) or not _is_ours(socket):
        return False
    socket.write(json.dumps({"paths": paths}).encode() + b"\n")
    while socket.bytesToWrite() and socket.waitForBytesWritten(ANSWER_MS):
        pass
    answered = socket.waitForReadyRead(ANSWER_MS) and bytes(socket.readLine().data()).strip() == b"ok"
    socket.disconnectFromServer()
    return answered


def _is_ours(socket: QLocalSocket) -> bool:
    """Whether this user made the socket. Its name can be guessed, and others may put one of that name there first."""
    if sys.platform == "win32":
        return True
    try:
        return os.lstat(socket.fullServerName()).st_uid == os.getuid()
    except OSError:
        return False


class FirstInstance(QObject):
    """Holds the lock and listens for later starts.

    Signals:
        called: A later start. arg: a list of absolute paths, maybe empty.
    """

    called = Signal(object)

    def __init__(self, data_root: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = server_name(data_root)
        self._lock = QLockFile(str(data_root / LOCK_FILE))
        self._lock.setStaleLockTime(0)  # only a dead owner makes it stale, however long a live one holds it
        self._callers: list[QLocalSocket] = []
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def claim(self) -> bool:
        """Become the first; False when another is. A socket that a dead one left is removed."""
        if not self._lock.tryLock(0):
            return False
        with suppress(OSError):  # Qt makes it with the rights that the system gives by itself
            os.chmod(self._lock.fileName(), 0o600)
        if not self._server.listen(self._name):
            QLocalServer.removeServer(self._name)
            self._server.listen(self._name)
        return True

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._callers.append(socket)
            socket.readyRead.connect(self._on_data)
            socket.disconnected.connect(self._on_gone)

    @Slot()
    def _on_gone(self) -> None:
        gone = [socket for socket in self._callers if socket.state() != QLocalSocket.LocalSocketState.ConnectedState]
        self._callers = [socket for socket in self._callers if socket not in gone]
        for socket in gone:
            socket.deleteLater()

    @Slot()
    def _on_data(self) -> None:
        for socket in list(self._callers):
            if socket.canReadLine():
                self._answer(socket)
            elif socket.bytesAvailable() > MESSAGE_LIMIT:
                socket.abort()

    def _answer(self, socket: QLocalSocket) -> None:
        try:
            message = json.loads(bytes(socket.readLine().data()))
            paths = [str(path) for path in message["paths"]]
        except (ValueError, KeyError, TypeError):
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.called.emit(paths)

    @Slot()
    def stop_listening(self) -> None:
        """Take no more files: a later start waits until this one is gone, and is the first then."""
        self._server.close()
        for socket in self._callers:
            socket.abort()

    def release(self) -> None:
        """Let another be the first."""
        self.stop_listening()
        self._lock.unlock()


class Place(Enum):
    """What a start of the program came to."""

    FIRST = "it is the first, and has the window"
    HANDED_OVER = "another has the window and took the files"
    STUCK = "another has the data folder and does not answer"


def take_place(first: FirstInstance, data_root: Path, paths: list[str]) -> Place:
    """Hand the files to the first, or become the first, whichever works; blocks while the first is on its way out."""
    until = time.monotonic() + ANSWER_MS / 1000
    while True:
        if hand_over(data_root, paths):
            return Place.HANDED_OVER
        if first.claim():
            return Place.FIRST
        if not os.access(data_root, os.W_OK) or time.monotonic() > until:
            return Place.STUCK
        QThread.msleep(WAIT_MS)
