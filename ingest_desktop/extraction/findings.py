"""What the receipt says of files inside files: gaps by unit, and a few warnings however many files there are."""

from dataclasses import dataclass, field

from ingest_desktop.domain.interfaces.extraction import SegmentNotes
from ingest_desktop.domain.media import INSIDE

MOST_NAMED = 5  # left-out kinds that a warning lists
MOST_WARNINGS = 40  # of one segment, without those that are the same of several files
_MOST_WHY = 2000  # characters that tell of the gaps of one unit


@dataclass(slots=True)
class Findings:
    """Gathers what was found in one segment, and writes it into its notes at the end."""

    _gaps: dict[int, list[str]] = field(default_factory=dict)  # by the unit's number
    _left_out: dict[str, int] = field(default_factory=dict)  # kinds that are no documents, with how many files of each
    _said: dict[str, list[str]] = field(default_factory=dict)  # a warning: the file it was first said of, and others
    _unsaid: int = 0  # warnings over the most
    _not_reached: tuple[int, str, str] | None = None  # the first unit that was not looked at, its name, and why
    _behind: int = 0  # units after that one

    @property
    def units_with_gaps(self) -> int:
        """How many units there are of which something could not be read."""
        return len(self._gaps) + (self._not_reached is not None)

    def has_gap(self, number: int) -> bool:
        """Whether something of this unit could not be read."""
        return number in self._gaps or (self._not_reached is not None and self._not_reached[0] <= number)

    def gap(self, number: int, why: str) -> None:
        """Something of a unit could not be read: one sentence or several, with the name of what it was."""
        self._gaps.setdefault(number, []).append(why)

    def not_reached(self, number: int, name: str, why: str) -> None:
        """A unit was not looked at any more, nor will be those after it: one gap for all of them."""
        if self._not_reached is None:
            self._not_reached = number, name, why
        else:
            self._behind += 1

    def leave_out(self, kind: str) -> None:
        """A file is no document, but of this kind; in the plural, such as ``MP4 videos``."""
        self._left_out[kind] = self._left_out.get(kind, 0) + 1

    def warn(self, name: str, sentence: str) -> None:
        """Something is to be said of a file that was read."""
        if sentence in self._said or len(self._said) < MOST_WARNINGS:
            names = self._said.setdefault(sentence, [])
            names.append(name)
        else:
            self._unsaid += 1

    def write(self, notes: SegmentNotes, *, gaps: bool = True) -> None:
        """Write all of it into the notes of the segment, or the warnings alone."""
        if gaps:
            self._write_gaps(notes)
        for sentence, names in self._said.items():
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            notes.warnings.append(f"{names[0]}{more}: {sentence}")
        if self._unsaid:
            notes.warnings.append(f"{self._unsaid:,} more warnings are not shown.")
        if self._left_out:
            kinds_found = sorted(self._left_out.items(), key=lambda item: (-item[1], item[0]))
            named = ", ".join(f"{kind} ({count:,})" for kind, count in kinds_found[:MOST_NAMED])
            more = f" and {len(kinds_found) - MOST_NAMED} more kinds" if len(kinds_found) > MOST_NAMED else ""
            notes.warnings.append(f"{INSIDE}{named}{more}.")

    def _write_gaps(self, notes: SegmentNotes) -> None:
        notes.units_failed += [(number, _joined(whys)) for number, whys in sorted(self._gaps.items())]
        if self._not_reached is not None:
            number, name, why = self._not_reached
            more = f" and {self._behind:,} more after it" if self._behind else ""
            notes.units_failed.append((number, f"{name}{more}: not looked at. {why}"))


def _joined(whys: list[str]) -> str:
    """What is said of one unit, in one piece and not without end."""
    kept: list[str] = []
    length = 0
    for why in whys:
        length += len(why)
        if kept and length > _MOST_WHY:
            return f"{' '.join(kept)} And {len(whys) - len(kept):,} more."
        kept.append(why)
    return " ".join(kept)
