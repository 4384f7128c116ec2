"""``ingest jobs`` and ``ingest show``."""

import argparse
import sys
from collections.abc import Iterator

from ingest_desktop.application.attention import limit_of
from ingest_desktop.bootstrap import App
from ingest_desktop.cli_codes import OK
from ingest_desktop.cli_output import out, out_json, size_text, status_text, table
from ingest_desktop.cli_receipt import receipt_lines
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.causes import Cause
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Job, JobQuery
from ingest_desktop.domain.models.base import iso
from ingest_desktop.domain.models.jobs import filename_of
from ingest_desktop.domain.text import one_line

PAGE = 500


def jobs(app: App, options: argparse.Namespace) -> int:
    """``ingest jobs``."""
    if options.batch:
        app.service.batch(options.batch)  # an empty list would say that it is there and has no jobs
    query = JobQuery(
        kb_id=app.service.knowledge_base(options.kb).kb_id if options.kb else None,
        batch_id=options.batch,
        statuses=frozenset(JobStatus(status) for status in options.status),
        name_contains=options.name,
        deleted=options.deleted,
        gaps=options.gaps,
        empty=options.empty,
        attention=options.attention or options.cause is not None,
        cause=Cause(options.cause) if options.cause else None,
    )
    found = pages(app, query, after=options.after, limit=options.limit, receipts=options.json)
    if options.json:
        for job in found:
            out_json(job.to_json())
        return OK
    rows = [
        (
            job.id,
            status_text(job),
            f"{job.progress:4.0%}",
            size_text(job.byte_size),
            str(job.chunk_count),
            filename_of(job.source_path),
        )
        for job in found
    ]
    table(rows, ("JOB", "STATUS", "DONE", "SIZE", "CHUNKS", "NAME"), frozenset({0, 2, 3, 4}))
    return OK


def pages(
    app: App, query: JobQuery, *, after: str | None = None, limit: int | None = None, receipts: bool = False
) -> Iterator[Job]:
    """All jobs that answer a query, read page by page."""
    left = limit if limit is not None else sys.maxsize
    while left > 0:
        page = app.service.list(query, after=after, limit=min(PAGE, left))
        yield from app.repository.with_receipts(page) if receipts else page
        if len(page) < min(PAGE, left):
            return
        left -= len(page)
        after = page[-1].id


def show(app: App, options: argparse.Namespace) -> int:
    """``ingest show``."""
    job = app.service.job(options.job)
    history = app.service.history(job.id)
    if options.json:
        entries = [
            {
                "at": iso(entry.at),
                "from_status": entry.from_status.value if entry.from_status else None,
                "to_status": entry.to_status.value,
                "actor": entry.actor,
                "reason": entry.reason,
            }
            for entry in history
        ]
        out_json({**job.to_json(), "history": entries})
        return OK
    out(f"Job {job.id}: {one_line(job.source_path)}")
    out(f"  {status_text(job)}, {job.progress:.0%}, {size_text(job.byte_size)}, attempt {job.attempts}")
    runtime = app.service.runtime(job.id)
    if runtime is not None:
        out(f"  worker {runtime.worker_id}, lease until {iso(runtime.lease_until)}")
    for text in (job.error_message, job.message):
        if text:
            out(f"  {one_line(text)}")
    limit = Settings.model_fields.get(limit_of(job) or "")
    if limit is not None:
        out(f"  The setting is “{limit.title}”; raise it, then retry.")
    if job.receipt is not None:
        out("  Receipt:")
        for line in receipt_lines(job.receipt):
            out(f"    {line}")
    out("  History:")
    for entry in history:
        before = f"{entry.from_status.value} → " if entry.from_status else ""
        out(
            f"    {iso(entry.at)}  {before}{entry.to_status.value}  by {entry.actor}{'  ' + entry.reason if entry.reason else ''}"
        )
    return OK
