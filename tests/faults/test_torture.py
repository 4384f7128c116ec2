"""Fifty kills and a dozen losses of power: the part of the breaking machine that is in the suite."""

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults import kills, power, upgrades
from faults.fault import Fault, Verdict, draw_of
from faults.program import ENDED_WELL, Program, run_to_end, wait_until
from faults.recorder import Disk

SEED = 4
KILLS = 50
AT_ONCE = 2
INTERRUPTED = 130


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torture")


@pytest.fixture(scope="module")
def ground(work: Path) -> kills.Ground:
    return kills.ground_below(work / "kills", SEED)


Round = tuple[Fault, int]


def run_all(wanted: list[Round], work: Path) -> dict[str, Verdict]:
    """Rounds, two at once; each in a folder of its own."""
    for fault in dict.fromkeys(fault for fault, _ in wanted):
        fault.prepare(work, SEED)

    def one(place: int) -> Verdict:
        fault, number = wanted[place]
        folder = work / str(place)
        folder.mkdir(parents=True)
        return fault.round(number, draw_of(SEED, fault, number), folder)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(one, range(len(wanted))))
    return {f"{f.name}, round {n}": verdict for (f, n), verdict in zip(wanted, verdicts, strict=True)}


def test_fifty_kills_lose_nothing(work: Path, ground: kills.Ground) -> None:
    mixed, child, once, purge = (
        next(fault for fault in kills.FAULTS if fault.name.startswith(name))
        for name in ("at points of all sorts", "a reading process", "after a drop", "during purge, while")
    )
    wanted: list[Round] = [(mixed, number) for number in range(1, 9)]
    wanted += [(child, 1), (once, 1), (purge, 1), (upgrades.FAULTS[0], 1)]
    found = run_all(wanted, work / "kills")
    assert not {name: verdict for name, verdict in found.items() if not verdict.holds}
    assert sum(verdict.hits for verdict in found.values()) >= KILLS


def test_a_dozen_losses_of_power_lose_nothing_that_was_accepted(work: Path) -> None:
    found = run_all([(fault, number) for fault in power.FAULTS for number in range(1, 5)], work / "power")
    assert len(found) == 12
    assert not {name: verdict for name, verdict in found.items() if not verdict.holds}


def test_an_accepted_drop_survives_the_worst_loss_of_power(work: Path, tmp_path: Path) -> None:
    first = power.FAULTS[0]
    first.prepare(work / "power", SEED)
    root = tmp_path / "root"
    root.mkdir()
    disk = Disk(root)
    accepted = first.recording.ends[0]
    for step in first.recording.steps[:accepted]:
        disk.do(step, names_follow_files=False)
    disk.image(root, draw_of(SEED, first, 1), 0.0)
    verdict = Verdict()
    first.go_on(root / "data", 1, verdict)
    verdict.add(power.judge(root / "data", first.recording.calm))
    assert verdict.holds, verdict.wrong


def test_two_processes_share_the_work_and_do_nothing_twice(work: Path, ground: kills.Ground, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(ground.store, data)
    run_to_end(data, "add", str(ground.files))
    both = [Program.start(data, "run"), Program.start(data, "run")]
    assert all(program.finish() in ENDED_WELL for program in both)
    verdict = kills.judge(data, ground.calm)
    assert verdict.holds, verdict.wrong


def test_an_interrupt_keeps_what_is_done_and_the_rest_goes_on(work: Path, ground: kills.Ground, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(ground.store, data)
    program = Program.start(data, "add", "--wait", str(ground.files))
    assert wait_until(lambda: program.resumed_seconds() is not None, 60)
    program.process.send_signal(signal.SIGINT)
    assert program.finish() == INTERRUPTED
    run_to_end(data, "run")
    verdict = kills.judge(data, ground.calm)
    assert verdict.holds, verdict.wrong
