"""Tries thousands of broken files on every reader: what ``make fuzz`` runs.

    python tests/fuzz/run.py [--count 10000] [--start 0] [--jobs 2] [--no-programs] [--seeds PART]
    python tests/fuzz/run.py --one letter.rtf#17 [--keep FILE]

Prints each finding with its name, by which ``--one`` tries it again, and at the end where to go on (``--start``).
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz.trials import Finding, Host, Trial, plan


class Tally:
    """Counts what is done and prints what is found."""

    def __init__(self, count: int) -> None:
        self._lock, self._count = Lock(), count
        self.done = 0
        self.found: Counter[tuple[str, str, str]] = Counter()
        self._began = time.monotonic()

    def take(self, finding: Finding | None) -> None:
        with self._lock:
            self.done += 1
            if finding is not None:
                self.found[finding.key] += 1
                if self.found[finding.key] <= 3:
                    print(f"FOUND {finding.kind} {finding.trial}: {finding.cause}\n{finding.detail}", flush=True)
            if self.done % 1000 == 0 or self.done == self._count:
                each = (time.monotonic() - self._began) / self.done
                print(
                    f"{self.done:,} of {self._count:,}; {each * 1000:.0f} ms each; {sum(self.found.values())} findings",
                    flush=True,
                )


def one(name: str, keep: Path | None, *, programs: bool) -> int:
    """Try one file again; with ``keep``, write it down first."""
    seed, _, number = name.rpartition("#")
    if keep is not None:
        from tests.fuzz.worker import made

        keep.write_bytes(made(seed, int(number)))
    host = Host(programs=programs)
    (result,) = host.run([Trial(seed, int(number))])
    finding = result[1]
    print("It is read as it should be." if finding is None else f"{finding.kind}: {finding.cause}\n{finding.detail}")
    return int(finding is not None)


def main() -> int:
    parser = argparse.ArgumentParser(description="Tries broken files on every reader.")
    parser.add_argument("--count", type=int, default=10_000, help="how many files")
    parser.add_argument("--start", type=int, default=0, help="the number of the first one: where an earlier run ended")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="processes")
    parser.add_argument("--no-programs", action="store_true", help="leave out tesseract and LibreOffice: much faster")
    parser.add_argument("--seeds", default="", help="only seeds whose names have this in them")
    parser.add_argument("--one", metavar="NAME#NUMBER", help="try this one file only")
    parser.add_argument("--keep", type=Path, help="with --one: where to write the file")
    arguments = parser.parse_args()
    programs = not arguments.no_programs
    if arguments.one:
        return one(arguments.one, arguments.keep, programs=programs)
    tally = Tally(arguments.count)
    trials = [trial for trial in plan(arguments.start, arguments.count) if arguments.seeds in trial.seed]

    def work(share: list[Trial]) -> int:
        host = Host(programs=programs)
        for _, finding in host.run(share):
            tally.take(finding)
        return host.peak_bytes

    with ThreadPoolExecutor(arguments.jobs) as pool:
        peaks = list(pool.map(work, [trials[at :: arguments.jobs] for at in range(arguments.jobs)]))
    print(f"{tally.done:,} files tried, {sum(tally.found.values())} findings of {len(tally.found)} kinds.")
    print(f"Peak memory of a process: {max(peaks) >> 20} MiB. Go on with --start {arguments.start + arguments.count}.")
    return int(bool(tally.found))


if __name__ == "__main__":
    sys.exit(main())
