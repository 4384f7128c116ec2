"""Others meddle with the store while work is done: they lock it, tear its logs, take its folder away, write a newer schema.

Nothing is said to the program. What it cannot go on with it must say and leave as it is; afterwards all is done as if nothing
had been.
"""

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from faults.damage import CONTENT, LEDGER
from faults.fault import Fault, Verdict
from faults.judge import judge
from faults.kills import LATEST_SECONDS, Ground, ground_below, is_accepted
from faults.program import ENDED_WELL, Program, run_to_end, wait_until

MINUTE = (61.0, 61.0)  # seconds, longer than any lock is waited for
FRAME_BYTES = 24 + 4096  # of a write-ahead log, after its head of 32 bytes
FUTURE = 999
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class _Meddling:
    """What all of them share: a store with the first version of the files, which is told to add the second."""

    name: str
    group: str = field(default="store", init=False)
    most_rounds: int | None = None
    _ground: Ground = field(init=False)

    def prepare(self, work: Path, seed: int) -> None:
        self._ground = ground_below(work / "meddling", seed)

    def _copied(self, work: Path) -> Path:
        return Path(shutil.copytree(self._ground.store, work / "data"))

    def _add(self, data: Path) -> Program:
        return Program.start(data, "add", "--wait", str(self._ground.files))

    def _finish(self, data: Path) -> None:
        """Go on undisturbed: what was accepted without being added again, anything else with it."""
        run_to_end(data, *(("run",) if is_accepted(data) else ("add", "--wait", str(self._ground.files))))


@dataclass(slots=True)
class Locked(_Meddling):
    """Another program keeps a file of the store locked for writing."""

    file: str = LEDGER
    seconds: tuple[float, float] = (0.5, 6.0)
    in_the_midst: bool = False  # not before the files are accepted

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data = self._copied(work)
        program = self._add(data)
        if self.in_the_midst:
            wait_until(lambda: program.has_ended() or is_accepted(data), PATIENCE_SECONDS)
        ended = program.has_ended(draw.uniform(0.0, LATEST_SECONDS / (4 if self.in_the_midst else 1)))
        held = draw.uniform(*self.seconds)
        with closing(sqlite3.connect(data / self.file, isolation_level=None, timeout=PATIENCE_SECONDS)) as other:
            other.execute("BEGIN IMMEDIATE")
            program.has_ended(held)
            other.execute("ROLLBACK")
            recovery = None if program.has_ended() else _until_changed(other, program)
        code = program.finish()
        self._finish(data)
        verdict = judge(data, self._ground.calm)
        verdict.hits = int(not ended)
        verdict.notes.append(f"held for {held:.1f} s, ingest add ended with {code}")
        if recovery is not None:
            verdict.recovery_seconds.append(recovery)
        return verdict


def _until_changed(watcher: sqlite3.Connection, program: Program) -> float | None:
    """Seconds until another connection commits; None when the program ended without."""
    began, seen = monotonic(), _version(watcher)
    wait_until(lambda: _version(watcher) != seen or program.has_ended(), PATIENCE_SECONDS)
    return round(monotonic() - began, 3) if _version(watcher) != seen else None


def _version(watcher: sqlite3.Connection) -> int:
    return int(watcher.execute("PRAGMA data_version").fetchone()[0])


@dataclass(slots=True)
class TornLog(_Meddling):
    """Everything is killed, and of a write-ahead log not all comes back: commits that were told as done are gone."""

    file: str = LEDGER

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data = work / "data"
        while (
            what := self._torn(work, draw)
        ) is None:  # at a moment without a log there is nothing to tear: draw another
            shutil.rmtree(data)
        verdict = self._mend(data)
        verdict.add(
            judge(
                data,
                self._ground.calm,
                added_again=True,
                read_again=self.file == CONTENT,
                renumbered=self.file == LEDGER,
            )
        )
        verdict.notes.append(what)
        return verdict

    def _torn(self, work: Path, draw: random.Random) -> str | None:
        data = self._copied(work)
        log = data / f"{self.file}-wal"
        program = self._add(data)
        wait_until(lambda: program.has_ended() or _size(log) > 2 * FRAME_BYTES, PATIENCE_SECONDS)
        program.has_ended(draw.uniform(0.0, LATEST_SECONDS / 2))
        program.kill_all()
        return tear(log, draw)

    def _mend(self, data: Path) -> Verdict:
        """What a person does: start it, let it repair what it asks to, let it check, and drop the files again."""
        verdict = Verdict()
        if Program.start(data, "run").finish() not in ENDED_WELL:
            verdict.notes.append("a repair was needed")
            if Program.start(data, "repair").finish() not in (0, 5):
                verdict.wrong.append("ingest repair failed")
        Program.start(data, "check", "--fix").finish()
        run_to_end(data, "run")
        run_to_end(data, "add", "--wait", str(self._ground.files))
        return verdict


