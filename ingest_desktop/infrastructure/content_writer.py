"""The one writer of a knowledge base: segments in, versions live, old ones out.

Everything happens in one open transaction that ``commit`` ends, for many documents at once: at ten
thousand small files the cost is in the number of statements, so each step handles a whole group. Ids are
given here, not by SQLite: the transaction is IMMEDIATE, so nobody else can give any meanwhile.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import ContentGone, DuplicateChunkError, StoreError
from ingest_desktop.domain.interfaces.repository import Confirmed, Finished, LiveVersion, SegmentIn
from ingest_desktop.domain.wire import DocumentPlan
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.database import from_db_path, to_db_path, writing

VersionKey = tuple[str, str]  # sha256, recipe
_Path = tuple[int, int, int]  # document, first job, job


def now_text() -> str:
    """The time as it is stored: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class _Forget(Exception):
    """Leaves a transaction without keeping it."""


@dataclass(slots=True)
class _Version:
    """A version row, with the sums of its segments."""

    id: int
    document: int | None
    wanted: int
    stored: int = 0
    chunks: int = 0
    units_with_text: int = 0
    units_seen: int = 0
    chars: int = 0
    seconds: float = 0.0
    failed: tuple[tuple[int, str], ...] = ()
    warnings: tuple[str, ...] = ()


