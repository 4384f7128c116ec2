"""Archives: ZIP and tar. Their members are read in place, nothing is unpacked to disk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO, Final

from ingest_desktop.domain.errors import SourceEncrypted, SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, nested, tars, zip_directory, zips
from ingest_desktop.extraction.members import (
    TarListing,
    check_sparse,
    check_total,
    content_blocks,
    identity,
    is_quiet_name,
    most_of_one,
    runs,
    segment_of,
    skipped,
    tar_blocks,
    tar_listing,
    tell_missing,
)
from ingest_desktop.extraction.nested import Inside
from ingest_desktop.extraction.readers import slack
from ingest_desktop.extraction.unlocking import still_locked
from ingest_desktop.extraction.unpacking import Bounded, Plain
from ingest_desktop.extraction.versions import VERSIONS
from ingest_desktop.extraction.zip_keys import Keys

_MOST_TRIED: Final = 500  # members that are tried with the passwords before they are read
_SLOW: Final = 3  # a member behind the old cipher takes so many times the time of others
_APPLE = ".iwa"  # so ends what Pages, Numbers and Keynote keep their text in
_APPLE_ONLY = "Only Pages, Numbers or Keynote can read its own text: save it there as PDF, and add that."


class ZipReader:
    """Reads ZIP archives in runs of members; an export of Slack by its messages."""

    name = "zip"
    version = VERSIONS["zip"]
    reads = frozenset({kinds.ZIP})

    def __init__(self) -> None:
        self._known: tuple[object, zip_directory.Listing] | None = (
            None  # of the file in hand: its segments need it again
        )

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        found = self._listing(source, options)
        wanted = [member for member in found.members if not member.is_link]
        links = skipped([tars.LINK] * (len(found.members) - len(wanted)))
        warnings = tuple(links)
        if not wanted and found.trouble:
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        locked = [member for member in wanted if member.encrypted]
        opens = self._unlocked(source, locked, options)
        if locked and not opens and len(locked) == len(wanted):
            raise still_locked(source.passwords, "The archive")
        check_total(_named(wanted, source), source, options)
        if slack.is_export(member.name for member in wanted):
            with source.open() as stream:
                return slack.plan(_contents(stream, source, wanted, options), options, warnings)
        segments = runs([(member.size or member.packed) * (_SLOW if member.is_slow else 1) for member in wanted])
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
            segment_of(source, plan, segment, options, notes, _named(wanted, source)) as inside,
            source.open() as stream,
        ):
            for done, member in enumerate(wanted[segment.start : segment.stop], 1):
                yield from _zip_member(inside, stream, source.size, member, options, keys)
                if notes.progress is not None:
                    notes.progress(done, segment.stop - segment.start)
            if segment == plan.segments[-1]:
                if found.trouble:
                    inside.missing(found.trouble)
                elif any(member.name.endswith(_APPLE) for member in wanted):
                    inside.missing(_APPLE_ONLY)

    @staticmethod
    def _unlocked(source: SourceFile, locked: Sequence[zip_directory.Member], options: ExtractOptions) -> int:
        """How many of these members, or of some of them that stand for all, a password opens."""
        keys = Keys(source.passwords)
        if not locked or not keys:
            return 0
        nested.begin(source, options)
        tried = locked[:: -(-len(locked) // _MOST_TRIED)]  # each takes a millisecond or more for each password
        with source.open() as stream:
            return sum(zips.unlocks(stream, source.size, member, options, keys) for member in tried)

    @staticmethod
    def _lockable(
        source: SourceFile, members: Iterable[zip_directory.Member], options: ExtractOptions
    ) -> Iterator[SourceFile]:
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

    def _listing(self, source: SourceFile, options: ExtractOptions) -> zip_directory.Listing:
        """The members that are documents."""
        key = identity(source)
        if self._known is None or self._known[0] != key:
            with source.open() as stream:
                found = zip_directory.listing(stream, source.size, options)
            wanted = tuple(member for member in found.members if not _is_quiet(member))
            self._known = key, zip_directory.Listing(wanted, found.trouble)
        return self._known[1]


class TarReader:
    """Reads tar archives that are not packed, in runs of members."""

    name = "tar"
    version = VERSIONS["tar"]
    reads = frozenset({kinds.TAR})

    def __init__(self) -> None:
        self._known: tuple[object, TarListing] | None = None

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        found = self._listing(source, options)
        if not found.files and (found.troubles or found.warnings):
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        check_sparse(found.files, source, options)
        segments = runs([entry.size for entry in found.files])
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
        with segment_of(source, plan, segment, options, notes, named) as inside, source.open() as stream:
            for done, entry in enumerate(files[segment.start : segment.stop], 1):
                stream.seek(entry.start)
                stored = Bounded(stream, entry.stored)
                content = stored if entry.regions is not None else Plain(stored, options, entry.size)
                yield from tar_blocks(inside, entry, content, options)
                if notes.progress is not None:
                    notes.progress(done, segment.stop - segment.start)
            if segment == plan.segments[-1]:
                tell_missing(inside, found.troubles)

    @staticmethod
    def _lockable(source: SourceFile, files: Iterable[tars.Entry], options: ExtractOptions) -> Iterator[SourceFile]:
        """The members that may ask for a password, when there is one to try."""
        if not source.passwords:
            return
        nested.begin(source, options)
        with source.open() as stream:
            for entry in files:
                if nested.may_lock(entry.name) and entry.size <= most_of_one(options) and entry.regions is None:
                    stream.seek(entry.start)
                    yield nested.inner_source(entry.name, stream.read(entry.size), source.passwords)

    def _listing(self, source: SourceFile, options: ExtractOptions) -> TarListing:
        key = identity(source)
        if self._known is None or self._known[0] != key:
            with source.open() as stream:
                self._known = key, tar_listing(tars.Walk(_Seeking(stream, source.size), options))
        return self._known[1]


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


def _zip_member(
    inside: Inside, stream: BinaryIO, size: int, member: zip_directory.Member, options: ExtractOptions, keys: Keys
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
    yield from content_blocks(inside, member.name, member.size, opened.content, options, opened.verdict)


def _named(members: Iterable[zip_directory.Member], source: SourceFile) -> list[tuple[str, int]]:
    """The members by name and claimed size; what cannot be opened takes nothing."""
    shut = not source.passwords
    return [(member.name, 0 if member.encrypted and shut else member.size or 0) for member in members]


def _contents(
    stream: BinaryIO, source: SourceFile, members: Iterable[zip_directory.Member], options: ExtractOptions
) -> dict[str, Callable[[], bytes]]:
    """What each member holds, by its name; nothing for one that cannot be had."""
    nested.begin(source, options)
    keys = Keys(source.passwords)

    def content(member: zip_directory.Member) -> bytes:
        try:
            return zips.opened(stream, source.size, member, options, keys).content.read(most_of_one(options))
        except (zips.Refused, SourceEncrypted):
            return b""

    return {member.name: (lambda member=member: content(member)) for member in members}  # type: ignore[misc]


def _is_quiet(member: zip_directory.Member) -> bool:
    return member.is_folder or is_quiet_name(member.name)
