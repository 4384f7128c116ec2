"""What did not go well, by cause, and what a person can do about a whole group: try it again, export it, take it out.

Every call may block on the disk. No Qt, no SQL.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ingest_desktop.domain.causes import Cause, Tool, cause_of
from ingest_desktop.domain.interfaces.repository import Repository
from ingest_desktop.domain.models import ActionResult, Job, JobQuery, JobSelector
from ingest_desktop.domain.models.base import iso

PAGE: Final = 500
_SETTING: Final = re.compile(r"\(INGESTION_([A-Z_]+)\)")

Retry = Callable[[JobSelector, str | None], ActionResult]
Delete = Callable[[JobSelector], ActionResult]


@dataclass(frozen=True, slots=True)
class HitLimit:
    """A setting that stopped files.

    Attributes:
        setting: Its name, as ``Settings`` has it.
        jobs: Ids of those that it stopped.
        needed: What the largest of them needs, where that is known; else 0.
    """

    setting: str
    jobs: tuple[str, ...]
    needed: int = 0


class Attention:
    """See the module. Any thread."""

    def __init__(
        self, repository: Repository, retry: Retry, delete: Delete, tools: Callable[[], frozenset[Tool]]
    ) -> None:
        """``retry`` and ``delete`` act on jobs (and tell why); ``tools`` says which programs are there now."""
        self._repository = repository
        self._retry = retry
        self._delete = delete
        self._tools = tools

    def causes(self, kb_id: str | None = None) -> dict[Cause, int]:
        """How many jobs need a person, by cause."""
        return self._repository.causes(kb_id)

    def tools(self) -> frozenset[Tool]:
        """Which programs of others are there now."""
        return self._tools()

    def readable(self, kb_id: str | None = None) -> dict[Tool, int]:
        """How many jobs could be read now, as the program that they lacked is there."""
        found = {tool: len(self._repository.readable_with(tool, kb_id)) for tool in self._tools()}
        return {tool: count for tool, count in found.items() if count}

    def retry(self, query: JobQuery) -> ActionResult:
        """Queue again every job that answers a query and may be tried again; the others are left as they are."""
        return self._retry_all([str(job_id) for part in self._repository.job_ids(query) for job_id in part], None)

    def retry_with(self, tool: Tool, kb_id: str | None = None) -> ActionResult:
        """Queue again what lacked a program."""
        return self._retry_all(list(map(str, self._repository.readable_with(tool, kb_id))), f"{tool.value} is there")

    def _retry_all(self, ids: list[str], reason: str | None) -> ActionResult:
        return self._retry(JobSelector(job_ids=tuple(ids)), reason) if ids else ActionResult()

    def delete(self, query: JobQuery) -> ActionResult:
        """Take every job that answers a query out of the list; its token takes it back."""
        ids = tuple(str(job_id) for part in self._repository.job_ids(query) for job_id in part)
        return self._delete(JobSelector(job_ids=ids)) if ids else ActionResult()

    def limits(self, query: JobQuery) -> list[HitLimit]:
        """The settings that stopped the jobs of a query, the one that stopped most first."""
        return limits_in(self._jobs(query))

    def limits_of(self, job_id: str) -> list[HitLimit]:
        """The setting that stopped a job, if one did. Raises ``NotFoundError``."""
        return limits_in([self._repository.job(job_id)])

    def records(self, query: JobQuery) -> Iterator[dict[str, Any]]:
        """What is to be told of each job of a query in an exported list: one flat record each."""
        return map(record_of, self._jobs(query))

    def _jobs(self, query: JobQuery) -> Iterator[Job]:
        for ids in self._repository.job_ids(query, part=PAGE):
            yield from self._repository.jobs_by_ids(ids)


def limits_in(found: Iterable[Job]) -> list[HitLimit]:
    """The settings that stopped these jobs, the one that stopped most first."""
    jobs: dict[str, list[Job]] = {}
    for job in found:
        if (name := limit_of(job)) is not None:
            jobs.setdefault(name, []).append(job)
    hit = [
        HitLimit(
            name,
            tuple(job.id for job in stopped),
            max(job.byte_size for job in stopped) if name == "max_file_bytes" else 0,
        )
        for name, stopped in jobs.items()
    ]
    return sorted(hit, key=lambda limit: -len(limit.jobs))


def limit_of(job: Job) -> str | None:
    """The setting that stopped a job, as its message names it; None when none did."""
    if cause_of(job.error_code) not in (Cause.LIMIT, Cause.TOO_LARGE):
        return None
    found = _SETTING.search(job.error_message or "")
    return found[1].lower() if found else None


def record_of(job: Job) -> dict[str, Any]:
    """A job that did not go well, for a list that people and programs read. Times are ISO 8601, in UTC."""
    cause = cause_of(job.error_code, job.outcome, job.gaps)
    return {
        "path": job.source_path,
        "cause": cause.value if cause else None,
        "code": job.error_code,
        "sentence": " ".join(text for text in (job.error_message, job.message) if text),
        "status": job.status.value,
        "outcome": job.outcome.value if job.outcome else None,
        "gaps": job.gaps,
        "attempts": job.attempts,
        "dead_lettered": job.dead_lettered,
        "byte_size": job.byte_size,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.completed_at),
        "job": job.id,
        "kb_id": job.kb_id,
        "batch_id": job.batch_id,
    }


def raised(value: float, needed: float, most: float) -> float:
    """A limit to propose instead of one that was hit: twice as much, or twice again until it suffices, within bounds.

    Args:
        needed: What a file is known to need; 0 when nobody knows.
        most: The highest value that the setting can have.
    """
    proposed = value * 2
    while proposed < needed and proposed < most:
        proposed *= 2
    return min(proposed, most)