class ContentWriter:
    """Writes one knowledge base. One thread, one transaction at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._scope: AbstractContextManager[Connection] | None = None
        self._connection: Connection | None = None
        self._next_version = 0
        self._next_segment = 0

    # the transaction -----------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether something waits for a commit."""
        return self._scope is not None

    def _begin(self) -> Connection:
        if self._connection is None:
            scope = writing(self._engine)
            self._connection = scope.__enter__()
            self._scope = scope
            self._next_version = _last_id(self._connection, "versions") + 1
            self._next_segment = _last_id(self._connection, "segments") + 1
        return self._connection

    def begin(self) -> None:
        """Take the write lock now, if it is not held."""
        self._begin()

    def commit(self) -> None:
        """End the open transaction; when this returns the disk has it (the engine is synchronous=FULL).

        The design allows NORMAL for segments. Commits here come at most about once a second, where FULL
        costs nothing measurable, and so a finished segment survives even a power cut.
        """
        scope, self._scope, self._connection = self._scope, None, None
        if scope is not None:
            scope.__exit__(None, None, None)

    def rollback(self) -> None:
        """Forget the open transaction."""
        scope, self._scope, self._connection = self._scope, None, None
        if scope is not None:
            with suppress(_Forget):
                scope.__exit__(_Forget, _Forget(), None)

    # segments ------------------------------------------------------------------------------

    def add_segments(self, items: Sequence[SegmentIn]) -> int:
        """Store segments with their chunks and full text. Those stored before are left as they are.

        Returns:
            How many were new.

        Raises:
            DuplicateChunkError: A chunk's id is taken; the transaction should be rolled back.
        """
        connection = self._begin()
        versions = self._ensure_versions(connection, [(item.plan, item.recipe) for item in items])
        present = _stored_segments(connection, versions.values())
        fresh: list[tuple[int, SegmentIn]] = []
        for item in items:
            slot = (versions[item.plan.sha256, item.recipe], item.result.number)
            if slot not in present:
                present.add(slot)
                fresh.append((slot[0], item))
        if fresh:
            self._insert_segments(connection, fresh)
        return len(fresh)

    def _ensure_versions(
        self, connection: Connection, plans: Iterable[tuple[DocumentPlan, str]]
    ) -> dict[VersionKey, int]:
        wanted = {(plan.sha256, recipe): plan for plan, recipe in plans}
        found = _version_ids(connection, wanted)
        rows: list[tuple[Any, ...]] = []
        moment = now_text()
        for (sha256, recipe), plan in wanted.items():
            if (sha256, recipe) in found:
                continue
            found[sha256, recipe] = self._next_version
            meta, warnings = json.dumps(plan.metadata), json.dumps(plan.warnings)
            segments = len(plan.segments)
            row = (self._next_version, sha256, recipe, plan.media_type, plan.unit, plan.units, segments)
            rows.append((*row, plan.title, plan.encoding, meta, warnings, moment))
            self._next_version += 1
        if rows:
            connection.exec_driver_sql(
                "INSERT INTO versions (id, sha256, recipe, media_type, unit, units, segments, title, encoding, "
                "metadata, warnings, touched_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                rows,
            )
        return found

    def _insert_segments(self, connection: Connection, fresh: list[tuple[int, SegmentIn]]) -> None:
        first = self._next_segment
        segments: list[tuple[Any, ...]] = []
        chunks: list[tuple[Any, ...]] = []
        for version, item in fresh:
            result = item.result
            base = self._next_segment << SEGMENT_SHIFT
            if len(result.chunks) >> SEGMENT_SHIFT:
                raise StoreError(f"A segment of {len(result.chunks)} chunks is more than the store can number.")
            failed = json.dumps(result.units_failed) if result.units_failed else None
            warnings = json.dumps(result.warnings) if result.warnings else None
            counts = (len(result.chunks), result.units_seen, result.units_with_text, result.chars, result.seconds)
            segments.append((self._next_segment, version, result.number, *counts, failed, warnings))
            # 0 and "" stand for nothing: the driver looks up an adapter for every None it binds, which for five
            # empty columns a chunk cost more than all the rest of binding.
            chunks += [
                (base + i, text, heading or "", page or 0, first_line or 0, last_line or 0, extra or "", cjk or "")
                for i, (text, heading, page, first_line, last_line, extra, cjk) in enumerate(result.chunks)
            ]
            self._next_segment += 1
        connection.exec_driver_sql(
            "INSERT INTO segments (id, version, number, chunks, units_seen, units_with_text, chars, seconds, "
            "units_failed, warnings) VALUES (?,?,?,?,?,?,?,?,?,?)",
            segments,
        )
        if chunks:
            self._insert_chunks(connection, chunks, first << SEGMENT_SHIFT, self._next_segment << SEGMENT_SHIFT)

    def _insert_chunks(self, connection: Connection, chunks: list[tuple[Any, ...]], start: int, stop: int) -> None:
        try:
            connection.exec_driver_sql(
                "INSERT INTO chunks (id, text, heading, page, line_start, line_end, extra, cjk) VALUES (?,?,?,?,?,?,?,?)",
                chunks,
            )
        except Exception as error:
            if "UNIQUE constraint failed: chunks.id" in str(error):
                raise DuplicateChunkError("A chunk with this id is already stored.") from error
            raise
        # One statement reads the new rows back from the page cache: cheaper than binding every text twice.
        connection.exec_driver_sql(
            "INSERT INTO chunks_fts (rowid, heading, text, cjk) "
            "SELECT id, heading, text, cjk FROM chunks WHERE id >= ? AND id < ?",
            (start, stop),
        )

    # versions ------------------------------------------------------------------------------

    def finish(self, items: Sequence[Finished]) -> list[LiveVersion]:
        """Make complete versions answer for their paths; what they replace stops answering in the same commit.

        Returns:
            What became of each item, in order.

        Raises:
            ContentGone: A version lacks a segment; nothing should be committed.
        """
        return _Swap(self._begin(), items).run() if items else []

    def confirm(self, items: Sequence[Confirmed]) -> set[str]:
        """Note that paths still have the content they had, under their newest signature; hidden ones are visible again.

        Returns:
            Those paths that the store knows no more: they were purged meanwhile and have to be read again.
        """
        if not items:
            return set()
        connection = self._begin()
        known = {row[0] for row in _load_paths(connection, items)}
        keys = [to_db_path(item.path) for item in items]
        connection.exec_driver_sql(
            "UPDATE paths SET job = ?, size = ?, mtime_ns = ?, inode = ?, ctime_ns = ?, hidden = 0 WHERE path = ?",
            [(item.job_id, *item.signature, key) for item, key in zip(items, keys, strict=True)],
        )
        connection.exec_driver_sql(
            "UPDATE versions SET live = 1 WHERE live = 0 AND document = (SELECT document FROM paths WHERE path = ?)",
            [(key,) for key in keys],
        )
        return {item.path for item in items} - known


