"""Some rounds of what others do to a store that is worked on; many by hand (``make torture ONLY=store``)."""

from pathlib import Path

import pytest

from faults import meddling
from faults.fault import Fault, draw_of

PICKED = [fault for fault in meddling.FAULTS if isinstance(fault, (meddling.TornLog, meddling.Vanished))]


@pytest.mark.parametrize("fault", PICKED, ids=lambda fault: fault.name)
def test_a_store_that_others_meddle_with_loses_nothing(
    fault: Fault, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fault.prepare(tmp_path_factory.getbasetemp(), 1)
    verdict = fault.round(1, draw_of(1, fault, 1), tmp_path)
    assert verdict.holds, (verdict.wrong, verdict.notes)


def test_a_log_is_cut_spoiled_or_holed_behind_its_head(tmp_path: Path) -> None:
    log = tmp_path / "x-wal"
    whole = bytes([7]) * (3 * meddling.FRAME_BYTES)
    seen = set()
    for number in range(40):
        log.write_bytes(whole)
        what = meddling.tear(log, draw_of(number, PICKED[0], 1))
        assert what is not None and log.read_bytes() != whole
        assert log.read_bytes()[:32] == whole[:32]
        seen.add(what.split()[0])
    assert seen == {"cut", "noise", "hole"}
    log.write_bytes(bytes(40))
    assert meddling.tear(log, draw_of(1, PICKED[0], 1)) is None
