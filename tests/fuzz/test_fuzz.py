"""Broken files end in text or in one of our errors: some hundred of them here, thousands by ``make fuzz``."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_desktop.domain.wire import ExtractOptions, LookItem
from ingest_desktop.extraction import ocr, registry, system_archives
from ingest_desktop.extraction.look import look
from ingest_desktop.extraction.readers.text import TextReader
from tests.fuzz import run, seeds, stand_ins, worker
from tests.fuzz.regressions import REGRESSIONS, Regression
from tests.fuzz.trials import Host, Trial, plan

COUNT = 500
OPTIONS = ExtractOptions(ocr=False)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.close()


def test_mutated_files_of_every_reader_end_in_text_or_in_one_of_our_errors(host: Host) -> None:
    trials = list(plan(0, COUNT, stored=False))
    assert len(trials) == COUNT
    found = [host.one(trial) for trial in trials]
    assert [f"{finding.trial}: {finding.kind}: {finding.cause}\n{finding.detail}" for finding in found if finding] == []
    assert host.peak_bytes < 1024**3


@pytest.mark.parametrize("regression", REGRESSIONS, ids=lambda regression: regression.name)
def test_what_was_found_is_mended(regression: Regression, host: Host, tmp_path: Path) -> None:
    path = tmp_path / regression.name
    path.write_bytes(regression.make())
    finding = host.one(Trial(str(path), 1))
    assert finding is None, f"{finding.cause}: {finding.detail}"
    stand_ins.take_their_places()
    result = look(LookItem(1, str(path)), ExtractOptions(), registry.Registry([]), lambda *_: None).result
    assert result is not None
    assert any(regression.words in row.text for row in result.chunks)


@pytest.fixture(autouse=True)
def _programs_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in for the programs does so in its whole process, which is that of other tests here."""
    for module, name, _ in stand_ins.PLACES:
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(ocr, "_known", {})


def test_seeds_are_good_files_of_every_reader(tmp_path: Path) -> None:
    trier = worker.Trier(str(tmp_path), programs=False, slow_seconds=8)
    readers = set()
    for name, data in seeds.made().items():
        assert trier.judge(name, data) is None
        path = tmp_path / Path(name).name
        path.write_bytes(data)
        if not name.startswith(("locked.", "hurt.", "cut.")) and (
            system_archives.is_there() or not name.startswith("sealed.")
        ):
            seen = look(LookItem(1, str(path)), OPTIONS, registry.Registry([]), lambda *_: None)
            readers.add(seen.plan.reader)
    assert readers == set(registry._BUILT_IN) - {"locked"} - (set() if system_archives.is_there() else {"sealed"})


def test_the_same_number_makes_the_same_file() -> None:
    names = ["plain.txt", "tiny.docx", "files.tar.gz", "mixed.zip", "tiny.png"]
    made = [worker.made(name, number) for name in names for number in range(1, 9)]
    assert made == [worker.made(name, number) for name in names for number in range(1, 9)]
    assert len(set(made)) > 30
    assert [worker.made(name, 0) for name in names] == [seeds.everything()[name] for name in names]


def test_faults_are_seen_and_told_with_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trier = worker.Trier(str(tmp_path), programs=False, slow_seconds=8)

    def broken(*_: object) -> None:
        raise KeyError("x")

    with monkeypatch.context() as patch:
        patch.setattr(TextReader, "plan", broken)
        verdict = trier.judge("a.txt", b"some text")
    assert verdict is not None
    assert (verdict.kind, verdict.cause) == ("exception", "KeyError in look.py:look")
    assert "KeyError: 'x'" in verdict.detail
    assert trier.judge("a.txt", b"some text") is None
    slow = worker.Trier(str(tmp_path), programs=False, slow_seconds=-1).judge("a.txt", b"some text")
    assert slow is not None
    assert slow.kind == "slow"


def test_a_file_that_hangs_its_process_is_named_and_the_next_one_tried(tmp_path: Path) -> None:
    good = tmp_path / "a.txt"
    good.write_text("some text")
    host = Host(wall_seconds=60)
    assert host.one(Trial(str(good), 1)) is None
    assert host._process is not None
    host._process.send_signal(signal.SIGSTOP)
    host.wall_seconds = 0.1
    hung = host.one(Trial(str(good), 2))
    host.wall_seconds = 60
    assert hung is not None
    assert (hung.kind, hung.trial.number) == ("hang", 2)
    assert host.one(Trial(str(good), 3)) is None
    os.kill(host._process.pid, signal.SIGKILL)
    host._process.wait()
    died = host.one(Trial(str(good), 4))
    assert died is not None
    assert (died.kind, died.cause) == ("crash", "exit code -9")
    host.close()


def test_one_file_can_be_tried_again_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.one("letter.rtf#3", tmp_path / "kept.rtf", programs=False) == 0
    assert "as it should be" in capsys.readouterr().out
    assert (tmp_path / "kept.rtf").read_bytes() == worker.made("letter.rtf", 3)
