"""A round of some of what disks do: the part of ``disk`` that is in the suite. Where nothing may be mounted or injected, less."""

from pathlib import Path

import pytest

from faults import disk
from faults.fault import Fault, draw_of

SEED = 11
IN_THE_SUITE = {  # the round of each: those in which not much time passes between two tries
    "it is full, and 2 MiB are to stay free": 1,
    "it turns read-only while work is done": 1,
    "errors while the list of jobs is written": 3,
    "errors while a knowledge base is read": 2,
    "a quota is used up": 1,
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk")


@pytest.mark.parametrize("fault", [f for f in disk.FAULTS if f.name in IN_THE_SUITE], ids=lambda fault: fault.name)
def test_what_disks_do_loses_nothing(fault: Fault, shared: Path, tmp_path: Path) -> None:
    fault.prepare(shared, SEED)
    number = IN_THE_SUITE[fault.name]
    verdict = fault.round(number, draw_of(SEED, fault, number), tmp_path / "round")
    assert verdict.holds, verdict
    assert verdict.hits
