"""Rectangles on a page."""

from collections.abc import Iterable

from ingest_desktop.domain.interfaces.extraction import Box


def united(boxes: Iterable[Box | None]) -> Box | None:
    """The rectangle round all of them; none when there is none."""
    there = [box for box in boxes if box is not None]
    if len(there) < 2:
        return there[0] if there else None
    lefts, bottoms, rights, tops = zip(*there, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)