class _Swap:
    """One round of making versions live.

    New content at a new path, by far the most frequent, is gathered and written in three statements for
    the whole round; anything else first flushes what was gathered and then goes step by step.
    """

    def __init__(self, connection: Connection, items: Sequence[Finished]) -> None:
        self._connection = connection
        self._items = items
        self._next_document = _last_id(connection, "documents") + 1
        self._versions = _load_versions(connection, {(item.plan.sha256, item.recipe) for item in items})
        hashes = json.dumps([item.plan.sha256 for item in items])
        self._known_content = {
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT sha256 FROM versions WHERE document IS NOT NULL AND sha256 IN (SELECT value FROM json_each(?))",
                (hashes,),
            )
        }
        self._paths = {row[0]: row[1:] for row in _load_paths(connection, items)}
        names = json.dumps([_base_name(item.plan.sha256) for item in items])
        self._taken_names = {
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT document_id FROM documents WHERE document_id IN (SELECT value FROM json_each(?))", (names,)
            )
        }
        self._new: list[tuple[Finished, _Version, str]] = []

    def run(self) -> list[LiveVersion]:
        """Handle every item, in order."""
        found = [self._one(item) for item in self._items]
        self._flush()
        return found

    def _one(self, item: Finished) -> LiveVersion:
        version = self._versions[item.plan.sha256, item.recipe]
        if version.stored != version.wanted:
            raise ContentGone(f"{version.stored} of {version.wanted} segments of this document are stored.")
        name = _base_name(item.plan.sha256)
        is_new = item.path not in self._paths and item.plan.sha256 not in self._known_content
        if is_new and version.wanted == 1 and name not in self._taken_names:
            version.document = self._next_document
            self._next_document += 1
            self._taken_names.add(name)
            self._known_content.add(item.plan.sha256)
            self._paths[item.path] = (version.document, item.job_id, item.job_id)
            self._new.append((item, version, name))
            return _live(version, name, Outcome.INGESTED, None)
        self._flush()
        return self._step_by_step(item, version)

    def _flush(self) -> None:
        new, self._new = self._new, []
        if not new:
            return
        run = self._connection.exec_driver_sql
        moment = now_text()
        run(
            "INSERT INTO documents (id, document_id, version, created_at) VALUES (?,?,?,?)",
            [(version.document, name, version.id, moment) for _, version, name in new],
        )
        run(
            "UPDATE versions SET document = ?, live = 1, chunks = ? WHERE id = ?",
            [(version.document, version.chunks, version.id) for _, version, _ in new],
        )
        run(
            "INSERT INTO paths (path, document, first_job, job, size, mtime_ns, inode, ctime_ns) VALUES (?,?,?,?,?,?,?,?)",
            [
                (to_db_path(item.path), version.document, item.job_id, item.job_id, *item.plan.signature)
                for item, version, _ in new
            ],
        )

    def _step_by_step(self, item: Finished, version: _Version) -> LiveVersion:
        before = self._paths.get(item.path)
        if version.document is None:
            document, outcome = self._place(item, version, before)
        else:
            document = version.document
            unchanged = before is not None and before[0] == document
            outcome = _again(item, before) if before is not None and unchanged else Outcome.DUPLICATE
        twin_path = self._first_path(document, item.path) if outcome is Outcome.DUPLICATE else None
        if outcome is Outcome.DUPLICATE and twin_path is None:
            outcome = Outcome.INGESTED  # its twins are all in the trash
        self._point(item, document, before)
        self._connection.exec_driver_sql("UPDATE versions SET live = 1 WHERE id = ?", (version.id,))
        self._known_content.add(item.plan.sha256)
        return _live(version, self._document_id(document), outcome, twin_path)

    def _place(self, item: Finished, version: _Version, before: _Path | None) -> tuple[int, Outcome]:
        """Find or make the document for a version that has none yet."""
        run = self._connection.exec_driver_sql
        self._number_chunks(version)
        elder = run(
            "SELECT document FROM versions WHERE sha256 = ? AND document IS NOT NULL AND id <> ?",
            (item.plan.sha256, version.id),
        ).scalar()
        if elder is not None:  # the same content under another recipe: this version takes its place
            self._replace(elder, version)
            return elder, Outcome.UPDATED if before and before[0] == elder else Outcome.DUPLICATE
        if before is not None and self._first_path(before[0], item.path, hidden=True) is None:
            self._replace(before[0], version)
            return before[0], Outcome.UPDATED
        document = self._next_document
        self._next_document += 1
        name = self._free_name(_base_name(item.plan.sha256))
        self._taken_names.add(name)
        run(
            "INSERT INTO documents (id, document_id, version, created_at) VALUES (?,?,?,?)",
            (document, name, version.id, now_text()),
        )
        run("UPDATE versions SET document = ?, live = 1 WHERE id = ?", (document, version.id))
        version.document = document
        return document, Outcome.UPDATED if before is not None else Outcome.INGESTED

    def _free_name(self, base: str) -> str:
        """Its name is taken only when the first content of an older document came back elsewhere."""
        name, turn = base, 1
        while self._connection.exec_driver_sql("SELECT 1 FROM documents WHERE document_id = ?", (name,)).first():
            turn += 1
            name = f"{base}-{turn}"
        return name

    def _replace(self, document: int, version: _Version) -> None:
        run = self._connection.exec_driver_sql
        run("UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE document = ?", (now_text(), document))
        run("UPDATE versions SET live = 1, document = ? WHERE id = ?", (document, version.id))
        run("UPDATE documents SET version = ? WHERE id = ?", (version.id, document))
        version.document = document
        for other in self._versions.values():
            if other is not version and other.document == document:
                other.document = None

    def _number_chunks(self, version: _Version) -> None:
        """Give each segment the ordinal of its first chunk, now that all are there."""
        run = self._connection.exec_driver_sql
        if version.stored > 1:
            rows = run("SELECT id, chunks FROM segments WHERE version = ? ORDER BY number", (version.id,)).all()
            ordinal, updates = 0, []
            for segment, chunks in rows:
                updates.append((ordinal, segment))
                ordinal += chunks
            run("UPDATE segments SET first_ordinal = ? WHERE id = ?", updates)
        run("UPDATE versions SET chunks = ? WHERE id = ?", (version.chunks, version.id))

    def _point(self, item: Finished, document: int, before: _Path | None) -> None:
        """Let a path name a document; a document that nobody names any more is taken out."""
        signature = tuple(item.plan.signature)
        run = self._connection.exec_driver_sql
        key = to_db_path(item.path)
        if before is None:
            run(
                "INSERT INTO paths (path, document, first_job, job, size, mtime_ns, inode, ctime_ns) VALUES (?,?,?,?,?,?,?,?)",
                (key, document, item.job_id, item.job_id, *signature),
            )
        else:
            run(
                "UPDATE paths SET document=?, hidden=0, job=?, size=?, mtime_ns=?, inode=?, ctime_ns=? WHERE path=?",
                (document, item.job_id, *signature, key),
            )
            if before[0] != document and self._first_path(before[0], item.path, hidden=True) is None:
                retire_document(self._connection, before[0])
                for version in self._versions.values():
                    if version.document == before[0]:
                        version.document = None
        self._paths[item.path] = (document, before[1] if before else item.job_id, item.job_id)

    def _first_path(self, document: int, but: str, *, hidden: bool = False) -> str | None:
        row = self._connection.exec_driver_sql(
            "SELECT path FROM paths WHERE document = ? AND path <> ? AND hidden <= ? ORDER BY first_job, path LIMIT 1",
            (document, to_db_path(but), int(hidden)),
        ).first()
        return from_db_path(row[0]) if row else None

    def _document_id(self, document: int) -> str:
        return str(
            self._connection.exec_driver_sql("SELECT document_id FROM documents WHERE id = ?", (document,)).scalar_one()
        )


