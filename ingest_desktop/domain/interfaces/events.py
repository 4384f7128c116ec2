"""How the application says what happened."""

from collections.abc import Sequence
from typing import Protocol

from ingest_desktop.domain.models import DiscoveryReport, Job


class JobEvents(Protocol):
    """Told of facts, from any thread. Implementations return at once."""

    def jobs_changed(self, jobs: Sequence[Job]) -> None:
        """These jobs took a new state; they come as they are now."""
        ...

    def jobs_added(self, batch_id: str, count: int) -> None:
        """So many jobs were added to a batch."""
        ...

    def discovery_changed(self, report: DiscoveryReport) -> None:
        """The search for the files of a batch went on or ended."""
        ...

    def batch_finished(self, batch_id: str) -> None:
        """No job of the batch is queued or running any more."""
        ...

    def store_changed(self) -> None:
        """Something else in the store changed: a knowledge base, a batch, or another process wrote."""
        ...

    def trouble(self, code: str, message: str, hint: str) -> None:
        """Work as a whole is hampered: disk full, store busy. An empty code says that it is over."""
        ...
