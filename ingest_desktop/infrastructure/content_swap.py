"""Making versions live: what becomes of a path, its document and the version it had before.

All in the writer's open transaction, so that a searcher sees the old version or the new one and never a mix.

Files with the same bytes are one document, also when their names have them read by different readers (notes.txt and
notes.md). Whose text it has does not depend on which came first; see ``_yields``.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import ContentGone
from ingest_desktop.domain.interfaces.repository import Confirmed, Finished, LiveVersion
from ingest_desktop.infrastructure.content_versions import Version, load_versions
from ingest_desktop.infrastructure.database import from_db_path, to_db_path

_Path = tuple[int, int, int]  # document, first job, job
_PLAIN = "text"  # the reader that takes what no other knows


def now_text() -> str:
    """The time as it is stored: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Swap:
    """One round of making versions live.

    New content at a new path, by far the most frequent, is gathered and written in three statements for
    the whole round; anything else first flushes what was gathered and then goes step by step.
    """

    def __init__(self, connection: Connection, items: Sequence[Finished]) -> None:
        self._connection = connection
        self._items = items
        self._next_document = last_id(connection, "documents") + 1
        self._versions = load_versions(connection, {(item.plan.sha256, item.recipe) for item in items})
        hashes = json.dumps([item.plan.sha256 for item in items])
        self._known_content = {
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT sha256 FROM versions WHERE document IS NOT NULL AND sha256 IN (SELECT value FROM json_each(?))",
                (hashes,),
            )
        }
        self._paths = {row[0]: row[1:] for row in load_paths(connection, items)}
        names = json.dumps([base_name(item.plan.sha256) for item in items])
        self._taken_names = {
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT document_id FROM documents WHERE document_id IN (SELECT value FROM json_each(?))", (names,)
            )
        }
        self._new: list[tuple[Finished, Version, str]] = []

    def run(self) -> list[LiveVersion]:
        """Handle every item, in order."""
        found = [self._one(item) for item in self._items]
        self._flush()
        return found

    def _one(self, item: Finished) -> LiveVersion:
        version = self._versions[item.plan.sha256, item.recipe]
        if version.stored != version.wanted:
            raise ContentGone(f"{version.stored} of {version.wanted} segments of this document are stored.")
        name = base_name(item.plan.sha256)
        is_new = item.path not in self._paths and item.plan.sha256 not in self._known_content
        if is_new and version.wanted == 1 and name not in self._taken_names:
            version.document = self._next_document
            self._next_document += 1
            self._taken_names.add(name)
            self._known_content.add(item.plan.sha256)
            self._paths[item.path] = (version.document, item.job_id, item.job_id)
            self._new.append((item, version, name))
            return _live(item, version, name, Outcome.INGESTED, None)
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
            "UPDATE versions SET document = ?, live = 1, chunks = ?, gaps = ? WHERE id = ?",
            [(version.document, version.chunks, len(version.failed), version.id) for _, version, _ in new],
        )
        run(
            "INSERT INTO paths (path, document, first_job, job, size, mtime_ns, inode, ctime_ns) VALUES (?,?,?,?,?,?,?,?)",
            [
                (to_db_path(item.path), version.document, item.job_id, item.job_id, *item.plan.signature)
                for item, version, _ in new
            ],
        )

    def _step_by_step(self, item: Finished, version: Version) -> LiveVersion:
        before = self._paths.get(item.path)
        own: str | None = ""
        if version.document is None:
            document, outcome, own = self._place(item, version, before)
        else:
            if (
                _reader_of(item.recipe) != item.plan.reader
            ):  # what a twin brought is confirmed for a file of another kind
                own = None
            document = version.document
            unchanged = before is not None and before[0] == document
            outcome = _again(item, before) if before is not None and unchanged else Outcome.DUPLICATE
            if outcome is Outcome.INGESTED and self._has_elder(document, item.job_id):
                outcome = Outcome.DUPLICATE  # and the ledger was not told
        twin_path = self._first_path(document, item.path) if outcome is Outcome.DUPLICATE else None
        if outcome is Outcome.DUPLICATE and twin_path is None:
            outcome = Outcome.INGESTED  # its twins are all in the trash
        self._point(item, document, before, own)
        self._connection.exec_driver_sql("UPDATE versions SET live = 1 WHERE document = ?", (document,))
        self._known_content.add(item.plan.sha256)
        return _live(item, version, self._document_id(document), outcome, twin_path)

    def _place(self, item: Finished, version: Version, before: _Path | None) -> tuple[int, Outcome, str]:
        """Find or make the document for a version that has none yet; and the recipe to note for the path."""
        run = self._connection.exec_driver_sql
        self._number_chunks(version)
        elder = run(
            "SELECT document, recipe, chunks FROM versions WHERE sha256 = ? AND document IS NOT NULL AND id <> ?",
            (item.plan.sha256, version.id),
        ).first()
        if elder is not None:  # the same content under another recipe
            document, recipe, chunks = elder
            is_known = before is not None and before[0] == document
            if self._yields(item, version, document, recipe, chunks):
                outcome = _again(item, before) if before is not None and is_known else Outcome.DUPLICATE
                return document, outcome, item.recipe
            self._replace(document, version)
            return document, Outcome.UPDATED if is_known else Outcome.DUPLICATE, ""
        if before is not None and self._first_path(before[0], item.path, hidden=True) is None:
            self._replace(before[0], version)
            return before[0], Outcome.UPDATED, ""
        document = self._next_document
        self._next_document += 1
        name = self._free_name(base_name(item.plan.sha256))
        self._taken_names.add(name)
        run(
            "INSERT INTO documents (id, document_id, version, created_at) VALUES (?,?,?,?)",
            (document, name, version.id, now_text()),
        )
        run("UPDATE versions SET document = ?, live = 1 WHERE id = ?", (document, version.id))
        version.document = document
        return document, Outcome.UPDATED if before is not None else Outcome.INGESTED, ""

    def _yields(self, item: Finished, version: Version, document: int, recipe: str, chunks: int) -> bool:
        """Whether a version leaves its document the text that a twin of another kind gave it; else it takes its place.

        What has no text yields to what has some, plain text to every other kind, and otherwise the greater name of a
        reader to the smaller. Another recipe of the same reader, a newer version say, yields never; nor does any to a text
        whose own files have all gone.
        """
        mine, theirs = _reader_of(item.recipe), _reader_of(recipe)
        run = self._connection.exec_driver_sql
        others = "document = ? AND path <> ?"
        where = (document, to_db_path(item.path))
        if mine != theirs and run(f"SELECT 1 FROM paths WHERE {others} AND own = ''", where).first():
            if (chunks == 0, theirs == _PLAIN, theirs) < (version.chunks == 0, mine == _PLAIN, mine):
                return True
            run(f"UPDATE paths SET own = ? WHERE {others} AND own = ''", (recipe, *where))
        run(f"UPDATE paths SET own = '' WHERE {others} AND own = ?", (*where, item.recipe))
        return False

    def _free_name(self, base: str) -> str:
        """Its name is taken only when the first content of an older document came back elsewhere."""
        name, turn = base, 1
        while self._connection.exec_driver_sql("SELECT 1 FROM documents WHERE document_id = ?", (name,)).first():
            turn += 1
            name = f"{base}-{turn}"
        return name

    def _replace(self, document: int, version: Version) -> None:
        run = self._connection.exec_driver_sql
        run("UPDATE versions SET live = 0, document = NULL, touched_at = ? WHERE document = ?", (now_text(), document))
        run("UPDATE versions SET live = 1, document = ? WHERE id = ?", (document, version.id))
        run("UPDATE documents SET version = ? WHERE id = ?", (version.id, document))
        version.document = document
        for other in self._versions.values():
            if other is not version and other.document == document:
                other.document = None

    def _number_chunks(self, version: Version) -> None:
        """Give each segment the ordinal of its first chunk, now that all are there."""
        run = self._connection.exec_driver_sql
        if version.stored > 1:
            rows = run("SELECT id, chunks FROM segments WHERE version = ? ORDER BY number", (version.id,)).all()
            ordinal, updates = 0, []
            for segment, chunks in rows:
                updates.append((ordinal, segment))
                ordinal += chunks
            run("UPDATE segments SET first_ordinal = ? WHERE id = ?", updates)
        run("UPDATE versions SET chunks = ?, gaps = ? WHERE id = ?", (version.chunks, len(version.failed), version.id))

    def _point(self, item: Finished, document: int, before: _Path | None, own: str | None) -> None:
        """Let a path name a document; a document that nobody names any more is taken out.

        Args:
            own: How the file itself is read, where that is not how its document was; None leaves what is noted.
        """
        signature = tuple(item.plan.signature)
        run = self._connection.exec_driver_sql
        key = to_db_path(item.path)
        if before is None:
            run(
                "INSERT INTO paths (path, document, first_job, job, size, mtime_ns, inode, ctime_ns, own) "
                "VALUES (?,?,?,?,?,?,?,?,?)",
                (key, document, item.job_id, item.job_id, *signature, own or ""),
            )
        else:
            run(
                "UPDATE paths SET document=?, hidden=0, job=?, size=?, mtime_ns=?, inode=?, ctime_ns=?, "
                "own = coalesce(?, own) WHERE path=?",
                (document, item.job_id, *signature, own, key),
            )
            if before[0] != document:
                self._leave(before[0], item.path)
        self._paths[item.path] = (document, before[1] if before else item.job_id, item.job_id)

    def _leave(self, document: int, path: str) -> None:
        """A path names another document now: the one it left is retired, or hidden with the paths it still has."""
        if self._first_path(document, path, hidden=True) is None:
            retire_document(self._connection, document)
            for version in self._versions.values():
                if version.document == document:
                    version.document = None
        elif self._first_path(document, path) is None:
            self._connection.exec_driver_sql("UPDATE versions SET live = 0 WHERE document = ?", (document,))

    def _first_path(self, document: int, but: str, *, hidden: bool = False) -> str | None:
        row = self._connection.exec_driver_sql(
            "SELECT path FROM paths WHERE document = ? AND path <> ? AND hidden <= ? ORDER BY first_job, path LIMIT 1",
            (document, to_db_path(but), int(hidden)),
        ).first()
        return from_db_path(row[0]) if row else None

    def _has_elder(self, document: int, job_id: int) -> bool:
        """Whether a path that can be found brought this document before a job did."""
        sql = "SELECT 1 FROM paths WHERE document = ? AND hidden = 0 AND first_job < ?"
        return self._connection.exec_driver_sql(sql, (document, job_id)).first() is not None

    def _document_id(self, document: int) -> str:
        return str(
            self._connection.exec_driver_sql("SELECT document_id FROM documents WHERE id = ?", (document,)).scalar_one()
        )


