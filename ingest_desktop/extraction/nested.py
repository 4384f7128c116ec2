"""Files inside files: members of archives, attachments of mail. Each is read by the reader of its own kind.

A name inside a file is data: it is shown and cited, never a path of this system. Nothing is unpacked to the disk.
What could not be read is a gap of the unit it belongs to; what is no document is counted in one warning.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from types import TracebackType
from typing import Self

from ingest_desktop.domain.errors import LeftOut, LimitExceeded, SourceEncrypted, SourceError, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, Reader, ReaderPlan, SegmentNotes, SourceFile
from ingest_desktop.domain.units import is_counted, one, some_of
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import allowance, detect, kinds, ocr, system_archives
from ingest_desktop.extraction.allowance import Allowance, Spent
from ingest_desktop.extraction.findings import Findings
from ingest_desktop.extraction.limits import OutOfTime
from ingest_desktop.extraction.registry import Registry, reader_versions, unreadable

HEAD_BYTES = 64 * 1024
LOCKED = "It asks for a password."
_MOST_NAME = 1000
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")  # their kind is told by more than their head
_TELL_NAMES = frozenset(
    ("zip", "tar", "compressed", "sealed", "mail", "mbox", "msg", "winmail")
)  # readers whose gaps begin with a path
_TOO_MUCH_MEMORY = "Reading it takes more memory than a reading process may have (INGESTION_CHILD_MEMORY_BYTES)."
_UNLOCKED = "unlocked="
_MAY_LOCK = frozenset(  # by name: what is tried with the passwords before it is read
    ".pdf .zip .7z .rar .docx .docm .xlsx .xlsm .xlsb .xls .pptx .pptm .odt .ods .odp .eml .msg .dat .tnef .tar .gz .tgz .bz2 .xz".split()
)
_SHAPING = (  # further options that shape what comes out of some file inside
    "segment_pages segment_bytes max_pages max_output_chars ocr_page_seconds ocr_max_pages ocr_max_pixels "
    "office_seconds"
).split()
_names: list[str] = []  # of the inner files that are open in the file of the disk in hand, the outermost first


class Inside:
    """What was found inside one file: read and counted member by member, between ``with`` and its end.

    At the end the counts, gaps and warnings are written into the notes of the segment.

    Args:
        source: The file that holds the others.
        options: As it is read with.
        notes: Of the segment.
        allowed: What the segment may take, when it is one of several; only the file of the disk itself is asked.
        first: How many members stand before the segment; None when the caller sets ``number`` itself.
        alone: The segment is all there is: when nothing of it can be read, that is an error.

    Raises:
        LimitExceeded: At the end: limits left nothing to be read. At any time, inside another file: what the file
            of the disk may take is spent.
        SourceEncrypted: At the end: there is nothing but what asks for a password.
    """

    def __init__(
        self,
        source: SourceFile,
        options: ExtractOptions,
        notes: SegmentNotes,
        *,
        allowed: Allowance | None = None,
        first: int | None = 0,
        alone: bool = False,
    ) -> None:
        if not source.inner:
            begin(source, options, allowed)
        self._names, self._inner = _names, source.inner
        self._options, self._notes, self._passwords = options, notes, source.passwords
        self._first, self._alone = first, alone
        self._findings = Findings()
        self._spent: Spent | None = None
        self._limit: LimitExceeded | None = None
        self._locked = 0
        self.number = 0  # of the unit that is being read, 1-based
        self.seen = self.with_text = self.chars = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        refusal = self._refusal() if kind is None and self._alone and not self.with_text else None
        self._notes.units_seen, self._notes.units_with_text = self.seen, self.with_text
        self._findings.write(self._notes, gaps=refusal is None)  # the error tells it, and that is enough
        if refusal is not None:
            raise refusal

    def _refusal(self) -> SourceError | None:
        """What to say of a file in which nothing could be read; None when neither a limit nor a password is the cause."""
        if self._limit is not None:
            return LimitExceeded(str(self._limit))
        if self._locked and self._locked == self._findings.units_with_gaps:
            return SourceEncrypted("All that could be read in it asks for a password.")
        return None

    def blocks(self, name: str, data: bytes, *, trouble: str | None = None) -> Iterator[Block]:
        """The blocks of an inner file, each with its part. Trouble with it becomes a gap, and the others are read.

        Args:
            name: As the outer file gives it, folders included.
            data: All of its bytes; the caller has seen to it that they are not too many.
            trouble: What is known to be wrong with the bytes already, as a sentence; what they give is kept.
        """
        if not self.admits(name):
            return
        gave_text, error = False, None
        try:
            with self._deeper(name) as part:
                for block in self._read(name, data):
                    if self.chars + len(block.text) > self._options.max_output_chars:
                        raise LimitExceeded(
                            "It holds more text than is read at once (INGESTION_MAX_OUTPUT_CHARS); the rest is missing."
                        )
                    self.chars += len(block.text)
                    gave_text = gave_text or bool(block.text.strip())
                    yield _placed(block, part)
        except Exception as raised:  # noqa: BLE001  a parser's fault with one member must not lose the others
            error = raised
        self.with_text += gave_text
        self._ended(name, trouble, error)

    def fail(self, name: str, why: str | SourceError) -> None:
        """Count a file that cannot be had at all, with the reason: a sentence, or an error."""
        if self.admits(name):
            spent = self._counted()
            if isinstance(why, str):
                self._ended(name, why, spent)
            else:
                self._ended(name, None, spent or why)

    def leave_out(self, name: str, kind: str) -> None:
        """Count a file that is no document; ``kind`` in the plural, such as ``MP4 videos``."""
        if self.admits(name):
            spent = self._counted()
            if spent is not None:
                self._ended(name, None, spent)
            else:
                self._findings.leave_out(kind)

    def tell(self, why: str, name: str = "") -> None:
        """Note a gap of the unit that is being read: of an inner file with this name, or of the unit itself."""
        path = self._path(name)
        self._findings.gap(self.number, f"{path}: {why}" if path else why)

    def missing(self, why: str) -> None:
        """Note a gap after the last file: something that should follow it is missing."""
        path = self._path("")
        self._findings.gap(self.number + 1, f"{path}: {why}" if path else why)

    @property
    def broken(self) -> bool:
        """Whether something of the unit in hand could not be read."""
        return self._findings.has_gap(self.number)

    def admits(self, name: str) -> bool:
        """Whether a file is to be looked at; one that is not, because nothing more is read, is counted here."""
        if self._spent is None:
            return True
        self._next()
        self._findings.not_reached(self.number, self._path(name), str(self._spent))
        return False

    def _next(self) -> None:
        """Count a file."""
        self.seen += 1
        if self._first is not None:
            self.number = self._first + self.seen

    def _counted(self) -> Spent | None:
        """Count a file that is not opened."""
        self._next()
        try:
            allowance.count_member(self._options)
        except Spent as spent:
            return spent
        return None

    @contextmanager
    def _deeper(self, name: str) -> Iterator[str]:
        """Count a file and go one file deeper; the path from the file on the disk to it, with slashes."""
        self._next()
        allowance.count_member(self._options)
        if len(self._names) >= self._options.max_depth:
            raise LimitExceeded(
                f"Files are packed in files more than {self._options.max_depth} levels deep (INGESTION_MAX_DEPTH)."
            )
        self._names.append(clean_name(name))
        taken = allowance.taken()
        taken.depth += 1
        try:
            yield "/".join(self._names)
        finally:
            taken.depth -= 1
            self._names.pop()

    def _read(self, name: str, data: bytes) -> Iterator[Block]:
        """The blocks of an inner file, its own name above its headings."""
        shown = clean_name(name)
        source = inner_source(name, data, self._passwords)
        own = shown.rpartition("/")[2] or shown
        reader = _of_its_own(_registry().choose(source), len(self._names))
        plan = reader.plan(source, self._options)
        misnamed = kinds.contradiction(detect.suffix_of(shown), detect.kind_of(source))
        for said in (*((misnamed,) if misnamed else ()), *plan.warnings):
            self._findings.warn(shown, said)
        # What follows stands under the file's own name, not under the headings of the file before, and apart from that.
        yield Block("", path=(own,), last=True)
        failed: list[tuple[int, str]] = []
        try:
            for segment in plan.segments:
                inner = SegmentNotes(recognising=self._notes.recognising)
                try:
                    for block in reader.read(source, plan, segment, self._options, inner):
                        if block.path is not None:
                            yield block._replace(path=(own, *block.path))
                        else:
                            yield block._replace(level=block.level + 1) if block.level else block
                finally:
                    failed += inner.units_failed
                    for said in inner.warnings:
                        self._findings.warn(shown, said)
                    self._notes.units_by_ocr += inner.units_by_ocr
                    self._notes.recognising_seconds += inner.recognising_seconds
        finally:
            self._take_gaps(reader.name, plan, failed)

    def _take_gaps(self, reader: str, plan: ReaderPlan, failed: list[tuple[int, str]]) -> None:
        """The gaps of an inner file become gaps of the unit that it belongs to."""
        if reader in _TELL_NAMES:
            for _, why in failed:
                self._findings.gap(self.number, why)
        elif failed:
            number, why = failed[0]
            if is_counted(plan.unit) and (plan.units > 1 or len(failed) > 1):
                missing = some_of(len(failed), plan.units, plan.unit)
                why = f"{missing} could not be read ({one(plan.unit)} {number:,}: {why})"
            path = "/".join(self._names)
            self._findings.gap(self.number, why if why.startswith(f"{path}/") else f"{path}: {why}")

    def _ended(self, name: str, trouble: str | None, error: Exception | None) -> None:
        """Note what went wrong with a file; raise what is not for its sake alone."""
        if isinstance(error, OutOfTime):
            raise error
        if isinstance(error, LeftOut):
            self._findings.leave_out(error.kind)
        elif error is not None:
            trouble = trouble if trouble and not isinstance(error, LimitExceeded) else self._why(error)
        if trouble and not (isinstance(error, Spent) and error.told):
            self.tell(trouble, name)
        if isinstance(error, Spent):
            self._spent, error.told = error, True
            if self._inner:
                raise error

    def _why(self, error: Exception) -> str:
        """What is said of an error, as a sentence."""
        if isinstance(error, MemoryError):
            error = LimitExceeded(_TOO_MUCH_MEMORY)
        if isinstance(error, LimitExceeded):
            self._limit = self._limit or error
        if isinstance(error, SourceEncrypted):
            self._locked += 1
            return LOCKED
        return str(error) if isinstance(error, SourceError) else f"Its reader failed ({type(error).__name__})."

    def _path(self, name: str) -> str:
        return "/".join([*self._names, clean_name(name)] if name else self._names)


def begin(source: SourceFile, options: ExtractOptions, allowed: Allowance | None = None) -> None:
    """Start with another file of the disk, or another segment of one; within a file inside another nothing is done."""
    global _names
    if not source.inner:
        _names = []  # a new list: what an abandoned reading still holds is not ours
        allowance.begin(allowed or allowance.whole(source.size, options))


def inner_source(name: str, data: bytes, passwords: tuple[str, ...]) -> SourceFile:
    """A file inside another one as its reader gets it."""
    head = data[:HEAD_BYTES] if len(data) > HEAD_BYTES else data
    return SourceFile(clean_name(name), len(data), head, data, inner=True, passwords=passwords)


def shape(options: ExtractOptions, *, unlocked: int = 0) -> str:
    """What shapes the text of files inside files, for the recipe of the file that holds them.

    Args:
        options: As it is read with.
        unlocked: How many of those that ask for a password are opened.
    """
    found = ocr.recogniser(options)
    return f"{steady_shape(options)}{opened(unlocked)}{f' {found.shape}' if found is not None else ''}"


def opened(count: int) -> str:
    """How many files inside are opened by a password, for the recipe; nothing when none is."""
    return f" {_UNLOCKED}{count}" if count else ""


def unlocked_of(plan: ReaderPlan) -> int:
    """How many files inside were opened by a password, as the plan of their holder tells."""
    _, _, rest = plan.shape.partition(_UNLOCKED)
    return int(rest.split()[0]) if rest else 0


def steady_shape(options: ExtractOptions) -> str:
    """The part of ``shape`` that depends on the program and its settings only."""
    from ingest_desktop.extraction.libreoffice import find_office

    told = [*reader_versions(), ("office", find_office() is not None), ("7z", system_archives.is_there())]
    told += [(name, getattr(options, name)) for name in _SHAPING]
    limits = f"{options.max_members}/{options.max_expanded_bytes}/{options.max_depth}/{options.max_ratio}"
    return f"inner={hashlib.sha256(repr(told).encode()).hexdigest()[:8]} limits={limits}"


def may_lock(name: str) -> bool:
    """Whether a file of this name may ask for a password, or hold one that does."""
    return detect.suffix_of(name) in _MAY_LOCK


def unlocked(files: Iterable[SourceFile], options: ExtractOptions) -> int:
    """How many of these files inside another one, and of those in them, are opened by a password they come with."""
    total = 0
    for source in files:
        taken = allowance.taken()
        if taken.depth >= options.max_depth:
            break
        taken.depth += 1
        try:
            total += _unlocked(source, options)
        except OutOfTime:
            raise
        except Exception:  # noqa: BLE001  what is wrong with it is told when it is read
            continue
        finally:
            taken.depth -= 1
    return total


def _unlocked(source: SourceFile, options: ExtractOptions) -> int:
    """How many passwords opened something in one file. Raises whatever its reader does."""
    reader = _of_its_own(_registry().choose(source), allowance.taken().depth)
    told = unlocked_of(reader.plan(source, options))
    if told:
        return told
    try:
        reader.plan(replace(source, passwords=()), options)
    except SourceEncrypted:
        return 1
    return 0


def nobody_reads(name: str, head: bytes) -> UnsupportedFormat | None:
    """What is to be said of a file whose first bytes tell that nobody reads it: it need not be unpacked."""
    if head.startswith(_PACKED) or _registry().has_guests:
        return None
    source = SourceFile(clean_name(name), len(head), head, head, inner=True)
    kind = detect.kind_of(source)
    return None if kind in kinds.ALL else unreadable(kind, source)


def clean_name(name: str) -> str:
    """A name to show and cite: slashes as on the web, no control characters, no slash at its start."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in name[:_MOST_NAME].replace("\\", "/"))
    return shown.strip("/") or "(no name)"


def _placed(block: Block, part: str) -> Block:
    """The block with the part it stands in; one that is nested deeper has its own already."""
    own = next((str(value) for key, value in block.extra if key == "part"), None)
    if own is None:
        return block._replace(extra=(*block.extra, ("part", part)))
    if own == part or own.startswith(part + "/"):
        return block
    others = tuple(item for item in block.extra if item[0] != "part")
    return block._replace(extra=(*others, ("part", f"{part}/{own}")))


def _of_its_own(reader: Reader, depth: int) -> Reader:
    """A reader that the files around this one do not use: they are in the middle of theirs."""
    made = type(reader)
    return _at_depth(made, depth) if made.__module__.startswith("ingest_desktop.") else reader


@cache
def _at_depth(made: type[Reader], _depth: int) -> Reader:
    return made()


@cache
def _registry() -> Registry:
    return Registry()
