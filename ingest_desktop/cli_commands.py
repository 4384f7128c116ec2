"""What each ``ingest`` command does, on the same services as the window."""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TextIO

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_output import ProgressBar, TroubleTeller, one_line, out, out_json, size_text, status_text, table
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import DuplicateJobError, IngestError, InvalidRequestError
from ingest_desktop.domain.models import ActionResult, Counts, Hit, Job, JobQuery, JobSelector
from ingest_desktop.domain.models.base import iso
from ingest_desktop.domain.models.content import MARK_END, MARK_START

OK, SOME_FAILED, NOT_CLEAN, INTERRUPTED = 0, 3, 5, 130
PAGE = 500
LOOK_SECONDS = 0.2  # between two looks at the counts while waiting


# --- adding and working --------------------------------------------------------------------------


def add(app: App, options: argparse.Namespace) -> int:
    """``ingest add``."""
    for path in options.paths:
        if not os.path.lexists(path):
            raise InvalidRequestError(f"There is no {one_line(path)}. Nothing was added.")
    kb_id = app.service.knowledge_base(options.kb).kb_id if options.kb else None
    with interruptible() as stop:
        try:
            made = app.service.submit(
                options.paths, kb_id=kb_id, priority=options.priority, origin="command", stop=stop
            )
        except DuplicateJobError as error:
            if not options.json:
                out(str(error), file=sys.stderr)
            return _follow(app, options, None, [error.job_id], stop)
        report = made.report
        if not options.json:
            skipped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(report.skipped.items()))
            parts = [f"{report.added:,} added"]
            parts += [f"{report.unchanged:,} unchanged"] if report.unchanged else []
            parts += [f"{report.already_listed:,} already in the list"] if report.already_listed else []
            parts += [f"skipped: {skipped}"] if skipped else []
            out(f"Batch {made.batch.batch_id}: {'; '.join(parts)}.")
        return _follow(app, options, made.batch.batch_id, list(made.already_listed), stop)


def _follow(
    app: App, options: argparse.Namespace, batch_id: str | None, others: list[str], stop: threading.Event
) -> int:
    """Work until the jobs ended, if asked to, and print them."""
    if options.wait and not stop.is_set():
        app.events.subscribe(TroubleTeller())
        app.service.start(batch_id=batch_id if not others else None)
        _wait_for(app, batch_id, others, stop, quiet=options.json)
        app.lifecycle.stop(app.settings.thread_join_timeout)
    code = OK
    if options.wait and batch_id is not None and not stop.is_set() and app.service.is_in_trash(batch_id):
        out("The knowledge base was deleted meanwhile.", file=sys.stderr)
        code = SOME_FAILED
    for job in _jobs_of(app, batch_id, others):
        if options.wait and job.status is not JobStatus.COMPLETED:
            code = SOME_FAILED
        if options.json:
            out_json(job.to_json())
        elif options.wait and job.status is not JobStatus.COMPLETED:
            out(
                f"{one_line(job.original_filename)}: {status_text(job)}. {job.error_message or ''} {job.message or ''}".rstrip()
            )
    return INTERRUPTED if stop.is_set() else code


def _jobs_of(app: App, batch_id: str | None, others: Iterable[str]) -> Iterator[Job]:
    if batch_id is not None:
        yield from _pages(app, JobQuery(batch_id=batch_id), receipts=True)
    for job_id in others:
        yield app.service.job(job_id)


def _wait_for(app: App, batch_id: str | None, others: list[str], stop: threading.Event, *, quiet: bool) -> None:
    """Wait until nothing of these can go on: ended, or paused by somebody."""
    bar = ProgressBar()
    started = time.monotonic()
    while not stop.is_set():
        counts = app.service.batch_counts(batch_id) if batch_id else Counts()
        waiting = counts.of(JobStatus.QUEUED) + counts.of(JobStatus.RUNNING)
        jobs = app.service.jobs_by_ids([int(job_id) for job_id in others])
        waiting += sum(job.status in (JobStatus.QUEUED, JobStatus.RUNNING) for job in jobs)
        total = counts.total() + len(jobs)
        done = total - waiting
        if not quiet:
            rate = done / max(0.001, time.monotonic() - started)
            left = f"about {waiting / rate:.0f} s left" if done and waiting else ""
            bar.show(done, total, left, final=not waiting)
        if not waiting or (app.service.app_paused() and not counts.of(JobStatus.RUNNING)):
            return
        if not app.lifecycle.is_working:
            raise IngestError("The work stopped before these jobs had ended.")
        stop.wait(LOOK_SECONDS)


