"""SIGKILL to the program, to a child, to everything, at random moments and at named points."""

import os
import random
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from faults import corpus
from faults.fault import Verdict
from faults.judge import Calm, calm_of, judge, opened
from faults.poller import Editions, Poller, editions_of
from faults.program import ENDED_WELL, Program, is_alive, run_to_end, wait_until
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import Quarantined
from ingest_desktop.domain.models import JobQuery, JobSelector
from ingest_desktop.infrastructure.database import open_read_only

INFRASTRUCTURE = "ingest_desktop.infrastructure"
CONSUMER = "ingest_desktop.workers.consumer:Consumer"
MOST_KILLS = 5  # in a round
LATEST_SECONDS = 1.6  # of a kill at a random moment, after the start of a process
ORPHANS_SECONDS = 10.0
INSIDE_MS = 4.0

POINTS = {
    "after a claim": (f"{INFRASTRUCTURE}.ledger_queue:LedgerQueue.claim:found", 8),
    "after a segment": (f"{CONSUMER}._note_stored:before", 12),
    "before a commit of content": (f"{INFRASTRUCTURE}.content_writer:ContentWriter.commit:before", 12),
    "inside a commit of content": (f"{INFRASTRUCTURE}.content_writer:ContentWriter.commit:inside", 12),
    "between the two commits": (f"{INFRASTRUCTURE}.ledger_queue:_write_endings:before", 8),
    "inside a commit of the ledger": (f"{INFRASTRUCTURE}.ledger_queue:_write_endings:inside", 8),
    "between commit and event": (f"{CONSUMER}._tell:before", 12),
    "while a document is finalised": (f"{INFRASTRUCTURE}.content_swap:Swap.run:after", 6),
    "while jobs are added": (f"{INFRASTRUCTURE}.ledger_adding:LedgerAdding.add_jobs:inside", 2),
    "after a drop is accepted": (f"{INFRASTRUCTURE}.ledger_adding:LedgerAdding.create_batch:after", 1),
    "while the dead are recovered": (f"{INFRASTRUCTURE}.ledger_workers:LedgerWorkers._recover:after", 1),
}
"""Name: (module, function and mode, the latest passing that strikes). See ``shim/sitecustomize.py``."""

PURGE_POINTS = {
    "during purge, inside the ledger": (f"{INFRASTRUCTURE}.ledger_deleting:LedgerDeleting.purge:inside", 1),
    "during purge, after the ledger": (f"{INFRASTRUCTURE}.ledger_deleting:LedgerDeleting.purge:found", 1),
    "during purge, before the content": (f"{INFRASTRUCTURE}.content_store:PathEditor.commit:before", 1),
    "during purge, after the content": (f"{INFRASTRUCTURE}.content_store:PathEditor.commit:after", 1),
    "during purge, while text is swept": (f"{INFRASTRUCTURE}.content_store:delete_segment:after", 8),
}


ONCE = ("while jobs are added", "after a drop is accepted")  # passed by the first start only


def point_text(where: str, passing: int, draw: random.Random) -> str:
    """What the shim is told."""
    delay = round(draw.uniform(0.0, INSIDE_MS), 2)
    group = ":group" if draw.random() < 0.5 else ""
    return f"{where}:{passing}:{delay}{group}"


@dataclass(frozen=True, slots=True)
class Ground:
    """What all rounds of a run start from: files, a store with their first version, and how it ends undisturbed."""

    files: Path
    store: Path
    calm: Calm
    editions: Editions
    store_to_purge: Path
    calm_purged: Calm


_grounds: dict[tuple[Path, int], Ground] = {}


def ground_below(work: Path, seed: int) -> Ground:
    """Made once for a folder; the files are those of the second version afterwards."""
    if (work, seed) not in _grounds:
        _grounds[work, seed] = _make_ground(work / "ground")
    return _grounds[work, seed]


