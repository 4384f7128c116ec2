"""Ledgers on real files, with a clock that tests turn, and knowledge bases on real files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from content_kit import OpenStore
from ledger_kit import Clock

from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.ledger import Ledger


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_ledger(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Ledger]]:
    opened: list[Ledger] = []

    def open_it(**changes: object) -> Ledger:
        changes = {"clock": clock, "ticks": clock.ticks, "busy_timeout_seconds": changes.pop("busy", 5.0), **changes}
        ledger = Ledger(tmp_path / "data", **changes)  # type: ignore[arg-type]
        opened.append(ledger)
        return ledger

    yield open_it
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger: Callable[..., Ledger]) -> Ledger:
    return open_ledger()


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OpenStore]:
    opened: list[KnowledgeBaseStore] = []

    def open_it(name: str = "library") -> KnowledgeBaseStore:
        store = KnowledgeBaseStore(name, tmp_path / name, backup_dir=tmp_path / "backups", busy_timeout_seconds=2)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> KnowledgeBaseStore:
    return open_store()