def run(app: App, options: argparse.Namespace) -> int:
    """``ingest run``."""
    with interruptible() as stop:
        app.events.subscribe(TroubleTeller())
        app.service.resume_discoveries(stop)
        app.service.start()
        bar = ProgressBar()
        is_drained = False
        while not is_drained and app.lifecycle.is_working and not stop.is_set():
            is_drained = app.lifecycle.drain(LOOK_SECONDS, give_up=stop)
            counts = app.service.counts()
            if not options.json:
                waiting = counts.of(JobStatus.QUEUED) + counts.of(JobStatus.RUNNING)
                bar.show(counts.total() - waiting, counts.total())
        app.lifecycle.stop(app.settings.thread_join_timeout)
        if not is_drained and not stop.is_set():
            raise IngestError("The work stopped before the queue was empty.")
        counts = app.service.counts()
        if options.json:
            out_json({"counts": _by_status(counts)})
        else:
            out(
                ", ".join(f"{number:,} {status}" for status, number in _by_status(counts).items() if number)
                or "Nothing to do."
            )
        return INTERRUPTED if stop.is_set() else OK


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turns Ctrl+C and a polite kill into an event, so that work in hand is finished and stored; a second one ends at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    wanted = [signal.SIGINT, signal.SIGTERM]
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, ask) for number in wanted} if is_main else {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- listing -------------------------------------------------------------------------------------


def jobs(app: App, options: argparse.Namespace) -> int:
    """``ingest jobs``."""
    query = JobQuery(
        kb_id=app.service.knowledge_base(options.kb).kb_id if options.kb else None,
        batch_id=options.batch,
        statuses=frozenset(JobStatus(status) for status in options.status),
        name_contains=options.name,
        deleted=options.deleted,
    )
    found = _pages(app, query, after=options.after, limit=options.limit, receipts=options.json)
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
            job.original_filename,
        )
        for job in found
    ]
    table(rows, ("JOB", "STATUS", "DONE", "SIZE", "CHUNKS", "NAME"), frozenset({0, 2, 3, 4}))
    return OK


def _pages(
    app: App, query: JobQuery, *, after: str | None = None, limit: int | None = None, receipts: bool = False
) -> Iterator[Job]:
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
    if job.receipt is not None:
        out("  Receipt:")
        for name, value in job.receipt.model_dump(mode="json", exclude_defaults=True).items():
            out(f"    {name}: {one_line(str(value))}")
    out("  History:")
    for entry in history:
        before = f"{entry.from_status.value} → " if entry.from_status else ""
        out(
            f"    {iso(entry.at)}  {before}{entry.to_status.value}  by {entry.actor}{'  ' + entry.reason if entry.reason else ''}"
        )
    return OK


# --- acting --------------------------------------------------------------------------------------


def _selector(app: App, options: argparse.Namespace) -> JobSelector:
    chosen = [bool(options.jobs), options.batch is not None, options.kb is not None, options.all]
    if sum(chosen) != 1:
        raise InvalidRequestError("Name jobs, or one of --batch, --kb and --all.")
    if options.jobs:
        return JobSelector(job_ids=tuple(dict.fromkeys(options.jobs)))
    if options.batch is not None:
        return JobSelector(batch_id=app.service.batch(options.batch).batch_id)
    if options.kb is not None:
        return JobSelector(kb_id=app.service.knowledge_base(options.kb).kb_id)
    return JobSelector(everything=True)


def _acted(options: argparse.Namespace, result: ActionResult, verb: str) -> int:
    if options.json:
        record: dict[str, Any] = {"changed": result.changed, "job_ids": list(result.job_ids)}
        if result.undo_token:
            record["undo_token"] = result.undo_token
        out_json(record)
    else:
        out(f"{result.changed:,} {'job' if result.changed == 1 else 'jobs'} {verb}.")
        if result.undo_token:
            out(f"To take it back: ingest undo {result.undo_token}")
    return OK


def pause(app: App, options: argparse.Namespace) -> int:
    """``ingest pause``."""
    return _acted(options, app.service.pause(_selector(app, options), all_or_nothing=True), "paused")


def resume(app: App, options: argparse.Namespace) -> int:
    """``ingest resume``."""
    return _acted(options, app.service.resume(_selector(app, options), all_or_nothing=True), "resumed")


def cancel(app: App, options: argparse.Namespace) -> int:
    """``ingest cancel``."""
    return _acted(options, app.service.cancel(_selector(app, options), all_or_nothing=True), "cancelled")


def retry(app: App, options: argparse.Namespace) -> int:
    """``ingest retry``."""
    return _acted(options, app.service.retry(_selector(app, options), all_or_nothing=True), "queued again")


def delete(app: App, options: argparse.Namespace) -> int:
    """``ingest delete``."""
    return _acted(options, app.service.delete(_selector(app, options)), "deleted")


def undo(app: App, options: argparse.Namespace) -> int:
    """``ingest undo``."""
    return _acted(options, app.service.undo(options.token), "restored")


# --- finding -------------------------------------------------------------------------------------


def search(app: App, options: argparse.Namespace) -> int:
    """``ingest search``."""
    kb_ids = (app.service.knowledge_base(options.kb).kb_id,) if options.kb else None
    page = app.search.search(options.query, kb_ids=kb_ids, limit=options.limit)
    for hit in page.hits:
        if options.json:
            record = hit.to_json()
            record["snippet"] = hit.snippet.replace(MARK_START, "").replace(MARK_END, "")
            out_json(record)
        else:
            _print_hit(hit)
    for kb_id in page.unreadable:
        out(f"The knowledge base {kb_id} could not be searched; see 'ingest check'.", file=sys.stderr)
    if not options.json:
        more = " (more with --limit)" if page.more else ""
        out(
            f"{len(page.hits)} {'hit' if len(page.hits) == 1 else 'hits'}{more} in {page.searched_documents:,} documents."
        )
    return OK


