"""The content stores of all knowledge bases, each opened once."""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest_desktop.domain.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFaulty,
    StoreForbidden,
    StoreGone,
    StoreReadOnly,
)
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import is_read_only
from ingest_desktop.infrastructure.rights import may_look, may_write, why_forbidden
from ingest_desktop.infrastructure.swapping import finish_swap


class KnowledgeBaseStores:
    """Opens, keeps and removes knowledge bases' files below ``knowledge_bases/``. Any thread."""

    def __init__(
        self,
        root: Path,
        *,
        backup_dir: Path,
        busy_timeout_seconds: float,
        read_only_ok: bool = False,
        floor_bytes: int = 0,
        owes_text: Callable[[str], bool] = lambda _kb_id: False,
        ledger: Path | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            floor_bytes: With less room on the disk nothing is written into them.
            owes_text: Whether a knowledge base, by its id, has text as the list of jobs knows it: then its file must be
                there. Asked only when it is not.
            ledger: The list of jobs. Where it is not there the data folder is not, even if its name is: an empty folder
                stands where a disk was mounted.
        """
        self._root = root
        self._backup_dir = backup_dir
        self._busy_timeout_seconds = busy_timeout_seconds
        self._read_only_ok = read_only_ok
        self._floor_bytes = floor_bytes
        self._owes_text = owes_text
        self._mark = ledger or root.parent
        self._stand_ins: list[tempfile.TemporaryDirectory[str]] = []
        self._lock = threading.Lock()
        self._open: dict[str, KnowledgeBaseStore] = {}
        self._shut: set[str] = set()

    def of(self, kb_id: str) -> KnowledgeBaseStore:
        """The store of a knowledge base, made when nothing was added to it yet. See ``ContentStores``."""
        with self._lock:
            if kb_id in self._shut:
                raise StoreBusy("The knowledge base is being repaired. Try again when that is done.")
            store = self._open.get(kb_id)
            if store is not None and is_read_only(store.engine) and may_write(store.path):
                del self._open[kb_id]
                store.engine.dispose()
                store = None
            if store is None:
                store = self._open[kb_id] = self._opened(kb_id)
            return store

    def _opened(self, kb_id: str) -> KnowledgeBaseStore:
        """Open a knowledge base's file; one that we may only read is read."""
        try:
            self.refuse_lost(kb_id)
            return KnowledgeBaseStore(
                kb_id,
                self._folder_of(kb_id),
                backup_dir=self._backup_dir / kb_id,
                busy_timeout_seconds=self._busy_timeout_seconds,
                read_only_ok=True,
                floor_bytes=self._floor_bytes,
            )
        except (OSError, StoreError) as error:
            if not isinstance(error, OSError) and type(error) not in (StoreError, StoreFaulty, StoreReadOnly):
                raise
            forbidden = self.forbidden(kb_id)
            if forbidden is not None:
                raise forbidden from error
            if isinstance(error, OSError):
                raise StoreFaulty(f"The knowledge base's file cannot be opened ({error}).") from error
            raise

    def forbidden(self, kb_id: str) -> StoreForbidden | None:
        """See ``ContentStores``."""
        if not os.path.exists(self._mark):
            return None
        why = why_forbidden(self._root / kb_id / "kb.db")
        return None if why is None else StoreForbidden(f"The knowledge base's file cannot be used. {why}")

    def refuse_lost(self, kb_id: str) -> None:
        """Raise for a knowledge base that has text and whose file is gone, or has no bytes any more: one that was made
        anew would tell nobody. One look at the disk, when all is well.

        Raises:
            StoreDamaged: It is lost.
            StoreForbidden: We may not look.
            StoreGone: So is the whole data folder.
            StoreBusy, StoreError: The list of jobs cannot be asked.
        """
        path = self._root / kb_id / "kb.db"
        if has_bytes(path):
            return
        self._refuse_gone()
        if not may_look(path):
            raise StoreForbidden(f"The knowledge base's file cannot be used. It may not be looked at: {path}.")
        finish_swap(path)
        # Looked at again at the end: another process may have made it, and ended its first job, since the first look.
        if not self._owes_text(kb_id) or has_bytes(path):
            return
        state = "is empty" if path.exists() else "is not there any more"
        state = "is a folder" if path.is_dir() else state
        raise StoreDamaged(f"The knowledge base's file {state}: {path}.")

    def lost(self, kb_ids: Iterable[str]) -> list[str]:
        """Those of these knowledge bases whose file is lost; see ``refuse_lost``."""
        found = []
        for kb_id in kb_ids:
            try:
                self.refuse_lost(kb_id)
            except StoreDamaged:
                found.append(kb_id)
            except (StoreForbidden, StoreGone):  # it may be there
                continue
        return found

    def _refuse_gone(self) -> None:
        if not os.path.exists(self._mark):
            raise StoreGone(f"The data folder {self._root.parent} is not there any more.")

    def _folder_of(self, kb_id: str) -> Path:
        """Its folder. A knowledge base that nothing was added to has none yet: where we may not write, an empty one
        elsewhere stands in for it."""
        folder = self._root / kb_id
        self._refuse_gone()
        if self._read_only_ok and not (folder / "kb.db").exists() and not may_write(folder / "kb.db"):
            self._stand_ins.append(tempfile.TemporaryDirectory(prefix="ingest-", ignore_cleanup_errors=True))
            return Path(self._stand_ins[-1].name)
        return folder

    def has(self, kb_id: str) -> bool:
        """Whether there is a file of this knowledge base."""
        return os.path.exists(self._root / kb_id / "kb.db")

    def seems_sound(self, kb_id: str) -> bool:
        """See ``ContentStores``."""
        from ingest_desktop.infrastructure.caretaking import first_look  # it knows this room

        self.refuse_lost(kb_id)
        return first_look(self._root / kb_id / "kb.db", threading.Event()) is None

    def opened(self) -> list[KnowledgeBaseStore]:
        """Those that are open."""
        with self._lock:
            return list(self._open.values())

    @contextmanager
    def kept_shut(self, kb_id: str) -> Iterator[None]:
        """Close a knowledge base's store and open it for nobody until the block ends: its file is about to be replaced.

        A query that is under way reads the old file to its end. Who asks for the store meanwhile gets ``StoreBusy``.
        """
        with self._lock:
            self._shut.add(kb_id)
        try:
            self.release(kb_id)
            yield
        finally:
            with self._lock:
                self._shut.discard(kb_id)

    def release(self, kb_id: str) -> None:
        """Close a knowledge base's store, if it is open; the next ``of`` opens it anew."""
        with self._lock:
            store = self._open.pop(kb_id, None)
        if store is not None:
            store.close()

    def drop(self, kb_id: str) -> None:
        """Close a knowledge base's store and remove its folder for good."""
        with self._lock:
            store = self._open.pop(kb_id, None)
        if store is not None:
            store.close()
        folder = self._root / kb_id
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise StoreError(f"The knowledge base's folder {folder} cannot be removed ({error}).") from error

    def bytes_used(self) -> int:
        """What all knowledge bases take on the disk."""
        total = 0
        for file in self._root.glob("*/*"):
            try:
                total += file.stat().st_size
            except OSError:  # a side file of SQLite that just went
                continue
        return total

    def close(self) -> None:
        """Close all."""
        with self._lock:
            stores, self._open = list(self._open.values()), {}
            stand_ins, self._stand_ins = self._stand_ins, []
        for store in stores:
            store.close()
        for folder in stand_ins:
            folder.cleanup()


def has_bytes(path: Path) -> bool:
    """Whether there is a file with something in it: one without is what a full disk or a kill leaves of its making."""
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
