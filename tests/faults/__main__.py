"""Runs rounds of faults and writes down what they found: what ``make torture`` starts. See ``faults``."""

import argparse
import shutil
import sys
import time
import traceback
from pathlib import Path

from faults.fault import Fault, Verdict, draw_of, find_faults
from faults.results import ROOT, keep, stretch_of

MOST_TOLD = 5  # sentences of a round
WORK = ROOT / ".bench" / "torture"


def options(faults: list[Fault]) -> argparse.Namespace:
    groups = sorted({fault.group for fault in faults})
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="of each group, dealt out to its faults in turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="number of the first round of each fault")
    parser.add_argument("--only", default="", help=f"groups, by commas: {', '.join(groups)}")
    parser.add_argument("--name", default="", help="of these groups, only faults whose name has these words")
    parser.add_argument("--work", type=Path, default=WORK, help="scratch folder")
    parser.add_argument("--no-record", action="store_true", help="leave docs/reliability.* as they are")
    parser.add_argument("--fresh", action="store_true", help="forget earlier rounds of these faults")
    found = parser.parse_args()
    wanted = set(filter(None, found.only.split(",")))
    if unknown := wanted - set(groups):
        parser.error(f"there is no {', '.join(sorted(unknown))}; groups are {', '.join(groups)}")
    found.faults = [f for f in faults if (not wanted or f.group in wanted) and found.name in f.name]
    if not found.faults:
        parser.error(f"no fault is called {found.name!r}")
    return found


def one_round(fault: Fault, number: int, seed: int, work: Path) -> Verdict:
    """A round, and what it says on the screen. What it leaves behind stays only when it does not hold."""
    folder = work / f"{fault.group}-{fault.name}-{number}".replace(" ", "-").replace("/", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    try:
        verdict = fault.round(number, draw_of(seed, fault, number), folder)
    except Exception as error:  # noqa: BLE001 - a round that cannot be judged does not hold
        traceback.print_exc()
        verdict = Verdict(wrong=[f"the round could not be judged ({type(error).__name__}: {error})"])
    state = "holds" if verdict.holds else "DOES NOT HOLD: " + "; ".join(verdict.wrong[:MOST_TOLD])
    notes = "; ".join([f"struck {verdict.hits} times", *verdict.notes])
    took = time.monotonic() - began
    print(f"{fault.group}: {fault.name}, round {number}, {took:.1f} s ({notes}): {state}", flush=True)
    if verdict.holds:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        again = f"ONLY={fault.group} NAME='{fault.name}' SEED={seed} FIRST={number} ROUNDS=1"
        print(f"    again: make torture {again}\n    left in {folder}", flush=True)
    return verdict


def shares(faults: list[Fault], rounds: int) -> dict[int, int]:
    """How many rounds each fault gets, by its place: a group's rounds in turn, none above what it says is enough."""
    found = dict.fromkeys(range(len(faults)), 0)
    for group in {fault.group for fault in faults}:
        places = [place for place, fault in enumerate(faults) if fault.group == group]
        left = rounds
        while left:
            open_ones = [p for p in places if (most := faults[p].most_rounds) is None or found[p] < most]
            if not open_ones:
                break
            for place in open_ones[:left]:
                found[place] += 1
                left -= 1
    return found


def main() -> int:
    chosen = options(find_faults())
    faults: list[Fault] = chosen.faults
    print(f"seed {chosen.seed}", flush=True)
    broken = 0
    for place, count in shares(faults, chosen.rounds).items():
        fault = faults[place]
        if not count:
            continue
        group_folder = chosen.work / fault.group
        group_folder.mkdir(parents=True, exist_ok=True)
        fault.prepare(group_folder, chosen.seed)
        numbers = range(chosen.first, chosen.first + count)
        verdicts = [one_round(fault, number, chosen.seed, chosen.work) for number in numbers]
        broken += sum(not verdict.holds for verdict in verdicts)
        if not chosen.no_record:  # at once: what comes next may take hours, or be interrupted
            keep(fault, stretch_of(verdicts, seed=chosen.seed, first=chosen.first), fresh=chosen.fresh)
    print("all rounds hold" if not broken else f"{broken} rounds do not hold", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
