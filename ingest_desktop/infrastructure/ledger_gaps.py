"""Which job of a path its gaps are counted with: the one that read the path last.

When a file is read again, and has changed or has fewer gaps by another recipe, those of its older jobs are no longer in what
can be found. So they count none from then on, and nothing that was mended stays in need of a person; their receipts go on
telling what they found. They stay the jobs that they were, in their drops: taking the newer drop back must not take the text
of an older one along. When the newer job is deleted, and an older one of the same content stands for the text, that one takes
over the gaps that the text has now.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.interfaces.repository import Ending
from ingest_desktop.infrastructure.database import to_db_path
from ingest_desktop.infrastructure.ledger_base import as_json

REPLACED: Final = "The file has changed since: a later job replaced this text."

_IDS: Final = "(SELECT value FROM json_each(?))"
_BROUGHT: Final = "(o.status = 'completed' OR o.document_id IS NOT NULL) AND o.status = 'completed'"  # by ix_brought
_SUPERSEDE: Final = (
    "UPDATE ingest_jobs AS o SET message = iif(checksum <> ?1, ?2, message), gaps = iif(outcome = 'empty', gaps, 0), "
    f"revision = ?3 WHERE kb_id = ?4 AND source_path = ?5 AND {_BROUGHT} AND id <> ?6 "
    "AND (checksum <> ?1 OR (?7 AND gaps > ?8 AND outcome <> 'empty'))"
)
_HELD: Final = (
    f"FROM ingest_jobs WHERE id IN {_IDS} AND gaps > 0 AND status = 'completed' AND outcome <> 'empty' "
    "AND checksum IS NOT NULL"
)
_HAND_OVER: Final = (
    "UPDATE ingest_jobs SET gaps = ?1, revision = ?2 WHERE gaps = 0 AND id = (SELECT max(id) FROM ingest_jobs AS o "
    f"INDEXED BY ix_brought WHERE kb_id = ?3 AND source_path = ?4 AND {_BROUGHT} AND deleted_at IS NULL AND checksum = ?5 "
    "AND outcome NOT IN ('empty', 'left_out'))"
)
_TAKE_BACK: Final = (
    f"UPDATE ingest_jobs AS o SET gaps = 0, revision = ?1 WHERE kb_id = ?2 AND source_path = ?3 AND {_BROUGHT} "
    "AND checksum = ?4 AND id <> ?5 AND gaps > 0 AND outcome <> 'empty' AND coalesce((SELECT "  # more than it was handed
    "json_array_length(r.json, '$.units_failed') FROM job_receipts r WHERE r.job_id = o.id), gaps) > ?6"
)


def supersede(connection: Connection, endings: Sequence[Ending], revision: int) -> None:
    """Older jobs of a path that was just read anew: those whose text was replaced say so, and none has gaps any more."""
    rows = [
        (
            ending.checksum, REPLACED, revision, ending.claim.kb_id, to_db_path(ending.claim.path), ending.claim.job_id,
            ending.outcome is Outcome.UPDATED, ending.gaps,
        )
        for ending in endings
        if ending.checksum and ending.outcome not in (None, Outcome.INGESTED, Outcome.UNCHANGED)
    ]  # fmt: skip
    if rows:
        connection.exec_driver_sql(_SUPERSEDE, rows)


def hand_over(connection: Connection, deleted: Sequence[int], revision: int) -> None:
    """These jobs were just deleted: the newest one left that stands for the same text has its gaps now."""
    sql = f"SELECT gaps, ?, kb_id, source_path, checksum {_HELD}"
    rows = connection.exec_driver_sql(sql, (revision, as_json(deleted))).fetchall()
    if rows:
        connection.exec_driver_sql(_HAND_OVER, [tuple(row) for row in rows])


def take_back(connection: Connection, restored: Sequence[int], revision: int) -> None:
    """These jobs came back out of the trash: those that had superseded others do so again."""
    sql = f"SELECT ?, kb_id, source_path, checksum, id, gaps {_HELD} AND outcome = 'updated'"
    rows = connection.exec_driver_sql(sql, (revision, as_json(restored))).fetchall()
    if rows:
        connection.exec_driver_sql(_TAKE_BACK, [tuple(row) for row in rows])
