"""A round of each sort of trouble with files: the part of ``files`` that is in the suite."""

from pathlib import Path

import pytest

from faults import files
from faults.fault import Fault, draw_of

SEED = 2
IN_THE_SUITE = (
    "all sorts of changes",
    "a file grows",
    "a file may not be read any more",
    "the drive is unplugged",
    "a reader hangs",
)


@pytest.mark.parametrize("fault", [f for f in files.FAULTS if f.name in IN_THE_SUITE], ids=lambda fault: fault.name)
def test_what_happens_to_files_mixes_nothing(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONG_CHARS", 400_000)
    fault.prepare(tmp_path / "shared", SEED)
    work = tmp_path / "round"
    work.mkdir()
    verdict = fault.round(1, draw_of(SEED, fault, 1), work)
    assert verdict.holds, verdict
    assert verdict.hits
