"""Measures the program on real documents and writes docs/benchmarks.md: what ``make bench`` runs.

    tests/bench/run.py [--only cpu-T,cpu-P,memory,rescan,pdf,kinds,ocr,huge,search,window,gaps,million,kill] [--runs 3] [--corpus DIR]

Each section's figures are kept in docs/benchmarks.json as soon as they are there, and the page is made anew from all of them, so
that sections can be measured one by one. With --fraction N each N-th file is measured, and the figures go to .bench/.
Installs nothing: what is missing is named, and its rows say "not measured".
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's package, installed or not

import corpora
import indexing
import kill_rounds
import kinds
import searching
import windows
from book import Book, Row, Section
from indexing import Bench
from process_trees import ROOT, Others, adopt_orphans
from recoll import what_is_missing


def kill(bench: Bench) -> Section:
    """Rounds of SIGKILL, restart and comparison."""
    found = kill_rounds.run_rounds(
        bench.corpus, bench.work / "kill", rounds=bench.rounds, seed=bench.seed, tell=bench.tell
    )
    broken = [this for this in found if this.wrong]
    kills = [at for this in found for at in this.kills]
    section = Section(
        "kill",
        "Killed at random moments",
        f"{kill_rounds.FILES} files ({kill_rounds.PDFS} PDFs of P, the rest of T) are ingested into a fresh store; the whole process group is "
        "killed with SIGKILL at random moments, one to three times in a round, and started again until done. A round holds when the "
        "export has the chunks of an undisturbed run (ids, order, text, place, source path), `ingest check` is clean, every job has "
        "completed and none ran again after that.",
        commands=[f"python tests/bench/kill_rounds.py --rounds {bench.rounds} --seed {bench.seed}"],
    )
    section.rows = [
        Row(
            f"rounds that hold, of {len(found)}",
            str(len(found) - len(broken)),
            "cannot be asked",
            goal="all of 50",
            met=not broken and len(found) >= 50,
        )
    ]
    section.notes = [f"{len(kills)} kills, {min(kills):.2f} s to {max(kills):.2f} s after the start of a process."]
    section.notes += [this.sentence().replace(str(ROOT), "…") for this in broken]
    section.raw = {
        "seed": bench.seed,
        "rounds": [
            {"kills": this.kills, "starts": this.starts, "done_at_kills": this.done_at_kills, "wrong": len(this.wrong)}
            for this in found
        ],
    }
    return section


SECTIONS: dict[str, Callable[[Bench], Section]] = {
    "cpu-T": lambda bench: indexing.cpu(bench, "T"),
    "cpu-P": lambda bench: indexing.cpu(bench, "P"),
    "memory": indexing.memory,
    "rescan": indexing.rescan,
    "pdf": kinds.pdf,
    "kinds": kinds.kinds,
    "ocr": kinds.ocr,
    "huge": kinds.huge,
    "search": searching.search,
    "window": windows.window,
    "gaps": windows.gaps,
    "million": windows.million,
    "kill": kill,
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SECTIONS), metavar="NAMES", help="sections, separated by commas")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs of each measurement")
    parser.add_argument(
        "--fraction", type=int, default=1, metavar="N", help="measure each N-th file; the figures go to .bench/"
    )
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="a folder with the sets P and T")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where benchmarks.json and benchmarks.md go; default docs/"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the queries and the kills")
    parser.add_argument("--rounds", type=int, default=50, help="of the kills")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="rows of the job table in the section million")
    found = parser.parse_args()
    unknown = set(found.only.split(",")) - SECTIONS.keys()
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return found


def main() -> int:
    asked = options()
    if not hasattr(os, "wait4") or not adopt_orphans():
        print("Processor seconds and memory of process trees are measured on Linux only.", file=sys.stderr)
        return 1
    bench = Bench(
        corpus=corpora.find(asked.corpus),
        work=corpora.BENCH / "work",
        runs=asked.runs,
        fraction=asked.fraction,
        seed=asked.seed,
        rounds=asked.rounds,
        jobs=asked.jobs,
        tell=lambda text: print(text, flush=True),
    )
    bench.work.mkdir(parents=True, exist_ok=True)
    if absent := what_is_missing():
        bench.tell(f"recollindex will not be measured: {absent}")
    book = Book(asked.out or (ROOT / "docs" if asked.fraction <= 1 else corpora.BENCH), list(SECTIONS))
    broken = [name for name in asked.only.split(",") if not _measure(bench, book, name)]
    if broken:
        print(f"Could not be measured: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _measure(bench: Bench, book: Book, name: str) -> bool:
    """Measure a section, keep it and tell it; False when it could not be measured, which the others do not suffer from."""
    others = Others()
    try:
        section = SECTIONS[name](bench)
    except (SystemExit, OSError, subprocess.SubprocessError) as error:
        bench.tell(f"{name}: {error}")
        return False
    if (share := others.share()) is not None:
        section.notes.append(f"Other programs took {share:.0%} of the processors while this was measured.")
    book.put(section)
    bench.tell(f"\n{section.title}")
    for row in section.rows:
        met = {True: "yes", False: "NO", None: "-"}[row.met]
        bench.tell(f"  {row.what}: {row.ours} | recoll {row.recoll} | {row.ratio} | goal {row.goal} | {met}")
    bench.tell("")
    return True


if __name__ == "__main__":
    sys.exit(main())
