"""A damaged knowledge base holds up itself alone: its jobs are paused until it is repaired, and the others go on.

So does one that a newer version of the program wrote. ``app_state`` remembers why it was paused, so that a repair, or
the newer version, wakes what no person had put to sleep.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from ingest_desktop.domain.enums import Actor, JobEvent, PauseScope
from ingest_desktop.domain.errors import LedgerDamaged, NotFoundError, StoreDamaged, StoreTooNew
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.database import make_private_file, reading, writing
from ingest_desktop.infrastructure.ledger import LEDGER_FILE, Ledger

MARK: Final = "ledger.damaged"  # beside the list of jobs: damage was found in it while it was in use
_KEYS: Final = {StoreDamaged.code: "damaged:", StoreTooNew.code: "newer:"}
REASON: Final = "the knowledge base is damaged"
REASON_NEWER: Final = "a newer version of the program wrote the knowledge base"
READABLE: Final = "this version of the program can read the knowledge base"
_REASONS: Final = {StoreDamaged.code: (REASON, "it was repaired"), StoreTooNew.code: (REASON_NEWER, READABLE)}


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


def hold_damaged(ledger: Ledger, kb_id: str, code: str = StoreDamaged.code) -> bool:
    """Pause a knowledge base that cannot be used, for what ``code`` says; False when it is paused already or not listed."""
    bases = {base.kb_id: base for base in ledger.knowledge_bases()}
    if kb_id not in bases or bases[kb_id].paused:
        return False
    with writing(ledger.engine) as connection:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO app_state (key, value) VALUES (?, 1)", (_KEYS[code] + kb_id,)
        )
    scope = PauseScope.KNOWLEDGE_BASE
    ledger.set_paused(scope, kb_id, True)
    reason, _ = _REASONS[code]
    ledger.act(JobSelector(kb_id=kb_id), JobEvent.PAUSE, actor=Actor.RECOVERY, scope=scope, reason=reason)
    return True


def let_go_repaired(ledger: Ledger, kb_id: str, code: str = StoreDamaged.code) -> bool:
    """Wake what the damage (or what else ``code`` says) had paused; False when a person had paused it, or nobody."""
    with writing(ledger.engine) as connection:
        key = _KEYS[code] + kb_id
        was_ours = connection.exec_driver_sql("DELETE FROM app_state WHERE key = ?", (key,)).rowcount > 0
    if not was_ours:
        return False
    scope = PauseScope.KNOWLEDGE_BASE
    try:
        ledger.set_paused(scope, kb_id, False)
        _, reason = _REASONS[code]
        ledger.act(JobSelector(kb_id=kb_id), JobEvent.RESUME, actor=Actor.RECOVERY, scope=scope, reason=reason)
    except NotFoundError:  # it was deleted for good meanwhile
        return False
    return True


def damaged_bases(ledger: Ledger, code: str = StoreDamaged.code) -> list[str]:
    """Knowledge bases that damage (or what else ``code`` says) has paused and nobody has repaired."""
    prefix = _KEYS[code]
    with reading(ledger.engine) as connection:
        keys = connection.exec_driver_sql("SELECT key FROM app_state WHERE key LIKE ? || '%'", (prefix,)).scalars()
        return [str(key).removeprefix(prefix) for key in keys]
