"""Documents inside documents, on slides and in sheets."""

import io
import json
import zipfile

import xlsxwriter
from pptx import Presentation
from pptx.chart import data as chart_data
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from .office_kit import Read, packaged, paragraph, word
from .ole_maker import ole as ole_file

DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def with_members(data: bytes, members: dict[str, bytes]) -> bytes:
    """The same package with more in it."""
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return stream.getvalue()


def test_documents_in_documents_are_read_and_never_lost_in_silence() -> None:
    members = {
        "word/embeddings/Letter.docx": word(paragraph("quince in the letter")),
        "word/embeddings/broken.xlsx": b"PK\3\4 and no more",
        "word/embeddings/oleObject1.bin": packaged("notes.txt", b"medlar in the notes"),
        "word/embeddings/oleObject2.bin": ole_file({"Package": word(paragraph("sloe in the package"))}),
        "word/embeddings/oleObject3.bin": ole_file({"Equation Native": b"x" * 90}),
    }
    read = Read(with_members(word(paragraph("The body of the letter")), members), "a.docx")
    parts = {text: json.loads(row.extra or "{}").get("part") for row in read.rows for text in row.text.split("\n")}
    assert parts["The body of the letter"] is None
    assert parts["quince in the letter"] == "Letter.docx"
    assert parts["medlar in the notes"] == "notes.txt"
    assert parts["sloe in the package"] == "oleObject2.bin"
    (gap,) = read.notes[0].units_failed
    assert gap[0] == 1 and gap[1].startswith("broken.xlsx: ")
    assert any("Embedded objects of other programs (1)" in said for said in read.notes[0].warnings)
    assert read.plan.shape.startswith("inner=")
    assert not Read(word(paragraph("alone")), "a.docx").plan.shape


def test_documents_on_slides_and_sheets_are_read_and_figures_of_charts_are_not() -> None:
    deck = Presentation()
    for title in ("One", "Two"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    figures = chart_data.CategoryChartData()
    figures.categories = ["East"]
    figures.add_series("Sold", (7,))
    slide = deck.slides[1]
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(3), Inches(3), figures)
    inner = io.BytesIO(word(paragraph("quince in the letter")))
    slide.shapes.add_ole_object(inner, "Word.Document.12", 0, 0, Inches(1), Inches(1), icon_file=io.BytesIO(DOT))
    slide.shapes.add_ole_object(
        io.BytesIO(b"PK\3\4"), "Word.Document.12", 0, 0, Inches(1), Inches(1), icon_file=io.BytesIO(DOT)
    )
    stream = io.BytesIO()
    deck.save(stream)
    read = Read(stream.getvalue(), "a.pptx")
    parts = [json.loads(row.extra)["part"] for row in read.rows if row.extra and "part" in row.extra]
    assert parts == ["oleObject1.bin"] and "quince" in read.rows[-1].text
    assert [number for number, _ in read.notes[0].units_failed] == [2]

    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as made:
        made.add_worksheet("Prices").write(0, 0, "plum")
    read = Read(with_members(book.getvalue(), {"xl/embeddings/a.docx": word(paragraph("quince in a sheet"))}), "a.xlsx")
    assert [row.extra for row in read.rows if "quince" in row.text] == ['{"lines": "paragraph", "part": "a.docx"}']
