"""More than is usual at once: many processes, slow storing, and jobs that are added by the thousand while others run."""

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from faults.corpus import long_text
from faults.fault import Fault, Verdict
from faults.judge import ask_history, ask_queue, calm_of, judge, opened
from faults.kills import Ground, ground_below
from faults.program import ENDED_WELL, SETTINGS, Program, run_to_end, wait_until
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import JobQuery

PROCESSES = 20
FEW = 300  # files of a run whose memory others are compared with
MIB = 1024 * 1024
FIRST_CLAIM_SECONDS = 5.0  # for a machine that does as much as it can
# That the main process may need above an undisturbed run: with the same files, and with a few while the caches of a store for
# many fill. They were full at 30,000 jobs (44 MiB more) and took hardly more at 200,000 (51 MiB).
MOST_MORE_BYTES, MOST_MORE_FOR_MANY_BYTES = 24 * MIB, 64 * MIB


class Peak:
    """The most memory that a process had so far; 0 where the system does not tell."""

    def __init__(self, program: Program) -> None:
        self._status = Path(f"/proc/{program.process.pid}/status")
        self.bytes = 0

    def look(self) -> None:
        """What it is now. The system keeps count, so only what comes after the last look is missed."""
        with contextlib.suppress(OSError):
            for line in self._status.read_text("ascii", "replace").splitlines():
                if line.startswith("VmHWM:"):
                    self.bytes = max(self.bytes, int(line.split()[1]) * 1024)

    @property
    def mib(self) -> int:
        return self.bytes // MIB


def finish_watched(program: Program, within_seconds: float, peak: Peak | None = None) -> int | None:
    """Wait for the end of a program, looking at its memory; its exit code, None when it did not end."""
    end = time.monotonic() + within_seconds
    while not program.has_ended(0.05):
        if peak is not None:
            peak.look()
        if time.monotonic() > end:
            program.kill_all()
            return None
    return program.process.returncode


def undisturbed(work: Path, files: Path, settings: Mapping[str, str]) -> tuple[Path, Peak]:
    """A store in which these files were read while nothing else happened, and what that needed."""
    data = work / "data"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    program = Program.start(data, "add", "--wait", str(files), settings=settings)
    peak = Peak(program)
    assert finish_watched(program, 300, peak) in ENDED_WELL
    return data, peak


class Crowd:
    """Twenty processes add and work on one store at once; some are told to add the same."""

    group, name = "load", f"{PROCESSES} processes add to one store and work on it at once"
    most_rounds: int | None = None
    whole, runs = 4, 8  # that add everything; that only work. The others add one folder each

    def prepare(self, work: Path, seed: int) -> None:
        self._ground: Ground = ground_below(work, seed)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data = work / "data"
        if draw.random() < 0.7:
            shutil.copytree(self._ground.store, data)  # else they all find no store, and one of them makes it
        is_new = not data.exists()
        folders = sorted(path for path in self._ground.files.iterdir() if path.is_dir())
        parts = [folders[place % len(folders)] for place in range(PROCESSES - self.whole - self.runs)]
        commands: list[tuple[str, ...]] = [
            ("add", "--wait", str(path)) for path in (*[self._ground.files] * self.whole, *parts)
        ]
        commands += [("run",)] * self.runs
        draw.shuffle(commands)
        crowd = [Program.start(data, *arguments) for arguments in commands]
        codes = Counter((program.finish(), arguments[0]) for program, arguments in zip(crowd, commands, strict=True))
        run_to_end(data, "run")
        verdict = judge_new(data, self._ground) if is_new else judge(data, self._ground.calm, added_again=True)
        if strange := {ending: count for ending, count in codes.items() if ending[0] not in ENDED_WELL}:
            verdict.wrong.append(f"processes ended with {strange}")
        verdict.hits = len(crowd)
        verdict.notes.append("in a new store" if is_new else "in a store that was there")
        return verdict


