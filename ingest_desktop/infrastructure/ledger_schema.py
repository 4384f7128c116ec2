"""The shape of ``ledger.db``: tables, the indexes its questions need, and the triggers that keep its counters.

Times are whole microseconds since 1970 in UTC. A path is TEXT, or BLOB when its name is not valid Unicode.
Indexes are partial where they can be, so that a change of status touches few of them: adding, claiming and
ending a job are what happens a million times.
"""

from typing import Final

from ingest_desktop.domain.enums import ACTIVE
from ingest_desktop.infrastructure.migrations import Migration

LIBRARY_ID: Final = "library"
LIBRARY_NAME: Final = "Library"

ACTIVE_SQL: Final = "active = 1 AND deleted_at IS NULL"
QUEUED_SQL: Final = "status = 'queued' AND deleted_at IS NULL"
CLAIMABLE_SQL: Final = f"{QUEUED_SQL} AND due_at IS NULL"
ATTENTION_SQL: Final = "(status = 'failed' OR outcome = 'empty' OR gaps > 0) AND deleted_at IS NULL"

# What the counters tell apart. Waiting and running jobs are counted as one, "open": so claiming a job and giving
# it back, the most frequent changes, count nothing. The few that run are counted when someone asks.
COUNTED: Final = ("open", "paused", "completed", "failed", "cancelled", "attention", "gaps")
_OPEN: Final = "('queued', 'running')"
_ACTIVE: Final = ", ".join(f"'{status.value}'" for status in sorted(ACTIVE))

