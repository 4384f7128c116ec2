"""Rows of cells as blocks that make sense when found alone: each begins with the header row, or names every value."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

from ingest_desktop.domain.interfaces.extraction import Block

Row = tuple[int, list[str]]  # its 1-based number, and its cells as people see them
HEADER_SAMPLE = 25  # rows in which a header is looked for
_MOST_HEADER_CHARS = 80
_WIDE, _SPARSE = 12, 3  # a row of more cells than that, of which less than a third is filled, is no line of a table
_MOST_CELL_CHARS = 100_000
_GAP = 20  # rows; what stands farther apart is no one block


def shown(value: object) -> str:
    """A value as people see it; dates the way that sorts."""
    if isinstance(value, str):
        return " ".join(value.split())[:_MOST_CELL_CHARS]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        if not (value.hour or value.minute or value.second):
            return value.date().isoformat()
        return value.isoformat(" ", "seconds").removesuffix(":00")
    if isinstance(value, datetime.time):
        return value.isoformat("seconds").removesuffix(":00")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"
    return str(value)


def percent(value: float) -> str:
    """A share as people see it: 12.5% for 0.125."""
    return f"{shown(round(value * 100, 9))}%"


def find_header(rows: Sequence[Row]) -> Row | None:
    """The header among the first rows of a sheet: the first row of names that is about as wide as the table below it."""
    widths = [sum(map(bool, cells)) for _, cells in rows[:HEADER_SAMPLE]]
    for index, (number, cells) in enumerate(rows[:HEADER_SAMPLE]):
        below = max(widths[index + 1 :], default=0)
        if widths[index] < 2 or not below or widths[index] < 0.6 * below:
            continue
        names = [cell for cell in cells if cell]
        worded = sum(any(map(str.isalpha, name)) for name in names)
        if worded * 2 >= len(names) and max(map(len, names)) <= _MOST_HEADER_CHARS and len(set(names)) == len(names):
            return number, cells
        if widths[index] >= 0.9 * below:
            return None  # the table has begun, with values
    return None


def grid_blocks(
    rows: Iterable[Row], header: Row | None, limit: int, place: tuple[tuple[str, str | int], ...], path: tuple[str, ...]
) -> Iterator[Block]:
    """Blocks of whole rows, each with its place and its first and last row.

    Args:
        rows: In order; empty ones are left out.
        header: From ``find_header``; repeated in every block of rows below it.
        limit: Characters a block has at most, but for a row that is longer by itself.
        place: Goes before ``row_start`` and ``row_end``.
        path: The heading path of the blocks.
    """
    names = header[1] if header is not None else []
    head = _line(names)
    tabular = len(head) <= limit // 3
    lines: list[str] = []
    first = last = size = 0
    for number, cells in rows:
        if not any(cells):
            continue
        below = header is not None and number > header[0]
        line = _line(cells) if tabular or not below or _is_sparse(cells) else ""
        if below and (not line or _is_sparse(cells) or len(head) + len(line) >= limit):
            line = _record(names, cells)
        starts_table = header is not None and number == header[0]
        if lines and (size + len(line) >= limit or starts_table or number - last > _GAP):
            yield _block(lines, first, last, place, path)
            lines = []
        if not lines:
            first, size = number, 0
            if below and tabular and len(head) + len(line) < limit:
                lines.append(head)
                size = len(head) + 1
        lines.append(line)
        size += len(line) + 1
        last = number
    if lines:
        yield _block(lines, first, last, place, path)


def _block(
    lines: list[str], first: int, last: int, place: tuple[tuple[str, str | int], ...], path: tuple[str, ...]
) -> Block:
    return Block("\n".join(lines), extra=(*place, ("row_start", first), ("row_end", last)), keep=True, path=path)


def _is_sparse(cells: list[str]) -> bool:
    return len(cells) > _WIDE and sum(map(bool, cells)) * _SPARSE < len(cells)


def _line(cells: list[str]) -> str:
    """Cells between tabs; of a sparse row only those that are filled."""
    if _is_sparse(cells):
        return "; ".join(filter(None, cells))
    return "\t".join(cells).rstrip("\t")


def _record(names: list[str], cells: list[str]) -> str:
    """``name: value; name: value``."""
    said = []
    for index, cell in enumerate(cells):
        if cell:
            name = names[index] if index < len(names) else ""
            said.append(f"{name}: {cell}" if name else cell)
    return "; ".join(said)
