"""``ingest stats``: counts, sizes and the metrics' names."""

from typing import Any

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_output import out, size_text
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.text import counted, one_line


def gather(app: App) -> dict[str, Any]:
    """Everything that is printed, with the metric names of ``observability.metrics``."""
    counts = app.service.counts()
    bases = app.service.knowledge_bases()
    figures = [content_figures(app, base.kb_id) for base in bases]
    return {
        "ingest_jobs": {status.value: counts.of(status) for status in JobStatus},
        "ingest_attention": sum(counts.attention.values()),
        "ingest_failures": counts.failures,
        "ingest_chunks": sum(found[1] for found in figures if found),
        "ingest_documents": sum(found[0] for found in figures if found),
        "ingest_knowledge_bases": len(bases),
        "unreadable": [base.name for base, found in zip(bases, figures, strict=True) if found is None],
        "ingest_queue_depth": counts.of(JobStatus.QUEUED),
        "ingest_phase_seconds": app.repository.phase_seconds(),
        "ingest_store_bytes": app.store_bytes(),
        "app_paused": app.service.app_paused(),
        "data_root": str(app.settings.data_root),
    }


def content_figures(app: App, kb_id: str) -> tuple[int, int] | None:
    """Documents and chunks of a knowledge base that can be found; None when its file cannot be read."""
    try:
        store = app.contents.of(kb_id)
        return store.document_count(), store.chunk_count()
    except StoreError:
        return None


def print_stats(record: dict[str, Any]) -> None:
    """For people."""
    out(f"Data folder: {one_line(record['data_root'])}  ({size_text(record['ingest_store_bytes'])})")
    figures = ((record["ingest_documents"], "document"), (record["ingest_chunks"], "chunk"))
    bases = counted(record["ingest_knowledge_bases"], "knowledge base")
    out(", ".join([*(counted(number, noun) for number, noun in figures), bases]))
    out("Jobs: " + ", ".join(f"{number:,} {status}" for status, number in record["ingest_jobs"].items()))
    if record["ingest_failures"]:
        out("Failures: " + ", ".join(f"{number:,} {code}" for code, number in record["ingest_failures"].items()))
    if record["unreadable"]:
        out(f"Not readable: {', '.join(map(one_line, record['unreadable']))}. See 'ingest check'.")
    if record["app_paused"]:
        out("Everything is paused.")
