"""Damage of the list of jobs that was found while it was open is told at the next start, until it is repaired."""

import threading
from pathlib import Path

import pytest
from application.kit import quick_settings, real_app

from damage.filled import break_rows, opened
from ingest_desktop.domain.errors import LedgerDamaged
from ingest_desktop.infrastructure.caretaking import Caretaker
from ingest_desktop.infrastructure.damage import MARK, mark_ledger
from ingest_desktop.repairing import repair

# An index whose rows are in another order than it says: it opens, and lies.
OTHER_ORDER = (
    "PRAGMA writable_schema = 1",
    "UPDATE sqlite_master SET sql = 'CREATE INDEX ix_revision ON ingest_jobs (byte_size, id, deleted_at)' WHERE name = 'ix_revision'",
)


def test_damage_found_while_it_is_open_keeps_it_shut_at_the_next_start(data: Path) -> None:
    break_rows(data, "ledger", OTHER_ORDER)
    ledger, contents = opened(data)
    caretaker, never = Caretaker(ledger, contents), threading.Event()
    assert caretaker.care(quick_settings(data), never) == []  # a quick look compares no index
    (damage,) = caretaker.care(quick_settings(data), never)
    assert damage.where == "ledger"
    contents.close()
    ledger.close()
    with pytest.raises(LedgerDamaged, match="missing from index"):
        real_app(data)
    assert repair(quick_settings(data)).left == ()
    real_app(data).close()
    assert not (data / MARK).exists()


def test_what_turns_out_to_be_sound_opens(data: Path) -> None:
    mark_ledger(data, "a page that the disk did not give for a moment")
    real_app(data).close()
    assert not (data / MARK).exists()
