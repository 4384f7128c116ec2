"""What we raise on purpose: a tree of errors with stable codes, plain sentences and next steps.

Anything else that is raised is a bug and is logged with its traceback. Imported by the extraction
children, so it needs the standard library only.
"""

from typing import ClassVar


class IngestError(Exception):
    """Base of every error of ours.

    ``code`` is stable: stored with a job, shown, documented. ``hint`` is the next step for a person.
    """

    code: ClassVar[str] = "ingest"
    retryable: ClassVar[bool] = False
    hint: ClassVar[str] = "See the log for details, then retry."
    final: bool = False  # True on one that cannot pass by itself although others of its kind do


class StateTransitionError(IngestError):
    """A status change that the transition table does not allow. Nothing was changed."""

    code = "state_transition"
    hint = "Refresh the list: the job has moved on."

    def __init__(self, *, job_id: str, current: str, target: str) -> None:
        super().__init__(f"Job {job_id or '?'} is {current} and cannot become {target}.")
        self.job_id, self.current, self.target = job_id, current, target


class NotFoundError(IngestError):
    """A job, batch or knowledge base that is not (or no longer) in the store."""

    code = "not_found"
    hint = "Check the name or the number."


class InvalidRequestError(IngestError):
    """A request that makes no sense: an empty name, a name that is taken, a bad number."""

    code = "invalid_request"
    hint = "Correct the value and try again."


# --- the queue ---------------------------------------------------------------------------------


class QueueError(IngestError):
    """Trouble with the queue itself."""

    code = "queue"


class QueueEmptyError(QueueError):
    """There is nothing to take."""

    code = "queue_empty"
    retryable = True
    hint = "Add files first."


class QueueFullError(QueueError):
    """The queue limit is reached; nothing was added."""

    code = "queue_full"
    retryable = True
    hint = "Wait until jobs have finished, or raise the queue limit in the settings."


