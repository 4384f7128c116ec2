"""Kills the program with SIGKILL at random moments, restarts it until done, and compares with an undisturbed run.

Usage: python tests/bench/kill_rounds.py --rounds 50 --seed 1 [--corpus DIR]

In each round a fresh store is given the same folder; the whole process group, reading processes included, is killed one
to three times at moments drawn from the seed, and restarted with ``ingest run`` or with the same ``ingest add``. Then the
store is judged as the breaking machine does it (``tests/faults/judge.py``). Exit code 0 when all rounds hold. The kills of
``make torture`` strike at named points, too; these strike while real documents are read.
"""

import argparse
import contextlib
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the breaking machine
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's package, installed or not

import corpora
from faults.judge import Calm, calm_of, judge
from faults.program import Program, run_to_end

FILES = 500
PDFS = 60
EARLIEST_SECONDS = 0.15


@dataclass(slots=True)
class Round:
    """One round: when it was killed, and what was found wrong (nothing, when the promise holds)."""

    number: int
    kills: list[float] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    done_at_kills: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """For the screen."""
        kills = ", ".join(f"{at:.2f} s ({done} done)" for at, done in zip(self.kills, self.done_at_kills, strict=True))
        return f"round {self.number}: killed at {kills or 'no moment'}; {' then '.join(self.starts)}: {'; '.join(self.wrong) or 'holds'}"


def make_mix(corpus: Path, target: Path, seed: int) -> Path:
    """500 files out of both sets: 60 PDFs, the rest text of all kinds. The same seed gives the same folder."""
    folder = target / f"mix-{seed}"
    if not folder.exists():
        draw = random.Random(seed)
        pdfs, texts = corpora.files_of(corpus / "P"), corpora.files_of(corpus / "T")
        chosen = draw.sample(pdfs, min(PDFS, len(pdfs)))
        chosen += draw.sample(texts, min(FILES - len(chosen), len(texts)))
        corpora.copy_files(chosen, corpus, folder)
    return folder


def _count(data: Path, sql: str) -> int:
    """Ask the ledger for a number; 0 when there is none yet."""
    if not (data / "ledger.db").exists():
        return 0
    with contextlib.closing(sqlite3.connect(data / "ledger.db", timeout=30)) as ledger:
        try:
            return int(ledger.execute(sql).fetchone()[0])
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return 0
            raise


def one_round(number: int, seed: int, mix: Path, work: Path, wall: float, calm: Calm) -> Round:
    """Kill and restart until done, then compare. ``wall``: seconds of the undisturbed run."""
    draw = random.Random(f"{seed}/{number}")
    folder, this = work / f"round-{number}", Round(number)
    data = folder / "data"
    while not this.kills:  # a moment that came too late kills nothing: draw another
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        this.starts.clear()
        _kill_some(draw, data, mix, wall, this)
    try:
        if not _visible(data) or draw.random() < 0.4:
            this.starts.append("add")
            run_to_end(data, "add", "--wait", str(mix))
        this.starts.append("run")
        run_to_end(data, "run")
    except AssertionError as error:
        this.wrong.append(str(error))
    this.wrong += judge(data, calm, added_again=True).wrong
    if not this.wrong:
        shutil.rmtree(folder)
    return this


def _kill_some(draw: random.Random, data: Path, mix: Path, wall: float, this: Round) -> None:
    """Start and kill one to three times, until a start ends before its moment."""
    for _ in range(draw.choice((1, 1, 2, 3))):
        moment = round(draw.uniform(EARLIEST_SECONDS, wall), 3)
        start = ("run",) if _visible(data) and draw.random() < 0.6 else ("add", "--wait", str(mix))
        this.starts.append(start[0])
        program = Program.start(data, *start)
        if program.has_ended(moment):
            return
        program.kill_all()
        this.kills.append(moment)
        this.done_at_kills.append(_count(data, "SELECT count(*) FROM ingest_jobs WHERE status = 'completed'"))


def _visible(data: Path) -> bool:
    """Whether the batch was accepted: from here on it must not be lost, and ``ingest run`` has to find it."""
    return bool(_count(data, "SELECT count(*) FROM ingest_batches"))


def undisturbed(mix: Path, work: Path) -> tuple[float, Calm]:
    """Seconds and outcome of a run that nobody kills."""
    folder = work / "undisturbed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    began = time.monotonic()
    run_to_end(folder / "data", "add", "--wait", str(mix))
    return time.monotonic() - began, calm_of(folder / "data")


def run_rounds(
    corpus: Path, work: Path, *, rounds: int, seed: int, first: int = 1, tell: Callable[[str], None] = print
) -> list[Round]:
    """All rounds; what each found. ``work`` is a scratch folder; stores of rounds that do not hold stay there."""
    work.mkdir(parents=True, exist_ok=True)
    mix = make_mix(corpus, work, seed)
    wall, calm = undisturbed(mix, work)
    tell(f"seed {seed}: {len(corpora.files_of(mix))} files; undisturbed {wall:.1f} s, {len(calm.chunks):,} chunks")
    found = []
    for number in range(first, first + rounds):
        found.append(one_round(number, seed, mix, work, wall, calm))
        tell(found[-1].sentence())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="number of the first round, to repeat one")
    parser.add_argument("--corpus", type=Path, help="a folder with the sets P and T")
    parser.add_argument("--work", type=Path, default=corpora.BENCH / "kill", help="scratch folder")
    options = parser.parse_args()
    corpus = corpora.find(options.corpus)
    found = run_rounds(
        corpus,
        options.work,
        rounds=options.rounds,
        seed=options.seed,
        first=options.first,
        tell=lambda text: print(text, flush=True),
    )
    broken = [this for this in found if this.wrong]
    print(f"{len(found)} rounds, {sum(len(this.kills) for this in found)} kills, {len(broken)} rounds do not hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
