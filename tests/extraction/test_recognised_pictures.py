"""Pictures and scans: what is recognised in them, how they are turned, what their heads tell, and what is said where it fails."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.errors import IngestError, LimitExceeded, SourceMalformed
from ingest_desktop.domain.interfaces.extraction import SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction import ocr
from ingest_desktop.extraction.readers.picture_heads import alone, head_of
from ingest_desktop.extraction.readers.upright import upright

from .conftest import memory
from .recognition_kit import LIMITS, FakeTesseract, install, jpeg, photo, png, recogniser, remove, tiff, told

OPTIONS = ExtractOptions()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTesseract:
    return install(tmp_path / "bin", monkeypatch)


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
