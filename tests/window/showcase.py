"""A picture-book store: what there is to see in a window that has much to do."""

import time
from datetime import UTC, datetime, timedelta

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome
from ingest_desktop.domain.models import Job, KnowledgeBase, Progress

from .fake_service import START, job
from .fakes import FakeApp, FakeMetrics

NAMES = ("handbook", "notes", "invoice", "minutes", "thesis", "letter", "report", "manual")
ENDINGS = ("pdf", "docx", "md", "html", "txt")
CAUSES = ("source_encrypted", "source_malformed", "source_unreadable", "unsupported_format", "limit_exceeded")


def one_of(number: int, count: int) -> Job:
    """A job of a store of so many: what it is follows from its number."""
    name = f"{NAMES[number % 8]}-{2010 + number % 16}-{number:04}.{ENDINGS[number % 5]}"
    changes: dict[str, object] = {
        "original_filename": name,
        "source_path": f"/home/ada/Documents/{2010 + number % 16}/{name}",
        "byte_size": (number * 7919) % 9_000_000 + 4_000,
        "kb_id": "kb2" if number % 14 == 0 else "kb1",
        "created_at": datetime.now(UTC) - timedelta(minutes=3),
    }
    if number in (3, 4):
        status = JobStatus.RUNNING
        changes |= {"phase": JobPhase.EXTRACTING, "unit": "page", "units_total": 512}
    elif number < count * 0.71:
        status = JobStatus.COMPLETED
        changes |= {
            "outcome": Outcome.INGESTED,
            "chunk_count": number % 300 + 3,
            "unit": "page",
            "units_done": number % 40 + 1,
            "units_total": number % 40 + 1,
            "progress": 1.0,
        }
        if number % 200 == 6:
            changes |= {"outcome": Outcome.EMPTY, "chunk_count": 0}
        if number % 300 == 8:
            status = JobStatus.FAILED
            code = CAUSES[number % 5]
            changes |= {
                "outcome": None,
                "error_code": code,
                "error_message": "The document asks for a password."
                if code == "source_encrypted"
                else "The file cannot be read.",
                "attempts": 1,
                "chunk_count": 0,
                "progress": 0.0,
                "units_done": 0,
                "units_total": 0,
            }
    else:
        status = JobStatus.QUEUED
    return job(number, status, **changes)


def showcase(app: FakeApp, count: int = 3120) -> None:
    """A picture-book store: many done, some running, some failed."""
    service = app.service
    service.bases = [
        KnowledgeBase(kb_id="kb1", name="Library", created_at=START),
        KnowledgeBase(kb_id="kb2", name="Taxes", created_at=START),
    ]
    jobs = [one_of(number, count) for number in range(1, count + 1)]
    jobs[10] = jobs[10].model_copy(update={"status": JobStatus.PAUSED, "outcome": None, "progress": 0.4})
    service.put(*jobs)
    app.progress.now = {
        3: Progress(phase=JobPhase.EXTRACTING, done=310, total=512, unit="page", units_per_second=24.5),
        4: Progress(phase=JobPhase.HASHING, done=0, total=0, unit="byte"),
    }
    now = time.time()
    app.metrics.value = FakeMetrics(
        series=[(now - age, 36 + (age * 7) % 13, 2_000_000 + (age * 91_733) % 900_000) for age in range(299, -1, -1)],
        queue_depth=4,
        failures={"source_encrypted": 6, "source_malformed": 3},
        phase_seconds={"extracting": 61.0, "chunking": 4.2, "indexing": 12.8},
        chunks=88_214,
    )
