"""The program that is measured beside ours: ``recollindex`` and ``recollq`` of Debian's package recollcmd."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from process_trees import Memory, Use, peak_memory, run

INSTALL = "apt-get install recollcmd poppler-utils"


def what_is_missing() -> str:
    """What to install before it can be measured; nothing when all is there."""
    missing = [tool for tool in ("recollindex", "recollq", "pdftotext") if shutil.which(tool) is None]
    return f"{', '.join(missing)} missing: {INSTALL}" if missing else ""


@dataclass(frozen=True, slots=True)
class Index:
    """An index of some folders, in a folder of its own. Defaults throughout, but for where and how much is logged."""

    home: Path

    def prepare(self, folders: list[Path]) -> None:
        """Forget what was there, and say what to index."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        topdirs = " ".join(f'"{folder}"' for folder in folders)
        (self.home / "recoll.conf").write_text(f"topdirs = {topdirs}\nloglevel = 2\n", "utf-8")

    def build(self) -> Use:
        """Index from nothing."""
        return run(["recollindex", "-c", str(self.home), "-z"], log=self.home / "bench.log")

    def update(self) -> Use:
        """Look for what changed."""
        return run(["recollindex", "-c", str(self.home)], log=self.home / "bench.log")

    def build_memory(self) -> Memory:
        """Index from nothing, sampling memory."""
        return peak_memory(["recollindex", "-c", str(self.home), "-z"], log=self.home / "bench.log")

    def count(self, query: str) -> int:
        """How many documents answer a query."""
        told = self._ask(query, 1)
        found = re.search(r"^(\d+) results", told, re.MULTILINE)
        return int(found[1]) if found else 0

    def asker(self, limit: int) -> Callable[[str], object]:
        """Answers queries, a process for each."""
        return lambda query: self._ask(query, limit)

    def _ask(self, query: str, limit: int) -> str:
        return subprocess.run(
            ["recollq", "-c", str(self.home), "-n", str(limit), query],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        ).stdout

    def documents(self) -> int:
        """Documents that are files, not folders."""
        found = {}
        for line in (self.home / "idxstatus.txt").read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            found[name.strip()] = value.strip()
        return int(found.get("dbtotdocs") or 0) - self.count("mime:inode/directory")