def _print_hit(hit: Hit) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("[", "]")
    out(f"{one_line(hit.source_path)}{place_text(hit)}")
    pieces = one_line(" ".join(hit.snippet.split()).replace(MARK_START, "\ue000").replace(MARK_END, "\ue001"))
    out(f"    {pieces.replace(chr(92) + 'ue000', bold).replace(chr(92) + 'ue001', plain)}")


def place_text(hit: Hit) -> str:
    """Where a hit stands, for people."""
    place = hit.location
    parts: list[str] = []
    if place.page:
        parts.append(f"page {place.page}")
    if place.line_start:
        lines = f"{place.line_start}-{place.line_end}" if place.line_end != place.line_start else f"{place.line_start}"
        parts.append(f"line {lines}")
    if place.heading_path:
        parts.append(one_line(" › ".join(place.heading_path)))
    return f", {', '.join(parts)}" if parts else ""


def export(app: App, options: argparse.Namespace) -> int:
    """``ingest export``: a file appears whole or not at all."""
    kb_ids = (app.service.knowledge_base(options.kb).kb_id,) if options.kb else None
    if options.output == "-":
        for chunk in app.search.export(kb_ids):
            out_json(chunk.to_json())
        return OK
    count = 0
    with _whole_file(options.output) as stream:
        import json

        for chunk in app.search.export(kb_ids):
            stream.write(json.dumps(chunk.to_json(), separators=(",", ":")) + "\n")
            count += 1
    out(f"{count:,} chunks written to {options.output}.", file=sys.stderr)
    return OK


@contextmanager
def _whole_file(path: str) -> Iterator[TextIO]:
    """A text file that takes its name only once it is complete and on the disk."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".export-", suffix=".part")
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):
            raise IngestError(f"{path} cannot be written: {error.strerror}.") from error
        raise


# --- keeping -------------------------------------------------------------------------------------


def kb(app: App, options: argparse.Namespace) -> int:
    """``ingest kb``."""
    if options.action == "list":
        from ingest_desktop.cli_stats import content_figures

        counts = app.service.counts()
        for base in app.service.knowledge_bases():
            record = {"kb_id": base.kb_id, "name": base.name, "paused": base.paused, "jobs": counts.total(base.kb_id)}
            figures = content_figures(app, base.kb_id)
            record["documents"] = figures[0] if figures else None
            record["created_at"] = iso(base.created_at)
            if options.json:
                out_json(record)
            else:
                documents = f"{figures[0]:,} documents" if figures else "not readable"
                out(f"{one_line(base.name)}  ({base.kb_id}, {documents}{', paused' if base.paused else ''})")
    elif options.action == "create":
        made = app.service.create_knowledge_base(options.name)
        out_json({"kb_id": made.kb_id, "name": made.name}) if options.json else out(
            f"Made {one_line(made.name)} ({made.kb_id})."
        )
    elif options.action == "rename":
        app.service.rename_knowledge_base(app.service.knowledge_base(options.name).kb_id, options.new_name)
        out(f"{one_line(options.name)} is now {one_line(options.new_name)}.")
    elif options.action == "restore":
        app.service.restore_knowledge_base(app.service.deleted_knowledge_base(options.name).kb_id)
        out(f"{one_line(options.name)} and its documents are back.")
    else:
        app.service.delete_knowledge_base(app.service.knowledge_base(options.name).kb_id)
        out(f"{one_line(options.name)} and its documents are in the trash for {app.settings.undo_days:g} days.")
        out(f"To take it back: ingest kb restore {one_line(options.name)}")
    return OK


def stats(app: App, options: argparse.Namespace) -> int:
    """``ingest stats``."""
    from ingest_desktop.cli_stats import gather, print_stats

    record = gather(app)
    if options.json:
        out_json(record)
    else:
        print_stats(record)
    return OK


def check(app: App, options: argparse.Namespace) -> int:
    """``ingest check``."""
    findings = app.check()
    for finding in findings:
        if options.json:
            out_json(finding.to_json())
        else:
            out(f"{finding.code}: {one_line(finding.message)}")
    if not options.json:
        out("The store is clean." if not findings else f"{len(findings)} findings.")
    return NOT_CLEAN if findings else OK


def _by_status(counts: Counts) -> dict[str, int]:
    return {status.value: counts.of(status) for status in JobStatus}


COMMANDS: Final[dict[str, Callable[[App, argparse.Namespace], int]]] = {
    "add": add,
    "run": run,
    "jobs": jobs,
    "show": show,
    "pause": pause,
    "resume": resume,
    "cancel": cancel,
    "retry": retry,
    "delete": delete,
    "undo": undo,
    "search": search,
    "export": export,
    "kb": kb,
    "stats": stats,
    "check": check,
}
