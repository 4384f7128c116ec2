"""What the consumer has gathered for one knowledge base and not stored yet. Used by its thread alone."""

from dataclasses import dataclass, field

from ingest_desktop.application.work import ActiveJob, Fault, Same
from ingest_desktop.domain.interfaces.repository import SegmentIn


@dataclass(slots=True)
class Group:
    """Results for one knowledge base that are not stored yet."""

    segments: list[tuple[ActiveJob, SegmentIn]] = field(default_factory=list)
    finishing: list[ActiveJob] = field(default_factory=list)
    same: list[Same] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    guilty: set[ActiveJob] = field(default_factory=set)
    """Jobs of ``faults``: one ending each, however many segments fail."""

    @property
    def ending_jobs(self) -> list[ActiveJob]:
        """Jobs that end with this group."""
        return [*self.finishing, *(same.job for same in self.same), *(fault.job for fault in self.faults)]

    @property
    def jobs(self) -> list[ActiveJob]:
        """Every job that has something in this group, once."""
        return list(dict.fromkeys([*(job for job, _ in self.segments), *self.ending_jobs]))

    @property
    def has_content(self) -> bool:
        """False when jobs only end here, so that the content need not be touched."""
        return bool(self.segments or self.finishing or self.same)

    def fault(self, fault: Fault) -> None:
        """Add a fault, unless the job has one."""
        if fault.job not in self.guilty:
            self.guilty.add(fault.job)
            self.faults.append(fault)

    def part(self, jobs: "set[ActiveJob]", *, ending: bool = True) -> "Group":
        """What belongs to these jobs; without ``ending``, the segments of all the others, too."""
        return Group(
            [entry for entry in self.segments if not ending or entry[0] in jobs],
            [job for job in self.finishing if job in jobs],
            [same for same in self.same if same.job in jobs],
            [fault for fault in self.faults if fault.job in jobs],
            self.guilty & jobs,
        )
