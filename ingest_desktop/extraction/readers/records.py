"""Short pieces of text in a row (table rows, records, messages, cues) put together into blocks of a chunk's length."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ingest_desktop.domain.interfaces.extraction import Block

Extra = tuple[tuple[str, str | int], ...]


class Piece(NamedTuple):
    """One row, record, message or cue: its text, its number (from 1) and its time."""

    text: str
    number: int
    time: str = ""


def packed(
    pieces: Iterable[Piece],
    chars: int,
    extra: Callable[[Piece, Piece], Extra],
    *,
    head: str = "",
    between: str = "\n",
    keep: bool = True,
) -> Iterator[Block]:
    """Blocks of whole pieces, each of at most so many characters; a longer piece is a block of its own.

    Args:
        pieces: In order. Consumed as a stream.
        chars: The length of a block, ``head`` included.
        extra: Gives the place of a block from its first and its last piece.
        head: Stands before the pieces of each block.
        between: Stands between two pieces.
        keep: As in ``Block``.
    """
    texts: list[str] = []
    length, first, last = len(head), None, None
    for piece in pieces:
        size = len(piece.text) + len(between)
        if first is not None and last is not None and length + size > chars:
            yield Block(head + between.join(texts), extra=extra(first, last), keep=keep)
            texts, length, first = [], len(head), None
        texts.append(piece.text)
        length += size
        first, last = first or piece, piece
    if first is not None and last is not None:
        yield Block(head + between.join(texts), extra=extra(first, last), keep=keep)


def rows(first: Piece, last: Piece) -> Extra:
    """The place of rows or records by their numbers."""
    return (("row_start", first.number), ("row_end", last.number))


def time_of(first: Piece, _last: Piece) -> Extra:
    """The place of messages or cues by the time of the first."""
    return (("time", first.time),) if first.time else ()
