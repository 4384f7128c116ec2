"""One round with a disk that fails: what it starts from, what the program said, and how it is judged."""

import contextlib
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faults import corpus
from faults.fault import Verdict
from faults.judge import Calm, calm_of, judge, opened
from faults.program import ENDED_WELL, Program, run_to_end
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import JobQuery

LEDGER, CONTENT, LOG = "ledger.db", "knowledge_bases/library/kb.db", "logs/ingest.log"
MIB = 1024 * 1024
DISK_BYTES, LOG_DISK_BYTES = 24 * MIB, 64 * 1024
TOLD_SECONDS = 20.0  # until trouble must have been told
PATIENT_SECONDS = 12.0  # a program that meets errors may try for so long before a person ends it
ENDS_SECONDS = 30.0  # and has to end then
LATEST_STRIKE = 1.5  # seconds after a start
TOLD = "ingest: |needed to go on|no room left|[Qq]uota|may not be written|cannot be opened|reports an error|may be read, but not written"
NEEDED = re.compile(r"\d+ MB more are needed|quota")
INTERRUPTED = 130
WELL_TOLD = (*ENDED_WELL, 1, INTERRUPTED)  # 1: with a sentence


@dataclass(frozen=True, slots=True)
class Ground:
    """What all rounds start from: files, a store in which they all wait, and how that ends undisturbed."""

    files: Path
    store: Path
    calm: Calm
    hashes: Mapping[str, str]


_grounds: dict[Path, Ground] = {}


def ground_below(work: Path) -> Ground:
    """Made once for a folder."""
    if work not in _grounds:
        folder = work / "disk-ground"
        shutil.rmtree(folder, ignore_errors=True)
        files, store, calm = folder / "files", folder / "queued" / "data", folder / "calm" / "data"
        for parent in (store.parent, calm.parent):
            parent.mkdir(parents=True)
        corpus.write_first(files)
        corpus.write_second(files)
        run_to_end(store, "add", str(files))
        shutil.copytree(store, calm)
        run_to_end(calm, "run")
        _grounds[work] = Ground(files, store, calm_of(calm), hashes_of(files))
    return _grounds[work]


def hashes_of(folder: Path) -> dict[str, str]:
    """The content of each file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class Round:
    """One round: what was said, what was found."""

    def __init__(self, ground: Ground, work: Path) -> None:
        self.ground, self.work, self.data = ground, work, work / "data"
        self.verdict = Verdict(hits=0)

    def fill(self) -> None:
        """Put the store of the ground there."""
        shutil.copytree(self.ground.store, self.data, dirs_exist_ok=True)
        subprocess.run(["sync", "-f", str(self.data)], check=True)  # else it is lost with a disk that turns read-only

    def said(self) -> str:
        """All that the program said on its streams."""
        return (self.work / "log").read_text("utf-8", "replace")

    def has_told(self) -> bool:
        """Whether it told of trouble."""
        return re.search(TOLD, self.said()) is not None

    def end(self, program: Program, *, interrupted: bool) -> int:
        """Wait for the end of a program, after asking it politely if it is to be; its exit code."""
        if interrupted and not program.has_ended():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.process.pid, signal.SIGINT)
            if not program.has_ended(ENDS_SECONDS):
                self.verdict.stuck += 1
                self.verdict.wrong.append(f"the program did not end within {ENDS_SECONDS:g} s of being asked to")
                program.kill_all()
        code = program.finish()
        # It may have been on its way out, where nobody turns the signal into a word any more.
        return INTERRUPTED if interrupted and code == -signal.SIGINT else code

    def judge(self, *, restart: bool, retry: bool = False) -> Verdict:
        """Let the work come to its end, and compare."""
        if restart:
            program = run_to_end(self.data, "run")
            if (seconds := program.resumed_seconds()) is not None:
                self.verdict.recovery_seconds.append(seconds)
        if retry and (failed := _failed(self.data, self.ground)):
            run_to_end(self.data, "retry", *failed)
            run_to_end(self.data, "run")
        self.verdict.add(judge(self.data, self.ground.calm))
        if hashes_of(self.ground.files) != self.ground.hashes:
            self.verdict.wrong.append("an original was changed by the program")
        for place in (self.work / "log", self.data / LOG):
            text = place.read_text("utf-8", "replace") if place.exists() else ""
            if "Traceback" in text:
                told = text[text.index("Traceback") :][-1500:]
                self.verdict.wrong.append(f"an error that nobody had in mind is in {place.name}: {told}")
        return self.verdict


def _failed(data: Path, ground: Ground) -> list[str]:
    """Jobs that failed and do not when nothing is broken."""
    with opened(data) as app:
        jobs = app.service.list(JobQuery(statuses=frozenset({JobStatus.FAILED})), limit=1_000)
    return [job.id for job in jobs if not ground.calm.endings[job.source_path, job.status.value, job.error_code]]


class Disk:
    """What all faults of disks share."""

    group = "disk"
    most_rounds: int | None = None
    name: str

    def prepare(self, work: Path, seed: int) -> None:
        self._ground = ground_below(work)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        for _ in range(10):  # a moment that came too late breaks nothing: draw another
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            verdict = self.attempt(Round(self._ground, work), draw)
            if verdict.hits:
                break
        return verdict

    def attempt(self, now: Round, draw: random.Random) -> Verdict:
        """A round; ``hits`` stay 0 when it broke nothing."""
        raise NotImplementedError
