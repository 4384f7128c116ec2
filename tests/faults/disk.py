"""What disks do: they are full, used up by a quota, slow, switch to read-only, and report errors.

Full and read-only disks are real ones: small file systems in memory and in a file. Errors and delays are put into system
calls by strace, on the files that a fault is about and from a call on that is drawn.
"""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from faults.disk_round import (
    CONTENT,
    DISK_BYTES,
    ENDS_SECONDS,
    LATEST_STRIKE,
    LEDGER,
    LOG,
    LOG_DISK_BYTES,
    MIB,
    NEEDED,
    PATIENT_SECONDS,
    TOLD_SECONDS,
    WELL_TOLD,
    Disk,
    Round,
)
from faults.fault import Fault, Verdict
from faults.program import ENDED_WELL, Program, wait_until

# --- disks that are full, or read-only -------------------------------------------------------------


@contextlib.contextmanager
def mounted(at: Path, *arguments: str) -> Iterator[None]:
    """A file system at a folder."""
    at.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *arguments, str(at)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def in_memory(at: Path, size_bytes: int) -> contextlib.AbstractContextManager[None]:
    """A small disk of its own."""
    return mounted(at, "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs")


def fill_disk(folder: Path, left_bytes: int = 0) -> None:
    """Others write to a disk until hardly anything is left."""
    block = bytes(16 * 1024)
    with contextlib.suppress(OSError), open(folder / "filler", "ab", buffering=0) as out:
        while shutil.disk_usage(folder).free > left_bytes:
            if out.write(block) < len(block):
                return


class FullDisk(Disk):
    """The disk of the data folder is filled by others while work is done, and room is made again."""

    def __init__(self, name: str, *, min_free_bytes: int) -> None:
        self.name = name
        self._settings = {
            "INGESTION_MIN_FREE_BYTES": str(min_free_bytes),
            "INGESTION_RESERVE_BYTES": str(256 * 1024),
        }

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        with in_memory(now.data, DISK_BYTES):
            now.fill()
            early = draw.random() < 0.5
            if early:
                fill_disk(now.data, draw.randrange(3 * MIB))
            program = Program.start(now.data, "run", settings=self._settings)
            if not early:
                program.has_ended(draw.uniform(0.2, LATEST_STRIKE))
                fill_disk(now.data)
            wait_until(lambda: now.has_told() or program.has_ended(), TOLD_SECONDS)
            if draw.random() < 0.5:
                fill_disk(now.data)  # also the room that was kept for the list of jobs
            program.has_ended(draw.uniform(0.0, 1.5))
            told = now.has_told()
            # One that could not open the store says so and is on its way out.
            ended = program.finish() if "\ningest: " in now.said() else program.process.poll()
            (now.data / "filler").unlink(missing_ok=True)
            self._judge_end(now, program, told, ended)
            return now.judge(restart=ended not in (None, *ENDED_WELL))

    def _judge_end(self, now: Round, program: Program, told: bool, ended: int | None) -> None:
        verdict, freed = now.verdict, time.monotonic()
        verdict.hits = int(told)
        verdict.notes.append("it ended at once" if ended is not None else "it waited for room")
        if told and not NEEDED.search(now.said()):
            verdict.wrong.append("it was not told how much room is needed")
        if ended is not None:
            if ended not in WELL_TOLD:
                verdict.wrong.append(f"ingest run ended with {ended}")
            return
        if told:
            wait_until(lambda: "Work goes on." in now.said() or program.has_ended(), ENDS_SECONDS)
            verdict.recovery_seconds.append(round(time.monotonic() - freed, 2))
        if (code := program.finish()) not in ENDED_WELL:
            verdict.wrong.append(f"with room again, ingest run ended with {code}")


class FullLogDisk(Disk):
    """The disk of the log alone is full: nothing else may come to harm."""

    name = "the disk of the log is full"

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        now.fill()
        with in_memory(now.data / "logs", LOG_DISK_BYTES):
            fill_disk(now.data / "logs", draw.choice((0, 4096, 8192)))
            code = Program.start(now.data, "run", settings={"INGESTION_LOG_LEVEL": "DEBUG"}).finish()
            if code not in ENDED_WELL:
                now.verdict.wrong.append(f"ingest run ended with {code}")
            now.verdict.hits = int(shutil.disk_usage(now.data / "logs").free < 4096)
            return now.judge(restart=False)


