"""One knowledge base: its file, its one writer, and what others ask of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from ingest_desktop.domain.errors import NotFoundError
from ingest_desktop.domain.interfaces.repository import KnownPath
from ingest_desktop.domain.models import Chunk, Document, IngestionState
from ingest_desktop.domain.wire import FileSignature
from ingest_desktop.infrastructure.content_rows import CHUNK_COLUMNS, CHUNK_JOINS, chunk_of, version_key
from ingest_desktop.infrastructure.content_schema import MIGRATIONS, PAGE_BYTES, SEGMENT_SHIFT
from ingest_desktop.infrastructure.content_swap import retire_document
from ingest_desktop.infrastructure.content_writer import ContentWriter
from ingest_desktop.infrastructure.database import from_db_path, open_engine, reading, to_db_path, writing
from ingest_desktop.infrastructure.migrations import migrate
from ingest_desktop.infrastructure.swapping import finish_swap

LOG_PAGES: Final = 4_000  # 64 MB of log before a commit moves it: pages that change often are then moved less often
WRITER_CACHE_BYTES: Final = 32 * 1024 * 1024  # what one commit changes

_KNOWN = (
    # A file whose document has the text of a twin that is read otherwise is to be read anew when that twin has gone.
    "SELECT p.path, d.document_id, v.sha256, iif(p.own = '', v.recipe, iif(EXISTS (SELECT 1 FROM paths o "
    "WHERE o.document = p.document AND o.own = ''), p.own, '')), p.size, p.mtime_ns, p.inode, p.ctime_ns, "
    "v.chunks, p.first_job, p.job, v.media_type, v.gaps, v.recipe, p.hidden FROM paths p "
    "JOIN documents d ON d.id = p.document JOIN versions v ON v.id = d.version WHERE p.hidden = 0"
)
_TWIN = (
    "(SELECT o.path FROM paths o WHERE o.document = p.document AND o.hidden = 0 AND o.first_job < p.first_job "
    "ORDER BY o.first_job, o.path LIMIT 1)"
)


class KnowledgeBaseStore(ContentWriter):
    """The content of one knowledge base, in ``kb.db``. Reading is for any thread, writing for one."""

    def __init__(
        self,
        kb_id: str,
        folder: Path,
        *,
        backup_dir: Path,
        busy_timeout_seconds: float = 30.0,
        read_only_ok: bool = False,
        floor_bytes: int = 0,
    ) -> None:
        """Open the file, or make it.

        Raises:
            StoreTooNew, StoreDamaged, StoreBusy, StoreFull: As they say; the file is left as it was.
        """
        self.kb_id = kb_id
        self.path = folder / "kb.db"
        finish_swap(self.path)
        engine = open_engine(
            self.path,
            synchronous="FULL",
            busy_timeout_seconds=busy_timeout_seconds,
            wal_autocheckpoint_pages=LOG_PAGES,
            writer_cache_bytes=WRITER_CACHE_BYTES,
            page_bytes=PAGE_BYTES,
            read_only_ok=read_only_ok,
            floor_bytes=floor_bytes,
        )
        try:
            migrate(engine, self.path, MIGRATIONS, backup_dir)
        except BaseException:
            engine.dispose()  # nobody can put a mended file in the place of one that is open, on Windows
            raise
        super().__init__(engine)

    @property
    def engine(self) -> Engine:
        """For reading."""
        return self._engine

    def close(self) -> None:
        """Forget what is not committed and close the file."""
        self.rollback()
        self._engine.dispose()

    # what is known -------------------------------------------------------------------------

    def known_paths(self, folder: str | None = None) -> dict[str, KnownPath]:
        """What is known of the visible paths below a folder (or of all), by path."""
        with reading(self._engine) as connection:
            if folder is None:
                rows = connection.exec_driver_sql(_KNOWN).all()
            else:
                start = folder.rstrip("/\\") + folder_separator(folder)
                low, high = to_db_path(start), to_db_path(start[:-1] + chr(ord(start[-1]) + 1))
                rows = connection.exec_driver_sql(_KNOWN + " AND p.path >= ? AND p.path < ?", (low, high)).all()
        return {known.path: known for known in map(_known_path, rows)}

    def known(self, paths: Sequence[str]) -> dict[str, KnownPath]:
        """What is known of these paths, by path; visible or not. Tells twins, too."""
        found: dict[str, KnownPath] = {}
        query = _KNOWN.replace("p.hidden = 0", "p.path").replace("p.hidden FROM", f"p.hidden, {_TWIN} FROM")
        keys = [to_db_path(path) for path in paths]
        with reading(self._engine) as connection:
            plain = json.dumps([key for key in keys if isinstance(key, str)])
            rows = list(connection.exec_driver_sql(query + " IN (SELECT value FROM json_each(?))", (plain,)))
            for key in keys:
                if isinstance(key, bytes):  # not UTF-8: does not fit in JSON
                    rows.extend(connection.exec_driver_sql(query + " = ?", (key,)))
        for row in rows:
            known = _known_path(row)
            found[known.path] = known
        return found

    def state(self, sha256: str, recipe: str, *, job_id: str, segments: int) -> IngestionState:
        """The checkpoint of a version: which of its segments are stored."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(
                "SELECT s.number FROM segments s JOIN versions v ON v.id = s.version "
                "WHERE v.sha256 = ? AND v.recipe = ? ORDER BY s.number",
                (sha256, recipe),
            ).all()
        done = tuple(row[0] for row in rows)
        key = version_key(sha256, recipe)
        return IngestionState(
            job_id=job_id, version_key=key, recipe=recipe, segments_total=segments, segments_done=done
        )

    def has_document(self, sha256: str, recipe: str) -> bool:
        """Whether a complete version with this content and recipe stands."""
        with reading(self._engine) as connection:
            row = connection.exec_driver_sql(
                "SELECT 1 FROM versions WHERE sha256 = ? AND recipe = ? AND document IS NOT NULL", (sha256, recipe)
            ).first()
        return row is not None

    # documents and chunks ------------------------------------------------------------------

    def documents(self, *, after: str | None = None, limit: int = 200) -> list[Document]:
        """Searchable documents, by id; ``after`` is the last id seen."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(
                _DOCUMENT + " WHERE v.live = 1 AND d.document_id > ? ORDER BY d.document_id LIMIT ?",
                (after or "", limit),
            ).all()
            return [self._document(connection, row) for row in rows]

    def document(self, document_id: str) -> Document:
        """One document. Raises ``NotFoundError``."""
        with reading(self._engine) as connection:
            row = connection.exec_driver_sql(_DOCUMENT + " WHERE d.document_id = ?", (document_id,)).first()
            if row is None:
                raise NotFoundError(f"There is no document {document_id} in this knowledge base.")
            return self._document(connection, row)

    def _document(self, connection: Connection, row: Sequence[object]) -> Document:
        rowid, document_id, created, sha256, recipe, media_type, title, chunks = row
        paths = connection.exec_driver_sql(
            "SELECT path FROM paths WHERE document = ? AND hidden = 0 ORDER BY first_job, path", (rowid,)
        )
        return Document(
            document_id=str(document_id),
            kb_id=self.kb_id,
            sha256=str(sha256),
            media_type=str(media_type),
            title=title if isinstance(title, str) else None,
            paths=tuple(from_db_path(path[0]) for path in paths),
            recipe=str(recipe),
            chunk_count=int(str(chunks)),
            created_at=datetime.fromisoformat(str(created)),
        )

    def document_count(self) -> int:
        """How many documents can be found by a search now."""
        with reading(self._engine) as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM versions WHERE live = 1").scalar_one())

    def chunk_count(self) -> int:
        """How many chunks can be found by a search now."""
        with reading(self._engine) as connection:
            query = "SELECT coalesce(sum(chunks), 0) FROM versions WHERE live = 1"
            return int(connection.exec_driver_sql(query).scalar_one())

    def chunks(self, document_id: str | None = None) -> Iterator[Chunk]:
        """Chunks of complete documents, document by document, by source path and ordinal."""
        condition = "AND d.document_id = ?" if document_id else ""
        arguments = (document_id,) if document_id else ()
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(
                "SELECT s.id, (SELECT p.path FROM paths p WHERE p.document = d.id AND p.hidden = 0 "
                "ORDER BY p.first_job, p.path LIMIT 1) AS cited FROM documents d JOIN versions v ON v.id = d.version "
                f"JOIN segments s ON s.version = v.id WHERE v.live = 1 {condition} ORDER BY cited, s.number",
                arguments,
            ).all()
        for segment, _ in rows:
            yield from self._segment_chunks(segment)

    def _segment_chunks(self, segment: int) -> list[Chunk]:
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(
                f"SELECT {CHUNK_COLUMNS} FROM chunks c {CHUNK_JOINS} WHERE c.id >= ? AND c.id < ? AND v.live = 1 ORDER BY c.id",
                (segment << SEGMENT_SHIFT, (segment + 1) << SEGMENT_SHIFT),
            ).all()
        return [chunk_of(row, self.kb_id) for row in rows]

    # taking out ----------------------------------------------------------------------------

    @contextmanager
    def editing(self) -> Iterator["PathEditor"]:
        """A write transaction of its own; nothing is kept unless the editor is told to commit."""
        with writing(self._engine) as connection:
            yield PathEditor(connection)
            transaction = connection.get_transaction()
            if transaction is not None and transaction.is_active:
                transaction.rollback()

    def sweep(self, *, unfinished_before: datetime, limit: int = 64) -> int:
        """Delete segments of versions that no document has: replaced ones, and unfinished ones not touched since.

        Returns:
            How many segments went; call again while it is not 0.
        """
        with writing(self._engine) as connection:
            rows = connection.exec_driver_sql(
                "SELECT v.id, s.id FROM versions v LEFT JOIN segments s ON s.version = v.id "
                "WHERE v.document IS NULL AND (v.chunks > 0 OR v.touched_at < ?) LIMIT ?",
                (unfinished_before.isoformat(timespec="milliseconds"), limit),
            ).all()
            for _, segment in rows:
                if segment is not None:
                    delete_segment(connection, segment)
            connection.exec_driver_sql(
                "DELETE FROM versions WHERE document IS NULL AND (chunks > 0 OR touched_at < ?) "
                "AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.version = versions.id)",
                (unfinished_before.isoformat(timespec="milliseconds"),),
            )
        return len([1 for _, segment in rows if segment is not None])


class PathEditor:
    """Changes which paths answer, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hide_paths(self, paths: Sequence[str], hidden: bool) -> None:
        """Take paths out of search, or back. A document answers while one of its paths is visible."""
        if not paths:
            return
        run = self._connection.exec_driver_sql
        run("UPDATE paths SET hidden = ? WHERE path = ?", [(int(hidden), to_db_path(path)) for path in paths])
        for document in self._documents_of(paths):
            run(
                "UPDATE versions SET live = EXISTS (SELECT 1 FROM paths p WHERE p.document = ? AND p.hidden = 0) "
                "WHERE document = ?",
                (document, document),
            )

    def purge_paths(self, paths: Sequence[str]) -> None:
        """Remove hidden paths for good; documents that nobody names any more are retired."""
        if not paths:
            return
        run = self._connection.exec_driver_sql
        documents = self._documents_of(paths)
        run("DELETE FROM paths WHERE path = ? AND hidden = 1", [(to_db_path(path),) for path in paths])
        for document in documents:
            if not run("SELECT 1 FROM paths WHERE document = ?", (document,)).first():
                retire_document(self._connection, document)

    def commit(self) -> None:
        """Keep what was done. Nothing may follow."""
        transaction = self._connection.get_transaction()
        assert transaction is not None
        transaction.commit()

    def _documents_of(self, paths: Sequence[str]) -> list[int]:
        found: dict[int, None] = {}
        for path in paths:
            query = "SELECT document FROM paths WHERE path = ?"
            row = self._connection.exec_driver_sql(query, (to_db_path(path),)).first()
            if row is not None:
                found[row[0]] = None
        return list(found)


