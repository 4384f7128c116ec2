"""What needs a person, asked of the ledger: by cause, by the program that could read it, and what is out of reach."""

from collections.abc import Sequence
from typing import Final

from ingest_desktop.domain.causes import NOT_RECOGNISED, Cause, Tool, cause_of, codes_of
from ingest_desktop.domain.interfaces.repository import OutOfReach
from ingest_desktop.infrastructure.database import from_db_path, reading
from ingest_desktop.infrastructure.ledger_base import LedgerBase, as_json, outcome_of, parts_of
from ingest_desktop.infrastructure.ledger_schema import ATTENTION_SQL

_BY_CAUSE: Final = (
    "SELECT iif(status = 'failed', coalesce(error_code, 'ingest'), NULL), outcome, gaps > 0, count(*) FROM ingest_jobs "
    f"INDEXED BY ix_attention WHERE {ATTENTION_SQL} AND (?1 IS NULL OR kb_id = ?1) GROUP BY 1, 2, 3"
)
_READABLE: Final = {
    # Empty or with pages that are pictures, and read without the program: its recipe would name it.
    Tool.RECOGNITION: (
        "SELECT j.id FROM ingest_jobs j INDEXED BY ix_attention LEFT JOIN job_receipts r ON r.job_id = j.id "
        f"WHERE {ATTENTION_SQL} AND (?1 IS NULL OR kb_id = ?1) AND status = 'completed' AND (outcome = 'empty' "
        f"OR instr(coalesce(r.json ->> '$.units_failed', ''), '{NOT_RECOGNISED}') > 0) "
        "AND byte_size > 0 AND (mime_type = 'application/pdf' OR mime_type LIKE 'image/%') "
        "AND instr(coalesce(r.json ->> '$.recipe', ''), ' ocr=') = 0 ORDER BY j.id"
    ),
    Tool.OFFICE: (
        f"SELECT id FROM ingest_jobs INDEXED BY ix_attention WHERE {ATTENTION_SQL} AND (?1 IS NULL OR kb_id = ?1) "
        "AND status = 'failed' AND error_code = 'unsupported_format' AND error_message LIKE '%without LibreOffice%' "
        "ORDER BY id"
    ),
}
_RETRYABLE: Final = (
    "SELECT count(*) FROM ingest_jobs WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL "
    "AND (status IN ('failed', 'cancelled') OR (status = 'completed' AND (outcome = 'empty' OR gaps > 0)))"
)
_LEFT_OUT: Final = (
    "SELECT count(*) FROM ingest_jobs INDEXED BY ix_left_out WHERE outcome = 'left_out' AND deleted_at IS NULL"
)
_UNREACHED: Final = sorted(codes_of(Cause.GONE) | codes_of(Cause.FORBIDDEN))
_OUT_OF_REACH: Final = (
    f"SELECT id, source_path FROM ingest_jobs INDEXED BY ix_status WHERE status = 'failed' AND deleted_at IS NULL "
    f"AND id > ? AND error_code IN ({', '.join('?' * len(_UNREACHED))}) ORDER BY id LIMIT ?"
)


class LedgerAttention(LedgerBase):
    """Reads; each question is a walk over the few jobs that need a person."""

    def causes(self, kb_id: str | None = None) -> dict[Cause, int]:
        """See ``Repository``."""
        found: dict[Cause, int] = {}
        with reading(self.engine) as connection:
            for code, outcome, gaps, count in connection.exec_driver_sql(_BY_CAUSE, (kb_id,)):
                cause = cause_of(code, outcome_of(outcome or None), int(gaps))
                if cause is not None:
                    found[cause] = found.get(cause, 0) + int(count)
        return found

    def count_retryable(self, job_ids: Sequence[int]) -> int:
        """See ``Repository``. By the same rule as ``may_retry``."""
        found = 0
        for part in parts_of(job_ids):
            with reading(self.engine) as connection:
                found += int(connection.exec_driver_sql(_RETRYABLE, (as_json(part),)).scalar_one())
        return found

    def count_left_out(self) -> int:
        """See ``Repository``. Read from an index that holds nothing else."""
        with reading(self.engine) as connection:
            return int(connection.exec_driver_sql(_LEFT_OUT).scalar_one())

    def readable_with(self, tool: Tool, kb_id: str | None = None) -> list[int]:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            return list(connection.exec_driver_sql(_READABLE[tool], (kb_id,)).scalars())

    def out_of_reach(self, *, after: int = 0, limit: int = 200) -> list[OutOfReach]:
        """See ``Repository``."""
        with reading(self.engine) as connection:
            rows = connection.exec_driver_sql(_OUT_OF_REACH, (after, *_UNREACHED, limit))
            return [OutOfReach(job_id, from_db_path(path)) for job_id, path in rows]
