"""Who looks after the store while the program works."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of the store that cannot be used, and why. ``where`` is "ledger" or a knowledge base's id."""

    code: str
    where: str
    message: str


class CareSettings(Protocol):
    """The part of the settings that care goes by. Sizes are bytes."""

    @property
    def backups(self) -> int:
        """How many daily copies are kept; 0 makes none."""
        ...

    @property
    def backup_content_bytes(self) -> int:
        """Knowledge bases up to this size are copied, too."""
        ...

    @property
    def min_free_bytes(self) -> int:
        """Room that must stay free on the disk."""
        ...


class StoreCare(Protocol):
    """Finds damage, and makes copies."""

    def wake(self) -> Sequence[Damage]:
        """Let go of held knowledge bases that can be used again; those that cannot. Any thread, but not beside ``care``."""
        ...

    def care(self, settings: CareSettings, stop: threading.Event) -> Sequence[Damage]:
        """One round, of any length until ``stop`` is set; called about once a minute, in a thread of its own.

        A damaged knowledge base is paused; one that can be used again is woken.

        Returns:
            All damage that is known and not repaired.
        """
        ...
