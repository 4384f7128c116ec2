"""Frozen models: what the rooms hand to each other."""

from ingest_desktop.domain.models.content import Chunk, Document, Hit, Location, Receipt, Segment
from ingest_desktop.domain.models.jobs import (
    Batch,
    HistoryEntry,
    IngestionState,
    Job,
    JobRuntime,
    KnowledgeBase,
    Source,
)
from ingest_desktop.domain.models.queries import (
    ActionResult,
    Counts,
    DiscoveryReport,
    JobOrder,
    JobQuery,
    JobSelector,
    Progress,
    QueueMove,
    Refusal,
    SearchPage,
    Submission,
)

__all__ = [
    "ActionResult",
    "Batch",
    "Chunk",
    "Counts",
    "DiscoveryReport",
    "Document",
    "HistoryEntry",
    "Hit",
    "IngestionState",
    "Job",
    "JobOrder",
    "JobQuery",
    "JobRuntime",
    "JobSelector",
    "KnowledgeBase",
    "Location",
    "Progress",
    "QueueMove",
    "Receipt",
    "Refusal",
    "SearchPage",
    "Segment",
    "Source",
    "Submission",
]
