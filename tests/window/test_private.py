"""What the window makes on the disk is its user's alone, whatever the rights that the system gives by itself."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_desktop.config.settings import load_settings
from ingest_desktop.config.settings_checks import save_changes
from ingest_desktop.ui import single_instance
from ingest_desktop.ui.single_instance import FirstInstance, Place, take_place

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission bits")


def open_to_others(store: Path) -> dict[Path, str]:
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in [store, *store.rglob("*")]}
    return {path: oct(mode) for path, mode in modes.items() if mode & 0o077}


def until(fact: Callable[[], object], window: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while not fact():
        assert window.poll() is None, "the window ended"
        assert time.monotonic() < end
        time.sleep(0.05)


def test_all_that_the_window_makes_is_its_users_alone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    (tmp_path / "a.txt").write_text("apples and pears")
    command = [sys.executable, "-m", "ingest_desktop", "--data-dir", str(store), str(tmp_path / "a.txt")]
    window = subprocess.Popen(command, umask=0, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    try:
        until(lambda: list(store.glob("locks/*.hands")) and list(store.glob("knowledge_bases/*/kb.db")), window)
        assert open_to_others(store) == {}
        window.send_signal(signal.SIGTERM)
        assert window.wait(60) == 0
    finally:
        window.kill()
        window.wait()
    assert (store / "window.ini").exists()
    assert open_to_others(store) == {}


def test_settings_are_their_users_alone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    before = os.umask(0)
    try:
        settings = load_settings(store)
        (tmp_path / "store").mkdir(mode=0o700)
        (store / "settings.new").write_text("what a crash left")
        save_changes(settings, {"chunk_chars": 500})
    finally:
        os.umask(before)
    assert open_to_others(store) == {}


def test_no_file_names_are_given_to_the_socket_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    other = FirstInstance(tmp_path)
    assert other.claim()
    other._lock.unlock()  # another user has a socket of this name, and no right to the data folder
    monkeypatch.setattr(single_instance, "_is_ours", lambda _: False)
    first = FirstInstance(tmp_path)
    assert take_place(first, tmp_path, ["/docs/secret name.txt"]) is Place.FIRST
    first.release()
    other.release()
