"""What the list of jobs and a knowledge base tell of one another, and where they disagree.

A job *stands* when it is the last completed one of its path, and the path is not about to be read again: then what it
brought must be there, as it tells it. Jobs end, and deletions are told, while one file has been looked at and the other has
not: what seems wrong is looked at twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import from_db_path, reading
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_schema import ACTIVE_SQL

STANDS: Final = (
    "NOT EXISTS (SELECT 1 FROM ingest_jobs a "
    f"WHERE a.kb_id = j.kb_id AND a.source_path = j.source_path AND {ACTIVE_SQL}) "
    "AND NOT EXISTS (SELECT 1 FROM ingest_jobs o "
    "INDEXED BY ix_brought JOIN job_history h ON h.job_id = o.id AND h.to_status = 'completed' "
    "WHERE o.kb_id = j.kb_id AND o.source_path = j.source_path AND (o.status = 'completed' OR o.document_id IS NOT NULL) AND o.id <> j.id "
    "AND h.id > (SELECT coalesce(max(m.id), 0) FROM job_history m WHERE m.job_id = j.id AND m.to_status = 'completed'))"
)
_FIGURES: Final = (
    "chunks_stored",
    "chunks_indexed",
    "units_seen",
    "units_with_text",
    "units_by_ocr",
    "chars",
    "segments",
)
_OWED: Final = ", ".join(f"coalesce(r.json ->> '$.{name}', 0)" for name in _FIGURES)
# Whether the path has other jobs, which may have taken its gaps over.
_SHARED: Final = (
    "EXISTS (SELECT 1 FROM ingest_jobs s INDEXED BY ix_brought WHERE s.kb_id = j.kb_id AND s.source_path = j.source_path "
    "AND (s.status = 'completed' OR s.document_id IS NOT NULL) AND s.id <> j.id)"
)
_BROUGHT: Final = (
    f"SELECT j.id, j.source_path, j.document_id, j.checksum, r.json ->> '$.recipe', j.chunk_count, j.gaps, {STANDS}, {_SHARED}, {_OWED}, "
    "coalesce(json_array_length(r.json, '$.units_failed'), 0) FROM ingest_jobs j "
    "LEFT JOIN job_receipts r ON r.job_id = j.id AND json_valid(r.json) WHERE j.kb_id = ? AND j.status = 'completed' "
    "AND j.deleted_at IS NULL AND j.document_id IS NOT NULL AND typeof(j.source_path) IN ('text', 'blob')"
)
_DOCUMENTS: Final = (
    "SELECT d.document_id, v.sha256, v.recipe, v.chunks, v.gaps, sum(s.units_seen), sum(s.units_with_text), "
    "sum(s.units_by_ocr), sum(s.chars), count(s.id) FROM documents d JOIN versions v ON v.id = d.version "
    "LEFT JOIN segments s ON s.version = v.id GROUP BY d.id"
)
_PATHS: Final = "SELECT p.path, d.document_id, p.hidden FROM paths p JOIN documents d ON d.id = p.document"


class Told(NamedTuple):
    """What a completed job and its receipt tell."""

    job: int
    path: str | bytes
    document: str
    checksum: str | None
    recipe: str | None
    chunks: int
    gaps: int
    stands: bool
    shares: bool
    owed: tuple[int, ...]  # in the order of ``_FIGURES``, and the gaps

    @property
    def was_read(self) -> bool:
        """Whether the job read anything itself: its receipt tells of segments then."""
        return self.owed[_FIGURES.index("segments")] > 0


class Stored(NamedTuple):
    """What a knowledge base has of a document."""

    sha256: str
    recipe: str
    chunks: int
    gaps: int
    sums: tuple[int, ...]  # units seen, with text, by recognition; characters; segments

    @property
    def figures(self) -> tuple[int, ...]:
        """As ``Told.owed``."""
        return (self.chunks, self.chunks, *self.sums, self.gaps)


@dataclass(slots=True)
class Disagreements:
    """Jobs, with the document that each names where it is there."""

    missing: list[Told] = field(default_factory=list)
    receipts: list[tuple[Told, Stored]] = field(default_factory=list)
    figures: list[tuple[Told, Stored]] = field(default_factory=list)
    contents: list[tuple[Told, Stored]] = field(default_factory=list)  # another content than the job read
    recipes: list[tuple[Told, Stored]] = field(default_factory=list)  # another recipe, and no receipt tells of it
    elsewhere: list[Told] = field(default_factory=list)  # the path leads to another document, or is not known
    hidden: list[Told] = field(default_factory=list)

    def findings(self, where: str, most: int) -> list[Finding]:
        """At most so many of each kind."""
        found = [
            ("document_missing", f"job {t.job} is completed, but document {t.document} is not there")
            for t in self.missing[:most]
        ]
        for told, stored in self.receipts[:most]:
            text = f"the receipt of job {told.job} owes {told.owed[0]} chunks, its document has {stored.chunks}"
            if told.owed[0] == stored.chunks:
                text = f"the receipt of job {told.job} tells other figures than its document"
            found.append(("receipt_differs", text))
        for told, stored in self.figures[:most]:
            what = f"{told.chunks} chunks and {told.gaps} gaps, its document has {stored.chunks} and {stored.gaps}"
            found.append(("figures_differ", f"job {told.job} tells {what}"))
        for told, _ in self.contents[:most]:
            found.append(("checksum_differs", f"job {told.job} read other content than document {told.document} has"))
        for told, stored in self.recipes[:most]:
            found.append(
                ("recipe_differs", f"no receipt tells of the recipe of document {told.document} ({stored.recipe})")
            )
        for told in self.elsewhere[:most]:
            found.append(
                (
                    "path_differs",
                    f"{from_db_path(told.path)} does not lead to document {told.document} of job {told.job}",
                )
            )
        for told in self.hidden[:most]:
            found.append(
                ("listed_but_hidden", f"{from_db_path(told.path)} cannot be found, but job {told.job} is listed")
            )
        return [Finding(code, where, text) for code, text in found]


def disagreements(ledger: Ledger, store: KnowledgeBaseStore) -> Disagreements:
    """Where they disagree, and did so when they were looked at again."""
    first = _look(ledger, store)
    suspects = [first.contents, first.recipes, first.elsewhere, first.hidden]
    if not any(suspects):
        return first
    second = _look(ledger, store)
    again = {told.job for told, _ in [*second.contents, *second.recipes]} | {
        told.job for told in [*second.elsewhere, *second.hidden]
    }
    first.contents = [pair for pair in first.contents if pair[0].job in again]
    first.recipes = [pair for pair in first.recipes if pair[0].job in again]
    first.elsewhere = [told for told in first.elsewhere if told.job in again]
    first.hidden = [told for told in first.hidden if told.job in again]
    return first


def _look(ledger: Ledger, store: KnowledgeBaseStore) -> Disagreements:
    jobs = _brought(ledger, store.kb_id)  # first: what a job brings is in the content before the job has ended
    with reading(store.engine) as connection:
        rows = connection.exec_driver_sql(_DOCUMENTS)
        present = {row[0]: Stored(row[1], row[2], row[3], row[4], tuple(n or 0 for n in row[5:])) for row in rows}
        paths = {path: (document, hidden) for path, document, hidden in connection.exec_driver_sql(_PATHS)}
    with reading(ledger.engine) as connection:
        untold = set(connection.exec_driver_sql("SELECT path FROM outbox WHERE kb_id = ?", (store.kb_id,)).scalars())
    found = Disagreements()
    for told in jobs:
        stored = present.get(told.document)
        if stored is None:
            if told.stands:
                found.missing.append(told)
            continue
        _compare(found, told, stored)
        if told.stands and told.path not in untold:
            document, hidden = paths.get(told.path, ("", 0))
            if document != told.document:
                found.elsewhere.append(told)
            elif hidden:
                found.hidden.append(told)
    found.recipes = _unexplained(ledger, store.kb_id, found.recipes)
    return found


def _compare(found: Disagreements, told: Told, stored: Stored) -> None:
    if told.checksum != stored.sha256:
        if told.stands and told.checksum is not None:
            found.contents.append((told, stored))
    elif told.recipe is None:
        pass  # it was found unchanged while it was added
    elif told.recipe != stored.recipe:
        if told.stands:
            found.recipes.append((told, stored))
    else:
        # Where nothing was read, a receipt tells of no segments, and of units what the file told.
        compared = slice(None) if told.was_read else slice(0, 2)
        if told.owed[compared] != stored.figures[compared]:
            found.receipts.append((told, stored))
        gaps = 0 if told.shares and not told.gaps else stored.gaps  # see ``ledger_gaps``
        if (told.chunks, told.gaps) != (stored.chunks, gaps):
            found.figures.append((told, stored))


def _brought(ledger: Ledger, kb_id: str) -> list[Told]:
    with reading(ledger.engine) as connection:
        rows = connection.exec_driver_sql(_BROUGHT, (kb_id,)).all()
    return [Told._make((*row[:7], bool(row[7]), bool(row[8]), tuple(row[9:]))) for row in rows]


def _unexplained(ledger: Ledger, kb_id: str, pairs: Sequence[tuple[Told, Stored]]) -> list[tuple[Told, Stored]]:
    """Those whose recipe no job has read by. A twin that was read by another recipe gave it to both; a job that was removed
    for good tells nothing any more, so where one was, nothing is said."""
    if not pairs:
        return []
    wanted = json.dumps([[stored.sha256, stored.recipe] for _, stored in pairs])
    with reading(ledger.engine) as connection:
        sql = "SELECT seq - (SELECT count(*) FROM ingest_jobs) FROM sqlite_sequence WHERE name = 'ingest_jobs'"
        if connection.exec_driver_sql(sql).scalar():
            return []
        explained = {
            (sha256, recipe)
            for sha256, recipe in connection.exec_driver_sql(
                "SELECT j.checksum, r.json ->> '$.recipe' FROM ingest_jobs j JOIN job_receipts r ON r.job_id = j.id AND "
                "json_valid(r.json) WHERE j.kb_id = ? AND (j.checksum, r.json ->> '$.recipe') IN "
                "(SELECT e.value ->> 0, e.value ->> 1 FROM json_each(?) e)",
                (kb_id, wanted),
            )
        }
    return [pair for pair in pairs if (pair[1].sha256, pair[1].recipe) not in explained]


def without_job(ledger: Ledger, store: KnowledgeBaseStore) -> set[str | bytes]:
    """Paths that can be found although every job of theirs was deleted, and nothing waits to be told of them."""
    with reading(store.engine) as connection:
        visible = set(connection.exec_driver_sql("SELECT path FROM paths WHERE hidden = 0").scalars())
    with reading(ledger.engine) as connection:
        wanted = "SELECT source_path FROM ingest_jobs WHERE kb_id = ? AND deleted_at IS NULL"
        told = "SELECT path FROM outbox WHERE kb_id = ?"
        for query in (wanted, told):
            visible.difference_update(connection.exec_driver_sql(query, (store.kb_id,)).scalars())
    return visible
