"""Files inside files: members of archives, attachments of mail. Each is read by the reader of its own kind.

A name inside a file is data: it is shown and cited, never a path of this system. Nothing is unpacked to the disk.
One file of the disk is read at a time in a process, so what is open around an inner file is a plain stack here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from ingest_desktop.domain.errors import LimitExceeded, SourceEncrypted, SourceError, UnsupportedFormat
from ingest_desktop.domain.interfaces.extraction import Block, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.registry import Registry

HEAD_BYTES = 64 * 1024
MOST_NAMED = 5  # left-out kinds that a warning lists
_names: list[str] = []  # of the inner files that are open, the outermost first
_unpacked = [0]  # bytes, of the file on the disk with all that is nested in it


@dataclass(slots=True)
class Inside:
    """What was found inside one file: counted by whoever reads it, member by member.

    Attributes:
        seen: Files so far, readable or not.
        with_text: Those that gave text.
        left_out: Kinds that nobody reads, with how many files of each.
    """

    seen: int = 0
    with_text: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _names:
            _unpacked[0] = 0

    def blocks(self, name: str, data: bytes, options: ExtractOptions, notes: SegmentNotes) -> Iterator[Block]:
        """The blocks of an inner file, each with its part. Trouble with it is noted, and the others are read.

        Args:
            name: As the outer file gives it, folders included.
            data: All of its bytes; the caller has seen to it that they are not too many.

        Raises:
            LimitExceeded: Files are packed in files too deep, or one of them went over a limit of its own.
        """
        self.seen += 1
        gave_text = False
        with _inside(name, options) as part:
            try:
                for block in _read(name, data, options, notes):
                    gave_text = gave_text or bool(block.text.strip())
                    yield _placed(block, part)
            except LimitExceeded:
                raise
            except UnsupportedFormat as error:
                kind = str(error).partition(" are not supported")[0]
                self.left_out[kind] = self.left_out.get(kind, 0) + 1
            except SourceEncrypted:
                notes.units_failed.append((self.seen, f"{part}: it asks for a password."))
            except SourceError as error:
                notes.units_failed.append((self.seen, f"{part}: {error}"))
            except (MemoryError, RecursionError):
                raise
            except Exception as error:  # noqa: BLE001  a parser's fault with one member must not lose the others
                notes.units_failed.append((self.seen, f"{part}: its reader failed ({type(error).__name__})."))
        self.with_text += gave_text

    def finish(self, notes: SegmentNotes) -> None:
        """Write the counts into the notes, and one warning for all that was left out."""
        notes.units_seen, notes.units_with_text = self.seen, self.with_text
        if self.left_out:
            kinds = sorted(self.left_out.items(), key=lambda item: (-item[1], item[0]))
            named = ", ".join(f"{kind} ({count:,})" for kind, count in kinds[:MOST_NAMED])
            more = f" and {len(kinds) - MOST_NAMED} more kinds" if len(kinds) > MOST_NAMED else ""
            notes.warnings.append(f"Left out, because nobody reads them: {named}{more}.")


def unpacked(count: int, options: ExtractOptions) -> None:
    """Say that so many bytes were unpacked; to be called while they come, not after.

    Raises:
        LimitExceeded: All that is nested in the file on the disk together is too much.
    """
    _unpacked[0] += count
    if _unpacked[0] > options.max_expanded_bytes:
        raise LimitExceeded(
            f"It unpacks to more than {options.max_expanded_bytes:,} bytes (INGESTION_MAX_EXPANDED_BYTES)."
        )


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


def clean_name(name: str) -> str:
    """A name to show and cite: slashes as on the web, no control characters, no slash at its start."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in name.replace("\\", "/"))
    return shown.lstrip("/")[:1000] or "(no name)"


def _read(name: str, data: bytes, options: ExtractOptions, notes: SegmentNotes) -> Iterator[Block]:
    head = data[:HEAD_BYTES] if len(data) > HEAD_BYTES else data
    source = SourceFile(clean_name(name), len(data), head, data, inner=True)
    reader = _registry().choose(source)
    plan = reader.plan(source, options)
    # What follows stands under the file's own name, not under the headings of the file before.
    yield Block("", path=(clean_name(name).rpartition("/")[2],))
    for segment in plan.segments:
        inner = SegmentNotes()
        yield from reader.read(source, plan, segment, options, inner)
        notes.warnings += [f"{clean_name(name)}: {said}" for said in (*plan.warnings, *inner.warnings)][:20]
        notes.units_by_ocr += inner.units_by_ocr
        if inner.units_failed:
            notes.warnings.append(f"{clean_name(name)}: {len(inner.units_failed)} {plan.unit}(s) of it failed.")


def _placed(block: Block, part: str) -> Block:
    """The block with the part it stands in; one that is nested deeper has its own already."""
    if any(key == "part" for key, _ in block.extra):
        return block
    return block._replace(extra=(*block.extra, ("part", part)))


@cache
def _registry() -> Registry:
    return Registry()
