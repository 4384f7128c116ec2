"""The program under test as processes: started with quick settings, killed whole or in part, waited for."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHIM = Path(__file__).resolve().parent / "shim"
LIMIT_SECONDS = 120.0
SETTINGS: dict[str, Any] = {
    "workers": 2,
    "segment_bytes": 65_536,
    "batch_size": 5,
    "commit_seconds": 0.05,
    "commit_chunks": 20,  # small steps, so that there is a middle to die in
    "queue_capacity": 2,
    "consumer_poll_interval": 0.05,
    "retry_base_seconds": 0.02,
    "min_free_bytes": 0,
    "settle_seconds": 0,  # its files are always young
}
"""Of ``Settings``; the processes get them by the environment, and nothing of the person's own."""

ENDED_WELL = (0, 3)  # 3: some files have no reader


def environment(**extra: str) -> dict[str, str]:
    """The environment of a process under test."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("INGESTION_", "FAULT_"))}
    settings = {f"INGESTION_{name.upper()}": str(value) for name, value in SETTINGS.items()}
    return {**clean, **settings, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **extra}


def command(data: Path, *arguments: str) -> list[str]:
    """``ingest`` on a store, with this Python and this checkout."""
    return [sys.executable, "-P", "-m", "ingest_desktop.cli", arguments[0], "--data-dir", str(data), *arguments[1:]]


@dataclass(slots=True)
class Program:
    """One running ``ingest`` in a process group of its own, with its children."""

    process: "subprocess.Popen[bytes]"
    started: float
    resumed_file: Path
    struck_file: Path

    @classmethod
    def start(
        cls,
        data: Path,
        *arguments: str,
        point: str | None = None,
        settings: Mapping[str, str] | None = None,
        wrap: Sequence[str] = (),
    ) -> "Program":
        """Start it; with ``point``, the shim kills it there (see ``shim/sitecustomize.py``). ``wrap``: what starts it, such as
        a command that takes rights away and then becomes the program.
        """
        beside = data.parent
        resumed, struck = beside / "resumed", beside / "struck"
        for mark in (resumed, struck, beside / "resumed.stored"):
            mark.unlink(missing_ok=True)
        extra = {"PYTHONPATH": f"{SHIM}{os.pathsep}{ROOT}", "FAULT_RESUMED": str(resumed), "FAULT_STRUCK": str(struck)}
        if point is not None:
            extra["FAULT_POINT"] = point
        with open(beside / "log", "ab") as log:
            log.write(f"\n== {' '.join(arguments)} {point or ''}\n".encode())
            log.flush()
            process = subprocess.Popen(
                [*wrap, *command(data, *arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(**extra, **(settings or {})),
                start_new_session=True,
            )
        return cls(process, time.monotonic(), resumed, struck)

    def has_ended(self, within_seconds: float = 0.0) -> bool:
        """Whether it has ended, or does within this time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(within_seconds)
        return self.process.poll() is not None

    def finish(self) -> int:
        """Wait for its end; its exit code. Raises ``AssertionError`` when it takes too long: it is stuck then."""
        try:
            return self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"the program did not end within {LIMIT_SECONDS:g} s") from None

    def children(self) -> list[int]:
        """Its children now."""
        return children_of(self.process.pid)

    def kill(self) -> list[int]:
        """SIGKILL to the program alone; the children it had, which have to end by themselves."""
        children = self.children()
        self.process.kill()
        self.process.wait()
        return children

    def kill_all(self) -> None:
        """SIGKILL to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def was_struck(self) -> bool:
        """Whether the shim killed it."""
        return self.struck_file.exists()

    def resumed_seconds(self) -> float | None:
        """From its start until it had claimed the first jobs; None when there were none."""
        return self._seconds(self.resumed_file)

    def stored_seconds(self) -> float | None:
        """From its start until the first thing that it read was on the disk."""
        return self._seconds(self.stored_file)

    @property
    def stored_file(self) -> Path:
        return self.resumed_file.with_name(f"{self.resumed_file.name}.stored")

    def _seconds(self, mark: Path) -> float | None:
        with contextlib.suppress(OSError, ValueError):
            return round(float(mark.read_text("utf-8")) - self.started, 3)
        return None


def children_of(pid: int) -> list[int]:
    """The children of a process, by /proc; none where there is no such thing."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, tasks.read_text("ascii").split())
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that has ended and is not buried yet is dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until(fact: Callable[[], Any], seconds: float) -> bool:
    """Whether a fact comes true within the time."""
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def run_to_end(data: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Program:
    """Run a command undisturbed. Raises ``AssertionError`` when it does not end well."""
    program = Program.start(data, *arguments, settings=settings)
    code = program.finish()
    assert code in ENDED_WELL, f"ingest {arguments[0]} ended with {code}; see {data.parent / 'log'}"
    return program
