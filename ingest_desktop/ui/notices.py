"""Which events become notifications: the end of batches, together, and trouble; each kind has its switch."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ingest_desktop.config.settings import Settings
from ingest_desktop.domain.enums import JobStatus
from ingest_desktop.domain.models import Batch, Counts
from ingest_desktop.ui import formats, words
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.plain import named

GATHER_MS = 1_500  # batches that end this close to each other are told together
QUIET_MS = 30_000  # at most one notification of a kind in this time; what ends meanwhile is told together after it
NAMED = 2

translate = formats.translate


class Notifier(QObject):
    """Shows a notification somewhere. This one shows none; tests and desktops have their own.

    Signals:
        pressed: A notification was pressed.
    """

    pressed = Signal()

    def tell(self, title: str, text: str) -> None:
        """Show one. UI thread; returns at once."""

    def close(self) -> None:
        """End whatever was opened for it. UI thread; may block for a moment."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a batch: so many files can be found, could not be read, have no text, or can be found in part."""

    label: str
    done: int = 0
    failed: int = 0
    empty: int = 0
    gaps: int = 0

    @property
    def needy(self) -> int:
        """Files that need a look."""
        return self.failed + self.empty + self.gaps


def ended_of(batch: Batch, counts: Counts) -> Ended:
    """The end of a batch in numbers."""
    failed = counts.of(JobStatus.FAILED)
    empty, gaps = words.without_text(counts), sum(counts.gaps.values())
    done = counts.of(JobStatus.COMPLETED) - empty - gaps - sum(counts.left_out.values())
    return Ended(named(batch.label), max(0, done), failed, empty, gaps)


def message(ended: Sequence[Ended]) -> tuple[str, str]:
    """Title and text of the one notification for batches that ended."""
    done, failed = sum(one.done for one in ended), sum(one.failed for one in ended)
    empty, gaps = sum(one.empty for one in ended), sum(one.gaps for one in ended)
    needy = failed + empty + gaps
    labels = [one.label for one in ended]
    names = ", ".join(labels[:NAMED])
    if len(labels) > NAMED:
        names = translate("Notices", "{names} and {n} more").format(names=names, n=formats.number(len(labels) - NAMED))
    found = translate("Notices", "{files} can be searched").format(files=words.files(done))
    if not needy:
        return found, translate("Notices", "Done: {names}.").format(names=names)
    parts = [found] if done else []
    for pattern, number in (
        (translate("Notices", "{files} with gaps"), gaps),
        (translate("Notices", "{files} could not be read"), failed),
        (translate("Notices", "{files} without text"), empty),
    ):
        if number:
            parts.append(pattern.format(files=words.files(number)))
    title = translate("Notices", "{files} need a look") if needy != 1 else translate("Notices", "{files} needs a look")
    return title.format(files=words.files(needy)), f"{names}: {', '.join(parts)}."


class Notices(QObject):
    """Turns events into notifications."""

    def __init__(self, hub: Hub, notifier: Notifier, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hub, self._notifier = hub, notifier
        self.settings = settings
        self._ended: dict[str, list[Ended]] = {"finished": [], "failed": []}
        self._told: dict[str, float] = {}
        self._timers: dict[str, QTimer] = {}
        for kind in self._ended:
            timer = self._timers[kind] = QTimer(self)
            timer.setSingleShot(True)
            timer.timeout.connect(lambda k=kind: self._tell(k))
        hub.bridge.finished.connect(self._on_finished)
        hub.bridge.troubled.connect(self._on_trouble)

    @Slot(str)
    def _on_finished(self, batch_id: str) -> None:
        self._hub.read(
            lambda backend: (backend.service.batch(batch_id), backend.service.batch_counts(batch_id)),
            lambda found: self._gather(ended_of(*found)),
        )

    def _gather(self, ended: Ended) -> None:
        if not ended.done and not ended.needy:
            return  # cancelled or deleted
        kind = "failed" if ended.needy else "finished"
        if not (self.settings.notify_failed if kind == "failed" else self.settings.notify_finished):
            return
        self._ended[kind].append(ended)
        if not self._timers[kind].isActive():
            self._timers[kind].start(max(GATHER_MS, self._quiet_ms(kind)))

    def _quiet_ms(self, kind: str) -> int:
        since = (time.monotonic() - self._told.get(kind, float("-inf"))) * 1000
        return round(QUIET_MS - since) if since < QUIET_MS else 0

    def _tell(self, kind: str) -> None:
        ended, self._ended[kind] = self._ended[kind], []
        self._told[kind] = time.monotonic()
        self._notifier.tell(*message(ended))

    @Slot(str, str, str)
    def _on_trouble(self, code: str, text: str, hint: str) -> None:
        if code and self.settings.notify_trouble and not self._quiet_ms(code):
            self._told[code] = time.monotonic()
            self._notifier.tell(text, hint)
