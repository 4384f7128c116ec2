"""``ingest add`` and ``ingest run``: what works, and waits for work."""

import argparse
import os
import signal
import stat
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from ingest_desktop.bootstrap import App
from ingest_desktop.cli_away import Away
from ingest_desktop.cli_codes import INTERRUPTED, OK, QUEUE_FULL, SOME_FAILED
from ingest_desktop.cli_elsewhere import Elsewhere
from ingest_desktop.cli_listing import PAGE, pages
from ingest_desktop.cli_output import ProgressBar, TroubleTeller, out, out_json, status_text
from ingest_desktop.cli_passwords import passwords_of
from ingest_desktop.cli_stats import empty_of, ended_text
from ingest_desktop.cli_turn import await_turn, working
from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.errors import (
    DuplicateJobError,
    IngestError,
    InvalidRequestError,
    QueueFullError,
    StoreError,
)
from ingest_desktop.domain.media import REASONS, reason_of_type
from ingest_desktop.domain.models import Counts, DiscoveryReport, Job, JobQuery
from ingest_desktop.domain.models.jobs import filename_of
from ingest_desktop.domain.text import counted, one_line

_QUEUED, _RUNNING = JobStatus.QUEUED, JobStatus.RUNNING
_COMPLETED = frozenset({JobStatus.COMPLETED})
_NOT_COMPLETED = frozenset(JobStatus) - _COMPLETED
LOOK_SECONDS = 0.2  # between two looks at the store while waiting

# The other reasons are adjectives: "2 hidden".
_SKIPPED = {
    "link": "link",
    "special": "special file",
    "picture": "picture",
    "font": "font",
    "program": "program",
    "disk_image": "disk image",
    "database": "database",
    "binary": "binary file",
}


def add(app: App, options: argparse.Namespace) -> int:
    """``ingest add``."""
    _refuse_paths(options.paths)
    passwords = passwords_of(options)
    app.passwords.give(passwords)
    options.wait = options.wait or bool(passwords)
    kb_id = app.service.knowledge_base(options.kb).kb_id if options.kb else None
    with interruptible() as stop:
        await_turn(app, stop)
        try:
            made = app.service.submit(
                options.paths,
                kb_id=kb_id,
                priority=options.priority,
                origin="command",
                stop=stop,
                hold=working(app) if options.wait else None,
            )
        except QueueFullError as error:
            out(
                f"{one_line(str(error))} What of the drop is added is kept; 'ingest run' adds the rest.",
                file=sys.stderr,
            )
            return QUEUE_FULL
        except DuplicateJobError as error:
            if not options.json:
                out(one_line(str(error)), file=sys.stderr)
            return _follow(app, options, None, [error.job_id], stop)
        if not options.json:
            out(f"Batch {made.batch.batch_id}: {_summary(made.report)}")
        if options.show_skipped:
            _show_skipped(app, made.batch.batch_id, stop)
        return _follow(app, options, made.batch.batch_id, list(made.already_listed), stop)


def _show_skipped(app: App, batch_id: str, stop: threading.Event) -> None:
    for reason, paths in sorted(app.service.left_out(batch_id, stop).items()):
        for path in paths:
            out(f"skipped ({reason.replace('_', ' ')}): {one_line(path)}", file=sys.stderr)


def follow(app: App, options: argparse.Namespace, job_ids: Sequence[str]) -> int:
    """Work until these jobs have ended, and print them."""
    with interruptible() as stop:
        return _follow(app, options, None, list(job_ids), stop)


def _refuse_paths(paths: Iterable[str]) -> None:
    """Say what is wrong with the command line before anything is added.

    Raises:
        InvalidRequestError: A path is not there or cannot be looked at, or none of them is a file or a folder.
    """
    kinds = []
    for path in paths:
        try:
            mode = os.stat(path).st_mode
            if stat.S_ISDIR(mode):
                os.scandir(path).close()
        except (FileNotFoundError, NotADirectoryError):
            raise InvalidRequestError(f"There is no {one_line(path) or repr(path)}. Nothing was added.") from None
        except (OSError, ValueError) as error:  # also a name that no system takes
            why = (error.strerror or "") if isinstance(error, OSError) else str(error)
            raise InvalidRequestError(f"{one_line(path)} cannot be read: {why}. Nothing was added.") from None
        kinds.append(stat.S_ISDIR(mode) or stat.S_ISREG(mode))
    if not any(kinds):
        named = ", ".join(map(one_line, paths))
        raise InvalidRequestError(f"Only files and folders can be added, and not {named}. Nothing was added.")


def _summary(report: DiscoveryReport) -> str:
    skipped = ", ".join(_told(reason, n) for reason, n in sorted(report.skipped.items()) if reason not in REASONS)
    media = {reason: report.skipped[reason] for reason in REASONS if report.skipped.get(reason)}
    parts = [f"{report.added:,} added"] if report.found else ["nothing to add was found"]
    parts += [f"{report.unchanged:,} unchanged"] if report.unchanged else []
    parts += [f"{report.already_listed:,} already in the list"] if report.already_listed else []
    parts += [f"{counted(sum(media.values()), 'file')} left out: {_kinds_told(media)}"] if media else []
    parts += [f"skipped: {skipped}"] if skipped else []
    return f"{'; '.join(parts)}."


