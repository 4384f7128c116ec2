"""A round of some of what clocks and sleep do: the part of ``clock`` that is in the suite."""

from pathlib import Path

import pytest

from faults import clock
from faults.fault import Fault, draw_of

SEED = 3
IN_THE_SUITE = (
    "it jumps forward by a year while work is done",
    "it jumps between a kill and the next start",
    "it jumps while jobs wait to be tried again",
    "everything freezes for longer than a lease and goes on",
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.mark.parametrize("fault", [f for f in clock.FAULTS if f.name in IN_THE_SUITE], ids=lambda fault: fault.name)
def test_what_clocks_do_loses_nothing(fault: Fault, shared: Path, tmp_path: Path) -> None:
    fault.prepare(shared, SEED)
    work = tmp_path / "round"
    work.mkdir()
    verdict = fault.round(1, draw_of(SEED, fault, 1), work)
    assert verdict.holds, verdict
    assert verdict.hits
