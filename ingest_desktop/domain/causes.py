"""Why a job needs a person: error codes and outcomes, gathered into the few causes that have a next step each."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ingest_desktop.domain.enums import Outcome


class Cause(StrEnum):
    """What is the matter, as a person would sort it."""

    PASSWORD = "password"
    RECOGNITION = "recognition"  # no text: pictures that were not, or could not be, recognised
    GONE = "gone"
    FORBIDDEN = "forbidden"
    TOO_LARGE = "too_large"
    LIMIT = "limit"
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    QUARANTINED = "quarantined"
    CHANGING = "changing"
    DISK_FULL = "disk_full"
    STORE_BUSY = "store_busy"
    GAPS = "gaps"  # completed, but a part could not be read
    OTHER = "other"


CAUSES: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "source_encrypted": Cause.PASSWORD,
        "source_gone": Cause.GONE,
        "source_unreadable": Cause.GONE,
        "source_forbidden": Cause.FORBIDDEN,
        "source_too_large": Cause.TOO_LARGE,
        "limit_exceeded": Cause.LIMIT,
        "unsupported_format": Cause.UNSUPPORTED,
        "source_malformed": Cause.DAMAGED,
        "reader_crashed": Cause.DAMAGED,
        "quarantined": Cause.QUARANTINED,
        "source_changed": Cause.CHANGING,
        "store_full": Cause.DISK_FULL,
        "store_busy": Cause.STORE_BUSY,
    }
)
"""The cause of each error code; every other code is ``Cause.OTHER``."""


def cause_of(error_code: str | None, outcome: Outcome | None = None, gaps: int = 0) -> Cause | None:
    """The cause of a job that ended; None when it needs nobody."""
    if error_code is not None:
        return CAUSES.get(error_code, Cause.OTHER)
    if outcome is Outcome.EMPTY:
        return Cause.RECOGNITION
    return Cause.GAPS if gaps else None


def codes_of(cause: Cause) -> frozenset[str]:
    """The error codes of a cause; none for those that completed jobs have."""
    return frozenset(code for code, its in CAUSES.items() if its is cause)
