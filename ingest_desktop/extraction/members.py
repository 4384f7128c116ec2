"""What the readers of all archives do with a member: how much of it is unpacked, in which segment, and what is said of it."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingest_desktop.domain.errors import LeftOut, LimitExceeded, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import allowance, detect, nested, tars
from ingest_desktop.extraction.allowance import Allowance
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.unpacking import PIECE_BYTES, Plain, Unpacked

_RUN_MEMBERS: Final = 250  # of one segment, at most
_RUN_BYTES: Final = 16 * 1024 * 1024  # unpacked, of one segment; a larger member stands alone
_QUIET_FOLDERS: Final = frozenset({"__macosx", ".git", ".svn", ".hg"})
_QUIET_NAMES: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "icon\r"})
_NEVER_READ: Final = frozenset(  # by name, to foresee how much will be unpacked; what is read is told by content
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .wmv .mp3 .m4a .wav .flac .ogg .opus .aac .iso .dmg .img .exe .dll .so "
    ".dylib .msi .deb .rpm .ttf .otf .woff .woff2 .psd .heic .sqlite .db .pyc .class .o .a".split()
)
_HOLDS_MORE: Final = frozenset(  # by name: what may unpack to more than its entry claims
    ".zip .tar .gz .tgz .bz2 .tbz .tbz2 .xz .txz .7z .rar .jar .docx .docm .xlsx .xlsm .xlsb .pptx .odt .ods .odp .epub "
    ".eml .msg .mbox".split()
)
_EARLY_BYTES: Final = (
    1024 * 1024
)  # a member larger than this is not unpacked when its beginning tells that nobody reads it


class Content(Protocol):
    """What a member holds, forwards only."""

    def read(self, count: int, /) -> bytes: ...


def tell_missing(inside: Inside, troubles: Sequence[str]) -> None:
    """Note what is wrong with an archive as a whole, unless the last member has told that it ends in the middle."""
    told = [trouble for trouble in troubles if trouble == tars.DAMAGED or not inside.broken]
    if told:
        inside.missing(" ".join(told))


def content_blocks(
    inside: Inside,
    name: str,
    size: int | None,
    content: Content,
    options: ExtractOptions,
    verdict: Callable[[bytes], str | None] | None = None,
) -> Iterator[Block]:
    """The blocks of one member. ``size`` is what it claims to hold; ``verdict`` tells what is wrong with what came out."""
    if not inside.admits(name):
        return
    try:
        data, trouble = _taken(name, size, content, options, verdict)
    except _NobodyReads as error:
        if isinstance(error.why, LeftOut):
            inside.leave_out(name, error.why.kind)
        else:
            inside.fail(name, error.why)
    except LimitExceeded as error:
        inside.fail(name, error)
    else:
        yield from inside.blocks(name, data, trouble=trouble)


def tar_blocks(inside: Inside, entry: tars.Entry, content: Content, options: ExtractOptions) -> Iterator[Block]:
    """The blocks of one member of a tar archive, whose data ``content`` gives."""
    if entry.kind == tars.SPARSE:
        inside.fail(entry.name, tars.NO_MAP)
    else:
        unfolded = content if entry.regions is None else Plain(tars.Unfolded(content, entry), options, entry.size)
        yield from content_blocks(inside, entry.name, entry.size, unfolded, options)


def is_file(entry: tars.Entry) -> bool:
    """Whether an entry of a tar archive is a file that is to be read."""
    return entry.kind in (tars.FILE, tars.SPARSE) and not is_quiet_name(entry.name)


@dataclass(frozen=True, slots=True)
class TarListing:
    """What a tar archive holds: the files to be read, why others cannot be, and what is said of those left out."""

    files: tuple[tars.Entry, ...]
    troubles: tuple[str, ...]
    warnings: tuple[str, ...]


def tar_listing(walk: tars.Walk) -> TarListing:
    """All entries of a tar archive, looked at once. Errors are those of the walk."""
    entries = list(walk.entries())
    warnings = skipped(entry.kind for entry in entries)
    return TarListing(tuple(filter(is_file, entries)), tuple(walk.troubles), tuple(warnings))


def check_sparse(files: Sequence[tars.Entry], source: SourceFile, options: ExtractOptions) -> None:
    """Refuse a tar archive whose sparse files unfold to too much."""
    if any(entry.regions is not None for entry in files):
        check_total([(entry.name, entry.size) for entry in files], source, options)


class _NobodyReads(Exception):
    """A member is of a kind that nobody reads."""

    def __init__(self, why: UnsupportedFormat) -> None:
        super().__init__(str(why))
        self.why = why


def _taken(
    name: str,
    size: int | None,
    content: Content,
    options: ExtractOptions,
    verdict: Callable[[bytes], str | None] | None,
) -> tuple[bytes, str | None]:
    """What a member holds, and what is wrong with it as a sentence.

    Raises:
        _NobodyReads: Its beginning tells it.
        LimitExceeded: It is too large, or grows too much.
    """
    most = most_of_one(options)
    if size is not None and size > most:
        raise too_large(options)
    head = content.read(nested.HEAD_BYTES)
    if size is None and detect.looks_like_text(head):
        most = allowance.taken().allowed.unpacked  # it is all that there is in its file
    if size is None or size > _EARLY_BYTES:
        why = nested.nobody_reads(name, head)
        if why is not None:
            while isinstance(content, Unpacked) and content.swells and content.read(PIECE_BYTES):
                pass  # until it is one too many times as large, or it is no bomb after all
            raise _NobodyReads(why)
    data = head
    if len(head) == nested.HEAD_BYTES:
        data += content.read(most + 1 - len(head))
    if len(data) > most:
        raise too_large(options)
    trouble: str | None = getattr(content, "trouble", None)
    if isinstance(content, tars.Walk):
        trouble = tars.CUT_OFF if size is not None and len(data) < size else None
    elif trouble is None and verdict is not None:
        trouble = verdict(data)
    return data, trouble


def most_of_one(options: ExtractOptions) -> int:
    """Bytes that one member may have: it is held in memory."""
    return max(1, options.max_expanded_bytes // 2)


def too_large(options: ExtractOptions) -> LimitExceeded:
    """Why a member is left out."""
    return LimitExceeded(
        f"It has more than {most_of_one(options):,} bytes, half of what a file may unpack to "
        "(INGESTION_MAX_EXPANDED_BYTES)."
    )


def segment_of(
    source: SourceFile,
    plan: ReaderPlan,
    segment: SegmentSpec,
    options: ExtractOptions,
    notes: SegmentNotes,
    named: Sequence[tuple[str, int]],
) -> Inside:
    """What reads one segment of an archive whose members claim these sizes, within its share of the limits."""
    alone = len(plan.segments) == 1
    if alone or source.inner:
        return Inside(source, options, notes, first=segment.start, alone=alone)
    sizes = [_claim(name, size, options) for name, size in named]
    loose = [
        (size if detect.suffix_of(name) in _HOLDS_MORE else 0) for (name, _), size in zip(named, sizes, strict=True)
    ]
    loose = loose if any(loose) else [1] * len(named)
    allowed = allowance.share(
        source.size,
        options,
        own=Allowance(sum(sizes[segment.start : segment.stop]), segment.stop - segment.start),
        named=Allowance(sum(sizes), len(named)),
        weight=sum(loose[segment.start : segment.stop]) / sum(loose),
    )
    return Inside(source, options, notes, allowed=allowed, first=segment.start)


def _claim(name: str, size: int, options: ExtractOptions) -> int:
    """Bytes that a member will take, as far as its entry tells: some are not unpacked."""
    return size if size <= most_of_one(options) and detect.suffix_of(name) not in _NEVER_READ else 0


def check_total(members: Sequence[tuple[str, int]], source: SourceFile, options: ExtractOptions) -> None:
    """Refuse what claims to unpack to too much; what claims less is counted while it is unpacked."""
    sizes = [size for name, size in members if detect.suffix_of(name) not in _NEVER_READ]
    if sum(_claim(name, size, options) for name, size in members) > allowance.may_unpack(source.size, options):
        raise allowance.too_much(options)
    if sizes and all(size > most_of_one(options) for size in sizes):
        raise LimitExceeded(f"Nothing in it can be unpacked. {too_large(options)}")


def runs(
    sizes: Sequence[int], most_bytes: int = _RUN_BYTES, most_members: int = _RUN_MEMBERS
) -> tuple[SegmentSpec, ...]:
    """Stretches of members, by their number and what they claim to unpack to."""
    cuts, held = [0], 0
    for index, size in enumerate(sizes):
        if index > cuts[-1] and (held + size > most_bytes or index - cuts[-1] >= most_members):
            cuts.append(index)
            held = 0
        held += size
    stops = [*cuts[1:], max(len(sizes), 1)]
    return tuple(SegmentSpec(number, start, stop) for number, (start, stop) in enumerate(zip(cuts, stops, strict=True)))


def skipped(entry_kinds: Iterable[str]) -> list[str]:
    """One warning for the entries of a tar archive that are no plain files."""
    counts = Counter(entry_kinds)
    shown = {tars.LINK: "links", tars.SPECIAL: "devices and the like"}
    said = [f"{shown[kind]} ({counts[kind]:,})" for kind in shown if counts[kind]]
    return [f"Left out: {', '.join(said)}."] if said else []


def is_quiet_name(name: str) -> bool:
    """Whether a member is no document, but what a system or a program left beside the documents."""
    *folders, own = re.split(r"[/\\]", name)
    return (
        own.startswith("._")
        or own.lower() in _QUIET_NAMES
        or any(folder.lower() in _QUIET_FOLDERS for folder in folders)
    )


def identity(source: SourceFile) -> object:
    """What tells that it is the file that was listed before."""
    if source.inner:
        return source.data
    try:
        status = os.stat(source.path)
    except OSError:  # it is gone, but may be in memory
        return source.data
    return (source.path, status.st_size, status.st_mtime_ns, status.st_ino)
