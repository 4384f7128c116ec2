"""Sections ``window``, ``gaps`` and ``million``: the real window, measured from inside by ``window_probe.py``."""

import contextlib
import hashlib
import json
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import displays
from book import Row, Section, quantile, spread
from indexing import Bench, add
from process_trees import ROOT, environment, ingest

from ingest_desktop.domain.enums import PauseScope
from ingest_desktop.domain.interfaces.repository import FoundFile, SameContent
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_schema import LEDGER_MIGRATIONS

PROBE = Path(__file__).with_name("window_probe.py")
LOT = 20_000
LIMIT_SECONDS = 900
NO_WINDOW = "no window"


def probe(bench: Bench, mode: str, store: Path, *paths: Path) -> dict[str, Any]:
    """Run the probe in a process of its own; what it found."""
    result = bench.work / f"probe-{mode}.json"
    result.unlink(missing_ok=True)
    with displays.display() as extra, open(bench.log(f"probe-{mode}"), "ab") as log:
        env = environment(INGESTION_PREFLIGHT_FILES="0", **extra)
        command = [
            displays.python(),
            "-P",
            str(PROBE),
            mode,
            str(store),
            str(result),
            str(time.monotonic_ns()),
            *map(str, paths),
        ]
        code = subprocess.run(
            command, env=env, stdout=log, stderr=log, cwd=ROOT, timeout=LIMIT_SECONDS, check=False
        ).returncode
    if not result.exists():
        raise SystemExit(f"The window probe ended with {code} and no figures; see {bench.log(f'probe-{mode}')}")
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return found


def window(bench: Bench) -> Section:
    """Process start to the first painted window, on a fresh store and on one with T in it."""
    fresh, used = [], []
    store = bench.fresh("window-T")
    add(bench, store, bench.set("T"))
    for number in range(1, bench.runs + 3):
        fresh.append(probe(bench, "open", bench.fresh("window-fresh")))
        used.append(probe(bench, "open", store))
        bench.tell(
            f"window {number}: painted after {fresh[-1]['painted_ms']:.0f} ms fresh, {used[-1]['painted_ms']:.0f} ms with T"
        )
    section = Section(
        "window",
        "Time to a painted window",
        "From the start of the process to the end of the first paint of the whole window; and to the first rows of the list with their "
        f"content. {len(fresh)} starts each, files in the system's cache. {displays.described()}.",
        commands=["ingest-desktop --data-dir DIR"],
    )
    for what, found in (("fresh store", fresh), ("store with T", used)):
        section.rows.append(_row(f"{what}: window painted", [one["painted_ms"] for one in found], digits=0))
    section.rows.append(_row("store with T: rows painted", [one["rows_ms"] for one in used], digits=0))
    section.raw = {"fresh": fresh, "with T": used}
    return section


def gaps(bench: Bench) -> Section:
    """The event loop while T is ingested and a script scrolls, filters and searches."""
    found = []
    for number in range(1, bench.runs + 1):
        found.append(probe(bench, "gaps", bench.fresh("gaps"), bench.set("T")))
        one = found[-1]
        bench.tell(
            f"gaps {number}/{bench.runs}: p99 {quantile(one['gaps_ms'], 0.99):.1f} ms, max {max(one['gaps_ms']):.1f} ms, {one['steps']} steps"
        )
    quiet = _control(bench)
    section = Section(
        "gaps",
        "Event-loop gaps while T is ingested",
        "A timer of 10 ms runs in the window's event loop; a gap is the time from one tick to the next, so 10 ms is a perfect one. "
        "Meanwhile T is ingested by the same process and a script works the real widgets: turns the wheel, picks filters, sorts, "
        f"pages, types queries letter by letter. {bench.runs} runs. {displays.described()}. For comparison: a bare event loop that does "
        "nothing, while `ingest add T --wait` runs beside it, shows what the machine alone does to a timer.",
        commands=["ingest-desktop --data-dir FRESH T    # tests/bench/window_probe.py gaps"],
    )
    p50, p99 = ([quantile(one["gaps_ms"], share) for one in found] for share in (0.5, 0.99))
    largest = [max(one["gaps_ms"]) for one in found]
    bare = quiet["gaps_ms"]
    section.rows = [
        _row("gap, p50", p50),
        _row("gap, p99", p99, most_ms=20, goal="at most 20 ms on a quiet machine"),
        _row("gap, largest", largest, most_ms=100, goal="at most 100 ms on a quiet machine"),
        _row(
            "processor time of the UI thread, of each second",
            [one["ui_cpu_seconds"] / one["seconds"] * 1000 for one in found],
            digits=0,
        ),
        Row(
            "bare event loop: p50 / p99 / largest",
            f"{quantile(bare, 0.5):.1f} / {quantile(bare, 0.99):.1f} / {max(bare):.1f} ms",
        ),
    ]
    steps = found[-1]["slowest_steps"]
    section.notes.append(
        "Slowest steps of the script in the last run: " + "; ".join(f"{name} {ms:.0f} ms" for name, ms in steps) + "."
    )
    section.notes.append(
        f"{found[-1]['completed']:,} jobs completed in {found[-1]['seconds']:.1f} s in the last run, {found[-1]['steps']} steps of the script."
    )
    section.raw = {
        "runs": [{**one, "gaps_ms": _thin(one["gaps_ms"])} for one in found],
        "bare": {**quiet, "gaps_ms": _thin(bare)},
    }
    return section


