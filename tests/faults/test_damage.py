"""A round of each damage in the suite; many by hand (``make torture ONLY=store``)."""

from pathlib import Path

import pytest

from faults import damage
from faults.fault import Fault, draw_of


@pytest.mark.parametrize("fault", damage.FAULTS, ids=lambda fault: fault.name)
def test_a_damaged_store_is_as_before_after_a_repair(
    fault: Fault, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = tmp_path_factory.getbasetemp() / "damaged-store"
    shared.mkdir(exist_ok=True)
    fault.prepare(shared, 1)
    verdict = fault.round(1, draw_of(1, fault, 1), tmp_path)
    assert verdict.holds, (verdict.wrong, verdict.notes)
