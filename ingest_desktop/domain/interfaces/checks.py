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