def tear(log: Path, draw: random.Random) -> str | None:
    """Cut a log anywhere behind its head, fill its end with noise, or lose a part in the middle; None if there is none."""
    data = bytearray(log.read_bytes()) if log.exists() else bytearray()
    if len(data) <= 32 + FRAME_BYTES:
        return None
    whole = len(data)
    at = draw.randrange(32, whole)
    kind = draw.choice(("cut", "noise", "hole"))
    if kind == "cut":
        del data[at:]
    else:
        stop = whole if kind == "noise" else min(at + FRAME_BYTES, whole)
        data[at:stop] = draw.randbytes(stop - at) if kind == "noise" else bytes(stop - at)
    log.write_bytes(data)
    return f"{kind} at {at:,} of {whole:,} bytes"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@dataclass(slots=True)
class Vanished(_Meddling):
    """The data folder is moved away while work is done, as with a drive that is taken out, and comes back."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data, aside = self._copied(work), work / "aside"
        program = self._add(data)
        wait_until(
            lambda: program.has_ended() or is_accepted(data), PATIENCE_SECONDS
        )  # before, it makes a store of its own
        ended = program.has_ended(draw.uniform(0.0, LATEST_SECONDS / 4))
        data.rename(aside)
        program.has_ended(draw.uniform(0.2, 5.0))
        verdict = Verdict()
        if data.exists():
            verdict.wrong.append(f"a folder was made in its place: {sorted(map(str, data.rglob('*')))[:5]}")
            shutil.rmtree(data)
        aside.rename(data)
        code = program.finish()
        program.kill_all()
        self._finish(data)
        verdict.add(judge(data, self._ground.calm))
        verdict.hits = int(not ended)
        verdict.notes.append(f"ingest add ended with {code}")
        return verdict


@dataclass(slots=True)
class Newer(_Meddling):
    """A later version of the program has written the store: nothing may touch it, and with that version all goes on."""

    file: str = LEDGER

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data, verdict = self._copied(work), Verdict()
        self._mark("INSERT INTO schema_migrations VALUES (?, 'of a later version', '')", data)
        before = _databases(data)
        files = str(self._ground.files)
        for words in (("add", "--wait", files), ("run",), ("repair",), ("check", "--fix"), ("pause", "--all")):
            if self.file == LEDGER and Program.start(data, *words).finish() in ENDED_WELL:
                verdict.wrong.append(f"ingest {words[0]} ended well")
        if self.file != LEDGER:
            Program.start(data, "check", "--fix").finish()
        changed = [name for name, what in _databases(data).items() if what != before.get(name)]
        if [name for name in changed if self.file in (LEDGER, name)]:
            verdict.wrong.append(f"changed all the same: {changed}")
        self._mark("DELETE FROM schema_migrations WHERE version = ?", data)
        self._finish(data)
        verdict.add(judge(data, self._ground.calm))
        return verdict

    def _mark(self, sql: str, data: Path) -> None:
        with closing(sqlite3.connect(data / self.file)) as connection, connection:
            connection.execute(sql, (FUTURE,))


def _databases(data: Path) -> dict[str, bytes]:
    return {str(path.relative_to(data)): path.read_bytes() for path in sorted(data.rglob("*.db"))}


FAULTS: tuple[Fault, ...] = (
    Locked("another program locks the list of jobs", file=LEDGER),
    Locked("another program locks a knowledge base", file=CONTENT),
    Locked("another program locks the list of jobs for a minute", 2, file=LEDGER, seconds=MINUTE, in_the_midst=True),
    Locked("another program locks a knowledge base for a minute", 2, file=CONTENT, seconds=MINUTE, in_the_midst=True),
    TornLog("a torn log of the list of jobs", file=LEDGER),
    TornLog("a torn log of a knowledge base", file=CONTENT),
    Vanished("the data folder is taken away and comes back"),
    Newer("a list of jobs of a later version", 2, file=LEDGER),
    Newer("a knowledge base of a later version", 2, file=CONTENT),
)
"""Rounds of a minute and of a version are the same each time: two tell all there is to tell."""