_TABLES: Final = (
    """
    CREATE TABLE app_state (key TEXT PRIMARY KEY, value) WITHOUT ROWID
    """,
    """
    CREATE TABLE knowledge_bases (
        kb_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,             -- casefolded: names are unique whatever their case
        paused INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        deleted_at INTEGER,
        deletion_id INTEGER
    )
    """,
    "CREATE UNIQUE INDEX ux_kb_name ON knowledge_bases (name_key) WHERE deleted_at IS NULL",
    """
    CREATE TABLE ingest_batches (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kb_id TEXT NOT NULL REFERENCES knowledge_bases (kb_id),
        label TEXT NOT NULL,
        origin TEXT NOT NULL,
        priority INTEGER NOT NULL DEFAULT 0,
        paused INTEGER NOT NULL DEFAULT 0,
        discovering INTEGER NOT NULL DEFAULT 1,
        found INTEGER NOT NULL DEFAULT 0,
        already_listed INTEGER NOT NULL DEFAULT 0,
        unchanged INTEGER NOT NULL DEFAULT 0,
        skipped TEXT NOT NULL DEFAULT '{}',
        created_at INTEGER NOT NULL,
        finished_at INTEGER,
        deleted_at INTEGER
    )
    """,
    "CREATE INDEX ix_batch_kb ON ingest_batches (kb_id)",
    "CREATE INDEX ix_batch_discovering ON ingest_batches (id) WHERE discovering = 1",
    """
    CREATE TABLE ingest_sources (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        batch_id INTEGER NOT NULL REFERENCES ingest_batches (id),
        kind TEXT NOT NULL,
        path NOT NULL
    )
    """,
    "CREATE INDEX ix_source_batch ON ingest_sources (batch_id)",
    """
    CREATE TABLE ingest_jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kb_id TEXT NOT NULL,
        batch_id INTEGER NOT NULL,
        source_path NOT NULL,
        original_filename TEXT NOT NULL,
        byte_size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL,
        status TEXT NOT NULL,
        active INTEGER CHECK ((active IS 1) = (status IN (%ACTIVE%))),  -- 1 or null, so that a claim leaves ux_active alone
        priority INTEGER NOT NULL,
        queue_position INTEGER NOT NULL,    -- below 0: moved to the front by hand
        revision INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        phase TEXT NOT NULL DEFAULT 'waiting',
        outcome TEXT,
        progress REAL NOT NULL DEFAULT 0,
        unit TEXT NOT NULL DEFAULT 'byte',
        units_done INTEGER NOT NULL DEFAULT 0,
        units_total INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        pause_scope TEXT,
        due_at INTEGER,                     -- a retry that waits; cleared once it is due
        worker_id TEXT,
        token INTEGER,
        mime_type TEXT,
        checksum TEXT,
        error_code TEXT,
        error_message TEXT,
        message TEXT,
        document_id TEXT,
        dead_lettered INTEGER NOT NULL DEFAULT 0,
        chunk_count INTEGER NOT NULL DEFAULT 0,
        started_at INTEGER,
        completed_at INTEGER,
        deleted_at INTEGER,
        deletion_id INTEGER
    )
    """.replace("%ACTIVE%", _ACTIVE),
    """
    CREATE TABLE job_history (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        from_status TEXT,
        to_status TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT
    )
    """,
    "CREATE INDEX ix_history_job ON job_history (job_id)",
    "CREATE TABLE job_receipts (job_id INTEGER PRIMARY KEY, json TEXT NOT NULL)",
    """
    CREATE TABLE workers (
        id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        pid INTEGER NOT NULL,
        registered_at INTEGER NOT NULL,
        lease_until INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE deletions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token TEXT NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        kb_id TEXT,                         -- set when the whole knowledge base went
        batch_id INTEGER                    -- set when the whole batch went
    )
    """,
    # What the content store has yet to be told. Content and ledger are two files, so it is told at least once.
    """
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kb_id TEXT NOT NULL,
        op TEXT NOT NULL,                   -- hide, show, purge (a path), drop (the knowledge base)
        path NOT NULL,
        at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX ix_outbox_path ON outbox (kb_id, path)",
    # One row for each knowledge base ("kb:" and its id) and each batch ("batch:" and its id).
    """
    CREATE TABLE counters (
        scope TEXT PRIMARY KEY,
        open INTEGER NOT NULL DEFAULT 0,    -- queued or running
        paused INTEGER NOT NULL DEFAULT 0,
        completed INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        cancelled INTEGER NOT NULL DEFAULT 0,
        attention INTEGER NOT NULL DEFAULT 0    -- failed, empty, or with gaps
    ) WITHOUT ROWID
    """,
    "CREATE TABLE failure_counters (error_code TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
    # Filled and emptied by whoever adds and removes jobs, many at once: a trigger for each row costs five times as much,
    # because every statement inside a trigger makes FTS5 write out what it has gathered.
    "CREATE VIRTUAL TABLE job_names USING fts5"
    "(original_filename, content='ingest_jobs', content_rowid='id', tokenize='trigram')",
)

_INDEXES: Final = (
    # A path is active once in a knowledge base. Also answers "is it in the list already?".
    f"CREATE UNIQUE INDEX ux_active ON ingest_jobs (kb_id, source_path) WHERE {ACTIVE_SQL}",
    # Whether a path's content is still wanted by some job.
    "CREATE INDEX ix_completed_path ON ingest_jobs (kb_id, source_path, deleted_at) WHERE status = 'completed'",
    # Claims: the highest priority by one seek, its batches by one seek each, then the rows in order.
    f"CREATE INDEX ix_claim ON ingest_jobs (priority, batch_id, queue_position) WHERE {CLAIMABLE_SQL}",
    f"CREATE INDEX ix_waiting ON ingest_jobs (priority DESC, queue_position, id) WHERE {QUEUED_SQL}",
    f"CREATE INDEX ix_due ON ingest_jobs (due_at) WHERE {QUEUED_SQL} AND due_at IS NOT NULL",
    # Lists.
    "CREATE INDEX ix_order ON ingest_jobs (priority DESC, queue_position, id) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_added ON ingest_jobs (batch_id DESC, id) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_status ON ingest_jobs (status, batch_id DESC, id) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_revision ON ingest_jobs (revision, id, deleted_at)",
    "CREATE INDEX ix_deleted ON ingest_jobs (deleted_at) WHERE deleted_at IS NOT NULL",
    "CREATE INDEX ix_deletion ON ingest_jobs (deletion_id) WHERE deletion_id IS NOT NULL",
)


def counted_terms(row: str) -> dict[str, str]:
    """What a row adds to each counter: 0 or 1, in the order of ``COUNTED``."""
    live = f"({row}.deleted_at IS NULL)"
    terms = {name: f"({row}.status = '{name}') * {live}" for name in COUNTED[1:-2]}
    return {
        "open": f"({row}.status IN {_OPEN}) * {live}",
        **terms,
        "attention": f"({row}.status = 'failed' OR {row}.outcome IS 'empty' OR {row}.gaps > 0) * {live}",
        "gaps": f"({row}.gaps > 0 AND {row}.outcome IS NOT 'empty') * {live}",
    }


def _count(row: str, sign: str) -> str:
    """Assignments that add a job's row to its counters ("+") or take it out ("-")."""
    return ", ".join(f"{name} = {name} {sign} {term}" for name, term in counted_terms(row).items())


def _recount() -> str:
    """Assignments for a change: the new row in, the old row out, in one update."""
    old = counted_terms("old")
    return ", ".join(f"{name} = {name} + {term} - {old[name]}" for name, term in counted_terms("new").items())


def _failure(row: str, step: int) -> str:
    return (
        f"INSERT INTO failure_counters (error_code, n) SELECT coalesce({row}.error_code, 'ingest'), {step} "
        f"WHERE {row}.status = 'failed' AND {row}.deleted_at IS NULL "
        f"ON CONFLICT (error_code) DO UPDATE SET n = n + {step};"
    )


_SCOPES: Final = "scope IN ('kb:' || {0}.kb_id, 'batch:' || {0}.batch_id)"

_TRIGGERS: Final = (
    "CREATE TRIGGER kb_counters AFTER INSERT ON knowledge_bases "
    "BEGIN INSERT INTO counters (scope) VALUES ('kb:' || new.kb_id); END",
    "CREATE TRIGGER batch_counters AFTER INSERT ON ingest_batches "
    "BEGIN INSERT INTO counters (scope) VALUES ('batch:' || new.id); END",
    "CREATE TRIGGER job_failure_changed AFTER UPDATE OF status, deleted_at, error_code ON ingest_jobs "
    "WHEN old.status = 'failed' OR new.status = 'failed' "
    f"BEGIN {_failure('old', -1)} {_failure('new', 1)} END",
)

_COUNTING: Final = (
    # Jobs are added in one place, `ledger_adding`, which counts a thousand in one statement. A trigger, whatever it does,
    # makes SQLite keep a journal of each statement: adding a job then costs three times as much.
    "CREATE TRIGGER job_changed AFTER UPDATE OF status, deleted_at, outcome, gaps ON ingest_jobs "
    f"WHEN (old.status <> new.status AND NOT (old.status IN {_OPEN} AND new.status IN {_OPEN})) "
    "OR old.deleted_at IS NOT new.deleted_at OR old.outcome IS NOT new.outcome OR old.gaps <> new.gaps "
    f"BEGIN UPDATE counters SET {_recount()} WHERE {_SCOPES.format('new')}; END",
    "CREATE TRIGGER job_removed AFTER DELETE ON ingest_jobs BEGIN "
    f"UPDATE counters SET {_count('old', '-')} WHERE {_SCOPES.format('old')}; "
    f"{_failure('old', -1)} END",
)

_FIRST_ROWS: Final = (
    "INSERT INTO app_state (key, value) VALUES ('revision', 0), ('app_paused', 0), ('front', 0), ('back', 0)",
    "INSERT INTO knowledge_bases (kb_id, name, name_key, created_at) "
    f"VALUES ('{LIBRARY_ID}', '{LIBRARY_NAME}', '{LIBRARY_NAME.casefold()}', "
    "CAST(strftime('%s', 'now') AS INTEGER) * 1000000)",
)

LEDGER_MIGRATIONS: Final = (
    Migration(1, "the ledger", (*_TABLES, *_INDEXES, *_TRIGGERS, *_FIRST_ROWS)),
    Migration(
        2,
        "jobs are counted where they are added",
        ("DROP TRIGGER IF EXISTS job_inserted", "DROP TRIGGER IF EXISTS job_failed_inserted"),
    ),
    Migration(
        3,
        "gaps and crashes of jobs",
        (
            "ALTER TABLE ingest_jobs ADD COLUMN gaps INTEGER NOT NULL DEFAULT 0",  # units that could not be read
            "ALTER TABLE ingest_jobs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0",  # processes that died over the file
            "ALTER TABLE counters ADD COLUMN gaps INTEGER NOT NULL DEFAULT 0",
            "DROP INDEX IF EXISTS ix_attention",
            f"CREATE INDEX ix_attention ON ingest_jobs (batch_id DESC, id) WHERE {ATTENTION_SQL}",
            "DROP TRIGGER IF EXISTS job_changed",
            "DROP TRIGGER IF EXISTS job_removed",
            *_COUNTING,
        ),
    ),
    Migration(
        4,
        "jobs stand for what they brought while they are tried again",
        (
            "DROP INDEX IF EXISTS ix_completed_path",
            # Whether a path's content is still wanted by some job.
            "CREATE INDEX ix_brought ON ingest_jobs (kb_id, source_path, deleted_at) "
            "WHERE status = 'completed' OR document_id IS NOT NULL",
        ),
    ),
    Migration(
        5,
        "files that turn out to be no documents when they are read",
        # How many of a batch, and of what: asked for with every look at its counts.
        (
            "CREATE INDEX ix_left_out ON ingest_jobs (batch_id, mime_type) WHERE outcome = 'left_out' AND deleted_at IS NULL",
        ),
    ),
)
