"""The one writer of a knowledge base: segments in, versions live, old ones out.

Everything happens in one open transaction that ``commit`` ends, for many documents at once: at ten
thousand small files the cost is in the number of statements, so each step handles a whole group. Ids are
given here, not by SQLite: the transaction is IMMEDIATE, so nobody else can give any meanwhile.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from sqlalchemy import Connection, Engine

from ingest_desktop.domain.errors import DuplicateChunkError, StoreError
from ingest_desktop.domain.interfaces.repository import Confirmed, Finished, LiveVersion, SegmentIn
from ingest_desktop.domain.wire import DocumentPlan
from ingest_desktop.infrastructure.content_schema import SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_swap import Swap, last_id, load_paths, now_text
from ingest_desktop.infrastructure.content_versions import VersionKey
from ingest_desktop.infrastructure.database import to_db_path, writing


class _Forget(Exception):
    """Leaves a transaction without keeping it."""


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
            self._next_version = last_id(self._connection, "versions") + 1
            self._next_segment = last_id(self._connection, "segments") + 1
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
            meta = json.dumps(plan.metadata) if plan.metadata else "{}"
            warnings = json.dumps(plan.warnings) if plan.warnings else "[]"
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
            row = (self._next_segment, version, result.number, *counts, failed, warnings, result.units_by_ocr)
            segments.append((*row, result.language, result.recognising_seconds, result.chunking_seconds))
            # 0 and "" stand for nothing: the driver looks up an adapter for every None it binds, which for five
            # empty columns a chunk cost more than all the rest of binding.
            chunks += [
                (base + i, text, heading or "", page or 0, first_line or 0, last_line or 0, extra or "", cjk or "")
                for i, (text, heading, page, first_line, last_line, extra, cjk) in enumerate(result.chunks)
            ]
            self._next_segment += 1
        connection.exec_driver_sql(
            "INSERT INTO segments (id, version, number, chunks, units_seen, units_with_text, chars, seconds, "
            "units_failed, warnings, units_by_ocr, language, recognising, chunking) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
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
        return Swap(self._begin(), items).run() if items else []

    def confirm(self, items: Sequence[Confirmed]) -> set[str]:
        """Note that paths still have the content they had, under their newest signature; hidden ones are visible again.

        Returns:
            Those paths that the store knows no more: they were purged meanwhile and have to be read again.
        """
        if not items:
            return set()
        connection = self._begin()
        known = {row[0] for row in load_paths(connection, items)}
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
