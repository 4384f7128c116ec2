"""What the tests of content and search share: plans, segments, a store on a real file."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from ingest_desktop.domain.cjk import cjk_terms
from ingest_desktop.domain.interfaces.repository import Confirmed, Finished, LiveVersion, SegmentIn
from ingest_desktop.domain.models import Chunk
from ingest_desktop.domain.wire import ChunkRow, DocumentPlan, FileSignature, SegmentResult, SegmentSpec
from ingest_desktop.infrastructure.content_checks import check_content
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore

RECIPE = "text/1 seg=1 chunk=900 overlap=0"
OTHER_RECIPE = "text/2 seg=1 chunk=500 overlap=0"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SOON = timedelta(days=1)
OpenStore = Callable[..., KnowledgeBaseStore]


def plan_of(content: str, segments: int = 1, *, size: int | None = None) -> DocumentPlan:
    """A plan for a made-up content; equal contents have equal hashes."""
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    size = len(content) if size is None else size
    specs = tuple(SegmentSpec(number, number, number + 1) for number in range(segments))
    return DocumentPlan(sha256, FileSignature(size, 2, 3, 4), "text/plain", "text", 1, "byte", size, specs)


def row(text: str, heading: str | None = None, page: int | None = None) -> ChunkRow:
    return ChunkRow(text, heading, page, cjk=cjk_terms(text))


def segment(
    plan: DocumentPlan, number: int = 0, texts: Sequence[str | ChunkRow] = ("hello world",), recipe: str = RECIPE
) -> SegmentIn:
    rows = [text if isinstance(text, ChunkRow) else row(text) for text in texts]
    result = SegmentResult(number, rows, 1, int(bool(rows)), chars=sum(len(entry.text) for entry in rows))
    return SegmentIn(plan, recipe, result)


def put(
    store: KnowledgeBaseStore,
    path: str,
    content: str,
    *segments: Sequence[str | ChunkRow],
    job: int = 1,
    recipe: str = RECIPE,
) -> LiveVersion:
    """Store a document whole, as a job does. Without segments, one chunk that is the content."""
    parts: Sequence[Sequence[str | ChunkRow]] = segments or [[content] if content else []]
    plan = plan_of(content, len(parts))
    store.add_segments([segment(plan, number, texts, recipe) for number, texts in enumerate(parts)])
    (live,) = store.finish([Finished(path, job, plan, recipe)])
    store.commit()
    return live


def confirm(store: KnowledgeBaseStore, path: str, content: str, job: int) -> set[str]:
    gone = store.confirm([Confirmed(path, job, plan_of(content).signature)])
    store.commit()
    return gone


def edit(
    store: KnowledgeBaseStore, *, hide: Sequence[str] = (), show: Sequence[str] = (), purge: Sequence[str] = ()
) -> None:
    with store.editing() as editor:
        editor.hide_paths(hide, True)
        editor.hide_paths(show, False)
        editor.purge_paths(purge)
        editor.commit()


def texts(store: KnowledgeBaseStore) -> dict[str, list[str]]:
    """What can be exported, by the cited path, in order."""
    found: dict[str, list[str]] = {}
    for chunk in store.chunks():
        found.setdefault(chunk.source_path, []).append(chunk.text)
    return found


def export(store: KnowledgeBaseStore) -> list[Chunk]:
    return list(store.chunks())


def assert_sound(store: KnowledgeBaseStore) -> None:
    """What ``ingest check`` asks of a knowledge base."""
    assert list(check_content(store)) == []


def sweep_all(store: KnowledgeBaseStore, before: datetime = LONG_AGO) -> None:
    while store.sweep(unfinished_before=before, limit=2):
        pass


def rows_in(store: KnowledgeBaseStore, table: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
