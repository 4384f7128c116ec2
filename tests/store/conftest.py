"""Ledgers on real files, with a clock that tests turn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledger_kit import Clock

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
