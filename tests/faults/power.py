"""Loss of power: what was not synced is gone, in part or as a whole. See ``recorder`` for how."""

import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from faults.fault import Verdict
from faults.judge import Calm, calm_of, judge, opened
from faults.kills import PURGE_SETTINGS, ground_below
from faults.program import ENDED_WELL, Program, command, environment
from faults.recorder import Disk, Step, record, steps_of
from ingest_desktop.domain.models import JobQuery


@dataclass(slots=True)
class Recording:
    """Commands one after the other, as steps; ``ends`` says before which step each had returned."""

    before: Path
    steps: list[Step]
    ends: list[int]
    calm: Calm


def record_all(folder: Path, before: Path, commands: list[tuple[str, ...]], settings: Mapping[str, str]) -> Recording:
    """Run commands on a copy of a store under the recorder. ``before`` may be missing: then from nothing."""
    root = folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    root.mkdir(parents=True)
    if before.exists():
        shutil.copytree(before, root / "data")
    steps: list[Step] = []
    ends: list[int] = []
    for number, arguments in enumerate(commands):
        log = folder / f"{number}.strace"
        code = record(command(root / "data", *arguments), log, environment(**settings))
        assert code in ENDED_WELL, f"ingest {arguments[0]} ended with {code}; see {log.with_suffix('.out')}"
        steps += steps_of(log, root)
        ends.append(len(steps))
        log.unlink()
    assert len(steps) > 100
    return Recording(before, steps, ends, calm_of(root / "data"))


class PowerLoss:
    """Images of one recorded stretch of work."""

    group = "power"
    most_rounds: int | None = None
    name: str
    settings: Mapping[str, str] = MappingProxyType({})

    def prepare(self, work: Path, seed: int) -> None:
        self.recording = self.make(work)

    def make(self, work: Path) -> Recording:
        """Record."""
        raise NotImplementedError

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        found, root = self.recording, work / "root"
        if found.before.exists():
            shutil.copytree(found.before, root / "data")
        else:
            root.mkdir()
        disk = Disk(root)
        moment, follows = draw.randint(1, len(found.steps)), draw.random() < 0.5
        for step in found.steps[:moment]:
            disk.do(step, names_follow_files=follows)
        disk.image(root, draw)
        returned = sum(end <= moment for end in found.ends)
        verdict = Verdict(notes=[f"after step {moment} of {len(found.steps)}, {returned} commands had returned"])
        last = self.go_on(root / "data", returned, verdict)
        if (seconds := last.resumed_seconds()) is not None:
            verdict.recovery_seconds.append(seconds)
        verdict.add(judge(root / "data", found.calm))
        return verdict

    def go_on(self, data: Path, returned: int, verdict: Verdict) -> Program:
        """What a person does after the power is back. ``returned``: how many of the commands had ended well."""
        raise NotImplementedError

    def run(self, data: Path, *arguments: str) -> Program:
        """A command that has to end well."""
        program = Program.start(data, *arguments, settings=self.settings)
        code = program.finish()
        assert code in ENDED_WELL, f"ingest {arguments[0]} ended with {code}; see {data.parent / 'log'}"
        return program


class WhileReading(PowerLoss):
    """Files are added and read, into a store that is there or from nothing."""

    def __init__(self, name: str, *, from_nothing: bool) -> None:
        self.name = name
        self._from_nothing = from_nothing

    def make(self, work: Path) -> Recording:
        ground = ground_below(work, 0)
        self._files = ground.files
        self._batches = 1 if self._from_nothing else 2
        before = work / "nothing" if self._from_nothing else ground.store
        commands: list[tuple[str, ...]] = [("add", str(ground.files)), ("run",)]
        return record_all(work / f"recorded-{self._batches}", before, commands, self.settings)

    def go_on(self, data: Path, returned: int, verdict: Verdict) -> Program:
        with opened(data) as app:
            is_accepted = len(app.repository.batches()) >= self._batches
        if is_accepted:
            return self.run(data, "run")
        if returned:
            verdict.lost += 1
            verdict.wrong.append("a drop that was accepted is not there")
        return self.run(data, "add", "--wait", str(self._files))


class WhilePurging(PowerLoss):
    """Jobs are deleted, and what was deleted is removed for good."""

    name = "while deleted text is removed"
    settings = PURGE_SETTINGS

    def make(self, work: Path) -> Recording:
        ground = ground_below(work, 0)
        with opened(ground.store) as app:
            jobs = [job.id for job in app.service.list(JobQuery(), limit=1_000) if "/doomed/" in job.source_path]
        self._delete = ("delete", *jobs)
        return record_all(work / "recorded-purge", ground.store, [self._delete, ("run",)], self.settings)

    def go_on(self, data: Path, returned: int, verdict: Verdict) -> Program:
        with opened(data) as app:
            is_deleted = not any("/doomed/" in job.source_path for job in app.service.list(JobQuery(), limit=1_000))
        if not is_deleted:
            if returned:
                verdict.wrong.append("a deletion that was accepted is undone")
            self.run(data, *self._delete)
        return self.run(data, "run")


FAULTS = (
    WhileReading("while a first store is made and filled", from_nothing=True),
    WhileReading("while new and changed files are read", from_nothing=False),
    WhilePurging(),
)
