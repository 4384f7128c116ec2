"""``ingest stats``: counts, sizes and the metrics' names."""

from typing import Any

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_output import out, size_text
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.models import Counts
from ingest_desktop.domain.text import counted, one_line


def gather(app: App) -> dict[str, Any]:
    """Everything that is printed, with the metric names of ``observability.metrics``."""
    counts = app.service.counts()
    bases, held = app.service.knowledge_bases(), app.held_bases()
    figures = [content_figures(app, base.kb_id) for base in bases]
    return {
        "ingest_jobs": {status.value: counts.of(status) for status in JobStatus},
        "ingest_attention": sum(counts.attention.values()),
        "ingest_gaps": sum(counts.gaps.values()),
        "ingest_empty": empty_of(counts),
        "ingest_failures": counts.failures,
        "ingest_chunks": sum(found[1] for found in figures if found),
        "ingest_documents": sum(found[0] for found in figures if found),
        "ingest_knowledge_bases": len(bases),
        "held": {base.name: held[base.kb_id] for base in bases if base.kb_id in held},
        "unreadable": [base.name for base, found in zip(bases, figures, strict=True) if found is None],
        "ingest_queue_depth": counts.of(JobStatus.QUEUED),
        "ingest_phase_seconds": app.repository.phase_seconds(),
        "ingest_store_bytes": app.store_bytes(),
        "app_paused": app.service.app_paused(),
        "data_root": str(app.settings.data_root),
    }


def empty_of(counts: Counts) -> int:
    """How many jobs ended without any text: those that need a person and neither failed nor have gaps."""
    return max(0, sum(counts.attention.values()) - counts.of(JobStatus.FAILED) - sum(counts.gaps.values()))


def ended_text(completed: int, gaps: int, empty: int) -> str:
    """How many were completed, and how many of these not wholly: "80 completed (3 with gaps, 2 without text)"."""
    named = [f"{number:,} {what}" for number, what in ((gaps, "with gaps"), (empty, "without text")) if number]
    return f"{completed:,} completed" + (f" ({', '.join(named)})" if named else "")


def content_figures(app: App, kb_id: str) -> tuple[int, int] | None:
    """Documents and chunks of a knowledge base that can be found; None when its file cannot be read."""
    try:
        store = app.contents.of(kb_id)
        return store.document_count(), store.chunk_count()
    except StoreError:
        return None


def why_held(code: str) -> str:
    """Why a knowledge base is held, by the code of the error."""
    from ingest_desktop.infrastructure.holding import HOLDS

    return HOLDS[code].reason


def print_stats(record: dict[str, Any]) -> None:
    """For people."""
    out(f"Data folder: {one_line(record['data_root'])}  ({size_text(record['ingest_store_bytes'])})")
    figures = ((record["ingest_documents"], "document"), (record["ingest_chunks"], "chunk"))
    bases = counted(record["ingest_knowledge_bases"], "knowledge base")
    out(", ".join([*(counted(number, noun) for number, noun in figures), bases]))
    gaps, empty = record["ingest_gaps"], record["ingest_empty"]
    out(
        "Jobs: "
        + ", ".join(
            ended_text(number, gaps, empty) if status == JobStatus.COMPLETED else f"{number:,} {status}"
            for status, number in record["ingest_jobs"].items()
        )
    )
    if record["ingest_attention"]:
        out(f"Attention: {counted(record['ingest_attention'], 'job')}. See 'ingest jobs --attention'.")
    if record["ingest_failures"]:
        out("Failures: " + ", ".join(f"{number:,} {code}" for code, number in record["ingest_failures"].items()))
    if record["unreadable"]:
        out(f"Not readable: {', '.join(map(one_line, record['unreadable']))}. See 'ingest check'.")
    for name, code in record["held"].items():
        out(f"Paused: {one_line(name)}: {why_held(code)}.")
    if record["app_paused"]:
        out("Everything is paused.")
