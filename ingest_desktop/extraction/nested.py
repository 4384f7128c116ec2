"""Files inside files: members of archives, attachments of mail. Each is read by the reader of its own kind.

A name inside a file is data: it is shown and cited, never a path of this system. Nothing is unpacked to the disk.
One file of the disk is read at a time in a process, so what is open around an inner file is a plain stack here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceError, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, Reader, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.registry import Registry

HEAD_BYTES = 64 * 1024
MOST_NAMED = 5  # left-out kinds that a warning lists
MOST_WARNINGS = 40  # of all inner files of one segment
GROWTH = 2  # a file that was let in may unpack to so many times its size, whatever the limit
_MOST_NAME = 1000
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")  # their kind is told by more than their head
_names: list[str] = []  # of the inner files that are open, the outermost first


@dataclass(slots=True)
class _Spent:
    """What reading one file of the disk, with all that is nested in it, has taken so far."""

    unpacked: int = 0  # bytes
    members: int = 0
    packed: int = 0  # bytes of the file itself


_spent = _Spent()


@dataclass(slots=True)
class Inside:
    """What was found inside one file: counted by whoever reads it, member by member.

    Attributes:
        packed: Bytes of the file itself, where it is one that unpacks.
        seen: Files so far, readable or not.
        with_text: Those that gave text.
        left_out: Kinds that nobody reads, with how many files of each.
    """

    packed: int = 0
    seen: int = 0
    with_text: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    _unsaid: int = 0  # warnings over the most
    _chars: int = 0  # of text, of all files so far

    def __post_init__(self) -> None:
        if not _names:
            _spent.unpacked = _spent.members = 0
            _spent.packed = self.packed

    def blocks(
        self, name: str, data: bytes, options: ExtractOptions, notes: SegmentNotes, *, trouble: str | None = None
    ) -> Iterator[Block]:
        """The blocks of an inner file, each with its part. Trouble with it is noted, and the others are read.

        Args:
            name: As the outer file gives it, folders included.
            data: All of its bytes; the caller has seen to it that they are not too many.
            options: As the outer file is read with.
            notes: Of the segment that the inner file belongs to.
            trouble: What is known to be wrong with the bytes already, as a sentence; what they give is kept.

        Raises:
            LimitExceeded: Files are packed in files too deep, or one of them went over a limit of its own.
        """
        self._count(options)
        gave_text, why = False, trouble
        with _inside(name, options) as part:
            try:
                for block in self._read(name, data, options, notes):
                    if self._chars + len(block.text) > options.max_output_chars:
                        why = (
                            "It holds more text than is read at once (INGESTION_MAX_OUTPUT_CHARS); the rest is missing."
                        )
                        break
                    self._chars += len(block.text)
                    gave_text = gave_text or bool(block.text.strip())
                    yield _placed(block, part)
            except LimitExceeded:
                raise
            except UnsupportedFormat as error:
                self._leave_out(str(error).partition(" are not supported")[0])
            except SourceEncrypted:
                why = "It asks for a password."
            except SourceError as error:
                why = why or str(error)
            except (MemoryError, RecursionError):
                raise
            except Exception as error:  # noqa: BLE001  a parser's fault with one member must not lose the others
                why = why or f"Its reader failed ({type(error).__name__})."
            if why is not None:
                notes.units_failed.append((self.seen, f"{part}: {why}"))
        self.with_text += gave_text

    def fail(self, name: str, why: str, options: ExtractOptions, notes: SegmentNotes) -> None:
        """Count a file that cannot be had at all, with the reason as a sentence."""
        self._count(options)
        notes.units_failed.append((self.seen, f"{'/'.join([*_names, clean_name(name)])}: {why}"))

    def leave_out(self, kind: str, options: ExtractOptions) -> None:
        """Count a file that nobody reads; ``kind`` in the plural, such as ``MP4 videos``."""
        self._count(options)
        self._leave_out(kind)

    def finish(self, notes: SegmentNotes) -> None:
        """Write the counts into the notes, and one warning for all that was left out."""
        notes.units_seen, notes.units_with_text = self.seen, self.with_text
        if self._unsaid:
            notes.warnings.append(f"{self._unsaid:,} more warnings are not shown.")
        if self.left_out:
            kinds_found = sorted(self.left_out.items(), key=lambda item: (-item[1], item[0]))
            named = ", ".join(f"{kind} ({count:,})" for kind, count in kinds_found[:MOST_NAMED])
            more = f" and {len(kinds_found) - MOST_NAMED} more kinds" if len(kinds_found) > MOST_NAMED else ""
            notes.warnings.append(f"Left out, because nobody reads them: {named}{more}.")

    def _count(self, options: ExtractOptions) -> None:
        self.seen += 1
        _spent.members += 1
        if _spent.members > options.max_members:
            raise LimitExceeded(f"It holds more than {options.max_members:,} files (INGESTION_MAX_MEMBERS).")

    def _leave_out(self, kind: str) -> None:
        self.left_out[kind] = self.left_out.get(kind, 0) + 1

    def _read(self, name: str, data: bytes, options: ExtractOptions, notes: SegmentNotes) -> Iterator[Block]:
        """The blocks of an inner file, its own name above its headings."""
        head = data[:HEAD_BYTES] if len(data) > HEAD_BYTES else data
        shown = clean_name(name)
        own = shown.rpartition("/")[2] or shown
        source = SourceFile(shown, len(data), head, data, inner=True)
        reader = _of_its_own(_registry().choose(source))
        plan = reader.plan(source, options)
        misnamed = kinds.contradiction(detect.suffix_of(shown), detect.kind_of(source))
        self._warn(shown, ((misnamed,) if misnamed else ()) + plan.warnings, notes)
        # What follows stands under the file's own name, not under the headings of the file before.
        yield Block("", path=(own,))
        for segment in plan.segments:
            inner = SegmentNotes(recognising=notes.recognising)
            for block in reader.read(source, plan, segment, options, inner):
                if block.path is not None:
                    yield block._replace(path=(own, *block.path))
                else:
                    yield block._replace(level=block.level + 1) if block.level else block
            failed = (f"{len(inner.units_failed):,} {plan.unit}(s) of it could not be read.",)
            self._warn(shown, (*inner.warnings, *(failed if inner.units_failed else ())), notes)
            notes.units_by_ocr += inner.units_by_ocr

    def _warn(self, name: str, warnings: tuple[str, ...], notes: SegmentNotes) -> None:
        for said in warnings:
            if len(notes.warnings) < MOST_WARNINGS:
                notes.warnings.append(f"{name}: {said}")
            else:
                self._unsaid += 1


def unpacked(count: int, options: ExtractOptions) -> None:
    """Say that so many bytes were unpacked; to be called while they come, not after.

    Raises:
        LimitExceeded: All that is nested in the file on the disk together is too much.
    """
    _spent.unpacked += count
    if _spent.unpacked > may_unpack(_spent.packed, options):
        raise too_much(options)


def may_unpack(packed: int, options: ExtractOptions) -> int:
    """Bytes that a file of the disk may unpack to: one that grows little is as harmless as it is itself."""
    return max(options.max_expanded_bytes, GROWTH * packed)


def too_much(options: ExtractOptions) -> LimitExceeded:
    """The error for what unpacks to too much in all."""
    return LimitExceeded(
        f"It unpacks to more than {options.max_expanded_bytes:,} bytes (INGESTION_MAX_EXPANDED_BYTES)."
    )


def nobody_reads(name: str, head: bytes) -> str | None:
    """What the file is, in the plural, when its first bytes tell that nobody reads it: it need not be unpacked."""
    if head.startswith(_PACKED) or _registry().has_guests:
        return None
    kind = detect.kind_of(SourceFile(clean_name(name), len(head), head, head, inner=True))
    return None if kind in kinds.ALL else kind


def clean_name(name: str) -> str:
    """A name to show and cite: slashes as on the web, no control characters, no slash at its start."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in name[:_MOST_NAME].replace("\\", "/"))
    return shown.strip("/") or "(no name)"


