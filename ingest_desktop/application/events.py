"""One place where the application says what happened; listeners hear it in the thread it happened in."""

import logging
import threading
from collections.abc import Callable, Sequence

from ingest_desktop.domain.interfaces.events import JobEvents
from ingest_desktop.domain.models import DiscoveryReport, Job

_log = logging.getLogger(__name__)

Trouble = tuple[str, str, str]  # code, message, hint


class EventHub:
    """Hands every event to each listener. Any thread. A listener that raises hurts nobody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[JobEvents, ...] = ()
        self._standing: tuple[Trouble, ...] = ()

    def subscribe(self, listener: JobEvents) -> None:
        """Add a listener."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    @property
    def has_listeners(self) -> bool:
        """False when nobody would hear, so that what is said need not be gathered."""
        return bool(self._listeners)

    def jobs_changed(self, jobs: Sequence[Job]) -> None:
        """See ``JobEvents``."""
        self._tell(lambda listener: listener.jobs_changed(jobs))

    def jobs_added(self, batch_id: str, count: int) -> None:
        """See ``JobEvents``."""
        self._tell(lambda listener: listener.jobs_added(batch_id, count))

    def discovery_changed(self, report: DiscoveryReport) -> None:
        """See ``JobEvents``."""
        self._tell(lambda listener: listener.discovery_changed(report))

    def batch_finished(self, batch_id: str) -> None:
        """See ``JobEvents``."""
        self._tell(lambda listener: listener.batch_finished(batch_id))

    def store_changed(self) -> None:
        """See ``JobEvents``."""
        self._tell(lambda listener: listener.store_changed())

    def trouble(self, code: str, message: str, hint: str) -> None:
        """See ``JobEvents``. When it is over, what ``stand`` was told of is told again, as it is not."""
        if not code and self._standing:
            code, message, hint = self._standing[-1]
        self._tell(lambda listener: listener.trouble(code, message, hint))

    @property
    def standing(self) -> tuple[Trouble, ...]:
        """The troubles that last."""
        return self._standing

    def stand(self, troubles: Sequence[Trouble]) -> None:
        """Tell of troubles that last until this is called without them, whatever other trouble comes and goes: damage."""
        self._standing = tuple(troubles)
        for code, message, hint in self._standing or (("", "", ""),):
            self.trouble(code, message, hint)

    def _tell(self, call: Callable[[JobEvents], None]) -> None:
        for listener in self._listeners:
            try:
                call(listener)
            except Exception:  # noqa: BLE001 - a listener's bug must not stop the work that it hears of
                _log.exception("listener failed")
