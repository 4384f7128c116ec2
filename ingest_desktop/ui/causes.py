"""Why something failed and what to do about it, by the stable code of the error.

Every sentence stands here as it is, so that the tools that collect strings for translators find it. A test
keeps the next steps the same as those in ``domain/errors.py``.
"""

import re

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.causes import Cause, Tool

translate = QCoreApplication.translate
_VARIABLE = re.compile(r" \(INGESTION_[A-Z_]+\)")


def reason(code: str | None) -> str:
    """The cause of a failure in two or three words."""
    return {
        "source_unreadable": translate("causes", "file unavailable"),
        "source_gone": translate("causes", "not there any more"),
        "source_forbidden": translate("causes", "no permission"),
        "source_changed": translate("causes", "changed meanwhile"),
        "source_malformed": translate("causes", "damaged file"),
        "source_encrypted": translate("causes", "password needed"),
        "source_too_large": translate("causes", "too large"),
        "unsupported_format": translate("causes", "type not supported"),
        "left_out": translate("causes", "left out: no document"),
        "limit_exceeded": translate("causes", "limit reached"),
        "reader_crashed": translate("causes", "breaks its reader"),
        "reader_not_started": translate("causes", "no process to read with"),
        "quarantined": translate("causes", "quarantined"),
        "store_busy": translate("causes", "store busy"),
        "store_full": translate("causes", "disk full"),
        "store_faulty": translate("causes", "disk reports errors"),
        "store_read_only": translate("causes", "store may not be written"),
        "store_forbidden": translate("causes", "knowledge base may not be written"),
        "store_damaged": translate("causes", "store damaged"),
        "ledger_damaged": translate("causes", "list of jobs damaged"),
        "store_gone": translate("causes", "data folder gone"),
        "store_too_new": translate("causes", "newer version needed"),
        "content_gone": translate("causes", "to be read again"),
    }.get(code or "", translate("causes", "something went wrong"))


def hold(code: str) -> str:
    """Why everything waits, for a kind of trouble."""
    return {
        "store_full": translate("causes", "disk is low"),
        "store_busy": translate("causes", "store busy"),
        "store_faulty": translate("causes", "disk reports errors"),
        "store_read_only": translate("causes", "store may not be written"),
        "store_gone": translate("causes", "data folder gone"),
        "store_forbidden": translate("causes", "a knowledge base may not be written"),
        "store_damaged": translate("causes", "a knowledge base is damaged"),
        "store_too_new": translate("causes", "a newer version is needed"),
        "ledger_damaged": translate("causes", "list of jobs damaged"),
        "on_battery": translate("causes", "on battery"),
        "reader_not_started": translate("causes", "no process to read with"),
    }.get(code, translate("causes", "work is held up"))


def next_step(code: str | None) -> str:
    """What a person can do about a failure."""
    return _source_steps().get(code or "") or _store_steps().get(code or "") or _general()


def step_here(code: str | None, *, raises: bool) -> str:
    """What a person who looks at one job can press in this window; else ``next_step``.

    Args:
        raises: Whether a setting stopped it, which the window offers to raise.
    """
    if code == "source_encrypted":
        return translate(
            "causes", "Press “Give password…”. It is kept in memory only, and the file is read again with it."
        )
    if code not in ("limit_exceeded", "source_too_large"):
        return next_step(code)
    if raises:
        return translate("causes", "If you trust the file, press “Raise limit and retry…”.")
    return translate("causes", "This limit is fixed. Split the file or save it in another form, and add that.")


def without_variables(message: str) -> str:
    """What an error says without the names of settings in it: the window offers to raise them by their titles."""
    return _VARIABLE.sub("", message)


def _general() -> str:
    return translate("causes", "See the log for details, then retry.")


def _source_steps() -> dict[str, str]:
    return {
        "source_unreadable": translate("causes", "Check that the file is still there and may be read, then retry."),
        "source_gone": translate(
            "causes",
            "Bring the file or its drive back: it is read again by itself then. If it was moved, add it at its new place "
            "and delete this entry.",
        ),
        "source_forbidden": translate(
            "causes", "Give yourself the right to read the file: it is read again by itself then."
        ),
        "left_out": translate("causes", "There is nothing to be done."),
        "source_changed": translate(
            "causes",
            "While it waits it is tried again by itself; once it has failed, retry it when nothing writes to it any more.",
        ),
        "source_malformed": translate(
            "causes", "Open the file in its own program; if it opens there, save it anew and add it again."
        ),
        "source_encrypted": translate(
            "causes",
            "Give its password in the window, or with --password-file: it is kept in memory only. Then it is read again.",
        ),
        "source_too_large": translate("causes", "Raise the file size limit in the settings, then retry."),
        "unsupported_format": translate(
            "causes", "If there is text in it, save it as PDF, DOCX or plain text and add that."
        ),
        "limit_exceeded": translate("causes", "Raise the limit named in the message in the settings, then retry."),
        "reader_crashed": translate(
            "causes", "The file breaks its reader. Save it anew with another program and add it again."
        ),
        "reader_not_started": translate(
            "causes",
            "It is tried again by itself. Close other programs if memory or processes are short; look whether a guard "
            "against viruses stops the processes of Ingest Desktop; if neither helps, install it anew.",
        ),
        "quarantined": translate(
            "causes",
            "The file breaks its reader. Save it anew with another program and add it again; or retry after an update.",
        ),
    }


