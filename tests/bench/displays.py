"""A screen to measure the window on: a virtual X server of our own, or, without one, Qt's offscreen platform."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator


def python() -> str:
    """The Python that runs the window."""
    return sys.executable


def described() -> str:
    """What the window is painted on."""
    return (
        "A virtual X server (Xvfb)"
        if shutil.which("Xvfb")
        else "Qt's offscreen platform (Xvfb is missing: apt-get install xvfb)"
    )


@contextlib.contextmanager
def display() -> Iterator[dict[str, str]]:
    """The variables that bring a window to our screen; the screen ends with the block."""
    if shutil.which("Xvfb") is None:
        yield {"QT_QPA_PLATFORM": "offscreen"}
        return
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=(writer,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            number = told.readline().strip()  # written once it takes connections
        if not number:
            raise SystemExit("Xvfb did not start.")
        yield {"QT_QPA_PLATFORM": "xcb", "DISPLAY": f":{number}"}
    finally:
        server.terminate()
        server.wait()