def _make_ground(folder: Path) -> Ground:
    shutil.rmtree(folder, ignore_errors=True)
    files, first, second, doomed = (folder / name for name in ("files", "first/data", "second/data", "doomed/data"))
    for store in (first, second, doomed):
        store.parent.mkdir(parents=True)
    corpus.write_first(files)
    run_to_end(first, "add", "--wait", str(files))
    before = calm_of(first)
    corpus.write_second(files)
    shutil.copytree(first, second)
    run_to_end(second, "add", "--wait", str(files))
    calm = calm_of(second)
    shutil.copytree(first, doomed)
    with opened(doomed) as app:
        jobs = [job for job in app.service.list(JobQuery(), limit=1_000) if "/doomed/" in job.source_path]
        app.service.delete(JobSelector(job_ids=tuple(job.id for job in jobs)))
    purged = folder / "purged" / "data"
    shutil.copytree(doomed, purged)
    run_to_end(purged, "run", settings=PURGE_SETTINGS)
    assert len(calm.chunks) > len(before.chunks) > 100
    return Ground(files, first, calm, editions_of(before, calm), doomed, calm_of(purged))


PURGE_SETTINGS = {"INGESTION_UNDO_DAYS": "0"}


class _Kill:
    """What all kills share: kill some starts of the program, let the last one finish, judge."""

    group = "kill"
    most_rounds: int | None = None
    name: str
    least_kills, most_kills = 1, MOST_KILLS
    settings: Mapping[str, str] = {}

    def prepare(self, work: Path, seed: int) -> None:
        self._ground = ground_below(work, seed)

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        while not (verdict := self._try(draw, work)).hits:  # a moment that came too late kills nothing: draw another
            shutil.rmtree(work / "data")
        return verdict

    def _try(self, draw: random.Random, work: Path) -> Verdict:
        ground, data = self._ground, work / "data"
        shutil.copytree(ground.store, data)
        kills = 0
        recovered: list[float] = []
        trouble: list[str] = []
        with Poller(data, ground.editions) as poller:
            for _ in range(draw.randint(self.least_kills, self.most_kills)):
                program = self.start(data, draw)
                if not self.strike(program, draw, trouble):
                    program.finish()
                    break
                kills += 1
                if (seconds := program.resumed_seconds()) is not None and kills > 1:
                    recovered.append(seconds)  # of the start after the kill before
            last = self.restart(data)
            quarantined = retry_quarantined(data)
            if (seconds := last.resumed_seconds()) is not None and kills:
                recovered.append(seconds)
        verdict = judge(data, ground.calm)
        verdict.hits = kills
        verdict.recovery_seconds = recovered
        verdict.mixed += sum(poller.mixed.values())
        verdict.wrong += [f"a reader saw {what}, {times} times" for what, times in poller.mixed.items()]
        verdict.wrong += poller.trouble + trouble
        verdict.notes.append(f"{poller.looks} looks of a reader")
        if quarantined:
            verdict.notes.append(f"{quarantined} files were quarantined and retried")
        return verdict

    def start(self, data: Path, draw: random.Random) -> Program:
        """One start of the program that is about to be killed."""
        point = self.point(draw)
        if is_accepted(data):
            return Program.start(data, "run", point=point)
        return Program.start(data, "add", "--wait", str(self._ground.files), point=point)

    def restart(self, data: Path) -> Program:
        """The start that nobody disturbs. What was accepted must be done without being added again."""
        if is_accepted(data):
            return run_to_end(data, "run")
        return run_to_end(data, "add", "--wait", str(self._ground.files))

    def point(self, draw: random.Random) -> str | None:
        return None

    def strike(self, program: Program, draw: random.Random, trouble: list[str]) -> bool:
        """Kill it, or wait for the shim to do so; False when it had ended before."""
        raise NotImplementedError


