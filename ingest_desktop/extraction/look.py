"""Looks at one file, or reads one segment of it: open, hash, detect, plan, extract, check that it held still."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from ingest_desktop.domain.errors import (
    IngestError,
    LimitExceeded,
    SourceChanged,
    SourceForbidden,
    SourceGone,
    SourceMalformed,
    SourceTooLarge,
    SourceUnreadable,
)
from ingest_desktop.domain.interfaces.extraction import Reader, ReaderPlan, SegmentNotes, SourceFile, TextScan
from ingest_desktop.domain.wire import (
    DocumentPlan,
    Extracted,
    ExtractOptions,
    FileSignature,
    Looked,
    LookItem,
    SegmentResult,
    SegmentSpec,
    SegmentTask,
    recipe_of,
    signature_of,
)
from ingest_desktop.extraction import detect
from ingest_desktop.extraction.chunker import Stopwatch, chunk_blocks
from ingest_desktop.extraction.kinds import contradiction
from ingest_desktop.extraction.language import guess
from ingest_desktop.extraction.limits import memory_message
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.extraction.scan import BLOCK_BYTES, TextScanner

HEAD_BYTES = 64 * 1024
WHOLE_BYTES = 32 * 1024 * 1024  # a file up to this size is read into memory once
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_OPEN_FLAGS |= getattr(os, "O_NOINHERIT", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not on Windows: there a look just before has to do
_WHY = {
    errno.ENOENT: "The file is not there any more.",
    errno.ENOTDIR: "The file is not there any more.",
    errno.EACCES: "Reading the file is not permitted.",
    errno.EPERM: "Reading the file is not permitted.",
    errno.EIO: "The disk reports an error while reading the file.",
    errno.ESTALE: "The network folder that holds the file is gone.",
    errno.ELOOP: "The link leads in a circle.",
    errno.EMFILE: "The system has no more room for open files.",
    errno.ENAMETOOLONG: "The name of the file is too long for this system.",
    errno.ENXIO: "This is no file that holds text, but a socket or a device.",
}

_ENDS_AT_LINK = (errno.ELOOP, errno.EMLINK)  # as different systems say it

_NARROWER: Mapping[int, type[SourceUnreadable]] = {
    errno.ENOENT: SourceGone,
    errno.ENOTDIR: SourceGone,
    errno.ESTALE: SourceGone,
    errno.EACCES: SourceForbidden,
    errno.EPERM: SourceForbidden,
}

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_CALM = frozenset(
    {"text", "code", "markdown", "html", "rst", "csv", "json", "jsonl", "xml", "yaml", "subtitles", "cards"}
)

_NO_PROSE = frozenset({"code", "json", "jsonl", "xml", "yaml"})  # whose words are those of a program

Progress = Callable[[str, int, int, str], None]  # phase, done, total, unit


class NotSettled(Exception):
    """The file was changed a moment ago: whoever writes it may not be done."""

    def __init__(self, signature: FileSignature, wait_seconds: float) -> None:
        super().__init__(f"changed a moment ago; look again in {wait_seconds:.3f} s")
        self.signature, self.wait_seconds = signature, wait_seconds


def look(
    item: LookItem,
    options: ExtractOptions,
    registry: Registry,
    progress: Progress,
    before_risk: Callable[[], None] = lambda: None,
) -> Looked:
    """Hash a file, find its reader and its plan; extract it too when it is one segment.

    ``before_risk`` is called before a reader whose parser may bring the process down.

    Raises:
        SourceError: In all its kinds; see ``as_source_error`` for what else may come.
        NotSettled: Nothing was read: it is to be looked at again a little later, with its signature.
    """
    began = time.perf_counter()
    source, sha256, signature = _take(item, options, progress)
    hashing_seconds = time.perf_counter() - began
    source = replace(source, passwords=item.secrets)
    reader = registry.choose(source)
    if reader.name not in _CALM:
        before_risk()
    seen = reader.plan(source, options)
    plan = DocumentPlan(
        sha256=sha256,
        signature=signature,
        media_type=seen.media_type,
        reader=reader.name,
        reader_version=reader.version,
        unit=seen.unit,
        units=seen.units,
        segments=seen.segments,
        encoding=seen.encoding,
        title=seen.title,
        metadata=seen.metadata,
        outline=seen.outline,
        warnings=(*_misnamed(source), *seen.warnings),
        shape=seen.shape,
        hashing_seconds=hashing_seconds,
    )
    recipe = recipe_of(reader.name, reader.version, options, seen.unit, seen.shape)
    if sha256 == item.known_sha256 and item.known_recipe == recipe:
        return Looked(item.key, plan, unchanged=True)
    if len(seen.segments) != 1:
        return Looked(item.key, plan)
    result = _extract(source, reader, seen, seen.segments[0], options, progress)
    if source.data is None or seen.unit == "page":  # read again after it was hashed
        _check_still(item.path, signature, item.follow)
    return Looked(item.key, plan, result)


def _misnamed(source: SourceFile) -> tuple[str, ...]:
    """What to say of a file whose name promises something else than it is."""
    if not source.size:
        return ()  # an empty file is nothing else than its name says
    said = contradiction(detect.suffix_of(source.path), detect.kind_of(source))
    return () if said is None else (said,)


def read_segment(task: SegmentTask, registry: Registry, progress: Progress) -> Extracted:
    """Read one segment of a planned document.

    Raises:
        SourceError: In all its kinds; ``SourceChanged`` when the file is not the one that was planned.
    """
    plan = task.plan
    head, signature = _head(task.path, HEAD_BYTES, task.follow)
    if signature != plan.signature:
        raise SourceChanged("The file was changed while it was being read.")
    reader = registry.named(plan.reader)
    seen = ReaderPlan(
        plan.unit,
        plan.units,
        plan.segments,
        plan.media_type,
        plan.encoding,
        plan.title,
        plan.metadata,
        plan.outline,
        shape=plan.shape,
    )
    source = SourceFile(task.path, plan.signature.size, head, passwords=task.secrets)
    result = _extract(source, reader, seen, plan.segments[task.number], task.options, progress)
    _check_still(task.path, plan.signature, task.follow)
    return Extracted(task.key, result)


def _take(item: LookItem, options: ExtractOptions, progress: Progress) -> tuple[SourceFile, str, FileSignature]:
    """Open, check and hash a file; its bytes when it is small, else its cuts when it is text."""
    path = item.path
    descriptor = _opened(path, item.follow)
    try:
        before = _regular(os.fstat(descriptor))
        size = before.st_size
        if size > options.max_file_bytes:
            raise SourceTooLarge(
                f"The file has {size:,} bytes; the limit is {options.max_file_bytes:,} (INGESTION_MAX_FILE_BYTES)."
            )
        _let_settle(item, signature_of(before), options)
        data: bytes | None = None
        scan: TextScan | None = None
        if size <= WHOLE_BYTES:
            data = _read_all(descriptor, size)
            head = data[:HEAD_BYTES] if size > HEAD_BYTES else data
            sha256 = hashlib.sha256(data).hexdigest()
        else:
            head, sha256, scan = _stream(descriptor, size, options, progress)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    signature = signature_of(before)
    if signature != signature_of(after) or (data is not None and len(data) != size):
        raise SourceChanged("The file was changed while it was being read.")
    return SourceFile(path, size, head, data, scan), sha256, signature


def _let_settle(item: LookItem, signature: FileSignature, options: ExtractOptions) -> None:
    """A file that was changed less than the settle time ago must be the same at its end.

    There is one wait for each try, and none is longer than the settle time: a file that claims to come from the
    future, or whose server's clock goes ahead of ours, is read after it like any other.
    """
    if item.seen is not None:
        if signature != item.seen:
            raise SourceChanged("The file is still being written.")
        return
    age = time.time() - signature.mtime_ns / 1e9
    if options.settle_seconds and age < options.settle_seconds:
        raise NotSettled(signature, min(options.settle_seconds, options.settle_seconds - age))


def _stream(
    descriptor: int, size: int, options: ExtractOptions, progress: Progress
) -> tuple[bytes, str, TextScan | None]:
    """One pass over a large file: its hash, and where to cut it if it is text."""
    digest = hashlib.sha256()
    block = os.read(descriptor, BLOCK_BYTES)
    head = block[:HEAD_BYTES]
    scanner = TextScanner(head, options.segment_bytes) if detect.looks_like_text(head) else None
    done = 0
    while block:
        digest.update(block)
        if scanner is not None:
            scanner.feed(block)
        done += len(block)
        progress("hashing", done, size, "byte")
        if done > size:
            break
        block = os.read(descriptor, BLOCK_BYTES)
    if done != size:
        raise SourceChanged("The file was changed while it was being read.")
    return head, digest.hexdigest(), scanner.finish() if scanner is not None else None


def _extract(
    source: SourceFile,
    reader: Reader,
    plan: ReaderPlan,
    segment: SegmentSpec,
    options: ExtractOptions,
    progress: Progress,
) -> SegmentResult:
    """The chunks of one segment."""
    began = time.perf_counter()
    notes = SegmentNotes()
    if plan.unit not in ("byte", "whole"):
        notes.progress = lambda done, total: progress("extracting", done, total, plan.unit)
    notes.recognising = lambda done, total: progress("recognising", done, total, plan.unit)
    watch = Stopwatch()
    chunks = chunk_blocks(reader.read(source, plan, segment, options, notes), options, plan.title, watch)
    with_text = notes.units_with_text
    return SegmentResult(
        number=segment.number,
        chunks=chunks,
        units_seen=notes.units_seen,
        units_with_text=(1 if chunks else 0) if with_text is None else with_text,
        units_failed=tuple(notes.units_failed),
        chars=sum([len(row[0]) for row in chunks]),
        seconds=time.perf_counter() - began,
        warnings=tuple(notes.warnings),
        units_by_ocr=notes.units_by_ocr,
        recognising_seconds=notes.recognising_seconds,
        chunking_seconds=watch.seconds,
        language="" if reader.name in _NO_PROSE else guess(chunks),
    )


def _opened(path: str, follow: bool) -> int:
    """Open a file for reading, once it is known to be one: to open a device may set something going."""
    _regular(os.stat(path, follow_symlinks=follow))
    try:
        return os.open(path, _OPEN_FLAGS if follow else _OPEN_FLAGS | _NO_FOLLOW)
    except OSError as error:
        if follow or error.errno not in _ENDS_AT_LINK:
            raise
        raise _link_instead() from error  # it came just now


def _link_instead() -> SourceChanged:
    error = SourceChanged(
        "A link has taken the place of the file since it was found. Links inside folders are left out; add the link itself "
        "if you want what it leads to."
    )
    error.final = True
    return error


def _head(path: str, length: int, follow: bool) -> tuple[bytes, FileSignature]:
    """The first bytes of a file and its signature."""
    descriptor = _opened(path, follow)
    try:
        signature = signature_of(_regular(os.fstat(descriptor)))
        return os.read(descriptor, length), signature
    finally:
        os.close(descriptor)


def _regular(status: os.stat_result) -> os.stat_result:
    """The status of a file, which must be a regular one: it may have become something else since it was found."""
    if stat.S_ISREG(status.st_mode):
        return status
    if stat.S_ISLNK(status.st_mode):
        raise _link_instead()
    what = _KINDS.get(stat.S_IFMT(status.st_mode), "something that is no file")
    error = SourceUnreadable(f"Under this name there is {what} now.")
    error.final = True
    raise error


def _read_all(descriptor: int, size: int) -> bytes:
    """All bytes of an open file, and one more if it grew."""
    data = os.read(descriptor, size + 1)
    if len(data) in (size, size + 1):
        return data
    parts = [data]
    got = len(data)
    while got <= size and (more := os.read(descriptor, size + 1 - got)):
        parts.append(more)
        got += len(more)
    return b"".join(parts)


def _check_still(path: str, signature: FileSignature, follow: bool) -> None:
    """The file under this path must be the one that was seen."""
    if signature_of(os.stat(path, follow_symlinks=follow)) != signature:
        raise SourceChanged("The file was changed while it was being read.")


def as_source_error(error: BaseException) -> IngestError:
    """What went wrong with a file, as one of our errors: whatever a parser may raise becomes a plain sentence."""
    if isinstance(error, IngestError):
        return error
    if isinstance(error, MemoryError):
        return LimitExceeded(memory_message())
    if isinstance(error, RecursionError):
        return SourceMalformed("The file is nested too deeply.")
    if isinstance(error, IsADirectoryError):
        return SourceUnreadable("This is a folder, not a file.")
    if isinstance(error, OSError):
        number = error.errno or 0
        why = _WHY.get(number) or f"The system says: {error.strerror or type(error).__name__}."
        return _NARROWER.get(number, SourceUnreadable)(why)
    return SourceMalformed(f"The reader could not make sense of this file ({type(error).__name__}).")
