"""Clocks that are set, processes that freeze and wake up, a computer that sleeps.

The wall clock of the program and its children is set by the shim (``FAULT_CLOCK``); what only ticks goes on, as it does when a
clock is set. Freezing is SIGSTOP to a whole process group, readers and all.
"""

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType

from faults.fault import Fault, Verdict
from faults.judge import ask_history, ask_queue, judge, opened
from faults.kills import Ground, ground_below, is_accepted, retry_quarantined
from faults.program import ENDED_WELL, Program, run_to_end, wait_until
from ingest_desktop.infrastructure.database import open_read_only
from ingest_desktop.infrastructure.ledger_workers import SILENT

HOUR, DAY, YEAR = 3_600.0, 86_400.0, 365 * 86_400.0
JUMPS = {"back by an hour": -HOUR, "back by a day": -DAY, "forward by a day": DAY, "forward by a year": YEAR}
LATEST_SECONDS = 1.6  # of a jump, a kill or a frost, after the start of the program
LEASE_SECONDS = 2.0
LEASE: Mapping[str, str] = {"INGESTION_LEASE_SECONDS": str(LEASE_SECONDS)}
TAKEN_WITHIN_SECONDS = 30.0  # by another worker, from the moment that one freezes
SLACK_SECONDS = 10.0  # of a busy machine: for what takes no time by itself


