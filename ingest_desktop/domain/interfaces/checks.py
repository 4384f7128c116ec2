"""What a check of a store finds, and what mending it did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold. ``code`` is stable; ``where`` is "ledger" or a knowledge base's id.

    ``document`` is the id of the one document that it is about, where what mends it has to know.
    """

    code: str
    where: str
    message: str
    document: str = ""

    def to_json(self) -> dict[str, str]:
        """As ``ingest check --json`` prints it."""
        return {"code": self.code, "where": self.where, "message": self.message}


@dataclass(frozen=True, slots=True)
class Mended:
    """What ``ingest check --fix`` or ``ingest repair`` put right. ``code`` is that of the finding it mends."""

    code: str
    where: str
    message: str

    def to_json(self) -> dict[str, str]:
        """As ``ingest check --fix --json`` prints it."""
        return {"fixed": self.code, "where": self.where, "message": self.message}


@dataclass(frozen=True, slots=True)
class Unsaved:
    """Jobs that a repair of the list of jobs could not save: none of them had brought any text.

    ``number`` is how many; how many at most unless ``is_exact``, as some may have been removed before; None when nothing
    tells how many there were, and perhaps none is missing. ``waiting`` and ``failed`` of them are known to have waited, and
    to have failed. ``places`` are what was dropped with them: (knowledge base, path), as far as it is known; when it cannot
    be told with what, all that was dropped. To add them again reads nothing twice.
    """

    number: int | None
    is_exact: bool
    waiting: int
    failed: int
    places: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, object]:
        """As ``ingest repair --json`` prints it."""
        return {
            "unsaved": self.number,
            "is_exact": self.is_exact,
            "waiting": self.waiting,
            "failed": self.failed,
            "places": [{"kb_id": kb_id, "path": path} for kb_id, path in self.places],
        }


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did, what a check of the store found afterwards, and which jobs it could not save."""

    done: tuple[Mended, ...]
    left: tuple[Finding, ...]
    unsaved: Unsaved | None = None