def _store_steps() -> dict[str, str]:
    return {
        "state_transition": translate("causes", "Refresh the list: the job has moved on."),
        "not_found": translate("causes", "Check the name or the number."),
        "invalid_request": translate("causes", "Correct the value and try again."),
        "queue_empty": translate("causes", "Add files first."),
        "queue_full": translate("causes", "Wait until jobs have finished, or raise the queue limit in the settings."),
        "duplicate_job": translate("causes", "It is already in the list."),
        "store_busy": translate(
            "causes", "It is tried again by itself; close other programs that use the store if it lasts."
        ),
        "store_full": translate("causes", "Free some space on the disk: what waits goes on by itself."),
        "store_faulty": translate(
            "causes",
            "Look after the disk, its cable or its network: work that was begun is tried again by itself. If a single "
            "knowledge base is the reason, pause it: the others go on.",
        ),
        "store_read_only": translate(
            "causes",
            "You can list, search, export and check. To add or change anything you need the right to write there.",
        ),
        "store_forbidden": translate(
            "causes",
            "Give yourself the right to read and write it, or see why its disk is read-only: work on it goes on by itself "
            "then. The other knowledge bases go on.",
        ),
        "store_damaged": translate(
            "causes",
            "The documents themselves and the other knowledge bases are untouched. 'ingest repair' saves what can be read "
            "of this one, keeps the damaged file, and queues the documents that it lacks to be read again.",
        ),
        "ledger_damaged": translate(
            "causes",
            "The documents themselves are untouched, and so is the text in 'knowledge_bases'. 'ingest repair' puts the "
            "list together again from what can be read of it, the copies in 'backups' and the knowledge bases, and keeps "
            "the damaged file.",
        ),
        "store_gone": translate(
            "causes",
            "Bring the folder back (a disk or a network folder, perhaps), or name another one, and start again.",
        ),
        "store_too_new": translate(
            "causes", "Install the newer version of Ingest Desktop, or choose another data folder."
        ),
        "content_gone": translate("causes", "It is read again by itself."),
    }


def title(cause: Cause) -> str:
    """What a group of jobs with one cause is called."""
    return {
        Cause.PASSWORD: translate("causes", "Password needed"),
        Cause.RECOGNITION: translate("causes", "No text found"),
        Cause.GONE: translate("causes", "Moved or gone"),
        Cause.FORBIDDEN: translate("causes", "No permission"),
        Cause.TOO_LARGE: translate("causes", "Too large"),
        Cause.LIMIT: translate("causes", "Stopped by a limit"),
        Cause.UNSUPPORTED: translate("causes", "Type not supported"),
        Cause.DAMAGED: translate("causes", "Damaged files"),
        Cause.QUARANTINED: translate("causes", "Quarantined"),
        Cause.CHANGING: translate("causes", "Still changing"),
        Cause.DISK_FULL: translate("causes", "Disk full"),
        Cause.STORE_BUSY: translate("causes", "Store busy"),
        Cause.GAPS: translate("causes", "Completed with gaps"),
        Cause.OTHER: translate("causes", "Other trouble"),
    }[cause]


def group_step(cause: Cause) -> str:
    """What a person can do about a group of jobs with one cause."""
    return {
        Cause.PASSWORD: translate("causes", "Give the passwords, or save copies without one and add those."),
        Cause.RECOGNITION: translate(
            "causes", "Scans and pictures can be read by text recognition; of empty files there is nothing to find."
        ),
        Cause.GONE: translate(
            "causes", "They are read by themselves once they are back. If they were moved, add them where they are now."
        ),
        Cause.FORBIDDEN: translate("causes", "Give yourself the right to read them; then they are read by themselves."),
        Cause.TOO_LARGE: translate("causes", "Raise the file size limit and retry."),
        Cause.LIMIT: translate("causes", "Raise the limit that stopped them and retry."),
        Cause.UNSUPPORTED: translate("causes", "Save them in a format that can be read and add those."),
        Cause.DAMAGED: translate(
            "causes", "Open them in their own program. If they open there, save them anew and retry."
        ),
        Cause.QUARANTINED: translate(
            "causes", "They break their reader. Save them anew with another program, or retry after an update."
        ),
        Cause.CHANGING: translate("causes", "Retry once nothing writes to them any more."),
        Cause.DISK_FULL: translate("causes", "Free some space on the disk, then retry."),
        Cause.STORE_BUSY: translate("causes", "Close other programs that use the store, then retry."),
        Cause.GAPS: translate(
            "causes",
            "What could be read can be found. The receipt of each tells what is missing; retry once that is mended.",
        ),
        Cause.OTHER: translate("causes", "See the log for details, then retry."),
    }[cause]


def lacking(cause: Cause, tools: frozenset[Tool]) -> str:
    """What a person can do about a group which a program that is not there would mend; empty when none would."""
    if cause is Cause.RECOGNITION and Tool.RECOGNITION not in tools:
        return translate(
            "causes",
            "Scans and pictures can be read once the program tesseract is installed; of empty files there is nothing to find.",
        )
    if cause is Cause.UNSUPPORTED and Tool.OFFICE not in tools:
        return translate(
            "causes",
            "Old Word and PowerPoint files can be read once LibreOffice is installed. Save others as PDF, DOCX or text.",
        )
    return ""
