"""Kills the program with SIGKILL at random moments, restarts it until done, and compares with an undisturbed run.

Usage: python tests/bench/kill_rounds.py --rounds 50 --seed 1 [--corpus DIR]

In each round a fresh store is given the same folder; the whole process group, reading processes included, is killed one
to three times at moments drawn from the seed, and restarted with ``ingest run`` or with the same ``ingest add``. Then:
the exported chunks (ids, order, text, source path, place) are those of the undisturbed run, ``ingest check`` is clean, every
job has ended, and the history of no job goes on after its completion. Exit code 0 when all rounds hold.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import corpora
from process_trees import environment, ingest

FILES = 500
PDFS = 60
EARLIEST_SECONDS = 0.15
LIMIT_SECONDS = 300


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


def exported(store: Path, log: Path) -> tuple[str, list[dict[str, Any]]]:
    """A digest of all that is exported, and its records."""
    target = store / "export.jsonl"
    _finish(ingest(store, "export", "--format", "jsonl", "-o", str(target)), log)
    lines = target.read_bytes().splitlines()
    records = [json.loads(line) for line in lines]
    kept = [{k: r[k] for k in ("chunk_id", "source_path", "ordinal", "text", "location")} for r in records]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest(), kept


def _finish(command: list[str], log: Path) -> int:
    with open(log, "ab") as out:
        out.write((" ".join(command[4:]) + "\n").encode())
        out.flush()
        return subprocess.run(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment(), timeout=LIMIT_SECONDS, check=False
        ).returncode


def _jobs(store: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask the ledger; nothing when there is none yet."""
    if not (store / "ledger.db").exists():
        return []
    with contextlib.closing(sqlite3.connect(store / "ledger.db", timeout=30)) as ledger:
        try:
            return ledger.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def _killed_run(command: list[str], moment: float, log: Path) -> bool:
    """Start a command in a group of its own and kill the group; False when it had ended before."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment(), start_new_session=True
        )
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            pass
        alive = process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return alive


def one_round(
    number: int, seed: int, mix: Path, work: Path, wall: float, expected: tuple[str, list[dict[str, Any]]]
) -> Round:
    """Kill and restart until done, then compare. ``wall``: seconds of the undisturbed run."""
    draw = random.Random(f"{seed}/{number}")
    store, log, this = work / f"round-{number}", work / f"round-{number}.log", Round(number)
    log.unlink(missing_ok=True)
    add = ingest(store, "add", str(mix), "--wait")
    while not this.kills:  # a moment that came too late kills nothing: draw another
        shutil.rmtree(store, ignore_errors=True)
        this.starts.clear()
        _kill_some(draw, store, add, wall, log, this)
    if not _visible(store) or draw.random() < 0.4:
        this.starts.append("add")
        _finish(add, log)
    this.starts.append("run")
    if code := _finish(ingest(store, "run"), log):
        this.wrong.append(f"ingest run ended with {code}")
    this.wrong += _judge(store, log, expected)
    if not this.wrong:
        shutil.rmtree(store)
    return this


def _kill_some(draw: random.Random, store: Path, add: list[str], wall: float, log: Path, this: Round) -> None:
    """Start and kill one to three times, until a start ends before its moment."""
    for _ in range(draw.choice((1, 1, 2, 3))):
        moment = round(draw.uniform(EARLIEST_SECONDS, wall), 3)
        start = ingest(store, "run") if _visible(store) and draw.random() < 0.6 else add
        this.starts.append(start[4])
        if not _killed_run(start, moment, log):
            return
        this.kills.append(moment)
        this.done_at_kills.append(len(_jobs(store, "SELECT 1 FROM ingest_jobs WHERE status = 'completed'")))


def _visible(store: Path) -> bool:
    """Whether the batch was accepted: from here on it must not be lost, and ``ingest run`` has to find it."""
    return bool(_jobs(store, "SELECT 1 FROM ingest_batches LIMIT 1"))


def _judge(store: Path, log: Path, expected: tuple[str, list[dict[str, Any]]]) -> list[str]:
    """What does not hold in this store, in sentences."""
    wrong = []
    if stuck := _jobs(
        store, "SELECT id, status FROM ingest_jobs WHERE status NOT IN ('completed', 'failed', 'cancelled')"
    ):
        wrong.append(f"{len(stuck)} jobs have not ended, such as {stuck[0]}")
    if open_batches := _jobs(store, "SELECT id FROM ingest_batches WHERE discovering = 1"):
        wrong.append(f"the search for files of batches {open_batches} never ended")
    if bad := _jobs(store, "SELECT id, status, error_code FROM ingest_jobs WHERE status <> 'completed'"):
        wrong.append(f"{len(bad)} jobs did not complete, such as {bad[0]}")
    twice = (
        "SELECT h.job_id FROM job_history h WHERE EXISTS (SELECT 1 FROM job_history e "
        "WHERE e.job_id = h.job_id AND e.id < h.id AND e.to_status = 'completed')"
    )
    if again := _jobs(store, twice):
        wrong.append(f"{len(again)} entries in the history of jobs that had completed, such as of job {again[0][0]}")
    # A file without text is looked at again whenever it is added again: that is no second ingestion.
    read_twice = (
        "SELECT source_path FROM ingest_jobs WHERE outcome IN ('ingested', 'updated') "
        "GROUP BY source_path HAVING count(*) > 1"
    )
    if again := _jobs(store, read_twice):
        wrong.append(f"{len(again)} files were ingested by two jobs, such as {again[0][0]}")
    if code := _finish(ingest(store, "check"), log):
        wrong.append(f"ingest check ended with {code}; see {log}")
    digest, records = exported(store, log)
    if digest != expected[0]:
        wrong.append(_difference(expected[1], records))
    return wrong


def _difference(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    """What differs between two exports, in a sentence."""
    ours, theirs = {r["chunk_id"]: r for r in found}, {r["chunk_id"]: r for r in expected}
    missing, extra = theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
    changed = [key for key in theirs.keys() & ours.keys() if ours[key] != theirs[key]]
    first = theirs[min(missing)] if missing else ours[min(extra)] if extra else None
    if changed:
        first = {
            k: (theirs[changed[0]][k], ours[changed[0]][k]) for k in first_keys(theirs[changed[0]], ours[changed[0]])
        }
    if not (missing or extra or changed):
        return f"the same {len(found)} chunks in another order, or doubled ({len(expected)} expected)"
    return (
        f"chunks differ: {len(missing)} missing, {len(extra)} extra, {len(changed)} changed; such as {str(first)[:400]}"
    )


def first_keys(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The fields in which two records differ."""
    return [key for key in one if one[key] != other[key]]


def undisturbed(mix: Path, work: Path) -> tuple[float, tuple[str, list[dict[str, Any]]]]:
    """Seconds and export of a run that nobody kills."""
    store, log = work / "undisturbed", work / "undisturbed.log"
    shutil.rmtree(store, ignore_errors=True)
    log.unlink(missing_ok=True)
    began = time.monotonic()
    code = _finish(ingest(store, "add", str(mix), "--wait"), log)
    wall = time.monotonic() - began
    if code:
        raise SystemExit(f"The undisturbed run ended with {code}; see {log}")
    return wall, exported(store, log)


def run_rounds(
    corpus: Path, work: Path, *, rounds: int, seed: int, first: int = 1, tell: Callable[[str], None] = print
) -> list[Round]:
    """All rounds; what each found. ``work`` is a scratch folder; stores of rounds that do not hold stay there."""
    work.mkdir(parents=True, exist_ok=True)
    mix = make_mix(corpus, work, seed)
    wall, expected = undisturbed(mix, work)
    tell(f"seed {seed}: {len(corpora.files_of(mix))} files; undisturbed {wall:.1f} s, {len(expected[1]):,} chunks")
    found = []
    for number in range(first, first + rounds):
        found.append(one_round(number, seed, mix, work, wall, expected))
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