def _base_name(sha256: str) -> str:
    """A document is named by its first content, so that its id does not depend on which of two twins came first."""
    return "d_" + sha256[:20]


def _live(version: _Version, name: str, outcome: Outcome, twin_path: str | None) -> LiveVersion:
    return LiveVersion(
        document_id=name,
        outcome=outcome if version.chunks else Outcome.EMPTY,
        chunk_count=version.chunks,
        twin_path=twin_path,
        segments=version.stored,
        units_seen=version.units_seen,
        units_with_text=version.units_with_text,
        chars=version.chars,
        units_failed=version.failed,
        warnings=version.warnings,
        seconds=version.seconds,
    )


def _again(item: Finished, before: _Path) -> Outcome:
    """The outcome for a path that has this content already: perhaps this very job brought it, and the ledger was not told."""
    if before[2] != item.job_id:
        return Outcome.UNCHANGED
    return Outcome.INGESTED if before[1] == item.job_id else Outcome.UPDATED


def _load_paths(
    connection: Connection, items: Sequence[Finished] | Sequence[Confirmed]
) -> list[tuple[str, int, int, int]]:
    """(path, document, first job, job) of the paths that are known. Names that are not UTF-8 do not fit in JSON."""
    keys = [to_db_path(item.path) for item in items]
    query = "SELECT path, document, first_job, job FROM paths WHERE path "
    plain = json.dumps([key for key in keys if isinstance(key, str)])
    rows = list(connection.exec_driver_sql(query + "IN (SELECT value FROM json_each(?))", (plain,)))
    for key in keys:
        if isinstance(key, bytes):
            rows.extend(connection.exec_driver_sql(query + "= ?", (key,)))
    return [(from_db_path(path), document, first_job, job) for path, document, first_job, job in rows]


