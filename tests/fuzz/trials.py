"""Which files are tried, and the host of the process that tries them."""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fuzz.seeds import ROOT, everything, made

WALL_SECONDS = 60.0  # of one file
SLOW_SECONDS = 8.0  # of processor time: none of the files is large
_SELDOM = {  # each starts an office program: one round of so many
    "old.doc": 40,
    "old.ppt": 40,
    "objects.ppt": 40,
    "corpus/archives/mixed.zip": 40,
}


@dataclass(frozen=True)
class Trial:
    """One file to try: made of a seed by a number."""

    seed: str
    number: int

    def __str__(self) -> str:
        return f"{self.seed}#{self.number}"


@dataclass(frozen=True)
class Finding:
    """A file that was not read as it should be."""

    trial: Trial
    kind: str
    cause: str
    detail: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for findings that are one fault, mostly."""
        return (self.kind, self.cause if self.kind == "exception" else self.trial.seed, "")


def plan(start: int, count: int, *, stored: bool = True) -> Iterator[Trial]:
    """The trials from number ``start`` on: round after round over all seeds.

    Args:
        start: Of the first one, from 0.
        count: How many.
        stored: The samples and the corpus too, not only the seeds that are made here.
    """
    names = list(everything() if stored else made())
    for at in range(start, start + count):
        number = at // len(names) + 1
        name = names[at % len(names)]
        if number % _SELDOM.get(name, 1) == 0:
            yield Trial(name, number)
        else:  # another one of a seed that takes little
            yield Trial(names[number % 20], 1_000_000 + at)


@dataclass
class Host:
    """Runs trials in a process of its own, which is replaced when it dies or hangs."""

    programs: bool = False
    wall_seconds: float = WALL_SECONDS
    slow_seconds: float = SLOW_SECONDS
    peak_bytes: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _said: str = field(default_factory=lambda: tempfile.mkstemp(prefix="fuzz-", suffix=".log")[1])

    def run(self, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Finding | None]]:
        """Try them in order; each with what was wrong, if anything was."""
        try:
            for trial in trials:
                yield trial, self.one(trial)
        finally:
            self.close()

    def one(self, trial: Trial) -> Finding | None:
        process = self._process or self._start()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(f"{trial.seed}\t{trial.number}\n".encode())
            process.stdin.flush()
            answer = self._answer(process)
        except BrokenPipeError:
            answer = b""
        if not answer:
            return self._obituary(trial, process, overdue=answer is None)
        verdict, self.peak_bytes = json.loads(answer)
        return None if verdict is None else Finding(trial, *verdict)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin and process.stdout
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait(10)
            process.stdout.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._said)

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.fuzz.worker", "programs" if self.programs else "alone"]
        with open(self._said, "wb") as said:
            self._process = subprocess.Popen(
                [*command, str(self.slow_seconds), str(self.wall_seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": "0", "RUST_BACKTRACE": "0"},
            )
        return self._process

    def _answer(self, process: "subprocess.Popen[bytes]") -> bytes | None:
        """One line; empty when the process died, None when it takes too long."""
        assert process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(self.wall_seconds):
                return None
        return process.stdout.readline()

    def _obituary(self, trial: Trial, process: "subprocess.Popen[bytes]", *, overdue: bool) -> Finding:
        if overdue:
            process.kill()
        code = process.wait()
        assert process.stdin and process.stdout
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        self._process = None
        with open(self._said, encoding="utf-8", errors="replace") as said:
            detail = said.read()[-6000:]
        return Finding(trial, "hang" if overdue else "crash", f"exit code {code}", detail)
