"""Archives: ZIP, tar, and files packed with gzip, bzip2 or xz. Their members are read in place, nothing is unpacked to disk."""

# ruff: noqa: ARG002  a Reader is handed more than this one needs

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import allowance, detect, kinds, nested, tars, zips
from ingest_desktop.extraction.allowance import Allowance
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.readers import slack
from ingest_desktop.extraction.unlocking import still_locked
from ingest_desktop.extraction.unpacking import PIECE_BYTES, Bounded, Plain, Unpacked, unpacked_file
from ingest_desktop.extraction.zip_keys import Keys

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
_PACKED_NAME: Final = re.compile(r"\.(gz|gzip|z|bz2|bzip2|xz)$", re.IGNORECASE)
_TAR_NAME: Final = re.compile(r"\.(tgz|tbz2?|txz|taz)$", re.IGNORECASE)
_HEADER_NAME: Final = 0x08  # a gzip file tells the name of what it holds
_MOST_TEXT: Final = 32 * 1024 * 1024  # kept of a packed text that is too large
_MOST_TRIED: Final = 500  # members that are tried with the passwords before they are read
_SLOW: Final = 3  # a member behind the old cipher takes so many times the time of others
_EARLY_BYTES: Final = (
    1024 * 1024
)  # a member larger than this is not unpacked when its beginning tells that nobody reads it


class _Content(Protocol):
    """What a member holds, forwards only."""

    def read(self, count: int, /) -> bytes: ...


