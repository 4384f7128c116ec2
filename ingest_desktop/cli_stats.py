"""``ingest stats``: counts, sizes and the metrics' names."""

from typing import Any

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_output import out, size_text
from ingest_desktop.domain.enums import JobStatus


def gather(app: App) -> dict[str, Any]:
    """Everything that is printed, with the metric names of ``observability.metrics``."""
    counts = app.service.counts()
    bases = app.service.knowledge_bases()
    return {
        "ingest_jobs": {status.value: counts.of(status) for status in JobStatus},
        "ingest_attention": sum(counts.attention.values()),
        "ingest_failures": counts.failures,
        "ingest_chunks": sum(app.contents.of(base.kb_id).chunk_count() for base in bases),
        "ingest_documents": sum(app.contents.of(base.kb_id).document_count() for base in bases),
        "ingest_knowledge_bases": len(bases),
        "ingest_queue_depth": counts.of(JobStatus.QUEUED),
        "ingest_phase_seconds": app.repository.phase_seconds(),
        "ingest_store_bytes": app.store_bytes(),
        "app_paused": app.service.app_paused(),
        "data_root": str(app.settings.data_root),
    }


def print_stats(record: dict[str, Any]) -> None:
    """For people."""
    out(f"Data folder: {record['data_root']}  ({size_text(record['ingest_store_bytes'])})")
    out(
        f"{record['ingest_documents']:,} documents, {record['ingest_chunks']:,} chunks, {record['ingest_knowledge_bases']} knowledge bases"
    )
    out("Jobs: " + ", ".join(f"{number:,} {status}" for status, number in record["ingest_jobs"].items()))
    if record["ingest_failures"]:
        out("Failures: " + ", ".join(f"{number:,} {code}" for code, number in record["ingest_failures"].items()))
    if record["app_paused"]:
        out("Everything is paused.")
