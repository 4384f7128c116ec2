"""Where the output goes: full disks, devices, pipes and links."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from application.kit import write_files

from cli.door import ROOT, Door

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices and pipes are files on Linux")


@pytest.fixture
def filled(door: Door, tmp_path: Path) -> Door:
    docs = write_files(tmp_path / "docs", {f"{number}.txt": f"heron {number}" for number in range(30)})
    assert door("add", "--wait", str(docs)) == 0
    return door


@pytest.mark.parametrize("command", [["export"], ["jobs"], ["jobs", "--json"], ["kb", "list"], ["search", "heron"]])
def test_output_that_cannot_be_written_is_told_in_a_sentence(filled: Door, command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(filled.data), *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[0] == "ingest: The output cannot be written: No space left on device."
    assert b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr


def test_progress_that_nobody_can_be_told_stops_no_work(filled: Door, tmp_path: Path) -> None:
    write_files(tmp_path / "docs", {"new.txt": "egret"})
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ingest_desktop.cli", "--data-dir", str(filled.data), "add", "--wait", "docs"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=full,
            stdout=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 0
    assert len(filled.json("search", "egret")) == 1


def test_an_export_into_a_device_a_pipe_or_a_link_leaves_it_what_it_is(filled: Door, tmp_path: Path) -> None:
    """As root it used to put a file in the place of a device."""
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target.jsonl"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")))
    reader.start()
    assert filled("export", "-o", str(pipe)) == 0, filled.err
    reader.join(30)
    assert len(got[0].splitlines()) == 30 and pipe.is_fifo()
    target.write_text("old")
    link.symlink_to(target)
    assert filled("export", "-o", str(link)) == 0
    assert link.is_symlink() and len([json.loads(line) for line in target.read_text("utf-8").splitlines()]) == 30
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    assert filled("export", "-o", str(full)) == 1
    assert "cannot be written: No space left on device" in filled.err
    assert Path("/dev/full").is_char_device()
