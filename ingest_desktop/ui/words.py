"""Statuses, reasons and counts as short plain sentences."""

import contextlib
from datetime import UTC, datetime
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import by_code
from ingest_desktop.domain.models import Job, Location, Progress, Receipt
from ingest_desktop.ui import formats

translate = QCoreApplication.translate


def files(count: int) -> str:
    """1 file, 2,000 files."""
    return (translate("words", "1 file") if count == 1 else translate("words", "{n} files")).format(
        n=formats.number(count)
    )


def items(count: int) -> str:
    """1 item, 3 items."""
    return (translate("words", "1 item") if count == 1 else translate("words", "{n} items")).format(
        n=formats.number(count)
    )


def passages(count: int) -> str:
    """1 passage, 212 passages."""
    return (translate("words", "1 passage") if count == 1 else translate("words", "{n} passages")).format(
        n=formats.number(count)
    )


def jobs(count: int) -> str:
    """1 job, 12 jobs."""
    return (translate("words", "1 job") if count == 1 else translate("words", "{n} jobs")).format(
        n=formats.number(count)
    )


def status_name(status: JobStatus) -> str:
    """The word for a status, as the side bar and the history show it."""
    return {
        JobStatus.QUEUED: translate("words", "Waiting"),
        JobStatus.RUNNING: translate("words", "Running"),
        JobStatus.PAUSED: translate("words", "Paused"),
        JobStatus.COMPLETED: translate("words", "Completed"),
        JobStatus.FAILED: translate("words", "Failed"),
        JobStatus.CANCELLED: translate("words", "Cancelled"),
    }[status]


def phase_name(phase: JobPhase) -> str:
    """What is being done, in a word."""
    return {
        JobPhase.WAITING: translate("words", "Starting"),
        JobPhase.HASHING: translate("words", "Checking"),
        JobPhase.EXTRACTING: translate("words", "Reading"),
        JobPhase.CHUNKING: translate("words", "Cutting"),
        JobPhase.INDEXING: translate("words", "Storing"),
        JobPhase.EMBEDDING: translate("words", "Embedding"),
        JobPhase.FINALISING: translate("words", "Finishing"),
    }[phase]


def reason(code: str | None) -> str:
    """The cause of a failure in two or three words."""
    return {
        "source_unreadable": translate("words", "cannot be read"),
        "source_changed": translate("words", "changed meanwhile"),
        "source_malformed": translate("words", "damaged file"),
        "source_encrypted": translate("words", "password needed"),
        "source_too_large": translate("words", "too large"),
        "unsupported_format": translate("words", "type not supported"),
        "limit_exceeded": translate("words", "limit reached"),
        "reader_crashed": translate("words", "breaks its reader"),
        "store_busy": translate("words", "store busy"),
        "store_full": translate("words", "disk full"),
        "store_damaged": translate("words", "store damaged"),
        "lease_lost": translate("words", "taken by another"),
    }.get(code or "", translate("words", "something went wrong"))


def next_step(code: str | None) -> str:
    """What a person can do about a failure."""
    found = by_code().get(code or "", by_code()["ingest"])
    return translate("errors", found.hint)


def _paused(scope: PauseScope | None) -> str:
    return {
        PauseScope.BATCH: translate("words", "Paused: with its batch"),
        PauseScope.KNOWLEDGE_BASE: translate("words", "Paused: with its knowledge base"),
        PauseScope.APP: translate("words", "Paused: everything is"),
    }.get(scope or PauseScope.JOB, translate("words", "Paused by you"))


def _completed(outcome: Outcome | None) -> str:
    return {
        Outcome.UPDATED: translate("words", "Completed: new version"),
        Outcome.UNCHANGED: translate("words", "Completed: unchanged"),
        Outcome.DUPLICATE: translate("words", "Completed: duplicate"),
        Outcome.EMPTY: translate("words", "Empty: no text"),
    }.get(outcome or Outcome.INGESTED, translate("words", "Completed"))


def _waiting(job: Job, place: int | None, now: datetime) -> str:
    if job.due_at is not None and job.due_at > now:
        seconds = (job.due_at - now).total_seconds()
        return translate("words", "Retrying in {time}: {why}").format(
            time=formats.duration(seconds), why=reason(job.error_code)
        )
    if place is not None:
        return translate("words", "Waiting: {place} in line").format(place=formats.ordinal(place))
    return (
        translate("words", "Waiting: {why}").format(why=job.message) if job.message else translate("words", "Waiting")
    )


