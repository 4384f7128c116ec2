"""Sections ``cpu-T``, ``cpu-P``, ``memory`` and ``rescan``: what it takes to index a set, beside recollindex in turn."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import corpora
import displays
from book import NOT_MEASURED, Row, Section, megabytes, spread, times
from process_trees import Memory, Use, environment, ingest, peak_memory, run
from recoll import Index, what_is_missing

WORDS = re.compile(r"\w+")
GOALS = {"T": (6.0, 4.0), "P": (3.0, 2.5)}
HEADLESS_MB, WINDOW_MB = 300, 400
GROWTH = 1.15  # a peak that is higher by more than this on twice the files has grown


@dataclass(frozen=True, slots=True)
class Bench:
    """What a section needs to know."""

    corpus: Path
    work: Path
    runs: int
    fraction: int
    seed: int
    rounds: int
    jobs: int
    tell: Callable[[str], None]

    def set(self, name: str) -> Path:
        """A set, or the part of it that is measured."""
        return corpora.part_of(self.corpus / name, self.fraction)

    def fresh(self, name: str) -> Path:
        """A data folder that is not there yet."""
        store = self.work / name
        shutil.rmtree(store, ignore_errors=True)
        store.parent.mkdir(parents=True, exist_ok=True)
        return store

    def log(self, name: str) -> Path:
        """Where the output of a command goes."""
        return self.work / f"{name}.log"


NO_OCR: Final = {"INGESTION_OCR": "0"}  # beside programs that read no pictures either


def add(bench: Bench, store: Path, *folders: Path, **extra: str) -> Use:
    """Ingest folders to the end; ``extra`` are settings."""
    command = ingest(store, "add", *map(str, folders), "--wait")
    used = run(command, log=bench.log(store.name), env=environment(**extra))
    if used.code not in (0, 3):
        raise SystemExit(f"ingest add ended with {used.code}; see {bench.log(store.name)}")
    return used


def stats(store: Path) -> dict[str, Any]:
    """What the store holds."""
    told = subprocess.run(
        ingest(store, "stats", "--json"), capture_output=True, text=True, env=environment(), check=True
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def describe(folder: Path) -> str:
    """How much a folder holds."""
    return f"{len(corpora.files_of(folder)):,} files, {corpora.size_of(folder) / 1e6:,.1f} MB"


def runs_in_turn(bench: Bench) -> str:
    """How often it was measured, and of how much."""
    part = f", of each {bench.fraction}th file only" if bench.fraction > 1 else ""
    return f"{bench.runs} pairs of runs, in turn{part}" if bench.runs > 1 else f"one pair of runs{part}"


# --- processor seconds ----------------------------------------------------------------------------


def cpu(bench: Bench, name: str) -> Section:
    """Index a set from nothing, in pairs."""
    folder, store, index = bench.set(name), bench.work / f"cpu-{name}", Index(bench.work / f"recoll-{name}")
    absent = what_is_missing()
    ours: list[Use] = []
    theirs: list[Use] = []
    for number in range(1, bench.runs + 1):
        bench.fresh(store.name)
        ours.append(add(bench, store, folder, **NO_OCR))
        line = f"cpu-{name} {number}/{bench.runs}: {ours[-1].cpu_seconds:.2f} s"
        if not absent:
            index.prepare([folder])
            theirs.append(index.build())
            line += f", recollindex {theirs[-1].cpu_seconds:.2f} s"
        bench.tell(line)
    return _cpu_section(bench, name, folder, ours, theirs, stats(store), index, absent)


def _cpu_section(
    bench: Bench,
    name: str,
    folder: Path,
    ours: list[Use],
    theirs: list[Use],
    held: dict[str, Any],
    index: Index,
    absent: str,
) -> Section:
    goal, least = GOALS[name]
    section = Section(
        f"cpu-{name}",
        f"Processor seconds, set {name}",
        f"Set {name} ({describe(folder)}) indexed from nothing to the last job completed; {runs_in_turn(bench)}. "
        "Neither recognises text in pictures: recollindex does not unless it is told to, so ours is told not to.",
        commands=[
            f"INGESTION_OCR=0 ingest --data-dir FRESH add {name} --wait",
            "recollindex -c CONF -z    # CONF: topdirs, loglevel = 2",
        ],
    )
    ratios = [other.cpu_seconds / own.cpu_seconds for own, other in zip(ours, theirs, strict=False)]
    section.rows.append(
        Row(
            f"processor seconds of the whole tree, {name}",
            spread([use.cpu_seconds for use in ours], "s"),
            spread([use.cpu_seconds for use in theirs], "s") if theirs else NOT_MEASURED,
            times(ratios) if ratios else NOT_MEASURED,
            f"at least {goal:g}x less (not done below {least:g}x)",
            statistics.median(ratios) >= goal if ratios else None,
        )
    )
    section.rows.append(
        Row(
            "seconds by the clock",
            spread([use.wall_seconds for use in ours], "s"),
            spread([use.wall_seconds for use in theirs], "s") if theirs else NOT_MEASURED,
        )
    )
    documents = f"{index.documents():,} documents" if theirs else NOT_MEASURED
    section.rows.append(Row("documents that can be found", _outcome(held), documents))
    with_the = f"{_documents_with(bench.work / f'cpu-{name}', 'the'):,}"
    section.rows.append(
        Row("files whose text has the word “the”", with_the, f"{index.count('The'):,}" if theirs else NOT_MEASURED)
    )
    orphans = sum(use.orphans for use in ours)
    section.notes.append(
        f"Processes left behind for others to reap, their seconds included above: {orphans} of ours in {len(ours)} runs"
        + (f", {sum(use.orphans for use in theirs)} of recollindex" if theirs else "")
        + "."
    )
    if absent:
        section.notes.append(f"recollindex was {NOT_MEASURED}: {absent}.")
    section.raw = {
        "ours": [_raw(use) for use in ours],
        "recoll": [_raw(use) for use in theirs],
        "ratios": ratios,
        "jobs": held["ingest_jobs"],
    }
    return section


def _raw(use: Use) -> dict[str, float]:
    return {
        "cpu_seconds": round(use.cpu_seconds, 3),
        "wall_seconds": round(use.wall_seconds, 3),
        "orphans": use.orphans,
    }


def _outcome(held: dict[str, Any]) -> str:
    jobs = held["ingest_jobs"]
    parts = [f"{jobs['completed']:,} jobs completed"] + ([f"{jobs['failed']:,} failed"] if jobs["failed"] else [])
    return f"{', '.join(parts)}; {held['ingest_documents']:,} documents, {held['ingest_chunks']:,} chunks"


def _documents_with(store: Path, word: str) -> int:
    """How many files have a word in their text, counted without the index: duplicates count as recollindex counts them."""
    with contextlib.closing(sqlite3.connect(store / "ledger.db")) as ledger:
        of = dict(
            ledger.execute("SELECT source_path, document_id FROM ingest_jobs WHERE status = 'completed'").fetchall()
        )
    told = subprocess.run(
        ingest(store, "export", "--format", "jsonl"), capture_output=True, env=environment(), check=True
    )
    found = set()
    for line in told.stdout.splitlines():
        record = json.loads(line)
        if record["document_id"] not in found and word in WORDS.findall(record["text"].casefold()):
            found.add(record["document_id"])
    return sum(document in found for document in of.values())


# --- memory ---------------------------------------------------------------------------------------


def memory(bench: Bench) -> Section:
    """The peak of the tree, sampled; twice the files must not take more."""
    text, pdf = bench.set("T"), bench.set("P")
    twice = corpora.doubled(text)
    found = {
        "T": _headless(bench, "T", text),
        "P": _headless(bench, "P", pdf),
        "2xT": _headless(bench, "2xT", text, twice),
        "window T": _with_window(bench, text),
        "window P": _with_window(bench, pdf),
    }
    theirs: dict[str, Memory] = {}
    absent = what_is_missing()
    for name, folders in {"T": [text], "P": [pdf], "2xT": [text, twice]}.items():
        if not absent:
            index = Index(bench.work / f"recoll-memory-{name}")
            index.prepare(folders)
            theirs[name] = index.build_memory()
            bench.tell(f"memory of recollindex, {name}: {megabytes(theirs[name].pss_bytes)}")
    section = Section(
        "memory",
        "Peak memory of the process tree",
        "The memory of all processes of the tree is read every 50 ms; the peak of the sum counts. Pages that processes share "
        "count once (PSS), or, in brackets, once for each process (RSS). 2xT is T and a copy of T in which each file has other content.",
        commands=[
            "ingest --data-dir FRESH add SET --wait",
            "ingest-desktop --data-dir FRESH SET    # on a virtual X server",
        ],
    )
    titles = {
        "T": "without a window, T",
        "P": "without a window, P",
        "2xT": "without a window, 2xT",
        "window T": "with the window, T",
        "window P": "with the window, P",
    }
    for name, used in found.items():
        limit = WINDOW_MB if name.startswith("window") else HEADLESS_MB
        other = f"{megabytes(theirs[name].pss_bytes)} ({megabytes(theirs[name].rss_bytes)})" if name in theirs else "–"
        if used is None:
            section.rows.append(Row(titles[name], NOT_MEASURED, other, goal=f"at most {limit} MB"))
            continue
        own = f"{megabytes(used.pss_bytes)} ({megabytes(used.rss_bytes)})"
        section.rows.append(
            Row(titles[name], own, other, goal=f"at most {limit} MB", met=used.pss_bytes <= limit * 1e6)
        )
    section.rows.append(_growth(found, theirs))
    section.notes.append(f"{displays.described()} for the window; peaks of one run each.")
    if absent:
        section.notes.append(f"recollindex was {NOT_MEASURED}: {absent}.")
    section.raw = {name: _peak(used) for name, used in found.items() if used}
    section.raw["recoll"] = {name: _peak(used) for name, used in theirs.items()}
    return section


def _growth(found: dict[str, Memory | None], theirs: dict[str, Memory]) -> Row:
    once, twice = found["T"], found["2xT"]
    row = Row("growth, 2xT beside T", NOT_MEASURED, goal="does not grow with the corpus (up to 15 % is the noise)")
    if once and twice:
        growth = twice.pss_bytes / once.pss_bytes
        row.ours, row.met = f"{growth:.2f}x", growth <= GROWTH
    if "T" in theirs and "2xT" in theirs:
        row.recoll = f"{theirs['2xT'].pss_bytes / theirs['T'].pss_bytes:.2f}x"
    return row


def _peak(used: Memory) -> dict[str, float]:
    return {
        "pss_bytes": used.pss_bytes,
        "rss_bytes": used.rss_bytes,
        "samples": used.samples,
        "processes": used.processes,
        "wall_seconds": round(used.wall_seconds, 2),
    }


def _headless(bench: Bench, name: str, *folders: Path) -> Memory:
    store = bench.fresh(f"memory-{name}")
    found = peak_memory(ingest(store, "add", *map(str, folders), "--wait"), log=bench.log(store.name))
    bench.tell(f"memory without a window, {name}: {megabytes(found.pss_bytes)} (RSS {megabytes(found.rss_bytes)})")
    shutil.rmtree(store)
    return found


def _with_window(bench: Bench, folder: Path) -> Memory | None:
    """The real program, given a folder on its command line, until its jobs have ended."""
    store = bench.fresh(f"memory-window-{folder.name}")
    with displays.display() as extra:
        command = [displays.python(), "-P", "-m", "ingest_desktop", "--data-dir", str(store), str(folder)]
        env = environment(INGESTION_PREFLIGHT_FILES="0", INGESTION_QUIT_WITH_WORK="quit", **extra)
        found = peak_memory(command, log=bench.log(store.name), env=env, finished=lambda: all_ended(store))
    bench.tell(
        f"memory with the window, {folder.name}: {megabytes(found.pss_bytes)} (RSS {megabytes(found.rss_bytes)}), exit code {found.code}"
    )
    if not all_ended(store):
        return None
    shutil.rmtree(store)
    return found


def all_ended(store: Path) -> bool:
    """Whether the search for files is over and every job has ended."""
    path = store / "ledger.db"
    if not path.exists():
        return False
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as ledger:
        try:
            (searching,) = ledger.execute("SELECT count(*) FROM ingest_batches WHERE discovering = 1").fetchone()
            (waiting,) = ledger.execute(
                "SELECT count(*) FROM ingest_jobs WHERE status IN ('queued', 'running')"
            ).fetchone()
            (jobs,) = ledger.execute("SELECT count(*) FROM ingest_jobs").fetchone()
        except sqlite3.OperationalError:
            return False
    return bool(jobs) and not searching and not waiting


# --- rescan ---------------------------------------------------------------------------------------


def rescan(bench: Bench) -> Section:
    """The same set again, nothing changed."""
    folder, absent = bench.set("T"), what_is_missing()
    store, index = bench.fresh("rescan"), Index(bench.work / "recoll-rescan")
    add(bench, store, folder)
    if not absent:
        index.prepare([folder])
        index.build()
    ours, theirs = [], []
    for number in range(1, bench.runs + 1):
        ours.append(add(bench, store, folder))
        line = f"rescan {number}/{bench.runs}: {ours[-1].cpu_seconds:.2f} s cpu"
        if not absent:
            theirs.append(index.update())
            line += f", recollindex {theirs[-1].cpu_seconds:.2f} s cpu"
        bench.tell(line)
    section = Section(
        "rescan",
        "Looking again at an unchanged set T",
        f"Set T ({describe(folder)}) is given a second time, all unchanged; {runs_in_turn(bench)}. Ours writes a new "
        "job row for each file, as every act of adding does.",
        commands=["ingest --data-dir SAME add T --wait", "recollindex -c CONF"],
    )
    for what, key in (("processor seconds of the whole tree", "cpu_seconds"), ("seconds by the clock", "wall_seconds")):
        own, other = [getattr(use, key) for use in ours], [getattr(use, key) for use in theirs]
        ratio = times([b / a for a, b in zip(own, other, strict=True)]) if other else NOT_MEASURED
        section.rows.append(Row(what, spread(own, "s"), spread(other, "s") if other else NOT_MEASURED, ratio))
    section.raw = {"ours": [_raw(use) for use in ours], "recoll": [_raw(use) for use in theirs]}
    if absent:
        section.notes.append(f"recollindex was {NOT_MEASURED}: {absent}.")
    os.sync()
    return section
