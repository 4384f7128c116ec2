"""Why jobs wait: the first of the queue by their place, and what holds all of them up. Asks nothing itself."""

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.models import Job, KnowledgeBase
from ingest_desktop.ui import causes
from ingest_desktop.ui.hub import Pulse

translate = QCoreApplication.translate


class WaitingLine:
    """Kept up to date by the job list; UI thread."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._all_paused = False
        self._paused_bases: frozenset[str] = frozenset()
        self._trouble = ""

    def place(self, job: Job) -> int | None:
        """1-based place in the queue of one of the first; None further behind."""
        return self._places.get(int(job.id))

    def held(self, job: Job) -> str:
        """What holds a waiting job up whatever its place, in a few words; "" when nothing does."""
        if self._all_paused:
            return translate("WaitingLine", "everything is paused")
        if job.kb_id in self._paused_bases:
            return translate("WaitingLine", "knowledge base is paused")
        return causes.hold(self._trouble) if self._trouble else ""

    def follow(self, pulse: Pulse) -> set[int] | None:
        """Take a new look at the engine. Returns the jobs it concerns, None for every job that waits."""
        paused = pulse.status.app_paused
        if paused != self._all_paused:
            self._all_paused = paused
            self._places = {}
            return None
        places = {job_id: number for number, job_id in enumerate(pulse.front, 1)}
        before, self._places = self._places, places
        return {job_id for job_id in before.keys() | places.keys() if before.get(job_id) != places.get(job_id)}

    def set_bases(self, bases: list[KnowledgeBase]) -> None:
        """Take the knowledge bases as they are now."""
        self._paused_bases = frozenset(base.kb_id for base in bases if base.paused)

    def set_trouble(self, code: str) -> None:
        """Work as a whole is hampered; an empty code says that it is over."""
        self._trouble = code
