"""Which persistence store is used: the local disk, or one that another package brings by entry point."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from ingest_desktop.domain.errors import InvalidRequestError
from ingest_desktop.domain.interfaces.persistence import PersistenceStore
from ingest_desktop.infrastructure.disk_store import DiskStore

GROUP: Final = "ingest_desktop.persistence"
DISK: Final = "disk"


def open_persistence(name: str, data_root: Path) -> PersistenceStore:
    """The store of that name; the entry point of a guest is called with the data folder.

    Raises:
        InvalidRequestError: No installed package brings it, or what it brings is no persistence store.
    """
    if name == DISK:
        return DiskStore(data_root / "staged")
    for point in entry_points(group=GROUP, name=name):
        store = point.load()(data_root)
        if isinstance(store, PersistenceStore):
            return store
        raise InvalidRequestError(f"The persistence store {name!r} lacks some of the methods it must have.")
    raise InvalidRequestError(f"No installed package brings a persistence store named {name!r}.")