class Clock:
    """The wall clock of the processes that are started with ``settings``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.settings: Mapping[str, str] = {"FAULT_CLOCK": str(file)}
        self.set(0.0)

    @property
    def wrong_seconds(self) -> float:
        """By how much it is wrong."""
        return self._wrong_seconds

    def set(self, seconds: float) -> None:
        """It is wrong by so much from now on."""
        self._wrong_seconds = seconds
        partial = self._file.with_name(f"{self._file.name}.part")
        partial.write_text(str(seconds), "ascii")
        os.replace(partial, self._file)


class _Clock:
    """What these faults share: a store of files to read, and how that ends undisturbed."""

    group = "clock"
    most_rounds: int | None = None
    name: str

    def prepare(self, work: Path, seed: int) -> None:
        self._ground: Ground = ground_below(work, seed)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        for _ in range(10):  # a moment that came too late disturbs nothing: draw another
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            shutil.copytree(self._ground.store, work / "data")
            verdict = self.attempt(work, draw)
            if verdict.hits:
                break
        return verdict

    def attempt(self, work: Path, draw: random.Random) -> Verdict:
        """A round; ``hits`` stay 0 when it disturbed nothing."""
        raise NotImplementedError


class Jump(_Clock):
    """The clock jumps while files are looked for, read and stored; often it is put right again."""

    def __init__(self, what: str) -> None:
        self.name = f"it jumps {what} while work is done"
        self._seconds = JUMPS[what]

    def attempt(self, work: Path, draw: random.Random) -> Verdict:
        data, clock, wrong, hits = work / "data", Clock(work / "clock"), 0.0, 0
        program = Program.start(data, "add", "--wait", str(self._ground.files), settings=clock.settings)
        for _ in range(draw.randint(1, 4)):
            if program.has_ended(draw.uniform(0.1, LATEST_SECONDS / 2)):
                break
            wrong = 0.0 if wrong and draw.random() < 0.5 else wrong + self._seconds
            clock.set(wrong)
            hits += 1
        code = program.finish()
        verdict = judge(data, self._ground.calm)
        if code not in ENDED_WELL:
            verdict.wrong.append(f"ingest add ended with {code}")
        verdict.hits = hits
        return verdict


class JumpBetween(_Clock):
    """Everything is killed, and the clock is another one when the program starts again."""

    name = "it jumps between a kill and the next start"

    def attempt(self, work: Path, draw: random.Random) -> Verdict:
        data, clock = work / "data", Clock(work / "clock")
        recovered: list[float] = []
        hits = 0
        for _ in range(draw.randint(1, 4)):
            program = self._start(data, clock)
            if program.has_ended(draw.uniform(0.2, LATEST_SECONDS)):
                break
            program.kill_all()
            hits += 1
            clock.set(draw.choice((0.0, *JUMPS.values(), -YEAR)))
        last = self._start(data, clock)
        code = last.finish()
        if hits and (seconds := last.resumed_seconds()) is not None:
            recovered.append(seconds)
        retry_quarantined(data)
        verdict = judge(data, self._ground.calm)
        if code not in ENDED_WELL:
            verdict.wrong.append(f"the last start ended with {code}")
        verdict.hits, verdict.recovery_seconds = hits, recovered
        return verdict

    def _start(self, data: Path, clock: Clock) -> Program:
        if is_accepted(data):
            return Program.start(data, "run", settings=clock.settings)
        return Program.start(data, "add", "--wait", str(self._ground.files), settings=clock.settings)


class JumpWhileWaiting:
    """Files that others still write to wait to be tried again, and the clock jumps. None waits for long, none is tried all the time."""

    group, name = "clock", "it jumps while jobs wait to be tried again"
    most_rounds: int | None = None
    files, growing = 24, 8
    grow_seconds = 3.0
    base_seconds, longest_seconds, settle_seconds = 0.8, 1.6, 0.5
    settings: Mapping[str, str] = {
        "INGESTION_RETRY_BASE_SECONDS": str(base_seconds),
        "INGESTION_RETRY_CAP_SECONDS": str(longest_seconds),
        "INGESTION_SETTLE_SECONDS": str(settle_seconds),
        "INGESTION_CHANGING_ATTEMPTS": "100",
    }

    def prepare(self, work: Path, seed: int) -> None:
        """Nothing: each round has files of its own."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data, folder, clock = work / "data", work / "files", Clock(work / "clock")
        folder.mkdir()
        paths = [folder / f"{place:02d}.txt" for place in range(self.files)]
        for path in paths:
            path.write_text(f"{path.name} begins.\n")
        verdict, jumps, began = Verdict(), 0, time.monotonic()
        with _Writers(paths[: self.growing], clock) as writers:
            program = Program.start(data, "add", "--wait", str(folder), settings={**self.settings, **clock.settings})
            wait_until(lambda: _waiting_for_a_try(data) or program.has_ended(), 30)
            for _ in range(draw.randint(1, 3)):
                clock.set(draw.choice((*JUMPS.values(), -YEAR)))
                jumps += 1
                program.has_ended(draw.uniform(0.1, self.grow_seconds / 3))
            program.has_ended(max(0.0, began + self.grow_seconds - time.monotonic()))
            writers.stop()
        quiet = time.monotonic()
        code = program.finish()
        waited, took = time.monotonic() - quiet, time.monotonic() - began
        if code not in ENDED_WELL:
            verdict.wrong.append(f"ingest add ended with {code}")
        if waited > self.longest_seconds + self.settle_seconds + SLACK_SECONDS:
            verdict.stuck += 1
            verdict.wrong.append(f"files that were quiet again were read after {waited:.0f} s only")
        most = took / self.base_seconds + jumps + 2
        with closing(open_read_only(data / "ledger.db", busy_timeout_seconds=30)) as ledger:
            rows = ledger.execute("SELECT count(*) FROM job_history WHERE to_status = 'running' GROUP BY job_id")
            tries = max(row[0] for row in rows)
        if tries > most:
            verdict.wrong.append(f"a file was tried {tries} times within {took:.1f} s")
        self._judge_texts(data, paths, verdict, whole=False)
        again = Program.start(data, "add", "--wait", str(folder), settings={**self.settings, **clock.settings})
        if again.finish() not in ENDED_WELL:
            verdict.wrong.append("ingest add did not end well the second time")
        self._judge_texts(data, paths, verdict, whole=True)
        with opened(data) as app:
            ask_queue(app, verdict)
            ask_history(app, verdict)
            verdict.wrong += [f"check: {finding.code}: {finding.message}" for finding in app.check()]
        verdict.hits, verdict.recovery_seconds = jumps, [round(waited, 2)]
        verdict.notes.append(f"at most {tries} tries of a file")
        return verdict

    def _judge_texts(self, data: Path, paths: list[Path], verdict: Verdict, *, whole: bool) -> None:
        """Each file has its text; or, when its writer paused for so long that it seemed to be done, how it began."""
        texts: dict[str, list[str]] = {}
        with opened(data) as app:
            for chunk in app.search.export():
                texts.setdefault(chunk.source_path, []).append(chunk.text)
        for path in paths:
            found, wanted = "\n".join(texts.get(str(path), [])).split(), path.read_text().split()
            if not found or found != (wanted if whole else wanted[: len(found)]):
                verdict.lost += not found
                verdict.mixed += bool(found)
                verdict.wrong.append(f"{path.name} has {len(found)} words that are not its own, or not all")


class _Writers:
    """Somebody writes to files all the time. When they were changed is told by the same clock that the program has."""

    def __init__(self, paths: list[Path], clock: Clock) -> None:
        self._paths, self._clock = paths, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Writers":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """No more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.02):
            number += 1
            for path in self._paths:
                with open(path, "a", encoding="ascii") as out:
                    out.write(f"line {number}\n")
                moment = time.time() + self._clock.wrong_seconds
                os.utime(path, (moment, moment))


def _waiting_for_a_try(data: Path) -> bool:
    with contextlib.suppress(Exception):  # there may be no store yet
        return _count(data, "ingest_jobs WHERE due_at IS NOT NULL") > 0
    return False