@contextmanager
def _inside(name: str, options: ExtractOptions) -> Iterator[str]:
    """Go one file deeper; the path from the file on the disk to it, with slashes."""
    if len(_names) >= options.max_depth:
        raise LimitExceeded(
            f"Files are packed in files more than {options.max_depth} levels deep (INGESTION_MAX_DEPTH)."
        )
    _names.append(clean_name(name))
    try:
        yield "/".join(_names)
    finally:
        _names.pop()


def _placed(block: Block, part: str) -> Block:
    """The block with the part it stands in; one that is nested deeper has its own already."""
    own = next((str(value) for key, value in block.extra if key == "part"), None)
    if own is None:
        return block._replace(extra=(*block.extra, ("part", part)))
    if own == part or own.startswith(part + "/"):
        return block
    others = tuple(item for item in block.extra if item[0] != "part")
    return block._replace(extra=(*others, ("part", f"{part}/{own}")))


def _of_its_own(reader: Reader) -> Reader:
    """A reader that the files around this one do not use: they are in the middle of theirs."""
    made = type(reader)
    return _at_depth(made, len(_names)) if made.__module__.startswith("ingest_desktop.") else reader


@cache
def _at_depth(made: type[Reader], _depth: int) -> Reader:
    return made()


@cache
def _registry() -> Registry:
    return Registry()
