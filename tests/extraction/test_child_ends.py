"""How child processes end: limits, deaths, and what they leave intact."""

import os
import select
import signal
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import LimitExceeded, ReaderCrashed
from ingest_desktop.domain.wire import (
    ExtractOptions,
    Failed,
    Looked,
    Message,
)
from ingest_desktop.extraction import host
from ingest_desktop.extraction.host import ChildProcess
from ingest_desktop.extraction.limits import taken_bytes

from .child_kit import GUESTS, MAKE, looks, lot, posix, text_file
from .recognition_kit import pdf


def test_a_crash_loses_only_the_file_in_hand(start_child: MAKE, guest: GUESTS, tmp_path: Path) -> None:
    child = start_child()
    good = text_file(tmp_path)
    found: list[Message] = []
    with pytest.raises(ReaderCrashed, match="ended unexpectedly"):
        child.run(lot(good, good, guest("abort"), good), found.append)
    assert [message.key for message in found if isinstance(message, Looked)] == [0, 1]
    assert child.pid is None
    assert [type(message) for message in looks(child, good)] == [Looked]


def test_a_task_that_takes_too_long_is_ended_and_the_next_runs(
    start_child: MAKE, guest: GUESTS, tmp_path: Path
) -> None:
    child = start_child(wall_seconds=0.5)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_WALL_SECONDS"):
        looks(child, guest("sleep"))
    assert child.pid is None
    child = start_child(wall_seconds=30)
    assert [type(message) for message in looks(child, text_file(tmp_path))] == [Looked]


@posix
def test_a_parser_that_never_returns_is_ended_by_processor_time(start_child: MAKE, guest: GUESTS) -> None:
    child = start_child(cpu_seconds=0.1)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_CPU_SECONDS"):
        looks(child, guest("spin"))


@posix
def test_python_code_that_takes_too_long_costs_only_its_file(start_child: MAKE, tmp_path: Path) -> None:
    child = start_child(cpu_seconds=0.2)
    good = text_file(tmp_path)
    heavy = text_file(tmp_path, "b.txt", "東京都 " * 3_000_000)
    looks(child, good)
    before = child.pid
    found = looks(child, heavy, good, options=ExtractOptions(segment_bytes=64 * 1024 * 1024))
    assert isinstance(found[0], Failed)
    assert found[0].code == "limit_exceeded"
    assert "INGESTION_CHILD_CPU_SECONDS" in found[0].message
    assert isinstance(found[1], Looked)
    assert child.pid == before


