"""The process that tries the files: it lives under the limits of a child that reads, and does what such a child does.

Takes lines of ``seed name TAB number`` and answers each with one line of JSON: ``null``, or what was wrong.
Started by ``trials``; not for hands.
"""

import faulthandler
import gc
import json
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from ingest_desktop.domain.errors import IngestError, SourceError
from ingest_desktop.domain.wire import Extracted, ExtractOptions, Looked, LookItem, SegmentResult, SegmentTask
from ingest_desktop.extraction.frames import pack
from ingest_desktop.extraction.limits import ChildLimits, Limiter, peak_bytes
from ingest_desktop.extraction.look import look, read_segment
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.extraction.sandbox import close_network
from tests.fuzz import seeds
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import everything
from tests.fuzz.stand_ins import take_their_places

MEMORY_BYTES = 2048 * 1024 * 1024
CPU_SECONDS = 20.0
MOST_SEGMENTS = 6
_HIDDEN = ("Its reader failed (", "could not make sense of this file (")  # a fault of ours that an outer reader caught


def made(name: str, number: int) -> bytes:
    """The file of this number that is made of this seed; the same one always. Number 0 is the seed itself."""
    data = everything()[name]
    if number == 0:
        return data
    others = seeds.made()  # not all: it must not matter whether there is a corpus
    return mutated(random.Random(f"{name}#{number}"), data, [others[other] for other in sorted(others)])


@dataclass(frozen=True)
class Verdict:
    """What was wrong with how a file was read.

    Attributes:
        kind: ``exception``, ``hidden`` (one that an outer reader caught), ``words`` (an error that is no sentence), ``slow``, ``memory``.
        cause: What tells findings apart: the exception and where it was raised.
        detail: The traceback.
    """

    kind: str
    cause: str
    detail: str = ""


class Trier:
    """Reads files as a child does, and judges how it went.

    Args:
        folder: Where the files are written.
        programs: With tesseract and LibreOffice; else with what stands in for them, in all of this process.
        slow_seconds: Of processor time; more is a finding.
    """

    def __init__(self, folder: str, *, programs: bool, slow_seconds: float) -> None:
        self._folder, self._slow_seconds = folder, slow_seconds
        self._registry = Registry([])
        self._options = ExtractOptions()
        if not programs:
            take_their_places()

    def judge(self, name: str, data: bytes) -> Verdict | None:
        """Read a file to its end. None: it ended in text, or in one of our errors."""
        path = os.path.join(self._folder, "file" + "".join(Path(name).suffixes[-2:]))
        Path(path).write_bytes(data)
        began = time.process_time()
        verdict = self._read(path)
        seconds = time.process_time() - began
        if verdict is None and seconds > self._slow_seconds:
            return Verdict("slow", f"{seconds:.1f} s of processor time")
        return verdict

    def _read(self, path: str) -> Verdict | None:
        try:
            seen = look(LookItem(1, path), self._options, self._registry, lambda *_: None)
            pack(seen)
            verdict = _judged(seen.result)
            if seen.result is None and verdict is None:
                verdict = self._segments(path, seen)
        except SourceError as error:
            return _said(str(error))
        except IngestError as error:
            return Verdict("exception", f"{type(error).__name__}: {error}", traceback.format_exc())
        except MemoryError:
            return None  # the limit of the process: ``as_source_error`` says so
        except Exception as error:  # noqa: BLE001  this is what we are looking for
            return _blamed(error)
        return verdict

    def _segments(self, path: str, seen: Looked) -> Verdict | None:
        for segment in seen.plan.segments[:MOST_SEGMENTS]:
            found = read_segment(
                SegmentTask(1, path, seen.plan, segment.number, self._options), self._registry, lambda *_: None
            )
            pack(Extracted(1, found.result))
            verdict = _judged(found.result)
            if verdict is not None:
                return verdict
        return None


def _judged(result: SegmentResult | None) -> Verdict | None:
    if result is None:
        return None
    for said in (*(why for _, why in result.units_failed), *result.warnings):
        if any(mark in said for mark in _HIDDEN):
            return Verdict("hidden", said[-200:])
    for row in result.chunks:
        if not row.text.strip():
            return Verdict("words", "an empty chunk")
        if (
            (row.page is not None and row.page < 1)
            or (row.line_start or 1) < 1
            or (row.line_end or 1) < (row.line_start or 1)
        ):
            return Verdict("words", f"a place that cannot be: {row.page} {row.line_start} {row.line_end}")
        if row.extra is not None:
            json.loads(row.extra)
    return None


def _said(message: str) -> Verdict | None:
    """An error is a sentence that fits on a line."""
    begins = message[:1].isupper() or message.startswith("tesseract ")  # the name of the program
    if message.endswith((".", "?")) and begins and len(message) < 2000 and message.isprintable():
        return None
    return Verdict("words", f"no sentence: {message[:200]!r}")


def _blamed(error: Exception) -> Verdict:
    """An exception with the innermost place of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "ingest_desktop" in frame.filename] or list(frames)
    place = f"{os.path.basename(ours[-1].filename)}:{ours[-1].name}"
    detail = "".join(traceback.format_exception(error, limit=-12))[-6000:]
    return Verdict("exception", f"{type(error).__name__} in {place}", detail)


def main() -> int:
    """Judge what is asked for until the input ends."""
    programs, slow_seconds, wall_seconds = sys.argv[1] == "programs", float(sys.argv[2]), float(sys.argv[3])
    known = everything()
    close_network()
    limiter = Limiter(ChildLimits(MEMORY_BYTES, CPU_SECONDS, 10, os.getppid()))
    limiter.settle()
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        trier = Trier(folder, programs=programs, slow_seconds=slow_seconds)
        for line in sys.stdin:
            name, _, number = line.rstrip("\n").partition("\t")
            data = made(name, int(number)) if name in known else Path(name).read_bytes()
            faulthandler.dump_traceback_later(wall_seconds * 0.9)  # where it hangs, on the error output
            limiter.begin_file()
            verdict = trier.judge(name, data)
            limiter.end_file()
            faulthandler.cancel_dump_traceback_later()
            answer = None if verdict is None else [verdict.kind, verdict.cause, verdict.detail]
            sys.stdout.write(json.dumps([answer, peak_bytes()]) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
