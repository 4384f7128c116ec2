"""One thing at a time is made wrong in a filled store: a check finds it, ``--fix`` mends it, or names what does.

Each table, each column that means something. What is only shown, and wrong nowhere else, is left out.
"""

from pathlib import Path

import pytest
from application.kit import quick_settings

from damage.filled import break_rows, opened
from ingest_desktop.cli import main
from ingest_desktop.infrastructure.checks import check_store
from ingest_desktop.infrastructure.fixes import mend_store
from ingest_desktop.repairing import repair

LONG = "(SELECT max(id) FROM ingest_jobs WHERE source_path LIKE '%/long.txt')"
TRASH = "(SELECT id FROM ingest_jobs WHERE source_path LIKE '%/trash.txt')"
OTHER = "(SELECT kb_id FROM knowledge_bases WHERE kb_id <> 'library')"
OF_OTHER = "(SELECT id FROM ingest_jobs WHERE kb_id <> 'library')"
LAST_SEGMENT = "(SELECT max(id) FROM segments WHERE version = (SELECT id FROM versions WHERE segments = 3))"
CHUNK = "(SELECT min(id) FROM chunks)"
STEP = (
    "INSERT INTO job_history (job_id, at, from_status, to_status, actor) "
    "SELECT id, 1, 'queued', 'running', 'worker' FROM ingest_jobs WHERE status = 'running'"
)
RUN = (
    "UPDATE ingest_jobs SET status = 'running', worker_id = 'w_gone', token = {0} "
    "WHERE id = (SELECT max(id) FROM ingest_jobs WHERE status = 'queued')"
)
SAY = "INSERT INTO outbox (kb_id, op, path, at) SELECT kb_id, '{0}', source_path, 1 FROM ingest_jobs WHERE id = {1}"
VERSION = (
    "INSERT INTO versions (sha256, recipe, document, live, media_type, unit, units, segments, touched_at) "
    "SELECT sha256, 'fake/1 second', {0}, {1}, media_type, unit, units, 0, touched_at FROM versions WHERE id = 1"
)
INDEXED = (
    "INSERT INTO chunks_fts (chunks_fts, rowid, heading, text, cjk) SELECT 'delete', id, heading, text, cjk FROM chunks"
)

Break = tuple[str, ...]


def values(table: str, row: str, **columns: str) -> dict[str, Break]:
    """One case for each value, parted by " | ", of each column."""
    return {
        f"{table}.{column} = {value}": (f"UPDATE {table} SET {column} = {value} WHERE id = {row}",)
        for column, wrong in columns.items()
        for value in wrong.split(" | ")
    }


