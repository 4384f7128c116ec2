"""Statuses, reasons and counts as short plain sentences."""

import os
from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication

from ingest_desktop.application.passwords import refused_password
from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.models import Counts, Job, Progress
from ingest_desktop.ui import formats
from ingest_desktop.ui.causes import next_step as next_step
from ingest_desktop.ui.causes import reason as reason

CLOCK_AFTER_SECONDS = 60  # a retry that is further off is told by the clock
translate = QCoreApplication.translate


def plural(count: int, one: str, many: str) -> str:
    """One of two translated sentences by a count; ``{n}`` in it becomes the number in the user's locale."""
    return (one if count == 1 else many).format(n=formats.number(count))


def files(count: int) -> str:
    """1 file, 2,000 files."""
    return plural(count, translate("words", "1 file"), translate("words", "{n} files"))


def items(count: int) -> str:
    """1 item, 3 items."""
    return plural(count, translate("words", "1 item"), translate("words", "{n} items"))


def passages(count: int) -> str:
    """1 passage, 212 passages."""
    return plural(count, translate("words", "1 passage"), translate("words", "{n} passages"))


def jobs(count: int) -> str:
    """1 job, 12 jobs."""
    return plural(count, translate("words", "1 job"), translate("words", "{n} jobs"))


def documents(count: int) -> str:
    """1 document, 12 documents."""
    return plural(count, translate("words", "1 document"), translate("words", "{n} documents"))


def workers(count: int) -> str:
    """1 worker, 8 workers."""
    return plural(count, translate("words", "1 worker"), translate("words", "{n} workers"))


def days(count: float) -> str:
    """1 day, 7 days, 2.5 days."""
    if count == 1:
        return translate("words", "1 day")
    return translate("words", "{n} days").format(n=formats.decimal(count, 0 if count == int(count) else 1))


def without_text(counts: Counts) -> int:
    """How many jobs ended without any text: those that need a person and neither failed nor have gaps."""
    return max(0, sum(counts.attention.values()) - counts.of(JobStatus.FAILED) - sum(counts.gaps.values()))


def attention(count: int) -> str:
    """1 job needs attention, 14 jobs need attention."""
    return plural(count, translate("words", "1 job needs attention"), translate("words", "{n} jobs need attention"))


def being_read(count: int) -> str:
    """1 job is being read. 8 jobs are being read."""
    return plural(count, translate("words", "1 job is being read."), translate("words", "{n} jobs are being read."))


def up_next(count: int) -> str:
    """1 job is up next. 392 jobs are up next."""
    return plural(count, translate("words", "1 job is up next."), translate("words", "{n} jobs are up next."))


def parts(count: int) -> str:
    """1 part, 12 parts."""
    return plural(count, translate("words", "1 part"), translate("words", "{n} parts"))


def times(count: int) -> str:
    """Once, 3 times."""
    return plural(count, translate("words", "once"), translate("words", "{n} times"))


def characters(count: int) -> str:
    """1 character, 12,345 characters."""
    return plural(count, translate("words", "1 character"), translate("words", "{n} characters"))


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
        JobPhase.RECOGNISING: translate("words", "Recognising text"),
        JobPhase.CHUNKING: translate("words", "Cutting"),
        JobPhase.INDEXING: translate("words", "Storing"),
        JobPhase.EMBEDDING: translate("words", "Embedding"),
        JobPhase.FINALISING: translate("words", "Finishing"),
    }[phase]


def _paused(scope: PauseScope | None) -> str:
    return {
        PauseScope.BATCH: translate("words", "Paused: whole drop"),
        PauseScope.KNOWLEDGE_BASE: translate("words", "Paused: knowledge base"),
        PauseScope.APP: translate("words", "Paused: everything"),
    }.get(scope or PauseScope.JOB, translate("words", "Paused by you"))


def _completed(job: Job) -> str:
    if job.has_gaps:
        return translate("words", "Completed with gaps")
    return {
        Outcome.UPDATED: translate("words", "Completed: new version"),
        Outcome.UNCHANGED: translate("words", "Completed: unchanged"),
        Outcome.DUPLICATE: translate("words", "Completed: duplicate"),
        Outcome.EMPTY: translate("words", "Empty: no text"),
        Outcome.LEFT_OUT: translate("words", "Left out: no document"),
    }.get(job.outcome or Outcome.INGESTED, translate("words", "Completed"))


