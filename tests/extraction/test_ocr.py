"""Recognising text in pictures, with a program that takes the place of tesseract, and without any."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, LimitExceeded, ReaderCrashed, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import ocr
from ingest_desktop.extraction.host import ChildProcess
from ingest_desktop.extraction.ocr import NotRecognised
from ingest_desktop.extraction.readers.picture_heads import alone, head_of
from ingest_desktop.extraction.readers.upright import upright

from .conftest import memory, read
from .recognition_kit import LIMITS, FakeTesseract, install, jpeg, photo, png, remove, tiff, told

OPTIONS = ExtractOptions()
BOTH = ["-c", "tessedit_create_tsv=1", "-c", "tessedit_create_txt=1"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTesseract:
    return install(tmp_path / "bin", monkeypatch)


def recogniser(options: ExtractOptions = OPTIONS) -> ocr.Recogniser:
    found = ocr.recogniser(options)
    assert found is not None
    return found


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


# the program ----------------------------------------------------------------------------------


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


# pictures -------------------------------------------------------------------------------------


def test_a_picture_gives_its_text(fake: FakeTesseract) -> None:
    found = told(memory(png(), "a.png"))
    assert (found.text, found.counts, found.plan.shape) == ("Words in a picture\n", (1, 1, 1), f"ocr=eng {LIMITS}")
    assert [block.page for block in found.blocks] == [None]
    assert found.plan.media_type == "image/png"
    assert bytes.fromhex(fake.asked[0]["head"]) == png()[:24]


def test_a_picture_without_the_program_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove(tmp_path / "empty", monkeypatch)
    found = told(memory(png(), "a.png"))
    assert (found.text, found.counts, found.plan.shape) == ("", (1, 0, 0), "")
    assert "install tesseract" in found.warnings[0]
    assert found.warnings[0].endswith(", then retry.")


def test_a_picture_with_the_program_switched_off_says_so(fake: FakeTesseract) -> None:
    found = told(memory(png(), "a.png"), ExtractOptions(ocr=False))
    assert (found.counts, fake.asked) == ((1, 0, 0), [])
    assert "(INGESTION_OCR)" in found.warnings[0]


def test_a_language_that_is_missing_is_said(fake: FakeTesseract) -> None:
    found = told(memory(png(), "a.png"), ExtractOptions(ocr_languages="deu+eng"))
    assert found.plan.shape == f"ocr=eng {LIMITS}"
    assert found.warnings == ["tesseract has no data for the language deu; it read with eng."]


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_picture_of_a_tiff_file_is_read_alone(fake: FakeTesseract, order: str) -> None:
    fake.answers(*(f"page number {number}" for number in range(1, 7)))
    data = tiff(*((4 + n, 5) for n in range(6)), order=order, previews=True)
    found = told(memory(data, "a.tif"))
    assert [segment.start for segment in found.plan.segments] == [1, 5]
    assert found.counts == (6, 6, 6)
    assert [(block.page, block.text) for block in found.blocks] == [(n, f"page number {n}\n") for n in range(1, 7)]
    assert {asked["bytes"] for asked in fake.asked} == {len(data)}
    assert len({asked["head"] for asked in fake.asked}) == 6  # each begins with a place of its own


def test_a_picture_of_a_tiff_file_that_fails_is_named_and_the_others_are_kept(fake: FakeTesseract) -> None:
    fake.answers("first one", "fail", "third one")
    found = told(memory(tiff((4, 4), (4, 4), (4, 4)), "a.tif"))
    assert found.counts == (3, 2, 2)
    assert [page for page, _ in found.failed] == [2]
    assert "no pix returned" in found.failed[0][1]


def test_a_huge_picture_is_refused_by_its_head(fake: FakeTesseract) -> None:
    with pytest.raises(LimitExceeded, match="INGESTION_OCR_MAX_PIXELS"):
        told(memory(png(60_000, 60_000), "a.png"))
    found = told(memory(tiff((4, 4), (2, 3)), "a.tif"), ExtractOptions(ocr_max_pixels=10))
    assert [page for page, _ in found.failed] == [1]
    assert len(fake.asked) == 1


def test_a_picture_that_fails_is_damaged_or_over_its_time(fake: FakeTesseract) -> None:
    fake.answers("fail", "hang")
    with pytest.raises(SourceMalformed):
        told(memory(png(), "a.png"))
    with pytest.raises(LimitExceeded, match="INGESTION_OCR_PAGE_SECONDS"):
        told(memory(png(), "a.png"), ExtractOptions(ocr_page_seconds=1.0))


def test_pictures_beyond_the_limit_are_left_out_and_it_is_said(fake: FakeTesseract) -> None:
    found = told(memory(tiff(*[(4, 4)] * 7), "a.tif"), ExtractOptions(ocr_max_pages=2))
    assert found.counts == (7, 2, 2)
    why = "Pictures after page 2 are not recognised (INGESTION_OCR_MAX_PAGES)."
    assert found.failed == [(page, why) for page in range(3, 8)]
    assert found.warnings == []


def test_what_was_planned_with_the_program_says_when_it_is_gone(
    fake: FakeTesseract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages = recogniser().shape
    remove(tmp_path / "empty", monkeypatch)
    assert ocr.planned(languages, OPTIONS) is None


def test_a_page_that_lies_on_its_side_without_a_mark_is_turned(fake: FakeTesseract) -> None:
    fake.answers("sure 38.2 Bulpue ysyeiqez", "sure 96.3 zebrafish ending")
    found = told(memory(png(), "a.png"))
    assert (found.text, found.warnings, found.failed) == ("zebrafish ending\n", [], [])
    assert [asked["argv"][5] for asked in fake.asked] == ["3", "1"]


@pytest.mark.parametrize(
    ("answers", "text", "asked", "said"),
    [
        (("sure 96 upright words",), "upright words\n", 1, []),
        (("sure 70 faint words", "sure 60 stniaf sdrow"), "faint words\n", 2, []),
        (("sure 70 faint words", "sure 99 sdr"), "faint words\n", 2, []),
        (("sure 70 faint words", "fail"), "faint words\n", 2, []),
        (("sure 40 Bulpue", "sure 50 ysyei"), "ysyei\n", 2, ["Page 1 was poorly recognised: its text may be wrong."]),
        (("sure 20 leaves of a tree",), "", 2, ["Page 1: what was recognised makes no sense and was left out."]),
    ],
)
def test_of_two_tries_the_better_is_kept_and_a_poor_one_is_said(
    fake: FakeTesseract, answers: tuple[str, ...], text: str, asked: int, said: list[str]
) -> None:
    fake.answers(*answers)
    found = told(memory(png(), "a.png"))
    assert (found.text, len(fake.asked), found.warnings, found.failed) == (text, asked, said, [])
    assert found.counts == (1, int(bool(text)), int(bool(text)))


def test_without_data_on_how_a_page_lies_there_is_no_second_try(fake: FakeTesseract) -> None:
    fake.speaks("eng")
    fake.answers("sure 40 Bulpue")
    assert told(memory(png(), "a.png")).text == "Bulpue\n"
    assert len(fake.asked) == 1


def test_a_second_try_has_the_time_that_is_left(fake: FakeTesseract) -> None:
    fake.answers("sure 40 Bulpue", "hang")
    found = told(memory(png(), "a.png"), ExtractOptions(ocr_page_seconds=2.5))
    assert (found.text, found.failed) == ("Bulpue\n", [])
    assert found.notes[0].recognising_seconds < 5


def test_where_the_table_of_words_stands_is_no_matter() -> None:
    row = "\t".join(["5", *["1"] * 9, "80.5", "word"])
    head = "level\tpage_num\tand more"
    assert ocr._apart(f"{head}\r\n{row}\r\na word\r\n") == ("a word\n", 80.5)
    assert ocr._apart(f"a word\n\f\n{head}\n{row}\n") == ("a word\n\f\n", 80.5)
    assert ocr._apart("a word\n") == ("a word\n", None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_camera_noted_it(fake: FakeTesseract, orientation: int) -> None:
    stored = photo(orientation)
    frame = head_of(memory(stored).open()).frames[0]
    assert frame.orientation == orientation
    made = upright(stored, frame.orientation)
    if made is None:
        assert orientation == 1
        return
    head, _, rows = made.partition(b"\n255\n")
    across, down = (int(side) for side in head.split()[1:])
    assert (across, down) == (120, 80)
    corners = [rows[10 * across + 10], rows[11 * across - 10], rows[70 * across + 10]]
    assert [level > 128 for level in corners] == [False, True, True]  # dark in the upper left only
    told(memory(stored, "a.jpg"))
    assert bytes.fromhex(fake.asked[0]["head"]).startswith(b"P5\n120 80\n")


# heads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "pixels"),
    [
        (png(7, 9), [63]),
        (jpeg(640, 480), [307_200]),
        (b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a\x10\x00\x08\x00" + bytes(9), [128]),
        (b"RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x0f\xc0\x01\x00" + bytes(9), [16 * 8]),
        (b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\x0f\x00\xff\x07\x00" + bytes(9), [4096 * 2048]),
        (tiff((3, 4), (5, 6)), [12, 30]),
        (tiff((3, 4), (5, 6), order=">"), [12, 30]),
    ],
)
def test_the_head_tells_how_large_a_picture_is(data: bytes, pixels: list[int]) -> None:
    assert [frame.pixels for frame in head_of(memory(data).open()).frames] == pixels


def test_a_loop_of_pictures_ends() -> None:
    data = bytearray(tiff((3, 4)))
    data[8 + 2 + 12 * 9 : 8 + 2 + 12 * 9 + 4] = (8).to_bytes(4, "little")
    assert len(head_of(memory(bytes(data)).open()).frames) == 1


def test_a_tiff_file_that_is_cut_off_keeps_its_first_pictures() -> None:
    whole = tiff((3, 4), (5, 6), (7, 8))
    assert len(head_of(memory(whole[: len(whole) - 100]).open()).frames) == 2


@given(st.data())
def test_a_damaged_head_ends_in_an_error_of_ours(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([png(), jpeg(40, 30, 6), tiff((3, 4), (5, 6)), tiff((3, 4), order=">")]))
    broken = bytearray(whole[: data.draw(st.integers(4, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        broken[data.draw(st.integers(4, len(broken) - 1)) if len(broken) > 4 else 0] = data.draw(st.integers(0, 255))
    source: SourceFile = memory(bytes(broken))
    try:
        head = head_of(source.open())
    except IngestError:
        return
    for frame in head.frames:
        assert frame.pixels > 0
        if frame.offset >= 8:
            assert len(alone(bytes(broken), frame)) >= len(broken)
