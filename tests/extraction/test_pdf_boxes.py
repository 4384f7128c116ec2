"""PDF: where on its page a chunk stands. Helvetica of 10 points: a capital is about 7 points high."""

import io
import json
import zipfile

import pytest

from ingest_desktop.domain.interfaces.extraction import Box, SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ChunkRow, ExtractOptions
from ingest_desktop.extraction import nested
from ingest_desktop.extraction.chunker import chunk_blocks
from ingest_desktop.extraction.registry import Registry
from ingest_desktop.infrastructure.content_rows import location_of

from .recognition_kit import PICTURE, pdf


def chunks(data: bytes, name: str = "a.pdf", chunk_chars: int = 900) -> list[ChunkRow]:
    """What a document gives, read as the children do."""
    options = ExtractOptions(ocr=False, chunk_chars=chunk_chars)
    nested.begin(SourceFile(name, len(data), data[:65536], data), options)
    source = SourceFile(name, len(data), data[:65536], data, inner=True)
    reader = Registry([]).choose(source)
    plan = reader.plan(source, options)
    rows: list[ChunkRow] = []
    for segment in plan.segments:
        rows += chunk_blocks(reader.read(source, plan, segment, options, SegmentNotes()), options, plan.title)
    return rows


def place(row: ChunkRow) -> Box:
    box = location_of(row.page, row.line_start, row.line_end, row.extra, row.heading).box
    assert box is not None, row
    return box


def at(x: int, y: int, text: str, size: int = 10) -> str:
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET"


def near(box: Box, wanted: Box, points: int = 3) -> None:
    assert all(abs(one - other) <= points for one, other in zip(box, wanted, strict=True)), (box, wanted)


def width(text: str) -> int:
    """Of capitals H, each of which is 7.22 points wide."""
    return round(7.22 * len(text))


def test_each_chunk_tells_the_rectangle_round_its_text() -> None:
    drawing = f"{at(72, 700, 'H' * 30)} {at(90, 680, 'H' * 20)} {at(300, 100, 'HHHH')}"
    first, second = chunks(pdf((drawing, ""), (at(10, 20, "HH"), "")))
    near(place(first), (72, 100, 300 + width("HHHH"), 708))
    assert second.page == 2
    near(place(second), (10, 20, 10 + width("HH"), 28))


def test_columns_have_boxes_of_their_own() -> None:
    left = " ".join(at(50, 700 - 12 * n, f"{'H' * 20}. " * 2) for n in range(10))
    right = " ".join(at(330, 700 - 12 * n, "J" * 20 + ".") for n in range(10))
    first, second = chunks(pdf((f"{left} {right}", "")), chunk_chars=460)[:2]
    assert "J" not in first.text
    near(place(first), (50, 592, 350, 708))
    assert set(second.text) <= set("J. \n")
    assert place(second)[0] >= 328
    assert place(second)[2] <= 440


def test_the_page_is_taken_as_it_is_written_not_as_it_is_shown() -> None:
    drawing = at(100, 500, "HHHHHHHHHH")
    plain = place(chunks(pdf((drawing, "")))[0])
    for entries in ("/Rotate 90", "/CropBox [50 400 400 600]", "/Rotate 270 /CropBox [50 400 400 600]"):
        assert place(chunks(pdf((drawing, entries)))[0]) == plain, entries
    near(plain, (100, 500, 172, 508))


def test_text_that_runs_upwards_has_a_high_box() -> None:
    (row,) = chunks(pdf(("BT /F1 10 Tf 0 1 -1 0 200 100 Tm (HHHHHHHHHH) Tj ET", "/Rotate 90")))
    near(place(row), (192, 100, 200, 172))


def test_many_small_pieces_cover_the_same_place() -> None:
    """Some producers place each letter on its own."""
    text = " ".join(at(72 + 8 * column, 700 - 12 * line, "H") for line in range(30) for column in range(50))
    (row,) = chunks(pdf((text, "")), chunk_chars=3000)
    near(place(row), (72, 352, 72 + 8 * 49 + 8, 708))


@pytest.mark.parametrize("mark", ["\xad", "-"])
def test_joined_words_do_not_shift_what_follows(mark: str) -> None:
    cut = " ".join(
        at(72, 700 - 12 * n, f"{'H' * 20} contin{mark}") + " " + at(72, 694 - 12 * n, "ued") for n in range(5)
    )
    rows = chunks(pdf((f"{cut} {at(72, 100, 'HHHH HHHH.')} {at(400, 50, 'last')}", "")), chunk_chars=100)
    assert rows[-1].text.endswith("last")
    assert place(rows[-1])[1] <= 51
    assert place(rows[0])[3] >= 707
    assert place(rows[0])[1] > 600


def test_headings_of_the_outline_cut_boxes_too() -> None:
    outline = "900 0 obj\n<< /Type /Outlines /First 901 0 R /Last 901 0 R /Count 1 >>\nendobj\n" + (
        "901 0 obj\n<< /Title (Second part) /Parent 900 0 R /Dest [10 0 R /Fit] >>\nendobj\n"
    )
    drawing = f"{at(72, 700, 'HHHH before')} {at(72, 300, 'Second part')} {at(72, 280, 'HHHH behind')}"
    first, second = chunks(pdf((drawing, ""), trailer="/Outlines 900 0 R", more=outline))
    assert (first.text, second.text) == ("HHHH before", "Second part\nHHHH behind")
    assert place(first)[1] >= 695
    assert place(second)[3] <= 310


def test_documents_in_archives_tell_it_as_well() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("in.pdf", pdf((at(100, 500, "HHHH"), ""), (at(20, 30, "HHHH"), "")))
    rows = [row for row in chunks(packed.getvalue(), "a.zip") if row.page]
    assert [json.loads(row.extra or "")["part"] for row in rows] == ["in.pdf", "in.pdf"]
    near(place(rows[0]), (100, 500, 129, 508))
    near(place(rows[1]), (20, 30, 49, 38))


def test_what_is_beyond_any_page_has_no_box() -> None:
    (row,) = chunks(pdf((at(100, 90_000_000, "HHHH"), "")))
    assert row.extra is None


def test_a_picture_with_a_stamp_tells_of_the_stamp() -> None:
    (row,) = chunks(pdf((f"{PICTURE} {at(100, 500, 'HHHH')}", "")))
    near(place(row), (100, 500, 129, 508))


def test_exports_carry_it_as_a_list() -> None:
    (row,) = chunks(pdf((at(100, 500, "HHHH"), "")))
    told = location_of(row.page, None, None, row.extra, None).to_json()
    assert told == {"page": 1, "box": list(place(row))}
    assert json.loads(json.dumps(told)) == told
