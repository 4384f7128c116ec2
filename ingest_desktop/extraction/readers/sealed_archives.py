"""7-Zip and RAR archives, by the system's libarchive. Their members are read in place, in a few long runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingest_desktop.domain.errors import SourceMalformed
from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec
from ingest_desktop.extraction import detect, kinds, nested, system_archives
from ingest_desktop.extraction.members import check_total, content_blocks, identity, is_quiet_name, runs, segment_of
from ingest_desktop.extraction.system_archives import Entry, Sealed

_RUN_BYTES: Final = 64 * 1024 * 1024  # what stands before a segment has to be unpacked to reach it
_RUN_MEMBERS: Final = 2000


@dataclass(frozen=True, slots=True)
class _Listing:
    files: tuple[Entry, ...]
    links: int
    broken: bool


class SealedReader:
    """Reads 7-Zip and RAR archives in runs of members."""

    name = "sealed"
    version = 1
    reads = frozenset({kinds.SEVEN_ZIP, kinds.RAR})

    def __init__(self) -> None:
        self._known: tuple[object, _Listing] | None = None  # of the file in hand

    def accepts(self, source: SourceFile) -> float:
        return detect.confidence(source, self.reads)

    def plan(self, source: SourceFile, options: ExtractOptions) -> ReaderPlan:
        found = self._listing(source, options)
        if not found.files and found.broken:
            raise SourceMalformed("The archive is damaged or incomplete: no member was found in it.")
        if found.files and all(entry.encrypted for entry in found.files):
            raise Sealed
        named = _named(found.files)
        check_total(named, source, options)
        media_type = "application/x-7z-compressed" if source.head.startswith(b"7z") else "application/vnd.rar"
        warnings = (f"Left out: links ({found.links:,}).",) if found.links else ()
        segments = runs([size for _, size in named], _RUN_BYTES, _RUN_MEMBERS)
        return ReaderPlan(
            "member", len(found.files), segments, media_type, warnings=warnings, shape=nested.shape(options)
        )

    def read(
        self, source: SourceFile, plan: ReaderPlan, segment: SegmentSpec, options: ExtractOptions, notes: SegmentNotes
    ) -> Iterator[Block]:
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
                    inside.fail(entry.name, Sealed())
                else:
                    yield from content_blocks(inside, entry.name, entry.size, walk, options)
                if notes.progress is not None:
                    notes.progress(number - segment.start, segment.stop - segment.start)
                if number == segment.stop:
                    break
            if walk.broken or (found.broken and segment == plan.segments[-1]):
                inside.missing(system_archives.ENDS)

    def _listing(self, source: SourceFile, options: ExtractOptions) -> _Listing:
        key = identity(source)
        if self._known is None or self._known[0] != key:
            with system_archives.opened(source, options) as walk:
                entries = list(walk.entries())
            if walk.sealed:
                raise Sealed
            files = tuple(entry for entry in entries if _is_wanted(entry))
            self._known = key, _Listing(files, sum(entry.is_link for entry in entries), walk.broken)
        return self._known[1]


def _is_wanted(entry: Entry) -> bool:
    return entry.is_file and not is_quiet_name(entry.name)


def _named(files: tuple[Entry, ...]) -> list[tuple[str, int]]:
    return [(entry.name, 0 if entry.encrypted else entry.size) for entry in files]