def unpacks_to(pages_bytes: int) -> bytes:
    """A PDF whose only page is drawn by a stream of zeros of this size."""
    packer = zlib.compressobj(9)
    block = bytes(1024 * 1024)
    packed = b"".join(packer.compress(block) for _ in range(pages_bytes // len(block))) + packer.flush()
    whole = pdf(("MARK", "")).replace(b"/Length 4 >>", b"/Length %d /Filter /FlateDecode >>" % len(packed))
    return whole.replace(b"\nMARK\n", b"\n" + packed + b"\n")


@pytest.mark.xfail(sys.platform != "linux", reason="elsewhere there is no such limit", run=False)
def test_a_library_that_aborts_for_want_of_memory_is_over_a_limit(
    start_child: MAKE, tmp_path: Path, guest: GUESTS
) -> None:
    heavy = tmp_path / "heavy.pdf"
    heavy.write_bytes(unpacks_to(600 * 1024 * 1024))
    child = start_child(memory_bytes=400 * 1024 * 1024)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_MEMORY_BYTES"):
        looks(child, heavy)
    assert isinstance(looks(child, text_file(tmp_path))[0], Looked)
    with pytest.raises(ReaderCrashed, match="ended unexpectedly"):  # of something else, with little memory
        looks(child, guest("abort"))


@posix
def test_memory_is_bounded(start_child: MAKE, tmp_path: Path) -> None:
    child = start_child(memory_bytes=96 * 1024 * 1024)
    heavy = text_file(tmp_path, "b.txt", "word " * 6_000_000)
    found = looks(child, heavy, text_file(tmp_path), options=ExtractOptions(segment_bytes=64 * 1024 * 1024))
    assert isinstance(found[0], Failed)
    assert found[0].code == "limit_exceeded"
    assert "INGESTION_CHILD_MEMORY_BYTES" in found[0].message
    assert isinstance(found[1], Looked)


@pytest.mark.parametrize("mebibytes", [78, 96, 114, 132, 138])
@posix
def test_memory_may_run_out_anywhere(start_child: MAKE, tmp_path: Path, mebibytes: int) -> None:
    """Also while the answer is packed, or what went wrong is written down: nobody is blamed for a crash."""
    child = start_child(memory_bytes=mebibytes * 1024 * 1024)
    heavy = text_file(tmp_path, "b.txt", "word " * 6_000_000)
    options = ExtractOptions(segment_bytes=64 * 1024 * 1024)
    try:
        (found,) = looks(child, heavy, options=options)
    except LimitExceeded:
        return
    assert isinstance(found, Looked) or (isinstance(found, Failed) and found.code == LimitExceeded.code)


@pytest.mark.xfail(sys.platform != "linux", reason="elsewhere there is no such limit", run=False)
def test_all_addresses_but_those_of_the_program_are_left_to_a_file(start_child: MAKE, tmp_path: Path) -> None:
    child = start_child()
    looks(child, text_file(tmp_path))
    assert child.pid is not None
    assert taken_bytes(child.pid) < 64 * 1024 * 1024  # glibc sets aside as much for a thread, if it is let


def test_killed_in_the_middle_harms_no_other_file_and_no_other_child(
    start_child: MAKE, guest: GUESTS, child: ChildProcess, tmp_path: Path
) -> None:
    doomed = start_child()
    good = text_file(tmp_path)
    found: list[Message] = []

    def kill_soon(message: Message) -> None:
        found.append(message)
        threading.Thread(target=doomed.kill).start()

    with pytest.raises(ReaderCrashed):
        doomed.run(lot(good, guest("sleep"), good), kill_soon)
    assert [message.key for message in found if isinstance(message, Looked)] == [0]
    assert doomed.pid is None
    assert isinstance(looks(child, good)[0], Looked)
    assert isinstance(looks(doomed, good)[0], Looked)


@posix
def test_what_a_reader_forked_holds_nobody_up_and_ends_with_it(
    start_child: MAKE, guest: GUESTS, tmp_path: Path
) -> None:
    file = guest("fork")
    os.mkfifo(f"{file}.alive")
    alive = os.open(f"{file}.alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        child = start_child()
        with pytest.raises(ReaderCrashed, match="ended unexpectedly"):
            looks(child, file)  # its copy holds our pipes, and writes nothing
        ended = select.poll()
        ended.register(alive, 0)
        assert ended.poll(10_000) == [(alive, select.POLLHUP)]
        assert isinstance(looks(child, text_file(tmp_path))[0], Looked)
    finally:
        os.close(alive)


class Unkillable(ChildProcess):
    """Its process hangs in a file system that does not answer, where no signal arrives."""

    strikes = 0

    def _strike(self, process: "subprocess.Popen[bytes]") -> None:
        self.strikes += 1


@posix
def test_a_process_that_cannot_be_ended_is_left_behind(guest: GUESTS, tmp_path: Path) -> None:
    child = Unkillable(wall_seconds=0.5)
    with pytest.raises(LimitExceeded, match="INGESTION_CHILD_WALL_SECONDS"):
        looks(child, guest("sleep"))
    assert child.strikes and child.pid is None
    (left,) = host._abandoned
    assert left.poll() is None
    assert isinstance(looks(child, text_file(tmp_path))[0], Looked)  # by another one
    left.kill()
    left.wait()
    child.close()
    assert not host._abandoned


@posix
def test_death_between_tasks_goes_unnoticed(start_child: MAKE, tmp_path: Path) -> None:
    child = start_child()
    looks(child, text_file(tmp_path))
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert isinstance(looks(child, text_file(tmp_path))[0], Looked)
    assert child.pid != pid


def test_it_is_replaced_after_some_tasks_and_when_it_has_grown(start_child: MAKE, tmp_path: Path) -> None:
    path = text_file(tmp_path)
    for child in (start_child(tasks=2), start_child(recycle_bytes=1, tasks=2)):
        pids = []
        for _ in range(4):
            looks(child, path)
            pids.append(child.pid)
        assert len(set(pids)) >= 2
        child.close()
        assert child.pid is None


@posix
def test_it_does_not_outlive_its_parent(guest: GUESTS, tmp_path: Path) -> None:
    code = (
        "import os, threading\n"
        "from ingest_desktop.domain.wire import ExtractOptions, LookItem, LookLot\n"
        "from ingest_desktop.extraction.host import ChildProcess\n"
        f"child, good, slow = ChildProcess(), {str(text_file(tmp_path))!r}, {str(guest('sleep'))!r}\n"
        "child.run(LookLot((LookItem(1, good),), ExtractOptions()), lambda message: None)\n"
        "print(child.pid, flush=True)\n"
        "child.run(LookLot((LookItem(1, slow),), ExtractOptions()), lambda message: None)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root + os.pathsep + os.environ["PYTHONPATH"]}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    parent.kill()
    parent.wait()
    parent.stdout.close()
    if handle is not None:
        import select

        ready, _, _ = select.select([handle], [], [], 10)
        os.close(handle)
        assert ready


@posix
def test_a_child_of_a_large_program_is_not_taken_for_large_itself(start_child: MAKE, tmp_path: Path) -> None:
    ballast = bytearray(400 * 1024 * 1024)  # resident, because it is written to
    ballast[::4096] = b"x" * len(ballast[::4096])
    child = start_child(recycle_bytes=300 * 1024 * 1024)
    good = text_file(tmp_path)
    looks(child, good)
    before = child.pid
    looks(child, good)
    assert child.pid == before
    assert len(ballast)