_DOCUMENT = (
    "SELECT d.id, d.document_id, d.created_at, v.sha256, v.recipe, v.media_type, v.title, v.chunks FROM documents d "
    "JOIN versions v ON v.id = d.version"
)


def folder_separator(folder: str) -> str:
    """The separator that a path of this store's machine uses."""
    return "\\" if "\\" in folder and "/" not in folder else "/"


def _known_path(row: Sequence[Any]) -> KnownPath:
    (
        path,
        document_id,
        sha256,
        recipe,
        size,
        mtime_ns,
        inode,
        ctime_ns,
        chunks,
        first_job,
        job,
        media_type,
        gaps,
        stored,
        hidden,
        *rest,
    ) = row
    signature = FileSignature(size, mtime_ns, inode, ctime_ns)
    twin = from_db_path(rest[0]) if rest and rest[0] is not None else None
    path, visible = from_db_path(path), not hidden
    return KnownPath(
        path, document_id, sha256, recipe, signature, chunks, first_job, job, visible, twin, media_type, gaps, stored
    )


def delete_segment(connection: Connection, segment: int) -> None:
    """Take out a segment with its chunks and their full text."""
    span = (segment << SEGMENT_SHIFT, (segment + 1) << SEGMENT_SHIFT)
    # External content: the full text must be told the old values before they go.
    connection.exec_driver_sql(
        "INSERT INTO chunks_fts (chunks_fts, rowid, heading, text, cjk) "
        "SELECT 'delete', id, heading, text, cjk FROM chunks WHERE id >= ? AND id < ?",
        span,
    )
    connection.exec_driver_sql("DELETE FROM chunks WHERE id >= ? AND id < ?", span)
    connection.exec_driver_sql("DELETE FROM segments WHERE id = ?", (segment,))
