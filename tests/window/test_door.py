import socket
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from ingest_desktop import __version__
from ingest_desktop.ui.single_instance import FirstInstance, Place, server_name, take_place
from ingest_desktop.workers.service_thread import Calls

SECOND = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ingest_desktop.ui.single_instance import hand_over
app = QCoreApplication([])
raise SystemExit(0 if hand_over(Path(sys.argv[1]), sys.argv[2:]) else 7)
"""

THIRD = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ingest_desktop.ui.single_instance import FirstInstance, take_place
app = QCoreApplication([])
print("ready", flush=True)
sys.stdin.readline()
print("asking", flush=True)
root = Path(sys.argv[1])
print(take_place(FirstInstance(root), root, sys.argv[2:]).name, flush=True)
"""
OPENED = """
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QFileOpenEvent
from ingest_desktop.ui.door import make_application
app = make_application()
app.opened.connect(lambda paths: print(paths, flush=True))
QCoreApplication.sendEvent(app, QFileOpenEvent(QUrl.fromLocalFile("/docs/a b.pdf")))
QCoreApplication.sendEvent(app, QFileOpenEvent(QUrl("https://example.org/a.pdf")))
"""
FIRST = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ingest_desktop.ui.single_instance import FirstInstance
app = QCoreApplication([])
first = FirstInstance(Path(sys.argv[1]))
assert first.claim()
print("first", flush=True)
app.exec()
"""


def test_a_second_start_hands_its_files_to_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    first = FirstInstance(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.called, timeout=20_000) as called:
        second = subprocess.Popen([sys.executable, "-c", SECOND, str(tmp_path), "/docs/a b.pdf", "/docs/ü.txt"])
    assert called.args == [["/docs/a b.pdf", "/docs/ü.txt"]]
    assert second.wait(20) == 0
    first.release()


def test_files_with_odd_names_arrive(qtbot: QtBot, tmp_path: Path) -> None:
    names = ["a\nb", "na\udcffme", "ü 100%", "-x", "語", "'\"", "\U0001f4c4", *(f"/docs/{n:06}" for n in range(3_000))]
    first = FirstInstance(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.called, timeout=20_000) as called:
        second = subprocess.Popen([sys.executable, "-c", SECOND, str(tmp_path), *names])
    assert called.args == [names]
    assert second.wait(20) == 0
    first.release()


def test_a_start_while_the_first_is_starting_waits_for_it(qtbot: QtBot, tmp_path: Path) -> None:
    first = FirstInstance(tmp_path)
    second = subprocess.Popen(
        [sys.executable, "-c", THIRD, str(tmp_path), "/docs/a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert second.stdout is not None and second.stdin is not None
    assert second.stdout.readline().strip() == b"ready"
    assert first.claim()  # it has the lock and listens, but its loop does not run yet
    second.stdin.write(b"go\n")
    second.stdin.close()
    assert second.stdout.readline().strip() == b"asking"
    with qtbot.waitSignal(first.called, timeout=20_000) as called:
        pass
    assert called.args == [["/docs/a"]]
    assert second.stdout.readline().strip() == b"HANDED_OVER"
    assert second.wait(20) == 0
    second.stdout.close()
    first.release()


def test_a_start_while_the_first_is_quitting_becomes_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    first = FirstInstance(tmp_path)
    assert first.claim()
    first.stop_listening()
    second = subprocess.Popen(
        [sys.executable, "-c", THIRD, str(tmp_path), "/docs/a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert second.stdout is not None and second.stdin is not None
    assert second.stdout.readline().strip() == b"ready"
    second.stdin.write(b"go\n")
    second.stdin.close()
    assert second.stdout.readline().strip() == b"asking"
    assert not FirstInstance(tmp_path).claim()
    first.release()
    assert second.stdout.readline().strip() == b"FIRST"
    assert second.wait(20) == 0
    second.stdout.close()


def test_a_first_that_was_killed_does_not_block_the_next(qtbot: QtBot, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", FIRST, str(tmp_path)], stdout=subprocess.PIPE)
    assert dead.stdout is not None
    assert dead.stdout.readline().strip() == b"first"
    other = FirstInstance(tmp_path)
    assert not other.claim()
    dead.kill()
    dead.wait(20)
    dead.stdout.close()
    assert take_place(other, tmp_path, ["/docs/a"]) is Place.FIRST
    with qtbot.waitSignal(other.called, timeout=20_000) as called:
        later = subprocess.Popen([sys.executable, "-c", SECOND, str(tmp_path), "/docs/b"])
    assert called.args == [["/docs/b"]]
    assert later.wait(20) == 0
    other.release()


def test_files_that_the_system_hands_over_are_told() -> None:
    done = subprocess.run([sys.executable, "-c", OPENED], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["['/docs/a b.pdf']"]


def test_only_one_can_be_first(tmp_path: Path) -> None:
    first, second = FirstInstance(tmp_path), FirstInstance(tmp_path)
    assert first.claim()
    assert not second.claim()
    first.release()
    assert second.claim()
    second.release()


def test_a_socket_that_a_dead_one_left_is_no_hindrance(qtbot: QtBot, tmp_path: Path) -> None:
    if sys.platform != "win32":  # where the socket is a pipe, the dead leave none
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(Path(tempfile.gettempdir()) / server_name(tmp_path)))
        left.close()
    first = FirstInstance(tmp_path)
    assert first.claim()
    caller = QLocalSocket()
    caller.connectToServer(server_name(tmp_path))
    assert caller.waitForConnected(2_000)
    caller.abort()
    first.release()


def test_nonsense_on_the_socket_changes_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    first = FirstInstance(tmp_path)
    assert first.claim()
    seen: list[object] = []
    first.called.connect(seen.append)
    caller = QLocalSocket()
    caller.connectToServer(server_name(tmp_path))
    assert caller.waitForConnected(2_000)
    caller.write(QByteArray(b'{"paths": 3}\n'))
    with qtbot.waitSignal(caller.disconnected, timeout=5_000):
        pass
    assert seen == []
    first.release()


def test_the_version_is_told() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "ingest_desktop", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == f"ingest-desktop {__version__}"


def test_a_call_with_the_same_key_replaces_the_one_before(qtbot: QtBot) -> None:
    calls = Calls("test")
    answers: list[int] = []
    for number in range(50):
        calls.ask(partial(int, number), answers.append, key="same")
    qtbot.waitUntil(lambda: calls.pending == 0)
    assert answers == [49]
    assert calls.close()


def test_what_a_call_raises_comes_back(qtbot: QtBot) -> None:
    calls = Calls("test")
    errors: list[Exception] = []
    calls.ask(lambda: 1 // 0, failed=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], ZeroDivisionError)
    with qtbot.waitSignal(calls.failed):
        calls.ask(lambda: 1 // 0)
    assert calls.close()
