"""Files of the store are damaged, ``ingest repair`` mends them, and the work that is left is done. Everything must be there again.

Pages are overwritten with noise or nothing, files lose all their bytes, or their first page. Torn logs: see ``meddling.py``.
"""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from damage.kit import pages_of, spoil_pages

from faults import corpus
from faults.fault import Fault, Verdict
from faults.judge import Calm, ask_queue, calm_of, compare, opened
from faults.program import ENDED_WELL, Program, run_to_end
from ingest_desktop.infrastructure.backups import back_up_if_due

LEDGER, CONTENT = "ledger.db", "knowledge_bases/library/kb.db"
MOST_PAGES = 6
REPAIRED = (0, 5)  # 5: what is left is told, and judged here

Break = Callable[[Path, random.Random], str]


def pages(path: Path, draw: random.Random) -> str:
    """Some pages, but for the first."""
    count = draw.randint(1, MOST_PAGES)
    chosen = draw.sample(range(2, pages_of(path) + 1), min(count, pages_of(path) - 1))
    spoil_pages(path, chosen, draw)
    return f"pages {sorted(chosen)}"


def head(path: Path, draw: random.Random) -> str:
    """All of it is gone, or its first page, or it is something else."""
    data = path.read_bytes()
    kind = draw.choice(("empty", "noise", "first page"))
    path.write_bytes({"empty": b"", "noise": draw.randbytes(len(data)), "first page": bytes(4096) + data[4096:]}[kind])
    os.utime(path, (1, 1))
    return kind


@dataclass(slots=True)
class Damage:
    """One way of damaging one file."""

    name: str
    file: str
    strike: Break
    group: str = "store"
    most_rounds: int | None = None
    _made: Path = Path()
    _calm: Calm | None = None

    def prepare(self, work: Path, seed: int) -> None:
        """A store in which all is read, made once for all faults of the group."""
        self._made = work / "made"
        if not (self._made / "done").exists():
            shutil.rmtree(self._made, ignore_errors=True)
            corpus.write_first(self._made / "files")
            run_to_end(self._made / "data", "add", "--wait", str(self._made / "files"))
            (self._made / "done").touch()
        self._calm = calm_of(self._made / "data")

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        data = Path(shutil.copytree(self._made / "data", work / "data"))
        if draw.random() < 0.5:
            back_up_if_due(data / LEDGER, data / "backups", keep=3, min_free_bytes=0)
        what = self.strike(data / self.file, draw)
        code = Program.start(data, "repair").finish()
        verdict = Verdict(notes=[what])
        if code not in REPAIRED:
            verdict.wrong.append(f"ingest repair ended with {code}")
            return verdict
        program = Program.start(data, "run")
        if program.finish() not in ENDED_WELL:
            verdict.wrong.append("ingest run did not end well")
        assert self._calm is not None
        found = calm_of(data)
        listed, before = ({ending[:2] for ending in calm.endings} for calm in (found, self._calm))
        if before - listed:
            verdict.lost += len(before - listed)
            verdict.wrong.append(
                f"{len(before - listed)} files are not listed as before, such as {min(before - listed)}"
            )
        compare(Calm(found.chunks, self._calm.endings), self._calm, verdict)
        with opened(data) as app:
            ask_queue(app, verdict)
            verdict.wrong += [f"check: {finding.code}: {finding.message}" for finding in app.check()]
        return verdict


FAULTS: tuple[Fault, ...] = (
    Damage("damaged pages of the list of jobs", LEDGER, pages),
    Damage("damaged pages of a knowledge base", CONTENT, pages),
    Damage("a list of jobs that is no database any more", LEDGER, head),
    Damage("a knowledge base that is no database any more", CONTENT, head),
)
