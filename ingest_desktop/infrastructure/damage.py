"""A damaged knowledge base holds up itself alone: its jobs are paused until it is repaired, and the others go on.

``app_state`` remembers that it was the damage that paused it, so that a repair wakes what no person had put to sleep.
"""

from typing import Final

from ingest_desktop.domain.enums import Actor, JobEvent, PauseScope
from ingest_desktop.domain.errors import NotFoundError
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger import Ledger

_KEY: Final = "damaged:"
REASON: Final = "the knowledge base is damaged"


def hold_damaged(ledger: Ledger, kb_id: str) -> bool:
    """Pause a damaged knowledge base; False when it is paused already or not listed."""
    bases = {base.kb_id: base for base in ledger.knowledge_bases()}
    if kb_id not in bases or bases[kb_id].paused:
        return False
    with writing(ledger.engine) as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO app_state (key, value) VALUES (?, 1)", (_KEY + kb_id,))
    scope = PauseScope.KNOWLEDGE_BASE
    ledger.set_paused(scope, kb_id, True)
    ledger.act(JobSelector(kb_id=kb_id), JobEvent.PAUSE, actor=Actor.RECOVERY, scope=scope, reason=REASON)
    return True


def let_go_repaired(ledger: Ledger, kb_id: str) -> bool:
    """Wake what the damage had paused; False when a person had paused it, or nobody."""
    with writing(ledger.engine) as connection:
        was_ours = connection.exec_driver_sql("DELETE FROM app_state WHERE key = ?", (_KEY + kb_id,)).rowcount > 0
    if not was_ours:
        return False
    scope = PauseScope.KNOWLEDGE_BASE
    try:
        ledger.set_paused(scope, kb_id, False)
        ledger.act(
            JobSelector(kb_id=kb_id), JobEvent.RESUME, actor=Actor.RECOVERY, scope=scope, reason="it was repaired"
        )
    except NotFoundError:  # it was deleted for good meanwhile
        return False
    return True


def damaged_bases(ledger: Ledger) -> list[str]:
    """Knowledge bases that damage has paused and nobody has repaired."""
    with reading(ledger.engine) as connection:
        keys = connection.exec_driver_sql("SELECT key FROM app_state WHERE key LIKE 'damaged:%'").scalars()
        return [str(key).removeprefix(_KEY) for key in keys]
