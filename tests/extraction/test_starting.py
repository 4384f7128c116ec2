"""A reading process that cannot be started, or ends before it is ready: no file is to blame."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import ReaderNotStarted
from ingest_desktop.domain.wire import Looked, LookItem, LookLot, Message
from ingest_desktop.extraction import host
from ingest_desktop.extraction.host import ChildProcess

from .conftest import OPTIONS


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    made = ChildProcess(wall_seconds=60)
    yield made
    made.close()


def looked(child: ChildProcess, folder: Path) -> list[Message]:
    path = folder / "a.txt"
    path.write_text("heron")
    found: list[Message] = []
    child.run(LookLot((LookItem(1, str(path)),), OPTIONS), found.append)
    return found


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["no program of this name"], "can be started"),
        ([os.path.dirname(__file__)], "can be started"),  # may not be run
        ([sys.executable, "-c", "raise SystemExit(3)"], r"ended at its start \(exit code 3\)"),
        ([sys.executable, "-c", "import sys; sys.stdin.buffer.read(8)"], r"ended at its start \(exit code 0\)"),
    ],
)
def test_a_process_that_does_not_start_is_told_apart_and_the_next_one_reads(
    child: ChildProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], why: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(host, "command", lambda: words)
        for _ in range(2):
            with pytest.raises(ReaderNotStarted, match=why):
                looked(child, tmp_path)
            assert child.pid is None
    assert [type(message) for message in looked(child, tmp_path)] == [Looked]


def test_a_process_that_is_never_ready_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "command", lambda: [sys.executable, "-c", "import time; time.sleep(3600)"])
    child = ChildProcess(wall_seconds=0.2)
    try:
        with pytest.raises(ReaderNotStarted, match=r"was not ready after 0\.2 seconds"):
            looked(child, tmp_path)
        assert child.pid is None
    finally:
        child.close()
