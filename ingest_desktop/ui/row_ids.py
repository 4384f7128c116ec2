"""Which rows the list has: ids read in parts, and what changed between two readings."""

import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SLICE_SECONDS = 0.030  # a reading is cut here, so that pages of rows are not kept waiting


@dataclass(slots=True)
class Step:
    """What one slice of a reading brought. ``rows`` maps ids to keep to their new rows, at the end."""

    ids: "array[int]"
    done: bool
    prefix: int = 0  # rows at the start that are as before, at the end of a rereading
    suffix: int = 0  # rows at the end that are as before
    rows: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0


def common_ends(old: "array[int]", new: "array[int]") -> tuple[int, int]:
    """How many rows two lists share at the start, and of the rest at the end. No row counts twice."""
    prefix = _shared(old, new, from_end=False)
    return prefix, min(_shared(old, new, from_end=True), len(old) - prefix, len(new) - prefix)


def _shared(old: "array[int]", new: "array[int]", *, from_end: bool) -> int:
    """Bisects on equality of stretches, which is compared at the speed of memory."""
    width = old.itemsize
    left, right = memoryview(old).cast("B"), memoryview(new).cast("B")

    def same(low: int, high: int) -> bool:
        if from_end:
            return (
                left[len(left) - high * width : len(left) - low * width]
                == right[len(right) - high * width : len(right) - low * width]
            )
        return left[low * width : high * width] == right[low * width : high * width]

    known, limit = 0, min(len(old), len(new))
    while known < limit:
        half = (known + limit + 1) // 2
        if same(known, half):
            known = half
        else:
            limit = half - 1
    return known


class IdReading:
    """One reading of the ids that answer a query. ``step`` runs in the reader thread, again and again until done.

    Args:
        start: Gives the ids, in parts; called in the reader thread.
        old: The rows shown until now, for a rereading; None when rows are to be shown as they come.
        keep: Ids whose new rows are wanted.
    """

    def __init__(
        self, start: "Callable[[], Iterator[array[int]]]", old: "array[int] | None", keep: frozenset[int]
    ) -> None:
        self._start, self._old, self._keep = start, old, keep
        self._parts: Iterator[array[int]] | None = None
        self._ids = array("q")
        self._seconds = 0.0

    @property
    def is_fresh(self) -> bool:
        """True when rows are shown as they come."""
        return self._old is None

    def step(self) -> Step:
        """Read on for a while."""
        start = time.perf_counter()
        if self._parts is None:
            self._parts = self._start()
        fresh, done = array("q"), False
        while time.perf_counter() - start < SLICE_SECONDS:
            part = next(self._parts, None)
            if part is None:
                done = True
                break
            fresh.extend(part)
        if self._old is None:
            self._seconds += time.perf_counter() - start
            return Step(ids=fresh, done=done, seconds=self._seconds)
        self._ids.extend(fresh)
        found = Step(ids=self._ids, done=done)
        if done:
            found.prefix, found.suffix = common_ends(self._old, self._ids)
            if self._keep:
                found.rows = {job: row for row, job in enumerate(self._ids) if job in self._keep}
        self._seconds += time.perf_counter() - start
        found.seconds = self._seconds
        return found
