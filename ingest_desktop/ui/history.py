"""What happened to a job, told line by line: when, what it became, why, and at whose word."""

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.enums import Actor, JobPhase
from ingest_desktop.domain.errors import by_code
from ingest_desktop.domain.models import HistoryEntry
from ingest_desktop.ui import causes, formats, words

translate = QCoreApplication.translate

_TAKEN_UP_BY = "taken up by "


def line_of(entry: HistoryEntry) -> str:
    """One transition: "2026-11-22 09:54:45   Failed: password needed (by a worker)"."""
    what = words.status_name(entry.to_status)
    if entry.reason:
        what = translate("history", "{status}: {why}").format(status=what, why=_reason(entry.reason))
    elif entry.from_status is None:
        what = translate("history", "{status}: {why}").format(status=what, why=_reason("added"))
    pattern = translate("history", "{time}   {what}   ({who})")
    return pattern.format(time=formats.exact(entry.at), what=what, who=_actor(entry.actor))


def _actor(actor: str) -> str:
    return {
        Actor.WINDOW.value: translate("history", "by you, in the window"),
        Actor.COMMAND.value: translate("history", "by a command"),
        Actor.WORKER.value: translate("history", "by a worker"),
        Actor.RECOVERY.value: translate("history", "by the recovery"),
    }.get(actor, actor)


def _reason(reason: str) -> str:
    known = {
        "added": translate("history", "added"),
        "added again": translate("history", "added again"),
        "ingested": translate("history", "read and stored"),
        "updated": translate("history", "new version"),
        "unchanged": translate("history", "unchanged"),
        "duplicate": translate("history", "duplicate"),
        "empty": translate("history", "no text"),
        "deleted while running": translate("history", "deleted while it ran"),
        "paused: app": translate("history", "everything is paused"),
        "paused: kb": translate("history", "its knowledge base is paused"),
        "paused: batch": translate("history", "its drop is paused"),
        "the program stopped": translate("history", "the program was quit"),
        "a password was given": translate("history", "a password was given"),
        "tesseract is there": translate("history", "tesseract is there"),
        "libreoffice is there": translate("history", "LibreOffice is there"),
        f"{_TAKEN_UP_BY}window": translate("history", "taken up by the window"),
        **_of_the_recovery(),
        **_of_a_person(),
    }.get(reason)
    if known is not None:
        return known
    if reason.startswith(_TAKEN_UP_BY):
        return translate("history", "taken up by {command}").format(command=reason.removeprefix(_TAKEN_UP_BY))
    return causes.reason(reason) if reason in by_code() else reason


def _of_the_recovery() -> dict[str, str]:
    return {
        "its worker died": translate("history", "its worker died"),
        "its worker died while it was read": translate("history", "its worker died while it was read"),
        "its worker stopped answering": translate("history", "its worker stopped answering"),
        "its file can be read again": translate("history", "its file can be read again"),
        "the knowledge base is damaged": translate("history", "the knowledge base is damaged"),
        "it was repaired": translate("history", "it was repaired"),
        "a newer version of the program wrote the knowledge base": translate(
            "history", "a newer version of the program wrote the knowledge base"
        ),
        "this version of the program can read the knowledge base": translate(
            "history", "this version of the program can read the knowledge base"
        ),
        "the knowledge base's file may not be written": translate(
            "history", "the knowledge base's file may not be written"
        ),
        "the knowledge base's file may be written again": translate(
            "history", "the knowledge base's file may be written again"
        ),
        "its text was damaged or missing": translate("history", "its text was damaged or missing"),
        "its outcome was lost": translate("history", "its outcome was lost"),
        "its receipt was lost": translate("history", "its receipt was lost"),
        "its history was damaged": translate("history", "its history was damaged"),
        "nobody worked on it": translate("history", "nobody worked on it"),
    }


def _of_a_person() -> dict[str, str]:
    asked = {
        "asked for": translate("history", "asked for"),
        "resumed": translate("history", "resumed"),
        "tried again": translate("history", "tried again"),
    }
    together = {
        "": "{what}",
        ", with its batch": translate("history", "{what}, with its drop"),
        ", with its knowledge base": translate("history", "{what}, with its knowledge base"),
        ", with all others": translate("history", "{what}, with all others"),
    }
    return {
        what + group: pattern.format(what=said) for what, said in asked.items() for group, pattern in together.items()
    }


def phase_lines(seconds: dict[str, float]) -> list[str]:
    """How long each phase took, in the order of the work."""
    return [
        translate("history", "{phase}: {seconds} s").format(
            phase=words.phase_name(JobPhase(phase)) if phase in set(JobPhase) else phase,
            seconds=formats.decimal(value, 2),
        )
        for phase, value in seconds.items()
    ]
