"""What to do next after a command could not do what was asked: said on the command line, with its own words."""

import argparse
from typing import Final

from ingest_desktop.domain.errors import (
    IngestError,
    InvalidRequestError,
    NotFoundError,
    StateTransitionError,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreTooNew,
)

# What a message of ours is about, and what tells more; the first that fits counts.
_NAMES: Final = (
    ("in the trash", "'ingest kb list' names those that are not."),
    ("knowledge base", "'ingest kb list' names them."),
    ("deletion", "'ingest jobs --deleted' lists what is deleted; 'delete' printed the word that takes it back."),
    ("job", "'ingest jobs' lists them by number."),
    ("batch", "'ingest jobs --json' names the batch of each job."),
)
_RULES: Final = {
    "pause": "Jobs that wait or run can be paused.",
    "resume": "Paused jobs can be resumed.",
    "cancel": "Jobs that have not ended can be cancelled.",
    "retry": "Jobs that failed or were cancelled can be tried again, and those that are empty or have gaps. "
    "A file that has changed is read when it is added again.",
}


def step_after(error: IngestError, options: argparse.Namespace) -> str:
    """One line: the next step; nothing where the message itself says what is wrong with the command."""
    if isinstance(error, StateTransitionError):
        told = f"Nothing was changed. 'ingest show {error.job_id or 'JOB'}' tells where it stands."
        return f"{told} {_RULES.get(options.command, '')}".rstrip()
    if isinstance(error, NotFoundError):
        return next((step for word, step in _NAMES if word in str(error)), "")
    if isinstance(error, InvalidRequestError):
        return ""
    if isinstance(error, StoreBusy):  # of a lock that lasts: nobody tries again by itself once we have ended
        return "Nothing was changed. Try again; close other programs that use the store if it lasts."
    if isinstance(error, StoreTooNew):
        return "Install the newer version of Ingest Desktop, or name another data folder with --data-dir."
    if isinstance(error, StoreFull):
        return "Free some space on the disk, then try again: what was begun goes on."
    if type(error) is StoreError:
        if "--data-dir" in str(error):
            return ""
        return "If the data folder cannot be used, name another one with --data-dir. Its log, logs/ingest.log, may tell more."
    if type(error) is IngestError and "cannot be written" in str(error):
        return "Free some space there, or write to another place."
    return error.hint
