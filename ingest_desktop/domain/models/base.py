"""The base of every frozen model."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable, strict about unknown fields; safe to hand to another thread."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds, as the command line prints it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
