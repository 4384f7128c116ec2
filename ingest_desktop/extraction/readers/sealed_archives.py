"""7-Zip and RAR archives, by the system's libarchive. Their members are read in place, in a few long runs.

A 7-Zip archive that asks for a password is opened with one that a person gave; a RAR archive cannot be.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ingest_desktop.domain.errors import SourceError, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, nested, rar_heads, seven_keys, system_archives
from ingest_desktop.extraction.members import check_total, content_blocks, identity, is_quiet_name, runs, segment_of
from ingest_desktop.extraction.system_archives import Entry, Sealed
from ingest_desktop.extraction.unlocking import still_locked
from ingest_desktop.extraction.versions import VERSIONS

_RUN_BYTES: Final = 64 * 1024 * 1024  # what stands before a segment has to be unpacked to reach it
_RUN_MEMBERS: Final = 2000
_MOST_LOCKED: Final = 128 * 1024 * 1024  # an archive behind a password is opened in memory


@dataclass(frozen=True, slots=True)
class _Listing:
    files: tuple[Entry, ...]
    links: int
    broken: bool


class SealedReader:
    """Reads 7-Zip and RAR archives in runs of members."""

    name = "sealed"
    version = VERSIONS["sealed"]
    reads = frozenset({kinds.SEVEN_ZIP, kinds.RAR})

    def __init__(self) -> None:
        self._known: tuple[object, _Listing] | None = None  # of the file in hand
        self._opened: tuple[object, SourceFile] | None = None  # it, without its password

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        locked, source = source, self._without_password(source)
        told = rar_heads.told(source.head)
        if told.locked:
            raise Sealed
        found = self._listing(source, options)
        if not found.files and found.broken:
            raise SourceMalformed(told.why or "The archive is damaged or incomplete: no member was found in it.")
        if found.files and all(entry.encrypted for entry in found.files):
            raise _refusal(source)
        named = _named(found.files)
        check_total(named, source, options)
        media_type = "application/x-7z-compressed" if source.head.startswith(b"7z") else "application/vnd.rar"
        warnings = (f"Left out: links ({found.links:,}).",) if found.links else ()
        segments = runs([size for _, size in named], _RUN_BYTES, _RUN_MEMBERS)
        shape = nested.shape(options, unlocked=int(source is not locked))
        return ReaderPlan("member", len(found.files), segments, media_type, warnings=warnings, shape=shape)

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
        source = self._without_password(source)
        found = self._listing(source, options)
        with (
            segment_of(source, plan, segment, options, notes, _named(found.files)) as inside,
            system_archives.opened(source, options) as walk,
        ):
            number = 0
            for entry in walk.entries():
                if not _is_wanted(entry):
                    continue
                number += 1
                if number <= segment.start:
                    continue
                if entry.encrypted:
                    inside.fail(entry.name, _refusal(source))
                else:
                    yield from content_blocks(inside, entry.name, entry.size, walk, options)
                if notes.progress is not None:
                    notes.progress(number - segment.start, segment.stop - segment.start)
                if number == segment.stop:
                    break
            if walk.broken or (found.broken and segment == plan.segments[-1]):
                inside.missing(rar_heads.told(source.head).why or system_archives.ENDS)

    def _without_password(self, source: SourceFile) -> SourceFile:
        """The archive as it would be without a password, when one that is given opens it; else itself."""
        if not source.passwords or not _is_seven_zip(source) or source.size > _MOST_LOCKED:
            return source
        key = (identity(source), tuple(source.passwords))
        if self._opened is None or self._opened[0] != key:
            self._opened = None
            with source.open() as stream:
                data = seven_keys.without_cipher(stream.read(_MOST_LOCKED), source.passwords)
            if data is None:
                return source
            plain = replace(source, size=len(data), head=data[: nested.HEAD_BYTES], data=data)
            self._opened = key, plain
        return self._opened[1]

    def _listing(self, source: SourceFile, options: ExtractOptions) -> _Listing:
        key = (identity(source), tuple(source.passwords))
        if self._known is None or self._known[0] != key:
            with system_archives.opened(source, options) as walk:
                entries = list(walk.entries())
            if walk.sealed:
                raise _refusal(source)
            files = tuple(entry for entry in entries if _is_wanted(entry))
            self._known = key, _Listing(files, sum(entry.is_link for entry in entries), walk.broken)
        return self._known[1]


def _is_seven_zip(source: SourceFile) -> bool:
    return source.head.startswith(seven_keys.MARK)


def _refusal(source: SourceFile) -> SourceError:
    """What to say of what is encrypted still."""
    if not _is_seven_zip(source) or source.size > _MOST_LOCKED:
        return Sealed()
    return still_locked(source.passwords, "The archive")


def _is_wanted(entry: Entry) -> bool:
    return entry.is_file and not is_quiet_name(entry.name)


def _named(files: tuple[Entry, ...]) -> list[tuple[str, int]]:
    return [(entry.name, 0 if entry.encrypted else entry.size) for entry in files]