def _kinds_told(counts: Mapping[str, int]) -> str:
    """What was left out, by its kind: 2 audio, 1 video."""
    return ", ".join(_told(reason, count) for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]))


def _told(reason: str, count: int) -> str:
    return counted(count, _SKIPPED[reason]) if reason in _SKIPPED else f"{count:,} {reason}"


def _follow(
    app: App, options: argparse.Namespace, batch_id: str | None, others: list[str], stop: threading.Event
) -> int:
    """Work until the jobs ended, if asked to, and print them."""
    if options.wait and not stop.is_set():
        app.events.subscribe(TroubleTeller())
        with _served_metrics(app):
            app.service.start(batch_id=batch_id if not others else None)
            _wait_for(app, batch_id, others, stop, quiet=options.json)
            app.lifecycle.stop(app.settings.thread_join_timeout)
    code = OK
    if options.wait and batch_id is not None and not stop.is_set() and app.service.is_in_trash(batch_id):
        out("The knowledge base was deleted meanwhile.", file=sys.stderr)
        code = SOME_FAILED
    if options.json:
        for job in _jobs_of(app, JobQuery(batch_id=batch_id) if batch_id else None, others, receipts=True):
            out_json(job.to_json())
            if options.wait and job.status is not JobStatus.COMPLETED:
                code = SOME_FAILED
    elif options.wait and not _tell_endings(app, batch_id, others):
        code = SOME_FAILED
    return INTERRUPTED if stop.is_set() else code


def _tell_endings(app: App, batch_id: str | None, others: Sequence[str]) -> bool:
    """Print what did not end well, a line each, and how many ended how. Whether all are completed.

    Jobs that ended well are only counted, by the store: there may be hundreds of thousands.
    """
    ended = _Tally(app.service.batch_counts(batch_id) if batch_id else Counts())
    if batch_id:
        for job in pages(app, JobQuery(batch_id=batch_id, statuses=_NOT_COMPLETED)):
            _tell_ending(job)
        for job in pages(app, JobQuery(batch_id=batch_id, statuses=_COMPLETED, attention=True)):
            _tell_ending(job)
    for job in _jobs_of(app, None, others):
        ended.add(job)
        if job.status is not JobStatus.COMPLETED or job.needs_attention:
            _tell_ending(job)
    out(ended.text())
    return ended.all_completed


def _tell_ending(job: Job) -> None:
    sentences = " ".join(text for text in (job.error_message, job.message) if text)
    out(one_line(f"{filename_of(job.source_path)}: {status_text(job)}. {sentences}".rstrip()))


class _Tally:
    """How jobs ended. One that needs a person is counted once and never as done.

    Args:
        counts: Of the jobs that are not added one by one.
    """

    def __init__(self, counts: Counts) -> None:
        gaps, empty = sum(counts.gaps.values()), empty_of(counts)
        self._left_out = Counter(counts.left_out)
        left_out = sum(counts.left_out.values())
        self._counts = Counter({"done": counts.of(JobStatus.COMPLETED) - gaps - empty - left_out})
        self._counts.update({"with gaps": gaps, "without text": empty})
        self._counts.update({status.value: counts.of(status) for status in _NOT_COMPLETED})

    def add(self, job: Job) -> None:
        """Count a job."""
        if job.status is not JobStatus.COMPLETED:
            self._counts[job.status.value] += 1
        elif job.has_gaps:
            self._counts["with gaps"] += 1
        elif job.outcome is Outcome.LEFT_OUT:
            self._left_out[reason_of_type(job.mime_type)] += 1
        else:
            self._counts["without text" if job.needs_attention else "done"] += 1

    @property
    def all_completed(self) -> bool:
        """Whether no job failed, waits or was cancelled."""
        return not any(self._counts[status.value] for status in _NOT_COMPLETED)

    def text(self) -> str:
        """77 done, 3 with gaps, 17 failed, 2 left out (1 audio, 1 video)."""
        order = ("done", "with gaps", "without text", *(status.value for status in JobStatus))
        parts = [f"{self._counts[what]:,} {what}" for what in order if self._counts[what] or what == "done"]
        if self._left_out:
            parts.append(f"{self._left_out.total():,} left out ({_kinds_told(self._left_out)})")
        return f"{', '.join(parts)}."


def _jobs_of(app: App, query: JobQuery | None, others: Sequence[str], *, receipts: bool = False) -> Iterator[Job]:
    """The jobs that answer a query, and those of earlier batches."""
    if query is not None:
        yield from pages(app, query, receipts=receipts)
    for first in range(0, len(others), PAGE):
        part = app.service.jobs_by_ids([int(job_id) for job_id in others[first : first + PAGE]])
        yield from app.repository.with_receipts(part) if receipts else part


