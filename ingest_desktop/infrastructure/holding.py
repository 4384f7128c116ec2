"""A knowledge base that cannot be used holds up itself alone: its jobs are paused until it can, and the others go on.

One that is damaged waits to be repaired, one that a newer version of the program wrote waits for that version, and one
whose file may not be written waits until it may.
``app_state`` remembers why it was paused, so that what ends the trouble wakes what no person had put to sleep.
"""

from typing import Final, NamedTuple

from ingest_desktop.domain.enums import Actor, JobEvent, PauseScope
from ingest_desktop.domain.errors import NotFoundError, StoreDamaged, StoreForbidden, StoreTooNew
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.infrastructure.database import reading, writing
from ingest_desktop.infrastructure.ledger import Ledger


class Hold(NamedTuple):
    """Why a knowledge base is held: the beginning of its key in ``app_state``, and what its jobs' history tells."""

    key: str
    reason: str
    over: str


HOLDS: Final = {
    StoreDamaged.code: Hold("damaged:", "the knowledge base is damaged", "it was repaired"),
    StoreTooNew.code: Hold(
        "newer:",
        "a newer version of the program wrote the knowledge base",
        "this version of the program can read the knowledge base",
    ),
    StoreForbidden.code: Hold(
        "forbidden:", "the knowledge base's file may not be written", "the knowledge base's file may be written again"
    ),
}
"""By the code of the error that tells of it."""


def hold_base(ledger: Ledger, kb_id: str, code: str = StoreDamaged.code) -> bool:
    """Pause a knowledge base that cannot be used, for what ``code`` says; False when it is paused already or not listed."""
    bases = {base.kb_id: base for base in ledger.knowledge_bases()}
    if kb_id not in bases or bases[kb_id].paused:
        return False
    hold = HOLDS[code]
    with writing(ledger.engine) as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO app_state (key, value) VALUES (?, 1)", (hold.key + kb_id,))
    scope = PauseScope.KNOWLEDGE_BASE
    ledger.set_paused(scope, kb_id, True)
    ledger.act(JobSelector(kb_id=kb_id), JobEvent.PAUSE, actor=Actor.RECOVERY, scope=scope, reason=hold.reason)
    return True


def let_go(ledger: Ledger, kb_id: str, code: str = StoreDamaged.code) -> bool:
    """Wake what was held for what ``code`` says; False when a person had paused it, or nobody."""
    hold = HOLDS[code]
    key, scope = hold.key + kb_id, PauseScope.KNOWLEDGE_BASE
    with reading(ledger.engine) as connection:
        is_ours = connection.exec_driver_sql("SELECT 1 FROM app_state WHERE key = ?", (key,)).first() is not None
    if not is_ours:
        return False
    try:
        ledger.set_paused(scope, kb_id, False)
        ledger.act(JobSelector(kb_id=kb_id), JobEvent.RESUME, actor=Actor.RECOVERY, scope=scope, reason=hold.over)
    except NotFoundError:  # it was deleted for good meanwhile
        is_ours = False
    with writing(
        ledger.engine
    ) as connection:  # last: what was not written till its end is done again, and not forgotten
        connection.exec_driver_sql("DELETE FROM app_state WHERE key = ?", (key,))
    return is_ours


def held_bases(ledger: Ledger) -> dict[str, str]:
    """The knowledge bases that are held, each with the code of the error that it is held for; no deleted ones."""
    with reading(ledger.engine) as connection:
        keys = {str(key) for key in connection.exec_driver_sql("SELECT key FROM app_state").scalars()}
    bases = [base.kb_id for base in ledger.knowledge_bases()]
    return {kb_id: code for code, hold in HOLDS.items() for kb_id in bases if hold.key + kb_id in keys}