LEDGER: dict[str, Break] = {
    **values(
        "ingest_jobs", LONG,
        kb_id=f"'kb_none' | {OTHER}", batch_id="77", source_path="17 | '/nowhere/x.txt'", original_filename="x'ff'",
        byte_size="-3 | 'junk'", mtime_ns="'junk'", status="'junk' | 'failed' | 'running' | 'queued'", active="1",
        priority="'junk'", queue_position="'junk'", revision="99999", created_at="'junk'", phase="'junk'",
        outcome="'junk' | NULL | 'empty'", progress="7 | 0.2 | 'junk'", units_done="-1 | 'junk'", attempts="'junk'",
        pause_scope="'batch' | 'junk'", due_at="5", worker_id="'w_none'", token="5", checksum="'abc' | x'ff'",
        message="x'ff'", document_id="'d_none' | NULL", dead_lettered="1", chunk_count="99 | -1", gaps="3 | -3",
        crashes="'junk'", completed_at="'junk'", deleted_at="5 | 'junk'", deletion_id="77",
    ),
    "a paused job by nobody": ("UPDATE ingest_jobs SET pause_scope = NULL WHERE status = 'paused'",),
    "a paused job that counts as ended": ("UPDATE ingest_jobs SET active = NULL WHERE status = 'paused'",),
    "an outcome of what waits": ("UPDATE ingest_jobs SET outcome = 'empty', gaps = 2 WHERE status = 'queued'",),
    "a token of what waits": ("UPDATE ingest_jobs SET token = 3 WHERE status = 'queued'",),
    "a deletion that nothing takes back": ("DELETE FROM deletions",),
    "a deleted job without its deletion": (f"UPDATE ingest_jobs SET deletion_id = NULL WHERE id = {TRASH}",),
    "a job's row is lost": (f"DELETE FROM ingest_jobs WHERE id = {LONG}",),
    "a file active twice": (
        "DROP INDEX ux_active",
        "INSERT INTO ingest_jobs (kb_id, batch_id, source_path, original_filename, byte_size, mtime_ns, inode, ctime_ns, "
        "status, active, priority, queue_position, revision, created_at, updated_at) SELECT kb_id, batch_id, source_path, "
        "original_filename, byte_size, mtime_ns, inode, ctime_ns, status, active, priority, queue_position + 1, revision, "
        "created_at, updated_at FROM ingest_jobs WHERE status = 'queued'",
    ),
    "running by nobody": (RUN.format(1), STEP),
    "running without a token": ("INSERT INTO workers VALUES ('w_gone', 'x', 1, 1, 1)", RUN.format("NULL"), STEP),
    "a lease that is none": ("INSERT INTO workers VALUES ('w_gone', 'x', 1, 1, 'junk')",),
    "a name of a knowledge base": ("UPDATE knowledge_bases SET name = 'Other' WHERE kb_id = 'library'",),
    "a name that is none": ("UPDATE knowledge_bases SET name = x'ff' WHERE kb_id = 'library'",),
    "a knowledge base's moment": ("UPDATE knowledge_bases SET created_at = 'junk'",),
    "all knowledge bases deleted": ("UPDATE knowledge_bases SET deleted_at = 5",),
    "a deleted knowledge base with jobs": ("UPDATE knowledge_bases SET deleted_at = 5 WHERE kb_id <> 'library'",),
    "a knowledge base's row is lost": ("DELETE FROM knowledge_bases WHERE kb_id = 'library'",),
    "a knowledge base that nothing tells of": (
        f"DELETE FROM job_history WHERE job_id IN {OF_OTHER}", f"DELETE FROM job_receipts WHERE job_id IN {OF_OTHER}",
        "DELETE FROM ingest_jobs WHERE kb_id <> 'library'", "DELETE FROM outbox WHERE kb_id <> 'library'",
        "DELETE FROM ingest_sources WHERE batch_id IN (SELECT id FROM ingest_batches WHERE kb_id <> 'library')",
        "DELETE FROM counters WHERE scope = 'batch:' || (SELECT id FROM ingest_batches WHERE kb_id <> 'library')",
        f"DELETE FROM counters WHERE scope = 'kb:' || {OTHER}",
        "DELETE FROM ingest_batches WHERE kb_id <> 'library'", "DELETE FROM knowledge_bases WHERE kb_id <> 'library'",
        "INSERT INTO job_names (job_names) VALUES ('rebuild')",
    ),
    **values(
        "ingest_batches", "1",
        kb_id=f"'kb_none' | {OTHER}", label="x'ff'", priority="'junk'", paused="'junk'", discovering="1", found="'junk'",
        skipped="'junk' | '[1]'", created_at="'junk'", finished_at="NULL | 'junk'",
    ),
    "a batch ended while its jobs wait": ("UPDATE ingest_batches SET finished_at = 5 WHERE finished_at IS NULL",),
    "a batch's row is lost": ("DELETE FROM ingest_batches WHERE id = 1",),
    "a batch without jobs that has not ended": (
        "INSERT INTO ingest_batches (kb_id, label, origin, created_at, discovering) VALUES ('library', 'x', 'window', 1, 0)",
    ),
    "a source that is no path": ("INSERT INTO ingest_sources (batch_id, kind, path) VALUES (1, 'path', 17)",),
    **values(
        "job_history", f"(SELECT max(id) FROM job_history WHERE job_id = {LONG})",
        job_id="999", at="'junk'", from_status="'junk' | 'paused'", to_status="'junk' | 'queued'", actor="'junk'",
    ),
    "a step is lost": (f"DELETE FROM job_history WHERE id = (SELECT min(id) FROM job_history WHERE job_id = {LONG})",),
    "a history is lost": (f"DELETE FROM job_history WHERE job_id = {LONG}",),
    **{
        f"receipt {name}": (f"UPDATE job_receipts SET json = json_set(json, '$.{name}', {value}) WHERE job_id = {LONG}",)
        for name, value in {
            "chunks_stored": "7", "chunks_indexed": "9", "recipe": "'other/1 x'", "units_seen": "99", "chars": "99",
            "units_failed": "json('[[1, \"x\"], [2, \"y\"]]')", "segments": "9", "seconds": "'x'", "unit": "7",
        }.items()
    },
    "a receipt is lost": (f"DELETE FROM job_receipts WHERE job_id = {LONG}",),
    "a receipt is none": ("UPDATE job_receipts SET json = 'junk'",),
    "what a job stands for is to be hidden": (SAY.format("hide", LONG),),
    "what a job stands for is to be purged": (SAY.format("purge", LONG),),
    "what was deleted is to be shown": (SAY.format("show", TRASH),),
    "a word that is none": (SAY.format("junk", LONG),),
    "a word about no path": ("INSERT INTO outbox (kb_id, op, path, at) VALUES ('library', 'hide', 17, 1)",),
    "a word about no knowledge base": ("INSERT INTO outbox (kb_id, op, path, at) VALUES ('kb_x', 'hide', '/x', 1)",),
    "a knowledge base is to be dropped": ("INSERT INTO outbox (kb_id, op, path, at) VALUES ('library', 'drop', '', 1)",),
    "a deletion was never told": ("DELETE FROM outbox",),
    "counters are lost": ("DELETE FROM counters",),
    "a counter is none": ("UPDATE counters SET open = 'junk' WHERE scope = 'kb:library'",),
    "failures are counted wrong": ("UPDATE failure_counters SET n = 7",),
    **{f"the number {key} is lost": (f"DELETE FROM app_state WHERE key = '{key}'",)
       for key in ("revision", "app_paused", "front", "back")},
    "a number is none": ("UPDATE app_state SET value = 'junk'",),
    "numbers of the state are behind": ("UPDATE app_state SET value = 1 WHERE key IN ('revision', 'back')",),
    "a name is not indexed": ("DELETE FROM job_names WHERE rowid = 1",),
    "a name of no job is indexed": ("INSERT INTO job_names (rowid, original_filename) VALUES (99, 'ghost.txt')",),
    "ids would be given again": ("UPDATE sqlite_sequence SET seq = 1",),
    "ids are forgotten": ("DELETE FROM sqlite_sequence",),
    "a trigger does something else": (
        "DROP TRIGGER job_changed", "CREATE TRIGGER job_changed AFTER UPDATE OF status ON ingest_jobs BEGIN SELECT 1; END",
    ),
    "a trigger more": ("CREATE TRIGGER mine AFTER UPDATE ON ingest_jobs BEGIN SELECT raise(ABORT, 'no'); END",),
    "an index of other columns": ("DROP INDEX ix_claim", "CREATE INDEX ix_claim ON ingest_jobs (priority)"),
    "an index more": ("CREATE UNIQUE INDEX mine ON ingest_jobs (id)",),
}  # fmt: skip

