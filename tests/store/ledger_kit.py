"""What the tests of the ledger share: a clock that they turn, and files to add."""

from datetime import UTC, datetime, timedelta

from ingest_desktop.domain.interfaces.repository import FoundFile


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self.ticked = 0.0

    def __call__(self) -> datetime:
        return self.now

    def ticks(self) -> float:
        return self.ticked

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.ticked += seconds

    def set_by(self, seconds: float) -> None:
        """Somebody sets the clock: no time passes."""
        self.now += timedelta(seconds=seconds)


def found(*paths: str, size: int = 10) -> list[FoundFile]:
    return [FoundFile(path, size, 1, 2**64 - 1, 3) for path in paths]


def files(count: int, prefix: str = "/docs/file") -> list[FoundFile]:
    return found(*(f"{prefix}{number:04d}.pdf" for number in range(count)))