class _Others:
    """Jobs of earlier batches that are waited for, too. A look costs the same however many there are."""

    def __init__(self, app: App, job_ids: Sequence[str]) -> None:
        self._app = app
        self._left = [int(job_id) for job_id in job_ids]
        self.running = 0  # of those that the last look saw

    def look(self) -> int:
        """How many may still be queued or running. Those that were seen to be over are not looked at again."""
        self.running = 0
        while self._left:
            part = self._app.service.jobs_by_ids(self._left[:PAGE])
            going_on = [job for job in part if job.deleted_at is None and job.status in (_QUEUED, _RUNNING)]
            self._left[:PAGE] = [int(job.id) for job in going_on]
            if going_on:
                self.running = sum(job.status is _RUNNING for job in going_on)
                break
        return len(self._left)


def _wait_for(app: App, batch_id: str | None, others: list[str], stop: threading.Event, *, quiet: bool) -> None:
    """Wait until nothing of these can go on: ended, or paused by somebody. Counts only when the store has changed."""
    bar = ProgressBar()
    started = time.monotonic()
    earlier, away = _Others(app, others), Away(app, stop)
    seen = -1
    while not stop.is_set():
        try:
            revision = app.service.revision()
            if revision != seen:
                counts = app.service.batch_counts(batch_id) if batch_id else Counts()
                left_of_others = earlier.look()
                running = counts.of(_RUNNING) + earlier.running
                waiting = counts.of(_QUEUED) + counts.of(_RUNNING) + left_of_others
                total = counts.total() + len(others)
                paused = app.service.app_paused()
                seen = revision
        except StoreError as error:
            if not away.is_why(error):
                raise
            seen, waiting, total, running, paused = -1, 1, 0, 0, False
        if not quiet and total:
            done = total - waiting - counts.of(JobStatus.PAUSED)
            rate = done / max(0.001, time.monotonic() - started)
            note = f"about {waiting / rate:.0f} s left" if done and waiting else ""
            bar.show(done, total, note, final=not waiting)
        if not waiting or (paused and not running):
            return
        if not app.lifecycle.is_working and not away.is_over() and not stop.is_set():
            raise IngestError("The work stopped before these jobs had ended.")
        stop.wait(LOOK_SECONDS)


def run(app: App, options: argparse.Namespace) -> int:
    """``ingest run``."""
    app.passwords.give(passwords_of(options))
    with interruptible() as stop, _served_metrics(app):
        app.events.subscribe(TroubleTeller())
        await_turn(app, stop)
        app.reach.look_first()  # else the queue may be empty, and we gone, before anybody looked
        app.service.resume_discoveries(stop, hold=working(app))
        app.service.start()
        bar = ProgressBar()
        others, away = Elsewhere(app.lifecycle), Away(app, stop)
        is_drained = False
        while not is_drained and not stop.is_set() and (app.lifecycle.is_working or away.is_over()):
            try:
                is_drained = app.lifecycle.drain(LOOK_SECONDS, give_up=stop) and not others.may_leave_work(stop)
                if is_drained:  # somebody may have died, or let go of jobs, between the two questions
                    app.lifecycle.wake()
                    is_drained = app.lifecycle.drain(LOOK_SECONDS, give_up=stop)
                counts = app.service.counts()
            except StoreError as error:
                if not away.is_why(error):
                    raise
                continue
            if not options.json:
                _show_ended(bar, counts)
        app.lifecycle.stop(app.settings.thread_join_timeout)
        if not is_drained and not stop.is_set():
            raise IngestError("The work stopped before the queue was empty.")
        counts = app.service.counts()
        if not options.json:
            _show_ended(bar, counts, final=True)
        if options.json:
            gaps, empty = sum(counts.gaps.values()), empty_of(counts)
            out_json({"counts": _by_status(counts), "gaps": gaps, "empty": empty, "elsewhere": others.jobs})
        else:
            out(_totals(counts) or "Nothing to do.")
            if others.jobs:
                out(others.text())
        return INTERRUPTED if stop.is_set() else OK


@contextmanager
def _served_metrics(app: App) -> Iterator[None]:
    """Serve metrics meanwhile, when the settings ask for it."""
    settings = app.settings
    if not settings.metrics_port or not settings.enable_metrics:
        yield
        return
    from ingest_desktop.observability.server import serve_when_asked

    server = serve_when_asked(app.metrics, settings.data_root, settings.metrics_port)
    try:
        yield
    finally:
        if server is not None:
            server.close()


def _show_ended(bar: ProgressBar, counts: Counts, *, final: bool = False) -> None:
    """What has ended of all there is: what is paused has not."""
    left = counts.of(_QUEUED) + counts.of(_RUNNING) + counts.of(JobStatus.PAUSED)
    if counts.total():
        bar.show(counts.total() - left, counts.total(), final=final)


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
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it is under nohup
        wanted.append(signal.SIGHUP)
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, ask) for number in wanted} if is_main else {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _totals(counts: Counts) -> str:
    completed = ended_text(counts.of(JobStatus.COMPLETED), sum(counts.gaps.values()), empty_of(counts))
    by_status = {status: f"{number:,} {status}" for status, number in _by_status(counts).items() if number}
    return ", ".join(completed if status == JobStatus.COMPLETED else said for status, said in by_status.items())


def _by_status(counts: Counts) -> dict[str, int]:
    return {status.value: counts.of(status) for status in JobStatus}