CONTENT: dict[str, Break] = {
    **values("documents", "1", document_id="'d_other'", version="99 | 2", created_at="x'ff'"),
    "a document is lost": ("DELETE FROM documents WHERE id = 1",),
    **values(
        "versions", "(SELECT id FROM versions WHERE segments = 3)",
        sha256="'abc' | x'ff' | upper(sha256)", recipe="'fake/1 other'", document="NULL | 2 | 99", live="0 | 7 | 'junk'",
        units="-1 | 'junk'", segments="2 | 4 | 'junk'", chunks="99 | 'junk'", title="x'ff'", metadata="'junk' | '[1]'",
        warnings="'junk' | '{}'", gaps="5 | 'junk'",
    ),
    "a version is lost": ("DELETE FROM versions WHERE id = 1",),
    "a document has two live versions": (VERSION.format("document", 1),),
    "a version claims a document": (VERSION.format("document", 0),),
    "a version of nobody is live": (VERSION.format("NULL", 1),),
    **values(
        "paths", "1", path="'/elsewhere' | 17", document="99 | 2", hidden="1 | 7 | 'junk'", job="'junk'", size="'junk'",
    ),
    "what is listed is hidden": ("UPDATE paths SET hidden = 1 WHERE document = 1", "UPDATE versions SET live = 0 WHERE document = 1"),
    "a path is lost": ("DELETE FROM paths WHERE id = 1",),
    "a twin's path is lost": ("DELETE FROM paths WHERE path LIKE '%/twin.txt'",),
    "the first twin's path is lost": ("DELETE FROM paths WHERE path LIKE '%/b.txt'",),
    "what was deleted is shown": ("UPDATE paths SET hidden = 0 WHERE path LIKE '%/trash.txt'",),
    **values(
        "segments", LAST_SEGMENT,
        version="99 | 1", number="9 | -1 | 'junk'", first_ordinal="7 | 'junk'", chunks="9 | 'junk'", units_seen="9",
        units_with_text="9", units_by_ocr="9", chars="9", seconds="-1 | 'junk'", warnings="'junk' | '7'",
        units_failed="'junk' | '{}' | NULL | '[[1, \"x\"], [2, \"y\"]]'",
    ),
    "a segment is lost": (f"DELETE FROM segments WHERE id = {LAST_SEGMENT}",),
    "a segment is lost with its chunks": (
        f"DELETE FROM chunks WHERE id >> 20 = {LAST_SEGMENT}", f"DELETE FROM segments WHERE id = {LAST_SEGMENT}",
    ),
    "a segment more": (
        "INSERT INTO segments (version, number, chunks, units_seen, units_with_text, chars, seconds) VALUES (1, 1, 0, 1, 0, 0, 0)",
    ),
    **values(
        "chunks", CHUNK,
        page="'junk' | -1", line_end="-5", extra="'junk' | '[1]' | '{\"zz\": 1}'", heading="17 | x'ff'", cjk="'junk'",
        text="'other words' | x'ff' | ''",
    ),
    "a chunk is lost": (f"DELETE FROM chunks WHERE id = {CHUNK}",),
    "a chunk of no segment": ("INSERT INTO chunks VALUES (99 << 20, 0, 0, 0, '', '', '', 'ghost')",),
    "a chunk more": ("INSERT INTO chunks VALUES ((1 << 20) + 500, 0, 0, 0, '', '', '', 'ghost')",),
    "a row of the full text is lost": (f"{INDEXED} WHERE id = {CHUNK}",),
    "a row more in the full text": ("INSERT INTO chunks_fts (rowid, heading, text, cjk) VALUES (99 << 20, '', 'ghost', '')",),
    "another ranking": ("INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('rank', 'bm25(9.0)')",),
    "an index of the content": ("DROP INDEX paths_document", "CREATE INDEX paths_document ON paths (document)"),
    "a trigger of the content": ("CREATE TRIGGER t AFTER INSERT ON chunks BEGIN SELECT raise(ABORT, 'no'); END",),
    "ids of the content": ("UPDATE sqlite_sequence SET seq = 0",),
}  # fmt: skip

