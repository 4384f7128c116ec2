"""What is claimed and waits to be read: small files in lots, segments of long ones, suspects alone.

Used under the scheduler's lock.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from ingest_desktop.application.packing import lot_task, pack
from ingest_desktop.application.passwords import PasswordBook
from ingest_desktop.application.sharing import Segments
from ingest_desktop.application.work import ActiveJob
from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.wire import LookLot, SegmentTask

Assignment = tuple[LookLot | SegmentTask, list[ActiveJob]]
"""A task for a child, and the jobs it is about, in the task's order."""


class Line:
    """Those of one process.

    A *suspect* is a file over which a process died. It is read when nothing else is left in hand, and nothing else is
    handed out meanwhile: should it take the whole program with it, no other file was there to be blamed.
    """

    def __init__(self, settings: Settings, passwords: PasswordBook) -> None:
        """``passwords`` are those that people gave: each task takes along those of its files."""
        self.segments = Segments()
        self._settings = settings
        self._options = settings.extract_options
        self._passwords = passwords
        self._lots: deque[list[ActiveJob]] = deque()
        self._suspects: deque[ActiveJob] = deque()
        self._lone: ActiveJob | None = None  # the suspect that is being read
        self._out = 0  # tasks that were handed out and did not come back
        self._lots_turn = True

    @property
    def has_suspects(self) -> bool:
        """Whether a suspect waits or is read: nothing more is claimed then."""
        return self._lone is not None or bool(self._suspects)

    def add(self, jobs: Sequence[ActiveJob]) -> None:
        """These have to be read, after the others."""
        self._suspects.extend(job for job in jobs if job.suspect)
        self._lots.extend(self._pack(job for job in jobs if not job.suspect))

    def put_back(self, jobs: Sequence[ActiveJob]) -> None:
        """These were handed out and not read: they come first."""
        self._suspects.extendleft(job for job in reversed(jobs) if job.suspect)
        self._lots.extendleft(reversed(self._pack(job for job in jobs if not job.suspect)))

    def take(self, reader: str) -> Assignment | None:
        """The next task for a reader, which is out then until ``returned``."""
        found = self._next(reader)
        if found is not None:
            self._out += 1
        return found

    def returned(self, jobs: Sequence[ActiveJob]) -> None:
        """A task that was handed out is done with. Once for each."""
        self._out -= 1
        lone = self._lone
        if lone is not None and lone in jobs and (lone.plan is None or len(lone.plan.segments) <= 1):
            self._lone = None  # it is read, or lined up again

    def _next(self, reader: str) -> Assignment | None:
        self._drop_taken_away()
        segment = None if self._lots and self._lots_turn else self.segments.take(reader)
        self._lots_turn = segment is not None or not self._lots  # in turns, so that one endless document blocks nothing
        if segment is not None:
            job, number = segment
            assert job.plan is not None
            claim, secrets = job.claim, self._passwords.for_claim(job.claim)
            task = SegmentTask(claim.job_id, claim.path, job.plan, number, self._options, secrets, claim.named)
            return task, [job]
        if self._lots:
            return self._lot(self._lots.popleft())
        if self._suspects and self._lone is None and not self._out:
            self._lone = self._suspects.popleft()
            return self._lot([self._lone])
        return None

    def _lot(self, jobs: list[ActiveJob]) -> Assignment:
        return lot_task(jobs, self._passwords, self._options), jobs

    def _pack(self, jobs: Iterable[ActiveJob]) -> list[list[ActiveJob]]:
        return pack(jobs, most_bytes=self._settings.lot_bytes, most_files=self._settings.batch_size)

    def _drop_taken_away(self) -> None:
        if self._lone is not None and (self._lone.dropped or not self._lone.suspect):
            self._lone = None
        while self._suspects and self._suspects[0].dropped:
            self._suspects.popleft()
        self.segments.drop_taken_away()
        while self._lots:
            kept = [job for job in self._lots[0] if not job.dropped]
            if kept:
                self._lots[0] = kept
                return
            self._lots.popleft()