def _waiting(job: Job, place: int | None, held: str, now: datetime) -> str:
    if held:
        return translate("words", "Waiting: {why}").format(why=held)
    if job.due_at is not None and job.due_at > now:
        seconds = (job.due_at - now).total_seconds()
        if seconds < CLOCK_AFTER_SECONDS:
            pattern, when = translate("words", "Retry in {time}: {why}"), formats.duration(seconds)
        else:
            pattern, when = translate("words", "Retry at {time}: {why}"), formats.when(job.due_at, now)
        return pattern.format(time=when, why=reason(job.error_code))
    if place == 1:
        return translate("words", "Waiting: next in line")
    if place is not None:
        return translate("words", "Waiting: {place} in line").format(place=formats.ordinal(place))
    return (
        translate("words", "Waiting: {why}").format(why=job.message) if job.message else translate("words", "Waiting")
    )


def is_up_next(job: Job, progress: Progress | None) -> bool:
    """True for a job that a worker took and that nobody looked into yet: workers take some hundreds at a time."""
    return job.status is JobStatus.RUNNING and progress is None and job.phase in (JobPhase.WAITING, JobPhase.HASHING)


def status(
    job: Job,
    *,
    progress: Progress | None = None,
    place: int | None = None,
    held: str = "",
    now: datetime | None = None,
) -> str:
    """A word with its reason.

    Args:
        place: 1-based place in the queue, where it is known.
        held: Why everything that waits is held up, in a few words.
    """
    match job.status:
        case JobStatus.QUEUED:
            return _waiting(job, place, held, now or datetime.now(UTC))
        case JobStatus.RUNNING:
            if is_up_next(job, progress):
                return translate("words", "Up next")
            if progress is not None and progress.phase is JobPhase.EXTRACTING and progress.fraction == 1:
                return phase_name(JobPhase.INDEXING)  # all is read; what is left is to store it
            return phase_name(progress.phase if progress else job.phase)
        case JobStatus.PAUSED:
            return _paused(job.pause_scope)
        case JobStatus.COMPLETED:
            return _completed(job)
        case JobStatus.FAILED:
            why = translate("words", "wrong password") if refused_password(job) else reason(job.error_code)
            return translate("words", "Failed: {why}").format(why=why)
        case JobStatus.CANCELLED:
            return translate("words", "Cancelled")


def skipped_reason(code: str) -> str:
    """Why discovery left files out."""
    return {
        "hidden": translate("words", "hidden"),
        "system": translate("words", "system files"),
        "link": translate("words", "links"),
        "temporary": translate("words", "temporary files"),
        "kind": translate("words", "of a kind that you left out"),
        "ignored": translate("words", "ignored by their repository"),
        "vendored": translate("words", "folders from others or built by a program"),
        "special": translate("words", "not ordinary files"),
        "unreadable": translate("words", "not permitted"),
        "empty": translate("words", "empty files"),
        "missing": translate("words", "not there any more"),
        "too_large": translate("words", "too large"),
        "audio": translate("words", "audio"),
        "video": translate("words", "video"),
        "picture": translate("words", "pictures that cannot be read here"),
        "font": translate("words", "fonts"),
        "program": translate("words", "programs"),
        "disk_image": translate("words", "disk images"),
        "database": translate("words", "databases"),
        "binary": translate("words", "binary files"),
    }.get(code, code.replace("_", " "))


def skipped(code: str, count: int) -> str:
    """How many files were left out for one reason: "1 hidden file", "4 links"."""
    pair = {
        "hidden": (translate("words", "1 hidden file"), translate("words", "{n} hidden files")),
        "system": (translate("words", "1 system file"), translate("words", "{n} system files")),
        "link": (translate("words", "1 link"), translate("words", "{n} links")),
        "temporary": (translate("words", "1 temporary file"), translate("words", "{n} temporary files")),
        "kind": (
            translate("words", "1 of a kind that you left out"),
            translate("words", "{n} of kinds that you left out"),
        ),
        "ignored": (
            translate("words", "1 that its repository ignores"),
            translate("words", "{n} that their repository ignores"),
        ),
        "vendored": (
            translate("words", "1 folder from others or built by a program"),
            translate("words", "{n} folders from others or built by a program"),
        ),
        "special": (
            translate("words", "1 that is no ordinary file"),
            translate("words", "{n} that are no ordinary files"),
        ),
        "unreadable": (
            translate("words", "1 folder or file that may not be read"),
            translate("words", "{n} folders or files that may not be read"),
        ),
        "empty": (translate("words", "1 empty file"), translate("words", "{n} empty files")),
        "missing": (
            translate("words", "1 that is not there any more"),
            translate("words", "{n} that are not there any more"),
        ),
        "too_large": (translate("words", "1 that is too large"), translate("words", "{n} that are too large")),
    }.get(code)
    if pair is None:
        return f"{formats.number(count)} {skipped_reason(code)}"
    return plural(count, *pair)


def folder_of(path: str) -> str:
    """The folder of a path, as shown; no disk is asked."""
    return os.path.dirname(path) or "."
