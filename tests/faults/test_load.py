"""Small rounds of each sort of load: the part of ``load`` that is in the suite. Twenty processes: ``tests/cli/test_crowd.py``."""

from pathlib import Path

import pytest

from faults import load
from faults.fault import Fault, draw_of

SEED = 3


@pytest.fixture
def smaller(monkeypatch: pytest.MonkeyPatch) -> tuple[Fault, ...]:
    for name, value in {"files": 2, "file_chars": 400_000, "segment_bytes": 100_000}.items():
        monkeypatch.setattr(load.SlowConsumer, name, value)
    monkeypatch.setattr(load, "FEW", 50)
    return load.SlowConsumer(), load.ManyJobs(200, most_rounds=1)


@pytest.mark.parametrize("place", range(2), ids=("a slow consumer", "many jobs"))
def test_load_loses_nothing_and_needs_no_memory(smaller: tuple[Fault, ...], place: int, tmp_path: Path) -> None:
    fault = smaller[place]
    fault.prepare(tmp_path, SEED)
    work = tmp_path / "round"
    work.mkdir()
    verdict = fault.round(1, draw_of(SEED, fault, 1), work)
    assert verdict.holds, verdict