def judge_new(data: Path, ground: Ground) -> Verdict:
    """A store that never had the first edition: all texts of the second, by path, and all that asks no ids."""
    verdict = Verdict()
    wanted = Counter((chunk[3], chunk[4]) for chunk in ground.calm.chunks)
    found = Counter((chunk[3], chunk[4]) for chunk in calm_of(data).chunks)
    gone = {path for _, path in wanted if not Path(path).exists()}
    wanted = Counter({key: count for key, count in wanted.items() if key[1] not in gone})
    verdict.lost += (wanted - found).total()
    verdict.doubled += (found - wanted).total()
    if found != wanted:
        verdict.wrong.append(f"{(wanted - found).total()} texts are missing, {(found - wanted).total()} too many")
    with opened(data) as app:
        ask_queue(app, verdict)
        ask_history(app, verdict)
        verdict.wrong += [f"check: {finding.code}: {finding.message}" for finding in app.check()]
    return verdict


class SlowConsumer:
    """Storing takes ten times as long as reading. What is read meanwhile must not pile up in memory."""

    group, name = "load", "storing is ten times slower than reading"
    most_rounds: int | None = None
    files, file_chars = 15, 4_000_000
    segment_bytes = 500_000
    slower = 10.0

    @property
    def settings(self) -> Mapping[str, str]:
        """Of the program: commits and a queue as they usually are."""
        return {
            "INGESTION_SEGMENT_BYTES": str(self.segment_bytes),
            "INGESTION_COMMIT_CHUNKS": "2000",
            "INGESTION_QUEUE_CAPACITY": "16",
        }

    def prepare(self, work: Path, seed: int) -> None:
        """Texts of many segments, read undisturbed: how long reading takes, how much memory, and what is found then."""
        self._files = work / "many-segments"
        shutil.rmtree(self._files, ignore_errors=True)
        self._files.mkdir()
        for number in range(self.files):
            text = long_text(f"slowly stored, seed {seed}, file {number}", self.file_chars)
            (self._files / f"{number}.txt").write_text(text)
        data, self._peak = undisturbed(work / "slow-calm", self._files, self.settings)
        segments = self.files * self.file_chars / self.segment_bytes
        self._delay = round(self.slower * _reading_seconds(data) / segments / SETTINGS["workers"], 3)
        self._calm = calm_of(data)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data = work / "data"
        where = f"ingest_desktop.infrastructure.content_writer:ContentWriter.add_segments:{self._delay}"
        began = time.monotonic()
        program = Program.start(
            data, "add", "--wait", str(self._files), settings={**self.settings, "FAULT_SLOW": where}
        )
        peak = Peak(program)
        code = finish_watched(program, 900, peak)
        verdict = judge(data, self._calm)
        if code not in ENDED_WELL:
            verdict.stuck += code is None
            verdict.wrong.append(f"ingest add ended with {code}")
        compare_memory(peak, self._peak, verdict)
        verdict.notes.append(f"{self._delay:.2f} s more for each segment, {time.monotonic() - began:.0f} s in all")
        return verdict


def _reading_seconds(data: Path) -> float:
    """How long the readers were at it, all together."""
    with opened(data) as app:
        jobs = app.repository.with_receipts(app.service.list(JobQuery(), limit=1_000))
        receipts = [job.receipt for job in jobs if job.receipt is not None]
        return sum(took for receipt in receipts for phase, took in receipt.seconds.items() if phase != "indexing")


def compare_memory(peak: Peak, calm: Peak, verdict: Verdict, most_more_bytes: int = MOST_MORE_BYTES) -> None:
    verdict.notes.append(f"at most {peak.mib} MiB in the main process, {calm.mib} MiB undisturbed")
    if peak.bytes > calm.bytes + most_more_bytes:
        verdict.wrong.append(f"the main process grew to {peak.mib} MiB; undisturbed it had {calm.mib} MiB")