def freeze(program: Program) -> None:
    """Stop it where it is, with its readers."""
    os.killpg(program.process.pid, signal.SIGSTOP)


def thaw(program: Program) -> None:
    """Let it go on."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def ended(*programs: Program) -> Iterator[None]:
    """Frozen processes must not outlive a round that fails."""
    try:
        yield
    finally:
        for program in programs:
            if not program.has_ended():
                thaw(program)
                program.kill_all()


class FrozenWorker(_Clock):
    """A worker stops answering for longer than its lease. Another one takes its jobs, and what it stores late is refused."""

    name = "a worker freezes for longer than its lease and wakes up"

    def attempt(self, work: Path, draw: random.Random) -> Verdict:
        data, verdict = work / "data", Verdict(hits=0)
        run_to_end(data, "add", str(self._ground.files))
        frozen = Program.start(data, "run", settings=LEASE)
        with ended(frozen):
            wait_until(lambda: frozen.resumed_seconds() is not None or frozen.has_ended(), 30)
            if frozen.has_ended(draw.uniform(0.0, LATEST_SECONDS / 2)):
                return verdict
            freeze(frozen)
            frozen_at = time.monotonic()
            other = Program.start(data, "run", settings=LEASE)
            with ended(other):
                taken = wait_until(lambda: _taken(data) or other.has_ended(), 5 * LEASE_SECONDS)
                if taken and _taken(data):
                    verdict.hits = 1
                    verdict.recovery_seconds.append(round(time.monotonic() - frozen_at, 2))
                patience = TAKEN_WITHIN_SECONDS if taken and draw.random() < 0.5 else 0.0
                # It wakes up when all is done, or in the midst of it.
                if other.has_ended(patience) and (left := _left(data)):
                    verdict.stuck += left
                    verdict.wrong.append(f"the other one ended and left {left} jobs to a worker that is frozen")
                thaw(frozen)
                codes = frozen.finish(), other.finish()
        if not set(codes) <= set(ENDED_WELL):
            verdict.wrong.append(f"the frozen worker ended with {codes[0]}, the other with {codes[1]}")
        verdict.notes.append(f"{_taken(data)} jobs were taken over")
        verdict.add(judge(data, self._ground.calm))
        return verdict


class Sleep(_Clock):
    """Everything freezes and goes on, as when a computer sleeps: nobody loses a job, and work goes on by itself."""

    name = "everything freezes for longer than a lease and goes on"

    def attempt(self, work: Path, draw: random.Random) -> Verdict:
        data, verdict, clock = work / "data", Verdict(hits=0), Clock(work / "clock")
        run_to_end(data, "add", str(self._ground.files))
        both = [Program.start(data, "run", settings={**LEASE, **clock.settings}) for _ in range(2)]
        with ended(*both):
            wait_until(lambda: both[0].resumed_seconds() is not None or any(p.has_ended() for p in both), 30)
            for _ in range(draw.randint(1, 2)):
                both[0].has_ended(draw.uniform(0.0, LATEST_SECONDS / 2))
                if any(program.has_ended() for program in both):
                    break
                for program in both:
                    freeze(program)
                time.sleep(LEASE_SECONDS * draw.uniform(1.1, 2.0))
                clock.set(draw.choice((0.0, DAY)))  # a sleep of a night, by the wall
                for program in draw.sample(both, 2):
                    thaw(program)
                verdict.hits += 1
            awake = time.monotonic()
            codes = [program.finish() for program in both]
            if verdict.hits:
                verdict.notes.append(f"ended {time.monotonic() - awake:.1f} s after waking up")
        if not set(codes) <= set(ENDED_WELL):
            verdict.wrong.append(f"they ended with {codes}")
        if taken := _taken(data):
            verdict.wrong.append(f"{taken} jobs were taken from a worker that only slept")
        verdict.add(judge(data, self._ground.calm))
        return verdict


def _taken(data: Path) -> int:
    """How many jobs a worker lost because it stopped answering."""
    return _count(data, "job_history WHERE reason = ?", SILENT)


def _left(data: Path) -> int:
    """How many jobs have not ended."""
    return _count(data, "ingest_jobs WHERE status IN ('queued', 'running')")


def _count(data: Path, what: str, *values: str) -> int:
    with closing(open_read_only(data / "ledger.db", busy_timeout_seconds=30)) as ledger:
        return int(ledger.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])


FAULTS: tuple[Fault, ...] = (
    *map(Jump, JUMPS),
    JumpBetween(),
    JumpWhileWaiting(),
    *((FrozenWorker(), Sleep()) if hasattr(signal, "SIGSTOP") else ()),
)
