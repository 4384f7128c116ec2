"""The book of figures: each section's in ``benchmarks.json``, and the page ``benchmarks.md`` made of all of them."""

import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

NOT_MEASURED = "not measured"
_PACKAGES = ("PySide6-Essentials", "pypdfium2", "selectolax", "SQLAlchemy")

HEAD = """# Benchmarks

Made by `make bench` (`tests/bench/run.py`), which also keeps the figures in `benchmarks.json` beside this page; do not edit it by
hand. Every figure was measured on real documents out of Debian packages that nobody in this project wrote: set **P**, PDFs,
and set **T**, HTML, text, reStructuredText, manual pages and source code. Beside them stands `recollindex` of Debian's
package `recollcmd`, run in turn on the same files of the same machine, or the words "not measured".

- One section is measured by `make bench ARGS="--only NAME"`; all others keep the figures they had.
- Processor seconds are user and system time of the whole process tree, from the start of the command to its end: interpreter
  start, job rows, checkpoints, chunks, full text, and the reading processes, all of them.
- A median is followed by the least and the greatest of the runs. No figure here is a test: machines differ, ratios less so.
"""


@dataclass(slots=True)
class Row:
    """A figure. ``met`` is None where there is no goal, or where it was not measured."""

    what: str
    ours: str
    recoll: str = "–"
    ratio: str = "–"
    goal: str = "–"
    met: bool | None = None


@dataclass(slots=True)
class Section:
    """What one measurement found. ``raw`` holds the numbers behind the rows."""

    name: str
    title: str
    about: str
    commands: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)


class Book:
    """Writes sections as they are measured, and the page anew each time."""

    def __init__(self, folder: Path, order: Sequence[str]) -> None:
        self._json, self._page, self._order = folder / "benchmarks.json", folder / "benchmarks.md", order
        folder.mkdir(parents=True, exist_ok=True)
        self._sections: dict[str, Any] = json.loads(self._json.read_text("utf-8")) if self._json.exists() else {}

    def put(self, section: Section) -> None:
        """Keep what a section found, in place of what it found before."""
        self._sections[section.name] = {**asdict(section), "machine": machine()}
        known = [name for name in self._order if name in self._sections]
        self._sections = {name: self._sections[name] for name in known}
        _write(self._json, json.dumps(self._sections, indent=1, ensure_ascii=False) + "\n")
        _write(self._page, self._text())

    def _text(self) -> str:
        parts = [HEAD]
        machines = {json.dumps(found["machine"]): found["machine"] for found in self._sections.values()}
        shared = next(iter(machines.values())) if len(machines) == 1 else None
        parts.append(
            "## Machine\n\n"
            + (_machine_text(shared) if shared else "Not all sections are of one machine; each names its own.\n")
        )
        missed = [(name, row) for name, found in self._sections.items() for row in found["rows"] if row["met"] is False]
        goals = sum(row["met"] is not None for found in self._sections.values() for row in found["rows"])
        parts.append(f"{goals - len(missed)} of {goals} goals are met." + _missed(missed) + "\n")
        parts += [_section_text(found, own_machine=shared is None) for found in self._sections.values()]
        absent = [name for name in self._order if name not in self._sections]
        if absent:
            parts.append("## Not measured yet\n\n" + ", ".join(f"`{name}`" for name in absent) + "\n")
        return "\n".join(parts)


def _missed(missed: list[tuple[str, dict[str, Any]]]) -> str:
    if not missed:
        return ""
    return " Not met:\n\n" + "\n".join(
        f"- {row['what']}: {row['ours'] if row['ratio'] == '–' else row['ratio']} (goal: {row['goal']})"
        for _, row in missed
    )


def _section_text(found: dict[str, Any], *, own_machine: bool) -> str:
    lines = [f"## {found['title']}", "", found["about"], ""]
    if own_machine:
        lines += [_machine_text(found["machine"])]
    lines += [
        "| figure | Ingest Desktop | recoll | recoll ÷ ours | goal | met |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in found["rows"]:
        met = {True: "yes", False: "**no**", None: "–"}[row["met"]]
        lines.append(f"| {row['what']} | {row['ours']} | {row['recoll']} | {row['ratio']} | {row['goal']} | {met} |")
    lines += [""] + [f"- {note}" for note in found["notes"]] + ([""] if found["notes"] else [])
    if found["commands"]:
        lines += ["```sh", *found["commands"], "```", ""]
    return "\n".join(lines)


def _machine_text(machine_: dict[str, str]) -> str:
    return "".join(f"- {name}: {value}\n" for name, value in machine_.items())


def machine() -> dict[str, str]:
    """What was measured on, without a date or a name."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES if _installed(name))
    return {
        "processor": f"{os.cpu_count()} cores, {_cpu_name()}",
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{_system_name()}, {platform.system()} {platform.release().split('-')[0]}",
        "Python": f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "packages": packages,
        "recoll": recoll_version()
        or f"{NOT_MEASURED}: recollindex is missing (Debian: apt-get install recollcmd poppler-utils)",
    }


def recoll_version() -> str:
    """The version of recollindex, or nothing when there is none."""
    if shutil.which("recollindex") is None:
        return ""
    told = subprocess.run(["recollindex", "-h"], capture_output=True, text=True, check=False)
    lines = [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Recoll version:")]
    return lines[0].removeprefix("Recoll version:").strip() if lines else "of unknown version"


def _installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory_gib() -> float:
    if not hasattr(os, "sysconf"):
        return 0.0
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", sys.platform)
    except OSError:
        return platform.platform()


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.write_text(text, "utf-8", newline="\n")
    os.replace(temporary, path)


# --- numbers as words -----------------------------------------------------------------------------


def spread(values: Sequence[float], unit: str, *, digits: int = 2) -> str:
    """The median, with the least and the greatest where there are several."""
    middle = f"{statistics.median(values):,.{digits}f} {unit}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f} … {max(values):,.{digits}f})"


def times(ratios: Sequence[float]) -> str:
    """How many times less we take."""
    middle = f"{statistics.median(ratios):.2f}x"
    return middle if len(ratios) == 1 else f"{middle} ({min(ratios):.2f} … {max(ratios):.2f})"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def megabytes(size_bytes: float) -> str:
    """Bytes as MB, as the goals name them."""
    return f"{size_bytes / 1e6:,.0f} MB"