class ZipReader:
    """Reads ZIP archives in runs of members; an export of Slack by its messages."""

    name = "zip"
    version = 1
    reads = frozenset({kinds.ZIP})

    def __init__(self) -> None:
        self._known: tuple[object, zips.Listing] | None = None  # of the file in hand: its segments need it again

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        found = self._listing(source, options)
        wanted = [member for member in found.members if not member.is_link]
        links = _skipped([tars.LINK] * (len(found.members) - len(wanted)))
        warnings = tuple(links)
        if not wanted and found.trouble:
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        locked = [member for member in wanted if member.encrypted]
        opens = self._unlocked(source, locked, options)
        if locked and not opens and len(locked) == len(wanted):
            raise still_locked(source.passwords, "The archive")
        _check_total(_named(wanted, source), source, options)
        if slack.is_export(member.name for member in wanted):
            with source.open() as stream:
                return slack.plan(_contents(stream, source, wanted, options), options, warnings)
        segments = _runs([(member.size or member.packed) * (_SLOW if member.is_slow else 1) for member in wanted])
        shape = nested.shape(
            options, unlocked=opens + nested.unlocked(self._lockable(source, wanted, options), options)
        )
        return ReaderPlan("member", len(wanted), segments, "application/zip", warnings=warnings, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        found = self._listing(source, options)
        wanted = [member for member in found.members if not member.is_link]
        keys = Keys(source.passwords)
        if plan.unit == "message":
            with source.open() as stream:
                yield from slack.blocks(_contents(stream, source, wanted, options), plan, segment, notes)
            return
        with (
            _segment_of(source, plan, segment, options, notes, _named(wanted, source)) as inside,
            source.open() as stream,
        ):
            for done, member in enumerate(wanted[segment.start : segment.stop], 1):
                yield from _zip_member(inside, stream, source.size, member, options, keys)
                if notes.progress is not None:
                    notes.progress(done, segment.stop - segment.start)
            if found.trouble and segment == plan.segments[-1]:
                inside.missing(found.trouble)

    @staticmethod
    def _unlocked(source: SourceFile, locked: Sequence[zips.Member], options: ExtractOptions) -> int:
        """How many of these members, or of some of them that stand for all, a password opens."""
        keys = Keys(source.passwords)
        if not locked or not keys:
            return 0
        nested.begin(source, options)
        tried = locked[:: -(-len(locked) // _MOST_TRIED)]  # each takes a millisecond or more for each password
        with source.open() as stream:
            return sum(zips.unlocks(stream, source.size, member, options, keys) for member in tried)

    @staticmethod
    def _lockable(source: SourceFile, members: Iterable[zips.Member], options: ExtractOptions) -> Iterator[SourceFile]:
        """The members that may ask for a password of their own, when there is one to try."""
        keys = Keys(source.passwords)
        if not keys:
            return
        nested.begin(source, options)
        with source.open() as stream:
            for member in members:
                if nested.may_lock(member.name) and (member.size or 0) <= most_of_one(options):
                    with suppress(SourceError, zips.Refused):
                        content = zips.opened(stream, source.size, member, options, keys).content
                        yield nested.inner_source(member.name, content.read(most_of_one(options)), source.passwords)

    def _listing(self, source: SourceFile, options: ExtractOptions) -> zips.Listing:
        """The members that are documents."""
        key = _identity(source)
        if self._known is None or self._known[0] != key:
            with source.open() as stream:
                found = zips.listing(stream, source.size, options)
            wanted = tuple(member for member in found.members if not _is_quiet(member))
            self._known = key, zips.Listing(wanted, found.trouble)
        return self._known[1]


class TarReader:
    """Reads tar archives that are not packed, in runs of members."""

    name = "tar"
    version = 1
    reads = frozenset({kinds.TAR})

    def __init__(self) -> None:
        self._known: tuple[object, _TarListing] | None = None

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        found = self._listing(source, options)
        if not found.files and (found.troubles or found.warnings):
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        segments = _runs([entry.size for entry in found.files])
        return ReaderPlan(
            "member",
            len(found.files),
            segments,
            "application/x-tar",
            warnings=found.warnings,
            shape=nested.shape(
                options, unlocked=nested.unlocked(self._lockable(source, found.files, options), options)
            ),
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        found = self._listing(source, options)
        files = found.files
        named = [(entry.name, entry.size) for entry in files]
        with _segment_of(source, plan, segment, options, notes, named) as inside, source.open() as stream:
            for done, entry in enumerate(files[segment.start : segment.stop], 1):
                stream.seek(entry.start)
                content = Plain(Bounded(stream, entry.size), options, entry.size)
                yield from _content_blocks(inside, entry.name, entry.size, content, options)
                if notes.progress is not None:
                    notes.progress(done, segment.stop - segment.start)
            if segment == plan.segments[-1]:
                _tell_missing(inside, found.troubles)

    @staticmethod
    def _lockable(source: SourceFile, files: Iterable[tars.Entry], options: ExtractOptions) -> Iterator[SourceFile]:
        """The members that may ask for a password, when there is one to try."""
        if not source.passwords:
            return
        nested.begin(source, options)
        with source.open() as stream:
            for entry in files:
                if nested.may_lock(entry.name) and entry.size <= most_of_one(options):
                    stream.seek(entry.start)
                    yield nested.inner_source(entry.name, stream.read(entry.size), source.passwords)

    def _listing(self, source: SourceFile, options: ExtractOptions) -> "_TarListing":
        key = _identity(source)
        if self._known is None or self._known[0] != key:
            with source.open() as stream:
                walk = tars.Walk(_Seeking(stream, source.size), options)
                entries = list(walk.entries())
            files = tuple(entry for entry in entries if entry.kind == tars.FILE and not _is_quiet_name(entry.name))
            self._known = (
                key,
                _TarListing(files, tuple(walk.troubles), tuple(_skipped(entry.kind for entry in entries))),
            )
        return self._known[1]


@dataclass(frozen=True, slots=True)
class _TarListing:
    files: tuple[tars.Entry, ...]
    troubles: tuple[str, ...]
    warnings: tuple[str, ...]


class CompressedReader:
    """Reads what is packed with gzip, bzip2 or xz: the members of a tar archive, or the one file."""

    name = "compressed"
    version = 1
    reads = frozenset({kinds.COMPRESSED})

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        media_type = {b"\x1f": "application/gzip", b"B": "application/x-bzip2"}.get(source.head[:1], "application/x-xz")
        return ReaderPlan("member", 1, (SegmentSpec(0, 0, 1),), media_type, shape=nested.shape(options))

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        with Inside(source, options, notes, alone=True) as inside, source.open() as stream:
            content = unpacked_file(stream, source.head, options)
            first = content.read(tars.BLOCK)
            content.give_back(first)
            if tars.is_header(first):
                yield from self._tar(inside, content, options, notes.warnings)
            elif first or content.trouble is None:
                yield from _content_blocks(inside, inner_name(source), None, content, options)
            else:
                raise SourceMalformed("The file is damaged: nothing of it could be unpacked.")

    @staticmethod
    def _tar(inside: Inside, content: Unpacked, options: ExtractOptions, warnings: list[str]) -> Iterator[Block]:
        walk = tars.Walk(_Forward(content), options)
        left_out: list[str] = []
        for entry in walk.entries():
            if entry.kind != tars.FILE:
                left_out.append(entry.kind)
            elif not _is_quiet_name(entry.name):
                yield from _content_blocks(inside, entry.name, entry.size, walk, options)
        warnings += _skipped(left_out)
        _tell_missing(inside, [content.trouble] if content.trouble else walk.troubles)


class _Seeking:
    """An open tar file."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size

    def read(self, count: int) -> bytes:
        return self._stream.read(min(count, self._size))

    def skip(self, count: int) -> int:
        at = self._stream.tell()
        to = min(at + count, self._size)
        self._stream.seek(to)
        return to - at


class _Forward:
    """A tar archive that is being unpacked."""

    def __init__(self, content: Unpacked) -> None:
        self._content = content

    def read(self, count: int) -> bytes:
        return self._content.read(count)

    def skip(self, count: int) -> int:
        done = 0
        while done < count and (data := self._content.read(min(count - done, 256 * 1024))):
            done += len(data)
        return done


def inner_name(source: SourceFile) -> str:
    """The name of the one file that a packed file holds: its own without the ending."""
    own = nested.clean_name(source.path).rpartition("/")[2]
    if _PACKED_NAME.search(own):
        return _PACKED_NAME.sub("", own) or own
    return _TAR_NAME.sub(".tar", own)


def _tell_missing(inside: Inside, troubles: Sequence[str]) -> None:
    """Note what is wrong with an archive as a whole, unless the last member has told that it ends in the middle."""
    told = [trouble for trouble in troubles if trouble == tars.DAMAGED or not inside.broken]
    if told:
        inside.missing(" ".join(told))


def _zip_member(
    inside: Inside, stream: BinaryIO, size: int, member: zips.Member, options: ExtractOptions, keys: Keys
) -> Iterator[Block]:
    if not inside.admits(member.name):
        return
    try:
        opened = zips.opened(stream, size, member, options, keys)
    except zips.Refused as refused:
        inside.fail(member.name, str(refused))
        return
    except SourceEncrypted as error:
        inside.fail(member.name, error)
        return
    yield from _content_blocks(inside, member.name, member.size, opened.content, options, opened.verdict)


def _content_blocks(
    inside: Inside,
    name: str,
    size: int | None,
    content: _Content,
    options: ExtractOptions,
    verdict: Callable[[bytes], str | None] | None = None,
) -> Iterator[Block]:
    """The blocks of one member. ``size`` is what it claims to hold; ``verdict`` tells what is wrong with what came out."""
    if not inside.admits(name):
        return
    try:
        data, trouble = _taken(name, size, content, options, verdict)
    except _NobodyReads as error:
        inside.leave_out(name, str(error))
    except LimitExceeded as error:
        inside.fail(name, error)
    else:
        yield from inside.blocks(name, data, trouble=trouble)


class _NobodyReads(Exception):
    """A member is of a kind that nobody reads; the message is the kind, in the plural."""


def _taken(
    name: str,
    size: int | None,
    content: _Content,
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
    if size is None or size > _EARLY_BYTES:
        kind = nested.nobody_reads(name, head)
        if kind is not None:
            while isinstance(content, Unpacked) and content.swells and content.read(PIECE_BYTES):
                pass  # until it is one too many times as large, or it is no bomb after all
            raise _NobodyReads(kind)
    data = head
    if len(head) == nested.HEAD_BYTES:
        data += content.read(most + 1 - len(head))
    trouble: str | None = getattr(content, "trouble", None)
    if len(data) > most:
        if size is not None or not detect.looks_like_text(head):
            raise too_large(options)
        data, trouble = data[:_MOST_TEXT], f"{too_large(options)} Only its beginning was read."
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


def _named(members: Iterable[zips.Member], source: SourceFile) -> list[tuple[str, int]]:
    """The members by name and claimed size; what cannot be opened takes nothing."""
    shut = not source.passwords
    return [(member.name, 0 if member.encrypted and shut else member.size or 0) for member in members]


def _segment_of(
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


def _check_total(members: Sequence[tuple[str, int]], source: SourceFile, options: ExtractOptions) -> None:
    """Refuse what claims to unpack to too much; what claims less is counted while it is unpacked."""
    sizes = [size for name, size in members if detect.suffix_of(name) not in _NEVER_READ]
    if sum(_claim(name, size, options) for name, size in members) > allowance.may_unpack(source.size, options):
        raise allowance.too_much(options)
    if sizes and all(size > most_of_one(options) for size in sizes):
        raise LimitExceeded(f"Nothing in it can be unpacked. {too_large(options)}")


def _runs(sizes: Sequence[int]) -> tuple[SegmentSpec, ...]:
    """Stretches of members, by their number and what they claim to unpack to."""
    cuts, held = [0], 0
    for index, size in enumerate(sizes):
        if index > cuts[-1] and (held + size > _RUN_BYTES or index - cuts[-1] >= _RUN_MEMBERS):
            cuts.append(index)
            held = 0
        held += size
    stops = [*cuts[1:], max(len(sizes), 1)]
    return tuple(SegmentSpec(number, start, stop) for number, (start, stop) in enumerate(zip(cuts, stops, strict=True)))


def _contents(
    stream: BinaryIO, source: SourceFile, members: Iterable[zips.Member], options: ExtractOptions
) -> dict[str, Callable[[], bytes]]:
    """What each member holds, by its name; nothing for one that cannot be had."""
    nested.begin(source, options)
    keys = Keys(source.passwords)

    def content(member: zips.Member) -> bytes:
        try:
            return zips.opened(stream, source.size, member, options, keys).content.read(most_of_one(options))
        except (zips.Refused, SourceEncrypted):
            return b""

    return {member.name: (lambda member=member: content(member)) for member in members}  # type: ignore[misc]


def _skipped(entry_kinds: Iterable[str]) -> list[str]:
    """One warning for the entries of a tar archive that are no plain files."""
    counts = Counter(entry_kinds)
    shown = {tars.LINK: "links", tars.SPECIAL: "devices and the like", tars.SPARSE: "sparse files"}
    said = [f"{shown[kind]} ({counts[kind]:,})" for kind in shown if counts[kind]]
    return [f"Left out: {', '.join(said)}."] if said else []


def _is_quiet(member: zips.Member) -> bool:
    return member.is_folder or _is_quiet_name(member.name)


def _is_quiet_name(name: str) -> bool:
    """Whether a member is no document, but what a system or a program left beside the documents."""
    *folders, own = re.split(r"[/\\]", name)
    return (
        own.startswith("._")
        or own.lower() in _QUIET_NAMES
        or any(folder.lower() in _QUIET_FOLDERS for folder in folders)
    )


def _identity(source: SourceFile) -> object:
    """What tells that it is the file that was listed before."""
    if source.inner:
        return source.data
    try:
        status = os.stat(source.path)
    except OSError:  # it is gone, but may be in memory
        return source.data
    return (source.path, status.st_size, status.st_mtime_ns, status.st_ino)
