"""What the tests of the crew share: the statuses they speak of, and files to work on."""

from collections.abc import Callable

from application.kit import (
    FakeApp,
)

from ingest_desktop.domain.enums import JobStatus

MAKE = Callable[..., FakeApp]
COMPLETED, FAILED, QUEUED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.QUEUED
TEN = {f"{n}.txt": f"word{n} text" for n in range(10)}
LONG = {"long.txt": "\n".join(f"line{n} of it" for n in range(12))}
