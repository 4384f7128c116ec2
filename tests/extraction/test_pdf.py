"""PDF: pages that are pictures, form fields and notes."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.causes import NOT_RECOGNISED
from ingest_desktop.domain.errors import IngestError, SourceEncrypted
from ingest_desktop.domain.interfaces.extraction import SegmentNotes, SourceFile
from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers import pdf as pdf_room
from ingest_desktop.extraction.readers.pdf import PdfReader
from ingest_desktop.extraction.readers.pdf_pages import is_odd, is_usable, signs
from ingest_desktop.extraction.readers.pdfium_engine import PdfiumDocument
from ingest_desktop.extraction.readers.pypdf_engine import PypdfDocument

from .conftest import CORPUS
from .recognition_kit import LIMITS, PICTURE, SMALL_PICTURE, FakeTesseract, install, pdf, remove, told, words

LONG = "This page has a text of its own that says all there is to say on it"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTesseract:
    return install(tmp_path / "bin", monkeypatch)


def memory(data: bytes, name: str = "a.pdf") -> SourceFile:
    """A document that is no file of the disk."""
    return SourceFile(name, len(data), data[:65536], data, inner=True)


# pages that are pictures ----------------------------------------------------------------------


def test_only_pages_without_usable_text_are_recognised(fake: FakeTesseract) -> None:
    fake.answers("first picture", "second picture")
    data = pdf((words(LONG), ""), (PICTURE, ""), ("", ""), (f"{PICTURE} {words(LONG)}", ""), (SMALL_PICTURE, ""))
    found = told(memory(data, "a.pdf"))
    assert found.plan.shape == f"ocr=eng {LIMITS}"
    assert found.counts == (5, 4, 2)
    assert [(block.page, block.text.strip()) for block in found.blocks] == [
        (1, LONG),
        (2, "first picture"),
        (4, LONG),
        (5, "second picture"),
    ]
    assert all(asked["argv"][-2:] == ["--dpi", "300"] for asked in fake.asked)
    assert {bytes.fromhex(asked["head"])[:12] for asked in fake.asked} == {b"P5\n2550 3300"}


def test_a_stamp_on_a_scanned_page_is_kept_beside_what_was_recognised(fake: FakeTesseract) -> None:
    fake.answers("The scanned letter says this and that", "no")
    found = told(memory(pdf((f"{PICTURE} {words('COPY 0042')}", ""), (f"{PICTURE} {words('COPY 0043')}", "")), "a.pdf"))
    assert [block.text.split("\n")[:2] for block in found.blocks] == [
        ["COPY 0042", "The scanned letter says this and that"],
        ["COPY 0043"],
    ]
    assert found.counts == (2, 2, 1)


def test_a_short_page_without_pictures_is_left_alone(fake: FakeTesseract) -> None:
    found = told(memory(pdf((words("Chapter 1"), ""), (words("Chapter 2") + SMALL_PICTURE, "")), "a.pdf"))
    assert (found.counts, fake.asked) == ((2, 2, 0), [])


def test_text_that_is_drawn_by_lines_is_recognised(fake: FakeTesseract) -> None:
    letters = " ".join(f"{10 * n} 700 m {10 * n + 5} 710 l S" for n in range(40))
    found = told(memory(pdf((letters, ""), ("0 0 m 500 0 l S", "")), "a.pdf"))
    assert found.counts == (2, 1, 1)


def test_scanned_documents_are_cut_into_short_segments(fake: FakeTesseract) -> None:
    scanned = pdf(*[(PICTURE, "")] * 9)
    assert [segment.stop for segment in told(memory(scanned, "a.pdf")).plan.segments] == [5, 9, 10]
    assert len(fake.asked) == 9
    mostly = pdf((words(LONG), ""), *[(PICTURE, "")] * 8)
    assert len(told(memory(mostly, "b.pdf")).plan.segments) == 3
    some = pdf(*[(words(LONG), "")] * 16, *[(PICTURE, "")] * 2)
    assert [segment.stop for segment in told(memory(some, "c.pdf")).plan.segments] == [17, 19]
    cover = pdf((PICTURE, ""), *[(words(LONG), "")] * 17)
    assert len(told(memory(cover, "d.pdf")).plan.segments) == 1
    off = told(memory(scanned, "a.pdf"), ExtractOptions(ocr=False))
    assert (len(off.plan.segments), off.counts) == (1, (9, 0, 0))


def test_without_the_program_scanned_pages_say_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove(tmp_path / "empty", monkeypatch)
    found = told(memory(pdf((words(LONG), ""), (PICTURE, ""), (PICTURE, "")), "a.pdf"))
    assert (found.plan.shape, found.counts) == ("", (3, 1, 0))
    (warning,) = found.warnings
    assert "install tesseract" in warning
    assert found.failed == [(2, NOT_RECOGNISED), (3, NOT_RECOGNISED)]
    stamped = told(memory(pdf((words("Page 1") + PICTURE, "")), "b.pdf"))
    assert (stamped.counts, stamped.failed) == ((1, 1, 0), [(1, NOT_RECOGNISED)])


def test_pages_that_wait_for_the_program_are_gaps_of_a_document_that_has_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove(tmp_path / "empty", monkeypatch)
    assert told(memory(pdf(*[(PICTURE, "")] * 3), "a.pdf")).failed == []
    far = pdf((words(LONG), ""), *[(PICTURE, "")] * 3)
    found = told(memory(far, "b.pdf"), ExtractOptions(segment_pages=2))
    assert [page for page, _ in found.failed] == [2, 3, 4]
    off = told(memory(far, "b.pdf"), ExtractOptions(segment_pages=2, ocr=False))
    assert off.failed == [] and "(INGESTION_OCR)" in off.warnings[0]


def test_a_blank_page_asks_for_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove(tmp_path / "empty", monkeypatch)
    found = told(memory(pdf((words(LONG), ""), ("", "")), "a.pdf"))
    assert (found.counts, found.warnings) == ((2, 1, 0), [])


def test_a_page_that_cannot_be_recognised_is_named_and_the_rest_is_kept(fake: FakeTesseract) -> None:
    fake.answers("one", "fail", "three")
    found = told(memory(pdf(*[(PICTURE, "")] * 3), "a.pdf"))
    assert (found.counts, [page for page, _ in found.failed]) == ((3, 2, 2), [2])


def test_only_so_many_pages_are_recognised(fake: FakeTesseract) -> None:
    found = told(memory(pdf(*[(PICTURE, "")] * 6), "a.pdf"), ExtractOptions(ocr_max_pages=5))
    assert found.counts == (6, 5, 5)
    assert found.failed == [(6, "Pictures after page 5 are not recognised (INGESTION_OCR_MAX_PAGES).")]


def test_a_picture_that_unpacks_to_too_much_is_not_drawn(fake: FakeTesseract) -> None:
    found = told(memory(pdf((PICTURE, "")), "a.pdf"), ExtractOptions(ocr_max_pixels=63))
    assert fake.asked == []
    assert "INGESTION_OCR_MAX_PIXELS" in found.failed[0][1]


def test_a_large_sheet_is_drawn_with_fewer_dots(fake: FakeTesseract) -> None:
    told(memory(pdf(("q 9000 0 0 9000 0 0 cm /Im Do Q", ""), width=9000, height=9000), "a.pdf"))
    (asked,) = fake.asked
    assert asked["bytes"] <= 41_000_000
    assert asked["argv"][-1] == "51"


def test_pages_tell_of_their_progress(fake: FakeTesseract) -> None:
    reader, source = PdfReader(), memory(pdf((PICTURE, ""), (words(LONG), "")), "a.pdf")
    plan = reader.plan(source, ExtractOptions())
    reading, recognising = [], []
    notes = SegmentNotes(
        progress=lambda done, total: reading.append((done, total)),
        recognising=lambda done, total: recognising.append((done, total)),
    )
    list(reader.read(source, plan, plan.segments[0], ExtractOptions(), notes))
    assert (recognising, reading) == ([(0, 2), (1, 2)], [(2, 2)])


# other scripts --------------------------------------------------------------------------------


def test_arabic_ligatures_are_read_in_their_order(fake: FakeTesseract) -> None:
    text = told(memory((CORPUS / "files" / "pdf" / "arabic_rtl.pdf").read_bytes(), "a.pdf")).text
    for word in ("الإنتاجية", "المشكلات", "خلال", "الأدوات", "البرمجة"):
        assert word in text, word
    assert "اإلنتاجية" not in text


# what text is of use --------------------------------------------------------------------------


def test_codes_of_fonts_that_tell_nothing_are_no_text() -> None:
    assert is_odd("\ue001\ue002 \ue003\ue004\ue005 a")
    assert is_odd("\x01\x02\x03\x04\x05\x06")
    assert not is_odd("A line with one \ufffd in it")
    assert not is_odd("あいうえお")
    assert is_usable("word " * 9)
    assert not is_usable("Page 3")


@given(st.text(max_size=400))
def test_a_text_of_many_letters_is_usable_unless_it_is_odd(text: str) -> None:
    assert is_usable(text) == (not is_odd(text) and (len(text) > 256 or signs(text) > 32))


# fields and notes -----------------------------------------------------------------------------

FORM = (
    "900 0 obj\n<< /Fields [901 0 R 902 0 R 903 0 R 904 0 R 906 0 R] >>\nendobj\n"
    "901 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /T (surname) /TU (Your surname) /V (Featherstone) "
    "/Rect [0 0 99 20] >>\nendobj\n"
    "902 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /T (empty) /Rect [0 0 99 20] >>\nendobj\n"
    "903 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Btn /T (agree) /V /Yes /AS /Yes /Rect [0 0 9 9] "
    "/AP << /N << /Yes 905 0 R /Off 905 0 R >> >> >>\nendobj\n"
    "904 0 obj\n<< /FT /Ch /Ff 131072 /T (country) /V (Norway) /Opt [(Norway) (Sweden)] /Kids [907 0 R] >>\nendobj\n"
    "905 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 0 >>\nstream\n\nendstream\nendobj\n"
    "906 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /T (code) /V (7) /Rect [0 0 99 20] >>\nendobj\n"
    "907 0 obj\n<< /Type /Annot /Subtype /Widget /Parent 904 0 R /Rect [0 0 99 20] >>\nendobj\n"
)
FIELDS = "/Annots [901 0 R 902 0 R 903 0 R 907 0 R 906 0 R]"
LINK = "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /Contents (to the moon) >>"


def note(kind: str, text: str, more: str = "") -> str:
    return f"<< /Type /Annot /Subtype /{kind} /Rect [0 0 9 9] /Contents ({text}) {more} >>"


def test_form_fields_that_are_filled_in_belong_to_their_page(fake: FakeTesseract) -> None:
    data = pdf((words(LONG), ""), (words("Question 7") + " ", FIELDS), trailer="/AcroForm 900 0 R", more=FORM)
    found = told(memory(data, "form.pdf"))
    assert [block.page for block in found.blocks] == [1, 2, 2]
    assert found.blocks[-1].text.split("\n") == ["Your surname: Featherstone", "agree: ✓", "country: Norway", "code: 7"]


def test_a_page_with_nothing_but_a_form_has_text(fake: FakeTesseract) -> None:
    found = told(memory(pdf(("", FIELDS), trailer="/AcroForm 900 0 R", more=FORM), "form.pdf"))
    assert found.counts == (1, 1, 0)


def test_notes_are_read_and_links_are_not(fake: FakeTesseract) -> None:
    notes = [
        note("Text", "Please check this figure", "/T (Ada)"),
        note("Highlight", "Nice"),
        note("FreeText", LONG),
        note("Popup", "Please check this figure again"),
        note("Stamp", "never shown", "/F 2"),
        LINK,
    ]
    found = told(memory(pdf((words(LONG), f"/Annots [{' '.join(notes)}]")), "notes.pdf"))
    assert found.blocks[-1].text.split("\n") == ["Ada: Please check this figure", "Nice"]


def test_a_note_at_either_end_of_many_links_is_found(fake: FakeTesseract) -> None:
    notes = [note("Text", "at the start"), *[LINK] * 300, note("Text", "at the end")]
    found = told(memory(pdf((words(LONG), f"/Annots [{' '.join(notes)}]")), "notes.pdf"))
    assert found.blocks[-1].text.split("\n") == ["at the start", "at the end"]


def test_the_second_engine_reads_fields_and_notes_as_well() -> None:
    data = pdf((words(LONG), f"/Annots [901 0 R {note('Text', 'Look here')} {LINK}]"), more=FORM)
    page = PypdfDocument(memory(data)).page(0)
    assert page.text.strip() == LONG
    assert page.remarks == ("surname: Featherstone", "Look here")


CHOICES = (
    "920 0 obj\n<< /Fields [921 0 R 922 0 R 923 0 R 924 0 R] >>\nendobj\n"
    "921 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 2097152 /T (towns) /V [(b) (d)] /Rect [0 0 99 20] "
    "/Opt [[(a) (Aalborg)] [(b) (Bergen)] [(c) (Cork)] [(d) (Dover)]] >>\nendobj\n"
    "922 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Ch /T (fruit) /Rect [0 0 99 20] /Opt [(Apple) (Plum)] >>\nendobj\n"
    "923 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 131072 /T (size) /V (l) /Rect [0 0 99 20] "
    "/Opt [[(s) (Small)] [(l) (Large)]] >>\nendobj\n"
    "924 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 393216 /T (colour) /V (Greenish) /Rect [0 0 99 20] "
    "/Opt [(Red) (Blue)] >>\nendobj\n"
    "925 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /TU (Left out) /V (of the form) /Rect [0 0 99 20] >>\nendobj\n"
)


def test_all_that_is_chosen_is_told_and_what_a_list_shows_besides() -> None:
    data = pdf(("", "/Annots [921 0 R 922 0 R 923 0 R 924 0 R]"), trailer="/AcroForm 920 0 R", more=CHOICES)
    assert PdfiumDocument(memory(data)).page(0).remarks == (
        "towns: Bergen, Dover\n(Aalborg, Cork)",
        "fruit: (Apple, Plum)",
        "size: Large",
        "colour: Greenish",
    )
    assert PypdfDocument(memory(data)).page(0).remarks[0] == "towns: b, d"


def test_a_field_that_the_form_does_not_list_is_read() -> None:
    data = pdf(("", "/Annots [921 0 R 925 0 R]"), trailer="/AcroForm 920 0 R", more=CHOICES)
    assert PdfiumDocument(memory(data)).page(0).remarks[1:] == ("Left out: of the form",)


def look(number: int, text: str) -> str:
    drawing = f"BT /F1 9 Tf 2 5 Td ({text}) Tj ET"
    return (
        f"{number} 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 300 30] /Length {len(drawing)} /Resources << /Font << /F1 "
        f"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>\nstream\n{drawing}\nendstream\nendobj\n"
    )


SIGNED = (
    "930 0 obj\n<< /Fields [931 0 R 932 0 R 933 0 R 934 0 R] /SigFlags 3 >>\nendobj\n"
    "931 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /Rect [50 50 350 80] /F 132 "
    "/AP << /N 935 0 R >> /V << /Type /Sig /Filter /Adobe.PPKLite /Name (Ana) >> >>\nendobj\n"
    "932 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Btn /Ff 65536 /T (send) /Rect [50 10 350 40] /AP << /N 936 0 R >> >>"
    "\nendobj\n"
    "933 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /T (town) /V (Cork) /Rect [50 100 350 130] /AP << /N 937 0 R >> >>"
    "\nendobj\n"
    "934 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Sig /T (hidden) /Rect [0 0 0 0] >>\nendobj\n"
    + look(935, "Digitally signed by Ana on 12 May 2024")
    + look(936, "Send it")
    + look(937, "Cork")
)


def test_what_signatures_and_buttons_show_is_told_once() -> None:
    more = "/Annots [931 0 R 932 0 R 933 0 R 934 0 R]"
    data = pdf((words(LONG), ""), (words("A page"), more), trailer="/AcroForm 930 0 R", more=SIGNED)
    document = PdfiumDocument(memory(data))
    for _ in range(2):  # reading it changes nothing
        assert document.page(1).remarks == ("town: Cork", "Digitally signed by Ana on 12 May 2024 Send it")
        assert document.page(1).text.split() == ["A", "page"]
    document.close()


@settings(deadline=None)
@given(st.data())
def test_damaged_annotations_never_end_in_a_crash(data: st.DataObject) -> None:
    whole = bytearray(pdf((words(LONG), FIELDS), trailer="/AcroForm 900 0 R", more=FORM))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(9, len(whole) - 1))] = data.draw(st.integers(32, 126))
    found = told(memory(bytes(whole), "form.pdf"), ExtractOptions(ocr=False)) if _opens(bytes(whole)) else None
    assert found is None or found.counts[0] == found.plan.units


def _opens(data: bytes) -> bool:
    try:
        document = PdfiumDocument(memory(data))
    except IngestError:
        return False
    pages = document.pages
    document.close()
    return pages > 0


# the end --------------------------------------------------------------------------------------

CUT = b"940 0 obj\n<< /Length 9000 >>\nstream\n" + b"x" * 4000


@pytest.mark.parametrize(
    ("behind", "failed"),
    [
        (b"", []),
        (b"\n" + CUT, [(2, "The file breaks off before its end; pages or text behind this may be missing.")]),
        (b"\0" * 9000, []),
        (b"<p>Downloaded from a site</p>" * 400, []),
    ],
)
def test_a_document_whose_end_is_missing_has_a_gap(
    tmp_path: Path, behind: bytes, failed: list[tuple[int, str]]
) -> None:
    data = pdf((words(LONG), ""), (words(LONG), "")) + behind
    (tmp_path / "a.pdf").write_bytes(data)
    for source in (memory(data), SourceFile(str(tmp_path / "a.pdf"), len(data), data[:65536])):
        assert [one for part in told(source, ExtractOptions(ocr=False)).notes for one in part.units_failed] == failed


# passwords ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["user_password.pdf", "user_password_aes256.pdf"])
def test_a_document_that_asks_for_a_password_says_so_with_text_recognition_as_well(
    fake: FakeTesseract, name: str
) -> None:
    with pytest.raises(SourceEncrypted):
        told(memory((CORPUS / "files" / "hostile" / name).read_bytes(), name))


def test_a_long_document_is_let_go_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_room, "_PAGES_KEPT", 4)
    data = (CORPUS / "files" / "pdf" / "multi_page.pdf").read_bytes()
    reader, source, options = PdfReader(), memory(data), ExtractOptions(segment_pages=2)
    plan = reader.plan(source, options)
    opened, texts = set(), []
    for segment in plan.segments:
        blocks = list(reader.read(source, plan, segment, options, SegmentNotes()))
        texts += [block.text for block in blocks]
        opened.add(reader._document is not None)
    assert opened == {True, False}
    whole = PdfReader()
    monkeypatch.setattr(pdf_room, "_PAGES_KEPT", 1000)
    assert texts == [b.text for s in plan.segments for b in whole.read(source, plan, s, options, SegmentNotes())]


# pages that are damaged -------------------------------------------------------------------------


def torn(*streams: str, pages: int = 0) -> bytes:
    """A document of pages with a text, and behind them one for each of these streams."""
    more = "".join(f"{900 + number} 0 obj\n{stream}\nendobj\n" for number, stream in enumerate(streams))
    made = pdf(*((words(LONG), ""),) * max(1, pages), *(("", "/XX"),) * len(streams), more=more).decode("latin-1")
    for number in range(len(streams)):
        made = made.replace(f"/Contents {11 + 2 * (max(1, pages) + number)} 0 R", f"/Contents {900 + number} 0 R")
    return made.encode("latin-1")


def packed(content: bytes, *, more: str = "", cut: int = 0, swap: bool = False) -> str:
    data = zlib.compress(content)
    data = data[: len(data) - cut] if cut else data
    data = data[:-4] + b"\1\2\3\4" if swap else data
    return f"<< /Length {len(data)} /Filter /FlateDecode {more} >>\nstream\n{data.decode('latin-1')}\nendstream"


def test_a_page_whose_content_cannot_be_unpacked_is_a_gap_and_a_blank_one_is_none(fake: FakeTesseract) -> None:
    garbage = "x\x9c" + "garbage, not packed at all" * 20
    bad = (
        f"<< /Length {len(garbage)} /Filter /FlateDecode >>\nstream\n{garbage}\nendstream",
        f"<< /Length {len(garbage)} /Filter /NoSuchFilter >>\nstream\n{garbage}\nendstream",
        "(no stream)",
    )
    good = (
        packed(b""),
        packed(b"q Q " * 9),
        packed(b"q Q " * 9, swap=True),
        packed(b"q Q " * 9, cut=2),
        "<< /Length 0 >>\nstream\n\nendstream",
        "<< /Length 0 /Filter /FlateDecode >>\nstream\n\nendstream",
        "[]",
    )
    found = told(memory(torn(*bad, *good)))
    assert [number for number, _ in found.failed] == [2, 3, 4]
    assert {why for _, why in found.failed} == {"The page is damaged: what is on it cannot be unpacked."}
    assert found.counts == (11, 1, 0)
    assert LONG in found.text


def test_of_many_bare_pages_some_are_asked_about_and_all_when_one_of_them_is_damaged(
    fake: FakeTesseract, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    really = PypdfDocument.is_damaged

    def noted(self: PypdfDocument, index: int) -> bool:
        asked.append(index + 1)
        return really(self, index)

    monkeypatch.setattr(PypdfDocument, "is_damaged", noted)
    bad = "<< /Length 9 /Filter /NoSuchFilter >>\nstream\nx\x9cgarbage\nendstream"
    assert told(memory(torn(*[packed(b"")] * 30))).failed == [] and asked == []
    unknown = "9990 0 obj\n" + bad + "\nendobj\n"  # of no page
    whole = torn(*[packed(b"")] * 30)
    assert told(memory(whole + unknown.encode("latin-1"))).failed == [] and len(asked) == 8
    assert len(told(memory(torn(*[packed(b"")] * 4, *[bad] * 26))).failed) == 26
    asked.clear()
    told(memory(pdf(*((words(LONG), ""),) * 5)))
    assert asked == []
