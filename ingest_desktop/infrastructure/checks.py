"""``ingest check``: the promises, asked of a store as questions whose answer must be "none".

Reads a store that may be in use; each database is seen at one moment. Jobs that end while the check runs may be in
one moment and not in the other, so what is compared across files is only what was complete before. What can be mended
is mended by ``fixes``.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from ingest_desktop.domain.errors import LedgerDamaged, StoreError, StoreForbidden, StoreTooNew
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.agreement import disagreements, without_job
from ingest_desktop.infrastructure.content_checks import check_content
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import from_db_path, reading
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_checks import check_ledger
from ingest_desktop.infrastructure.questions import MOST, UNASKED

LEFTOVER_SECONDS: Final = 3600.0  # half a file that nobody touched for so long is nobody's any more


def check_store(ledger: Ledger, contents: KnowledgeBaseStores) -> list[Finding]:
    """Every finding. Raises nothing for a damaged file: that is a finding, too.

    Of knowledge bases that may not be written, the full text is not compared with the text: FTS5 asks for a command.

    Raises:
        StoreBusy, StoreFull, StoreFaulty: A store could not be asked, which says nothing about it.
    """
    findings = list(check_ledger(ledger))
    findings += [Finding("leftover_file", "ledger", f"half of a file: {path}") for path in leftovers(ledger.root)]
    try:
        for path in unlisted(ledger):
            text = f"{path} holds a knowledge base that is not listed"
            findings.append(Finding("knowledge_base_unlisted", "ledger", text))
        bases = [base.kb_id for base in ledger.knowledge_bases()]
    except (StoreError, DBAPIError) as error:
        code = error.code if isinstance(error, StoreError) else LedgerDamaged.code
        return [*findings, Finding(code, "ledger", str(error))]
    for kb_id in bases:
        try:
            store = contents.of(kb_id)
            findings += check_content(store)
            findings += _check_across(ledger, store)
        except LedgerDamaged as error:
            findings.append(Finding(error.code, "ledger", str(error)))
        except UNASKED:
            raise
        except (StoreTooNew, StoreForbidden) as error:  # not for a repair
            findings.append(Finding(error.code, kb_id, str(error)))
        except (StoreError, DBAPIError) as error:
            findings.append(Finding("store_damaged", kb_id, str(error)))
    return findings


def unlisted(ledger: Ledger) -> list[Path]:
    """Files of knowledge bases that the list of jobs does not know, and is not about to remove."""
    sql = (
        "SELECT kb_id FROM knowledge_bases UNION SELECT kb_id FROM outbox WHERE op = 'drop' UNION "
        "SELECT kb_id FROM ingest_batches UNION SELECT kb_id FROM ingest_jobs"
    )
    found = sorted((ledger.root / "knowledge_bases").glob("*/kb.db"))  # first: one that is being made is listed already
    with reading(ledger.engine) as connection:
        known = set(connection.exec_driver_sql(sql).scalars())
    return [path for path in found if path.parent.name not in known and path.stat().st_size > 0]


def leftovers(root: Path) -> list[Path]:
    """Pieces of files below the data folder that were never finished and are nobody's any more."""
    before = time.time() - LEFTOVER_SECONDS
    found = [*(root / "staged").rglob(".new-*"), *(root / "backups").rglob("*.part")]
    return sorted(path for path in found if path.is_file() and path.stat().st_mtime < before)


def _check_across(ledger: Ledger, store: KnowledgeBaseStore) -> Iterator[Finding]:
    """What an undeleted completed job brought must be there, unless a later job of its path replaced it or is about to;
    and what can be found must have a job in the list."""
    yield from disagreements(ledger, store).findings(store.kb_id, MOST)
    jobless = without_job(ledger, store)
    if jobless:  # a deletion may have been told between the two looks
        jobless &= without_job(ledger, store)
    for path in sorted(jobless, key=repr)[:MOST]:
        yield Finding(
            "found_without_job", store.kb_id, f"{from_db_path(path)} can be found, but no job of it is listed"
        )
