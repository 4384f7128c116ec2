"""What a check of a store finds."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold. ``code`` is stable; ``where`` is "ledger" or a knowledge base's id."""

    code: str
    where: str
    message: str

    def to_json(self) -> dict[str, str]:
        """As ``ingest check --json`` prints it."""
        return asdict(self)