class ReadOnly(Disk):
    """The system finds something wrong with a disk and lets nobody write to it any more, until it is mounted anew."""

    name = "it turns read-only while work is done"

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        image = now.work / "disk.img"
        with open(image, "wb") as out:
            out.truncate(3 * DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        with mounted(now.data, "-o", "loop", str(image)):
            now.fill()
            program = Program.start(now.data, "run")
            program.has_ended(draw.uniform(0.2, LATEST_STRIKE))
            subprocess.run(["mount", "-o", "remount,abort", str(now.data)], check=True)
            hit = not program.has_ended()
            wait_until(lambda: now.has_told() or program.has_ended(), TOLD_SECONDS)
            program.has_ended(draw.uniform(0.0, 1.5))
            code = now.end(program, interrupted=True)
            if hit and (code not in WELL_TOLD or (code not in ENDED_WELL and not now.has_told())):
                now.verdict.wrong.append(f"ingest run ended with {code} and told nothing")
            now.verdict.hits = int(hit)
        with mounted(now.data, "-o", "loop", str(image)):
            return now.judge(restart=True)


# --- system calls that fail, or take their time ----------------------------------------------------


def injecting(record: Path, files: Sequence[Path], calls: str, what: str, when: str) -> list[str]:
    """What starts a program so that some of its calls on some files fail or are slow. ``when`` counts for each thread."""
    paths = [word for file in files for word in ("-P", str(file))]
    inject = f"inject={calls}:{what}:when={when}"
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-o", str(record), "-e", f"trace={calls}", *paths, "-e", inject]


def injected(record: Path) -> int:
    """How often it was done."""
    text = record.read_text("utf-8", "replace") if record.exists() else ""
    return text.count("(INJECTED)") + text.count("(DELAYED)")


class Slow(Disk):
    """Writing and syncing takes long now and then."""

    name = "it is slow"

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        now.fill()
        files = [now.data / f"{name}{end}" for name in (LEDGER, CONTENT) for end in ("", "-wal")]
        record, calls = now.work / "strace", "pwrite64,fsync,fdatasync"
        delay_us = draw.choice((20_000, 100_000, 400_000))
        when = f"{draw.randint(1, 5)}+{draw.randint(20, 40) * delay_us // 100_000 + 3}"
        program = Program.start(now.data, "run", wrap=injecting(record, files, calls, f"delay_enter={delay_us}", when))
        if (code := program.finish()) not in ENDED_WELL:
            now.verdict.wrong.append(f"ingest run ended with {code}")
        now.verdict.hits = injected(record)
        return now.judge(restart=False)


class Errors(Disk):
    """Some calls on some files fail, a few times or from now on."""

    def __init__(self, name: str, files: Sequence[str], calls: str, latest: int, error: str = "EIO") -> None:
        self.name = name
        self._files, self._calls, self._latest, self._error = files, calls, latest, error

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        now.fill()
        record = now.work / "strace"
        first, length = draw.randint(1, self._latest), draw.choice((1, 4, 12, 0))
        when = f"{first}..{first + length - 1}" if length else f"{first}+"
        files = [now.data / name for name in self._files]
        wrap = injecting(record, files, self._calls, f"error={self._error}", when)
        program = Program.start(now.data, "run", wrap=wrap)
        if not length:
            wait_until(lambda: now.has_told() or program.has_ended(), TOLD_SECONDS)
            program.has_ended(draw.uniform(0.0, 2.0))
        ended = program.has_ended(PATIENT_SECONDS if length else 0.0)
        code = now.end(program, interrupted=not ended)
        verdict = now.verdict
        verdict.hits = injected(record)
        state = "ended" if ended else "had to be ended"
        verdict.notes.append(f"{self._error} at calls {when}: it {state} with {code}")
        if code not in WELL_TOLD or (code not in ENDED_WELL and not now.has_told()):
            verdict.wrong.append(f"ingest run ended with {code} and told nothing")
        return now.judge(restart=True)  # also after a good end: it may not have been able to take its leave


class UnreadableOriginals(Disk):
    """Originals on a disk that reports errors while they are read. A person tries again what failed."""

    name = "errors while an original is read"
    files = ("changing/long.txt", "new/long0.txt", "new/03.md", "new/04.md", "kept/2.md")

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        now.fill()
        record = now.work / "strace"
        files = [now.ground.files / name for name in draw.sample(self.files, 3)]
        first, length = draw.randint(1, 3), draw.choice((1, 4, 0))
        when = f"{first}..{first + length - 1}" if length else f"{first}+"
        program = Program.start(now.data, "run", wrap=injecting(record, files, "read,pread64", "error=EIO", when))
        if (code := program.finish()) not in ENDED_WELL:
            now.verdict.wrong.append(f"ingest run ended with {code}")
        now.verdict.hits = injected(record)
        now.verdict.notes.append(f"calls {when}")
        return now.judge(restart=False, retry=True)


def _files_of(name: str) -> tuple[str, ...]:
    return (name, f"{name}-wal")


SYNC, WRITE, READ = "fsync,fdatasync", "pwrite64", "pread64"


def _may_mount() -> bool:
    """Whether this machine lets us mount small disks."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False).returncode:
            return False
        return not subprocess.run(["umount", folder], check=False).returncode


def _may_loop() -> bool:
    return bool(shutil.which("mkfs.ext4")) and Path("/dev/loop-control").exists()


def _may_inject() -> bool:
    """Whether strace is there and may change calls."""
    if sys.platform != "linux" or not shutil.which("strace"):
        return False
    command = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "-e", "inject=getcwd:error=EIO", "true"]
    return not subprocess.run(command, capture_output=True, check=False).returncode


def _faults() -> Iterator[Fault]:
    """Those that this machine can run."""
    if _may_mount():
        yield FullDisk("it is full, and nothing is to stay free", min_free_bytes=0)
        yield FullDisk("it is full, and 2 MiB are to stay free", min_free_bytes=2 * MIB)
        yield FullLogDisk()
        if _may_loop():
            yield ReadOnly()
    if _may_inject():
        yield Slow()
        for file, what in ((LEDGER, "the list of jobs"), (CONTENT, "a knowledge base")):
            yield Errors(f"errors while {what} is written", _files_of(file), WRITE, 30)
            yield Errors(f"errors while {what} is synced", _files_of(file), SYNC, 6)
            yield Errors(f"errors while {what} is read", _files_of(file), READ, 12)
        yield Errors("errors while the log is written", (LOG,), "write", 3)
        everything = (*_files_of(LEDGER), *_files_of(CONTENT), f"{LEDGER}.room", f"{CONTENT}.room")
        yield Errors("a quota is used up", everything, "pwrite64,write", 40, "EDQUOT")
        yield UnreadableOriginals()


FAULTS: tuple[Fault, ...] = tuple(_faults())
