"""Repairing a store: what ``ingest repair`` and the window's button call. Needs no open ``App``, and mostly no sound ledger.

A door like ``bootstrap``: it knows the rooms that it puts to work.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.errors import LedgerDamaged, NotFoundError, StoreDamaged
from ingest_desktop.domain.interfaces.checks import Mended, RepairReport, Unsaved
from ingest_desktop.infrastructure.checks import check_store
from ingest_desktop.infrastructure.content_fixes import LOST_TEXT, jobs_to_read_again
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.damage import unmark_ledger
from ingest_desktop.infrastructure.database import writing
from ingest_desktop.infrastructure.fixes import mend_store
from ingest_desktop.infrastructure.holding import let_go
from ingest_desktop.infrastructure.ledger import LEDGER_FILE, Ledger
from ingest_desktop.infrastructure.ledger_fixes import queue_again
from ingest_desktop.infrastructure.repair import problem_of, repair_content, repair_ledger
from ingest_desktop.infrastructure.swapping import finish_swap

Progress = Callable[[str], None]
# Trouble of files that are sound as files: text that is lost, and rows that no row can be.
_MENDED: Final = frozenset(
    "document_missing chunks_missing unknown_status unknown_value receipt_unreadable illegal_transition".split()
)


def repair(settings: Settings, *, kb: str | None = None, progress: Progress = lambda _text: None) -> RepairReport:
    """Look for damage in a store, and mend it. Blocks, for minutes with a large store: call it in a thread of its own.

    No ``App`` of any process may have open what is damaged. What is sound is not touched, and a damaged file is kept beside
    the new one. Files whose text was lost are queued to be read again; nothing is started. Jobs that could not be
    saved are told of by the call that lost them, and never again.

    Args:
        kb: Name or id of a knowledge base: only that one is looked at, and the ledger. None: all of them.
        progress: Told a sentence at each step, in this thread.

    Raises:
        NotFoundError: There is no such knowledge base, or no store.
        StoreBusy: Another program has it open, or is repairing it.
        StoreTooNew: It was written by a newer version of the program.
        StoreReadOnly, StoreFull, StoreError: The mended file cannot be written; the damaged one is as it was.
    """
    root = settings.data_root
    if not root.exists():
        raise NotFoundError(f"There is no store in {root}.")
    done: list[Mended] = []
    unsaved: Unsaved | None = None
    path = root / LEDGER_FILE
    finish_swap(path)
    progress("Looking at the list of jobs.")
    if problem_of(path) is not None:
        done, unsaved = repair_ledger(root, progress)
    try:
        ledger = _open_ledger(settings)
    except LedgerDamaged:  # sound as a file, and no list of ours
        again, unsaved = repair_ledger(root, progress)
        done += again
        ledger = _open_ledger(settings)
    unmark_ledger(root)
    contents = KnowledgeBaseStores(
        root / "knowledge_bases",
        backup_dir=root / "backups",
        busy_timeout_seconds=settings.busy_timeout,
        owes_text=ledger.owes_text,
        ledger=ledger.path,
    )
    try:
        for kb_id in _wanted(ledger, kb):
            progress("Looking at a knowledge base.")
            done += _repair_base(ledger, contents, root, kb_id, progress)
        progress("Checking the store.")
        findings = check_store(ledger, contents)
        if done or any(finding.code in _MENDED for finding in findings):
            # Two files that were mended by themselves may disagree still: what of that can be derived is.
            mended, findings = mend_store(ledger, contents, findings)
            done += mended
        return RepairReport(tuple(done), tuple(findings), unsaved)
    finally:
        contents.close()
        ledger.close()


def _open_ledger(settings: Settings) -> Ledger:
    return Ledger(settings.data_root, busy_timeout_seconds=settings.busy_timeout, queue_limit=settings.queue_limit)


def _wanted(ledger: Ledger, kb: str | None) -> list[str]:
    bases = ledger.knowledge_bases()
    if kb is None:
        return [base.kb_id for base in bases]
    found = [base.kb_id for base in bases if kb == base.kb_id or kb.casefold() == base.name.casefold()]
    if not found:
        raise NotFoundError(f"There is no knowledge base {kb!r}.")
    return found[:1]


def _repair_base(
    ledger: Ledger, contents: KnowledgeBaseStores, root: Path, kb_id: str, progress: Progress
) -> list[Mended]:
    path = root / "knowledge_bases" / kb_id / "kb.db"
    finish_swap(path)
    has_work = bool(ledger.counts().total(kb_id))
    if not path.exists() and not has_work:
        return []
    if problem_of(path) is None and _opens(contents, kb_id):
        if let_go(ledger, kb_id):  # the disk did not give it for a while
            return [Mended("store_damaged", kb_id, "it is sound and was paused for damage: its jobs go on")]
        return []
    return [*repair_content(path, progress), *read_again(ledger, contents, kb_id)]


def _opens(contents: KnowledgeBaseStores, kb_id: str) -> bool:
    try:
        contents.of(kb_id)
    except StoreDamaged:
        return False
    contents.release(kb_id)  # whoever mends it must be alone with it
    return True


def read_again(ledger: Ledger, contents: KnowledgeBaseStores, kb_id: str) -> list[Mended]:
    """Queue the files whose text a repaired knowledge base lacks, and let go of what its damage had paused."""
    again = jobs_to_read_again(ledger, contents.of(kb_id))
    with writing(ledger.engine) as connection:
        number = queue_again(connection, again, LOST_TEXT)
    let_go(ledger, kb_id)
    return [Mended("document_missing", kb_id, f"files queued to be read again: {number}")] if number else []
