"""What reading one file of the disk may take, with all that is nested in it: counted while it is taken.

One file of the disk is read at a time in a process, so what was taken is kept here. A segment of a long container is
read on its own, perhaps by another process: it has a fixed share of what the file may take, so that all of them
together take no more than one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingest_desktop.domain.errors import LimitExceeded
from ingest_desktop.domain.wire import ExtractOptions

GROWTH = 2  # a file that was let in may unpack to so many times its size, whatever the limit
_DENSE = 20  # what a package grows to beyond so many times its size counts: documents of XML grow by less


class Spent(LimitExceeded):
    """The file has taken all that it may: nothing more of it is read, and what was read before is kept."""

    told = False  # True once it is noted of the file in hand, which may be one inside others


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a file, or a segment of one, may take.

    Attributes:
        unpacked: Bytes.
        members: Files inside, those in files inside included.
        is_share: It is that of a segment.
    """

    unpacked: int
    members: int
    is_share: bool = False


@dataclass(slots=True)
class Taken:
    """What was taken so far."""

    allowed: Allowance
    unpacked: int = 0
    members: int = 0
    depth: int = 0  # files inside files that are open
    package: bytes | None = None  # the document of a packed format that was counted last


_taken = Taken(Allowance(0, 0))


def begin(allowed: Allowance) -> None:
    """Start to count for another file of the disk, or another segment of one."""
    global _taken
    _taken = Taken(allowed)


def taken() -> Taken:
    """What was taken of the file in hand."""
    return _taken


@contextmanager
def looking() -> Iterator[None]:
    """Look at what will be read later: what that takes is limited too, but it is counted only then."""
    held = _taken
    before = held.unpacked
    try:
        yield
    finally:
        held.unpacked = before


def whole(packed: int, options: ExtractOptions) -> Allowance:
    """What a file of the disk of so many bytes may take."""
    return Allowance(may_unpack(packed, options), options.max_members)


def share(packed: int, options: ExtractOptions, *, own: Allowance, named: Allowance, weight: float) -> Allowance:
    """What one segment of a container may take: what it names itself, and its part of what nobody names.

    Args:
        packed: Bytes of the container.
        options: With the limits.
        own: What the members of the segment claim.
        named: What all members of the container claim.
        weight: The part of the segment in what may hold more than it claims, 0 to 1; 1 in all segments together.
    """
    free_bytes = max(0, may_unpack(packed, options) - named.unpacked)
    free_members = max(0, options.max_members - named.members)
    return Allowance(
        own.unpacked + int(free_bytes * weight), own.members + int(free_members * weight), is_share=weight < 1
    )


def unpacked(count: int, options: ExtractOptions) -> None:
    """Say that so many bytes were unpacked; to be called while they come, not after.

    Raises:
        Spent: All that is nested in the file on the disk together is too much.
    """
    _taken.unpacked += count
    if _taken.unpacked > _taken.allowed.unpacked:
        if _taken.allowed.is_share:
            raise Spent(
                f"This part of it unpacks to more than its share of {_taken.allowed.unpacked:,} bytes "
                "(INGESTION_MAX_EXPANDED_BYTES)."
            )
        raise Spent(str(too_much(options)))


def package(data: bytes | None, claimed: int, options: ExtractOptions) -> None:
    """Say what a package inside another file claims to unpack to; counts only as far as no document grows, and once.

    Raises:
        Spent: As ``unpacked``.
    """
    if _taken.depth and data is not None and data is not _taken.package:
        _taken.package = data
        unpacked(max(0, claimed - _DENSE * len(data)), options)


def count_member(options: ExtractOptions) -> None:
    """Say that one more file inside is looked at.

    Raises:
        Spent: There are too many, those in inner files counted as well.
    """
    _taken.members += 1
    if _taken.members > _taken.allowed.members:
        if _taken.allowed.is_share:
            raise Spent(
                f"This part of it holds more than its share of {_taken.allowed.members:,} files (INGESTION_MAX_MEMBERS)."
            )
        raise Spent(f"It holds more than {options.max_members:,} files (INGESTION_MAX_MEMBERS).")


def may_unpack(packed: int, options: ExtractOptions) -> int:
    """Bytes that a file of the disk may unpack to: one that grows little is as harmless as it is itself."""
    return max(options.max_expanded_bytes, GROWTH * packed)


def too_much(options: ExtractOptions) -> LimitExceeded:
    """The error for what unpacks to too much in all."""
    return LimitExceeded(
        f"It unpacks to more than {options.max_expanded_bytes:,} bytes (INGESTION_MAX_EXPANDED_BYTES)."
    )