class DuplicateJobError(QueueError):
    """The same path is already queued, running or paused in this knowledge base."""

    code = "duplicate_job"
    hint = "It is already in the list."

    def __init__(self, message: str, *, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


# --- sources -----------------------------------------------------------------------------------


class SourceError(IngestError):
    """Trouble with one file; the other files go on."""

    code = "source"


class SourceUnreadable(SourceError):
    """The file is gone, locked or not permitted. Worth a retry."""

    code = "source_unreadable"
    retryable = True
    hint = "Check that the file is still there and may be read, then retry."


class SourceGone(SourceUnreadable):
    """The file is not where it was. Worth a retry: a drive may come back."""

    code = "source_gone"
    hint = (
        "Bring the file or its drive back: it is read again by itself then. If it was moved, add it at its new place and "
        "delete this entry."
    )


class SourceForbidden(SourceUnreadable):
    """The file may not be read by this user. Worth a retry: the right may be given."""

    code = "source_forbidden"
    hint = "Give yourself the right to read the file: it is read again by itself then."


class SourceChanged(SourceError):
    """The file changed while it was read. Worth a retry once it is quiet."""

    code = "source_changed"
    retryable = True
    hint = (
        "While it waits it is tried again by itself; once it has failed, retry it when nothing writes to it any more."
    )


class SourceMalformed(SourceError):
    """These bytes are no document that a reader understands. A retry cannot help."""

    code = "source_malformed"
    hint = "Open the file in its own program; if it opens there, save it anew and add it again."


class SourceEncrypted(SourceError):
    """The document asks for a password."""

    code = "source_encrypted"
    hint = "Give its password in the window, or with --password-file: it is kept in memory only. Then it is read again."


class SourceTooLarge(SourceError):
    """The file is larger than the file size limit."""

    code = "source_too_large"
    hint = "Raise the file size limit in the settings, then retry."


class UnsupportedFormat(SourceError):
    """No reader for this type of file."""

    code = "unsupported_format"
    hint = "If there is text in it, save it as PDF, DOCX or plain text and add that."


class LeftOut(UnsupportedFormat):
    """No document at all: sound, film, a font, a program. Its job is completed, as left out, and not failed."""

    code = "left_out"
    hint = "There is nothing to be done."

    def __init__(self, sentence: str, *, reason: str = "", kind: str = "") -> None:
        """``reason`` is one of ``media.REASONS``; ``kind`` what it is, in the plural, such as ``MP4 videos``."""
        super().__init__(sentence)
        self.reason, self.kind = reason, kind


class LimitExceeded(SourceError):
    """Reading took more time, memory or output than a file may take."""

    code = "limit_exceeded"
    hint = "Raise the limit named in the message in the settings, then retry."


class ReaderCrashed(SourceError):
    """The process that read the file died. The file is tried again, alone."""

    code = "reader_crashed"
    retryable = True
    hint = "The file breaks its reader. Save it anew with another program and add it again."


class ReaderNotStarted(IngestError):
    """No process that reads files can be started, or it ended before it was ready. No file is to blame: all wait."""

    code = "reader_not_started"
    retryable = True
    hint = (
        "It is tried again by itself. Close other programs if memory or processes are short; look whether a guard against "
        "viruses stops the processes of Ingest Desktop; if neither helps, install it anew."
    )


class Quarantined(SourceError):
    """The file brought its reader down twice, the second time alone. It is not read again until a person asks for it."""

    code = "quarantined"
    hint = "The file breaks its reader. Save it anew with another program and add it again; or retry after an update."


# --- the store ---------------------------------------------------------------------------------


class StoreError(IngestError):
    """Trouble with our own data: work stops until it is mended."""

    code = "store"


class DuplicateChunkError(StoreError):
    """A chunk with this id is already stored. The writer keeps the first one."""

    code = "duplicate_chunk"


class StoreBusy(StoreError):
    """Another program holds the store locked."""

    code = "store_busy"
    retryable = True
    hint = "It is tried again by itself; close other programs that use the store if it lasts."


class StoreFull(StoreError):
    """No room left on the disk that holds the store."""

    code = "store_full"
    retryable = True
    hint = "Free some space on the disk: what waits goes on by itself."


class StoreFaulty(StoreError):
    """The disk that holds the store reports an error. It may pass: a cable, a network folder."""

    code = "store_faulty"
    retryable = True
    hint = (
        "Look after the disk, its cable or its network: work that was begun is tried again by itself. If a single knowledge "
        "base is the reason, pause it: the others go on."
    )


class StoreReadOnly(StoreError):
    """The store may be read, but not written."""

    code = "store_read_only"
    hint = "You can list, search, export and check. To add or change anything you need the right to write there."


class StoreForbidden(StoreReadOnly):
    """The file of one knowledge base may not be written, or not even opened. The others can be used."""

    code = "store_forbidden"
    hint = (
        "Give yourself the right to read and write it, or see why its disk is read-only: work on it goes on by itself "
        "then. The other knowledge bases go on."
    )


class StoreDamaged(StoreError):
    """The file of a knowledge base is not a sound database."""

    code = "store_damaged"
    hint = (
        "The documents themselves and the other knowledge bases are untouched. 'ingest repair' saves what can be read of "
        "this one, keeps the damaged file, and queues the documents that it lacks to be read again."
    )


class LedgerDamaged(StoreDamaged):
    """The list of jobs is not a sound database."""

    code = "ledger_damaged"
    hint = (
        "The documents themselves are untouched, and so is the text in 'knowledge_bases'. 'ingest repair' puts the list "
        "together again from what can be read of it, the copies in 'backups' and the knowledge bases, and keeps the "
        "damaged file."
    )


class StoreGone(StoreError):
    """The data folder is not there any more."""

    code = "store_gone"
    hint = "Bring the folder back (a disk or a network folder, perhaps), or name another one, and start again."


class StoreTooNew(StoreError):
    """The store was written by a newer version of the program. It was not touched."""

    code = "store_too_new"
    hint = "Install the newer version of Ingest Desktop, or choose another data folder."


class ContentGone(StoreError):
    """What a job relied on being stored was swept away meanwhile. It is read again."""

    code = "content_gone"
    retryable = True
    hint = "It is read again by itself."


def by_code() -> dict[str, type[IngestError]]:
    """Every error class by its stable code."""
    found: dict[str, type[IngestError]] = {}
    pending: list[type[IngestError]] = [IngestError]
    while pending:
        error = pending.pop()
        found.setdefault(error.code, error)  # a narrower one of some room has the code of the one it narrows
        pending.extend(error.__subclasses__())
    return found
