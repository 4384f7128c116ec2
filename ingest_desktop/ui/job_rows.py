"""The rows of the job list as text: which columns there are and what stands in them."""

from datetime import date, datetime
from enum import IntEnum
from functools import lru_cache

from PySide6.QtCore import QCoreApplication, Qt

from ingest_desktop.application.attention import limit_of
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.models import Job, JobOrder, JobQuery, Progress
from ingest_desktop.domain.text import one_line
from ingest_desktop.ui import causes, formats, words
from ingest_desktop.ui.plain import brief, plain_tip


class Column(IntEnum):
    """The columns, in their first order."""

    NAME = 0
    STATUS = 1
    PROGRESS = 2
    LENGTH = 3
    SIZE = 4
    SPEED = 5
    LEFT = 6
    TRIES = 7
    ADDED = 8
    BASE = 9
    FOLDER = 10


ORDERS = {
    Column.NAME: JobOrder.NAME,
    Column.STATUS: JobOrder.STATUS,
    Column.PROGRESS: JobOrder.PROGRESS,
    Column.SIZE: JobOrder.SIZE,
    Column.ADDED: JobOrder.ADDED,
}
FIRST_ORDER = (JobOrder.ADDED, False)
NUMERIC = frozenset({Column.LENGTH, Column.SIZE, Column.SPEED, Column.LEFT, Column.TRIES, Column.ADDED})
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
TOOL_TIP, ALIGNMENT, ACCESSIBLE = 3, 7, 11
SERVED = frozenset({TOOL_TIP, ALIGNMENT, ACCESSIBLE})


class Row:
    """A job as shown: its texts are made when first asked for."""

    __slots__ = ("fraction", "job", "progress", "texts")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.progress: Progress | None = None
        # A job that was all read before, and is to be read anew, is nowhere yet.
        begun = 0 < job.progress < 1 or job.status is JobStatus.COMPLETED
        self.fraction: float | None = job.progress if begun else None
        self.texts: tuple[str, ...] = ()

    @property
    def is_up_next(self) -> bool:
        """True for a job that a worker took and that nobody looked into yet."""
        return words.is_up_next(self.job, self.progress)

    def follow(self, progress: Progress) -> bool:
        """Take newer progress; within a run the bar never goes back. True when something shown changed."""
        fraction = progress.fraction
        if fraction is not None and self.fraction is not None:
            fraction = max(fraction, self.fraction)
        if progress == self.progress and fraction == self.fraction:
            return False
        self.progress, self.texts = progress, ()
        self.fraction = fraction if fraction is not None else self.fraction
        return True


def texts_of(row: Row, base_name: str, *, place: int | None = None, held: str = "") -> tuple[str, ...]:
    """The text of each column; ``place`` and ``held`` as in ``words.status``."""
    job, progress = row.job, row.progress if row.job.status is JobStatus.RUNNING else None
    done, total, unit = (
        (progress.done, progress.total, progress.unit) if progress else (job.units_done, job.units_total, job.unit)
    )
    left = progress.seconds_left if progress and progress.fraction != 1 else None
    return (
        one_line(job.original_filename),
        words.status(job, progress=progress, place=place, held=held),
        progress_text(row),
        formats.units(done, total, unit),
        formats.size(job.byte_size),
        formats.rate(progress.units_per_second or 0.0, unit) if progress else "",
        formats.duration(left) if left is not None else "",
        formats.number(job.attempts) if job.attempts > 1 else "",
        _added(job.created_at, date.today()),
        base_name,
        one_line(words.folder_of(job.source_path)),
    )


@lru_cache(maxsize=1_000)
def _added(moment: datetime, _today: date) -> str:
    """When a job was added. Jobs that were added together say the same, until the day is over."""
    return formats.day_or_time(moment)


def progress_text(row: Row) -> str:
    """How far, or what came of it."""
    job = row.job
    if job.status is JobStatus.COMPLETED:
        return "" if job.outcome is Outcome.EMPTY else words.passages(job.chunk_count) if job.chunk_count else ""
    if row.fraction is None or job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        return ""
    if job.status is not JobStatus.RUNNING and not row.fraction:
        return ""
    # All read is not all stored: a job that runs never says 100 %.
    return formats.percent(min(row.fraction, 0.99) if job.status is JobStatus.RUNNING else row.fraction)


def tip_of(job: Job, column: Column, text: str) -> str | None:
    """What the pointer is told over a cell: why, and what to do; the whole path; the exact time."""
    if column == Column.STATUS:
        if job.error_message:
            step = causes.step_here(job.error_code, raises=limit_of(job) is not None)
            return plain_tip(f"{text}\n{brief(causes.without_variables(job.error_message))}\n{step}")
        told = job.needs_attention or job.outcome is Outcome.LEFT_OUT
        return plain_tip(f"{text}\n{job.message}" if told and job.message else text)
    if column == Column.ADDED:
        return formats.exact(job.created_at)
    return plain_tip(one_line(job.source_path)) if column in (Column.NAME, Column.FOLDER) else None


def heading(column: Column, query: JobQuery) -> str:
    """The title of a column, with an arrow where the list is ordered by it."""
    if (column, query.order) in ORDERS.items() and (query.order, query.descending) != FIRST_ORDER:
        return f"{column_title(column)} {'↓' if query.descending else '↑'}"
    return column_title(column)


def column_title(column: Column) -> str:
    """The name of a column."""
    return titles()[column]


def titles() -> tuple[str, ...]:
    """The names of the columns."""
    translate = QCoreApplication.translate
    return (
        translate("JobModel", "Name"),
        translate("JobModel", "Status"),
        translate("JobModel", "Progress"),
        translate("JobModel", "Length"),
        translate("JobModel", "Size"),
        translate("JobModel", "Speed"),
        translate("JobModel", "Left"),
        translate("JobModel", "Tries"),
        translate("JobModel", "Added"),
        translate("JobModel", "Knowledge base"),
        translate("JobModel", "Folder"),
    )
