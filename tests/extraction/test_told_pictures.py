"""What pictures in documents are said to show: read in their place."""

import io

import pytest
from pptx import Presentation
from pptx.util import Inches

from ingest_desktop.extraction.readers.told_pictures import described

from .office_kit import NAMES, Read, word, zipped
from .picture_maker import gif

SVG = 'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("A lamp on\n a table ", "A lamp on a table"),
        ("A dog on grass\n\nDescription automatically generated with medium confidence", "A dog on grass"),
        ("A chart. AI-generated content may be incorrect.", "A chart."),
        ("Description automatically generated", ""),
        (r"C:\My files\lamp one.PNG", ""),
        ("image1.jpeg", ""),
        ("In lamp.png a lamp is lit", "In lamp.png a lamp is lit"),
        ("+ 1", ""),
        ("猫の写真", "猫の写真"),
        (None, ""),
    ],
)
def test_descriptions_are_words_and_not_names_of_files(said: str | None, shown: str) -> None:
    assert described(said) == shown


def test_pictures_of_slides_tell_what_they_show() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Lamps"
    for said in ("An oil lamp", "lamp.png"):
        picture = slide.shapes.add_picture(io.BytesIO(gif(1)), Inches(1), Inches(1))
        picture._element.nvPicPr.cNvPr.set("descr", said)
    stream = io.BytesIO()
    deck.save(stream)
    read = Read(stream.getvalue(), "a.pptx")
    assert read.text == "Lamps\nAn oil lamp"
    assert read.place("oil lamp") == {"slide": 1}


def test_pictures_of_word_tell_what_they_show_once() -> None:
    drawing = (
        "<w:drawing><wp:inline xmlns:wp='urn:wp'><wp:docPr id='1' name='Picture 1' descr='An oil lamp'/>"
        "<a:graphic xmlns:a='urn:a'><pic:cNvPr xmlns:pic='urn:pic' id='0' name='x' descr='An oil lamp'/></a:graphic>"
        "</wp:inline></w:drawing>"
    )
    body = f"<w:p><w:r><w:t>Before</w:t></w:r><w:r>{drawing}</w:r><w:r><w:t> and after</w:t></w:r></w:p>"
    assert Read(word(body)).text == "Before and after\nAn oil lamp"


def test_pictures_of_open_documents_tell_what_they_show() -> None:
    frame = "<draw:frame><draw:image/><svg:title>Picture 1</svg:title><svg:desc>An oil lamp</svg:desc></draw:frame>"
    for kind, ending, body in (
        ("text", "odt", f"<text:p>Lamps {frame}</text:p>"),
        ("presentation", "odp", f"<draw:page><draw:frame><text:p>Lamps</text:p></draw:frame>{frame}</draw:page>"),
    ):
        content = f"<office:document-content {NAMES} {SVG}><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
        data = zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content})
        assert Read(data, f"a.{ending}").text == "Lamps\nAn oil lamp"
