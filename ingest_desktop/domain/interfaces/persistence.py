"""Where staged content and state snapshots are kept."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol, runtime_checkable


@runtime_checkable
class PersistenceStore(Protocol):
    """A flat store of named blobs: state snapshots and staged content. Any thread.

    A key is one or more parts of ``[A-Za-z0-9._-]`` joined by "/"; no part begins with a dot. A write
    is whole or not at all and durable when the call returns.

    Raises from every method: ``StoreFull``, ``StoreBusy``, ``StoreError``; ``InvalidRequestError`` for
    a key that is none.
    """

    def write(self, key: str, data: bytes) -> None:
        """Store a blob under a key, replacing what was there."""
        ...

    def write_from(self, key: str, stream: BinaryIO) -> int:
        """As ``write``, from a stream, in constant memory. Returns the number of bytes."""
        ...

    def read(self, key: str) -> bytes:
        """The blob. Raises ``NotFoundError`` when there is none."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The blob as a stream. Raises ``NotFoundError`` when there is none."""
        ...

    def delete(self, key: str) -> bool:
        """Remove a blob; False when there was none."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key that begins with ``prefix``, sorted."""
        ...
