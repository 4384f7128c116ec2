"""How the content stores of all knowledge bases are reached."""

from collections.abc import Sequence
from typing import Protocol

from ingest_desktop.domain.interfaces.repository import ContentStore


class ContentStores(Protocol):
    """Opens each knowledge base's store once and keeps it open. Any thread."""

    def of(self, kb_id: str) -> ContentStore:
        """The store, made when it is not there yet. Raises ``StoreError`` and its kind."""
        ...

    def has(self, kb_id: str) -> bool:
        """Whether there is a file of this knowledge base: one that nothing was added to has none yet."""
        ...

    def seems_sound(self, kb_id: str) -> bool:
        """Whether a look of a few seconds at its file, past all that is open, finds no damage.

        Raises:
            StoreBusy, StoreDamaged, StoreError: It cannot be looked at.
        """
        ...

    def opened(self) -> Sequence[ContentStore]:
        """Those that are open."""
        ...

    def drop(self, kb_id: str) -> None:
        """Close a knowledge base's store and remove its file for good."""
        ...

    def bytes_used(self) -> int:
        """What all stores take on the disk."""
        ...

    def close(self) -> None:
        """Close all."""
        ...