FOR_REPAIR: dict[str, tuple[str, Break]] = {
    "the version is not told": ("ledger", ("DELETE FROM schema_migrations",)),
    "an older version is told": ("ledger", ("DELETE FROM schema_migrations WHERE version = 5",)),
    "a column more": ("ledger", ("ALTER TABLE ingest_jobs ADD COLUMN x",)),
    "a table of the list": ("ledger", ("DROP TABLE deletions",)),
    "a derived table of the list": ("ledger", ("DROP TABLE failure_counters",)),
    "the version of the content is not told": ("kb", ("DELETE FROM schema_migrations",)),
    "an older version of the content is told": ("kb", ("DELETE FROM schema_migrations WHERE version >= 4",)),
    "a column of the content": ("kb", ("ALTER TABLE chunks DROP COLUMN extra",)),
    "a table of the content": ("kb", ("DROP TABLE segments",)),
    "the full text": ("kb", ("DROP TABLE chunks_fts",)),
    "a part of the full text": ("kb", ("DROP TABLE chunks_fts_data",)),
    "settings of the full text": ("kb", ("DROP TABLE chunks_fts_config",)),
}

MENDED = [("ledger", name) for name in LEDGER] + [("kb", name) for name in CONTENT]


@pytest.mark.parametrize(("where", "name"), MENDED)
def test_one_thing_that_is_wrong_is_found_and_mended(data: Path, where: str, name: str) -> None:
    break_rows(data, where, (LEDGER if where == "ledger" else CONTENT)[name])
    ledger, contents = opened(data)
    findings = check_store(ledger, contents)
    assert findings
    done, left = mend_store(ledger, contents, findings)
    assert done and left == []
    contents.close()
    ledger.close()


