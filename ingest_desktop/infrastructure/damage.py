"""The list of jobs in which damage was found is marked, so that the next start looks through it before it is used."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from ingest_desktop.domain.errors import LedgerDamaged
from ingest_desktop.infrastructure.database import make_private_file
from ingest_desktop.infrastructure.ledger import LEDGER_FILE

MARK: Final = "ledger.damaged"  # beside the list of jobs: damage was found in it while it was in use


def mark_ledger(root: Path, problem: str) -> None:
    """Remember that the list of jobs is damaged: it may open at the next start, and still have to be repaired."""
    with suppress(OSError):  # no room, perhaps: the next look finds the damage again
        make_private_file(root / MARK)
        (root / MARK).write_text(problem, "utf-8")


def refuse_marked_ledger(root: Path) -> None:
    """Raise for a list of jobs in which damage was found, and is still there. Reads all of it, when it is marked.

    Raises:
        LedgerDamaged: It has to be repaired.
    """
    if not (root / MARK).exists():
        return
    from ingest_desktop.infrastructure.repair import problem_of

    path = root / LEDGER_FILE
    problem = problem_of(path)
    if problem is not None:
        raise LedgerDamaged(f"The list of jobs is damaged ({problem}): {path}.")
    unmark_ledger(root)


def unmark_ledger(root: Path) -> None:
    """It was repaired, or the disk gives what it did not give."""
    with suppress(OSError):
        (root / MARK).unlink(missing_ok=True)