def retire_document(connection: Connection, document: int) -> None:
    """Take a document out: its version stops answering and is swept away later."""
    connection.exec_driver_sql(
        "UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE document = ?", (now_text(), document)
    )
    connection.exec_driver_sql("DELETE FROM documents WHERE id = ?", (document,))


def _last_id(connection: Connection, table: str) -> int:
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).first()
    return int(row[0]) if row else 0


def _version_ids(connection: Connection, wanted: Iterable[VersionKey]) -> dict[VersionKey, int]:
    keys = set(wanted)
    rows = connection.exec_driver_sql(
        "SELECT sha256, recipe, id FROM versions WHERE sha256 IN (SELECT value FROM json_each(?))",
        (json.dumps([sha256 for sha256, _ in keys]),),
    ).all()
    return {(sha256, recipe): number for sha256, recipe, number in rows if (sha256, recipe) in keys}


def _stored_segments(connection: Connection, versions: Iterable[int]) -> set[tuple[int, int]]:
    rows = connection.exec_driver_sql(
        "SELECT version, number FROM segments WHERE version IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(versions)),),
    ).all()
    return {(version, number) for version, number in rows}


def _load_versions(connection: Connection, wanted: set[VersionKey]) -> dict[VersionKey, _Version]:
    rows = connection.exec_driver_sql(
        "SELECT sha256, recipe, id, document, segments, warnings FROM versions "
        "WHERE sha256 IN (SELECT value FROM json_each(?))",
        (json.dumps([sha256 for sha256, _ in wanted]),),
    ).all()
    found: dict[VersionKey, _Version] = {}
    for sha256, recipe, number, document, segments, warnings in rows:
        if (sha256, recipe) in wanted:
            found[sha256, recipe] = _Version(number, document, segments, warnings=tuple(json.loads(warnings)))
    by_id = {version.id: version for version in found.values()}
    sums = connection.exec_driver_sql(
        "SELECT version, count(*), sum(chunks), sum(units_with_text), sum(chars), sum(seconds), sum(units_seen), "
        "json_group_array(units_failed) FILTER (WHERE units_failed IS NOT NULL), "
        "json_group_array(warnings) FILTER (WHERE warnings IS NOT NULL) "
        "FROM segments WHERE version IN (SELECT value FROM json_each(?)) GROUP BY version",
        (json.dumps(sorted(by_id)),),
    ).all()
    for number, stored, chunks, with_text, chars, seconds, seen, failed, warnings in sums:
        version = by_id[number]
        version.stored, version.chunks, version.units_with_text = stored, chunks, with_text
        version.chars, version.seconds, version.units_seen = chars, seconds, seen
        version.failed = tuple((int(p), str(w)) for part in json.loads(failed or "[]") for p, w in json.loads(part))
        version.warnings += tuple(w for part in json.loads(warnings or "[]") for w in json.loads(part))
    if len(found) != len(wanted):
        raise ContentGone("The text of this document is not in the store any more.")
    return found