def base_name(sha256: str) -> str:
    """A document is named by its first content, so that its id does not depend on which of two twins came first."""
    return "d_" + sha256[:20]


def _reader_of(recipe: str) -> str:
    """The name of the reader in a recipe."""
    return recipe.partition("/")[0]


def _live(item: Finished, version: Version, name: str, outcome: Outcome, twin_path: str | None) -> LiveVersion:
    """What became of a version. What its plan says is that of this very file: a twin may have another name, and
    what is said of a file comes with each of its segments."""
    return LiveVersion(
        document_id=name,
        outcome=outcome if version.chunks else Outcome.EMPTY,
        chunk_count=version.chunks,
        twin_path=twin_path,
        segments=version.stored,
        units_seen=version.units_seen,
        units_with_text=version.units_with_text,
        chars=version.chars,
        units_by_ocr=version.units_by_ocr,
        units_failed=version.failed,
        warnings=tuple(dict.fromkeys((*item.plan.warnings, *version.warnings))),
        seconds=version.seconds,
        recognising_seconds=version.recognising,
        chunking_seconds=version.chunking,
        language=version.language,
    )


def _again(item: Finished, before: _Path) -> Outcome:
    """The outcome for a path that has this content already: perhaps this very job brought it, and the ledger was not told."""
    if before[2] != item.job_id:
        return Outcome.UNCHANGED
    return Outcome.INGESTED if before[1] == item.job_id else Outcome.UPDATED


def load_paths(
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


def last_id(connection: Connection, table: str) -> int:
    """The largest id that a table ever gave, or 0."""
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).first()
    return int(row[0]) if row else 0
