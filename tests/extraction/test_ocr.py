"""Recognising text with a program that takes the place of tesseract: how it is found, asked, fenced and ended."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_desktop.domain.errors import ReaderCrashed
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import ocr
from ingest_desktop.extraction.host import ChildProcess
from ingest_desktop.extraction.ocr import NotRecognised

from .conftest import read
from .recognition_kit import LIMITS, FakeTesseract, install, png, recogniser, remove

OPTIONS = ExtractOptions()
BOTH = ["-c", "tessedit_create_tsv=1", "-c", "tessedit_create_txt=1"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTesseract:
    return install(tmp_path / "bin", monkeypatch)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked after yet counts as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False
    return state == "Z"


def wait_for(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_gets_the_picture_by_its_input_and_runs_on_one_thread(fake: FakeTesseract) -> None:
    found = recogniser().recognise(b"P5 a picture", seconds=20, dpi=300)
    assert found.text == "Words in a picture\n"
    (asked,) = fake.asked
    assert asked["argv"] == ["stdin", "stdout", "-l", "eng", "--psm", "3", *BOTH, "--dpi", "300"]
    assert bytes.fromhex(asked["head"]) == b"P5 a picture"
    assert asked["OMP_THREAD_LIMIT"] == "1"


def test_a_picture_that_does_not_stand_upright_is_turned_when_it_can_be(fake: FakeTesseract) -> None:
    recogniser().recognise(b"x", seconds=20, turned=True)
    fake.speaks("eng")
    recogniser().recognise(b"x", seconds=20, turned=True)
    assert [asked["argv"][5] for asked in fake.asked] == ["1", "3"]


@pytest.mark.parametrize(
    ("installed", "wanted", "used", "missing"),
    [
        (("eng", "deu", "osd"), "eng+deu", "eng+deu", ()),
        (("eng", "deu", "osd"), "deu+eng+deu", "deu+eng", ()),
        (("eng", "osd"), "deu+eng", "eng", ("deu",)),
        (("eng", "fra"), "deu", "eng", ("deu",)),
        (("equ", "fra", "osd"), "deu", "fra", ("deu",)),
    ],
)
def test_languages_that_are_missing_are_left_out(
    fake: FakeTesseract, installed: tuple[str, ...], wanted: str, used: str, missing: tuple[str, ...]
) -> None:
    fake.speaks(*installed)
    found = recogniser(ExtractOptions(ocr_languages=wanted))
    assert (found.languages, found.missing, found.shape) == (used, missing, f"ocr={used} {LIMITS}")


def test_without_any_language_it_is_of_no_use(fake: FakeTesseract) -> None:
    fake.speaks("osd")
    assert ocr.recogniser(OPTIONS) is None


def test_it_is_asked_for_its_languages_once_until_there_are_others(fake: FakeTesseract) -> None:
    assert recogniser().languages == recogniser().languages == "eng"
    assert (fake.folder / "listed").read_text() == "x"
    fake.speaks("fra")
    assert recogniser().languages == "fra"
    assert (fake.folder / "listed").read_text() == "xx"


def test_it_is_found_as_soon_as_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove(tmp_path / "empty", monkeypatch)
    assert ocr.recogniser(OPTIONS) is None
    install(tmp_path / "bin", monkeypatch)
    assert recogniser().languages == "eng"
    assert ocr.recogniser(ExtractOptions(ocr=False)) is None


def test_the_current_folder_is_never_searched(fake: FakeTesseract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_usual_places", list)
    monkeypatch.chdir(fake.folder)
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".")))
    assert ocr.find_program() is None


def test_one_that_takes_too_long_is_ended_with_all_it_started(fake: FakeTesseract) -> None:
    fake.answers("hang")
    found = recogniser()
    with pytest.raises(NotRecognised, match=r"longer than 1 seconds \(INGESTION_OCR_PAGE_SECONDS\)"):
        found.recognise(b"x", seconds=1.0)
    pids = json.loads((fake.folder / "pids").read_text())
    wait_for(lambda: all(gone(pid) for pid in pids))


def test_it_gives_signs_of_life_while_it_works(fake: FakeTesseract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_BEAT_SECONDS", 0.02)
    beats: list[float] = []
    found = recogniser().recognise(b"x" * 1_000_000, seconds=20, beat=lambda: beats.append(time.monotonic()))
    assert found.text == "Words in a picture\n"
    assert fake.asked[0]["bytes"] == 1_000_000
    fake.answers("hang")
    beats.clear()
    with pytest.raises(NotRecognised):
        recogniser().recognise(b"x", seconds=1.0, beat=lambda: beats.append(time.monotonic()))
    assert len(beats) > 3


def in_a_child(path: Path, memory_bytes: int = 1024**3) -> str:
    process = ChildProcess(wall_seconds=60, cpu_seconds=30, memory_bytes=memory_bytes)
    try:
        return read(process, path).text
    finally:
        process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the fences are those of Linux")
def test_it_runs_behind_the_fences_of_the_process_that_reads(fake: FakeTesseract, tmp_path: Path) -> None:
    fake.answers("tell")
    path = tmp_path / "a.png"
    path.write_bytes(png())
    text = in_a_child(path)
    assert "network closed core 0" in text
    assert f"memory {1024**3} cpu 62" in text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends with its own limit")
def test_it_does_not_outlive_the_process_that_reads(fake: FakeTesseract, tmp_path: Path) -> None:
    fake.answers("hang")
    path = tmp_path / "a.png"
    path.write_bytes(png())
    process = ChildProcess(wall_seconds=60, cpu_seconds=30)
    ends: list[type[BaseException]] = []

    def reads() -> None:
        try:
            read(process, path)
        except ReaderCrashed as error:
            ends.append(type(error))

    reading = threading.Thread(target=reads)
    reading.start()
    wait_for((fake.folder / "pids").exists)
    program, helper = json.loads((fake.folder / "pids").read_text())
    process.kill()
    reading.join(20)
    try:
        wait_for(lambda: gone(program))
    finally:
        os.kill(helper, signal.SIGKILL)  # a helper of the stand-in; tesseract starts none
    assert ends == [ReaderCrashed]


@pytest.mark.parametrize(("answer", "why"), [("fail", r"no pix returned\)\.$"), ("die", "broke off")])
def test_one_that_fails_says_why(fake: FakeTesseract, answer: str, why: str) -> None:
    fake.answers(answer)
    with pytest.raises(NotRecognised, match=why):
        recogniser().recognise(b"x", seconds=20)


def test_a_program_that_cannot_be_started_is_no_crash(fake: FakeTesseract) -> None:
    found = recogniser()
    (fake.folder / ocr.PROGRAM).write_bytes(b"\x7fELF no program")
    with pytest.raises(NotRecognised):
        found.recognise(b"x", seconds=20)


def test_specks_are_no_text(fake: FakeTesseract) -> None:
    fake.answers("| ~ .\n\n—  a\n", "a line  \n\n\n\nanother\x0c")
    assert recogniser().recognise(b"x", seconds=20).text == ""
    assert recogniser().recognise(b"x", seconds=20).text == "a line\n\nanother\n"
