"""The passwords that people gave for their files. They live here, in memory, until the program ends.

Nothing of them is written anywhere: not into the store, logs, arguments, environment, recipes or errors. A child is
handed those that fit its file, through the pipe that also brings its task.
"""

import threading
from collections.abc import Sequence
from typing import Final

from ingest_desktop.domain.interfaces.repository import Claim
from ingest_desktop.domain.models import JobSelector
from ingest_desktop.domain.wire import NO_SECRETS, Secrets

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
        return self._gathered(str(claim.job_id), claim.batch_id, claim.kb_id)

    def tried_for(self, job_id: str, batch_id: str, kb_id: str) -> bool:
        """Whether there is any for this job: then a file that still asks was given a wrong one."""
        return bool(self._gathered(job_id, batch_id, kb_id))

    def _gathered(self, job_id: str, batch_id: str, kb_id: str) -> Secrets:
        with self._lock:
            if not self._pages:
                return NO_SECRETS
            wanted = (("job", job_id), ("batch", batch_id), ("kb", kb_id), ("run", ""))
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
