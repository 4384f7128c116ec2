"""What a fault is, and what is found in a round of it."""

import importlib
import pkgutil
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(slots=True)
class Verdict:
    """What was found after a round. All counts are zero and ``wrong`` is empty when the promises hold.

    Attributes:
        lost: Files, jobs or chunks that should be there and are not.
        doubled: Chunks, jobs or completions that are there more than once.
        stuck: Jobs or searches for files that did not end although nothing held them up.
        mixed: Answers that held parts of two versions, or neither, and chunks that differ from the undisturbed run's.
        recovery_seconds: From the start after the fault (or from its end) until work went on; one entry a fault.
        wrong: A sentence for each thing found, also for those that the four counts do not count.
        hits: How often the fault struck indeed; a round in which nothing was broken proves nothing.
        notes: For the screen, such as when and where it struck.
    """

    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    mixed: int = 0
    recovery_seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    hits: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not (self.wrong or self.lost or self.doubled or self.stuck or self.mixed)

    def add(self, other: "Verdict") -> None:
        """Take in what another look found. ``hits`` stay."""
        self.lost += other.lost
        self.doubled += other.doubled
        self.stuck += other.stuck
        self.mixed += other.mixed
        self.recovery_seconds += other.recovery_seconds
        self.wrong += other.wrong
        self.notes += other.notes


class Fault(Protocol):
    """One way of breaking things; one row of docs/reliability.md.

    ``group`` is a word for ``ONLY`` (kill, power, disk, store, files, clock, ...), ``name`` says which of the group in a few words
    for the table. Both together are its identity: do not reword them lightly.
    """

    @property
    def group(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def most_rounds(self) -> int | None:
        """So many rounds tell all there is to tell, or take too long to ask for more; None: as many as wanted."""

    def prepare(self, work: Path, seed: int) -> None:
        """Called once before the rounds, with a scratch folder of the group's own that stays for all of its faults."""

    def round(self, number: int, draw: random.Random, work: Path) -> Verdict:
        """Break something once or more and judge. ``work`` is an empty folder; it is kept when the round does not hold."""


def find_faults() -> list[Fault]:
    """All faults of all modules of this package, by module name and in their order."""
    found: list[Fault] = []
    package = importlib.import_module(__package__ or "faults")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        if not module.startswith(("test_", "conftest", "__")):
            found += getattr(importlib.import_module(f"{package.__name__}.{module}"), "FAULTS", ())
    return found


def draw_of(seed: int, fault: Fault, number: int) -> random.Random:
    """The chance of one round: of the seed, the fault and the number alone."""
    return random.Random(f"{seed}/{fault.group}/{fault.name}/{number}")
