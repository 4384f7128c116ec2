"""Asks about files in a process of its own: a thread of ours that hung in a file system would keep us from ending."""

import contextlib
import os
import subprocess
import sys
from typing import BinaryIO, cast

from ingest_desktop.extraction import probe

_END_SECONDS = 1.0


class ProbeProcess:
    """One process that is asked; fulfils ``Probe``. Made and asked by any thread, one at a time.

    Raises:
        OSError: No process can be started.
    """

    def __init__(self) -> None:
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW
        self._process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            creationflags=flags,
            start_new_session=sys.platform != "win32",  # Ctrl+C is not for it
        )
        self._asked, self._answers = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        self._answers.read(1)  # it is there: what follows is the file system's time

    def can_be_read(self, path: str) -> bool:
        """Whether there is a regular file that we may read. Waits as long as its file system does."""
        try:
            self._asked.write(path.encode("utf-8", "surrogatepass").hex().encode("ascii") + b"\n")
            return self._answers.read(1) == b"1"
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """End the process."""
        for pipe in (self._asked, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)


def command() -> list[str]:
    """How to start the process from here."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--extraction-child", probe.FLAG]
    return [sys.executable, "-I", "-S", os.path.abspath(probe.__file__)]