def status(job: Job, *, progress: Progress | None = None, place: int | None = None, now: datetime | None = None) -> str:
    """A word with its reason."""
    match job.status:
        case JobStatus.QUEUED:
            return _waiting(job, place, now or datetime.now(UTC))
        case JobStatus.RUNNING:
            if progress is not None and progress.phase is JobPhase.EXTRACTING and progress.fraction == 1:
                return phase_name(JobPhase.INDEXING)  # all is read; what is left is to store it
            return phase_name(progress.phase if progress else job.phase)
        case JobStatus.PAUSED:
            return _paused(job.pause_scope)
        case JobStatus.COMPLETED:
            return _completed(job.outcome)
        case JobStatus.FAILED:
            return translate("words", "Failed: {why}").format(why=reason(job.error_code))
        case JobStatus.CANCELLED:
            return translate("words", "Cancelled")


def skipped_reason(code: str) -> str:
    """Why discovery left files out."""
    return {
        "hidden": translate("words", "hidden"),
        "system": translate("words", "system files"),
        "symlink": translate("words", "links"),
        "symlink_loop": translate("words", "links in a circle"),
        "special": translate("words", "not ordinary files"),
        "unreadable": translate("words", "not permitted"),
        "empty": translate("words", "empty files"),
        "missing": translate("words", "not there any more"),
        "too_large": translate("words", "too large"),
    }.get(code, code.replace("_", " "))


def place_of(location: Location) -> str:
    """Where a passage stands: "Page 3", "Lines 10–24", "Sheet Costs, rows 2–9"."""
    parts = []
    if location.page is not None:
        last = location.page_end or location.page
        parts.append(
            translate("words", "Page {a}").format(a=location.page)
            if last == location.page
            else translate("words", "Pages {a}–{b}").format(a=location.page, b=last)
        )
    if location.slide is not None:
        parts.append(translate("words", "Slide {a}").format(a=location.slide))
    if location.sheet is not None:
        parts.append(translate("words", "Sheet {a}").format(a=location.sheet))
    if location.row_start is not None:
        parts.append(translate("words", "Rows {a}–{b}").format(a=location.row_start, b=location.row_end))
    if location.page is None and location.line_start is not None:
        last = location.line_end or location.line_start
        parts.append(
            translate("words", "Line {a}").format(a=location.line_start)
            if last == location.line_start
            else translate("words", "Lines {a}–{b}").format(a=location.line_start, b=last)
        )
    if location.part is not None:
        parts.append(location.part)
    return ", ".join(parts)


def citation(path: str, location: Location) -> str:
    """A line that says where copied text is from."""
    place = place_of(location)
    name = PurePath(path).name
    return f"{name}, {place[:1].lower()}{place[1:]} ({path})" if place else f"{name} ({path})"


def receipt(job: Job, found: Receipt) -> list[str]:
    """What a finished job owes, as sentences, the most important first."""
    lines = []
    if job.outcome is Outcome.EMPTY:
        lines.append(translate("words", "Nothing of this file can be found yet: it has no text of its own."))
    if job.outcome is Outcome.DUPLICATE and found.duplicate_path:
        lines.append(translate("words", "Same content as {path}; it is stored once.").format(path=found.duplicate_path))
    if found.unit == "page":
        seen = translate("words", "1 page seen") if found.units_seen == 1 else translate("words", "{n} pages seen")
        lines.append(
            translate("words", "{seen}: {text} with text, {empty} without, {failed} failed.").format(
                seen=seen.format(n=formats.number(found.units_seen)),
                text=formats.number(found.units_with_text),
                empty=formats.number(found.units_empty),
                failed=formats.number(len(found.units_failed)),
            )
        )
    lines.append(
        translate("words", "{passages} stored, {indexed} can be searched; {chars} characters.").format(
            passages=passages(found.chunks_stored),
            indexed=formats.number(found.chunks_indexed),
            chars=formats.number(found.chars),
        )
    )
    if found.segments_reused:
        lines.append(
            translate("words", "{n} of {m} parts were kept from an earlier run.").format(
                n=formats.number(found.segments_reused), m=formats.number(found.segments)
            )
        )
    lines += [translate("words", "Page {n}: {why}").format(n=n, why=why) for n, why in found.units_failed[:20]]
    lines += list(found.warnings[:20])
    return lines


def folder_of(path: str) -> str:
    """The folder of a path, as shown; no disk is asked."""
    with contextlib.suppress(ValueError):
        return str(PurePath(path).parent)
    return path
