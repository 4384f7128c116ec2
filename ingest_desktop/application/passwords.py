"""The passwords that people gave for their files. They live here, in memory, until the program ends.

Nothing of them is written anywhere: not into the store, logs, arguments, environment, recipes or errors. A child is
handed those that fit its file, through the pipe that also brings its task.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.errors import InvalidRequestError, SourceEncrypted
from ingest_desktop.domain.interfaces.repository import Claim, Repository
from ingest_desktop.domain.models import ActionResult, Job, JobQuery, JobSelector
from ingest_desktop.domain.wire import NO_SECRETS, Secrets

PAGE: Final = 500
REASON: Final = "a password was given"
_GIVEN: Final = "given password"  # in what readers say when none of them opens a file
MOST_TRIED: Final = 50  # of one file: a password of an office document takes a tenth of a second to try


class PasswordBook:
    """Who gave which password for what. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[tuple[str, str], Secrets] = {}

    def __repr__(self) -> str:
        return "PasswordBook()"

    def give(self, passwords: Sequence[str], selector: JobSelector | None = None) -> None:
        """Remember passwords, the likeliest first, for what the selector names; without one, for every file.

        What was given before for the same is kept, and tried after them.
        """
        new = Secrets(dict.fromkeys(password for password in passwords if password))
        with self._lock:
            for page in _pages_of(selector):
                self._pages[page] = Secrets(dict.fromkeys((*new, *self._pages.get(page, ()))))

    def for_claim(self, claim: Claim) -> Secrets:
        """Those to be tried for a job, those given for it alone first."""
        with self._lock:
            if not self._pages:
                return NO_SECRETS
            wanted = (("job", str(claim.job_id)), ("batch", claim.batch_id), ("kb", claim.kb_id), ("run", ""))
            found = dict.fromkeys(password for page in wanted for password in self._pages.get(page, ()))
        return Secrets(list(found)[:MOST_TRIED])


def _pages_of(selector: JobSelector | None) -> list[tuple[str, str]]:
    if selector is None or selector.everything:
        return [("run", "")]
    if selector.batch_id is not None:
        return [("batch", selector.batch_id)]
    if selector.kb_id is not None:
        return [("kb", selector.kb_id)]
    return [("job", job_id) for job_id in selector.job_ids]


class Unlocking:
    """Takes passwords from people and has those files read again that ask for one. Blocks on the disk; any thread."""

    def __init__(
        self, repository: Repository, book: PasswordBook, retry: Callable[[JobSelector, str], ActionResult]
    ) -> None:
        self._repository, self._book, self._retry = repository, book, retry

    def give(self, passwords: Sequence[str], selector: JobSelector) -> ActionResult:
        """Remember passwords for what is selected, and queue again those of them that ask for one.

        Named jobs are queued again whatever they ended with, as far as the table allows it.

        Raises:
            InvalidRequestError: There is no password.
            NotFoundError: There is no such job, batch or knowledge base.
        """
        if not any(passwords):
            raise InvalidRequestError("No password was given.")
        self._book.give(passwords, selector)
        ids = selector.job_ids or tuple(self.asking(selector))
        return self._retry(JobSelector(job_ids=ids), REASON) if ids else ActionResult()

    def asking(self, selector: JobSelector) -> Iterator[str]:
        """Ids of the jobs of a group that a password may help: locked files, and archives with locked ones in them."""
        group = JobQuery(kb_id=selector.kb_id, batch_id=selector.batch_id)
        failed = frozenset({JobStatus.FAILED})
        locked = group.model_copy(update={"statuses": failed, "error_code": SourceEncrypted.code})
        for part in self._repository.job_ids(locked):
            yield from map(str, part)
        holed = group.model_copy(update={"statuses": frozenset({JobStatus.COMPLETED}), "attention": True})
        for part in self._repository.job_ids(holed, part=PAGE):
            for job in self._repository.with_receipts(self._repository.jobs_by_ids(part)):
                if asks_for_password(job):
                    yield job.id


def asks_for_password(job: Job) -> bool:
    """Whether a password may help a job: its file is locked, or some of what it holds is. Needs its receipt."""
    if job.status is JobStatus.FAILED:
        return job.error_code == SourceEncrypted.code
    if job.status is not JobStatus.COMPLETED or not job.gaps or job.receipt is None:
        return False
    return any("password" in why for _, why in job.receipt.units_failed)


def refused_password(job: Job) -> bool:
    """Whether a job's file is locked still although a password was given for it."""
    return (
        job.status is JobStatus.FAILED
        and job.error_code == SourceEncrypted.code
        and _GIVEN in (job.error_message or "")
    )
