"""How the command line prints: JSON lines, tables, a progress bar."""

import json
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from ingest_desktop.domain.errors import IngestError
from ingest_desktop.domain.models import DiscoveryReport, Job
from ingest_desktop.domain.text import one_line

BAR_WIDTH = 28
QUIET_SECONDS = 2.0  # between two lines where there is no terminal


def out(text: str = "", *, file: TextIO | None = None) -> None:
    """One line of output.

    Raises:
        BrokenPipeError: Who reads the output has had enough.
        IngestError: The output cannot be written: it goes to a full disk, say. What is said beside it may get lost.
    """
    stream = file or sys.stdout
    try:
        print(text, file=stream)
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is not sys.stderr:
            raise output_error(error) from error


def output_error(error: OSError) -> IngestError:
    """What it means that the output cannot be written."""
    return IngestError(f"The output cannot be written: {error.strerror}.")


def out_json(record: Mapping[str, Any]) -> None:
    """One JSON object on one line. ASCII: names that are no valid Unicode come as escapes."""
    out(json.dumps(record, separators=(",", ":")))


def table(rows: Iterable[Sequence[str]], headings: Sequence[str], right: frozenset[int] = frozenset()) -> None:
    """Aligned columns; those in ``right`` are aligned right."""
    lines = [tuple(headings), *(tuple(map(one_line, row)) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    for line in lines:
        cells = (
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        out("  ".join(cells).rstrip())


def size_text(size: int) -> str:
    """A size for people."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def status_text(job: Job) -> str:
    """A job's status with its reason."""
    status = job.status.value
    if job.has_gaps:
        return f"{status} with gaps"
    if job.outcome is not None:
        return f"{status}: {job.outcome.value.replace('_', ' ')}"
    if job.error_code and job.status.value == "failed":
        return f"{status}: {job.error_code}"
    if job.due_at is not None and job.error_code:
        return f"{status}: retry after {job.error_code}"
    if job.pause_scope is not None and job.status.value == "paused":
        return f"{status}: by {job.pause_scope.value}"
    return status


class TroubleTeller:
    """Tells on the error stream what holds all work up, and when it is over. Hears the application's events."""

    def __init__(self) -> None:
        self._told = ""  # the code of the trouble that was told and is not over

    def trouble(self, code: str, message: str, hint: str) -> None:
        """See ``JobEvents``. Each trouble is told once, however often it is met."""
        if code == self._told:
            return
        self._told = code
        out("\n" + (one_line(f"{message} {hint}") if code else "Work goes on."), file=sys.stderr)

    def jobs_changed(self, jobs: Sequence[Job]) -> None:
        """Not told."""

    def jobs_added(self, batch_id: str, count: int) -> None:
        """Not told."""

    def discovery_changed(self, report: DiscoveryReport) -> None:
        """Not told."""

    def batch_finished(self, batch_id: str) -> None:
        """Not told."""

    def store_changed(self) -> None:
        """Not told."""


class ProgressBar:
    """A bar on a terminal, a line now and then elsewhere. Writes to the error stream, so that output stays clean."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._last = 0.0
        self._shown = ""

    def show(self, done: int, total: int, note: str = "", *, final: bool = False) -> None:
        """Show so many of so many."""
        now = time.monotonic()
        if not self._is_terminal and not final and now - self._last < QUIET_SECONDS:
            return
        self._last = now
        with suppress(OSError):  # nobody can be told: the work goes on
            self._draw(done, total, note, final)

    def _draw(self, done: int, total: int, note: str, final: bool) -> None:
        share = done / total if total else 0.0
        bar = ("█" * int(share * BAR_WIDTH)).ljust(BAR_WIDTH, "░")
        text = f"{bar} {done:,} of {total:,}{'  ' + note if note else ''}"
        if self._is_terminal:
            text = text[: shutil.get_terminal_size().columns - 1]
            self._stream.write("\r" + text.ljust(len(self._shown)) + ("\n" if final else ""))
        elif text != self._shown:
            self._stream.write(text + "\n")
        self._shown = text
        self._stream.flush()
