"""The tables of a knowledge base's own file.

A chunk's rowid is ``segment id << SEGMENT_SHIFT | index in the segment``: it needs no second index, a
segment is one range of rows, and rows arrive in ascending order, which FTS5 likes best. The full text
keeps no copy of the text (external content). 16 KiB pages and rare merges made building it a quarter
cheaper than the defaults on 33 MB of documentation.
"""

from typing import Final

from ingest_desktop.infrastructure.migrations import Migration

SEGMENT_SHIFT: Final = 20  # a segment holds at most 2**20 chunks
PAGE_BYTES: Final = 16_384

_TABLES: Final = (
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id TEXT NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE versions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sha256 TEXT NOT NULL,
        recipe TEXT NOT NULL,
        document INTEGER,              -- of which document it is the version; NULL while it is built or once it is replaced
        live INTEGER NOT NULL DEFAULT 0,
        media_type TEXT NOT NULL,
        unit TEXT NOT NULL,
        units INTEGER NOT NULL,
        segments INTEGER NOT NULL,     -- how many there will be
        chunks INTEGER NOT NULL DEFAULT 0,
        title TEXT,
        encoding TEXT,
        metadata TEXT NOT NULL DEFAULT '{}',
        warnings TEXT NOT NULL DEFAULT '[]',
        touched_at TEXT NOT NULL,
        UNIQUE (sha256, recipe)
    )
    """,
    """
    CREATE INDEX versions_document ON versions (document)
    """,
    """
    CREATE TABLE paths (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        document INTEGER NOT NULL,
        hidden INTEGER NOT NULL DEFAULT 0,
        first_job INTEGER NOT NULL,    -- orders the paths of a document: the first is the one to cite
        job INTEGER NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL
    )
    """,
    """
    CREATE INDEX paths_document ON paths (document, first_job)
    """,
    """
    CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        version INTEGER NOT NULL,
        number INTEGER NOT NULL,
        first_ordinal INTEGER NOT NULL DEFAULT 0,
        chunks INTEGER NOT NULL,
        units_seen INTEGER NOT NULL,
        units_with_text INTEGER NOT NULL,
        chars INTEGER NOT NULL,
        seconds REAL NOT NULL,
        units_failed TEXT,             -- JSON, when there are any
        warnings TEXT,                 -- JSON, when there are any
        UNIQUE (version, number)
    )
    """,
    """
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY,
        page INTEGER NOT NULL,         -- 0 and '' stand for nothing
        line_start INTEGER NOT NULL,
        line_end INTEGER NOT NULL,
        extra TEXT NOT NULL,
        heading TEXT NOT NULL,
        cjk TEXT NOT NULL,
        text TEXT NOT NULL
    )
    """,
    """
    CREATE VIRTUAL TABLE chunks_fts USING fts5(
        heading, text, cjk, content='chunks', content_rowid='id', tokenize='porter unicode61'
    )
    """,
    """
    CREATE VIRTUAL TABLE chunks_terms USING fts5vocab('chunks_fts', 'row')
    """,
    """
    INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('automerge', 16)
    """,
    """
    INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('rank', 'bm25(2.0, 1.0, 1.0)')
    """,
)

_BY_OCR: Final = ("ALTER TABLE segments ADD COLUMN units_by_ocr INTEGER NOT NULL DEFAULT 0",)
_GAPS: Final = (
    "ALTER TABLE versions ADD COLUMN gaps INTEGER NOT NULL DEFAULT 0",  # units that could not be read
    "UPDATE versions SET gaps = (SELECT coalesce(sum(json_array_length(s.units_failed)), 0) FROM segments s "
    "WHERE s.version = versions.id AND s.units_failed IS NOT NULL)",
)
_LANGUAGE: Final = (
    "ALTER TABLE segments ADD COLUMN language TEXT NOT NULL DEFAULT ''",  # a guess
    "ALTER TABLE segments ADD COLUMN recognising REAL NOT NULL DEFAULT 0",  # seconds, of those in ``seconds``
    "ALTER TABLE segments ADD COLUMN chunking REAL NOT NULL DEFAULT 0",
)
_OWN: Final = (
    # How a file is read, where its document's text is that of a twin which is read otherwise. Empty: as its document.
    "ALTER TABLE paths ADD COLUMN own TEXT NOT NULL DEFAULT ''",
)
_OWN_INDEX: Final = (
    # Else thousands of twins of one kind, empty files say, are gone through for each of them.
    "CREATE INDEX paths_own ON paths (document) WHERE own = ''",
)

MIGRATIONS: Final = (
    Migration(1, "the first tables", _TABLES),
    Migration(2, "pages whose text was recognised", _BY_OCR),
    Migration(3, "versions know their gaps", _GAPS),
    Migration(4, "segments know their language and what their seconds went into", _LANGUAGE),
    Migration(5, "paths know how they are read when their document is read otherwise", _OWN),
    Migration(6, "which paths gave their document its text is found at once", _OWN_INDEX),
)
"""Added to only; a released one is never edited."""
