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


NOT_RECOGNISED: Final = "It is a picture, and text recognition is not there."  # of a page among others that have text


class Tool(StrEnum):
    """A program of others that reads what we cannot."""

    RECOGNITION = "tesseract"
    OFFICE = "libreoffice"


CAUSES: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "source_encrypted": Cause.PASSWORD,
        "source_gone": Cause.GONE,
        "source_unreadable": Cause.GONE,
        "source_forbidden": Cause.FORBIDDEN,
        "source_too_large": Cause.TOO_LARGE,
        "limit_exceeded": Cause.LIMIT,
        "unsupported_format": Cause.UNSUPPORTED,
        "left_out": Cause.UNSUPPORTED,
        "source_malformed": Cause.DAMAGED,
        "reader_crashed": Cause.DAMAGED,
        "quarantined": Cause.QUARANTINED,
        "source_changed": Cause.CHANGING,
        "store_full": Cause.DISK_FULL,
        "store_busy": Cause.STORE_BUSY,
        "store_faulty": Cause.STORE_BUSY,
    }
)
"""The cause of each error code; every other code is ``Cause.OTHER``."""


def cause_of(error_code: str | None, outcome: Outcome | None = None, gaps: int = 0) -> Cause | None:
    """The cause of a job that ended; None when it needs nobody."""
    if error_code is not None:
        return CAUSES.get(error_code, Cause.OTHER)
    if outcome is Outcome.EMPTY:  # what failed may have held the text: recognition is no help
        return Cause.DAMAGED if gaps else Cause.RECOGNITION
    return Cause.GAPS if gaps else None


def codes_of(cause: Cause) -> frozenset[str]:
    """The error codes of a cause; none for those that completed jobs have."""
    return frozenset(code for code, its in CAUSES.items() if its is cause)


TITLES: Final[Mapping[Cause, str]] = MappingProxyType(
    {
        Cause.PASSWORD: "Password needed",
        Cause.RECOGNITION: "No text found",
        Cause.GONE: "Moved or gone",
        Cause.FORBIDDEN: "No permission",
        Cause.TOO_LARGE: "Too large",
        Cause.LIMIT: "Stopped by a limit",
        Cause.UNSUPPORTED: "Type not supported",
        Cause.DAMAGED: "Damaged files",
        Cause.QUARANTINED: "Quarantined",
        Cause.CHANGING: "Still changing",
        Cause.DISK_FULL: "Disk full",
        Cause.STORE_BUSY: "Store busy",
        Cause.GAPS: "Completed with gaps",
        Cause.OTHER: "Other trouble",
    }
)
"""What a group of jobs with one cause is called."""

NEXT_STEPS: Final[Mapping[Cause, str]] = MappingProxyType(
    {
        Cause.PASSWORD: "Give the passwords, or save copies without one and add those.",
        Cause.RECOGNITION: "Scans and pictures can be read by text recognition; of empty files there is nothing to find.",
        Cause.GONE: "They are read by themselves once they are back. If they were moved, add them where they are now.",
        Cause.FORBIDDEN: "Give yourself the right to read them; then they are read by themselves.",
        Cause.TOO_LARGE: "Raise the file size limit and retry.",
        Cause.LIMIT: "Raise the limit that stopped them and retry.",
        Cause.UNSUPPORTED: "Save them in a format that can be read and add those.",
        Cause.DAMAGED: "Open them in their own program. If they open there, save them anew and retry.",
        Cause.QUARANTINED: "They break their reader. Save them anew with another program, or retry after an update.",
        Cause.CHANGING: "Retry once nothing writes to them any more.",
        Cause.DISK_FULL: "Free some space on the disk, then retry.",
        Cause.STORE_BUSY: "Close other programs that use the store, then retry.",
        Cause.GAPS: "What could be read can be found. The receipt of each tells what is missing; retry once that is mended.",
        Cause.OTHER: "See the log for details, then retry.",
    }
)
"""What a person can do about a group of jobs with one cause, in the plural."""
