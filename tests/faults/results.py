"""Keeps what the rounds found in docs/reliability.json, and writes docs/reliability.md from it."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faults.fault import Fault, Verdict

ROOT = Path(__file__).resolve().parents[2]
RECORD, PAGE = ROOT / "docs" / "reliability.json", ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- the table begins -->", "<!-- the table ends -->"
COUNTS = ("lost", "doubled", "stuck", "mixed")
MOST_WRONG = 5  # sentences kept of a row


def stretch_of(verdicts: Sequence[Verdict], *, seed: int, first: int) -> dict[str, Any]:
    """The record of rounds of one fault that were run one after the other."""
    return {
        "seed": seed,
        "first": first,
        "day": datetime.now(UTC).date().isoformat(),
        "load": round(os.getloadavg()[1], 1) if hasattr(os, "getloadavg") else 0.0,
        "rounds": len(verdicts),
        "hits": sum(verdict.hits for verdict in verdicts),
        **{word: sum(getattr(verdict, word) for verdict in verdicts) for word in COUNTS},
        "rounds_that_do_not_hold": sum(not verdict.holds for verdict in verdicts),
        "recovery_seconds": [round(second, 3) for verdict in verdicts for second in verdict.recovery_seconds],
        "wrong": [sentence for verdict in verdicts for sentence in verdict.wrong][:MOST_WRONG],
    }


def keep(
    fault: Fault, stretch: dict[str, Any], *, fresh: bool = False, record: Path = RECORD, page: Path = PAGE
) -> None:
    """Add a stretch to its fault's row, and write the page anew.

    A stretch with the same seed and first round is replaced by it; with ``fresh`` all earlier ones of the fault are forgotten.
    """
    known: dict[str, Any] = json.loads(record.read_text("utf-8")) if record.exists() else {"rows": []}
    rows = {(row["group"], row["name"]): row for row in known["rows"]}
    row = rows.setdefault((fault.group, fault.name), {"group": fault.group, "name": fault.name, "stretches": []})
    key = (stretch["seed"], stretch["first"])
    earlier = [] if fresh else [s for s in row["stretches"] if (s["seed"], s["first"]) != key]
    row["stretches"] = [*earlier, stretch]
    known = {"machine": _machine(), "rows": [rows[name] for name in sorted(rows)]}
    _write(record, json.dumps(known, indent=1) + "\n")
    write_page(known, page)


def write_page(known: dict[str, Any], page: Path = PAGE) -> None:
    """Put the table between its marks; the words around it are kept by hand."""
    text = page.read_text("utf-8") if page.exists() else f"# Reliability\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _write(page, f"{before}{BEGIN}\n{table(known)}{END}{rest.partition(END)[2]}")


def table(known: dict[str, Any]) -> str:
    """The rows as Markdown."""
    lines = [
        "| fault | rounds | struck | lost | doubled | stuck | mixed | time to recover: median, worst |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in known["rows"]:
        rounds, hits = _total(row, "rounds"), _total(row, "hits")
        counts = " | ".join(f"{n:,}" if not n else f"**{n:,}**" for n in (_total(row, word) for word in COUNTS))
        lines.append(f"| {row['group']}: {row['name']} | {rounds:,} | {hits:,} | {counts} | {_seconds(row)} |")
    loads = [stretch["load"] for row in known["rows"] for stretch in row["stretches"]]
    rounds = sum(_total(row, "rounds") for row in known["rows"])
    broken = sum(_total(row, "rounds_that_do_not_hold") for row in known["rows"])
    lines += ["", f"{rounds:,} rounds, of which {broken:,} do not hold. Machine: {known['machine']}."]
    if max(loads, default=0.0) > 2 * (os.cpu_count() or 1):
        lines.append(
            f"Other programs ran meanwhile (load average {min(loads)} to {max(loads)}), which the times suffer from."
        )
    for row in known["rows"]:
        for stretch in row["stretches"]:
            named = f"{row['group']}: {row['name']} (seed {stretch['seed']})"
            lines += [f"- {named}: {sentence}" for sentence in stretch["wrong"]]
    return "\n".join([*lines, ""])


def _total(row: dict[str, Any], word: str) -> int:
    return sum(stretch[word] for stretch in row["stretches"])


def _seconds(row: dict[str, Any]) -> str:
    seconds = [second for stretch in row["stretches"] for second in stretch["recovery_seconds"]]
    return f"{statistics.median(seconds):.2f} s, {max(seconds):.2f} s" if seconds else "–"


def _machine() -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)
