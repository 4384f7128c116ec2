"""Compares a store with that of an undisturbed run, and says what is lost, doubled, stuck or mixed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from faults.fault import Verdict
from faults.program import SETTINGS
from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import TRANSITIONS, Actor, JobStatus
from ingest_desktop.domain.models import JobQuery
from ingest_desktop.infrastructure.database import reading

MOST_JOBS = 100_000
LOST_CODES = ("document_missing", "chunks_missing", "version_incomplete_but_live", "path_without_document")
STEPS = {(before.value, after.value) for (before, _), after in TRANSITIONS.items()}

ChunkKey = tuple[str, str, int, str, str]


@dataclass(frozen=True, slots=True)
class Calm:
    """What an undisturbed run leaves.

    Attributes:
        chunks: (id, document, ordinal, text, path) of all that is exported, in its order.
        endings: How many jobs ended how, by (path, status, error code).
    """

    chunks: tuple[ChunkKey, ...]
    endings: Counter[tuple[str, str, str | None]]


@contextmanager
def opened(data: Path) -> Iterator[App]:
    """The store, without workers."""
    app = build_app(Settings(data_root=data, **SETTINGS), actor=Actor.COMMAND, label="judge")
    try:
        yield app
    finally:
        app.close()


def calm_of(data: Path) -> Calm:
    """What stands in a store."""
    with opened(data) as app:
        return _calm(app)


def judge(
    data: Path, calm: Calm, *, added_again: bool = False, read_again: bool = False, renumbered: bool = False
) -> Verdict:
    """Everything that can be asked of a store after its work has come to an end.

    Args:
        added_again: Whether files were added more often than in the undisturbed run, so that there are more jobs.
        read_again: Whether content that had been stored was damaged, so that files had to be read once more.
        renumbered: Whether jobs were lost and added anew: of files with the same content another one is the first then,
            and cited.
    """
    verdict = Verdict()
    with opened(data) as app:
        found = _calm(app)
        if renumbered:
            found, calm = (
                replace(one, chunks=tuple(sorted((*c[:4], "") for c in one.chunks))) for one in (found, calm)
            )
        compare(replace(found, endings=found.endings & calm.endings) if added_again else found, calm, verdict)
        if not read_again:
            _ask_twice(app, verdict)
        ask_queue(app, verdict)
        ask_history(app, verdict)
        for finding in app.check():
            verdict.lost += finding.code in LOST_CODES
            verdict.wrong.append(f"check: {finding.code}: {finding.message}")
    return verdict


def _calm(app: App) -> Calm:
    chunks = tuple((c.chunk_id, c.document_id, c.ordinal, c.text, c.source_path) for c in app.search.export())
    jobs = app.service.list(JobQuery(), limit=MOST_JOBS)
    return Calm(chunks, Counter((job.source_path, job.status.value, job.error_code) for job in jobs))


def compare(found: Calm, calm: Calm, verdict: Verdict) -> None:
    """Count what one store has and the other has not."""
    if found.chunks != calm.chunks:
        _compare_chunks(found, calm, verdict)
    if missing := calm.endings - found.endings:
        verdict.lost += missing.total()
        verdict.wrong.append(f"{missing.total()} jobs did not end as they should, such as {next(iter(missing))}")
    if extra := found.endings - calm.endings:
        verdict.doubled += sum(count for ending, count in extra.items() if ending in calm.endings)
        verdict.wrong.append(f"{extra.total()} jobs that should not be there, such as {next(iter(extra))}")


def _compare_chunks(found: Calm, calm: Calm, verdict: Verdict) -> None:
    theirs, ours = Counter(chunk[0] for chunk in calm.chunks), Counter(chunk[0] for chunk in found.chunks)
    missing, extra = theirs - ours, ours - theirs
    verdict.lost += missing.total()
    verdict.doubled += extra.total()
    changed = {*calm.chunks} ^ {*found.chunks}
    same_id = {chunk[0] for chunk in changed} - {*missing} - {*extra}
    verdict.mixed += len(same_id)
    such = next(iter(sorted(changed)), "only their order differs")
    counts = f"{missing.total()} missing, {extra.total()} extra, {len(same_id)} changed"
    verdict.wrong.append(f"chunks differ: {counts}; such as {str(such)[:300]}")


def _ask_twice(app: App, verdict: Verdict) -> None:
    """No content of a file may be read in by two jobs. (Files of these tests never go back to what they were.)"""
    with reading(app.repository.engine) as connection:
        rows = connection.exec_driver_sql(
            "SELECT source_path, count(*) FROM ingest_jobs WHERE outcome IN ('ingested', 'updated') "
            "GROUP BY kb_id, source_path, checksum HAVING count(*) > 1"
        ).all()
    if rows:
        verdict.doubled += len(rows)
        verdict.wrong.append(f"{len(rows)} files were read in by two jobs, such as {rows[0]}")


def ask_queue(app: App, verdict: Verdict) -> None:
    """Nothing may be left that waits for somebody."""
    counts = app.service.counts()
    for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED):
        if number := counts.of(status):
            verdict.stuck += number
            verdict.wrong.append(f"{number} jobs are {status.value}")
    if searches := app.repository.unfinished_discoveries():
        verdict.stuck += len(searches)
        verdict.wrong.append(f"{len(searches)} searches for files did not end")
    if workers := app.repository.workers():
        verdict.wrong.append(f"workers are left: {workers}")
    if entries := app.repository.outbox():
        verdict.stuck += len(entries)
        verdict.wrong.append(f"{len(entries)} deletions were not told to the content")
    open_batches = [batch.batch_id for batch in app.repository.batches() if batch.finished_at is None]
    if open_batches:
        verdict.stuck += len(open_batches)
        verdict.wrong.append(f"batches {open_batches} have not finished")


def ask_history(app: App, verdict: Verdict) -> None:
    """Each history is one chain of legal steps, and no job was completed twice without a retry."""
    with reading(app.repository.engine) as connection:
        rows = connection.exec_driver_sql(
            "SELECT job_id, from_status, to_status FROM job_history ORDER BY job_id, id"
        ).all()
    last: dict[int, str] = {}
    for job, before, after in rows:
        if before != last.get(job, before if before == JobStatus.QUEUED else None):  # being added is no entry
            verdict.wrong.append(f"the history of job {job} goes from {last.get(job)} on as {before}")
        elif before is not None and (before, after) not in STEPS:
            verdict.wrong.append(f"job {job} went from {before} to {after}")
        verdict.doubled += before == after == JobStatus.COMPLETED.value
        last[job] = after
