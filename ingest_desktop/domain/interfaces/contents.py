"""How the content stores of all knowledge bases are reached."""

from collections.abc import Sequence
from typing import Protocol

from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.interfaces.repository import ContentStore


class ContentStores(Protocol):
    """Opens each knowledge base's store once and keeps it open. Any thread."""

    def of(self, kb_id: str) -> ContentStore:
        """The store, made when it is not there yet; one that may not be written can be read. Raises ``StoreError`` and
        its kind, ``StoreForbidden`` when we may not even read it.
        """
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

    def forbidden(self, kb_id: str) -> StoreError | None:
        """What tells that its file may not be written, or not even opened; None when that is not what is wrong."""
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