class ManyJobs:
    """As many jobs again are added while as many run."""

    group = "load"

    def __init__(self, count: int, *, most_rounds: int | None, settings: Mapping[str, str] | None = None) -> None:
        self.name = f"{count:,} jobs are added while {count:,} run"
        self.most_rounds = most_rounds
        self._count = count
        self._settings = {"INGESTION_SETTLE_SECONDS": "0", **(settings or {})}

    def prepare(self, work: Path, seed: int) -> None:
        """A small undisturbed run, for its memory."""
        files = work / "few"
        shutil.rmtree(files, ignore_errors=True)
        _write_many(files, FEW)
        _, self._peak = undisturbed(work / "few-calm", files, self._settings)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data, limit_seconds, verdict = work / "data", 120 + self._count / 20, Verdict()
        folders = work / "first", work / "second"
        for folder in folders:
            _write_many(folder, self._count)
        self._finish(Program.start(data, "add", str(folders[0]), settings=self._settings), limit_seconds, verdict)
        runner = Program.start(data, "run", settings=self._settings)
        peak, began = Peak(runner), time.monotonic()
        wait_until(lambda: runner.resumed_seconds() is not None or runner.has_ended(), limit_seconds)
        claimed = runner.resumed_seconds()
        adder = Program.start(data, "add", str(folders[1]), settings=self._settings)
        while not adder.has_ended(0.05) and time.monotonic() < began + limit_seconds:
            peak.look()
        added = time.monotonic()
        verdict.hits = int(not runner.has_ended())
        self._finish(adder, limit_seconds, verdict)
        self._finish(runner, limit_seconds, verdict, peak)
        verdict.notes.append(
            f"added within {added - adder.started:.1f} s, done within {time.monotonic() - began:.1f} s"
        )
        if not verdict.hits:
            run_to_end(data, "run", settings=self._settings)  # it had done all it knew of before the last were added
        if claimed is None or claimed > FIRST_CLAIM_SECONDS:
            verdict.wrong.append(f"the first job was claimed after {claimed} s")
        if claimed is not None:
            verdict.recovery_seconds.append(claimed)
        compare_memory(peak, self._peak, verdict, MOST_MORE_FOR_MANY_BYTES)
        _judge_many(data, folders, self._count, verdict)
        return verdict

    @staticmethod
    def _finish(program: Program, within_seconds: float, verdict: Verdict, peak: Peak | None = None) -> None:
        code = finish_watched(program, within_seconds, peak)
        if code not in ENDED_WELL:
            verdict.stuck += code is None
            verdict.wrong.append(f"a process ended with {code}" if code is not None else "a process did not end")


def _write_many(folder: Path, count: int) -> None:
    """Small files, some hundreds in a folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        path = folder / f"{number // 500:03d}" / f"{number:06d}.txt"
        if not number % 500:
            path.parent.mkdir()
        path.write_text(_words(path))


def _words(path: Path) -> str:
    return f"The {path.parents[1].name} part, file {path.stem}, all by itself.\n"


def _judge_many(data: Path, folders: Sequence[Path], count: int, verdict: Verdict) -> None:
    """Each file has its text, once, and one job, which ended well."""
    with opened(data) as app:
        found: Counter[str] = Counter()
        for chunk in app.search.export():
            found[chunk.source_path] += 1
            verdict.mixed += chunk.text.strip() != _words(Path(chunk.source_path)).strip()
        total = app.service.counts()
        done = total.of(JobStatus.COMPLETED)
        verdict.lost += len(folders) * count - len(found)
        verdict.doubled += sum(number - 1 for number in found.values()) + max(0, total.total() - len(folders) * count)
        if verdict.lost or verdict.doubled or verdict.mixed or done != len(folders) * count:
            verdict.wrong.append(f"of {len(folders) * count} files {len(found)} can be found, {done} jobs are done")
        ask_queue(app, verdict)
        verdict.wrong += [f"check: {finding.code}: {finding.message}" for finding in app.check()]


FAULTS: tuple[Fault, ...] = (
    Crowd(),
    SlowConsumer(),
    ManyJobs(2_000, most_rounds=None),
    ManyJobs(100_000, most_rounds=1),
)