def is_accepted(data: Path) -> bool:
    """Whether the second drop is in the ledger: from here on it must not be lost. Looks without changing anything."""
    with closing(open_read_only(data / "ledger.db", busy_timeout_seconds=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM ingest_batches").fetchone()[0]) > 1


def was_struck(program: Program) -> bool:
    """Wait for its end; whether the shim killed it. Ends its children, should only the program have been hit."""
    code = program.finish()
    program.kill_all()
    assert program.was_struck or code in ENDED_WELL, f"the program ended with {code} by itself"
    return program.was_struck


def retry_quarantined(data: Path) -> int:
    """Do what a person does about files that were in hand each time the program died: it took them to be the reason.

    Nothing tells a SIGKILL from outside from one for want of memory, so this is as it should be; how many there were.
    """
    with opened(data) as app:
        failed = app.service.list(JobQuery(statuses=frozenset({JobStatus.FAILED})), limit=1_000)
        jobs = [job.id for job in failed if job.error_code == Quarantined.code]
    if jobs:
        run_to_end(data, "retry", *jobs)
        run_to_end(data, "run")
    return len(jobs)


class RandomKill(_Kill):
    """At a moment drawn by chance, counted from the start of a process."""

    def __init__(self, name: str, *, whole_group: bool) -> None:
        self.name = name
        self._whole_group = whole_group

    def strike(self, program: Program, draw: random.Random, trouble: list[str]) -> bool:
        if program.has_ended(draw.uniform(0.1, LATEST_SECONDS)):
            return False
        if self._whole_group:
            program.kill_all()
            return True
        children = program.kill()
        if not wait_until(lambda: not any(map(is_alive, children)), ORPHANS_SECONDS):
            trouble.append(f"children outlived the program by {ORPHANS_SECONDS:g} s")
            program.kill_all()
        return True


class ChildKill(_Kill):
    """A reading process. Once in a round: a file that is alone when its reader dies twice is taken to be the reason."""

    name = "a reading process, at a random moment"
    least_kills, most_kills = 1, 1

    def strike(self, program: Program, draw: random.Random, trouble: list[str]) -> bool:
        moment = time.monotonic() + draw.uniform(0.0, LATEST_SECONDS / 2)
        wait_until(lambda: program.has_ended() or (time.monotonic() > moment and program.children()), 30)

        children = program.children()
        if not children:
            return False
        os.kill(draw.choice(children), signal.SIGKILL)
        program.finish()
        return True


class PointKill(_Kill):
    """The program kills itself at the n-th passing of a function."""

    def __init__(self, name: str, where: str, latest: int) -> None:
        self.name = name
        self._where, self._latest = where, latest

    def point(self, draw: random.Random) -> str | None:
        return point_text(self._where, draw.randint(1, self._latest), draw)

    def strike(self, program: Program, draw: random.Random, trouble: list[str]) -> bool:
        return was_struck(program)


class MixedKill(_Kill):
    """Another point at each start, and early, so that the work has many ends."""

    name = "at points of all sorts, one after the other"
    least_kills, most_kills = 7, 7
    latest = 2

    def point(self, draw: random.Random) -> str | None:
        where, most = draw.choice([point for name, point in POINTS.items() if name not in ONCE])
        return point_text(where, draw.randint(1, min(most, self.latest)), draw)

    def strike(self, program: Program, draw: random.Random, trouble: list[str]) -> bool:
        return was_struck(program)


class PurgeKill(PointKill):
    """Killed while what was deleted long ago is removed for good."""

    least_kills, most_kills = 1, 2

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        ground, data = self._ground, work / "data"
        shutil.copytree(ground.store_to_purge, data)
        kills = 0
        for _ in range(draw.randint(self.least_kills, self.most_kills)):
            program = Program.start(data, "run", point=self.point(draw), settings=PURGE_SETTINGS)
            kills += self.strike(program, draw, [])
        run_to_end(data, "run", settings=PURGE_SETTINGS)
        verdict = judge(data, ground.calm_purged)
        verdict.hits = kills
        left = _left_of_doomed(data)
        verdict.stuck += bool(left)
        verdict.wrong += left
        return verdict


def _left_of_doomed(data: Path) -> list[str]:
    """What is still in the files of a store of what was deleted."""
    found = []
    for file in sorted(data.rglob("*.db")):
        if b"doomed, line 7 of" in file.read_bytes() or b"Words to be deleted" in file.read_bytes():
            found.append(f"deleted text is still in {file.name}")
    return found


FAULTS = (
    RandomKill("everything, at random moments", whole_group=True),
    RandomKill("the program without its children, at random moments", whole_group=False),
    ChildKill(),
    MixedKill(),
    *(PointKill(name, where, latest) for name, (where, latest) in POINTS.items()),
    *(PurgeKill(name, where, latest) for name, (where, latest) in PURGE_POINTS.items()),
)
