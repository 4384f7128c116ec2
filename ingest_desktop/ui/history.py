"""What happened to a job, told line by line: when, what it became, why, and at whose word."""

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.enums import Actor, JobPhase
from ingest_desktop.domain.errors import by_code
from ingest_desktop.domain.models import HistoryEntry
from ingest_desktop.ui import causes, formats, words

translate = QCoreApplication.translate


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
        "paused: batch": translate("history", "its batch is paused"),
        "the program stopped": translate("history", "the program was quit"),
    }.get(reason)
    if known is not None:
        return known
    return causes.reason(reason) if reason in by_code() else reason


def phase_lines(seconds: dict[str, float]) -> list[str]:
    """How long each phase took, in the order of the work."""
    return [
        translate("history", "{phase}: {seconds} s").format(
            phase=words.phase_name(JobPhase(phase)) if phase in set(JobPhase) else phase,
            seconds=formats.decimal(value, 2),
        )
        for phase, value in seconds.items()
    ]