LIKE_BEFORE = (
    ("ledger", f"UPDATE ingest_jobs SET source_path = '/nowhere/x.txt' WHERE id = {LONG}"),
    ("ledger", f"UPDATE ingest_jobs SET source_path = 17 WHERE id = {LONG}"),
    ("ledger", f"UPDATE ingest_jobs SET kb_id = 'kb_none' WHERE id = {LONG}"),
    ("ledger", f"UPDATE ingest_jobs SET deleted_at = 5 WHERE id = {LONG}"),
    ("ledger", f"UPDATE ingest_jobs SET checksum = 'abc' WHERE id = {LONG}"),
    ("ledger", "DELETE FROM knowledge_bases"),
    ("ledger", "UPDATE ingest_batches SET deleted_at = NULL, kb_id = 'kb_none' WHERE id = 1"),
    ("kb", "UPDATE paths SET path = '/elsewhere' WHERE path LIKE '%/long.txt'"),
    ("kb", "UPDATE paths SET hidden = 1; UPDATE versions SET live = 0"),
)


@pytest.mark.parametrize(("where", "statement"), LIKE_BEFORE)
def test_one_wrong_word_of_the_list_takes_no_text_out(data: Path, where: str, statement: str) -> None:
    before = _found(data)
    break_rows(data, where, statement.split("; "))
    ledger, contents = opened(data)
    assert mend_store(ledger, contents, check_store(ledger, contents))[1] == []
    contents.close()
    ledger.close()
    assert _found(data) == before


def _found(data: Path) -> list[tuple[str, str]]:
    """The paths and texts that can be found in the library."""
    ledger, contents = opened(data)
    chunks = [(chunk.source_path, chunk.text) for chunk in contents.of("library").chunks()]
    contents.close()
    ledger.close()
    return chunks


@pytest.mark.parametrize("name", FOR_REPAIR)
def test_what_cannot_be_mended_in_place_is_for_repair(
    data: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    break_rows(data, *FOR_REPAIR[name])
    assert main(["--data-dir", str(data), "check", "--fix", "--sample", "0"]) == 5
    assert "ingest repair" in "".join(capsys.readouterr())
    report = repair(quick_settings(data))
    assert report.done and report.left == ()
    assert main(["--data-dir", str(data), "check", "--sample", "0"]) == 0
