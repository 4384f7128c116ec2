"""What other programs have in hand when ``ingest run`` has nothing left to do."""

import sys
import threading

from ingest_desktop.application.lifecycle import WorkerLifecycle
from ingest_desktop.cli_output import out
from ingest_desktop.domain.interfaces.repository import OthersAtWork
from ingest_desktop.domain.text import counted

LOOK_SECONDS = 0.2  # between two looks at them
ASKED_BEFORE_TOLD = 5  # looks: mostly one of the first tells


class Elsewhere:
    """Jobs that are in the hands of other programs when there is nothing left for this one.

    Who lives is left alone with them, and this program ends. Who does not answer is waited for, until it does or loses them.
    """

    def __init__(self, lifecycle: WorkerLifecycle) -> None:
        self._lifecycle = lifecycle
        self._others = OthersAtWork()
        self._asked = 0

    @property
    def jobs(self) -> int:
        """How many there were at the last look."""
        return self._others.jobs

    def may_leave_work(self, stop: threading.Event) -> bool:
        """Whether somebody may be dead. Waits a little then."""
        self._others = self._lifecycle.look_after_others()
        if not self._others.is_unsure:
            return False
        self._asked += 1
        if self._asked == ASKED_BEFORE_TOLD:
            sentence = (
                f"{self._what()} that has not answered yet. Waiting until it does, or until they can be taken over."
            )
            out(sentence, file=sys.stderr)
        stop.wait(LOOK_SECONDS)
        return True

    def text(self) -> str:
        """Where they are."""
        return f"{self._what()}, which goes on."

    def _what(self) -> str:
        who = f" ({', '.join(self._others.labels)})" if self._others.labels else ""
        verb = "is" if self.jobs == 1 else "are"
        return f"{counted(self.jobs, 'file')} {verb} in the hands of another program{who}"
