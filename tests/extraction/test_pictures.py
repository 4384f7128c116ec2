"""Pictures beyond PNG and JPEG: GIF, WebP that moves, BMP in all its forms, JPEG 2000, PBM to PPM, and those that nobody reads."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from ingest_desktop.domain.errors import LeftOut, SourceMalformed, UnsupportedFormat
from ingest_desktop.extraction import detect, kinds
from ingest_desktop.extraction.readers.bmp import as_pnm
from ingest_desktop.extraction.readers.jpeg_2000 import as_pgm
from ingest_desktop.extraction.readers.picture_heads import head_of, jpeg_2000_size
from ingest_desktop.extraction.readers.webp import first_picture, moves
from ingest_desktop.extraction.registry import Registry

from .conftest import memory
from .picture_maker import J2K, JP2, WEBP, bmp, gif
from .recognition_kit import FakeTesseract, install, told

GREYS = b"".join(bytes((level, level, level, 0)) for level in (0, 100, 200, 255))


def greys(made: bytes | None) -> list[int]:
    """The greys of a PGM, or the red of a PPM."""
    assert made is not None
    head, _, dots = made.partition(b"\n255\n")
    assert head.split()[1:] == [b"3", b"2"]
    return list(dots[:: 3 if head.startswith(b"P6") else 1])


DOTS = {  # the same picture in each form; the lowest row first
    "1 bit": (bmp(1, [b"\x40", b"\xa0"], palette=GREYS[:4] + GREYS[12:]), [255, 0, 255, 0, 255, 0]),
    "4 bits": (bmp(4, [b"\x21\0", b"\x01\x20"], palette=GREYS), [0, 100, 200, 200, 100, 0]),
    "8 bits": (bmp(8, [b"\2\1\0", b"\0\1\2"], palette=GREYS), [0, 100, 200, 200, 100, 0]),
    "8 bits of OS/2": (
        bmp(8, [b"\2\1\0", b"\0\1\2"], size=12, palette=bytes((0, 0, 0, 100, 100, 100, 200, 200, 200))),
        [0, 100, 200, 200, 100, 0],
    ),
    "8 bits of OS/2 2": (bmp(8, [b"\2\1\0", b"\0\1\2"], size=64, palette=GREYS), [0, 100, 200, 200, 100, 0]),
    "top row first": (bmp(8, [b"\0\1\2", b"\2\1\0"], palette=GREYS, height=-2), [0, 100, 200, 200, 100, 0]),
    "16 bits": (bmp(16, [struct.pack("<3H", 0x7FFF, 0, 0), struct.pack("<3H", 0, 0, 0x7FFF)]), [0, 0, 255, 255, 0, 0]),
    "16 bits with masks": (
        bmp(
            16,
            [struct.pack("<3H", 0xFFFF, 0, 0), struct.pack("<3H", 0, 0, 0xFFFF)],
            packing=3,
            masks=struct.pack("<3I", 0xF800, 0x07E0, 0x001F),
        ),
        [0, 0, 255, 255, 0, 0],
    ),
    "24 bits": (bmp(24, [b"\1\2\xff" * 3, b"\0\0\1\0\0\2\0\0\3"]), [1, 2, 3, 255, 255, 255]),
    "32 bits": (bmp(32, [b"\1\2\xff\0" * 3, b"\0\0\1\0\0\0\2\0\0\0\3\0"], size=124), [1, 2, 3, 255, 255, 255]),
    "32 bits with masks": (
        bmp(
            32,
            [b"\0\xff\2\1" * 3, b"\0\1\0\0\0\2\0\0\0\3\0\0"],
            packing=3,
            masks=struct.pack("<3I", 0xFF00, 0xFF0000, 0xFF000000),
        ),
        [1, 2, 3, 255, 255, 255],
    ),
    "run lengths": (
        bmp(8, [b"\1\2\0\0", b"\0\3\0\1\2\0", b"\0\1"], packing=1, palette=GREYS, height=2),
        [0, 100, 200, 200, 0, 0],
    ),
    "run lengths of 4 bits": (
        bmp(4, [b"\3\x21\0\0", b"\0\3\x01\x20\0\1"], packing=2, palette=GREYS, height=2),
        [0, 100, 200, 200, 100, 200],
    ),
    "cut off": (bmp(8, [b"\2\1\0", b"\0\1\2"], palette=GREYS)[:-6], [0, 0, 0, 200, 100, 0]),
}


@pytest.mark.parametrize("name", DOTS)
def test_every_form_of_bmp_gives_its_dots(name: str) -> None:
    data, wanted = DOTS[name]
    assert greys(as_pnm(data)) == wanted
    assert detect.kind_of(memory(data, "a")) == kinds.IMAGE


def test_a_png_in_a_bmp_is_unwrapped() -> None:
    data = bmp(0, [b"\x89PNG\r\n\x1a\n...."], packing=5, height=2)
    assert as_pnm(data) == b"\x89PNG\r\n\x1a\n...."


@pytest.mark.parametrize("size", [(3, 0x02000002), (40_000, 2), (3, -40_000)])
def test_a_bmp_with_more_rows_than_tesseract_takes_is_left_to_it(size: tuple[int, int]) -> None:
    assert as_pnm(bmp(4, [b"\3\x21\0\0"], width=size[0], height=size[1])) is None


@given(st.data())
def test_any_damage_to_a_bmp_ends(data: st.DataObject) -> None:
    whole = bytearray(DOTS[data.draw(st.sampled_from(sorted(DOTS)))][0])
    for place in data.draw(st.lists(st.integers(26, len(whole) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    made = as_pnm(bytes(whole[: data.draw(st.integers(26, len(whole)))]))
    assert made is None or made[:1] in (b"P", b"\x89", b"\0") or whole[30] in (4, 5)


@pytest.mark.parametrize("data", [J2K, JP2], ids=["codestream", "file"])
def test_jpeg_2000_is_drawn(data: bytes) -> None:
    assert jpeg_2000_size(data) == (32, 16)
    assert detect.kind_of(memory(data, "a.dat")) == kinds.IMAGE
    made = as_pgm(data, 32, 16)
    assert made is not None and made.startswith(b"P5\n32 16\n255\n")
    rows = made.partition(b"\n255\n")[2]
    assert max(rows[5 * 32 : 5 * 32 + 12]) < 60 and min(rows[5 * 32 + 20 : 6 * 32]) > 200


HEADS = [
    (gif(1), "image/gif", 15, False),
    (gif(2), "image/gif", 15, True),
    (gif(3, table=False), "image/gif", 15, True),
    (gif(2)[:30], "image/gif", 15, False),
    (DOTS["8 bits"][0], "image/bmp", 6, False),
    (DOTS["8 bits of OS/2"][0], "image/bmp", 6, False),
    (DOTS["top row first"][0], "image/bmp", 6, False),
    (b"P6\n# made by hand\n5 3\n255\n" + bytes(45), "image/x-portable-anymap", 15, False),
    (b"P4 5\n3\n" + bytes(3), "image/x-portable-anymap", 15, False),
    (JP2, "image/jp2", 512, False),
    (J2K, "image/jp2", 512, False),
    (WEBP, "image/webp", 1200, True),
    (WEBP[:106], "image/webp", 1200, False),
]


@pytest.mark.parametrize(("data", "media_type", "pixels", "moves"), HEADS)
def test_the_head_tells_size_and_kind(data: bytes, media_type: str, pixels: int, moves: bool) -> None:
    head = head_of(memory(data).open())
    assert (head.media_type, [frame.pixels for frame in head.frames], head.moves) == (media_type, [pixels], moves)
    assert detect.kind_of(memory(data, "a.dat")) == kinds.IMAGE


@pytest.mark.parametrize("data", [b"GIF89a\0\0\0\0", b"GIF89a", b"P6 no size", b"BM" + bytes(40), JP2[:40]])
def test_a_head_that_tells_no_size_is_damage(data: bytes) -> None:
    with pytest.raises(SourceMalformed):
        head_of(memory(data).open())


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"P1\n2 2\n1 0\n0 1\n", "a.pbm", kinds.IMAGE),
        (b"P1\n2 2\n1 0\n0 1\n", "a.txt", kinds.TEXT),
        (b"P5 is a mark, and 5 3 are numbers\n", "a.txt", kinds.TEXT),
        (b"P3\n2 2\n", "notes", kinds.TEXT),
        (b"BM is short for something", "a.txt", kinds.TEXT),
        (b"GIF89a\5\0\3\0\0\0\0", "a.pdf", kinds.IMAGE),
    ],
)
def test_a_mark_that_is_short_needs_more_to_be_believed(data: bytes, name: str, kind: str) -> None:
    assert detect.kind_of(memory(data, name)) == kind


def test_a_gif_that_moves_is_read_by_its_first_picture_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: FakeTesseract = install(tmp_path / "bin", monkeypatch)
    fake.answers("sure 96 heron words")
    found = told(memory(gif(3), "a.gif"))
    assert found.text == "heron words\n" and found.counts == (1, 1, 1)
    assert found.plan.warnings == ("Its first picture was read; those that follow, as it moves, were not.",)
    assert told(memory(gif(1), "a.gif")).plan.warnings == ()
    told(memory(DOTS["8 bits"][0], "a.bmp"))
    told(memory(JP2, "a.jp2"))
    assert [bytes.fromhex(asked["head"])[:2] for asked in fake.asked[-2:]] == [b"P5", b"P5"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"8BPS\0\1" + bytes(40), "a.psd"),
        (b"\0\0\0\x20ftypheic" + bytes(40), "a.jpg"),
        (b"\0\0\0\x20ftypavif" + bytes(40), "a.png"),
        (b"gimp xcf v011\0" + bytes(40), "a"),
        (b"II\xbc\1" + bytes(40), "a.jxr"),
    ],
)
def test_a_picture_that_nobody_reads_is_left_out(data: bytes, name: str) -> None:
    with pytest.raises(LeftOut, match="a picture of a kind that nobody reads here") as caught:
        Registry([]).choose(memory(data, name))
    assert caught.value.reason == "picture"


def test_a_drawing_is_a_document_that_nobody_reads() -> None:
    with pytest.raises(UnsupportedFormat, match="are not supported") as caught:
        Registry([]).choose(memory(b"AC1027" + bytes(90), "plan.dwg"))
    assert not isinstance(caught.value, LeftOut)


# WebP that moves --------------------------------------------------------------------------------


def test_a_webp_that_moves_is_read_by_its_first_picture_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: FakeTesseract = install(tmp_path / "bin", monkeypatch)
    fake.answers("sure 96 heron words")
    found = told(memory(WEBP, "a.webp"))
    assert found.text == "heron words\n" and found.counts == (1, 1, 1)
    assert found.plan.warnings == ("Its first picture was read; those that follow, as it moves, were not.",)
    first = first_picture(WEBP)
    assert first is not None
    assert fake.asked[0]["bytes"] == len(first) and fake.asked[0]["head"] == first[:24].hex()
    told(memory(first, "b.webp"))
    assert fake.asked[1]["bytes"] == len(first)  # one that stands still is handed on as it is
    assert told(memory(WEBP[:106], "c.webp")).plan.warnings == ()


def test_the_first_picture_of_a_webp_is_a_file_that_others_open() -> None:
    picture = QImage.fromData(first_picture(WEBP) or b"")
    assert (picture.width(), picture.height()) == (40, 30)
    assert [picture.pixelColor(across, 5).name() for across in (5, 35)] == ["#00c800", "#ff0000"]


def test_a_picture_that_is_larger_than_its_webp_says_is_not_unpacked() -> None:
    assert first_picture(WEBP[:24] + b"\x26" + WEBP[25:]) is None
    assert first_picture(WEBP[:27] + b"\x1c" + WEBP[28:]) is None
    small = bytearray(WEBP)
    small[small.index(b"ANMF") + 14] = 9  # the picture itself is larger than its frame
    assert QImage.fromData(first_picture(bytes(small)) or b"").isNull()


@given(data=st.data())
def test_any_damage_to_a_webp_ends(data: st.DataObject) -> None:
    damaged = bytearray(WEBP)
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(12, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(21, len(damaged)))])
    assert moves(io.BytesIO(cut), cut[:32]) in (True, False)
    first = first_picture(cut)
    assert first is None or first.startswith(b"RIFF")