def _row(what: str, values_ms: list[float], *, digits: int = 1, most_ms: float | None = None, goal: str = "–") -> Row:
    """A row about the window, which nothing else is compared with. The goal is met by a median of ``most_ms`` or less."""
    met = None if most_ms is None else statistics.median(values_ms) <= most_ms
    return Row(what, spread(values_ms, "ms", digits=digits), NO_WINDOW, goal=goal, met=met)


def _thin(values: list[float]) -> dict[str, float]:
    return {f"p{share * 100:g}": round(quantile(values, share), 2) for share in (0.5, 0.9, 0.99, 0.999)} | {
        "max": max(values),
        "n": len(values),
    }


def _control(bench: Bench) -> dict[str, Any]:
    store = bench.fresh("gaps-control")
    with open(bench.log("gaps-control"), "wb") as log:
        beside = subprocess.Popen(
            ingest(store, "add", str(bench.set("T")), "--wait"), env=environment(), stdout=log, stderr=log
        )
        try:
            return probe(bench, "bare", store)
        finally:
            beside.terminate()
            beside.wait()


def million(bench: Bench) -> Section:
    """The window on a job table with very many rows."""
    store = fill(bench.work / f"jobs-{bench.jobs}", bench.jobs, bench.tell)
    found = []
    for number in range(1, bench.runs + 1):
        found.append(probe(bench, "pages", store))
        one = found[-1]
        bench.tell(
            f"million {number}/{bench.runs}: painted {one['painted_ms']:.0f} ms, rows {one['rows_ms']:.0f} ms, all {one['all_rows_ms']:.0f} ms"
        )
    section = Section(
        "million",
        f"The window with {bench.jobs:,} jobs in the table",
        "Half of the jobs are completed, half wait while everything is paused. Opening counts from the start of the process. A page change is "
        "the key Page Down, or a jump of the scroll bar to a random place, until the list is repainted with the content of all "
        f"rows on the screen: the rows are read by another thread meanwhile. {bench.runs} runs. {displays.described()}.",
        commands=["ingest-desktop --data-dir DIR    # tests/bench/window_probe.py pages"],
    )
    opened = [one["rows_ms"] for one in found]
    section.rows = [
        _row("window painted", [one["painted_ms"] for one in found], digits=0),
        _row("opened: first rows painted with content", opened, digits=0, most_ms=1000, goal="within 1 s"),
        _row("all ids in the list", [one["all_rows_ms"] for one in found], digits=0),
    ]
    for key, what in (("down", "Page Down"), ("jump", "jump to a random place")):
        content = [quantile(one[f"{key}_content_ms"], 0.99) for one in found]
        frame = [quantile(one[f"{key}_frame_ms"], 0.99) for one in found]
        middle = [quantile(one[f"{key}_content_ms"], 0.5) for one in found]
        section.rows += [
            _row(f"{what}: UI thread busy until the frame is painted, p99", frame),
            _row(f"{what}: all content painted, p50", middle),
            _row(f"{what}: all content painted, p99", content, most_ms=16, goal="within 16 ms"),
        ]
    section.raw = {
        "runs": [
            {key: _thin(value) if isinstance(value, list) else value for key, value in one.items()} for one in found
        ]
    }
    return section


def fill(store: Path, jobs: int, tell: Any) -> Path:
    """A ledger with this many jobs, kept between runs while the shape of the ledger stays the same."""
    stamp, shape = store / "filled", hashlib.sha256(repr(LEDGER_MIGRATIONS).encode()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == shape:
        return store
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    ledger = Ledger(store, queue_limit=10_000_000)
    with contextlib.closing(ledger):
        ledger.set_paused(PauseScope.APP, None, True)
        base = ledger.knowledge_bases()[0]
        batch = ledger.create_batch(
            base.kb_id, ["/home/someone/Documents"], origin="command", priority=0, label="Documents"
        )
        for first in range(0, jobs, LOT):
            lot = [_file(number) for number in range(first, min(jobs, first + LOT))]
            known = {file.path: SameContent(f"doc-{file.inode}") for file in lot if file.inode % 2}
            ledger.add_jobs(batch.batch_id, lot, known=known)
            if first % (LOT * 10) == 0:
                tell(f"filling the job table: {first:,} of {jobs:,}")
        ledger.finish_discovery(batch.batch_id, {})
    stamp.write_text(shape, "utf-8")
    return store


def _file(number: int) -> FoundFile:
    path = f"/home/someone/Documents/projects/{number // 100:05d}/report {number:07d}.pdf"
    return FoundFile(path, 4_000 + number % 900_000, 10**18 + number, number, 10**18)
