"""The part of ``ingest check`` that reads originals again: what is stored must be what they give today.

Ids are deterministic, so a document whose file has not changed and whose recipe is today's must come out the same:
as many chunks, in the same order, with the same text, place and id.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from ingest_desktop.domain.errors import IngestError, SourceEncrypted
from ingest_desktop.domain.interfaces.checks import Finding
from ingest_desktop.domain.interfaces.extraction import ExtractionChild
from ingest_desktop.domain.models import Chunk, Document
from ingest_desktop.domain.wire import (
    ChunkRow,
    Extracted,
    ExtractOptions,
    Failed,
    Looked,
    LookItem,
    LookLot,
    Message,
    SegmentTask,
    recipe_of,
    signature_of,
)
from ingest_desktop.infrastructure.content_rows import chunk_id_of, location_of, version_key
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore

_PAGE = 500
_TWINS = 100  # of a document, that are looked at


def check_sample(
    store: KnowledgeBaseStore, child: ExtractionChild, options: ExtractOptions, sample: int
) -> Iterator[Finding]:
    """Read some documents of a knowledge base again and compare them with what is stored.

    Args:
        child: Reads; this thread's alone.
        sample: How many documents at most, dealt out evenly over those whose originals have not changed.
    """
    options = replace(options, settle_seconds=0.0)  # what is looked at is as it was when it was read
    for document_id, path in islice(_spread(store, sample), sample):
        finding = _reread(store, child, options, document_id, path)
        if finding is not None:
            yield finding


def _spread(store: KnowledgeBaseStore, sample: int) -> Iterator[tuple[str, str]]:
    """Every so manieth document, by id, that has an original as it was read; then the ones between."""
    step = max(1, store.document_count() // max(1, sample))
    for first in range(step):
        for number, document in enumerate(_documents(store)):
            path = _original(store, document.paths) if number % step == first else None
            if path is not None:
                yield document.document_id, path


def _documents(store: KnowledgeBaseStore) -> Iterator[Document]:
    after: str | None = None
    while page := store.documents(after=after, limit=_PAGE):
        yield from page
        after = page[-1].document_id


def _original(store: KnowledgeBaseStore, paths: Sequence[str]) -> str | None:
    """The first of a document's files whose kind gave it its text, when it is as it was read."""
    known = store.known(paths[:_TWINS])
    ours = (known[path] for path in paths if path in known)
    found = next((path for path in ours if path.recipe == path.stored_recipe), None)
    try:
        return found.path if found is not None and signature_of(os.stat(found.path)) == found.signature else None
    except (OSError, ValueError):
        return None


def _reread(
    store: KnowledgeBaseStore, child: ExtractionChild, options: ExtractOptions, document_id: str, path: str
) -> Finding | None:
    messages: list[Message] = []
    try:
        child.run(LookLot((LookItem(1, path),), options), messages.append)
        looked = next((message for message in messages if isinstance(message, Looked)), None)
        if looked is None:
            failed = next((message for message in messages if isinstance(message, Failed)), None)
            if failed and failed.code == SourceEncrypted.code:
                return None  # its password was in memory only: without, there is nothing to compare with
            why = failed.message if failed else "its reader said nothing"
            return Finding("reread_failed", store.kb_id, f"{path} was read before and cannot be read now: {why}")
        plan = looked.plan
        document = store.document(document_id)
        recipe = recipe_of(plan.reader, plan.reader_version, options, plan.unit, plan.shape)
        if document.recipe != recipe or document.sha256 != plan.sha256:
            return None  # read under other settings, by an older reader, or changed since: nothing to compare with
        if looked.result is not None:
            segments = {0: looked.result.chunks}
        else:
            for spec in plan.segments:
                child.run(SegmentTask(1, path, plan, spec.number, options), messages.append)
            results = [message.result for message in messages if isinstance(message, Extracted)]
            segments = {result.number: result.chunks for result in results}
    except IngestError as error:
        return Finding("reread_failed", store.kb_id, f"{path} was read before and cannot be read now: {error}")
    key = version_key(plan.sha256, recipe)
    wanted = [
        (chunk_id_of(key, number, index), row)
        for number in sorted(segments)
        for index, row in enumerate(segments[number])
    ]
    difference = _difference(list(store.chunks(document_id)), wanted)
    return Finding("reread_differs", store.kb_id, f"{path}: {difference}", document_id) if difference else None


def _difference(stored: list[Chunk], wanted: list[tuple[str, ChunkRow]]) -> str:
    """The first thing that differs, in words; empty when nothing does."""
    if len(stored) != len(wanted):
        return f"{len(stored)} chunks are stored, its original gives {len(wanted)}"
    for ordinal, (chunk, (chunk_id, row)) in enumerate(zip(stored, wanted, strict=True)):
        place = location_of(row.page, row.line_start, row.line_end, row.extra, row.heading)
        if chunk.chunk_id != chunk_id or chunk.ordinal != ordinal:
            return f"chunk {ordinal} is stored as {chunk.chunk_id}, and should be {chunk_id}"
        if chunk.text != row.text or chunk.location != place:
            return f"chunk {chunk_id} has another text or place than its original"
    return ""
